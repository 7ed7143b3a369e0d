"""The one engine: paths and a recipe become arrays, through the store, in parallel."""

import hashlib
import os
import time
from collections import Counter
from functools import partial

import joblib
from joblib.parallel import get_active_backend

from emopipe.extract import shelf
from emopipe.extract.cluster import ClusterRun, hash_at_workers
from emopipe.extract.connection import client_in_use, inside_task
from emopipe.extract.extraction import Extraction
from emopipe.extract.lazy import StoredValues
from emopipe.extract.recipe import Recipe
from emopipe.extract.running import Run
from emopipe.media.excerpts import parse
from emopipe.progress import progress_bar
from emopipe.store import Entry, hash_files, open_store

# What this process has done so far, for tests: clips prepared, rows finished.
COUNTERS = Counter()


def _cluster_of(n_jobs):
    """Return the client of the cluster that joblib uses, unless this machine is asked for."""
    return None if n_jobs == 1 else client_in_use()


def _read(files, *, n_jobs, progress):
    """Yield the checksum of each file, read here or by the workers of a cluster."""
    client = _cluster_of(n_jobs)
    digests = hash_files(files) if client is None else hash_at_workers(client, files)
    with progress_bar(len(files), "checksums", "file", shown=progress, delay=1) as bar:
        for digest in digests:
            bar.update()
            yield digest


def _keys(paths, recipe, store, read) -> dict[str, str]:
    """Name every clip's result; without a store a clip is its path."""
    missing = [path for path in paths if not os.path.isfile(parse(path).path)]
    if missing:
        raise FileNotFoundError(
            f"{len(missing)} of {len(paths)} clips do not exist or are no files: first "
            f"{missing[0]}. Correct the paths, or leave these clips out."
        )
    if store is None:
        return {path: path for path in paths}
    contents = store.content_hashes(paths, read)
    return {
        path: hashlib.sha256((content + recipe.key).encode()).hexdigest()
        for path, content in zip(paths, contents, strict=True)
    }


def _is_one_of_many() -> bool:
    """Say whether this code is itself a task of joblib or Dask, beside others on its machine."""
    return bool(get_active_backend()[0].nesting_level) or inside_task()


def _n_processes(n_jobs, n_clips) -> int:
    """Say how many worker processes to use, however many machines joblib may count."""
    n = n_jobs
    if n_jobs is None or n_jobs <= 0:
        n = 1 if _is_one_of_many() else min(joblib.effective_n_jobs(n_jobs), joblib.cpu_count())
    return max(1, min(n, n_clips))


def _run(missing, recipe, *, n_jobs, **limits):
    """Return the run of some clips, on the cluster that joblib uses or on this machine."""
    client = _cluster_of(n_jobs)
    if client is not None:
        return ClusterRun(missing, recipe, client=client, n_jobs=n_jobs, **limits)
    return Run(missing, recipe, n_jobs=_n_processes(n_jobs, len(missing)), **limits)


class _Keeper:
    """Puts results into the store, many in one transaction, and the rest when it is left."""

    def __init__(self, store, recipe, keys, entries, lazy):
        self.store, self.recipe, self.keys, self.entries = store, recipe, keys, entries
        self.lazy = lazy
        self.fresh, self.bytes, self.seconds = {}, 0, 0.0
        self.last = time.monotonic()

    def take(self, known):
        if known is not None:
            key = self.keys[known.path]
            self.entries[key] = known.entry
            if self.store is not None and not known.passing:
                self.fresh[key] = known.entry
                self.bytes += 0 if known.entry.value is None else known.entry.value.nbytes
        if time.monotonic() - self.last > 0.5 or self.bytes > 2**24:
            self.flush()

    def flush(self):
        began = time.perf_counter()
        if self.fresh:
            name, parameters = self.recipe.name, self.recipe.parameters
            self.store.put(self.fresh, name=name, parameters=parameters)
            if self.lazy:
                self.entries.update({k: e._replace(value=None) for k, e in self.fresh.items()})
        self.fresh, self.bytes, self.last = {}, 0, time.monotonic()
        self.seconds += time.perf_counter() - began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.flush()


class _Bar:
    """A progress bar with rate, time left and the tally of statuses."""

    def __init__(self, shown, name, total, known):
        self.tally = Counter(known)
        self.bar = progress_bar(total, name, "clip", shown=shown, initial=self.tally.total())

    def take(self, known):
        if known is not None:
            self.tally[known.entry.status] += 1
            self.bar.set_postfix(self.tally, refresh=False)
            self.bar.update()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bar.close()


def _compute(keeper, progress, **limits):
    """Compute what is missing; return seconds, and what was done by how many."""
    first = {}
    for path, key in keeper.keys.items():
        first.setdefault(key, path)
    missing = [path for key, path in first.items() if key not in keeper.entries]
    if not missing:
        return {}, {}
    statuses = [entry.status for entry in keeper.entries.values()]
    with (
        _Bar(progress, keeper.recipe.name, len(first), statuses) as bar,
        _run(missing, keeper.recipe, **limits) as run,
    ):
        for known in run:
            keeper.take(known)
            bar.take(known)
    done = {"prepared": run.prepared, "finished": run.finished, "workers": run.workers}
    done["cluster"] = not isinstance(run, Run)
    return dict(run.seconds), done


def _again(paths, recipe, store, limits, rows) -> list:
    """Return the values of some paths, computed where they have gone from the store."""
    return extract([paths[i] for i in rows], recipe, store=store, **limits).values


def extract(
    paths,
    recipe: Recipe,
    *,
    store="default",
    n_jobs=-1,
    timeout=300.0,
    memory_limit=4 * 2**30,
    progress=False,
    lazy=False,
    absent="no_video",
) -> Extraction:
    """Compute a recipe for every path, or take from the store what is known.

    Clips are prepared in worker processes, each within limits, so that a clip that hangs, crashes
    or devours memory costs nothing but itself. Results enter the store as they become known: an
    interrupted call continues where it was. A failure that the clip explains (no face, no sound,
    damaged) is kept like a value; "timeout", "crashed" and lack of memory are tried again by the
    next call. An unexpected exception in `prepare` is "crashed", with its traceback as detail.

    Parameters
    ----------
    paths : iterable of str, Path or None
        Clips, in any order, repeated or not; None where a clip lacks the recording in question.
    recipe : Recipe
        What to compute.
    store : "default", None, str, Path or Store
        Where results are kept; None keeps nothing, in memory neither.
    n_jobs : int or None
        Worker processes, at least one; negative numbers count back from all processors, None is
        joblib's current choice. Within a task of joblib or Dask, both mean one. Where joblib's
        backend is Dask (``joblib.parallel_config("dask")``), clips go to the cluster instead: a
        number is how many slices of clips may be under way, 1 stays on this machine, anything else
        is what keeps every thread busy. A client that is merely connected changes nothing.
    timeout : float or None
        Seconds a clip may take to its first, or to its next, rows.
    memory_limit : int or None
        Bytes by which a worker may grow (Linux only).
    progress : bool
        Show a progress bar on standard error.
    lazy : bool
        Leave the values in the store until they are asked for (`StoredValues`), so that memory
        does not grow with their number. Without a store they are kept in memory all the same.
    absent : "no_video" or "no_audio"
        Status of a clip without a path.

    Returns
    -------
    Extraction

    Raises
    ------
    FileNotFoundError
        If a path does not exist; nothing is computed then.
    StoreError
        If the store cannot be used.
    ImportError
        If a worker cannot import the recipe's function, or that function something it needs.
    ConnectionError
        If a cluster has gone, or stays without workers.

    Examples
    --------
    >>> import tempfile, wave
    >>> import numpy as np
    >>> from emopipe.extract.recipe import loudness
    >>> path = os.path.join(tempfile.mkdtemp(), "clip.wav")
    >>> with wave.open(path, "wb") as file:
    ...     file.setparams((1, 2, 16000, 0, "NONE", ""))
    ...     file.writeframes(np.full(16000, 2**14, np.int16).tobytes())
    >>> found = extract([path], Recipe("loudness", 1, loudness), n_jobs=1)
    >>> found.statuses, found.values[0].round(3)
    (['ok'], array([0.5]))
    """
    began = time.perf_counter()
    paths = [None if path is None else os.fspath(path) for path in paths]
    present = [path for path in paths if path is not None]
    limits = {"n_jobs": n_jobs, "timeout": timeout, "memory_limit": memory_limit}
    entries = shelf.known(recipe, present) if inside_task() and not lazy else {}
    unknown = [path for path in dict.fromkeys(present) if path not in entries]
    store = open_store(store) if unknown or not entries else None
    lazy = lazy and store is not None
    keys = _keys(unknown, recipe, store, partial(_read, n_jobs=n_jobs, progress=progress))
    if store is not None:
        entries |= (store.peek if lazy else store.get)(keys.values())
    looked = time.perf_counter() - began
    stored = len(paths) - sum(keys.get(path, path) not in entries for path in present)
    with _Keeper(store, recipe, keys, entries, lazy) as keeper:
        seconds, done = _compute(keeper, progress, **limits)
    COUNTERS.update({name: done.get(name, 0) for name in ("prepared", "finished")})
    seconds |= {"store": looked + keeper.seconds, "wall": time.perf_counter() - began}
    entries[None] = Entry(None, absent, "The table has no path of this clip.")
    ordered = [entries[keys.get(path, path)] for path in paths]
    columns = [list(column) for column in zip(*ordered, strict=True)] or [[], [], [], []]
    if lazy:
        known = [
            keys[path] if entry.status in ("ok", "partial") else None
            for path, entry in zip(paths, ordered, strict=True)
        ]
        columns[0] = StoredValues(known, store, partial(_again, paths, recipe, store, limits))
    return Extraction(*columns, seconds=seconds, stored=stored, **done)
