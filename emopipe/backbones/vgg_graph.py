"""VGG-Face's graph, in code: for Keras and for OpenVINO."""

from functools import lru_cache
from itertools import dropwhile, islice
from typing import NamedTuple

import numpy as np

from emopipe.parameters import check_one_of

_POOLS = ("pool3", "pool4", "pool5")
_MATRICES = ("fc6", "fc7", "fc8")
LAYERS = _POOLS + _MATRICES
# Blocks of convolutions that are trained further -> the last layer that stays as it is.
BEGINNINGS = {1: "pool4", 2: "pool3"}


def check_fine_tuning(n_blocks, rate, prefix="") -> None:
    """Raise ValueError where blocks to train further, or their learning rate, cannot be.

    Parameters
    ----------
    n_blocks : int
    rate : float
    prefix : str
        Of the names of the parameters fine_tune and fine_tune_rate, for the error.
    """
    if n_blocks not in (0, *BEGINNINGS):
        raise ValueError(f"{prefix}fine_tune={n_blocks!r} must be 0, 1 or 2 convolution blocks")
    if not rate > 0:
        raise ValueError(f"{prefix}fine_tune_rate={rate!r} must be above 0")


class Architecture(NamedTuple):
    """Sizes of the network; the defaults are VGG-Face's, others make small ones for tests.

    Parameters
    ----------
    size : int
        Rows and columns of a crop, halved by every block.
    depths, widths : tuple of int
        Convolutions and filters of each block.
    units : tuple of int
        Outputs of fc6, fc7 and fc8.

    Examples
    --------
    >>> Architecture().kernels("fc6")["fc6"]
    (7, 7, 512, 4096)
    """

    size: int = 224
    depths: tuple = (2, 2, 3, 3, 3)
    widths: tuple = (64, 128, 256, 512, 512)
    units: tuple = (4096, 4096, 2622)

    def kernels(self, layer) -> dict:
        """Return the kernel shapes by layer name, as convolutions, up to `layer`."""
        shapes, before, space = {}, 3, self.size // 2 ** len(self.widths)
        for kind, name, width in self.steps(layer):
            if kind == "convolution":
                shapes[name] = (3, 3, before, width)
            elif kind == "matrix":
                shapes[name] = (space, space, before, width)
                space = 1
            before = width if name else before
        return shapes

    def steps(self, layer, after=None):
        """Yield (kind, name, outputs) of every step up to `layer`, or of those after a pooling."""
        chosen = self._steps(layer)
        if after is not None:
            chosen = islice(dropwhile(lambda step: step[1] != after, chosen), 1, None)
        yield from chosen

    def _steps(self, layer):
        for block, (depth, width) in enumerate(zip(self.depths, self.widths, strict=True), start=1):
            for number in range(1, depth + 1):
                yield "convolution", f"conv{block}_{number}", width
            pool = f"pool{5 - len(self.widths) + block}"
            yield "pooling", pool, width
            if pool == layer:
                break
        yield "flattening", None, self.features(pool)
        if layer in _MATRICES:
            names = _MATRICES[: _MATRICES.index(layer) + 1]
            yield from (("matrix", *step) for step in zip(names, self.units, strict=False))

    def pooled_shape(self, pool) -> tuple[int, int, int]:
        """Return rows, columns and filters after a pooling; the last one is called pool5."""
        block = int(pool.removeprefix("pool")) - 5 + len(self.widths)
        side = self.size // 2**block
        return side, side, self.widths[block - 1]

    def features(self, layer) -> int:
        """Return how many values a crop gives."""
        if layer in _MATRICES:
            return self.units[_MATRICES.index(layer)]
        return int(np.prod(self.pooled_shape(layer)))


VGGFACE = Architecture()


# What is subtracted from blue, green and red in 0-255, and what the rest is divided by.
PREPROCESSINGS = {
    "vggface": ((93.5940, 104.7624, 129.1863), 1.0),
    "deepface": ((0, 0, 0), 255.0),
    "caffe": ((103.939, 116.779, 123.68), 1.0),
}


@lru_cache(maxsize=1)
def _steady_dense():
    import keras

    class SteadyDense(keras.layers.Dense):
        """A dense layer whose rows have the same bytes in every batch.

        A matrix of one row is multiplied by another routine, which adds in another order; so there
        is always a second one.
        """

        def call(self, inputs):
            return super().call(keras.ops.concatenate([inputs, inputs[:1]]))[:-1]

    return SteadyDense


def _initial_weights(weights):
    """Have Keras begin with the weights: assigned later, TensorFlow would hold them twice."""
    name, *arrays = weights

    def give(shape, dtype=None):
        # Taken away, because the layer keeps its initializer.
        return arrays.pop(0).reshape(shape)

    return {"name": name, "kernel_initializer": give, "bias_initializer": give}


def keras_model(
    weights, layer="fc7", *, preprocessing="vggface", dtype="float32", architecture=VGGFACE
):
    """Return VGG-Face as a Keras model on uint8 RGB crops.

    Parameters
    ----------
    weights : iterable of (str, ndarray, ndarray)
        Name, kernel (as convolution) and bias of every layer, in order; see
        `emopipe.backbones.vgg_weights.layer_weights`.
    layer : str
        Where it ends: "pool3", "pool4" or "pool5" (200704, 100352 or 25088 values, flattened rows
        first), "fc6", "fc7" (4096, after ReLU) or "fc8" (2622 identities, before the softmax).
    preprocessing : str
        Part of the graph. "vggface": blue, green, red in 0-255 minus the training mean, the
        network's own. "deepface": blue, green, red divided by 255, as DeepFace feeds it.
    dtype : str
        Keras' dtype policy: "float32", or "mixed_bfloat16" (input and output stay float32).
    architecture : Architecture
        Sizes.

    Returns
    -------
    keras.Model
        Layers are named conv1_1 ... conv5_3, fc6, fc7, fc8.

    Raises
    ------
    ValueError
        If layer or preprocessing is unknown.

    References
    ----------
    Parkhi, Vedaldi and Zisserman, "Deep face recognition", BMVC 2015, table 3.

    Examples
    --------
    >>> keras_model([], "fc9")
    Traceback (most recent call last):
        ...
    ValueError: layer='fc9' is unknown; allowed: 'pool3', 'pool4', 'pool5', 'fc6', 'fc7', 'fc8'
    """
    check_one_of("layer", layer, LAYERS)
    check_one_of("preprocessing", preprocessing, PREPROCESSINGS)
    import keras

    mean, scale = PREPROCESSINGS[preprocessing]
    crops = keras.Input((architecture.size, architecture.size, 3), dtype="uint8", name="crops")
    x = keras.ops.flip(keras.ops.cast(crops, "float32"), axis=-1)
    x = (x - np.array(mean, np.float32)) / np.float32(scale)
    x = _through(x, architecture.steps(layer), weights, dtype)
    return keras.Model(crops, keras.ops.cast(x, "float32"), name="vggface")


def keras_tail(weights, after, layer, *, dtype="float32", architecture=VGGFACE):
    """Return the last part of VGG-Face as a Keras model on what a pooling gives.

    Parameters
    ----------
    weights : iterable of (str, ndarray, ndarray)
        As for `keras_model`, of the part alone.
    after : str
        Pooling where it begins: "pool3" or "pool4".
    layer, dtype, architecture
        As for `keras_model`; layer "pool5" or further.

    Returns
    -------
    keras.Model
        float32 (n, values of the pooling) -> float32 (n, values of the layer).
    """
    import keras

    values = keras.Input((architecture.features(after),), name=after)
    x = keras.layers.Reshape(architecture.pooled_shape(after), dtype=dtype)(values)
    x = _through(x, architecture.steps(layer, after), weights, dtype)
    return keras.Model(values, keras.ops.cast(x, "float32"), name="vggface_tail")


def _through(x, steps, weights, dtype):
    """Add steps of the network to a Keras tensor."""
    import keras

    images = {"data_format": "channels_last", "dtype": dtype}
    weights = iter(weights)
    for kind, name, width in steps:
        if kind == "pooling":
            x = keras.layers.MaxPooling2D(2, **images)(x)
        elif kind == "flattening":
            x = keras.layers.Flatten(**images)(x)
        elif kind == "convolution":
            initial = _initial_weights(next(weights)) | images
            x = keras.ops.relu(keras.layers.Conv2D(width, 3, padding="same", **initial)(x))
        else:
            x = _steady_dense()(width, **_initial_weights(next(weights)), dtype=dtype)(x)
            x = x if name == "fc8" else keras.ops.relu(x)
    return x


def _openvino():
    try:
        import openvino
        from openvino import opset13
    except ImportError:
        raise ImportError(
            "runtime='openvino' needs the package openvino: pip install openvino, or "
            "choose runtime='keras'."
        ) from None
    return openvino.Model, opset13


def openvino_graph(weights, layer="fc7", *, preprocessing="vggface", architecture=VGGFACE):
    """Return VGG-Face as an OpenVINO graph on uint8 RGB crops.

    The same steps as `keras_model`, written down directly: neither TensorFlow nor a second copy of
    the weights is needed.

    Parameters
    ----------
    weights, layer, preprocessing, architecture
        As for `keras_model`.

    Returns
    -------
    openvino.Model
        For any number of crops.

    Raises
    ------
    ImportError
        If OpenVINO is not installed.

    Examples
    --------
    >>> openvino_graph([], "fc9")
    Traceback (most recent call last):
        ...
    ValueError: layer='fc9' is unknown; allowed: 'pool3', 'pool4', 'pool5', 'fc6', 'fc7', 'fc8'
    """
    check_one_of("layer", layer, LAYERS)
    check_one_of("preprocessing", preprocessing, PREPROCESSINGS)
    model, ops = _openvino()
    mean, scale = (np.float32(value) for value in PREPROCESSINGS[preprocessing])
    crops = ops.parameter([-1, architecture.size, architecture.size, 3], np.uint8, name="crops")
    x = ops.gather(ops.convert(crops, "f32"), [2, 1, 0], 3)
    x = ops.transpose(ops.divide(ops.subtract(x, mean), scale), [0, 3, 1, 2])
    weights = iter(weights)
    for kind, name, _ in architecture.steps(layer):
        if kind == "convolution":
            _, kernel, bias = next(weights)
            kernel = ops.constant(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)))
            x = ops.convolution(x, kernel, [1, 1], [1, 1], [1, 1], [1, 1])
            x = ops.relu(ops.add(x, bias.reshape(1, -1, 1, 1)))
        elif kind == "pooling":
            x = ops.max_pool(x, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2]).output(0)
        elif kind == "flattening":
            x = ops.reshape(ops.transpose(x, [0, 2, 3, 1]), [0, -1], True)
        else:
            _, kernel, bias = next(weights)
            kernel = ops.constant(kernel.reshape(-1, kernel.shape[-1]), shared_memory=True)
            x = ops.add(ops.matmul(x, kernel, False, False), bias.reshape(1, -1))
            x = x if name == "fc8" else ops.relu(x)
    return model([x], [crops], "vggface")
