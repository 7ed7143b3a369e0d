"""Boxes of every frame from detecting only some: in between, faces are followed."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from emopipe.face.crops import crop
from emopipe.face.tracking import overlap

_SAME_FACE = 0.5  # intersection over union of two detections between which a face is followed
_SAME_LOOK = 0.8  # correlation of what its box shows in between with what one of the two shows
_PATCH = (24, 24)


class Seen(NamedTuple):
    """A frame and what was found in it: its time in seconds, RGB image, rows of a detector."""

    time: float
    image: np.ndarray
    found: np.ndarray


def _look(image, row) -> np.ndarray:
    patch = crop(image, row, size=_PATCH, margin=0.0).mean(axis=2)
    patch -= patch.mean()
    return patch / max(np.linalg.norm(patch), 1e-6)


def _partners(found, others) -> np.ndarray | None:
    """Return which row of `others` is the same face as each row found; None if one is lost."""
    if len(found) != len(others):
        return None
    shared = overlap(found, others)
    partners = shared.argmax(axis=1) if len(found) else np.empty(0, int)
    kept = len(set(partners)) == len(found) and (shared.max(axis=1, initial=0) >= _SAME_FACE).all()
    return partners if kept else None


def _followed(first, last, between) -> list[Seen] | None:
    """Return the frames between two detections, boxes on straight lines; None if a face is lost."""
    partners = _partners(first.found, last.found)
    if partners is None:
        return None
    ends = last.found[partners]
    looks = [
        (_look(first.image, before), _look(last.image, after))
        for before, after in zip(first.found, ends, strict=True)
    ]
    followed = []
    for time, image in between:
        share = np.float32((time - first.time) / (last.time - first.time))
        rows = first.found + share * (ends - first.found)
        for row, known in zip(rows, looks, strict=True):
            now = _look(image, row)
            if max((now * before).sum() for before in known) < _SAME_LOOK:
                return None
        followed.append(Seen(time, image, rows))
    return followed


def _filled(first, last, between, find) -> Iterator[Seen]:
    if not between:
        return
    followed = _followed(first, last, between)
    if followed is not None:
        yield from followed
        return
    middle = len(between) // 2
    time, image = between[middle]
    seen = Seen(time, image, find(image))
    yield from _filled(first, seen, between[:middle], find)
    yield seen
    yield from _filled(seen, last, between[middle + 1 :], find)


def look(frames, find: Callable, every: int) -> Iterator[Seen]:
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
        now = Seen(time, image, find(image))
        if last is not None:
            yield from _filled(last, now, between, find)
        yield now
        last, between = now, []
    if between:
        *between, (time, image) = between
        now = Seen(time, image, find(image))
        yield from _filled(last, now, between, find)
        yield now
