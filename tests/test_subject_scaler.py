"""Standardising by subject: shrinkage, draws, order, what must not matter."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from emopipe import SubjectScaler, evaluate


def columns(X):
    return X[["x", "z"]].to_numpy()


def people(n_people=12, n_clips=40, apart=1.0, seed=0):
    rng = np.random.default_rng(seed)
    subject = np.repeat([f"s{n}" for n in range(n_people)], n_clips)
    offset = np.repeat(apart * rng.standard_normal((n_people, 2)), n_clips, axis=0)
    values = offset + rng.standard_normal((len(subject), 2))
    names = [f"{n}.wav" for n in range(len(subject))]
    return pd.DataFrame({"clip": names, "subject": subject, "x": values[:, 0], "z": values[:, 1]})


def scaler(**parameters):
    return SubjectScaler(FunctionTransformer(columns), **parameters)


@pytest.mark.parametrize(("apart", "low", "high"), [(2.0, 0.1, 0.6), (1.0, 0.4, 2.5), (0, 20, 1e7)])
def test_the_less_people_differ_the_more_clips_are_needed(apart, low, high):
    assert low < scaler().fit(people(30, apart=apart)).mean_clips_ < high


def test_many_clips_standardise_and_one_hardly_moves():
    fitted, other = scaler().fit(people()), people(1, 4000, apart=30.0, seed=5)
    many = fitted.transform(other)
    np.testing.assert_allclose(many.mean(axis=0), 0, atol=0.05)
    single = fitted.transform(other.iloc[:1])
    share = 1 / (1 + fitted.mean_clips_)
    expected = (1 - share) * (columns(other)[0] - fitted.mean_) / np.sqrt(fitted.variance_)
    np.testing.assert_allclose(single[0], expected)


def test_order_of_rows_and_other_people_do_not_matter():
    fitted, new = scaler(n_clips=8).fit(people()), people(3, seed=1)
    order = np.random.default_rng(0).permutation(len(new))
    expected = fitted.transform(new)
    np.testing.assert_allclose(fitted.transform(new.iloc[order]), expected[order])
    np.testing.assert_allclose(fitted.transform(new.iloc[:40]), expected[:40])


def test_eight_clips_are_all_that_is_known():
    fitted, new = scaler(n_clips=8).fit(people()), people(1, seed=1)
    before = fitted.transform(new)
    drawn = set(fitted._draw(new, np.arange(40)).tolist())
    rest = [row for row in range(40) if row not in drawn]
    changed = new.copy()
    changed.loc[rest[0], "x"] = 99.0
    np.testing.assert_array_equal(fitted.transform(changed)[rest[1:]], before[rest[1:]])
    assert len(drawn) == 8 and fitted.test_person() == 8


def test_nobody_named_is_scaled_as_the_training_people():
    fitted, new = scaler().fit(people()), people(1, seed=1).assign(subject=None)
    expected = (columns(new) - fitted.mean_) / np.sqrt(fitted.variance_)
    np.testing.assert_allclose(fitted.transform(new), expected)


def test_a_clip_without_features_is_nan_and_moves_nobody():
    fitted, new = scaler().fit(people()), people(1, seed=1)
    expected = fitted.transform(new.iloc[1:])
    new.loc[0, "x"] = np.nan
    features = fitted.transform(new)
    assert np.isnan(features[0]).all()
    np.testing.assert_allclose(features[1:], expected)


def test_parameters_and_tables_are_checked():
    with pytest.raises(ValueError, match="needs a clip table with the column 'subject'"):
        scaler().fit(people().drop(columns="subject"))
    with pytest.raises(ValueError, match="n_clips=1 must be None or a whole number from 2"):
        scaler(n_clips=1).fit(people())
    with pytest.raises(ValueError, match="1 subject has two clips"):
        scaler().fit(people(1))


@pytest.mark.parametrize(
    ("n_clips", "words"), [(None, "all unlabelled clips"), (8, "8 unlabelled clips")]
)
def test_a_search_inside_folds_recognises_more_and_the_result_says_what_was_known(n_clips, words):
    clips = people(8, 24, apart=6.0)
    clips["emotion"] = np.where(np.arange(len(clips)) % 2, "anger", "sadness")
    clips["x"] += 3.0 * (clips["emotion"] == "anger")
    figures = {}
    for name, extract in (
        ("strict", FunctionTransformer(columns)), ("scaled", scaler(n_clips=n_clips)),
    ):  # fmt: skip
        model = make_pipeline(extract, LogisticRegression())
        grid = {"logisticregression__C": [0.1, 1.0]}
        search = GridSearchCV(model, grid, cv=GroupKFold(3))
        result = evaluate(search, clips, cv=GroupKFold(4), n_bootstrap=50,
                          features=["clip", "subject", "x", "z"])  # fmt: skip
        figures[name] = result.metrics["accuracy"]["value"]
    assert result.protocol["test_person"] == words
    assert figures["scaled"] > max(0.8, figures["strict"] + 0.1)
