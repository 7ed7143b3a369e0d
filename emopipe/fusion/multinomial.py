"""Multinomial likelihood with a Gaussian prior, whose width is chosen by leaving people out.

The model: an emotion's logit is the product of its features and its parameters. The logarithmic
pool and stacking are both of this kind; they differ in the features and in the prior. See
docs/fusion.md.
"""

import numpy as np
from threadpoolctl import threadpool_limits

_STEPS, _ENOUGH = 30, 1e-5


def log_total(logits):
    """Return the logarithm of the sum of exponentials over emotions, the first axis."""
    highest = logits.max(axis=0)
    return highest + np.log(np.exp(logits - highest).sum(axis=0))


def _logits(features, theta):
    """Return logits, (emotions, clips): along clips, all below is fast."""
    n_emotions, _, n_features = features.shape
    return np.matmul(features, theta.reshape(n_emotions, n_features, 1))[..., 0]


def _losses(logits, y):
    return log_total(logits) - logits[y, np.arange(len(y))]


def _curvature(features, probabilities):
    """Return the Hessian of the loss, summed over clips, (parameters, parameters)."""
    n_emotions, n_clips, n_features = features.shape
    weighted = features * probabilities[..., None]
    flat = weighted.transpose(1, 0, 2).reshape(n_clips, -1)
    hessian = -flat.T @ flat
    blocks = weighted.transpose(0, 2, 1) @ features
    for emotion in range(n_emotions):
        block = slice(emotion * n_features, (emotion + 1) * n_features)
        hessian[block, block] += blocks[emotion]
    return hessian


def _slope(features, probabilities, y):
    """Return the gradient of the loss, summed over clips, (parameters,)."""
    away = probabilities.copy()
    away[y, np.arange(len(y))] -= 1
    return np.matmul(away[:, None], features).ravel()


def most_likely(features, y, mean, precision, start=None):
    """Return the parameters of highest posterior density, by Newton's method; it is unique.

    Parameters
    ----------
    features : float array, shape (emotions, clips, features)
    y : int array, shape (clips,)
        The true emotion's column.
    mean : float array, shape (parameters,)
        Of the Gaussian prior; parameters are those of the first emotion, then of the second, ...
    precision : float array, shape (parameters, parameters)
        Inverse covariance of the prior, positive definite.
    start : float array, shape (parameters,), optional
        Where to begin; the result does not depend on it.

    Returns
    -------
    float64 array, shape (parameters,)

    Examples
    --------
    With hardly any clips the prior decides:

    >>> features = np.array([[[1.0]], [[-1.0]]])
    >>> most_likely(features, np.array([0]), np.ones(2), 1e6 * np.eye(2)).round(3).tolist()
    [1.0, 1.0]
    """

    def posterior(theta):
        logits, away = _logits(features, theta), theta - mean
        return logits, _losses(logits, y).sum() + away @ precision @ away / 2

    theta = np.array(mean if start is None else start, dtype=np.float64)
    logits, value = posterior(theta)
    for _ in range(_STEPS):
        p = np.exp(logits - log_total(logits))
        slope = _slope(features, p, y) + precision @ (theta - mean)
        step = np.linalg.solve(_curvature(features, p) + precision, slope)
        length, before = 1.0, value
        logits, value = posterior(theta - step)
        while value > before and length > 1e-6:
            length /= 2
            logits, value = posterior(theta - length * step)
        theta = theta - length * step
        if slope @ step < _ENOUGH:
            break
    return theta


def left_out_loss(features, y, units, theta, precision):
    """Return the mean log loss of clips by parameters learned without their unit (person).

    Each unit's parameters are one Newton step from `theta`, the optimum with everybody: exact for
    a quadratic loss, and close where no single person decides.

    Parameters
    ----------
    features, y, precision
        As in `most_likely`.
    units : array, shape (clips,)
    theta : float array, shape (parameters,)
        From `most_likely`.
    """
    logits = _logits(features, theta)
    p = np.exp(logits - log_total(logits))
    _, codes = np.unique(units, return_inverse=True)
    rows = [np.flatnonzero(codes == unit) for unit in range(codes.max() + 1)]
    curvatures = np.array([_curvature(features[:, r], p[:, r]) for r in rows])
    slopes = np.array([_slope(features[:, r], p[:, r], y[r]) for r in rows])
    steps = np.linalg.solve(precision + curvatures.sum(axis=0) - curvatures, slopes[..., None])[
        ..., 0
    ]
    losses = [
        _losses(_logits(features[:, r], theta + step), y[r]).sum()
        for r, step in zip(rows, steps, strict=True)
    ]
    return sum(losses) / len(y)


def learn(features, y, units, mean, precision_of, widths):
    """Return the most likely parameters, with the prior's width that serves people left out best.

    Parameters
    ----------
    features, y, units, mean
        As above.
    precision_of : callable
        Width to precision.
    widths : sequence of float
        From narrow to wide; of equal losses the narrowest stays.

    Returns
    -------
    theta : float64 array, shape (parameters,)
    width : float
    """
    best, theta = None, None
    with threadpool_limits(1, user_api="blas"):  # many small products: threads only wait
        for width in widths:
            precision = precision_of(width)
            theta = most_likely(features, y, mean, precision, start=theta)
            loss = left_out_loss(features, y, units, theta, precision)
            if best is None or loss < best[0]:
                best = loss, theta, width
    return best[1:]
