"""Mini-batches by number, made by threads ahead of the network that eats them."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import numpy as np

_SHUFFLES, _TRAINS, _VALIDATES = range(3)


class Stream:
    """Results of `make` in order, made ahead by threads.

    An error in `make` ends the stream and stays in `error`, because Keras would turn it into one of
    its own that hides the reason.

    Parameters
    ----------
    make : callable
        ``make(number)``, for any number from `start` on; called by threads.
    start : int
        First number.
    workers : int
        Threads; twice as many results may wait.

    Examples
    --------
    >>> with Stream(lambda number: number**2, start=3) as stream:
    ...     results = stream.results()
    ...     [next(results) for _ in range(3)]
    [9, 16, 25]
    """

    def __init__(self, make: Callable, *, start=0, workers=2):
        self.make, self.number, self.workers = make, start, workers
        self.given = start
        self.error, self.closed, self.waiting = None, False, deque()

    def results(self) -> Iterator:
        """Yield result after result, without end."""
        try:
            while True:
                while len(self.waiting) < 2 * self.workers:
                    self.waiting.append(self.threads.submit(self.make, self.number))
                    self.number += 1
                result = self.waiting.popleft().result()
                self.given += 1
                yield result
        except Exception as error:
            # Whoever reads ahead may ask once more after the end.
            if not self.closed:
                self.error = error

    def check(self, before=None) -> None:
        """Raise the error that ended the stream, if one did (before that number, if given).

        Keras reads ahead: when the stream breaks, the epochs before the break are still to end.
        """
        if self.error is not None and (before is None or self.given < before):
            raise self.error

    def __enter__(self):
        self.threads = ThreadPoolExecutor(self.workers, thread_name_prefix="emopipe-batches")
        return self

    def __exit__(self, *_):
        self.closed = True
        self.threads.shutdown(cancel_futures=True)
        # TensorFlow never lets go of a generator; what it was made for must not stay with it.
        self.make = None
        self.waiting.clear()


def filled(order, number, size):
    """Return the rows of a batch, filled up from the beginning, and how many are its own.

    Parameters
    ----------
    order : int array, shape (n,)
        Rows in the order of an epoch.
    number, size : int
        Which batch, and rows per batch.

    Examples
    --------
    >>> filled(np.arange(5), 1, 3)
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
        See `emopipe.nets.training`.
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
        self._order = lru_cache(2)(self._shuffled)

    def _shuffled(self, epoch):
        return np.random.default_rng([self.seed, _SHUFFLES, epoch]).permutation(self.rows)

    def _made(self, order, number, rng, training):
        rows, own = filled(order, number, self.size)
        weights = np.where(np.arange(self.size) < own, self.weights[rows], 0)
        return self.batch(rows, rng, training), self.y[rows], weights.astype(np.float32)

    def training(self, number):
        """Return a batch of shuffled rows; number counts on through the epochs."""
        epoch, step = divmod(number, self.steps)
        rng = np.random.default_rng([self.seed, _TRAINS, epoch, step])
        return self._made(self._order(epoch), step, rng, True)

    def validation(self, number):
        """Return a batch of rows in their order, the same in every epoch."""
        step = number % self.steps
        rng = np.random.default_rng([self.seed, _VALIDATES, step])
        return self._made(self.rows, step, rng, False)
