"""Check whether predictions depend on file names: predict the same clips under other names."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from emopipe.evaluation.giveaways import NAMES
from emopipe.inspection import parts
from emopipe.media.excerpts import parse

_CLIPS = 8


def _link(path, number, folder):
    """Return a neutral name for a file, under which it can be read; of none, a name alone."""
    if not isinstance(path, str):
        return path
    part = parse(path)
    link = folder / f"{number}{Path(part.path).suffix}"
    if os.path.exists(part.path) and not os.path.lexists(link):
        os.symlink(os.path.abspath(part.path), link)
    return f"{link}{part.fragment}"


def rename_rows(X, folder):
    """Return rows whose clips and files have neutral names; other columns lose such names, too."""
    other = X.copy()
    stems = {
        n: [Path(str(X[c].iloc[n])).stem for c in NAMES if c in X and isinstance(X[c].iloc[n], str)]
        for n in range(len(X))
    }
    for name in X:
        column = X[name].tolist()
        if name in ("path", "audio"):
            (folder / name).mkdir()
            other[name] = pd.Series(
                [_link(path, n, folder / name) for n, path in enumerate(column)],
                index=X.index, dtype=object,
            )  # fmt: skip
        elif any(isinstance(v, str) for v in column):
            for n, value in enumerate(column):
                if isinstance(value, str) and (
                    name == "clip" or any(stem and stem in value for stem in stems[n])
                ):
                    column[n] = f"clip {n}"
            other[name] = pd.Series(column, index=X.index, dtype=object)
    return other


def ask_renamed(estimator, X, answers):
    """Return what a fitted estimator answers for some rows under other names, as plain values.

    Parameters
    ----------
    estimator : fitted classifier
    X : DataFrame
    answers : list of str or None
        What it answered for these rows.

    Returns
    -------
    dict
        asked (rows), changed (answers that differ), unsteady (answers that differ although names
        are the same), problem (str or None: why it could not answer).
    """
    rows = np.unique(np.linspace(0, len(X) - 1, min(_CLIPS, len(X))).astype(int))
    rows = [row for row in rows if answers[row] is not None]
    outcome = {"asked": len(rows), "changed": 0, "unsteady": 0, "problem": None}
    if not rows:
        return outcome | {"problem": "No clip has an answer."}
    if any(type(part).__name__ == "FeatureTable" for _, part in parts(estimator)):
        return outcome | {"problem": "FeatureTable finds a clip's numbers by the file's name."}
    first, same = [answers[row] for row in rows], X.iloc[rows]
    try:
        with tempfile.TemporaryDirectory(prefix="emopipe-names-") as folder:
            other = _answers(estimator, rename_rows(same, Path(folder)))
        again = first if other == first else _answers(estimator, same)
    except Exception as error:  # whatever a stranger's predict raises for such names
        return outcome | {
            "problem": f"It cannot answer under other names ({type(error).__name__})."
        }
    steady = [answer == two for answer, two in zip(first, again, strict=True)]
    changed = [a != b for a, b, is_steady in zip(first, other, steady, strict=True) if is_steady]
    return outcome | {"changed": sum(changed), "unsteady": len(steady) - sum(steady)}


def _answers(estimator, X):
    return [str(answer) for answer in np.asarray(estimator.predict(X))]
