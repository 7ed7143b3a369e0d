"""What networks see of clips: stacks of face crops and spectrograms, kept in the store.

In short::

    faces = clip_tensors(paths, face_stack(n_frames=20, size=(98, 80), grey=True), store="default")
    sound = clip_tensors(paths, spectrogram(size=(192, 120)), store="default")
    faces.there                     # bool (n_clips,): which clips gave one; also statuses, details
    faces.take(rows)                # uint8 (len(rows), 20, 98, 80), read from the store just now

`face_stack` and `spectrogram` return recipes of the extraction engine, so that clips are decoded
once and never while a network is trained. `clip_tensors` takes any recipe whose values have one
shape, and reads a mini-batch's values when they are asked for: memory does not grow with the
number of clips. Values are uint8, to be scaled inside the network.
"""

import numpy as np

from emopipe.extract import Block, Prepared, Recipe, extract
from emopipe.media import ClipError, probe, signal

# Spectrogram levels: uint8 0 ... 255 are FLOOR ... 0 dB, where 0 dB is a sine of full scale.
FLOOR = -120.0


def nearest(times, wanted) -> np.ndarray:
    """Return, for each wanted time, the index of the nearest of the times there are.

    Parameters
    ----------
    times : float array, shape (n,)
        Seconds, n at least 1.
    wanted : float array, shape (m,)

    Returns
    -------
    int ndarray of shape (m,)

    Examples
    --------
    >>> nearest(np.array([0.0, 1.0]), np.array([0.1, 0.4, 0.6, 5.0]))
    array([0, 0, 1, 1])
    """
    return np.abs(np.subtract.outer(wanted, times)).argmin(axis=1)


def _in_grey(crops):
    """Return luma (ITU-R 601) of RGB crops, uint8 (n, rows, columns)."""
    import cv2

    return np.stack([cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in crops])


def prepare_face_stack(path, *, n_frames, size, grey, detector, model, margin):
    """Yield n_frames face crops of a clip; see `face_stack`."""
    from emopipe.faces import face_crops

    chunks = face_crops(
        path, detector=detector, model=model, n_frames=n_frames, size=tuple(size), margin=margin
    )
    found = list(chunks)
    times = np.concatenate([chunk.times for chunk in found])
    crops = np.concatenate([chunk.crops for chunk in found])
    shown = len(crops)
    if shown != n_frames:
        duration = probe(path).duration or 0.0
        wanted = (np.arange(n_frames) + 0.5) / n_frames * duration
        crops = crops[nearest(times, wanted)]
    yield Block(_in_grey(crops) if grey else crops)
    return Prepared(
        status="ok" if shown == n_frames else "partial", counts={"frames": n_frames, "faces": shown}
    )


def face_stack(
    *, n_frames=20, size=(98, 80), grey=True, detector="haar", model=None, margin=0.2
) -> Recipe:
    """Return the recipe of face crops at equally spaced times.

    A frame without a trusted face takes the crop nearest in time that has one, so every clip with
    a face gives `n_frames` crops; an image, or a film of one frame, gives the same crop n_frames
    times. Status "partial" says that crops were repeated, "no_face" that there was none.

    Parameters
    ----------
    n_frames : int
        Crops per clip.
    size : tuple of int
        Rows and columns of a crop.
    grey : bool
        Grey levels instead of RGB.
    detector, model, margin
        See `emopipe.faces.face_crops`.

    Returns
    -------
    Recipe
        Values uint8 (n_frames, rows, columns), or (n_frames, rows, columns, 3) in colour.

    Examples
    --------
    >>> face_stack(size=(49, 40)).name
    'face_stack'
    """
    return Recipe(
        "face_stack",
        1,
        prepare_face_stack,
        {
            "n_frames": int(n_frames),
            "size": [int(side) for side in size],
            "grey": bool(grey),
            "detector": detector,
            "model": model,
            "margin": float(margin),
        },
        pooling="stack",
    )


def decibels(samples, *, n_bins=192, hop=160) -> np.ndarray:
    """Return the magnitude of the short-time Fourier transform in dB.

    Parameters
    ----------
    samples : float array, shape (n,)
        Full scale 1; n is at least a window of ``2 * n_bins - 2`` samples.
    n_bins : int
        Bins from 0 Hz to half the sampling rate; they decide the length of the Hann window.
    hop : int
        Samples from window to window.

    Returns
    -------
    float32 ndarray of shape (n_bins, n_windows)
        0 dB is a sine of full scale; not below FLOOR.

    Examples
    --------
    >>> sine = np.sin(2 * np.pi * np.arange(4000) / 8)
    >>> levels = decibels(sine, n_bins=193)
    >>> levels.shape, int(levels[:, 0].argmax()), round(float(levels.max()), 1)
    ((193, 23), 48, 0.0)
    """
    length = 2 * n_bins - 2
    window = np.hanning(length + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, length)[::hop]
    levels = np.empty((n_bins, len(frames)), np.float32)
    # Some windows at a time, so that an hour of sound needs little more than its spectrogram.
    for start in range(0, len(frames), 4096):
        part = slice(start, start + 4096)
        spectrum = np.abs(np.fft.rfft(frames[part] * window, axis=1))
        levels[:, part] = 20 * np.log10(np.maximum(spectrum * (2 / window.sum()), 1e-9)).T
    return np.maximum(levels, FLOOR)


def prepare_spectrogram(path, *, size, sample_rate):
    """Yield a clip's spectrogram, row by row; see `spectrogram`."""
    import cv2

    samples = signal(path, sample_rate=sample_rate)
    if not samples.any():
        raise ClipError(path, "silent", "Every sample is zero.")
    n_bins, n_columns = size
    length = 2 * n_bins - 2
    if len(samples) < length:
        raise ClipError(
            path,
            "too_short",
            f"It has {len(samples) / sample_rate:.3f} s of sound; one window of the spectrogram "
            f"takes {length / sample_rate:.3f} s.",
        )
    levels = decibels(samples, n_bins=n_bins, hop=round(sample_rate / 100))
    kind = cv2.INTER_AREA if levels.shape[1] >= n_columns else cv2.INTER_LINEAR
    resized = cv2.resize(levels, (n_columns, n_bins), interpolation=kind)
    scaled = np.rint((resized / -FLOOR + 1) * 255).clip(0, 255)
    yield Block(scaled.astype(np.uint8))
    return Prepared(counts={"windows": levels.shape[1]})


def spectrogram(*, size=(192, 120), sample_rate=16000) -> Recipe:
    """Return the recipe of spectrograms with a fixed number of columns (paper A, IV.B).

    The paper does not say how the transform is made; we take a Hann window that gives just as many
    bins as the picture has rows (23.9 ms for 192 at 16 kHz), every 10 ms, and resize the levels
    in dB along time.

    Parameters
    ----------
    size : tuple of int
        Bins and columns.
    sample_rate : int
        Hz, to which the sound is brought.

    Returns
    -------
    Recipe
        Values uint8 (bins, columns), the lowest frequency first; 0 ... 255 are -120 ... 0 dB, 0 dB
        being a sine of full scale: loudness stays. Statuses: "no_audio", "silent" (all samples
        are zero), "too_short" (less than one window).

    Examples
    --------
    >>> spectrogram().prepare_args
    {'size': [192, 120], 'sample_rate': 16000}
    """
    arguments = {"size": [int(side) for side in size], "sample_rate": int(sample_rate)}
    return Recipe("spectrogram", 1, prepare_spectrogram, arguments, pooling="stack")


class ClipTensors:
    """One array per clip, read when asked for.

    Parameters
    ----------
    found : Extraction
        Its values are all of one shape and dtype.
    paths : list of str

    Attributes
    ----------
    paths, statuses, details : list of str
    counts : list of dict
    there : bool ndarray of shape (n_clips,)
        Which clips have an array.
    """

    def __init__(self, found, paths):
        self.paths, self.values = paths, found.values
        self.statuses, self.details, self.counts = found.statuses, found.details, found.counts
        self.there = np.array([status in ("ok", "partial") for status in self.statuses], bool)

    def __len__(self):
        return len(self.paths)

    @property
    def names(self) -> list:
        """What tells each array from others: its key in the store, or the clip's path."""
        keys = getattr(self.values, "keys", None)
        return self.paths if keys is None else keys

    def take(self, rows) -> np.ndarray:
        """Return the arrays of some rows, (len(rows), ...); all of them must be `there`.

        Threads may call this at once.
        """
        if hasattr(self.values, "take"):
            return np.stack(self.values.take(rows))
        return np.stack([self.values[row] for row in rows])


def clip_tensors(paths, recipe, *, store="default", n_jobs=-1, progress=False) -> ClipTensors:
    """Take clips through a recipe; their values stay in the store until they are asked for.

    Parameters
    ----------
    paths : list of str
    recipe : Recipe
        Its values have one shape, whatever the clip.
    store, n_jobs, progress
        See `emopipe.extract.extract`. Without a store, all values are kept in memory.

    Returns
    -------
    ClipTensors

    Examples
    --------
    >>> import tempfile
    >>> from scipy.io import wavfile
    >>> path = tempfile.mkdtemp() + "/a.wav"
    >>> wavfile.write(path, 16000, np.full(16000, 2**14, np.int16))
    >>> found = clip_tensors([path], spectrogram(), n_jobs=1)
    >>> found.statuses, found.take([0, 0]).shape
    (['ok'], (2, 192, 120))
    """
    found = extract(paths, recipe, store=store, n_jobs=n_jobs, progress=progress, lazy=True)
    return ClipTensors(found, list(paths))
