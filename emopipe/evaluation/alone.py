"""Check whether a clip's answer needs the other test clips: predict some clips one by one."""

import numpy as np

_CLIPS = 4
# Scores may differ by this share of their spread: networks round by the size of a batch.
_TOLERANCE = 0.05


def ask_alone(answer, rows, predicted, scores):
    """Return what a fitted estimator answers for some clips one by one, as plain values.

    Parameters
    ----------
    answer : callable
        From row numbers to (list of str or None, scores or None), as of all rows.
    rows : int array
        Row numbers of the tested clips.
    predicted : list of str or None, shape (n_clips,)
        What it answered for all of them together.
    scores : float array, shape (n_clips, n_classes), or None

    Returns
    -------
    dict
        asked (clips), changed (other answer or scores, or none), unsteady (differing for the same
        clips), problem (str or None: why nothing could be compared).

    Examples
    --------
    >>> ask_alone(lambda rows: (["joy"] * len(rows), None), np.arange(9), ["joy"] * 9, None)
    {'asked': 4, 'changed': 0, 'unsteady': 0, 'problem': None}
    """
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(_CLIPS, len(rows))).astype(int))
    chosen = [n for n in chosen if predicted[n] is not None]
    outcome = {"asked": len(chosen), "changed": 0, "unsteady": 0, "problem": None}
    if not chosen or len(rows) < 2:
        return outcome | {"problem": "There is no answer to compare with."}
    differ = [_differs(_answer_alone(answer, rows[[n]]), n, predicted, scores) for n in chosen]
    again = answer(rows) if any(differ) else (predicted, scores)
    unsteady = [_differs(_row(again, n), n, predicted, scores) for n in chosen]
    changed = [a and not b for a, b in zip(differ, unsteady, strict=True)]
    return outcome | {"changed": sum(changed), "unsteady": sum(unsteady)}


def _answer_alone(answer, row):
    try:
        return answer(row)
    except Exception:  # whatever a stranger's predict raises: alone, the clip has no answer
        return [None], None


def _row(answers, n):
    predicted, scores = answers
    return [predicted[n]], None if scores is None else scores[[n]]


def _differs(alone, n, predicted, scores):
    answers, single_scores = alone
    if answers[0] != predicted[n]:
        return True
    if scores is None or single_scores is None:
        return False
    spread = np.nanstd(scores) if np.isfinite(scores).any() else 0.0
    return not np.allclose(single_scores[0], scores[n], rtol=0, atol=_TOLERANCE * spread + 1e-9,
                           equal_nan=True)  # fmt: skip
