"""Extract on a Dask cluster: send paths and a recipe to the workers, receive features.

Workers run the same engine on a slice of the clips at a time, keep nothing, and hand back what
they found; the client alone writes its store. A worker that is lost costs the time of the slices
that it held.
"""

import math
import os
import queue
import threading
from collections import Counter, deque
from collections.abc import Iterator
from uuid import uuid4

from emopipe import __version__
from emopipe.extraction.dask.client import Threads, check_version
from emopipe.extraction.pool.batching import Contents, Known, Run
from emopipe.extraction.recipe import Recipe
from emopipe.media.excerpts import parse
from emopipe.store import Entry
from emopipe.text import printable

# Clips in one task: enough to fill a network's batches, few enough that a lost worker costs little.
SLICE = 16
# Tasks under way per thread of the cluster: the next one waits at the worker.
_AHEAD = 2
# Seconds after which the caller is woken although nothing happened.
_TICK = 0.5
# Files in one task that reads them.
_FILES = 32


def _check_visible(paths, worker):
    """Raise FileNotFoundError where a worker does not see one of the files."""
    for path in paths:
        if not os.path.lexists(path):
            raise FileNotFoundError(
                f"the Dask worker {worker} does not see {printable(path)}: clips must be on a file "
                "system that every worker mounts at the same place"
            )


def read_slice(recipe: Recipe, files, limits, version) -> list[Contents]:
    """Return the checksums of some files, in a worker of Dask: the task that is sent there."""
    from distributed import get_worker

    address = get_worker().address
    check_version(__version__, version, f"worker {address}")
    _check_visible(files, address)
    with Run(recipe, n_jobs=1, **limits) as run:
        for file in files:
            run.read(file)
        return [contents for contents in run if contents is not None]


def read_at_workers(client, recipe: Recipe, files, limits) -> Iterator[Contents]:
    """Yield the checksum of each file, read by the workers of a cluster.

    Parameters
    ----------
    client : distributed.Client
    recipe : Recipe
        For which the files are read.
    files : list of str
    limits : dict
        timeout and memory_limit, as for `Run`.

    Raises
    ------
    FileNotFoundError
        If a worker does not see one.
    ConnectionError
        If the cluster has gone, or stays without workers.
    """
    threads, ahead = Threads(client), deque()
    slices = deque(files[i : i + _FILES] for i in range(0, len(files), _FILES))
    while slices or ahead:
        while slices and len(ahead) < _AHEAD * max(1, threads.look()):
            task = recipe, slices.popleft(), limits, __version__
            future = client.submit(read_slice, *task, pure=False)
            ready = threading.Event()
            future.add_done_callback(lambda _, ready=ready: ready.set())
            ahead.append((future, ready))
        if ahead[0][1].wait(_TICK):
            yield from _result(ahead.popleft()[0])
        else:
            threads.look()


def _result(future):
    """Return what a task gave; ConnectionError if the cluster has lost it."""
    from distributed import KilledWorker

    if future.cancelled():
        raise ConnectionError(
            "the Dask scheduler was restarted or has gone; what was computed is kept. Run this "
            "again to go on."
        )
    try:
        return future.result()
    except KilledWorker as killed:
        killed.add_note("the worker's log says why; run this again to go on")
        raise


def prepare_slice(recipe: Recipe, paths, limits, version):
    """Compute a recipe for some clips in a worker of Dask: the task that is sent there.

    Parameters
    ----------
    recipe : Recipe
    paths : list of str
        Each once; the worker must see the files under the same paths.
    limits : dict
        timeout and memory_limit, as for `Run`.
    version : str
        The client's emopipe.

    Returns
    -------
    list of (int, Entry, bool)
        Place in paths, what became of the clip, and whether another run may find otherwise.
    dict of str to float
        Seconds spent on what.
    int, int
        Clips prepared, rows finished.

    Raises
    ------
    FileNotFoundError, ImportError
        If a clip, or something that the recipe needs, is not there.
    """
    from distributed import get_worker

    address = get_worker().address
    check_version(__version__, version, f"worker {address}")
    _check_visible([parse(path).path for path in paths], address)
    order = {path: number for number, path in enumerate(paths)}
    try:
        if recipe.elsewhere is not None:
            recipe.elsewhere()
        with Run(recipe, n_jobs=1, **limits) as run:
            for path in paths:
                run.prepare(path)
            results = [
                (order[result.path], result.entry, result.passing)
                for result in run
                if result is not None
            ]
    except Exception as error:
        error.add_note(f"on the Dask worker {address}")
        raise
    return results, dict(run.seconds), run.prepared, run.finished


def _deadly(path, killed) -> Known:
    detail = (
        f"every Dask worker that worked on it ended ({killed.allowed_failures + 1}), the last one "
        f"{killed.last_worker.address} (perhaps the machine ran out of memory)"
    )
    return Known(path, Entry(None, "crashed", detail, {}), True)


class ClusterRun:
    """The way of some clips through a recipe on a cluster; iterating is as with `Run`.

    A slice whose workers died too often (Dask tries four) is taken apart: its clips go one by one,
    with nothing beside them, so that only the one that kills workers is "crashed".

    Parameters
    ----------
    paths : list of str
        Each once.
    recipe : Recipe
        What to compute.
    client : distributed.Client
        Of the cluster.
    n_jobs : int or None
        Slices under way at most; None or negative: as many as keep every thread busy.
    timeout, memory_limit
        As for `Run`.
    """

    def __init__(self, paths, recipe: Recipe, *, client, n_jobs, timeout, memory_limit):
        self.recipe, self.client, self.n_jobs = recipe, client, n_jobs
        self.limits = {"timeout": timeout, "memory_limit": memory_limit}
        self.seconds = Counter()
        self.prepared = self.finished = 0
        self.flying, self.finished_tasks = {}, queue.SimpleQueue()
        self.suspects = deque()
        self.threads = Threads(client)
        self.threads.look()
        size = max(1, min(SLICE, math.ceil(len(paths) / (_AHEAD * max(1, self.workers)))))
        self.slices = deque(paths[i : i + size] for i in range(0, len(paths), size))

    @property
    def workers(self) -> int:
        """Threads of the cluster."""
        return self.threads.n

    def _send(self):
        """Keep the cluster busy; suspects come last, each alone."""
        self.threads.look()
        most = self.n_jobs if self.n_jobs and self.n_jobs > 0 else _AHEAD * max(1, self.workers)
        while self.slices and len(self.flying) < most:
            self._submit(self.slices.popleft())
        if self.suspects and not self.flying:
            self._submit([self.suspects.popleft()], alone=True)

    def _submit(self, paths, alone=False):
        future = self.client.submit(
            prepare_slice, self.recipe, paths, self.limits, __version__,
            key=f"{self.recipe.name}-{uuid4().hex}",
        )  # fmt: skip
        self.flying[future] = paths, alone
        future.add_done_callback(self.finished_tasks.put)

    def __iter__(self) -> Iterator[Known | None]:
        self._send()
        while self.flying:
            try:
                future = self.finished_tasks.get(timeout=_TICK)
            except queue.Empty:
                yield None
            else:
                yield from self._take(future, *self.flying.pop(future))
            self._send()

    def _take(self, future, paths, alone) -> Iterator[Known]:
        from distributed import KilledWorker

        try:
            results, seconds, prepared, finished = _result(future)
        except RuntimeError as error:
            if "deserialization" in str(error):
                missing = error.__cause__ or "the cause is in its log"
                error.add_note(
                    f"the scheduler cannot import what the recipe {self.recipe.name!r} is made of "
                    f"({missing}): install it there and on every worker"
                )
            raise
        except KilledWorker as killed:
            if alone:
                yield _deadly(paths[0], killed)
            self.suspects.extend([] if alone else paths)
            return
        self.seconds.update(seconds)
        self.prepared += prepared
        self.finished += finished
        for number, entry, passing in results:
            if entry.value is not None:
                entry.value.flags.writeable = False
            yield Known(paths[number], entry, passing)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.flying:
            self.client.cancel(list(self.flying))
