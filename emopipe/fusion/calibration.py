"""Calibrate scores of held-out clips to probabilities."""

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logit, logsumexp, softmax
from sklearn.base import BaseEstimator
from sklearn.isotonic import IsotonicRegression

from emopipe.fusion.scores import normalise
from emopipe.parameters import check_one_of


class _PerClass(BaseEstimator):
    """One curve per emotion from its own score to a probability; rows are normalised."""

    scale = "decision"

    def fit(self, scores, y):
        """Learn from scores (clips, emotions), -inf for unseen, and columns y."""
        self.curves_ = []
        for emotion, column in enumerate(scores.T):
            finite = np.isfinite(column)
            self.curves_.append(self._curve(column[finite], y[finite] == emotion))
        return self

    def probabilities(self, scores):
        """Return probabilities (clips, emotions)."""
        values, finite = np.zeros(scores.shape), np.isfinite(scores)
        for column, score, rows, curve in zip(
            values.T, scores.T, finite.T, self.curves_, strict=True
        ):
            if curve is not None:
                column[rows] = self._height(curve, score[rows])
        values[~values.any(axis=1)] = 1  # nothing is likely: what the classifier knows is alike
        values[~finite] = 0
        values[np.isnan(scores).any(axis=1)] = np.nan
        return normalise(values)


class SigmoidCalibration(_PerClass):
    """Platt's sigmoid for each emotion against the rest, with his smoothed targets."""

    @staticmethod
    def _curve(score, hit):
        if not len(score):
            return None
        centre, width = score.mean(), score.std() or 1.0
        x = (score - centre) / width
        target = np.where(hit, (hit.sum() + 1) / (hit.sum() + 2), 1 / ((~hit).sum() + 2))

        def cost(line):
            z = line[0] * x + line[1]
            slope = expit(z) - target
            return (np.logaddexp(0, z) - target * z).sum(), np.array([slope @ x, slope.sum()])

        slope, height = minimize(cost, [0.0, logit(target.mean())], jac=True).x
        return np.array([slope / width, height - slope * centre / width])

    @staticmethod
    def _height(curve, score):
        return expit(curve[0] * score + curve[1])


class IsotonicCalibration(_PerClass):
    """A non-decreasing step curve for each emotion against the rest; wants many clips."""

    @staticmethod
    def _curve(score, hit):
        if not len(score):
            return None
        return IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(score, hit)

    @staticmethod
    def _height(curve, score):
        return curve.predict(score)


class TemperatureCalibration(BaseEstimator):
    """Softmax of decision scores (or of log probabilities) by one temperature for all emotions."""

    scale = "log"

    def fit(self, scores, y):
        """Learn from scores (clips, emotions), -inf for unseen, and columns y."""
        true_scores = scores[np.arange(len(y)), y]
        scores, true_scores = (
            scores[np.isfinite(true_scores)],
            true_scores[np.isfinite(true_scores)],
        )

        def cost(log_sharpness):
            sharp = np.exp(log_sharpness)
            return (
                np.mean(logsumexp(sharp * scores, axis=1) - sharp * true_scores)
                if len(true_scores)
                else 0.0
            )

        self.sharpness_ = np.exp(minimize_scalar(cost, bounds=(-7, 7), method="bounded").x)
        return self

    def probabilities(self, scores):
        """Return probabilities (clips, emotions)."""
        return softmax(self.sharpness_ * scores, axis=1)


CALIBRATIONS = {
    "sigmoid": SigmoidCalibration,
    "isotonic": IsotonicCalibration,
    "temperature": TemperatureCalibration,
}


# What "auto" does with decision values: one curve per emotion is all that they need, and a sigmoid
# has two numbers to learn where an isotonic curve has dozens.
_OF_DECISION_VALUES = "sigmoid"


def check_calibration(name):
    """Raise ValueError unless name is None, "auto" or a calibration."""
    check_one_of("calibration", name, ("auto", *CALIBRATIONS, None))


def gives_decision_values(estimator):
    """Return whether a classifier, fitted or not, has decision values and no probabilities.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from sklearn.svm import SVC
    >>> gives_decision_values(SVC()), gives_decision_values(GaussianNB())
    (True, False)
    """
    return not hasattr(estimator, "predict_proba") and hasattr(estimator, "decision_function")


def calibration_of(name, estimator):
    """Return the calibration of one modality, None for none: "auto" calibrates decision values."""
    if name != "auto":
        return name
    return _OF_DECISION_VALUES if gives_decision_values(estimator) else None


def scale_for(name):
    """Return the scale of scores (see `score_matrix`) that a calibration takes."""
    return "probability" if name is None else CALIBRATIONS[name].scale


def calibrate(name, scores, y):
    """Return a calibration fitted on the rows that are not NaN."""
    complete = ~np.isnan(scores).any(axis=1)
    return CALIBRATIONS[name]().fit(scores[complete], y[complete])


def calibrate_across(name, scores, y, folds):
    """Return probabilities where each fold's come from a calibration fitted on the other folds.

    Parameters
    ----------
    name : str
        In CALIBRATIONS.
    scores : float array, shape (clips, emotions)
        Out-of-fold scores, on the calibration's scale.
    y : int array, shape (clips,)
    folds : list of int arrays
        The rows of each fold, at least two folds.

    Returns
    -------
    float64 array, shape (clips, emotions)
    """
    calibrated = np.full(scores.shape, np.nan)
    for rows in folds:
        others = np.setdiff1d(np.concatenate(folds), rows)
        calibrated[rows] = calibrate(name, scores[others], y[others]).probabilities(scores[rows])
    return calibrated
