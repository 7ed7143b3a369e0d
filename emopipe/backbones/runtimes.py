"""Run a network with any runtime: an array of crops in, float32 rows out."""

import os
from collections.abc import Callable
from threading import Lock

import numpy as np

from emopipe.parameters import check_one_of

# precision -> what Keras calls it
PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}

_process = None  # id of the process whose Keras backend has run; a fork inherits it


def check_not_forked() -> None:
    """Refuse to run networks in the fork of a process that ran some; else, note that this one does.

    TensorFlow and JAX answer from threads, and a fork has none of its parent's: it would wait for
    ever.

    Raises
    ------
    RuntimeError
        In such a fork; the message says what works instead.

    Examples
    --------
    >>> check_not_forked()
    """
    global _process
    if _process is None:
        _process = os.getpid()
    elif _process != os.getpid():
        import keras

        raise RuntimeError(
            f"this process is a fork of one that has run a network, and {keras.backend.backend()} "
            "does not survive a fork: it would wait for ever. Use joblib's own processes "
            "(joblib.parallel_config('loky'), which is its default) or its threads ('threading'), "
            "a Dask cluster, or multiprocessing's start methods 'spawn' and 'forkserver'"
        )


def _tensorflow(model):
    import tensorflow as tf

    # The number of crops stays open: one trace serves every batch, and nothing is padded.
    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)]
    forward = tf.function(lambda crops: model(crops, training=False), input_signature=signature)
    return lambda crops: forward(tf.constant(crops)).numpy()


def _jax(model):
    import jax

    @jax.jit
    def forward(trainable, fixed, crops):
        return model.stateless_call(trainable, fixed, crops, training=False)[0]

    trainable = [v.value for v in model.trainable_variables]
    fixed = [v.value for v in model.non_trainable_variables]

    def call(crops):
        # XLA compiles once per shape, so the number of crops is rounded up to a power of two.
        padded = _pad(crops, 1 << (len(crops) - 1).bit_length())
        return np.asarray(forward(trainable, fixed, padded))[: len(crops)]

    return call


def _torch(model):
    import torch
    from keras import ops

    def call(crops):
        with torch.no_grad():
            return ops.convert_to_numpy(model(crops, training=False))

    return call


_BACKENDS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}


def _pad(crops, n):
    return np.concatenate([crops, np.repeat(crops[-1:], n - len(crops), axis=0)])


def _rows(call, least=1):
    def rows(crops):
        crops = np.ascontiguousarray(crops)
        values = call(crops if len(crops) >= least else _pad(crops, least))
        return np.asarray(values, dtype=np.float32).reshape(len(values), -1)[: len(crops)]

    return rows


def keras_call(model, *, least=1) -> Callable:
    """Compile a Keras model once, for any number of crops.

    Parameters
    ----------
    model : keras.Model
        Its one input is uint8 (rows, columns, 3): crops go to the device as they are.
    least : int
        Fewer crops are filled up to this number: libraries take other ways for a single one, which
        add in another order.

    Returns
    -------
    callable
        uint8 (n, rows, columns, 3) -> float32 (n, features).

    Raises
    ------
    ValueError
        If the backend of Keras is neither TensorFlow, JAX nor PyTorch.

    Examples
    --------
    >>> from emopipe.backbones.mini_xception import keras_model
    >>> keras_call(keras_model())(np.zeros((2, 48, 48, 3), np.uint8)).shape  # doctest: +SKIP
    (2, 7)
    """
    import keras

    check_one_of("KERAS_BACKEND", keras.backend.backend(), _BACKENDS)
    call = _BACKENDS[keras.backend.backend()](model)

    def check_and_call(crops):
        check_not_forked()
        return call(crops)

    return _rows(check_and_call, least)


def openvino_call(graph, precision="float32") -> Callable:
    """Compile an OpenVINO graph for the CPU.

    Parameters
    ----------
    graph : openvino.Model
        Its one input is uint8 (-1, rows, columns, 3).
    precision : str
        "float32", or "bfloat16" for the arithmetic, where the CPU has instructions for it.

    Returns
    -------
    callable
        uint8 (n, rows, columns, 3) -> float32 (n, features). Threads take turns.

    Examples
    --------
    >>> openvino_call(None, "int8")
    Traceback (most recent call last):
        ...
    ValueError: precision='int8' is unknown; allowed: 'float32', 'bfloat16'
    """
    check_one_of("precision", precision, PRECISIONS)
    import openvino

    hint = {"float32": "f32", "bfloat16": "bf16"}[precision]
    hints = {"INFERENCE_PRECISION_HINT": hint, "PERFORMANCE_HINT": "LATENCY"}
    run = openvino.Core().compile_model(graph, "CPU", hints)
    busy = Lock()

    def call(crops):
        with busy:
            return run(crops)[0]

    return _rows(call)
