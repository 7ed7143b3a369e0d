"""Combine a clip's segments by majority vote (paper C, 3.4)."""

import numpy as np


def vote(probabilities, clips, rows) -> np.ndarray:
    """Return the clips' scores by majority vote over their segments.

    Each segment votes for its most probable emotion; the mean of the segments' probabilities counts
    as one more, divided vote. So the largest score is the majority's, and where several emotions
    have as many votes, that of the largest summed probability.

    Parameters
    ----------
    probabilities : float array, shape (n_segments, n_classes)
    clips : int array, shape (n_segments,)
        The clip of each segment.
    rows : int array, shape (n_clips,)
        The clips, each with one segment at least.

    Returns
    -------
    float64 ndarray of shape (n_clips, n_classes)
        Rows add up to 1.

    Examples
    --------
    >>> vote(np.array([[0.6, 0.4], [0.6, 0.4], [0.0, 1.0]]), [7, 7, 7], [7])
    array([[0.6, 0.4]])
    >>> vote(np.array([[0.6, 0.4], [0.0, 1.0]]), [7, 7], [7]).round(2)
    array([[0.43, 0.57]])
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    votes = np.eye(probabilities.shape[1])[probabilities.argmax(axis=1)]
    scores = np.empty((len(rows), probabilities.shape[1]))
    for number, row in enumerate(rows):
        segments = np.asarray(clips) == row
        scores[number] = (votes[segments].sum(axis=0) + probabilities[segments].mean(axis=0)) / (
            segments.sum() + 1
        )
    return scores
