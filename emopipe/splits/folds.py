"""Which clips train and which are tested: folds of a clip table, and what must hold for them."""

import reprlib

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    StratifiedKFold,
)

from emopipe.parameters import check_one_of
from emopipe.splits.published import PUBLISHED, published_folds, without_sentences
from emopipe.splits.sides import (
    Fold,
    check_by_subject,
    check_sides,
    describe_splitter,
    shared_subjects,
    split_rows,
    takes_groups,
)
from emopipe.text import shorten

# Split that trains, split that is tested.
OFFICIAL = {
    "official": (("train", "val"), "test"),
    "official-train": (("train",), "test"),
    "official-val": (("train",), "val"),
}
# Leave one subject out.
LOSO = "loso"
# Folds by subject that have a name.
NAMED = (LOSO, *PUBLISHED)


_ADVICE = (
    "so its figures say nothing about unseen people: use a grouped split (cv=5, GroupKFold, "
    "StratifiedGroupKFold, LeaveOneGroupOut), or, if mixed subjects are meant, "
    "subject_dependent=True, and the result will say so"
)


def check_subjects(folds, subjects, cv):
    """Raise ValueError when a fold tests a subject that it trains on."""
    for number, fold in enumerate(folds):
        shared = shared_subjects(fold, subjects)
        if shared:
            raise ValueError(
                f"cv={cv} trains on {len(shared)} of the subjects that it tests (fold {number}: "
                f"{shorten(shared, 3)}), {_ADVICE}"
            )


def _official(table, name):
    """Return the train and test masks of a corpus' own split."""
    number = f" (a number has no quotes: cv={name})" if name.isdecimal() else ""
    advice = f", a number{number} or a scikit-learn splitter"
    check_one_of("cv", name, (*OFFICIAL, *NAMED), advice=advice)
    train_names, test_name = OFFICIAL[name]
    trains = table["train_only"].to_numpy()
    split = table["split"].astype(object).where(table["split"].notna(), None)
    unknown = ~split.isin(["train", "val", "test"]).to_numpy() & ~trains
    if unknown.any():
        raise ValueError(
            f"cv={name!r}: {unknown.sum()} clips (such as {table['clip'][unknown].iloc[0]}) have "
            "no official split and are not train_only: use another cv, or set train_only"
        )
    test = split.eq(test_name).to_numpy() & ~trains
    train = split.isin(train_names).to_numpy() | trains
    for mask, side in ((test, f"labelled clips in the {test_name} split"), (train, "training")):
        if not mask.any():
            counts = split.value_counts().to_dict()
            raise ValueError(
                f"cv={name!r}: no {side}; clips per split: {counts}. Where the test set's emotions "
                "are withheld, cv='official-val' tests on val"
            )
    return train, test


def _check_groups(subjects, rows, clips, splitter):
    """Raise ValueError when a grouped splitter cannot do its work."""
    check_by_subject(
        None if subjects is None else subjects[rows],
        n_splits if isinstance(n_splits := getattr(splitter, "n_splits", None), int) else None,
        folds=f"the folds of cv={describe_splitter(splitter)}",
        advice="LeaveOneGroupOut() tests each subject in turn, cv='official' is a split of the "
        "corpus' own, rows marked train_only need no subject, and subject_dependent=True mixes "
        "subjects on purpose",
        row=lambda row: clips[rows][row],
    )


def _check_ungrouped(splitter):
    """Raise ValueError for a splitter that is known to care for no subjects.

    It may keep them apart by the order of rows, which is luck. What a splitter of somebody else's
    does is seen on the rows that it gives.
    """
    foreign = not type(splitter).__module__.startswith("sklearn.")
    if not (foreign or isinstance(splitter, PredefinedSplit)):
        raise ValueError(f"cv={describe_splitter(splitter)} cares for no subjects, {_ADVICE}")


def _splitter(cv, grouped, random_state):
    """Return a splitter for `cv`: a number means folds by subject, or mixed ones if meant."""
    if isinstance(cv, type):
        raise TypeError(f"cv is the class {cv.__name__}: make one, as in cv={cv.__name__}(5)")
    if isinstance(cv, bool) or not (isinstance(cv, int | np.integer) or hasattr(cv, "split")):
        raise TypeError(
            f"cv={reprlib.repr(cv)}: give a number of folds, a scikit-learn splitter or one of "
            + ", ".join(map(repr, (*OFFICIAL, *NAMED)))
        )
    if hasattr(cv, "split"):
        return cv
    if cv < 2:
        raise ValueError(f"cv={cv}: at least 2 folds are needed")
    if grouped:
        return GroupKFold(int(cv))
    return StratifiedKFold(int(cv), shuffle=True, random_state=random_state)


def _select_predefined(cv, rows, n_rows):
    """Return the part of a PredefinedSplit over n_rows that concerns the given rows."""
    if len(cv.test_fold) != n_rows:
        raise ValueError(
            f"cv=PredefinedSplit over {len(cv.test_fold)} clips, but the table has {n_rows}: give "
            "one fold number per row of the table"
        )
    return PredefinedSplit(np.asarray(cv.test_fold)[rows])


def _also_train(trains, subjects, test):
    """Return the rows that only train and are of no subject in `test`."""
    if subjects is None:
        return np.flatnonzero(trains)
    tested = set(subjects[test]) - {None}
    return np.array([row for row in np.flatnonzero(trains) if subjects[row] not in tested], int)


def make_folds(
    table, y, subjects, cv, *, n_rows=None, subject_dependent=False, random_state=0, statements=None
):
    """Return the folds of a table of usable clips, and the split in words.

    Rows that only train are on no test side, and train in a fold unless their subject is tested
    there (with `subject_dependent` they always train).

    Parameters
    ----------
    table : DataFrame
        Columns clip, split and train_only; its index says which rows of the full table these are.
    y : array of str, shape (n_clips,)
    subjects : object array, shape (n_clips,), or None
        None where a subject is unknown; None instead of the array to make folds without them.
    cv : int, splitter or str
        As in `emopipe.evaluation.evaluate`.
    n_rows : int
        Rows of the full table, which a PredefinedSplit covers; None: as many as there are here.
    subject_dependent : bool
        A number means stratified random folds instead of folds by subject.
    random_state : int
    statements : object array or None
        The sentence of each clip: no sentence is then trained on and tested in one fold.

    Returns
    -------
    folds : list of Fold
    described : str

    Raises
    ------
    ValueError, TypeError
        When folds cannot be made as asked, or a clip would be tested twice.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"clip": list("abcd"), "train_only": [False, False, False, True]})
    >>> subjects = np.array(["1", "2", "3", "3"], dtype=object)
    >>> folds, described = make_folds(table, np.array(["joy"] * 4), subjects, 3)
    >>> [(fold.train.tolist(), fold.test.tolist()) for fold in folds]
    [([0, 1], [2]), ([0, 2, 3], [1]), ([1, 2, 3], [0])]
    """
    trains, clips = table["train_only"].to_numpy(dtype=bool), table["clip"].to_numpy()
    cv = LeaveOneGroupOut() if isinstance(cv, str) and cv == LOSO else cv
    if isinstance(cv, str) and cv in PUBLISHED:
        pairs, described = published_folds(cv, table, subjects)
    elif isinstance(cv, str):
        train, test = _official(table, cv)
        pairs = [(np.flatnonzero(train & ~trains), np.flatnonzero(test))]
        described = f"{cv} split ({' and '.join(OFFICIAL[cv][0])} -> {OFFICIAL[cv][1]})"
    else:
        rows = np.flatnonzero(~trains)
        splitter = _splitter(cv, subjects is not None and not subject_dependent, random_state)
        if isinstance(splitter, PredefinedSplit):
            splitter = _select_predefined(splitter, table.index[rows], n_rows or len(table))
        if takes_groups(splitter):
            _check_groups(subjects, rows, clips, splitter)
        elif subjects is not None and not subject_dependent:
            _check_ungrouped(splitter)
        described = describe_splitter(splitter)
        groups = None if subjects is None else subjects[rows]
        pairs = [(rows[train], rows[test]) for train, test in split_rows(splitter, y[rows], groups)]
    apart = None if subject_dependent else subjects
    pairs = [(np.union1d(train, _also_train(trains, apart, test)), test) for train, test in pairs]
    if statements is not None:
        pairs = without_sentences(pairs, statements)
        described += ", each by sentence"
    folds = [Fold(train.astype(int), test) for train, test in pairs]
    check_sides(folds, name=f"the folds of cv={described}", row=lambda row: f"clip {clips[row]}")
    return folds, described
