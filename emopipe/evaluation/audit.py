"""The leakage audit: what could have let an evaluation see its answers, and whether it did.

It looks at the rows that were given to fit and to predict, and at the splitters inside the
estimator. Every check is {id, title, status, reason}, see `emopipe.result.Result`.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from emopipe.evaluation.folds import shared_subjects


def _contents(paths):
    """Return the SHA-256 of each file, or None where it is missing or alone in its size."""
    from emopipe.files import checksum

    sizes = pd.Series(
        [Path(p).stat().st_size if isinstance(p, str) and Path(p).is_file() else -1 for p in paths]
    )
    # Only files of equal size can be equal: most corpora need hardly any reading.
    twins = (sizes.duplicated(keep=False) & (sizes >= 0)).to_numpy()
    hashes = {path: checksum(path) for path in set(paths[twins])}
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


def _check(id, title, status, reason):
    """Return one check; a bool as status means passed or failed."""
    if isinstance(status, bool):
        status = "passed" if status else "failed"
    return {"id": id, "title": title, "status": status, "reason": reason}


def _subjects_entry(folds, subjects):
    check = ("subjects", "No subject is trained on and tested in the same fold")
    tested = np.concatenate([fold.test for fold in folds])
    unknown = sum(subjects[row] is None for row in tested)
    if unknown == len(tested):
        return _check(*check, "cannot tell", "The corpus names no subjects.")
    shared = [shared_subjects(fold, subjects) for fold in folds]
    if any(shared):
        number, names = next((n, s) for n, s in enumerate(shared) if s)
        return _check(
            *check,
            False,
            f"{sum(map(bool, shared))} of {len(folds)} folds test subjects that they train on "
            f"(fold {number}: {len(names)}, such as {names[0]}).",
        )
    detail = f"Compared the rows given to fit and to predict in {len(folds)} fold(s)."
    if unknown:
        return _check(
            *check, "cannot tell", f"{detail} {unknown} tested clips are of unknown subjects."
        )
    return _check(*check, True, detail)


def _recordings_entry(folds, table):
    check = ("recordings", "No recording is on both sides of a fold")
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
        return _check(*check, False, "; ".join(found) + ".")
    return _check(*check, True, f"Compared {', '.join(named)}.")


def _tested_entry(folds, table):
    tested = np.concatenate([fold.test for fold in folds])
    twice = len(tested) - len(np.unique(tested))
    train_only = int(table["train_only"].to_numpy(dtype=bool)[tested].sum())
    return _check(
        "tested-once",
        "Every clip is tested at most once, and none that is only for training",
        not twice and not train_only,
        f"{len(tested)} clips tested, {twice} of them more than once, {train_only} train_only.",
    )


def _choices_entry(splits, subjects, passed_groups):
    title = "Parameters, weights and calibration are chosen on folds grouped by subject"
    check = ("inner-folds", title)
    if not splits:
        return _check(*check, "not needed", "Nothing inside the estimator makes folds.")
    listed = "; ".join(sorted({f"{s.owner}: {s.splitter}" for s in splits}))
    unknown = sum(subject is None for subject in subjects)
    if unknown == len(subjects):
        return _check(*check, "cannot tell", f"The corpus names no subjects ({listed}).")
    grouped = passed_groups and all(split.grouped for split in splits)
    detail = f"{listed}; groups were {'' if passed_groups else 'not '}passed to fit."
    if unknown and grouped:
        detail += f" {unknown} clips of unknown subjects are a group each."
        return _check(*check, "cannot tell", detail)
    return _check(*check, grouped, detail)


def _held_out_entry(folds, evidence):
    overlap = sum(len(np.intersect1d(*fold)) for fold in folds)
    return _check(
        "rows-apart",
        "Every copy of the estimator was fitted on other rows than it answered",
        not overlap,
        f"{evidence} fresh copies, each fitted once on its training rows and asked for its test "
        f"rows afterwards; {overlap} rows were on both sides.",
    )


def audit(folds, table, subjects, splits, *, passed_groups):
    """Return the checks of the leakage audit.

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
