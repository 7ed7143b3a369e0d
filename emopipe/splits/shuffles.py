"""Random splits by group that do not repeat one another."""

from itertools import combinations, islice
from math import ceil, comb

import numpy as np
from sklearn.model_selection import GroupShuffleSplit


class DistinctGroupShuffleSplit(GroupShuffleSplit):
    """Random splits by group, each of which tests other groups than all before it.

    `GroupShuffleSplit` repeats itself where groups are few: its 100 shuffles of four speakers test
    one speaker each, so that only four of them differ. Here these four come once.

    Parameters
    ----------
    n_splits : int
        Splits, or all that there are, where these are fewer.
    test_size : float or int
        Share of the groups that are tested, rounded up, or their number.
    random_state : int or None

    See Also
    --------
    sklearn.model_selection.GroupShuffleSplit : The same with repetitions.

    Examples
    --------
    >>> from emopipe import DistinctGroupShuffleSplit
    >>> splitter = DistinctGroupShuffleSplit(100)
    >>> subjects = ["DC", "DC", "JE", "JK", "KL"]
    >>> [test.tolist() for _, test in splitter.split(subjects, groups=subjects)]
    [[0, 1], [2], [3], [4]]
    >>> splitter.get_n_splits(groups=subjects)
    4
    """

    def __init__(self, n_splits=100, *, test_size=0.1, random_state=0):
        super().__init__(n_splits, test_size=test_size, random_state=random_state)

    def split(self, X, y=None, groups=None):
        """Yield row numbers of the training side and of the test side.

        Parameters
        ----------
        X, y : array-like, shape (n_clips,)
            Only how many there are counts.
        groups : array-like, shape (n_clips,)
            Subjects.

        Yields
        ------
        (int ndarray, int ndarray)

        Raises
        ------
        ValueError
            Without groups, or where one side would be empty.
        """
        rows, n_groups, n_test = self._sizes(groups)
        for chosen in self._choices(n_groups, n_test):
            tested = np.isin(rows, chosen)
            yield np.flatnonzero(~tested), np.flatnonzero(tested)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return how many splits there are of these groups; without groups, how many at most."""
        if groups is None:
            return self.n_splits
        _, n_groups, n_test = self._sizes(groups)
        return min(self.n_splits, comb(n_groups, n_test))

    def _sizes(self, groups):
        """Return each row's group as a number, and how many groups there are and are tested."""
        if groups is None:
            raise ValueError("DistinctGroupShuffleSplit needs groups: say whose clips they are")
        names, rows = np.unique(np.asarray(groups), return_inverse=True)
        share = isinstance(self.test_size, float)
        n_test = ceil(self.test_size * len(names)) if share else self.test_size
        if not 0 < n_test < len(names):
            raise ValueError(
                f"test_size={self.test_size!r} of {len(names)} groups leaves one side empty: it "
                "must test at least one and leave at least one to train"
            )
        return rows, len(names), n_test

    def _choices(self, n_groups, n_test):
        """Yield the groups that are tested: all choices, or so many random ones."""
        if comb(n_groups, n_test) <= self.n_splits:
            yield from combinations(range(n_groups), n_test)
            return
        rng = np.random.default_rng(self.random_state)

        def draws():
            drawn = set()
            while True:
                chosen = tuple(sorted(rng.permutation(n_groups)[:n_test].tolist()))
                if chosen not in drawn:
                    drawn.add(chosen)
                    yield chosen

        yield from islice(draws(), self.n_splits)
