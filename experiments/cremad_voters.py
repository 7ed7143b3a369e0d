"""Can weighted voters of voice and of face be as good as voters of both?

2443 people judged every CREMA-D clip by voice alone, by face alone, or by both. The
shares of the voice voters and of the face voters are two recognisers' scores; their
fusion is compared with the majority of those who saw and heard the clip.
"""

from emopipe import (
    EmotionWeightedFusion,
    Experiment,
    ScoreColumns,
    StackedFusion,
    differences,
    evaluate,
    load_corpus,
    run_script,
)

VOICE = ScoreColumns(prefix="votes_voice_")
FACE = ScoreColumns(prefix="votes_face_")
BOTH = ScoreColumns(prefix="votes_both_")

# There are six drawn people.
SYNTHETIC = {"n_folds": 3}


def experiment(cremad, *, n_folds: int | str = 10):
    """Return the voters of each mode and six fusions of the first two."""
    clips = load_corpus("cremad", cremad, files=False)
    modalities = [("voice", VOICE), ("face", FACE)]
    fusions = {
        "equal weights": EmotionWeightedFusion(modalities),
        "recall rule": EmotionWeightedFusion(modalities, weights="recall"),
        "searched, columns sum to one": EmotionWeightedFusion(
            modalities, weights="search", sum_to_one=True
        ),
        "searched": EmotionWeightedFusion(modalities, weights="search"),
        "log pool": EmotionWeightedFusion(modalities, pool="log"),
        "stacking": StackedFusion(modalities),
    }
    voters = {"voice voters": VOICE, "face voters": FACE, "voters of both": BOTH}
    results = {
        label: evaluate(estimator, clips, cv=n_folds)
        for label, estimator in (voters | fusions).items()
    }
    return Experiment(
        name="cremad_voters",
        title="CREMA-D: fusing voice voters and face voters",
        question="Can weighted voters of voice and of face be as good as voters of both?",
        results=results,
        references=["voters of both"],
        comparisons=differences(results, ["voters of both"]),
    )


if __name__ == "__main__":
    run_script(experiment)
