"""The leakage audit: what could have let an evaluation see its answers, and whether it did.

It looks at the rows that were given to fit and to predict, at the recordings behind them, and at
what the estimator holds; what it could not look at, it cannot tell. Every check is {id, title,
status, reason}, see `emopipe.result.Result`.
"""

import numpy as np

from emopipe.evaluation.brought_in import brought_in
from emopipe.evaluation.folds import shared_subjects
from emopipe.evaluation.inner_splits import wants_groups

# Ids of all checks; `evaluate(skip=...)` takes them.
CHECKS = (
    "subjects", "statements", "recordings", "tested-once", "inner-folds", "rows-apart",
    "brought-in", "columns", "names",
)  # fmt: skip


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


def _recordings_entry(folds, named, n_files, n_decoded):
    check = ("recordings", "No recording is on both sides of a fold")
    found = []
    for kind, names in named.items():
        for number, fold in enumerate(folds):
            train, test = (set(names[rows]) - {None} for rows in fold)
            if train & test:
                shared = sorted(map(str, train & test))[0]
                such = "" if kind.startswith("decoded") else f", such as {shared}"
                found.append(f"fold {number}: {len(train & test)} with the same {kind}{such}")
                break
    if found:
        return _check(*check, False, "; ".join(found) + ".")
    detail = f"Compared {', '.join(named)}."
    if not n_decoded:
        return _check(*check, "cannot tell", f"{detail} No file could be decoded and compared.")
    if n_decoded < n_files:
        detail += f" {n_files - n_decoded} of {n_files} files could not be decoded."
    # Sound and pictures are compared to the bit.
    detail += " A copy that was encoded again is not recognised as one."
    return _check(*check, True, detail)


def _statements_entry(folds, statements, asked):
    check = ("statements", "No sentence is trained on and tested in the same fold")
    if statements is None:
        return _check(*check, "not needed", "The table names no sentences.")
    shared = [set(statements[fold.train]) & set(statements[fold.test]) for fold in folds]
    n = sum(any(name is not None for name in names) for names in shared)
    if asked:
        return _check(*check, not n, f"{n} of {len(folds)} folds share sentences.")
    tested = np.concatenate(
        [
            np.isin(statements[fold.test], list(names - {None}))
            for fold, names in zip(folds, shared, strict=True)
        ]
    )
    reason = (
        f"Not asked for: {tested.mean():.0%} of the tested clips have a sentence that was trained "
        "on; figures hold for sentences heard before (groups=['subject', 'statement'] keeps both "
        "apart)."
    )
    return _check(*check, "not needed", reason.replace("%", " %"))


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


def _brought_in_entry(brought):
    check = ("brought-in", "Nothing in the estimator was fitted or chosen beforehand")
    if brought:
        reason = f"{'; '.join(brought)}: on which clips cannot be seen here."
        return _check(*check, "cannot tell", reason)
    return _check(*check, True, "The estimator and its parts hold no fitted state or weights.")


def _columns_entry(n_columns, hidden, separate):
    check = ("columns", "No column of the table gives the label away")
    also = f" {', '.join(hidden)}: hidden from the estimator." if hidden else ""
    if separate:
        reason = f"Thresholds on {', '.join(separate[:3])} alone tell the label.{also}"
        return _check(*check, "cannot tell", reason)
    return _check(*check, True, f"Looked up the values of {n_columns} columns.{also}")


def _names_entry(renamed):
    check = ("names", "Answers are the same under other names of files")
    if renamed is None:
        return _check(*check, "not needed", "The estimator sees no names of files.")
    asked = f"{renamed['asked']} clips were asked for again under neutral names"
    if renamed["problem"]:
        return _check(*check, "cannot tell", renamed["problem"])
    if renamed["changed"]:
        return _check(*check, False, f"{asked}: {renamed['changed']} got other answers.")
    if renamed["unsteady"]:
        reason = f"{asked}: answers differ even under the same names."
        return _check(*check, "cannot tell", reason)
    return _check(*check, True, f"{asked}: all got the same answers.")


def audit(study, named, n_files, n_decoded, renamed, *, skip=()):
    """Return the checks of the audit, in the order of `CHECKS`.

    Parameters
    ----------
    study : Study
    named : dict
        From `emopipe.evaluation.recordings.recordings`.
    n_files, n_decoded : int
        Files that the table names, and those that could be decoded.
    renamed : dict or None
        From `emopipe.evaluation.renaming.ask_renamed`; None where no names are seen.
    skip : sequence of str
        Checks that are switched off: they cannot tell.
    """
    folds, subjects = study.folds, study.subjects
    checks = [
        _subjects_entry(folds, subjects),
        _statements_entry(folds, study.statements, "statement" in study.grouped_by),
        _recordings_entry(folds, named, n_files, n_decoded),
        _tested_entry(folds, study.table),
        _choices_entry(study.splits, subjects, wants_groups(study.task.estimator)),
        _held_out_entry(folds, len(folds)),
        _brought_in_entry(brought_in(study.task.estimator, study.features)),
        _columns_entry(study.n_columns, study.hidden, study.separate),
        _names_entry(renamed),
    ]
    off = {"status": "cannot tell", "reason": "Switched off."}
    return [check | off if check["id"] in skip else check for check in checks]
