"""How each emotion changes a drawn face.

The displays follow the prototypes of P. Ekman and W. V. Friesen's Facial Action Coding System
(1978): raised cheeks and lip corners for happiness, inner brows up and corners down for sadness,
lowered brows and bared teeth for anger, and so on. It is a cartoon of them, meant for testing
recognisers, not for studying faces.
"""

from dataclasses import astuple, dataclass

import numpy as np


@dataclass(frozen=True)
class Expression:
    """How far each part of the face is from rest; 0 is rest, about 1 is as far as it goes."""

    brow_inner: float = 0.0
    brow_outer: float = 0.0
    squeeze: float = 0.0
    lid: float = 0.0
    lower_lid: float = 0.0
    gaze_down: float = 0.0
    corner: float = 0.0
    one_sided: float = 0.0
    stretch: float = 0.0
    open: float = 0.0
    teeth: float = 0.0
    upper_lip: float = 0.0
    nose: float = 0.0
    tilt: float = 0.0
    nod: float = 0.0

    def values(self) -> np.ndarray:
        """Return the parameters as float64 (15,), in the order of the fields."""
        return np.array(astuple(self))


EXPRESSIONS: dict[str, Expression] = {
    "anger": Expression(
        brow_inner=-1.0,
        brow_outer=0.35,
        squeeze=1.0,
        lid=-0.15,
        lower_lid=0.5,
        corner=-0.55,
        stretch=0.1,
        open=0.45,
        teeth=1.0,
        nose=0.35,
        nod=0.3,
    ),
    "boredom": Expression(
        brow_inner=0.05,
        brow_outer=-0.25,
        lid=-0.85,
        gaze_down=0.6,
        corner=-0.2,
        stretch=-0.2,
        tilt=0.9,
        nod=0.2,
    ),
    "calm": Expression(
        brow_inner=0.05,
        brow_outer=0.0,
        lid=-0.75,
        lower_lid=0.3,
        corner=0.65,
        stretch=0.2,
        tilt=-0.3,
        nod=0.15,
    ),
    "contempt": Expression(
        brow_inner=-0.15,
        brow_outer=0.25,
        lid=-0.3,
        corner=0.15,
        one_sided=1.0,
        tilt=-0.6,
        nod=-0.4,
    ),
    "disgust": Expression(
        brow_inner=-0.6,
        brow_outer=-0.35,
        squeeze=0.5,
        lid=-0.6,
        lower_lid=0.8,
        corner=-0.45,
        stretch=-0.15,
        open=0.22,
        teeth=0.3,
        upper_lip=1.0,
        nose=1.0,
        tilt=0.3,
        nod=-0.3,
    ),
    "fear": Expression(
        brow_inner=1.0,
        brow_outer=0.35,
        squeeze=0.75,
        lid=0.9,
        lower_lid=0.1,
        corner=-0.35,
        stretch=0.6,
        open=0.55,
        teeth=0.35,
        nod=-0.35,
    ),
    "happiness": Expression(
        brow_inner=0.15,
        brow_outer=0.2,
        lid=-0.25,
        lower_lid=0.7,
        corner=1.0,
        stretch=0.6,
        open=0.5,
        teeth=1.0,
        upper_lip=0.3,
    ),
    "neutral": Expression(),
    "sadness": Expression(
        brow_inner=0.85,
        brow_outer=-0.6,
        squeeze=0.5,
        lid=-0.5,
        gaze_down=0.7,
        corner=-0.9,
        stretch=-0.2,
        tilt=0.35,
        nod=0.5,
    ),
    "surprise": Expression(
        brow_inner=1.0,
        brow_outer=1.0,
        lid=1.0,
        corner=0.0,
        stretch=-0.6,
        open=1.3,
        nod=-0.2,
    ),
}
