"""Pictures of a recording at the times wanted, without decoding or converting the others."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain

import numpy as np

from emopipe.media.containers import (
    ClipError,
    Reading,
    check_file,
    cut_off,
    decoded,
    interval,
    is_image,
    zero,
)
from emopipe.media.excerpts import parse
from emopipe.media.timelines import Timeline, timeline_in, timeline_of_part, video_of

# s of pictures that need no decoding; for less, a jump costs more than it saves
_WORTH_A_JUMP = 1.0


def _targets(n_frames, fps, times, timeline) -> np.ndarray:
    if times is not None:
        return np.asarray(times, dtype=np.float64)
    length = timeline.last - timeline.first
    step = length / max(timeline.count - 1, 1)
    if n_frames is None:
        n = int((length + step / 2) * fps) + 1
        return timeline.first + np.arange(n) / fps
    part = (length + step) / n_frames
    return timeline.first - step / 2 + part * (np.arange(n_frames) + 0.5)


def _timed(container, stream, faults) -> Iterator[tuple[float, object]]:
    """Yield (time, frame) with strictly rising times, also where a file has none or wrong ones."""
    start, step, last = zero(container), interval(stream), None
    for frame in decoded(container, stream, faults):
        time = None if frame.time is None else frame.time - start
        if last is None:
            last = time or 0.0
        else:
            last = time if time is not None and time > last else last + step
        yield last, frame


class _CannotSeek(Exception):
    pass


def _land(container, stream, keyframe, faults):
    """Go to a keyframe; return the frames from there on and the first of them."""
    container.seek(round((keyframe + zero(container)) / stream.time_base), stream=stream)
    source = _timed(container, stream, faults)
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
        source = _timed(container, stream, faults)
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


def _chosen(path, wanted, faults) -> Iterator[tuple[float, object]]:
    part = parse(path)
    if not part.is_whole:
        yield from _chosen_of_part(part, wanted, faults)
        return
    if not any(value is not None for value in wanted.values()):
        with video_of(path) as (container, stream):
            yield from _timed(container, stream, faults)
        return
    with video_of(path) as (container, stream):
        if is_image(container):  # decoded at once: it need not be opened again
            shown = [*_timed(container, stream, faults)][:1]  # all read, for its faults
            still = Timeline(0.0, 0.0, 1, np.empty(0))
            yield from shown * len(_targets(timeline=still, **wanted))
            return
        timeline = timeline_in(container, stream, faults)
    if timeline.count:
        targets = _targets(timeline=timeline, **wanted)
        yield from _at_targets(path, targets, timeline.keyframes, faults)


def _at_targets(path, targets, keyframes, faults):
    done = 0
    try:
        for item in _nearest(path, targets, keyframes, faults):
            yield item
            done += 1
    except _CannotSeek:
        yield from _nearest(path, targets[done:], keyframes[:0], faults)


def _chosen_of_part(part, wanted, faults):
    """Yield (time from the part's start, frame) of the frames wanted of an excerpt."""
    timeline = timeline_of_part(part, faults)
    if not timeline.count:
        found = "It has no frame in this part."
        raise ClipError(f"{part.path}{part.fragment}", "too_short", found)
    if any(value is not None for value in wanted.values()):
        times = wanted["times"]
        shifted = None if times is None else np.asarray(times, np.float64) + part.start
        targets = _targets(timeline=timeline, **wanted | {"times": shifted})
        source = _at_targets(part.path, targets, timeline.keyframes, faults)
    else:
        source = _between(part, timeline, faults)
    for time, frame in source:
        yield time - part.start, frame


def _between(part, timeline, faults):
    """Yield every (time, frame) of [start, stop), from the keyframe before it on."""

    def wanted(source, first):
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
                yield from wanted(source, [first])
                return
    with video_of(part.path) as (container, stream):
        yield from wanted(_timed(container, stream, faults), [])


def _without_exif(frame):
    import av

    graph = av.filter.Graph()
    size = {"width": frame.width, "height": frame.height}
    source = graph.add_buffer(format=frame.format, time_base=Fraction(1, 1000), **size)
    graph.link_nodes(source, graph.add("sidedata", "mode=delete:type=31"), graph.add("buffersink"))
    graph.configure()
    graph.push(frame)
    return graph.pull()


def _display_matrix(frame) -> np.ndarray:
    from av.sidedata.sidedata import Type

    try:
        known = frame.side_data
    except ValueError:  # PyAV can list no side data where there is EXIF among it
        known = _without_exif(frame).side_data
    entry = known.get(Type.DISPLAYMATRIX)
    return np.eye(3, dtype=np.int32) if entry is None else np.frombuffer(entry, np.int32)


def upright(frame) -> tuple[bool, bool, bool]:
    """Return whether to transpose, to flip rows and to flip columns before showing a frame."""
    a, b, _, c, d = (int(value) for value in _display_matrix(frame).flat[:5])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return False, d < 0, a < 0
    return True, b < 0, c < 0


class _Converter:
    """Converts frames of one stream to upright RGB arrays whose longer side is limited."""

    def __init__(self, max_side):
        from av.video.reformatter import VideoReformatter

        self._max_side, self._reformatter, self._turns = max_side, VideoReformatter(), {}

    def _shape(self, frame):
        sides = frame.height, frame.width
        scale = min(1.0, (self._max_side or max(sides)) / max(sides))
        return (max(1, round(side * scale)) for side in sides)

    def _turn(self, frame):
        # Side data is looked at once: PyAV ties it and the frame into a cycle, so that frames
        # would pile up until the garbage collector comes by.
        if frame.rotation not in self._turns:
            self._turns[frame.rotation] = upright(frame)
        return self._turns[frame.rotation]

    def __call__(self, frame) -> np.ndarray:
        rows, columns = self._shape(frame)
        small = self._reformatter.reformat(frame, columns, rows, "rgb24", interpolation="AREA")
        image = small.to_ndarray()
        transpose, flip_rows, flip_columns = self._turn(frame)
        image = image.transpose(1, 0, 2) if transpose else image
        image = image[::-1] if flip_rows else image
        return np.ascontiguousarray(image[:, ::-1] if flip_columns else image)


def _frames(path, wanted, max_side, faults) -> Iterator[tuple[float, np.ndarray]]:
    import av

    time, image, convert = None, None, _Converter(max_side)
    try:
        for shown, frame in _chosen(path, wanted, faults):
            if shown != time:
                time, image = shown, convert(frame)
            yield time, image
    except av.error.FFmpegError as error:
        raise ClipError(path, "corrupt", f"Decoding failed: {error.strerror or error}.") from error
    if time is None:
        said = "; ".join(faults) or "its picture stream is empty"
        raise ClipError(path, "corrupt", f"No frame can be decoded: {said}.")


def _check(n_frames, fps, times, max_side):
    given = {"n_frames": n_frames, "fps": fps, "times": times}
    if sum(value is not None for value in given.values()) > 1:
        raise ValueError("Give only one of n_frames, fps and times; none of them: every frame.")
    for name, value in {"n_frames": n_frames, "fps": fps, "max_side": max_side}.items():
        if value is not None and not value > 0:
            raise ValueError(f"{name}={value!r} must be greater than 0.")
    if times is not None and np.any(np.diff(np.asarray(times, dtype=np.float64)) < 0):
        raise ValueError("times must not fall: sort them.")
    return given


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
        The frames nearest to every 1 / `fps` seconds, from the first frame on.
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
        "no_video", "corrupt", "too_large", while iterating.

    Examples
    --------
    >>> import tempfile, cv2, numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = cv2.imwrite(f"{folder}/a.png", np.full((4, 6, 3), (0, 0, 200), np.uint8))
    ...     [(time, image)] = frames(f"{folder}/a.png")
    >>> time, image.shape, image[0, 0].tolist()
    (0.0, (4, 6, 3), [200, 0, 0])
    """
    wanted = _check(n_frames, fps, times, max_side)
    faults = cut_off(check_file(path))
    return Reading(_frames(path, wanted, max_side, faults), faults)
