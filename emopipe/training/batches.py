"""Mini-batches by number, prefetched by threads."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np

_SHUFFLES, _TRAINS, _VALIDATES = range(3)


def prefetch(make: Callable, numbers: Iterable[int], *, workers: int = 2) -> Iterator:
    """Yield ``make(number)`` of each number, in order; threads make some ahead.

    An error in `make` is raised where its result is due. Close the iterator to end the threads
    before it is exhausted.

    Parameters
    ----------
    make : callable
        Called by threads, for each number once.
    numbers : iterable of int
    workers : int
        Threads; twice as many results may wait.

    Examples
    --------
    >>> list(prefetch(lambda number: number**2, range(3, 6)))
    [9, 16, 25]
    """
    threads, waiting = ThreadPoolExecutor(workers, thread_name_prefix="emopipe-batches"), deque()
    try:
        for number in numbers:
            waiting.append(threads.submit(make, number))
            if len(waiting) == 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        threads.shutdown(cancel_futures=True)


def fill_batch(order, number, size):
    """Return the rows of a batch, filled up from the beginning, and how many are its own.

    Parameters
    ----------
    order : int array, shape (n,)
        Rows in the order of an epoch.
    number, size : int
        Which batch, and rows per batch.

    Examples
    --------
    >>> fill_batch(np.arange(5), 1, 3)
    (array([3, 4, 0]), 2)
    """
    rows = order[number * size : (number + 1) * size]
    return np.concatenate([rows, np.resize(order, size - len(rows))]), len(rows)


class Batches:
    """Batches of (inputs, labels, weights), numbered through all epochs.

    What a batch holds depends on the seed and its number alone, so that threads may make it and a
    fit may go on in any epoch.

    Parameters
    ----------
    batch : callable
        See `emopipe.training.loop`.
    y : int array, shape (n_rows,)
    weights : float array, shape (n_rows,)
    rows : int array
        The rows that take part.
    size : int
        Rows per batch.
    seed : int
        Of order and draws.
    """

    def __init__(self, batch, y, weights, rows, *, size, seed):
        self.batch, self.y, self.weights, self.rows = batch, y, weights, rows
        self.size, self.seed = size, seed
        self.steps = -(-len(rows) // size)
        self._order = lru_cache(2)(self._shuffle)

    def _shuffle(self, epoch):
        return np.random.default_rng([self.seed, _SHUFFLES, epoch]).permutation(self.rows)

    def _make(self, order, number, rng, training):
        rows, n_real = fill_batch(order, number, self.size)
        weights = np.where(np.arange(self.size) < n_real, self.weights[rows], 0)
        return self.batch(rows, rng, training), self.y[rows], weights.astype(np.float32)

    def training(self, number):
        """Return a batch of shuffled rows; number counts on through the epochs."""
        epoch, step = divmod(number, self.steps)
        rng = np.random.default_rng([self.seed, _TRAINS, epoch, step])
        return self._make(self._order(epoch), step, rng, True)

    def validation(self, step):
        """Return a batch of rows in their order, the same in every epoch."""
        rng = np.random.default_rng([self.seed, _VALIDATES, step])
        return self._make(self.rows, step, rng, False)
