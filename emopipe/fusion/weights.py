"""Fuse the scores of several modalities, and set weights by the thesis' rule.

Pure functions on arrays: modalities x clips x emotions for scores, modalities x emotions for
weights. `EmotionWeightedFusion` is the estimator around them.
"""

import numpy as np
import pandas as pd


def check_weights(weights, shape):
    """Return weights as float64 (modalities, emotions).

    Raises
    ------
    ValueError
        If the shape differs, a weight is negative or not finite, or all are zero.
    """
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape != shape:
        raise ValueError(
            f"weights have shape {weights.shape}; {shape[0]} modalities and {shape[1]} emotions "
            f"need {shape}, a row per modality and a column per emotion"
        )
    if not np.isfinite(weights).all() or weights.min() < 0 or not weights.any():
        raise ValueError(
            f"weights must be finite, not negative and not all zero, found {weights.tolist()}"
        )
    return weights


def weights_by_name(weights, modalities, emotions):
    """Return weights as float64 (modalities, emotions), a table or dict put in order by name.

    Parameters
    ----------
    weights : array, DataFrame (modalities x emotions) or dict {modality: {emotion: weight}}
    modalities, emotions : list of str

    Raises
    ------
    ValueError
        If a modality or emotion is not named, or the weights are none (see `check_weights`).

    Examples
    --------
    >>> weights_by_name({"face": {"joy": 1, "fear": 2}}, ["face"], ["fear", "joy"]).tolist()
    [[2.0, 1.0]]
    """
    if isinstance(weights, dict):
        weights = pd.DataFrame.from_dict(weights, orient="index")
    if isinstance(weights, pd.DataFrame):
        lacking = [m for m in modalities if m not in weights.index]
        lacking += [e for e in emotions if e not in weights.columns]
        if lacking:
            raise ValueError(
                f"weights say nothing about {', '.join(map(str, lacking))}: their rows must be "
                f"{list(modalities)}, their columns {list(emotions)}"
            )
        weights = weights.loc[list(modalities), list(emotions)]
    return check_weights(weights, (len(modalities), len(emotions)))


def weighted_sum(scores, weights, picks=None):
    """Return the sum over modalities of weight times score, (clips, emotions).

    With picks (clips,), the weights of a clip are those of one emotion, for all its scores.
    """
    columns = weights[:, None, :] if picks is None else weights[:, picks, None]
    fused = columns[0] * scores[0]
    for column, score in zip(columns[1:], scores[1:], strict=True):
        fused += column * score
    return fused


def _renormalise(scores, present, weights, preferred):
    """Fuse clips that lack a modality: per emotion, the weights of the others sum to one."""
    shares = np.broadcast_to(weights[:, None, :], scores.shape).copy()
    if preferred is not None:
        available = present[preferred]
        picks = scores[preferred, available].argmax(axis=1)
        shares[:, available] = weights[:, picks, None]
    shares *= present[..., None]
    total = shares.sum(axis=0)
    even = (present / present.sum(axis=0))[..., None]
    shares = np.where(total > 0, shares / np.where(total > 0, total, 1), even)
    return (shares * np.where(present[..., None], scores, 0)).sum(axis=0)


def fuse(scores, weights, preferred=None):
    """Return the weighted sum of the modalities' scores (thesis, section 3.4.1).

    A clip's row of a modality that holds NaN counts as missing: it has no weight, and per emotion
    the weights of the others are divided by their sum (they count alike where that is zero). So a
    clip with one modality left is decided as that modality alone would decide.

    Parameters
    ----------
    scores : float array, shape (modalities, clips, emotions)
        One matrix per modality, such as probabilities; NaN where a modality is missing.
    weights : float array, shape (modalities, emotions)
        Not negative. Their scale is free: twice the weights, the same decisions.
    preferred : int, optional
        The thesis' experiments 8 and 9 "give preference" to one modality and do not explain it. We
        read it so: the weights of a clip are those of the emotion that this modality alone would
        pick, one weight per modality for all emotions of the clip. Where it is missing, and by
        default, each emotion's own weights apply.

    Returns
    -------
    float64 array, shape (clips, emotions)
        NaN where every modality is missing.

    Raises
    ------
    ValueError
        If the weights do not fit the scores.

    See Also
    --------
    search_weights : Weights with the best score.
    score_weights : Score of many weightings.
    EmotionWeightedFusion : A weight per modality and emotion.

    Examples
    --------
    >>> import numpy as np
    >>> from emopipe import fuse
    >>> voice, face = [[0.7, 0.3]], [[0.2, 0.8]]
    >>> fuse([voice, face], [[0.5, 0.5], [0.5, 0.5]]).round(2).tolist()
    [[0.45, 0.55]]
    >>> fuse([voice, [[np.nan, np.nan]]], [[0.5, 0.5], [0.5, 0.5]]).tolist()
    [[0.7, 0.3]]
    """
    scores = np.asarray(scores, dtype=np.float64)
    weights = check_weights(weights, (scores.shape[0], scores.shape[2]))
    present = np.isfinite(scores).all(axis=2)
    whole = present.all(axis=0)
    partial = present.any(axis=0) & ~whole
    fused = np.full(scores.shape[1:], np.nan)
    complete = scores[:, whole]
    picks = None if preferred is None else complete[preferred].argmax(axis=1)
    fused[whole] = weighted_sum(complete, weights, picks)
    fused[partial] = _renormalise(scores[:, partial], present[:, partial], weights, preferred)
    return fused


def recalls(scores, y):
    """Return the recall of each modality alone for each emotion: the confusion diagonals.

    Parameters
    ----------
    scores : float array, shape (modalities, clips, emotions)
        Clips with NaN are not counted for the modality that they lack.
    y : int array, shape (clips,)
        The true emotion's column.

    Returns
    -------
    float64 array, shape (modalities, emotions)
        NaN where a modality has no clip of an emotion.

    Examples
    --------
    >>> recalls([[[0.9, 0.1], [0.6, 0.4], [0.2, 0.8]]], [0, 1, 1]).tolist()
    [[1.0, 0.5]]
    """
    scores, y = np.asarray(scores, dtype=np.float64), np.asarray(y)
    values = np.full((scores.shape[0], scores.shape[2]), np.nan)
    for row, score in zip(values, scores, strict=True):
        complete = np.isfinite(score).all(axis=1)
        right = score[complete].argmax(axis=1) == y[complete]
        for emotion in np.unique(y[complete]):
            row[emotion] = right[y[complete] == emotion].mean()
    return values


def recall_weights(recall):
    """Return the thesis' weights (table 3): a modality's share of the recalls of an emotion.

    Parameters
    ----------
    recall : float array, shape (modalities, emotions)
        Diagonals of the row-normalised confusion matrices, see `recalls`; NaN counts as zero.

    Returns
    -------
    float64 array, shape (modalities, emotions)
        Each column sums to one. An emotion that no modality recognises has equal weights.

    Examples
    --------
    >>> recall_weights([[0.6, 0.0], [0.2, 0.5]]).round(2).tolist()
    [[0.75, 0.0], [0.25, 1.0]]
    """
    return columns_to_one(np.nan_to_num(np.asarray(recall, dtype=np.float64)))


def columns_to_one(weights):
    """Return weights divided by their sum over modalities; columns of zeros become equal."""
    total = weights.sum(axis=0)
    return np.where(total > 0, weights / np.where(total > 0, total, 1), 1 / len(weights))


def shrink_weights(weights, n_clips, clips_per_weight=10):
    """Return weights drawn towards equal ones, the more the fewer clips they were learned on.

    Learned weights count n_clips, equal weights as many as `clips_per_weight` for every weight:
    ten are a rule of thumb for regressions [1]_.

    Parameters
    ----------
    weights : float array, shape (modalities, emotions)
    n_clips : int
        With every modality, that the weights were learned on.
    clips_per_weight : float
        0 leaves the weights as they are.

    Returns
    -------
    float64 array, shape (modalities, emotions)
        With the same mean; columns that sum to one still do.

    References
    ----------
    .. [1] Peduzzi et al.: A simulation study of the number of events per variable in logistic
       regression analysis. J. Clin. Epidemiol. 49 (1996).

    Examples
    --------
    >>> shrink_weights(np.array([[1.0], [0.0]]), 20, 10).tolist()
    [[0.75], [0.25]]
    """
    weights = np.asarray(weights, dtype=np.float64)
    share = n_clips / (n_clips + clips_per_weight * weights.size) if n_clips else 0.0
    return share * weights + (1 - share) * weights.mean()
