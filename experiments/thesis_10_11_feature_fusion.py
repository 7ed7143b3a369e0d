"""Experiments 10 and 11 of the thesis: do features of face and voice, put together, beat scores?

256 activations of the retrained VGG-Face, averaged over a clip's faces, and 68 voice statistics
make 324 values; a PCA keeps 68; a dense layer of 14 with a softmax (10) or an SVM (11) decides.
The network learns from still images (SFEW, RaFD, JAFFE), all else from AFEW's training clips.
Who does not have the emotions of the test sets tests on the validation sets (--set
cv=official-val).
"""

from sklearn.decomposition import PCA
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import (
    Experiment,
    FaceCrops,
    MiniXceptionFeatures,
    Published,
    ShortTermStatistics,
    SoftmaxClassifier,
    Training,
    VGGFaceClassifier,
    VGGFaceFeatures,
    WhereFinite,
    combine,
    differences,
    evaluate,
    load_corpus,
    run_script,
)

BASES = {"vggface": VGGFaceFeatures, "mini_xception": MiniXceptionFeatures}
THESIS = {"10: dense 14 and softmax": 0.1981, "11: SVM": 0.21}

# On drawn people: nothing is downloaded, and it takes minutes.
SYNTHETIC = {
    "weights": "random", "copies": 1, "n_frames": 2, "epochs": 3, "n_components": 9,
}  # fmt: skip


def experiment(
    sfew, rafd, jaffe, afew, *, base="vggface", weights="default", detector="haar", copies=8,
    n_frames=10, rescale=(576, 1020), epochs=100, n_components=68, cv="official",
):  # fmt: skip
    """Return the two classifiers of fused features on AFEW's test clips.

    Parameters
    ----------
    n_components : int
        Values that the PCA keeps.
    """
    sfew, rafd, jaffe, afew = (
        load_corpus(name, root)
        for name, root in {"sfew": sfew, "rafd": rafd, "jaffe": jaffe, "afew": afew}.items()
    )
    rafd = rafd[rafd["angle"].isin([45, 90, 135]) & rafd["emotion"].isin(set(sfew["emotion"]))]
    tested = "val" if cv == "official-val" else "test"
    taught = sfew[~sfew["split"].isin([tested, "test"])].assign(train_only=True)
    clips = combine(taught, *(table.assign(train_only=True) for table in (rafd, jaffe)), afew)
    faces = BASES[base](
        layer="pool5" if base == "vggface" else "pooled",
        faces=FaceCrops(detector=detector, n_frames=n_frames), progress=True,
        **{} if weights == "default" else {"weights": weights},
    )  # fmt: skip
    face = VGGFaceClassifier(
        (512, 256), features=faces, augmentation="thesis", copies=copies, rescale=rescale,
        train_on="image", training=Training(epochs=epochs, patience=10),
    )  # fmt: skip
    both = FeatureUnion([("face", face), ("voice", ShortTermStatistics(progress=True))])
    classifiers = {
        "10: dense 14 and softmax": SoftmaxClassifier((14,)),
        "11: SVM": SVC(class_weight="balanced"),
    }
    # Still images have no voice: WhereFinite leaves them out of all that comes after the network.
    estimators = {
        label: make_pipeline(
            both, WhereFinite(make_pipeline(StandardScaler(), PCA(n_components), last))
        )
        for label, last in classifiers.items()
    }
    results = {k: evaluate(e, clips, cv=cv) for k, e in estimators.items()}
    return Experiment(
        name="thesis_10_11_feature_fusion",
        title="Thesis, experiments 10 and 11: feature fusion",
        question="Do features of face and voice, put together, recognise more than fused scores?",
        results=results,
        references=["10: dense 14 and softmax"],
        published=[
            Published(
                label=label,
                value=value,
                source="thesis",
                where="section 4.4",
                beside=label,
                protocol="AFEW, training on 700 clips",
            )
            for label, value in THESIS.items()
        ],
        comparisons=differences(results, ["10: dense 14 and softmax"]),
        notices=[
            "SFEW's pictures are frames of AFEW's films: those of SFEW's test part train nothing "
            "here."
        ],
    )


if __name__ == "__main__":
    run_script(experiment)
