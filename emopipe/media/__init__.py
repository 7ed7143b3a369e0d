"""Recordings and images: a path becomes frames with true times, or a mono signal (PyAV).

Times are in seconds on the clip's own axis, which starts with whatever the file plays first: a clip
whose pictures begin later than its sound has its first frame after zero. An image is a clip of one
frame at time 0. Pictures are uint8 RGB (rows, columns, 3), turned as the file asks. A path may name
a part of a recording, see `excerpt`.
"""

from emopipe.media.containers import MAX_PIXELS, STATUSES, ClipError, Reading
from emopipe.media.excerpts import Excerpt, excerpt
from emopipe.media.packets import length
from emopipe.media.pictures import MAX_FRAMES, frames, picture_times
from emopipe.media.probing import MediaInfo, probe
from emopipe.media.sounds import signal, signal_blocks, stored_rate

__all__ = [
    "MAX_FRAMES",
    "MAX_PIXELS",
    "STATUSES",
    "ClipError",
    "Excerpt",
    "MediaInfo",
    "Reading",
    "excerpt",
    "frames",
    "length",
    "picture_times",
    "probe",
    "signal",
    "signal_blocks",
    "stored_rate",
]
