"""What the templates show, taken from an Experiment: plain values, no HTML."""

from emopipe.report.charts import METRICS
from emopipe.result import Chart, Experiment


def experiment_view(experiment) -> dict:
    """Return the variables of ``report.html``."""
    results = experiment.results
    return {
        "experiment": experiment,
        "metrics": METRICS,
        "corpora": _distinct(c for r in results.values() for c in r.corpora),
        "notices": _distinct(
            [*experiment.notices, *(n for r in results.values() for n in r.notices)]
        ),
        "best": _best(results),
        "results": [
            _result_view(number, label, result)
            for number, (label, result) in enumerate(results.items(), start=1)
        ],
        "versions": next(iter(results.values())).run.get("versions", {}) if results else {},
        "subject_dependent": [
            label for label, r in results.items() if r.protocol.get("subject_dependent")
        ],
    }


def audit_tally(result) -> str:
    """Return how many of the audit's checks have which status."""
    return ", ".join(f"{n} {status}" for status, n in result.check_counts.items() if n)


def index_row(folder) -> dict:
    """Return what the index shows of one folder of reports."""
    row = {"folder": folder.name, "error": None}
    try:
        experiment = Experiment.load(folder)
    except (ValueError, TypeError, KeyError, OSError) as error:
        return row | {"error": str(error)}
    label = _best(experiment.results)
    return row | {
        "experiment": experiment,
        "label": label,
        "best": experiment.results.get(label),
        "synthetic": any(c["synthetic"] for r in experiment.results.values() for c in r.corpora),
        "passed": all(r.passed for r in experiment.results.values()),
    }


def _best(results) -> str | None:
    """Return the label of the subject-independent result with the highest UAR."""
    honest = {k: r for k, r in results.items() if not r.protocol.get("subject_dependent")}
    figures = {k: (r.metrics.get("uar") or {}).get("value") or 0.0 for k, r in honest.items()}
    return max(figures, key=figures.get) if figures else None


def _distinct(items) -> list:
    kept = []
    for item in items:
        if item not in kept:
            kept.append(item)
    return kept


def _result_view(number, label, result) -> dict:
    counts = result.confusion
    totals = counts.sum(axis=1, keepdims=True).clip(min=1)
    return {
        "id": f"result-{number}",
        "label": label,
        "result": result,
        "shares": (counts / totals).tolist(),
        "confused": _most_confused(result.classes, counts),
        "weights": _mean_weights(result.folds),
        "has_params": any(fold.get("best_params") for fold in result.folds),
        "scores_missing": sum(fold.get("n_unanswered") or 0 for fold in result.folds),
        "curves": _curves(result.history or []),
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
    """Return rows (modality, {emotion: (mean, low, high over folds)}), or nothing."""
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


def _curves(history) -> list:
    """Return one Chart per kind of learning curve: a line per fold."""
    skip = {"fold", "estimator"}
    kinds = _distinct(k.removeprefix("val_") for curves in history for k in curves if k not in skip)
    charts = []
    for kind in kinds:
        series = {}
        for curves in history:
            for name, part in ((kind, "train"), (f"val_{kind}", "validation")):
                if name in curves:
                    values = curves[name]
                    label = f"{part}, fold {curves['fold']}"
                    series[label] = {"x": list(range(1, len(values) + 1)), "y": values}
        charts.append(Chart(title=kind, x_label="epoch", y_label=kind, series=series))
    return charts
