"""People in a clip: one track of boxes for each, and whose mouth moves with the voice."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from emopipe.face.crops import align
from emopipe.face.detectors import WITH_POINTS, load_detector
from emopipe.face.tracking import find_track, overlap, sizes
from emopipe.media import ClipError, frames, signal

_FPS = 25.0  # at most: mouths move at up to 8 Hz
_LEAST_SHARE = 0.05  # of the clip's frames that show any face
_SAME = 0.3  # intersection over union of boxes that show one face at nearly the same moment
_GAP = 0.5  # s: how far the next moment may be at which a person was seen
_SIDE = 64
_LIPS = (slice(44, 58), slice(20, 44))  # rows and columns of an aligned crop
_SAMPLE_RATE, _WINDOW = 16000, 0.04  # Hz, s
_RANGE = 40.0  # dB below the loudest moment that count as silence
_SMOOTH, _LAGS = 0.2, np.arange(-0.12, 0.25, 0.04)  # s: sound follows the lips' opening


class Person(NamedTuple):
    """A person's track in a clip.

    Parameters
    ----------
    times : float64 ndarray, shape (n,)
        Seconds.
    boxes : float32 ndarray, shape (n, 5)
        x, y, width, height in pixels of the frame, and the detector's score.
    motion : float64 ndarray, shape (n,)
        How much the lips changed since the frame before: log(1 + mean absolute difference of grey
        values, 0 to 255), so that a single jerk of the head counts little.
    speaking : float
        Correlation of that motion with the voice's level, -1 to 1; the highest of a clip's people
        is the speaker. NaN without sound.
    """

    times: np.ndarray
    boxes: np.ndarray
    motion: np.ndarray
    speaking: float


def show_person(person, time, boxes) -> np.ndarray:
    """Return which boxes (n, 4 or more) of a frame at `time` (seconds) show the person."""
    nearest = np.abs(person.times - time).argmin()
    if not len(boxes) or abs(person.times[nearest] - time) > _GAP:
        return np.zeros(len(boxes), bool)
    return overlap(boxes, person.boxes[nearest][None])[:, 0] > _SAME


def choose_person(path, who, *, detector, detector_model=None) -> Person:
    """Return one person of a clip.

    Parameters
    ----------
    path : str or Path
        Video.
    who : "speaking" or int
        The one whose mouth goes with the voice (without sound: the longest track), or a number
        from 0 in the order of `find_people`.
    detector, detector_model
        See `find_people`.

    Raises
    ------
    ClipError
        "no_face" if the clip has not so many people, or nobody.
    """
    people = find_people(path, detector=detector, detector_model=detector_model)
    if who == "speaking":
        return max(people, key=lambda person: np.nan_to_num(person.speaking, nan=-2.0))
    if who >= len(people):
        raise ClipError(path, "no_face", f"person {who} of {len(people)}, counted from 0")
    return people[who]


def separate_tracks(times, boxes) -> list[np.ndarray]:
    """Return the rows of each person's boxes, the longest track first.

    The best track is taken out, then the best of what is left, and so on; a box that overlaps one
    taken out at the same moment goes with it.

    Parameters
    ----------
    times : array-like of float, shape (n,)
        Seconds; frames with several boxes have several rows.
    boxes : array-like of float, shape (n, 4) or more columns
        x, y, width, height in pixels.

    Returns
    -------
    list of ndarray of int
        Tracks that hold at least a twentieth of the frames with faces.

    Examples
    --------
    >>> left, right = (10, 50, 40, 40), (150, 50, 40, 40)
    >>> tracks = separate_tracks([0, 0, 0.04, 0.04], [left, right, right, left])
    >>> [rows.tolist() for rows in tracks]
    [[0, 3], [1, 2]]
    """
    times, boxes = np.asarray(times, np.float64), np.asarray(boxes, np.float64)
    least = max(1.0, _LEAST_SHARE * len(np.unique(times)))
    rest, tracks = np.arange(len(times)), []
    while len(rest):
        rows = rest[find_track(times[rest], boxes[rest])]
        if len(rows) < least:
            break
        tracks.append(rows)
        at = {times[row]: row for row in rows}
        rest = np.array(
            [
                row
                for row in rest
                if row not in rows
                and (times[row] not in at or not _same(boxes[row], boxes[at[times[row]]]))
            ],
            dtype=int,
        )
    return sorted(tracks, key=lambda rows: (-len(rows), rows[0]))


def _same(box, other) -> bool:
    return overlap(box[None], other[None])[0, 0] > _SAME


def _lips(image, points) -> np.ndarray:
    import cv2

    face = cv2.cvtColor(align(image, points, size=(_SIDE, _SIDE)), cv2.COLOR_RGB2GRAY)
    return cv2.GaussianBlur(face, (3, 3), 0).astype(np.float64)[_LIPS]


def _motion(lips) -> np.ndarray:
    """Return how much lips change from frame to frame; 0 in the first."""
    return np.log1p([0.0, *(np.abs(now - before).mean() for before, now in pairwise(lips))])


def voice_level(samples, times) -> np.ndarray:
    """Return the voice's level at times, 0 (40 dB below the loudest moment, or less) to 1.

    Parameters
    ----------
    samples : float array, shape (n,)
        Mono, 16 kHz.
    times : float array, shape (m,)
        Seconds.

    Examples
    --------
    >>> samples = np.repeat([0.0, 0.5], 16000)
    >>> voice_level(samples, np.array([0.5, 1.5])).tolist()
    [0.0, 1.0]
    """
    half = int(_SAMPLE_RATE * _WINDOW / 2)
    power = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    middle = np.round(np.asarray(times) * _SAMPLE_RATE).astype(int)
    low, high = (np.clip(middle + side, 0, len(samples)) for side in (-half, half))
    level = 10 * np.log10(np.maximum((power[high] - power[low]) / (2 * half), 1e-12))
    return np.clip((level - level.max()) / _RANGE + 1, 0, 1)


def _smooth(values, step) -> np.ndarray:
    width = max(1, round(_SMOOTH / step)) | 1
    return np.convolve(np.pad(values, width // 2, mode="edge"), np.ones(width) / width, "valid")


def _correlation(times, motion, samples) -> float:
    """Return the highest correlation of motion with the voice's level, over small lags."""
    if len(times) < 3:
        return 0.0
    step = float(np.median(np.diff(times)))
    motion = _smooth(motion, step)
    levels = [_smooth(voice_level(samples, times + lag), step) for lag in _LAGS]
    if motion.std() < 1e-9:
        return 0.0
    return max(
        (np.corrcoef(motion, level)[0, 1] for level in levels if level.std() > 1e-9), default=0.0
    )


def find_people(path, *, detector="yunet", detector_model=None, fps=_FPS) -> list[Person]:
    """Return the people of a clip, and how well each one's mouth goes with the voice.

    Parameters
    ----------
    path : str or Path
        Video.
    detector : "yunet" or "mtcnn"
        Mouths are found by landmarks.
    detector_model : str, Path or None
        File of the detector's model; None takes the published one.
    fps : float
        Frames per second.

    Returns
    -------
    list of Person
        The longest track first.

    Raises
    ------
    ValueError
        If the detector finds no landmarks.
    ClipError
        "no_face" if nobody is seen; "no_video", "corrupt", "too_large".

    See Also
    --------
    predict : Emotions of new clips.
    FaceCrops : How faces are cropped.

    Examples
    --------
    >>> from emopipe import find_people
    >>> find_people("clip.mp4", detector="haar")
    Traceback (most recent call last):
        ...
    ValueError: detector='haar' gives boxes alone: mouths need 'yunet' or 'mtcnn'.
    """
    if detector not in WITH_POINTS:
        names = " or ".join(map(repr, WITH_POINTS))
        raise ValueError(f"detector={detector!r} gives boxes alone: mouths need {names}.")
    times, rows, lips = _look(path, load_detector(detector, detector_model), fps)
    tracks = separate_tracks(times, rows)
    if not tracks:
        raise ClipError(path, "no_face", f"no face stays in its {len(set(times))} frames")
    motions = [_motion([lips[row] for row in track]) for track in tracks]
    try:
        samples = signal(path, sample_rate=_SAMPLE_RATE)
    except ClipError:
        samples = None
    return [
        Person(
            times[track],
            rows[track, :5],
            motion,
            np.nan if samples is None else _correlation(times[track], motion, samples),
        )
        for track, motion in zip(tracks, motions, strict=True)
    ]


def _look(path, find, fps):
    """Return times, detector's rows and lips of every face in every frame."""
    times, rows, lips = [], [], []
    for time, image in frames(path, fps=fps, max_side=1920):
        for row in find(image):
            points = row[5:].reshape(5, 2)
            if np.isfinite(points).all() and sizes(row[None])[0] > 0:
                times.append(time)
                rows.append(row)
                lips.append(_lips(image, points))
    return np.array(times), np.array(rows, np.float32).reshape(-1, 15), lips
