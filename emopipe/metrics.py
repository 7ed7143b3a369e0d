"""Metrics of a classifier from confusion matrices, with intervals by bootstrap over subjects.

Everything is computed from one confusion matrix per subject (clips of one person are not
independent, so persons are what is drawn again): a bootstrap is then one matrix product.
Matrices have one column more than rows: the last one counts clips that got no answer, which are
wrong for every figure.
"""

import numpy as np
import pandas as pd

CONFIDENCE = 0.95


def count_confusions(true, predicted, units, classes):
    """Return one confusion matrix per unit (subject) and the units' names.

    Parameters
    ----------
    true : array-like of str, shape (n_clips,)
    predicted : array-like of str, shape (n_clips,)
        What is not in `classes` (None, say) counts as no answer.
    units : array-like of str, shape (n_clips,)
    classes : list of str

    Returns
    -------
    confusions : int64 array, shape (n_units, n_classes, n_classes + 1)
        Rows are true classes, columns predicted ones, then "no answer".
    names : array of str, shape (n_units,)
        Sorted.

    Examples
    --------
    >>> counts, names = count_confusions(["a", "b", "b"], ["a", "a", None], [1, 1, 2], ["a", "b"])
    >>> counts.tolist()
    [[[1, 0, 0], [1, 0, 0]], [[0, 0, 0], [0, 0, 1]]]
    """
    index = pd.Index(classes)
    rows = index.get_indexer(pd.Index(true, dtype=object))
    if (rows < 0).any():
        raise ValueError(f"true labels hold {true[np.argmin(rows)]!r}, not in {list(classes)}")
    columns = index.get_indexer(pd.Index(predicted, dtype=object)) % (len(classes) + 1)
    names, unit = np.unique(np.asarray(units, dtype=str), return_inverse=True)
    shape = (len(names), len(classes), len(classes) + 1)
    cells = np.ravel_multi_index((unit, rows, columns), shape)
    return np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape), names


def count_by_subject(answers, classes):
    """Return `count_confusions` of a table of clip, subject, emotion, predicted, by subject.

    A clip of an unknown subject is one of its own.
    """
    units = units_of(answers["subject"], answers["clip"])
    return count_confusions(answers["emotion"], answers["predicted"], units, classes)


def count_together(true, predicted, classes):
    """Return the confusion matrix of all clips, int64 (n_classes, n_classes + 1)."""
    return count_confusions(true, predicted, np.zeros(len(true)), classes)[0].sum(0)


def row_shares(confusion):
    """Return a confusion matrix as shares of its rows, float64; 0 where a row is empty."""
    return confusion / confusion.sum(axis=1, keepdims=True).clip(min=1)


def _ratio(numerator, denominator):
    """Return the quotient; NaN where the denominator is zero."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


def _mean(values):
    """Return the mean over the last axis of what is not NaN; NaN where all is."""
    finite = ~np.isnan(values)
    return _ratio(np.where(finite, values, 0.0).sum(-1), finite.sum(-1))


def recall(confusions):
    """Return the recall per class, shape (..., n_classes); NaN for a class without clips."""
    diagonal = np.diagonal(confusions, axis1=-2, axis2=-1)
    return _ratio(diagonal, confusions.sum(-1))


def precision(confusions):
    """Return the precision per class, shape (..., n_classes); NaN for one never predicted."""
    diagonal = np.diagonal(confusions, axis1=-2, axis2=-1)
    return _ratio(diagonal, confusions[..., :-1].sum(-2))


def f1(confusions):
    """Return F1 per class, shape (..., n_classes); NaN for one neither there nor predicted."""
    diagonal = np.diagonal(confusions, axis1=-2, axis2=-1)
    return _ratio(2 * diagonal, confusions.sum(-1) + confusions[..., :-1].sum(-2))


def accuracy(confusions):
    """Return the share of right answers, shape (...): weighted accuracy, in speech papers."""
    diagonal = np.diagonal(confusions, axis1=-2, axis2=-1)
    return _ratio(diagonal.sum(-1), confusions.sum((-2, -1)))


def uar(confusions):
    """Return the mean recall of the classes that have clips, shape (...): balanced accuracy."""
    return _mean(recall(confusions))


def macro_f1(confusions):
    """Return the mean F1 of the classes that are there or were predicted, shape (...)."""
    return _mean(f1(confusions))


def reliability(confidence, right, n_bins=10):
    """Return how often answers are right, by how sure they are.

    Parameters
    ----------
    confidence : float array, shape (n_clips,)
        Score of the answer, from 0 to 1.
    right : bool array, shape (n_clips,)
    n_bins : int
        Bins of equal width; those without clips are left out.

    Returns
    -------
    DataFrame
        confidence (mean), accuracy and n (clips) of each bin.

    Examples
    --------
    >>> reliability([0.1, 0.95, 1.0], [False, True, True], 2).to_numpy().tolist()
    [[0.1, 0.0, 1.0], [0.975, 1.0, 2.0]]
    """
    confidence, right = np.asarray(confidence, dtype=float), np.asarray(right, dtype=float)
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    table = pd.DataFrame({"bin": bins, "confidence": confidence, "accuracy": right})
    means = table.groupby("bin")[["confidence", "accuracy"]].mean()
    return means.assign(n=table["bin"].value_counts()).reset_index(drop=True)


def calibration_error(bins):
    """Return the expected calibration error of what `reliability` returns, a float."""
    return float(np.average((bins["confidence"] - bins["accuracy"]).abs(), weights=bins["n"]))


FIGURES = {"accuracy": accuracy, "uar": uar, "macro_f1": macro_f1}


def main_figures(confusion):
    """Return accuracy and UAR of a confusion matrix, a dict of floats."""
    return {name: float(FIGURES[name](confusion)) for name in ("accuracy", "uar")}


def resample(counts, n_draws, random_state):
    """Return bootstrap sums of per-unit counts: units are drawn with replacement.

    Parameters
    ----------
    counts : int array, shape (n_units, ...)
    n_draws : int
    random_state : int
        The same seed draws the same units.

    Returns
    -------
    float64 array, shape (n_draws, ...)
    """
    rng = np.random.default_rng(random_state)
    n_units = len(counts)
    flat = counts.reshape(n_units, -1).astype(np.float64)
    draws = np.empty((n_draws, flat.shape[1]))
    # Blocks, because a corpus without subjects has as many units as clips.
    for start in range(0, n_draws, 256):
        block = draws[start : start + 256]
        times = rng.multinomial(n_units, np.full(n_units, 1 / n_units), size=len(block))
        block[:] = times @ flat
    return draws.reshape(n_draws, *counts.shape[1:])


def interval(values):
    """Return the percentile interval (low, high) over the first axis, NaN left out.

    Where every draw gives 0, or every draw 1 (all clips right), resampling tells nothing about how
    far off the figure may be: the interval is NaN then.
    """
    tail = (1 - CONFIDENCE) / 2
    finite = values[~np.isnan(values)]
    if not len(finite):
        return np.nan, np.nan
    low, high = np.quantile(finite, [tail, 1 - tail])
    return (np.nan, np.nan) if low == high and low in (0, 1) else (low, high)


def _round(value):
    # What additions in another order leave of an exact 0 is none: and never "-0.0".
    return round(float(value), 12) + 0.0


def with_interval(value, draws):
    """Return {value, low, high} of a figure and its draws, NaN without draws."""
    low, high = interval(draws) if draws is not None else (np.nan, np.nan)
    return {"value": _round(value), "low": _round(low), "high": _round(high)}


def summarize(confusions, *, n_bootstrap=2000, random_state=0):
    """Return the figures over all units and per class, with their 95 % intervals.

    Parameters
    ----------
    confusions : int array, shape (n_units, n_classes, n_classes + 1)
        From `count_confusions`.
    n_bootstrap : int
        Draws; 0 for no intervals. With one unit there are none either.
    random_state : int

    Returns
    -------
    metrics : dict
        {"accuracy" | "uar" | "macro_f1": {value, low, high}}, NaN where there is no interval.
    per_class : DataFrame
        support, recall, precision, f1, low, high (of the recall).

    Examples
    --------
    >>> counts = np.array([[[2, 0, 0], [0, 2, 0]], [[0, 2, 0], [0, 2, 0]]])
    >>> metrics, per_class = summarize(counts, n_bootstrap=100)
    >>> metrics["accuracy"]
    {'value': 0.75, 'low': 0.5, 'high': 1.0}
    >>> per_class["recall"].tolist()
    [0.5, 1.0]
    """
    total = confusions.sum(0)
    draws = None
    if n_bootstrap and len(confusions) > 1:
        draws = resample(confusions, n_bootstrap, random_state)
    metrics = {
        name: with_interval(figure(total), draws if draws is None else figure(draws))
        for name, figure in FIGURES.items()
    }
    per_class = pd.DataFrame(
        {
            "support": total.sum(-1),
            "recall": recall(total),
            "precision": precision(total),
            "f1": f1(total),
        }
    )
    bounds = [(np.nan, np.nan)] * len(total)
    if draws is not None:
        bounds = [interval(column) for column in recall(draws).T]
    per_class[["low", "high"]] = np.array(bounds, dtype=float).reshape(-1, 2)
    return metrics, per_class


def units_of(subjects, clips):
    """Return what is drawn in a bootstrap: the subject, or the clip where none is known."""
    subjects, clips = pd.Series(subjects).reset_index(drop=True), pd.Series(clips)
    return subjects.astype(object).where(subjects.notna(), "clip " + clips.astype(str).to_numpy())
