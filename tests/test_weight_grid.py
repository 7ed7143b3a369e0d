"""Grids of weights: every share of every modality, once, and searched like any parameter."""

from math import comb

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import GridSearchCV, GroupKFold

from emopipe import EmotionWeightedFusion, ScoreColumns, describe_weights, weight_grid
from emopipe.fusion.weights import weights_by_name

EMOTIONS = ["anger", "fear", "joy"]


@given(st.integers(1, 4), st.integers(1, 6))
def test_shares_sum_to_one_and_every_point_is_there_once(n_modalities, steps):
    names = [f"m{n}" for n in range(n_modalities)]
    grid = [weights_by_name(w, names, EMOTIONS) for w in weight_grid(names, EMOTIONS, steps=steps)]
    assert len(grid) == comb(steps + n_modalities - 1, n_modalities - 1)
    assert len({weights.round(9).tobytes() for weights in grid}) == len(grid)
    for weights in grid:
        assert np.allclose(weights.sum(axis=0), 1) and (weights >= 0).all()
        assert np.allclose(weights, weights[:, :1])
    # The corners are each modality alone.
    corners = {tuple(weights[:, 0]) for weights in grid if weights[:, 0].max() == 1}
    assert corners == {tuple(row) for row in np.eye(n_modalities)}


@given(st.sets(st.sampled_from(EMOTIONS), min_size=1))
def test_emotions_that_do_not_vary_have_equal_weights(vary):
    grid = weight_grid(["voice", "face"], EMOTIONS, steps=2, vary=sorted(vary))
    assert len(grid) == 3 ** len(vary)
    for weights in grid:
        still = set(EMOTIONS) - vary
        assert all(weights["voice"][name] == weights["face"][name] == 0.5 for name in still)


def test_a_search_finds_the_modality_that_is_right():
    rng = np.random.default_rng(0)
    emotion = np.tile(EMOTIONS, 20)
    clips = pd.DataFrame({"clip": range(60), "emotion": emotion,
                          "subject": np.repeat([f"p{n}" for n in range(6)], 10)})  # fmt: skip
    for name in EMOTIONS:
        clips[f"voice_{name}"] = 0.1 + (emotion == name)
        clips[f"face_{name}"] = 0.1 + rng.random(60)
    fusion = EmotionWeightedFusion(
        [(m, ScoreColumns(prefix=f"{m}_")) for m in ("voice", "face")], calibration=None
    )
    grid = {"weights": weight_grid(["voice", "face"], EMOTIONS, steps=1)}
    search = GridSearchCV(fusion, grid, cv=GroupKFold(3))
    search.fit(clips, clips["emotion"], groups=clips["subject"])
    assert describe_weights(search.best_params_["weights"]) == "voice 1, face 0"
    assert search.best_score_ == 1.0
