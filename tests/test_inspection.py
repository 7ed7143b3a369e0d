"""Inspection: what estimators declare, and what is found inside others."""

import inspect

import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import emopipe
from emopipe import (
    AudioVisualCNN,
    EmotionWeightedFusion,
    FaceCrops,
    FaceTexture,
    FeatureTable,
    MiniXceptionFeatures,
    SegmentAttentionNetwork,
    ShortTermStatistics,
    SoftmaxClassifier,
    SubjectScaler,
    TemporalAggregation,
    Training,
    VGG19Features,
    VGGFaceClassifier,
    VGGFaceFeatures,
    VoiceFunctionals,
    make_clip_pipeline,
)
from emopipe import inspection as look
from emopipe.extraction import ClipTransformer, Recipe, loudness
from emopipe.inspection import ClipEstimator, SelfDescribing

RANDOM = VGGFaceFeatures(weights="random")
CLIPS = [
    ShortTermStatistics(), VoiceFunctionals(), FaceTexture(), MiniXceptionFeatures(), RANDOM,
    AudioVisualCNN(), TemporalAggregation(), FeatureTable("x.csv", key="file"),
    SegmentAttentionNetwork(vgg19=VGG19Features(weights="random")),
    VGGFaceClassifier(features=VGGFaceFeatures(weights="random", layer="fc6")),
]  # fmt: skip


class Loudness(ClipTransformer):
    """An extractor of the user's own."""

    def _recipe(self):
        return Recipe("loudness", 1, loudness)

    def _feature_names(self):
        return ["loudness"]


def test_every_public_estimator_with_a_column_of_paths_is_declared():
    public = [getattr(emopipe, name) for name in emopipe.__all__]
    kinds = {k for k in public if inspect.isclass(k) and issubclass(k, BaseEstimator)}
    with_paths = {k for k in kinds if "column" in inspect.signature(k).parameters}
    declared = {k for k in kinds if issubclass(k, ClipEstimator)}
    assert with_paths <= declared
    assert {type(clips) for clips in CLIPS} <= declared


@pytest.mark.parametrize("estimator", CLIPS, ids=lambda e: type(e).__name__)
def test_what_is_declared_is_there(estimator):
    assert all(isinstance(recipe, Recipe) for recipe in estimator.recipes())
    assert bool(estimator.recipes()) != isinstance(estimator, FeatureTable)
    assert estimator.path_columns() == ["path"]
    assert all(isinstance(notice, str) for notice in estimator.notices())
    for _, part in look.parts(estimator, descriptions=True):
        if isinstance(part, SelfDescribing):
            parameters = {*inspect.signature(type(part)).parameters}
            assert {*look.machine_defaults(part)} <= part.MACHINE_PARAMETERS & parameters


def composite():
    voice = make_clip_pipeline(ShortTermStatistics(n_jobs=2), StandardScaler(), SVC())
    both = FeatureUnion([("texture", FaceTexture(faces=FaceCrops(detector=None))), ("own", RANDOM)])
    face = make_clip_pipeline(both, LogisticRegression())
    scaled = make_pipeline(SubjectScaler(VoiceFunctionals(), n_clips=8), SVC())
    network = AudioVisualCNN(audio_column="audio")
    parts = [("voice", voice), ("face", face), ("scaled", scaled), ("network", network)]
    return GridSearchCV(EmotionWeightedFusion(parts, calibration=None), {"voice__svc__C": [1, 2]})


def test_composites_are_walked_through():
    search = composite()
    assert list(look.clip_estimators(search)) == [
        "network", "voice", "scaled", "face__featureunion__texture", "face__featureunion__own",
    ]  # fmt: skip
    assert list(look.recipes(search)) == [
        "network", "network[1]", "voice__shorttermstatistics", "scaled__subjectscaler",
        "face__featureunion__texture", "face__featureunion__own",
    ]  # fmt: skip
    assert {"calibration=", "VGG-Face has"} <= {text[:12] for text in look.notices(search)}
    assert look.unlabelled_clips(search) == 8
    assert look.path_columns(search) == ["audio", "path"]
    assert look.title(search.estimator.estimators[0][1]) == (
        "ShortTermStatistics, StandardScaler, SVC")  # fmt: skip


def test_nothing_is_known_of_a_test_person_unless_it_is_declared():
    assert look.unlabelled_clips(SVC()) == 0
    scaler = SubjectScaler(VoiceFunctionals())
    assert look.unlabelled_clips(make_pipeline(scaler, SVC())) == "all unlabelled clips"


@pytest.mark.parametrize(
    ("estimator", "needs"),
    [(FaceTexture(), False), (ShortTermStatistics(), False), (RANDOM, True), (SVC(), False),
     (VGGFaceFeatures(runtime="openvino"), False), (MiniXceptionFeatures(), True),
     (AudioVisualCNN(), True), (SoftmaxClassifier(), True)],
    ids=repr,
)  # fmt: skip
def test_only_what_needs_keras_says_so(estimator, needs):
    assert look.uses_keras(make_pipeline(StandardScaler(), estimator)) == needs


def test_an_extractor_of_the_users_own_reads_as_it_is_told_and_is_set_back():
    model = make_clip_pipeline(Loudness(n_jobs=3), StandardScaler(), SVC())
    network = VGGFaceClassifier(features=VGGFaceFeatures(weights="random", n_jobs=4))
    for estimator, extractor in ((model, model[0]), (network, network.features)):
        before = look.reading(estimator)
        with look.read_with(estimator, store="elsewhere", n_jobs=1):
            assert (extractor.store, extractor.n_jobs) == ("elsewhere", 1)
            assert look.reading(estimator) == {"store": "elsewhere", "n_jobs": 1}
        assert look.reading(estimator) == before and extractor.store == "default"


def test_parameters_of_a_machine_go_back_to_their_defaults():
    training = Training(checkpoint="runs", workers=7, epochs=3)
    face = MiniXceptionFeatures(store=None, n_jobs=2, batch_size=5, pooling="max")
    machine = SVC(cache_size=7, C=3)
    for part in (training, face, machine):
        look.reset_machine(part)
    assert repr(training) == "Training(epochs=3)" and repr(machine) == "SVC(C=3)"
    assert repr(face) == "MiniXceptionFeatures(pooling='max')"
