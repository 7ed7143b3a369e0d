"""Compute the tables and figures of a Result from the outcomes of folds."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from emopipe import metrics
from emopipe.evaluation.environment import commit, machine
from emopipe.inspection import versions
from emopipe.search_grids import group_grids

# Columns of the clip table that figures are broken down by.
_TRAITS = ("sex", "age", "ethnicity", "intensity", "statement")


def corpora(plan):
    """Return one dict for each corpus: what it holds, what was left out, what was tested."""
    full, usable, entries = plan.full, (plan.reasons == "").to_numpy(), []
    tested = set(plan.table["clip"].to_numpy()[plan.tested])
    for name in full["corpus"].unique():
        here = (full["corpus"] == name).to_numpy()
        rows = full[here & usable]
        entries.append(
            {
                "name": name,
                "clips": len(rows),
                "subjects": len(set(plan.subjects[here[usable]]) - {None}),
                "emotions": rows[plan.label].value_counts().sort_index().to_dict(),
                "excluded": plan.reasons[here & ~usable].value_counts().sort_index().to_dict(),
                "train_only": int(rows["train_only"].sum()),
                "tested": int(rows["clip"].isin(tested).sum()),
                "complete": plan.corpora.get(name, {}).get("complete"),
                "synthetic": bool(full["synthetic"][here].any()),
            }
        )
    return entries


def _drop_missing(value):
    return np.nan if value is None else value


def predictions(plan, folds, outcomes):
    """Return the table of tested clips, in the order of the clip table; see Result."""
    parts, classes = [], plan.task.classes
    for number, (fold, outcome) in enumerate(zip(folds, outcomes, strict=True)):
        scores = outcome["scores"] or [[None] * len(classes)] * len(fold.test)
        part = pd.DataFrame({"row": fold.test, "fold": number})
        part["predicted"] = pd.Series(outcome["predicted"], dtype=object)
        part[[f"score_{name}" for name in classes]] = [
            [_drop_missing(v) for v in row] for row in scores
        ]
        for name, others in (outcome["modalities"] or {}).items():
            part[name] = pd.Series(others, dtype=object)
        parts.append(part)
    answers = pd.concat(parts, ignore_index=True).sort_values("row", ignore_index=True)
    rows = answers.pop("row").to_numpy()
    named = plan.table.iloc[rows].reset_index(drop=True)
    about = named[["clip", "corpus"]].assign(
        subject=plan.subjects[rows], fold=answers.pop("fold"), emotion=plan.task.y[rows]
    )
    if plan.task.shares is not None:
        shares = plan.task.shares[rows].round(6)
        about = about.assign(**{f"votes_{c}": shares[:, n] for n, c in enumerate(classes)})
    extra = named[[name for name in _TRAITS if name in named and named[name].notna().any()]]
    first = ["clip", "subject", "corpus", "fold", "emotion"]
    votes = about.drop(columns=first)
    return pd.concat([about[first], answers, extra, votes], axis=1)


def fold_entries(plan, outcomes):
    """Return what a Result says of every fold."""
    entries, task = [], plan.task
    for number, (fold, outcome) in enumerate(zip(plan.folds, outcomes, strict=True)):
        answers = outcome["predicted"]
        confusion = metrics.count_together(task.y[fold.test], answers, task.classes)
        entry = {
            "fold": number,
            "n_train": len(fold.train),
            "n_test": len(fold.test),
            "train_subjects": len(set(plan.subjects[fold.train]) - {None}),
            "test_subjects": sorted(set(plan.subjects[fold.test]) - {None}),
            "n_unanswered": answers.count(None),
            **metrics.main_figures(confusion),
            "history": outcome["history"],
        }
        if outcome.get("frame_scores"):
            clips, frames = plan.table["clip"].to_numpy()[fold.test], outcome["frame_scores"]
            entry["frame_scores"] = {"clip": clips[frames["row"]].tolist()} | {
                name: column for name, column in frames.items() if name != "row"
            }
        details = ("best_params", "fusion_weights")
        entries.append(entry | {key: outcome[key] for key in details})
    return entries


def run(outcomes, seconds):
    """Return what differs from run to run: seconds, versions, machine, date and commit."""
    folds = [
        {kind: outcome[f"{kind}_seconds"] for kind in ("fit", "score", "cpu")}
        for outcome in outcomes
    ]
    totals = {kind: sum(fold[kind] for fold in folds) for kind in ("fit", "score", "cpu")}
    return {
        "seconds": seconds | totals,
        "fold_seconds": folds,
        "versions": versions(),
        "machine": machine(),
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
    }


def coverage(plan, answers, statuses):
    """Return how many clips should have been answered, how many were, and why fewer.

    Of a corpus whose clips only train in part, that part of the missing ones is not asked for.
    """
    answered = int(answers["predicted"].notna().sum())
    n_clips, reasons = len(answers), []
    for name in plan.full["corpus"].unique():
        corpus_facts = plan.corpora.get(name, {})
        only_train = (plan.full["corpus"] == name) & plan.full.get("train_only", False)
        share = 1 - only_train.sum() / (plan.full["corpus"] == name).sum()
        for kind, words in (("missing", "are missing"), ("damaged", "are damaged or empty")):
            n = corpus_facts.get(kind) or 0
            n_clips += round(n * share)
            if n:
                whole = f" of {corpus_facts['complete']}" if corpus_facts.get("complete") else ""
                reasons.append(f"{n}{whole} clips of {name} {words}")
    if answered < len(answers):
        reasons.append(f"{len(answers) - answered} of {len(answers)} clips got no answer")
    return {"asked": n_clips, "answered": answered, "reasons": reasons, "statuses": statuses}


def searches(outcomes):
    """Return the grids of all folds, each grid once; see `Result.searches`."""
    return group_grids(
        [{"fold": n} | grid for n, outcome in enumerate(outcomes) for grid in outcome["searches"]]
    )


def figures(answers, classes, n_bootstrap, random_state=0):
    """Return the fields of a Result that are computed from its predictions."""
    counts, _ = metrics.count_by_subject(answers, classes)
    overall, per_class = metrics.summarize(
        counts, n_bootstrap=n_bootstrap, random_state=random_state
    )
    per_class.insert(0, "emotion", classes)
    return {"metrics": overall, "per_emotion": per_class}
