"""Clips that count more than others in training."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import entropy
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import WhereFinite, evaluate
from emopipe.report.confidence import confidence_view, divergence

EMOTIONS = ["anger", "fear", "sadness"]


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
    result = evaluate(
        GaussianNB(), table[["energy"]].to_numpy(), table["emotion"], groups=table["subject"],
        sample_weight=table["weight"], cv=3, n_bootstrap=0,
    )  # fmt: skip
    named = evaluate(
        GaussianNB(), table, features=["energy"], sample_weight="weight", cv=3, n_bootstrap=0
    )
    assert result.predictions["predicted"].tolist() == named.predictions["predicted"].tolist()


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


# Votes as labels


@pytest.fixture
def voted():
    """Return clips of eight people whose emotion three voters give, and how they divide."""
    rng = np.random.default_rng(3)
    emotion = np.array(EMOTIONS * 16)
    clips = pd.DataFrame({
        "clip": [f"{n}.wav" for n in range(48)], "emotion": emotion,
        "subject": np.repeat([f"s{n}" for n in range(8)], 6),
    })  # fmt: skip
    for name in EMOTIONS:
        clips[f"votes_voice_{name}"] = rng.integers(0, 4, 48) + 3 * (emotion == name)
        clips[f"x_{name}"] = rng.normal(size=48) + (emotion == name)
    clips.loc[5, [f"votes_voice_{name}" for name in EMOTIONS]] = np.nan
    return clips


def test_clips_train_by_their_share_of_votes(voted):
    """The same by hand: each training clip once per emotion, weighed by its share."""
    features = [f"x_{name}" for name in EMOTIONS]
    result = evaluate(
        LogisticRegression(), voted, cv=4, features=features, soft_labels="votes_voice",
        n_bootstrap=0,
    )  # fmt: skip
    votes = voted[[f"votes_voice_{name}" for name in EMOTIONS]].to_numpy()
    votes[5] = np.array(EMOTIONS) == voted["emotion"][5]
    shares = votes / votes.sum(1, keepdims=True)
    X, expected = voted[features].to_numpy(), np.empty((48, len(EMOTIONS)))
    for train, test in GroupKFold(4).split(X, groups=voted["subject"]):
        model = LogisticRegression().fit(
            np.concatenate([X[train]] * len(EMOTIONS)),
            np.repeat(EMOTIONS, len(train)),
            sample_weight=shares[train].T.ravel(),
        )
        expected[test] = model.predict_proba(X[test])
    answers = result.predictions.set_index("clip").loc[voted["clip"]]
    scores = answers[[f"score_{name}" for name in EMOTIONS]].to_numpy()
    np.testing.assert_allclose(scores, expected, atol=2e-4)
    np.testing.assert_allclose(answers[[f"votes_{name}" for name in EMOTIONS]], shares, atol=1e-6)
    exact = np.mean([entropy(p, q) for p, q in zip(shares, scores, strict=True)])
    assert divergence(scores, shares) == pytest.approx(exact)
    assert confidence_view(result)["divergence"] == pytest.approx(exact, abs=1e-4)
    assert "share of votes" in " ".join(result.protocol["statements"])


def test_votes_are_not_for_the_estimators_eyes(voted):
    calls = []

    class Looking(LogisticRegression):
        def fit(self, X, y, sample_weight=None):
            calls.extend(X)
            return super().fit(X[["x_anger"]], y, sample_weight)

        def predict_proba(self, X):
            return super().predict_proba(X[["x_anger"]])

        def predict(self, X):
            return self.classes_[self.predict_proba(X).argmax(1)]

    evaluate(Looking(), voted, cv=4, soft_labels="votes_voice", n_bootstrap=0)
    assert "x_anger" in calls and not [name for name in calls if name.startswith("votes")]
    for options, error in (
        ({"soft_labels": "votes_face"}, "soft_labels='votes_face': the clip table has no column"),
        ({"soft_labels": "votes_voice", "features": ["votes_voice_anger"]}, "columns of votes"),
    ):
        with pytest.raises(ValueError, match=error):
            evaluate(LogisticRegression(), voted, cv=4, **options)
    with pytest.raises(ValueError, match="nothing in KNeighborsClassifier weighs clips"):
        evaluate(KNeighborsClassifier(), voted, features=["x_anger"], soft_labels="votes_voice")
