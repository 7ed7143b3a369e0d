"""The answer of an experiment in sentences: differences with intervals, and what they show."""

from dataclasses import replace

from emopipe.html_repr import percent
from emopipe.report.charts import METRICS
from emopipe.report.pairs import (
    LEVEL,
    against,
    all_pairs,
    clip_sets,
    clips_in_words,
    is_missing,
    p_words,
    reading,
)
from emopipe.text import pluralise

# The figure that answers are about: every emotion counts alike.
METRIC = "uar"
# Results on different clips are answered apart, up to so many sets of clips.
_MOST_SETS = 5
_NEAREST = 5  # differences that are named


def points(value) -> str:
    """Return a difference in points with its sign; nothing is minus zero.

    Examples
    --------
    >>> points(-0.0004), points(0.012), points(-0.3)
    ('0.0', '+1.2', '−30.0')
    """
    if is_missing(value):
        return "–"
    text = f"{100 * value:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "−")


def interval(figure) -> str:
    """Return an interval in words, or nothing where there is none."""
    low, high = figure["low"], figure["high"]
    return "" if is_missing(low) else f"{percent(low)}–{percent(high)}"


def tested_on(result) -> str:
    """Return on whom a result was tested, as its headline says it."""
    if result.protocol.get("subject_dependent"):
        return "people who were trained on, too"
    if not result.protocol.get("subjects_named", True):
        if "official" in result.protocol.get("splitter", ""):
            return "an official split; subjects not named"
        return "clips of unnamed subjects"
    enrolment = result.protocol.get("test_person", "nothing")
    allowance = "" if enrolment == "nothing" else f", {enrolment} of each known"
    return f"people never trained on{allowance}"


def best(experiment) -> str | None:
    """Return the candidate with the highest UAR, None without one or where clips differ."""
    if len(_candidate_sets(experiment)) > 1:
        return None
    figures = {
        label: experiment.results[label].metrics.get(METRIC, {}).get("value") or 0.0
        for label in experiment.candidates
    }
    return max(figures, key=figures.get) if figures else None


def answer(experiment, pairs=None) -> list:
    """Return the answer: the script's own sentences, then three that follow from the results.

    The highest figure and what guessing gives; the differences to it; what stands beside it.

    Parameters
    ----------
    experiment : Experiment
    pairs : list of dict or None
        From `emopipe.report.pairs.all_pairs`; None computes them.

    Returns
    -------
    list of dict
        text, and items (list of str): differences, one a line.
    """
    sentences = [{"text": text, "items": []} for text in experiment.answer]
    sets = _candidate_sets(experiment)
    if not sets:
        return sentences
    pairs = all_pairs(experiment) if pairs is None else pairs
    if len(sets) > 1:
        return sentences + _by_clips(experiment, sets, pairs)
    label = best(experiment)
    three = [_highest(experiment, label, pairs), _differences(experiment, label, pairs)]
    three.append({"text": _beside(experiment.results[label]), "items": []})
    return sentences + [sentence for sentence in three if sentence["text"]]


def _candidate_sets(experiment):
    """Return the labels of results on the same clips, of sets in which some may answer."""
    return [s for s in clip_sets(experiment.results) if set(s) & set(experiment.candidates)]


def _by_clips(experiment, sets, pairs):
    """Return a sentence for each set of clips: figures on different clips cannot be compared."""
    ranked = sorted(sets, key=len, reverse=True)
    sentences = []
    for labels in ranked[:_MOST_SETS]:
        part = replace(
            experiment, results={label: experiment.results[label] for label in labels},
            references=[name for name in experiment.references if name in labels],
            published=[], comparisons=[],
        )  # fmt: skip
        label = best(part)
        texts = [_highest(part, label, pairs)["text"], _differences(part, label, pairs)["text"]]
        head = f"On {clips_in_words(part.results[label])}: "
        sentences.append({"text": head + " ".join(filter(None, texts)), "items": []})
    further = len(ranked) - _MOST_SETS
    if further > 0:
        text = f"{pluralise(further, 'further set')} of clips: see the tables."
        sentences.append({"text": text, "items": []})
    return sentences


def _differences(experiment, label, pairs):
    """Return by how much the highest differs from the references, or else from all others."""
    others = against(pairs, label)
    if experiment.references:
        others = {name: others[name] for name in experiment.references if name in others}
    if not others:
        return {"text": "", "items": []}
    n = {row["units"] for row in pairs if label in (row.get("a"), row.get("b"))}
    over = f"over {max(n)} {experiment.results[label].protocol['bootstrap_over']}"
    groups = {word: [] for word in ("higher", "lower", "does not show a difference")}
    for name, figure in sorted(others.items(), key=lambda item: abs(item[1]["value"] or 0)):
        groups[reading(figure, figure["p"])].append(f"{name} ({_amount(figure)})")
    parts = [
        f"{word} than {_nearest(groups[word])}" for word in ("higher", "lower") if groups[word]
    ]
    unclear = groups["does not show a difference"]
    text = f"Tested {over}, it is {' and '.join(parts)}" if parts else ""
    if unclear:
        clause = f"not shown to differ from {_nearest(unclear)}"
        text = f"{text}; it is {clause}" if text else f"Tested {over}, it is {clause}"
        text += _least_p(experiment, pairs, over)
    return {"text": f"{text}.", "items": []}


def _nearest(names):
    """Return names in words, nearest first; of many only the nearest."""
    further = len(names) - _NEAREST
    if further < 2:
        return ", ".join(names)
    return f"{', '.join(names[:_NEAREST])}, and {further} that are further off"


def _least_p(experiment, pairs, over):
    """Return that no difference can be shown, where people are too few for so many tests."""
    references = set(experiment.references)
    families = [(row, {row.get("a"), row.get("b")}) for row in pairs if row.get("test")]
    tested = [  # those that are adjusted together, see `all_pairs`
        row
        for row, labels in families
        if labels <= set(experiment.results) and (not references or len(labels & references) == 1)
    ]
    # All people differ in one direction: 2 of the 2^n swaps are as extreme (Holm: times the tests).
    least = min(1, len(tested) * 2.0 ** (1 - max((row["units"] for row in tested), default=0)))
    if not tested or least < LEVEL:
        return ""
    tests = f"adjusted for {len(tested)} tests" if len(tested) > 1 else "for one test"
    return f". No difference can be shown {over}: p, {tests}, is {p_words(least)} or more"


def _amount(figure):
    p = f", p {_equals(figure['p'])}" if figure["p"] is not None else ""
    return f"{points(figure['value'])} points{p}"


def _equals(p):
    text = p_words(p)
    return text if text.startswith("<") else f"= {text}"


def _beside(result):
    """Return the hardest emotion, what needs no voice and no face, what people reach, and so on."""
    rows = [row for row in result.baselines if not is_missing(row[METRIC]["value"])]
    parts = [
        f"{row['title']} {percent(row[METRIC]['value'])} %"
        for row in rows
        if row["id"] in ("durations", "sentences") or row["id"].startswith("people-")
    ]
    gap = result.optimism_gap
    if gap:
        parts.append(f"random folds {percent(gap['random'][METRIC])} %")
    beside = f"; beside it, in {METRICS[METRIC]}: {', '.join(parts)}" if parts else ""
    hardest = _hardest(result)
    return f"{hardest}{beside}." if hardest else ""


def _hardest(result):
    """Return in words which emotion has the lowest recall, nothing where no clip was tested."""
    table = result.per_emotion.dropna(subset="recall")
    if not len(table):
        return ""
    row = table.loc[table["recall"].idxmin()]
    if row["recall"] == 1:
        return "It recognises every clip of every emotion"
    counts = result.confusion[result.classes.index(row["emotion"])].copy()
    counts[result.classes.index(row["emotion"])] = 0
    mistake = f", most often taken for {result.classes[counts.argmax()]}" if counts.any() else ""
    return f"Its hardest emotion is {row['emotion']} (recall {percent(row['recall'])} %{mistake})"


def _highest(experiment, label, pairs):
    result, n = experiment.results[label], len(experiment.candidates)
    figure, chance = result.metrics[METRIC], result.chance[METRIC]
    bounds = f" (95 % interval {interval(figure)})" if interval(figure) else ""
    equal = [
        other
        for other in experiment.candidates
        if other != label and experiment.results[other].metrics[METRIC]["value"] == figure["value"]
    ]
    shared = f" (as high: {', '.join(equal)})" if equal else ""
    high = (
        f", the best of {n} on the test clips themselves and so a little too high" if n > 1 else ""
    )
    text = (
        f"{f'Highest of {n}: ' if n > 1 else ''}{label}{shared}, {METRICS[METRIC]} "
        f"{percent(figure['value'])} %{bounds}{high}, accuracy "
        f"{percent(result.metrics['accuracy']['value'])} %, over {len(result.predictions)} clips "
        f"({tested_on(result)}); guessing gives {percent(chance)} %."
    )
    return {"text": text, "items": []}


def not_above(experiment, label, pairs) -> list[str]:
    """Return the references that a result is not shown to be higher than, in UAR."""
    others = against(pairs, label)
    return [
        name
        for name in experiment.references
        if name not in others or reading(others[name], others[name]["p"]) != "higher"
    ]
