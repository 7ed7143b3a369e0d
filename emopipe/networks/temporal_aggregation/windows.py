"""System B's windows: which frame represents a segment, and the sound around it.

Pure functions on arrays. A clip's *candidates* are `n_frames` frames, the middles of as many equal
parts of the clip; candidate m lies in segment ``floor((m + 0.5) / n_frames * n_segments)``. Draws
are numbers u from 0 to below 1, one per segment: 0.5 is the middle.
"""

import numpy as np

from emopipe.voice.spectrograms import levels_picture
from emopipe.voice.transforms import decibels

# Samples from one transform of a spectrogram to the next.
_HOP = 160


def segment_bounds(n_frames: int, n_segments: int) -> np.ndarray:
    """Return where segments of equal length begin and end among a clip's candidate frames.

    Parameters
    ----------
    n_frames : int
        Candidates, at least `n_segments`.
    n_segments : int

    Returns
    -------
    int64 ndarray of shape (n_segments + 1,)
        Segment s holds the candidates from bounds[s] up to, without, bounds[s + 1].

    Examples
    --------
    >>> segment_bounds(30, 10)
    array([ 0,  3,  6,  9, 12, 15, 18, 21, 24, 27, 30])
    >>> segment_bounds(5, 2)
    array([0, 2, 5])
    """
    edges = np.arange(n_segments + 1) * 2 * n_frames - n_segments
    return -(-edges // (2 * n_segments))


def chosen_frames(n_frames: int, n_segments: int, u) -> np.ndarray:
    """Return a candidate frame of each segment, all of a segment's being as likely.

    Parameters
    ----------
    n_frames, n_segments : int
    u : float array, shape (..., n_segments)
        Draws; 0.5 is the candidate in the middle of the segment.

    Returns
    -------
    int64 ndarray of the shape of `u`

    Examples
    --------
    >>> chosen_frames(30, 3, [0.0, 0.5, 0.99])
    array([ 0, 15, 29])
    """
    bounds = segment_bounds(n_frames, n_segments)
    return bounds[:-1] + np.floor(np.asarray(u) * np.diff(bounds)).astype(np.int64)


def window_starts(times, u, *, window=1.28, offset=0.01, sample_rate=16000) -> np.ndarray:
    """Return the first sample of the sound around each frame.

    Its centre c is drawn uniformly from ``[time - offset, time + offset]``; it takes the samples
    from ``ceil(sample_rate * (c - window / 2))`` on (paper B, section II).

    Parameters
    ----------
    times : float array
        Of the frames, in seconds.
    u : float array of the same shape
        Draws; 0.5 is the frame's own time.
    window, offset : float
        Seconds.
    sample_rate : int
        Hz.

    Returns
    -------
    int64 ndarray of the same shape
        Negative where the window begins before the clip.

    Examples
    --------
    >>> window_starts(np.array([0.64, 1.0, 0.0]), 0.5)
    array([     0,   5760, -10240])
    """
    centres = np.asarray(times) + offset * (2 * np.asarray(u) - 1)
    # A sample that is meant exactly must not be missed by the last bit of a float.
    return np.ceil(sample_rate * (centres - window / 2) - 1e-6).astype(np.int64)


def sound_windows(samples, starts, length: int) -> np.ndarray:
    """Cut windows out of a clip's sound; beyond its ends there is silence.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
    starts : int array, shape (n_windows,)
        May be negative, or beyond the end.
    length : int
        Samples per window.

    Returns
    -------
    ndarray of shape (n_windows, length)
        Of the dtype of `samples`.

    Examples
    --------
    >>> sound_windows(np.array([1, 2, 3]), [-1, 2], 3)
    array([[0, 1, 2],
           [3, 0, 0]])
    """
    cut = np.zeros((len(starts), length), np.asarray(samples).dtype)
    for row, start in zip(cut, starts, strict=True):
        first, last = max(start, 0), min(start + length, len(samples))
        if first < last:
            row[first - start : last - start] = samples[first:last]
    return cut


def pictures(windows, *, size=(192, 120)) -> np.ndarray:
    """Return the spectrograms of windows of sound, as `emopipe.voice.spectrograms` draws a clip's.

    Parameters
    ----------
    windows : float array, shape (n_windows, n_samples)
        Full scale 1; at least ``2 * size[0] - 2`` samples.
    size : tuple of int
        Bins and columns.

    Returns
    -------
    uint8 ndarray of shape (n_windows, bins, columns)
        0 ... 255 are -120 ... 0 dB, the lowest frequency first.

    Examples
    --------
    >>> pictures(np.zeros((2, 20480), np.float32)).shape
    (2, 192, 120)
    """
    levels = (decibels(samples, n_bins=size[0], hop=_HOP) for samples in windows)
    return np.stack([levels_picture(level, size) for level in levels])
