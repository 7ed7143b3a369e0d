"""One way to call a network, whatever runs it: uint8 crops in, float32 rows out."""

import gc
from collections.abc import Callable
from threading import Lock

import numpy as np

from emopipe.face_networks import choose

PRECISIONS = ("float32", "bfloat16")


def _tensorflow(model):
    import tensorflow as tf

    # The number of crops stays open: one trace serves every batch, and nothing is padded.
    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)]
    traced = tf.function(lambda crops: model(crops, training=False), input_signature=signature)
    return lambda crops: traced(tf.constant(crops)).numpy()


def _jax(model):
    import jax

    @jax.jit
    def traced(trainable, fixed, crops):
        return model.stateless_call(trainable, fixed, crops, training=False)[0]

    trainable = [v.value for v in model.trainable_variables]
    fixed = [v.value for v in model.non_trainable_variables]

    def call(crops):
        # XLA compiles once per shape, so the number of crops is rounded up to a power of two.
        n, full = len(crops), 1 << (len(crops) - 1).bit_length()
        padded = np.concatenate([crops, np.repeat(crops[-1:], full - n, axis=0)])
        return np.asarray(traced(trainable, fixed, padded))[:n]

    return call


def _torch(model):
    import torch
    from keras import ops

    def call(crops):
        with torch.no_grad():
            return ops.convert_to_numpy(model(crops, training=False))

    return call


_BACKENDS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}


def _keras(model, precision):
    import keras

    name = keras.backend.backend()
    if name not in _BACKENDS:
        raise ValueError(f"KERAS_BACKEND={name} is not supported; allowed: {', '.join(_BACKENDS)}.")
    return _BACKENDS[name](model)


def _openvino(model, precision):
    import keras

    try:
        import openvino
    except ImportError:
        raise ImportError(
            "runtime='openvino' needs the package openvino: pip install emopipe[openvino], or "
            "choose runtime='keras'."
        ) from None
    if keras.backend.backend() != "tensorflow":
        raise ValueError(
            f"runtime='openvino' converts from TensorFlow, but KERAS_BACKEND is "
            f"{keras.backend.backend()}. Set KERAS_BACKEND=tensorflow, or runtime='keras'."
        )
    import tensorflow as tf

    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)]
    graph = openvino.convert_model(
        tf.function(lambda crops: model(crops, training=False), input_signature=signature)
    )
    hints = {
        "INFERENCE_PRECISION_HINT": {"float32": "f32", "bfloat16": "bf16"}[precision],
        "PERFORMANCE_HINT": "LATENCY",
    }
    run = openvino.compile_model(graph, "CPU", hints)
    busy = Lock()

    def call(crops):
        with busy:
            return run(crops)[0]

    return call


RUNTIMES = {"keras": _keras, "openvino": _openvino}


def compiled(build, *, runtime="keras", precision="float32") -> Callable:
    """Build a network, compile it once and return a function of crops.

    Parameters
    ----------
    build : callable
        ``build(dtype)`` returns a Keras model whose input is uint8 (rows, columns, 3); dtype is
        Keras' policy for its layers.
    runtime : str
        "keras": the backend of Keras, on whatever device it finds. "openvino": the same graph and
        weights converted in memory, on the CPU (extra ``openvino``).
    precision : str
        "float32", or "bfloat16" for the arithmetic (rows come back as float32). A CPU without
        bfloat16 instructions may be slower with it, or keep to float32.

    Returns
    -------
    callable
        uint8 (n, rows, columns, 3) -> float32 (n, features). On a CPU a crop's row has the same
        bytes whatever n and whatever stands beside it (tested for TensorFlow and OpenVINO);
        libraries for GPUs do not promise this.

    Raises
    ------
    ValueError
        If the names are unknown, or the backend of Keras does not fit.
    ImportError
        If the runtime is not installed.

    Examples
    --------
    >>> compiled(None, runtime="tensorrt")
    Traceback (most recent call last):
        ...
    ValueError: runtime='tensorrt' is unknown; allowed: 'keras', 'openvino'.
    """
    choose("runtime", runtime, RUNTIMES)
    choose("precision", precision, PRECISIONS)
    mixed = runtime == "keras" and precision == "bfloat16"
    model = build("mixed_bfloat16" if mixed else "float32")
    run = RUNTIMES[runtime](model, precision)
    del model
    gc.collect()

    def rows(crops):
        crops = np.ascontiguousarray(crops, dtype=np.uint8)
        return np.asarray(run(crops), dtype=np.float32).reshape(len(crops), -1)

    return rows
