"""Parts of recordings, named in their path: ``clip.mp4#t=1.25,2.25`` (W3C Media Fragments).

Whoever takes a path takes such a name as well: `frames`, `signal` and `probe` give what a file with
only that part would give, times counted from its start, and the store keeps it by the content of
the file and the part. Nothing is written to disk.
"""

import os
import re
from typing import NamedTuple

_FRAGMENT = re.compile(r"(?s)(.+)#t=(\d+(?:\.\d+)?),(\d+(?:\.\d+)?)")


class Excerpt(NamedTuple):
    """A file, and which part of it is meant.

    Parameters
    ----------
    path : str
        The whole file.
    start, stop : float
        Seconds on the clip's own axis; 0 and infinity for all of it.
    """

    path: str
    start: float = 0.0
    stop: float = float("inf")

    @property
    def is_whole(self) -> bool:
        """Whether all of the file is meant."""
        return self == Excerpt(self.path)

    @property
    def fragment(self) -> str:
        """What follows the file's path, "" for all of it."""
        return "" if self.is_whole else f"#t={self.start:.6f},{self.stop:.6f}"


def excerpt(path, start, stop) -> str:
    """Return the path of a part of a recording.

    Parameters
    ----------
    path : str or Path
        A recording, or a part of one.
    start, stop : float
        Seconds on the clip's own axis, which is that of the part if it is one.

    Raises
    ------
    ValueError
        If the part is empty, begins before 0 or never ends, or lies behind the part that it is of.

    Examples
    --------
    >>> excerpt("clip.mp4", 1.25, 2.25)
    'clip.mp4#t=1.250000,2.250000'
    >>> excerpt("clip.mp4#t=1,2", 0.5, 1.5)
    'clip.mp4#t=1.500000,2.000000'
    """
    if not 0 <= start < stop < float("inf"):
        raise ValueError(f"start={start!r}, stop={stop!r}: need 0 <= start < stop, in seconds")
    whole = parse(path)
    if not start < whole.stop - whole.start:
        raise ValueError(f"start={start!r}: {path} has no more than {whole.stop - whole.start} s")
    begin, end = whole.start + start, min(whole.start + stop, whole.stop)
    return whole.path + Excerpt("", begin, end).fragment


def parse(path) -> Excerpt:
    """Return the file and the part that a path means.

    A file whose own name ends like a fragment is that file.

    Examples
    --------
    >>> parse("clip.mp4#t=1.250000,2.250000")
    Excerpt(path='clip.mp4', start=1.25, stop=2.25)
    >>> parse("clip.mp4").is_whole
    True
    """
    path = os.fspath(path)
    match = _FRAGMENT.fullmatch(path) if "#t=" in path else None
    if match is None or os.path.exists(path) or float(match[2]) >= float(match[3]):
        return Excerpt(path)
    return Excerpt(match[1], float(match[2]), float(match[3]))
