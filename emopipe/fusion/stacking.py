"""Stacking: every emotion's logit is a weighted sum of all emotions' log scores.

Where the logarithmic pool asks for an emotion only how likely each modality finds that emotion,
stacking also hears that the face says "disgust" where the voice says "anger".
"""

import numpy as np
from scipy.special import softmax
from threadpoolctl import threadpool_limits

from emopipe.fusion.log_pool import (
    check_whole,
    choose_floors,
    log_scores,
    sharpness,
    weights_covariance,
)
from emopipe.fusion.multinomial import learn, left_out_loss, most_likely
from emopipe.fusion.score_fusion import ScoreFusion
from emopipe.fusion.weights import fuse

# Prior standard deviations of a single coefficient, of which the best is chosen.
_WIDTHS = (0.01, 0.03, 0.1, 0.3, 1.0)
# Floors are chosen at this one, on at most so many clips.
_USUAL_WIDTH, _MOST_CLIPS = 0.3, 2000


def _precision(n_modalities, n_emotions, width):
    """Return the prior's inverse covariance: own scores as in the logarithmic pool."""
    n_features = n_modalities * n_emotions + 1
    covariance = width**2 * np.eye(n_emotions * n_features)
    # The pool's parameters are each emotion's coefficients of its own scores, and its bias.
    indices = np.arange(n_emotions)[:, None] + n_emotions * np.arange(n_modalities)
    indices = indices + n_features * np.arange(n_emotions)[:, None]
    bias = n_features * (1 + np.arange(n_emotions)[:, None]) - 1
    rows = np.concatenate([indices, bias], axis=1).ravel()
    covariance[np.ix_(rows, rows)] = weights_covariance(n_modalities, n_emotions, width)
    return np.linalg.inv(covariance)


def _regression(logs, y):
    """Return features (emotions, clips, features), the prior's mean, and the unit of features."""
    n_modalities, n_clips, n_emotions = logs.shape
    scale, _ = sharpness(logs.sum(axis=0), y)
    flat = scale * logs.transpose(1, 0, 2).reshape(n_clips, -1)
    features = np.concatenate([flat, np.ones((n_clips, 1))], axis=1)
    mean = np.zeros((n_emotions, features.shape[1]))
    mean[:, :-1] = np.tile(np.eye(n_emotions), n_modalities)
    return np.broadcast_to(features, (n_emotions, *features.shape)), mean.ravel(), scale


def stacking_floors(scores, y, units):
    """Return the share of chance in each modality's scores that stacking it alone likes best.

    Parameters
    ----------
    scores : float array, shape (modalities, clips, emotions)
        Of clips that the classifiers were not fitted on; NaN where a modality is missing.
    y : int array, shape (clips,)
        The true emotion's column.
    units : array, shape (clips,)
        The person of each clip; the loss is that of people left out, of at most 2000 clips.

    Returns
    -------
    float64 array, shape (modalities,)

    Examples
    --------
    >>> shares = [[[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [0.6, 0.4]]]
    >>> stacking_floors(shares, [0, 1, 0, 0], ["a", "a", "b", "b"]).shape
    (1,)
    """
    y, units = np.asarray(y), np.asarray(units)
    drawn = np.random.default_rng(0).permutation(len(y))[:_MOST_CLIPS]

    def loss(logs, rows):
        selected = np.flatnonzero(np.isin(rows, drawn))
        if not len(selected):
            return 0.0
        rows = rows[selected]
        features, mean, _ = _regression(logs[:, selected], y[rows])
        precision = _precision(1, logs.shape[2], _USUAL_WIDTH)
        with threadpool_limits(1, user_api="blas"):
            theta = most_likely(features, y[rows], mean, precision)
            return left_out_loss(features, y[rows], units[rows], theta, precision)

    return choose_floors(scores, y, loss)


def stacking_coefficients(logs, y, units):
    """Return coefficients and biases by penalised multinomial likelihood.

    The prior is centred at equal weights of an emotion's own scores and at none of the others', so
    that few clips give the product rule; how far coefficients may go from there is chosen by
    leaving one person out at a time. The problem is convex.

    Parameters
    ----------
    logs : float array, shape (modalities, clips, emotions)
        From `emopipe.fusion.log_pool.log_scores`, of clips that the classifiers were not fitted
        on. Clips that lack a modality (NaN) are skipped.
    y : int array, shape (clips,)
        The true emotion's column.
    units : array, shape (clips,)
        The person of each clip, or another unit that is left out as a whole.

    Returns
    -------
    coefficients : float64 array, shape (modalities, emotions, emotions)
        By modality, emotion whose score it multiplies, and emotion that it speaks for.
    biases : float64 array, shape (emotions,)

    Raises
    ------
    ValueError
        If no clip has every modality.

    References
    ----------
    Wolpert: Stacked generalization. Neural Networks 5 (1992).

    Examples
    --------
    >>> logs = np.log([[[0.9, 0.1], [0.2, 0.8], [0.8, 0.2], [0.4, 0.6]]])
    >>> coefficients, biases = stacking_coefficients(logs, [0, 1, 0, 1], ["a", "a", "b", "b"])
    >>> coefficients.shape, biases.shape
    ((1, 2, 2), (2,))
    """
    logs, y = np.asarray(logs, dtype=np.float64), np.asarray(y)
    whole = check_whole(logs)
    logs, y = logs[:, whole], y[whole]
    n_modalities, _, n_emotions = logs.shape
    features, mean, scale = _regression(logs, y)
    theta, _ = learn(
        features, y, np.asarray(units)[whole], mean,
        lambda width: _precision(n_modalities, n_emotions, width), _WIDTHS,
    )  # fmt: skip
    theta = theta.reshape(n_emotions, -1).T
    coefficients = scale * theta[:-1].reshape(n_modalities, n_emotions, n_emotions)
    return coefficients, theta[-1]


class StackedFusion(ScoreFusion):
    """Fusion by a multinomial regression on the log scores of all modalities and emotions.

    It learns on out-of-fold scores, as `EmotionWeightedFusion` does, and is drawn towards the
    product rule by the amount of data. It wants many clips: thousands of CREMA-D's votes profit.
    A clip that lacks a modality is decided by the others alike.

    Parameters
    ----------
    estimators : list of (str, classifier)
        The modalities by name, as in `EmotionWeightedFusion`.
    cv : None, int, splitter or iterable of (train, test)
        Folds for out-of-fold scores, as there.
    calibration : "auto", "sigmoid", "isotonic", "temperature" or None
        How scores become probabilities first, as there.
    remember : bool
        Take fits of the same estimator on the same data from memory, as there.

    Attributes
    ----------
    classes_ : ndarray of shape (n_emotions,)
    coefficients_ : float64 array, shape (n_modalities, n_emotions, n_emotions)
        By modality, emotion whose log score it multiplies, and emotion that it speaks for.
    biases_ : float64 array, shape (n_emotions,)
    floors_ : float64 array, shape (n_modalities,)
        The share of chance in each modality's scores before logarithms are taken.
    estimators_, named_estimators_, calibrations_, prior_, oof_scores_
        As in `EmotionWeightedFusion`.

    See Also
    --------
    EmotionWeightedFusion : one weight per modality and emotion, which can be read.

    References
    ----------
    Wolpert: Stacked generalization. Neural Networks 5 (1992).

    Examples
    --------
    >>> import pandas as pd
    >>> from emopipe import ScoreColumns, StackedFusion
    >>> clips = pd.DataFrame({
    ...     "subject": ["a", "a", "b", "b"], "emotion": ["fear", "joy"] * 2,
    ...     "heard_fear": [3, 1, 5, 2], "heard_joy": [2, 4, 1, 2],
    ...     "seen_fear": [1, 0, 2, 3], "seen_joy": [2, 6, 4, 5]})
    >>> fusion = StackedFusion(
    ...     [("voice", ScoreColumns(prefix="heard_")), ("face", ScoreColumns(prefix="seen_"))])
    >>> fusion.fit(clips, clips["emotion"]).predict(clips).tolist()
    ['fear', 'joy', 'fear', 'joy']
    """

    def __init__(self, estimators, *, cv=None, calibration="auto", remember=True):
        self.estimators = estimators
        self.cv = cv
        self.calibration = calibration
        self.remember = remember

    def _check_rule(self, names):
        """All that may be wrong is checked for every fusion."""

    def _learns_rule(self):
        return True

    def _learn_rule(self, names, codes, units):
        self.floors_ = stacking_floors(self.oof_scores_, codes, units)
        logs = log_scores(self.oof_scores_, self.floors_)
        coefficients, self.biases_ = stacking_coefficients(logs, codes, units)
        # Sums round by how numbers lie in memory: a saved model gives the same bits.
        self.coefficients_ = np.ascontiguousarray(coefficients)

    def _fuse(self, scores):
        logs = log_scores(scores, self.floors_)
        logits = fuse(logs, np.ones((len(logs), logs.shape[2])))
        whole = np.isfinite(logs).all(axis=(0, 2))
        logits[whole] = np.einsum("mne,mef->nf", logs[:, whole], self.coefficients_) + self.biases_
        return softmax(logits, axis=1)
