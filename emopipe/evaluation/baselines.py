"""Baselines from file names, durations, sentences and permuted labels.

Cheap classifiers on the same folds. What names alone give tells how much a recogniser that reads
them would be worth; labels permuted among the clips of each subject must give chance.
"""

import warnings

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags

from emopipe import metrics
from emopipe.evaluation.giveaways import tokens
from emopipe.extraction import ClipTransformer, ClipWarning
from emopipe.inspection import parts

_BINS = 16


def _answer(table, y, folds, classifier):
    """Return the out-of-fold answers of a classifier on a table of words or numbers."""
    answers = np.full(len(y), None, dtype=object)
    for fold in folds:
        train, test = table.iloc[fold.train], table.iloc[fold.test]
        if classifier == "words":
            encoder = OneHotEncoder(handle_unknown="ignore", min_frequency=2).fit(train)
            model = MultinomialNB(alpha=0.01).fit(encoder.transform(train), y[fold.train])
            answers[fold.test] = model.predict(encoder.transform(test))
        elif classifier == "numbers":
            model = DecisionTreeClassifier(
                max_leaf_nodes=_BINS, min_samples_leaf=3, random_state=0
            ).fit(train.fillna(-1.0), y[fold.train])
            answers[fold.test] = model.predict(test.fillna(-1.0))
        else:
            model = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler(),
                                  GaussianNB(var_smoothing=0.01))  # fmt: skip
            answers[fold.test] = model.fit(train, y[fold.train]).predict(test)
    return answers


def _permute(y, groups, random_state):
    """Return the labels in random order within each group."""
    rng = np.random.default_rng(random_state)
    other = y.copy()
    alone = pd.Series(groups).map(pd.Series(groups).value_counts()).eq(1).to_numpy()
    groups = np.where(alone, "", groups)  # clips of people who are not named
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        other[rows] = y[rng.permutation(rows)]
    return other


def _row(id, title, note, y, answers, units, classes, n_bootstrap, random_state):
    tested = np.array([answer is not None for answer in answers])
    counts, _ = metrics.count_confusions(y[tested], answers[tested], units[tested], classes)
    figures, _ = metrics.summarize(counts, n_bootstrap=n_bootstrap, random_state=random_state)
    return {
        "id": id, "title": title, "accuracy": figures["accuracy"], "uar": figures["uar"],
        "n": int(tested.sum()), "note": note,
    }  # fmt: skip


def fleiss_kappa(votes):
    """Return how far voters agree beyond chance, NaN without a clip of two voters.

    Parameters
    ----------
    votes : array, shape (n_clips, n_emotions)
        Numbers of voters; clips may have different numbers of them.

    References
    ----------
    Fleiss: Measuring nominal scale agreement among many raters. Psychol. Bull. 76 (1971).

    Examples
    --------
    >>> fleiss_kappa([[3, 0], [0, 3]])
    1.0
    """
    votes = np.asarray(votes, dtype=np.float64)
    n_voters = votes.sum(1)
    votes, n_voters = votes[n_voters > 1], n_voters[n_voters > 1]
    if not len(votes):
        return float("nan")
    agreed = ((votes**2).sum(1) - n_voters) / (n_voters * (n_voters - 1))
    by_chance = ((votes.sum(0) / votes.sum()) ** 2).sum()
    return float((agreed.mean() - by_chance) / (1 - by_chance)) if by_chance < 1 else float("nan")


def _people(plan, last):
    """Return rows of what people answered who voted on the clips: the human ceiling."""
    classes, rows = plan.task.classes, []
    modes = [c.removeprefix("votes_") for c in plan.table if c.startswith("votes_")]
    modes = dict.fromkeys(mode.removesuffix(f"_{e}") for mode in modes for e in classes
                          if mode.endswith(f"_{e}"))  # fmt: skip
    for mode in modes:
        columns = [f"votes_{mode}_{e}" for e in classes if f"votes_{mode}_{e}" in plan.table]
        votes = plan.table[columns].fillna(0).to_numpy(dtype=np.float64)
        judged = np.zeros(len(votes), bool)
        judged[plan.tested] = votes.sum(1)[plan.tested] > 0
        if not judged.any():
            continue
        names = np.array([c.removeprefix(f"votes_{mode}_") for c in columns], dtype=object)
        answers = np.full(len(votes), None, dtype=object)
        answers[judged] = names[votes[judged].argmax(1)]
        votes = votes[judged]
        ties = int(((votes == votes.max(1, keepdims=True)).sum(1) > 1).sum())
        note = (
            f"Majority of {votes.sum(1).mean():.1f} voters a clip (mean): {_mean_share(votes):.0f} "
            f"% of a clip's voters agree with it, Fleiss' kappa {fleiss_kappa(votes):.2f}; {ties} "
            "ties go to the alphabetically first."
        )
        title = f"people who voted: {mode}"
        rows.append(_row(f"people-{mode}", title, note, plan.task.y, answers, plan.task.groups,
                         classes, **last))  # fmt: skip
    return rows


def _mean_share(votes):
    """Return the mean share of voters who chose a clip's majority, in per cent."""
    return 100 * (votes.max(1) / votes.sum(1)).mean()


def baselines(plan, seconds, *, n_bootstrap):
    """Return the rows of `Result.baselines`.

    Parameters
    ----------
    plan : Plan
    seconds : float array, shape (n_clips,)
        Length of each clip, NaN where unknown.
    n_bootstrap : int
    """
    y, units, folds = plan.task.y, plan.task.groups, plan.folds
    names = tokens(plan.table["clip"])
    tables = {
        "names": ("names of files alone", names, "words"),
        "durations": ("durations alone", pd.DataFrame({"seconds": seconds}), "numbers"),
    }
    if "statement" in plan.table and plan.table["statement"].notna().any():
        sentences = plan.table[["statement"]].astype(str)
        tables["sentences"] = ("sentences alone", sentences, "words")
    if np.isnan(seconds).all():
        del tables["durations"]
    last = {"n_bootstrap": n_bootstrap, "random_state": plan.random_state}
    rows = [
        _row(id, title, "", y, _answer(table, y, folds, kind), units, plan.task.classes, **last)
        for id, (title, table, kind) in tables.items()
    ]
    other = _permute(y, units, plan.random_state)
    answers = _answer(_numbers(plan, seconds), other, folds, "features")
    note = "Labels are permuted within each subject: more than chance would be a fault."
    rows.append(
        _row("permuted", "permuted labels", note, other, answers, units, plan.task.classes, **last)
    )
    return rows + _people(plan, last)


def _numbers(plan, seconds):
    """Return what a cheap classifier can read of every clip: the estimator's features, numbers.

    Features are those that are in a store already; columns of numbers, length and parts of names
    stand beside them.
    """
    words = tokens(plan.table["clip"]).apply(lambda column: pd.factorize(column)[0])
    numbers = plan.task.X.select_dtypes("number").astype(np.float64)
    columns = [words.to_numpy(), numbers.to_numpy(), seconds[:, None]]
    for _, part in parts(plan.task.estimator):
        learns_nothing = isinstance(part, ClipTransformer) and not get_tags(part).requires_fit
        if learns_nothing and part.store is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ClipWarning)
                columns.append(np.asarray(clone(part).transform(plan.task.X), dtype=np.float64))
    columns = [column for column in columns if column.ndim == 2]
    return pd.DataFrame(np.hstack(columns)).replace([np.inf, -np.inf], np.nan)
