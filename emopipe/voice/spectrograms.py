"""Spectrograms of one size for clips of any length: the audio input of system A."""

from pathlib import Path

import numpy as np

from emopipe.extraction import Block, Prepared, Recipe
from emopipe.media import ClipError, signal
from emopipe.parameters import check_one_of
from emopipe.voice.transforms import FLOOR, TRANSFORMS, check_wavelets


def levels_picture(levels, size) -> np.ndarray:
    """Return levels in dB as a picture of a size.

    Parameters
    ----------
    levels : float32 array, shape (n_bins, n_windows)
        From FLOOR to 0 dB.
    size : (int, int)
        Rows, as many as there are bins, and columns.

    Returns
    -------
    uint8 ndarray of shape `size`
        0 ... 255 are -120 ... 0 dB.
    """
    import cv2

    n_bins, n_columns = size
    kind = cv2.INTER_AREA if levels.shape[1] >= n_columns else cv2.INTER_LINEAR
    resized = cv2.resize(levels, (n_columns, n_bins), interpolation=kind)
    return np.rint((resized / -FLOOR + 1) * 255).clip(0, 255).astype(np.uint8)


def prepare_spectrogram(path, *, size, sample_rate, transform="fourier"):
    """Yield a clip's spectrogram, row by row; see `spectrogram`."""
    samples = signal(path, sample_rate=sample_rate)
    if not samples.any():
        raise ClipError(path, "silent", "Every sample is zero.")
    n_bins = size[0]
    length = 2 * n_bins - 2
    if len(samples) < length:
        raise ClipError(
            path,
            "too_short",
            f"It has {len(samples) / sample_rate:.3f} s of sound; one window of the spectrogram "
            f"takes {length / sample_rate:.3f} s.",
        )
    levels = TRANSFORMS[transform](samples, n_bins=n_bins, hop=round(sample_rate / 100))
    yield Block(levels_picture(levels, size))
    return Prepared(counts={"windows": levels.shape[1]})


def check_transform(transform) -> None:
    """Raise ValueError where there is no such transform, ImportError where it lacks a package."""
    check_one_of("transform", transform, TRANSFORMS)
    if transform == "wavelet":
        check_wavelets()


def spectrogram(*, size=(192, 120), sample_rate=16000, transform="fourier") -> Recipe:
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
    transform : "fourier", "wavelet" or "wigner-ville"
        See `emopipe.voice.transforms`; the last two are the paper's future work. The wavelets need
        the package PyWavelets.

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
    check_transform(transform)
    arguments = {"size": [int(side) for side in size], "sample_rate": int(sample_rate)}
    if transform != "fourier":
        arguments["transform"] = transform
    return Recipe(
        "spectrogram", 1, prepare_spectrogram, arguments, pooling="stack", owner="emopipe"
    )


def draw_spectrograms(
    paths, titles=None, *, size=(192, 120), sample_rate=16000, transform="fourier"
):
    """Draw the pictures of sound that a network hears with, side by side (paper A, figure 3).

    Parameters
    ----------
    paths : list of str or Path
        Clips with sound, one at least.
    titles : list of str, optional
        One per clip, such as its emotion; by default the names of the files.
    size : (int, int)
        Bins and columns.
    sample_rate : int
        Hz, to which the sound is brought.
    transform : "fourier", "wavelet" or "wigner-ville"
        As for `AudioVisualCNN`.

    Returns
    -------
    matplotlib.figure.Figure
        Columns are the clip from its beginning to its end; the colours are -120 to 0 dB.

    Raises
    ------
    ClipError
        If a clip has no sound, is silent or shorter than a window.
    ValueError
        If there are no paths, or another number of titles.

    See Also
    --------
    AudioVisualCNN : The network that hears with them.

    Examples
    --------
    >>> import numpy as np
    >>> import tempfile
    >>> from scipy.io import wavfile
    >>> from emopipe import draw_spectrograms
    >>> path = tempfile.mkdtemp() + "/tone.wav"
    >>> wavfile.write(path, 16000, np.full(16000, 2**14, np.int16))
    >>> draw_spectrograms([path], ["a constant"]).axes[0].get_title()
    'a constant'
    """
    from matplotlib.figure import Figure

    check_transform(transform)
    paths = [str(path) for path in paths]
    titles = [Path(path).name for path in paths] if titles is None else list(titles)
    if not paths or len(titles) != len(paths):
        raise ValueError(f"{len(titles)} titles of {len(paths)} clips: give one of each, at least")
    figure = Figure(figsize=(0.5 + 2.8 * len(paths), 3.2), layout="constrained")
    axes = figure.subplots(1, len(paths), sharey=True, squeeze=False)[0]
    options = {"size": tuple(size), "sample_rate": sample_rate, "transform": transform}
    for axis, path, title in zip(axes, paths, titles, strict=True):
        picture = next(prepare_spectrogram(path, **options)).rows
        image = axis.imshow(
            picture / 255 * -FLOOR + FLOOR, origin="lower", aspect="auto", vmin=FLOOR, vmax=0
        )
        axis.set(title=title, xlabel="column (time)")
    axes[0].set_ylabel("row (frequency)")
    figure.colorbar(image, ax=list(axes), label="dB")
    return figure
