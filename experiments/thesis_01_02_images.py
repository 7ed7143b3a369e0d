"""Experiments 1 and 2 of the thesis: does VGG-Face, retrained on still images, know emotions?

1: fc6 is kept and 256 units are trained on it. 2: 512 and 256 units are trained on the last
convolution block. Both learn from SFEW, RaFD (frontal and 45 degrees) and JAFFE together and are
tested on SFEW's test pictures as they are, on augmented copies of them, and on AFEW's test videos.
Who does not have the emotions of the test sets tests on the validation sets (--set
cv=official-val).
"""

from sklearn.base import clone

from emopipe import (
    Experiment,
    FaceCrops,
    MiniXceptionFeatures,
    Published,
    Training,
    VGGFaceClassifier,
    VGGFaceFeatures,
    combine,
    evaluate,
    load_corpus,
    run_script,
)

# Units of the new layers, and the last one of VGG-Face that is kept; mini-XCEPTION has one only.
SYSTEMS = {"1": ((256,), "fc6"), "2": ((512, 256), "pool5")}
BASES = {"vggface": VGGFaceFeatures, "mini_xception": MiniXceptionFeatures}
THESIS = {"1: pictures": 0.4220, "1: augmented pictures": 0.5625, "2: pictures": 0.4829,
          "2: augmented pictures": 0.65, "2: videos": 0.2774}  # fmt: skip

# On drawn people: nothing is downloaded, and it takes minutes.
SYNTHETIC = {"weights": "random", "copies": 1, "n_frames": 2, "epochs": 3}


def experiment(
    sfew, rafd, jaffe, afew, *, base="vggface", weights="default", detector="haar", copies=8,
    n_frames=10, rescale=(576, 1020), epochs=100, systems=("1", "2"), cv="official",
):  # fmt: skip
    """Return both systems on SFEW's test pictures, augmented or not, and on AFEW's test videos.

    Parameters
    ----------
    systems : tuple of str
        "1": fc6 is kept; "2": two layers are trained on the last convolution block.
    """
    sfew, rafd, jaffe, afew = (
        load_corpus(name, root)
        for name, root in {"sfew": sfew, "rafd": rafd, "jaffe": jaffe, "afew": afew}.items()
    )
    seven = sorted(set(sfew["emotion"].dropna()))
    rafd = rafd[rafd["angle"].isin([45, 90, 135]) & rafd["emotion"].isin(seven)]
    stills = [table.assign(train_only=True) for table in (rafd, jaffe)]
    tested = "val" if cv == "official-val" else "test"
    taught = sfew[~sfew["split"].isin([tested, "test"])].assign(train_only=True)
    pictures = combine(taught, *stills, sfew[sfew["split"] == tested])
    videos = combine(taught, *stills, afew[afew["split"] == tested])
    results = {}
    for name in systems:
        units, layer = SYSTEMS[name]
        faces = BASES[base](
            layer=layer if base == "vggface" else "pooled",
            faces=FaceCrops(detector=detector, n_frames=n_frames), progress=True,
            **{} if weights == "default" else {"weights": weights},
        )  # fmt: skip
        face = VGGFaceClassifier(
            units, features=faces, augmentation="thesis", copies=copies, rescale=rescale,
            training=Training(epochs=epochs, patience=10),
        )  # fmt: skip
        copied = clone(face).set_params(predict_copies=1)
        for on, estimator, clips in [
            ("pictures", face, pictures),
            ("augmented pictures", copied, pictures),
            ("videos", face, videos),
        ]:
            results[f"{name}: {on}"] = evaluate(estimator, clips, cv=cv)
    return Experiment(
        name="thesis_01_02_images",
        title="Thesis, experiments 1 and 2: still images",
        question="Does VGG-Face, retrained on still images, recognise emotions?",
        results=results,
        published=[
            Published(
                label=label,
                value=value,
                source="thesis",
                beside=label,
                where="section 4.2" if "videos" in label else "section 4.1",
                protocol="AFEW's videos" if "videos" in label else "SFEW's pictures",
            )
            for label, value in THESIS.items()
            if label in results
        ],
        notices=[
            "Augmented pictures: each test face is judged by one copy of it, drawn from the "
            "thesis' grid. The thesis ran its generator over all images, which may mean training "
            "images, too.",
            "The thesis cropped SFEW's faces by hand; here the detector finds them, and pictures "
            "without a face that it finds count as wrong.",
        ],
    )


if __name__ == "__main__":
    run_script(experiment)
