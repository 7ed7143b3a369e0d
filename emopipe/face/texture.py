"""The texture of a face as features of clips, without a network."""

import numpy as np

from emopipe.extraction import ClipTransformer, Recipe
from emopipe.face.crop_recipe import crops_recipe, pooled_names
from emopipe.face.parameters import FaceCrops

# Pixels: a crop's side, a block's, a cell's, and how far blocks move; directions of an edge.
_SIZE, _BLOCK, _CELL, _STRIDE, _BINS = 64, 16, 8, 8, 9
_VALUES = ((_SIZE - _BLOCK) // _STRIDE + 1) ** 2 * (_BLOCK // _CELL) ** 2 * _BINS


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


_FACES = FaceCrops()


class FaceTexture(ClipTransformer):
    """Histograms of oriented gradients of a clip's trusted faces: no network, no weights.

    A linear classifier suits their many values. They depend on where the face lies in the crop:
    `margin` is small, and a detector that finds eyes can level it with `align`.

    Parameters
    ----------
    faces : FaceCrops
        Which crops of a clip; by default five frames per second with a margin of 0.03.
    pooling : "mean", "mean_std" or "max"
        Over the clip's frames.
    batch_size : int
        Faces per call; changes no value.
    column, store, n_jobs, on_error, progress
        See `emopipe.extraction.ClipTransformer`.

    Attributes
    ----------
    n_features_out_ : int
        1764, twice that with pooling="mean_std".

    References
    ----------
    Dalal, Triggs: Histograms of oriented gradients for human detection. CVPR 2005.

    Examples
    --------
    >>> from emopipe import FaceTexture
    >>> FaceTexture().get_feature_names_out()[:2].tolist()
    ['gradient_0', 'gradient_1']
    """

    def __init__(
        self,
        *,
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
        self.faces = faces
        self.pooling = pooling
        self.batch_size = batch_size

    def _recipe(self):
        return Recipe(
            "face_texture",
            1,
            **crops_recipe(self.faces, size=(_SIZE, _SIZE), margin=0.03),
            finish=gradient_histograms,
            pooling=self.pooling,
            batch_size=self.batch_size,
        )

    def _feature_names(self):
        return pooled_names([f"gradient_{i}" for i in range(_VALUES)], self.pooling)
