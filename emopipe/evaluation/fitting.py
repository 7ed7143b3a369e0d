"""Fit a fresh copy of the estimator on a fold, and test it."""

import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed

from emopipe.evaluation.alone import ask_alone
from emopipe.evaluation.checkpoints import FoldCheckpoints
from emopipe.evaluation.inner_splits import wants_groups
from emopipe.evaluation.learned_values import describe_fitted, round_values
from emopipe.evaluation.renaming import ask_renamed
from emopipe.evaluation.soft_labels import training_rows
from emopipe.evaluation.weights import request_weights
from emopipe.fusion.clip_pipeline import explain_features
from emopipe.fusion.score_fusion import ScoreFusion
from emopipe.inspection import (
    ClipEstimator,
    best_estimator,
    machine_defaults,
    parts,
)
from emopipe.keys import evaluation_key, parameter_content
from emopipe.media.containers import describe
from emopipe.progress import progress_bar
from emopipe.strict_json import plain


@dataclass(frozen=True)
class Task:
    """What is fitted on what: an estimator, rows for it, their labels and groups.

    Parameters
    ----------
    estimator : classifier
        Never fitted itself.
    X : DataFrame, n_clips rows
    y : array of str, shape (n_clips,)
    groups : array of str, shape (n_clips,)
        The subject, or a name of its own for a clip of unknown subject.
    classes : list of str
    rename : bool
        Whether answers under other names of files are asked for, too.
    alone : bool
        Whether clips are asked for one by one, too.
    as_array : bool
        Whether the estimator gets an array of numbers instead of a table.
    weights : float array of shape (n_clips,), or None
        How much a clip counts in training.
    shares : float array of shape (n_clips, n_classes), or None
        Share of each emotion in a clip's votes: it trains once for each, and counts by its share.
    """

    estimator: object
    X: pd.DataFrame
    y: np.ndarray
    groups: np.ndarray
    classes: list
    rename: bool = False
    alone: bool = False
    as_array: bool = False
    weights: np.ndarray | None = None
    shares: np.ndarray | None = None

    def rows(self, numbers):
        """Return rows of X as the estimator takes them: numbers of rows could give labels away."""
        rows = self.X.iloc[numbers].reset_index(drop=True)
        rows.attrs = {}
        return rows.to_numpy() if self.as_array else rows

    def training(self, numbers):
        """Return rows of X, labels, groups and weights (or None) to train on."""
        weights = None if self.weights is None else self.weights[numbers]
        labels = self.y[numbers]
        if self.shares is not None:
            numbers, classes, weights = training_rows(numbers, self.shares, self.weights)
            labels = np.array(self.classes)[classes]
        return self.rows(numbers), labels, self.groups[numbers], weights


def _scores(estimator, X, classes):
    """Return scores, shape (n_clips, n_classes): probabilities or decision values, NaN where none.

    A class that was not in the training rows has probability 0, but no decision value.
    """
    for name, absent in (("predict_proba", 0.0), ("decision_function", np.nan)):
        if hasattr(estimator, name):
            scores = np.asarray(getattr(estimator, name)(X), dtype=np.float64)
            if scores.ndim == 1:
                scores = np.column_stack([-scores, scores])
            labels = [str(label) for label in estimator.classes_]
            if scores.shape != (len(X), len(labels)):
                return None
            aligned = np.full((len(X), len(classes)), absent)
            aligned[:, [classes.index(label) for label in labels]] = scores
            aligned[np.isnan(scores).all(1)] = np.nan
            return aligned
    return None


def _answers(estimator, X, classes):
    """Return predictions (None where there is none) and scores of rows."""
    scores = _scores(estimator, X, classes)
    answers = [str(answer) for answer in np.asarray(estimator.predict(X))]
    # Without a single score, whatever `predict` says is no answer of the classifier.
    unscored = np.zeros(len(X), bool) if scores is None else np.isnan(scores).all(1)
    predicted = [
        answer if answer in classes and not none else None
        for answer, none in zip(answers, unscored, strict=True)
    ]
    return predicted, scores


def _modalities(estimator, X):
    """Return {column: answers} of a fusion's modalities alone, and of it without each; or None."""
    fusion = best_estimator(estimator)
    if not isinstance(fusion, ScoreFusion):
        return None
    return {name: [str(a) for a in answers] for name, answers in fusion.ablation(X).items()}


def _alone(estimator, task, fold, predicted, scores):
    """Return what `ask_alone` says of a fold's test clips."""

    def answer(rows):
        return _answers(estimator, task.rows(rows), task.classes)

    return ask_alone(answer, fold.test, predicted, scores)


def _frame_scores(estimator, X, classes):
    """Return the scores of single faces of the clips as {column: list}; None where there are none.

    Four digits: they are many, and a reader's own to look into.
    """
    table = estimator.frame_scores(X) if isinstance(estimator, ClipEstimator) else None
    if table is None:
        return None
    scores = table.reindex(columns=classes, fill_value=0.0).round(4).add_prefix("score_")
    return plain(table[["row", "face"]].join(scores).to_dict("list"), "frame_scores")


def run_fold(task, fold):
    """Fit a fresh copy on the training rows, ask it for the test rows, return plain values.

    Metadata routing must be on.

    Returns
    -------
    dict
        predicted (list of str or None), scores (list of lists of float or None, or None),
        modalities ({column: list of str} or None), frame_scores ({column: list} or None),
        best_params, fusion_weights, searches, history, notices, renamed, alone, fit_seconds,
        score_seconds, cpu_seconds (of this process' threads).
    """
    from emopipe.extraction import ClipWarning

    rows, labels, groups, weights = task.training(fold.train)
    weighed = weights is not None
    estimator = request_weights(task.estimator) if weighed else clone(task.estimator)
    params = {"groups": groups} if wants_groups(estimator) else {}
    if weighed:
        params["sample_weight"] = weights
    with warnings.catch_warnings(), explain_features():
        # Statuses of all clips are in the Result; saying them per fold would bury everything else.
        warnings.simplefilter("ignore", ClipWarning)
        started, busy = time.perf_counter(), time.process_time()
        estimator.fit(rows, labels, **params)
        fitted = time.perf_counter()
        predicted, scores = _answers(estimator, task.rows(fold.test), task.classes)
        scored = time.perf_counter()
        busy = time.process_time() - busy
        frames = _frame_scores(estimator, task.rows(fold.test), task.classes)
        modalities = _modalities(estimator, task.rows(fold.test))
        renamed = None
        if task.rename:
            renamed = ask_renamed(estimator, task.rows(fold.test), predicted)
        alone = _alone(estimator, task, fold, predicted, scores) if task.alone else None
    return {
        "predicted": predicted,
        "scores": round_values(plain(scores, "scores")),
        "modalities": modalities,
        "frame_scores": frames,
        **describe_fitted(estimator),
        "renamed": renamed,
        "alone": alone,
        "fit_seconds": fitted - started,
        "score_seconds": scored - fitted,
        "cpu_seconds": busy,
    }


def _key(task, folds):
    """Return the key of a checkpoint: everything that the outcome of the folds depends on."""
    sides = [[side.tolist() for side in fold] for fold in folds]
    labels = [task.y.tolist(), task.groups.tolist(), task.classes]
    modes = [task.rename, task.alone]
    weights = [part.tolist() for part in (task.weights, task.shares) if part is not None]
    return evaluation_key(task.X, parameter_content(task.estimator), labels, sides, modes, *weights)


def _run_numbered(number, estimator, X, y, groups, classes, modes, fold):
    return number, run_fold(Task(estimator, X, y, groups, classes, *modes), fold)


def _fresh(task, folds, n_jobs):
    """Yield the number and the outcome of folds as they are done: in turn, or in processes."""
    from emopipe.extraction.dask.client import client_in_use

    cluster = client_in_use() is not None
    # Names are tried in the first fold, and on this machine: a cluster's may not see its links.
    tasks = [
        (n, replace(task, rename=task.rename and not (n or cluster), alone=task.alone and not n), f)
        for n, f in folds
    ]
    if not cluster and effective_n_jobs(n_jobs) == 1:
        yield from ((number, run_fold(fold_task, fold)) for number, fold_task, fold in tasks)
        return
    # Arrays and the table are sent once, as each is an argument of its own.
    parts = task.estimator, task.X, task.y, task.groups, task.classes
    n_jobs = -1 if cluster else n_jobs
    yield from Parallel(n_jobs=n_jobs, batch_size=1, return_as="generator_unordered")(
        delayed(_run_numbered)(
            number,
            *parts,
            (
                fold_task.rename,
                fold_task.alone,
                fold_task.as_array,
                fold_task.weights,
                fold_task.shares,
            ),
            fold,
        )
        for number, fold_task, fold in tasks
    )


def run_folds(task, folds, *, n_jobs=None, checkpoint=None, progress=False, title=""):
    """Return the outcome of every fold, from checkpoints where they are, see `run_fold`.

    Where joblib's backend is Dask, folds are tasks of the cluster.
    """
    checkpoints = FoldCheckpoints(checkpoint, _key(task, folds), len(folds))
    loaded = {number: checkpoints.load(number) for number in range(len(folds))}
    outcomes = {number: outcome for number, outcome in loaded.items() if outcome is not None}
    missing = [(number, fold) for number, fold in enumerate(folds) if number not in outcomes]
    with progress_bar(len(folds), title, "fold", visible=progress) as bar:
        _show(bar, task, folds, outcomes)
        for number, outcome in _fresh(task, missing, n_jobs):
            checkpoints.save(number, outcome)
            outcomes[number] = outcome
            _show(bar, task, folds, outcomes)
    return [outcomes[number] for number in range(len(folds))]


def _show(bar, task, folds, outcomes):
    bar.update(len(outcomes) - bar.n)
    tested = [(number, row) for number in outcomes for row in enumerate(folds[number].test)]
    right = sum(outcomes[number]["predicted"][i] == task.y[row] for number, (i, row) in tested)
    if tested:
        bar.set_postfix(accuracy=f"{right / len(tested):.3f}")


@contextmanager
def explain_statuses(statuses):
    """Add to an error which extractors gave nothing of any clip, and why."""
    try:
        yield
    except ValueError as error:
        for name, tally in statuses.items():
            if not {"ok", "partial"} & set(tally):
                why = ", ".join(f"{describe(status)}: {n}" for status, n in tally.items())
                error.add_note(f"{name} gave no features of any clip ({why})")
        raise


def extract_first(task, progress):
    """Extract every clip once, before the folds; return {extractor: {status: clips}}."""
    statuses, contents = {}, []
    for name, part in parts(task.estimator):
        if not isinstance(part, ClipEstimator) or parameter_content(part) in contents:
            continue
        contents.append(parameter_content(part))
        extractor = clone(part)
        if progress and "progress" in machine_defaults(part):
            extractor.set_params(progress=True)
        kind = type(part).__name__
        tally = extractor.statuses(task.X)["status"].value_counts().sort_index().to_dict()
        statuses[f"{kind} ({name})" if kind in statuses else kind] = tally
    return statuses
