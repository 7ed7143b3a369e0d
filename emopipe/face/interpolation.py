"""Interpolate boxes between the frames with detections, by following the faces."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from emopipe.face.crops import crop
from emopipe.face.tracking import overlap

_SAME_FACE = 0.5  # intersection over union of two detections between which a face is followed
_SAME_LOOK = 0.8  # correlation of what its box shows in between with what one of the two shows
_PATCH = (24, 24)


class Detection(NamedTuple):
    """A frame and its faces: time in seconds, RGB image, rows of a detector."""

    time: float
    image: np.ndarray
    faces: np.ndarray


def _look(image, row) -> np.ndarray:
    patch = crop(image, row, size=_PATCH, margin=0.0).mean(axis=2)
    patch -= patch.mean()
    return patch / max(np.linalg.norm(patch), 1e-6)


def _partners(boxes, others) -> np.ndarray | None:
    """Return which row of `others` is the same face as each row found; None if one is lost."""
    if len(boxes) != len(others):
        return None
    shared = overlap(boxes, others)
    partners = shared.argmax(axis=1) if len(boxes) else np.empty(0, int)
    all_paired = (
        len(set(partners)) == len(boxes) and (shared.max(axis=1, initial=0) >= _SAME_FACE).all()
    )
    return partners if all_paired else None


def _follow(first, last, between) -> list[Detection] | None:
    """Return the frames between two detections, boxes on straight lines; None if a face is lost."""
    partners = _partners(first.faces, last.faces)
    if partners is None:
        return None
    ends = last.faces[partners]
    looks = [
        (_look(first.image, before), _look(last.image, after))
        for before, after in zip(first.faces, ends, strict=True)
    ]
    followed = []
    for time, image in between:
        share = np.float32((time - first.time) / (last.time - first.time))
        rows = first.faces + share * (ends - first.faces)
        for row, earlier_looks in zip(rows, looks, strict=True):
            now = _look(image, row)
            if max((now * before).sum() for before in earlier_looks) < _SAME_LOOK:
                return None
        followed.append(Detection(time, image, rows))
    return followed


def _fill(first, last, between, find) -> Iterator[Detection]:
    if not between:
        return
    followed = _follow(first, last, between)
    if followed is not None:
        yield from followed
        return
    middle = len(between) // 2
    time, image = between[middle]
    detection = Detection(time, image, find(image))
    yield from _fill(first, detection, between[:middle], find)
    yield detection
    yield from _fill(detection, last, between[middle + 1 :], find)


def look(frames, find: Callable, every: int) -> Iterator[Detection]:
    """Yield every frame with its faces, detecting in each `every`-th one and following between.

    Two detections agree if they hold the same number of faces and each overlaps its partner by half
    (intersection over union). Then the boxes of the frames between lie on straight lines, provided
    that they show there what they show at either end (correlation of grey patches >= 0.8).
    Otherwise the middle frame is detected too, and so on.
    """
    last, between = None, []
    for time, image in frames:
        if last is not None and len(between) < every - 1:
            between.append((time, image))
            continue
        now = Detection(time, image, find(image))
        if last is not None:
            yield from _fill(last, now, between, find)
        yield now
        last, between = now, []
    if between:
        *between, (time, image) = between
        now = Detection(time, image, find(image))
        yield from _fill(last, now, between, find)
        yield now
