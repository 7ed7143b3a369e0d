"""Search for weights: count the accuracy along each line of weights exactly."""

from itertools import combinations

import numpy as np

from emopipe.fusion.weights import recall_weights, recalls
from emopipe.parameters import check_one_of

# A plateau of the objective that is narrower than this is an artefact of rounding: scores such as
# 3/10 + 7/10 tie in arithmetic, but not in floating point.
_NARROW = 1e-9
_BETTER = 1e-9


class Objective:
    """Accuracy or UAR of any weights on the clips that have every modality.

    Along a straight line of weights a clip's scores are linear, so it is recognised on one
    interval of the line: counting intervals gives the objective on all of the line at once.
    """

    def __init__(self, scores, y, scoring, preferred):
        scores, y = np.asarray(scores, dtype=np.float64), np.asarray(y)
        whole = np.isfinite(scores).all(axis=(0, 2))
        if not whole.any():
            raise ValueError(
                f"none of {len(y)} clips has finite scores from all {len(scores)} modalities, so "
                "there is nothing to learn weights on: use weights='equal'"
            )
        self.y = y[whole]
        self.n_modalities, _, self.n_emotions = scores.shape
        self.picks = None if preferred is None else scores[preferred, whole].argmax(axis=1)
        self.gains = _gains(self.y, scoring)
        # Emotions before clips: all work below runs along clips.
        self.scores = np.ascontiguousarray(scores[:, whole].transpose(0, 2, 1))
        self._rows = np.arange(len(self.y))
        # argmax takes the first of equal scores, so the true emotion wins ties with later ones.
        self._later = np.arange(self.n_emotions)[:, None] >= self.y
        self._last = None, None

    def _margins(self, weights):
        """Return how far the true emotion is ahead of each, (emotions, clips)."""
        fused = 0.0
        for row, scores in zip(weights, self.scores, strict=True):
            if row.any():
                column = row[:, None] if self.picks is None else row[self.picks]
                fused = fused + column * scores
        return fused[self.y, self._rows] - fused

    def _ahead(self, weights):
        """Return the margins of weights, which many lines in turn start from."""
        if self._last[0] is not weights:
            self._last = weights, self._margins(weights)
        return self._last[1]

    def __call__(self, weights):
        """Return the score of weights (modalities, emotions)."""
        ahead = self._ahead(weights)
        return self.gains[((ahead > 0) | ((ahead == 0) & self._later)).all(axis=0)].sum()

    def _intervals(self, weights, direction):
        """Return start and end of each clip's interval of steps; empty ones are (inf, -inf)."""
        ahead, slope = self._ahead(weights), self._margins(direction)
        rising, falling = slope > 0, slope < 0
        with np.errstate(divide="ignore", invalid="ignore"):
            turn = -ahead / slope
        starts = np.where(rising, turn, -np.inf).max(axis=0)
        ends = np.where(falling, turn, np.inf).min(axis=0)
        lost = (ahead < 0) | ((ahead == 0) & ~self._later)
        lost = (lost & ~(rising | falling)).any(axis=0)
        return np.where(lost, np.inf, starts), np.where(lost, -np.inf, ends)

    def best_step(self, weights, direction):
        """Return the step along `direction` with the highest score, and that score.

        Of equally good steps it is the shortest; weights stay non-negative.
        """
        down, up = direction < 0, direction > 0
        low = -(weights[up] / direction[up]).min()
        high = (weights[down] / -direction[down]).min() if down.any() else np.inf
        starts, ends = self._intervals(weights, direction)
        alive = (starts < ends) & (starts < high) & (ends > low)
        at_once = alive & (starts <= low)
        opening = np.flatnonzero(alive & ~at_once)
        closing = np.flatnonzero(alive & (ends < high))
        events = np.concatenate([starts[opening], ends[closing]])
        changes = np.concatenate([self.gains[opening], -self.gains[closing]])
        order = np.argsort(events)
        edges = np.concatenate([[low], events[order], [high]])
        values = self.gains[at_once].sum() + np.concatenate([[0], np.cumsum(changes[order])])
        if np.isinf(high):  # past the last event nothing changes: any point will do
            edges[-1] = edges[-2] + 1 / len(weights)
        middles = (edges[:-1] + edges[1:]) / 2
        values[np.diff(edges) <= _NARROW] = -np.inf
        best = np.flatnonzero(values >= values.max() - _BETTER)
        nearest = best[np.abs(middles[best]).argmin()]
        return middles[nearest], values[nearest]


def check_scoring(name):
    """Raise ValueError unless name is what a search can maximise."""
    check_one_of("scoring", name, SCORINGS)


def _gains(y, scoring):
    """Return what each recognised clip adds to the score, (clips,): they sum to one."""
    check_scoring(scoring)
    return SCORINGS[scoring](np.asarray(y))


def _accuracy_gains(y):
    return np.full(len(y), 1 / len(y))


def _uar_gains(y):
    counts = np.bincount(y)
    return 1 / (counts[y] * np.count_nonzero(counts))


SCORINGS = {"accuracy": _accuracy_gains, "uar": _uar_gains}


def _directions(n_modalities, emotions, n_emotions, sum_to_one):
    """Yield the lines to search: a weight on its own, or one against another of its column."""
    for emotion in emotions:
        for first in range(n_modalities):
            others = range(first + 1, n_modalities) if sum_to_one else (None,)
            for second in others:
                direction = np.zeros((n_modalities, n_emotions))
                direction[first, emotion] = 1
                if second is not None:
                    direction[second, emotion] = -1
                yield direction


def _pairs(directions):
    for first, second in combinations(directions, 2):
        yield first + second
        yield first - second


def _step(objective, weights, score, direction):
    """Return weights after the best step along a direction, and their score."""
    step, promised = objective.best_step(weights, direction)
    if promised > score + _BETTER:
        moved = np.maximum(weights + step * direction, 0)
        reached = objective(moved)
        if reached > score + _BETTER:
            return moved, reached
    return weights, score


def _climb(objective, weights, directions):
    """Return weights that no single step along a direction improves, and their score."""
    score, before = objective(weights), -np.inf
    while score > before:
        before = score
        for direction in directions:
            weights, score = _step(objective, weights, score, direction)
    return weights, score


def _wander(objective, weights, singles):
    """Return weights that many steps along mixed directions do not improve, and their score.

    Few clips have many local optima and cost little: they get more attempts.
    """
    rng, score = np.random.default_rng(0), objective(weights)
    failures, patience = 0, np.clip(300_000 // len(objective.y), 100, 1000)
    while failures < patience:
        direction = np.tensordot(rng.integers(-1, 2, len(singles)), singles, 1)
        if (direction > 0).any():
            before = score
            weights, score = _step(objective, weights, score, direction)
            failures = 0 if score > before else failures + 1
    return weights, score


def search_weights(scores, y, *, scoring="accuracy", sum_to_one=False, preferred=None):
    """Return the weights with which most clips are recognised, found by coordinate search.

    From equal weights, the recall rule's, and each modality alone, one weight at a time is set to
    the best of all its possible values (the objective changes only where two scores of a clip
    cross, so all values are compared exactly); the best end point is then improved along pairs of
    weights and seeded mixtures of all. Deterministic; of equally good weights, those found first
    are kept, from equal ones on. Weights of emotions that no complete clip shows are left alone.

    Parameters
    ----------
    scores : float array, shape (modalities, clips, emotions)
        Of clips that the classifiers were not fitted on. Clips that lack a modality are skipped.
    y : int array, shape (clips,)
        The true emotion's column.
    scoring : "accuracy" or "uar"
        What is maximised; uar is the recall averaged over emotions.
    sum_to_one : bool
        Let each emotion's weights sum to one. By default every weight is free, because the scale
        between emotions matters too.
    preferred : int, optional
        As in `fuse`.

    Returns
    -------
    float64 array, shape (modalities, emotions)
        Not negative; the mean weight is one by the number of modalities, as of equal weights.

    Raises
    ------
    ValueError
        If no clip has every modality, or scoring is unknown.

    See Also
    --------
    score_weights : Score of many weightings.
    fuse : Scores and weights to fused scores.
    EmotionWeightedFusion : A weight per modality and emotion.

    Examples
    --------
    The voice is right about the first emotion, the face about the second:

    >>> from emopipe import fuse, search_weights
    >>> voice = [[0.9, 0.1], [0.8, 0.2], [0.6, 0.4], [0.7, 0.3]]
    >>> face = [[0.4, 0.6], [0.2, 0.8], [0.1, 0.9], [0.0, 1.0]]
    >>> weights = search_weights([voice, face], [0, 0, 1, 1])
    >>> fuse([voice, face], weights).argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """
    objective = Objective(scores, y, scoring, preferred)
    shape = objective.n_modalities, objective.n_emotions
    emotions = np.unique(objective.y)
    singles = list(_directions(shape[0], emotions, shape[1], sum_to_one))
    starts = [
        np.full(shape, 1 / shape[0]),
        recall_weights(recalls(objective.scores.transpose(0, 2, 1), objective.y)),
        *(np.repeat(row[:, None], shape[1], axis=1) for row in np.eye(shape[0])),
    ]
    weights_best, best = None, -np.inf
    for start in starts:
        weights, score = _climb(objective, start, singles)
        if score > best + _BETTER:
            weights_best, best = weights, score
    if singles:  # there are none where one modality's weights sum to one
        weights_best, _ = _climb(objective, weights_best, [*singles, *_pairs(singles)])
        weights_best, _ = _wander(objective, weights_best, singles)
    return weights_best / (weights_best.mean() * shape[0])
