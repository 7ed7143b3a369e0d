"""Charts as SVG text: each function takes plain numbers of a Result and draws one figure."""

import io

# How metrics are written.
METRICS = {"accuracy": "accuracy", "uar": "UAR", "macro_f1": "macro F1"}
BLUE, GREY, RED, INK = "#2a5d9f", "#c3ccd6", "#b3432b", "#1c2733"
LINES = (BLUE, RED, "#3c8d5a", "#8a5ca8", "#c08a1e", "#4aa3b5")


def metric_intervals(results: dict, metric: str, published) -> str:
    """Draw each result's figure with its interval; published figures as hollow diamonds."""
    literature = [item for item in published if item.metric == metric]
    figure, axes = _figure(height=0.55 + 0.3 * (len(results) + len(literature)), left=0.36)
    labels = []
    for row, (label, result) in enumerate(results.items()):
        value = result.metrics[metric]
        axes.plot([value["low"], value["high"]], [row, row], color=BLUE, linewidth=2, clip_on=False)
        axes.plot([value["value"]], [row], "o", color=BLUE, clip_on=False, zorder=3)
        labels.append(label)
    for row, item in enumerate(literature, start=len(labels)):
        axes.plot([item.value], [row], "D", color=RED, markerfacecolor="white", clip_on=False)
        labels.append(f"{item.label} (published)")
    first = next(iter(results.values()))
    chance = 1 / max(len(first.classes), 1)
    axes.axvline(chance, color=GREY, linestyle="--", zorder=0)
    axes.annotate(
        "chance", (chance, 1.01), xycoords=("data", "axes fraction"), ha="center", color="#66727f"
    )
    axes.set_yticks(range(len(labels)), [_shortened(label) for label in labels])
    axes.set(xlim=(0, 1), ylim=(len(labels) - 0.4, -0.6), xlabel=METRICS[metric])
    return _svg(figure)


def emotion_recalls(result) -> str:
    """Draw the recall of each emotion with its interval."""
    table = result.per_emotion
    figure, axes = _figure(height=0.6 + 0.27 * len(table), left=0.2)
    rows = range(len(table))
    axes.barh(rows, table["recall"], height=0.62, color=BLUE, alpha=0.85)
    axes.hlines(rows, table["low"], table["high"], color=INK, linewidth=1.2)
    axes.axvline(1 / len(table), color=GREY, linestyle="--", zorder=0)
    axes.set_yticks(rows, table["emotion"] + " (" + table["support"].astype(str) + ")")
    axes.set(xlim=(0, 1), ylim=(len(table) - 0.4, -0.6), xlabel="recall (bars), 95 % interval")
    return _svg(figure)


def subject_dots(result) -> str:
    """Draw every subject's accuracy, sorted; the line is their mean."""
    values = sorted(float(v) for v in result.per_subject["accuracy"])
    figure, axes = _figure(height=1.9, left=0.1, width=6.4)
    axes.plot(range(1, len(values) + 1), values, "o", color=BLUE, markersize=4)
    axes.axhline(result.subject_mean, color=RED, linewidth=1)
    axes.annotate(
        f"mean {result.subject_mean:.2f}", (0.01, result.subject_mean),
        xycoords=("axes fraction", "data"), va="bottom", color=RED,
    )  # fmt: skip
    axes.set(ylim=(0, 1.03), xlabel="subjects, sorted by accuracy", ylabel="accuracy")
    return _svg(figure)


def chart_lines(chart) -> str:
    """Draw a `Chart`: one line per series, its interval as a band."""
    figure, axes = _figure(height=2.6, left=0.12, width=6.4)
    for number, (label, series) in enumerate(chart.series.items()):
        colour = LINES[number % len(LINES)]
        axes.plot(series["x"], series["y"], "o-", color=colour, label=label, markersize=3.5)
        if "low" in series:
            axes.fill_between(
                series["x"], series["low"], series["high"], color=colour, alpha=0.15, linewidth=0
            )
    axes.set(xlabel=chart.x_label, ylabel=chart.y_label)
    if len(chart.series) > 1:
        axes.legend(frameon=False)
    return _svg(figure)


def _shortened(label: str, length: int = 42) -> str:
    return label if len(label) <= length else label[: length - 1] + "…"


def _figure(*, height: float, left: float, width: float = 7.2):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height))
    bottom, top = 0.42 / height, 1 - 0.2 / height
    axes = figure.add_axes((left, bottom, 0.97 - left, top - bottom))
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5, color=GREY)
    axes.xaxis.label.set_size(8.5)
    axes.yaxis.label.set_size(8.5)
    return figure, axes


def _svg(figure) -> str:
    from markupsafe import Markup
    from matplotlib import rc_context
    from matplotlib.text import Text

    for label in figure.findobj(Text):
        label.set_parse_math(False)  # a dollar in somebody's label is a dollar
    text = io.StringIO()
    # A fixed salt and no date: the same numbers give the same bytes.
    style = {"svg.hashsalt": "emopipe", "svg.fonttype": "none", "font.family": "sans-serif"}
    with rc_context(style):
        figure.savefig(
            text, format="svg", metadata={"Date": None, "Creator": None}, transparent=True
        )
    svg = text.getvalue()
    return Markup(svg[svg.index("<svg") :])
