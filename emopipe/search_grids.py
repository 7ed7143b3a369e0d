"""Grids that a search tried, as `Result.searches` has them: each grid once, scores by fold."""

_SAME = ("name", "scoring", "params")


def group_grids(grids):
    """Return the grids of single folds with each grid once.

    Parameters
    ----------
    grids : list of dict
        fold, name, scoring, best (row number), params (list of dicts, one per row), mean and std
        (lists, one value per row).

    Returns
    -------
    list of dict
        name, scoring, params, and lists with one entry per fold: folds, best, mean, std.

    Examples
    --------
    >>> grid = {"name": "GridSearchCV", "scoring": "accuracy", "params": [{"C": 1}, {"C": 10}]}
    >>> folds = [grid | {"fold": n, "best": n, "mean": [0.5, 0.6], "std": [0, 0]} for n in (0, 1)]
    >>> group_grids(folds)[0]["folds"], group_grids(folds)[0]["best"]
    ([0, 1], [0, 1])
    """
    entries = []
    for grid in grids:
        entry = next((e for e in entries if all(e[key] == grid[key] for key in _SAME)), None)
        if entry is None:
            entry = {key: grid[key] for key in _SAME}
            entry |= {"folds": [], "best": [], "mean": [], "std": []}
            entries.append(entry)
        for name, key in (("folds", "fold"), ("best", "best"), ("mean", "mean"), ("std", "std")):
            entry[name].append(grid[key])
    return entries


def grid_rows(searches):
    """Return a dict for every fold and row of every grid: fold, search, params, mean, std, best."""
    return [
        {"fold": fold, "search": grid["name"], **params, "mean": mean[row], "std": std[row],
         "best": row == best}
        for grid in searches
        for fold, best, mean, std in zip(
            grid["folds"], grid["best"], grid["mean"], grid["std"], strict=True
        )
        for row, params in enumerate(grid["params"])
    ]  # fmt: skip


def edge_hits(search):
    """Return how often the best row lies at an edge of the grid, for each numeric parameter.

    Parameters of fewer than three numbers have no inside, and are left out.

    Parameters
    ----------
    search : dict
        An entry of `Result.searches`.

    Returns
    -------
    list of dict
        name, low and high (the least and greatest value tried), at_low and at_high (folds whose
        best row has it, and no row inside scores as high), n_folds.

    Examples
    --------
    >>> search = {"params": [{"C": c} for c in (0.1, 1, 10)], "folds": [0, 1], "best": [2, 1]}
    >>> edge_hits(search)
    [{'name': 'C', 'low': 0.1, 'high': 10, 'at_low': 0, 'at_high': 1, 'n_folds': 2}]
    """
    names = dict.fromkeys(name for row in search["params"] for name in row)
    hits = []
    for name in names:
        tried = sorted({row[name] for row in search["params"] if _is_number(row.get(name))})
        if len(tried) < 3:
            continue
        best = [
            search["params"][row].get(name)
            for n, row in enumerate(search["best"])
            if isinstance(row, int) and 0 <= row < len(search["params"])
            and not _as_good_inside(search, n, name, tried)
        ]  # fmt: skip
        hits.append(
            {"name": name, "low": tried[0], "high": tried[-1], "at_low": best.count(tried[0]),
             "at_high": best.count(tried[-1]), "n_folds": len(search["folds"])}
        )  # fmt: skip
    return hits


def _as_good_inside(search, n, name, tried):
    """Return whether a row between the least and greatest value scores as high as the best one."""
    if "mean" not in search:
        return False
    means, best = search["mean"][n], search["best"][n]
    return means[best] is not None and any(
        mean is not None and mean >= means[best]
        for row, mean in zip(search["params"], means, strict=True)
        if _is_number(row.get(name)) and tried[0] < row[name] < tried[-1]
    )


def _is_number(value):
    return isinstance(value, int | float) and not isinstance(value, bool)
