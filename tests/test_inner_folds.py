"""Inner folds: by subject unless something else is said, and never a row on both sides."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    LeaveOneGroupOut,
    PredefinedSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
)

from emopipe.splits import inner_folds, subjects_of

Y = np.array(["fear", "joy"] * 20)
SUBJECTS = np.array([f"s{i // 4}" for i in range(40)])


@given(st.lists(st.integers(0, 8), min_size=6, max_size=40).filter(lambda s: len(set(s)) > 1))
def test_no_subject_is_on_both_sides_and_every_row_is_tested_once(subjects):
    subjects = np.array(subjects)
    folds = inner_folds(None, np.zeros(len(subjects)), subjects)
    assert len(folds) == min(5, len(set(subjects.tolist())))
    for train, test in folds:
        assert not set(subjects[train]) & set(subjects[test])
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(subjects)))


@pytest.mark.parametrize(
    ("cv", "n_folds"),
    [
        (None, 5),
        (3, 3),
        (np.int64(4), 4),
        (GroupKFold(2), 2),
        (StratifiedGroupKFold(4), 4),
        (LeaveOneGroupOut(), 10),
        (StratifiedKFold(3), 3),
        (PredefinedSplit(np.repeat([0, 1, -1, 2], 10)), 3),
        (list(GroupKFold(2).split(Y, Y, SUBJECTS)), 2),
    ],
    ids=lambda cv: type(cv).__name__ if hasattr(cv, "split") else str(cv)[:6],
)
def test_folds_may_be_given_in_many_ways(cv, n_folds):
    folds = inner_folds(cv, Y, SUBJECTS)
    assert len(folds) == n_folds
    if not isinstance(cv, StratifiedKFold | PredefinedSplit):
        assert not any(set(SUBJECTS[train]) & set(SUBJECTS[test]) for train, test in folds)


def test_masks_are_rows_too():
    half = np.arange(40) < 20
    (train, test), _ = inner_folds([(half, ~half), (~half, half)], Y, None)
    assert train.tolist() == list(range(20)) and test.tolist() == list(range(20, 40))


@pytest.mark.parametrize("cv", [None, 5, GroupKFold(3)])
def test_without_subjects_it_is_told_what_to_do(cv):
    with pytest.raises(ValueError, match=r"no subjects are known: pass groups.*StratifiedKFold"):
        inner_folds(cv, Y, None)
    holed = pd.Series(SUBJECTS).where(np.arange(40) > 2).to_numpy()
    with pytest.raises(ValueError, match=r"3 of 40 clips \(such as row 0\) have none: pass groups"):
        inner_folds(cv, Y, holed)


def test_a_splitter_that_takes_no_groups_is_taken_at_its_word():
    holed = pd.Series(SUBJECTS).where(np.arange(40) > 2).to_numpy()
    for subjects in (None, holed):
        assert len(inner_folds(StratifiedKFold(3), Y, subjects)) == 3


def test_too_few_subjects_are_told():
    with pytest.raises(ValueError, match=r"inner folds .* need 12 subjects or more, found 10"):
        inner_folds(12, Y, SUBJECTS)
    with pytest.raises(ValueError, match="all clips are of one subject"):
        inner_folds(None, Y, np.full(40, "s"))


def test_folds_that_test_a_row_twice_or_train_on_it_are_told():
    with pytest.raises(ValueError, match=r"row \d+ [23] times"):
        inner_folds(GroupShuffleSplit(3, test_size=0.5, random_state=0), Y, SUBJECTS)
    rows = np.arange(40)
    with pytest.raises(ValueError, match="fold 0 tests row 0, on which it trains"):
        inner_folds([(rows, rows[:20])], Y, SUBJECTS)
    with pytest.raises(ValueError, match="test no clip"):
        inner_folds([(rows, rows[:0])], Y, SUBJECTS)


def test_a_splitter_of_strangers_is_given_the_subjects():
    class ByHalf:
        def split(self, X, y, groups):
            assert groups is not None
            half = np.isin(groups, np.unique(groups)[:5])
            return [(np.flatnonzero(half), np.flatnonzero(~half))]

    ((train, test),) = inner_folds(ByHalf(), Y, SUBJECTS)
    assert len(train) == len(test) == 20


def test_rows_that_only_train_are_never_tested():
    train_only = np.arange(40) % 4 == 0
    folds = inner_folds(None, Y, SUBJECTS, train_only)
    assert not train_only[np.concatenate([test for _, test in folds])].any()
    assert all(train_only[train].any() for train, _ in folds)
    for train, test in folds:
        assert not set(SUBJECTS[train]) & set(SUBJECTS[test])
    everything = inner_folds(None, Y, SUBJECTS, np.ones(40, dtype=bool))
    assert sum(len(test) for _, test in everything) == 40


def test_subjects_come_from_groups_or_from_the_clip_table():
    clips = pd.DataFrame({"subject": list("ab")})
    assert subjects_of(clips, None).tolist() == ["a", "b"]
    assert subjects_of(clips, [1, 2]).tolist() == [1, 2]
    assert subjects_of(clips[[]], None) is subjects_of([1, 2], None) is None
