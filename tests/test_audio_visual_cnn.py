"""System A: learns where the information is, on faces and voices of people never met."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from tiny_networks import backend_settings

from emopipe.corpora import load_corpus, usable
from emopipe.extraction import ClipWarning
from emopipe.face.augmentation_sheets import draw_clip_sheet
from emopipe.fusion import EmotionWeightedFusion, WhereFinite
from emopipe.networks.audio_visual_cnn.estimator import AudioVisualCNN
from emopipe.networks.audio_visual_cnn.graph import audio_visual_graph
from emopipe.synthetic import make_synthetic_corpus
from emopipe.voice import ShortTermStatistics

BY_VOICE, BY_FACE = ["anger", "happiness"], ["sadness", "disgust"]
TINY = {
    "faces__n_frames": 3,
    "faces__size": (49, 40),
    "spectrogram_size": (48, 32),
    "n_copies": 4,
    "layers__visual_widths": (8, 16, 16),
    "layers__audio_widths": (8, 16),
    "layers__visual_features": 64,
    "layers__audio_features": 16,
    "layers__dense": (16,),
    "training__epochs": 30,
    "training__patience": None,
    "training__validation_share": 0,
    "training__learning_rate": 3e-3,
    "n_jobs": 2,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("split")


@pytest.fixture(scope="module")
def clips(folder):
    """Two emotions are told apart by the voice alone, two by the face alone."""
    root = make_synthetic_corpus(
        folder / "corpus", subjects=8, emotions=[*BY_VOICE, *BY_FACE], clips_per_emotion=3,
        duration=0.6, size=(96, 128), frame_rate=8, informative="split", oddities=False,
    )  # fmt: skip
    return usable(load_corpus("cremad", root))


@pytest.fixture(scope="module")
def network(folder):
    return AudioVisualCNN().set_params(**TINY, store=str(folder / "store.sqlite"))


@pytest.fixture(scope="module")
def sides(clips):
    unseen = clips["subject"].isin(sorted(clips["subject"].unique())[-2:])
    return clips[~unseen], clips[unseen]


def recalls(network, sides):
    """Return the share of clips recognised among those told by voice, and by face."""
    train, test = sides
    right = network.fit(train, train["emotion"]).predict(test) == test["emotion"]
    return [right[test["emotion"].isin(subset)].mean() for subset in (BY_VOICE, BY_FACE)]


@pytest.fixture(scope="module")
def fitted(network, sides):
    network = clone(network)
    return network, recalls(network, sides)


def test_both_modalities_recognise_everything(fitted):
    assert min(fitted[1]) >= 0.9


def test_faces_alone_recognise_what_faces_tell(network, sides):
    by_voice, by_face = recalls(clone(network).set_params(modalities=("video",)), sides)
    assert by_face >= 0.9 and by_voice <= 0.75


def test_voices_alone_recognise_what_voices_tell(network, sides):
    by_voice, by_face = recalls(clone(network).set_params(modalities=("audio",)), sides)
    assert by_voice >= 0.9 and by_face <= 0.85


def test_clips_that_lack_a_modality_have_no_answer(fitted, sides, folder):
    import cv2

    network, _ = fitted
    cv2.imwrite(image := str(folder / "face.png"), np.full((96, 128, 3), 90, np.uint8))
    paths = [sides[1]["path"].iloc[0], image, __file__]
    with pytest.warns(ClipWarning, match=r"2 of 3 clips cannot be shown to AudioVisualCNN"):
        scores = network.predict_proba(paths)
    assert np.isnan(scores).all(axis=1).tolist() == [False, True, True]
    statuses = network.statuses(paths)["status"].tolist()
    assert statuses == ["ok", "no_face", "corrupt"]


def test_inside_a_fusion_with_voice_statistics(network, sides, folder):
    """The face network and an SVM on the voice: together they know what neither knows alone."""
    train, test = sides
    voice = make_pipeline(
        ShortTermStatistics(window=0.2, step=0.05, store=str(folder / "store.sqlite"), n_jobs=2),
        WhereFinite(make_pipeline(StandardScaler(), SVC(C=10))),
    )
    face = clone(network).set_params(modalities=("video",), training__epochs=12)
    fusion = EmotionWeightedFusion([("face", face), ("voice", voice)], weights="recall", cv=2)
    fusion.fit(train, train["emotion"])
    of_face = fusion.weights_.loc["face"]
    assert of_face[BY_FACE].mean() > of_face[BY_VOICE].mean()
    assert (fusion.predict(test) == test["emotion"]).mean() > 0.75


def test_copies_are_listed_and_drawn(network, clips):
    listed = network.copies(row=5)
    assert listed.shape[0] == 4 and listed.index.tolist() == [1, 2, 3, 4]
    assert not listed.equals(network.copies(row=6)) and listed.equals(network.copies(row=5))
    sheet = network.draw_copies(clips, row=5, n_frames=3)
    assert sheet.shape == (5 * 49, 3 * 40)


def test_batches_hold_the_copies_that_are_listed(network, clips):
    tensors = network._tensors(clips)
    batch = network._batch(tensors)
    n = len(clips)
    rows = np.array([5, 5 + n, 5 + 4 * n])
    inputs = batch(rows, None, True)
    assert inputs["video"].shape == (3, 49, 40, 3) and inputs["video"].dtype == np.uint8
    transforms = network._transforms(5)
    sheet = draw_clip_sheet(inputs["video"][0], [transforms[0], transforms[3]], n_frames=3)
    assert np.array_equal(sheet[49:98, :40], inputs["video"][1][..., 0])
    assert np.array_equal(sheet[98:, :40], inputs["video"][2][..., 0])
    assert np.array_equal(inputs["audio"][0], inputs["audio"][2])


def test_sizes_of_the_paper():
    model = audio_visual_graph(6, video=(98, 80, 20), audio=(192, 120))
    shapes = [weight.shape for weight in model.get_weights()]
    filters = sorted(shape[-1] for shape in shapes if len(shape) == 4)
    assert filters == sorted([32, 64, 128, 128, 256] + [16, 32, 64])
    assert sorted(shape[-1] for shape in shapes if len(shape) == 2) == [6, 128, 128, 512]
    assert model.output_shape == (None, 6)


def test_too_many_layers_for_the_picture():
    with pytest.raises(ValueError, match=r"face_size=\(30, 80\) is too small for 5 layers, .* 32"):
        audio_visual_graph(6, video=(30, 80, 20))


_ELSEWHERE = """
import numpy as np
from emopipe.networks.audio_visual_cnn.graph import audio_visual_graph
from emopipe.training.compiling import dtype_policy
from emopipe.training.loop import predict, train
from emopipe.training.parameters import Training
rng = np.random.default_rng(0)
y = np.arange(48) % 2
video = (rng.integers(0, 60, (48, 16, 16, 2)) + 90 * y[:, None, None, None]).astype(np.uint8)
audio = rng.integers(0, 255, (48, 16, 8)).astype(np.uint8)
def batch(rows, rng, training):
    return {"video": video[rows], "audio": audio[rows]}
def fit(dtype, epochs=12):
    model = audio_visual_graph(2, video=(16, 16, 2), audio=(16, 8), visual_widths=(4,),
        audio_widths=(4,), visual_features=8, audio_features=2, dense=(8,), batch_norm=True,
        dropout=0.1, dtype=dtype)
    done = train(model, batch, y, rows=np.arange(36), validation=np.arange(36, 48),
        plan=Training(epochs=epochs, learning_rate=0.01, batch_size=12))
    return done, predict(model, batch, np.arange(48))
one, scores = fit("float32")
two, _ = fit("float32")
assert all(np.array_equal(a, b) for a, b in zip(one.weights, two.weights))
assert (scores.argmax(1) == y).mean() > 0.9, scores
fit(dtype_policy("bfloat16"), epochs=1)
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends(backend, tmp_path):
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    process = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE], env=os.environ | backend_settings(backend, tmp_path),
        capture_output=True, text=True, timeout=280, cwd=Path(__file__).parent,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr[-2000:]
