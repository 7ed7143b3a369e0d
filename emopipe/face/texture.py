"""The texture of a face as features of clips, without a network."""

import numpy as np

from emopipe.extraction import ClipTransformer
from emopipe.face.crop_recipe import features_recipe, pooled_names
from emopipe.face.parameters import FaceCrops
from emopipe.parameters import check_one_of

# Pixels: a crop's side, a block's, a cell's, and how far blocks move; directions of an edge.
_SIZE, _BLOCK, _CELL, _STRIDE, _BINS = 64, 16, 8, 8, 9
_BLOCKS = ((_SIZE - _BLOCK) // _STRIDE + 1) ** 2
# A pixel's eight neighbours, in a circle.
_NEIGHBOURS = ((0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0))


def gradient_histograms(crops):
    """Return histograms of oriented gradients of face crops.

    Parameters
    ----------
    crops : uint8 ndarray of shape (n, 64, 64, 3)
        RGB.

    Returns
    -------
    float32 ndarray of shape (n, 1764)
        7 x 7 overlapping blocks of 2 x 2 cells of 9 directions, each block of length 1.

    Examples
    --------
    >>> gradient_histograms(np.zeros((2, 64, 64, 3), np.uint8)).shape
    (2, 1764)
    """
    import cv2

    sides = [(side, side) for side in (_SIZE, _BLOCK, _STRIDE, _CELL)]
    descriptor = cv2.HOGDescriptor(*sides, _BINS)
    grey = [cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in crops]
    return np.array([descriptor.compute(face).ravel() for face in grey], dtype=np.float32)


def _uniform_patterns():
    """Return the bin of each of the 256 patterns: 0-57 if at most two bits change, else 58."""
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    uniform = (bits != np.roll(bits, 1, axis=1)).sum(axis=1) <= 2
    return np.where(uniform, np.cumsum(uniform) - 1, uniform.sum())


def binary_patterns(crops):
    """Return histograms of uniform local binary patterns of face crops.

    Parameters
    ----------
    crops : uint8 ndarray of shape (n, 64, 64, 3)
        RGB.

    Returns
    -------
    float32 ndarray of shape (n, 2891)
        7 x 7 overlapping blocks of 59 shares of pixels: a pixel's pattern says which of its eight
        neighbours are at least as bright; the 58 patterns of at most one arc have a bin each.

    Examples
    --------
    >>> binary_patterns(np.zeros((2, 64, 64, 3), np.uint8)).shape
    (2, 2891)
    """
    import cv2

    bins = _uniform_patterns()
    n_bins = bins.max() + 1
    histograms = np.empty((len(crops), _BLOCKS, n_bins), np.float32)
    for crop, rows in zip(crops, histograms, strict=True):
        grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
        around = np.pad(grey, 1, mode="edge")
        code = sum(
            (around[y : y + _SIZE, x : x + _SIZE] >= grey).astype(np.uint8) << bit
            for bit, (y, x) in enumerate(_NEIGHBOURS)
        )
        blocks = np.lib.stride_tricks.sliding_window_view(bins[code], (_BLOCK, _BLOCK))
        for block, row in zip(blocks[::_STRIDE, ::_STRIDE].reshape(_BLOCKS, -1), rows, strict=True):
            row[:] = np.bincount(block, minlength=n_bins) / block.size
    return histograms.reshape(len(crops), -1)


# Descriptor: name of its recipe, function, values of a face.
DESCRIPTORS = {
    "gradients": ("face_texture", gradient_histograms, _BLOCKS * (_BLOCK // _CELL) ** 2 * _BINS),
    "binary_patterns": ("face_binary_patterns", binary_patterns, _BLOCKS * 59),
}

_FACES = FaceCrops()


class FaceTexture(ClipTransformer):
    """Histograms of gradients or binary patterns of a clip's trusted faces, without a network.

    A linear classifier suits their many values. They depend on where the face lies in the crop:
    `margin` is small, and a detector that finds eyes can align it
    (``FaceCrops(detector="yunet", align="landmarks")``). For both descriptors, join two of these
    with `sklearn.pipeline.make_union`.

    Parameters
    ----------
    descriptor : "gradients" or "binary_patterns"
        Histograms of oriented gradients, or of uniform local binary patterns.
    faces : FaceCrops
        Which crops of a clip; by default five frames per second with a margin of 0.03.
    pooling : "mean", "max", "mean_std" or "temporal"
        Over the clip's frames; "temporal" gives mean, standard deviation, range, peak and mean
        absolute change from face to face.
    batch_size : int
        Faces per call; changes no value.
    column, store, n_jobs, on_error, progress
        See `emopipe.extraction.ClipTransformer`.

    Attributes
    ----------
    n_features_out_ : int
        1764 gradients or 2891 binary patterns, times the statistics of the pooling.

    Raises
    ------
    ValueError
        When clips are read, for a parameter that is not allowed.

    See Also
    --------
    VGGFaceFeatures : Activations of VGG-Face.
    MiniXceptionFeatures : Seven probabilities of a small network.
    ONNXFaceFeatures : Any face network in an ONNX file.
    FaceCrops : How faces are cropped.

    References
    ----------
    Dalal, Triggs: Histograms of oriented gradients for human detection. CVPR 2005.
    Shan, Gong, McOwan: Facial expression recognition based on local binary patterns. 2009.

    Examples
    --------
    >>> from emopipe import FaceTexture
    >>> FaceTexture().get_feature_names_out()[:2].tolist()
    ['gradient_0', 'gradient_1']
    """

    def __init__(
        self,
        *,
        descriptor="gradients",
        faces=_FACES,
        pooling="mean",
        batch_size=64,
        column="path",
        store="default",
        n_jobs=-1,
        on_error="nan",
        progress=False,
    ):
        super().__init__(
            column=column, store=store, n_jobs=n_jobs, on_error=on_error, progress=progress
        )
        self.descriptor = descriptor
        self.faces = faces
        self.pooling = pooling
        self.batch_size = batch_size

    def _recipe(self):
        check_one_of("descriptor", self.descriptor, DESCRIPTORS)
        name, describe, _ = DESCRIPTORS[self.descriptor]
        return features_recipe(self, name, describe, side=_SIZE, margin=0.03)

    def _feature_names(self):
        check_one_of("descriptor", self.descriptor, DESCRIPTORS)
        names = [f"{self.descriptor[:-1]}_{i}" for i in range(DESCRIPTORS[self.descriptor][2])]
        return pooled_names(names, self.pooling)
