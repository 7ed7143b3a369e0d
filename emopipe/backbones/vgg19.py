"""VGG19 trained on ImageNet, up to fc7: system C's features of voices and faces.

The graph is that of ``keras.applications.VGG19``, built by the same code as VGG-Face (both are the
VGG networks of [1]_, with 16 and 13 convolutions), which also reads the weight file that
keras.applications publishes, layer by layer, after its checksum.

References
----------
.. [1] Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition.
   ICLR (2015), table 1, column E.
"""

from functools import lru_cache

import numpy as np

from emopipe.backbones.runtimes import PRECISIONS
from emopipe.backbones.vgg_graph import Architecture, keras_tail
from emopipe.backbones.vgg_weights import layer_weights, tail_weights
from emopipe.backbones.vggface import RUNTIMES
from emopipe.backbones.weights import Published
from emopipe.parameters import check_one_of

PUBLISHED = Published(
    name="VGG19",
    url="https://storage.googleapis.com/tensorflow/keras-applications/vgg19/"
    "vgg19_weights_tf_dim_ordering_tf_kernels.h5",
    sha256="c872d82e40328910cd7a12763dae043d56eb00efe6a137f31899514d637d4cdb",
    size=575,
    licence="Creative Commons Attribution 4.0 (weights by K. Simonyan and A. Zisserman)",
    variable="EMOPIPE_VGG19_WEIGHTS",
    words=("imagenet", "random"),
    otherwise=" weights='random' needs no file: seeded numbers that know nothing of pictures, for "
    "trying things out.",
)
SIZE = 224


def architecture(width=1.0, size=SIZE) -> Architecture:
    """Return VGG19's sizes, or those of a narrower one on smaller pictures, for trying things out.

    Parameters
    ----------
    width : float
        What the numbers of filters and units are multiplied by.
    size : int
        Rows and columns of a picture, a multiple of 32.

    Returns
    -------
    Architecture

    Raises
    ------
    ValueError
        If there would be no filters, or no pixels left after five halvings.

    Examples
    --------
    >>> architecture().units, architecture(0.125, 64).widths
    ((4096, 4096, 1000), (8, 16, 32, 64, 64))
    """
    if size < 32 or size % 32:
        raise ValueError(f"vgg19_size={size!r} must be a multiple of 32: it is halved five times")
    if not width * 64 >= 1:
        raise ValueError(f"vgg19_width={width!r} leaves no filters: it is at least 1/64")
    scaled = tuple(round(width * n) for n in (64, 128, 256, 512, 512))
    units = (round(width * 4096),) * 2
    return Architecture(int(size), (2, 2, 4, 4, 4), scaled, (*units, 1000))


# One network at a time, for voice and face.
@lru_cache(maxsize=1)
def _network(weights, layer, width, size, runtime, precision):
    check_one_of("runtime", runtime, RUNTIMES)
    check_one_of("precision", precision, PRECISIONS)
    sizes = architecture(width, size)
    return RUNTIMES[runtime](
        layer_weights(weights, layer, architecture=sizes, published=PUBLISHED), precision,
        layer=layer, preprocessing="caffe", architecture=sizes,
    )  # fmt: skip


def _resize(images, size):
    import cv2

    if images.shape[1:3] == (size, size):
        return images
    smaller = images.shape[1] > size
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    return np.stack([cv2.resize(image, (size, size), interpolation=how) for image in images])


def activations(
    images, *, weights, layer="fc7", width=1.0, size=SIZE, runtime="keras", precision="float32"
) -> np.ndarray:
    """Send pictures through VGG19.

    Parameters
    ----------
    images : uint8 ndarray of shape (n, rows, columns, 3)
        RGB; they are brought to the network's size.
    weights : str
        As `identify` gives them.
    layer : "fc7", "pool4" or "pool3"
        Where it ends.
    width, size : float, int
        See `architecture`.
    runtime, precision : str
        See `emopipe.backbones.vggface.activations`.

    Returns
    -------
    float32 ndarray of shape (n, n_values)
        After ReLU; 4096 * width of fc7, 100352 of pool4 and 200704 of pool3 in the whole network.

    Raises
    ------
    WeightsError
        If the weights cannot be had or read.

    Examples
    --------
    >>> images = np.zeros((2, 64, 64, 3), np.uint8)
    >>> activations(images, weights="random:0", width=0.125, size=64).shape  # doctest: +SKIP
    (2, 512)
    """
    images = _resize(images, size)
    # Libraries take other ways for a single picture, which add in another order.
    pair = images if len(images) > 1 else np.repeat(images, 2, axis=0)
    return _network(weights, layer, width, size, runtime, precision)(pair)[: len(images)]


def tail(weights, after, *, width=1.0, size=SIZE, precision="float32"):
    """Return the last part of the network up to fc7, to be trained.

    Parameters
    ----------
    weights : str or None
        As `identify` names them; None for zeros, to be set.
    after : str
        Pooling after which it begins: "pool3" or "pool4".
    width, size : float, int
        See `architecture`.
    precision : "float32" or "bfloat16"
        Of the arithmetic.

    Returns
    -------
    keras.Model
        float32 (n, values of the pooling) -> float32 (n, 4096 * width).
    """
    sizes = architecture(width, size)
    layers = tail_weights(weights, after, "fc7", architecture=sizes, published=PUBLISHED)
    return keras_tail(layers, after, "fc7", dtype=PRECISIONS[precision], architecture=sizes)
