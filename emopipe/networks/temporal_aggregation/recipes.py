"""System B's recipes: candidate frames of a clip's face with their times, and the clip's sound.

In short::

    faces = clip_tensors(paths, timed_faces(n_frames=30, size=(224, 224)), store="default")
    sound = clip_tensors(paths, whole_sound(), store="default")
    times, crops = times_and_crops(faces.values[row], (224, 224))

What is kept does not depend on the number of segments or on what is drawn, so that networks of any
number of segments share it, and epochs draw frames and windows of sound without decoding a clip.
"""

from dataclasses import replace

import numpy as np

from emopipe.extraction import Block, Prepared, Recipe
from emopipe.media import ClipError, picture_times, signal
from emopipe.training.tensors import face_stack, nearest

_TIME_BYTES = 8
FULL_SCALE = 2**15


def with_times(times, crops) -> np.ndarray:
    """Return crops and their times as the bytes that the store keeps.

    Parameters
    ----------
    times : float array, shape (n,)
        Seconds.
    crops : uint8 array, shape (n, ...)

    Returns
    -------
    uint8 ndarray of shape (n, 8 + bytes of a crop)
        The time as float64 (little-endian), then the crop.

    Examples
    --------
    >>> with_times([0.5], np.zeros((1, 2, 2, 3), np.uint8)).shape
    (1, 20)
    """
    stamps = np.asarray(times, dtype="<f8").reshape(-1, 1).view(np.uint8)
    return np.concatenate([stamps, crops.reshape(len(crops), -1)], axis=1)


def times_and_crops(value, size) -> tuple[np.ndarray, np.ndarray]:
    """Undo `with_times` for crops in colour.

    Parameters
    ----------
    value : uint8 array, shape (n, 8 + rows * columns * 3)
    size : tuple of int
        Rows and columns.

    Returns
    -------
    times : float64 ndarray of shape (n,)
        Seconds.
    crops : uint8 ndarray of shape (n, rows, columns, 3)
        A view.

    Examples
    --------
    >>> value = with_times([0.5, 1.5], np.zeros((2, 3, 4, 3), np.uint8))
    >>> times, crops = times_and_crops(value, (3, 4))
    >>> times, crops.shape
    (array([0.5, 1.5]), (2, 3, 4, 3))
    """
    times = np.ascontiguousarray(value[:, :_TIME_BYTES]).view("<f8")[:, 0]
    return times.astype(np.float64), value[:, _TIME_BYTES:].reshape(len(value), *size, 3)


def complete(times, crops, due):
    """Return a crop for each of equally spaced times, and when its frame was due.

    Where there is no face, the crop nearest in time stands in, but the time stays that of the
    frame, so that the sound around it is not taken from elsewhere.

    Parameters
    ----------
    times : float array, shape (n,)
        Of the crops, rising; n from 1 to n_frames.
    crops : array, shape (n, ...)
    due : float64 ndarray of shape (n_frames,)
        When the frames were due, in seconds, as `emopipe.media.picture_times` gives it.

    Returns
    -------
    times : float64 ndarray of shape (n_frames,)
    crops : ndarray of shape (n_frames, ...)

    Examples
    --------
    >>> due = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    >>> complete(np.array([0.1, 0.9]), np.array([10, 90]), due)
    (array([0.1, 0.3, 0.5, 0.7, 0.9]), array([10, 10, 10, 90, 90]))
    """
    if len(crops) == len(due):
        return times, crops
    places = nearest(times, due)
    apart = (due[-1] - due[0]) / max(len(due) - 1, 1)
    sampled = np.abs(times[places] - due) < apart / 2
    return np.where(sampled, times[places], due), crops[places]


def prepare_timed_faces(path, *, n_frames, **crop_options):
    """Yield candidate crops of a clip with their times; see `timed_faces`."""
    from emopipe.face import face_crops

    faces = face_crops(path, n_frames=n_frames, **crop_options)
    chunks = list(faces)
    times = np.concatenate([chunk.times for chunk in chunks])
    crops = np.concatenate([chunk.crops for chunk in chunks])
    yield Block(with_times(*complete(times, crops, picture_times(path, n_frames))))
    return Prepared(faces.status, faces.counts, faces.seconds)


def timed_faces(**crop_options) -> Recipe:
    """Return the recipe of face crops in colour at equally spaced times, with these times.

    Parameters
    ----------
    **crop_options
        As of `emopipe.training.tensors.face_stack`: n_frames, size, detector, detector_model,
        margin, detect_every.

    Returns
    -------
    Recipe
        Values uint8 (n_frames, 8 + rows * columns * 3), see `times_and_crops`. A film of fewer
        frames gives some of them several times. Statuses and counts as of `face_stack`.

    Raises
    ------
    ValueError
        If the detector is unknown, or a number is out of its range.

    Examples
    --------
    >>> timed_faces(n_frames=30, size=(224, 224)).prepare_args["n_frames"]
    30
    """
    plain = face_stack(grey=False, **crop_options)
    arguments = dict(plain.prepare_args)
    del arguments["grey"]
    return replace(plain, name="timed_faces", prepare=prepare_timed_faces, prepare_args=arguments)


def prepare_whole_sound(path, *, sample_rate):
    """Yield the samples of a clip; see `whole_sound`."""
    samples = signal(path, sample_rate=sample_rate)
    if not samples.any():
        raise ClipError(path, "silent", "Every sample is zero.")
    scaled = np.rint(samples * FULL_SCALE).clip(-FULL_SCALE, FULL_SCALE - 1)
    yield Block(scaled.astype(np.int16))
    return Prepared(counts={"samples": len(samples)})


def whole_sound(*, sample_rate=16000) -> Recipe:
    """Return the recipe of a clip's sound, 32 kB per second at 16 kHz.

    Parameters
    ----------
    sample_rate : int
        Hz, to which the sound is brought.

    Returns
    -------
    Recipe
        Values int16 (n_samples,), mono. Statuses: "no_audio", "silent" (all samples are zero).

    Examples
    --------
    >>> whole_sound().prepare_args
    {'sample_rate': 16000}
    """
    return Recipe(
        "whole_sound",
        1,
        prepare_whole_sound,
        {"sample_rate": int(sample_rate)},
        pooling="stack",
        owner="emopipe",
    )
