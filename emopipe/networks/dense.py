"""Fully connected layers with a softmax, as the end of a network or a network by itself."""

import numbers

import numpy as np
from scipy.special import softmax

# Rows per matrix product.
_ROWS = 64


def check_dense(hidden_units, dropout) -> None:
    """Refuse what is no description of hidden layers.

    Parameters
    ----------
    hidden_units : tuple of int
    dropout : float

    Raises
    ------
    ValueError
        If there is anything but positive integers, or `dropout` is not in [0, 1).

    Examples
    --------
    >>> check_dense((14, 0), 0.5)
    Traceback (most recent call last):
        ...
    ValueError: hidden_units=(14, 0) must be a tuple of positive integers, such as (14,)
    """
    if not isinstance(hidden_units, tuple | list) or not all(
        isinstance(n, numbers.Integral) and n > 0 for n in hidden_units
    ):
        raise ValueError(
            f"hidden_units={hidden_units!r} must be a tuple of positive integers, such as (14,)"
        )
    if not 0 <= dropout < 1:
        raise ValueError(f"dropout={dropout!r} must be at least 0 and below 1")


def dense_network(n_features, hidden_units, n_classes, *, activation="relu", dropout=0.0):
    """Return a Keras model of dense layers that ends in a softmax.

    Parameters
    ----------
    n_features, n_classes : int
    hidden_units : tuple of int
    activation : str
        Of the hidden layers.
    dropout : float
        After each of them, in training.

    Returns
    -------
    keras.Model
        Weights: kernel and bias of each layer.
    """
    import keras

    x = inputs = keras.Input((n_features,))
    for units in hidden_units:
        x = keras.layers.Dense(units, activation=activation)(x)
        if dropout:
            x = keras.layers.Dropout(dropout)(x)
    return keras.Model(inputs, keras.layers.Dense(n_classes, activation="softmax")(x))


def dense_answers(weights, x, *, hidden=False) -> np.ndarray:
    """Return what such a network (of ReLU layers) answers; no Keras is needed.

    Rows go through in blocks of one size, so that a row has the same bytes in every batch.

    Parameters
    ----------
    weights : list of float32 ndarray
        Kernel and bias of each layer.
    x : float32 ndarray of shape (n, n_features)
    hidden : bool
        Stop at the last hidden layer.

    Returns
    -------
    float64 ndarray of shape (n, n_classes), or (n, units of the last hidden layer)

    Examples
    --------
    >>> layers = [np.eye(2, dtype=np.float32), np.zeros(2, np.float32)]
    >>> dense_answers(layers, np.zeros((1, 2), np.float32))
    array([[0.5, 0.5]])
    """
    pairs = list(zip(weights[::2], weights[1::2], strict=True))
    outputs = np.empty((len(x), len(pairs[-2 if hidden else -1][1])))
    for first in range(0, len(x), _ROWS):
        block = x[first : first + _ROWS]
        values = np.zeros((_ROWS, x.shape[1]), np.float32)
        values[: len(block)] = block
        for kernel, bias in pairs[:-1]:
            values = np.maximum(values @ kernel + bias, 0)
        if not hidden:
            values = values @ pairs[-1][0] + pairs[-1][1]
        outputs[first : first + _ROWS] = values[: len(block)]
    return outputs if hidden else softmax(outputs, axis=1)
