"""Brows, lids, eyes and mouth: the parts of a drawn face that are painted anew in every frame."""

from functools import partial

import numpy as np

from emopipe.synthetic.drawn_head import LEFT, TOP
from emopipe.synthetic.expressions import Expression
from emopipe.synthetic.people import Person

SPREAD = np.linspace(-1, 1, 25)


class Sketch:
    """Shadows and painted shapes, in units of the head, to be laid over a canvas of skin.

    Shadows share one soft layer below everything painted, so that a face costs one blur.
    """

    def __init__(self, shape: tuple[int, int], unit: float):
        self.unit = unit
        self.shadows = np.zeros(shape, np.uint8)
        self._paint = []

    def _pixels(self, u, v) -> np.ndarray:
        """Return an outline's corners in sixteenths of a pixel."""
        points = np.stack([u - LEFT, v - TOP], axis=1) * (16 * self.unit)
        return np.round(points).astype(np.int32)

    def shadow(self, u, v, width, darkness: float):
        """Darken a line as thick as `width`, which may vary along it, by a share of the light."""
        import cv2

        outline = self._pixels(*_between(u, v - width / 2, v + width / 2))
        cv2.fillPoly(self.shadows, [outline], 255 * darkness, cv2.LINE_AA, 4)

    def fill(self, u, v, colour):
        """Fill an outline with an RGB colour."""
        import cv2

        outline, colour = [self._pixels(u, v)], tuple(map(float, colour))
        self._paint.append(lambda canvas: cv2.fillPoly(canvas, outline, colour, cv2.LINE_AA, 4))

    def line(self, u, v, width, colour):
        """Draw a line as thick as `width`, which may vary along it."""
        self.fill(*_between(u, v - width / 2, v + width / 2), colour)

    def inlay(self, u, v, picture_of):
        """Fill an outline with `picture_of(box)`, box being two slices of the canvas."""
        import cv2

        outline = self._pixels(u, v)
        left, top = outline.min(axis=0) // 16 - 2
        right, bottom = outline.max(axis=0) // 16 + 3
        mask = np.zeros((bottom - top, right - left), np.uint8)
        cv2.fillPoly(mask, [outline - 16 * np.array([left, top])], 255, cv2.LINE_AA, 4)
        box = slice(top, bottom), slice(left, right)
        share = mask[..., None] / np.float32(255)

        def paint(canvas):
            canvas[box] = canvas[box] * (1 - share) + picture_of(box) * share

        self._paint.append(paint)

    def lay_over(self, skin: np.ndarray, dark: np.ndarray) -> np.ndarray:
        """Return uint8 (h, w, 3) `skin`, darkened by float32 (h, w) `dark` and the sketch."""
        import cv2

        soft = cv2.GaussianBlur(self.shadows, (0, 0), 0.018 * self.unit)
        light = 1 - cv2.addWeighted(dark, 1, soft, 1 / 255, 0, dtype=cv2.CV_32F)
        # Shadows of skin are warm.
        light = cv2.merge([0.15 + 0.85 * light, light, light])
        canvas = cv2.multiply(skin, light, dtype=cv2.CV_8U)
        for paint in self._paint:
            paint(canvas)
        return canvas


def _between(u, high, low):
    """Return the outline of what lies between two curves over the same `u`."""
    return np.concatenate([u, u[::-1]]), np.concatenate([high, low[::-1]])


def paint_eyeball(person: Person, unit: float) -> np.ndarray:
    """Paint an eyeball looking straight ahead: uint8 (n, n, 3), half a head wide."""
    n = round(unit)
    y, x = (np.mgrid[0:n, 0:n] + 0.5) / unit - 0.5
    r = np.hypot(x, y) / person.eye_size
    # Detectors look for eyes darker than cheeks, which a lamp-lit white on dark skin would undo.
    bright = np.clip(0.5 + 0.5 * np.mean(person.skin) / 200, 0.5, 1)
    white = bright * np.array([236, 230, 226]) * (1 - 1.6 * r**2)[..., None]
    iris = np.array(person.eyes) * (0.75 + 5.0 * np.clip(r - 0.04, 0, 0.08) + 1.5 * y)[..., None]
    for radius, colour in ((0.108, np.array(person.eyes) * 0.35), (0.098, iris), (0.046, 12.0)):
        share = (1 / (1 + np.exp(np.clip((r - radius) / 0.006, -30, 30))))[..., None]
        white = white * (1 - share) + colour * share
    glint = np.exp(-(((x + 0.04) ** 2 + (y + 0.045) ** 2) / 0.022**2))[..., None]
    return np.clip(white * (1 - glint) + 235 * glint, 0, 255).astype(np.uint8)


def paint_eyes(sketch: Sketch, person: Person, eyeball, e: Expression, *, blink=0.0, gaze=0.0):
    """Paint both eyes and their lids; `gaze` moves the iris, 1 is as far right as it goes."""
    wide = 0.235 * person.eye_size
    up = person.eye_size * max(0.118 + 0.06 * e.lid, 0.02) * (1 - blink) + 0.004
    down = person.eye_size * max(0.068 - 0.04 * e.lower_lid + 0.015 * max(e.lid, 0), 0.01)
    down = down * (1 - blink) + 0.004 - 0.01 * blink
    arch = 1 - np.abs(SPREAD) ** 2.2
    bag, deep = 0.05 + 0.03 * e.lower_lid, 0.02 + 0.012 * max(e.lower_lid, 0)
    for side in (-1, 1):
        u = side * person.eye_gap + wide * SPREAD
        corner = -0.02 * side * SPREAD + 0.06 * blink
        upper, lower = corner - up * arch, corner + down * arch
        crease = corner - (0.6 * up + 0.075 + 0.03 * max(e.lid, 0)) * (1 - SPREAD**2) - 0.015
        sketch.shadow(u, (upper + crease) / 2, np.abs(upper - crease), 0.14)
        sketch.shadow(u, crease, 0.028, 0.42)
        sketch.shadow(u, lower + bag, deep, 0.2)
        height = 0.01 + 0.045 * e.gaze_down - 0.03 * max(e.lid, 0)
        middle = side * person.eye_gap + 0.1 * gaze, height
        view = partial(_turn_eyeball, eyeball, middle, sketch.unit)
        sketch.inlay(*_between(u, upper, lower), view)
        sketch.line(u, upper, 0.022 + 0.014 * arch, (42, 30, 28))
        sketch.line(u, lower + 0.006, 0.012, np.array(person.skin) * 0.62)


def _turn_eyeball(eyeball, middle, unit, box) -> np.ndarray:
    """Return the part of the eyeball that lies in the box, in the shadow of the upper lid."""
    n = len(eyeball)
    rows = np.arange(box[0].start, box[0].stop) - round((middle[1] - TOP) * unit) + n // 2
    columns = np.arange(box[1].start, box[1].stop) - round((middle[0] - LEFT) * unit) + n // 2
    part = eyeball[np.clip(rows, 0, n - 1)[:, None], np.clip(columns, 0, n - 1)]
    shade = np.clip(0.45 + np.linspace(0, 1.4, len(part), dtype=np.float32), 0, 1)
    return part * shade[:, None, None]


def paint_brows(sketch: Sketch, person: Person, e: Expression):
    """Paint both brows and the shadows below them."""
    along = np.linspace(0, 1, 17)
    hair = np.minimum(np.array(person.hair) * 0.75, np.array(person.skin) * 0.55)
    inner, outer = -0.245 - 0.16 * e.brow_inner, -0.25 - 0.15 * e.brow_outer
    lift = 0.07 + 0.05 * max(min(e.brow_inner, e.brow_outer), 0)
    arched = lift * np.sin(np.pi * np.clip(along * 0.95 + 0.08, 0, 1))
    width = 0.105 * person.brow_weight * (1 - 0.75 * along**1.7)
    width *= np.minimum(1, 0.6 + 4 * along)
    for side in (-1, 1):
        u = side * (0.17 - 0.055 * e.squeeze + (0.56 + 0.03 * e.squeeze) * along)
        v = inner + (outer - inner) * along**0.9 - arched + 0.05 * along**4
        v -= 0.10 * e.one_sided * along * (side > 0)
        sketch.shadow(u, v + 0.02, 1.3 * width, 0.22)
        sketch.line(u, v, width, hair)


def _mouth_curves(person: Person, e: Expression, speak: float):
    """Return u and five curves, downwards: outer, inner and closed, inner and outer lips."""
    s = SPREAD
    u = s * (0.40 + 0.10 * e.stretch - 0.03 * speak + 0.02 * max(e.corner, 0))
    gape = 0.02 * (e.open > 0.02) + 0.26 * max(e.open, 0) + 0.11 * speak
    corners = 0.16 * e.corner + 0.05 * e.one_sided * (1 + 1.8 * s)
    closed = 0.985 - 0.02 * e.upper_lip + 0.05 * max(e.corner, 0) - corners * s**2
    arch = 1 - np.abs(s) ** (2.4 + 1.5 * max(e.teeth, 0))
    high = closed - (0.25 * gape + 0.05 * e.upper_lip) * arch
    low = closed + (0.75 * gape + 0.012) * arch
    full = person.lips * (1 - 0.3 * max(e.stretch, 0) - 0.25 * (e.squeeze > 0.9))
    bow = 0.085 * full * (1 - np.abs(s) ** 1.6) - 0.022 * np.exp(-((s / 0.13) ** 2))
    return u, high - bow, high, closed, low, low + 0.125 * full * (1 - np.abs(s) ** 2.4)


def paint_mouth(sketch: Sketch, person: Person, e: Expression, *, speak=0.0):
    """Paint lips and what is between them; `speak` opens the jaw for a syllable."""
    u, top, high, closed, low, bottom = _mouth_curves(person, e, speak)
    skin = np.array(person.skin)
    lips = skin * ((0.82, 0.56, 0.56) if person.sex == "female" else (0.82, 0.64, 0.62))
    sketch.shadow(u * 0.6, bottom + 0.05, 0.05, 0.2)
    for end in (0, -1):
        mark = u[end] + np.array([-0.05, 0.0, 0.05])
        sketch.shadow(mark, closed[end] + np.zeros(3), np.array([0, 0.06, 0]), 0.35)
    sketch.fill(*_between(u, top, closed), lips * 0.86)
    sketch.fill(*_between(u, closed, bottom), lips)
    sketch.line(u * 0.4, (2 * low + 3 * bottom) / 5, 0.02, lips * 1.1)
    gape = (low - high).max()
    if gape > 0.02:
        sketch.fill(*_between(u, high, low), (58, 20, 22))
        if e.teeth > 0.2 or gape > 0.12:
            edge = high + 0.03 + 0.11 * max(e.teeth, 0)
            bite = np.clip(edge, high, np.maximum(low - 0.005, high))
            sketch.fill(*_between(u, high, bite), (226, 219, 208))
        if gape > 0.17:
            tongue = np.maximum(low - 0.09 * (1 - SPREAD**2), high)
            sketch.fill(*_between(u, tongue, low), (132, 58, 58))
        sketch.line(u, low, 0.012, lips * 0.75)
    sketch.line(u, high, 0.016, lips * 0.5)
