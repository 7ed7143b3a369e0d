"""Recipes: importable functions and plain parameters that say what to compute from a clip."""

import hashlib
import importlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from emopipe.extraction.pooling import POOLINGS
from emopipe.parameters import check_number, check_one_of

# Part of every key: raised when the engine, or how media are read, changes what recipes give.
_ENGINE = 2


class Block(NamedTuple):
    """Some consecutive rows of one clip.

    Parameters
    ----------
    rows : ndarray of shape (n, ...)
        One row per frame, crop or window, in the order of time.
    times : float64 ndarray of shape (n,), optional
        Seconds from the clip's start; needed by the pooling "timed" only.

    Examples
    --------
    >>> Block(np.zeros((2, 3))).times is None
    True
    """

    rows: np.ndarray
    times: np.ndarray | None = None


class Prepared(NamedTuple):
    """What `prepare` returns after its last block.

    Parameters
    ----------
    status : str
        "ok", or "partial" where something of the clip had to be left out.
    counts : dict of str to int
        What was counted on the way, e.g. frames and faces.
    seconds : dict of str to float
        Where the time went, e.g. decode, faces, features.

    Examples
    --------
    >>> Prepared().status
    'ok'
    """

    status: str = "ok"
    counts: dict[str, int] = {}  # noqa: RUF012 - never changed, and must be picklable
    seconds: dict[str, float] = {}  # noqa: RUF012


def loudness(path, *, window=0.025):
    """Yield the root mean square of a clip's sound in windows: the smallest useful `prepare`.

    Parameters
    ----------
    path : str
        A file with sound.
    window : float
        Seconds.

    Yields
    ------
    Block
        Rows float64 (n, 1), full scale being 1.

    Raises
    ------
    ClipError
        If there is no sound, or less than a window of it.
    """
    from emopipe.media import signal

    samples = signal(path, sample_rate=16000)
    size = round(window * 16000)
    rows = samples[: len(samples) // size * size].astype(np.float64).reshape(-1, size)
    yield Block(np.sqrt(np.mean(rows**2, axis=1, keepdims=True)))
    return Prepared(counts={"windows": len(rows)})


def reference(function: Callable) -> str:
    """Return "module:name" of a function that another process can import.

    Raises
    ------
    ValueError
        If it cannot be imported: a lambda, a nested function, or one defined in a script.

    Examples
    --------
    >>> from json import dumps
    >>> reference(dumps)
    'json:dumps'
    """
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", None)
    full_name = f"{module}.{name}" if name else repr(function)
    if not module or not name or module == "__main__" or "<" in name:
        raise ValueError(
            f"{full_name} cannot be imported by another process: a recipe takes functions that are "
            "defined at the top of a module (not a lambda, not inside a function, not in the "
            "script or notebook that is run). Move it into a module and import it from there."
        )
    return f"{module}:{name}"


def resolve(name: str) -> Callable:
    """Import the function that `reference` named.

    Examples
    --------
    >>> resolve("json:dumps")([1])
    '[1]'
    """
    module, _, path = name.partition(":")
    value = importlib.import_module(module)
    for part in path.split("."):
        value = getattr(value, part)
    return value


def _canonical(name: str, value: Any) -> str:
    try:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name}={value!r} must be made of strings, finite numbers, booleans, None, lists and "
            f"dicts with string keys, because it names what is kept in the store: {error}"
        ) from None


@dataclass(frozen=True)
class Recipe:
    """How features are computed from one clip, in two halves.

    `prepare` runs in a worker process and yields rows; `finish` runs where the network is, on rows
    of many clips at once; `pooling` turns a clip's rows into its value.

    Parameters
    ----------
    name : str
        Shown wherever the store is listed.
    version : int
        Raised whenever the same parameters begin to give other numbers.
    prepare : callable
        Importable generator function. ``prepare(path, **prepare_args)`` yields `Block` and returns
        `Prepared` (or None). It raises `ClipError` where a clip gives nothing.
    prepare_args : dict
        Its parameters: plain values (strings, numbers, booleans, None, lists, dicts). They are part
        of the key as they are written: 1 and 1.0 are two.
    finish : callable, optional
        Importable function. ``finish(rows, **finish_args)`` takes `batch_size` rows (fewer in the
        last call) of shape (n, ...) and returns as many rows. A row's result must not depend on
        the rows beside it.
    finish_args : dict
        Its parameters.
    pooling : str
        A name in `emopipe.extraction.pooling.POOLINGS`.
    batch_size : int
        Rows per call of `finish`; no part of the key.
    elsewhere : callable, optional
        Called without arguments before `finish` runs in a process other than the one that made
        the recipe (in a cluster), to tell it what the first one knows, such as where a file is. It
        must be picklable (a function of a module, or a `functools.partial` of one); no part of the
        key.
    places : dict of str to str or None
        Further arguments of `prepare`: the paths of files that it reads. They are no part of the
        key, for a file may move; its checksum should be in `identity`.
    identity : dict
        What the key has besides, without being an argument: checksums of files, revisions of what
        `prepare` calls.
    owner : str or None
        Who vouches that a name and version mean these functions and no others. The key then has
        owner and name in their place, so that code may move; without an owner the modules and
        names of the functions are part of the key.

    Raises
    ------
    ValueError
        If a function cannot be imported, the pooling is unknown or batch_size is below 1.
    TypeError
        If parameters are not plain values.

    Examples
    --------
    >>> recipe = Recipe("loudness", 1, loudness, {"window": 0.025}, pooling="max")
    >>> len(recipe.key)
    64
    """

    name: str
    version: int
    prepare: Callable
    prepare_args: Mapping[str, Any] = field(default_factory=dict)
    finish: Callable | None = None
    finish_args: Mapping[str, Any] = field(default_factory=dict)
    pooling: str = "mean"
    batch_size: int = 16
    elsewhere: Callable | None = None
    places: Mapping[str, str | None] = field(default_factory=dict)
    identity: Mapping[str, Any] = field(default_factory=dict)
    owner: str | None = None

    def __post_init__(self):
        check_one_of("pooling", self.pooling, POOLINGS)
        check_number("batch_size", self.batch_size, low=1, whole=True)
        _ = self.key

    @cached_property
    def parameters(self) -> str:
        """Everything that decides what a clip gives, as canonical JSON."""
        functions = {
            "prepare": reference(self.prepare),
            "finish": self.finish and reference(self.finish),
        }
        return _canonical(
            f"parameters of recipe {self.name!r}",
            {
                "engine": _ENGINE,
                "name": self.name,
                "version": self.version,
                "prepare_args": dict(self.prepare_args) | dict(self.identity),
                "finish_args": dict(self.finish_args),
                "pooling": self.pooling,
            }
            | (functions if self.owner is None else {"owner": self.owner}),
        )

    @cached_property
    def key(self) -> str:
        """SHA-256 of `parameters`, in hexadecimal digits."""
        return hashlib.sha256(self.parameters.encode()).hexdigest()
