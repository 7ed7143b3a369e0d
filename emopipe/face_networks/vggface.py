"""VGG-Face on face crops: graph, weights and runtime put together."""

from functools import lru_cache, partial

import numpy as np

from emopipe.face_networks.runtimes import compiled
from emopipe.face_networks.vggface_graph import VGGFACE, build
from emopipe.face_networks.vggface_weights import PUBLISHED, load_weights, random_weights
from emopipe.face_networks.weights import fetch

# Tests put a smaller one here.
ARCHITECTURE = VGGFACE


def _weighted(weights, layer, preprocessing, architecture, dtype):
    model = build(layer, preprocessing=preprocessing, dtype=dtype, architecture=architecture)
    if weights.startswith("random:"):
        random_weights(model, int(weights.partition(":")[2]))
    else:
        load_weights(model, fetch(weights, PUBLISHED), layer=layer, architecture=architecture)
    return model


# One network at a time: a second one would need another 0.6 GB.
@lru_cache(maxsize=1)
def _network(weights, layer, preprocessing, runtime, precision, architecture):
    weighted = partial(_weighted, weights, layer, preprocessing, architecture)
    return compiled(weighted, runtime=runtime, precision=precision)


def activations(
    crops, *, weights, layer="fc7", preprocessing="vggface", runtime="keras", precision="float32"
):
    """Send face crops through the network.

    Parameters
    ----------
    crops : uint8 ndarray of shape (n, 224, 224, 3)
        RGB.
    weights : str
        As `name_weights` gives them.
    layer, preprocessing : str
        See `build`.
    runtime, precision : str
        See `emopipe.face_networks.runtimes.compiled`.

    Returns
    -------
    float32 ndarray of shape (n, features)

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
    asked = {"weights": weights, "layer": layer, "preprocessing": preprocessing}
    both = [
        activations(crops, runtime=runtime, precision=precision, **asked).astype(np.float64)
        for precision in ("float32", "bfloat16")
    ]
    lengths = [np.linalg.norm(rows, axis=1) for rows in both]
    return np.sum(both[0] * both[1], axis=1) / np.maximum(lengths[0] * lengths[1], 1e-300)
