"""The leakage audit: checks for ways in which a test's answers could reach the training.

They look at the rows that were given to fit and to predict, at the recordings behind them, and at
what the estimator holds; what they could not look at, they cannot tell. Each returns a status and
a reason in words; `run_checks` makes all, in the order of `emopipe.checks.CHECKS`.
"""

from dataclasses import dataclass

import numpy as np

from emopipe.checks import check_entry, ignored_checks, mute
from emopipe.evaluation import design
from emopipe.evaluation.inner_splits import wants_groups
from emopipe.evaluation.prior_choices import list_prior_choices
from emopipe.splits import shared_subjects
from emopipe.text import pluralise


def _status(holds):
    return "passed" if holds else "failed"


# The columns and digests that identify a recording, in a reader's words.
_RECORDINGS = {
    "clip": "names of clips", "path": "files", "audio": "files of sound", "take": "takes",
}  # fmt: skip


def _check_subjects(folds, subjects):
    tested = np.concatenate([fold.test for fold in folds])
    unknown = sum(subjects[row] is None for row in tested)
    if unknown == len(tested):
        return "cannot tell", "The corpus names no subjects."
    shared = [shared_subjects(fold, subjects) for fold in folds]
    if any(shared):
        number, names = next((n, s) for n, s in enumerate(shared) if s)
        return "failed", (
            f"{sum(map(bool, shared))} of {len(folds)} folds test subjects that they train on "
            f"(fold {number}: {len(names)}, such as {names[0]})."
        )
    tests = pluralise(len(folds), "fold")
    detail = f"Compared the people of the clips that were trained on and tested, in {tests}."
    if unknown:
        return "cannot tell", f"{detail} {unknown} tested clips are of unknown subjects."
    return "passed", detail


def _check_recordings(folds, named, n_files, n_decoded):
    shared_names = []
    for kind, names in named.items():
        for number, fold in enumerate(folds):
            train, test = (set(names[rows]) - {None} for rows in fold)
            if train & test:
                shared = min(train & test, key=str)
                such = f", such as {shared}"
                if kind.startswith("decoded"):
                    clips = [named["clip"][rows[names[rows] == shared][0]] for rows in fold]
                    such = f", such as {clips[0]} (trained on) and {clips[1]} (tested)"
                shared_names.append(
                    f"fold {number}: {len(train & test)} with the same {kind}{such}"
                )
                break
    if shared_names:
        return "failed", "; ".join(shared_names) + "."
    detail = f"Compared {', '.join(_RECORDINGS.get(kind, kind) for kind in named)}."
    if not n_decoded:
        return "cannot tell", f"{detail} No file could be decoded and compared."
    if n_decoded < n_files:
        detail += f" {n_files - n_decoded} of {n_files} files could not be decoded."
    # Sound and pictures are compared to the bit.
    detail += " A copy that was encoded again is not recognised as one."
    return "passed", detail


def _check_statements(folds, statements, apart):
    if statements is None:
        return "not needed", "The table names no sentences."
    shared = [set(statements[fold.train]) & set(statements[fold.test]) for fold in folds]
    n = sum(any(name is not None for name in names) for names in shared)
    if apart:
        return _status(not n), f"{n} of {len(folds)} folds share sentences."
    if not n:
        return "passed", f"None of {len(folds)} folds shares sentences."
    tested = np.concatenate(
        [
            np.isin(statements[fold.test], list(names - {None}))
            for fold, names in zip(folds, shared, strict=True)
        ]
    )
    share = f"{100 * tested.mean():.0f} % of the tested clips"
    return "warning", f"{share} have a sentence that was trained on."


def _check_tested(folds, table):
    tested = np.concatenate([fold.test for fold in folds])
    twice = len(tested) - len(np.unique(tested))
    train_only = int(table["train_only"].to_numpy(dtype=bool)[tested].sum())
    reason = (
        f"{len(tested)} clips tested, {twice} of them more than once; {train_only} of them are "
        "only for training."
    )
    return _status(not twice and not train_only), reason


def _check_choices(splits, subjects, passed_groups):
    if not splits:
        return "not needed", "Nothing inside the estimator makes folds."
    listed = "; ".join(sorted({f"{s.owner}: {s.splitter}" for s in splits}))
    unknown = sum(subject is None for subject in subjects)
    if unknown == len(subjects):
        return "cannot tell", f"The corpus names no subjects ({listed})."
    grouped = passed_groups and all(split.grouped for split in splits)
    detail = f"{listed}; subjects were {'' if passed_groups else 'not '}passed to fit."
    if unknown and grouped:
        detail += f" {unknown} clips of unknown subjects are a group each."
        return "cannot tell", detail
    return _status(grouped), detail


def _check_rows(folds):
    overlap = sum(len(np.intersect1d(*fold)) for fold in folds)
    return _status(not overlap), (
        f"{len(folds)} fresh copies, each fitted once on its training rows and asked for its test "
        f"rows afterwards; {overlap} rows were on both sides."
    )


def _check_prior_choices(brought):
    if brought:
        reason = f"{'; '.join(brought)}: on which clips cannot be seen here."
        return "cannot tell", reason
    return "passed", "The estimator and its parts hold no fitted state or weights."


def _check_columns(n_columns, hidden, separate):
    also = f" {', '.join(hidden)}: hidden from the estimator." if hidden else ""
    if separate:
        reason = f"Thresholds on {', '.join(separate[:3])} alone tell the label.{also}"
        return "cannot tell", reason
    return "passed", (
        f"None of {n_columns} columns of the clip table tells the emotion of people who were not "
        f"trained on.{also}"
    )


def _check_names(renamed):
    if renamed is None:
        return "not needed", "The estimator sees no names of files."
    words = f"{renamed['asked']} clips were asked for again under neutral names"
    if renamed["problem"]:
        return "cannot tell", renamed["problem"]
    if renamed["changed"]:
        return "failed", f"{words}: {renamed['changed']} got other answers."
    if renamed["unsteady"]:
        reason = f"{words}: answers differ even under the same names."
        return "cannot tell", reason
    return "passed", f"{words}: all got the same answers."


# Checks that decode or ask again, which is not done where they are muted.
TRIALS = {"EMO02", "EMO09", "EMO10"}


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What checks look at besides the task, its folds and the figures.

    Parameters
    ----------
    named : dict
        From `emopipe.evaluation.recordings.recordings`.
    n_files, n_decoded : int
        Files that the table names, and those that could be decoded.
    renamed : dict or None
        From `emopipe.evaluation.renaming.ask_renamed`; None where no names are seen.
    alone : dict or None
        From `emopipe.evaluation.alone.ask_alone`.
    """

    named: dict
    n_files: int
    n_decoded: int
    renamed: dict | None
    alone: dict | None


def run_checks(plan, result, evidence, ignore=()):
    """Return the checks of an evaluation: id, title, status and reason of each.

    Parameters
    ----------
    plan : Plan
    result : Result
        Its protocol, figures, baselines and searches.
    evidence : Evidence
    ignore : dict or list of str
        Checks that are muted, see `emopipe.checks.ignored_checks`.
    """
    folds, subjects, y = plan.folds, plan.subjects, plan.task.y
    corpora = plan.table["corpus"].to_numpy(dtype=object)
    entries = {
        "EMO01": _check_subjects(folds, subjects),
        "EMO02": _check_recordings(folds, evidence.named, evidence.n_files, evidence.n_decoded),
        "EMO03": _check_statements(folds, plan.statements, "statement" in plan.grouped_by),
        "EMO04": _check_tested(folds, plan.table),
        "EMO05": _check_rows(folds),
        "EMO06": _check_choices(plan.splits, subjects, wants_groups(plan.task.estimator)),
        "EMO07": _check_prior_choices(list_prior_choices(plan.task.estimator, plan.features)),
        "EMO08": _check_columns(plan.n_columns, plan.hidden, plan.separate),
        "EMO09": _check_names(evidence.renamed),
        "EMO10": design.check_test_person(result.protocol["test_person"], evidence.alone),
        "EMO12": design.check_corpora(folds, corpora, subjects),
        "EMO13": design.check_corpus_emotions(corpora, y),
        "EMO14": design.check_edges(result.searches),
        "EMO15": design.check_baselines(
            result.metrics["uar"], result.chance["uar"], result.baselines
        ),
        "EMO16": design.check_folds(folds, y),
        "EMO17": design.check_emotions(y, plan.task.groups, plan.tested),
    }
    for id in TRIALS & set(ignored_checks(ignore)):
        if entries[id][0] == "cannot tell":
            entries[id] = "cannot tell", "It was not run."
    return mute([check_entry(id, *words) for id, words in entries.items()], ignore)
