"""ScoreColumns: columns of a table are scores already."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from emopipe.fusion import ScoreColumns

CLIPS = pd.DataFrame(
    {
        "path": list("abcd"),
        "votes_fear": [3, 0, 0, 2],
        "votes_joy": [1, 5, 0, None],
        "votes_awe": [0, 0, 0, 1],
    }
)
Y = ["fear", "joy", "joy", "fear"]


def test_rows_are_normalised_over_the_emotions_of_y():
    model = ScoreColumns(prefix="votes_").fit(CLIPS, Y)
    nan = np.nan
    np.testing.assert_array_equal(
        model.predict_proba(CLIPS), [[0.75, 0.25], [0, 1], [nan, nan], [nan, nan]]
    )
    assert model.classes_.tolist() == ["fear", "joy"]
    assert model.columns_ == {"fear": "votes_fear", "joy": "votes_joy"}


def test_where_no_score_is_the_most_frequent_emotion_is_predicted():
    model = ScoreColumns(prefix="votes_").fit(CLIPS.iloc[:3], ["fear", "joy", "joy"])
    assert model.predict(CLIPS).tolist() == ["fear", "joy", "joy", "joy"]


def test_columns_by_name_and_by_position_are_the_same_as_by_prefix():
    named = ScoreColumns(columns={"fear": "votes_fear", "joy": "votes_joy"}).fit(CLIPS, Y)
    values = CLIPS[["votes_joy", "votes_fear"]].to_numpy()
    placed = ScoreColumns(columns={"fear": 1, "joy": 0}).fit(values, Y)
    expected = ScoreColumns(prefix="votes_").fit(CLIPS, Y).predict_proba(CLIPS)
    np.testing.assert_array_equal(named.predict_proba(CLIPS), expected)
    np.testing.assert_array_equal(placed.predict_proba(values), expected)


def test_an_emotion_without_a_column_is_told_and_scores_nothing():
    with pytest.warns(UserWarning, match="no column for calm: always score 0"):
        model = ScoreColumns(prefix="votes_").fit(CLIPS, ["calm", "joy", "joy", "fear"])
    assert model.predict_proba(CLIPS)[0].tolist() == [0, 0.75, 0.25]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (ScoreColumns(), "give either columns or prefix"),
        (ScoreColumns(columns={}, prefix="votes_"), "give either columns or prefix"),
        (ScoreColumns(prefix="vote_"), "no column for any of fear, joy; columns"),
        (ScoreColumns(columns={"fear": "f", "joy": "j"}), "no column 'f' for fear"),
    ],
)
def test_wrong_columns_are_told(model, message):
    with pytest.raises(ValueError, match=message):
        model.fit(CLIPS, Y)


def test_negative_scores_are_no_votes():
    model = ScoreColumns(prefix="votes_").fit(CLIPS, Y)
    with pytest.raises(ValueError, match="Negative values"):
        model.predict(CLIPS.assign(votes_joy=-1))


def test_an_array_has_no_names():
    with pytest.raises(ValueError, match="needs a table"):
        ScoreColumns(prefix="votes_").fit(np.ones((4, 2)), Y)


def test_clone_and_pickle():
    model = clone(ScoreColumns(prefix="votes_")).fit(CLIPS, Y)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.predict_proba(CLIPS), model.predict_proba(CLIPS))
