"""Features of faces and of their augmented copies from a frozen network, a row per face."""

from dataclasses import replace

from emopipe.backbones import half, mini_xception, vggface
from emopipe.extraction import Recipe
from emopipe.face.augmentation import FaceTransform, named_transforms
from emopipe.face.crop_recipe import in_form
from emopipe.face.mini_xception import MiniXceptionFeatures
from emopipe.face.vggface import VGGFaceFeatures
from emopipe.parameters import check_one_of

# base -> (its features of clips, the same function that they go through, layers to build on)
BASES = {
    "vggface": (VGGFaceFeatures, vggface.activations, ("fc6", "pool5", "fc7")),
    "mini_xception": (MiniXceptionFeatures, mini_xception.outputs, ("pooled",)),
}


def half_precision(crops, *, base, **how):
    """Send crops through a network and return its activations in half precision.

    Parameters
    ----------
    crops : uint8 ndarray of shape (n, rows, columns, 3)
        RGB.
    base : str
        A name in `BASES`.
    **how
        Parameters of `emopipe.backbones.vggface.activations`, or of
        `emopipe.backbones.mini_xception.outputs`.

    Returns
    -------
    float16 ndarray of shape (n, features)
        Three digits, up to 65504.

    Examples
    --------
    >>> import numpy as np
    >>> crops = np.zeros((2, 48, 48, 3), np.uint8)
    >>> half_precision(crops, base="mini_xception", layer="pooled").dtype  # doctest: +SKIP
    dtype('float16')
    """
    return half(BASES[base][1](crops, **how))


def base_name(features) -> str:
    """Return the name in `BASES` of a transformer of faces, after a check of its layer.

    Raises
    ------
    TypeError
        If nothing can be built on such features.
    ValueError
        If nothing can be built on its layer.

    Examples
    --------
    >>> base_name(MiniXceptionFeatures(layer="pooled"))
    'mini_xception'
    >>> base_name(VGGFaceFeatures(layer="fc8"))
    Traceback (most recent call last):
        ...
    ValueError: layer='fc8' is unknown; allowed: 'fc6', 'pool5', 'fc7'
    """
    for name, (kind, _, layers) in BASES.items():
        if isinstance(features, kind):
            check_one_of("layer", features.layer, layers)
            return name
    raise TypeError(
        f"features={features!r} must be VGGFaceFeatures or MiniXceptionFeatures: their networks "
        "can be trained further"
    )


def copies_recipe(features, *, transforms=None, n=None, rescale=None) -> Recipe:
    """Return the recipe of a clip's activations, a row per face or per copy.

    Parameters
    ----------
    features : VGGFaceFeatures or MiniXceptionFeatures
    transforms : None, str or sequence of FaceTransform
        None: faces as they are.
    n : int or None
        Copies of a face; None for one by every transform.
    rescale : (int, int) or None
        See `emopipe.face.crop_recipe.prepare_crops`.

    Returns
    -------
    Recipe
        Values float16 (n_faces or n_faces * n_copies, features).

    Raises
    ------
    ValueError
        If a parameter is not as described.
    """
    if transforms is not None and not isinstance(transforms, str):
        transforms = [FaceTransform(*t)._asdict() for t in named_transforms(transforms)]
    elif transforms is not None:
        named_transforms(transforms)
    base = next(name for name, (kind, _, _) in BASES.items() if isinstance(features, kind))
    plain = features._recipe()
    further = {"transforms": transforms, "n": n, "rescale": _shape(rescale)}
    return replace(
        plain,
        name=f"{plain.name}_{'faces' if transforms is None else 'copies'}",
        version=1,
        **in_form(vars(plain), "copies", **further),
        finish=half_precision,
        finish_args=dict(plain.finish_args) | {"base": base},
        pooling="stack",
    )


def _shape(rescale):
    if rescale is None:
        return None
    try:
        rows, columns = (int(side) for side in rescale)
    except (TypeError, ValueError):
        rows = columns = 0
    if not (0 < rows <= columns <= 8192):
        raise ValueError(
            f"rescale={rescale!r} must be None or (rows, columns) of a landscape frame, such as "
            "(576, 1020)"
        )
    return [rows, columns]
