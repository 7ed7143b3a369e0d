"""Convert X, y and groups, as scikit-learn has them, to a clip table."""

import numbers
import os
from typing import NamedTuple

import numpy as np
import pandas as pd

from emopipe.corpora.clip_table import canonical

# Columns by which a table is known for a clip table.
_CLIPS = ("clip", "path")


def _column(values, name, n_rows):
    """Return one value per row; a table or array of one column is one, too."""
    values = np.asarray(values, dtype=object)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.shape != (n_rows,):
        swapped = "; are X and y swapped?" if name == "y" and values.ndim == 2 else ""
        raise ValueError(
            f"{name} has shape {values.shape}, X has {n_rows} rows: give one value per row of X"
            f"{swapped}"
        )
    return values


def _check_not_swapped(y, groups):
    """Raise ValueError where groups hold emotions and y does not."""
    are_emotions = [all(canonical(str(v)) for v in set(values)) for values in (y, groups)]
    if are_emotions == [False, True]:
        raise ValueError(
            f"groups holds emotions ({groups[0]!r}, ...) and y does not ({y[0]!r}, ...): are y and "
            "groups swapped?"
        )


def _check_labels(y):
    number = [v for v in y if isinstance(v, numbers.Real) and not isinstance(v, bool)]
    if len({float(v) for v in number if v == v}) > max(20, len(y) // 2):
        raise ValueError(
            f"y holds {len(set(number))} different numbers: give emotions; are X and y swapped?"
        )


def _is_paths(X):
    first = X[:1] if isinstance(X, list | tuple) else np.asarray(X, dtype=object)[:1]
    return np.ndim(first) == 1 and len(first) and isinstance(first[0], str | os.PathLike)


def table_of(X, y, groups):
    """Return a clip table, the columns that the estimator sees (None: all), and whether as array.

    Parameters
    ----------
    X : array (n, n_features), DataFrame or list of paths
        A DataFrame with a column clip or path is a clip table.
    y : array-like, shape (n,)
        Emotions.
    groups : array-like of shape (n,), or None
        Who is seen and heard; None where nobody is known.

    Examples
    --------
    >>> table, features, as_array = table_of(np.eye(2), ["fear", "joy"], ["a", "b"])
    >>> table.columns.tolist(), features, as_array
    (['clip', 'emotion', 'subject', 'x0', 'x1'], ['x0', 'x1'], True)
    """
    n_rows = len(X)
    if isinstance(groups, str):
        raise ValueError(
            f"groups={groups!r} names a column, y is given as values: give groups as values, too, "
            f"as in groups=table[{groups!r}]"
        )
    facts = {"emotion": _column(y, "y", n_rows)}
    _check_labels(facts["emotion"])
    if groups is not None:
        facts["subject"] = _column(groups, "groups", n_rows)
        _check_not_swapped(facts["emotion"], facts["subject"])
    names = [f"row {n:0{len(str(n_rows))}d}" for n in range(n_rows)]
    if isinstance(X, pd.DataFrame) and any(name in X for name in _CLIPS):
        table = X.reset_index(drop=True).assign(**facts)
        return (table if "clip" in table else table.assign(clip=names)), None, False
    table = pd.DataFrame({"clip": names} | facts)
    if isinstance(X, pd.DataFrame):
        values = X.reset_index(drop=True).rename(columns=str)
        clash = sorted(set(values) & set(table))
        if clash or values.columns.duplicated().any():
            raise ValueError(f"X has columns {list(values)}: rename {clash or 'those that repeat'}")
        return pd.concat([table, values], axis=1), list(values), False
    if _is_paths(X):
        return table.assign(path=[os.fspath(path) for path in X]), None, False
    values = np.asarray(X)
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        raise ValueError(
            f"X has shape {values.shape} and dtype {values.dtype}: give numbers (clips, features), "
            "a DataFrame or a list of paths"
        )
    values = pd.DataFrame(values, columns=[f"x{n}" for n in range(values.shape[1])])
    return pd.concat([table, values], axis=1), list(values), True


def with_weights(table, features, sample_weight):
    """Return table, columns that the estimator sees, and the column of weights (None: no weights).

    Parameters
    ----------
    table : DataFrame
        As `table_of` returns it.
    features : list of str or None
    sample_weight : str, array-like of shape (n,) or None

    Examples
    --------
    >>> table, features, _ = table_of(np.eye(2), ["fear", "joy"], None)
    >>> table, features, name = with_weights(table, features, [1.0, 0.5])
    >>> features, table[name].tolist()
    (['x0', 'x1'], [1.0, 0.5])
    """
    if sample_weight is None:
        return table, features, None
    if isinstance(sample_weight, str):
        visible = features and [name for name in features if name != sample_weight]
        return table, visible, sample_weight
    name = "sample_weight"
    while name in table:
        name = f"{name}_"
    weights = _column(sample_weight, "sample_weight", len(table))
    return table.assign(**{name: weights}), features, name


class TaskTable(NamedTuple):
    """A clip table and how an evaluation reads it; its fields are arguments of `evaluate`."""

    clips: pd.DataFrame
    groups: str | list | None
    features: list | None
    sample_weight: str | None
    as_array: bool = False


def make_table(clips, y, groups, features, sample_weight) -> TaskTable:
    """Return what `evaluate` takes as a clip table: `clips` as it is, or one made of X and y."""
    if y is None:
        return TaskTable(clips, groups, features, sample_weight)
    # "subject", the default, is a column of X where it is a clip table.
    people = None if isinstance(groups, str) and groups == "subject" else groups
    table, features, as_array = table_of(clips, y, people)
    groups = "subject" if "subject" in table else None
    table, features, sample_weight = with_weights(table, features, sample_weight)
    return TaskTable(table, groups, features, sample_weight, as_array)
