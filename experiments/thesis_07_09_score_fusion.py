"""Experiments 7-9 of the thesis: fusing the scores of face and voice on AFEW.

7: half and half. 8, 9: weights per emotion from the two recognisers' recalls, where the
weights of the emotion that the preferred modality alone would pick apply to the clip
(8 prefers the video, 9 the audio). Weights are learned on scores of training clips that
the recogniser was not fitted on, never on the test clips. Who does not have the emotions of
AFEW's test set tests on its validation set (--set cv=official-val).
"""

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import (
    EmotionWeightedFusion,
    Experiment,
    FaceCrops,
    Published,
    ShortTermStatistics,
    VGGFaceFeatures,
    WhereFinite,
    differences,
    evaluate,
    load_corpus,
    run_script,
)

EMOTIONS = ["anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"]
# Result -> (accuracy, where, per cent as printed: columns are the true emotions, in this order).
THESIS = {
    "face": (0.2774, "section 4.2, table 2", [
        [27.3, 28.6, 15.8, 12.5, 15.8, 14.9, 15.0],
        [23.6, 5.7, 21.1, 14.3, 8.8, 4.3, 15.0],
        [14.5, 8.6, 15.8, 8.9, 8.8, 19.1, 12.5],
        [5.5, 17.1, 7.95, 51.8, 10.5, 4.3, 7.5],
        [7.3, 17.1, 0.0, 3.6, 24.6, 6.4, 15.0],
        [14.5, 20.0, 34.2, 5.4, 29.8, 51.1, 32.5],
        [7.3, 2.9, 5.3, 3.6, 1.8, 0.0, 2.5],
    ]),
    "7: equal weights": (0.2896, "section 4.4, table 4", [
        [30.9, 20.0, 15.8, 12.5, 12.3, 14.9, 12.5],
        [20.0, 8.6, 18.4, 10.7, 12.3, 4.3, 12.5],
        [16.4, 11.4, 18.4, 10.7, 8.8, 19.1, 17.5],
        [5.5, 17.1, 7.9, 53.6, 10.5, 4.3, 5.0],
        [3.6, 17.1, 0.0, 3.6, 22.8, 6.4, 20.0],
        [16.4, 22.9, 34.2, 5.4, 29.8, 51.1, 30.0],
        [7.3, 2.9, 5.3, 3.6, 3.5, 0.0, 2.5],
    ]),
    "8: video preferred": (0.2988, "section 4.4, tables 3 and 5", [
        [29.1, 14.3, 7.9, 10.7, 10.5, 6.4, 15.0],
        [23.6, 8.6, 21.1, 14.3, 12.3, 4.3, 15.0],
        [16.4, 8.6, 23.7, 7.1, 8.8, 23.4, 12.5],
        [5.5, 20.0, 10.5, 53.6, 10.5, 4.3, 5.0],
        [3.6, 22.9, 0.0, 5.4, 24.6, 8.5, 22.5],
        [14.5, 22.9, 31.6, 5.4, 29.8, 53.2, 27.5],
        [7.3, 2.9, 5.3, 3.6, 3.5, 0.0, 2.5],
    ]),
    "9: audio preferred": (0.2925, "section 4.4, tables 3 and 6", [
        [32.7, 22.9, 13.2, 12.5, 14.0, 12.8, 15.0],
        [20.0, 5.7, 18.4, 10.7, 10.5, 4.3, 12.5],
        [16.4, 11.4, 23.7, 10.7, 10.5, 21.3, 20.0],
        [5.5, 17.1, 5.3, 53.6, 10.5, 4.3, 5.0],
        [3.6, 20.0, 0.0, 3.6, 21.1, 6.4, 20.0],
        [14.5, 20.0, 34.2, 5.4, 29.8, 51.1, 25.0],
        [7.3, 2.9, 5.3, 3.6, 3.5, 0.0, 2.5],
    ]),
}  # fmt: skip
# Table 3, for experiments 8 and 9.
WEIGHTS = {
    "voice": [0.68, 0, 0.61, 0.21, 0.41, 0.51, 0.59],
    "face": [0.32, 1, 0.39, 0.79, 0.59, 0.49, 0.41],
}


def published():
    """Return the thesis' figures, each beside the result of its name."""
    weights = {name: dict(zip(EMOTIONS, row, strict=True)) for name, row in WEIGHTS.items()}
    return [
        Published(
            label=label, value=value, source="thesis", where=where, beside=label,
            protocol="AFEW, 328 clips (as its table 2 adds up)",
            confusion={"classes": EMOTIONS, "shares": (np.transpose(table) / 100).tolist()},
            weights=weights if label.endswith("preferred") else None,
        )
        for label, (value, where, table) in THESIS.items()
    ]  # fmt: skip


# On drawn people: nothing is downloaded, and it takes minutes.
SYNTHETIC = {"weights": "random", "n_frames": 2, "inner_folds": 2}


def experiment(afew, *, weights="vggface", n_frames=10, inner_folds=5, cv="official"):
    """Return each modality alone and the three fusions on AFEW's test clips."""
    clips = load_corpus("afew", afew)
    svm = WhereFinite(make_pipeline(StandardScaler(), PCA(0.95), SVC(class_weight="balanced")))
    voice = make_pipeline(ShortTermStatistics(progress=True), svm)
    network = VGGFaceFeatures(weights=weights, faces=FaceCrops(n_frames=n_frames), progress=True)
    face = make_pipeline(network, clone(svm))
    both = [("voice", voice), ("face", face)]
    estimators = {
        "voice": voice,
        "face": face,
        "7: equal weights": EmotionWeightedFusion(both, cv=inner_folds),
        "8: video preferred": EmotionWeightedFusion(
            both, weights="recall", preferred="face", clips_per_weight=0, cv=inner_folds
        ),
        "9: audio preferred": EmotionWeightedFusion(
            both, weights="recall", preferred="voice", clips_per_weight=0, cv=inner_folds
        ),
    }
    results = {k: evaluate(e, clips, cv=cv) for k, e in estimators.items()}
    return Experiment(
        name="thesis_07_09_score_fusion",
        title="Thesis, experiments 7-9: score fusion",
        question="Does weighting voice and face per emotion recognise more than either on AFEW?",
        results=results,
        references=["voice", "face"],
        published=published(),
        comparisons=differences(results, ["voice", "face"]),
        notices=[
            "The thesis' face recogniser is a retrained VGG-Face head (its experiment 2); here an "
            "SVM on VGG-Face descriptors stands in its place."
        ],
    )


if __name__ == "__main__":
    run_script(experiment)
