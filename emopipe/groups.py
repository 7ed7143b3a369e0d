"""How good a recogniser is for groups of subjects or clips: sex, age band, ..., sentence."""

import numpy as np
import pandas as pd

from emopipe import metrics

# Of fewer people a figure would be about them, not about a group.
FEWEST_SUBJECTS = 5
FEWEST_CLIPS = 20
AGE_BANDS = (0, 18, 30, 45, 60, 200)
TRAITS = ("sex", "age", "ethnicity", "corpus")
# What a clip has, not a person.
CLIP_TRAITS = ("intensity", "statement")


def age_band(age) -> str | None:
    """Return the band of an age in years, None where it is missing.

    Examples
    --------
    >>> age_band(29.0), age_band(30), age_band(64), age_band(float("nan"))
    ('18-29', '30-44', '60 and older', None)
    """
    if age is None or not np.isfinite(float(age)) or not AGE_BANDS[0] <= age < AGE_BANDS[-1]:
        return None
    number = int(np.searchsorted(AGE_BANDS, float(age), side="right")) - 1
    low, high = AGE_BANDS[number], AGE_BANDS[number + 1]
    return f"{low} and older" if high == AGE_BANDS[-1] else f"{low}-{high - 1}"


def _with_traits(result, clips, traits):
    """Return the predictions with every trait that they or the clip table hold."""
    answers = result.predictions
    if clips is not None and "clip" in clips:
        missing = [t for t in traits if t in clips and t not in answers]
        about = clips.drop_duplicates("clip").set_index("clip")
        answers = answers.assign(**{t: about[t].reindex(answers["clip"]).array for t in missing})
    if "age" in answers:
        ages = pd.to_numeric(answers["age"], errors="coerce")
        answers = answers.assign(age=[age_band(age) for age in ages])
    return answers


def group_figures(result, clips=None, *, traits=TRAITS, n_bootstrap=1000) -> list[dict]:
    """Return accuracy and UAR, with intervals over subjects, of every group that was tested.

    Parameters
    ----------
    result : Result
        Its predictions hold sex and age where the corpus has them.
    clips : DataFrame, optional
        The clip table, for traits that the predictions lack.
    traits : sequence of str
        Columns to break figures down by.
    n_bootstrap : int
        Draws over subjects.

    Returns
    -------
    list of dict
        trait, group, subjects, clips, too_few (in words, or None) and accuracy, uar, each
        {value, low, high}; None where there are too few. A single corpus is left out.
    """
    answers, figures = _with_traits(result, clips, traits), []
    for trait in traits:
        if trait not in answers or answers[trait].nunique() < (2 if trait == "corpus" else 1):
            continue
        for group, rows in answers.groupby(trait, sort=True):
            figures.append({"trait": trait, "group": str(group)}
                         | _figures(rows, result.classes, n_bootstrap))  # fmt: skip
    return figures


def _figures(rows, classes, n_bootstrap):
    n_subjects, few = int(rows["subject"].nunique()), None
    if n_subjects < FEWEST_SUBJECTS:
        few = f"too few subjects (under {FEWEST_SUBJECTS})"
    elif len(rows) < FEWEST_CLIPS:
        few = f"too few clips (under {FEWEST_CLIPS})"
    entry = {"subjects": n_subjects, "clips": len(rows), "too_few": few}
    if few:
        return entry | {"accuracy": None, "uar": None}
    counts, _ = metrics.count_by_subject(rows, classes)
    overall, _ = metrics.summarize(counts, n_bootstrap=n_bootstrap)
    return entry | {"accuracy": overall["accuracy"], "uar": overall["uar"]}
