"""Mini-XCEPTION: a small network for seven emotions, built in code."""

from functools import lru_cache, partial

import numpy as np

from emopipe.backbones.hdf5 import load_by_name
from emopipe.backbones.runtimes import check_not_forked, keras_call
from emopipe.backbones.weights import Published, fetch
from emopipe.parameters import check_one_of

# In the order of the network's outputs (FER2013's numbering).
EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")

LAYERS = {"probabilities": 7, "log_probabilities": 7, "pooled": 128}

PUBLISHED = Published(
    name="mini-XCEPTION",
    url="https://github.com/oarriaga/face_classification/raw/master/trained_models/"
    "emotion_models/fer2013_mini_XCEPTION.102-0.66.hdf5",
    sha256="59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e",
    size=1,
    licence="MIT",
    variable="EMOPIPE_MINI_XCEPTION_WEIGHTS",
    words=("default",),
)


def _block(x, number, filters, layers):
    """Two separable convolutions beside a strided shortcut; layers are numbered as in the file."""
    sep = partial(layers.SeparableConv2D, filters, 3, padding="same", use_bias=False)
    first = 3 * number
    left = layers.Conv2D(
        filters, 1, strides=2, padding="same", use_bias=False, name=f"conv2d_{number + 2}"
    )(x)
    left = layers.BatchNormalization(name=f"batch_normalization_{first}")(left)
    x = sep(name=f"separable_conv2d_{2 * number - 1}")(x)
    x = layers.BatchNormalization(name=f"batch_normalization_{first + 1}")(x)
    x = layers.ReLU()(x)
    x = sep(name=f"separable_conv2d_{2 * number}")(x)
    x = layers.BatchNormalization(name=f"batch_normalization_{first + 2}")(x)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)
    return layers.Add()([x, left])


def _prepare(crops, ops):
    """Grey levels (ITU-R 601) of 64x64 pixels in -1..1, as the network was trained."""
    luma = np.array([0.299, 0.587, 0.114], np.float32)
    x = ops.sum(ops.cast(crops, "float32") * luma, axis=-1, keepdims=True)
    if crops.shape[1] != 64:
        x = ops.image.resize(x, (64, 64), interpolation="bilinear")
    return (x / 255.0 - 0.5) * 2.0


def keras_model(*, logits=True, size=48):
    """Return mini-XCEPTION, not yet trained, as a Keras model on uint8 RGB crops.

    Grey levels (ITU-R 601), the resize to 64x64 and the scale (x / 255 - 0.5) * 2 are part of the
    graph; the softmax is not.

    Parameters
    ----------
    logits : bool
        Seven values per crop, or else the 128 means over space of the last block.
    size : int
        Rows and columns of the crops. 48 is FER2013's own resolution, from which the network's
        training images were enlarged.

    Returns
    -------
    keras.Model

    References
    ----------
    Arriaga, Valdenegro-Toro and Plöger, "Real-time convolutional neural networks for emotion and
    gender classification", 2017, section III.

    Examples
    --------
    >>> keras_model().output_shape  # doctest: +SKIP
    (None, 7)
    """
    import keras

    layers, ops = keras.layers, keras.ops
    crops = keras.Input((size, size, 3), dtype="uint8", name="crops")
    x = _prepare(crops, ops)
    for number in (1, 2):
        x = layers.Conv2D(8, 3, use_bias=False, name=f"conv2d_{number}")(x)
        x = layers.BatchNormalization(name=f"batch_normalization_{number}")(x)
        x = layers.ReLU()(x)
    for number, filters in enumerate((16, 32, 64, 128), start=1):
        x = _block(x, number, filters, layers)
    if logits:
        x = layers.Conv2D(7, 3, padding="same", name="conv2d_7")(x)
    return keras.Model(crops, layers.GlobalAveragePooling2D()(x), name="mini_xception")


@lru_cache(maxsize=4)
def _network(digest, logits, size):
    check_not_forked()
    model = keras_model(logits=logits, size=size)
    load_by_name(model, fetch(digest, PUBLISHED))
    return keras_call(model, least=2)


def _softmax(logits, logarithm):
    # Here and in float64, because exp and log of vector units round by a row's place in the batch.
    x = logits.astype(np.float64)
    x -= x.max(axis=1, keepdims=True)
    x -= np.log(np.exp(x).sum(axis=1, keepdims=True))
    return (x if logarithm else np.exp(x)).astype(np.float32)


def outputs(crops, *, weights=PUBLISHED.sha256, layer="probabilities"):
    """Send face crops through the network.

    Parameters
    ----------
    crops : uint8 ndarray of shape (n, size, size, 3)
        RGB.
    weights : str
        SHA-256 of the weight file, as `emopipe.backbones.weights.identify` gives it.
    layer : str
        "probabilities", "log_probabilities" (natural logarithms, which keep apart what the softmax
        pushes to 0 and 1) or "pooled" (128 values of the last block).

    Returns
    -------
    float32 ndarray of shape (n, 7 or 128)
        Emotions in the order of `EMOTIONS`.

    Raises
    ------
    WeightsError
        If the weights cannot be had or read.

    Examples
    --------
    >>> outputs(np.zeros((2, 48, 48, 3), np.uint8)).shape  # doctest: +SKIP
    (2, 7)
    """
    check_one_of("layer", layer, LAYERS)
    values = _network(weights, layer != "pooled", crops.shape[1])(crops)
    return values if layer == "pooled" else _softmax(values, layer == "log_probabilities")
