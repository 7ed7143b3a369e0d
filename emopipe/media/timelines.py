"""Find when the frames of a recording are shown, from its packets."""

import os
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from emopipe.files import file_stamp
from emopipe.media.containers import find_stream, interval, is_image, open_media, zero
from emopipe.media.packets import packets


class Timeline(NamedTuple):
    """Times of the first and last frame in seconds, their number, and times of keyframes."""

    first: float
    last: float
    count: int
    keyframes: np.ndarray

    def between(self, start, stop):
        """Return the timeline of the part [start, stop), its keyframes those of the file."""
        length = self.last - self.first
        step = length / max(self.count - 1, 1)
        # Frames are taken to lie on a regular grid; the nearest ones are what is shown.
        begin = max(0, int(np.ceil((start - self.first) / step - 1e-6))) if step else 0
        end = int(np.ceil((stop - self.first) / step - 1e-6)) if step else 1
        count = max(0, min(end, self.count) - begin)
        first = self.first + begin * step
        return Timeline(first, first + (count - 1) * step, count, self.keyframes)


@contextmanager
def video_of(path):
    """Open a recording; yield its container and its picture stream."""
    with open_media(path) as container:
        stream = find_stream(path, container, "video")
        if not is_image(container):
            stream.thread_type = "AUTO"
            # Several clips are decoded at once; more threads for each cost more than they give.
            stream.codec_context.thread_count = min(4, os.cpu_count() or 1)
        yield container, stream


def _can_seek(container, stream) -> bool:
    import av

    try:
        container.seek(stream.start_time or 0, stream=stream)
    except av.error.FFmpegError:
        return False
    return True


def timeline_in(container, stream, faults) -> Timeline:
    """Read from the packets when frames are shown, without decoding any."""
    start, tick, step = zero(container), stream.time_base, interval(stream)
    first, last, count, keyframes = np.inf, -np.inf, 0, []
    for packet in packets(container, stream, faults):
        if not packet.size or packet.is_discard:
            continue
        stamp = packet.dts if packet.pts is None else packet.pts
        time = count * step if stamp is None else float(stamp * tick) - start
        first, last, count = min(first, time), max(last, time), count + 1
        if packet.is_keyframe and stamp is not None:
            keyframes.append(time)
    if count and not _can_seek(container, stream):
        keyframes = []
    return Timeline(first, last, count, np.sort(keyframes))


@lru_cache(maxsize=8)
def _cached_timeline(path, stamp):
    faults = []
    with video_of(path) as (container, stream):
        return timeline_in(container, stream, faults), faults


def timeline_of_part(part, faults) -> Timeline:
    """Return the timeline of an excerpt; that of its file is read once for many of them."""
    timeline, new_faults = _cached_timeline(part.path, file_stamp(part.path))
    # What is missing at the end of the file does not damage the parts before.
    if not timeline.count or part.stop > timeline.last:
        faults.extend(new_faults)
    if part.is_whole or not timeline.count:
        return timeline
    return timeline.between(part.start, part.stop)
