"""How well do voice and face together tell RML's and eNTERFACE'05's emotions, of people never met?

System C: VGG19's view of voice and face in segments of speech, an LSTM over the faces, attention
over both, majority vote; for one corpus or both. As in the paper VGG19's last block is trained
with the networks and the voice's vector is its fc7: 200 kB of the store for every face and picture
(9 GB for RML's 500 clips); --set fine_tune=0 keeps VGG19 as it is, --set audio_dense=True puts a
dense layer on top. Once leaving out one subject after the other; the same without voice activity
detection; and, as the paper's second table has it, with everybody on both sides of every fold,
which says how well the network knows these people, not how well it understands others.
"""

from sklearn.model_selection import LeaveOneGroupOut

from emopipe import (
    Experiment,
    FaceCrops,
    Published,
    SegmentAttentionNetwork,
    SpeechTrim,
    Training,
    VGG19Features,
    describe_counts,
    differences,
    evaluate,
    load_corpus,
    run_script,
)

NAMES = {"rml": "RML", "enterface": "eNTERFACE'05"}
# Clips that the paper has of each corpus, after some without frontal faces were removed.
CLIPS = {"rml": 500, "enterface": 1166}
PROTOCOLS = {"strangers": "leave one subject out", "mixed": "subjects mixed",
             "untrimmed": "leave one subject out, whole clips"}  # fmt: skip
# Tables 1 and 2: the others' figures are cited there.
FIGURES = {
    ("rml", "strangers"): {
        "the paper": 0.7613, "Zhang et al.": 0.7432, "Sarvestani et al.": 0.7203,
    },
    ("rml", "mixed"): {"the paper": 0.987, "Seng et al.": 0.9083, "Wang et al.": 0.8222},
    ("enterface", "strangers"): {
        "the paper": 0.7849, "Bejani et al.": 0.7702, "Sarvestani et al.": 0.7011,
    },
    ("enterface", "mixed"): {"the paper": 0.9775, "Seng et al.": 0.8667, "Wang et al.": 0.7247},
}  # fmt: skip
TABLES = {"strangers": "table 1", "mixed": "table 2"}

DEVIATIONS = [
    "The paper gives neither the band nor the threshold of its voice activity detection: ours are "
    "300 to 3000 Hz, and 0.6 of the energy by default, with 0.2 s around it. It removed clips in "
    "which many successive frames lack a face and gives no number: ours stay (--set least_faces).",
    "The paper's faces are from a single-shot detector: ours are from Haar cascades by default "
    "(--set detector=ssd). It writes of MFCCs and of log-mel spectrograms: ours are log-mel by "
    "default (--set picture=mfcc).",
    "The paper says nothing of its optimiser, rate, batches and epochs, nor what its attention "
    "weighs: here the voice's and the face's vectors, by the magnitude of h in equation 6.",
]


def label_of(corpus, protocol):
    """Return what a result is called, such as "RML, subjects mixed"."""
    return f"{NAMES[corpus]}, {PROTOCOLS[protocol]}"


def published_figures(corpora):
    """Return the paper's figures of some corpora."""
    return [
        Published(
            label=f"{name}, {label_of(corpus, protocol)}", value=value, source="C",
            where=TABLES[protocol], beside=label_of(corpus, protocol),
            protocol=label_of(corpus, protocol),
        )
        for (corpus, protocol), figures in FIGURES.items()
        for name, value in figures.items()
        if corpus in corpora
    ]  # fmt: skip


def without_few_faces(clips, network):
    """Return the clips, those with too few faces marked as excluded, and how many these are."""
    few = (network.statuses(clips)["status"] == "few_faces").to_numpy()
    clips = clips.copy()
    clips.loc[few, "excluded"] = "few_faces"
    return clips, int(few.sum())


def counts(corpus, clips, n_few):
    """Return a notice of how many clips there are, beside the paper's."""
    what = NAMES[corpus] + (f" ({n_few} clips with too few faces removed)" if n_few else "")
    return describe_counts(what, clips, CLIPS[corpus], source="the paper")


# On drawn people: nothing is downloaded, and it takes minutes.
SYNTHETIC = {
    "weights": "random", "vgg19_width": 1 / 32, "vgg19_size": 64, "units": 128, "n_folds": 2,
    "subject_folds": 2, "epochs": 2, "detect_every": 4,
}  # fmt: skip


def experiment(
    rml=None, enterface=None, *, weights="imagenet", vgg19_width=1.0, vgg19_size=224, fine_tune=1,
    audio_dense=False, picture="log-mel", units=4096, subject_folds=None, n_folds=10, epochs=100,
    learning_rate=1e-4, detector="haar", detect_every=1, least_faces=0.0, threshold=0.6,
    before=0.2, after=0.2, untrimmed=True, checkpoint=None,
):  # fmt: skip
    """Return the network on strangers, with and without trimmed clips, and on people it knows.

    Parameters
    ----------
    weights : str
        VGG19's: imagenet (downloaded and checked) or random.
    picture : str
        Of the voice: log-mel or mfcc, the paper says both.
    subject_folds : int or None
        Folds by subject instead of leaving out one after the other.
    n_folds : int
        Folds of mixed subjects.
    threshold : float
        Share of a window's energy between 300 and 3000 Hz that is speech.
    before, after : float
        Seconds that stay around the speech.
    untrimmed : bool
        Also a result on whole clips, without voice activity detection.
    """
    folders = {k: v for k, v in (("rml", rml), ("enterface", enterface)) if v is not None}
    network = SegmentAttentionNetwork(
        vgg19=VGG19Features(
            weights=weights, width=vgg19_width, size=vgg19_size, fine_tune=fine_tune
        ),
        faces=FaceCrops(detector=detector, detect_every=detect_every),
        speech=SpeechTrim(threshold=threshold, before=before, after=after),
        picture=picture, least_faces=least_faces, audio_dense=audio_dense, units=units,
        training=Training(epochs=epochs, learning_rate=learning_rate, checkpoint=checkpoint),
        progress=True,
    )  # fmt: skip
    options = {"checkpoint": checkpoint, "progress": True}
    strangers = {"cv": subject_folds or LeaveOneGroupOut()} | options
    results, notices, comparisons = {}, [], []
    for corpus, folder in folders.items():
        clips, n_few = without_few_faces(load_corpus(corpus, folder), network)
        notices.append(counts(corpus, clips, n_few))
        corpus_results = {label_of(corpus, "strangers"): evaluate(network, clips, **strangers)}
        if untrimmed:
            whole = network.set_params(speech=None)
            corpus_results[label_of(corpus, "untrimmed")] = evaluate(whole, clips, **strangers)
            network.set_params(speech=SpeechTrim(threshold=threshold, before=before, after=after))
            comparisons += differences(corpus_results, [label_of(corpus, "untrimmed")])
        corpus_results[label_of(corpus, "mixed")] = evaluate(
            network, clips, cv=n_folds, subject_dependent=True, **options
        )
        results |= corpus_results
    return Experiment(
        name="segment_attention",
        title="VGG19, LSTM and attention over voice and face",
        question="How well do voice and face together tell emotions of people never met before?",
        results=results,
        references=[label for label in results if label.endswith(PROTOCOLS["untrimmed"])],
        published=published_figures(folders),
        comparisons=comparisons,
        notices=[
            *notices,
            "'subjects mixed' trains and tests on the same people, as the paper's k-fold table "
            "does (it does not say k): compare it with that table only.",
            *({"text": text, "severity": "information"} for text in DEVIATIONS),
        ],
    )


if __name__ == "__main__":
    run_script(experiment)
