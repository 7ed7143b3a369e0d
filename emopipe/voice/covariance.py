"""Covariance of frames: how strongly a voice's descriptors move, and which of them together."""

import numpy as np

# Added to variances of descriptors, and to correlation matrices on the diagonal.
_LEAST_VARIANCE, _RIDGE = 1e-8, 1e-3


def covariance_names(names, n_means=None) -> list[str]:
    """Return the names of `covariance_statistics` of columns with names.

    Examples
    --------
    >>> covariance_names(["pitch", "level"], n_means=1)
    ['pitch_mean', 'pitch_log_std', 'level_log_std', 'pitch', 'level', 'pitch_with_level']
    """
    means = [f"{name}_mean" for name in names[:n_means]]
    first, second = np.triu_indices(len(names), 1)
    pairs = [f"{names[a]}_with_{names[b]}" for a, b in zip(first, second, strict=True)]
    return [*means, *(f"{name}_log_std" for name in names), *names, *pairs]


def covariance_statistics(rows, n_means=None):
    """Return means, logarithms of standard deviations, and the logarithm of the correlations.

    A covariance matrix is no point of a vector space: linear classifiers want its matrix logarithm
    [1]_ [2]_. The standard deviations are taken out first, so that units do not matter.

    Parameters
    ----------
    rows : float ndarray of shape (frames, columns)
    n_means : int
        Only the first columns have their means among the values; None: all.

    Returns
    -------
    float64 ndarray of shape (n_means + columns * (columns + 3) / 2,)
        In the order of `covariance_names`. Values off the matrix's diagonal are multiplied by the
        square root of 2: the length of the vector is the norm of the matrix.

    References
    ----------
    .. [1] V. Arsigny et al., "Log-Euclidean metrics for fast and simple calculus on diffusion
       tensors", Magnetic Resonance in Medicine 56(2), 2006.
    .. [2] M. Liu et al., "Combining multiple kernel methods on Riemannian manifold for emotion
       recognition in the wild", ICMI 2014: covariances of a clip's frames.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(size=(10000, 2)) * [1, 100] + [5, 0]
    >>> covariance_statistics(rows).round(1) + 0.0
    array([5. , 0.4, 0. , 4.6, 0. , 0. , 0. ])
    """
    centred = rows - rows.mean(axis=0)
    covariance = centred.T @ centred / max(len(rows) - 1, 1)
    deviations = np.sqrt(np.diag(covariance) + _LEAST_VARIANCE)
    correlations = covariance / np.outer(deviations, deviations)
    correlations[np.diag_indices_from(correlations)] += _RIDGE
    values, vectors = np.linalg.eigh(correlations / (1 + _RIDGE))
    logarithm = (vectors * np.log(np.maximum(values, _RIDGE / 2))) @ vectors.T
    pairs = logarithm[np.triu_indices(len(logarithm), 1)] * np.sqrt(2)
    means = rows.mean(axis=0)[:n_means]
    return np.concatenate([means, np.log(deviations), np.diag(logarithm), pairs])
