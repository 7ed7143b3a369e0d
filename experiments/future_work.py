"""Do the methods that the papers leave to the future hear more in RAVDESS speech?

System A's paper names wavelets and the Wigner-Ville distribution as pictures of the voice, and
intensity as something to learn from; the thesis names linear prediction cepstra and hidden Markov
models. Each is a further row beside what the papers use, on the same folds of actors never heard:
a network on pictures of the sound, an SVM on values; "by intensity" counts strong clips twice in
training. Wavelets need the package PyWavelets: pip install 'emopipe[wavelet]', or leave them out
with --set "pictures=('fourier', 'wigner-ville')". Hidden Markov models are left out: hmmlearn,
the library for them, is in limited maintenance by its own account, without a release since 2024.
"""

from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import (
    AudioVisualCNN,
    CNNLayers,
    Experiment,
    ShortTermStatistics,
    Training,
    VoiceFunctionals,
    differences,
    evaluate,
    load_corpus,
    make_clip_pipeline,
    run_script,
)

NAMES = {"fourier": "spectrogram", "wavelet": "wavelets", "wigner-ville": "Wigner-Ville"}
STATISTICS = "voice statistics, SVM"

# On drawn people: nothing is downloaded, and it takes minutes.
SYNTHETIC = {"n_folds": 2, "n_copies": 1, "epochs": 2, "spectrogram_size": (48, 32)}


def experiment(
    ravdess, *, pictures=tuple(NAMES), n_folds: int | str = 4, strong=2.0,
    spectrogram_size=(96, 64),
    n_copies=12, audio_widths=(16, 32, 64), epochs=3, workers=2, checkpoint=None,
):  # fmt: skip
    """Return networks on each picture and SVMs on each set of values, on the same folds.

    Parameters
    ----------
    pictures : tuple of str
        fourier, wavelet, wigner-ville: a network on each, the first also by intensity.
    strong : float
        How often a clip of strong intensity counts, where one of normal intensity counts once.
    """
    clips = load_corpus("ravdess", ravdess, modality="audio")
    clips["weight"] = clips["intensity"].map({"normal": 1.0, "strong": strong})
    network = AudioVisualCNN(
        modalities=("audio",), spectrogram_size=spectrogram_size, n_copies=n_copies,
        augment_sound=True, layers=CNNLayers(audio_widths=audio_widths), progress=True,
        training=Training(
            epochs=epochs, weight_decay=5e-5, validation_share=0, workers=workers,
            checkpoint=checkpoint,
        ),
    )  # fmt: skip
    svm = StandardScaler(), SVC(C=10)
    cepstra = make_clip_pipeline(VoiceFunctionals(sets=["lpcc"], progress=True), *svm)
    options = {"cv": n_folds, "checkpoint": checkpoint, "progress": True}
    results = {
        STATISTICS: evaluate(
            make_clip_pipeline(ShortTermStatistics(progress=True), *svm), clips, **options
        ),
        "linear prediction cepstra, SVM": evaluate(cepstra, clips, **options),
        "linear prediction cepstra, SVM, by intensity": evaluate(
            cepstra, clips, sample_weight="weight", **options
        ),
    }
    for number, transform in enumerate(pictures):
        network.set_params(transform=transform)
        label = f"{NAMES[transform]}, network"
        results[label] = evaluate(network, clips, **options)
        if number == 0:
            results[f"{label}, by intensity"] = evaluate(
                network, clips, sample_weight="weight", **options
            )
    references = [STATISTICS, *([f"{NAMES[pictures[0]]}, network"] if pictures else [])]
    return Experiment(
        name="future_work",
        title="RAVDESS speech: what the papers leave to the future",
        question="Do the methods that the papers leave to the future hear more?",
        results=results,
        references=references,
        comparisons=differences(results, references),
        notices=[
            {
                "text": "Hidden Markov models, which the thesis names too, are left out: the "
                "library for them, hmmlearn, has had no release since 2024.",
                "severity": "information",
            }
        ],
    )


if __name__ == "__main__":
    run_script(experiment)
