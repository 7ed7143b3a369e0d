"""How well does a small network on the face alone tell the emotions of actors never seen?

Twenty face crops of a clip are the channels of one picture (system A without its ear). Once
for every actor, the network is trained on the others; --set n_folds=10 takes ten folds of
actors instead. --set checkpoint=FOLDER lets a killed run go on where it stopped.
"""

from sklearn.model_selection import LeaveOneGroupOut

from emopipe import (
    AudioVisualCNN,
    CNNLayers,
    Experiment,
    FaceCrops,
    Published,
    Training,
    evaluate,
    load_corpus,
    run_script,
)

# Table II: mean and standard deviation over 91 actors.
PAPER = {"source": "A", "mean_over": "subjects", "protocol": "CREMA-D, 7442 clips, 91 actors, each "
         "left out once"}  # fmt: skip
# Table I: single answers of 2443 people, over all clips.
VOTERS = {"source": "CREMA-D", "where": "as system A's paper cites it in table I",
          "protocol": "CREMA-D, people's single answers"}  # fmt: skip
FIGURES = [
    Published(
        label="video", value=0.6284, spread=0.1406, where="table II", beside="video", **PAPER
    ),
    Published(label="video, human voters", value=0.582, beside="video", **VOTERS),
]

# On drawn people: nothing is downloaded, and it takes minutes.
SYNTHETIC = {
    "n_folds": 2, "n_frames": 4, "face_size": (48, 40), "n_copies": 1, "visual_widths": (8, 16),
    "epochs": 3,
}  # fmt: skip


def experiment(
    cremad, *, n_folds=None, n_frames=20, face_size=(98, 80), n_copies=30,
    visual_widths=(32, 64, 128, 128, 256), epochs=100, patience=4, learning_rate=1e-3,
    detector="haar", detect_every=1, precision="float32", workers=2, checkpoint=None,
):  # fmt: skip
    """Return the network on the face, actor by actor."""
    clips = load_corpus("cremad", cremad)
    network = AudioVisualCNN(
        modalities=("video",), n_copies=n_copies, progress=True,
        faces=FaceCrops(
            n_frames=n_frames, size=face_size, detector=detector, detect_every=detect_every
        ),
        layers=CNNLayers(visual_widths=visual_widths),
        training=Training(
            epochs=epochs, patience=patience, learning_rate=learning_rate, weight_decay=5e-5,
            precision=precision, workers=workers, checkpoint=checkpoint,
        ),
    )  # fmt: skip
    folds = n_folds or LeaveOneGroupOut()
    return Experiment(
        name="cremad_cnn_video",
        title="CREMA-D: a convolutional network on the face",
        question="How well does a small network on the face alone do with actors never seen?",
        results={
            "video": evaluate(network, clips, cv=folds, checkpoint=checkpoint, progress=True),
        },
        published=FIGURES,
    )


if __name__ == "__main__":
    run_script(experiment)
