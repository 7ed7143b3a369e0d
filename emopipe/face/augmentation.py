"""The thesis' augmentation of face crops as data: a grid of transforms, to list, draw and apply.

Section 3.2.1: "all possible combinations among the following options: 30 degrees rotation in both
directions, vertical and horizontal flipping, zooming, scaling, width and height shifting". Only the
angle has a number there. The list follows the options of Keras' image generator, by which we read
it: `zoom` enlarges the picture around its centre (here by 1.2), `scale` multiplies its pixel values
(the generator's rescale; here by 0.8), shifts are a share of a side (here 0.1; in the other
direction they come with the flips). That makes 3 * 2**6 = 192 combinations.
"""

import zlib
from collections.abc import Mapping
from itertools import product
from typing import NamedTuple

import numpy as np

from emopipe.parameters import check_one_of


class FaceTransform(NamedTuple):
    """One transform of a face crop; the default leaves it as it is.

    Parameters
    ----------
    rotation : float
        Degrees around the centre, counter-clockwise.
    flip_horizontal, flip_vertical : bool
        Left and right, top and bottom change places, after everything else.
    zoom : float
        The picture is enlarged around its centre by this factor.
    scale : float
        Pixel values are multiplied by it.
    right, down : float
        Shifts, as shares of the columns and of the rows.

    Examples
    --------
    >>> FaceTransform(flip_horizontal=True).rotation
    0.0
    """

    rotation: float = 0.0
    flip_horizontal: bool = False
    flip_vertical: bool = False
    zoom: float = 1.0
    scale: float = 1.0
    right: float = 0.0
    down: float = 0.0


IDENTITY = FaceTransform()


def grid(**options) -> tuple[FaceTransform, ...]:
    """Return every combination of the values given, those of the last option changing fastest.

    Parameters
    ----------
    **options : sequences
        Values by parameter of `FaceTransform`.

    Examples
    --------
    >>> [t.rotation for t in grid(rotation=(0.0, 30.0), flip_vertical=(False, True))]
    [0.0, 0.0, 30.0, 30.0]
    """
    unknown = sorted(set(options) - set(FaceTransform._fields))
    if unknown:
        raise ValueError(
            f"{', '.join(unknown)}: no such transform; allowed: {', '.join(FaceTransform._fields)}"
        )
    return tuple(
        FaceTransform(**dict(zip(options, values, strict=True)))
        for values in product(*options.values())
    )


THESIS = grid(
    rotation=(0.0, 30.0, -30.0),
    flip_horizontal=(False, True),
    flip_vertical=(False, True),
    zoom=(1.0, 1.2),
    scale=(1.0, 0.8),
    right=(0.0, 0.1),
    down=(0.0, 0.1),
)
AUGMENTATIONS = {"thesis": THESIS}


def named_transforms(augmentation) -> tuple[FaceTransform, ...]:
    """Return the transforms that `augmentation` means, without the one that changes nothing.

    Parameters
    ----------
    augmentation : None, str or sequence of (FaceTransform, tuple or dict)
        None: no transform; a name in `AUGMENTATIONS`; or the transforms themselves.

    Raises
    ------
    ValueError
        If the name is unknown, or a transform is none.

    Examples
    --------
    >>> len(named_transforms("thesis")), named_transforms([{"zoom": 1.5}])[0].zoom
    (191, 1.5)
    """
    if augmentation is None:
        return ()
    if isinstance(augmentation, str):
        advice = ", or a list of FaceTransform"
        check_one_of("augmentation", augmentation, (None, *AUGMENTATIONS), advice=advice)
        augmentation = AUGMENTATIONS[augmentation]
    return tuple(t for t in map(_checked, augmentation) if t != IDENTITY)


def _checked(given) -> FaceTransform:
    try:
        transform = FaceTransform(**given) if isinstance(given, Mapping) else FaceTransform(*given)
        numbers = [float(value) for value in transform]
    except (TypeError, ValueError) as error:
        raise ValueError(f"augmentation: {given!r} is no FaceTransform: {error}") from None
    if not np.isfinite(numbers).all() or transform.zoom <= 0 or transform.scale < 0:
        raise ValueError(
            f"augmentation: {transform} needs finite numbers, zoom above 0 and scale from 0 on"
        )
    return FaceTransform(*map(_plain, transform, IDENTITY))


def _plain(value, default):
    """Bring a value to the type of the default: equal transforms have equal names in the store."""
    return type(default)(value)


def drawn_transforms(crop: np.ndarray, transforms, n: int | None) -> list[FaceTransform]:
    """Return n transforms for a crop, drawn by what the crop shows; all if n is None.

    The same crop always draws the same ones, so that its copies can be kept.

    Parameters
    ----------
    crop : uint8 ndarray
    transforms : sequence of FaceTransform
    n : int or None

    Examples
    --------
    >>> crop = np.zeros((4, 4, 3), np.uint8)
    >>> drawn_transforms(crop, THESIS, 2) == drawn_transforms(crop, THESIS, 2)
    True
    """
    if n is None or n >= len(transforms):
        return list(transforms)
    rng = np.random.default_rng(zlib.crc32(np.ascontiguousarray(crop)))
    return [transforms[place] for place in rng.choice(len(transforms), n, replace=False)]


def _matrix(transform, rows, columns) -> np.ndarray:
    """Return the affine map from pixels of the crop to those of its copy, (2, 3)."""
    import cv2

    centre = (columns - 1) / 2, (rows - 1) / 2
    matrix = cv2.getRotationMatrix2D(centre, transform.rotation, transform.zoom)
    matrix[:, 2] += transform.right * columns, transform.down * rows
    for axis, flip in enumerate((transform.flip_horizontal, transform.flip_vertical)):
        if flip:
            matrix[axis] *= -1
            matrix[axis, 2] += (columns, rows)[axis] - 1
    return matrix


def transformed(crop: np.ndarray, transform: FaceTransform) -> np.ndarray:
    """Return a transformed copy of a crop.

    Parameters
    ----------
    crop : uint8 ndarray of shape (rows, columns, 3)
    transform : FaceTransform

    Returns
    -------
    uint8 ndarray of the same shape
        Beyond the border, its pixels are repeated.

    Examples
    --------
    >>> crop = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    >>> flipped = transformed(crop, FaceTransform(flip_horizontal=True))
    >>> np.array_equal(flipped, crop[:, ::-1])
    True
    """
    import cv2

    rows, columns = crop.shape[:2]
    moved = cv2.warpAffine(
        np.ascontiguousarray(crop),
        _matrix(transform, rows, columns),
        (columns, rows),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if transform.scale == 1:
        return moved
    levels = np.rint(np.arange(256) * transform.scale).clip(0, 255).astype(np.uint8)
    return cv2.LUT(moved, levels)


def describe(transform: FaceTransform) -> str:
    """Return a transform in words.

    Examples
    --------
    >>> describe(FaceTransform(rotation=-30.0, zoom=1.2)), describe(IDENTITY)
    ('rotation -30, zoom 1.2', 'as it is')
    """
    said = [
        name.replace("_", " ") if isinstance(value, bool) else f"{name} {value:g}"
        for name, value, default in zip(transform._fields, transform, IDENTITY, strict=True)
        if value != default
    ]
    return ", ".join(said) or "as it is"


def draw_sheet(crop: np.ndarray, transforms=THESIS, *, columns=16) -> np.ndarray:
    """Draw the copies of a crop side by side, row after row.

    Parameters
    ----------
    crop : uint8 ndarray of shape (rows, columns, 3)
    transforms : sequence of FaceTransform
    columns : int
        Copies beside one another.

    Returns
    -------
    uint8 ndarray of shape (n_rows * rows, columns * columns of the crop, 3)
        White where there are no more copies.

    Examples
    --------
    >>> draw_sheet(np.zeros((20, 10, 3), np.uint8)).shape
    (240, 160, 3)
    """
    columns = min(columns, len(transforms))
    copies = [transformed(crop, transform) for transform in transforms]
    copies += [np.full_like(crop, 255)] * (-len(copies) % columns)
    lines = [np.hstack(copies[i : i + columns]) for i in range(0, len(copies), columns)]
    return np.vstack(lines)
