"""What the templates show, taken from an Experiment: plain values, no HTML."""

from collections import Counter

import numpy as np

from emopipe.experiment import Experiment
from emopipe.report import answer
from emopipe.report.charts import METRICS, learning_curves, line_chart


def experiment_view(experiment) -> dict:
    """Return the variables of ``report.html``."""
    results, best = experiment.results, answer.best(experiment)
    sources = _distinct(item.source for item in experiment.published if item.source)
    return {
        "experiment": experiment,
        "metrics": METRICS,
        "corpora": _distinct(c for r in results.values() for c in r.corpora),
        "banners": _banners(results),
        "notices": _distinct(
            [*experiment.notices, *(n for r in results.values() for n in r.notices)]
        ),
        "answer": answer.answer(experiment),
        "best": None if best is None or answer.not_above(experiment, best) else best,
        "results": [
            _result_view(number, label, result)
            for number, (label, result) in enumerate(results.items(), start=1)
        ],
        "baselines": _baselines(results),
        "charts_": [line_chart(chart) for chart in experiment.charts],
        "published": [_published_view(experiment, item, sources) for item in experiment.published],
        "sources": sources,
        "versions": next(iter(results.values())).run.get("versions", {}) if results else {},
    }


def checks_badge(result) -> dict:
    """Return how many checks have which status, in words, and how alarming that is."""
    counts = result.check_counts
    unsure = counts["warning"] + counts["cannot tell"] + counts["ignored"]
    level = "fail" if counts["failed"] else "warn" if unsure else ""
    names = {"warning": "warnings"} if counts["warning"] > 1 else {}
    text = ", ".join(f"{n} {names.get(status, status)}" for status, n in counts.items() if n)
    return {"text": text or "none made", "level": level if text else "warn"}


def index_row(folder) -> dict:
    """Return what the index shows of one folder of reports; a broken one is listed as such."""
    row = {"folder": folder.name, "error": None}
    try:
        return row | _index_figures(Experiment.load(folder))
    except Exception as error:  # whatever a file holds, its neighbours are listed
        reason = str(error) or type(error).__name__
        return row | {"error": reason if len(reason) < 300 else reason[:300] + "…"}


def _index_figures(experiment):
    label = answer.best(experiment)
    result = experiment.results.get(label)
    figures = {}
    if result is not None:
        figures = {
            "clips": len(result.predictions),
            "tested_on": answer.tested_on(result),
            "accuracy": answer.percent(result.metrics["accuracy"]["value"]),
            "uar": answer.percent(result.metrics["uar"]["value"]),
            "interval": answer.interval(result.metrics["uar"]) or "–",
            "badge": _worst_badge(experiment.results.values()),
        }
    results = experiment.results.values()
    corpora = _distinct(c["name"] for r in results for c in r.corpora)
    return {
        "title": experiment.title,
        "question": experiment.question,
        "label": label or "",
        "corpora": ", ".join(corpora),
        "date": max((r.run.get("date", "")[:10] for r in results), default=""),
        "alarm": ("", "warn", "fail").index(figures["badge"]["level"]) if figures else 0,
        "result": figures,
        "synthetic": experiment.synthetic,
        "partial": any(r.partial for r in experiment.results.values()),
        "notices": len(experiment.notices),
    }


def _worst_badge(results):
    badges = [checks_badge(result) for result in results]
    return max(badges, key=lambda badge: ["", "warn", "fail"].index(badge["level"]))


def _banners(results) -> list[dict]:
    """Return what must be read before any figure: head and text."""
    partial, mixed, found = {}, [], []
    for label, result in results.items():
        if result.partial:
            asked, answered = result.coverage["asked"], result.coverage["answered"]
            reasons = "; ".join(result.coverage.get("reasons", []))
            partial.setdefault((answered, asked, reasons), []).append(label)
        if result.protocol.get("subject_dependent"):
            mixed.append(label)
        for check in result.checks:
            if check["status"] == "failed":
                text = f"{_quoted([label])}: {check['title']}. {check['reason']}"
                found.append({"head": f"Check {check['id']} failed", "text": text})
    for (answered, asked, reasons), labels in partial.items():
        text = f"so many are answered in {_quoted(labels)}" + (f": {reasons}." if reasons else ".")
        found.append({"head": f"Incomplete: {answered} of {asked} clips", "text": text})
    if mixed:
        text = (
            f"the folds of {_quoted(mixed)} mix subjects, so that the recogniser was tested on "
            "people it was trained on. Its figures say little about new people."
        )
        found.append({"head": "Subject-dependent", "text": text})
    return found


def _quoted(labels) -> str:
    return ", ".join(f"“{label}”" for label in labels)


def _baselines(results) -> list[dict]:
    """Return rows that a recogniser must beat: chance, and what needs no voice and no face."""
    rows, labels = [], []
    for label, result in results.items():
        chance = result.chance
        rows.append(
            {
                "title": "guessing: always the most frequent emotion",
                "n": len(result.predictions),
                "accuracy": {"value": chance["accuracy"], "low": None, "high": None},
                "uar": {"value": chance["uar"], "low": None, "high": None},
                "note": "accuracy: the share of the largest class; UAR: 1 / number of emotions",
            }
        )
        rows += result.baselines
        labels += [label] * (len(rows) - len(labels))
    distinct = _distinct(rows)
    titles = Counter(row["title"] for row in distinct)
    # Of results on different clips or features: say whose.
    return [
        row | {"title": f"{row['title']} ({labels[rows.index(row)]})"}
        if titles[row["title"]] > 1
        else row
        for row in distinct
    ]


def _published_view(experiment, item, sources) -> dict:
    """Return a published figure and ours beside it, the same mean over the same units."""
    ours = experiment.results.get(item.beside)
    value, spread = _same_mean(ours, item) if ours is not None else (None, None)
    comparable = ours is not None and not experiment.synthetic and value is not None
    return {
        "item": item,
        "source": sources.index(item.source) + 1 if item.source else None,
        "ours": value,
        "our_spread": spread,
        "difference": value - item.value if comparable else None,
        "matrix": _matrix(item.confusion, ours),
        "weights": _weight_rows(item.weights, ours),
    }


def _same_mean(result, item):
    """Return our figure, averaged as the published one, and its standard deviation."""
    if item.mean_over == "clips":
        return result.metrics[item.metric]["value"], None
    if item.mean_over == "subjects" and item.metric == "accuracy":
        return result.subject_mean, result.subject_std
    rows = (
        result.per_subject[item.metric].tolist()
        if item.mean_over == "subjects"
        else [fold[item.metric] for fold in result.folds]
    )
    rows = np.array(rows, dtype=float)
    return float(rows.mean()), float(rows.std(ddof=1)) if len(rows) > 1 else None


def _matrix(confusion, result):
    """Return a published confusion matrix and ours, rows and columns in the published order."""
    if confusion is None or result is None:
        return None
    classes, ours = confusion["classes"], _shares(result.confusion)
    place = {name: n for n, name in enumerate(result.classes)}
    pairs = [
        [ours[place[a]][place[b]] if a in place and b in place else None for b in classes]
        for a in classes
    ]
    return {"classes": classes, "theirs": confusion["shares"], "ours": pairs}


def _weight_rows(weights, result):
    """Return rows (modality, {emotion: (theirs, ours)}): shares of an emotion's weight."""
    if weights is None or result is None:
        return []
    ours = {name: cells for name, cells, _ in _mean_weights(result.folds)}
    sums = {
        emotion: sum(cells[emotion][0] for cells in ours.values() if emotion in cells)
        for emotion in next(iter(weights.values()))
    }
    return [
        (
            modality,
            {
                emotion: (
                    value,
                    ours[modality][emotion][0] / sums[emotion]
                    if emotion in ours.get(modality, {}) and sums[emotion]
                    else None,
                )
                for emotion, value in row.items()
            },
        )
        for modality, row in weights.items()
    ]


def _distinct(items) -> list:
    kept = []
    for item in items:
        if item not in kept:
            kept.append(item)
    return kept


def _shares(counts):
    return (counts / counts.sum(axis=1, keepdims=True).clip(min=1)).tolist()


def _result_view(number, label, result) -> dict:
    return {
        "id": f"result-{number}",
        "label": label,
        "result": result,
        "badge": checks_badge(result),
        "tested_on": answer.tested_on(result),
        "shares": _shares(result.confusion),
        "confused": _most_confused(result.classes, result.confusion),
        "weights": _mean_weights(result.folds),
        "has_params": any(fold.get("best_params") for fold in result.folds),
        "scores_missing": sum(fold.get("n_unanswered") or 0 for fold in result.folds),
        "curves": [
            line_chart(chart)
            for chart in learning_curves([c for fold in result.folds for c in fold["history"]])
        ],
        "emotions": result.per_emotion.to_dict("records"),
        "subjects": result.per_subject.sort_values("accuracy").to_dict("records"),
    }


def _most_confused(classes, counts, most: int = 3) -> list:
    """Return (share of the true emotion's clips, true, predicted) of the greatest confusions."""
    totals = counts.sum(axis=1).clip(min=1)
    pairs = [
        (float(counts[i][j] / totals[i]), true, predicted)
        for i, true in enumerate(classes)
        for j, predicted in enumerate(classes)
        if i != j and counts[i][j]
    ]
    return sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2]))[:most]


def _mean_weights(folds) -> list:
    """Return rows (modality, {emotion: (mean, low, high over folds)}, highest), or nothing."""
    tables = [fold["fusion_weights"] for fold in folds if fold.get("fusion_weights")]
    if not tables:
        return []
    rows = []
    for modality in tables[0]:
        cells = {}
        for emotion in tables[0][modality]:
            values = [table[modality][emotion] for table in tables if modality in table]
            values = [value for value in values if value is not None]
            if values:
                cells[emotion] = (sum(values) / len(values), min(values), max(values))
        rows.append((modality, cells))
    highest = max((cell[0] for _, cells in rows for cell in cells.values()), default=1) or 1
    return [(name, cells, highest) for name, cells in rows]
