"""System C's recipes: VGG19 features of a clip's voice and face, where somebody speaks.

In short::

    voice = clip_tensors(paths, segment_recipe("audio", ...), store="default")
    face = clip_tensors(paths, segment_recipe("video", ...), store="default")
    frames_of_segments(times, starts)       # which frames belong to each segment

Both look at the stretch of speech that `emopipe.voice.activity` finds in the clip's sound. The
voice's rows are segments of 655 ms, one every 300 ms; the face's rows are frames, each once however
many segments hold it. With each row goes its time in seconds: see `times_and_rows`.
"""

import numpy as np

from emopipe.backbones import half
from emopipe.backbones.vgg19 import PUBLISHED, SIZE, activations
from emopipe.backbones.weights import identify, registration
from emopipe.extraction import Block, Prepared, Recipe
from emopipe.face.crop_forms import split_times, with_times
from emopipe.face.crop_recipe import prepare_crops
from emopipe.face.parameters import network_crops_in_recipe
from emopipe.media import ClipError, probe, signal
from emopipe.voice.activity import trim
from emopipe.voice.mel_images import (
    CONTEXT,
    LENGTH,
    N_BANDS,
    SAMPLE_RATE,
    STEP,
    check_picture,
    mel_images,
)

# Of a file that does not say: films are a little slower or faster.
_FRAME_RATE = 25.0
# Faces per block: a block of 224 x 224 has 5 MB.
_BLOCK = 32


def spoken_region(samples, rule, path="") -> tuple[int, int]:
    """Return the first sample of a clip's speech and the one after the last.

    What is shorter than a segment is widened to its length, on both sides where there is room.

    Parameters
    ----------
    samples : float array, shape (n_samples,)
        Mono at 16 kHz.
    rule : dict or None
        Parameters of `emopipe.voice.activity.trim`; None trims nothing.
    path : str
        The clip, for the error.

    Raises
    ------
    ClipError
        "silent" if all samples are zero, "too_short" if the clip is shorter than a segment.

    Examples
    --------
    >>> tone = np.sin(np.arange(3200) * 0.5)
    >>> spoken_region(np.concatenate([np.zeros(16000), tone, np.zeros(16000)]), {"before": 0.0})
    (13960, 24440)
    """
    needed = round(LENGTH * SAMPLE_RATE)
    if not samples.any():
        raise ClipError(path, "silent", "Every sample is zero.")
    if len(samples) < needed:
        seconds = len(samples) / SAMPLE_RATE
        raise ClipError(
            path, "too_short", f"It has {seconds:.3f} s of sound; a segment takes {LENGTH} s."
        )
    bounds = (0, len(samples) / SAMPLE_RATE)
    if rule is not None:
        bounds = trim(samples, SAMPLE_RATE, **rule)
    start, stop = (round(bound * SAMPLE_RATE) for bound in bounds)
    if stop - start < needed:
        start = min(max(0, (start + stop - needed) // 2), len(samples) - needed)
        stop = start + needed
    return start, stop


def prepare_voice(path, *, rule, picture="log-mel"):
    """Yield pictures of a clip's voice; see `segment_recipe`."""
    samples = signal(path, sample_rate=SAMPLE_RATE)
    start, stop = spoken_region(samples, rule, path)
    images = mel_images(samples[start:stop], picture)
    yield Block(images, start / SAMPLE_RATE + STEP * np.arange(len(images)))
    return Prepared(counts={"segments": len(images)})


def frame_times(start, stop, frame_rate) -> np.ndarray:
    """Return when the frames of a film fall within a stretch of it, at least one.

    Parameters
    ----------
    start, stop : float
        Seconds; the end belongs to what follows.
    frame_rate : float
        Frames per second.

    Returns
    -------
    float64 ndarray

    Examples
    --------
    >>> frame_times(0.5, 0.7, 10)
    array([0.5, 0.6])
    """
    first = int(np.ceil(start * frame_rate - 1e-6))
    last = int(np.ceil(stop * frame_rate - 1e-6))
    return np.arange(first, max(last, first + 1)) / frame_rate


def prepare_faces(path, *, rule, **faces):
    """Yield the face in every frame while somebody speaks; see `segment_recipe`."""
    samples = signal(path, sample_rate=SAMPLE_RATE)
    start, stop = (at / SAMPLE_RATE for at in spoken_region(samples, rule, path))
    del samples
    targets = frame_times(start, stop, probe(path).frame_rate or _FRAME_RATE)
    return (yield from prepare_crops(path, form="at_times", times=targets, **faces))


def prepare_stamped(path, *, modality, **arguments):
    """Yield what `prepare_voice` or `prepare_faces` yields, as bytes with their times before them.

    Half precision has no room for a time beside activations.
    """
    blocks = PREPARE[modality](path, **arguments)
    while True:
        try:
            block = next(blocks)
        except StopIteration as end:
            return end.value
        yield Block(with_times(block.times, block.rows))


def stamped_activations(rows, *, shape, **network) -> np.ndarray:
    """Send stamped pictures through VGG19; return activations in half precision, stamped too.

    Parameters
    ----------
    rows : uint8 ndarray of shape (n, 8 + rows * columns * 3)
    shape : list of int
        Rows, columns and channels of a picture.
    **network
        Parameters of `emopipe.backbones.vgg19.activations`.

    Returns
    -------
    uint8 ndarray of shape (n, 8 + 2 * n_values)
        See `times_and_rows`.
    """
    times, images = split_times(rows)
    return with_times(times, half(activations(images.reshape(len(rows), *shape), **network)))


def times_and_rows(value) -> tuple[np.ndarray, np.ndarray]:
    """Return the times of a clip's rows in seconds, and the rows.

    Parameters
    ----------
    value : float64 array, shape (n, 1 + n_values), or uint8 array, shape (n, 8 + 2 * n_values)
        As a `segment_recipe` gives it: of fc7, or in half precision of a layer before it.

    Returns
    -------
    times : float64 ndarray of shape (n,)
    rows : float64 or float16 ndarray of shape (n, n_values)

    Examples
    --------
    >>> times_and_rows(np.array([[0.5, 3.0, 4.0]]))
    (array([0.5]), array([[3., 4.]]))
    """
    if value.dtype != np.uint8:
        return value[:, 0], value[:, 1:]
    times, rows = split_times(value)
    return times, np.ascontiguousarray(rows).view(np.float16)


PREPARE = {"audio": prepare_voice, "video": prepare_faces}


def segment_recipe(
    modality, *, rule=None, picture="log-mel", detector="haar", model=None, margin=0.2,
    detect_every=1, face_size=(227, 227), layer="fc7", weights="imagenet", seed=0, width=1.0,
    size=SIZE, runtime="keras", precision="float32", batch_size=16,
) -> Recipe:  # fmt: skip
    """Return the recipe of what VGG19 makes of a clip's voice or face while somebody speaks.

    Parameters
    ----------
    modality : "audio" or "video"
    rule : dict or None
        Parameters of `emopipe.voice.activity.trim`; None takes the whole clip.
    picture : str
        Of the voice, see `emopipe.voice.mel_images.mel_channels`.
    detector, model, margin, detect_every, face_size
        See `emopipe.face.face_crops`; face_size in rows and columns.
    layer, weights, seed, width, size, runtime, precision
        See `emopipe.backbones.vgg19`.
    batch_size : int
        Pictures per call of the network.

    Returns
    -------
    Recipe
        Of layer "fc7" values float64 (n, 1 + 4096), of those before it uint8 that hold times and
        half precision (200 kB per picture of "pool4"); see `times_and_rows`. A row is the picture
        of a segment ("audio", n segments) or the face in a frame ("video", n frames). A frame
        without a face takes the nearest with one; then the status is "partial". Other statuses:
        "no_audio", "silent", "too_short" (less sound than a segment), and for the face "no_video"
        and "no_face".

    Examples
    --------
    >>> recipe = segment_recipe("audio", weights="random")
    >>> recipe.name, recipe.pooling
    ('vgg19_audio', 'timed')
    """
    arguments = {"rule": None if rule is None else dict(rule)}
    how = network_crops_in_recipe(
        detector=detector, detector_model=model, size=face_size, margin=margin,
        detect_every=detect_every,
    )  # fmt: skip
    shape = [N_BANDS, CONTEXT, 3]
    if modality == "video":
        shape = [*map(int, face_size), 3]
        arguments |= how["prepare_args"]
    elif picture != "log-mel":
        check_picture(picture)
        arguments["picture"] = picture
    name = identify(weights, PUBLISHED, seed)
    network = {
        "weights": name, "width": float(width), "size": int(size), "runtime": runtime,
        "precision": precision,
    }  # fmt: skip
    common = {
        "batch_size": batch_size, "elsewhere": registration(name), "owner": "emopipe",
        "places": how["places"] if modality == "video" else {},
        "identity": how["identity"] if modality == "video" else {},
    }  # fmt: skip
    if layer == "fc7":
        return Recipe(
            f"vgg19_{modality}", 1, PREPARE[modality], arguments, finish=activations,
            finish_args=network, pooling="timed", **common,
        )  # fmt: skip
    return Recipe(
        f"vgg19_{modality}_stamped", 1, prepare_stamped, arguments | {"modality": modality},
        finish=stamped_activations, finish_args=network | {"layer": layer, "shape": shape},
        pooling="stack", **common,
    )  # fmt: skip


def frames_of_segments(times, starts, *, n_frames) -> np.ndarray:
    """Choose the frames of every segment, equally many (paper C, 3.3, rules 2 and 3).

    Parameters
    ----------
    times : float array, shape (n_times,)
        Seconds of the frames that there are, rising.
    starts : float array, shape (n_segments,)
        Seconds at which segments begin. One without any frame takes the nearest there is.
    n_frames : int
        Where a segment holds more, (n - n_frames) / 2 are left out at both ends (one more at its
        end where that is no whole number); where it holds fewer, its first and its last frame are
        repeated.

    Returns
    -------
    int ndarray of shape (n_segments, n_frames)
        Positions in `times`.

    Examples
    --------
    >>> frames_of_segments(np.arange(30) / 10, [0.0, 2.0], n_frames=8)
    array([[ 0,  0,  1,  2,  3,  4,  5,  6],
           [20, 20, 21, 22, 23, 24, 25, 26]])
    """
    times, starts = np.asarray(times), np.asarray(starts)
    # A frame on the border belongs to the segment that begins there, whatever the rounding.
    first = np.searchsorted(times, starts - 1e-6)
    last = np.searchsorted(times, starts + LENGTH - 1e-6) - 1
    middle = starts + LENGTH / 2
    nearest = np.abs(np.subtract.outer(middle, times)).argmin(axis=1)
    first, last = (np.where(first > last, nearest, side) for side in (first, last))
    n_more = last - first + 1 - n_frames
    begin = first + n_more // 2
    positions = begin[:, None] + np.arange(n_frames)
    return positions.clip(first[:, None], last[:, None])
