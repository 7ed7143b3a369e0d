"""VGG-Face's graph, in code."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from emopipe.face_networks import choose

# Means of the training images, in the order of the network's input: blue, green, red.
_MEAN = (93.5940, 104.7624, 129.1863)

LAYERS = ("pool5", "fc6", "fc7", "fc8")


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
        shapes, before = {}, 3
        for block, (depth, width) in enumerate(zip(self.depths, self.widths, strict=True), start=1):
            for number in range(1, depth + 1):
                shapes[f"conv{block}_{number}"] = (3, 3, before, width)
                before = width
        space = self.size // 2 ** len(self.widths)
        for name, units in zip(LAYERS[1 : LAYERS.index(layer) + 1], self.units, strict=False):
            shapes[name] = (space, space, before, units)
            before, space = units, 1
        return shapes

    def features(self, layer) -> int:
        """Return how many values a crop gives."""
        if layer == "pool5":
            return (self.size // 2 ** len(self.widths)) ** 2 * self.widths[-1]
        return self.units[LAYERS.index(layer) - 1]


VGGFACE = Architecture()


def _centred(crops, ops):
    return ops.flip(ops.cast(crops, "float32"), axis=-1) - np.array(_MEAN, np.float32)


def _unit(crops, ops):
    return ops.flip(ops.cast(crops, "float32"), axis=-1) / np.float32(255)


PREPROCESSINGS = {"vggface": _centred, "deepface": _unit}


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


def build(layer="fc7", *, preprocessing="vggface", dtype="float32", architecture=VGGFACE):
    """Return VGG-Face, all weights zero, as a Keras model on uint8 RGB crops.

    Parameters
    ----------
    layer : str
        Where it ends: "pool5" (25088 values, flattened rows first), "fc6", "fc7" (4096, after
        ReLU) or "fc8" (2622 identities, before the softmax).
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
    >>> build("fc9")
    Traceback (most recent call last):
        ...
    ValueError: layer='fc9' is unknown; allowed: 'pool5', 'fc6', 'fc7', 'fc8'.
    """
    choose("layer", layer, LAYERS)
    choose("preprocessing", preprocessing, PREPROCESSINGS)
    import keras

    # Zeros cost nothing where Keras would draw 145 million numbers to throw them away.
    plain = {"kernel_initializer": "zeros", "dtype": dtype}
    images = {"data_format": "channels_last", "dtype": dtype}
    crops = keras.Input((architecture.size, architecture.size, 3), dtype="uint8", name="crops")
    x = PREPROCESSINGS[preprocessing](crops, keras.ops)
    for block, depth in enumerate(architecture.depths, start=1):
        for number in range(1, depth + 1):
            width, name = architecture.widths[block - 1], f"conv{block}_{number}"
            x = keras.layers.Conv2D(
                width, 3, padding="same", activation="relu", name=name, **(plain | images)
            )(x)
        x = keras.layers.MaxPooling2D(2, **images)(x)
    x = keras.layers.Flatten(**images)(x)
    for name, units in zip(LAYERS[1 : LAYERS.index(layer) + 1], architecture.units, strict=False):
        activation = None if name == "fc8" else "relu"
        x = _steady_dense()(units, activation=activation, name=name, **plain)(x)
    return keras.Model(crops, keras.ops.cast(x, "float32"), name="vggface")
