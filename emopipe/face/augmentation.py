"""Augmented copies of faces as data: transforms to list, draw and apply, those of two papers.

A `FaceTransform` is of one crop. The thesis, section 3.2.1, takes "all possible combinations among
the following options: 30 degrees rotation in both directions, vertical and horizontal flipping,
zooming, scaling, width and height shifting". Only the angle has a number there. The list follows
the options of Keras' image generator, by which we read it: `zoom` enlarges the picture around its
centre (here by 1.2), `scale` multiplies its pixel values (the generator's rescale; here by 0.8),
shifts are a share of a side (here 0.1; in the other direction they come with the flips). That makes
3 * 2**6 = 192 combinations.

A `ClipTransform` is of all frames of a clip. System A's paper, section IV.B, makes 30 further
videos of every video by rotation, random cropping, different illumination and flips, and gives no
ranges; those here are ours.
"""

import zlib
from collections.abc import Mapping
from itertools import product
from typing import NamedTuple

import numpy as np

from emopipe.parameters import check_one_of

# Of a ClipTransform: largest rotation in degrees, smallest part of a side that a crop keeps, range
# of contrast, largest change of brightness in grey levels.
ROTATION, PART, CONTRAST, BRIGHTNESS = 12.0, 0.85, (0.75, 1.3), 25.0


def _affine(shape, centre, rotation, zoom, shift, flips) -> np.ndarray:
    """Return the map from pixels of a picture to those of its copy, (2, 3).

    Parameters
    ----------
    shape : (int, int)
        Rows and columns.
    centre, shift : (float, float)
        Right and down, in pixels.
    rotation, zoom : float
        Degrees counter-clockwise and enlargement, around the centre.
    flips : (bool, bool)
        Whether left and right, top and bottom change places, after everything else.
    """
    import cv2

    matrix = cv2.getRotationMatrix2D(centre, rotation, zoom)
    matrix[:, 2] += shift
    for axis, flip in enumerate(flips):
        if flip:
            matrix[axis] *= -1
            matrix[axis, 2] += shape[1 - axis] - 1
    return matrix


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

    def matrix(self, rows, columns) -> np.ndarray:
        """Return the map from pixels of the crop to those of its copy, (2, 3)."""
        return _affine(
            (rows, columns),
            centre=((columns - 1) / 2, (rows - 1) / 2),
            rotation=self.rotation,
            zoom=self.zoom,
            shift=(self.right * columns, self.down * rows),
            flips=(self.flip_horizontal, self.flip_vertical),
        )

    def levels(self) -> np.ndarray:
        """Return what becomes of the levels 0 to 255, float64 (256,)."""
        return np.arange(256) * self.scale


class ClipTransform(NamedTuple):
    """One transform of all frames of a clip.

    Parameters
    ----------
    rotation : float
        Degrees around the centre of the crop.
    part : float
        Share of rows and of columns that the crop keeps; it is enlarged to the full size.
    down, right : float
        Where the crop lies in what is left: 0 top or left, 1 bottom or right.
    contrast, brightness : float
        Grey levels are multiplied around their middle, 127.5, then added to.
    flip : bool
        Left and right change places.

    Examples
    --------
    >>> ClipTransform(flip=True).rotation
    0.0
    """

    rotation: float = 0.0
    part: float = 1.0
    down: float = 0.5
    right: float = 0.5
    contrast: float = 1.0
    brightness: float = 0.0
    flip: bool = False

    def matrix(self, rows, columns) -> np.ndarray:
        """Return the map from pixels of the clip to those of its copy, (2, 3)."""
        height, width = self.part * rows, self.part * columns
        centre = (
            self.right * (columns - width) + width / 2 - 0.5,
            self.down * (rows - height) + height / 2 - 0.5,
        )
        return _affine(
            (rows, columns),
            centre=centre,
            rotation=self.rotation,
            zoom=1 / self.part,
            shift=((columns - 1) / 2 - centre[0], (rows - 1) / 2 - centre[1]),
            flips=(self.flip, False),
        )

    def levels(self) -> np.ndarray:
        """Return what becomes of the levels 0 to 255, float64 (256,)."""
        return (np.arange(256) - 127.5) * self.contrast + 127.5 + self.brightness


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
    for name in options:
        check_one_of("transform", name, FaceTransform._fields)
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
    return tuple(t for t in map(_parse, augmentation) if t != IDENTITY)


def _parse(values) -> FaceTransform:
    try:
        transform = (
            FaceTransform(**values) if isinstance(values, Mapping) else FaceTransform(*values)
        )
        numbers = [float(value) for value in transform]
    except (TypeError, ValueError) as error:
        raise ValueError(f"augmentation: {values!r} is no FaceTransform: {error}") from None
    if not np.isfinite(numbers).all() or transform.zoom <= 0 or transform.scale < 0:
        raise ValueError(
            f"augmentation: {transform} needs finite numbers, zoom above 0 and scale from 0 on"
        )
    return FaceTransform(*map(_plain, transform, IDENTITY))


def _plain(value, default):
    """Bring a value to the type of the default: equal transforms have equal names in the store."""
    return type(default)(value)


def choose_transforms(crop: np.ndarray, transforms, n: int | None) -> list[FaceTransform]:
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
    >>> choose_transforms(crop, THESIS, 2) == choose_transforms(crop, THESIS, 2)
    True
    """
    if n is None or n >= len(transforms):
        return list(transforms)
    rng = np.random.default_rng(zlib.crc32(np.ascontiguousarray(crop)))
    return [transforms[index] for index in rng.choice(len(transforms), n, replace=False)]


def draw_transforms(n: int, rng) -> list[ClipTransform]:
    """Draw transforms at random.

    Parameters
    ----------
    n : int
    rng : numpy.random.Generator

    Returns
    -------
    list of ClipTransform

    Examples
    --------
    >>> len(set(draw_transforms(30, np.random.default_rng(0))))
    30
    """
    draws = rng.random((n, 7))
    return [
        ClipTransform(
            rotation=ROTATION * (2 * turn - 1),
            part=PART + (1 - PART) * part,
            down=down,
            right=right,
            contrast=CONTRAST[0] + (CONTRAST[1] - CONTRAST[0]) * contrast,
            brightness=BRIGHTNESS * (2 * bright - 1),
            flip=bool(flip < 0.5),
        )
        for turn, part, down, right, contrast, bright, flip in draws.tolist()
    ]


def apply_transform(picture: np.ndarray, transform) -> np.ndarray:
    """Return a transformed copy of a crop, or of all frames of a clip.

    Parameters
    ----------
    picture : uint8 ndarray of shape (rows, columns, channels)
        Channels are colours, or the frames of a clip in grey.
    transform : FaceTransform or ClipTransform

    Returns
    -------
    uint8 ndarray of the same shape
        Beyond the border, its pixels are repeated.

    Examples
    --------
    >>> crop = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    >>> mirrored = apply_transform(crop, FaceTransform(flip_horizontal=True))
    >>> np.array_equal(mirrored, crop[:, ::-1])
    True
    >>> np.array_equal(apply_transform(crop, ClipTransform(flip=True)), mirrored)
    True
    """
    import cv2

    rows, columns = picture.shape[:2]
    moved = cv2.warpAffine(
        np.ascontiguousarray(picture),
        transform.matrix(rows, columns),
        (columns, rows),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).reshape(picture.shape)
    levels = np.rint(transform.levels()).clip(0, 255).astype(np.uint8)
    return cv2.LUT(moved, levels).reshape(picture.shape)


def describe(transform: FaceTransform) -> str:
    """Return a transform in words.

    Examples
    --------
    >>> describe(FaceTransform(rotation=-30.0, zoom=1.2)), describe(IDENTITY)
    ('rotation -30, zoom 1.2', 'as it is')
    """
    parts = [
        name.replace("_", " ") if isinstance(value, bool) else f"{name} {value:g}"
        for name, value, default in zip(transform._fields, transform, IDENTITY, strict=True)
        if value != default
    ]
    return ", ".join(parts) or "as it is"
