"""VGGFaceClassifier on pictures that a tiny network tells apart: heads, copies, store, saving."""

import pickle
import warnings
from functools import partial

import cv2
import numpy as np
import pandas as pd
import pytest
from clips import write_video
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from emopipe.backbones import vggface
from emopipe.backbones.vgg_graph import Architecture
from emopipe.backbones.vgg_weights import random_weights
from emopipe.evaluation import evaluate
from emopipe.extraction import COUNTERS, ClipWarning
from emopipe.face import FaceCrops, MiniXceptionFeatures, VGGFaceFeatures
from emopipe.face.augmentation import THESIS, FaceTransform, apply_transform
from emopipe.face.crop_recipe import prepare_crops
from emopipe.fusion import WhereFinite
from emopipe.media import ClipError
from emopipe.models import load, read_manifest, save
from emopipe.networks.vggface_classifier import VGGFaceClassifier
from emopipe.result import Result
from emopipe.training.parameters import Training
from emopipe.voice import ShortTermStatistics

SMALL = Architecture(size=16, depths=(1, 1, 2), widths=(5, 6, 8), units=(24, 20, 10))
EMOTIONS = ("anger", "fear", "happiness")
FEW = [FaceTransform(rotation=30.0), FaceTransform(flip_horizontal=True), FaceTransform(scale=0.8)]


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(vggface, "ARCHITECTURE", SMALL)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Return a clip table of 24 pictures and 3 videos by 9 people; colours tell emotions."""
    folder = tmp_path_factory.mktemp("faces")
    rng, rows = np.random.default_rng(0), []
    for number in range(27):
        emotion = number % 3
        n_frames = 4 if number >= 24 else 1
        images = rng.integers(0, 90, (n_frames, 32, 32, 3), np.uint8)
        images[..., emotion] += 120
        name = f"{number}.{'mp4' if number >= 24 else 'png'}"
        if number >= 24:
            write_video(folder / name, images, fps=4)
        else:
            cv2.imwrite(str(folder / name), images[0][..., ::-1])
        rows.append({
            "clip": name, "path": str(folder / name), "emotion": EMOTIONS[emotion],
            "subject": str(number // 3), "corpus": "invented",
            "media": "video" if number >= 24 else "image", "excluded": "",
        })  # fmt: skip
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return str(tmp_path_factory.mktemp("store") / "store.sqlite")


@pytest.fixture
def face(store):
    """Return a function that makes a classifier which sees whole pictures."""

    def make(hidden_units=(12,), **arguments):
        return VGGFaceClassifier(hidden_units, dropout=0.2).set_params(**{
            "features__weights": "random", "features__faces__detector": None,
            "features__faces__fps": "all", "features__n_jobs": 1,
            "features__store": store, "training__epochs": 15,
            "training__learning_rate": 0.03,
        } | arguments)  # fmt: skip

    return make


@pytest.mark.parametrize("layer", ["fc6", "pool5", "fc7"])
def test_learns_and_answers_with_probabilities(face, clips, layer):
    model = face((16, 12), features__layer=layer).fit(clips, clips["emotion"])
    scores = model.predict_proba(clips)
    assert scores.shape == (27, 3) and np.allclose(scores.sum(axis=1), 1)
    assert (model.predict(clips) == clips["emotion"]).mean() > 0.9
    assert set(model.history_) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    shapes = [array.shape for array in model.network_weights_]
    n = SMALL.features(layer)
    assert shapes == [(n, 16), (16,), (16, 12), (12,), (12, 3), (3,)]


def test_other_layers_than_those_trained_are_refused(face, clips):
    model = face().fit(clips, clips["emotion"])
    for units in ((64,), (12, 12), ()):
        with pytest.raises(ValueError, match="changed after fit"):
            model.set_params(hidden_units=units).predict(clips)
    assert len(model.set_params(hidden_units=(12,)).predict(clips)) == len(clips)


def test_scores_and_features_are_means_over_a_clips_faces(face, clips):
    model = face().fit(clips, clips["emotion"])
    rows = clips.iloc[24:25]
    recipe = VGGFaceFeatures(
        weights="random", layer="fc6", faces=FaceCrops(detector=None, fps="all"),
        pooling="stack", n_jobs=1, store=None,
    )  # fmt: skip
    [activations] = recipe.extract(rows).values
    assert len(activations) == 4
    x = (activations.astype(np.float16) - model.base_mean_) / np.float32(model.base_scale_)
    kernel, bias, kernel_2, bias_2 = model.network_weights_
    hidden = np.maximum(x @ kernel + bias, 0)
    logits = hidden @ kernel_2 + bias_2
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.allclose(model.predict_proba(rows)[0], softmax.mean(axis=0), atol=1e-5)
    assert np.allclose(model.transform(rows)[0], hidden.mean(axis=0), atol=1e-4)
    assert model.get_feature_names_out()[-1] == "face_11"


def test_scores_of_single_faces_average_to_a_clips(face, clips):
    model = face().fit(clips, clips["emotion"])
    frames = model.frame_scores(clips)
    assert frames["row"].value_counts().to_dict() == {n: 4 if n >= 24 else 1 for n in range(27)}
    assert frames[frames["row"] == 25]["face"].tolist() == [0, 1, 2, 3]
    means = frames.groupby("row")[list(EMOTIONS)].mean().to_numpy()
    assert np.allclose(means, model.predict_proba(clips), atol=1e-6)
    copies = clone(model).set_params(augmentation=FEW, predict_copies=2, training__epochs=1)
    frames = copies.fit(clips, clips["emotion"]).frame_scores(clips.iloc[23:25])
    assert frames["row"].tolist() == [0] * 2 + [1] * 8
    assert list(model.frame_scores(clips[:0])) == ["row", "face", *EMOTIONS]


def test_each_corpus_has_a_detector_of_its_own(face, clips, tmp_path):
    def tables(model):
        return [model.predict_proba(clips), model.transform(clips), model.frame_scores(clips)]

    whole = face(augmentation=FEW, copies=1, training__epochs=2).fit(clips, clips["emotion"])
    by_corpus = {"invented": FaceCrops(detector=None, fps="all")}
    mixed = clone(whole).set_params(features__faces__detector="haar", faces_by_corpus=by_corpus)
    mixed.fit(clips, clips["emotion"])
    for expected, actual in zip(tables(whole), tables(mixed), strict=True):
        assert np.array_equal(expected, actual)
    # Haar finds no face in colours: clips of other corpora have none.
    strange = clips.assign(corpus=["invented", "films", "films"] * 9)
    with pytest.warns(ClipWarning, match="18 of 27"):
        scores = mixed.predict_proba(strange)
    assert np.array_equal(np.isfinite(scores[:, 0]), strange["corpus"] == "invented")
    assert np.array_equal(scores[::3], whole.predict_proba(clips[::3]))
    assert mixed.statuses(strange)["status"].tolist() == ["ok", "no_face", "no_face"] * 9
    save(mixed, tmp_path / "model", clips=clips)
    assert np.array_equal(load(tmp_path / "model").predict_proba(clips), mixed.predict_proba(clips))
    with pytest.raises(ValueError, match="needs a clip table with a column corpus"):
        mixed.fit(clips["path"], clips["emotion"])
    with pytest.raises(TypeError, match=r"faces_by_corpus\['films'\]='haar' must be FaceCrops"):
        clone(mixed).set_params(faces_by_corpus={"films": "haar"}).fit(clips, clips["emotion"])


def test_answers_are_those_of_the_keras_model(face, clips):
    model = face((8, 6), training__epochs=2).fit(clips, clips["emotion"])
    rng = np.random.default_rng(0)
    activations = rng.random((70, 24)).astype(np.float16) * 100
    network = model._build(3)
    network.set_weights(model.network_weights_)
    expected = np.asarray(network(model._centre(activations), training=False))
    assert np.allclose(model._layers(activations), expected, atol=1e-5)
    assert np.array_equal(model._layers(activations[3:5]), model._layers(activations)[3:5])


@pytest.mark.parametrize(("blocks", "layer"), [(1, "pool5"), (2, "fc6")])
def test_fine_tuning_trains_the_last_blocks_too(face, clips, store, tmp_path, blocks, layer):
    face = partial(face, features__layer=layer, training__learning_rate=1e-6)
    new = face(training__epochs=1).fit(clips, clips["emotion"])
    tuned = face(fine_tune=blocks, fine_tune_rate=0.003, training__patience=None)
    tuned.fit(clips, clips["emotion"])
    names = [n for k, n, _ in SMALL.steps(layer, f"pool{5 - blocks}") if k[0] in "cm"]
    published = [a for name, *pair in random_weights(0, layer, architecture=SMALL)
             for a in pair if name in names]  # fmt: skip
    assert len(tuned.network_weights_) == len(published) + len(new.network_weights_)
    for mine, base in zip(tuned.network_weights_, published, strict=False):
        assert mine.size == base.size and not np.allclose(mine.ravel(), base.ravel())
    assert (tuned.predict(clips) == clips["emotion"]).mean() > 0.9
    history = tuned.history_
    assert history["fine_tuned_loss"][-1] < history["fine_tuned_loss"][0] / 2
    assert len(history["val_fine_tuned_accuracy"]) == len(history["val_accuracy"]) == 15
    expected = tuned.predict_proba(clips)
    again = load(save(tuned, tmp_path / "model")).set_params(
        features__store=store, features__n_jobs=1
    )
    assert again.predict_proba(clips).tobytes() == expected.tobytes()
    assert again.transform(clips).tobytes() == tuned.transform(clips).tobytes()
    order = [5, 3, 3, 26]
    assert tuned.predict_proba(clips.iloc[order]).tobytes() == expected[order].tobytes()


def test_fine_tuning_begins_where_the_new_layers_have_come(face, clips):
    """With a rate of nearly nothing the network stays what training the new layers made of it."""
    new = face(features__layer="pool5").fit(clips, clips["emotion"])
    tuned = face(features__layer="pool5", fine_tune=1, fine_tune_rate=1e-9)
    tuned.fit(clips, clips["emotion"])
    assert np.allclose(new.predict_proba(clips), tuned.predict_proba(clips), atol=0.02)


def test_a_second_fit_looks_at_no_face(face, clips):
    face = partial(face, augmentation=FEW, copies=2, training__epochs=3)
    first = face().fit(clips, clips["emotion"])
    before = COUNTERS.copy()
    again = face().fit(clips, clips["emotion"])
    assert before == COUNTERS
    for a, b in zip(first.network_weights_, again.network_weights_, strict=True):
        assert a.tobytes() == b.tobytes()
    other = face(training__random_state=1).fit(clips, clips["emotion"])
    assert first.network_weights_[0].tobytes() != other.network_weights_[0].tobytes()


def test_copies_of_held_out_people_do_not_train(face, clips, monkeypatch):
    from emopipe.networks import vggface_classifier as module

    calls = {}
    true = module.train

    def spy(model, batch, y, *, rows, validation, weights, **rest):
        calls.update(y=y, rows=rows, validation=validation, weights=weights)
        return true(model, batch, y, rows=rows, validation=validation, weights=weights, **rest)

    monkeypatch.setattr(module, "train", spy)
    images = clips[clips["media"] == "image"]
    face(augmentation=FEW, copies=None, training__validation_share=0.25, training__epochs=1).fit(
        images, images["emotion"]
    )
    # 8 people with a picture of every emotion: 2 are held out, the others have 1 + 3 copies.
    assert len(calls["validation"]) == 6 and len(calls["rows"]) == 18 * 4
    assert not set(calls["rows"]) & set(calls["validation"])
    assert calls["weights"][calls["rows"]].sum() == pytest.approx(18)


def test_every_clip_counts_the_same_however_many_faces(face, clips, monkeypatch):
    from emopipe.networks import vggface_classifier as module

    calls = {}
    monkeypatch.setattr(
        module, "train",
        lambda model, batch, y, **rest: calls.update(rest) or (model.get_weights(), {}),
    )  # fmt: skip
    face(training__validation_share=0).fit(clips, clips["emotion"])
    assert len(calls["rows"]) == 24 + 3 * 4
    assert calls["weights"].sum() == pytest.approx(27)
    assert calls["weights"].min() == 0.25


def test_augmented_copies_are_prepared_as_said(clips):
    path = clips["path"].iloc[0]
    how = {"rescale": None, "detector": None, "size": (16, 16)}
    [plain] = prepare_crops(path, form="copies", transforms=None, n=None, **how)
    [drawn] = prepare_crops(path, form="copies", transforms="thesis", n=5, **how)
    blocks = list(prepare_crops(path, form="copies", transforms="thesis", n=None, **how))
    every = np.concatenate([block.rows for block in blocks])
    assert max(len(block.rows) for block in blocks) <= 64 and len(every) == 191
    assert np.array_equal(every[0], apply_transform(plain.rows[0], THESIS[1]))
    assert len(drawn.rows) == 5
    assert all((every == copy).all(axis=(1, 2, 3)).any() for copy in drawn.rows)


def test_prediction_on_copies(face, clips):
    model = face(augmentation=[FEW[1]], copies=1, predict_copies=1).fit(clips, clips["emotion"])
    assert any("augmented copies" in notice for notice in model.notices())
    mirrored = model.predict_proba(clips)
    plain = model.set_params(predict_copies=0).predict_proba(clips)
    assert mirrored.shape == plain.shape and not np.array_equal(mirrored, plain)
    assert (plain.argmax(axis=1) == mirrored.argmax(axis=1)).mean() > 0.8


def test_landscape_frames_are_rescaled_and_others_are_not(tmp_path):
    rng = np.random.default_rng(0)
    how = {"transforms": None, "n": None, "detector": None}
    shapes = {}
    for name, shape in {"wide": (40, 50), "high": (50, 40), "square": (48, 48)}.items():
        path = str(tmp_path / f"{name}.png")
        cv2.imwrite(path, rng.integers(0, 256, (*shape, 3), np.uint8))
        for rescale in (None, [40, 71]):
            size = (40, 71) if name == "wide" else shape
            [block] = prepare_crops(path, form="copies", rescale=rescale, size=size, **how)
            shapes[name, rescale is None] = block.rows
    assert np.array_equal(shapes["high", True], shapes["high", False])
    assert np.array_equal(shapes["square", True], shapes["square", False])
    image = cv2.imread(str(tmp_path / "wide.png"))[..., ::-1]
    expected = cv2.resize(image, (71, 40), interpolation=cv2.INTER_LINEAR)
    assert np.abs(shapes["wide", False][0].astype(int) - expected).max() <= 1
    assert not np.array_equal(shapes["wide", True], shapes["wide", False])


def test_only_pictures_train_if_wanted(face, clips):
    images = clips[clips["media"] == "image"]
    both = face(train_on="image", training__epochs=3).fit(clips, clips["emotion"], clips["subject"])
    alone = face(training__epochs=3).fit(images, images["emotion"], images["subject"])
    assert both.network_weights_[0].tobytes() == alone.network_weights_[0].tobytes()
    with pytest.raises(ValueError, match="media"):
        face(train_on="image").fit(clips["path"], clips["emotion"])
    with pytest.raises(ValueError, match="medium"):
        face(train_on="video").fit(images, images["emotion"])


def test_clips_without_a_face_have_no_scores(face, clips, tmp_path):
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"no picture")
    paths, y = [*clips["path"], str(bad)], [*clips["emotion"], "fear"]
    with pytest.warns(ClipWarning, match="1 of 28 clips"):
        model = face(training__epochs=2).fit(paths, y)
    with pytest.warns(ClipWarning, match=r"bad\.png"):
        scores, features = model.predict_proba(paths), model.transform(paths)
    assert np.isnan(scores[-1]).all() and np.isfinite(scores[:-1]).all()
    assert np.isnan(features[-1]).all() and np.isfinite(features[:-1]).all()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert model.predict(paths)[-1] == model.fallback_
    assert model.statuses(paths)["status"].iloc[-1] == "corrupt"
    with pytest.raises(ClipError, match=r"bad\.png"):
        model.set_params(features__on_error="raise").predict_proba(paths)


def test_clone_pickle_and_inputs(face, clips):
    model = face(training__epochs=2).fit(clips, clips["emotion"])
    assert repr(clone(model)) == repr(model)
    expected = model.predict_proba(clips)
    again = pickle.loads(pickle.dumps(model))
    assert again.predict_proba(clips["path"]).tobytes() == expected.tobytes()
    order = [5, 3, 3, 26]
    assert model.predict_proba(clips["path"].iloc[order]).tobytes() == expected[order].tobytes()
    assert model.predict_proba(clips.iloc[:0]).shape == (0, 3)
    table = model.set_output(transform="pandas").transform(clips)
    assert list(table.columns) == [f"face_{i}" for i in range(12)]


def test_saved_and_loaded_gives_the_same_bits(face, clips, store, tmp_path):
    model = face(augmentation="thesis", copies=2, training__epochs=3).fit(clips, clips["emotion"])
    folder = save(model, tmp_path / "model")
    again = load(folder).set_params(features__store=store, features__n_jobs=1)
    assert again.predict_proba(clips).tobytes() == model.predict_proba(clips).tobytes()
    assert again.transform(clips).tobytes() == model.transform(clips).tobytes()
    recipes = read_manifest(folder)["recipes"]
    assert [r["name"] for r in recipes.values()] == ["vggface_faces", "vggface_copies"]
    assert {r["finish_args"]["weights"] for r in recipes.values()} == {"random:0"}


def test_transforms_of_ones_own_are_saved_too(face, clips, store, tmp_path):
    model = face(augmentation=[*FEW, {"zoom": 1.5}], copies=1, training__epochs=1)
    model.fit(clips, clips["emotion"])
    again = load(save(model, tmp_path / "model")).set_params(
        features__store=store, features__n_jobs=1
    )
    assert again.augmentation == model.augmentation
    assert again.predict_proba(clips).tobytes() == model.predict_proba(clips).tobytes()


def test_evaluation_keeps_people_apart_and_passes_them_on(face, clips):
    pipeline = make_pipeline(
        face(training__epochs=20, train_on="image"), WhereFinite(make_pipeline(PCA(4), SVC()))
    )
    result = evaluate(pipeline, clips, cv=3, n_bootstrap=50)
    assert result.passed and result.metrics["accuracy"]["value"] > 0.8
    assert any("random weights" in notice["text"] for notice in result.notices)
    assert result.folds[0]["history"]


def test_an_evaluation_keeps_the_scores_of_single_faces(face, clips):
    result = evaluate(face(training__epochs=1), clips.iloc[12:], cv=2, n_bootstrap=50)
    result = Result.from_json(result.to_json())
    frames = result.tables()["frames"]
    assert len(frames) == 12 + 3 * 4 and set(frames["clip"]) == set(clips["clip"][12:])
    scores = [f"score_{emotion}" for emotion in EMOTIONS]
    means = frames.groupby("clip")[scores].mean()
    expected = result.predictions.set_index("clip")[scores].loc[means.index]
    assert np.allclose(means, expected, atol=1e-3)
    assert "frame_scores" not in result.tables()["folds"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"hidden_units": ()}, "hidden_units"),
        ({"hidden_units": (3, 0)}, "hidden_units"),
        ({"features__layer": "fc9"}, "'pool5'"),
        ({"features": MiniXceptionFeatures()}, "'pooled'"),
        ({"training__precision": "bfloat16"}, "features__precision"),
        ({"augmentation": "more"}, "'thesis'"),
        ({"copies": 0}, "copies"),
        ({"predict_copies": -1}, "predict_copies"),
        ({"predict_copies": 1}, "augmentation"),
        ({"rescale": (1020, 576)}, "landscape"),
        ({"rescale": 3}, "landscape"),
        ({"train_on": "audio"}, "train_on"),
        ({"fine_tune": 3}, "fine_tune"),
        ({"features": MiniXceptionFeatures(layer="pooled"), "fine_tune": 1}, "VGGFaceFeatures"),
        ({"fine_tune_rate": 0}, "fine_tune_rate"),
        ({"dropout": 1.0}, "dropout"),
        ({"features__faces__fps": 0}, "faces.fps=0"),
    ],
    ids=str,
)
def test_parameters_are_checked(face, clips, parameters, words):
    with pytest.raises(ValueError, match=words):
        face().set_params(**parameters).fit(clips, clips["emotion"])


def test_features_that_cannot_be_trained_further_are_refused(clips):
    with pytest.raises(TypeError, match="must be VGGFaceFeatures or MiniXceptionFeatures"):
        VGGFaceClassifier(features=ShortTermStatistics()).fit(clips, clips["emotion"])


@pytest.mark.shared
def test_smiles_with_mini_xception_as_base(shared_data, tmp_path):
    from emopipe.corpora import load_corpus

    folder = shared_data / "london_faces"
    faces = load_corpus("london_faces", folder)
    faces = faces[faces["subject"].isin(sorted(faces["subject"].unique())[:18])]
    features = MiniXceptionFeatures(
        layer="pooled", n_jobs=2, store=str(tmp_path / "store.sqlite"),
        weights=shared_data / "models/fer2013_mini_XCEPTION.102-0.66.hdf5",
    )  # fmt: skip
    training = Training(epochs=30, patience=10)
    model = VGGFaceClassifier((32,), features=features, training=training)
    result = evaluate(model, faces, cv=3, n_bootstrap=50)
    assert result.metrics["accuracy"]["value"] > 0.65
