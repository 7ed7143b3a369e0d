"""Compile a network: optimizer, loss, metrics, precision."""

import logging
from contextlib import contextmanager

from emopipe.backbones.runtimes import PRECISIONS
from emopipe.parameters import check_one_of


class _OneReplica:
    """An optimizer that adds up no gradients of other devices.

    Where Keras does so, TensorFlow registers a gradient function per compiled network and never
    forgets it, nor the network with all its variables: a run over many folds would fill the memory.
    """

    def _all_reduce_sum_gradients(self, grads_and_vars):
        return grads_and_vars


def _adam(plan, rate):
    import keras

    kind = type("Adam", (_OneReplica, keras.optimizers.Adam), {})
    return kind(rate, epsilon=1e-8)


def _sgd(plan, rate):
    import keras

    kind = type("SGD", (_OneReplica, keras.optimizers.SGD), {})
    return kind(rate, momentum=plan.momentum)


OPTIMIZERS = {"adam": _adam, "sgd": _sgd}


def dtype_policy(precision: str) -> str:
    """Return Keras' name of a precision, for the `dtype` of layers.

    Layers of "bfloat16" calculate in it and keep their weights in float32; a network's last layer
    should be "float32" always. A CPU without bfloat16 instructions is slower with it.

    Examples
    --------
    >>> dtype_policy("bfloat16")
    'mixed_bfloat16'
    """
    check_one_of("precision", precision, PRECISIONS)
    return PRECISIONS[precision]


def uses_xla() -> bool:
    """Say whether networks are compiled: on a CPU TensorFlow's own kernels start at once."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return bool(tf.config.list_physical_devices("GPU"))
    return keras.backend.backend() == "jax"


def compile_network(model, plan, steps) -> None:
    """Give a model an optimizer, a loss and figures that are weighted means.

    Parameters
    ----------
    model : keras.Model
    plan : emopipe.training.parameters.Training
    steps : int
        Batches per epoch.
    """
    import keras

    rate = plan.learning_rate
    if plan.decay_every is not None:
        rate = keras.optimizers.schedules.ExponentialDecay(
            rate, steps * plan.decay_every, plan.decay, staircase=True
        )
    decay = keras.regularizers.L2(plan.weight_decay / 2) if plan.weight_decay else None
    for variable in model.trainable_variables:
        variable.regularizer = decay
    model.compile(
        optimizer=OPTIMIZERS[plan.optimizer](plan, rate),
        loss=keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight"),
        weighted_metrics=[
            keras.metrics.SparseCategoricalCrossentropy(name="cross_entropy"),
            keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
        ],
        jit_compile=uses_xla(),
    )
    model.optimizer.build(model.trainable_variables)


def _is_no_retracing(record) -> bool:
    return "triggered tf.function retracing" not in record.getMessage()


@contextmanager
def many_networks():
    """Keep TensorFlow from warning that function after function is compiled: each is a network's.

    Examples
    --------
    >>> with many_networks():
    ...     logging.getLogger("tensorflow").warning("5 calls triggered tf.function retracing")
    """
    logger = logging.getLogger("tensorflow")
    logger.addFilter(_is_no_retracing)
    try:
        yield
    finally:
        logger.removeFilter(_is_no_retracing)
