"""What Keras is told of a network before it is trained: optimizer, loss, figures, precision."""

PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


def _adam(plan, rate):
    import keras

    return keras.optimizers.Adam(rate, epsilon=1e-8)


def _sgd(plan, rate):
    import keras

    return keras.optimizers.SGD(rate, momentum=plan.momentum)


OPTIMIZERS = {"adam": _adam, "sgd": _sgd}


def policy(precision: str) -> str:
    """Return Keras' name of a precision, for the `dtype` of layers.

    Layers of "bfloat16" calculate in it and keep their weights in float32; a network's last layer
    should be "float32" always. A CPU without bfloat16 instructions is slower with it.

    Examples
    --------
    >>> policy("bfloat16")
    'mixed_bfloat16'
    """
    if precision not in PRECISIONS:
        raise ValueError(f"precision={precision!r} is unknown; allowed: {', '.join(PRECISIONS)}")
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
    plan : emopipe.nets.training.Training
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
