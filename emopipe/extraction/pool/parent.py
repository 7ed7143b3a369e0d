"""Start, feed, limit and stop worker processes.

They are fresh interpreters: nothing is forked (TensorFlow does not survive it) and the script that
runs is not imported again, so plain scripts, notebooks and doctests need no main guard. They stay
for the next call, and leave when the program ends, dies, or does not need them for five minutes.
"""

import atexit
import base64
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.spawn import get_executable
from typing import NamedTuple

import numpy as np

from emopipe.containment import search_path
from emopipe.extraction.pool.child import receive, send
from emopipe.extraction.recipe import Block, Recipe, reference

_PROGRAM = """
import base64, json, socket, sys
setup = json.loads(sys.stdin.buffer.readline())
sys.path[:] = setup["path"]
from emopipe.containment import search_path
from emopipe.extraction.pool.child import serve
shared = setup["socket"]
if isinstance(shared, int):
    channel = socket.socket(fileno=shared)
else:
    channel = socket.fromshare(base64.b64decode(shared))
serve(channel)
"""
# One thread each: as many processes run as there are processors, and sums must not depend on
# how many threads made them. Networks in a worker stay off the accelerator of the main process.
_ENVIRONMENT = {
    **dict.fromkeys(
        ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"], "1"
    ),
    "OPENCV_FOR_THREADS_NUM": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
}


class Outcome(NamedTuple):
    """What became of one clip; `passing` says that another run may find otherwise."""

    status: str
    detail: str = ""
    counts: dict = {}  # noqa: RUF012 - never changed
    seconds: dict = {}  # noqa: RUF012
    passing: bool = False
    value: np.ndarray | None = None
    content: str | None = None


class Crash(Exception):
    """The process ended in the middle of a clip."""


class Overtime(Exception):
    """A clip took more time than it may; the message says which."""


def task_of(recipe: Recipe, *, timeout: float | None, memory_limit: int | None) -> dict:
    """Return what a worker has to know of a recipe and of its limits."""
    return {
        "prepare": reference(recipe.prepare),
        "args": dict(recipe.prepare_args) | dict(recipe.places),
        "pooling": recipe.pooling if recipe.finish is None else None,
        "timeout": timeout,
        "memory_limit": memory_limit,
    }


def _start(theirs: socket.socket) -> subprocess.Popen:
    windows = os.name == "nt"
    process = subprocess.Popen(
        [get_executable(), "-P", "-c", _PROGRAM],
        stdin=subprocess.PIPE,
        pass_fds=() if windows else (theirs.fileno(),),
        process_group=None if windows else 0,  # Ctrl-C is for the parent alone
        env=os.environ | _ENVIRONMENT,
    )
    shared = theirs.fileno()
    if windows:
        shared = base64.b64encode(theirs.share(process.pid)).decode()
    with suppress(BrokenPipeError), process.stdin as stdin:  # one that has ended tells it later
        stdin.write(json.dumps({"path": search_path(), "socket": shared}).encode() + b"\n")
    return process


class Worker:
    """One worker process."""

    def __init__(self):
        self.channel, theirs = socket.socketpair()
        with theirs:
            self.process = _start(theirs)
        self.prepared = 0

    def begin(self, task: dict) -> None:
        """Take up a recipe.

        Raises
        ------
        ImportError
            If the recipe's function cannot be imported there.
        Crash
            If the process ends.
        """
        try:
            self.channel.settimeout(None)
            send(self.channel, task | {"path": search_path()})
            head, _ = receive(self.channel)
        except (EOFError, ConnectionError):
            raise Crash(self.ending()) from None
        if "failed" in head:
            raise ImportError(
                f"{task['prepare']} cannot be imported by a worker process:\n{head['failed']}"
            )

    def work(self, kind: str, path: str, timeout: float | None) -> Iterator[Block | Outcome]:
        """Yield the blocks of a clip, then its outcome.

        Parameters
        ----------
        kind : "clip" or "file"
            Whether a clip is to be prepared, or a file to be read for its checksum.
        path : str
        timeout : float or None
            Seconds that the worker may take to the first, and to each next, sign of progress. What
            it waits for this process does not count.

        Raises
        ------
        Crash, Overtime
            The worker must then be stopped.
        ImportError, FileNotFoundError
            If something else than the clip is missing.
        """
        try:
            self.channel.settimeout(timeout)
            send(self.channel, {kind: path})
            while "done" not in (message := receive(self.channel))[0]:
                if "rows" in message[0]:
                    yield _block(*message)
        except TimeoutError:
            raise Overtime(f"it made no progress for {timeout:g} s (timeout)") from None
        except (EOFError, ConnectionError):
            ending = self.ending()
            if self.process.returncode == -getattr(signal, "SIGXCPU", 0):
                raise Overtime("it took too much processor time for the size of its file") from None
            raise Crash(ending) from None
        self.prepared += 1
        if "leave" in message[0]:
            self.stop()
        yield _outcome(*message)

    def ending(self) -> str:
        """Say how the process ended."""
        try:
            code = self.process.wait(10)
        except subprocess.TimeoutExpired:
            return "its worker process closed the connection"
        if code >= 0:
            return f"its worker process ended with exit code {code}"
        name = signal.Signals(-code).name if -code in iter(signal.Signals) else str(-code)
        hint = " (perhaps the machine ran out of memory)" if name == "SIGKILL" else ""
        return f"its worker process was ended by {name}{hint}"

    def stop(self) -> None:
        """End the process, whatever it is doing."""
        self.channel.close()
        self.process.kill()
        self.process.wait()


def _array(head, kind, body):
    dtype = np.dtype(head[kind])
    n = int(np.prod(head["shape"], dtype=np.int64))
    return np.frombuffer(body, dtype, n).reshape(head["shape"]), n * dtype.itemsize


def _block(head, body) -> Block:
    rows, used = _array(head, "rows", body)
    return Block(rows, body[used:].view(np.float64) if head["timed"] else None)


class _InWorker(Exception):
    """The traceback of a worker, as the cause of the error that it means here."""

    def __str__(self):
        return f"\nIn the worker process:\n{self.args[0]}"


def _outcome(head, body) -> Outcome:
    if "fatal" in head:
        kind = {"ImportError": ImportError, "FileNotFoundError": FileNotFoundError}[head["fatal"]]
        raise kind(head["message"]) from _InWorker(head["detail"])
    return Outcome(
        head["status"],
        head.get("detail", ""),
        head.get("counts", {}),
        head["seconds"],
        head.get("passing", False) or head["status"] in ("timeout", "crashed"),
        _array(head, "value", body)[0] if "value" in head else None,
        head.get("content"),
    )


# New processes in a row that may end before they are ready.
_STARTS = 4
_guard = threading.Lock()
_idle: list[Worker] = []
_inherited: list[Worker] = []


def borrow(task: dict) -> Worker:
    """Return a worker that has taken up the recipe: an idle one, or a new one.

    Raises
    ------
    RuntimeError
        If new ones end one after the other before they are ready.
    ImportError
        If the recipe's function cannot be imported there.
    """
    failures = 0
    while True:
        with _guard:
            worker = _idle.pop() if _idle else None
        fresh = worker is None
        worker = worker or Worker()
        try:
            worker.begin(task)
            return worker
        except Crash as crash:  # an idle one may have left meanwhile
            worker.stop()
            failures += fresh
            if failures == _STARTS:
                raise RuntimeError(f"no worker process can be started: {crash}") from None
        except BaseException:
            worker.stop()
            raise


def give_back(worker: Worker) -> None:
    """Keep a worker for the next call."""
    with _guard:
        if worker.process.poll() is None and len(_idle) < (os.cpu_count() or 1):
            _idle.append(worker)
            return
    worker.stop()


def warm_up(n: int) -> None:
    """Start worker processes for a call that comes soon, without waiting for them."""
    for _ in range(n):
        give_back(Worker())


def close() -> None:
    """End the idle workers, for instance after the source of a recipe has changed."""
    with _guard:
        workers, _idle[:] = list(_idle), []
    for worker in workers:
        worker.stop()


def _forget():
    """After a fork the workers still belong to the parent."""
    global _guard
    _guard = threading.Lock()
    _inherited.extend(_idle)
    _idle.clear()


atexit.register(close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
