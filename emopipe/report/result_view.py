"""What the page shows of one result: plain values for the templates, no HTML."""

import math

from emopipe.groups import CLIP_TRAITS, TRAITS, group_figures
from emopipe.metrics import row_shares
from emopipe.report import answer
from emopipe.report.attachments import result_files
from emopipe.report.charts import learning_curves, line_chart
from emopipe.report.confidence import confidence_view
from emopipe.report.drawing import knowledge, protocol_view
from emopipe.report.grids import grid_views
from emopipe.report.modalities import modality_view

# Draws for the intervals of groups: there are many of them.
_DRAWS = 500


def result_view(number, label, result) -> dict:
    """Return what the page shows of a result, and its tables as files."""
    groups = group_figures(result, traits=(*TRAITS, *CLIP_TRAITS), n_bootstrap=_DRAWS)
    history = [curves for fold in result.folds for curves in fold["history"]]
    confusion, subjects = result.confusion, result.per_subject
    return {
        "id": f"result-{number}",
        "label": label,
        "result": result,
        "tested_on": answer.tested_on(result),
        "shares": row_shares(confusion).tolist(),
        "counts": confusion.tolist(),
        "confused": most_confused(result.classes, confusion),
        "weights": mean_weights(result.folds),
        "has_params": any(fold.get("best_params") for fold in result.folds),
        "scores_missing": sum(fold.get("n_unanswered") or 0 for fold in result.folds),
        "curves": [line_chart(chart) for chart in learning_curves(history)],
        "emotions": result.per_emotion.to_dict("records"),
        "subjects": subjects.sort_values("accuracy").to_dict("records"),
        "subject_mean": float(subjects["accuracy"].mean()),
        "subject_std": float(subjects["accuracy"].std()),
        "protocol": protocol_view(result),
        "knowledge": knowledge(result),
        "groups": groups,
        "scores": _scores(result),
        "knows_nothing": math.log(len(result.classes)),
        "modalities": modality_view(result),
        "grids": grid_views(result),
        "files": result_files(label, result, groups),
    }


def _scores(result):
    view = confidence_view(result)
    if view is not None:
        for name in ("reliability", "coverage"):
            view[name] = line_chart(view[name]) if view[name] else None
    return view


def most_confused(classes, counts) -> list:
    """Return the three greatest confusions: share of the emotion's clips, true, predicted."""
    totals = counts.sum(axis=1).clip(min=1)
    pairs = [
        (float(counts[i][j] / totals[i]), true, predicted)
        for i, true in enumerate(classes)
        for j, predicted in enumerate(classes)
        if i != j and counts[i][j]
    ]
    return sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2]))[:3]


def mean_weights(folds) -> list:
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
