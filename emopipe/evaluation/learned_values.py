"""What a fitted estimator chose and learned, as plain values for a Result."""

import numpy as np
import pandas as pd

from emopipe.inspection import notices, parts
from emopipe.keys import without_addresses
from emopipe.strict_json import plain


def _plain_values(value, where):
    """Return chosen parameters as plain values; what is none is written as its repr."""
    if isinstance(value, dict):
        return {str(key): _plain_values(item, where) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | float | str | np.generic):
        return plain(value, where)
    return without_addresses(repr(value))


def describe_fitted(estimator):
    """Return what a fitted estimator learned that a reader wants to see, as plain values."""
    inside = parts(estimator)
    best = {
        f"{name}__{key}" if name else key: item
        for name, part in reversed(inside)
        for key, item in getattr(part, "best_params_", {}).items()
    }
    weights = [getattr(part, "weights_", None) for _, part in inside]
    weights = next((table for table in weights if isinstance(table, pd.DataFrame)), None)
    curves = [(n, type(p).__name__, getattr(p, "history_", None)) for n, p in inside]
    return {
        "best_params": _plain_values(best, "best_params_") or None,
        "fusion_weights": None
        if weights is None
        else round_values(plain(weights.to_dict("index"), "weights_")),
        "searches": _searches(inside),
        "history": [
            {"estimator": name or kind} | round_values(plain(dict(history), f"{kind}.history_"))
            for name, kind, history in curves
            if history is not None
        ],
        "notices": notices(estimator),
    }


def _search(name, part):
    """Return the grid of a fitted search as plain values, without its times."""
    results = part.cv_results_
    means = [key.removeprefix("mean_test_") for key in results if key.startswith("mean_test_")]
    score = part.refit if part.refit in means else means[0]
    scoring = part.scoring if isinstance(part.scoring, str) else None
    columns = {key: f"{key}_test_{score}" for key in ("mean", "std")}
    return {
        "name": name or type(part).__name__,
        "scoring": scoring or ("accuracy" if part.scoring is None else type(part.scoring).__name__),
        "best": int(getattr(part, "best_index_", -1)),
        "params": [_plain_values(params, "params") for params in results["params"]],
    } | {key: round_values(plain(results[column], column)) for key, column in columns.items()}


def _searches(inside):
    searched = [(name, part) for name, part in inside if "cv_results_" in vars(part)]
    ruled = [(name, part) for name, part in inside if "inner_scores_" in vars(part)]
    return [_search(*pair) for pair in searched] + [_rules(*pair) for pair in ruled]


def _rules(name, fusion):
    """Return the rules for weights that a fusion compared on its out-of-fold scores, as a grid."""
    scores = fusion.inner_scores_
    return {
        "name": f"{name or type(fusion).__name__}: rules for weights",
        "scoring": fusion.scoring,
        "best": len(scores) - 1,
        "params": [{"weights": rule} for rule in scores],
        "mean": round_values(list(scores.values())),
        "std": [None] * len(scores),
    }


def round_values(value):
    """Return plain values with floats of six digits: more than any figure needs.

    The rest is what the order of additions leaves, which differs between machines.
    """
    if isinstance(value, dict):
        return {key: round_values(item) for key, item in value.items()}
    if isinstance(value, list):
        return [round_values(item) for item in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value
