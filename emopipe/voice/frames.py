"""The features of many frames at once, which is what makes them quick.

Every feature is a sum over samples or bins, or a function of such sums; they are taken for all
frames together by matrix products and inner products, in float64, on one transform per frame.
"""

import numpy as np
import scipy.fft

from emopipe.voice.definitions import EPS, N_PARTS, Tables

_ROLLOFF = 0.90
_CANCELLED = 1e-5  # a difference this small against its terms is computed again, term by term
_TIED = 1e-12
_PURE = 1e-3  # an entropy this small is what rounding left of 1 log(1)
_BOTH_SIDES = np.array([[-1], [0]])
_TINY = np.finfo(np.float64).tiny


def _view(x: np.ndarray, shape: tuple[int, ...], steps: tuple[int, ...]) -> np.ndarray:
    """Return overlapping pieces of x as a view; steps are in samples, one for each axis."""
    # A tenth of sliding_window_view's cost, which counts on short clips; the bounds are checked.
    return np.ndarray(shape, x.dtype, x, strides=tuple(step * x.itemsize for step in steps))


def _zero_crossings(x: np.ndarray, n_frames: int, n_step: int, tables: Tables) -> np.ndarray:
    sign = (x > 0).view(np.int8)
    sign -= (x < 0).view(np.int8)
    jumps = np.abs(sign[1:] - sign[:-1]).astype(np.float32)
    frames = _view(jumps, (n_frames, tables.n_window - 1), (n_step, 1))
    return np.divide(np.vecdot(frames, tables.ones), 2 * (tables.n_window - 1), dtype=np.float64)


def _parts(x: np.ndarray, by_part: np.ndarray, n_window: int, n_step: int) -> np.ndarray:
    """Return the energy of the parts of each frame, and of those of its spectrum, (2, m, n).

    Both have ten equal parts and perhaps something left over; all others are zero.
    """
    n_frames, n_parts, _ = by_part.shape
    parts = np.zeros((2, max(n_parts, N_PARTS + 1), n_frames))
    length = n_window // N_PARTS
    frames = _view(x, (N_PARTS, n_frames, length), (length, n_step, 1))
    np.vecdot(frames, frames, out=parts[0, :N_PARTS])
    if n_window % N_PARTS:
        rest = _view(x[N_PARTS * length :], (n_frames, n_window % N_PARTS), (n_step, 1))
        np.vecdot(rest, rest, out=parts[0, N_PARTS])
    spectra = by_part.transpose(1, 0, 2)
    np.vecdot(spectra, spectra, out=parts[1, :n_parts])
    return parts


def _entropies(parts: np.ndarray, totals: np.ndarray, tables: Tables) -> np.ndarray:
    """Return -sum(s log2(s)) of the ten shares s in both totals, (2, n)."""
    shares = parts[:, :N_PARTS] / (totals + tables.floors)[:, np.newaxis]
    logarithms = shares + EPS
    shares *= np.log2(logarithms, out=logarithms)
    return -np.add.reduce(shares, axis=1)


def _centroid_spread(spectra: np.ndarray, tables: Tables) -> tuple[np.ndarray, ...]:
    """Return sum of magnitudes, centroid, spread, and where the spread is mere rounding."""
    # Counted from the first bin, where the hum of silence lies, so that silence cancels nothing.
    total, first, second = tables.moments @ spectra.T
    divisor = np.maximum(total, _TINY)
    centroid = first / divisor
    square = second / divisor
    variance = square - centroid**2
    doubtful = variance <= _CANCELLED * square
    centroid += (total > 0) / tables.n_bins
    return total, centroid, np.sqrt(np.maximum(variance, 0)), doubtful


def _flux(
    spectra: np.ndarray, total: np.ndarray, power: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the flux, and where it is mere rounding, of all frames but the first."""
    n_bins = spectra.shape[1]
    scale = 1 / (n_bins * total + n_bins**2 * EPS)
    power = power * scale**2
    terms = power[1:] + power[:-1]
    inner = np.vecdot(spectra[1:], spectra[:-1])
    inner *= scale[1:]
    inner *= 2 * scale[:-1]
    flux = terms - inner
    return flux, flux < _CANCELLED * terms


def _rolloff(
    by_part: np.ndarray, parts: np.ndarray, power: np.ndarray, n_bins: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the roll-off, and where a rounding error decides it.

    Only that part of the spectrum in which the threshold is crossed is summed bin by bin.
    """
    (n_frames, _, length), frames = by_part.shape, np.arange(len(power))
    threshold = _ROLLOFF * power - EPS * n_bins**2
    sums = np.zeros((len(parts) + 1, n_frames))
    np.add.accumulate(parts, axis=0, out=sums[1:])
    part = np.add.reduce(sums[1:] <= threshold, axis=0)
    inside = np.full((n_frames, length + 2), np.inf)
    inside[:, 0] = sums[part, frames]
    np.square(by_part[frames, part], out=inside[:, 1:-1])
    np.add.accumulate(inside, axis=1, out=inside)
    count = np.add.reduce(inside <= threshold[:, np.newaxis], axis=1)
    around = inside[frames, count + _BOTH_SIDES] - threshold
    tied = np.minimum.reduce(np.abs(around, out=around)) <= _TIED * power
    return np.maximum(part * length + count - 1, 0) / n_bins, tied


def _mfcc(spectra: np.ndarray, tables: Tables) -> np.ndarray:
    bands = np.empty((len(spectra), 40))
    for bins, some, weights in tables.mel:
        np.matmul(spectra[:, bins], weights, out=bands[:, some])
    bands += EPS
    # The library's own transform: in near silence the coefficients are rounding of large terms.
    return scipy.fft.dct(np.log10(bands, out=bands), norm="ortho")[:, :13].T


def _chroma(spectra: np.ndarray, power: np.ndarray, tables: Tables) -> np.ndarray:
    """Return the twelve classes and their standard deviation, (13, n)."""
    chosen = np.take(spectra, tables.semitone_bins, axis=1)
    chosen *= chosen
    chroma = np.empty((13, len(power)))
    classes = np.matmul(tables.semitones, chosen.T, out=chroma[:12])
    classes /= np.maximum(power, _TINY)
    distance = classes - np.add.reduce(classes, axis=0) / 12
    distance *= distance
    np.sqrt(np.add.reduce(distance, axis=0) / 12, out=chroma[12])
    return chroma


def _spelled_entropy(values: np.ndarray) -> np.ndarray:
    values = values**2
    total = values.sum(axis=1, keepdims=True) + EPS
    length = values.shape[1] // N_PARTS
    parts = values[:, : N_PARTS * length].reshape(-1, N_PARTS, length).transpose(0, 2, 1)
    shares = np.ascontiguousarray(parts).sum(axis=1) / total
    return -(shares * np.log2(shares + EPS)).sum(axis=1)


def _spelled_spread(now: np.ndarray, tables: Tables) -> np.ndarray:
    half = tables.sample_rate / 2.0
    frequencies = np.arange(1, tables.n_bins + 1) * (half / tables.n_bins)
    weights = now / np.maximum(now.max(axis=1, keepdims=True), _TINY)
    total = weights.sum(axis=1) + EPS
    centroid = (frequencies * weights).sum(axis=1) / total
    distance = frequencies - centroid[:, np.newaxis]
    distance *= distance
    distance *= weights
    return np.sqrt(distance.sum(axis=1) / total) / half


def _spelled_flux(now: np.ndarray, before: np.ndarray) -> np.ndarray:
    change = now / (now + EPS).sum(axis=1, keepdims=True)
    change -= before / (before + EPS).sum(axis=1, keepdims=True)
    change *= change
    return change.sum(axis=1)


def _spelled_rolloff(now: np.ndarray) -> np.ndarray:
    power = now**2
    passed = np.cumsum(power, axis=1) + EPS > _ROLLOFF * power.sum(axis=1, keepdims=True)
    return passed.argmax(axis=1) / now.shape[1]


def _spectra(frames: np.ndarray, n_bins: int, out: np.ndarray) -> np.ndarray:
    """Return the magnitudes, not yet divided by n_bins, as (n, parts, bins); the last is padded."""
    np.abs(scipy.fft.rfft(frames)[:, :n_bins], out=out[:, :n_bins])
    out[:, n_bins:] = 0
    return out.reshape(len(frames), -1, n_bins // N_PARTS)


def _workspace(samples: np.ndarray, n_frames: int, n_bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Return room for the normalised samples and for all spectra, padded to whole parts."""
    length = n_bins // N_PARTS
    padded = -(-n_bins // length) * length
    size = len(samples) + n_frames * padded
    # One allocation, with as much again never touched: the C library then keeps the memory for the
    # next call, while many middling ones are returned and paged in anew, at twice the whole cost.
    space = np.empty(2 * size)
    return space[: len(samples)], space[len(samples) : size].reshape(n_frames, padded)


def describe(
    samples: np.ndarray, mean: float, divisor: float, tables: Tables, n_step: int
) -> np.ndarray:
    """Return the features of all frames of a stretch of a signal.

    Parameters
    ----------
    samples : ndarray of shape (samples,)
        At least one window of them.
    mean, divisor : float
        What to subtract from the samples, and what to divide them by then.
    tables : Tables
        For the sampling rate and the window.
    n_step : int
        Samples from one frame to the next.

    Returns
    -------
    float64 ndarray of shape (34, frames)
        The flux of the first frame is 0.
    """
    n_window, n_bins = tables.n_window, tables.n_bins
    n_frames = (len(samples) - n_window) // n_step + 1
    x, spectra = _workspace(samples, n_frames, n_bins)
    np.subtract(samples, mean, out=x, dtype=np.float64)
    x /= divisor
    frames = _view(x, (n_frames, n_window), (n_step, 1))
    by_part = _spectra(frames, n_bins, out=spectra)
    spectra = spectra[:, :n_bins]
    parts = _parts(x, by_part, n_window, n_step)
    energy, power = totals = np.add.reduce(parts, axis=1)
    features = np.empty((34, n_frames))
    features[0] = _zero_crossings(x, n_frames, n_step, tables)
    features[1] = energy / n_window
    features[2:6:3] = _entropies(parts, totals, tables)
    total, features[3], features[4], narrow = _centroid_spread(spectra, tables)
    features[6, 0] = 0
    features[6, 1:], unchanged = _flux(spectra, total, power)
    features[7], tied = _rolloff(by_part, parts[1], power, n_bins)
    features[8:21] = _mfcc(spectra, tables)
    features[21:34] = _chroma(spectra, power, tables)
    # What hangs on rounding is taken again, value by value and in the library's own order.
    for row, values, scale in ((2, frames, 1), (5, spectra, n_bins)):
        if (rows := np.flatnonzero(features[row] < _PURE)).size:
            features[row, rows] = _spelled_entropy(values[rows] / scale)
    if (rows := np.flatnonzero(narrow)).size:
        features[4, rows] = _spelled_spread(spectra[rows] / n_bins, tables)
    if (rows := np.flatnonzero(unchanged)).size:
        now, before = spectra[rows + 1] / n_bins, spectra[rows] / n_bins
        features[6, rows + 1] = _spelled_flux(now, before)
    if (rows := np.flatnonzero(tied)).size:
        features[7, rows] = _spelled_rolloff(spectra[rows] / n_bins)
    return features
