"""What an estimator brings with it, already fitted or chosen: an evaluation cannot see on what."""

import functools
import types
from collections import deque

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

# Parameters of these names are learned by somebody where they are numbers, not a word.
_LEARNED = ("weight", "prior", "init", "offset", "threshold")
_SEARCHED = ("param_grid", "param_distributions")
_MOST = 10_000


def _inside(value):
    """Return (name, value) of what an object holds, functions' and methods' owners included."""
    if isinstance(value, types.MethodType):
        return [("", value.__self__)]
    if isinstance(value, functools.partial):
        return [("", value.func), ("", value.args), *value.keywords.items()]
    if isinstance(value, types.FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or () if cell != types.CellType()]
        return [("", item) for item in (*cells, *(value.__defaults__ or ()))]
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, list | tuple):
        return [("", item) for item in value]
    plain = isinstance(value, type | types.ModuleType | np.ndarray | pd.DataFrame | pd.Series)
    if plain or not hasattr(value, "__dict__"):
        return []
    return [(name, item) for name, item in vars(value).items() if name not in _SEARCHED]


def _parts(estimator):
    """Yield (name, object) of all that is inside an estimator, itself first."""
    seen, queue = set(), deque([("", estimator)])
    while queue and len(seen) < _MOST:
        name, value = queue.popleft()
        if isinstance(value, str | bytes | int | float | bool | None) or id(value) in seen:
            continue
        seen.add(id(value))
        yield str(name), value
        queue.extend(_inside(value))


def _numbers(value):
    """Return whether a parameter holds numbers that somebody must have chosen."""
    if isinstance(value, dict):
        return bool(value) and any(_numbers(item) for item in value.values())
    if isinstance(value, list | tuple):
        return bool(value) and all(_numbers(item) or item is None for item in value)
    if isinstance(value, np.ndarray | pd.DataFrame | pd.Series):
        return value.size > 0 and np.asarray(value).dtype.kind in "biuf"
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _chosen(part):
    """Return the names of an estimator's parameters that are numbers learned somewhere."""
    params = part.get_params(deep=False).items() if isinstance(part, BaseEstimator) else ()
    return [
        name
        for name, value in params
        if name not in _SEARCHED
        and not isinstance(value, str | int | float | bool | None)
        and _numbers(value)
        and (
            isinstance(value, np.ndarray | pd.DataFrame | pd.Series)
            or any(word in name for word in _LEARNED)
        )
    ]


def brought_in(estimator, features=None):
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
    >>> brought_in(StandardScaler()), brought_in(StandardScaler().fit([[0.0]]))[0][:24]
    ([], 'StandardScaler is fitted')
    """
    found = []
    for _, part in _parts(estimator):
        kind = type(part).__name__
        if kind == "FrozenEstimator":
            found.append(f"FrozenEstimator({type(part.estimator).__name__}) is never fitted again")
        state = [name for name in getattr(part, "__dict__", {}) if name.endswith("_")]
        state = [name for name in state if not name.endswith("__")]
        if state and not isinstance(part, type | types.ModuleType | types.FunctionType):
            found.append(f"{kind} is fitted already ({', '.join(sorted(state)[:3])})")
        found += [f"{kind} has fixed {name}" for name in _chosen(part)]
        if kind in ("FeatureTable", "ScoreColumns"):
            found.append(f"{kind} reads numbers that were computed before")
    if features:
        found.append(f"{len(features)} columns of the table were computed before")
    return list(dict.fromkeys(found))
