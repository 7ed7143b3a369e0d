"""The same estimator under another protocol: on random folds, and with other seeds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold

from emopipe.evaluation import figures
from emopipe.evaluation.fitting import run_folds
from emopipe.splits import make_folds


def _variant(study, id, title, note, folds, estimator, options):
    """Return a row of `Result.variants`: the task on other folds, or with another seed."""
    checkpoint = options["checkpoint"]
    checkpoint = None if checkpoint is None else Path(checkpoint) / id
    task = replace(study.task, rename=False, estimator=estimator)
    done = run_folds(task, folds, title=title, **options | {"checkpoint": checkpoint})
    answers = figures.predictions(study, folds, done)
    values = figures.figures(answers, study.task.classes, n_bootstrap=0)["metrics"]
    row = {"id": id, "title": title, "n": len(answers), "note": note}
    return row | {name: values[name] for name in ("accuracy", "uar")}


def on_random_folds(study, options):
    """Return the row of as many random folds: what they have in excess is optimism."""
    n_folds = min(len(study.folds), _rarest(study))
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=study.random_state)
    folds, words = make_folds(
        study.table, study.task.y, study.subjects, splitter, subject_dependent=True
    )
    note = (
        f"Random folds ({words}) are subject-dependent: they test on people that were trained on. "
        "What they report in excess is optimism, not skill."
    )
    return _variant(
        study, "random-folds", "random folds", note, folds, study.task.estimator, options
    )


def _reseed(estimator, number):
    """Return an unfitted copy whose random parts all have other seeds."""
    copy = clone(estimator)
    seeds = [name for name in copy.get_params() if name.rpartition("__")[2] == "random_state"]
    values = {name: copy.get_params()[name] for name in seeds}
    return copy.set_params(
        **{name: (v if isinstance(v, int) else 0) + 1000 * number for name, v in values.items()}
    )


def with_seeds(study, repeats, options):
    """Return a row for every further seed of the estimator's random parts."""
    note = "The same folds, with other seeds for every random part of the estimator."
    return [
        _variant(study, f"seed-{number}", f"seed {number}", note, study.folds,
                 _reseed(study.task.estimator, number), options)
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


def _rarest(study):
    """Return how many clips that may be tested the rarest emotion has."""
    return int(np.unique(study.task.y[~study.trains], return_counts=True)[1].min())


def check_gap(study):
    """Raise ValueError where random folds cannot stand beside those of a study."""
    if study.mixed or not study.known or len(study.folds) < 2:
        raise ValueError(
            "optimism_gap compares folds by subject with as many random ones: it needs two folds "
            f"or more that keep known subjects apart, not {study.splitter}"
        )
    if _rarest(study) < 2:
        raise ValueError(
            "optimism_gap makes random folds by emotion, and some emotion has a single clip: leave "
            "it out, or pass optimism_gap=False"
        )
