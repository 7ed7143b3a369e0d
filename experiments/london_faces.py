"""Does a small network that never saw these people tell a smile from a neutral face?

Mini-XCEPTION, trained on FER2013, looks at the photographs of the Face Research Lab London
Set; an SVM on its seven probabilities (or their logarithms) tells neutral from smiling, in
folds by person.
"""

from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import (
    Experiment,
    MiniXceptionFeatures,
    differences,
    evaluate,
    load_corpus,
    make_clip_pipeline,
    run_script,
)


def experiment(london_faces, *, mini_xception_weights="default", n_folds: int | str = 5):
    """Return one result for each way to read the network."""
    clips = load_corpus("london_faces", london_faces)

    def recogniser(layer, **svm):
        network = MiniXceptionFeatures(weights=mini_xception_weights, layer=layer, progress=True)
        return make_clip_pipeline(network, StandardScaler(), SVC(**svm))

    recognisers = {
        "probabilities, linear SVM": recogniser("probabilities", kernel="linear"),
        "probabilities, RBF SVM": recogniser("probabilities"),
        "log probabilities, RBF SVM": recogniser("log_probabilities"),
    }
    results = {label: evaluate(r, clips, cv=n_folds) for label, r in recognisers.items()}
    return Experiment(
        name="london_faces",
        title="London faces: neutral or smiling",
        question="Does a small network that never saw these people tell a smile from a neutral "
        "face?",
        results=results,
        references=["probabilities, linear SVM"],
        comparisons=differences(results, ["probabilities, linear SVM"]),
    )


if __name__ == "__main__":
    run_script(experiment)
