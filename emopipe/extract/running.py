"""Clips through worker processes and the network: rows of many clips share batches."""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from queue import Empty, Full, Queue
from typing import NamedTuple

import numpy as np

import emopipe.extract.workers as workers
from emopipe.extract.pooling import POOLINGS
from emopipe.extract.recipe import Block, Recipe
from emopipe.extract.workers import Outcome
from emopipe.store import Entry

# Threads of one process share its network: it is loaded once and called by one at a time.
_NETWORK = threading.Lock()
# Messages of a few megabytes each that may wait while the network is busy.
_WAITING = 16
# Seconds after which the caller is woken although nothing happened.
_TICK = 0.5


class Known(NamedTuple):
    """What became of one clip; `passing` says that another run may find otherwise."""

    path: str
    entry: Entry
    passing: bool


def _failed(status, detail, began) -> Outcome:
    return Outcome(status, detail, {}, {"lost": time.perf_counter() - began}, passing=True)


class _Crew:
    """One thread per worker process, handing it one clip after the other."""

    def __init__(self, paths, task, n_jobs, timeout):
        self.paths, self.task, self.timeout = deque(paths), task, timeout
        self.messages = Queue(_WAITING)
        self.stopping = threading.Event()
        self.busy: dict[int, workers.Worker] = {}
        self.starting = dict.fromkeys(range(n_jobs), 0.0)  # s, of each thread
        self.threads = [
            threading.Thread(target=self._work, args=(i,), daemon=True, name=f"emopipe-{i}")
            for i in range(n_jobs)
        ]
        for thread in self.threads:
            thread.start()

    def _tell(self, path, message):
        while not self.stopping.is_set():
            try:
                return self.messages.put((path, message), timeout=0.1)
            except Full:
                continue

    def _work(self, i):
        try:
            while not self.stopping.is_set():
                try:
                    path = self.paths.popleft()
                except IndexError:
                    break
                self._clip(i, path)
            if i in self.busy and not self.stopping.is_set():
                workers.give_back(self.busy.pop(i))
        except BaseException as error:
            self._tell(None, error)
        finally:
            self._dismiss(i)
            self._tell(None, None)

    def _dismiss(self, i):
        worker = self.busy.pop(i, None)
        if worker is not None:
            worker.stop()

    def _clip(self, i, path):
        while not self.stopping.is_set():
            began = time.perf_counter()
            if i not in self.busy:
                self.busy[i] = workers.borrow(self.task)
                self.starting[i] += time.perf_counter() - began
                continue  # whoever stops us must see the worker, or we the wish to stop
            worker = self.busy[i]
            first = worker.prepared == 0
            try:
                for message in worker.prepare(path, self.timeout):
                    self._tell(path, message)
                if worker.process.poll() is not None:
                    self._dismiss(i)
                return
            except TimeoutError:
                self._dismiss(i)
                detail = f"it made no progress for {self.timeout:g} s (timeout)"
                return self._tell(path, _failed("timeout", detail, began))
            except workers.Crash as crash:
                self._dismiss(i)
                if first:
                    return self._tell(path, _failed("crashed", str(crash), began))
                # An earlier clip may have left the process damaged: once more in a fresh one.
                self._tell(path, _failed("again", "", began))

    def __iter__(self):
        """Yield (path, Block or Outcome), and None every now and then."""
        left = len(self.threads)
        while left:
            try:
                path, message = self.messages.get(timeout=_TICK)
            except Empty:
                yield None
                continue
            if isinstance(message, BaseException):
                raise message
            if path is None:
                left -= 1
            else:
                yield path, message

    def stop(self):
        """End the workers that are still busy."""
        self.stopping.set()
        for worker in list(self.busy.values()):
            worker.process.kill()
        for thread in self.threads:
            thread.join(10)  # one that waits for a process to start ends it as soon as it has


class _Clip:
    """One clip whose rows are on their way."""

    def __init__(self, path, pooling):
        self.path, self.pool = path, POOLINGS[pooling]()
        self.waiting, self.outcome = 0, None

    def known(self) -> Known:
        outcome, value = self.outcome, self.outcome.value
        if value is None and outcome.status in ("ok", "partial"):
            value = self.pool.value()
        if value is not None:
            value.flags.writeable = False
        entry = Entry(value, outcome.status, outcome.detail, outcome.counts)
        return Known(self.path, entry, outcome.passing)


class _Batches:
    """Rows of many clips, given to `finish` in batches, and back to their clips."""

    def __init__(self, recipe, seconds):
        self.recipe, self.seconds = recipe, seconds
        self.finished = 0
        self.clips: dict[str, _Clip] = {}
        self.rows: dict[tuple, deque] = {}

    def take(self, path, message) -> Iterator[Known]:
        """Take in a block or an outcome; yield what has become known."""
        clip = self.clips.setdefault(path, _Clip(path, self.recipe.pooling))
        if isinstance(message, Block):
            clip.waiting += len(message.rows)
            kind = message.rows.dtype, message.rows.shape[1:]
            queue = self.rows.setdefault(kind, deque())
            queue.append((clip, *message))
            while sum(len(rows) for _, rows, _ in queue) >= self.recipe.batch_size:
                yield from self._finish(queue, self.recipe.batch_size)
            return
        clip.outcome = message
        self.seconds.update(message.seconds)
        if message.status not in ("ok", "partial"):
            self._forget(clip)
        if message.status == "again":
            del self.clips[path]
        elif not clip.waiting:
            yield self.clips.pop(path).known()

    def _forget(self, clip):
        clip.waiting = 0
        for kind, queue in self.rows.items():
            self.rows[kind] = deque(item for item in queue if item[0] is not clip)

    def flush(self) -> Iterator[Known]:
        """Finish the rows left over in smaller batches."""
        for queue in self.rows.values():
            while queue:
                n = min(sum(len(rows) for _, rows, _ in queue), self.recipe.batch_size)
                yield from self._finish(queue, n)

    def _finish(self, queue, n) -> Iterator[Known]:
        parts = list(_taken(queue, n))
        batch = parts[0][1] if len(parts) == 1 else np.concatenate([rows for _, rows, _ in parts])
        with _NETWORK:
            began = time.perf_counter()
            results = np.asarray(self.recipe.finish(batch, **self.recipe.finish_args))
            self.seconds["network"] += time.perf_counter() - began
        self.finished += n
        if len(results) != n:
            raise ValueError(
                f"finish of recipe {self.recipe.name!r} returned {len(results)} rows for {n}"
            )
        start = 0
        for clip, rows, times in parts:
            clip.pool.add(results[start : start + len(rows)], times)
            start += len(rows)
            clip.waiting -= len(rows)
            if clip.outcome is not None and not clip.waiting:
                yield self.clips.pop(clip.path).known()


def _taken(queue, n):
    """Take n rows off a queue, as (clip, rows, times)."""
    while n:
        clip, rows, times = queue.popleft()
        if len(rows) > n:
            queue.appendleft((clip, rows[n:], None if times is None else times[n:]))
            rows, times = rows[:n], None if times is None else times[:n]
        n -= len(rows)
        yield clip, rows, times


class Run:
    """The way of some clips through a recipe; iterating yields `Known`, or None now and then.

    Parameters
    ----------
    paths : list of str
        Each once.
    recipe : Recipe
        What to compute.
    n_jobs : int
        Worker processes.
    timeout : float or None
        Seconds a clip may take to its first or next rows.
    memory_limit : int or None
        Bytes by which a worker may grow.
    """

    def __init__(self, paths, recipe: Recipe, *, n_jobs, timeout, memory_limit):
        self.seconds = Counter()
        self.workers = n_jobs
        self.batches = _Batches(recipe, self.seconds)
        self.prepared = 0
        self._crew = _Crew(paths, workers.task_of(recipe, memory_limit), n_jobs, timeout)

    def __iter__(self) -> Iterator[Known | None]:
        for item in self._crew:
            if item is None:
                yield None
                continue
            path, message = item
            self.prepared += isinstance(message, Outcome) and message.status != "again"
            yield from self.batches.take(path, message)
        yield from self.batches.flush()
        self.seconds["start"] += sum(self._crew.starting.values())

    @property
    def finished(self) -> int:
        """Rows that went through the network so far."""
        return self.batches.finished

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._crew.stop()
