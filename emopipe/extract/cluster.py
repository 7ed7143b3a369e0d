"""Extraction on a Dask cluster: paths and a recipe travel to the workers, features come back.

The cluster is the one that joblib was told to use, ``joblib.parallel_config("dask")`` or
`on_cluster`, so that a grid search and the features it needs go to the same place. Workers run the
same engine on a slice of the clips at a time, keep nothing, and hand back what they found; the
client alone writes its store. A worker that is lost costs the time of the slices it held.
"""

import math
import os
import queue
import re
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import joblib
from joblib.parallel import get_active_backend

from emopipe import __version__
from emopipe.extract.recipe import Recipe
from emopipe.extract.running import Known, Run
from emopipe.extract.shelf import clear_away
from emopipe.media.excerpts import parse
from emopipe.store import Entry

# Clips in one task: enough to fill a network's batches, few enough that a lost worker costs little.
SLICE = 16
# Tasks under way per thread of the cluster: the next one waits at the worker.
_AHEAD = 2
# Seconds after which the caller is woken although nothing happened.
_TICK = 0.5
# Seconds between looks at how many threads the cluster has.
_LOOK = 5.0
# Seconds that a cluster may be without any worker, as one that grows with its work is at first.
PATIENCE = 120.0
_ADDRESS = re.compile(
    r"(?:(?:tcp|tls|ws|wss|ucx|ucxx)://)?(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}/?"
)


def inside_task() -> bool:
    """Say whether this code is part of a task of Dask, in one of its workers.

    Examples
    --------
    >>> inside_task()
    False
    """
    distributed = sys.modules.get("distributed")
    try:
        return distributed is not None and distributed.get_worker() is not None
    except ValueError:
        return False


def client_in_use():
    """Return the client of joblib's Dask backend where that is in force, or None.

    Inside a task of Dask it is None: a task does its own work.

    Examples
    --------
    >>> print(client_in_use())
    None
    """
    backend = get_active_backend()[0]
    if type(backend).__name__ != "DaskDistributedBackend" or inside_task():
        return None
    return backend.client


def _client_of(address, timeout):
    """Return a client of the scheduler at an address, or named by a scheduler file."""
    address = str(address)
    kind = {"address": address}
    if address.endswith(".json"):
        if not os.path.isfile(address):
            raise FileNotFoundError(f"no scheduler file {address}: `dask scheduler` writes it")
        kind = {"scheduler_file": address}
    elif not _ADDRESS.fullmatch(address):
        raise ValueError(
            f"{address!r} is no address of a Dask scheduler: write tcp://HOST:8786, HOST:8786, or "
            "the path of the .json file that `dask scheduler --scheduler-file FILE.json` writes"
        )
    try:
        from distributed import Client
    except ImportError:
        raise ImportError(
            "a cluster needs Dask: pip install 'emopipe[dask]' here and on every worker"
        ) from None
    try:
        return Client(**kind, timeout=timeout)
    except (OSError, TimeoutError) as error:
        raise ConnectionError(
            f"no Dask scheduler answers at {address} within {timeout:g} s ({error}). Start one "
            "with `dask scheduler`, workers with `dask worker HOST:8786`, and pass the address "
            "that the scheduler prints."
        ) from None


def _check_workers(client):
    """Raise where a worker has another emopipe, or none."""
    from importlib.metadata import version

    found = client.run(version, "emopipe", on_error="return")
    for worker, theirs in sorted(found.items()):
        if isinstance(theirs, Exception):
            raise ImportError(
                f"the Dask worker {worker} has no emopipe: pip install 'emopipe[dask]' there, the "
                f"version of this machine ({__version__})"
            )
        _check_version(theirs, version("emopipe"), worker)


def _check_version(theirs, ours, worker):
    if theirs != ours:
        raise ImportError(
            f"the Dask worker {worker} has emopipe {theirs}, this machine {ours}: features would "
            "not be sure to be the same. Install one version everywhere and start the workers anew."
        )


@contextmanager
def on_cluster(address, *, timeout=10.0):
    """Send what happens inside to a Dask cluster: extraction, grid searches, folds.

    Parameters
    ----------
    address : str or Path
        Of the scheduler, such as "tcp://10.0.0.5:8786", or its scheduler file (.json).
    timeout : float
        Seconds that it may take to answer.

    Yields
    ------
    distributed.Client

    Raises
    ------
    ImportError
        If Dask is not installed here, or a worker has another emopipe, or none.
    ValueError
        If the address is none.
    ConnectionError
        If nobody answers there.

    Examples
    --------
    >>> with on_cluster("localhost"):
    ...     pass
    Traceback (most recent call last):
        ...
    ValueError: 'localhost' is no address of a Dask scheduler: write tcp://HOST:8786, HOST:8786, ...
    """
    with _client_of(address, timeout) as client:
        _check_workers(client)
        try:
            with joblib.parallel_config("dask", client=client, wait_for_workers_timeout=PATIENCE):
                yield client
        finally:
            clear_away(client)


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

    place = get_worker().address
    _check_version(__version__, version, place)
    lacking = [path for path in paths if not os.path.isfile(parse(path).path)]
    if lacking:
        raise FileNotFoundError(
            f"the Dask worker {place} does not see {lacking[0]}: clips must be on a file system "
            "that every worker mounts at the same place"
        )
    order = {path: number for number, path in enumerate(paths)}
    try:
        if recipe.elsewhere is not None:
            recipe.elsewhere()
        with Run(paths, recipe, n_jobs=1, **limits) as run:
            known = [(order[one.path], one.entry, one.passing) for one in run if one is not None]
    except Exception as error:
        error.add_note(f"on the Dask worker {place}")
        raise
    return known, dict(run.seconds), run.prepared, run.finished


def _deadly(path, killed) -> Known:
    detail = (
        f"{killed.allowed_failures + 1} Dask workers ended while they worked on it, the last one "
        f"{killed.last_worker.address} (perhaps their machine ran out of memory)"
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

    Attributes
    ----------
    workers : int
        Threads of the cluster.
    """

    def __init__(self, paths, recipe: Recipe, *, client, n_jobs, timeout, memory_limit):
        self.recipe, self.client, self.n_jobs = recipe, client, n_jobs
        self.limits = {"timeout": timeout, "memory_limit": memory_limit}
        self.seconds = Counter()
        self.prepared = self.finished = 0
        self.flying, self.done = {}, queue.SimpleQueue()
        self.suspects = deque()
        self.workers, self.looked, self.seen = 0, -math.inf, time.monotonic()
        self._look()
        size = max(1, min(SLICE, math.ceil(len(paths) / (_AHEAD * max(1, self.workers)))))
        self.slices = deque(paths[i : i + size] for i in range(0, len(paths), size))

    def _look(self):
        """See how many threads there are, and raise when it has had none for too long."""
        now = time.monotonic()
        if now - self.looked < _LOOK and self.workers:
            return
        self.workers, self.looked = sum(self.client.ncores().values()), now
        if self.workers:
            self.seen = now
        elif now - self.seen > PATIENCE:
            raise ConnectionError(
                f"the cluster at {self.client.scheduler.address} has had no worker for "
                f"{PATIENCE:g} s. Start some with `dask worker {self.client.scheduler.address}` "
                "and run this again: it goes on where it was."
            )

    def _send(self):
        """Keep the cluster busy; suspects come last, each alone."""
        self._look()
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
        future.add_done_callback(self.done.put)

    def __iter__(self) -> Iterator[Known | None]:
        self._send()
        while self.flying:
            try:
                future = self.done.get(timeout=_TICK)
            except queue.Empty:
                yield None
            else:
                yield from self._take(future, *self.flying.pop(future))
            self._send()

    def _take(self, future, paths, alone) -> Iterator[Known]:
        from distributed import KilledWorker

        if future.cancelled():
            raise ConnectionError(
                "the Dask scheduler was restarted or has gone; what was computed is kept. Run this "
                "again to go on."
            )
        try:
            known, seconds, prepared, finished = future.result()
        except KilledWorker as killed:
            if alone:
                yield _deadly(paths[0], killed)
            self.suspects.extend([] if alone else paths)
            return
        self.seconds.update(seconds)
        self.prepared += prepared
        self.finished += finished
        for number, entry, passing in known:
            if entry.value is not None:
                entry.value.flags.writeable = False
            yield Known(paths[number], entry, passing)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.flying:
            self.client.cancel(list(self.flying))
