"""Check the arguments of an evaluation before anything is fitted."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, is_classifier
from sklearn.model_selection import PredefinedSplit

from emopipe.evaluation.fitting import Task
from emopipe.evaluation.giveaways import NAMES, check_columns
from emopipe.evaluation.inner_splits import check_inner_splits, inner_splits
from emopipe.evaluation.soft_labels import label_shares, vote_columns
from emopipe.evaluation.weights import check_takes_weights, clip_weights
from emopipe.metrics import units_of
from emopipe.splits import check_subjects, make_folds, shared_subjects
from emopipe.subjects import check_subject_names, subject_names

_DEFAULTS = {"corpus": "clips", "split": None, "train_only": False, "excluded": "",
             "synthetic": False}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Plan:
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
    predefined : bool
        Whether the table or the caller says who is tested, rather than a splitter.
    grouped_by : list of str
        Columns that folds keep apart; empty where groups=None.
    statements : object array or None
        The sentence of each clip, None without such a column.
    n_columns : int
        Columns whose values were looked up for the label.
    hidden, separate : lists of str
        Columns that give the label away and were hidden; those of numbers that separate it.
    corpora : dict
        What the loader says of each corpus: complete, missing, damaged, notices.
    label, features, random_state
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
    grouped_by: list
    statements: np.ndarray | None
    n_columns: int
    hidden: list
    separate: list
    corpora: dict
    features: list | None
    predefined: bool
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
    def has_subjects(self):
        """Whether any tested clip's subject is known."""
        return any(subject is not None for subject in self.subjects[self.tested])

    @property
    def mixed(self):
        """Whether some fold trains on people whom it tests, or must be thought to.

        Random folds of a corpus that names nobody must; its official split need not.
        """
        if not self.has_subjects:
            return not self.predefined
        return any(shared_subjects(fold, self.subjects) for fold in self.folds)


def _add_columns(clips, label, grouped_by, features):
    """Return the table in the order of clips, with the columns that evaluation reads.

    Its index numbers the rows as they were: the order of a table decides nothing.
    """
    if not isinstance(clips, pd.DataFrame):
        raise TypeError(
            f"clips is a {type(clips).__name__}: give a clip table, from load_corpus or "
            "load_table, or features and emotions, as in evaluate(estimator, X, y, groups=people)"
        )
    needed = ["clip", label, *grouped_by, *(features or [])]
    missing = [column for column in needed if column not in clips]
    if missing:
        hint = "; groups=None where subjects are unknown" if set(grouped_by) & {*missing} else ""
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
        values = table[column].astype(object) if column in table else pd.Series(None, table.index)
        table[column] = np.where(values.notna(), values, value)
    order = np.argsort(table["clip"].astype(str).to_numpy(dtype=str), kind="stable")
    return table.astype({"train_only": bool, "synthetic": bool}).iloc[order]


def _reasons(table, label):
    """Return why each row is left out, "" for those that are not."""
    reasons = table["excluded"].astype(object).where(table["excluded"].notna(), "")
    labelled = table[label].notna() & table[label].astype(str).str.strip().ne("")
    return reasons.where((reasons != "") | labelled, f"no {label}")


def check_estimator(estimator, *others):
    """Raise TypeError unless an estimator is a classifier; `others` are the other arguments."""
    if isinstance(estimator, type) or not isinstance(estimator, BaseEstimator):
        kind = "the class " if isinstance(estimator, type) else "a "
        name = estimator.__name__ if isinstance(estimator, type) else type(estimator).__name__
        data = isinstance(estimator, pd.DataFrame | np.ndarray | list)
        data |= any(isinstance(other, BaseEstimator) for other in others)
        swapped = "; are the arguments swapped?" if data else ""
        raise TypeError(f"estimator is {kind}{name}: give a scikit-learn classifier{swapped}")
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


def _columns_of(groups):
    """Return the columns to keep apart, who is recorded first."""
    if not isinstance(groups, str | list | tuple | None):
        raise ValueError(
            f"groups is a {type(groups).__name__}: with a clip table, name its column, as in "
            "groups='subject'; values go with X and y, as in evaluate(estimator, X, y, groups=...)"
        )
    columns = [groups] if isinstance(groups, str) else list(groups or [])
    if (
        not all(isinstance(name, str) for name in columns)
        or len(columns) > 2
        or (len(columns) == 2 and "statement" not in columns)
    ):
        raise ValueError(
            f"groups={groups!r}: give the column of who must be kept apart, None, or "
            "['subject', 'statement'] to keep sentences apart, too"
        )
    return sorted(columns, key="statement".__eq__)


def _subjects_of(table, groups, grouped_by, subject_dependent):
    """Return who is in each clip, None where nobody is named; refuse names that cannot be meant."""
    column = next((name for name in grouped_by if name != "statement"), "subject")
    subjects = np.full(len(table), None, dtype=object)
    if column in table:
        subjects = subject_names(table[column])
    check_subject_names(subjects, column)
    n_subjects = len(set(subjects) - {None})
    if groups is None and n_subjects and not subject_dependent:
        raise ValueError(
            f"groups=None, but the table names {n_subjects} subjects: folds that ignore them test "
            "on people that were trained on; leave groups='subject', or pass subject_dependent=True"
        )
    return subjects


def _check_splits(estimator, folds, subjects, splitter, subject_dependent):
    """Return the folds that are made inside the estimator; refuse folds that mix people."""
    if subject_dependent:
        return inner_splits(estimator)
    check_subjects(folds, subjects, splitter)
    return check_inner_splits(estimator, folds, subjects)


def _visible_columns(table, data, y, soft_labels):
    """Return the columns that the estimator sees: neither the answer nor weights nor votes."""
    answers = [name for name in table if name == "emotion" or (table[name].astype(str) == y).all()]
    hidden = {*answers} if data.sample_weight is None else {*answers, data.sample_weight}
    if soft_labels is not None:
        hidden |= set(vote_columns(table, soft_labels))
        if hidden & set(data.features or ()):
            raise ValueError(f"soft_labels={soft_labels!r}: features= names columns of votes")
    return table[data.features] if data.features else table.drop(columns=list(hidden))


def _check_arguments(data):
    if isinstance(data.features, str):
        words = f"features={data.features!r} is text: give a list of columns, [{data.features!r}]"
        raise ValueError(words)
    if not isinstance(data.sample_weight, str | None):
        raise TypeError("sample_weight is no name: give the column of the clip table with weights")


def make_plan(estimator, data, *, cv, label, soft_labels, subject_dependent, random_state):
    """Return the checked task with its folds, or raise what `emopipe.evaluation.evaluate` says."""
    clips, groups, features, sample_weight, as_array = data
    grouped_by = _columns_of(groups)
    is_weighed = sample_weight is not None
    _check_arguments(data)
    full = _add_columns(clips, label, [*grouped_by, *[sample_weight] * is_weighed], features)
    reasons = _reasons(full, label)
    table = full[reasons == ""]
    if is_weighed or soft_labels is not None:
        check_takes_weights(estimator)
    y = table[label].astype(str).to_numpy(dtype=str)
    _check_emotions(table, y, reasons, label)
    subjects = _subjects_of(table, groups, grouped_by, subject_dependent)
    statements = subject_names(table["statement"]) if "statement" in table else None
    folds, splitter = make_folds(
        table, y, None if groups is None else subjects, cv, n_rows=len(full),
        subject_dependent=subject_dependent, random_state=random_state,
        statements=statements if "statement" in grouped_by else None,
    )  # fmt: skip
    _check_training(folds, y)
    splits = _check_splits(estimator, folds, subjects, splitter, subject_dependent)
    classes, X = sorted(set(y)), _visible_columns(table, data, y, soft_labels)
    units = units_of(subjects, table["clip"]).to_numpy(dtype=str)
    n_columns = len([name for name in X if name not in NAMES])
    X, hidden, separate = check_columns(X, y, units, bool(features))
    task = Task(
        estimator, X, y, units, classes, as_array=as_array,
        weights=clip_weights(table, sample_weight) if is_weighed else None,
        shares=None if soft_labels is None else label_shares(table, soft_labels, y, classes),
    )  # fmt: skip
    return Plan(
        full=full, reasons=reasons, table=table, subjects=subjects, task=task, folds=folds,
        splitter=splitter, splits=splits, label=label, grouped_by=grouped_by,
        statements=statements, n_columns=n_columns, hidden=hidden, separate=separate,
        corpora=dict(clips.attrs.get("corpora", {})), features=features,
        predefined=isinstance(cv, str | PredefinedSplit), random_state=random_state,
    )  # fmt: skip
