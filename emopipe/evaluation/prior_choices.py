"""List what was fitted or chosen in an estimator before the evaluation began."""

import functools
import os
import types
from collections import deque

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from emopipe.inspection import machine_defaults

# Parameters of these names are learned by somebody where they are numbers, not a word.
_LEARNED = ("weight", "prior", "init", "offset", "threshold")
_SEARCHED = ("param_grid", "param_distributions")
_MOST = 10_000
# Parameters that are no part of what is learned, and packages whose code holds nothing of clips.
_LIBRARIES = ("emopipe", "numpy", "pandas", "scipy", "sklearn")
_ARRAYS = np.ndarray | pd.DataFrame | pd.Series
_MEMORIES = dict | list | set


def _is_library(thing):
    return str(getattr(thing, "__module__", "")).partition(".")[0] in (*_LIBRARIES, "builtins")


def _names(code):
    """Return the global names in a function's code and in the functions that it makes."""
    inner = [_names(part) for part in code.co_consts if isinstance(part, types.CodeType)]
    return set(code.co_names).union(*inner)


def _around(function):
    """Return (name, value) of what a user's function finds outside its arguments."""
    names = function.__code__.co_freevars
    cells = zip(names, function.__closure__ or (), strict=True)
    cells = [(name, cell.cell_contents) for name, cell in cells if cell != types.CellType()]
    if _is_library(function):
        return cells
    global_values = function.__globals__
    defaults = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    return [
        *cells,
        *(("a default", value) for value in defaults),
        *(
            (name, global_values[name])
            for name in sorted(_names(function.__code__))
            if name in global_values
        ),
    ]


def _class_values(kind):
    """Return (name, value) of what all copies of a user's class share, its methods included."""
    return [
        (name, getattr(item, "fget", None) or getattr(item, "__func__", item))
        for base in kind.__mro__
        if not _is_library(base)
        for name, item in vars(base).items()
        if not name.startswith("__") and "metadata_request" not in name
    ]


def _only_words(value):
    items = [*value, *value.values()] if isinstance(value, dict) else list(value)
    return bool(items) and all(isinstance(item, str) for item in items)


def _outside(value):
    """Return the names of numbers and memories that code holds outside of what `fit` makes."""
    if isinstance(value, types.FunctionType):
        values = _around(value)
    elif isinstance(value, functools.partial):
        values = [*(("an argument", item) for item in value.args), *value.keywords.items()]
    else:
        values = _class_values(type(value)) if isinstance(value, BaseEstimator) else []
    return [
        name
        for name, item in values
        if isinstance(item, pd.DataFrame | pd.Series)
        or (isinstance(item, np.ndarray) and _numbers(item))
        or (isinstance(item, _MEMORIES) and not _only_words(item))
    ]


def _inside(value):
    """Return (name, value) of what an object holds, functions' and methods' owners included."""
    if isinstance(value, types.MethodType):
        return [("", value.__self__)]
    if isinstance(value, functools.partial):
        return [("", value.func), ("", value.args), *value.keywords.items()]
    if isinstance(value, types.FunctionType):
        return _around(value)
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list | tuple):
        return [("", item) for item in value]
    plain = isinstance(value, type | types.ModuleType | _ARRAYS)
    if plain or not hasattr(value, "__dict__"):
        return []
    shared = _class_values(type(value)) if isinstance(value, BaseEstimator) else []
    return shared + [(name, item) for name, item in vars(value).items() if name not in _SEARCHED]


def _parts(estimator):
    """Yield (name, object) of all that is inside an estimator, itself first."""
    visited, queue = set(), deque([("", estimator)])
    while queue and len(visited) < _MOST:
        name, value = queue.popleft()
        if isinstance(value, str | bytes | int | float | bool | None) or id(value) in visited:
            continue
        visited.add(id(value))
        yield str(name), value
        queue.extend(_inside(value))


def _numbers(value):
    """Return whether a parameter holds numbers that somebody must have chosen."""
    if isinstance(value, dict):
        return bool(value) and any(_numbers(item) for item in value.values())
    if isinstance(value, list | tuple):
        return bool(value) and all(_numbers(item) or item is None for item in value)
    if isinstance(value, _ARRAYS):
        return value.size > 0 and np.asarray(value).dtype.kind in "biuf"
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _is_chosen(name, value):
    if isinstance(value, dict) and value:
        by_number = not any(isinstance(key, str) for key in value)
        arrays = any(isinstance(item, _ARRAYS) for item in value.values())
        if by_number or arrays:
            return True
    learned = isinstance(value, _ARRAYS) or any(word in name for word in _LEARNED)
    return learned and not isinstance(value, str | int | float | bool | None) and _numbers(value)


def _choices(part):
    """Return, in words, the parameters of an estimator that are learned or looked up somewhere."""
    params = part.get_params(deep=False) if isinstance(part, BaseEstimator) else {}
    left = {*_SEARCHED, *(machine_defaults(part) if params else ())}
    params = {name: params[name] for name in params if name not in left}
    files = [
        name
        for name, value in params.items()
        if isinstance(value, str | os.PathLike) and os.path.isfile(value)
    ]
    return [
        *(f"has fixed {name}" for name, value in params.items() if _is_chosen(name, value)),
        *(f"reads a file ({name})" for name in files),
    ]


def list_prior_choices(estimator, features=None):
    """Return, in words, what an unfitted estimator holds that was fitted or chosen before.

    Parameters
    ----------
    estimator : estimator
    features : list of str or None
        Columns of numbers that it reads.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> list_prior_choices(StandardScaler())
    []
    >>> list_prior_choices(StandardScaler().fit([[0.0]]))[0][:24]
    'StandardScaler is fitted'
    """
    reasons = []
    for _, part in _parts(estimator):
        kind = type(part).__name__
        if kind == "FrozenEstimator":
            reasons.append(
                f"FrozenEstimator({type(part.estimator).__name__}) is never fitted again"
            )
        state = [name for name in getattr(part, "__dict__", {}) if name.endswith("_")]
        state = [name for name in state if not name.endswith("__")]
        if state and not isinstance(part, type | types.ModuleType | types.FunctionType):
            reasons.append(f"{kind} is fitted already ({', '.join(sorted(state)[:3])})")
        reasons += [f"{kind} {words}" for words in _choices(part)]
        code = getattr(part, "__qualname__", kind)
        reasons += [f"{code} uses {name}, which its fit does not make" for name in _outside(part)]
        if kind in ("FeatureTable", "ScoreColumns"):
            reasons.append(f"{kind} reads numbers that were computed before")
    if features:
        reasons.append(f"{len(features)} columns of the table were computed before")
    return list(dict.fromkeys(reasons))
