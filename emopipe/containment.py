"""Read untrusted files in a process of its own, with limits; a crash ends that process alone.

The libraries that read networks and cascades trust their files: one that asks for 8 GB, loops for
ever or leads outside memory takes its process along. Here that is a fresh interpreter without
anything to lose; it answers questions with plain numbers and text, never with objects.
"""

import importlib
import json
import os
import select
import signal
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from math import prod
from multiprocessing.spawn import get_executable

import numpy as np

_PROGRAM = """
import json, sys
setup = json.loads(sys.argv[1])
sys.path[:] = setup["path"]
from emopipe.containment import serve
serve(setup["answer"], setup["memory"])
"""
_HEAD = struct.Struct("!IQ")
_LONGEST = 2**20  # bytes of a head
_LARGEST = 2**30  # bytes of an array in an answer
_MOST_WRITTEN = 16 * 2**20  # bytes of a file: what a library logs, no more
_KINDS = {"f": (2, 4, 8), "i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "b": (1,)}


class Broken(Exception):
    """The process has ended, or gave no answer in time; the message says which."""


class Refused(Exception):
    """What the process answered instead of a result.

    Attributes
    ----------
    kind : str
        Name of the exception there.
    """

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


def _read(file, n) -> bytes:
    data = file.read(n)
    if len(data) < n:
        raise EOFError
    return data


def _write(file, head: dict, array=None):
    if array is not None:
        array = np.asarray(array, order="C")
        head = head | {"dtype": array.dtype.str, "shape": array.shape}
    text = json.dumps(head).encode()
    file.write(_HEAD.pack(len(text), 0 if array is None else array.nbytes) + text)
    if array is not None:
        file.write(memoryview(array.reshape(-1).view(np.uint8)))
    file.flush()


def _receive(file, most) -> tuple[dict, np.ndarray | None]:
    n_head, n_bytes = _HEAD.unpack(_read(file, _HEAD.size))
    if n_head > _LONGEST or n_bytes > most:
        raise ValueError(f"an answer of {n_head} and {n_bytes} bytes")
    head = json.loads(_read(file, n_head))
    if "dtype" not in head:
        return head, None
    dtype, shape = np.dtype(str(head.pop("dtype"))), tuple(map(int, head.pop("shape")))
    if dtype.itemsize not in _KINDS.get(dtype.kind, ()) or min(shape, default=0) < 0:
        raise ValueError(f"an array of type {dtype} and shape {shape}")
    if prod(shape) * dtype.itemsize != n_bytes:
        raise ValueError(f"{n_bytes} bytes for shape {shape}")
    array = np.empty(shape, dtype)
    view = array.reshape(-1).view(np.uint8).data
    while len(view):
        n = file.readinto(view)
        if not n:
            raise EOFError
        view = view[n:]
    return head, array


def _end(process, late):
    late.set()
    process.kill()


class Contained:
    """A function that runs in a process of its own.

    Parameters
    ----------
    answer : str
        "module:function"; the function takes a dict and an array or None, and returns the same.
    memory : int
        Bytes of data that the process may hold (Linux only).
    patience : float
        Seconds after which it is ended when it gives no answer.

    Examples
    --------
    >>> with Contained("emopipe.containment:echo", memory=2**30, patience=60) as process:
    ...     process.ask({"a": 1}, np.zeros(2))
    ({'a': 1}, array([0., 0.]))
    """

    def __init__(self, answer, *, memory, patience):
        setup = json.dumps({"path": search_path(), "answer": answer, "memory": int(memory)})
        self._patience, self._lock, self._ended = patience, threading.Lock(), ""
        self._process = subprocess.Popen(
            [get_executable(), "-P", "-c", _PROGRAM, setup],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            process_group=None if os.name == "nt" else 0,  # Ctrl-C is for the parent alone
        )

    def ask(self, head: dict, array=None) -> tuple[dict, np.ndarray | None]:
        """Return what the function answers; threads take turns.

        Raises
        ------
        Broken
            If there is no answer; then there never will be one.
        Refused
            If the function raised an exception.
        """
        with self._lock:
            if self._ended:
                raise Broken(self._ended)
            late = threading.Event()
            clock = threading.Timer(self._patience, _end, (self._process, late))
            clock.daemon = True
            clock.start()
            try:
                _write(self._process.stdin, head, array)
                answer, result = _receive(self._process.stdout, _LARGEST)
            except (OSError, EOFError) as error:
                self._ended = self._ending(late.is_set())
                raise Broken(self._ended) from error
            except ValueError as error:
                self.close()
                self._ended = f"it gave no proper answer ({error})"
                raise Broken(self._ended) from error
            finally:
                clock.cancel()
        if "refused" in answer:
            raise Refused(answer["refused"], answer["message"])
        return answer, result

    def _ending(self, late) -> str:
        code = self._process.wait()
        self.close()
        if late:
            return f"it gave no answer for {self._patience:g} s"
        if code < 0:
            return f"it ended its process ({signal.Signals(-code).name})"
        return f"it ended its process (exit code {code})"

    def close(self):
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):  # what was still to be sent
                pipe.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if hasattr(self, "_process"):
            self.close()


def echo(head, array):
    """Answer with what was asked."""
    return head, array


def _limit(memory):
    try:
        import resource
    except ImportError:
        return
    limits = {
        resource.RLIMIT_DATA: memory,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: _MOST_WRITTEN,
    }
    for kind, value in limits.items():
        hard = resource.getrlimit(kind)[1]
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (soft, hard))


def search_path() -> list[str]:
    """Return where Python looks for modules, for another process: nothing there is relative."""
    return [os.path.abspath(folder) for folder in sys.path if isinstance(folder, str)]


def leave_with_parent(channel) -> None:
    """End this process when the other side of a pipe or socket has gone."""
    if hasattr(select, "poll"):
        threading.Thread(target=_await_hangup, args=(channel,), daemon=True).start()


def _await_hangup(channel):
    """End this process when the parent has gone, whatever it is doing."""
    hangup = select.poll()
    hangup.register(channel, 0)  # hang-ups are told without being asked for
    while not hangup.poll():
        pass
    os._exit(0)


def serve(answer: str, memory: int) -> None:
    """Answer the parent until it leaves."""
    leave_with_parent(0)
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not mix into the answers
    _limit(memory)
    module, _, name = answer.partition(":")
    function = getattr(importlib.import_module(module), name)
    while True:
        try:
            head, array = _receive(questions, 2**62)
        except EOFError:
            return
        try:
            result = function(head, array)
        except Exception as error:
            text = str(error)[:4000] or type(error).__name__
            _write(answers, {"refused": type(error).__name__, "message": text})
        else:
            _write(answers, *result)
