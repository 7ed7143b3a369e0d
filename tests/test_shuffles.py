"""Random splits by group: each is another one, and a search takes them."""

import numpy as np
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit
from sklearn.naive_bayes import GaussianNB

from emopipe import DistinctGroupShuffleSplit


@given(st.lists(st.integers(0, 9), min_size=2, max_size=30), st.integers(1, 60), st.integers(0, 9))
def test_every_split_tests_other_groups(groups, n_splits, seed):
    groups = np.array(groups)
    splitter = DistinctGroupShuffleSplit(n_splits, test_size=0.3, random_state=seed)
    if len(set(groups)) < 2:
        with pytest.raises(ValueError, match="leaves one side empty"):
            splitter.get_n_splits(groups=groups)
        return
    pairs = list(splitter.split(groups, groups=groups))
    tested = [frozenset(groups[test].tolist()) for _, test in pairs]
    assert len(set(tested)) == len(pairs) == splitter.get_n_splits(groups=groups) <= n_splits
    for train, test in pairs:
        assert np.array_equal(np.sort(np.r_[train, test]), np.arange(len(groups)))
        assert not set(groups[train]) & set(groups[test])
    again = splitter.split(groups, groups=groups)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(pairs, again, strict=True))


def test_a_hundred_shuffles_of_a_film_corpus_differ_and_those_of_four_speakers_are_four():
    clips = np.arange(773)  # AFEW's training part names nobody: every clip is a group of its own
    pairs = list(DistinctGroupShuffleSplit().split(clips, groups=clips))
    assert len({test.tobytes() for _, test in pairs}) == 100
    assert {len(test) for _, test in pairs} == {78}
    speakers = np.repeat(["DC", "JE", "JK", "KL"], 120)
    repeated = GroupShuffleSplit(100, test_size=0.1, random_state=0).split(speakers, None, speakers)
    assert len({test.tobytes() for _, test in repeated}) == 4
    assert len(list(DistinctGroupShuffleSplit().split(speakers, groups=speakers))) == 4


def test_a_grid_search_counts_the_splits_that_there_are():
    speakers = np.repeat(list("abcd"), 6)
    X, y = np.arange(24.0)[:, None], np.tile(["joy", "fear"], 12)
    with sklearn.config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            GaussianNB(), {"var_smoothing": [1e-9, 1e-3]}, cv=DistinctGroupShuffleSplit()
        ).fit(X, y, groups=speakers)
    assert search.n_splits_ == 4


def test_groups_are_needed():
    with pytest.raises(ValueError, match="needs groups"):
        next(DistinctGroupShuffleSplit().split([1, 2]))
