"""Spectrograms of one size, whatever a clip's length: the picture that paper A hears with."""

import numpy as np

from emopipe.extraction import Block, Prepared, Recipe
from emopipe.media import ClipError, signal

# Spectrogram levels: uint8 0 ... 255 are FLOOR ... 0 dB, where 0 dB is a sine of full scale.
FLOOR = -120.0


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
    return Recipe(
        "spectrogram", 1, prepare_spectrogram, arguments, pooling="stack", owner="emopipe"
    )
