import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics as reference

from emopipe import metrics

CLASSES = ["anger", "fear", "joy"]
labels = st.lists(st.sampled_from(CLASSES), min_size=1, max_size=40)
confusions = arrays(np.int64, (4, 3, 4), elements=st.integers(0, 5))


def confusion_of(true, predicted, units=None):
    units = np.zeros(len(true)) if units is None else units
    return metrics.count_confusions(true, predicted, units, CLASSES)[0]


@given(st.data(), labels)
def test_figures_are_those_of_scikit_learn(data, true):
    n = len(true)
    predicted = data.draw(st.lists(st.sampled_from(CLASSES), min_size=n, max_size=n))
    counts = confusion_of(true, predicted)[0]
    assert metrics.accuracy(counts) == pytest.approx(reference.accuracy_score(true, predicted))
    expected = reference.recall_score(true, predicted, average="macro", labels=sorted(set(true)))
    assert metrics.uar(counts) == pytest.approx(expected)
    expected = reference.f1_score(true, predicted, average="macro")
    assert metrics.macro_f1(counts) == pytest.approx(expected)
    expected = reference.confusion_matrix(true, predicted, labels=CLASSES)
    np.testing.assert_array_equal(counts[:, :-1], expected)


def test_no_answer_is_wrong_for_every_figure():
    counts = confusion_of(["anger", "anger", "fear"], ["anger", None, "fear"])[0]
    assert metrics.accuracy(counts) == pytest.approx(2 / 3)
    np.testing.assert_allclose(metrics.recall(counts), [0.5, 1, np.nan])
    np.testing.assert_allclose(metrics.precision(counts), [1, 1, np.nan])
    assert metrics.uar(counts) == pytest.approx(0.75)


def test_unknown_true_label_is_refused():
    with pytest.raises(ValueError, match="'rage'"):
        confusion_of(["anger", "rage"], ["anger", "anger"])


@given(confusions, st.integers(0, 2**32 - 1))
def test_resampling_draws_whole_units(counts, seed):
    draws = metrics.resample(counts, 20, seed)
    assert draws.shape == (20, 3, 4)
    sizes = counts.sum((1, 2))
    assert (draws.sum((1, 2)) >= 4 * sizes.min()).all()
    assert (draws.sum((1, 2)) <= 4 * sizes.max()).all()
    np.testing.assert_array_equal(draws, metrics.resample(counts, 20, seed))


def test_equal_units_leave_no_doubt():
    counts = np.repeat(confusion_of(["anger", "fear"], ["anger", "anger"]), 5, axis=0)
    figure = metrics.summarize(counts)[0]["accuracy"]
    assert figure == {"value": 0.5, "low": 0.5, "high": 0.5}


def test_interval_of_independent_clips_is_the_binomial_one():
    right = np.arange(400) % 10 < 7
    true, units = np.array(["anger"] * 400), np.arange(400)
    counts = confusion_of(true, np.where(right, "anger", "fear"), units)
    figure = metrics.summarize(counts, n_bootstrap=4000)[0]["accuracy"]
    half = 1.96 * np.sqrt(0.7 * 0.3 / 400)
    assert figure["value"] == pytest.approx(0.7)
    assert figure["low"] == pytest.approx(0.7 - half, abs=0.005)
    assert figure["high"] == pytest.approx(0.7 + half, abs=0.005)


def test_repeating_every_clip_of_a_subject_adds_no_certainty():
    right = np.arange(50) % 10 < 6
    true = np.array(["anger"] * 50)
    predicted = np.where(right, "anger", "fear")
    once = confusion_of(true, predicted, np.arange(50))
    often = confusion_of(np.tile(true, 9), np.tile(predicted, 9), np.tile(np.arange(50), 9))
    by_subject = [metrics.summarize(counts)[0]["accuracy"] for counts in (once, often)]
    assert by_subject[0] == by_subject[1]
    by_clip = confusion_of(np.tile(true, 9), np.tile(predicted, 9), np.arange(450))
    naive = metrics.summarize(by_clip)[0]["accuracy"]
    assert naive["high"] - naive["low"] < 0.5 * (by_subject[1]["high"] - by_subject[1]["low"])


@given(confusions)
def test_value_lies_in_its_interval_or_there_is_none(counts):
    overall, per_class = metrics.summarize(counts, n_bootstrap=50)
    for figure in overall.values():
        assert np.isnan(figure["value"]) or 0 <= figure["value"] <= 1
        assert not figure["low"] > figure["high"]
    assert per_class["support"].tolist() == counts.sum((0, 2)).tolist()


def test_one_subject_has_no_interval():
    figure = metrics.summarize(confusion_of(["anger"], ["anger"]))[0]["accuracy"]
    assert figure["value"] == 1 and np.isnan(figure["low"]) and np.isnan(figure["high"])


@pytest.mark.parametrize(("predicted", "value"), [("anger", 1), ("fear", 0)])
def test_fourteen_right_clips_are_no_proof_that_all_will_be(predicted, value):
    counts = np.repeat(confusion_of(["anger"], [predicted]), 14, axis=0)
    figure, per_class = metrics.summarize(counts)
    assert figure["accuracy"]["value"] == value and np.isnan(figure["accuracy"]["low"])
    assert np.isnan(per_class["high"].to_numpy()).all()


def test_no_difference_is_never_minus_zero():
    draws = np.array([-1e-17, 0.1, -0.0])
    figure = metrics.with_interval(-0.0, draws)
    assert [str(figure["value"]), str(figure["low"])] == ["0.0", "0.0"]
    assert str(metrics.with_interval(-1e-17, draws)["value"]) == "0.0"
