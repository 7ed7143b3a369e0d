import inspect
import json

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from emopipe import (
    AudioVisualCNN,
    FaceCrops,
    FaceTexture,
    MiniXceptionFeatures,
    ONNXFaceFeatures,
    SegmentAttentionNetwork,
    TemporalAggregation,
    VGG19Features,
    VGGFaceClassifier,
    VGGFaceFeatures,
)
from emopipe.face import in_recipe
from emopipe.inspection import parts

FEATURES = [VGGFaceFeatures, MiniXceptionFeatures, FaceTexture]
NETWORKS = [AudioVisualCNN, TemporalAggregation, SegmentAttentionNetwork]
# What stored features are known by: arguments as the store has had them since its second engine.
ASKED = {
    "align": False, "choose": "largest", "detect_every": 1, "detector": "haar", "fps": 5.0,
    "n_frames": None, "policy": "track",
}  # fmt: skip
OWN = [(VGGFaceFeatures, 224, 0.2), (MiniXceptionFeatures, 48, 0.03), (FaceTexture, 64, 0.03)]


def crop_args(estimator):
    recipe = estimator._recipe()
    assert dict(recipe.identity) == in_recipe(recipe.prepare_args["detector"], None)["identity"]
    written = json.loads(recipe.parameters)["prepare_args"]
    assert written == dict(recipe.prepare_args) | dict(recipe.identity)
    return json.dumps(dict(recipe.prepare_args), sort_keys=True)


@pytest.mark.parametrize(("kind", "side", "margin"), OWN)
def test_stored_features_keep_their_keys(kind, side, margin):
    expected_args = ASKED | {"size": [side, side], "margin": margin}
    assert crop_args(kind()) == json.dumps(expected_args, sort_keys=True)
    crops = FaceCrops(
        detector="yunet", fps="all", margin=1, align=1, trust="all", prefer="central",
        detect_every=2.0,
    )  # fmt: skip
    other = expected_args | {
        "detector": "yunet", "fps": None, "margin": 1.0, "align": True, "policy": "all",
        "choose": "central", "detect_every": 2,
    }  # fmt: skip
    assert crop_args(kind(faces=crops)) == json.dumps(other, sort_keys=True)
    speaker = kind(faces=FaceCrops(detector="yunet", prefer="speaking"))._recipe()
    assert speaker.identity["speaker"] == 2 and "speaker" not in kind()._recipe().identity
    few = expected_args | {"n_frames": 10, "fps": None}
    assert crop_args(kind(faces=FaceCrops(n_frames=10, fps=2))) == json.dumps(few, sort_keys=True)
    assert crop_args(kind(faces=FaceCrops(fps=25))) == json.dumps(
        expected_args | {"fps": 25.0}, sort_keys=True
    )


def recipes(network):
    return network.recipes()


def test_stored_crops_of_networks_and_copies_keep_their_keys():
    vgg19 = VGG19Features(weights="random")
    base = MiniXceptionFeatures(layer="pooled")
    few = VGGFaceClassifier(features=base, augmentation=[{"zoom": 1.5}], copies=None)
    made = [AudioVisualCNN(), TemporalAggregation(), SegmentAttentionNetwork(vgg19=vgg19), few]
    arguments = {
        recipe.name: (recipe.version, recipe.pooling, dict(recipe.prepare_args))
        for estimator in made for recipe in estimator.recipes() if recipe.prepare_args.get("size")
    }  # fmt: skip
    plain = {"detector": "haar", "detect_every": 1}
    faces = ASKED | {"size": [48, 48], "margin": 0.03, "rescale": None, "n": None}
    zoomed = {
        "rotation": 0.0, "flip_horizontal": False, "flip_vertical": False, "zoom": 1.5,
        "scale": 1.0, "right": 0.0, "down": 0.0,
    }  # fmt: skip
    speech = {"band": [300.0, 3000.0], "threshold": 0.6, "floor": 40.0, "before": 0.2, "after": 0.2}
    stack = {"size": [98, 80], "margin": 0.0, "n_frames": 20, "grey": True}
    timed = {"size": [224, 224], "margin": 0.2, "n_frames": 30}
    assert arguments.pop("vgg19_video") == (
        1, "timed", plain | {"size": [227, 227], "margin": 0.2, "rule": speech})  # fmt: skip
    del arguments["spectrogram"]
    assert arguments == {
        "face_stack": (1, "stack", plain | stack),
        "timed_faces": (1, "stack", plain | timed),
        "mini_xception_faces": (1, "stack", faces | {"transforms": None}),
        "mini_xception_copies": (1, "stack", faces | {"transforms": [zoomed]}),
    }


@pytest.mark.parametrize(
    ("kind", "n_frames", "size", "margin"),
    [(AudioVisualCNN, 20, (98, 80), 0.0), (TemporalAggregation, 30, (224, 224), 0.2)],
)
def test_one_parameter_of_a_networks_crops_leaves_the_others(kind, n_frames, size, margin):
    plain, other = (recipes(kind(faces=FaceCrops(detector=name)))[0] for name in ("haar", None))
    assert recipes(kind())[0].key == plain.key != other.key
    for recipe in (plain, other):
        crops = recipe.prepare_args
        assert (crops["n_frames"], crops["size"], crops["margin"]) == (
            n_frames, list(size), margin)  # fmt: skip


@pytest.mark.parametrize("kind", [*FEATURES, *NETWORKS])
def test_a_default_belongs_to_nobody(kind):
    changed = kind().set_params(faces__detector="ssd", faces__margin=0.4)
    assert changed.faces.detector == "ssd" and changed.faces.margin == 0.4
    assert kind().faces.get_params() == FaceCrops().get_params()
    assert repr(clone(changed)) == repr(changed) and "detector='ssd'" in repr(changed)
    assert clone(changed).faces is not changed.faces
    assert "faces" not in repr(clone(kind()))


def test_a_grid_reaches_into_the_crops():
    steps = make_pipeline(FaceTexture(), LogisticRegression())
    params = steps.get_params()
    for name in FaceCrops().get_params():
        assert f"facetexture__faces__{name}" in params
    inside = clone(steps).set_params(facetexture__faces__detector="yunet")
    assert inside[0].faces.detector == "yunet" and steps[0].faces.detector == "haar"
    names = [name for name, _ in parts(steps)]
    assert names.count("facetexture__faces") == 1


@pytest.mark.filterwarnings("ignore")
def test_a_search_tries_crops(tmp_path):
    import cv2

    paths, labels = [], ["anger", "fear"] * 2
    for n in range(4):
        picture = np.zeros((64, 64), np.uint8)
        picture[:, :32] = 200
        paths.append(str(tmp_path / f"{n}.png"))
        cv2.imwrite(paths[-1], picture if n % 2 else picture.T)
    face = FaceTexture(faces=FaceCrops(detector=None), store=str(tmp_path / "s"), n_jobs=1)
    grid = {"facetexture__faces__detector": ["haar", None]}
    search = GridSearchCV(make_pipeline(face, LogisticRegression()), grid, cv=2, error_score=0.0)
    assert search.fit(paths, labels).best_params_ == {"facetexture__faces__detector": None}
    assert search.best_score_ == 1.0 and face.faces.detector is None


def test_no_constructor_has_more_than_15_parameters():
    for kind in (*FEATURES, *NETWORKS, ONNXFaceFeatures, VGGFaceClassifier, FaceCrops):
        assert len(inspect.signature(kind).parameters) <= 15, kind


@pytest.mark.parametrize("wrong", [None, "haar", {"detector": "haar"}])
@pytest.mark.parametrize("kind", [FaceTexture, AudioVisualCNN])
def test_faces_must_be_crops(kind, wrong):
    with pytest.raises(TypeError, match=r"faces=.* must be FaceCrops\(\.\.\.\)"):
        recipes(kind(faces=wrong)) if kind in NETWORKS else kind(faces=wrong)._recipe()


@pytest.mark.parametrize("kind", NETWORKS)
@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"fps": 5}, "faces.fps=5 is for features such as VGGFaceFeatures; a network takes det"),
        ({"align": True}, "faces.align=True is for features"),
        ({"trust": "all"}, "faces.trust='all' is for features"),
        ({"prefer": "central"}, "faces.prefer='central' is for features"),
        ({"n_frames": 0}, "faces.n_frames=0 must be a whole number from 1"),
        ({"margin": float("nan")}, "faces.margin=nan must be a share of the box"),
        ({"detect_every": "2"}, "faces.detect_every='2' must be a whole number from 1"),
    ],
    ids=str,
)
def test_networks_name_what_is_wrong_with_their_crops(kind, parameters, words):
    with pytest.raises(ValueError, match=words):
        recipes(kind(faces=FaceCrops(**parameters)))
