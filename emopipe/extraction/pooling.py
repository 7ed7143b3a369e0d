"""Pool a clip's rows, which arrive block by block, into one value."""

import math

import numpy as np

# Bytes of one value: what a store holds.
LARGEST_VALUE = 10**9 - 10**6
# Rows are reduced in runs of this many, counted from the clip's start, so that sums do not depend
# on how the rows were cut into blocks and batches.
_RUN = 256


class LargeValue(ValueError):
    """The value of a clip that would take more bytes than a store holds."""


def _floating(dtype: np.dtype) -> np.dtype:
    """Return the dtype of a statistic of such rows: float32 stays, integers become float64."""
    return dtype if dtype in (np.float32, np.float64) else np.dtype(np.float64)


class _Moments:
    """Mean and sum of squared deviations in float64, run by run (Chan et al. 1983)."""

    def __init__(self):
        self.n = 0
        self.filled = 0
        self.waiting = None

    def add(self, rows, times=None):
        if self.waiting is None:
            self.waiting = np.empty((_RUN, *rows.shape[1:]), rows.dtype)
            self.mean = self.squares = np.zeros(rows.shape[1:])
        while len(rows):
            first = rows[: _RUN - self.filled]
            self.waiting[self.filled : self.filled + len(first)] = first
            self.filled += len(first)
            rows = rows[len(first) :]
            if self.filled == _RUN:
                self._merge()

    def _merge(self):
        run = self.waiting[: self.filled].astype(np.float64)
        mean = run.mean(axis=0)
        squares = np.square(run - mean).sum(axis=0)
        total = self.n + len(run)
        apart = mean - self.mean
        self.mean = self.mean + apart * (len(run) / total)
        self.squares = self.squares + squares + apart**2 * (self.n * len(run) / total)
        self.n, self.filled = total, 0

    def moments(self):
        if self.filled:
            self._merge()
        dtype = _floating(self.waiting.dtype)
        std = np.sqrt(self.squares / self.n)
        return np.atleast_1d(self.mean.astype(dtype)), np.atleast_1d(std.astype(dtype))


class Mean(_Moments):
    """Mean over all rows."""

    def value(self) -> np.ndarray:
        """Return the mean, of the shape of a row."""
        return self.moments()[0]


class MeanStd(_Moments):
    """Mean, then standard deviation (divided by n, as numpy's) over all rows."""

    def value(self) -> np.ndarray:
        """Return both, one after the other along the first axis."""
        return np.concatenate(self.moments())


class Max:
    """Largest value of each column."""

    def __init__(self):
        self.n, self.largest = 0, None

    def add(self, rows, times=None):
        """Take in the next rows."""
        if len(rows):
            largest = rows.max(axis=0)
            self.largest = largest if self.n == 0 else np.maximum(self.largest, largest)
            self.n += len(rows)

    def value(self) -> np.ndarray:
        """Return the maxima, of the shape of a row."""
        return np.atleast_1d(self.largest.astype(_floating(self.largest.dtype)))


class Temporal:
    """Mean, standard deviation, range, maximum and mean absolute step between rows in sequence.

    Expressions move: two clips of one mean face differ in how far and how fast it changes.
    """

    def __init__(self):
        self.rows, self.steps, self.last = MeanStd(), Mean(), None
        self.largest, self.negative = Max(), Max()

    def add(self, rows, times=None):
        """Take in the next rows; the step into the first one of all is none."""
        if not len(rows):
            return
        rows = rows.astype(_floating(rows.dtype), copy=False)
        self.rows.add(rows)
        self.largest.add(rows)
        self.negative.add(-rows)
        before = rows[:0] if self.last is None else self.last
        steps = np.abs(np.diff(np.concatenate([before, rows]), axis=0))
        if len(steps):
            self.steps.add(steps)
        self.last = rows[-1:].copy()

    def value(self) -> np.ndarray:
        """Return the five statistics, one after the other along the first axis."""
        largest = self.largest.value()
        change = np.zeros_like(largest) if self.steps.waiting is None else self.steps.value()
        return np.concatenate([self.rows.value(), largest + self.negative.value(), largest, change])


class Stack:
    """All rows, one below the other, as they came."""

    def __init__(self):
        self.n, self.bytes, self.blocks = 0, 0, []

    def add(self, rows, times=None):
        """Take in the next rows; LargeValue if they are too many."""
        self.bytes += rows.nbytes
        if self.bytes > LARGEST_VALUE:
            raise LargeValue(
                f"its rows take more than {LARGEST_VALUE / 1e9:.1f} GB: cut it into clips, or take "
                "fewer frames a second"
            )
        self.blocks.append(rows)
        self.n += len(rows)

    def value(self) -> np.ndarray:
        """Return the rows, of shape (n, ...)."""
        return np.concatenate(self.blocks)


class Timed(Stack):
    """All rows as float64, each preceded by its time in seconds."""

    def add(self, rows, times=None):
        """Take in the next rows and their times."""
        if times is None:
            raise ValueError('pooling "timed" needs blocks with times: Block(rows, times)')
        flat = rows.reshape(len(rows), math.prod(rows.shape[1:]))
        super().add(np.column_stack([np.asarray(times, np.float64), flat]))


POOLINGS = {
    "mean": Mean,
    "mean_std": MeanStd,
    "max": Max,
    "temporal": Temporal,
    "stack": Stack,
    "timed": Timed,
}
# The statistics of a column, for poolings that give one row of fixed length, in their order.
STATISTICS = {
    "mean_std": ("mean", "std"),
    "temporal": ("mean", "std", "range", "peak", "change"),
}
