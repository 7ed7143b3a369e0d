"""Choose the validation rows that decide when to stop: whole subjects, where they are known."""

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit

# So many draws of subjects are tried before one that leaves a class without training rows is taken.
_DRAWS = 20


def validation_rows(y, groups=None, *, share=0.1, random_state=0) -> np.ndarray:
    """Choose rows to judge a network on while it is trained on the others.

    Parameters
    ----------
    y : array, shape (n_rows,)
        Classes. Every class keeps training rows, if any draw of groups can have it so.
    groups : array, shape (n_rows,), optional
        Subjects: each is on one side only. Missing ones count as a subject each. Without groups, or
        where all rows are of one subject, rows are drawn, stratified by class.
    share : float
        Part of the groups (of the rows) that is held out, at least one group; 0 holds none out.
    random_state : int or None
        Seed of the draw.

    Returns
    -------
    bool ndarray of shape (n_rows,)
        True for those held out.

    Raises
    ------
    ValueError
        If share is not in [0, 1).

    Examples
    --------
    >>> groups = np.repeat(["a", "b", "c"], 2)
    >>> validation = validation_rows([0, 1] * 3, groups, share=0.3, random_state=1)
    >>> len(set(groups[validation])), int(validation.sum())
    (1, 2)
    """
    if not 0 <= share < 1:
        raise ValueError(f"the validation share is {share!r}: it must be at least 0 and below 1")
    y = np.asarray(y)
    validation = np.zeros(len(y), bool)
    if share == 0 or len(y) < 2:
        return validation
    codes = _codes(groups, len(y))
    if codes is None or len(np.unique(codes)) < 2:
        validation[_draw_rows(y, share, random_state)] = True
        return validation
    n_groups = len(np.unique(codes))
    n_validation = min(max(1, round(share * n_groups)), n_groups - 1)
    draws = GroupShuffleSplit(_DRAWS, test_size=n_validation, random_state=random_state)
    classes = list(draws.split(y, y, codes))
    whole = [test for train, test in classes if set(y[train]) == set(y)]
    validation[(whole or [classes[0][1]])[0]] = True
    return validation


def _codes(groups, n_rows):
    """Return groups as numbers, a new one for each missing; None without groups."""
    if groups is None:
        return None
    codes = pd.factorize(np.asarray(groups, dtype=object))[0]
    missing = codes < 0
    codes[missing] = codes.max() + 1 + np.arange(missing.sum())
    return codes


def _draw_rows(y, share, random_state):
    """Return row numbers drawn class by class, or any where a class is too small for that."""
    counts = np.unique(y, return_counts=True)[1]
    n_validation = min(max(1, round(share * len(y))), len(y) - 1)
    if counts.min() < 2 or n_validation < len(counts) or len(y) - n_validation < len(counts):
        return np.random.default_rng(random_state).permutation(len(y))[:n_validation]
    draw = StratifiedShuffleSplit(1, test_size=n_validation, random_state=random_state)
    return next(draw.split(y, y))[1]
