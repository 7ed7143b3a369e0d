"""How far the scores of a result can be trusted: reliability, and accuracy against coverage."""

import numpy as np

from emopipe.experiment import Chart
from emopipe.metrics import calibration_error, reliability

_BINS = 10
_SHARES = tuple(n / 20 for n in range(1, 21))


def confidence_view(result):
    """Return what the page shows of a result's scores, None where there are none.

    Returns
    -------
    dict or None
        reliability (Chart) with error (expected calibration error), brier and log_loss, None
        where scores are no probabilities; divergence from the voters, where their shares are
        known; coverage (Chart), n (clips with scores).
    """
    columns = [f"score_{name}" for name in result.classes]
    if not set(columns) <= set(result.predictions):
        return None
    scores = result.predictions[columns].to_numpy(np.float64)
    rows = np.isfinite(scores).all(1) & result.predictions["predicted"].notna().to_numpy()
    if rows.sum() < _BINS:
        return None
    scores, table = scores[rows], result.predictions[rows]
    right = (table["predicted"] == table["emotion"]).to_numpy()
    probable = bool((scores >= 0).all() and abs(scores.sum(1) - 1).max() < 1e-3)
    view = {"n": int(rows.sum()), "probable": probable, "reliability": None}
    if probable:
        truth = (table["emotion"].to_numpy()[:, None] == np.array(result.classes)).astype(float)
        view |= _reliability(scores.max(1), right) | proper_scores(scores, truth)
        votes = [f"votes_{name}" for name in result.classes]
        if set(votes) <= set(table):
            view["divergence"] = divergence(scores, table[votes].to_numpy(np.float64))
    ranked = scores.max(1) if probable else np.ptp(np.sort(scores, axis=1)[:, -2:], axis=1)
    return view | {"coverage": _coverage(ranked, right, probable)}


def proper_scores(probabilities, truth):
    """Return the Brier score (0 to 2) and the log loss of probabilities, means over clips.

    Parameters
    ----------
    probabilities, truth : float64 arrays, shape (n_clips, n_emotions)
        truth is 1 at the true emotion, 0 elsewhere.

    Examples
    --------
    >>> proper_scores(np.array([[1.0, 0.0]]), np.array([[1.0, 0.0]]))
    {'brier': 0.0, 'log_loss': 0.0}
    """
    likely = np.clip((probabilities * truth).sum(1), 1e-15, 1)
    return {
        "brier": float(((probabilities - truth) ** 2).sum(1).mean()),
        "log_loss": float(-np.log(likely).mean()) + 0.0,
    }


def divergence(probabilities, shares):
    """Return the mean Kullback-Leibler divergence, in nats, of scores from the voters' shares.

    Parameters
    ----------
    probabilities, shares : float64 arrays, shape (n_clips, n_emotions)
        Rows add up to 1. A score under 1e-15 counts as 1e-15.

    Examples
    --------
    >>> round(divergence(np.array([[0.5, 0.5]]), np.array([[1.0, 0.0]])), 4)
    0.6931
    """
    likely = np.log(np.clip(probabilities, 1e-15, 1))
    chosen = np.where(shares > 0, shares * np.log(np.where(shares > 0, shares, 1)), 0.0)
    return float((chosen - shares * likely).sum(1).mean())


def _reliability(confidence, right):
    bins = reliability(confidence, right, _BINS)
    series = {
        "measured": {"x": bins["confidence"].tolist(), "y": bins["accuracy"].tolist()},
        "perfect": {"x": [0, 1], "y": [0, 1]},
    }
    chart = Chart("Reliability", "score of the answer", "share of answers that are right", series)
    return {"reliability": chart, "error": calibration_error(bins)}


def _coverage(ranked, right, probable):
    order = np.argsort(-ranked, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(right) + 1)
    counts = [max(1, round(part * len(right))) for part in _SHARES]
    series = {
        "accuracy of the surest": {"x": list(_SHARES), "y": [float(share[n - 1]) for n in counts]}
    }
    by = "score" if probable else "lead over the second score"
    return Chart("Accuracy against coverage", f"share of clips answered, by {by}", "accuracy",
                 series)  # fmt: skip
