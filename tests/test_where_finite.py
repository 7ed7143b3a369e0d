"""WhereFinite: complete rows are classified, others have no scores."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe.fusion import WhereFinite


def make_holes(n=40, seed=0):
    rng = np.random.default_rng(seed)
    y = np.array(["fear", "joy"])[np.arange(n) % 2]
    X = rng.normal(0, 1, (n, 3)) + 2 * (y == "joy")[:, None]
    gaps = np.arange(n) % 5 == 0
    X[gaps, 1] = np.nan
    return X, y, gaps


@pytest.mark.parametrize("as_table", [False, True])
def test_fits_and_answers_like_the_classifier_on_complete_rows(as_table):
    X, y, gaps = make_holes()
    table = pd.DataFrame(X, columns=list("abc"), index=range(100, 140)) if as_table else X
    model = WhereFinite(make_pipeline(StandardScaler(), SVC())).fit(table, y)
    alone = make_pipeline(StandardScaler(), SVC()).fit(X[~gaps], y[~gaps])
    scores = model.decision_function(table)
    np.testing.assert_allclose(scores[~gaps], alone.decision_function(X[~gaps]))
    assert np.isnan(scores[gaps]).all()
    assert not hasattr(model, "predict_proba")
    np.testing.assert_array_equal(model.predict(table)[~gaps], alone.predict(X[~gaps]))
    assert list(getattr(model, "feature_names_in_", [])) == (list("abc") if as_table else [])


def test_infinity_is_no_complete_row_either():
    X, y, _ = make_holes()
    X[1, 0] = np.inf
    assert np.isnan(WhereFinite(GaussianNB()).fit(X, y).predict_proba(X)[1]).all()


def test_incomplete_rows_are_predicted_as_the_most_frequent_complete_one():
    X, y, gaps = make_holes()
    model = WhereFinite(GaussianNB()).fit(X, y)
    complete = y[~gaps]
    often = "joy" if (complete == "joy").sum() > (complete == "fear").sum() else "fear"
    assert model.fallback_ == often
    assert set(model.predict(X)[gaps]) == {often}
    nothing = np.full((2, 3), np.nan)
    assert model.predict(nothing).tolist() == [often] * 2
    assert np.isnan(model.predict_proba(nothing)).all()


def test_nothing_complete_is_an_error():
    with pytest.raises(ValueError, match="none of 4 rows is complete"):
        WhereFinite(GaussianNB()).fit(np.full((4, 2), np.nan), ["fear", "joy"] * 2)


def test_an_emotion_without_a_complete_row_is_told():
    X, y, _ = make_holes()
    y = y.astype(object)
    y[:4] = "awe"
    X[:4, 0] = np.nan
    with pytest.warns(UserWarning, match=r"11 of 40 rows are incomplete, among them all of awe"):
        model = WhereFinite(GaussianNB()).fit(X, y)
    assert model.classes_.tolist() == ["fear", "joy"]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (None, "requires y"),
        (["fear", None, "joy"], "1 of 3 clips have no emotion"),
        (["fear"], "inconsistent numbers"),
        ([0.5, 1.25, 2.5], "Unknown label type"),
    ],
)
def test_wrong_labels_are_told(y, message):
    with pytest.raises(ValueError, match=message):
        WhereFinite(GaussianNB()).fit(np.ones((3, 1)), y)


class Noting(ClassifierMixin, BaseEstimator):
    def fit(self, X, y, groups=None, sample_weight=None, note=None):
        self.classes_, self.groups_, self.weight_, self.note_ = (
            np.unique(y), groups, sample_weight, note,
        )  # fmt: skip
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_fit_parameters_are_cut_to_the_complete_rows():
    X, y, gaps = make_holes()
    subjects, weight = np.arange(40) % 4, np.arange(40.0)
    model = WhereFinite(Noting()).fit(X, y, groups=subjects, sample_weight=weight, note="x")
    np.testing.assert_array_equal(model.estimator_.groups_, subjects[~gaps])
    np.testing.assert_array_equal(model.estimator_.weight_, weight[~gaps])
    assert model.estimator_.note_ == "x"


def test_groups_reach_a_search_inside_through_a_pipeline():
    X, y, _ = make_holes()
    search = GridSearchCV(RidgeClassifier(), {"alpha": [1, 2]}, cv=GroupKFold(2))
    with config_context(enable_metadata_routing=True):
        validated = cross_validate(
            make_pipeline(StandardScaler(), WhereFinite(search)),
            X, y, cv=GroupKFold(4), params={"groups": np.arange(40) % 8}, error_score="raise",
        )  # fmt: skip
    assert len(validated["test_score"]) == 4


def test_sample_weight_is_routed_where_it_was_requested():
    X, y, _ = make_holes()
    with config_context(enable_metadata_routing=True):
        inner = LogisticRegression().set_fit_request(sample_weight=True)
        weighted = WhereFinite(inner).fit(X, y, sample_weight=1.0 + 9 * (y == "joy"))
    plain = WhereFinite(LogisticRegression()).fit(X, y)
    assert (weighted.predict(X) == "joy").sum() >= (plain.predict(X) == "joy").sum()
    assert not np.allclose(weighted.estimator_.coef_, plain.estimator_.coef_)


def test_clone_parameters_and_pickle():
    X, y, _ = make_holes()
    model = WhereFinite(make_pipeline(StandardScaler(), SVC(C=3)))
    assert clone(model).get_params()["estimator__svc__C"] == 3
    fitted = model.fit(X, y)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.decision_function(X), fitted.decision_function(X))
