"""VGG-Face's weights: published files in both layouts, or seeded random numbers."""

import numpy as np

from emopipe.backbones.hdf5 import check_shape, open_layers, read_array
from emopipe.backbones.vgg_graph import VGGFACE
from emopipe.backbones.weights import Published, WeightsError, fetch

PUBLISHED = Published(
    name="VGG-Face",
    url="https://github.com/serengil/deepface_models/releases/download/v1.0/vgg_face_weights.h5",
    sha256="759266b9614d0fd5d65b97bf716818b746cc77ab5944c7bffc937c6ba9455d8c",
    size=580,
    licence="research, non-commercial use only",
    variable="EMOPIPE_VGGFACE_WEIGHTS",
    words=("vggface", "random"),
    otherwise=" The same file lies in serengil/deepface on Hugging Face; keras-vggface's "
    "rcmalli_vggface_tf_vgg16.h5 (release v2.0) can be read as well. weights='random' needs no "
    "file: seeded numbers that know nothing of faces, for trying things out.",
)


def _by_name(layers, names, path):
    """Pair our layers with the file's: by name (keras-vggface), else by order (DeepFace)."""
    if "conv1_1" in layers:
        missing = [name for name in names if name not in layers]
        if missing:
            raise WeightsError(f"{path}: has no layer {missing[0]}, only {', '.join(layers)}.")
        return {name: layers[name] for name in names}
    if len(layers) < len(names):
        raise WeightsError(
            f"{path}: holds {len(layers)} layers with weights; VGG-Face to {names[-1]} has "
            f"{len(names)}: these are the weights of another network."
        )
    return dict(zip(names, layers.values(), strict=False))


def _arrays(pair, kernel, path):
    """Return kernel and bias datasets after a look at their shapes, and the stored kernel shape."""
    if len(pair) != 2:
        raise WeightsError(f"{path}: {pair[0].parent.name} holds {len(pair)} arrays, not 2.")
    bias, weights = sorted(pair, key=lambda dataset: len(dataset.shape))
    dense = (int(np.prod(kernel[:3])), kernel[3])
    shape = dense if len(weights.shape) == 2 and kernel[:2] != (3, 3) else kernel
    check_shape(weights, shape, path)
    check_shape(bias, kernel[3:], path)
    return weights, shape, bias


def read_weights(path, layer="fc7", *, architecture=VGGFACE):
    """Read a weight file, layer by layer.

    Two layouts are recognised by what they hold: layers named conv1_1 ... fc8 with dense fc6-fc8
    (keras-vggface, R. C. Malli), and unnamed convolutions in the order of the network (DeepFace).
    All shapes are checked before the first array is read.

    Parameters
    ----------
    path : str or Path
        The file.
    layer : str
        Where the network ends.
    architecture : Architecture
        Its sizes.

    Yields
    ------
    name : str
        conv1_1 ... fc8, in order.
    kernel : float32 ndarray
        As a convolution: (rows, columns, inputs, outputs).
    bias : float32 ndarray of shape (outputs,)

    Raises
    ------
    WeightsError
        If the file is unsafe, or any shape is not the network's.

    Examples
    --------
    >>> list(read_weights("missing.h5"))  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
        ...
    WeightsError: missing.h5: not an HDF5 file (...).
    """
    kernels = architecture.kernels(layer)
    with open_layers(path) as layers:
        arrays = _by_name(layers, list(kernels), path)
        plan = {name: _arrays(arrays[name], kernel, path) for name, kernel in kernels.items()}
        for name, (weights, shape, bias) in plan.items():
            kernel = read_array(weights, shape, path).reshape(kernels[name])
            yield name, kernel, read_array(bias, bias.shape, path)


def random_weights(seed=0, layer="fc7", *, architecture=VGGFACE):
    """Draw He-normal kernels, so that activations keep their size from layer to layer.

    The numbers come from NumPy and depend on the seed and the layer alone: they are the same for
    every runtime and wherever the network ends.

    Parameters
    ----------
    seed : int
        Not negative.
    layer : str
        Where the network ends.
    architecture : Architecture
        Its sizes.

    Yields
    ------
    name, kernel, bias
        As `read_weights` yields them.

    References
    ----------
    He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015, equation 10.

    Examples
    --------
    >>> name, kernel, bias = next(random_weights(0))
    >>> name, kernel.shape, bias.shape
    ('conv1_1', (3, 3, 3, 64), (64,))
    """
    for number, (name, shape) in enumerate(architecture.kernels(layer).items()):
        kernel = np.random.default_rng([seed, number]).standard_normal(shape, dtype=np.float32)
        kernel *= np.float32(np.sqrt(2 / np.prod(shape[:-1])))
        yield name, kernel, np.zeros(shape[-1:], np.float32)


def layer_weights(weights, layer="fc7", *, architecture=VGGFACE, published=PUBLISHED):
    """Return the weights that `identify` named, from a file or drawn.

    Parameters
    ----------
    weights : str
        "random:SEED" or a file's SHA-256.
    layer, architecture
        As for `read_weights`.
    published : Published
        Of whose file that may be the checksum.

    Returns
    -------
    iterator
        Of name, kernel and bias, see `read_weights`.

    Raises
    ------
    WeightsError
        If the file cannot be had; see `emopipe.backbones.weights.fetch`.

    Examples
    --------
    >>> next(layer_weights("random:0"))[0]
    'conv1_1'
    """
    kind, _, seed = weights.partition(":")
    if kind == "random":
        return random_weights(int(seed), layer, architecture=architecture)
    return read_weights(fetch(weights, published), layer, architecture=architecture)


def tail_weights(weights, after, layer, *, architecture, published=PUBLISHED):
    """Return the weights of the layers after a pooling, see `read_weights`.

    Parameters
    ----------
    weights : str, list of ndarray, or None
        As `identify` names them; kernel and bias of each layer; None for zeros, to be set.
    after, layer, architecture
        See `emopipe.backbones.vgg_graph.keras_tail`.
    published : Published

    Examples
    --------
    >>> from emopipe.backbones.vgg_graph import VGGFACE
    >>> zeros = tail_weights(None, "pool4", "fc6", architecture=VGGFACE)
    >>> [name for name, kernel, bias in zeros]
    ['conv5_1', 'conv5_2', 'conv5_3', 'fc6']
    """
    kernels = architecture.kernels(layer)
    names = [name for _, name, _ in architecture.steps(layer, after) if name in kernels]
    if isinstance(weights, str):
        every = layer_weights(weights, layer, architecture=architecture, published=published)
        return (arrays for arrays in every if arrays[0] in names)
    if weights is None:
        shapes = [shape for name in names for shape in (kernels[name], kernels[name][-1:])]
        weights = [np.zeros(shape, np.float32) for shape in shapes]
    return zip(names, weights[::2], weights[1::2], strict=True)
