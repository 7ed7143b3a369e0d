"""Geometry of charts: plain numbers for the templates, which draw them at any width."""

import math

import numpy as np

from emopipe.text import pluralise

# How metrics are written.
METRICS = {"accuracy": "accuracy", "uar": "UAR", "macro_f1": "macro F1"}
# Colours that the style sheet has for lines, and dashes: whole, dashed and dotted lines.
N_COLOURS, N_DASHES = 6, 3
_MOST_TICKS = 6


def ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Return round numbers from at most `low` to at least `high`; `whole`: no fractions.

    Examples
    --------
    >>> ticks(0.13, 0.58)
    [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]
    """
    if high - low <= 1e-9 * max(abs(low), abs(high)):  # a level line: room on both sides
        margin = abs(high) / 2 or 1.0
        low, high = low - margin, high + margin
    span = high - low
    magnitude = 10.0 ** math.floor(math.log10(span / _MOST_TICKS))
    step = next(
        k * magnitude
        for k in (1, 2, 2.5, 5, 10, 20)
        if math.ceil(high / (k * magnitude)) - math.floor(low / (k * magnitude)) < _MOST_TICKS
    )
    step = max(1.0, math.ceil(step)) if whole else step
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{n * step:.12g}") for n in range(first, max(last, first + 1) + 1)]


def _finite(values):
    return [float(v) for v in values if v is not None and math.isfinite(v)]


def line_chart(chart) -> dict:
    """Return what the template draws of a `Chart`.

    Returns
    -------
    dict
        lines (label, colour, dash, points and band as SVG text in a box of 100 x 100, dots in per
        cent),
        x_ticks, y_ticks (place in per cent, text), description (words for who cannot see it).
    """
    series = chart.series.values()
    xs = _finite(x for s in series for x in s["x"])
    ys = _finite(y for s in series for key in ("y", "low", "high") for y in s.get(key, ()))
    whole = all(x == int(x) for x in xs)
    x_marks = ticks(min(xs, default=0), max(xs, default=1), whole=whole)
    y_marks = ticks(min(ys, default=0), max(ys, default=1))

    def locate(x, y):
        return (
            round(100 * (x - x_marks[0]) / (x_marks[-1] - x_marks[0]), 2),
            round(100 - 100 * (y - y_marks[0]) / (y_marks[-1] - y_marks[0]), 2),
        )

    return {
        "title": chart.title,
        "x_label": chart.x_label,
        "y_label": chart.y_label,
        "lines": [
            _line(label, number, s, locate)
            for number, (label, s) in enumerate(chart.series.items())
        ],
        "x_ticks": [(locate(x, y_marks[0])[0], f"{x:g}") for x in x_marks],
        "y_ticks": [(locate(x_marks[0], y)[1], f"{y:g}") for y in y_marks],
        "description": _describe(chart),
        "rows": _rows(chart),
    }


def _line(label, number, series, locate):
    def points(key):
        pairs = zip(series["x"], series[key], strict=True)
        return [locate(x, y) for x, y in pairs if x is not None and y is not None]

    middle = points("y")
    band = points("low") + points("high")[::-1] if "low" in series else []
    return {
        "label": label,
        "colour": number % N_COLOURS,
        "dash": number // N_COLOURS % N_DASHES,
        "points": _svg(middle),
        "band": _svg(band),
        "dots": middle if len(middle) <= 30 else [],
    }


def _svg(points):
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _describe(chart):
    parts = []
    for label, series in chart.series.items():
        values = _finite(series["y"])
        if values:
            parts.append(f"{label} goes from {values[0]:.3g} to {values[-1]:.3g}")
    return f"{chart.title}: {chart.y_label} against {chart.x_label}; {'; '.join(parts)}."


def _rows(chart):
    """Return the chart's table: (x, [values of each series])."""
    tables = [
        {x: _text(s, n) for n, x in enumerate(s["x"])} for s in chart.series.values()
    ]  # fmt: skip
    xs = sorted({x for table in tables for x in table})
    return [(f"{x:g}", [table.get(x, "–") for table in tables]) for x in xs]


def _text(series, n):
    if series["y"][n] is None:
        return "–"
    bounds = ""
    if "low" in series and None not in (series["low"][n], series["high"][n]):
        bounds = f" ({series['low'][n]:.3g}–{series['high'][n]:.3g})"
    return f"{series['y'][n]:.3g}{bounds}"


def learning_curves(history) -> list:
    """Return a `Chart` per kind of learning curve: the mean over fits, and where most of them are.

    The band holds eight of ten fits, however many there are (one per actor, say). Fits that stop
    early leave a mean over ever fewer and slower ones: a curve ends where half of them have.

    Parameters
    ----------
    history : list of dict
        `history` of all folds of a Result.

    Examples
    --------
    >>> fits = [{"loss": [1.0, 0.5]}, {"loss": [2.0]}, {"loss": [3.0]}]
    >>> [chart] = learning_curves(fits)
    >>> chart.x_label, chart.series["training, 3 fits"]["y"]
    ('epoch, until half of the fits have stopped', [2.0])
    """
    from emopipe.experiment import Chart

    named = {}
    for curves in history:
        for name, values in curves.items():
            if name != "estimator":
                kind = name.removeprefix("val_")
                part = "validation" if name.startswith("val_") else "training"
                named.setdefault(kind, {}).setdefault(part, []).append(values)
    charts = []
    for kind, parts in named.items():
        series = {
            f"{part}, {pluralise(len(runs), 'fit')}": _mean_curve(runs)
            for part, runs in parts.items()
        }
        n_epochs = max(len(curve["x"]) for curve in series.values())
        cut = n_epochs < max(len(values) for runs in parts.values() for values in runs)
        x_label = "epoch, until half of the fits have stopped" if cut else "epoch"
        charts.append(Chart(title=kind, x_label=x_label, y_label=kind, series=series))
    return charts


def _mean_curve(runs):
    """Return mean, 10th and 90th percentile of curves, while half of them go on."""
    epochs = max(map(len, runs))
    table = np.full((len(runs), epochs), np.nan)
    for row, values in zip(table, runs, strict=True):
        row[: len(values)] = [math.nan if v is None else v for v in values]
    table = table[:, 2 * (~np.isnan(table)).sum(0) >= max(len(runs), 1)]
    curve = {"x": list(range(1, table.shape[1] + 1)), "y": np.nanmean(table, 0).tolist()}
    if len(runs) > 1:
        low, high = np.nanpercentile(table, [10, 90], axis=0).tolist()
        curve |= {"low": low, "high": high}
    return curve
