"""Does a network on spectrograms hear more in RAVDESS speech than an SVM on voice statistics?

The audio branch of system A against the thesis' 68 statistics with an SVM, on the same folds
of actors never heard. The network's spectrograms are coarser than the paper's and its training
sounds vary in speed, onset, pitch and loudness: 720 clips are few for a network.
"""

from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import (
    AudioVisualCNN,
    CNNLayers,
    Experiment,
    ShortTermStatistics,
    Training,
    differences,
    evaluate,
    load_corpus,
    make_clip_pipeline,
    run_script,
)

# On drawn people: nothing is downloaded, and it takes minutes.
SYNTHETIC = {"n_folds": 2, "n_copies": 1, "epochs": 2}


def experiment(
    ravdess, *, n_folds: int | str = 4, spectrogram_size=(96, 64), n_copies=12,
    audio_widths=(16, 32, 64),
    epochs=3, workers=2, checkpoint=None,
):  # fmt: skip
    """Return the statistics and the network on the same folds."""
    clips = load_corpus("ravdess", ravdess, modality="audio")
    statistics = make_clip_pipeline(ShortTermStatistics(progress=True), StandardScaler(), SVC(C=10))
    network = AudioVisualCNN(
        modalities=("audio",), spectrogram_size=spectrogram_size, n_copies=n_copies,
        augment_sound=True, layers=CNNLayers(audio_widths=audio_widths), progress=True,
        training=Training(
            epochs=epochs, weight_decay=5e-5, validation_share=0, workers=workers,
            checkpoint=checkpoint,
        ),
    )  # fmt: skip
    results = {
        "voice statistics, SVM": evaluate(statistics, clips, cv=n_folds),
        "spectrogram, network": evaluate(
            network, clips, cv=n_folds, checkpoint=checkpoint, progress=True
        ),
    }
    return Experiment(
        name="ravdess_cnn_voice",
        title="RAVDESS speech: a network on spectrograms",
        question="Does a network on spectrograms hear more than an SVM on voice statistics?",
        results=results,
        references=["voice statistics, SVM"],
        comparisons=differences(results, ["voice statistics, SVM"]),
    )


if __name__ == "__main__":
    run_script(experiment)
