"""Sheets of augmented copies, to look at what training sees."""

import numpy as np

from emopipe.face.augmentation import THESIS, apply_transform


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
    copies = [apply_transform(crop, transform) for transform in transforms]
    copies += [np.full_like(crop, 255)] * (-len(copies) % columns)
    lines = [np.hstack(copies[i : i + columns]) for i in range(0, len(copies), columns)]
    return np.vstack(lines)


def draw_clip_sheet(frames: np.ndarray, transforms, *, n_frames=5) -> np.ndarray:
    """Draw some frames of a clip and, a row each, of its copies.

    Parameters
    ----------
    frames : uint8 ndarray of shape (rows, columns, frames)
        In grey.
    transforms : sequence of ClipTransform
    n_frames : int
        Frames per row, equally spaced.

    Returns
    -------
    uint8 ndarray of shape ((1 + len(transforms)) * rows, n_frames * columns)
        A picture in grey; the clip itself comes first.

    Examples
    --------
    >>> from emopipe.face.augmentation import draw_transforms
    >>> frames = np.zeros((98, 80, 20), np.uint8)
    >>> draw_clip_sheet(frames, draw_transforms(3, np.random.default_rng(0))).shape
    (392, 400)
    """
    chosen = np.linspace(0, frames.shape[2] - 1, n_frames).round().astype(int)
    clips = [frames, *(apply_transform(frames, transform) for transform in transforms)]
    return np.vstack([np.hstack([clip[..., index] for index in chosen]) for clip in clips])
