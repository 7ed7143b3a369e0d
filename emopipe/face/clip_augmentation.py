"""Augmented copies of a clip: one random transform per copy, the same for all its frames.

The paper (A, IV.B) makes 30 further videos of every video by rotation, random cropping, different
illumination and flips, and gives no ranges; those here are ours. Copies of the sound are not in it.
"""

from typing import NamedTuple

import numpy as np

# Largest rotation in degrees, smallest part of a side that a crop keeps, range of contrast, largest
# change of brightness in grey levels.
ROTATION, PART, CONTRAST, BRIGHTNESS = 12.0, 0.85, (0.75, 1.3), 25.0
# Largest change of speed and of pitch, largest shift as a part of the clip, largest gain in levels
# of the spectrogram (12 are 5.6 dB).
SPEED, PITCH, SHIFT, GAIN = 0.1, 0.1, 0.1, 12.0


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


def _matrix(transform, rows, columns):
    """Return the affine map from pixels of the clip to those of the copy, (2, 3)."""
    import cv2

    kept_rows, kept_columns = transform.part * rows, transform.part * columns
    centre = (
        transform.right * (columns - kept_columns) + kept_columns / 2 - 0.5,
        transform.down * (rows - kept_rows) + kept_rows / 2 - 0.5,
    )
    matrix = cv2.getRotationMatrix2D(centre, transform.rotation, 1 / transform.part)
    matrix[:, 2] += (columns - 1) / 2 - centre[0], (rows - 1) / 2 - centre[1]
    if transform.flip:
        matrix[0] *= -1
        matrix[0, 2] += columns - 1
    return matrix


def transformed(frames: np.ndarray, transform: ClipTransform) -> np.ndarray:
    """Return a copy of a clip's frames, all transformed alike.

    Parameters
    ----------
    frames : uint8 ndarray of shape (rows, columns, channels)
        A channel may be a frame in grey, or a colour of one.
    transform : ClipTransform

    Returns
    -------
    uint8 ndarray of the same shape
        Beyond the border, its pixels are repeated.

    Examples
    --------
    >>> frames = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    >>> np.array_equal(transformed(frames, ClipTransform(flip=True)), frames[:, ::-1])
    True
    """
    import cv2

    rows, columns = frames.shape[:2]
    moved = cv2.warpAffine(
        np.ascontiguousarray(frames),
        _matrix(transform, rows, columns),
        (columns, rows),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    ).reshape(frames.shape)
    levels = (np.arange(256) - 127.5) * transform.contrast + 127.5 + transform.brightness
    return cv2.LUT(moved, np.rint(levels).clip(0, 255).astype(np.uint8)).reshape(frames.shape)


class SoundTransform(NamedTuple):
    """One transform of a clip's spectrogram.

    Parameters
    ----------
    speed : float
        What was said takes so many times as long.
    shift : float
        How much later it is said, as a part of the clip.
    pitch : float
        All frequencies are multiplied.
    gain : float
        Added to the levels.
    """

    speed: float = 1.0
    shift: float = 0.0
    pitch: float = 1.0
    gain: float = 0.0


def draw_sound_transforms(n: int, rng) -> list[SoundTransform]:
    """Draw transforms at random.

    Parameters
    ----------
    n : int
    rng : numpy.random.Generator

    Examples
    --------
    >>> len(set(draw_sound_transforms(30, np.random.default_rng(0))))
    30
    """
    ranges = np.array([SPEED, SHIFT, PITCH, GAIN]) * rng.uniform(-1, 1, (n, 4))
    return [SoundTransform(*values) for values in (ranges + [1, 0, 1, 0]).tolist()]


def transformed_sound(
    picture: np.ndarray, transform: SoundTransform, *, octaves: float | None = None
) -> np.ndarray:
    """Return a copy of a spectrogram.

    Parameters
    ----------
    picture : uint8 ndarray of shape (bins, columns)
        The lowest frequency first.
    transform : SoundTransform
    octaves : float, optional
        How many octaves the rows span, where they are equally spaced in the logarithm of frequency;
        by default they are equally spaced in frequency, from 0 Hz.

    Returns
    -------
    uint8 ndarray of the same shape
        Beyond the border, its levels are repeated.

    Examples
    --------
    >>> picture = np.array([[0, 50], [100, 150]], np.uint8)
    >>> transformed_sound(picture, SoundTransform(gain=9.0)).tolist()
    [[9, 59], [109, 159]]
    """
    import cv2

    bins, columns = picture.shape
    start = (columns - 1) / 2 * (1 - transform.speed) + transform.shift * columns
    pitch = [0, transform.pitch, 0]
    if octaves is not None:
        pitch = [0, 1, np.log2(transform.pitch) * (bins - 1) / octaves]
    matrix = np.array([[transform.speed, 0, start], pitch])
    moved = cv2.warpAffine(
        picture,
        matrix,
        (columns, bins),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.rint(moved + transform.gain).clip(0, 255).astype(np.uint8)


def draw_sheet(frames: np.ndarray, transforms, *, shown=5) -> np.ndarray:
    """Draw some frames of a clip and, a row each, of its copies.

    Parameters
    ----------
    frames : uint8 ndarray of shape (rows, columns, n_frames)
        In grey.
    transforms : sequence of ClipTransform
    shown : int
        Frames per row, equally spaced.

    Returns
    -------
    uint8 ndarray of shape ((1 + len(transforms)) * rows, shown * columns)
        A picture in grey; the clip itself comes first.

    Examples
    --------
    >>> frames = np.zeros((98, 80, 20), np.uint8)
    >>> draw_sheet(frames, draw_transforms(3, np.random.default_rng(0))).shape
    (392, 400)
    """
    chosen = np.linspace(0, frames.shape[2] - 1, shown).round().astype(int)
    clips = [frames, *(transformed(frames, transform) for transform in transforms)]
    return np.vstack([np.hstack([clip[..., place] for place in chosen]) for clip in clips])
