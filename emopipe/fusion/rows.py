"""Take rows of clips, in a table, an array or a list, with their labels."""

import numpy as np
import pandas as pd
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length


def take(values, rows):
    """Return some rows (indices or mask) of a table, an array or a list."""
    if hasattr(values, "iloc"):
        return values.iloc[rows]
    if hasattr(values, "shape"):
        return values[rows]
    if hasattr(values, "__array__"):
        return np.asarray(values)[rows]
    rows = np.asarray(rows)
    return [values[row] for row in (np.flatnonzero(rows) if rows.dtype == bool else rows)]


def take_params(params, rows, n_rows):
    """Return fit parameters with those that have a value per row cut to some rows."""
    return {
        name: take(value, rows) if hasattr(value, "__len__") and len(value) == n_rows else value
        for name, value in params.items()
    }


def check_labels(y, X):
    """Return y as a 1-D array without missing values, as long as X.

    Raises
    ------
    ValueError
        If y is missing, has missing values or another length than X, or is no classification's.
    """
    if y is None:
        raise ValueError("fit requires y to be passed, but the target y is None")
    y = column_or_1d(y, warn=True)
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError("Input y contains NaN or infinity; leave those clips out.")
    if y.dtype.kind == "O":
        missing = pd.isna(y)
        if missing.any():
            raise ValueError(
                f"Input y contains NaN: {missing.sum()} of {len(y)} clips have no emotion (row "
                f"{missing.argmax()} first). Leave them out, for example with corpora.usable(clips)"
            )
    check_consistent_length(X, y)
    check_classification_targets(y)
    return y
