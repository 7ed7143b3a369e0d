"""Run clips through worker processes and the network; rows of many clips share batches."""

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator
from queue import Empty, Full, Queue
from typing import NamedTuple

import numpy as np

import emopipe.extraction.pool.parent as workers
from emopipe.extraction.pool.parent import Outcome
from emopipe.extraction.pooling import POOLINGS, LargeValue
from emopipe.extraction.recipe import Block, Recipe
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


class Contents(NamedTuple):
    """What a file holds, as a checksum; None and what became of it where it cannot be read."""

    file: str
    checksum: str | None
    entry: Entry | None


def _failure(status, detail, began) -> Outcome:
    return Outcome(status, detail, {}, {"lost": time.perf_counter() - began}, passing=True)


class _Crew:
    """One thread per worker process, handing it one clip, or one file, after the other."""

    def __init__(self, task, n_jobs, timeout):
        self.task, self.timeout = task, timeout
        # Clips first: a file that was just read for its checksum is still in memory.
        self.requests = {"clip": deque(), "file": deque()}
        self.changed, self.closed = threading.Condition(), False
        self.messages = Queue(_WAITING)
        self.stopping = threading.Event()
        self.busy: dict[int, workers.Worker] = {}
        self.starting = dict.fromkeys(range(n_jobs), 0.0)  # s, of each thread
        self.left = n_jobs
        self.threads = [
            threading.Thread(target=self._work, args=(i,), daemon=True, name=f"emopipe-{i}")
            for i in range(n_jobs)
        ]
        for thread in self.threads:
            thread.start()

    def add(self, kind, path):
        """Ask for a clip to be prepared ("clip"), or for the checksum of a file ("file")."""
        with self.changed:
            self.requests[kind].append(path)
            self.changed.notify()

    def close(self):
        """Let the threads end when nothing is left to do."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def _next(self):
        with self.changed:
            while not self.stopping.is_set():
                for kind, paths in self.requests.items():
                    if paths:
                        return kind, paths.popleft()
                if self.closed:
                    break
                self.changed.wait(_TICK)
        return None

    def _tell(self, kind, path, message):
        while not self.stopping.is_set():
            try:
                return self.messages.put((kind, path, message), timeout=0.1)
            except Full:
                continue

    def _work(self, i):
        try:
            while request := self._next():
                self._request(i, *request)
            if i in self.busy and not self.stopping.is_set():
                workers.give_back(self.busy.pop(i))
        except BaseException as error:
            self._tell(None, None, error)
        finally:
            self._dismiss(i)
            self._tell(None, None, None)

    def _dismiss(self, i):
        worker = self.busy.pop(i, None)
        if worker is not None:
            worker.stop()

    def _request(self, i, kind, path):
        while not self.stopping.is_set():
            began = time.perf_counter()
            if i not in self.busy:
                self.busy[i] = workers.borrow(self.task)
                self.starting[i] += time.perf_counter() - began
                continue  # whoever stops us must see the worker, or we the wish to stop
            worker = self.busy[i]
            first = worker.prepared == 0
            try:
                for message in worker.work(kind, path, self.timeout):
                    self._tell(kind, path, message)
                if worker.process.poll() is not None:
                    self._dismiss(i)
                return
            except workers.Overtime as overtime:
                self._dismiss(i)
                return self._tell(kind, path, _failure("timeout", str(overtime), began))
            except workers.Crash as crash:
                self._dismiss(i)
                if first:
                    return self._tell(kind, path, _failure("crashed", str(crash), began))
                # An earlier clip may have left the process damaged: once more in a fresh one.
                self._tell(kind, path, _failure("again", "", began))

    def receive(self):
        """Return (kind, path, Block or Outcome), or None every now and then and at the end."""
        try:
            kind, path, message = self.messages.get(timeout=_TICK)
        except Empty:
            return None
        if isinstance(message, BaseException):
            raise message
        if kind is None:
            self.left -= 1
            return None
        return kind, path, message

    def stop(self):
        """End the workers that are still busy."""
        self.stopping.set()
        self.close()
        for worker in list(self.busy.values()):
            worker.process.kill()
        for thread in self.threads:
            thread.join(10)  # one that waits for a process to start ends it as soon as it has


class _Clip:
    """One clip whose rows are on their way."""

    def __init__(self, path, pooling):
        self.path, self.pool = path, POOLINGS[pooling]()
        self.waiting, self.outcome, self.fault = 0, None, None

    def add(self, rows, times):
        """Take in rows that went through the network, unless they are too many."""
        try:
            if self.fault is None:
                self.pool.add(rows, times)
        except LargeValue as error:
            self.pool, self.fault = None, str(error)

    def result(self) -> Known:
        outcome, value = self.outcome, self.outcome.value
        if self.fault is not None and outcome.status in ("ok", "partial"):
            outcome = outcome._replace(status="too_large", detail=self.fault)
        if value is None and outcome.status in ("ok", "partial"):
            value = self.pool.value()
        if value is not None and value.dtype.kind in "fc" and not np.isfinite(value).all():
            n = value.size - np.count_nonzero(np.isfinite(value))
            detail = f"{n} of {value.size} values are not finite"
            outcome, value = Outcome("crashed", detail, outcome.counts, passing=True), None
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
            yield self.clips.pop(path).result()

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
        parts = list(_take_rows(queue, n))
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
            clip.add(results[start : start + len(rows)], times)
            start += len(rows)
            clip.waiting -= len(rows)
            if clip.outcome is not None and not clip.waiting:
                yield self.clips.pop(clip.path).result()


def _take_rows(queue, n):
    """Take n rows off a queue, as (clip, rows, times)."""
    while n:
        clip, rows, times = queue.popleft()
        if len(rows) > n:
            queue.appendleft((clip, rows[n:], None if times is None else times[n:]))
            rows, times = rows[:n], None if times is None else times[:n]
        n -= len(rows)
        yield clip, rows, times


class Run:
    """The way of some clips through a recipe, and of some files to their checksums.

    Iterating yields `Known` for clips, `Contents` for files, and None now and then, until all that
    was asked for is done; while it lasts, more may be asked for.

    Parameters
    ----------
    recipe : Recipe
        What to compute.
    n_jobs : int
        Worker processes.
    timeout : float or None
        Seconds a clip may take to its first or next rows; it also counts towards the processor time
        that it may take in all.
    memory_limit : int or None
        Bytes by which a worker may grow.
    """

    def __init__(self, recipe: Recipe, *, n_jobs, timeout, memory_limit):
        self.seconds = Counter()
        self.workers = n_jobs
        self.batches = _Batches(recipe, self.seconds)
        self.prepared = 0
        self._waiting = 0
        task = workers.task_of(recipe, timeout=timeout, memory_limit=memory_limit)
        self._crew = _Crew(task, n_jobs, timeout)

    def prepare(self, path: str) -> None:
        """Ask for a clip, each one once."""
        self._waiting += 1
        self._crew.add("clip", path)

    def read(self, file: str) -> None:
        """Ask for the checksum of a file."""
        self._waiting += 1
        self._crew.add("file", file)

    def __iter__(self) -> Iterator[Known | Contents | None]:
        while self._waiting:
            item = self._crew.receive()
            if item is None:
                yield None
                continue
            kind, path, message = item
            final = isinstance(message, Outcome) and message.status != "again"
            self._waiting -= final
            if kind == "file":
                yield from self._contents(path, message) if final else ()
            else:
                self.prepared += final
                yield from self.batches.take(path, message)
        self._crew.close()
        while self._crew.left:
            self._crew.receive()
        yield from self.batches.flush()
        self.seconds["start"] += sum(self._crew.starting.values())

    def _contents(self, file, outcome) -> Iterator[Contents]:
        self.seconds.update(outcome.seconds)
        entry = None
        if outcome.content is None:
            entry = Entry(None, outcome.status, outcome.detail, outcome.counts)
        yield Contents(file, outcome.content, entry)

    @property
    def finished(self) -> int:
        """Rows that went through the network so far."""
        return self.batches.finished

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._crew.stop()
