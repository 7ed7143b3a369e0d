"""The forms in which crops of a clip's face are wanted: what is yielded of a stream of faces.

Features want every face, networks a fixed number at equally spaced times. A form is a generator of
`Block` that takes the `FaceStream` and the options of its own, see `FORMS`.
"""

import numpy as np

from emopipe.extraction import Block, Prepared
from emopipe.face.augmentation import apply_transform, choose_transforms, named_transforms
from emopipe.media import picture_times, probe

_TIME_BYTES = 8
# Copies that are made at once, faces per block: a block of 224 x 224 has 10, or 5, MB.
_COPIES, _FACES = 64, 32
# Pixels of the longer side to which frames are brought, see `emopipe.face.face_crops`.
MAX_SIDE = 1920


def every_face(stream, path):
    """Yield every trusted face (n, rows, columns, 3) with its time."""
    for chunk in stream:
        if len(chunk.crops):
            yield Block(chunk.crops, chunk.times)


def copies(stream, path, *, transforms, n):
    """Yield every trusted face, or n augmented copies of each, one face after another.

    Parameters
    ----------
    transforms : None, str or list of dict
        None: the faces as they are. Otherwise the argument of
        `emopipe.face.augmentation.named_transforms`.
    n : int or None
        Copies of a face, drawn by what it shows; None makes all.
    """
    fixed = None if transforms is None else named_transforms(transforms)
    for chunk in stream:
        if fixed is None and len(chunk.crops):
            yield Block(chunk.crops)
        for crop in chunk.crops if fixed is not None else ():
            chosen = choose_transforms(crop, fixed, n)
            for first in range(0, len(chosen), _COPIES):
                part = chosen[first : first + _COPIES]
                yield Block(np.stack([apply_transform(crop, transform) for transform in part]))


def nearest(times, targets) -> np.ndarray:
    """Return, for each target, the index of the nearest of the times there are.

    Parameters
    ----------
    times : float array, shape (n,)
        Seconds, n at least 1.
    targets : float array, shape (m,)

    Returns
    -------
    int ndarray of shape (m,)

    Examples
    --------
    >>> nearest(np.array([0.0, 1.0]), np.array([0.1, 0.4, 0.6, 5.0]))
    array([0, 0, 1, 1])
    """
    return np.abs(np.subtract.outer(targets, times)).argmin(axis=1)


def _whole(stream):
    """Return times and crops of all chunks."""
    chunks = list(stream)
    return tuple(np.concatenate([getattr(c, name) for c in chunks]) for name in ("times", "crops"))


def _in_grey(crops):
    """Return luma (ITU-R 601) of RGB crops, uint8 (n, rows, columns)."""
    import cv2

    return np.stack([cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in crops])


def stack(stream, path, *, n_frames, grey):
    """Yield n_frames crops at equally spaced times; the nearest stands in where there is no face.

    Rows are uint8 (n_frames, rows, columns) in grey, (n_frames, rows, columns, 3) in colour.
    """
    times, crops = _whole(stream)
    if len(crops) != n_frames:
        crops = crops[nearest(times, picture_times(path, n_frames))]
    yield Block(_in_grey(crops) if grey else crops)


def with_times(times, rows) -> np.ndarray:
    """Return rows, such as crops, and their times as the bytes that the store keeps.

    Parameters
    ----------
    times : float array, shape (n,)
        Seconds.
    rows : uint8 array, shape (n, ...)

    Returns
    -------
    uint8 ndarray of shape (n, 8 + bytes of a row)
        The time as float64 (little-endian), then the row.

    Examples
    --------
    >>> with_times([0.5], np.zeros((1, 2, 2, 3), np.uint8)).shape
    (1, 20)
    """
    stamps = np.asarray(times, dtype="<f8").reshape(-1, 1).view(np.uint8)
    rows = np.ascontiguousarray(rows).reshape(len(rows), -1).view(np.uint8)
    return np.concatenate([stamps, rows], axis=1)


def split_times(value) -> tuple[np.ndarray, np.ndarray]:
    """Undo `with_times`: return times, float64 (n,), and rows as bytes, uint8 (n, n_bytes)."""
    times = np.ascontiguousarray(value[:, :_TIME_BYTES]).view("<f8")[:, 0]
    return times.astype(np.float64), value[:, _TIME_BYTES:]


def times_and_crops(value, size) -> tuple[np.ndarray, np.ndarray]:
    """Undo `with_times` for crops in colour.

    Parameters
    ----------
    value : uint8 array, shape (n, 8 + rows * columns * 3)
    size : tuple of int
        Rows and columns.

    Returns
    -------
    times : float64 ndarray of shape (n,)
        Seconds.
    crops : uint8 ndarray of shape (n, rows, columns, 3)
        A view.

    Examples
    --------
    >>> value = with_times([0.5, 1.5], np.zeros((2, 3, 4, 3), np.uint8))
    >>> times, crops = times_and_crops(value, (3, 4))
    >>> times, crops.shape
    (array([0.5, 1.5]), (2, 3, 4, 3))
    """
    times, crops = split_times(value)
    return times, crops.reshape(len(value), *size, 3)


def complete(times, crops, due):
    """Return a crop for each of equally spaced times, and when its frame was due.

    Where there is no face, the crop nearest in time stands in, but the time stays that of the
    frame, so that the sound around it is not taken from elsewhere.

    Parameters
    ----------
    times : float array, shape (n,)
        Of the crops, rising; n from 1 to n_frames.
    crops : array, shape (n, ...)
    due : float64 ndarray of shape (n_frames,)
        When the frames were due, in seconds, as `emopipe.media.picture_times` gives it.

    Returns
    -------
    times : float64 ndarray of shape (n_frames,)
    crops : ndarray of shape (n_frames, ...)

    Examples
    --------
    >>> due = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    >>> complete(np.array([0.1, 0.9]), np.array([10, 90]), due)
    (array([0.1, 0.3, 0.5, 0.7, 0.9]), array([10, 10, 10, 90, 90]))
    """
    if len(crops) == len(due):
        return times, crops
    indices = nearest(times, due)
    apart = (due[-1] - due[0]) / max(len(due) - 1, 1)
    sampled = np.abs(times[indices] - due) < apart / 2
    return np.where(sampled, times[indices], due), crops[indices]


def equally_spaced(stream, path, *, n_frames):
    """Yield n_frames crops in colour at equally spaced times, with these: see `times_and_crops`."""
    times, crops = _whole(stream)
    yield Block(with_times(*complete(times, crops, picture_times(path, n_frames))))


def nearest_faces(chunks, targets):
    """Give every target the face nearest to it in time, in constant memory.

    Parameters
    ----------
    chunks : iterable of FaceChunk
        As `emopipe.face.face_crops` gives them.
    targets : float array, shape (n,)
        Seconds, rising.

    Yields
    ------
    Block
        Crops uint8 (m, rows, columns, 3) and m of the targets, together all of them.
    """
    n_yielded, last = 0, None
    for chunk in chunks:
        times, crops = chunk.times, chunk.crops
        if last is not None:
            times, crops = np.append(last[0], times), np.concatenate([last[1], crops])
        # What is nearest to the last face may be nearer to one that is still to come.
        sure = n_yielded + np.searchsorted(targets[n_yielded:], times[-1], side="right")
        yield from _blocks(times, crops, targets[n_yielded:sure])
        n_yielded, last = sure, (times[-1:], crops[-1:])
    if last is not None:
        yield from _blocks(*last, targets[n_yielded:])


def _blocks(times, crops, targets):
    middles = (times[1:] + times[:-1]) / 2
    for start in range(0, len(targets), _FACES):
        part = targets[start : start + _FACES]
        yield Block(crops[np.searchsorted(middles, part)], part)


def at_times(stream, path, *, times):
    """Yield a face for each of some times, rising; "partial" where it is that of another moment."""
    yield from nearest_faces(stream, times)
    n_faces = stream.counts["faces"]
    status = stream.status if n_faces == len(times) else "partial"
    return Prepared(status, {"frames": len(times), "faces": n_faces}, stream.seconds)


def boxes(stream, path, *, rescale=None):
    """Yield the boxes of all trusted faces with their times.

    Rows are float64 (n, 5): left, top, width, height as shares of the picture, and the detector's
    score.
    """
    info = probe(path)
    scale = min(1.0, MAX_SIDE / max(info.rows, info.columns, 1))
    rows, columns = info.rows * scale, info.columns * scale
    if rescale is not None and columns > rows:
        rows, columns = rescale
    side = np.array([columns, rows, columns, rows])
    for chunk in stream:
        if len(chunk.boxes):
            shares = chunk.boxes[:, :4] / side
            yield Block(np.column_stack([shares, chunk.boxes[:, 4]]).astype(float), chunk.times)


# form -> (generator, options of its own, those of `face_crops` that it is told as well)
FORMS = {
    "faces": (every_face, (), ()),
    "copies": (copies, ("transforms", "n"), ()),
    "stack": (stack, ("grey",), ("n_frames",)),
    "timed": (equally_spaced, (), ("n_frames",)),
    "at_times": (at_times, (), ("times",)),
    "boxes": (boxes, (), ("rescale",)),
}
