"""How far rounding in a frame's Fourier transform can move each of the 34 voice features."""

import numpy as np

from emopipe.voice.definitions import EPS, ROLLOFF, Tables, tables_for


def _frames(signal, n_window, n_step):
    x = np.asarray(signal, np.float64) / 2**15
    x = x - x.mean()
    x = x / (np.abs(x).max() + 1e-10)
    return np.lib.stride_tricks.sliding_window_view(x, n_window)[::n_step]


def _of_shares(parts, change, totals):
    """Return the bound for the entropy of parts (10, n), each known within `change`."""
    shares = np.minimum(parts / totals, 1)
    off = np.minimum((change + shares * change.sum(axis=0)) / totals, 1)
    return np.sum(off * (np.abs(np.log2(np.maximum(shares, off) + EPS)) + 1.5), axis=0)


def _mel_bank(tables: Tables):
    bank = np.zeros((40, tables.n_bins))
    for bins, bands, weights in tables.mel:
        bank[bands, bins] = weights.T * tables.n_bins
    return bank


def transform_rounding(signal, sample_rate, n_window, n_step):
    """Return how far two right transforms can leave the features of a signal apart.

    A transform of n samples of energy E in double precision is right within EPS * log2(n) *
    sqrt(E) in each bin (Higham, "Accuracy and stability of numerical algorithms", 24.1); what that
    does to a feature follows from the feature's definition, to first order where it is smooth.

    Returns
    -------
    float64 ndarray of shape (34, frames)
    """
    tables = tables_for(sample_rate, n_window)
    frames, n = _frames(signal, n_window, n_step), tables.n_bins
    s = np.abs(np.fft.rfft(frames))[:, :n].T / n
    d = 2 * EPS * np.log2(n_window) * np.linalg.norm(frames, axis=1) / n
    total, power = s.sum(axis=0) + n * EPS, (s**2).sum(axis=0) + EPS**2
    off = np.zeros((34, s.shape[1]))
    frequency = (np.arange(1, n + 1) / n)[:, None]
    centroid = (frequency * s).sum(axis=0) / total
    distance = np.abs(frequency - centroid)
    variance = (distance**2 * s).sum(axis=0) / total
    off[3] = np.minimum(1, distance.sum(axis=0) * d / total)
    wider = np.abs(distance**2 - variance).sum(axis=0) * d / total + off[3] ** 2
    off[4] = np.minimum(1, np.sqrt(variance + wider) - np.sqrt(variance))
    off[4] = np.maximum(off[4], np.sqrt(variance) - np.sqrt(np.maximum(variance - wider, 0)))
    by_bin = 2 * s * d + d**2
    length = n // 10
    parts, change = (x[: 10 * length].reshape(10, length, -1).sum(axis=1) for x in (s**2, by_bin))
    off[5] = _of_shares(parts, change, power + EPS)
    share = s / total
    of_share = d / total + share * n * d / total
    apart = np.abs(np.diff(share, axis=1))
    of_pair = of_share[:, 1:] + of_share[:, :-1]
    off[6, 1:] = np.sum(2 * apart * of_pair + of_pair**2, axis=0)
    summed = np.cumsum(s**2, axis=0) - ROLLOFF * power
    tied = np.abs(summed) <= by_bin.sum(axis=0) + n * EPS * power
    off[7] = tied.sum(axis=0) / n
    bank = _mel_bank(tables)
    bands = bank @ s
    logarithms = np.log10(1 + bank.sum(axis=1)[:, None] * d / (bands + EPS))
    off[8:21] = np.abs(tables.cosines) @ logarithms
    classes = tables.semitones[:12]
    chroma = classes @ s[tables.semitone_bins] ** 2 / power
    off[21:33] = (classes @ by_bin[tables.semitone_bins] + chroma * by_bin.sum(axis=0)) / power
    off[33] = np.sqrt(np.mean(off[21:33] ** 2, axis=0))
    return off
