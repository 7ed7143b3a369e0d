"""Compute the features of many frames at once, which makes them fast.

Every feature is a sum over samples or bins, or a function of such sums; they are taken for all
frames together by matrix products and inner products, in float64, on one transform per frame.
"""

from math import gcd

import numpy as np
import scipy.fftpack

from emopipe.voice.definitions import EPS, N_PARTS, ROLLOFF, Tables

_CANCELLED = 1e-5  # a difference this small against its terms is computed again, term by term
_TIED = 1e-12
_PURE = 1e-3  # an entropy this small is what rounding left of 1 log(1)
_HUSHED = -98.0  # a first coefficient this low means near silence, whose is -99
_LOW = np.array([[_PURE], [_PURE], [_HUSHED]])  # of both entropies and mfcc_1
_PAIR = np.array([[0], [1]])  # of neighbours
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


def _energy_parts(x: np.ndarray, n_frames: int, n_window: int, n_step: int, out) -> None:
    """Fill in the energy of the ten parts of each frame, (10, n)."""
    length = n_window // N_PARTS
    piece = gcd(length, n_step)
    if piece < 16:
        frames = _view(x, (n_frames, N_PARTS, length), (n_step, length, 1))
        np.vecdot(frames, frames, out=out.T)
        return
    # Parts of overlapping frames are made of the same pieces.
    pieces = x[: len(x) // piece * piece].reshape(-1, piece)
    pieces = np.vecdot(pieces, pieces)
    shape = (N_PARTS, n_frames, length // piece)
    pieces = _view(pieces, shape, (length // piece, n_step // piece, 1))
    np.add.reduce(pieces, axis=2, out=out)


def _parts(x: np.ndarray, n_frames: int, n_step: int, tables: Tables) -> np.ndarray:
    """Return the energy of the parts of each frame, (2, m, n); that of its spectrum's follows.

    Both have ten equal parts and perhaps something left over; all others are zero.
    """
    n_window = tables.n_window
    parts = np.zeros((2, max(tables.n_parts, N_PARTS + 1), n_frames))
    _energy_parts(x, n_frames, n_window, n_step, out=parts[0, :N_PARTS])
    if n_left := n_window % N_PARTS:
        left = _view(x[n_window - n_left :], (n_frames, n_left), (n_step, 1))
        np.vecdot(left, left, out=parts[0, N_PARTS])
    return parts


def _entropy(parts: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Return -sum(s log2(s)) of the shares s that parts, (..., 10, n), have in totals, (..., n)."""
    shares = parts / totals[..., np.newaxis, :]
    logarithms = shares + EPS
    shares *= np.log2(logarithms, out=logarithms)
    return -np.add.reduce(shares, axis=-2)


def _centroid_spread(sums: np.ndarray, tables: Tables) -> tuple[np.ndarray, ...]:
    """Return centroid, spread, and where the spread is mere rounding."""
    total, first, second = sums
    divisor = np.maximum(total, _TINY)
    centroid = first / divisor
    square = second / divisor
    variance = square - centroid**2
    doubtful = variance <= _CANCELLED * square
    centroid += 1 / tables.n_bins
    return centroid, np.sqrt(np.maximum(variance, 0)), doubtful


def _flux(spectra: np.ndarray, sums: np.ndarray, power: np.ndarray) -> np.ndarray:
    """Return the flux of all frames but the first; by differences where neighbours are alike."""
    n_bins = spectra.shape[1]
    scale = 1 / (n_bins * sums[0] + n_bins**2 * EPS)
    power = power * scale**2
    terms = power[1:] + power[:-1]
    inner = np.vecdot(spectra[1:], spectra[:-1])
    inner *= scale[1:]
    inner *= 2 * scale[:-1]
    flux = terms - inner
    steady = (flux < _CANCELLED * terms).nonzero()[0]
    if steady.size:
        pairs = steady + _PAIR
        change = spectra[pairs]
        change *= scale[pairs, np.newaxis]
        change = change[0] - change[1]
        flux[steady] = np.vecdot(change, change)
    return flux


def _rolloff(
    by_part: np.ndarray, parts: np.ndarray, power: np.ndarray, tables: Tables
) -> tuple[np.ndarray, np.ndarray]:
    """Return the roll-off, and where a rounding error decides it.

    Only that part of the spectrum in which the threshold is crossed is summed bin by bin.
    """
    n_frames, n_parts, length = by_part.shape
    frames = np.arange(n_frames)
    # Before each part, less the threshold.
    sums = tables.part_sums @ parts[:n_parts]
    sums += EPS * tables.n_bins**2
    part = np.add.reduce(sums[1:] < 0, axis=0)
    values = np.empty((n_frames, length + 1))
    values[:, 0] = sums[part, frames]
    np.square(by_part[frames, part], out=values[:, 1:])
    # The same sums, but a product with ones is twice as quick where there are few.
    if tables.bin_sums is not None:
        inside = values @ tables.bin_sums
    else:
        inside = np.add.accumulate(values, axis=1)
    count = (inside[:, 1:] > 0).argmax(axis=1)
    around = np.abs(inside[frames, count + _PAIR])
    tied = np.minimum.reduce(around) <= _TIED * power
    part *= length
    part += count
    return part / tables.n_bins, tied


def _log_bands(spectra: np.ndarray, tables: Tables) -> np.ndarray:
    """Return the logarithms of the sums in the mel bands, (n, 40)."""
    bands = np.empty((len(spectra), 40))
    for bins, rows, weights in tables.mel:
        np.matmul(spectra[:, bins], weights, out=bands[:, rows])
    bands += EPS
    return np.log10(bands, out=bands)


def _chroma(spectra: np.ndarray, power: np.ndarray, tables: Tables, out: np.ndarray) -> None:
    """Fill in the twelve classes and their standard deviation, (13, n)."""
    chosen = spectra[:, tables.semitone_bins]
    chosen *= chosen
    np.matmul(tables.semitones, chosen.T, out=out)
    out /= np.maximum(power, _TINY)
    distance = out[:12] - out[12]
    distance *= distance
    np.add.reduce(distance, axis=0, out=out[12])
    out[12] /= 12
    np.sqrt(out[12], out=out[12])


def _spelled_entropy(values: np.ndarray) -> np.ndarray:
    values = values * values
    length = values.shape[1] // N_PARTS
    # One after another, as the library adds them up.
    parts = values[:, : N_PARTS * length].reshape(-1, N_PARTS, length).transpose(2, 0, 1)
    parts = np.add.reduce(parts.copy(), axis=0)
    return _entropy(parts.T, np.add.reduce(values, axis=1) + EPS)


def _spelled_spread(now: np.ndarray, tables: Tables) -> tuple[np.ndarray, np.ndarray]:
    """Return centroid and spread."""
    half = tables.sample_rate / 2.0
    frequencies = np.arange(1, tables.n_bins + 1) * (half / tables.n_bins)
    weights = now / np.maximum(now.max(axis=1, keepdims=True), _TINY)
    total = weights.sum(axis=1) + EPS
    centroid = (frequencies * weights).sum(axis=1) / total
    distance = frequencies - centroid[:, np.newaxis]
    distance *= distance
    distance *= weights
    return centroid / half, np.sqrt(distance.sum(axis=1) / total) / half


def _spelled_rolloff(now: np.ndarray) -> np.ndarray:
    power = now**2
    passed = np.cumsum(power, axis=1) + EPS > ROLLOFF * power.sum(axis=1, keepdims=True)
    return passed.argmax(axis=1) / now.shape[1]


def _spelled_mfcc(bands: np.ndarray) -> np.ndarray:
    return scipy.fftpack.dct(bands, norm="ortho")[:, :13].T


def _spell_out(features, doubtful, spectra, bands, tables) -> None:
    """Compute again what hangs on rounding, value by value and in the library's own order.

    ``doubtful``, (4, n), says of which frames the spectrum's entropy, the cepstrum, the spread and
    the roll-off do.
    """
    n_bins = tables.n_bins
    pure, hushed, narrow, tied = (rows.nonzero()[0] for rows in doubtful)
    if pure.size:
        features[5, pure] = _spelled_entropy(spectra[pure] / n_bins)
    if hushed.size:
        features[8:21, hushed] = _spelled_mfcc(bands[hushed])
    if narrow.size:
        features[3:5, narrow] = _spelled_spread(spectra[narrow] / n_bins, tables)
    if tied.size:
        features[7, tied] = _spelled_rolloff(spectra[tied] / n_bins)


def _workspace(samples: np.ndarray, n_frames: int, tables: Tables) -> tuple[np.ndarray, ...]:
    """Return room for the samples, for the transforms, and where the samples are for magnitudes.

    The last two are of one width, if parts allow, for the magnitudes to be taken in one sweep.
    """
    n_transform = tables.n_bins + 1
    width = max(n_transform, tables.n_parts * tables.length)
    size = n_frames * width
    two = max(size, len(samples))
    three = two + 2 * n_frames * n_transform
    # One allocation, with as much again never touched: the C library then keeps the memory for the
    # next call, while many middling ones are returned and paged in anew, at twice the whole cost.
    space = np.empty(2 * three)
    transforms = space[two:three].view(np.complex128)
    return (
        space[: len(samples)],
        transforms.reshape(n_frames, n_transform),
        space[:size].reshape(n_frames, width),
    )


def _scale(samples: np.ndarray, mean: float, divisor: float, out=None) -> np.ndarray:
    x = np.subtract(samples, mean, out=out, dtype=np.float64)
    x /= divisor
    return x


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
    x, transforms, magnitudes = _workspace(samples, n_frames, tables)
    _scale(samples, mean, divisor, out=x)
    features = np.empty((34, n_frames))
    features[0] = _zero_crossings(x, n_frames, n_step, tables)
    parts = _parts(x, n_frames, n_step, tables)
    np.fft.rfft(_view(x, (n_frames, n_window), (n_step, 1)), out=transforms)
    # Magnitudes, in the samples' place, are not yet divided by n_bins; zeros fill the last part.
    np.abs(transforms, out=magnitudes[:, : n_bins + 1])
    magnitudes[:, n_bins:] = 0
    shape, steps = (tables.n_parts, tables.length), (tables.length, 1)
    by_part = _view(magnitudes, (n_frames, *shape), (magnitudes.shape[1], *steps))
    spectra = magnitudes[:, :n_bins]
    np.vecdot(by_part, by_part, out=parts[1, : tables.n_parts].T)
    energy, power = totals = np.add.reduce(parts, axis=1)
    doubtful = np.empty((5, n_frames), bool)
    features[1] = energy / n_window
    features[2:6:3] = _entropy(parts[:, :N_PARTS], totals + tables.floors)
    sums = tables.moments @ spectra.T
    features[3], features[4], doubtful[3] = _centroid_spread(sums, tables)
    features[6, 0] = 0
    features[6, 1:] = _flux(spectra, sums, power)
    features[7], doubtful[4] = _rolloff(by_part, parts[1], power, tables)
    bands = _log_bands(spectra, tables)
    np.matmul(tables.cosines, bands.T, out=features[8:21])
    _chroma(spectra, power, tables, out=features[21:34])
    np.less(features[2:9:3], _LOW, out=doubtful[:3])
    if np.count_nonzero(doubtful):
        _spell_out(features, doubtful[1:], spectra, bands, tables)
    if (rows := doubtful[0].nonzero()[0]).size:
        frames = _view(_scale(samples, mean, divisor), (n_frames, n_window), (n_step, 1))
        features[2, rows] = _spelled_entropy(frames[rows])
    return features
