"""Limits for one clip: memory, processor time, rows, bytes on disk (on POSIX systems)."""

import os
from contextlib import suppress

# Bytes of a file that is read: ten hours at 60 Mbit/s.
LARGEST_FILE = 2**38
# Seconds of processor time, and rows for a network, that a clip may take: so many, and so many
# more per megabyte of its file. Honest clips stay far below: small files that would cost hours are
# made, or damaged, so that they do.
_SECONDS_PER_MB = 1000.0
_ROWS, _ROWS_PER_MB = 10_000, 50_000
# Bytes of a file that a worker writes, such as a detector's model.
_LARGEST_OUTPUT = 2**30


def _megabytes(path) -> float:
    """Return the size of a file, or what it takes up on its disk if that is less."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return 0.0
    blocks = getattr(status, "st_blocks", 0) * 512
    return min(status.st_size, blocks or 2**26) / 1e6


def most_rows(path) -> int:
    """Return how many rows a clip may give to a network.

    Examples
    --------
    >>> most_rows("missing.mp4")
    10000
    """
    return int(_ROWS + _ROWS_PER_MB * _megabytes(path))


def limit_time(timeout: float | None, path) -> None:
    """End this process when a clip has taken too much processor time from now on.

    Parameters
    ----------
    timeout : float or None
        Seconds for the smallest clip; None: no limit.
    path : str
        The clip's file.
    """
    with suppress(ImportError, ValueError, OSError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        soft = hard
        if timeout is not None:
            used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
            soft = int(used + timeout + _SECONDS_PER_MB * _megabytes(path)) + 1
            soft = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def limit_memory(more: int | None) -> None:
    """Let this process' data grow by so many bytes at most (Linux; elsewhere nothing happens)."""
    with suppress(ImportError, OSError):
        import resource

        with open("/proc/self/statm") as file:
            now = int(file.read().split()[5]) * resource.getpagesize()
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        soft = hard if more is None else now + int(more)
        if hard != resource.RLIM_INFINITY:
            soft = min(soft, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


class MemoryGauge:
    """How much memory this process took at most since a moment (Linux; elsewhere 0 bytes)."""

    def __init__(self):
        self.before = 0
        with suppress(OSError):
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")  # the peak is counted anew
            self.before = self._peak()

    @staticmethod
    def _peak() -> int:
        with suppress(OSError), open("/proc/self/status") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return 0

    def growth(self) -> int:
        """Return the bytes."""
        return self._peak() - self.before


def limit_process() -> None:
    """Let this process write no memory dumps, and no files beyond a gigabyte."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        if hard == resource.RLIM_INFINITY or hard > _LARGEST_OUTPUT:
            resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_OUTPUT, hard))
