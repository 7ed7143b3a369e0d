"""Statistics of how values run over an utterance: quantiles, trends, rises, peaks, courses."""

import numpy as np
from scipy.fft import dct

_PERCENTILES = (1, 10, 25, 50, 75, 90, 99)
_LEVELS = (0.25, 0.5, 0.75, 0.9)
_KINDS = (
    "mean", "std", "skewness", "kurtosis", *(f"p{n}" for n in _PERCENTILES), "quartile_range",
    "range", "slope", "bend", "residual", "rise", "fall",
    *(f"above_{100 * share:.0f}" for share in _LEVELS), "peaks", "peak_height", "place_of_max",
    "place_of_min", "centre",
)  # fmt: skip
# Points of a contour, and how many of its cosines stand for it.
_POINTS, N_WAVES = 64, 12
_FEWEST = 5


def rich_names(names) -> list[str]:
    """Return the names of `rich_statistics` of columns with names.

    Examples
    --------
    >>> len(rich_names(["pitch"])), rich_names(["pitch"])[4]
    (27, 'pitch_p1')
    """
    return [f"{name}_{kind}" for kind in _KINDS for name in names]


def quantiles(rows, shares):
    """Return quantiles of each column, (shares, columns), quicker than NumPy's function.

    Examples
    --------
    >>> quantiles(np.arange(5.0)[:, np.newaxis], (0.5, 0.9)).ravel().tolist()
    [2.0, 3.6]
    """
    ordered, position = np.sort(rows, axis=0), np.array(shares) * (len(rows) - 1)
    below = position.astype(int)
    above, share = np.minimum(below + 1, len(rows) - 1), (position - below)[:, np.newaxis]
    return ordered[below] * (1 - share) + ordered[above] * share


def _trend(rows, time):
    """Return slope, bend and what a straight line leaves over, of each column."""
    line = time / np.sqrt(time @ time)
    curve = time**2 - (time**2).mean()
    curve /= max(np.sqrt(curve @ curve), 1e-12)
    along, around = line @ rows, curve @ rows
    left = rows - rows.mean(axis=0) - np.outer(line, along)
    scale = 1 / np.sqrt(len(rows))
    return along * scale, around * scale, left.std(axis=0)


def _moves(rows):
    """Return the mean step upwards and downwards, the share of peaks and their mean height."""
    steps = np.diff(rows, axis=0)
    ups, downs = np.maximum(steps, 0), np.maximum(-steps, 0)
    rise = ups.sum(axis=0) / np.maximum((ups > 0).sum(axis=0), 1)
    fall = downs.sum(axis=0) / np.maximum((downs > 0).sum(axis=0), 1)
    mean = rows.mean(axis=0)
    peak = (steps[:-1] > 0) & (steps[1:] <= 0) & (rows[1:-1] > mean)
    count = peak.sum(axis=0)
    height = np.where(peak, rows[1:-1] - mean, 0).sum(axis=0) / np.maximum(count, 1)
    return rise, fall, count / len(rows), height


def rich_statistics(rows):
    """Return 27 statistics of each column.

    Moments, percentiles, ranges, slope and bend over time (of standard length), mean step upwards
    and downwards, share of time above four levels of the range, share and height of peaks, places
    of maximum, minimum and centre of gravity in time (shares of the length, the latter -1 to 1).

    Parameters
    ----------
    rows : float ndarray of shape (frames, columns)
        Of fewer than five frames all statistics are 0.

    Returns
    -------
    float64 ndarray of shape (27 * columns,)
        In the order of `rich_names`.

    Examples
    --------
    >>> values = dict(zip(rich_names(["x"]), rich_statistics(np.arange(101.0)[:, np.newaxis])))
    >>> [round(float(values[f"x_{kind}"]), 2) for kind in ("p90", "rise", "fall", "place_of_max")]
    [90.0, 1.0, 0.0, 1.0]
    """
    n, n_columns = rows.shape
    if n < _FEWEST:
        return np.zeros(len(_KINDS) * n_columns)
    mean, std = rows.mean(axis=0), rows.std(axis=0)
    scaled = (rows - mean) / np.where(std > 1e-9, std, 1)
    square = scaled**2
    percentiles = quantiles(rows, np.array(_PERCENTILES) / 100)
    low, spread = percentiles[0], percentiles[-1] - percentiles[0]
    time = np.linspace(-1, 1, n)
    rise, fall, peaks, height = _moves(rows)
    above = np.maximum(rows - low, 0)
    return np.concatenate([
        mean, std, (square * scaled).mean(axis=0), (square**2).mean(axis=0), percentiles.ravel(),
        percentiles[4] - percentiles[2], spread, *_trend(rows, time), rise, fall,
        *((above > share * spread).mean(axis=0) for share in _LEVELS), peaks, height,
        rows.argmax(axis=0) / (n - 1), rows.argmin(axis=0) / (n - 1),
        (time @ above) / np.maximum(above.sum(axis=0), 1e-9),
    ])  # fmt: skip


def cosines(rows):
    """Return the first cosines of each column's contour over standard time, (columns, 12).

    Examples
    --------
    >>> cosines(np.ones((30, 1)))[0, :2].round(2).tolist()
    [1.0, 0.0]
    """
    positions = np.linspace(0, len(rows) - 1, _POINTS)
    points = [np.interp(positions, np.arange(len(rows)), column) for column in rows.T]
    return dct(np.array(points), norm="ortho", axis=1)[:, :N_WAVES] / np.sqrt(_POINTS)
