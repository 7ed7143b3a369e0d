"""Keep the training rows of many clips in one file, however large."""

import tempfile
from typing import NamedTuple

import numpy as np

# Clips, rows of which moments are taken, and rows for a network that are in memory at once.
_CLIPS, _ROWS, _SENT = 16, 64, 16


class RowFile:
    """Rows that are written, one below the other, into a file that goes when they go.

    Attributes
    ----------
    n : int
        Rows so far.
    """

    def __init__(self):
        self.n, self._file = 0, tempfile.TemporaryFile(prefix="emopipe-")  # noqa: SIM115 - `array`

    def add(self, rows):
        """Write a float array (n, n_features): float16 where it is, else float32."""
        self._dtype = np.float16 if rows.dtype == np.float16 else np.float32
        self._file.write(np.ascontiguousarray(rows, dtype=self._dtype).data)
        self._width = rows.shape[1]
        self.n += len(rows)

    def array(self):
        """Return all rows as a memmap; the operating system keeps in memory what fits."""
        with self._file as file:
            file.flush()
            return np.memmap(file, self._dtype, "r", shape=(self.n, self._width))


class KeptRows(NamedTuple):
    """Rows of many clips in a file.

    Parameters
    ----------
    rows : float16 memmap of shape (n_rows, n_features)
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
    clips, parts, file = [], [], RowFile()
    for part, (tensors, rows, names) in enumerate(sources):
        for row, value in in_slices(tensors, rows):
            file.add(np.asarray(value, np.float16))
            clips += [names[row]] * len(value)
            parts += [part] * len(value)
    if not clips:
        raise ValueError("there are no rows to keep")
    return KeptRows(file.array(), np.array(clips), np.array(parts))


def map_rows(rows, function) -> np.ndarray:
    """Send rows through a function, some at a time, and keep what it returns in a file, too.

    Parameters
    ----------
    rows : array, shape (n_rows, n_features)
    function : callable
        float32 (n, n_features) -> float16 or float32 (n, outputs).

    Returns
    -------
    memmap of shape (n_rows, outputs)
    """
    outputs = RowFile()
    for first in range(0, len(rows), _SENT):
        outputs.add(np.asarray(function(np.asarray(rows[first : first + _SENT], np.float32))))
    return outputs.array()


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
