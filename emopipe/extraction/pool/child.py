"""The code of a worker process: read and prepare one clip after the other, within limits."""

import errno
import hashlib
import json
import os
import signal
import socket
import stat
import struct
import sys
import time
import traceback

import numpy as np

from emopipe.containment import leave_with_parent
from emopipe.extraction.pool.limits import (
    LARGEST_FILE,
    MemoryGauge,
    limit_memory,
    limit_process,
    limit_time,
    most_rows,
)
from emopipe.extraction.pooling import POOLINGS, LargeValue
from emopipe.extraction.recipe import Prepared, resolve
from emopipe.media import ClipError
from emopipe.media.excerpts import parse

_HEAD = struct.Struct("!IQ")
# Rows travel in pieces of about this many bytes, so that a pipe never holds a whole video.
_PIECE = 4 * 2**20
# Where rows are pooled here, the parent hears every so many seconds that there is progress.
_SIGN = 1.0
# An idle process leaves after this many seconds.
_PATIENCE = 300.0
_LONGEST_DETAIL = 4000
_TASK = ("args", "pooling", "timeout", "memory_limit")
_NO_MEMORY = {
    "status": "too_large",
    "detail": "it needed more memory than memory_limit allows",
    "passing": True,
    "leave": True,
}
# What libraries say and number when memory, or a thread for want of it, cannot be had.
_MEMORY_WORDS = (
    "bad_alloc",
    "Insufficient memory",
    "Failed to allocate",
    "Cannot allocate memory",
    # What the system says of a library that is imported and finds no room.
    "failed to map segment",
    "cannot map zero-fill pages",
    "cannot allocate memory",
    "cannot create shared object descriptor",
)
_MEMORY_NUMBERS = (errno.ENOMEM, errno.EAGAIN)


def send(channel: socket.socket, head: dict, *arrays: np.ndarray) -> None:
    """Send a JSON head and the bytes of some arrays."""
    text = json.dumps(head).encode()
    channel.sendall(_HEAD.pack(len(text), sum(a.nbytes for a in arrays)) + text)
    for array in arrays:
        if array.nbytes:
            channel.sendall(memoryview(array.reshape(-1).view(np.uint8)))


def _fill(channel, buffer):
    view = memoryview(buffer)
    while len(view):
        n = channel.recv_into(view)
        if n == 0:
            raise EOFError("the other side has gone")
        view = view[n:]
    return buffer


def receive(channel: socket.socket) -> tuple[dict, np.ndarray]:
    """Return the head and the bytes that `send` sent; EOFError where the other side has gone."""
    n_head, n_bytes = _HEAD.unpack(_fill(channel, bytearray(_HEAD.size)))
    head = json.loads(_fill(channel, bytearray(n_head)))
    return head, _fill(channel, np.empty(n_bytes, np.uint8))


class Sender:
    """The rows of one clip on their way to the parent, or into a pool where nothing follows."""

    def __init__(self, channel, pooling, path):
        self.channel, self.path = channel, path
        self.most = None if pooling else most_rows(parse(path).path)
        self.pool = pooling and POOLINGS[pooling]()
        self.like, self.n, self.seconds = None, 0, 0.0
        self.last_sign = time.monotonic()

    def add(self, rows, times=None):
        """Take in a block."""
        rows = np.ascontiguousarray(rows)
        if rows.dtype.hasobject or rows.ndim == 0:
            raise TypeError(f"a block's rows must be an array of numbers, not {rows!r}")
        if self.like not in (None, (rows.dtype, rows.shape[1:])):
            raise ValueError(f"rows changed from {self.like} to {(rows.dtype, rows.shape[1:])}")
        self.like = rows.dtype, rows.shape[1:]
        self.n += len(rows)
        if self.pool is not None:
            self.pool.add(rows, times)
            return self.sign()
        if self.n > self.most:
            detail = f"It gives more than {self.most} rows, too many for the size of its file."
            raise ClipError(self.path, "too_large", detail)
        size = max(1, _PIECE // max(1, rows[:1].nbytes))
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            self._send(rows[part], None if times is None else times[part])

    def sign(self):
        """Let the parent hear every now and then that there is progress."""
        if time.monotonic() - self.last_sign > _SIGN:
            send(self.channel, {})
            self.last_sign = time.monotonic()

    def _send(self, rows, times):
        began = time.perf_counter()
        head = {"rows": rows.dtype.str, "shape": rows.shape, "timed": times is not None}
        extra = [] if times is None else [np.ascontiguousarray(times, np.float64)]
        send(self.channel, head, rows, *extra)
        self.seconds += time.perf_counter() - began


def _prepare(prepare, args, path, sender) -> dict:
    """Run `prepare` on a clip; return what became of it as the head of the last message."""
    try:
        blocks = prepare(path, **args)
        while True:
            try:
                block = next(blocks)
            except StopIteration as stop:
                outcome = stop.value or Prepared()
                break
            sender.add(*block)
        if not sender.n:
            raise ClipError(path, "too_short", "it gave no rows")
    except (ConnectionError, EOFError):
        raise
    except Exception as error:
        return _failure(error, path)
    return {
        "status": outcome.status,
        "counts": {name: int(n) for name, n in outcome.counts.items()},
        "seconds": {name: float(s) for name, s in outcome.seconds.items()},
    }


def _lacks_memory(error) -> bool:
    """Say whether an exception, or one that it was raised from, means that memory ran out."""
    while error is not None:
        if isinstance(error, MemoryError) or getattr(error, "errno", None) in _MEMORY_NUMBERS:
            return True
        if any(words in str(error) for words in _MEMORY_WORDS):
            return True
        error = error.__cause__ or error.__context__
    return False


def _failure(error, path) -> dict:
    if _lacks_memory(error):
        return dict(_NO_MEMORY)
    if isinstance(error, ClipError):
        return {"status": error.status, "detail": error.detail}
    if isinstance(error, LargeValue):
        return {"status": "too_large", "detail": str(error)}
    text = "".join(traceback.format_exception(error))[-_LONGEST_DETAIL:]
    missing = isinstance(error, FileNotFoundError) and os.path.exists(parse(path).path)
    if missing or isinstance(error, ImportError):
        kind = "FileNotFoundError" if missing else "ImportError"
        return {"fatal": kind, "message": str(error), "detail": text}
    return {"status": "crashed", "detail": text, "passing": True}


def _clip(channel, task, path):
    began = time.perf_counter()
    limit_time(task["timeout"], parse(path).path)
    sender, memory, most = (
        Sender(channel, task["pooling"], path),
        MemoryGauge(),
        task["memory_limit"],
    )
    head = _prepare(task["prepare"], task["args"], path, sender)
    if head.get("status", "ok") != "ok" and most and memory.growth() > most / 2:
        head |= _NO_MEMORY  # decoders may say of such a file that it is damaged
    value = []
    if sender.pool is not None and head.get("status") in ("ok", "partial"):
        try:
            value = [np.ascontiguousarray(sender.pool.value())]
            head |= {"value": value[0].dtype.str, "shape": value[0].shape}
        except MemoryError:
            head |= _NO_MEMORY
    seconds = head.setdefault("seconds", {})
    rest = time.perf_counter() - began - sender.seconds - sum(seconds.values())
    seconds["prepare"] = seconds.get("prepare", 0.0) + max(0.0, rest)
    send(channel, {"done": True} | head, *value)


def _checksum(path, sender) -> str:
    """Return the SHA-256 of a file's content; raises OSError or ClipError."""
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ClipError(path, "corrupt", "It is not a regular file.")
        if status.st_size > LARGEST_FILE:
            detail = f"It has {status.st_size / 1e9:.0f} GB; {LARGEST_FILE / 1e9:.0f} are read."
            raise ClipError(path, "too_large", detail)
        digest = hashlib.sha256()
        while piece := file.read(_PIECE // 4):
            digest.update(piece)
            sender.sign()
    return digest.hexdigest()


def _file(channel, task, path):
    """Read a file for its checksum; what fails now may work another time."""
    began = time.perf_counter()
    limit_time(task["timeout"], path)
    head = {"status": "ok", "counts": {}}
    try:
        head["content"] = _checksum(path, Sender(channel, None, path))
    except (ConnectionError, EOFError):
        raise
    except ClipError as error:
        head |= {"status": error.status, "detail": error.detail, "passing": True}
    except OSError as error:
        detail = f"It cannot be read: {error.strerror}."
        head |= {"status": "corrupt", "detail": detail, "passing": True}
    head["seconds"] = {"checksum": time.perf_counter() - began}
    send(channel, {"done": True} | head)


def _begin(channel, head) -> dict:
    """Import the recipe's function and take on its limits."""
    sys.path[:] = head["path"]
    task = {"prepare": None, **{name: head[name] for name in _TASK}}
    try:
        limit_memory(None)
        task["prepare"] = resolve(head["prepare"])
        limit_memory(head["memory_limit"])
        send(channel, {"ready": True})
    except (ConnectionError, EOFError):
        raise
    except Exception:
        send(channel, {"failed": traceback.format_exc()[-_LONGEST_DETAIL:]})
    return task


def _settle(channel):
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    os.dup2(2, 1)  # what is printed here must not mix into the parent's output
    leave_with_parent(channel)
    limit_process()


def serve(channel: socket.socket) -> None:
    """Answer the parent until it leaves, or has nothing to ask for a while."""
    _settle(channel)
    task = None
    try:
        while True:
            channel.settimeout(_PATIENCE)
            head, _ = receive(channel)
            channel.settimeout(None)
            if "clip" in head:
                _clip(channel, task, head["clip"])
            elif "file" in head:
                _file(channel, task, head["file"])
            else:
                task = _begin(channel, head)
    except (EOFError, ConnectionError, TimeoutError):
        os._exit(0)
