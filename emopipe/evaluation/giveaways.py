"""Find columns and names that give the label away, also for new people."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold

from emopipe.splits import Fold

# Columns that are names of files: what they tell is tried by asking under other names.
NAMES = ("clip", "path", "audio")
# Columns of clip tables that may tell the emotion in some corpora; hidden there, not refused.
BOOKKEEPING = ("take", "statement")
_SURE = 0.995
_MET = 0.5
_FOLDS = 4
# Clips of which so many digits are not the labels' by chance.
_ENOUGH = 40
# Divisors of whole numbers, and places behind the point, that are looked at.
_REMAINDERS, _PLACES = 10, 4


def tokens(values):
    """Return the parts of texts as a table: one column per place, from the front and from the end.

    Examples
    --------
    >>> tokens(["03-01-05.wav"]).iloc[0].tolist()
    ['03', '01', '05', 'wav', 'wav', '05', '01', '03']
    """
    parts = [re.findall(r"[a-z]+|[0-9]+", str(value).casefold()) for value in values]
    longest = max(map(len, parts), default=0)
    front = [row + [""] * (longest - len(row)) for row in parts]
    back = [row[::-1] + [""] * (longest - len(row)) for row in parts]
    return pd.DataFrame(np.hstack([front, back]) if longest else [[""]] * len(parts), dtype=object)


def forms(values):
    """Return how values are written as a table: kind, length, blanks, capitals, odd characters.

    Examples
    --------
    >>> forms(["Ann ", "bo"])[["length", "blanks", "capitals"]].to_numpy().tolist()
    [[4, 1, 1], [2, 0, 0]]
    """
    texts = [str(value) for value in values]
    return pd.DataFrame(
        {
            "kind": [type(value).__name__ for value in values],
            "length": [len(text) for text in texts],
            "blanks": [len(text) - len("".join(text.split())) for text in texts],
            "capitals": [sum(map(str.isupper, text)) for text in texts],
            "pattern": [re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "0", text)) for text in texts],
            "odd": [
                "".join(sorted(c for c in text if not (c.isascii() and c.isalnum())))
                for text in texts
            ],
        }
    )


def _digits(numbers):
    """Yield what is hidden in numbers: remainders of whole ones, the digits behind the point."""
    if len(numbers) < _ENOUGH:
        return
    if numbers.dtype.kind in "iub":
        for divisor in range(2, _REMAINDERS + 1):
            yield numbers.astype(np.int64) % divisor
        return
    numbers = np.where(np.isfinite(numbers), numbers, 0).astype(np.float64)
    for power in range(_PLACES + 1):
        yield np.rint(numbers * 10.0**power) % 10
    yield np.round(numbers % 1, 6)


def _lookup(values, y, folds):
    """Return the share of tested rows whose value was trained on, and of right answers there."""
    (codes, names), (labels, kinds) = pd.factorize(values), pd.factorize(y)
    if not 1 < len(names) < len(values):
        return 0.0, 0.0
    covered = right = n = 0
    for fold in folds:
        cells = codes[fold.train] * len(kinds) + labels[fold.train]
        counts = np.bincount(cells[codes[fold.train] >= 0], minlength=len(names) * len(kinds))
        counts = counts.reshape(len(names), len(kinds))
        met_rows = (codes[fold.test] >= 0) & counts.any(1)[codes[fold.test]]
        n, covered = n + len(met_rows), covered + met_rows.sum()
        right += (counts.argmax(1)[codes[fold.test]] == labels[fold.test])[met_rows].sum()
    return covered / max(n, 1), right / max(covered, 1)


def _separates(values, y, folds):
    """Return whether thresholds on one column of numbers tell all labels of tested rows."""
    from sklearn.tree import DecisionTreeClassifier

    right = n = 0
    values = np.nan_to_num(values.astype(np.float64)).reshape(-1, 1)
    for fold in folds:
        tree = DecisionTreeClassifier(max_leaf_nodes=2 * len(set(y)), random_state=0)
        right += (tree.fit(values[fold.train], y[fold.train]).predict(values[fold.test])
                  == y[fold.test]).sum()  # fmt: skip
        n += len(fold.test)
    return right / max(n, 1) >= _sure(y)


def _sure(y):
    """Return the share of right answers from which a column tells more than the commonest label."""
    commonest = np.unique(y, return_counts=True)[1].max() / len(y)
    return max(_SURE, (1 + commonest) / 2)


def _determines(values, y, folds):
    covered, right = _lookup(values, y, folds)
    return covered >= _MET and right >= _sure(y)


def _is_a_name(X, column):
    """Return whether a column repeats the names of the clips' files."""
    stems = {name: X[name].map(lambda v: Path(str(v)).stem) for name in NAMES if name in X}
    return any(
        np.mean([stem in str(value) for stem, value in zip(stem_list, X[column], strict=True)])
        > 0.5
        for stem_list in stems.values()
    )


def _readings(column):
    """Yield what can be read out of a column of anything but fractions: itself, parts, form."""
    values = column.astype(object).where(column.notna(), "")
    texts = values.astype(str).to_numpy(dtype=object)
    yield texts
    if column.dtype.kind in "biu":
        yield from _digits(column.to_numpy())
        return
    for table in (tokens(texts), forms(values)):
        yield from (table[part].to_numpy() for part in table)


def giveaways(X, y, folds):
    """Return the columns that determine the label, and those of numbers that separate it.

    A column determines the label when looking up its values, one part of its text, how it is
    written, or one digit among the training rows tells the label of the tested rows.

    Returns
    -------
    determine, separate : lists of str
    """
    determine, separate = [], []
    for name in [name for name in X if name not in NAMES and not _is_a_name(X, name)]:
        column = X[name]
        if column.dtype.kind == "f":
            numbers = column.to_numpy()
            if _determines(numbers, y, folds):
                determine.append(name)
            elif _separates(numbers, y, folds):
                separate.append(name)
            elif any(_determines(values, y, folds) for values in _digits(numbers)):
                determine.append(name)
        elif any(_determines(values, y, folds) for values in _readings(column)):
            determine.append(name)
    return determine, separate


def _strangers(y, groups):
    """Return few folds that keep people apart."""
    n_folds = min(_FOLDS, len(set(groups)))
    return [Fold(*pair) for pair in GroupKFold(n_folds).split(y, y, groups)]


def check_columns(X, y, groups, explicit):
    """Return X without bookkeeping that gives the label away, what was hidden, what separates.

    Raises
    ------
    ValueError
        If another column does, or one that was asked for by name (`explicit`).
    """
    determine, separate = giveaways(X, y, _strangers(y, groups))
    refused = [name for name in determine if explicit or name not in BOOKKEEPING]
    if refused:
        raise ValueError(
            f"column {refused[0]!r} gives the label away: its values among the training clips tell "
            "that of people never covered. Whatever reads it recognises nothing: "
            + ("take it out of features=" if explicit else f"use clips.drop(columns={refused})")
        )
    return X.drop(columns=determine), determine, separate
