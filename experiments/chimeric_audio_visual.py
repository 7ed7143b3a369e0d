"""Does the whole way work on real faces and real voices, from mp4 files to a report?

The clips pair a photographed face, morphed from neutral to smiling, with another
person's voice: good for running the whole way, useless as evidence about emotion.
"""

from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import (
    EmotionWeightedFusion,
    Experiment,
    FaceCrops,
    FaceTexture,
    MiniXceptionFeatures,
    ShortTermStatistics,
    differences,
    evaluate,
    load_corpus,
    make_clip_pipeline,
    run_script,
)

# On drawn people: nothing is downloaded.
SYNTHETIC = {"features": "texture"}


def experiment(
    ravdess,
    *,
    features="mini_xception",
    mini_xception_weights="default",
    n_frames=5,
    n_folds: int | str = 4,
):
    """Return voice, face and fusion on clips in RAVDESS' naming.

    Parameters
    ----------
    features : str
        Of the face: mini_xception or texture (no network).
    """
    clips = load_corpus("ravdess", ravdess, modality="audio-visual")
    svm = [StandardScaler(), PCA(0.99), SVC(C=10, class_weight="balanced")]
    voice = make_clip_pipeline(ShortTermStatistics(progress=True), *map(clone, svm))
    extractor = (
        FaceTexture(faces=FaceCrops(n_frames=n_frames), progress=True)
        if features == "texture"
        else MiniXceptionFeatures(
            weights=mini_xception_weights, layer="log_probabilities",
            faces=FaceCrops(n_frames=n_frames), progress=True,
        )
    )  # fmt: skip
    face = make_clip_pipeline(extractor, *map(clone, svm))
    fused = EmotionWeightedFusion([("voice", voice), ("face", face)], weights="search")
    results = {
        "voice": evaluate(voice, clips, cv=n_folds),
        "face": evaluate(face, clips, cv=n_folds),
        "searched weights": evaluate(fused, clips, cv=n_folds),
    }
    return Experiment(
        name="chimeric_audio_visual",
        title="Chimeric clips: one person's face, another's voice",
        question="Does the whole way work on real faces and real voices, from mp4 to report?",
        results=results,
        references=["voice", "face"],
        comparisons=differences(results, ["voice", "face"]),
        notices=[
            "Chimeric clips: the face and the voice of a clip belong to two different people, and "
            "the smile is a morph. These figures show that the way works; they say nothing about "
            "how well emotions are recognised."
        ],
    )


if __name__ == "__main__":
    run_script(experiment)
