"""VGG-Face on face crops: joins graph, weights and runtime."""

from functools import lru_cache

import numpy as np

from emopipe.backbones.runtimes import (
    PRECISIONS,
    check_not_forked,
    keras_call,
    openvino_call,
)
from emopipe.backbones.vgg_graph import VGGFACE, keras_model, keras_tail, openvino_graph
from emopipe.backbones.vgg_weights import layer_weights, tail_weights
from emopipe.parameters import check_one_of

# Tests put a smaller one here.
ARCHITECTURE = VGGFACE


def _keras(weights, precision, **graph):
    check_not_forked()
    return keras_call(keras_model(weights, **graph, dtype=PRECISIONS[precision]))


def _openvino(weights, precision, **graph):
    return openvino_call(openvino_graph(weights, **graph), precision)


RUNTIMES = {"keras": _keras, "openvino": _openvino}


def network(
    weights, layer="fc7", preprocessing="vggface", runtime="keras", precision="float32",
    architecture=VGGFACE,
):  # fmt: skip
    """Build VGG-Face anew and return it as a function; `activations` keeps the last one.

    Parameters
    ----------
    weights, layer, preprocessing, runtime, precision : str
        See `activations`.
    architecture : Architecture
        Sizes.

    Returns
    -------
    callable
        uint8 (n, rows, columns, 3) -> float32 (n, features).

    Examples
    --------
    >>> network("random:0", runtime="tensorrt")
    Traceback (most recent call last):
        ...
    ValueError: runtime='tensorrt' is unknown; allowed: 'keras', 'openvino'
    """
    check_one_of("runtime", runtime, RUNTIMES)
    check_one_of("precision", precision, PRECISIONS)
    graph = {"layer": layer, "preprocessing": preprocessing, "architecture": architecture}
    return RUNTIMES[runtime](
        layer_weights(weights, layer, architecture=architecture), precision, **graph
    )


# One network at a time: a second one would need another 0.6 GB.
_network = lru_cache(maxsize=1)(network)


def activations(
    crops, *, weights, layer="fc7", preprocessing="vggface", runtime="keras", precision="float32"
):
    """Send face crops through the network.

    Parameters
    ----------
    crops : uint8 ndarray of shape (n, 224, 224, 3)
        RGB.
    weights : str
        As `identify` gives them.
    layer, preprocessing : str
        See `keras_model`.
    runtime : str
        "keras": the backend of Keras, on whatever device it finds. "openvino": the same network
        and weights on the CPU (extra ``openvino``), faster there.
    precision : str
        "float32", or "bfloat16" for the arithmetic.

    Returns
    -------
    float32 ndarray of shape (n, features)
        On a CPU a crop's row has the same bytes whatever n and whatever stands beside it (tested
        for TensorFlow and OpenVINO); libraries for GPUs do not promise this.

    Raises
    ------
    WeightsError
        If the weights cannot be had or read.

    Examples
    --------
    >>> crops = np.zeros((2, 224, 224, 3), np.uint8)
    >>> activations(crops, weights="random:0").shape  # doctest: +SKIP
    (2, 4096)
    """
    return _network(weights, layer, preprocessing, runtime, precision, ARCHITECTURE)(crops)


def tail(weights, after, layer, precision="float32"):
    """Return the last part of the network, to be trained.

    Parameters
    ----------
    weights : str, or list of ndarray
        As `identify` gives them; or kernel and bias of each layer of the part.
    after, layer : str
        See `emopipe.backbones.vgg_graph.keras_tail`.
    precision : str
        "float32", or "bfloat16" for the arithmetic.

    Returns
    -------
    keras.Model
    """
    layers = tail_weights(weights, after, layer, architecture=ARCHITECTURE)
    dtype = PRECISIONS[precision]
    return keras_tail(layers, after, layer, dtype=dtype, architecture=ARCHITECTURE)


def precision_drift(crops, *, weights, layer="fc7", preprocessing="vggface", runtime="keras"):
    """Return how alike bfloat16's activations are to float32's, face by face.

    Parameters
    ----------
    crops : uint8 ndarray of shape (n, 224, 224, 3)
        RGB.
    weights, layer, preprocessing, runtime : str
        As for `activations`.

    Returns
    -------
    float64 ndarray of shape (n,)
        Cosine of the angle between the two rows of each face: 1 where nothing drifts.

    Examples
    --------
    >>> crops = np.zeros((2, 224, 224, 3), np.uint8)
    >>> precision_drift(crops, weights="random:0", runtime="openvino")  # doctest: +SKIP
    array([0.99997, 0.99997])
    """
    options = {"weights": weights, "layer": layer, "preprocessing": preprocessing}
    both = [
        activations(crops, runtime=runtime, precision=precision, **options).astype(np.float64)
        for precision in ("float32", "bfloat16")
    ]
    lengths = [np.linalg.norm(rows, axis=1) for rows in both]
    return np.sum(both[0] * both[1], axis=1) / np.maximum(lengths[0] * lengths[1], 1e-300)
