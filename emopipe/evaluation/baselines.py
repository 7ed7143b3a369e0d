"""What names, durations, sentences and permuted labels give: figures that ours must be above.

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

from emopipe import metrics
from emopipe.evaluation.giveaways import tokens
from emopipe.evaluation.inner_splits import nested
from emopipe.extraction import ClipTransformer, ClipWarning

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


def _permuted(y, groups, random_state):
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


def baselines(study, seconds, *, n_bootstrap):
    """Return the rows of `Result.baselines`.

    Parameters
    ----------
    study : Study
    seconds : float array, shape (n_clips,)
        Length of each clip, NaN where unknown.
    n_bootstrap : int
    """
    y, units, folds = study.task.y, study.task.groups, study.folds
    names = tokens(study.table["clip"])
    tables = {
        "names": ("names of files alone", names, "words"),
        "durations": ("durations alone", pd.DataFrame({"seconds": seconds}), "numbers"),
    }
    if "statement" in study.table and study.table["statement"].notna().any():
        said = study.table[["statement"]].astype(str)
        tables["sentences"] = ("sentences alone", said, "words")
    if np.isnan(seconds).all():
        del tables["durations"]
    last = {"n_bootstrap": n_bootstrap, "random_state": study.random_state}
    rows = [
        _row(id, title, "", y, _answer(table, y, folds, kind), units, study.task.classes, **last)
        for id, (title, table, kind) in tables.items()
    ]
    other = _permuted(y, units, study.random_state)
    answers = _answer(_numbers(study, seconds), other, folds, "features")
    note = "Labels are permuted within each subject: more than chance would be a fault."
    rows.append(
        _row("permuted", "permuted labels", note, other, answers, units, study.task.classes, **last)
    )
    return rows


def _numbers(study, seconds):
    """Return what a cheap classifier can read of every clip: the estimator's features, numbers.

    Features are those that are in a store already; columns of numbers, length and parts of names
    stand beside them.
    """
    words = tokens(study.table["clip"]).apply(lambda column: pd.factorize(column)[0])
    numbers = study.task.X.select_dtypes("number").astype(np.float64)
    columns = [words.to_numpy(), numbers.to_numpy(), seconds[:, None]]
    for _, part in nested(study.task.estimator):
        if isinstance(part, ClipTransformer) and part.store is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ClipWarning)
                columns.append(np.asarray(clone(part).transform(study.task.X), dtype=np.float64))
    columns = [column for column in columns if column.ndim == 2]
    return pd.DataFrame(np.hstack(columns)).replace([np.inf, -np.inf], np.nan)
