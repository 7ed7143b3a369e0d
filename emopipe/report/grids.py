"""The grids that searches tried: scores drawn, the best row, and hits of the grid's edges."""

import numpy as np

from emopipe.search_grids import edge_hits
from emopipe.text import pluralise

# Rows of a grid that the page lists; the file beside it has all.
_MOST_ROWS = 25


def grid_views(result):
    """Return one view per grid of a result, its best row first.

    Returns
    -------
    list of dict
        name, scoring, n_folds, n_rows, rows (params in words, mean, low and high over folds, times
        best), low and high (of all scores, for the drawing), edges (sentences), left_out (rows).
    """
    return [_grid_view(search) for search in result.searches if search["params"]]


def _grid_view(search):
    means = np.array(search["mean"], dtype=np.float64).reshape(len(search["folds"]), -1)
    best = [row for row in search["best"] if isinstance(row, int)]
    varying = _varying_params(search["params"])
    rows = [
        {
            "words": _words(params, varying),
            "value": _finite(means[:, n], np.mean),
            "low": _finite(means[:, n], np.min),
            "high": _finite(means[:, n], np.max),
            "best": best.count(n),
        }
        for n, params in enumerate(search["params"])
    ]
    rows.sort(key=lambda row: (-row["best"], -(row["value"] or 0)))
    return {
        "name": search["name"],
        "scoring": search["scoring"],
        "n_folds": len(search["folds"]),
        "n_rows": len(rows),
        "rows": rows[:_MOST_ROWS],
        "edges": edge_sentences(search),
        "left_out": max(0, len(rows) - _MOST_ROWS),
        # Scores such as a negative log loss have no place on a scale of fractions.
        "drawn": bool(rows) and all(0 <= (row["value"] or 0) <= 1 for row in rows),
    }


def edge_sentences(search):
    """Return in words where the best value lies at an edge of the grid.

    Examples
    --------
    >>> search = {"params": [{"C": c} for c in (1, 2, 3)], "folds": [0, 1], "best": [2, 2]}
    >>> edge_sentences(search)
    ['C: the highest value tried, 3, was best in 2 of 2 folds. Higher ones may be better.']
    """
    sentences = []
    for hit in edge_hits(search):
        for side, word, further in (("low", "lowest", "Lower"), ("high", "highest", "Higher")):
            n = hit[f"at_{side}"]
            if n and not (side == "low" and hit["low"] == 0):  # nothing lies below none at all
                sentences.append(
                    f"{hit['name']}: the {word} value tried, {hit[side]:g}, was best in {n} of "
                    f"{pluralise(hit['n_folds'], 'fold')}. {further} ones may be "
                    "better."
                )
    return sentences


def _varying_params(params):
    names = dict.fromkeys(name for row in params for name in row)
    differ = [n for n in names if any(row.get(n) != params[0].get(n) for row in params)]
    return differ or list(names)


def _words(params, names):
    cells = [f"{name}={_short(params[name])}" for name in names if name in params]
    return ", ".join(cells) or "as it is"


def _short(value, longest=60):
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _finite(values, function):
    values = values[np.isfinite(values)]
    return float(function(values)) if len(values) else None
