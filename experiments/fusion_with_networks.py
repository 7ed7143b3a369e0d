"""What does an SVM on voice statistics add to each of the three networks, emotion by emotion?

Each network (A: small CNN, B: one per segment, C: VGG19, LSTM and attention) stands as one
modality in a fusion whose other one is the thesis' voice recogniser; weights per emotion come
from their recalls on inner folds of actors. As it stands the networks are small enough for a
computer without an accelerator; sizes, epochs and VGG19's weights are options.
"""

from sklearn.base import clone
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import (
    AudioVisualCNN,
    EmotionWeightedFusion,
    Experiment,
    SegmentAttentionNetwork,
    ShortTermStatistics,
    TemporalAggregation,
    VGG19Features,
    differences,
    evaluate,
    load_corpus,
    make_clip_pipeline,
    run_script,
)


def pair(name):
    """Return the labels of a network alone and with the voice."""
    return f"{name} alone", f"{name} and voice"


# On drawn people: nothing is downloaded, and it takes minutes.
SYNTHETIC = {
    "n_folds": 2, "epochs": 2, "n_copies": 1, "n_frames": 4, "face_size": (48, 40),
    "segment_face_size": (48, 48), "n_segments": 2, "visual_widths": (8, 16), "audio_widths": (8,),
    "vgg19_width": 1 / 16, "vgg19_size": 64, "units": 16,
}  # fmt: skip


def experiment(
    cremad, *, systems=("A", "B", "C"), n_folds: int | str = 5, weights="recall", inner_folds=2,
    epochs=20,
    n_copies=4, n_frames=20, face_size=(98, 80), segment_face_size=(64, 64),
    spectrogram_size=(96, 64), n_segments=3, visual_widths=(16, 32, 32), audio_widths=(16, 32),
    vgg19_weights="random", vgg19_width=0.125, vgg19_size=64, units=64, window=1.0,
    checkpoint=None,
):  # fmt: skip
    """Return the voice alone, every network alone, and their fusions with the voice.

    Parameters
    ----------
    weights : str
        Of the fusion: recall, search or equal.
    """
    clips = load_corpus("cremad", cremad)
    voice = make_clip_pipeline(
        ShortTermStatistics(window=window, progress=True),
        StandardScaler(),
        SVC(C=10, class_weight="balanced"),
    )
    common = {"training__epochs": epochs, "training__checkpoint": checkpoint, "progress": True}
    convolutional = common | {
        "spectrogram_size": spectrogram_size, "faces__n_frames": n_frames,
        "layers__visual_widths": visual_widths, "layers__audio_widths": audio_widths,
    }  # fmt: skip
    networks = {
        "A": AudioVisualCNN(n_copies=n_copies).set_params(faces__size=face_size, **convolutional),
        "B": TemporalAggregation(n_segments=n_segments).set_params(
            faces__size=segment_face_size, **convolutional
        ),
        "C": SegmentAttentionNetwork(
            vgg19=VGG19Features(weights=vgg19_weights, width=vgg19_width, size=vgg19_size),
            units=units, attention_units=units,
        ).set_params(**common),
    }  # fmt: skip
    estimators = {"voice statistics, SVM": voice}
    for name in systems:
        both = [("network", networks[name]), ("voice", clone(voice))]
        estimators[f"{name} alone"] = networks[name]
        estimators[f"{name} and voice"] = EmotionWeightedFusion(
            both, weights=weights, cv=inner_folds
        )
    options = {"cv": n_folds, "checkpoint": checkpoint, "progress": True}
    results = {label: evaluate(e, clips, **options) for label, e in estimators.items()}
    return Experiment(
        name="fusion_with_networks",
        title="CREMA-D: networks and voice statistics, fused",
        question="What does an SVM on voice statistics add to each of the three networks?",
        results=results,
        references=["voice statistics, SVM", *(f"{name} alone" for name in systems)],
        comparisons=[
            entry
            for name in systems
            for entry in differences(
                {k: results[k] for k in ("voice statistics, SVM", *pair(name))},
                ["voice statistics, SVM", f"{name} alone"],
            )
        ],
    )


if __name__ == "__main__":
    run_script(experiment)
