"""What is asked of an evaluation, checked before anything is fitted."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, is_classifier
from sklearn.model_selection import PredefinedSplit

from emopipe.evaluation.fitting import Task
from emopipe.evaluation.folds import check_subjects, make_folds, shared_subjects
from emopipe.evaluation.nesting import check_inner_splits, inner_splits
from emopipe.metrics import units_of
from emopipe.subjects import check_subject_names, subject_names

_DEFAULTS = {"corpus": "clips", "split": None, "train_only": False, "excluded": "",
             "synthetic": False}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Study:
    """A checked task.

    Parameters
    ----------
    full : DataFrame
        All rows of the clip table, with the columns that evaluation reads.
    reasons : Series of str
        Why a row of `full` is left out, "" for those that are not.
    table : DataFrame
        The usable rows; everything below is about them.
    subjects : object array
        None where a subject is unknown.
    task : Task
    folds : list of Fold
    splitter : str
        In words.
    splits : list of InnerSplit
    given : bool
        Whether the table or the caller says who is tested, rather than a splitter.
    label, groups, features, random_state
        As asked.
    """

    full: pd.DataFrame
    reasons: pd.Series
    table: pd.DataFrame
    subjects: np.ndarray
    task: Task
    folds: list
    splitter: str
    splits: list
    label: str
    groups: str | None
    features: list | None
    given: bool
    random_state: int

    @property
    def trains(self):
        """Mask of the rows that only train."""
        return self.table["train_only"].to_numpy(dtype=bool)

    @property
    def tested(self):
        """Row numbers of the clips that are tested."""
        return np.concatenate([fold.test for fold in self.folds])

    @property
    def known(self):
        """Whether any tested clip's subject is known."""
        return any(subject is not None for subject in self.subjects[self.tested])

    @property
    def mixed(self):
        """Whether some fold trains on people whom it tests, or must be thought to.

        Random folds of a corpus that names nobody must; its official split need not.
        """
        if not self.known:
            return not self.given
        return any(shared_subjects(fold, self.subjects) for fold in self.folds)


def _completed(clips, label, groups, features):
    """Return the table, rows numbered from 0, with the columns that evaluation reads."""
    if not isinstance(clips, pd.DataFrame):
        raise TypeError(
            f"clips is a {type(clips).__name__}: give a clip table, from load_corpus or load_table"
        )
    needed = ["clip", label, *([groups] if groups else []), *(features or [])]
    missing = [column for column in needed if column not in clips]
    if missing:
        hint = "; groups=None where subjects are unknown" if groups in missing else ""
        raise ValueError(
            f"the clip table has no column {', '.join(map(repr, missing))}, only "
            f"{list(clips.columns)}{hint}"
        )
    if clips["clip"].duplicated().any():
        twice = clips["clip"][clips["clip"].duplicated()].iloc[0]
        raise ValueError(
            f"clip {twice!r} is in the table twice: drop a row, or join corpora with "
            "emopipe.corpora.combine"
        )
    table = clips.reset_index(drop=True)
    for column, value in _DEFAULTS.items():
        given = table[column].astype(object) if column in table else pd.Series(None, table.index)
        table[column] = given.where(given.notna(), value)
    return table.astype({"train_only": bool, "synthetic": bool})


def _reasons(table, label):
    """Return why each row is left out, "" for those that are not."""
    reasons = table["excluded"].astype(object).where(table["excluded"].notna(), "")
    return reasons.where((reasons != "") | table[label].notna(), f"no {label}")


def _check_estimator(estimator):
    if isinstance(estimator, type) or not isinstance(estimator, BaseEstimator):
        raise TypeError(f"estimator is {estimator!r}: give a scikit-learn classifier, not a class")
    if not is_classifier(estimator):
        raise TypeError(
            f"{type(estimator).__name__} is not a classifier: end the pipeline with one, such as "
            "SVC()"
        )


def _check_emotions(table, y, reasons, label):
    if not len(table):
        raise ValueError(
            f"no usable clips among {len(reasons)}: {reasons.value_counts().to_dict() or 'empty'}"
        )
    if len(set(y)) < 2:
        raise ValueError(
            f"all {len(table)} usable clips have the {label} {str(y[0])!r}: nothing to tell"
        )


def _check_training(folds, y):
    for number, fold in enumerate(folds):
        if len(set(y[fold.train])) < 2:
            raise ValueError(
                f"fold {number} trains on {len(fold.train)} clips that are all "
                f"{str(y[fold.train][0])!r}: use fewer folds or a stratified split"
            )


def _known_subjects(table, groups):
    """Return each row's subject or None, from the column `groups`, or `subject` without it."""
    column = groups or "subject"
    if column not in table:
        return np.full(len(table), None, dtype=object)
    return subject_names(table[column])


def _check_meant(subjects, groups):
    known = len(set(subjects) - {None})
    if groups is None and known:
        raise ValueError(
            f"groups=None, but the table names {known} subjects: folds that ignore them test on "
            "people that were trained on; leave groups='subject', or pass subject_dependent=True"
        )


def _answers(table, y):
    """Return the columns that are the answer under any name: not for the estimator's eyes."""
    return [name for name in table if name == "emotion" or (table[name].astype(str) == y).all()]


def make_study(
    estimator, clips, *, cv, label, groups, features, subject_dependent, random_state
):  # fmt: skip
    """Return the checked task with its folds, or raise what `emopipe.evaluation.evaluate` says."""
    _check_estimator(estimator)
    full = _completed(clips, label, groups, features)
    reasons = _reasons(full, label)
    table = full[reasons == ""]
    y = table[label].astype(str).to_numpy(dtype=str)
    _check_emotions(table, y, reasons, label)
    subjects = _known_subjects(table, groups)
    check_subject_names(subjects, groups or "subject")
    if not subject_dependent:
        _check_meant(subjects, groups)
    folds, splitter = make_folds(
        table, y, None if groups is None else subjects, cv, n_rows=len(full),
        subject_dependent=subject_dependent, random_state=random_state,
    )  # fmt: skip
    _check_training(folds, y)
    if subject_dependent:
        splits = inner_splits(estimator)
    else:
        check_subjects(folds, subjects, splitter)
        splits = check_inner_splits(estimator, folds, subjects)
    X = table[features] if features else table.drop(columns=_answers(table, y))
    units = units_of(subjects, table["clip"]).to_numpy(dtype=str)
    return Study(
        full=full, reasons=reasons, table=table, subjects=subjects, folds=folds, splits=splits,
        task=Task(estimator, X, y, units, sorted(set(y))), splitter=splitter, label=label,
        groups=groups, features=features, given=isinstance(cv, str | PredefinedSplit),
        random_state=random_state,
    )  # fmt: skip
