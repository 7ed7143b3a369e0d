"""The extraction engine: arrays from paths and a recipe, through the store, in parallel."""

import os
import time
from collections import Counter
from functools import partial

import joblib
from joblib.parallel import get_active_backend

from emopipe.extraction.clips import Clips
from emopipe.extraction.dask import broadcast
from emopipe.extraction.dask.client import client_in_use, inside_task
from emopipe.extraction.dask.run import ClusterRun, read_at_workers
from emopipe.extraction.pool.batching import Contents, Run
from emopipe.extraction.recipe import Recipe
from emopipe.extraction.results import Extraction, StoredValues
from emopipe.progress import progress_bar
from emopipe.store import Entry, open_store

# What this process has done so far, for tests: clips prepared, rows finished.
COUNTERS = Counter()


def _cluster_of(n_jobs):
    """Return the client of the cluster that joblib uses, unless this machine is asked for."""
    return None if n_jobs == 1 else client_in_use()


def _is_a_task() -> bool:
    """Say whether this code is itself a task of joblib or Dask, beside others on its machine."""
    return bool(get_active_backend()[0].nesting_level) or inside_task()


def _n_processes(n_jobs, n_clips) -> int:
    """Say how many worker processes to use, however many machines joblib may count."""
    n = n_jobs
    if n_jobs is None or n_jobs <= 0:
        n = 1 if _is_a_task() else min(joblib.effective_n_jobs(n_jobs), joblib.cpu_count())
    return max(1, min(n, n_clips))


class _Bar:
    """A progress bar with rate, time left and the tally of statuses."""

    def __init__(self, visible, name, clips):
        self.tally = Counter(clips.finished_statuses())
        self.bar = progress_bar(
            len(clips.paths), name, "clip", visible=visible, initial=self.tally.total()
        )

    def take(self, statuses):
        self.tally.update(statuses)
        self.bar.set_postfix(self.tally, refresh=False)
        self.bar.update(len(statuses))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bar.close()


def _compute(clips, progress, *, n_jobs, **limits):
    """Compute what is missing; return seconds, and what was done by how many."""
    recipe = clips.recipe
    if not clips.unread and not clips.missing:
        return {}, {}
    client = _cluster_of(n_jobs)
    with clips, _Bar(progress, recipe.name, clips) as bar:
        if client is not None:
            for contents in read_at_workers(client, recipe, clips.unread, limits):
                bar.take(clips.learn(contents))
            run = ClusterRun(clips.next(), recipe, client=client, n_jobs=n_jobs, **limits)
        else:
            n = len(clips.unread) + len(clips.missing)
            run = Run(recipe, n_jobs=_n_processes(n_jobs, n), **limits)
            for file in clips.unread:
                run.read(file)
            for path in clips.next():
                run.prepare(path)
        with run:
            for item in run:
                if isinstance(item, Contents):
                    bar.take(clips.learn(item))
                    for path in clips.next():
                        run.prepare(path)
                else:
                    bar.take(clips.take(item))
    counts = {"prepared": run.prepared, "finished": run.finished, "workers": run.workers}
    return dict(run.seconds), counts | {"cluster": client is not None}


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

    Files are read and clips prepared in worker processes, each within limits, so that a clip that
    cannot be read, hangs, crashes or devours memory costs nothing but itself. Results enter the
    store as they become known: an interrupted call continues where it was. A failure that the clip
    explains (no face, no sound, damaged) is kept like a value; "timeout", "crashed", lack of memory
    and what keeps a file from being read are tried again by the next call. An unexpected exception
    in `prepare` is "crashed", with its traceback as detail.

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
        Seconds a clip may take to its first, or to its next, rows; in all it may take as much
        processor time and 1000 s more per megabyte of its file.
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
    >>> from emopipe.extraction.recipe import loudness
    >>> path = os.path.join(tempfile.mkdtemp(), "clip.wav")
    >>> with wave.open(path, "wb") as file:
    ...     file.setparams((1, 2, 16000, 0, "NONE", ""))
    ...     file.writeframes(np.full(16000, 2**14, np.int16).tobytes())
    >>> extraction = extract([path], Recipe("loudness", 1, loudness), n_jobs=1)
    >>> extraction.statuses, extraction.values[0].round(3)
    (['ok'], array([0.5]))
    """
    began = time.perf_counter()
    paths = [None if path is None else os.fspath(path) for path in paths]
    present = [path for path in paths if path is not None]
    limits = {"n_jobs": n_jobs, "timeout": timeout, "memory_limit": memory_limit}
    entries = broadcast.lookup(recipe, present) if inside_task() and not lazy else {}
    unknown = [path for path in dict.fromkeys(present) if path not in entries]
    store = open_store(store) if unknown or not entries else None
    lazy = lazy and store is not None
    clips = Clips(unknown, recipe, store, lazy=lazy)
    looked = time.perf_counter() - began
    seconds, counts = _compute(clips, progress, **limits)
    COUNTERS.update({name: counts.get(name, 0) for name in ("prepared", "finished")})
    seconds |= {"store": looked + clips.seconds, "wall": time.perf_counter() - began}
    entries[None] = Entry(None, absent, "The table has no path of this clip.")
    ordered = [entries[p] if p in entries else clips.entry(p) for p in paths]
    columns = [list(column) for column in zip(*ordered, strict=True)] or [[], [], [], []]
    if lazy:
        keys = [
            clips.keys[path] if entry.status in ("ok", "partial") else None
            for path, entry in zip(paths, ordered, strict=True)
        ]
        columns[0] = StoredValues(keys, store, partial(_again, paths, recipe, store, limits))
    stored = sum(path in entries or clips.is_stored(path) for path in paths)
    return Extraction(*columns, seconds=seconds, stored=stored, **counts)
