"""Fusing scores and the recall rule: theorems about weights, and the thesis' table 3."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from emopipe.fusion import fuse, recall_weights, recalls
from emopipe.fusion.weights import check_weights, columns_to_one, weights_by_name

EMOTIONS = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]


@st.composite
def draw_scores(draw, modalities=(1, 3)):
    """Scores (modalities, clips, emotions) that are positive and sum to one."""
    shape = (
        draw(st.integers(*modalities)),
        draw(st.integers(1, 12)),
        draw(st.integers(2, 5)),
    )
    raw = draw(arrays(np.float64, shape, elements=st.floats(0.01, 1)))
    return raw / raw.sum(axis=2, keepdims=True)


def weights_for(scores, seed=0):
    return np.random.default_rng(seed).random((scores.shape[0], scores.shape[2])) + 0.01


@given(draw_scores())
def test_equal_weights_are_the_mean(scores):
    equal = np.full((scores.shape[0], scores.shape[2]), 1 / scores.shape[0])
    np.testing.assert_allclose(fuse(scores, equal), scores.mean(axis=0))


@given(draw_scores())
def test_one_hot_weights_are_that_modality_alone(scores):
    for modality, alone in enumerate(scores):
        weights = np.zeros((scores.shape[0], scores.shape[2]))
        weights[modality] = 1
        np.testing.assert_array_equal(fuse(scores, weights), alone)


@given(draw_scores(), st.randoms(use_true_random=False), st.sampled_from([None, 0]))
def test_permuted_clips_permute_the_rows(scores, random, preferred):
    order = list(range(scores.shape[1]))
    random.shuffle(order)
    weights = weights_for(scores)
    np.testing.assert_array_equal(
        fuse(scores[:, order], weights, preferred), fuse(scores, weights, preferred)[order]
    )


@given(draw_scores(), st.integers(-8, 8), st.sampled_from([None, 0]))
def test_the_scale_of_weights_changes_no_decision(scores, exponent, preferred):
    weights = weights_for(scores)
    picked = fuse(scores, weights, preferred).argmax(axis=1)
    scaled = fuse(scores, weights * 2.0**exponent, preferred).argmax(axis=1)
    np.testing.assert_array_equal(picked, scaled)


@given(draw_scores(modalities=(2, 3)), st.integers(0, 1), st.sampled_from([None, 0, 1]))
def test_a_clip_with_one_modality_left_is_that_modality_alone(scores, left, preferred):
    for other in set(range(len(scores))) - {left}:
        scores[other, 0] = np.nan
    weights = weights_for(scores)
    weights[left, 0] = 0  # no weight of its own for an emotion: still its own score
    fused = fuse(scores, weights, preferred)
    np.testing.assert_allclose(fused[0], scores[left, 0])
    assert np.isfinite(fused).all()


def test_of_three_modalities_the_remaining_two_share_the_weight():
    scores = np.array([[[0.2, 0.8]], [[np.nan, 0.5]], [[0.6, 0.4]]])
    weights = np.array([[1.0, 3.0], [9.0, 9.0], [3.0, 1.0]])
    assert fuse(scores, weights)[0] == pytest.approx([0.5, 0.7])


def test_a_clip_without_any_modality_has_no_scores():
    scores = np.full((2, 2, 3), 1 / 3)
    scores[:, 1] = np.nan
    fused = fuse(scores, np.ones((2, 3)))
    assert np.isnan(fused[1]).all() and np.isfinite(fused[0]).all()


@given(draw_scores(modalities=(2, 3)))
def test_preference_takes_the_weights_of_the_emotion_that_the_modality_picks(scores):
    weights = weights_for(scores)
    for preferred in range(len(scores)):
        for clip, row in enumerate(fuse(scores, weights, preferred)):
            pick = scores[preferred, clip].argmax()
            expected = sum(w[pick] * s[clip] for w, s in zip(weights, scores, strict=True))
            np.testing.assert_allclose(row, expected)


def test_without_the_preferred_modality_every_emotion_has_its_own_weight():
    scores = np.array([[[0.2, 0.8]], [[np.nan, np.nan]], [[0.6, 0.4]]])
    weights = np.array([[1.0, 3.0], [9.0, 9.0], [3.0, 1.0]])
    np.testing.assert_allclose(fuse(scores, weights, 1), fuse(scores, weights))


@given(arrays(np.float64, (3, 5), elements=st.floats(0, 1) | st.just(np.nan)))
def test_columns_of_the_recall_rule_sum_to_one(recall):
    weights = recall_weights(recall)
    np.testing.assert_allclose(weights.sum(axis=0), 1)
    assert (weights >= 0).all()
    unrecognised = ~(np.nan_to_num(recall) > 0).any(axis=0)
    np.testing.assert_allclose(weights[:, unrecognised], 1 / 3)


def test_table_3_of_the_thesis_follows_from_its_confusion_diagonals():
    video = [0.273, 0.057, 0.158, 0.518, 0.246, 0.511, 0.025]  # diagonal of table 2
    # The audio's table is not printed: these recalls are those of its test clips that fit.
    audio = [0.582, 0.0, 0.247, 0.138, 0.171, 0.532, 0.036]
    table = recall_weights([audio, video])
    assert table[0].round(2).tolist() == [0.68, 0, 0.61, 0.21, 0.41, 0.51, 0.59]
    assert table[1].round(2).tolist() == [0.32, 1, 0.39, 0.79, 0.59, 0.49, 0.41]


def test_experiments_7_to_9_decide_one_clip_differently():
    """Video says happiness, audio anger; what decides is whose emotion's weights are used."""
    audio_row = np.array([0.68, 0, 0.61, 0.21, 0.41, 0.51, 0.59])
    weights = np.array([audio_row, 1 - audio_row])
    audio = [[0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 0.0]]
    video = [[0.1, 0.1, 0.1, 0.4, 0.1, 0.1, 0.1]]
    both = np.array([audio, video])

    def emotion(*options):
        return EMOTIONS[fuse(both, *options)[0].argmax()]

    assert emotion(weights, 1) == "happiness"  # .21 to the audio, as video says happiness
    assert emotion(weights, 0) == "anger"  # .68 to the audio, as audio says anger
    assert emotion(np.full((2, 7), 0.5)) == "anger"


def test_recalls_are_counted_where_a_modality_is_there():
    scores = np.array([[[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], [[np.nan, 1], [0.9, 0.1], [0.1, 0.9]]])
    actual = recalls(scores, [0, 0, 1])
    np.testing.assert_array_equal(actual, [[0.5, 1.0], [1.0, 1.0]])
    nothing = recalls(scores[:, :2], [0, 0])
    assert np.isnan(nothing[:, 1]).all()


def test_weights_by_name_come_in_the_order_of_the_fusion():
    table = pd.DataFrame({"joy": [1, 2], "fear": [3, 4]}, index=["voice", "face"])
    expected = [[4, 2], [3, 1]]
    for weights in (table, table.to_dict("index"), np.array(expected)):
        actual = weights_by_name(weights, ["face", "voice"], ["fear", "joy"])
        assert actual.tolist() == expected


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.ones((2, 3)), r"shape \(2, 3\); 2 modalities and 2 emotions need \(2, 2\)"),
        ([[1, -1], [0, 0]], "not negative"),
        ([[1, np.nan], [0, 0]], "finite"),
        (np.zeros((2, 2)), "not all zero"),
        ({"voice": {"joy": 1, "fear": 1}}, "say nothing about face"),
        ({"voice": {"joy": 1}, "face": {"joy": 1}}, "say nothing about fear"),
    ],
)
def test_wrong_weights_are_told(weights, message):
    with pytest.raises(ValueError, match=message):
        weights_by_name(weights, ["voice", "face"], ["fear", "joy"])


def test_columns_of_zeros_become_equal():
    assert columns_to_one(check_weights([[3, 0], [1, 0]], (2, 2))).tolist() == [
        [0.75, 0.5],
        [0.25, 0.5],
    ]
