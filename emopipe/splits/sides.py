"""The two sides of a split: who is on them, how a splitter makes them, what must hold."""

import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils.metadata_routing import get_routing_for_object


class Fold(NamedTuple):
    """Row numbers of the clips that train, and of those that are tested."""

    train: np.ndarray
    test: np.ndarray


def subjects_of(X, groups):
    """Return `groups`, else the column `subject` of a clip table, else None.

    Examples
    --------
    >>> subjects_of(pd.DataFrame({"subject": ["a", "b"]}), None).tolist()
    ['a', 'b']
    """
    if groups is None and isinstance(X, pd.DataFrame) and "subject" in X.columns:
        groups = X["subject"]
    if groups is None:
        return None
    groups = np.asarray(groups)
    if groups.ndim == 2 and groups.shape[1] == 1:
        return groups[:, 0]
    if groups.ndim != 1:
        raise ValueError(f"groups has shape {groups.shape}: give one value per clip, the subject")
    return groups


def takes_groups(splitter):
    """Return whether a splitter asks for groups (GroupKFold does, KFold does not)."""
    return bool(get_routing_for_object(splitter).consumes("split", {"groups"}))


def describe_splitter(splitter):
    """Return a splitter in words, such as "StratifiedKFold(5, shuffle=True, random_state=0)"."""
    parts = [str(splitter.n_splits)] if hasattr(splitter, "n_splits") else []
    if getattr(splitter, "shuffle", False):
        parts += ["shuffle=True", f"random_state={splitter.random_state!r}"]
    return f"{type(splitter).__name__}({', '.join(parts)})"


def split_rows(splitter, y, subjects):
    """Return the (train, test) row numbers that a splitter makes; subjects may be None."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The groups parameter is ignored")
        return list(splitter.split(np.zeros((len(y), 1)), y, subjects))


def shared_subjects(fold, subjects):
    """Return the sorted subjects that a fold both trains on and tests."""
    sides = [{name for name in subjects[rows] if name is not None} for rows in fold]
    return sorted(set.intersection(*sides))


def check_by_subject(subjects, n_folds, *, folds, advice, row):
    """Raise ValueError where folds by subject cannot be made.

    Parameters
    ----------
    subjects : object array, shape (n_clips,), or None
    n_folds : int or None
        How many folds there are to be; None asks for two subjects.
    folds : str
        What the folds are called in the message.
    advice : str
        What to do.
    row : callable
        Names a clip by its row number.
    """
    if subjects is None:
        raise ValueError(f"{folds} are made by subject, and no subjects are known: {advice}")
    missing = pd.isna(subjects)
    if missing.any():
        raise ValueError(
            f"{folds} are made by subject, and {missing.sum()} of {len(subjects)} clips "
            f"(such as {row(missing.argmax())}) have none: {advice}"
        )
    n_subjects = len(set(subjects.tolist()))
    if n_subjects == 1:
        raise ValueError(
            f"{folds} are made by subject, and all clips are of one subject ({subjects[0]}), so "
            f"that nobody is left to test on: {advice}"
        )
    if n_subjects < max(2, n_folds or 2):
        raise ValueError(
            f"{folds} need {max(2, n_folds or 2)} subjects or more, found {n_subjects}: "
            f"use fewer folds, or {advice}"
        )


def check_sides(folds, *, name, row):
    """Raise ValueError unless each fold trains and tests different rows, and no row twice.

    Parameters
    ----------
    folds : list of (train, test)
    name : str
        What the folds are called in the message.
    row : callable
        Names a clip by its row number.
    """
    tested = np.concatenate([test for _, test in folds]) if folds else np.array([], dtype=int)
    if not len(tested):
        raise ValueError(f"{name} test no clip: choose another cv")
    rows, times = np.unique(tested, return_counts=True)
    if times.max() > 1:
        raise ValueError(
            f"{name} test {row(rows[times.argmax()])} {times.max()} times, and a clip may be "
            "tested once: use a splitter whose test sides do not overlap"
        )
    for number, (train, test) in enumerate(folds):
        if not len(train):
            raise ValueError(f"{name}: fold {number} has no clips to train on: use fewer folds")
        both = np.intersect1d(train, test)
        if len(both):
            raise ValueError(
                f"{name}: fold {number} tests {row(both[0])}, on which it trains: choose another cv"
            )
