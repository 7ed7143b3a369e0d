"""Augmented copies of a clip's sound, made on its spectrogram: ours, not system A's paper's."""

from typing import NamedTuple

import numpy as np

# Largest change of speed and of pitch, largest shift as a part of the clip, largest gain in levels
# of the spectrogram (12 are 5.6 dB).
SPEED, PITCH, SHIFT, GAIN = 0.1, 0.1, 0.1, 12.0


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


def apply_sound_transform(
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
    >>> apply_sound_transform(picture, SoundTransform(gain=9.0)).tolist()
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
