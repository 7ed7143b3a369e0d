"""From the outcomes of folds to the tables and figures of a Result."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd

from emopipe import metrics
from emopipe.evaluation.environment import commit, machine
from emopipe.inspection import versions
from emopipe.search_grids import group_grids

# Columns of the clip table that figures are broken down by.
_TRAITS = ("sex", "age", "ethnicity", "intensity", "statement")


def corpora(study):
    """Return one dict for each corpus: what it holds, what was left out, what was tested."""
    full, usable, found = study.full, (study.reasons == "").to_numpy(), []
    tested = set(study.table["clip"].to_numpy()[study.tested])
    for name in full["corpus"].unique():
        here = (full["corpus"] == name).to_numpy()
        rows = full[here & usable]
        found.append(
            {
                "name": name,
                "clips": len(rows),
                "subjects": len(set(study.subjects[here[usable]]) - {None}),
                "emotions": rows[study.label].value_counts().sort_index().to_dict(),
                "excluded": study.reasons[here & ~usable].value_counts().sort_index().to_dict(),
                "train_only": int(rows["train_only"].sum()),
                "tested": int(rows["clip"].isin(tested).sum()),
                "complete": study.known_corpora.get(name, {}).get("complete"),
                "synthetic": bool(full["synthetic"][here].any()),
            }
        )
    return found


def _known(value):
    return np.nan if value is None else value


def predictions(study, folds, done):
    """Return the table of tested clips, in the order of the clip table; see Result."""
    parts, classes = [], study.task.classes
    for number, (fold, outcome) in enumerate(zip(folds, done, strict=True)):
        scores = outcome["scores"] or [[None] * len(classes)] * len(fold.test)
        part = pd.DataFrame({"row": fold.test, "fold": number})
        part["predicted"] = pd.Series(outcome["predicted"], dtype=object)
        part[[f"score_{name}" for name in classes]] = [[_known(v) for v in row] for row in scores]
        for name, others in (outcome["modalities"] or {}).items():
            part[name] = pd.Series(others, dtype=object)
        parts.append(part)
    answers = pd.concat(parts, ignore_index=True).sort_values("row", ignore_index=True)
    rows = answers.pop("row").to_numpy()
    named = study.table.iloc[rows].reset_index(drop=True)
    about = named[["clip", "corpus"]].assign(
        subject=study.subjects[rows], fold=answers.pop("fold"), emotion=study.task.y[rows]
    )
    if study.task.shares is not None:
        shares = study.task.shares[rows].round(6)
        about = about.assign(**{f"votes_{c}": shares[:, n] for n, c in enumerate(classes)})
    extra = named[[name for name in _TRAITS if name in named and named[name].notna().any()]]
    first = ["clip", "subject", "corpus", "fold", "emotion"]
    votes = about.drop(columns=first)
    return pd.concat([about[first], answers, extra, votes], axis=1)


def fold_entries(study, done):
    """Return what a Result says of every fold."""
    entries, task = [], study.task
    for number, (fold, outcome) in enumerate(zip(study.folds, done, strict=True)):
        answers, together = outcome["predicted"], np.zeros(len(fold.test))
        counts, _ = metrics.count_confusions(task.y[fold.test], answers, together, task.classes)
        entry = {
            "fold": number,
            "n_train": len(fold.train),
            "n_test": len(fold.test),
            "train_subjects": len(set(study.subjects[fold.train]) - {None}),
            "test_subjects": sorted(set(study.subjects[fold.test]) - {None}),
            "n_unanswered": answers.count(None),
            "accuracy": float(metrics.accuracy(counts[0])),
            "uar": float(metrics.uar(counts[0])),
            "history": outcome["history"],
        }
        if outcome.get("frame_scores"):
            clips, frames = study.table["clip"].to_numpy()[fold.test], outcome["frame_scores"]
            entry["frame_scores"] = {"clip": clips[frames["row"]].tolist()} | {
                name: column for name, column in frames.items() if name != "row"
            }
        kept = ("best_params", "fusion_weights")
        entries.append(entry | {key: outcome[key] for key in kept})
    return entries


def run(done, seconds):
    """Return what differs from run to run: seconds, versions, machine, date and commit."""
    folds = [
        {kind: outcome[f"{kind}_seconds"] for kind in ("fit", "score", "cpu")} for outcome in done
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


def coverage(study, answers, statuses):
    """Return how many clips should have been answered, how many were, and why fewer.

    Of a corpus whose clips only train in part, that part of the missing ones is not asked for.
    """
    answered = int(answers["predicted"].notna().sum())
    asked, reasons = len(answers), []
    for name in study.full["corpus"].unique():
        known = study.known_corpora.get(name, {})
        only_train = (study.full["corpus"] == name) & study.full.get("train_only", False)
        share = 1 - only_train.sum() / (study.full["corpus"] == name).sum()
        for kind, words in (("missing", "are missing"), ("damaged", "are damaged or empty")):
            n = known.get(kind) or 0
            asked += round(n * share)
            if n:
                whole = f" of {known['complete']}" if known.get("complete") else ""
                reasons.append(f"{n}{whole} clips of {name} {words}")
    if answered < len(answers):
        reasons.append(f"{len(answers) - answered} of {len(answers)} clips got no answer")
    return {"asked": asked, "answered": answered, "reasons": reasons, "statuses": statuses}


def searches(done):
    """Return the grids of all folds, each grid once; see `Result.searches`."""
    return group_grids(
        [{"fold": n} | grid for n, one in enumerate(done) for grid in one["searches"]]
    )


def figures(answers, classes, n_bootstrap, random_state=0):
    """Return the fields of a Result that are computed from its predictions."""
    units = metrics.units_of(answers["subject"], answers["clip"])
    counts, _ = metrics.count_confusions(answers["emotion"], answers["predicted"], units, classes)
    overall, per_class = metrics.summarize(
        counts, n_bootstrap=n_bootstrap, random_state=random_state
    )
    per_class.insert(0, "emotion", classes)
    return {"metrics": overall, "per_emotion": per_class}
