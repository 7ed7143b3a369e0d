"""Do the three networks learn where the emotion is, and guess where it is not?

The clips are drawn and synthesised, of people who do not exist: the emotion is only in the
voice, only in the face, split between them (half of the emotions differ in the voice alone, the
others in the face alone) or nowhere. A network that sees what is informative should understand
strangers (.9 or more of their clips), one that does not should answer by chance. Nothing can be
learned here about real emotions. A is AudioVisualCNN, B TemporalAggregation, C
SegmentAttentionNetwork; C's VGG19 has random weights, which it keeps: its faces are poor.
Corpora are drawn into `folder`; on two cores the whole takes most of an hour. `small` is for tests:
a dict of parameters that are put in place of the networks' own.

  python experiments/where_emotion_is.py
  python experiments/where_emotion_is.py --set "conditions=['split']" --set "systems=['A', 'C']"
"""

from pathlib import Path

from sklearn.model_selection import GroupShuffleSplit

from emopipe import (
    AudioVisualCNN,
    Experiment,
    SegmentAttentionNetwork,
    TemporalAggregation,
    evaluate,
    load_corpus,
    make_synthetic_corpus,
    run_script,
)

# condition -> where the emotion is, for make_synthetic_corpus
CONDITIONS = {"voice": ("voice",), "face": ("face",), "split": "split", "nothing": ()}
EMOTIONS = ("anger", "happiness", "sadness", "surprise")


def networks(small):
    """Return the networks by name, and the modalities that each of them has.

    A parameter in `small` takes the place of those networks' own that have it.
    """
    common = {
        "training__validation_share": 0, "training__patience": None, "training__workers": 2,
        "progress": True,
    }  # fmt: skip
    a = {
        "faces__n_frames": 10, "n_copies": 8, "training__epochs": 8, "faces__detect_every": 2,
    } | common  # fmt: skip
    b = {
        "layers__visual_widths": (8, 16, 32, 32), "layers__audio_widths": (16, 32, 64),
        "n_segments": 3, "faces__n_frames": 9, "faces__size": (64, 64),
        "spectrogram_size": (96, 64), "training__learning_rate": 3e-3, "training__epochs": 30,
    } | common  # fmt: skip
    c = {
        "vgg19__weights": "random", "vgg19__width": 0.125, "vgg19__size": 160,
        "faces__size": (160, 160), "units": 512, "attention_units": 64,
        "training__learning_rate": 3e-4, "training__epochs": 25,
    } | common  # fmt: skip
    parameters = sorted(set(a) | set(b) | set(c))
    if not isinstance(small, dict) or set(small) - set(parameters):
        raise ValueError(f"small={small!r} must be a dict of parameters from {parameters}")
    a, b, c = ({k: small.get(k, v) for k, v in defaults.items()} for defaults in (a, b, c))
    both = {"voice", "face"}
    return {
        "A": (AudioVisualCNN().set_params(**a), both),
        "A, face": (AudioVisualCNN(modalities=("video",)).set_params(**a), {"face"}),
        "A, voice": (
            AudioVisualCNN(modalities=("audio",), augment_sound=True).set_params(**a),
            {"voice"},
        ),
        "B": (TemporalAggregation().set_params(**b), both),
        "C": (SegmentAttentionNetwork().set_params(**c), both),
    }


def choose(parameter, chosen, allowed):
    """Raise ValueError unless `chosen` is a list of names that there are."""
    if isinstance(chosen, str) or not chosen or set(chosen) - set(allowed):
        raise ValueError(f"{parameter}={chosen!r} must be a list of names from {list(allowed)}")


def expectation(condition, modalities):
    """Return what a network should reach under a condition, in words; None where it is between."""
    informative = CONDITIONS[condition]
    if len(modalities) == 2:
        return "learns" if informative else "chance"
    if informative in ((), "split"):
        return None
    return "learns" if modalities == set(informative) else "chance"


def answer(results, chance):
    """Return in words how many networks do what they should."""
    learns = {k: r for k, r in results.items() if k.endswith("(learns)")}
    guesses = {k: r for k, r in results.items() if k.endswith("(chance)")}
    below = [k for k, r in learns.items() if r.metrics["accuracy"]["value"] < 0.9]
    figures = {k: r.metrics["accuracy"] for k, r in guesses.items()}
    off = [
        label
        for label, figure in figures.items()
        if figure["low"] is None or not figure["low"] <= chance <= figure["high"]
    ]

    def but(labels):
        return f" (not {'; '.join(labels)})" if labels else ""

    return (
        f"Of {len(learns)} networks that see the emotion, {len(learns) - len(below)} are right in "
        f".9 or more of the strangers' clips{but(below)}; of {len(guesses)} that see nothing of "
        f"it, {len(guesses) - len(off)} have chance ({chance:.2f}) in their interval{but(off)}."
    )


def experiment(
    *, systems=("A", "A, face", "A, voice", "B", "C"), conditions=tuple(CONDITIONS), subjects=40,
    emotions=EMOTIONS, clips_per_emotion=1, duration=0.9,
    folder="reports/synthetic/where_emotion_is", small=None,
):  # fmt: skip
    """Return every network under every condition, on a quarter of the subjects.

    Parameters
    ----------
    systems : tuple of str
        Networks, and A with one modality.
    conditions : tuple of str
        Where the emotion is: voice, face, split, nothing.
    subjects : int
        People to draw, a quarter of them for the test.
    emotions : tuple of str
        Emotions to draw, by their canonical names.
    clips_per_emotion : int
        Clips of each person for each emotion.
    duration : float
        Length of a clip, in seconds.
    folder : str
        Where the drawn corpora go.
    small : dict
        Parameters in place of the networks' own.
    """
    strangers = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)
    choose("conditions", conditions, CONDITIONS)
    small = small or {}
    choose("systems", systems, networks(small))
    results = {}
    for condition in conditions:
        root = make_synthetic_corpus(
            Path(folder) / condition, layout="enterface", informative=CONDITIONS[condition],
            subjects=subjects, emotions=list(emotions), clips_per_emotion=clips_per_emotion,
            duration=duration, size=(160, 200), frame_rate=20, oddities=False, progress=True,
        )  # fmt: skip
        clips = load_corpus("enterface", root)
        for name, (network, modalities) in networks(small).items():
            expected = expectation(condition, modalities)
            if name not in systems or expected is None:
                continue
            label = f"{condition}: {name} ({expected})"
            results[label] = evaluate(network, clips, cv=strangers)
            print(f"{label}: {results[label].metrics['accuracy']['value']:.3f}", flush=True)
    return Experiment(
        name="where_emotion_is",
        title="Drawn people: do networks learn where the emotion is?",
        question="Does each network understand strangers exactly where the emotion is?",
        results=results,
        answer=[answer(results, 1 / len(emotions))],
        notices=[
            "After the colon stands the network; in brackets, what it should do: learn (.9 or more "
            f"on strangers), or answer by chance ({1 / len(emotions):.2f}), because what it sees "
            "tells nothing."
        ],
    )


if __name__ == "__main__":
    run_script(experiment)
