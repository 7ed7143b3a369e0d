"""Labels as distributions: what share of the people who judged a clip chose each emotion."""

import numpy as np
import pandas as pd


def label_shares(table, votes, y, classes) -> np.ndarray:
    """Return the share of each emotion in the votes for each clip, float64 (n_clips, n_classes).

    A clip without votes for any of `classes` has its label alone.

    Raises
    ------
    ValueError
        If the table has no votes for these emotions, or a number of votes is negative.

    Examples
    --------
    >>> table = pd.DataFrame({"votes_anger": [3, 0], "votes_fear": [1, 0]})
    >>> label_shares(table, "votes", ["anger", "fear"], ["anger", "fear"]).tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    """
    columns = [f"{votes}_{name}" for name in classes]
    missing = [name for name in columns if name not in table]
    if missing:
        raise ValueError(
            f"soft_labels={votes!r}: the clip table has no column {missing[0]!r}; it needs the "
            f"number of votes, or their share, for each emotion: {', '.join(columns)}"
        )
    counts = table[columns].apply(pd.to_numeric, errors="coerce").fillna(0).to_numpy(np.float64)
    if (counts < 0).any() or not np.isfinite(counts).all():
        raise ValueError(f"soft_labels={votes!r}: votes must be numbers from 0")
    one_hot = (np.asarray(y)[:, None] == np.asarray(classes)).astype(float)
    total = counts.sum(1, keepdims=True)
    return np.where(total > 0, counts / np.where(total > 0, total, 1), one_hot)


def vote_columns(table, votes) -> list[str]:
    """Return the columns of votes: they are the answer, and no estimator sees them."""
    return [name for name in table if name.startswith(f"{votes}_")]


def training_rows(rows, shares, weights=None):
    """Return (rows, class numbers, weights): each clip once for every emotion that it was given.

    Parameters
    ----------
    rows : int array, shape (n,)
        Training clips.
    shares : float64 array, shape (n_clips, n_classes)
    weights : float64 array, shape (n_clips,), or None

    Examples
    --------
    >>> shares = np.array([[0.75, 0.25], [0.0, 1.0]])
    >>> [values.tolist() for values in training_rows(np.array([0, 1]), shares)]
    [[0, 0, 1], [0, 1, 1], [0.75, 0.25, 1.0]]
    """
    at, classes = np.nonzero(shares[rows])
    repeated = rows[at]
    how_much = shares[repeated, classes]
    return repeated, classes, how_much if weights is None else how_much * weights[repeated]
