"""Linear prediction: what of a voice is the shape of the mouth, as coefficients and as cepstra."""

import numpy as np


def predictors(frames, order) -> np.ndarray:
    """Return coefficients of linear prediction by Levinson and Durbin.

    Parameters
    ----------
    frames : float64 array, shape (n, length)
        Windowed.
    order : int

    Returns
    -------
    float64 ndarray of shape (n, order)
        a_1 ... of 1 + a_1 z^-1 + ..., which whitens the frame.

    Examples
    --------
    >>> abs(predictors(0.5 ** np.arange(40.0)[np.newaxis], 2).round(6)).tolist()
    [[0.5, 0.0]]
    """
    length = frames.shape[1]
    lags = np.stack(
        [(frames[:, n:] * frames[:, : length - n]).sum(axis=1) for n in range(order + 1)], axis=1
    )
    lags[:, 0] = lags[:, 0] * (1 + 1e-9) + 1e-12
    a = np.zeros((len(frames), order))
    error = lags[:, 0].copy()
    for n in range(order):
        reach = lags[:, n + 1] + (a[:, :n] * lags[:, n:0:-1]).sum(axis=1)
        k = -reach / error
        a[:, :n] += k[:, np.newaxis] * a[:, :n][:, ::-1]
        a[:, n] = k
        error *= np.maximum(1 - k**2, 1e-9)
    return a


def cepstra(coefficients, n) -> np.ndarray:
    """Return linear prediction cepstra, those of the filter 1 / (1 + a_1 z^-1 + ...) [1]_.

    Parameters
    ----------
    coefficients : float64 array, shape (frames, order)
        As `predictors` returns them.
    n : int
        Cepstra; more than the order continue the recursion.

    Returns
    -------
    float64 ndarray of shape (frames, n)
        c_1 ... c_n.

    References
    ----------
    .. [1] B. S. Atal, "Effectiveness of linear prediction characteristics of the speech wave for
       automatic speaker identification and verification", JASA 55, 1974.

    Examples
    --------
    >>> cepstra(np.array([[-0.5]]), 3).round(4).tolist()
    [[0.5, 0.125, 0.0417]]
    """
    order = coefficients.shape[1]
    values = np.zeros((len(coefficients), n))
    for m in range(1, n + 1):
        value = -coefficients[:, m - 1] if m <= order else np.zeros(len(coefficients))
        for k in range(max(1, m - order), m):
            value = value - k / m * values[:, k - 1] * coefficients[:, m - k - 1]
        values[:, m - 1] = value
    return values
