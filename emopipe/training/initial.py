"""Set initial weights from a seed, the same on every backend."""

import math

import numpy as np


def _orthogonal(rng, shape):
    wide = rng.standard_normal((max(shape), min(shape)))
    q, r = np.linalg.qr(wide)
    q = q * np.sign(np.diag(r))
    return q if shape[0] >= shape[1] else q.T


def initial_value(name: str, shape: tuple, rng) -> np.ndarray | None:
    """Return what a weight starts with, or None where it keeps what its layer gave it.

    Kernels: uniform, as Glorot and Bengio (2010); recurrent kernels: one orthogonal matrix per gate
    (Saxe et al. 2014). Biases, scales and statistics stay as they are.

    Parameters
    ----------
    name : str
        The variable's own, such as "kernel".
    shape : tuple of int
    rng : numpy.random.Generator

    Examples
    --------
    >>> initial_value("kernel", (3, 3, 1, 8), np.random.default_rng(0)).shape
    (3, 3, 1, 8)
    >>> initial_value("bias", (8,), np.random.default_rng(0)) is None
    True
    """
    if len(shape) < 2:
        return None
    if name == "recurrent_kernel":
        gates = shape[1] // shape[0]
        return np.concatenate([_orthogonal(rng, (shape[0],) * 2) for _ in range(gates)], axis=1)
    area = math.prod(shape[:-2])
    limit = math.sqrt(6 / (area * (shape[-2] + shape[-1])))
    return rng.uniform(-limit, limit, shape)


def initialise(model, seed: int) -> None:
    """Set a model's trainable weights and the seeds of its random layers.

    Parameters
    ----------
    model : keras.Model
        Built. Layers that are not trainable keep their weights.
    seed : int
        Not negative.
    """
    rng = np.random.default_rng([seed, 10])
    for variable in model.trainable_variables:
        value = initial_value(variable.name, tuple(variable.shape), rng)
        if value is not None:
            variable.assign(value.astype(np.float32))
    weight_ids = {id(variable) for variable in model.weights}
    for number, variable in enumerate(v for v in model.variables if id(v) not in weight_ids):
        variable.assign(np.array([seed % 2**31, number], dtype="uint32"))
