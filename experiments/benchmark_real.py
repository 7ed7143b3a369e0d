"""How often is emopipe right on people it has not met, on real recordings, and who does better?

One table for every corpus that is named: RAVDESS voices, voices with action units, published scores
of RAVDESS takes, CREMA-D's voters, audio-visual clips of your own (mine), the London faces.
Every choice is made on inner folds by subject. Rows say what may be known of whom is tested:
nothing, 8 unlabelled clips, or all of them. openSMILE's features stand beside ours
(--set opensmile=True, extra `bench`). Differences are tested between the fusion (or ensemble) and
what it is made of or measured against, under the same conditions.

  emopipe run benchmark_real --corpus ravdess=FOLDER --set action_units=action_units.csv
  emopipe run benchmark_real --corpus mine=clips.csv --set landmarker=face_landmarker.task
"""

import tempfile
from pathlib import Path

import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from emopipe import (
    BlendshapeFeatures,
    EmotionWeightedFusion,
    Experiment,
    FaceCrops,
    FaceTexture,
    FeatureTable,
    MiniXceptionFeatures,
    ONNXFaceFeatures,
    ScoreColumns,
    ShortTermStatistics,
    StackedFusion,
    SubjectScaler,
    compare_pairs,
    evaluate,
    face_ensemble,
    load_corpus,
    make_clip_pipeline,
    run_script,
    voice_ensemble,
)

EMOTIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness")  # of CREMA-D
TAKE = r"\d\d-((?:\d\d-){5}\d\d)"  # a RAVDESS file name without its modality field
RULES = ("equal weights", "recall rule", "searched weights", "product", "log pool", "stacking")
RECOMMENDED = ("voice ensemble", "product", "log pool")  # their differences are tested
BOTH_VOTERS = "CREMA-D votes: both voters"  # no part of a fusion of voice and face
KNOWN = {0: "nothing known", 8: "8 unlabelled clips", "all": "all unlabelled clips"}
SYNTHETIC = {"n_folds": 2, "votes_folds": 2, "unlabelled": (0,), "speeds": ()}


def linear():
    """Return a linear classifier for many values: its shrinkage needs no search."""
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


def of_subject(extractor, unlabelled):
    """Return the extractor, standardised by subject as far as `unlabelled` allows."""
    if not unlabelled:
        return extractor
    return SubjectScaler(extractor, n_clips=None if unlabelled == "all" else unlabelled)


def fusions(modalities):
    """Return every fusion rule, by its name in the table."""
    return {
        "equal weights": EmotionWeightedFusion(modalities),
        "recall rule": EmotionWeightedFusion(modalities, weights="recall"),
        "searched weights": EmotionWeightedFusion(modalities, weights="search"),
        "product": EmotionWeightedFusion(modalities, pool="log", weights="equal"),
        "log pool": EmotionWeightedFusion(modalities, pool="log"),
        "stacking": StackedFusion(modalities),
    }


def opensmile_tables(clips, folder):
    """Return FeatureTables of openSMILE's functionals of the clips, by the name of their set."""
    try:
        import opensmile
    except ImportError:
        raise ImportError("opensmile is not installed: pip install 'emopipe[bench]'") from None
    tables = {}
    for name in ("eGeMAPSv02", "ComParE_2016"):
        csv = Path(folder) / f"{name}.csv"
        if not csv.exists():
            csv.parent.mkdir(parents=True, exist_ok=True)
            smile = opensmile.Smile(feature_set=opensmile.FeatureSet[name], num_workers=2)
            values = smile.process_files(clips["path"].tolist()).reset_index(drop=True)
            values.assign(clip=clips["clip"].to_numpy()).to_csv(csv, index=False)
        tables[name] = FeatureTable(csv, key="clip", column="clip")
    return tables


def in_words(unlabelled):
    """Return what is known of whom is tested, in words."""
    return KNOWN.get(unlabelled, f"{unlabelled} unlabelled clips")


def linear_svm(features):
    """Return a linear SVM whose C is chosen on inner folds by subject."""
    pipeline = make_clip_pipeline(features, StandardScaler(), SVC(kernel="linear"))
    return GridSearchCV(pipeline, {"svc__C": [1e-4, 1e-3, 1e-2, 0.1]}, cv=GroupKFold(3))


def with_tables(ensemble, tables, unlabelled):
    """Return the voice ensemble with a member on each table of features, too."""
    members = [(name, of_table(name, table, unlabelled)) for name, table in tables.items()]
    return EmotionWeightedFusion([*ensemble.estimators, *members], pool="log", weights="mean")


def of_table(name, table, unlabelled):
    """Return the linear classifier of an openSMILE table without a search."""
    classifier = linear() if name.startswith("eGeMAPS") else LogisticRegression(C=0.003)
    return make_clip_pipeline(of_subject(table, unlabelled), StandardScaler(), classifier)


def voice_rows(unlabelled, speeds, smile):
    """Yield (label, estimator) of voices alone."""
    statistics = ShortTermStatistics(progress=True)
    for how_much in unlabelled:
        options = {"unlabelled_clips": how_much, "progress": True}
        rows = {
            "68 statistics, SVM": make_clip_pipeline(
                of_subject(statistics, how_much), StandardScaler(), SVC(C=10)
            )
        }
        for name, table in smile.items():
            rows[f"{name}, linear SVM"] = linear_svm(of_subject(table, how_much))
            kind = "LDA" if name.startswith("eGeMAPS") else "logistic regression"
            rows[f"{name}, {kind}"] = of_table(name, table, how_much)
        if speeds:
            rows["ensemble without copies"] = voice_ensemble(**options)
        rows["voice ensemble"] = voice_ensemble(speeds=speeds, **options)
        if smile:
            rows["voice ensemble and openSMILE"] = with_tables(
                rows["voice ensemble"], smile, how_much
            )
        yield from ((f"{name}; {in_words(how_much)}", row) for name, row in rows.items())


def ravdess_voice(clips, unlabelled, speeds, smile, options):
    """Return results of RAVDESS voices, also with both speaker and sentence unseen."""
    results = {
        f"RAVDESS voice: {label}": evaluate(estimator, clips, **options)
        for label, estimator in voice_rows(unlabelled, speeds, smile)
    }
    if clips["statement"].nunique() > 1:
        for how_much in unlabelled:
            unseen = voice_ensemble(unlabelled_clips=how_much, speeds=speeds, progress=True)
            label = f"RAVDESS voice, sentence unseen, too: voice ensemble; {in_words(how_much)}"
            results[label] = evaluate(unseen, clips, groups=["subject", "statement"], **options)
    return results


def voice_and_face(corpus, clips, faces, unlabelled, speeds, rules, options):
    """Return results of the voice, of every set of face features and of all; fuse the last."""
    results = {}
    for how_much in unlabelled:
        rows = {"voice": voice_ensemble(unlabelled_clips=how_much, speeds=speeds, progress=True)}
        for name, face in faces.items():
            rows[name] = face_ensemble({name: face}, unlabelled_clips=how_much)
        if len(faces) > 1:
            name = "all face sets"
            rows[name] = face_ensemble(faces, unlabelled_clips=how_much)
        every = fusions([("voice", rows["voice"]), ("face", rows[name])])
        rows |= {f"voice + {name}, {rule}": every[rule] for rule in rules}
        for name, estimator in rows.items():
            label = f"{corpus}: {name}; {in_words(how_much)}"
            results[label] = evaluate(estimator, clips, **options)
    return results


def published_systems(csv, options):
    """Return results of published systems' scores, alone and fused by every rule."""
    clips = pd.read_csv(csv, dtype={"take": str, "subject": str})
    clips = clips.rename(columns={"take": "clip"}).assign(corpus="ravdess")
    systems = dict.fromkeys(name.rpartition("_")[0] for name in clips if name.endswith("_neutral"))
    single = [(name, ScoreColumns(prefix=f"{name}_")) for name in systems]
    return {
        f"published scores: {label}": evaluate(estimator, clips, **options)
        for label, estimator in (dict(single) | fusions(single)).items()
    }


def vote_regression(*modes, sentence=False):
    """Return a regression on how many voters answered what and how sure, and on the sentence."""
    columns = [f"{kind}_{m}_{e}" for kind in ("votes", "levels") for m in modes for e in EMOTIONS]
    parts = [("passthrough", columns)]
    if sentence:
        parts.append((OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["statement"]))
    features = make_column_transformer(*parts)
    return make_clip_pipeline(features, StandardScaler(), LogisticRegression(C=0.1, max_iter=1000))


def cremad_voters(clips, options):
    """Return results of voters of one mode, of both, and of the fusions of voice and face."""
    modes = {name: ScoreColumns(prefix=f"votes_{name}_") for name in ("voice", "face", "both")}
    rows = {f"{name} voters": mode for name, mode in modes.items()}
    rows |= fusions([(name, modes[name]) for name in ("voice", "face")])
    learned = {f"{name} judged": vote_regression(name) for name in ("voice", "face")}
    every = fusions(list(learned.items()))
    rows |= learned
    rows |= {f"voice judged + face judged, {r}": every[r] for r in ("product", "log pool")}
    rows["voice and face, one regression"] = vote_regression("voice", "face")
    rows["the same and the sentence"] = vote_regression("voice", "face", sentence=True)
    return {
        f"CREMA-D votes: {label}": evaluate(estimator, clips, **options)
        for label, estimator in rows.items()
    }


def split_label(label):
    """Return corpus, system and terms, of a result's label."""
    corpus, _, rest = label.partition(": ")
    system, _, terms = rest.partition("; ")
    return corpus, system, terms


def pairs_to_test(results):
    """Return pairs (a, b) of labels: b is what is recommended, a no fusion, on the same terms."""
    pairs = []
    for label in results:
        corpus, system, terms = split_label(label)
        if system.rpartition(", ")[2] in RECOMMENDED:
            others = [other for other in results if split_label(other)[::2] == (corpus, terms)]
            pairs += [(other, label) for other in others if not is_combined(other)]
    return pairs


def is_combined(label):
    """Say whether a result is the voice ensemble's, or a fusion's."""
    return split_label(label)[1].rpartition(", ")[2] in {*RULES, *RECOMMENDED}


def sentences(results):
    """Return a sentence about each fusion: for how many people it is above each of its parts."""
    single = [label for label in results if not is_combined(label) and label != BOTH_VOTERS]
    texts = []
    for label in results:
        corpus, system, terms = split_label(label)
        if system.rpartition(", ")[2] in RULES:
            shares = share_right(results[label])
            names = system.rpartition(", ")[0].split(" + ")
            parts = [
                share_right(results[other])
                for other in single
                if split_label(other)[::2] == (corpus, terms)
                and (names == [""] or split_label(other)[1] in names)
            ]
            n = sum(shares[person] > max(part[person] for part in parts) for person in shares)
            texts.append(f"{label}: above each part for {n} of {len(shares)} people.")
    return texts


def share_right(result):
    """Return, by subject, the share of clips that were recognised."""
    table = result.predictions
    return (table["predicted"] == table["emotion"]).groupby(table["subject"]).mean().to_dict()


def london(clips, faces, options):
    """Return results of photographs, for every set of face features at hand, and for all."""
    rows = {
        name: make_clip_pipeline(extractor, StandardScaler(), LogisticRegression(C=0.01))
        for name, extractor in faces.items()
    }
    if len(faces) > 1:
        rows["all face sets"] = face_ensemble(faces)
    return {
        f"London faces: {name}": evaluate(estimator, clips, **options)
        for name, estimator in rows.items()
    }


def face_features(detector_model, expression_network, landmarker, mini_xception_weights):
    """Return the face features whose files are at hand, the most telling last."""
    points = {"detector": "yunet", "detector_model": detector_model}
    aligned = FaceCrops(**points, align="landmarks")
    extractors = {
        "gradients": FaceTexture(faces=aligned, progress=True),
        "binary patterns": FaceTexture(descriptor="binary_patterns", faces=aligned, progress=True),
    }
    if mini_xception_weights:
        extractors["mini-XCEPTION"] = MiniXceptionFeatures(
            weights=mini_xception_weights, layer="log_probabilities", faces=FaceCrops(**points)
        )
    if expression_network:
        extractors["expression network"] = ONNXFaceFeatures(
            model=expression_network, faces=aligned, progress=True
        )
    if landmarker:
        extractors["blendshapes"] = BlendshapeFeatures(
            model=landmarker, faces=FaceCrops(**points, align=True), progress=True
        )
    return extractors


def experiment(
    ravdess=None, cremad=None, mine=None, london_faces=None, *, action_units=None,
    published_scores=None, landmarker=None, expression_network=None, detector_model=None,
    mini_xception_weights=None, opensmile=False, unlabelled=(0, 8, "all"), speeds=(0.92, 1.09),
    rules=RULES, n_folds: int | str = 4, votes_folds: int | str = 10, own_folds="loso",
    face_sets=None, checkpoint=None,
):  # fmt: skip
    """Return one table of every corpus and file that is named.

    Parameters
    ----------
    action_units
        CSV of OpenFace's action units of RAVDESS takes; None: without them
    published_scores
        CSV of published systems' scores of RAVDESS takes; None: without them
    landmarker
        file of MediaPipe's face landmarker (mine, london_faces); None: no blendshapes
    expression_network
        ONNX file of a network of expressions (mine, london_faces); None: without
    detector_model
        file of the face detector YuNet; None: the published one, downloaded and checked
    mini_xception_weights
        file of mini-XCEPTION's weights (london_faces); None: without
    opensmile
        also openSMILE's features of RAVDESS voices
    unlabelled
        clips known of whom is tested, without their emotions; 'all': all of them
    speeds
        of copies that the voice ensemble trains on; (): none
    rules
        fusion rules of voice and face
    votes_folds
        folds by subject of CREMA-D's voters
    own_folds
        folds of mine, or loso: every subject left out once
    face_sets
        features of faces, by name; None: all whose files are at hand
    """
    tasks = []
    faces = face_features(detector_model, expression_network, landmarker, mini_xception_weights)
    faces = {name: faces[name] for name in face_sets or faces}
    options = {"cv": n_folds, "checkpoint": checkpoint}
    how = (unlabelled, speeds, rules)
    if ravdess is not None:
        clips = load_corpus("ravdess", ravdess, modality="audio")
        with tempfile.TemporaryDirectory() as folder:
            smile = opensmile_tables(clips, checkpoint or folder) if opensmile else {}
            tasks.append(ravdess_voice(clips, unlabelled, speeds, smile, options))
        if action_units is not None:
            units = {"action units": FeatureTable(action_units, key="clip", pattern=TAKE)}
            name = "RAVDESS voice and face"
            tasks.append(voice_and_face(name, clips, units, *how, options))
    if published_scores is not None:
        tasks.append(published_systems(published_scores, options))
    if cremad is not None:
        clips = load_corpus("cremad", cremad, files=False)
        tasks.append(cremad_voters(clips, options | {"cv": votes_folds}))
    if mine is not None:
        clips, split = load_corpus("mine", mine), options | {"cv": own_folds}
        tasks.append(voice_and_face("own clips", clips, faces, *how, split))
    if london_faces is not None:
        clips = load_corpus("london_faces", london_faces)
        tasks.append(london(clips, faces, options))
    if not tasks:
        raise ValueError("name at least one corpus, or published_scores")
    results = {label: result for task in tasks for label, result in task.items()}
    return Experiment(
        name="benchmark_real",
        title="Real recordings, people not met",
        question="How often is each recogniser right on people it has not met?",
        results=results,
        answer=sentences(results),
        comparisons=compare_pairs(results, pairs_to_test(results)),
    )


if __name__ == "__main__":
    run_script(experiment)
