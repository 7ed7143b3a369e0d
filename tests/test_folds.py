import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import KFold, LeaveOneGroupOut, PredefinedSplit
from spies import clip_table

from emopipe.splits import (
    describe_splitter,
    make_folds,
    shared_subjects,
    takes_groups,
)

people = st.lists(st.sampled_from("abcde"), min_size=8, max_size=30).filter(
    lambda names: len(set(names)) > 2
)


def folds_of(subjects, cv, train_only=None, **options):
    n = len(subjects)
    train_only = np.zeros(n, dtype=bool) if train_only is None else train_only
    table = pd.DataFrame({"clip": [f"{i}.wav" for i in range(n)], "train_only": train_only})
    y = np.resize(["fear", "joy"], n)
    return make_folds(table, y, np.array(subjects, dtype=object), cv, **options)[0]


@given(people, st.sampled_from([2, 3, LeaveOneGroupOut()]))
def test_folds_part_the_clips_and_keep_people_apart(subjects, cv):
    folds = folds_of(subjects, cv)
    tested = np.concatenate([fold.test for fold in folds])
    assert sorted(tested) == list(range(len(subjects)))
    for fold in folds:
        assert not shared_subjects(fold, np.array(subjects, dtype=object))
        assert sorted([*fold.train, *fold.test]) == list(range(len(subjects)))


@given(people, st.data())
def test_rows_that_only_train_train_unless_their_subject_is_tested(subjects, data):
    n = len(subjects)
    extra = data.draw(st.lists(st.sampled_from([*"abcde", None]), min_size=1, max_size=10))
    mask = np.arange(n + len(extra)) >= n
    everybody = np.array(subjects + extra, dtype=object)
    for fold in folds_of(everybody, 2, mask):
        assert not mask[fold.test].any()
        assert not shared_subjects(fold, everybody)
        tested = set(everybody[fold.test])
        left = [row for row in np.flatnonzero(mask) if everybody[row] not in tested]
        assert set(np.flatnonzero(mask)) & set(fold.train) == set(left)


@pytest.mark.parametrize(
    ("splitter", "grouped", "words"),
    [
        (KFold(3), False, "KFold(3)"),
        (KFold(3, shuffle=True, random_state=4), False, "KFold(3, shuffle=True, random_state=4)"),
        (LeaveOneGroupOut(), True, "LeaveOneGroupOut()"),
        (PredefinedSplit([0, 1]), False, "PredefinedSplit()"),
    ],
)
def test_splitters_in_words(splitter, grouped, words):
    assert takes_groups(splitter) is grouped
    assert describe_splitter(splitter) == words


def test_a_predefined_split_follows_the_rows_that_are_left():
    table = clip_table("abc", n_each=1)
    remaining = table.drop(index=[0, 8])
    split = PredefinedSplit(np.repeat([0, 1, 2], 3))
    folds, _ = make_folds(
        remaining, remaining["emotion"].to_numpy(), remaining["subject"].to_numpy(), split, n_rows=9
    )
    assert [fold.test.tolist() for fold in folds] == [[0, 1], [2, 3, 4], [5, 6]]


def test_rows_that_train_are_not_tested_where_nobody_is_known_either():
    class Overlapping:
        def split(self, X, y, groups):
            return [(np.arange(8), np.arange(4))]

    table = pd.DataFrame({"clip": [f"{i}.wav" for i in range(8)], "train_only": False})
    with pytest.raises(ValueError, match=r"tests clip 0\.wav, on which it trains"):
        make_folds(table, np.array(["fear", "joy"] * 4), None, Overlapping())
