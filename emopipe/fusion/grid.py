"""Grids of weights: explicit matrices for a search beside the rules."""

from itertools import combinations, pairwise, product
from math import comb

# More candidates than this are no grid that anybody can fit.
MOST = 10_000


def _shares(n_modalities, steps):
    """Yield all ways to share 1 among modalities in steps of 1 / steps."""
    for bars in combinations(range(steps + n_modalities - 1), n_modalities - 1):
        edges = [-1, *bars, steps + n_modalities - 1]
        yield tuple((after - before - 1) / steps for before, after in pairwise(edges))


def weight_grid(modalities, emotions, *, steps=4, vary=None):
    """Return weights for a grid: each modality's share goes from 0 to 1 in equal steps.

    Parameters
    ----------
    modalities, emotions : list of str
        Names, as in `EmotionWeightedFusion`.
    steps : int
        Steps from 0 to 1: with 4 and two modalities the shares of the first are 0, .25, .5, .75
        and 1.
    vary : list of str or None
        Emotions whose weights vary, each on its own; all other emotions have equal weights. None:
        all emotions share one weight per modality.

    Returns
    -------
    list of dict
        {modality: {emotion: weight}}, to be values of the parameter `weights`. Weights of an
        emotion sum to one.

    Raises
    ------
    ValueError
        If a name is unknown, or the grid has more than 10,000 points.

    See Also
    --------
    search_weights : the best weights without a grid.

    Examples
    --------
    >>> from emopipe import weight_grid
    >>> grid = weight_grid(["voice", "face"], ["fear", "joy"], steps=2)
    >>> [(weights["voice"]["fear"], weights["face"]["fear"]) for weights in grid]
    [(0.0, 1.0), (0.5, 0.5), (1.0, 0.0)]
    >>> len(weight_grid(["voice", "face"], ["anger", "fear", "joy"], vary=["anger", "fear"]))
    25
    """
    _check_names(modalities, "modalities")
    _check_names(emotions, "emotions")
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps={steps!r}: give a whole number from 1 on, such as 4")
    unknown = [name for name in vary or () if name not in emotions]
    if unknown or isinstance(vary, str):
        raise ValueError(f"vary={vary!r}: give a list of emotions out of {list(emotions)}")
    points = comb(steps + len(modalities) - 1, len(modalities) - 1)
    size = points ** (1 if vary is None else len(vary))
    if size > MOST:
        raise ValueError(
            f"{size} matrices of weights are too many for a grid (at most {MOST}): take fewer "
            "steps, vary fewer emotions, or let weights='search' find them"
        )
    shares = list(_shares(len(modalities), steps))
    if vary is None:
        return [_table(modalities, dict.fromkeys(emotions, share)) for share in shares]
    equal = dict.fromkeys(emotions, (1 / len(modalities),) * len(modalities))
    return [
        _table(modalities, equal | dict(zip(vary, point, strict=True)))
        for point in product(shares, repeat=len(vary))
    ]


def _check_names(names, what):
    if isinstance(names, str) or not names or len(set(names)) < len(names):
        raise ValueError(f"{what}={names!r}: give a list of different names")


def _table(modalities, columns):
    return {
        modality: {emotion: share[row] for emotion, share in columns.items()}
        for row, modality in enumerate(modalities)
    }


def describe_weights(weights) -> str:
    """Return weights of a grid in few words: a rule's name, or the modalities' shares.

    Parameters
    ----------
    weights : str, dict or other value
        As in `weight_grid`; whatever is no weights comes back as text.

    Returns
    -------
    str

    See Also
    --------
    weight_grid : makes such weights.

    Examples
    --------
    >>> from emopipe import describe_weights
    >>> describe_weights({"voice": {"fear": 0.2, "joy": 0.2}, "face": {"fear": 0.8, "joy": 0.8}})
    'voice 0.2, face 0.8'
    >>> describe_weights({"voice": {"fear": 0.0, "joy": 0.5}, "face": {"fear": 1.0, "joy": 0.5}})
    'voice 0 fear, 0.5 joy; face 1 fear, 0.5 joy'
    >>> describe_weights("recall")
    'recall'
    """
    if not isinstance(weights, dict):
        return str(weights)
    rows = {name: row for name, row in weights.items() if isinstance(row, dict)}
    if len(rows) < len(weights):
        return str(weights)
    if all(len(set(row.values())) == 1 for row in rows.values()):
        return ", ".join(f"{name} {next(iter(row.values())):g}" for name, row in rows.items())
    return "; ".join(
        f"{name} " + ", ".join(f"{weight:g} {emotion}" for emotion, weight in row.items())
        for name, row in rows.items()
    )
