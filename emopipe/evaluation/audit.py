"""The leakage audit: what could have let an evaluation see its answers, and whether it did.

Before fitting, the declared splitters inside an estimator are looked at; afterwards, the rows that
were given to fit and to predict. Every check is {check, passed, detail}; passed is None where the
table does not say enough to check it.
"""

import hashlib
from collections import deque
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import get_routing_for_object

from emopipe.evaluation.folds import describe_splitter, shared_subjects, takes_groups


def _children(value, path):
    """Return (path, value) of what a container or an estimator holds; names come from pairs."""
    if isinstance(value, BaseEstimator):
        return [(path, item) for item in vars(value).values()]
    if isinstance(value, dict):
        return [((*path, str(key)), item) for key, item in value.items()]
    if isinstance(value, tuple) and len(value) > 1 and isinstance(value[0], str):
        return [((*path, value[0]), item) for item in value[1:]]
    if isinstance(value, list | tuple):
        return [(path, item) for item in value]
    return []


def nested(estimator):
    """Return (name, estimator) of an estimator and all inside it, outermost first.

    Names are those of pipeline steps and modalities, joined by "__"; the outermost has none.
    Fitted copies come with the unfitted ones.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn.svm import SVC
    >>> [name for name, _ in nested(make_pipeline(StandardScaler(), SVC()))]
    ['', 'standardscaler', 'svc']
    """
    found, seen, queue = [], set(), deque([((), estimator)])
    while queue:
        path, value = queue.popleft()
        if isinstance(value, type) or id(value) in seen:
            continue
        if isinstance(value, BaseEstimator):
            seen.add(id(value))
            found.append(("__".join(path), value))
        queue.extend(_children(value, path))
    return found


class InnerSplit(NamedTuple):
    """A splitter inside an estimator: where, in words, whether grouped, and its folds if known."""

    name: str
    owner: str
    splitter: str
    grouped: bool
    n_splits: int | None


def _asks_for_groups(estimator):
    """Return whether a class declares `__metadata_request__fit` with groups for itself.

    What it routes to others does not count. Python prefixes the attribute with the class' name.
    """
    attributes = [item for base in type(estimator).__mro__ for item in vars(base).items()]
    return any(
        name.endswith("__metadata_request__fit") and value.get("groups")
        for name, value in attributes
    )


def _inner_split(name, owner, cv):
    kind = type(owner).__name__
    if cv is None or isinstance(cv, int):
        # An estimator of ours that asks for groups makes its own grouped folds of a number.
        grouped = _asks_for_groups(owner)
        words = f"{cv or 'its own'} folds by group" if grouped else f"cv={cv}"
        return InnerSplit(name, kind, words, grouped, cv if grouped else None)
    if not hasattr(cv, "split"):
        return InnerSplit(name, kind, "cv=a list of row numbers", False, None)
    n_splits = getattr(cv, "n_splits", None)
    shuffled = "Shuffle" in type(cv).__name__
    return InnerSplit(
        name, kind, describe_splitter(cv), takes_groups(cv), None if shuffled else n_splits
    )


def _makes_folds(estimator):
    if not hasattr(estimator, "cv") or isinstance(estimator.cv, str):
        return False
    # A fusion whose weights are given learns nothing on its inner folds.
    weights, calibration = (getattr(estimator, name, "") for name in ("weights", "calibration"))
    given = not isinstance(weights, str) or weights == "equal"
    return not (given and calibration is None)


def inner_splits(estimator):
    """Return an InnerSplit for every nested estimator that makes folds by its parameter `cv`."""
    return [
        _inner_split(name, owner, owner.cv)
        for name, owner in nested(estimator)
        if _makes_folds(owner)
    ]


def mixed_holdouts(estimator):
    """Return a notice for every nested estimator that holds out rows of its own at random."""
    found = []
    for _, part in nested(estimator):
        for parameter in ("probability", "early_stopping"):
            if getattr(part, parameter, False) is True and type(part).__module__.startswith(
                "sklearn."
            ):
                found.append(
                    f"{type(part).__name__}({parameter}=True) holds out training clips at random, "
                    "which mixes training subjects; test subjects stay unseen."
                )
    return list(dict.fromkeys(found))


def wants_groups(estimator):
    """Return whether `fit` takes groups, for itself or for something inside it."""
    try:
        return bool(get_routing_for_object(estimator).consumes("fit", {"groups"}))
    except NotImplementedError:
        # Some of scikit-learn's meta-estimators cannot route anything.
        return False


def check_inner_splits(estimator, folds, subjects):
    """Raise ValueError when choices inside the estimator would be made on folds mixing subjects.

    Parameters
    ----------
    estimator : estimator
    folds : list of Fold
    subjects : object array, shape (n_clips,)
        None where unknown. Without any subject, every inner split is allowed.
    """
    splits = inner_splits(estimator)
    if not any(subject is not None for subject in subjects):
        return splits
    for split in splits:
        if not split.grouped:
            raise ValueError(
                f"{split.owner} {split.name!r} splits by {split.splitter}, which puts clips of one "
                "subject on both sides: give it a grouped splitter, as in "
                f"{split.owner}(..., cv=GroupKFold(5)), or, if mixed subjects are meant, "
                "evaluate(..., subject_dependent=True)"
            )
    if splits and not wants_groups(estimator):
        raise ValueError(
            f"{type(estimator).__name__} cannot pass groups on to {splits[0].owner} "
            f"{splits[0].name!r}, whose folds need them: put the search outermost, or use a "
            "meta-estimator that supports scikit-learn's metadata routing"
        )
    for number, fold in enumerate(folds):
        known = len(set(subjects[fold.train]) - {None}) + sum(
            s is None for s in subjects[fold.train]
        )
        for split in splits:
            if split.n_splits is not None and split.n_splits > known:
                raise ValueError(
                    f"fold {number} trains on {known} subjects, fewer than the {split.n_splits} "
                    f"folds that {split.owner} makes of them ({split.splitter}): use fewer"
                )
    return splits


def _contents(paths):
    """Return the SHA-256 of each file, or None where it is missing or alone in its size."""
    sizes = pd.Series(
        [Path(p).stat().st_size if isinstance(p, str) and Path(p).is_file() else -1 for p in paths]
    )
    hashes = {}
    # Only files of equal size can be equal: most corpora need hardly any reading.
    for path in {
        path for path, twin in zip(paths, sizes.duplicated(keep=False), strict=True) if twin
    }:
        if isinstance(path, str) and Path(path).is_file():
            with open(path, "rb") as file:
                hashes[path] = hashlib.file_digest(file, "sha256").hexdigest()
    return np.array([hashes.get(path) for path in paths], dtype=object)


def recordings(table):
    """Return what identifies a recording: {"path" | "content of path" | ... | "take": names}.

    Each value is an object array over the table's rows, None where unknown: two rows with the
    same name are the same recording. Files of equal content count whatever they are called, and
    so do takes that exist in several modalities.
    """
    named = {"clip": table["clip"].to_numpy(dtype=object)}
    for column in ("path", "audio"):
        if column in table:
            paths = table[column].astype(object).where(table[column].notna(), None).to_numpy()
            named[column] = paths
            named[f"content of {column}"] = _contents(paths)
    if "take" in table:
        take = table["corpus"].astype(str) + "/" + table["take"].astype(str)
        named["take"] = take.astype(object).where(table["take"].notna(), None).to_numpy()
    return {kind: names for kind, names in named.items() if any(name is not None for name in names)}


def _entry(check, passed, detail):
    return {"check": check, "passed": passed, "detail": detail}


def _subjects_entry(folds, subjects):
    check = "No subject is trained on and tested in the same fold"
    tested = np.concatenate([fold.test for fold in folds])
    unknown = sum(subjects[row] is None for row in tested)
    if unknown == len(tested):
        return _entry(check, None, "The corpus names no subjects: this cannot be checked.")
    shared = [shared_subjects(fold, subjects) for fold in folds]
    if any(shared):
        number, names = next((n, s) for n, s in enumerate(shared) if s)
        return _entry(
            check,
            False,
            f"{sum(map(bool, shared))} of {len(folds)} folds test subjects that they train on "
            f"(fold {number}: {len(names)}, such as {names[0]}).",
        )
    detail = f"Compared the rows given to fit and to predict in {len(folds)} fold(s)."
    if unknown:
        return _entry(check, None, f"{detail} {unknown} tested clips are of unknown subjects.")
    return _entry(check, True, detail)


def _recordings_entry(folds, table):
    check = "No recording is on both sides of a fold"
    found, named = [], recordings(table)
    for kind, names in named.items():
        for number, fold in enumerate(folds):
            train, test = (set(names[rows]) - {None} for rows in fold)
            if train & test:
                found.append(
                    f"fold {number}: {len(train & test)} with the same {kind}, such as "
                    f"{min(train & test)}"
                )
                break
    if found:
        return _entry(check, False, "; ".join(found) + ".")
    return _entry(check, True, f"Compared {', '.join(named)}.")


def _tested_entry(folds, table):
    tested = np.concatenate([fold.test for fold in folds])
    twice = len(tested) - len(np.unique(tested))
    train_only = int(table["train_only"].to_numpy(dtype=bool)[tested].sum())
    return _entry(
        "Every clip is tested at most once, and none that is only for training",
        not twice and not train_only,
        f"{len(tested)} clips tested, {twice} of them more than once, {train_only} train_only.",
    )


def _choices_entry(splits, subjects, passed_groups):
    check = "Parameters, weights and calibration are chosen on folds grouped by subject"
    if not splits:
        return _entry(check, True, "Nothing inside the estimator makes folds.")
    listed = "; ".join(sorted({f"{s.owner}: {s.splitter}" for s in splits}))
    unknown = sum(subject is None for subject in subjects)
    if unknown == len(subjects):
        return _entry(check, None, f"The corpus names no subjects ({listed}).")
    grouped = passed_groups and all(split.grouped for split in splits)
    detail = f"{listed}; groups were {'' if passed_groups else 'not '}passed to fit."
    if unknown and grouped:
        detail += f" {unknown} clips of unknown subjects are a group each."
        return _entry(check, None, detail)
    return _entry(check, grouped, detail)


def _held_out_entry(folds, evidence):
    check = "Scaling, selection, calibration and fusion weights never saw a test row"
    overlap = sum(len(np.intersect1d(*fold)) for fold in folds)
    return _entry(
        check,
        not overlap,
        f"{evidence} fresh copies, each fitted once on its training rows alone and asked for its "
        f"test rows afterwards; {overlap} rows were on both sides.",
    )


def audit(folds, table, subjects, splits, *, passed_groups):
    """Return the entries of the leakage audit.

    Parameters
    ----------
    folds : list of Fold
        Rows that were given to fit and to predict.
    table : DataFrame
        The clips: clip, corpus, train_only, and path, audio, take where known.
    subjects : object array, shape (n_clips,)
        None where unknown.
    splits : list of InnerSplit
    passed_groups : bool
        Whether subjects were passed to fit.
    """
    return [
        _subjects_entry(folds, subjects),
        _recordings_entry(folds, table),
        _tested_entry(folds, table),
        _choices_entry(splits, subjects, passed_groups),
        _held_out_entry(folds, len(folds)),
    ]
