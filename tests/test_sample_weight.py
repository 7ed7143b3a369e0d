"""Clips that count more than others in training."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import WhereFinite, evaluate


def clip_table():
    """Loud clips tell the emotion; in soft ones, most, it is the other one."""
    rng = np.random.default_rng(0)
    rows = [
        {"clip": f"{s}{e}{k}", "subject": s, "emotion": e, "weight": float(k == 0),
         "energy": (1.0 if (e == "anger") == (k == 0) else -1.0) + 0.1 * rng.normal()}
        for s in "abcdef" for e in ("anger", "fear") for k in range(4)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def right_where_loud(result):
    return (result.predictions["emotion"] == result.predictions["predicted"])[
        result.predictions["clip"].str.endswith("0")
    ].mean()


class Recorder(ClassifierMixin, BaseEstimator):
    """Keep the weights and columns that it was fitted with in a list of the class."""

    fits = []  # noqa: RUF012

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        self.fits.append((np.asarray(sample_weight), np.asarray(y), list(X.columns)))
        return self

    def predict(self, X):
        assert "weight" not in X
        return np.full(len(X), self.classes_[0])


@pytest.mark.parametrize(
    "estimator",
    [
        GaussianNB(),
        make_pipeline(StandardScaler(), SVC()),
        make_pipeline(StandardScaler(), WhereFinite(SVC())),
        GridSearchCV(SVC(), {"C": [1, 10]}, cv=GroupKFold(2), scoring="accuracy"),
    ],
    ids=["classifier", "pipeline", "rows without gaps", "search"],
)
def test_weights_decide_whom_a_classifier_believes(estimator):
    table = clip_table()
    how = {"cv": 3, "features": ["energy"], "n_bootstrap": 0}
    assert right_where_loud(evaluate(estimator, table, **how, sample_weight="weight")) == 1
    assert right_where_loud(evaluate(SVC(), table, **how)) == 0  # soft clips are the majority


def test_a_fold_trains_with_its_own_clips_weights_and_does_not_see_them(monkeypatch):
    monkeypatch.setattr(Recorder, "fits", [])
    table = clip_table()
    table["weight"] = np.arange(len(table)) + 1.0
    weights = dict(zip(table["clip"], table["weight"], strict=True))
    result = evaluate(
        Recorder(),
        table,
        cv=3,
        sample_weight="weight",
        n_bootstrap=0,
        ignore=["EMO09", "EMO10"],
    )
    tested = result.predictions
    for fold, (used, labels, columns) in enumerate(Recorder.fits):
        train = tested.loc[tested["fold"] != fold]
        assert used.tolist() == [weights[clip] for clip in train["clip"]]
        assert labels.tolist() == train["emotion"].tolist()
        assert "weight" not in columns
    assert any("weights of their own" in text for text in result.protocol["statements"])


def test_arrays_have_weights_as_scikit_learn_has_them():
    table = clip_table()
    found = evaluate(
        GaussianNB(), table[["energy"]].to_numpy(), table["emotion"], groups=table["subject"],
        sample_weight=table["weight"], cv=3, n_bootstrap=0,
    )  # fmt: skip
    named = evaluate(
        GaussianNB(), table, features=["energy"], sample_weight="weight", cv=3, n_bootstrap=0
    )
    assert found.predictions["predicted"].tolist() == named.predictions["predicted"].tolist()


@pytest.mark.parametrize(
    ("estimator", "values", "words"),
    [
        (KNeighborsClassifier(), 1.0, "nothing in KNeighborsClassifier weighs clips"),
        (make_pipeline(KNeighborsClassifier()), 1.0, "nothing in Pipeline weighs clips"),
        (SVC(), -1.0, "give a finite number from 0"),
        (SVC(), "loud", "has 'loud'; give a finite number"),
        (SVC(), None, "give a finite number"),
    ],
)
def test_weights_that_nobody_uses_or_that_are_none_are_refused(estimator, values, words):
    table = clip_table().assign(weight=values)
    with pytest.raises(ValueError, match=words):
        evaluate(estimator, table, features=["energy"], cv=3, sample_weight="weight")
    with pytest.raises(ValueError, match="no column 'loudness'"):
        evaluate(SVC(), table, features=["energy"], cv=3, sample_weight="loudness")


def test_a_table_s_weights_are_a_column():
    with pytest.raises(TypeError, match="give the column"):
        evaluate(SVC(), clip_table(), features=["energy"], sample_weight=np.ones(48))


def test_a_killed_run_with_other_weights_is_not_gone_on_with(tmp_path):
    table = clip_table()
    how = {"cv": 3, "features": ["energy"], "n_bootstrap": 0, "checkpoint": tmp_path}
    plain = evaluate(GaussianNB(), table, **how)
    loud = evaluate(GaussianNB(), table, **how, sample_weight="weight")
    assert right_where_loud(plain) == 0 and right_where_loud(loud) == 1
