"""Inner folds, by subject unless something else is meant: where weights are learned."""

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold
from sklearn.utils.metadata_routing import get_routing_for_object

from emopipe.subjects import check_subject_names, subject_names

_ADVICE = (
    "pass groups, or a clip table with a subject column. If folds that mix subjects are meant, as "
    "for a corpus that does not name them, say so with a splitter: cv=StratifiedKFold(5)"
)


def subjects_of(X, groups):
    """Return groups, the subject column of a clip table, or None."""
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


def _check_subjects(subjects, n_folds):
    if subjects is None:
        raise ValueError(
            "the inner folds, on which weights and calibrations are learned, are made by subject, "
            f"and no subjects are known: {_ADVICE}"
        )
    missing = pd.isna(subjects)
    if missing.any():
        raise ValueError(
            f"the inner folds are made by subject, and {missing.sum()} of {len(subjects)} clips "
            f"have none (row {missing.argmax()} first): {_ADVICE}"
        )
    names = subject_names(subjects)
    check_subject_names(names)
    n_subjects = len(set(names))
    if n_subjects < max(2, n_folds or 2):
        raise ValueError(
            f"cv={n_folds or 2} inner folds by subject need as many subjects, found {n_subjects}: "
            f"lower cv, or {_ADVICE}"
        )


def _asks_for_groups(splitter):
    """Return whether a splitter wants groups; a stranger that does not say is given them."""
    if not hasattr(splitter, "get_metadata_routing"):
        return True
    return bool(get_routing_for_object(splitter).consumes("split", ["groups"]))


def inner_folds(cv, y, subjects, train_only=None):
    """Return the folds on which weights are learned.

    Parameters
    ----------
    cv : None, int, splitter, or iterable of (train, test)
        None: as many folds by subject as there are subjects, at most 5. A number: so many folds by
        subject. A splitter that does not ask for groups mixes subjects, as was said explicitly.
    y : array, shape (n_clips,)
    subjects : array, shape (n_clips,), or None
    train_only : bool array, shape (n_clips,), optional
        Clips of no interest in a test, on which no weight is learned (unless there are no others).

    Returns
    -------
    list of (train, test)
        Row numbers; no row is tested twice.

    Raises
    ------
    ValueError
        If subjects are needed and missing or too few, or a row is tested twice.

    Examples
    --------
    >>> folds = inner_folds(2, np.array(["joy", "fear"] * 2), np.array(["1", "1", "2", "2"]))
    >>> [(train.tolist(), test.tolist()) for train, test in folds]
    [([0, 1], [2, 3]), ([2, 3], [0, 1])]
    """
    if isinstance(cv, str):
        raise ValueError(f"cv={cv!r} is text: give a number of folds or a splitter, or None")
    if cv is None or isinstance(cv, int | np.integer):
        _check_subjects(subjects, cv)
        if cv is None:
            cv = min(5, len(set(subject_names(subjects))))
        cv = GroupKFold(int(cv))
    if hasattr(cv, "split"):
        by_group = _asks_for_groups(cv)
        if by_group and hasattr(cv, "get_metadata_routing"):
            _check_subjects(subjects, None)
        found = cv.split(np.zeros((len(y), 1)), y, subjects if by_group else None)
    else:
        found = cv
    folds = [tuple(_row_numbers(side) for side in fold) for fold in found]
    if train_only is not None and train_only.any() and not train_only.all():
        folds = [(train, test[~train_only[test]]) for train, test in folds]
    return _checked([fold for fold in folds if len(fold[1])])


def _row_numbers(rows):
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows


def _checked(folds):
    tested = np.concatenate([test for _, test in folds]) if folds else np.array([], dtype=int)
    rows, times = np.unique(tested, return_counts=True)
    if not len(rows):
        raise ValueError("the inner folds test no clip: choose another cv")
    if times.max() > 1:
        raise ValueError(
            f"the inner folds test row {rows[times.argmax()]} {times.max()} times, and a clip may "
            "be tested once: use a splitter whose test sides do not overlap"
        )
    if any(np.intersect1d(train, test).size for train, test in folds):
        raise ValueError("an inner fold tests rows that it trains on: choose another cv")
    return folds
