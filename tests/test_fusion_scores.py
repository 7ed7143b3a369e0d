"""Score matrices: probabilities, decision scores, classes that a fold never saw; calibration."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC, LinearSVC

from emopipe.fusion import WhereFinite
from emopipe.fusion.calibration import CALIBRATIONS, calibrate, calibrate_across, check_calibration
from emopipe.fusion.scores import decide, normalise, score_matrix

EMOTIONS = np.array(["anger", "fear", "joy"])


def blobs(n=120, spread=1.5, seed=0):
    rng = np.random.default_rng(seed)
    codes = np.arange(n) % 3
    X = rng.normal(0, spread, (n, 2)) + np.array([[0, 0], [3, 0], [0, 3]])[codes]
    return X, codes


@pytest.mark.parametrize(
    "model", [GaussianNB(), LogisticRegression(), SVC(), LinearSVC(), RidgeClassifier()], ids=str
)
def test_scores_are_probabilities_that_agree_with_the_prediction(model):
    X, codes = blobs()
    model.fit(X, EMOTIONS[codes])
    matrix = score_matrix(model, X, EMOTIONS)
    np.testing.assert_allclose(matrix.sum(axis=1), 1)
    assert (EMOTIONS[matrix.argmax(axis=1)] == model.predict(X)).mean() > 0.97
    if hasattr(model, "predict_proba"):
        np.testing.assert_array_equal(matrix, model.predict_proba(X))
    else:
        np.testing.assert_allclose(matrix, softmax(model.decision_function(X), axis=1))


def test_two_emotions_have_two_columns():
    X, codes = blobs()
    model = SVC().fit(X[codes < 2], EMOTIONS[codes[codes < 2]])
    matrix = score_matrix(model, X, EMOTIONS[:2])
    np.testing.assert_allclose(matrix[:, 1], 1 / (1 + np.exp(-model.decision_function(X))))
    np.testing.assert_allclose(matrix.sum(axis=1), 1)


@pytest.mark.parametrize("scale", ["probability", "decision", "log"])
def test_an_unseen_emotion_scores_nothing(scale):
    X, codes = blobs()
    for model in (GaussianNB(), SVC()):
        model.fit(X[codes != 1], EMOTIONS[codes[codes != 1]])
        matrix = score_matrix(model, X, EMOTIONS, scale)
        assert (matrix[:, 1] == (0 if scale == "probability" else -np.inf)).all()
        assert np.isfinite(matrix[:, [0, 2]]).all()


def test_emotions_beyond_those_wanted_are_dropped():
    X, codes = blobs()
    model = GaussianNB().fit(X, EMOTIONS[codes])
    np.testing.assert_array_equal(
        score_matrix(model, X, EMOTIONS[1:]), model.predict_proba(X)[:, 1:]
    )


def test_rows_of_nan_stay():
    X, codes = blobs()
    model = WhereFinite(SVC()).fit(X, EMOTIONS[codes])
    holed = X.copy()
    holed[3, 1] = np.nan
    for scale in ("probability", "decision", "log"):
        matrix = score_matrix(model, holed, EMOTIONS, scale)
        assert np.isnan(matrix[3]).all() and np.isfinite(np.delete(matrix, 3, axis=0)).all()


def test_classifiers_that_cannot_be_fused_are_told():
    X, codes = np.repeat(np.arange(4.0), 5)[:, None], np.repeat(np.arange(4), 5)
    with pytest.raises(
        TypeError, match="_OnlyPredicts has neither predict_proba nor decision_function"
    ):
        score_matrix(_OnlyPredicts().fit(X, codes), X, np.arange(4))
    pairwise = SVC(decision_function_shape="ovo").fit(X, codes)
    with pytest.raises(ValueError, match="6 columns for 4 classes: one per class is wanted"):
        score_matrix(pairwise, X, np.arange(4))


class _OnlyPredicts(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self


def test_rows_of_zeros_become_uniform():
    np.testing.assert_array_equal(
        normalise(np.array([[0.0, 0.0], [1.0, 3.0], [np.nan, np.nan]])),
        [[0.5, 0.5], [0.25, 0.75], [np.nan, np.nan]],
    )


def test_without_scores_the_fallback_is_decided():
    assert decide(np.array([[0.1, 0.9], [np.nan, np.nan], [0.5, 0.5]]), 1).tolist() == [1, 1, 0]


@pytest.mark.parametrize("name", CALIBRATIONS)
@pytest.mark.parametrize("model", [SVC(), GaussianNB()], ids=str)
def test_calibrated_scores_are_better_probabilities(name, model):
    X, codes = blobs(n=600, spread=2.5)
    train, held_out, test = slice(0, 200), slice(200, 400), slice(400, 600)
    model.fit(X[train], codes[train])
    scale = CALIBRATIONS[name].scale
    raw = score_matrix(model, X, range(3), scale)
    calibrated = calibrate(name, raw[held_out], codes[held_out]).probabilities(raw[test])
    np.testing.assert_allclose(calibrated.sum(axis=1), 1)
    assert calibrated.min() >= 0
    before = log_loss(codes[test], score_matrix(model, X[test], range(3)))
    assert log_loss(codes[test], normalise(np.clip(calibrated, 1e-3, 1))) < before + 0.02


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_calibration_copes_with_missing_rows_and_unseen_emotions(name):
    X, codes = blobs()
    raw = score_matrix(GaussianNB().fit(X, codes), X, range(3), CALIBRATIONS[name].scale)
    raw[:40, 2] = -np.inf  # a fold whose classifier never saw it
    raw[50] = np.nan
    calibrated = calibrate(name, raw, codes).probabilities(raw)
    assert (calibrated[:40, 2] == 0).all()
    assert np.isnan(calibrated[50]).all() and np.isfinite(np.delete(calibrated, 50, axis=0)).all()


@pytest.mark.parametrize("name", CALIBRATIONS)
def test_an_emotion_that_no_fold_saw_is_never_likely(name):
    _, codes = blobs()
    raw = np.column_stack([codes == 0, codes == 1, np.full(len(codes), -np.inf)]) + 0.0
    calibrated = calibrate(name, raw, np.minimum(codes, 1)).probabilities(raw)
    assert (calibrated[:, 2] == 0).all()


def test_a_folds_calibration_never_saw_the_fold():
    X, codes = blobs(n=90)
    raw = score_matrix(GaussianNB().fit(X, codes), X, range(3), "decision")
    folds = np.array_split(np.arange(80), 4)
    calibrated = calibrate_across("sigmoid", raw, codes, folds)
    assert np.isnan(calibrated[80:]).all()
    wrong = codes.copy()
    wrong[folds[1]] = 0
    again = calibrate_across("sigmoid", raw, wrong, folds)
    np.testing.assert_array_equal(again[folds[1]], calibrated[folds[1]])
    assert not np.allclose(again[folds[0]], calibrated[folds[0]])


def test_an_unknown_calibration_is_told():
    with pytest.raises(ValueError, match=r"calibration='platt' is unknown; allowed: 'auto', 'sig"):
        check_calibration("platt")
