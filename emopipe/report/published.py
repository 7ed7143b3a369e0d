"""Published figures and ours beside them, averaged the same way over the same units."""

import numpy as np

from emopipe.metrics import row_shares
from emopipe.report.result_view import mean_weights


def published_view(experiment, item, sources) -> dict:
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
    classes, ours = confusion["classes"], row_shares(result.confusion).tolist()
    position = {name: n for n, name in enumerate(result.classes)}
    pairs = [
        [
            ours[position[a]][position[b]] if a in position and b in position else None
            for b in classes
        ]
        for a in classes
    ]
    return {"classes": classes, "theirs": confusion["shares"], "ours": pairs}


def _weight_rows(weights, result):
    """Return rows (modality, {emotion: (theirs, ours)}): shares of an emotion's weight."""
    if weights is None or result is None:
        return []
    ours = {name: cells for name, cells, _ in mean_weights(result.folds)}
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
