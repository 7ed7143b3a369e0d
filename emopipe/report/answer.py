"""The answer of an experiment in sentences: differences with intervals, and what they show."""

from emopipe.report.charts import METRICS

# The figure that answers are about: every emotion counts alike.
METRIC = "uar"


def percent(value, digits: int = 1) -> str:
    """Return a fraction as per cent, without the sign."""
    return "–" if _missing(value) else f"{100 * value:.{digits}f}"


def points(value) -> str:
    """Return a difference in points with its sign; nothing is minus zero.

    Examples
    --------
    >>> points(-0.0004), points(0.012), points(-0.3)
    ('0.0', '+1.2', '−30.0')
    """
    if _missing(value):
        return "–"
    text = f"{100 * value:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "−")


def interval(figure, written=percent, joint="–") -> str:
    """Return an interval in words, or nothing where there is none."""
    low, high = figure["low"], figure["high"]
    return "" if _missing(low) else f"{written(low)}{joint}{written(high)}"


def reading(figure) -> str:
    """Return what an interval of a difference shows, in words.

    Examples
    --------
    >>> reading({"value": 0.1, "low": -0.02, "high": 0.2})
    'does not show a difference'
    """
    low, high = figure["low"], figure["high"]
    if _missing(low) or low <= 0 <= high:
        return "does not show a difference"
    return "higher" if low > 0 else "lower"


def tested_on(result) -> str:
    """Return on whom a result was tested, as its headline says it."""
    if result.protocol.get("subject_dependent"):
        return "people who were trained on, too"
    if not result.protocol.get("subjects_named", True):
        if "official" in result.protocol.get("splitter", ""):
            return "an official split; subjects not named"
        return "clips of unnamed subjects"
    return "people never trained on"


def candidates(experiment) -> list[str]:
    """Return the labels that may answer the question: no reference, nobody tested known before."""
    return [
        label
        for label, result in experiment.results.items()
        if not result.protocol.get("subject_dependent") and label not in experiment.references
    ]


def best(experiment) -> str | None:
    """Return the candidate with the highest UAR, or None where there is none."""
    figures = {
        label: experiment.results[label].metrics.get(METRIC, {}).get("value") or 0.0
        for label in candidates(experiment)
    }
    return max(figures, key=figures.get) if figures else None


def answer(experiment) -> list:
    """Return the answer: the script's own sentences, then differences, then the highest figure.

    Returns
    -------
    list of dict
        text, and items (list of str): the differences to one reference.
    """
    sentences = [{"text": text, "items": []} for text in experiment.answer]
    for reference in experiment.references:
        rows = [row for row in experiment.comparisons if row.get("a") == reference]
        if rows:
            figure = experiment.results[reference].metrics[METRIC]
            text = (
                f"Against {reference} ({METRICS[METRIC]} {percent(figure['value'])} %), in points "
                f"of {METRICS[METRIC]} on the same clips:"
            )
            sentences.append({"text": text, "items": [_difference(row) for row in rows]})
    label = best(experiment)
    return sentences + ([{"text": _highest(experiment, label), "items": []}] if label else [])


def _difference(row):
    figure = row[METRIC]
    bounds = interval(figure, points, " to ")
    return f"{row['b']}: {points(figure['value'])}" + (
        f" ({bounds}), {reading(figure)}" if bounds else f", {reading(figure)}"
    )


def _highest(experiment, label):
    result, n = experiment.results[label], len(candidates(experiment))
    figure, chance = result.metrics[METRIC], result.chance[METRIC]
    bounds = f" (95 % interval {interval(figure)})" if interval(figure) else ""
    equal = [
        other
        for other in candidates(experiment)
        if other != label and experiment.results[other].metrics[METRIC]["value"] == figure["value"]
    ]
    shared = f" (as high: {', '.join(equal)})" if equal else ""
    text = (
        f"{f'Highest of {n}: ' if n > 1 else ''}{label}{shared}, {METRICS[METRIC]} "
        f"{percent(figure['value'])} %{bounds}, accuracy "
        f"{percent(result.metrics['accuracy']['value'])} %, over {len(result.predictions)} clips "
        f"({tested_on(result)}); guessing gives {percent(chance)} %."
    )
    if n > 1:
        text += (
            f" It is the best of {n} on the test clips themselves, so that its figure is a little "
            "too high."
        )
    unbeaten = not_above(experiment, label)
    if unbeaten:
        text += f" It is not shown to be higher than {' and '.join(unbeaten)}."
    return text


def not_above(experiment, label) -> list[str]:
    """Return the references that a result is not shown to be higher than, in UAR."""
    rows = {row.get("a"): row for row in experiment.comparisons if row.get("b") == label}
    return [
        reference
        for reference in experiment.references
        if reference not in rows or reading(rows[reference][METRIC]) != "higher"
    ]


def _missing(value) -> bool:
    return value is None or value != value
