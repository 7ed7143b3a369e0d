"""Experiments 7-9 of the thesis: fusing the scores of face and voice on AFEW.

7: half and half. 8, 9: weights per emotion from the two recognisers' recalls, where the
weights of the emotion that the preferred modality alone would pick apply to the clip
(8 prefers the video, 9 the audio). Weights are learned on scores of training clips that
the recogniser was not fitted on, never on the test clips. Who does not have the emotions of
AFEW's test set tests on its validation set (--set cv=official-val).
"""

from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import (
    EmotionWeightedFusion,
    Experiment,
    Published,
    ShortTermStatistics,
    VGGFaceFeatures,
    WhereFinite,
    evaluate,
    load_corpus,
    run_script,
)

THESIS = {"face": 0.2774, "7: equal weights": 0.2896, "8: video preferred": 0.2988,
          "9: audio preferred": 0.2925}  # fmt: skip


def experiment(afew, *, weights="vggface", n_frames=10, inner_folds=5, cv="official"):
    """Return each modality alone and the three fusions on AFEW's test clips."""
    clips = load_corpus("afew", afew)
    svm = WhereFinite(make_pipeline(StandardScaler(), PCA(0.95), SVC(class_weight="balanced")))
    voice = make_pipeline(ShortTermStatistics(progress=True), svm)
    network = VGGFaceFeatures(weights=weights, n_frames=n_frames, progress=True)
    face = make_pipeline(network, clone(svm))
    both = [("voice", voice), ("face", face)]
    estimators = {
        "voice": voice,
        "face": face,
        "7: equal weights": EmotionWeightedFusion(both, cv=inner_folds),
        "8: video preferred": EmotionWeightedFusion(
            both, weights="recall", preferred="face", cv=inner_folds
        ),
        "9: audio preferred": EmotionWeightedFusion(
            both, weights="recall", preferred="voice", cv=inner_folds
        ),
    }
    return Experiment(
        name="thesis_07_09_score_fusion",
        title="Thesis, experiments 7-9: score fusion",
        question="Does weighting voice and face per emotion recognise more than either on AFEW?",
        results={k: evaluate(e, clips, cv=cv) for k, e in estimators.items()},
        published=[
            Published(label=label, metric="accuracy", value=value, source="thesis, section 4.4")
            for label, value in THESIS.items()
        ],
        notices=[
            "The thesis' face recogniser is a retrained VGG-Face head (its experiment 2); here an "
            "SVM on VGG-Face descriptors stands in its place."
        ],
    )


if __name__ == "__main__":
    run_script(experiment)
