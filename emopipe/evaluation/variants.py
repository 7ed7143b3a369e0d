"""The same estimator under another protocol: on random folds, and with other seeds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold

from emopipe.evaluation import figures
from emopipe.evaluation.fitting import run_folds
from emopipe.splits import make_folds


def _variant(plan, id, title, note, folds, estimator, options):
    """Return a row of `Result.variants`: the task on other folds, or with another seed."""
    checkpoint = options["checkpoint"]
    checkpoint = None if checkpoint is None else Path(checkpoint) / id
    task = replace(plan.task, rename=False, estimator=estimator)
    outcomes = run_folds(task, folds, title=title, **options | {"checkpoint": checkpoint})
    answers = figures.predictions(plan, folds, outcomes)
    values = figures.figures(answers, plan.task.classes, n_bootstrap=0)["metrics"]
    row = {"id": id, "title": title, "n": len(answers), "note": note}
    return row | {name: values[name] for name in ("accuracy", "uar")}


def on_random_folds(plan, options):
    """Return the row of as many random folds: what they have in excess is optimism."""
    n_folds = min(len(plan.folds), _rarest(plan))
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=plan.random_state)
    folds, words = make_folds(
        plan.table, plan.task.y, plan.subjects, splitter, subject_dependent=True
    )
    note = (
        f"Random folds ({words}) are subject-dependent: they test on people that were trained on. "
        "What they report in excess is optimism, not skill."
    )
    return _variant(plan, "random-folds", "random folds", note, folds, plan.task.estimator, options)


def _reseed(estimator, number):
    """Return an unfitted copy whose random parts all have other seeds."""
    copy = clone(estimator)
    seeds = [name for name in copy.get_params() if name.rpartition("__")[2] == "random_state"]
    values = {name: copy.get_params()[name] for name in seeds}
    return copy.set_params(
        **{name: (v if isinstance(v, int) else 0) + 1000 * number for name, v in values.items()}
    )


def with_seeds(plan, repeats, options):
    """Return a row for every further seed of the estimator's random parts."""
    note = "The same folds, with other seeds for every random part of the estimator."
    return [
        _variant(plan, f"seed-{number}", f"seed {number}", note, plan.folds,
                 _reseed(plan.task.estimator, number), options)
        for number in range(1, repeats)
    ]  # fmt: skip


def check_repeats(estimator, repeats):
    """Raise ValueError where `repeats` is no number of trainings with other seeds."""
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 1:
        raise ValueError(f"repeats={repeats!r}: give a whole number from 1 on")
    names = [name for name in estimator.get_params() if name.endswith("random_state")]
    if repeats > 1 and not names:
        raise ValueError(
            f"repeats={repeats} repeats the training with other seeds, but nothing in "
            f"{type(estimator).__name__} has a random_state: leave repeats=1"
        )


def _rarest(plan):
    """Return how many clips that may be tested the rarest emotion has."""
    return int(np.unique(plan.task.y[~plan.trains], return_counts=True)[1].min())


def check_gap(plan):
    """Raise ValueError where random folds cannot stand beside those of a plan."""
    if plan.mixed or not plan.has_subjects or len(plan.folds) < 2:
        raise ValueError(
            "optimism_gap compares folds by subject with as many random ones: it needs two folds "
            f"or more that keep known subjects apart, not {plan.splitter}"
        )
    if _rarest(plan) < 2:
        raise ValueError(
            "optimism_gap makes random folds by emotion, and some emotion has a single clip: leave "
            "it out, or pass optimism_gap=False"
        )
