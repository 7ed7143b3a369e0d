"""How often is emopipe right on people it has not met, on real recordings, and who does better?

One table for every corpus that is named: RAVDESS voices, voices with action units, published scores
of RAVDESS takes, CREMA-D's voters, audio-visual clips of your own (mine), the London faces.
Every choice is made on inner folds by subject. Rows say what may be known of whom is tested:
nothing, 8 unlabelled clips, or all of them. openSMILE's features stand beside ours
(--set opensmile=True, extra `bench`). Nothing here was tuned on the figures that it gives.

  emopipe run benchmark_real --corpus ravdess=FOLDER --set action_units=action_units.csv
  emopipe run benchmark_real --corpus mine=clips.csv --set landmarker=face_landmarker.task
"""

import tempfile
from pathlib import Path

import pandas as pd
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
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
    differences,
    evaluate,
    load_corpus,
    make_clip_pipeline,
    run_script,
    voice_ensemble,
)

TAKE = r"\d\d-((?:\d\d-){5}\d\d)"  # a RAVDESS file name without its modality field
KNOWN = {0: "nothing known", 8: "8 unlabelled clips", "all": "all unlabelled clips"}
SYNTHETIC = {"n_folds": 2, "votes_folds": 2, "unlabelled": (0,)}


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


def opensmile_table(clips, feature_set, folder):
    """Return a FeatureTable of openSMILE's functionals of the clips."""
    try:
        import opensmile
    except ImportError:
        raise ImportError("opensmile is not installed: pip install 'emopipe[bench]'") from None
    smile = opensmile.Smile(feature_set=opensmile.FeatureSet[feature_set], num_workers=2)
    table = smile.process_files(clips["path"].tolist()).reset_index(drop=True)
    csv = Path(folder) / f"{feature_set}.csv"
    table.assign(clip=clips["clip"].to_numpy()).to_csv(csv, index=False)
    return FeatureTable(csv, key="clip", column="clip")


def voice_rows(clips, unlabelled, smile, folder):
    """Yield (label, estimator) of voices alone."""
    statistics = ShortTermStatistics(progress=True)
    for how_much in unlabelled:
        note = KNOWN.get(how_much, f"{how_much} unlabelled clips")
        yield (
            f"68 statistics, SVM; {note}",
            make_clip_pipeline(of_subject(statistics, how_much), StandardScaler(), SVC(C=10)),
        )
        yield f"voice ensemble; {note}", voice_ensemble(unlabelled_clips=how_much, progress=True)
        for name in smile:
            table = of_subject(opensmile_table(clips, name, folder), how_much)
            yield f"{name}, LDA; {note}", make_clip_pipeline(table, StandardScaler(), linear())


def ravdess_voice(clips, unlabelled, smile, n_folds, folder):
    """Return results of RAVDESS voices, also with both speaker and sentence unseen."""
    results = {
        f"RAVDESS voice: {label}": evaluate(estimator, clips, cv=n_folds)
        for label, estimator in voice_rows(clips, unlabelled, smile, folder)
    }
    if clips["statement"].nunique() < 2:
        return results
    unseen = voice_ensemble(progress=True)
    results["RAVDESS voice: voice ensemble; speaker and sentence unseen"] = evaluate(
        unseen, clips, cv=n_folds, groups=["subject", "statement"]
    )
    return results


def ravdess_action_units(clips, action_units, unlabelled, n_folds):
    """Return results of voice, action units and their fusion."""
    results = {}
    for how_much in unlabelled:
        note = KNOWN.get(how_much, f"{how_much} unlabelled clips")
        units = FeatureTable(action_units, key="clip", pattern=TAKE)
        voice = voice_ensemble(unlabelled_clips=how_much, progress=True)
        face = make_clip_pipeline(of_subject(units, how_much), StandardScaler(), SVC(C=3))
        both = EmotionWeightedFusion([("voice", voice), ("face", face)], pool="log")
        for name, estimator in {"action units": face, "voice + action units": both}.items():
            results[f"RAVDESS: {name}; {note}"] = evaluate(estimator, clips, cv=n_folds)
    return results


def published_systems(csv, n_folds):
    """Return results of published systems' scores, alone and fused by every rule."""
    clips = pd.read_csv(csv, dtype={"take": str, "subject": str})
    clips = clips.rename(columns={"take": "clip"}).assign(corpus="ravdess")
    systems = dict.fromkeys(name.rpartition("_")[0] for name in clips if name.endswith("_neutral"))
    single = [(name, ScoreColumns(prefix=f"{name}_")) for name in systems]
    return {
        f"published scores: {label}": evaluate(estimator, clips, cv=n_folds)
        for label, estimator in (dict(single) | fusions(single)).items()
    }


def cremad_voters(clips, n_folds):
    """Return results of voters of one mode, of both, and of the fusions of voice and face."""
    modes = {name: ScoreColumns(prefix=f"votes_{name}_") for name in ("voice", "face", "both")}
    rows = {f"{name} voters": mode for name, mode in modes.items()}
    rows |= fusions([(name, modes[name]) for name in ("voice", "face")])
    return {
        f"CREMA-D votes: {label}": evaluate(estimator, clips, cv=n_folds)
        for label, estimator in rows.items()
    }


def own_clips(clips, face, unlabelled, cv):
    """Return results of voice, face and their fusion on audio-visual clips."""
    results = {}
    for how_much in unlabelled:
        note = KNOWN.get(how_much, f"{how_much} unlabelled clips")
        voice = voice_ensemble(unlabelled_clips=how_much, progress=True)
        face_pipeline = make_clip_pipeline(of_subject(face, how_much), StandardScaler(), linear())
        both = EmotionWeightedFusion(
            [("voice", voice), ("face", face_pipeline)], pool="log", weights="equal"
        )
        for name, estimator in {
            "voice": voice,
            "face": face_pipeline,
            "voice + face": both,
        }.items():
            results[f"own clips: {name}; {note}"] = evaluate(estimator, clips, cv=cv)
    return results


def london(clips, faces, n_folds):
    """Return results of photographs, for every set of face features at hand."""
    return {
        f"London faces: {name}": evaluate(
            make_clip_pipeline(extractor, StandardScaler(), LogisticRegression(C=0.01)),
            clips,
            cv=n_folds,
        )
        for name, extractor in faces.items()
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
    mini_xception_weights=None, opensmile=False, unlabelled=(0, 8, "all"), n_folds=4,
    votes_folds=10, own_folds="loso",
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
    votes_folds
        folds by subject of CREMA-D's voters
    own_folds
        folds of mine, or loso: every subject left out once
    """
    tasks = []
    files = (detector_model, expression_network, landmarker, mini_xception_weights)
    if ravdess is not None:
        clips = load_corpus("ravdess", ravdess, modality="audio")
        smile = ("eGeMAPSv02", "ComParE_2016") if opensmile else ()
        with tempfile.TemporaryDirectory() as folder:
            tasks.append(ravdess_voice(clips, unlabelled, smile, n_folds, folder))
        if action_units is not None:
            tasks.append(ravdess_action_units(clips, action_units, unlabelled, n_folds))
    if published_scores is not None:
        tasks.append(published_systems(published_scores, n_folds))
    if cremad is not None:
        tasks.append(cremad_voters(load_corpus("cremad", cremad, files=False), votes_folds))
    if mine is not None:
        *_, face = face_features(*files).values()
        tasks.append(own_clips(load_corpus("mine", mine), face, unlabelled, own_folds))
    if london_faces is not None:
        clips = load_corpus("london_faces", london_faces)
        tasks.append(london(clips, face_features(*files), n_folds))
    if not tasks:
        raise ValueError("name at least one corpus, or published_scores")
    return Experiment(
        name="benchmark_real",
        title="Real recordings, people not met",
        question="How often is each recogniser right on people it has not met?",
        results={label: result for task in tasks for label, result in task.items()},
        comparisons=[row for task in tasks for row in differences(task)],
    )


if __name__ == "__main__":
    run_script(experiment)
