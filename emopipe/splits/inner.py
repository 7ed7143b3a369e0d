"""Inner folds, by subject unless something else is meant: where weights are learned."""

import numpy as np
from sklearn.model_selection import GroupKFold

from emopipe.splits.sides import check_by_subject, check_sides, split_rows, takes_groups
from emopipe.subjects import check_subject_names, subject_names

_NAME = "the inner folds (weights and calibrations are learned on them)"
_ADVICE = (
    "pass groups, or a clip table with a subject column. If folds that mix subjects are meant, as "
    "for a corpus that does not name them, say so with a splitter: cv=StratifiedKFold(5)"
)


def _check_subjects(subjects, n_folds):
    names = None if subjects is None else subject_names(subjects)
    check_by_subject(names, n_folds, folds=_NAME, advice=_ADVICE, row=_row)
    check_subject_names(names)


def _row(number):
    return f"row {number}"


def _splitter(cv, subjects):
    """Return a splitter by subject for None or a number, and whatever else `cv` is."""
    if isinstance(cv, str):
        raise ValueError(f"cv={cv!r} is text: give a number of folds or a splitter, or None")
    if not (cv is None or isinstance(cv, int | np.integer)):
        if takes_groups(cv):
            _check_subjects(subjects, None)
        return cv
    _check_subjects(subjects, cv)
    return GroupKFold(int(cv or min(5, len(set(subject_names(subjects))))))


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
        If subjects are needed and missing or too few, or a row is tested twice or also trains.

    Examples
    --------
    >>> folds = inner_folds(2, np.array(["joy", "fear"] * 2), np.array(["1", "1", "2", "2"]))
    >>> [(train.tolist(), test.tolist()) for train, test in folds]
    [([0, 1], [2, 3]), ([2, 3], [0, 1])]
    """
    cv = _splitter(cv, subjects)
    pairs = split_rows(cv, y, subjects) if hasattr(cv, "split") else cv
    folds = [tuple(_row_numbers(side) for side in fold) for fold in pairs]
    if train_only is not None and train_only.any() and not train_only.all():
        folds = [(train, test[~train_only[test]]) for train, test in folds]
    folds = [fold for fold in folds if len(fold[1])]
    check_sides(folds, name="the inner folds", row=_row)
    return folds


def _row_numbers(rows):
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows
