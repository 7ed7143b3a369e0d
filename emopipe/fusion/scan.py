"""Score many weightings of the same scores at once."""

import numpy as np

from emopipe.fusion.search import Objective

# Fused scores nearer to one another than this are compared as they are, never by bounds.
_NEAR = 1e-9


def score_weights(scores, y, weightings, *, scoring="accuracy", preferred=None):
    """Return the score of each of many weightings at once.

    Parameters
    ----------
    scores, y, scoring, preferred
        As in `emopipe.fusion.search.search_weights`.
    weightings : float array, shape (n, modalities, emotions)

    Returns
    -------
    float64 array, shape (n,)
        Over the clips that have every modality.

    See Also
    --------
    search_weights : Weights with the best score.
    fuse : Scores and weights to fused scores.

    Examples
    --------
    >>> from emopipe import score_weights
    >>> scores = [[[0.9, 0.1], [0.6, 0.4]], [[0.4, 0.6], [0.1, 0.9]]]
    >>> score_weights(scores, [0, 1], [[[1, 1], [0, 0]], [[1, 1], [1, 1]]]).tolist()
    [0.5, 1.0]
    """
    objective = Objective(scores, y, scoring, preferred)
    weightings = np.asarray(weightings, dtype=np.float64)
    totals = np.zeros(len(weightings))
    for true, pick, gain, block in _blocks(objective):
        columns = weightings
        if pick >= 0:
            columns = np.repeat(weightings[..., [pick]], block.shape[1], axis=2)
        won, undecided = _foregone(block, columns, true)
        totals += gain * won
        block = block[:, :, undecided]
        size = max(1, 2**14 // max(1, block.shape[2]))  # fused scores fit the processor's cache
        for i in range(0, len(columns), size):
            totals[i : i + size] += gain * _count_recognised(block, columns[i : i + size], true)
    return totals


def _blocks(objective):
    """Yield true emotion, picked emotion or -1, gain and scores of clips that are treated alike."""
    picks = objective.picks if objective.picks is not None else np.full(len(objective.y), -1)
    for true, pick in sorted(set(zip(objective.y.tolist(), picks.tolist(), strict=True))):
        rows = (objective.y == true) & (picks == pick)
        yield true, pick, objective.gains[rows][0], objective.scores[:, :, rows]


def _foregone(block, weightings, true):
    """Return how many clips every weighting recognises, and which are decided by the weighting.

    Scores between those of the lowest and of the highest weights decide nothing.
    """
    undecided = np.ones(block.shape[2], dtype=bool)
    if not len(weightings) or min(block.min(), weightings.min()) < 0:
        return 0, undecided
    lowest = np.einsum("me,men->en", weightings.min(axis=0), block)
    highest = np.einsum("me,men->en", weightings.max(axis=0), block)
    others = np.arange(block.shape[1]) != true
    margin = _NEAR * highest.max(axis=0)
    won = (lowest[true] > highest[others] + margin).all(axis=0)
    lost = (highest[true] < lowest[others] - margin).any(axis=0)
    return np.count_nonzero(won), ~(won | lost)


def _count_recognised(block, weightings, true):
    """Return how many clips of one emotion each weighting recognises, int (n,)."""

    def fuse_emotion(emotion):
        total = weightings[:, 0, emotion, None] * block[0, emotion]
        for m in range(1, len(block)):
            total += weightings[:, m, emotion, None] * block[m, emotion]
        return total

    true_scores = fuse_emotion(true)
    won = np.ones(true_scores.shape, dtype=bool)
    for emotion in range(block.shape[1]):
        if emotion < true:
            won &= true_scores > fuse_emotion(emotion)
        elif emotion > true:
            won &= true_scores >= fuse_emotion(emotion)
    return np.count_nonzero(won, axis=1)
