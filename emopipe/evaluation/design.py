"""Checks of how an evaluation is laid out: corpora, grids, baselines, folds, emotions.

Each returns a status and a reason in words, see `emopipe.checks`.
"""

import numpy as np
import pandas as pd

from emopipe.search_grids import edge_hits
from emopipe.text import shorten

# Test sides may differ by this factor; an emotion needs so many tested clips and people.
_UNEQUAL = 2.0
_FEW_CLIPS, _FEW_PEOPLE = 10, 3
# Clips of the commonest emotion for each of the rarest.
_IMBALANCE = 10
# Association (Cramer's V) of corpus and emotion from which the corpus tells the emotion.
_ASSOCIATED = 0.3
# Names of files are no baseline to beat: corpora write the emotion into them.
_NO_BASELINE = ("names",)


def _range(numbers):
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"


def check_corpora(folds, corpora, subjects):
    """Look whether folds coincide with corpora.

    Parameters
    ----------
    folds : list of Fold
    corpora, subjects : object arrays, shape (n_clips,)

    Examples
    --------
    >>> from emopipe.splits import Fold
    >>> folds = [Fold(np.array([0, 1]), np.array([2, 3])), Fold(np.array([2, 3]), np.array([0, 1]))]
    >>> check_corpora(folds, np.array(["a", "a", "b", "b"]), np.array(["1", "2", "3", "4"]))
    ('warning', 'Tested without training on it: a, b (in 2 of 2 folds).')
    """
    if len(set(corpora)) == 1:
        return "not needed", "There is one corpus."
    foreign = [sorted(set(corpora[f.test]) - set(corpora[f.train])) for f in folds]
    if any(foreign):
        names = sorted(set().union(*foreign))
        n = sum(map(bool, foreign))
        return "warning", f"Tested without training on it: {shorten(names)} (in {n} of " + (
            f"{len(folds)} folds)."
        )
    tested = np.concatenate([fold.test for fold in folds])
    several = [f for f in folds if len(set(subjects[f.test])) > 1]
    alone = [f for f in several if len(set(corpora[f.test])) == 1]
    if several and len(alone) == len(several) and len(set(corpora[tested])) > 1:
        return "warning", f"Each of {len(folds)} folds tests one corpus: folds coincide with them."
    return "passed", f"{len(set(corpora))} corpora in {len(folds)} folds."


def cramers_v(a, b):
    """Return the association of two columns, from 0 (none) to 1 (each tells the other).

    Examples
    --------
    >>> cramers_v(["a", "a", "b", "b"], ["x", "x", "y", "y"])
    1.0
    """
    counts = pd.crosstab(np.asarray(a, dtype=object), np.asarray(b, dtype=object)).to_numpy(float)
    expected = counts.sum(1, keepdims=True) * counts.sum(0) / counts.sum()
    least = min(counts.shape) - 1
    chi2 = ((counts - expected) ** 2 / expected).sum()
    return float(np.sqrt(chi2 / counts.sum() / least)) if least else 0.0


def check_corpus_emotions(corpora, y):
    """Look whether the corpus tells the emotion.

    Parameters
    ----------
    corpora, y : arrays, shape (n_clips,)

    Examples
    --------
    >>> check_corpus_emotions(np.array(["a", "a", "b"]), np.array(["fear", "joy", "joy"]))
    ('warning', 'In one corpus alone: fear (a). Association of corpus and emotion: 0.50 (0 to 1).')
    """
    if len(set(corpora)) == 1:
        return "not needed", "There is one corpus."
    alone = [
        f"{emotion} ({corpora[y == emotion][0]})"
        for emotion in sorted(set(y))
        if len(set(corpora[y == emotion])) == 1
    ]
    v = cramers_v(corpora, y)
    reason = f"Association of corpus and emotion: {v:.2f} (0 to 1)."
    if alone:
        reason = f"In one corpus alone: {shorten(alone)}. {reason}"
    return ("warning" if alone or v >= _ASSOCIATED else "passed"), reason


def check_edges(searches):
    """Look whether searches choose at the edges of their grids, in more than half of the folds.

    Parameters
    ----------
    searches : list of dict
        `Result.searches`.
    """
    if not searches:
        return "not needed", "Nothing is searched on a grid."
    hits = [hit for search in searches for hit in edge_hits(search)]
    words = [
        f"{hit['name']}={hit[side]:g} is the {edge} of its grid, and the best in "
        f"{hit[f'at_{side}']} of {hit['n_folds']} folds"
        for hit in hits
        for side, edge in (("low", "lowest"), ("high", "highest"))
        # Below nothing there is nothing.
        if 2 * hit[f"at_{side}"] > hit["n_folds"] and not (side == "low" and hit["low"] == 0)
    ]
    if words:
        return "warning", f"{'; '.join(words)}."
    if not hits:
        return "not needed", "No parameter has three numbers or more to choose from."
    return "passed", f"Looked at {', '.join(dict.fromkeys(hit['name'] for hit in hits))}."


def check_baselines(uar, chance, baselines):
    """Look whether a figure is above what needs no recognition.

    Parameters
    ----------
    uar : dict
        value, low, high.
    chance : float or None
        UAR of guessing.
    baselines : list of dict
        `Result.baselines`.

    Examples
    --------
    >>> check_baselines({"value": 0.3, "low": 0.22, "high": 0.4}, 0.25, [])[0]
    'warning'
    """
    rows = [("guessing", chance)]
    cheap = [
        b for b in baselines if b["id"] not in _NO_BASELINE and not b["id"].startswith("people-")
    ]
    rows += [(b["title"], b["uar"]["value"]) for b in cheap]
    rows = [(title, value) for title, value in rows if value is not None and value == value]
    value, low = uar["value"], uar["low"]
    below = [f"{title} ({v:.3f})" for title, v in rows if value <= v]
    if below:
        return "warning", f"UAR {value:.3f} is not above {shorten(below)}."
    unsure = low is not None and low == low
    unsure = [f"{title} ({v:.3f})" for title, v in rows if unsure and low <= v]
    if unsure:
        return "warning", (
            f"UAR {value:.3f} is not shown to be above {shorten(unsure)}: its interval begins at "
            f"{low:.3f}."
        )
    title, highest = max(rows, key=lambda row: row[1])
    return "passed", (
        f"UAR {value:.3f}; the highest of {len(rows)} baselines is {title} with {highest:.3f}."
    )


def check_folds(folds, y):
    """Look whether folds test similar numbers of clips, and train on what they test.

    Parameters
    ----------
    folds : list of Fold
    y : array of str, shape (n_clips,)
    """
    sizes = [len(fold.test) for fold in folds]
    lacking = [sorted(set(y[f.test]) - set(y[f.train])) for f in folds]
    partial = sum(len(set(y[f.test])) < len(set(y)) for f in folds)
    reason = f"{_range(sizes)} tested clips in each of {len(folds)} folds."
    if any(lacking):
        names = sorted(set().union(*lacking))
        return "warning", f"{reason} Tested, but not trained on, in some: {shorten(names)}."
    if len(folds) == 1:
        return "not needed", "There is one fold."
    if max(sizes) > _UNEQUAL * min(sizes):
        return "warning", reason
    if partial:
        return "warning", f"{reason} In {partial} of them some emotion is not tested."
    return "passed", reason


def check_emotions(y, units, tested):
    """Look whether every emotion is tested often enough, and shown by several people.

    Parameters
    ----------
    y, units : arrays of str, shape (n_clips,)
        Emotion, and subject (or the clip where nobody is named).
    tested : int array
        Rows.
    """
    groups = pd.DataFrame({"y": y[tested], "unit": units[tested]}).groupby("y")["unit"]
    table = pd.DataFrame({"clips": groups.size(), "people": groups.nunique()})
    table = table.reindex(sorted(set(y)), fill_value=0)
    rare = table[(table["clips"] < _FEW_CLIPS) | (table["people"] < _FEW_PEOPLE)]
    words = [f"{name} ({row.clips} clips of {row.people} people)" for name, row in rare.iterrows()]
    most, least = table["clips"].max(), table["clips"].min()
    if words:
        return "warning", f"Few: {shorten(words)}."
    if most > _IMBALANCE * least:
        commonest, rarest = table["clips"].idxmax(), table["clips"].idxmin()
        return "warning", f"{commonest} has {most} clips, {rarest} {least}."
    return "passed", f"{_range((least, most))} tested clips of each emotion."


def check_test_person(declared, alone):
    """Look whether answers need other clips of the test person.

    Parameters
    ----------
    declared : str
        What the estimator says that it knows of a test person, see `Result.protocol`.
    alone : dict or None
        What `emopipe.evaluation.alone.ask_alone` says.
    """
    if declared != "nothing":
        return "warning", (
            f"The estimator uses {declared} of each test person: the figures hold where there are "
            "as many."
        )
    if alone is None:
        return "cannot tell", "Folds were computed where clips cannot be asked for one by one."
    words = f"{alone['asked']} clips were asked for one by one"
    if alone["problem"]:
        return "cannot tell", alone["problem"]
    if alone["unsteady"]:
        return "cannot tell", f"{words}: answers differ even among the same clips."
    if alone["changed"]:
        return "failed", (
            f"{words}: {alone['changed']} got another answer or score than among the others, or "
            "none."
        )
    return "passed", f"{words}: all got the answers and scores that they had among the others."
