"""Read the pictures of a recording at chosen times, and convert no others."""

from collections.abc import Iterator
from itertools import chain

import numpy as np

from emopipe.media.containers import (
    ClipError,
    Reading,
    check_file,
    interval,
    is_image,
    zero,
)
from emopipe.media.conversion import Converter
from emopipe.media.endings import cut_off
from emopipe.media.excerpts import parse
from emopipe.media.packets import decode, note
from emopipe.media.stills import first_picture
from emopipe.media.timelines import Timeline, timeline_in, timeline_of_part, video_of

# s of pictures that need no decoding; for less, a jump costs more than it saves
_WORTH_A_JUMP = 1.0
MAX_FRAMES = 2**20  # of one clip: at 25 per second, eleven hours
# s before and after a picture for which it stands where frames are sampled at a rate: beyond that
# the recording shows nothing.
_STANDS_FOR = 2.0


def _check_number(path, n):
    if n > MAX_FRAMES:
        raise ClipError(path, "too_large", f"More than {MAX_FRAMES} pictures would be taken of it.")


def _targets(path, n_frames, fps, times, timeline) -> np.ndarray:
    if times is not None:
        return np.asarray(times, dtype=np.float64)
    length = timeline.last - timeline.first
    step = length / max(timeline.count - 1, 1)
    if n_frames is None:
        n = int((length + step / 2) * fps) + 1
        _check_number(path, n)
        return timeline.first + np.arange(n) / fps
    part = (length + step) / n_frames
    return timeline.first - step / 2 + part * (np.arange(n_frames) + 0.5)


def _with_times(container, stream, faults) -> Iterator[tuple[float, object]]:
    """Yield (time, frame) with strictly rising times, also where a file has none or wrong ones."""
    start, step, last = zero(container), interval(stream), None
    for frame in decode(container, stream, faults):
        time = None if frame.time is None else frame.time - start
        if last is None:
            last = time or 0.0
        else:
            last = time if time is not None and time > last else last + step
        yield last, frame


_STILL = Timeline(0.0, 0.0, 1, np.empty(0))


class _CannotSeek(Exception):
    pass


def _land(container, stream, keyframe, faults):
    """Go to a keyframe; return the frames from there on and the first of them."""
    container.seek(round((keyframe + zero(container)) / stream.time_base), stream=stream)
    source = _with_times(container, stream, faults)
    # Before a keyframe, decoders may show pictures whose references they never saw.
    return source, next((item for item in source if item[1].key_frame), None)


def _jump(container, stream, keyframes, target, faults):
    """Go to the last of the keyframes from which `target` is reached: (frames, first of them)."""
    import av

    for keyframe in keyframes[::-1]:
        try:
            source, first = _land(container, stream, keyframe, faults)
        except av.error.FFmpegError as error:
            raise _CannotSeek from error
        if first is not None and first[0] <= target:
            break
    # Some containers (MPEG program streams) only guess times after a jump.
    if first is None or np.abs(keyframes - first[0]).min() > 1e-4:
        raise _CannotSeek
    return source, first


def _nearest(path, targets, keyframes, faults) -> Iterator[tuple[float, object]]:
    """Yield, for each of the rising targets, the (time, frame) nearest to it."""
    with video_of(path) as (container, stream):
        source = _with_times(container, stream, faults)
        before, after = None, next(source, None)
        for target in targets:
            reachable = keyframes[: np.searchsorted(keyframes, target, side="right")]
            if after and len(reachable) and reachable[-1] > after[0] + _WORTH_A_JUMP:
                source, after = _jump(container, stream, reachable, target, faults)
                before = None
            while after and after[0] < target:
                before, after = after, next(source, None)
            nearest = after
            if before and (not after or target - before[0] <= after[0] - target):
                nearest = before
            if nearest:
                yield nearest


def _select_frames(path, selection, faults) -> Iterator[tuple[float, object]]:
    part = parse(path)
    if not part.is_whole:
        yield from _select_frames_of_part(part, selection, faults)
        return
    every = not any(value is not None for value in selection.values())
    with video_of(path) as (container, stream):
        if is_image(container):  # decoded at once: it need not be opened again
            frame = first_picture(path, container, stream, faults)
            n = 1 if every else len(_targets(path, timeline=_STILL, **selection))
            yield from [] if frame is None else [(0.0, frame)] * n
            return
        if every:
            yield from _with_times(container, stream, faults)
            return
        timeline = timeline_in(container, stream, faults)
    if timeline.count:
        yield from _at_targets(path, selection, timeline, faults)


def _at_targets(path, selection, timeline, faults):
    """Yield the (time, frame) nearest to each target; at a rate, none in a gap of the pictures."""
    targets = _targets(path, timeline=timeline, **selection)
    most = np.inf if selection["fps"] is None else _STANDS_FOR
    for target, item in zip(
        targets, _jump_to_frames(path, targets, timeline, faults), strict=False
    ):
        if abs(item[0] - target) <= most:
            yield item
        else:
            note(faults, f"more than {2 * most:g} s without a picture")


def _jump_to_frames(path, targets, timeline, faults):
    n_read = 0
    try:
        for item in _nearest(path, targets, timeline.keyframes, faults):
            yield item
            n_read += 1
    except _CannotSeek:
        yield from _nearest(path, targets[n_read:], timeline.keyframes[:0], faults)


def _select_frames_of_part(part, selection, faults):
    """Yield (time from the part's start, frame) of the frames wanted of an excerpt."""
    timeline = timeline_of_part(part, faults)
    if not timeline.count:
        detail = "It has no frame in this part."
        raise ClipError(f"{part.path}{part.fragment}", "too_short", detail)
    if any(value is not None for value in selection.values()):
        times = selection["times"]
        shifted = None if times is None else np.asarray(times, np.float64) + part.start
        source = _at_targets(part.path, selection | {"times": shifted}, timeline, faults)
    else:
        source = _between(part, timeline, faults)
    for time, frame in source:
        yield time - part.start, frame


def _between(part, timeline, faults):
    """Yield every (time, frame) of [start, stop), from the keyframe before it on."""

    def take_part(source, first):
        for time, frame in chain(first, source):
            if time >= part.stop - 1e-6:
                return
            if time >= part.start - 1e-6:
                yield time, frame

    reachable = timeline.keyframes[timeline.keyframes <= part.start]
    with video_of(part.path) as (container, stream):
        if len(reachable) and reachable[-1] > timeline.keyframes[0] + _WORTH_A_JUMP:
            try:
                source, first = _jump(container, stream, reachable, part.start, faults)
            except _CannotSeek:
                pass
            else:
                yield from take_part(source, [first])
                return
    with video_of(part.path) as (container, stream):
        yield from take_part(_with_times(container, stream, faults), [])


def _frames(path, selection, max_side, faults) -> Iterator[tuple[float, np.ndarray]]:
    import av

    time, image, convert = None, None, Converter(max_side)
    try:
        for n, (frame_time, frame) in enumerate(_select_frames(path, selection, faults), start=1):
            _check_number(path, n)
            if frame_time != time:
                time, image = frame_time, convert(frame)
            yield time, image
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError as error:
        raise ClipError(path, "corrupt", f"Decoding failed: {error.strerror or error}.") from error
    if time is None:
        faults_text = "; ".join(faults) or "its picture stream is empty"
        raise ClipError(path, "corrupt", f"No frame can be decoded: {faults_text}.")


def picture_times(path, n_frames) -> np.ndarray:
    """Return the centres of equal parts of a clip's pictures, to which `frames` gives the nearest.

    Parameters
    ----------
    path : str or Path
        Recording or image, or a part of one (see `emopipe.media.excerpts`).
    n_frames : int
        How many parts.

    Returns
    -------
    float64 ndarray of shape (n_frames,)
        Seconds, rising, on the axis of the times of `frames`; 0 for an image.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ClipError
        "no_video", "corrupt", "too_large", or "too_short" for a part without pictures.

    Examples
    --------
    >>> import tempfile, cv2
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = cv2.imwrite(f"{folder}/a.png", np.zeros((4, 6, 3), np.uint8))
    ...     picture_times(f"{folder}/a.png", 2)
    array([0., 0.])
    """
    part, faults = parse(path), []
    timeline = timeline_of_part(part._replace(path=str(check_file(path))), faults)
    if not timeline.count:
        raise ClipError(path, "corrupt" if part.is_whole else "too_short", "It has no frame.")
    return _targets(path, n_frames, None, None, timeline) - part.start


def _check(n_frames, fps, times, max_side):
    selection = {"n_frames": n_frames, "fps": fps, "times": times}
    if sum(value is not None for value in selection.values()) > 1:
        raise ValueError("Give only one of n_frames, fps and times; none of them: every frame.")
    for name, value in {"n_frames": n_frames, "fps": fps, "max_side": max_side}.items():
        if value is not None and not value > 0:
            raise ValueError(f"{name}={value!r} must be greater than 0.")
    if times is not None and np.any(np.diff(np.asarray(times, dtype=np.float64)) < 0):
        raise ValueError("times must not fall: sort them.")
    return selection


def frames(path, *, n_frames=None, fps=None, times=None, max_side=None) -> Reading:
    """Return an iterator over frames of a recording or image, with their times.

    Frames are decoded while they are asked for, in constant memory. With `n_frames`, `fps` or
    `times` only the frames wanted are converted, and stretches of a second or more without any
    are jumped over from keyframe to keyframe, where the file allows it; the frames are the same
    as if all had been decoded.

    Parameters
    ----------
    path : str or Path
        Recording or image, or a part of one (see `emopipe.media.excerpts`).
    n_frames : int, optional
        This many frames: the clip is cut into `n_frames` equal parts, and the frame nearest to
        the centre of each is given. More than the clip has: some are given again.
    fps : float, optional
        The frames nearest to every 1 / `fps` seconds, from the first frame on. A frame stands for
        two seconds before and after its own time: a longer gap gives none, and makes the clip
        "partial".
    times : array-like of float, optional
        The frames nearest to these times (seconds, rising), one for each.
    max_side : int, optional
        Shrink larger pictures, while they are converted, so that the longer side has this many
        pixels.

    Returns
    -------
    Reading
        Iterator of (float, uint8 array of shape (rows, columns, 3)): the true time of the frame in
        seconds, and the frame in RGB. Its `status` is "partial" if the file turns out damaged.
        Treat the arrays as read-only: a frame given twice is the same array.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ClipError
        "no_video", "corrupt", "too_large" (also where more than 1,048,576 frames would be given),
        while iterating.

    Examples
    --------
    >>> import tempfile, cv2, numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = cv2.imwrite(f"{folder}/a.png", np.full((4, 6, 3), (0, 0, 200), np.uint8))
    ...     [(time, image)] = frames(f"{folder}/a.png")
    >>> time, image.shape, image[0, 0].tolist()
    (0.0, (4, 6, 3), [200, 0, 0])
    """
    selection = _check(n_frames, fps, times, max_side)
    faults = cut_off(check_file(path))
    return Reading(_frames(path, selection, max_side, faults), faults)
