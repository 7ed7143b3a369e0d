"""Who is held out to judge a network while it is trained."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emopipe.splits import validation_rows


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=2, max_size=60),
    st.floats(0.05, 0.9),
    st.integers(0, 9),
)
def test_no_subject_is_on_both_sides(rows, share, seed):
    groups, y = (np.array(column) for column in zip(*rows, strict=True))
    validation = validation_rows(y, groups, share=share, random_state=seed)
    assert 0 < validation.sum() < len(y)
    if len(set(groups)) > 1:
        assert not set(groups[validation]) & set(groups[~validation])


@given(st.integers(0, 99))
def test_every_class_keeps_training_rows_where_it_can(seed):
    groups = np.repeat(np.arange(6), 4)
    y = np.where(groups == 5, 2, np.arange(24) % 2)  # one class is a single subject's
    validation = validation_rows(y, groups, share=0.3, random_state=seed)
    assert set(y[~validation]) == {0, 1, 2}


def test_without_groups_rows_are_drawn_by_class():
    y = np.repeat([0, 1, 2], 20)
    validation = validation_rows(y, share=0.2)
    assert np.bincount(y[validation]).tolist() == [4, 4, 4]
    assert np.array_equal(validation, validation_rows(y, share=0.2))


def test_missing_subjects_count_as_one_each():
    groups = np.array(["a"] * 5 + [None] * 5, dtype=object)
    validation = validation_rows(np.arange(10) % 2, groups, share=0.5, random_state=0)
    assert validation.sum() == 3 or validation[:5].all()


def test_nobody_is_held_out():
    assert not validation_rows([0, 1, 0], share=0).any()
    assert not validation_rows([0], share=0.5).any()
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        validation_rows([0, 1], share=1)
