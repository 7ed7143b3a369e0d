"""Keep the training rows of many clips in one file, however large."""

import tempfile
from typing import NamedTuple

import numpy as np

from emopipe.backbones import half

# Clips, and rows, that are in memory at once.
_CLIPS, _ROWS = 16, 64


class KeptRows(NamedTuple):
    """Rows in a file without a name, which goes when they go.

    Parameters
    ----------
    rows : float16 memmap of shape (n_rows, n_features)
        The operating system keeps in memory what fits.
    clips, parts : int ndarray of shape (n_rows,)
        The clip that a row is of, and the source.
    """

    rows: np.ndarray
    clips: np.ndarray
    parts: np.ndarray


def in_slices(tensors, rows):
    """Yield (place in rows, value) of the clips that have one, reading some clips at a time.

    Parameters
    ----------
    tensors : ClipTensors
        Values of any number of rows each.
    rows : int array
        Clips.
    """
    values = tensors.values
    for first in range(0, len(rows), _CLIPS):
        indices = [
            p for p in range(first, min(first + _CLIPS, len(rows))) if tensors.there[rows[p]]
        ]
        clip_rows = [rows[index] for index in indices]
        lazy = hasattr(values, "take")
        yield from zip(
            indices,
            values.take(clip_rows) if lazy else [values[row] for row in clip_rows],
            strict=True,
        )


def keep(sources) -> KeptRows:
    """Write the values of clips into one file, row below row.

    Parameters
    ----------
    sources : iterable of (ClipTensors, int array, int array)
        Where to read, which clips of it, and what they are called in `KeptRows.clips`.

    Raises
    ------
    ValueError
        If there is no row at all.
    """
    clips, parts, width = [], [], 0
    with tempfile.TemporaryFile(prefix="emopipe-") as file:
        for part, (tensors, rows, names) in enumerate(sources):
            for row, value in in_slices(tensors, rows):
                file.write(np.ascontiguousarray(value, np.float16).tobytes())
                clips += [names[row]] * len(value)
                parts += [part] * len(value)
                width = value.shape[1]
        if not clips:
            raise ValueError("there are no rows to keep")
        file.flush()
        rows = np.memmap(file, np.float16, "r", shape=(len(clips), width))
    return KeptRows(rows, np.array(clips), np.array(parts))


def map_rows(rows, function) -> np.ndarray:
    """Send rows through a function, some at a time, and keep what it returns in a file, too.

    Parameters
    ----------
    rows : array, shape (n_rows, n_features)
    function : callable
        float32 (n, n_features) -> (n, outputs).

    Returns
    -------
    float16 memmap of shape (n_rows, outputs)
    """
    with tempfile.TemporaryFile(prefix="emopipe-") as file:
        for first in range(0, len(rows), _ROWS):
            values = function(rows[first : first + _ROWS].astype(np.float32))
            file.write(half(values).tobytes())
        file.flush()
        return np.memmap(file, np.float16, "r", shape=(len(rows), values.shape[1]))


def moments(rows, chosen) -> tuple[np.ndarray, float]:
    """Return the mean of each column, and one standard deviation for all of them.

    Parameters
    ----------
    rows : float array, shape (n_rows, n_features)
    chosen : int array
        Rows that count.

    Returns
    -------
    float32 ndarray of shape (n_features,), float
        The deviation is 1 where nothing deviates.

    Examples
    --------
    >>> mean, deviation = moments(np.array([[0.0, 2.0], [2.0, 4.0], [9.0, 9.0]]), np.arange(2))
    >>> mean, deviation
    (array([1., 3.], dtype=float32), 1.0)
    """
    total, squares = np.zeros(rows.shape[1]), 0.0
    for first in range(0, len(chosen), _ROWS):
        total += rows[chosen[first : first + _ROWS]].sum(axis=0, dtype=np.float64)
    mean = total / len(chosen)
    for first in range(0, len(chosen), _ROWS):
        squares += np.square(rows[chosen[first : first + _ROWS]] - mean).sum()
    scale = np.sqrt(squares / (len(chosen) * rows.shape[1]))
    return mean.astype(np.float32), float(scale) if scale > 1e-6 else 1.0
