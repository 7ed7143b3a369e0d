"""Score matrices of a classifier: its probabilities, or its decision scores made comparable."""

import numpy as np
from scipy.special import softmax

_SMALLEST = 1e-3  # probability that stands for less where a logarithm is taken


def _decision_scores(estimator, X):
    """Return decision scores, a column per class of the estimator."""
    scores = np.asarray(estimator.decision_function(X), dtype=np.float64)
    if scores.ndim == 1:
        scores = np.column_stack([-scores / 2, scores / 2])
    if scores.shape[1] != len(estimator.classes_):
        raise ValueError(
            f"decision_function gives {scores.shape[1]} columns for {len(estimator.classes_)} "
            "classes: one per class is wanted (decision_function_shape='ovr' of an SVC)"
        )
    return scores


def _class_scores(estimator, X, scale):
    """Return scores with a column per class of the estimator, on a scale of `score_matrix`."""
    probable = hasattr(estimator, "predict_proba")
    decisive = hasattr(estimator, "decision_function")
    if not (probable or decisive):
        raise TypeError(
            f"{type(estimator).__name__} has neither predict_proba nor decision_function, so it "
            "gives no scores to fuse: use another classifier, or wrap it in CalibratedClassifierCV"
        )
    if decisive and not (probable and scale == "probability"):
        scores = _decision_scores(estimator, X)
        return softmax(scores, axis=1) if scale == "probability" else scores
    probabilities = np.asarray(estimator.predict_proba(X), dtype=np.float64)
    return np.log(np.maximum(probabilities, _SMALLEST)) if scale == "log" else probabilities


def score_matrix(estimator, X, classes, scale="probability"):
    """Return the scores of a fitted classifier, a column for every one of `classes`.

    Parameters
    ----------
    estimator : fitted classifier
    X : as the classifier takes it
    classes : array, shape (emotions,)
        Sorted. One that the classifier never saw has probability 0, on the other scales -inf.
    scale : "probability", "decision" or "log"
        "probability": probabilities where the classifier has them, otherwise the softmax of its
        decision scores (an SVC's own probabilities are deprecated in scikit-learn, and calibrated
        on folds that mix subjects). "decision": decision scores where it has them, otherwise
        probabilities. "log": decision scores, otherwise logarithms of probabilities.

    Returns
    -------
    float64 array, shape (clips, emotions)
        A row of NaN where the classifier gave NaN.

    Raises
    ------
    TypeError
        If the classifier gives no scores.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> model = GaussianNB().fit([[0.0], [1.0], [5.0], [6.0]], ["fear", "fear", "joy", "joy"])
    >>> score_matrix(model, [[0.5]], np.array(["anger", "fear", "joy"])).round(2).tolist()
    [[0.0, 1.0, 0.0]]
    """
    class_scores = _class_scores(estimator, X, scale)
    scores = np.full((len(class_scores), len(classes)), 0.0 if scale == "probability" else -np.inf)
    labelled = np.isin(estimator.classes_, classes)
    scores[:, np.searchsorted(classes, estimator.classes_[labelled])] = class_scores[:, labelled]
    scores[np.isnan(class_scores).any(axis=1)] = np.nan
    return scores


def normalise(scores):
    """Return rows divided by their sum; rows of zeros become uniform, NaN stays."""
    total = scores.sum(axis=1, keepdims=True)
    return np.where(total == 0, 1 / scores.shape[1], scores / np.where(total == 0, 1, total))


def decide(scores, fallback):
    """Return the column of each row's highest score, `fallback` where scores are NaN."""
    missing = np.isnan(scores).any(axis=1)
    return np.where(missing, fallback, np.where(missing[:, None], 0, scores).argmax(axis=1))
