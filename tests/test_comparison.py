"""Differences: intervals, tests and effects are those of scipy, numpy and of hand-made examples."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from test_result import make_result

from emopipe.comparison import compare, differences, holm, sign_flip_p
from emopipe.metrics import FIGURES


def predictions(predicted, subjects="aabbccdd", emotion=None):
    n = len(subjects)
    return pd.DataFrame(
        {
            "clip": [f"{i}.wav" for i in range(n)],
            "subject": list(subjects),
            "emotion": emotion or ["anger", "fear"] * (n // 2),
            "predicted": predicted,
            "fold": 0,
        }
    )


def result(predicted, **changes):
    table = predictions(predicted, **changes)
    return make_result(predictions=table, classes=["anger", "fear"])


def test_compare_is_zero_with_itself_and_antisymmetric():
    a = result(["anger", "fear", "fear", "fear"] * 2)
    b = result(["anger", "anger", "anger", "fear"] * 2)
    same = compare(a, a)
    assert same["accuracy"]["value"] == 0 and np.isnan(same["accuracy"]["low"])
    there, back = compare(a, b), compare(b, a)
    for name in FIGURES:
        assert there[name]["value"] == pytest.approx(-back[name]["value"])
        assert there[name]["low"] == pytest.approx(-back[name]["high"])


def test_compare_pairs_subjects():
    # Hard and easy subjects make both uncertain, but b is better by one clip for everybody.
    a = result(["fear", "anger"] * 2 + ["anger", "anger"] * 2)
    b = result(["anger", "anger"] * 2 + ["anger", "fear"] * 2)
    difference = compare(a, b)
    assert difference["accuracy"] == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert (difference["n"], difference["units"], difference["same_folds"]) == (8, 4, True)


def test_compare_wants_the_same_clips():
    a = result(["anger", "fear"] * 4)
    b = result(["anger", "fear"] * 3, subjects="aabbcc")
    with pytest.raises(ValueError, match="share 6 clips"):
        compare(a, b)
    assert compare(a, b, common=True)["n"] == 6
    relabelled = result(["anger"] * 8, emotion=["fear", "anger"] * 4)
    with pytest.raises(ValueError, match="share 0 clips"):
        compare(a, relabelled, common=True)


numbers = st.lists(st.integers(-5, 5), min_size=2, max_size=8)


@given(numbers)
def test_the_test_is_the_permutation_test_of_scipy(values):
    reference = stats.permutation_test(
        (np.array(values, float),), np.sum, permutation_type="samples", n_resamples=np.inf
    )
    doubled = min(1.0, reference.pvalue)
    assert sign_flip_p(values) == pytest.approx(doubled)


def test_many_people_are_tested_by_random_swaps_close_to_the_normal_test():
    values = np.random.default_rng(0).normal(0.15, 1, 91)
    p = sign_flip_p(values, random_state=1)
    assert p == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=0.02)
    assert p == sign_flip_p(values, random_state=1)
    assert sign_flip_p(np.ones(91)) == pytest.approx(1 / 20_001)
    assert sign_flip_p([0.0] * 20) == 1.0


def test_the_test_keeps_its_level_where_nothing_differs():
    rng = np.random.default_rng(3)
    p_values = [sign_flip_p(rng.normal(size=8)) for _ in range(400)]
    assert 0.02 < np.mean(np.array(p_values) <= 0.05) < 0.08


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_adjusted_values_are_between_the_raw_and_the_bonferroni_ones(p_values):
    adjusted, raw = holm(p_values), np.array(p_values)
    assert (adjusted >= raw).all() and (adjusted <= np.minimum(1, raw * len(raw) + 1e-12)).all()
    order = np.argsort(raw, kind="stable")
    assert (np.diff(adjusted[order]) >= 0).all()


def test_the_effect_is_the_mean_over_the_standard_deviation_of_people():
    a = result(["fear", "fear"] * 4)  # one of two right for everybody
    b = result(["anger", "fear"] * 2 + ["anger", "anger", "fear", "fear"])
    test = compare(a, b)["test"]["accuracy"]
    gains = np.array([0.5, 0.5, 0.0, 0.0])
    assert test["effect"] == pytest.approx(gains.mean() / gains.std(ddof=1), abs=1e-6)
    assert (test["better"], test["worse"], test["units"]) == (2, 0, 4)
    assert test["p"] == test["adjusted"] == 0.5


def test_every_pair_is_compared_and_adjusted_for_their_number():
    subjects = "".join(letter * 2 for letter in "abcdefgh")
    answers = {"low": ["fear"] * 16, "high": ["anger", "fear"] * 8, "none": [None] * 16}
    results = {k: result(v, subjects=subjects) for k, v in answers.items()}
    rows = differences(results, n_bootstrap=50)
    assert [(row["a"], row["b"]) for row in rows] == [
        ("low", "high"), ("low", "none"), ("high", "none")
    ]  # fmt: skip
    raw = [row["test"]["uar"]["p"] for row in rows]
    assert raw == [2 / 256] * 3
    assert [row["test"]["uar"]["adjusted"] for row in rows] == [6 / 256] * 3
    assert len(differences(results, ["low"], n_bootstrap=0)) == 2
