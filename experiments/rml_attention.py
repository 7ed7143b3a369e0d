"""How well do voice and face together tell RML's emotions, for people never met before?

VGG19's view of voice and face in segments of speech, an LSTM over the faces, attention over
both, majority vote. Once leaving out one subject after the other; once as the paper's second
table has it, with everybody on both sides of every fold, which says how well the network
knows these people, not how well it understands others.
"""

from sklearn.model_selection import LeaveOneGroupOut

from emopipe import (
    Experiment,
    Published,
    SegmentAttentionNetwork,
    Training,
    VGG19Features,
    evaluate,
    load_corpus,
    run_script,
)

# Result -> the paper's table; the others' figures are cited there.
TABLES = {"leave one subject out": "table 1", "subjects mixed": "table 2"}
FIGURES = {
    "leave one subject out": {
        "the paper": 0.7613,
        "Zhang et al.": 0.7432,
        "Sarvestani et al.": 0.7203,
    },
    "subjects mixed": {"the paper": 0.987, "Seng et al.": 0.9083, "Wang et al.": 0.8222},
}  # fmt: skip

# On drawn people: nothing is downloaded, and it takes minutes.
SYNTHETIC = {
    "weights": "random", "vgg19_width": 1 / 16, "vgg19_size": 64, "units": 32, "n_folds": 2,
    "epochs": 2,
}  # fmt: skip


def experiment(
    rml, *, weights="imagenet", vgg19_width=1.0, vgg19_size=224, units=4096, n_folds=10,
    epochs=100, learning_rate=1e-4, checkpoint=None,
):  # fmt: skip
    """Return the network on strangers and on people it knows.

    Parameters
    ----------
    weights : str
        VGG19's: imagenet (downloaded and checked) or random.
    n_folds : int
        Folds of mixed subjects; the other result leaves out each subject once.
    """
    clips = load_corpus("rml", rml)
    network = SegmentAttentionNetwork(
        vgg19=VGG19Features(weights=weights, width=vgg19_width, size=vgg19_size),
        units=units,
        training=Training(epochs=epochs, learning_rate=learning_rate, checkpoint=checkpoint),
        progress=True,
    )
    shown = {"checkpoint": checkpoint, "progress": True}
    return Experiment(
        name="rml_attention",
        title="RML: VGG19, LSTM and attention over voice and face",
        question="How well do voice and face together tell emotions of people never met before?",
        results={
            "leave one subject out": evaluate(network, clips, cv=LeaveOneGroupOut(), **shown),
            "subjects mixed": evaluate(network, clips, cv=n_folds, subject_dependent=True, **shown),
        },
        published=[
            Published(
                label=f"{label}, {how}",
                value=value,
                source="C",
                where=TABLES[how],
                beside=how,
                protocol="RML, " + how,
            )
            for how, figures in FIGURES.items()
            for label, value in figures.items()
        ],
        notices=[
            "'subjects mixed' trains and tests on the same people, as the paper's k-fold table "
            "does (it does not say k): compare it with that table only."
        ],
    )


if __name__ == "__main__":
    run_script(experiment)
