"""Differences between all results of an experiment, and what they show in words."""

from itertools import combinations

from emopipe.comparison import compare_pairs

# More results than this are not all compared with one another.
MOST_COMPARED = 12
# Adjusted p values below this show a difference.
LEVEL = 0.05


def clip_sets(results):
    """Return the labels of results on the same clips together: only those can be compared.

    Parameters
    ----------
    results : dict of str to Result

    Returns
    -------
    list of list of str
    """
    sets = {}
    for label, result in results.items():
        table = result.predictions
        clips = frozenset(zip(table["clip"], table["emotion"], strict=True))
        sets.setdefault(clips, []).append(label)
    return list(sets.values())


def all_pairs(experiment):
    """Return the differences of every two results on the same clips, tested and adjusted.

    p values are adjusted within one set of clips: those of the question (results that are no
    reference against each reference) for their own number, and all other pairs for theirs. Of more
    than twelve results on the same clips, only those to the references and to the highest. What a
    script compared otherwise stands behind, without a test. `clips` says on what.
    """
    results, rows, words = experiment.results, [], {}
    for labels in clip_sets(results):
        compared = labels
        if len(labels) > MOST_COMPARED:
            highest = max(labels, key=lambda label: results[label].metrics["uar"]["value"] or 0)
            compared = [highest, *(name for name in experiment.references if name in labels)]
        pairs = [pair for pair in combinations(labels, 2) if set(pair) & set(compared)]
        main = [pair for pair in pairs if len(set(pair) & set(experiment.references)) == 1]
        rows += compare_pairs(results, main)
        rows += compare_pairs(results, [pair for pair in pairs if pair not in main])
        words |= dict.fromkeys(labels, clips_in_words(results[labels[0]]))
    pairs = [(row["a"], row["b"]) for row in rows]
    others = [row for row in experiment.comparisons if not _is_among(row, pairs)]
    return [row | {"clips": words[row["a"]]} for row in rows] + [
        row | {"clips": "clips that the script chose"} for row in others
    ]


def clips_in_words(result):
    """Return how many clips of which corpora were tested, in words."""
    names = dict.fromkeys(result.predictions["corpus"])
    return f"{len(result.predictions)} clips of {' and '.join(names)}"


def _is_among(row, pairs):
    return (row.get("a"), row.get("b")) in pairs or (row.get("b"), row.get("a")) in pairs


def against(pairs, label):
    """Return {other label: difference of `label` minus the other} of UAR: value, low, high, p."""
    others = {}
    for row in pairs:
        figure, test = row["uar"], row.get("test")
        p = test["uar"]["adjusted"] if test else None
        if row.get("b") == label:
            others[row["a"]] = figure | {"p": p}
        elif row.get("a") == label:
            turned = {"value": figure["value"], "low": figure["high"], "high": figure["low"]}
            others[row["b"]] = {
                key: None if is_missing(value) else -value for key, value in turned.items()
            } | {"p": p}
    return others


def reading(figure, p=None) -> str:
    """Return what a difference shows, in words: by its adjusted p value, or else its interval.

    Examples
    --------
    >>> reading({"value": 0.1, "low": -0.02, "high": 0.2})
    'does not show a difference'
    >>> reading({"value": 0.1, "low": 0.02, "high": 0.2}, p=0.01)
    'higher'
    """
    low, high = figure["low"], figure["high"]
    differs = p < LEVEL if p is not None else not is_missing(low) and not low <= 0 <= high
    if not differs or is_missing(figure["value"]) or not figure["value"]:
        return "does not show a difference"
    return "higher" if figure["value"] > 0 else "lower"


def size_words(effect) -> str:
    """Return the size of an effect (dz) in Cohen's words.

    Examples
    --------
    >>> size_words(0.55), size_words(-0.1), size_words(None)
    ('medium', 'negligible', '–')
    """
    if is_missing(effect):
        return "–"
    limits = ((0.2, "negligible"), (0.5, "small"), (0.8, "medium"))
    return next((word for limit, word in limits if abs(effect) < limit), "large")


def p_words(p) -> str:
    """Return a p value as text.

    Examples
    --------
    >>> p_words(0.00005), p_words(0.0312), p_words(None)
    ('< .001', '.031', '–')
    """
    if is_missing(p):
        return "–"
    if p < 0.001:
        return "< .001"
    return "1" if p >= 0.9995 else f"{p:.3f}".removeprefix("0")


def is_missing(value) -> bool:
    """Return whether a figure is None or NaN."""
    return value is None or value != value
