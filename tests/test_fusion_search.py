"""The search for weights: exact along a line, better than grids, and the same every time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emopipe.fusion import fuse, recall_weights, recalls, score_weights, search_weights
from emopipe.fusion.search import Objective


def clips(n=60, modalities=2, emotions=4, seed=0, votes=False):
    """Scores that say something about the emotion, and the emotions; votes tie often."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % emotions
    signal = np.eye(emotions)[y] * rng.uniform(0, 1.5, (modalities, 1, emotions))
    scores = rng.random((modalities, n, emotions)) + signal
    if votes:
        scores = np.floor(5 * scores) + 0.0
        scores[..., 0] += scores.sum(axis=2) == 0
    return scores / scores.sum(axis=2, keepdims=True), y


def accuracy(scores, y, weights, preferred=None):
    return (fuse(scores, weights, preferred).argmax(axis=1) == y).mean()


def uar(scores, y, weights):
    right = fuse(scores, weights).argmax(axis=1) == y
    return np.mean([right[y == emotion].mean() for emotion in np.unique(y)])


@given(st.integers(0, 999), st.booleans(), st.integers(1, 3), st.sampled_from([None, 0]))
@settings(max_examples=30, deadline=None)
def test_many_weightings_are_scored_as_one_by_one(seed, votes, modalities, preferred):
    scores, y = clips(modalities=modalities, seed=seed, votes=votes)
    weightings = np.random.default_rng(seed).integers(0, 4, (20, modalities, 4)) / 2
    weightings[:, 0, 0] += 0.5
    figures = score_weights(scores, y, weightings, preferred=preferred)
    expected = [accuracy(scores, y, weights, preferred) for weights in weightings]
    np.testing.assert_allclose(figures, expected)


@given(st.integers(0, 999), st.booleans(), st.sampled_from([None, 0]))
@settings(max_examples=30, deadline=None)
def test_weightings_near_one_another_are_scored_as_one_by_one(seed, votes, preferred):
    scores, y = clips(seed=seed, votes=votes)  # most clips are decided by bounds alone
    weightings = 0.5 + np.random.default_rng(seed).integers(-1, 2, (20, 2, 4)) * 0.05
    figures = score_weights(scores, y, weightings, preferred=preferred)
    expected = [accuracy(scores, y, weights, preferred) for weights in weightings]
    np.testing.assert_allclose(figures, expected)
    same = score_weights(scores, y, np.full((3, 2, 4), 0.5))
    np.testing.assert_allclose(same, accuracy(scores, y, np.full((2, 4), 0.5)))
    assert score_weights(scores, y, np.empty((0, 2, 4))).shape == (0,)


@given(st.integers(0, 999), st.booleans(), st.sampled_from([None, 1]))
@settings(max_examples=30, deadline=None)
def test_the_best_step_is_no_worse_than_any_on_its_line(seed, votes, preferred):
    scores, y = clips(seed=seed, votes=votes)
    rng = np.random.default_rng(seed)
    weights, direction = rng.random((2, 4)), rng.integers(-1, 2, (2, 4))
    direction[0, 0] = 1
    objective = Objective(scores, y, "accuracy", preferred)
    step, promised = objective.best_step(weights, direction)
    moved = weights + step * direction
    assert moved.min() >= 0
    assert objective(moved) == pytest.approx(promised)
    steps = [s for s in np.linspace(-1, 3, 200) if (weights + s * direction).min() >= 0]
    others = [accuracy(scores, y, weights + s * direction, preferred) for s in steps]
    assert promised >= max(others) - 1e-9


@pytest.mark.parametrize("votes", [False, True])
@pytest.mark.parametrize("scoring", ["accuracy", "uar"])
def test_found_weights_beat_the_starts_and_a_grid_around(votes, scoring):
    scores, y = clips(n=200, seed=3, votes=votes)
    uneven = (y > 1) | (np.arange(200) % 8 < 4)
    scores, y = scores[:, uneven], y[uneven]
    search = search_weights(scores, y, scoring=scoring)
    assert search.min() >= 0 and search.mean() == pytest.approx(1 / 2)

    steps = np.random.default_rng(0).integers(-1, 2, (5000, *search.shape)) * 0.1
    around = np.maximum(search + steps, 0)
    alone = np.eye(2)[:, :, None] + np.zeros(4)
    starts = np.stack([np.full((2, 4), 0.5), recall_weights(recalls(scores, y)), *alone])
    others = np.concatenate([around, around.round(1), starts])
    best = score_weights(scores, y, others, scoring=scoring).max()
    measure = accuracy if scoring == "accuracy" else uar
    assert measure(scores, y, search) >= best - 1e-9


def test_uar_and_accuracy_are_different_aims():
    scores, y = clips(n=200, seed=5)
    y[y > 0] = np.where(np.arange((y > 0).sum()) % 12, 1, y[y > 0])
    by_accuracy, by_uar = (search_weights(scores, y, scoring=s) for s in ("accuracy", "uar"))
    assert accuracy(scores, y, by_accuracy) > accuracy(scores, y, by_uar)
    assert uar(scores, y, by_accuracy) < uar(scores, y, by_uar)


def test_columns_sum_to_one_on_request():
    scores, y = clips(n=150, modalities=3, seed=1)
    search = search_weights(scores, y, sum_to_one=True)
    np.testing.assert_allclose(search.sum(axis=0), 1)
    assert accuracy(scores, y, search) >= accuracy(scores, y, np.full((3, 4), 1 / 3))
    assert accuracy(scores, y, search_weights(scores, y)) >= accuracy(scores, y, search)


def test_a_single_modality_has_the_scale_between_emotions_alone():
    scores, y = clips(n=150, modalities=1, seed=1)
    assert search_weights(scores, y, sum_to_one=True).tolist() == [[1, 1, 1, 1]]
    assert accuracy(scores, y, search_weights(scores, y)) >= accuracy(scores, y, np.ones((1, 4)))


def test_the_order_of_clips_does_not_matter():
    scores, y = clips(n=100, seed=2, votes=True)
    order = np.random.default_rng(0).permutation(100)
    search = search_weights(scores, y)
    np.testing.assert_array_equal(search, search_weights(scores, y))
    np.testing.assert_allclose(search, search_weights(scores[:, order], y[order]))


def test_equal_weights_stay_where_nothing_is_better():
    y = np.arange(60) % 4
    right = np.eye(4)[y] * 0.7 + 0.1
    np.testing.assert_array_equal(search_weights([right, right], y), np.full((2, 4), 0.5))


def test_a_preference_is_part_of_the_search():
    scores, y = clips(n=150, seed=7)
    for preferred in (0, 1):
        search = search_weights(scores, y, preferred=preferred)
        rule = recall_weights(recalls(scores, y))
        assert accuracy(scores, y, search, preferred) >= accuracy(scores, y, rule, preferred)


def test_clips_that_lack_a_modality_teach_nothing():
    scores, y = clips(n=120, seed=6)
    holed = np.concatenate([scores, scores[:, :40]], axis=1)
    holed[1, 120:] = np.nan
    np.testing.assert_array_equal(
        search_weights(holed, np.concatenate([y, 1 - y[:40] % 2])), search_weights(scores, y)
    )
    with pytest.raises(ValueError, match="none of 40 clips has finite scores from all 2"):
        search_weights(holed[:, 120:], y[:40])


def test_weights_of_emotions_that_are_not_shown_are_left_alone():
    scores, y = clips(n=120, seed=8)
    there = y != 3
    search = search_weights(scores[:, there], y[there])
    assert search[0, 3] == search[1, 3] > 0


def test_an_unknown_aim_is_told():
    scores, y = clips()
    with pytest.raises(ValueError, match="scoring='f1' is unknown; allowed: 'accuracy', 'uar'"):
        search_weights(scores, y, scoring="f1")
