"""The invented people of a synthetic corpus: who they are, how they look and how they sound."""

from dataclasses import dataclass
from zlib import crc32

import numpy as np

Colour = tuple[int, int, int]

SKIN: dict[str, Colour] = {
    "porcelain": (243, 208, 186),
    "rose": (236, 192, 168),
    "sand": (226, 178, 142),
    "olive": (205, 157, 118),
    "bronze": (180, 130, 95),
    "brown": (152, 105, 76),
}
HAIR: dict[str, Colour] = {
    "black": (38, 32, 32),
    "dark brown": (62, 42, 32),
    "brown": (98, 66, 44),
    "auburn": (126, 62, 36),
    "blond": (196, 158, 98),
    "grey": (150, 148, 146),
}
EYES: tuple[Colour, ...] = (
    (74, 52, 36),
    (96, 74, 44),
    (70, 104, 140),
    (82, 118, 84),
    (104, 120, 128),
)
CLOTHES: tuple[Colour, ...] = (
    (70, 72, 76),
    (44, 62, 104),
    (122, 46, 52),
    (60, 96, 78),
    (200, 196, 186),
    (104, 84, 128),
)
WALLS: tuple[Colour, ...] = (
    (76, 148, 70),
    (168, 172, 176),
    (120, 142, 168),
    (186, 170, 146),
    (98, 108, 112),
    (152, 132, 150),
)


@dataclass(frozen=True)
class Person:
    """One invented person; lengths of the face are in half widths of the head."""

    identity: str
    sex: str
    age: int
    skin: Colour
    hair: Colour
    eyes: Colour
    clothes: Colour
    wall: Colour
    long_hair: bool
    beard: float
    width: float
    jaw: float
    length: float
    eye_gap: float
    eye_size: float
    brow_weight: float
    nose: float
    lips: float
    pitch: float
    tract: float
    texture: int


def _colour(rng: np.random.Generator, colour: Colour, spread: float = 8.0) -> Colour:
    red, green, blue = np.clip(np.array(colour) + rng.normal(0, spread / 2, 3), 0, 255).astype(int)
    return int(red), int(green), int(blue)


def draw_person(
    identity: str, seed: int, *, sex: str | None = None, age: int | None = None
) -> Person:
    """Draw one person, the same whenever `identity`, `seed`, `sex` and `age` are the same.

    Parameters
    ----------
    identity : str
        The subject's name in the corpus.
    seed : int
        Seed of the corpus.
    sex : {"male", "female"}, optional
        By chance if None.
    age : int, optional
        Years; by chance between 20 and 74 (the ages of CREMA-D) if None.

    Returns
    -------
    Person

    Examples
    --------
    >>> draw_person("1001", seed=0, sex="male") == draw_person("1001", seed=0, sex="male")
    True
    """
    rng = np.random.default_rng([seed, crc32(identity.encode())])
    drawn_sex, drawn_age = str(rng.choice(["female", "male"])), int(rng.integers(20, 75))
    sex, age = sex or drawn_sex, age or drawn_age
    male = sex == "male"
    hair_name = "grey" if age > 58 else str(rng.choice([name for name in HAIR if name != "grey"]))
    skin_name = str(rng.choice(list(SKIN)))
    if skin_name in ("brown", "bronze") and hair_name in ("blond", "auburn"):
        hair_name = "black"
    skin, hair = _colour(rng, SKIN[skin_name]), _colour(rng, HAIR[hair_name])
    # Frontal face detectors expect a forehead brighter than the hair above it.
    darker = min(1.0, 0.75 * np.mean(skin) / np.mean(hair))
    return Person(
        identity=identity,
        sex=sex,
        age=age,
        skin=skin,
        hair=tuple(int(darker * value) for value in hair),
        eyes=EYES[rng.integers(len(EYES))],
        clothes=_colour(rng, CLOTHES[rng.integers(len(CLOTHES))], 24),
        wall=_colour(rng, WALLS[rng.integers(len(WALLS))], 24),
        long_hair=bool(not male and rng.random() < 0.75),
        beard=float(male * (age > 17) * (rng.random() < 0.4) * rng.uniform(0.2, 0.45)),
        width=rng.uniform(0.96, 1.06),
        jaw=rng.uniform(0.94, 1.06) if male else rng.uniform(0.84, 0.95),
        length=rng.uniform(1.5, 1.62) if male else rng.uniform(1.44, 1.54),
        eye_gap=rng.uniform(0.42, 0.47),
        eye_size=rng.uniform(0.9, 1.1) if male else rng.uniform(1.0, 1.2),
        brow_weight=rng.uniform(0.95, 1.2) if male else rng.uniform(0.75, 0.95),
        nose=rng.uniform(0.85, 1.2) if male else rng.uniform(0.75, 1.0),
        lips=rng.uniform(0.8, 1.1) if male else rng.uniform(1.0, 1.4),
        pitch=rng.uniform(105, 117) * (1 if male else 2),
        tract=rng.uniform(0.97, 1.03) * (1.0 if male else 1.08),
        texture=int(rng.integers(2**31)),
    )
