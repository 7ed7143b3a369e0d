"""Answers for complete rows alone: what `WhereFinite` and `ClipPipeline` share."""

import numpy as np
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from emopipe.fusion.rows import take


def complete_rows(X) -> np.ndarray:
    """Return which rows of an array or table hold finite numbers alone, bool (n_rows,).

    Examples
    --------
    >>> complete_rows([[0.0, 1.0], [np.nan, 1.0]]).tolist()
    [True, False]
    """
    return np.isfinite(np.asarray(X, dtype=np.float64)).all(axis=1)


def _classifier_has(method):
    def check(self):
        getattr(self._classifier(), method)
        return True

    return check


class CompleteRows:
    """Mixin of classifiers that ask another one about complete rows, and answer NaN for others.

    A subclass has `classes_`, `fallback_`, ``_classifier()``, which is asked, and
    ``_features(X)``, which returns features and which of their rows are complete.
    """

    def _answers(self, X, method):
        """Return which rows are complete, and the classifier's answers for those."""
        check_is_fitted(self)
        features, rows = self._features(X)
        if not rows.any():
            return rows, None
        return rows, getattr(self._classifier(), method)(take(features, rows))

    def _spread(self, X, method):
        rows, answers = self._answers(X, method)
        if answers is None:
            binary = method == "decision_function" and len(self.classes_) == 2
            return np.full(len(rows) if binary else (len(rows), len(self.classes_)), np.nan)
        spread = np.full((len(rows), *answers.shape[1:]), np.nan)
        spread[rows] = answers
        return spread

    @available_if(_classifier_has("predict_proba"))
    def predict_proba(self, X):
        """Return probabilities (n_clips, n_classes), NaN in incomplete rows."""
        return self._spread(X, "predict_proba")

    @available_if(_classifier_has("predict_log_proba"))
    def predict_log_proba(self, X):
        """Return logarithms of probabilities (n_clips, n_classes), NaN in incomplete rows."""
        return self._spread(X, "predict_log_proba")

    @available_if(_classifier_has("decision_function"))
    def decision_function(self, X):
        """Return decision scores as the classifier gives them, NaN in incomplete rows."""
        return self._spread(X, "decision_function")

    def predict(self, X):
        """Return emotions (n_clips,); for incomplete rows `fallback_`, the most frequent one."""
        rows, answers = self._answers(X, "predict")
        predicted = np.full(len(rows), self.fallback_, dtype=self.classes_.dtype)
        if answers is not None:
            predicted[rows] = answers
        return predicted
