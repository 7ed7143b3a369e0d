"""A result on the clips that got an answer alone."""

from dataclasses import replace

from emopipe.evaluation.figures import figures
from emopipe.metrics import count_together, main_figures


def drop_unanswered(result):
    """Return a Result on the clips that got an answer: those with a face, say, or with sound.

    A clip without an answer counts as wrong, so that nobody gains by skipping hard clips. Papers
    often leave such clips out: this is their way of counting, to stand beside the other.

    Parameters
    ----------
    result : Result
        Of `evaluate`.

    Returns
    -------
    Result
        Its notices say how many clips were left out; baselines and variants, which were measured
        on all clips, are not there.

    Raises
    ------
    ValueError
        If no clip got an answer.

    See Also
    --------
    evaluate : Counts a clip without an answer as wrong.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from emopipe import WhereFinite, drop_unanswered, evaluate
    >>> emotion = np.tile(["anger", "sadness"], 12)
    >>> clips = pd.DataFrame({"clip": [f"{n}.wav" for n in range(24)], "emotion": emotion,
    ...     "subject": np.repeat(list("abcd"), 6), "energy": np.linspace(0, 1, 24) % 0.2})
    >>> clips.loc[:5, "energy"] = np.nan
    >>> result = evaluate(WhereFinite(GaussianNB()), clips, cv=4, features=["energy"])
    >>> [round(r.metrics["accuracy"]["value"], 2) for r in (result, drop_unanswered(result))]
    [0.46, 0.61]
    """
    answers = result.predictions[result.predictions["predicted"].notna()].reset_index(drop=True)
    n_left = len(result.predictions) - len(answers)
    if not len(answers):
        raise ValueError(f"none of {n_left} clips got an answer: nothing is left to count")
    draws = result.protocol["n_bootstrap"], result.protocol["seed"]
    text = f"{n_left} of {len(result.predictions)} clips got no answer and do not count here."
    return replace(
        result,
        title=f"{result.title}; clips that got an answer",
        predictions=answers,
        folds=[_fold(fold, answers, result.classes) for fold in result.folds],
        coverage=result.coverage | {"asked": len(answers), "answered": len(answers), "reasons": []},
        baselines=[],
        variants=[],
        notices=[*result.notices, {"text": text, "severity": "information"}],
        **figures(answers, result.classes, *draws),
    )


def _fold(fold, answers, classes):
    """Return what a Result says of a fold, counted on its answered clips."""
    rows = answers[answers["fold"] == fold["fold"]]
    counted = {"accuracy": None, "uar": None}
    if len(rows):
        counted = main_figures(count_together(rows["emotion"], rows["predicted"], classes))
    return fold | {"n_test": len(rows), "n_unanswered": 0} | counted
