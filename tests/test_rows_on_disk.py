"""Rows of clips in one file: order, names, gaps, and moments against numpy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emopipe.training.rows_on_disk import in_slices, keep, moments


class Tensors:
    """Values of 1 to 3 rows per clip; every fifth clip has none."""

    def __init__(self, n, seed=0):
        rng = np.random.default_rng(seed)
        self.there = np.arange(n) % 5 != 4
        self.values = [
            rng.random((1 + row % 3, 6)).astype(np.float16) if there else None
            for row, there in enumerate(self.there)
        ]


class LazyTensors(Tensors):
    """The same, read through `take` as from the store."""

    def __init__(self, n, seed=0):
        super().__init__(n, seed)
        self.reads, values = [], self.values

        class Values:
            def take(_, rows):
                self.reads.append(len(rows))
                return [values[row] for row in rows]

        self.values = Values()


@given(st.integers(1, 60), st.randoms())
def test_slices_read_every_clip_once_and_few_at_a_time(n, random):
    eager, lazy = Tensors(n), LazyTensors(n)
    rows = np.array(random.sample(range(n), n))
    slices = list(in_slices(lazy, rows))
    assert [rows[position] for position, _ in slices] == [row for row in rows if eager.there[row]]
    assert all(np.array_equal(value, eager.values[rows[position]]) for position, value in slices)
    assert max(lazy.reads) <= 16


def test_kept_rows_lie_in_order_under_their_names():
    first, second = Tensors(20), Tensors(3, seed=1)
    stored = keep([(first, np.arange(20), np.arange(20)), (second, np.array([2, 0]), [70, 80])])
    expected = [v for v in first.values if v is not None] + [second.values[2], second.values[0]]
    assert np.array_equal(stored.rows, np.concatenate(expected)) and stored.rows.dtype == np.float16
    assert stored.clips[-4:].tolist() == [70, 70, 70, 80] and stored.parts[-5:].tolist() == [
        0,
        *[1] * 4,
    ]
    assert np.array_equal(np.unique(stored.clips[stored.parts == 0]), np.flatnonzero(first.there))


def test_nothing_cannot_be_kept():
    with pytest.raises(ValueError, match="no rows"):
        keep([(Tensors(5), np.array([4]), np.array([4]))])


def test_moments_are_those_of_numpy():
    rows = np.random.default_rng(0).normal(3, 2, (200, 7))
    chosen = np.arange(0, 200, 2)
    mean, scale = moments(rows, chosen)
    assert np.allclose(mean, rows[chosen].mean(axis=0), atol=1e-5)
    assert scale == pytest.approx(np.sqrt(rows[chosen].var(axis=0).mean()))
    assert moments(np.ones((3, 2)), np.arange(3))[1] == 1.0
