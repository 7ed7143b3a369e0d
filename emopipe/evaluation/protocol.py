"""What readers must know of an evaluation: its protocol, in fields and words, and its notices."""

import pandas as pd

from emopipe import inspection, metrics
from emopipe.evaluation.inner_splits import mixed_holdouts
from emopipe.keys import estimator_text
from emopipe.result import as_notices

# Percentile intervals from fewer units than this are known to be too narrow.
_FEW_UNITS = 10


def _statements(plan, answers):
    """Return what else a reader must know about the protocol, in words."""
    trains, tested, features = plan.trains, plan.tested, plan.features
    units = len(set(plan.task.groups[tested]))
    absent = [int(trains.sum() - trains[fold.train].sum()) for fold in plan.folds]
    y = plan.task.y
    unseen = {name for fold in plan.folds for name in set(y[fold.test]) - set(y[fold.train])}
    named = pd.DataFrame({"subject": plan.subjects, "corpus": plan.table["corpus"].to_numpy()})
    shared = int(named.dropna().groupby("subject")["corpus"].nunique().gt(1).sum())
    idle = int((~trains).sum() - len(tested))
    unanswered = int(answers["predicted"].isna().sum())
    statements = [
        (plan.splitter.startswith("official split"), "What is in val trains, too."),
        (
            not plan.has_subjects,
            "Subjects are unknown: intervals come from a bootstrap over clips.",
        ),
        (units < _FEW_UNITS, f"Intervals from only {units} subjects or clips are rough."),
        (trains.any(), f"{trains.sum()} clips only train."),
        (any(absent), f"Up to {max(absent)} of them sit out while their subject is tested."),
        (shared, f"{shared} subject names occur in several corpora: taken for one person each."),
        (idle, f"{idle} clips are never tested."),
        (unanswered, f"{unanswered} clips got no answer; they count as wrong."),
        (unseen, f"Some folds train without {', '.join(sorted(unseen))}."),
        (plan.task.weights is not None, "Training clips count by weights of their own."),
        (
            plan.task.shares is not None,
            "Training clips count for every emotion that voters gave them, by its share of votes.",
        ),
        (features, f"The estimator sees {len(features or ())} columns of the table."),
    ]
    return [text for holds, text in statements if holds]


def describe_protocol(plan, answers, n_bootstrap, call):
    """Return `Result.protocol`: how the figures came about, as plain values."""
    params = [part.get_params(deep=False) for _, part in inspection.parts(plan.task.estimator)]
    scoring = [of_part["scoring"] for of_part in params if "scoring" in of_part]
    inner = dict.fromkeys(f"{split.owner} ({split.splitter})" for split in plan.splits)
    return {
        "splitter": plan.splitter + ("" if plan.has_subjects else "; subjects not named"),
        "n_folds": len(plan.folds),
        "grouped_by": plan.grouped_by if plan.has_subjects and not plan.mixed else [],
        "nested": "inside each fold: " + ", ".join(inner) if inner else None,
        "scoring": str(scoring[0] or "accuracy") if scoring and inner else None,
        "seed": plan.random_state,
        "subject_dependent": plan.mixed,
        "subjects_named": plan.has_subjects,
        "test_person": _test_person(plan.task.estimator),
        "label": plan.label,
        "estimator": estimator_text(plan.task.estimator),
        "n_bootstrap": n_bootstrap,
        "confidence": metrics.CONFIDENCE,
        "bootstrap_over": "subjects" if plan.has_subjects else "clips",
        "statements": _statements(plan, answers),
        "call": call,
    }


def _test_person(estimator):
    """Return what an estimator may know of whom it is tested on, in words."""
    used = inspection.unlabelled_clips(estimator)
    return used if isinstance(used, str) else f"{used} unlabelled clips" if used else "nothing"


def list_notices(plan, outcomes, answers, notices, copied):
    """Return what a reader must know before quoting a figure, each once."""
    estimator = plan.task.estimator
    entries = as_notices(notices)
    for corpus in plan.full["corpus"][plan.full["synthetic"].astype(bool)].unique():
        entries.append(_severe(f"{corpus} is synthetic: its figures say nothing about people."))
    if plan.mixed:
        sure = "were" if plan.has_subjects else "may have been (subjects are unknown)"
        entries.append(
            _severe(
                f"Subject-dependent: people who are tested {sure} trained on as well, so the "
                "figures are too high for people never met."
            )
        )
    for corpus_facts in plan.corpora.values():
        entries += list(corpus_facts.get("notices", ()))
    entries += [copied] if copied else []
    entries += inspection.notices(estimator) + mixed_holdouts(estimator)
    entries += [notice for outcome in outcomes for notice in outcome["notices"]]
    return as_notices(entries + _below_a_modality(answers))


def _below_a_modality(answers):
    """Return a notice where a fusion is right less often than one of its modalities alone."""
    names = [name for name in answers if name.startswith("alone_")]
    if not names:
        return []
    alone = answers[names].eq(answers["emotion"], axis=0).mean()
    fused = (answers["predicted"] == answers["emotion"]).mean()
    if fused >= alone.max():
        return []
    best = alone.idxmax().removeprefix("alone_")
    return [
        f"The fusion is below its best modality: {fused:.3f} right, {best} alone "
        f"{alone.max():.3f}. Use that modality, or another rule."
    ]


def _severe(text):
    return {"text": text, "severity": "severe"}
