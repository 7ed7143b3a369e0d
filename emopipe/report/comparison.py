"""Results of several experiments on the same clips, as one Experiment."""

from dataclasses import replace

from emopipe.comparison import differences
from emopipe.evaluation import figures
from emopipe.experiment import Experiment
from emopipe.report.view import distinct
from emopipe.text import pluralise, shorten, slug

# Clips that a message names of those that differ.
_NAMED = 3


def compare_experiments(experiments, *, common=False) -> Experiment:
    """Return one Experiment with the results of several, and their paired differences.

    Parameters
    ----------
    experiments : dict of str to Experiment
        By the names that their results get in front of their labels; the results of the first are
        what the others are measured against.
    common : bool
        Compare on the clips that all results have, and say in a notice which are left out.

    Returns
    -------
    Experiment

    Raises
    ------
    ValueError
        If there are fewer than two results, or they are not on the same clips and `common` is
        false; the message says which clips differ.

    See Also
    --------
    compare : two results.

    Examples
    --------
    >>> compare_experiments({})
    Traceback (most recent call last):
    ...
    ValueError: there are 0 results: name two folders or more that hold results
    """
    results = _label_results(experiments)
    if len(results) < 2:
        raise ValueError(f"there are {len(results)} results: name two folders or more that hold "
                         "results")  # fmt: skip
    lines = differing_clips(results)
    notices = []
    if lines and not common:
        raise ValueError(
            f"the results are not on the same clips: {'; '.join(lines)}. Compare results on the "
            "same clips, or say --common (in Python common=True) to compare on those that all have"
        )
    if lines:
        results, n = _on_common_clips(results)
        text = f"Compared on the {n} clips that all results have: {'; '.join(lines)}."
        text += " Checks and baselines are those of all clips of each."
        notices = [{"text": text, "severity": "warning"}]
    first = next(iter(experiments))
    references = [label for label in results if label == first or label.startswith(f"{first}: ")]
    return Experiment(
        name=_name(experiments),
        title=f"{' and '.join(experiments)} compared",
        question=f"Do the others recognise more than {first} on the same clips?",
        results=results,
        references=references,
        comparisons=differences(results, references),
        notices=[*notices, *distinct(n for e in experiments.values() for n in e.notices)],
        reproduce="\n".join(e.reproduce for e in experiments.values() if e.reproduce),
    )


def _label_results(experiments):
    """Return {label: Result} of all experiments; one with a single result lends it its name."""
    return {
        name if len(experiment.results) == 1 else f"{name}: {label}": result
        for name, experiment in experiments.items()
        for label, result in experiment.results.items()
    }


def _name(experiments):
    return f"comparison-{slug('-'.join(experiments), '', also='_-')}"[:80].rstrip("-_")


def _true_emotions(result):
    return dict(zip(result.predictions["clip"], result.predictions["emotion"], strict=True))


def differing_clips(results) -> list[str]:
    """Return in words which clips results do not share with the first one; empty if none.

    Results on the same clips are named together.

    Parameters
    ----------
    results : dict of str to Result
    """
    groups = {}
    for label, result in results.items():
        groups.setdefault(frozenset(_true_emotions(result).items()), []).append(label)
    (first, emotions), *others = [(_name_group(g), dict(clips)) for clips, g in groups.items()]
    lines = []
    for label, clips in others:
        lines += [
            _line(f"in {first} alone, not in {label}", emotions.keys() - clips.keys()),
            _line(f"in {label} alone, not in {first}", clips.keys() - emotions.keys()),
            _line(
                f"with another emotion in {label} than in {first}",
                {c for c in clips.keys() & emotions.keys() if clips[c] != emotions[c]},
            ),
        ]
    return [line for line in lines if line]


def _name_group(labels):
    return labels[0] + (f" and {len(labels) - 1} more" if len(labels) > 1 else "")


def _line(words, clips):
    if not clips:
        return ""
    return f"{pluralise(len(clips), 'clip')} {words} ({shorten(sorted(map(str, clips)), _NAMED)})"


def _on_common_clips(results):
    """Return the results on the clips that all have with one emotion, and how many these are."""
    every = [set(_true_emotions(result).items()) for result in results.values()]
    shared = {clip for clip, _ in set.intersection(*every)}
    if not shared:
        raise ValueError("no clip is in all results with the same emotion: nothing to compare")
    return {label: _part(result, shared) for label, result in results.items()}, len(shared)


def _part(result, clips):
    predictions = result.predictions[result.predictions["clip"].isin(clips)]
    predictions = predictions.reset_index(drop=True)
    n_bootstrap, seed = (result.protocol.get(key) or 0 for key in ("n_bootstrap", "seed"))
    computed = figures.figures(predictions, result.classes, n_bootstrap, seed)
    return replace(result, predictions=predictions, **computed)
