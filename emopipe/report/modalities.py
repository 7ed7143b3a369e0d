"""Who saves whom between the modalities of a fusion, and what is lost with one missing."""

import numpy as np

from emopipe import metrics


def modality_view(result):
    """Return what the page shows of a fusion's modalities, None where there are none.

    Returns
    -------
    dict or None
        names; alone and without (rows: name, accuracy, uar, loss of each against the fusion);
        rescue (rows: words, n, share of all clips, fused: share of them that the fusion has right);
        emotions (rows: emotion, {modality: {recall, precision, f1}}).
    """
    table = result.predictions
    names = [c.removeprefix("alone_") for c in table if c.startswith("alone_")]
    if not names:
        return None
    truth = table["emotion"].to_numpy()
    right = {name: table[f"alone_{name}"].to_numpy() == truth for name in names}
    fused = table["predicted"].to_numpy() == truth
    figures = {name: _counts(result, f"alone_{name}") for name in names}
    missing = [name for name in names if f"without_{name}" in table]
    return {
        "names": names,
        "alone": [_figures(name, figures[name], result) for name in names],
        "without": [_figures(n, _counts(result, f"without_{n}"), result) for n in missing],
        "rescue": rescue_rows(right, fused),
        "emotions": _emotions(result.classes, figures),
    }


def rescue_rows(right, fused):
    """Return rows of which modalities alone are right, and how often the fusion is then.

    Parameters
    ----------
    right : dict of str to bool array, shape (n_clips,)
        By modality.
    fused : bool array, shape (n_clips,)

    Examples
    --------
    >>> right = {"voice": np.array([True, False]), "face": np.array([True, True])}
    >>> [(row["words"], row["n"]) for row in rescue_rows(right, np.array([True, False]))]
    [('voice and face', 1), ('face alone', 1)]
    """
    table, rows = np.stack(list(right.values()), axis=1), []
    for pattern in sorted(set(map(tuple, table)), key=lambda p: (-sum(p), [not x for x in p])):
        here = (table == pattern).all(1)
        names = [name for name, hit in zip(right, pattern, strict=True) if hit]
        words = " and ".join(names) + (" alone" if len(names) == 1 else "") if names else "none"
        rows.append(
            {"words": words, "n": int(here.sum()), "share": float(here.mean()),
             "fused": float(fused[here].mean())}
        )  # fmt: skip
    return rows


def _counts(result, column):
    table = result.predictions
    return metrics.count_together(table["emotion"], table[column], result.classes)


def _figures(name, counts, result):
    values = metrics.main_figures(counts)
    loss = {f"{key}_loss": values[key] - result.metrics[key]["value"] for key in values}
    return {"name": name} | values | loss


def _emotions(classes, figures):
    measures = {"recall": metrics.recall, "precision": metrics.precision, "f1": metrics.f1}
    values = {
        name: {key: measure(counts) for key, measure in measures.items()}
        for name, counts in figures.items()
    }
    return [
        (emotion, {name: {key: float(v[n]) for key, v in values[name].items()} for name in figures})
        for n, emotion in enumerate(classes)
    ]
