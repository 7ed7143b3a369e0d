"""A drawn face that moves: still layers, features painted for an expression, camera and time."""

from collections.abc import Iterator

import numpy as np

from emopipe.synthetic.drawn_head import LEFT, SUPERSAMPLING, TOP, Head, paint_head
from emopipe.synthetic.expressions import EXPRESSIONS, Expression
from emopipe.synthetic.face_parts import (
    Sketch,
    paint_brows,
    paint_eyeball,
    paint_eyes,
    paint_mouth,
)
from emopipe.synthetic.people import Person


class DrawnFace:
    """One person's face, ready to be drawn with any expression.

    Parameters
    ----------
    person : Person
    size : tuple of int
        Rows and columns of the picture.

    Examples
    --------
    >>> from emopipe.synthetic.people import draw_person
    >>> face = DrawnFace(draw_person("1001", seed=0), (120, 160))
    >>> face.draw(EXPRESSIONS["happiness"].values()).shape
    (120, 160, 3)
    """

    GRAIN = 64

    def __init__(self, person: Person, size: tuple[int, int] = (240, 320)):
        self.person = person
        self.size = size
        self.head: Head = paint_head(person, size)
        rng = np.random.default_rng(person.texture + 1)
        shape = size[0] + self.GRAIN, size[1] + self.GRAIN, 1
        self._grain = np.repeat(rng.normal(0, 2.2, shape).astype(np.int8), 3, axis=2)
        self._eyeball = paint_eyeball(person, self.head.unit)

    def draw(
        self,
        values: np.ndarray,
        *,
        shift: tuple[float, float] = (0.0, 0.0),
        speak: float = 0.0,
        blink: float = 0.0,
        gaze: float = 0.0,
        yaw: float = 0.0,
        grain: tuple[int, int] | None = None,
    ) -> np.ndarray:
        """Draw one picture.

        Parameters
        ----------
        values : float (15,)
            `Expression.values()`, or a mixture of several.
        shift : tuple of float
            How far the head is from its place, right and down, in half widths of the head.
        speak : float
            How far the jaw is open because of a syllable, 0 to 1.
        blink : float
            0 leaves the lids alone, 1 closes them.
        gaze : float
            Where the eyes look: -1 left in the picture, 1 right.
        yaw : float
            Degrees by which the head is turned; positive turns the nose to the right.
        grain : tuple of int, optional
            Offset into the camera's noise, below `GRAIN`; none at all if None.

        Returns
        -------
        uint8 (rows, columns, 3) RGB
        """
        e = Expression(*np.asarray(values, float))
        sketch = Sketch(self.head.alpha.shape, self.head.unit)
        paint_eyes(sketch, self.person, self._eyeball, e, blink=blink, gaze=gaze)
        paint_mouth(sketch, self.person, e, speak=speak)
        paint_brows(sketch, self.person, e)
        skin, alpha, dark = self._still(e, jaw=0.05 * speak + 0.13 * max(e.open, 0))
        skin = sketch.lay_over(skin, dark)
        if yaw:
            skin, alpha = _turn(skin, alpha, self.head.unit, yaw)
        picture = self._position(skin, alpha, e, shift)
        return picture if grain is None else self._noisy(picture, grain)

    @property
    def wall(self) -> np.ndarray:
        """The place without the person: uint8 (rows, columns, 3) RGB."""
        return self.head.wall

    def _still(self, e: Expression, jaw: float):
        """Return skin, alpha and the darkness of folds, pulled down where the jaw opens."""
        import cv2

        head = self.head
        weights = {
            "smile": 0.28 * max(e.corner, 0) + 0.25 * e.upper_lip + 0.12 * max(-e.corner, 0),
            "frown": 0.5 * max(e.squeeze, 0),
            "forehead": 0.28 * max(e.brow_inner, 0) * (1 - 0.3 * e.squeeze),
            "nose": 0.4 * max(e.nose, 0),
            "cheek": 0.3 * max(e.lower_lid, 0) * (e.corner > 0),
            "chin": 0.3 * max(-e.corner, 0),
        }
        dark = np.zeros_like(head.alpha)
        for name, weight in weights.items():
            if weight > 0.01:
                cv2.scaleAdd(head.folds[name], weight, dark, dark)
        unit = head.unit
        row = np.arange(len(dark)) / unit + TOP
        source = np.interp(row, [-3, 0.7, 1.1 + jaw, 3 + jaw], [-3, 0.7, 1.1, 3])
        index = np.clip(np.round((source - TOP) * unit).astype(int), 0, len(dark) - 1)
        return head.skin[index], head.alpha[index], dark[index]

    def _position(self, skin, alpha, e: Expression, shift):
        import cv2

        unit, scale = self.head.unit, 1 / SUPERSAMPLING
        skin = cv2.GaussianBlur(skin, (3, 3), 0.7)
        angle = np.deg2rad(5.5) * e.tilt
        turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        # The head turns about the neck, one unit and a half below the eyes.
        pivot = np.array([-LEFT * unit, (1.5 - TOP) * unit])
        moved = np.array([shift[0], 1.5 + shift[1] + 0.06 * e.nod]) * unit * scale
        box, corner = self._box()
        at = np.array(self.head.centre) + moved - corner
        matrix = np.column_stack([turn, at - turn @ pivot])
        picture = self.head.picture.copy()
        behind = picture[box]
        shape = behind.shape[1::-1]
        front = cv2.warpAffine(skin, matrix, shape, flags=cv2.INTER_LINEAR)
        cover = cv2.warpAffine(alpha, matrix, shape, flags=cv2.INTER_LINEAR)
        picture[box] = cv2.blendLinear(front, behind, cover, 1 - cover)
        return picture

    def _box(self):
        """Return the part of the picture that the head can reach, as slices and as its corner."""
        small = self.head.unit / SUPERSAMPLING
        (column, row), (rows, columns) = self.head.centre, self.size
        top, left = max(0, int(row - 2.3 * small)), max(0, int(column - 2 * small))
        bottom, right = min(rows, int(row + 2.3 * small)), min(columns, int(column + 2 * small))
        return (slice(top, bottom), slice(left, right)), (left, top)

    def _noisy(self, picture, grain):
        import cv2

        (row, column), (rows, columns) = grain, self.size
        noise = self._grain[row : row + rows, column : column + columns]
        return cv2.add(picture, noise, dtype=cv2.CV_8U)


def _turn(skin, alpha, unit, yaw):
    """Return the canvas of a head turned by `yaw` degrees, every row of it a half cylinder."""
    import cv2

    rows, columns = alpha.shape
    u = np.arange(columns) / unit + LEFT
    half = np.max(np.abs(u) * (alpha > 0.5), axis=1)[:, None] + 1e-3
    angle = np.arcsin(np.clip(u / half, -1, 1)) - np.deg2rad(yaw)
    row = np.repeat(np.arange(rows)[:, None], columns, axis=1)
    # Nobody has painted the back of the head: it is covered with hair from above the forehead.
    behind = np.abs(angle) > 1.25
    row = np.where(behind, (-1.25 + 0.1 * (row / rows) - TOP) * unit, row)
    source = np.where(behind, 0.45 + 0.2 * np.sin(3 * angle), half * np.sin(angle))
    column = (source - LEFT) * unit
    turned = cv2.remap(skin, np.float32(column), np.float32(row), cv2.INTER_LINEAR)
    return turned, alpha


def _apex(emotion: str, strength: float, rng) -> np.ndarray:
    """Return how this clip shows the emotion: no two displays are alike."""
    values = strength * EXPRESSIONS[emotion].values()
    return values * rng.normal(1, 0.1, values.shape) + rng.normal(0, 0.05, values.shape)


def animate(
    face: DrawnFace,
    emotion: str,
    n_frames: int,
    fps: float,
    rng: np.random.Generator,
    *,
    strength: float = 1.0,
) -> Iterator[np.ndarray]:
    """Draw a clip: the face goes from nearly neutral to the emotion's apex, speaks and moves.

    Parameters
    ----------
    face : DrawnFace
    emotion : str
        A key of `EXPRESSIONS`.
    n_frames : int
    fps : float
        Frames per second.
    rng : numpy.random.Generator
        Draws how strong the expression is, when it begins, the syllables and the head's motion.
    strength : float
        1 is a full display.

    Yields
    ------
    uint8 (rows, columns, 3) RGB
    """
    apex = _apex(emotion, strength, rng)
    start = rng.normal(0, 0.05, apex.shape)
    t = np.arange(n_frames) / fps
    length = n_frames / fps
    onset, rise = rng.uniform(0.0, 0.12) * length, rng.uniform(0.12, 0.25) * length
    x = np.clip((t - onset) / rise, 0, 1)
    reached = 0.25 + 0.75 * x * x * (3 - 2 * x)
    speak = _jaw(t, length, rng)
    blink = np.exp(-(((t - rng.uniform(0.2, 2.5) * length) / 0.06) ** 2))
    right, down = _sway(t, rng, 0.05), _sway(t, rng, 0.03)
    grain = rng.integers(0, DrawnFace.GRAIN, (n_frames, 2))
    for k in range(n_frames):
        yield face.draw(
            start + reached[k] * (apex - start),
            shift=(right[k], down[k]),
            speak=speak[k],
            blink=blink[k],
            grain=(grain[k, 0], grain[k, 1]),
        )


def _jaw(t, length, rng):
    # The jaw keeps a rhythm of its own: were it the voice's, the face would betray the voice's
    # emotion in corpora where it must not.
    talking = (t > 0.12 * length) & (t < 0.88 * length)
    beat = np.sin(2 * np.pi * (rng.uniform(3.5, 4.5) * t + rng.random()))
    return talking * (0.35 + 0.35 * beat + 0.15 * np.sin(2 * np.pi * (1.7 * t + rng.random())))


def _sway(t, rng, far):
    slow, fast = rng.uniform(0.2, 0.5), rng.uniform(0.6, 1.1)
    wave = np.sin(2 * np.pi * (slow * t + rng.random()))
    wave += 0.4 * np.sin(2 * np.pi * (fast * t + rng.random()))
    return far * wave + rng.normal(0, far / 2)


def portrait(
    face: DrawnFace,
    emotion: str,
    rng: np.random.Generator,
    *,
    strength: float = 1.0,
    yaw: float = 0.0,
    gaze: float = 0.0,
) -> np.ndarray:
    """Draw one picture of the emotion's apex, as uint8 (rows, columns, 3) RGB.

    Parameters are those of `animate` and `DrawnFace.draw`.
    """
    values = _apex(emotion, strength, rng)
    shift = tuple(rng.normal(0, 0.04, 2))
    row, column = rng.integers(0, DrawnFace.GRAIN, 2)
    return face.draw(values, shift=shift, yaw=yaw, gaze=gaze, grain=(row, column))
