"""Does a small network that also hears tell emotions better than one that only sees?

System A: twenty face crops as channels of one picture, and the voice's spectrogram. Once for
every actor, the network is trained on the others; --set n_folds=10 takes ten folds of actors
instead. --set checkpoint=FOLDER lets a killed run go on where it stopped.
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
    Published(label="audio and video", value=0.6942, spread=0.1325, where="table II",
              beside="audio and video", **PAPER),
    Published(label="video", value=0.6284, spread=0.1406, where="table II", **PAPER),
    Published(label="audio and video, human voters", value=0.636, beside="audio and video",
              **VOTERS),
    Published(label="video, human voters", value=0.582, **VOTERS),
    Published(label="audio, human voters", value=0.409, **VOTERS),
]  # fmt: skip

# On drawn people: nothing is downloaded, and it takes minutes.
SYNTHETIC = {
    "n_folds": 2, "n_frames": 4, "face_size": (48, 40), "n_copies": 1, "visual_widths": (8, 16),
    "spectrogram_size": (64, 40), "audio_widths": (8,),
    "epochs": 3,
}  # fmt: skip


def experiment(
    cremad, *, n_folds=None, n_frames=20, face_size=(98, 80), spectrogram_size=(192, 120),
    n_copies=30, augment_sound=False, visual_widths=(32, 64, 128, 128, 256),
    audio_widths=(16, 32, 64), epochs=100, patience=4, learning_rate=1e-3, detector="haar",
    detect_every=1, precision="float32", workers=2, checkpoint=None,
):  # fmt: skip
    """Return the network on face and voice, actor by actor."""
    clips = load_corpus("cremad", cremad)
    network = AudioVisualCNN(
        spectrogram_size=spectrogram_size, n_copies=n_copies, augment_sound=augment_sound,
        faces=FaceCrops(
            n_frames=n_frames, size=face_size, detector=detector, detect_every=detect_every
        ),
        layers=CNNLayers(visual_widths=visual_widths, audio_widths=audio_widths),
        training=Training(
            epochs=epochs, patience=patience, learning_rate=learning_rate, weight_decay=5e-5,
            precision=precision, workers=workers, checkpoint=checkpoint,
        ),
        progress=True,
    )  # fmt: skip
    folds = n_folds or LeaveOneGroupOut()
    return Experiment(
        name="cremad_cnn_audio_video",
        title="CREMA-D: a convolutional network on face and voice",
        question="Does a network that also hears do better with actors never met?",
        results={
            "audio and video": evaluate(
                network, clips, cv=folds, checkpoint=checkpoint, progress=True
            ),
        },
        published=FIGURES,
    )


if __name__ == "__main__":
    run_script(experiment)
