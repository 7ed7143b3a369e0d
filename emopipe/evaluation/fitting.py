"""One fold's work: a fresh copy is fitted and asked, and what came out outlives a killed run."""

import hashlib
import inspect
import json
import pickle
import re
import time
import warnings
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from emopipe.evaluation.audit import nested, wants_groups
from emopipe.result import plain, write_atomic

# Parameters that change how long a fit takes or what it prints, never what it finds.
_NEUTRAL = {
    "cache_size", "checkpoint", "memory", "n_jobs", "pre_dispatch", "progress", "store", "verbose",
}  # fmt: skip


class CheckpointWarning(UserWarning):
    """A checkpoint could not be used; its folds are computed again."""


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
    """

    estimator: object
    X: pd.DataFrame
    y: np.ndarray
    groups: np.ndarray
    classes: list


def _without_addresses(text):
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)


def _code(function):
    code = function.__code__
    return _without_addresses(repr((code.co_code, code.co_consts, code.co_names)))


def described(value):
    """Return JSON-able content of a parameter: equal parameters give equal content in any process.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> a, b = KNeighborsClassifier(3), KNeighborsClassifier(3, n_jobs=2)
    >>> described(a) == described(b), described(a) == described(KNeighborsClassifier(4))
    (True, False)
    """
    if isinstance(value, BaseEstimator):
        params = value.get_params(deep=False)
        kept = {key: described(params[key]) for key in sorted(params) if key not in _NEUTRAL}
        return [f"{type(value).__module__}.{type(value).__qualname__}", kept]
    if isinstance(value, dict):
        return {repr(key): described(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [described(item) for item in value]
    if isinstance(value, pd.DataFrame | pd.Series):
        return ["table", described(value.to_numpy()), repr(list(value.axes[-1]))]
    if isinstance(value, np.ndarray):
        content = repr(value.tolist()) if value.dtype == object else value.tobytes()
        content = content.encode() if isinstance(content, str) else content
        return ["array", str(value.dtype), value.shape, hashlib.sha256(content).hexdigest()]
    if inspect.isfunction(value):
        return [f"{value.__module__}.{value.__qualname__}", _code(value)]
    if value is None or isinstance(value, bool | int | float | str | type):
        return repr(value)
    try:
        return [type(value).__qualname__, joblib.hash(value)]
    except (AttributeError, TypeError, pickle.PicklingError):
        return _without_addresses(repr(value))


def _named_plain(value, where):
    """Return chosen parameters as plain values; what is none is written as its repr."""
    if isinstance(value, dict):
        return {str(key): _named_plain(item, where) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | float | str | np.generic):
        return plain(value, where)
    return _without_addresses(repr(value))


def _chosen(estimator):
    """Return what a fitted estimator learned that a reader wants to see, as plain values."""
    parts = nested(estimator)
    best = {
        f"{name}__{key}" if name else key: item
        for name, part in reversed(parts)
        for key, item in getattr(part, "best_params_", {}).items()
    }
    weights = [getattr(part, "weights_", None) for _, part in parts]
    weights = next((table for table in weights if isinstance(table, pd.DataFrame)), None)
    curves = [(n, type(p).__name__, getattr(p, "history_", None)) for n, p in parts]
    return {
        "best_params": _named_plain(best, "best_params_") or None,
        "fusion_weights": None if weights is None else plain(weights.to_dict("index"), "weights_"),
        "history": [
            {"estimator": name or kind} | plain(dict(history), f"{kind}.history_")
            for name, kind, history in curves
            if history is not None
        ],
        "notices": notices_of(estimator),
    }


def notices_of(estimator):
    """Return what an estimator and all inside it want a reader to know, each once."""
    found = [part.notices() for _, part in nested(estimator) if hasattr(part, "notices")]
    return list(dict.fromkeys(str(notice) for notices in found for notice in notices))


def _scores(estimator, X, classes):
    """Return scores, shape (n_clips, n_classes): probabilities or decision values, NaN where none.

    A class that was not in the training rows has probability 0, but no decision value.
    """
    for name, absent in (("predict_proba", 0.0), ("decision_function", np.nan)):
        if hasattr(estimator, name):
            scores = np.asarray(getattr(estimator, name)(X), dtype=np.float64)
            if scores.ndim == 1:
                scores = np.column_stack([-scores, scores])
            known = [str(label) for label in estimator.classes_]
            if scores.shape != (len(X), len(known)):
                return None
            aligned = np.full((len(X), len(classes)), absent)
            aligned[:, [classes.index(label) for label in known]] = scores
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


def run_fold(task, fold):
    """Fit a fresh copy on the training rows, ask it for the test rows, return plain values.

    Metadata routing must be on.

    Returns
    -------
    dict
        predicted (list of str or None), scores (list of lists of float or None, or None),
        best_params, fusion_weights, history, notices, fit_seconds, score_seconds.
    """
    from emopipe.extract import ClipWarning

    estimator = clone(task.estimator)
    params = {"groups": task.groups[fold.train]} if wants_groups(estimator) else {}
    with warnings.catch_warnings():
        # Statuses of all clips are in the Result; saying them per fold would bury everything else.
        warnings.simplefilter("ignore", ClipWarning)
        started = time.perf_counter()
        estimator.fit(task.X.iloc[fold.train], task.y[fold.train], **params)
        fitted = time.perf_counter()
        predicted, scores = _answers(estimator, task.X.iloc[fold.test], task.classes)
        scored = time.perf_counter()
    return {
        "predicted": predicted,
        "scores": plain(scores, "scores"),
        **_chosen(estimator),
        "fit_seconds": fitted - started,
        "score_seconds": scored - fitted,
    }


def _content(task, folds):
    """Return the key of a checkpoint: everything that the outcome of the folds depends on."""
    rows = pd.util.hash_pandas_object(task.X.astype("string"), index=False).to_numpy()
    digest = hashlib.sha256(rows.tobytes())
    versions = [f"{name} {version(name)}" for name in ("emopipe", "scikit-learn")]
    parts = [described(task.estimator), list(task.X.columns), task.classes, versions]
    for part in (*parts, task.y.tolist(), task.groups.tolist()):
        digest.update(json.dumps(part).encode())
    for fold in folds:
        digest.update(json.dumps([fold.train.tolist(), fold.test.tolist()]).encode())
    return digest.hexdigest()


def _unfinished(folder):
    """Return the folders of evaluations in `folder` that have some of their folds, not all."""
    found = []
    for one in sorted(folder.iterdir()) if folder.is_dir() else []:
        names = [path.stem for path in one.glob("fold-*-of-*.json")]
        if names and len(names) < int(names[0].rpartition("-")[2]):
            found.append(one)
    return found


class FoldCheckpoints:
    """Outcomes of folds in a folder, one JSON file each, so that a killed run goes on.

    Parameters
    ----------
    folder : str, Path or None
        None keeps nothing. One folder may serve several evaluations: each has a folder of its
        own inside, named by what its outcomes depend on (estimator, rows, labels, folds).
    task : Task
    folds : list of Fold
    """

    def __init__(self, folder, task, folds):
        self.folder, self.n_folds = None, len(folds)
        if folder is None:
            return
        self.folder = Path(folder) / _content(task, folds)[:20]
        unusable = _unfinished(Path(folder))
        if unusable and not self.folder.is_dir():
            warnings.warn(
                f"{folder} holds an unfinished evaluation ({unusable[0].name}) with another "
                "estimator, other clips, labels or folds: it cannot be used, this one starts at "
                "fold 0",
                CheckpointWarning,
                stacklevel=4,
            )

    def _path(self, number):
        return self.folder / f"fold-{number}-of-{self.n_folds}.json"

    def load(self, number):
        """Return a fold's outcome, or None where there is none that can be read."""
        if self.folder is None or not self._path(number).is_file():
            return None
        try:
            return json.loads(self._path(number).read_text(encoding="utf-8"))
        except ValueError as error:
            warnings.warn(
                f"{self._path(number)} cannot be read ({error}): fold {number} is computed again",
                CheckpointWarning,
                stacklevel=4,
            )

    def save(self, number, outcome):
        """Keep a fold's outcome."""
        if self.folder is not None:
            write_atomic(self._path(number), json.dumps(outcome, allow_nan=False))


def run_folds(task, folds, *, checkpoint=None, progress=False, title=""):
    """Return the outcome of every fold, from checkpoints where they are, see `run_fold`."""
    from tqdm import tqdm

    checkpoints, outcomes, right, asked = FoldCheckpoints(checkpoint, task, folds), [], 0, 0
    with tqdm(folds, desc=title, unit="fold", disable=not progress) as bar:
        for number, fold in enumerate(bar):
            outcome = checkpoints.load(number)
            if outcome is None:
                outcome = run_fold(task, fold)
                checkpoints.save(number, outcome)
            outcomes.append(outcome)
            right += sum(
                a == b for a, b in zip(outcome["predicted"], task.y[fold.test], strict=True)
            )
            asked += len(fold.test)
            bar.set_postfix(accuracy=f"{right / asked:.3f}")
    return outcomes


def extract_first(task, progress):
    """Extract every clip once, before the folds; return {extractor: {status: clips}}."""
    found, seen = {}, []
    for name, part in nested(task.estimator):
        if not hasattr(part, "statuses") or described(part) in seen:
            continue
        seen.append(described(part))
        shown = clone(part)
        if progress and "progress" in shown.get_params(deep=False):
            shown.set_params(progress=True)
        kind = type(part).__name__
        tally = shown.statuses(task.X)["status"].value_counts().sort_index().to_dict()
        found[f"{kind} ({name})" if kind in found else kind] = tally
    return found
