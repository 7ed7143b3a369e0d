"""The logarithmic pool: a weighted sum of log scores, and its weights by likelihood.

Pure functions on arrays: modalities x clips x emotions for scores. `docs/fusion.md` is the theory.
"""

import numpy as np

from emopipe.fusion.multinomial import learn, log_total

# Shares of chance that a modality's scores are mixed with: .001 believes a zero, .9 hardly any
# score; so mixed, log scores go over into scores that are linear.
FLOOR = 0.001  # where no score out of fold tells a better one
_STEPS = 20
_FLOORS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.6, 0.9)
# Prior standard deviations, in units of an equal weight: of a modality's mean weight, of its
# weights per emotion around that (chosen on people left out), of what all weights share.
_OF_MODALITIES, _PER_EMOTION, _COMMON = 0.5, (0.01, 0.1, 0.3, 1.0), 10.0


def log_scores(scores, floors):
    """Return centred logarithms of scores that are mixed with chance.

    Parameters
    ----------
    scores : float array, shape (modalities, clips, emotions)
        Probabilities; NaN where a modality is missing.
    floors : float array, shape (modalities,)
        The share of chance in each modality's scores, in (0, 1).

    Returns
    -------
    float64 array, shape (modalities, clips, emotions)
        Every clip's mean over emotions is 0.

    Examples
    --------
    >>> log_scores([[[0.9, 0.1]]], [0.5]).round(3).tolist()
    [[[0.424, -0.424]]]
    """
    scores = np.asarray(scores, dtype=np.float64)
    floors = np.asarray(floors, dtype=np.float64)[:, None, None]
    logs = np.log((1 - floors) * scores + floors / scores.shape[2])
    return logs - logs.mean(axis=2, keepdims=True)


def sharpness(logs, y, start=1.0):
    """Return the factor of log scores (clips, emotions) with the least log loss, and that loss."""
    logs = np.ascontiguousarray(logs.T)
    true_logs, squares, factor = logs[y, np.arange(len(y))], logs**2, start
    for _ in range(_STEPS):
        total = log_total(factor * logs)
        p = np.exp(factor * logs - total)
        mean = (p * logs).sum(axis=0)
        slope, curvature = np.mean(mean - true_logs), np.mean((p * squares).sum(axis=0) - mean**2)
        before = factor
        # Of data that bound no factor (never wrong, or always) it stays within these limits.
        factor = np.clip(factor - slope / max(curvature, 1e-12), factor / 3, factor * 3)
        factor = np.clip(factor, 0.01, 20)
        if abs(factor / before - 1) < 0.03:
            break
    return factor, np.mean(total - before * true_logs)


def choose_floors(scores, y, loss=None):
    """Return the share of chance that makes each modality's scores most likely, (modalities,).

    Parameters
    ----------
    scores : float array, shape (modalities, clips, emotions)
        Of clips that the classifiers were not fitted on; NaN where a modality is missing.
    y : int array, shape (clips,)
        The true emotion's column.
    loss : callable, optional
        Log scores (1, clips, emotions) and the numbers of these clips to a loss. None: the log
        loss of scores that are multiplied by one factor.

    Examples
    --------
    Zeros of a modality that was never wrong are believed:

    >>> scores = [[[1.0, 0.0], [0.0, 1.0], [0.9, 0.1], [0.6, 0.4]]]
    >>> choose_floors(scores, [0, 1, 0, 1]).tolist()
    [0.001]
    """
    scores, y = np.asarray(scores, dtype=np.float64), np.asarray(y)
    floors = []
    for score in scores:
        complete = np.isfinite(score).all(axis=1)
        rows = np.flatnonzero(complete)
        logs = [log_scores(score[None, rows], [floor]) for floor in _FLOORS if len(rows)]
        losses = [loss(log, rows) for log in logs] if loss else _sharpest(logs, y[rows])
        floors.append(_FLOORS[int(np.argmin(losses or [0.0]))])
    return np.array(floors)


def _sharpest(logs, y):
    """Return the log loss of each of several log scores (1, clips, emotions)."""
    factor, losses = 1.0, []
    for log in logs:
        factor, loss = sharpness(log[0], y, factor)
        losses.append(loss)
    return losses


def weights_covariance(n_modalities, n_emotions, width):
    """Return the prior's covariance of weights and bias, emotion by emotion."""
    modality = np.tile(np.arange(n_modalities + 1), n_emotions)
    weight = modality < n_modalities
    shared = _COMMON**2 + _OF_MODALITIES**2 * (modality[:, None] == modality)
    return np.where(weight[:, None] & weight, shared, 0) + width**2 * np.eye(len(modality))


def likelihood_weights(logs, y, units):
    """Return weights and biases of the logarithmic pool by penalised multinomial likelihood.

    A weight is what all share, plus the modality's, plus the emotion's deviation from that; the
    prior of the deviations is centred at zero, so that few clips give equal weights. How far
    emotions may deviate is chosen by leaving one person out at a time. The problem is convex.

    Parameters
    ----------
    logs : float array, shape (modalities, clips, emotions)
        From `log_scores`, of clips that the classifiers were not fitted on. Clips that lack a
        modality (NaN) are skipped.
    y : int array, shape (clips,)
        The true emotion's column.
    units : array, shape (clips,)
        The person of each clip, or another unit that is left out as a whole.

    Returns
    -------
    weights : float64 array, shape (modalities, emotions)
        Not negative: what would be is 0.
    biases : float64 array, shape (emotions,)

    Raises
    ------
    ValueError
        If no clip has every modality.

    References
    ----------
    Genest, Zidek: Combining probability distributions. Statistical Science 1 (1986), section 3.

    Examples
    --------
    >>> voice = log_scores([[[0.9, 0.1], [0.2, 0.8], [0.8, 0.2], [0.4, 0.6]]], [0.01])
    >>> weights, biases = likelihood_weights(voice, [0, 1, 0, 1], ["a", "a", "b", "b"])
    >>> weights.shape, biases.shape
    ((1, 2), (2,))
    """
    logs, y = np.asarray(logs, dtype=np.float64), np.asarray(y)
    whole = check_whole(logs)
    logs, y = logs[:, whole], y[whole]
    n_modalities, n_clips, n_emotions = logs.shape
    # An equal weight is 1 where log scores are as sharp as their sum should be.
    scale, _ = sharpness(logs.sum(axis=0), y)
    features = np.concatenate([scale * logs, np.ones((1, n_clips, n_emotions))])
    features = np.ascontiguousarray(features.transpose(2, 1, 0))
    theta, _ = learn(
        features, y, np.asarray(units)[whole],
        np.tile([1.0] * n_modalities + [0.0], n_emotions),
        lambda width: np.linalg.inv(weights_covariance(n_modalities, n_emotions, width)),
        _PER_EMOTION,
    )  # fmt: skip
    theta = theta.reshape(n_emotions, n_modalities + 1).T
    return np.maximum(scale * theta[:-1], 0), theta[-1]


def check_whole(scores):
    """Return which clips have every modality, bool (clips,); ValueError where none has."""
    whole = np.isfinite(scores).all(axis=(0, 2))
    if not whole.any():
        raise ValueError(
            f"none of {scores.shape[1]} clips has finite scores from all {len(scores)} modalities, "
            "so there is nothing to learn weights on: use EmotionWeightedFusion(weights='equal')"
        )
    return whole
