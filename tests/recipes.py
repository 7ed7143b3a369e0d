"""Functions of recipes for tests: clips are small text files that say what happens with them."""

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import numpy as np

from emopipe.extraction import Block, ClipTransformer, Prepared, Recipe
from emopipe.media import ClipError


def write_clips(folder, contents, suffix=".clip"):
    """Write a clip per content: a list of rows, or a word for what shall happen."""
    paths = []
    for i, content in enumerate(contents):
        path = Path(folder) / f"{i:03d}{suffix}"
        path.write_text(json.dumps(content))
        paths.append(str(path))
    return paths


def rows(path, *, block=2, dtype="float32", trace=None):
    """Yield the rows written in a clip, or do what its word says."""
    content = json.loads(Path(path).read_text() or "[]")
    if trace:
        with open(trace, "a") as file:
            file.write(f"{os.getpid()} {Path(path).name}\n")
    if isinstance(content, str):
        yield from _misbehave(path, content)
    table = np.array(content, dtype)
    for start in range(0, len(table), block):
        part = table[start : start + block]
        yield Block(part, np.arange(start, start + len(part)) / 25)
    return Prepared(counts={"rows": len(table)}, seconds={"decode": 0.001})


def _misbehave(path, word):
    yield Block(np.zeros((1, 2), np.float32), np.zeros(1))
    if word == "abort":
        os.abort()
    elif word == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif word == "exit":
        os._exit(0)
    elif word == "hang":
        while True:
            signal.pause()
    elif word == "memory":
        np.ones(2**40, np.uint8)
    elif word == "hidden":
        try:
            np.ones(2**40, np.uint8)
        except MemoryError as error:
            raise ClipError(path, "corrupt", "the decoder failed") from error
    elif word == "swallowed":  # as decoders do, which then give what they have
        with suppress(MemoryError):
            _ = [np.ones(2**20, np.uint8) for _ in range(2**10)]
        raise ClipError(path, "corrupt", "the decoder failed")
    elif word == "busy":
        while True:
            yield Block(np.zeros((1, 2), np.float32), np.zeros(1))
    elif word == "bug":
        raise KeyError("nothing of that name")
    elif word == "module":
        raise ImportError("No module named 'moonshine': pip install moonshine")
    elif word == "model":
        raise FileNotFoundError("no model at /nowhere")
    raise ClipError(path, word, f"it was told to be {word}")


def crash_later(path, *, trace):
    """Crash on every clip but the first that this process prepares."""
    before = Path(trace).read_text().split() if Path(trace).exists() else []
    with open(trace, "a") as file:
        file.write(f"{os.getpid()}\n")
    if str(os.getpid()) in before:
        os.abort()
    yield Block(np.ones((1, 2)))


def many(path, *, n, trace):
    """Yield n blocks of half a megabyte, and write down how many."""
    with open(trace, "ab", buffering=0) as file:
        for _ in range(n):
            file.write(b".")
            yield Block(np.ones((1, 2**19), np.uint8))


def tiny(path, *, n, trace):
    """Yield n rows of a number."""
    for start in range(0, n, 1000):
        yield Block(np.ones((min(1000, n - start), 1), np.uint8))


def changing(path, *, victim):
    """Yield a row, and write another file into the place of one clip."""
    if path == victim:
        Path(path).write_text("[[7, 7]]")
    yield Block(np.ones((1, 2)))


def writing(path, *, file, size):
    """Write a file."""
    with open(file, "wb") as out:
        out.truncate(size)
    yield Block(np.ones((1, 2)))


def empty(path):
    """Yield nothing at all."""
    yield from ()


def objects(path):
    """Yield what is no array of numbers."""
    yield Block(np.array([{}]))


def double(batch, *, factor=2.0):
    """Stand in for a network."""
    return (batch * factor).astype(batch.dtype)


def interrupt(batch, *, trace, alarm):
    """Stand in for a network; while the alarm's file is there, its 4th batch is interrupted."""
    with open(trace, "a") as file:
        file.write(".")
    if Path(alarm).exists() and Path(trace).stat().st_size > 3:
        raise KeyboardInterrupt
    return batch


def behind(batch, *, produced, lags):
    """Write down how many rows were produced and not yet given to the network."""
    with open(lags, "a") as file:
        file.write(f"{Path(produced).stat().st_size}\n")
    return np.zeros((len(batch), 1))


def too_few(batch):
    """Return fewer rows than were given."""
    return batch[1:]


class RowMeans(ClipTransformer):
    """Mean of the rows written in a clip."""

    def __init__(
        self,
        *,
        factor=2.0,
        batch_size=4,
        column="path",
        store="default",
        n_jobs=-1,
        on_error="nan",
        progress=False,
    ):
        super().__init__(
            column=column, store=store, n_jobs=n_jobs, on_error=on_error, progress=progress
        )
        self.factor = factor
        self.batch_size = batch_size

    def _recipe(self):
        return Recipe(
            "row_means", 1, rows, finish=double, finish_args={"factor": self.factor},
            batch_size=self.batch_size,
        )  # fmt: skip

    def _feature_names(self):
        return ["first", "second"]


class WronglyNamed(RowMeans):
    """Names one feature too few."""

    def _feature_names(self):
        return ["first"]
