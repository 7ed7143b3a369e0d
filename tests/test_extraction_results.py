"""Values read from the store when asked for: the same ones, and no others kept in memory."""

import numpy as np
import pytest
from recipes import rows, write_clips

from emopipe.extraction import Recipe, extract
from emopipe.extraction.results import StoredValues
from emopipe.store import Store, StoreError

RECIPE = Recipe("rows", 1, rows, pooling="stack")


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "store.sqlite", memo_bytes=0)


@pytest.fixture
def clips(tmp_path):
    return write_clips(tmp_path, [[[1, 2]], "no_face", [[3, 4], [5, 6]], [[7, 8]]])


def test_same_as_eager(store, clips):
    paths = [*clips[::-1], clips[0]]
    lazy = extract(paths, RECIPE, store=store, n_jobs=1, lazy=True)
    eager = extract(paths, RECIPE, store=store, n_jobs=1)
    assert isinstance(lazy.values, StoredValues)
    assert lazy.prepared == 4 and eager.prepared == 0
    assert lazy.statuses == eager.statuses and lazy.counts == eager.counts
    for first, other in zip(lazy.values, eager.values, strict=True):
        assert (first is None and other is None) or np.array_equal(first, other)
    assert [v is None for v in lazy.values[1:3]] == [False, True]
    again = extract(paths, RECIPE, store=store, n_jobs=1, lazy=True)
    assert again.prepared == 0 and np.array_equal(again.values[3], lazy.values[4])


def test_take_repeats_and_reorders(store, clips):
    values = extract(clips, RECIPE, store=store, n_jobs=1, lazy=True).values
    chosen = values.take(np.array([3, 0, 1, 3]))
    assert chosen.pop(2) is None
    assert [value.tolist() for value in chosen] == [[[7, 8]], [[1, 2]], [[7, 8]]]


def test_nothing_stays_in_memory(store, clips):
    extraction = extract(clips, RECIPE, store=store, n_jobs=1, lazy=True)
    assert not any(isinstance(value, np.ndarray) for value in vars(extraction.values).values())
    assert store._memo.bytes == 0


def test_what_has_gone_is_computed_again(store, clips):
    values = extract(clips, RECIPE, store=store, n_jobs=1, lazy=True).values
    store.gc(recipe="rows")
    assert values[2].tolist() == [[3, 4], [5, 6]]


def test_what_cannot_be_computed_again_is_told(store, clips, tmp_path):
    values = extract(clips, RECIPE, store=store, n_jobs=1, lazy=True).values
    store.gc(recipe="rows")
    write_clips(tmp_path, ["no_face"])
    with pytest.raises(StoreError, match=r"row 0 first"):
        values.take([3, 0])


def test_without_a_store_values_are_in_memory(clips):
    extraction = extract(clips, RECIPE, store=None, n_jobs=1, lazy=True)
    assert isinstance(extraction.values, list) and extraction.values[0].tolist() == [[1, 2]]
