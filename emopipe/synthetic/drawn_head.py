"""The still part of a drawn face: head, hair, neck, shoulders and wall, painted once per person.

The head is a height map (an egg with sockets, ridge, nose, cheeks, lips and chin) whose slopes are
lit by two lamps (Lambert's cosine law, and Blinn's highlight on top), so that forehead, cheeks and
nose come out light and the sockets dark: the contrasts that face detectors look for.
"""

from dataclasses import dataclass

import numpy as np

from emopipe.synthetic.people import Colour, Person

SUPERSAMPLING = 2
LEFT, RIGHT, TOP, BOTTOM = -1.4, 1.4, -1.95, 2.0
KEY_LIGHT = np.array([-0.38, -0.5, 0.78])
FILL_LIGHT = np.array([0.75, 0.0, 0.66])


@dataclass(frozen=True)
class Head:
    """A person's still layers; `unit` is the half width of the head in pixels of `skin`.

    `picture` is uint8 (rows, columns, 3) RGB: what is behind the head; `wall` is the same without
    the body. `skin` uint8 (h, w, 3) and
    `alpha` float32 (h, w) in [0, 1] are the head on a canvas finer than the picture by
    `SUPERSAMPLING`. `folds` are float32 (h, w) darkenings of the skin by name. `centre` is the
    point between the eyes, (column, row) in pixels of the picture.
    """

    picture: np.ndarray
    wall: np.ndarray
    skin: np.ndarray
    alpha: np.ndarray
    folds: dict[str, np.ndarray]
    unit: float
    centre: tuple[float, float]


def _bump(u, v, at_u, at_v, wide, high):
    return np.exp(-(((u - at_u) / wide) ** 2) - ((v - at_v) / high) ** 2)


def _pair(u, v, at_u, at_v, wide, high):
    return _bump(np.abs(u), v, at_u, at_v, wide, high)


def _step(x, soft):
    return 1 / (1 + np.exp(-np.clip(x / soft, -30, 30)))


def _noise(rng, shape, blur_columns, blur_rows):
    import cv2

    grain = rng.normal(0, 1, shape).astype(np.float32)
    grain = cv2.GaussianBlur(grain, (0, 0), sigmaX=blur_columns, sigmaY=blur_rows)
    return grain / grain.std()


def _half_width(person: Person, v: np.ndarray) -> np.ndarray:
    from scipy.interpolate import PchipInterpolator

    chin, jaw = person.length, person.jaw
    rows = [-1.52, -1.4, -1.2, -0.9, -0.45, 0.1, 0.5, 0.9, 1.2, chin - 0.12, chin - 0.03, chin]
    half = [0.0, 0.5, 0.77, 0.95, 1.03, 1.0, 0.95, 0.87, 0.7, 0.43, 0.22, 0.0]
    half = np.array(half) * np.interp(rows, [0.5, 0.9], [1.0, jaw])
    # Where an egg closes, it is the square of its width that runs straight.
    squared = PchipInterpolator(rows, half**2, extrapolate=False)(v)
    return person.width * np.sqrt(np.nan_to_num(squared))


def _height(person: Person, u, v, half):
    t = np.clip(np.abs(u) / np.maximum(half, 1e-3), 0, 1)
    z = 0.8 * half * (1 - t**2.6) ** 0.5
    gap, nose, chin = person.eye_gap, person.nose, person.length
    z += 0.07 * _pair(u, v, gap * 0.9, -0.27, 0.28, 0.12)
    z -= 0.13 * _pair(u, v, gap, 0.0, 0.24, 0.15)
    z -= 0.07 * _pair(u, v, 0.2, -0.02, 0.09, 0.16)
    z += 0.07 * _pair(u, v, gap, 0.02, 0.15, 0.11)
    z += 0.06 * _pair(u, v, 0.56, 0.42, 0.26, 0.22)
    slope = np.clip((v + 0.15) / 0.75, 0, 1) * _step(0.66 - v, 0.03)
    z += 0.2 * slope * np.exp(-((u / (0.11 * nose + 0.05)) ** 2))
    z += 0.12 * _bump(u, v, 0, 0.54, 0.13 * nose, 0.1)
    z += 0.11 * _pair(u, v, 0.17 * nose, 0.58, 0.07, 0.08)
    z += 0.09 * _bump(u, v, 0, 0.98, 0.45, 0.28)
    z -= 0.04 * _bump(u, v, 0, chin - 0.36, 0.25, 0.06)
    z += 0.09 * _bump(u, v, 0, chin - 0.17, 0.26, 0.15)
    return z


def _shade(z: np.ndarray, unit: float) -> tuple[np.ndarray, np.ndarray]:
    down, right = np.gradient(z, 1 / unit)
    length = np.sqrt(1 + down**2 + right**2)
    normal = np.stack([-right / length, -down / length, 1 / length], axis=-1)
    key = np.clip(normal @ (KEY_LIGHT / np.linalg.norm(KEY_LIGHT)), 0, 1)
    fill = np.clip(normal @ (FILL_LIGHT / np.linalg.norm(FILL_LIGHT)), 0, 1)
    half_way = KEY_LIGHT + [0, 0, 1]
    shine = np.clip(normal @ (half_way / np.linalg.norm(half_way)), 0, 1) ** 28
    return 0.30 + 0.62 * key + 0.20 * fill, shine


def _skin(person: Person, u, v, half, unit, rng) -> np.ndarray:
    import cv2

    z = _height(person, u, v, half).astype(np.float32)
    light, shine = _shade(cv2.GaussianBlur(z, (0, 0), 0.02 * unit), unit)
    # What lies deeper than its surroundings gets less of the sky.
    hollow = cv2.GaussianBlur(z, (0, 0), 0.16 * unit) - z
    light = light * np.clip(1 - 1.6 * np.clip(hollow, 0, None), 0.5, 1)
    light *= 1 - 0.30 * _pair(u, v, person.eye_gap - 0.02, -0.02, 0.23, 0.14)
    light *= 1 - 0.22 * _bump(u, v, 0, 0.72, 0.2, 0.06)
    light *= 1 + 0.012 * _noise(rng, z.shape, 1.2, 1.2)
    blush = 0.5 * _pair(u, v, 0.55, 0.5, 0.25, 0.2) + 0.5 * _bump(u, v, 0, 0.56, 0.16, 0.12)
    colour = np.array(person.skin, np.float32) * (1 + blush[..., None] * [0.03, -0.07, -0.07])
    # Light that has wandered below the skin comes out red: shadows of skin are warm.
    skin = colour * light[..., None] ** np.array([0.85, 1.0, 1.06])
    skin += 26 * shine[..., None]
    nostrils = _pair(u, v, 0.095 * person.nose, 0.665, 0.05, 0.028)[..., None]
    skin *= 1 - 0.75 * np.clip(1.3 * nostrils, 0, 1)
    stubble = person.beard * _step(v - 0.72 - 0.25 * np.abs(u) + 0.9 * (np.abs(u) > 2), 0.06)
    stubble = np.maximum(
        stubble, person.beard * _step(np.abs(u) - 0.78, 0.05) * _step(v - 0.2, 0.1)
    )
    stubble = (
        stubble
        * (1 + 0.25 * _noise(rng, z.shape, 0.7, 1.5))
        * (1 - 0.9 * _bump(u, v, 0, 1.0, 0.34, 0.13))
    )
    stubble = np.clip(stubble, 0, 0.85)[..., None]
    return skin * (1 - stubble) + stubble * np.array(person.hair) * light[..., None]


def _strands(person: Person, u, v, rng, light) -> np.ndarray:
    grain = 1 + 0.13 * _noise(rng, u.shape, 0.9, 14) + 0.07 * _noise(rng, u.shape, 3, 20)
    gloss = 1 + 0.55 * _bump(u, v, -0.35, -1.25, 0.55, 0.22)
    return np.array(person.hair) * (light * grain * gloss)[..., None]


def _curtain(person: Person, v):
    return person.width * (1.14 + 0.05 * np.clip(v, -1, 1) + 0.06 * np.clip(v - 0.6, 0, 2) ** 2)


def _hairline(person: Person, u, rng) -> np.ndarray:
    parting = 0.10 * np.tanh(3 * (u + 0.25)) if person.long_hair else 0.05 * np.cos(5 * u)
    recede = 0.22 * (person.age > 50 and person.sex == "male")
    fall = 1.4 if person.long_hair else 0.95
    return -0.92 - recede + parting + fall * np.abs(u) ** (3.2 if person.long_hair else 4.5)


def _ears(person: Person, skin, alpha, u, v):
    side = np.abs(u) - person.width
    ear = np.sqrt(((side - 0.03) / 0.13) ** 2 + ((v - 0.22 - 0.2 * side) / 0.3) ** 2)
    inside = _step(1 - ear, 0.06)
    shade = 0.62 + 0.25 * np.clip(ear, 0, 1) ** 2
    colour = np.array(person.skin) * shade[..., None] * [1.0, 0.9, 0.88]
    keep = alpha[..., None]
    return skin * keep + colour * (1 - keep), np.maximum(alpha, inside)


def _folds(person: Person, u, v) -> dict[str, np.ndarray]:
    gap = person.eye_gap
    smile = np.abs(u) - 0.24 - 0.42 * np.sqrt(np.clip(v - 0.54, 0, 1))
    maps = {
        "smile": np.exp(-((smile / 0.045) ** 2)) * _step(v - 0.6, 0.05) * _step(1.0 - v, 0.07),
        "frown": _pair(u, v, 0.085, -0.24, 0.03, 0.14) + 0.4 * _bump(u, v, 0, -0.13, 0.16, 0.05),
        "forehead": sum(
            np.exp(-(((v - row - 0.05 * np.cos(2.4 * u)) / 0.028) ** 2))
            for row in (-0.58, -0.71, -0.84)
        )
        * _step(0.6 - np.abs(u), 0.08),
        "nose": sum(
            _bump(u, v + 0.2 * np.abs(u), 0, row, 0.17, 0.022) for row in (0.06, 0.15, 0.24)
        )
        + 0.9 * _pair(u, v, 0.25, 0.45, 0.05, 0.12),
        "cheek": _pair(u, v + 0.0 * u, gap + 0.08, 0.2, 0.28, 0.045)
        - 0.35 * _pair(u, v, gap + 0.12, 0.4, 0.22, 0.13),
        "chin": _bump(u, v - 0.12 * np.abs(u), 0, person.length - 0.36, 0.22, 0.06),
    }
    return {name: fold.astype(np.float32) for name, fold in maps.items()}


def _wall(colour: Colour, shape, rng) -> np.ndarray:
    rows, columns = shape
    y, x = np.mgrid[0:rows, 0:columns] / rows
    drape = 0.05 * _noise(rng, shape, rows / 16, rows / 5) + 0.02 * _noise(
        rng, shape, rows / 40, rows / 6
    )
    light = 1.08 - 0.28 * ((x - 0.45) ** 2 + (y - 0.35) ** 2) + drape
    return np.array(colour) * light[..., None]


def _body(person: Person, u, v, rng):
    """Return colour and alpha of neck, shoulders and the hair behind them."""
    neck_half = 0.62 * person.jaw + 0.25 * np.clip(v - 1.75, 0, None) ** 2
    neck = _step(neck_half - np.abs(u), 0.02) * _step(v - 0.9, 0.05)
    roundness = np.sqrt(np.clip(1 - (u / (neck_half + 0.05)) ** 2, 0, 1))
    shadow = 1 - 0.5 * _step(person.length + 0.22 - 0.25 * np.abs(u) - v, 0.09)
    colour = np.array(person.skin) * ((0.35 + 0.6 * roundness - 0.12 * u) * shadow)[..., None]
    colour = colour * [1.0, 0.95, 0.92]
    slope = 1.98 + 0.30 * np.clip(np.abs(u) - 0.6, 0, None) ** 1.3
    slope += 1.5 * np.clip(np.abs(u) - 1.9, 0, None) ** 2
    collar = 2.08 - 0.75 * np.abs(u) ** 1.6 + 0.25
    shirt = _step(v - np.maximum(slope, np.where(np.abs(u) < 0.72, collar, -9)), 0.02)
    fabric = 0.9 - 0.16 * np.abs(u + 0.4) + 0.05 * _noise(rng, u.shape, 6, 12)
    fabric *= 1 - 0.35 * np.exp(-np.clip(v - np.maximum(slope, collar), 0, None) / 0.05) * 0.5
    cloth = np.array(person.clothes) * fabric[..., None]
    colour = colour * (1 - shirt[..., None]) + cloth * shirt[..., None]
    alpha = np.maximum(neck, shirt)
    if person.long_hair:
        hair = _step(_curtain(person, v) - np.abs(u), 0.02) * _step(v + 1.0, 0.1)
        hair = hair * _step(1.72 - 0.25 * u**2 + 0.04 * _noise(rng, u.shape, 1.5, 6) - v, 0.02)
        strands = _strands(person, u, v, rng, 0.62 + 0.0 * u)
        front = np.maximum(alpha - hair * (np.abs(u) > 0.62), 0)[..., None]
        colour = colour * front + strands * (1 - front)
        alpha = np.maximum(alpha, hair)
    return colour, alpha


def _grid(rows, columns, unit, centre):
    row, column = np.mgrid[0:rows, 0:columns].astype(np.float32)
    return (column + 0.5) / unit - centre[0], (row + 0.5) / unit - centre[1]


def paint_head(person: Person, size: tuple[int, int] = (240, 320)) -> Head:
    """Paint the still layers of `person` for pictures of `size` (rows, columns) pixels.

    Examples
    --------
    >>> from emopipe.synthetic.people import draw_person
    >>> paint_head(draw_person("1001", seed=0), (120, 160)).picture.shape
    (120, 160, 3)
    """
    import cv2

    rows, columns = size
    rng = np.random.default_rng(person.texture)
    small = min(rows * 0.2, columns * 0.24)
    centre = columns / 2, 0.46 * rows
    unit = small * SUPERSAMPLING
    shape = round((BOTTOM - TOP) * unit), round((RIGHT - LEFT) * unit)
    u, v = _grid(*shape, unit, (-LEFT, -TOP))
    half = _half_width(person, v[:, 0])[:, None] + 0 * u
    skin = _skin(person, u, v, half, unit, rng)
    alpha = _step(half - np.abs(u), 0.012) * (half > 0.02)
    skin, alpha = _ears(person, skin, alpha, u, v)
    skin, alpha = _with_hair(person, skin, alpha, u, v, unit, rng)

    fine = _grid(rows * 2, columns * 2, unit, (centre[0] / small, centre[1] / small))
    body, cover = _body(person, *fine, rng)
    wall = _wall(person.wall, cover.shape, rng)
    picture = wall * (1 - cover[..., None]) + body * cover[..., None]
    layers = [np.clip(layer, 0, 255).astype(np.uint8) for layer in (picture, wall)]
    picture, wall = (
        cv2.resize(layer, (columns, rows), interpolation=cv2.INTER_AREA) for layer in layers
    )
    return Head(
        picture=picture,
        wall=wall,
        skin=np.clip(skin, 0, 255).astype(np.uint8),
        alpha=alpha.astype(np.float32),
        folds=_folds(person, u, v),
        unit=unit,
        centre=centre,
    )


def _with_hair(person: Person, skin, alpha, u, v, unit, rng):
    import cv2

    big = _half_width(person, (v[:, 0] + 0.05) / 1.1)[:, None] * 1.1
    cap = (big > 0.02) * _step(big - np.abs(u), 0.02) * _step(0.25 - v, 0.12)
    rough = 0.035 * _noise(rng, u.shape, 1.2, 4)
    below = v - _hairline(person, u, rng) + rough
    hair = cap * _step(-below, 0.02)
    if person.long_hair:
        inner = 0.9 * person.width + 0.2 * np.clip(v - 0.3, 0, 2) ** 2 - rough
        outer = _curtain(person, v) + 0.02 * np.sin(9 * v)
        side = _step(np.abs(u) - inner, 0.02) * _step(outer - np.abs(u), 0.02)
        ends = 1.45 + 0.3 * (np.abs(u) - 1) + 2.5 * rough
        hair = np.maximum(hair, side * _step(v + 0.5, 0.15) * _step(ends - v, 0.02))
    dome = np.clip(1 - (np.abs(u) / np.maximum(big, 0.05)) ** 3, 0, 1) ** 0.5
    light = (0.55 + 0.4 * dome) * (1 - 0.12 * u)
    under = cv2.GaussianBlur(hair.astype(np.float32), (0, 0), 0.07 * unit) * (1 - hair)
    skin = skin * (1 - 0.55 * under[..., None])
    cover = hair[..., None]
    skin = skin * (1 - cover) + _strands(person, u, v, rng, light) * cover
    return skin, np.maximum(alpha, hair)
