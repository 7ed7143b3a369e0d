"""Brows, lids, eyes and mouth: the parts of a drawn face that are painted anew in every frame."""

import numpy as np

from emopipe.corpora.synthetic.drawn_head import LEFT, TOP
from emopipe.corpora.synthetic.expressions import Expression
from emopipe.corpora.synthetic.people import Person

SPREAD = np.linspace(-1, 1, 25)


class Brush:
    """Paints soft shapes, in units of the head, on a canvas of skin."""

    def __init__(self, canvas: np.ndarray, unit: float):
        self.canvas, self.unit = canvas, unit

    def mask(self, u, v, soft=0.0):
        """Return the box around the outline (u, v) and the share of each pixel that is inside."""
        import cv2

        points = np.column_stack([(u - LEFT) * self.unit, (v - TOP) * self.unit])
        margin = 2 + int(3 * soft * self.unit)
        low = np.maximum(np.floor(points.min(axis=0)).astype(int) - margin, 0)
        high = np.ceil(points.max(axis=0)).astype(int) + margin
        high = np.minimum(high, self.canvas.shape[1::-1])
        mask = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
        cv2.fillPoly(mask, [np.round((points - low) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        if soft:
            mask = cv2.GaussianBlur(mask, (0, 0), soft * self.unit)
        return (slice(low[1], high[1]), slice(low[0], high[0])), mask

    def fill(self, u, v, colour, strength=1.0, soft=0.0):
        """Fill an outline; `colour` is RGB, or a picture of the size of the canvas' box."""
        box, mask = self.mask(u, v, soft)
        self.blend(box, mask, colour, strength)

    def blend(self, box, mask, colour, strength=1.0):
        """Mix `colour` into the box by the mask."""
        share = mask[..., None] * np.float32(strength / 255)
        under = self.canvas[box]
        self.canvas[box] = under + (np.asarray(colour, np.float32) - under) * share

    def line(self, u, v, width, colour, strength=1.0, soft=0.0):
        """Draw a line as thick as `width`, which may vary along it."""
        half = np.broadcast_to(width, np.shape(u)) / 2
        self.fill(*_between(u, v - half, v + half), colour, strength, soft)


def paint_eyeball(person: Person, unit: float) -> np.ndarray:
    """Paint an eyeball looking straight ahead: uint8 (n, n, 3), half a head wide."""
    n = round(unit)
    y, x = (np.mgrid[0:n, 0:n] + 0.5) / unit - 0.5
    r = np.hypot(x, y) / person.eye_size
    white = np.array([236, 230, 226]) * (1 - 1.6 * r**2)[..., None]
    iris = np.array(person.eyes) * (0.75 + 5.0 * np.clip(r - 0.04, 0, 0.08) + 1.5 * y)[..., None]
    for radius, colour in ((0.108, np.array(person.eyes) * 0.35), (0.098, iris), (0.046, 12.0)):
        share = (1 / (1 + np.exp(np.clip((r - radius) / 0.006, -30, 30))))[..., None]
        white = white * (1 - share) + colour * share
    glint = np.exp(-(((x + 0.04) ** 2 + (y + 0.045) ** 2) / 0.022**2))[..., None]
    return np.clip(white * (1 - glint) + 255 * glint, 0, 255).astype(np.uint8)


def paint_eyes(brush: Brush, person: Person, eyeball, e: Expression, *, blink=0.0, gaze=0.0):
    """Paint both eyes and their lids; `gaze` moves the iris, 1 is as far right as it goes."""
    wide = 0.235 * person.eye_size
    up = person.eye_size * max(0.118 + 0.06 * e.lid, 0.02) * (1 - blink) + 0.004
    down = person.eye_size * max(0.068 - 0.04 * e.lower_lid + 0.015 * max(e.lid, 0), 0.01)
    down = down * (1 - blink) + 0.004 - 0.01 * blink
    arch = 1 - np.abs(SPREAD) ** 2.2
    skin = np.array(person.skin)
    for side in (-1, 1):
        u = side * person.eye_gap + wide * SPREAD
        corner = -0.02 * side * SPREAD + 0.06 * blink
        upper, lower = corner - up * arch, corner + down * arch
        crease = corner - (0.6 * up + 0.075 + 0.03 * max(e.lid, 0)) * (1 - SPREAD**2) - 0.015
        brush.line(u, crease, 0.02, skin * 0.5, 0.65, 0.008)
        brush.line(u, (upper + crease) / 2, np.abs(upper - crease), skin * 0.72, 0.35, 0.015)
        box, mask = brush.mask(*_between(u, upper, lower))
        down_by = 0.01 + 0.045 * e.gaze_down - 0.03 * max(e.lid, 0)
        middle = side * person.eye_gap + 0.1 * gaze, down_by
        brush.blend(box, mask, _cut(eyeball, box, middle, brush.unit))
        brush.line(u, upper + 0.022, 0.035, (60, 44, 40), 0.35 * (1 - blink), 0.01)
        brush.line(u, upper, 0.022 + 0.014 * arch, (32, 22, 20), 0.9)
        brush.line(u, lower + 0.006, 0.014, skin * 0.45, 0.6)
        bag, deep = 0.05 + 0.03 * e.lower_lid, 0.014 + 0.012 * max(e.lower_lid, 0)
        brush.line(u, lower + bag, deep, skin * 0.6, 0.35, 0.012)


def _between(u, high, low):
    """Return the outline of what lies between two curves over the same `u`."""
    return np.concatenate([u, u[::-1]]), np.concatenate([high, low[::-1]])


def _cut(eyeball, box, middle, unit):
    """Return the part of the eyeball that lies in the box, repeated at its edge."""
    n = len(eyeball)
    rows = np.arange(box[0].start, box[0].stop) - round((middle[1] - TOP) * unit) + n // 2
    columns = np.arange(box[1].start, box[1].stop) - round((middle[0] - LEFT) * unit) + n // 2
    return eyeball[np.clip(rows, 0, n - 1)[:, None], np.clip(columns, 0, n - 1)]


def paint_brows(brush: Brush, person: Person, e: Expression):
    """Paint both brows and the shadows below them."""
    along = np.linspace(0, 1, 17)
    hair = np.array(person.hair) * 0.75
    for side in (-1, 1):
        u = side * (0.17 - 0.055 * e.squeeze + (0.56 + 0.03 * e.squeeze) * along)
        inner, outer = -0.245 - 0.14 * e.brow_inner, -0.25 - 0.13 * e.brow_outer
        lift = 0.07 + 0.05 * max(min(e.brow_inner, e.brow_outer), 0)
        arched = lift * np.sin(np.pi * np.clip(along * 0.95 + 0.08, 0, 1))
        v = inner + (outer - inner) * along**0.9 - arched + 0.05 * along**4
        v -= 0.10 * e.one_sided * along * (side > 0)
        width = 0.105 * person.brow_weight * (1 - 0.75 * along**1.7)
        width *= np.minimum(1, 0.6 + 4 * along)
        brush.line(u, v + 0.02, width, np.array(person.skin) * 0.5, 0.4, 0.03)
        brush.line(u, v, width, hair, 0.9, 0.012)


def _mouth_curves(person: Person, e: Expression, speak: float):
    """Return u and five curves, downwards: outer, inner and closed, inner and outer lips."""
    s = SPREAD
    u = s * (0.36 + 0.09 * e.stretch - 0.03 * speak + 0.02 * max(e.corner, 0))
    gape = 0.02 * (e.open > 0.02) + 0.24 * max(e.open, 0) + 0.11 * speak
    corners = 0.14 * e.corner + 0.05 * e.one_sided * (1 + 1.8 * s)
    closed = 0.985 - 0.02 * e.upper_lip + 0.05 * max(e.corner, 0) - corners * s**2
    arch = 1 - np.abs(s) ** (2.4 + 1.5 * max(e.teeth, 0))
    high = closed - (0.25 * gape + 0.05 * e.upper_lip) * arch
    low = closed + (0.75 * gape + 0.012) * arch
    full = person.lips * (1 - 0.3 * max(e.stretch, 0) - 0.25 * (e.squeeze > 0.9))
    bow = 0.085 * full * (1 - np.abs(s) ** 1.6) - 0.022 * np.exp(-((s / 0.13) ** 2))
    return u, high - bow, high, closed, low, low + 0.125 * full * (1 - np.abs(s) ** 2.4)


def paint_mouth(brush: Brush, person: Person, e: Expression, *, speak=0.0):
    """Paint lips and what is between them; `speak` opens the jaw for a syllable."""
    u, top, high, closed, low, bottom = _mouth_curves(person, e, speak)
    skin = np.array(person.skin)
    lips = skin * ((0.80, 0.52, 0.52) if person.sex == "female" else (0.80, 0.60, 0.58))
    brush.line(u * 0.6, bottom + 0.05, 0.045, skin * 0.55, 0.4, 0.025)
    brush.fill(*_between(u, top, closed), lips * 0.84, 0.9, 0.006)
    brush.fill(*_between(u, closed, bottom), lips, 0.9, 0.006)
    brush.line(u * 0.45, (2 * low + bottom) / 3, 0.03, lips * 1.3, 0.35, 0.014)
    gape = (low - high).max()
    if gape > 0.02:
        brush.fill(*_between(u, high, low), (58, 20, 22))
        if e.teeth > 0.2 or gape > 0.12:
            bite = np.clip(
                high + 0.03 + 0.11 * max(e.teeth, 0), high, np.maximum(low - 0.005, high)
            )
            brush.fill(*_between(u, np.minimum(high + 0.004, bite), bite), (232, 226, 214), 0.95)
        if gape > 0.17:
            tongue = np.maximum(low - 0.09 * (1 - SPREAD**2), high)
            brush.fill(*_between(u, tongue, low), (150, 66, 66), 0.8, 0.01)
        brush.line(u, low, 0.012, lips * 0.6, 0.6)
    brush.line(u, high, 0.018, lips * 0.4, 0.85, 0.004)
    for end in (0, -1):
        dot = u[end] + np.array([-0.05, 0, 0.05, 0]), closed[end] + np.array([0, -0.03, 0, 0.03])
        brush.fill(*dot, skin * 0.4, 0.5, 0.015)
