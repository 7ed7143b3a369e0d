"""Find which boxes of a clip lie on the track of its face.

Detectors also fire on walls, clothes and pictures. A face stays: from one frame to the next it
moves little and keeps its size, so its boxes form a chain through time, while false ones come and
go or lie elsewhere. The track of a clip is the chain with the greatest sum of merits (the size of
the boxes, or how central they are), found by dynamic programming over all boxes; what is not on it
is no face.
"""

import numpy as np

PLACE = 0.4  # of a face's size: how far its box may lie from the last one, seen at the same moment
SPEED = 1.0  # of a face's size per second: how much farther for every second since
PATIENCE = 1.0  # s after which that grows no more
SIZE = 1.5  # how much larger or smaller than the last one it may be


def sizes(boxes) -> np.ndarray:
    """Return the sizes of boxes (n, 4 or more): the side in pixels of a square of their area."""
    return np.sqrt(np.maximum(boxes[:, 2] * boxes[:, 3], 0))


def largest(boxes, shape) -> np.ndarray:
    """Return the merit of boxes (n, 4 or more) by the rule that the largest face counts."""
    return sizes(boxes) / np.hypot(*shape[:2])


def central(boxes, shape) -> np.ndarray:
    """Return the merit of boxes (n, 4 or more) by the rule that the most central face counts."""
    middle = boxes[:, :2] + boxes[:, 2:4] / 2
    away = np.hypot(*(middle - np.array(shape[1::-1]) / 2).T)
    return np.maximum(1 - away / (np.hypot(*shape[:2]) / 2), 0) + 1e-6


RULES = {"largest": largest, "central": central}


def overlap(boxes, others) -> np.ndarray:
    """Return the intersection over union of every pair of boxes: (n, 4+), (m, 4+) -> (n, m)."""
    boxes, others = np.asarray(boxes, np.float64), np.asarray(others, np.float64)
    low = np.maximum(boxes[:, None, :2], others[None, :, :2])
    high = np.minimum(
        boxes[:, None, :2] + boxes[:, None, 2:4], others[None, :, :2] + others[None, :, 2:4]
    )
    shared = np.maximum(high - low, 0).prod(axis=2)
    areas = boxes[:, 2:4].prod(axis=1)[:, None] + others[:, 2:4].prod(axis=1)[None]
    return shared / np.maximum(areas - shared, 1e-12)


def _follows(now, before, seconds) -> np.ndarray:
    """Tell which of the boxes `before` (n, 4), `seconds` (n,) ago, can be the face of box `now`."""
    size, others = np.sqrt(now[2] * now[3]), sizes(before)
    away = np.hypot(*(before[:, :2] + before[:, 2:4] / 2 - now[:2] - now[2:4] / 2).T)
    reach = (PLACE + SPEED * np.minimum(seconds, PATIENCE)) * np.minimum(size, others)
    similar = np.maximum(size, others) <= SIZE * np.minimum(size, others)
    return (seconds > 0) & similar & (away <= reach)


def find_track(times, boxes, merits=None, *, new=None) -> np.ndarray:
    """Tell which boxes lie on the clip's track.

    A box follows an earlier one if it is at most `SIZE` times larger or smaller, and its centre at
    most `PLACE` + `SPEED` x (seconds between them, at most `PATIENCE`) times their size away. The
    track is the chain of boxes that follow one another with the greatest sum of merits. (Dropping
    frames that distort the sequence is the thesis' future work; it gives no rule. A median box
    would not follow a face that moves, nor choose between several boxes of a frame.)

    Parameters
    ----------
    times : array-like of float, shape (n,)
        Seconds. Boxes of the same frame have the same time; at most one of them is trusted.
    boxes : array-like of float, shape (n, 4) or more columns
        x, y, width, height in pixels.
    merits : array-like of float, shape (n,), optional
        How much each box counts; its size by default.
    new : array-like of bool, shape (n,), optional
        Boxes of which the track must hold the last one; the others are known from before.

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> face, wall = (50, 50, 40, 40), (150, 10, 30, 30)
    >>> find_track([0, 0.04, 0.04, 0.08, 0.12], [face, face, wall, wall, face]).tolist()
    [True, True, False, False, True]
    """
    times, boxes = np.asarray(times, np.float64), np.asarray(boxes, np.float64)
    mask = np.zeros(len(times), bool)
    if not len(times):
        return mask
    merits = sizes(boxes) if merits is None else np.asarray(merits, np.float64)
    order = np.argsort(times, kind="stable")
    best, previous = np.zeros(len(times)), np.full(len(times), -1)
    for number, index in enumerate(order):
        earlier = order[:number]
        able = earlier[_follows(boxes[index], boxes[earlier], times[index] - times[earlier])]
        if len(able):
            previous[index] = able[np.argmax(best[able])]
        best[index] = merits[index] + (best[previous[index]] if len(able) else 0)
    last = np.argmax(best if new is None else np.where(new, best, -np.inf))
    while last >= 0:
        mask[last] = True
        last = previous[last]
    return mask
