"""Saved models: the same answers, nothing of the folder is run, every byte is guarded."""

import io
import json
import os
import types
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import wavfile
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from emopipe.evaluation import evaluate
from emopipe.extract import ClipTransformer
from emopipe.fusion import EmotionWeightedFusion, ScoreColumns, WhereFinite
from emopipe.persistence import ModelError, ModelWarning, load, read_manifest, save
from emopipe.persistence.archive import read
from emopipe.persistence.manifest import sealed
from emopipe.persistence.soundness import check_sound
from emopipe.voice import ShortTermStatistics

EMOTIONS = np.array(["anger", "fear", "joy"])


@pytest.fixture(scope="module")
def numbers():
    rng = np.random.default_rng(0)
    y = np.tile(EMOTIONS, 40)
    X = rng.normal(size=(120, 4)) + 1.5 * (y[:, None] == EMOTIONS[[0, 1, 2, 0]])
    return X, y, np.repeat(np.arange(12).astype(str), 10)


def _scores(model, X):
    method = "predict_proba" if hasattr(model, "predict_proba") else "decision_function"
    return getattr(model, method)(X)


def _same(model, again, X):
    np.testing.assert_array_equal(_scores(model, X), _scores(again, X))
    np.testing.assert_array_equal(model.predict(X), again.predict(X))


@pytest.mark.parametrize("classifier", [
    SVC(), LogisticRegression(), KNeighborsClassifier(3), RandomForestClassifier(5),
    GradientBoostingClassifier(n_estimators=3), CalibratedClassifierCV(SVC(), ensemble=True, cv=3),
    MLPClassifier((3,), max_iter=400), make_pipeline(SelectKBest(k=2), StandardScaler(), SVC()),
    WhereFinite(make_pipeline(StandardScaler(), SVC(kernel="linear"))),
], ids=lambda c: type(c).__name__)  # fmt: skip
def test_round_trip_is_exact(classifier, numbers, tmp_path):
    X, y, _ = numbers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = classifier.fit(X, y)
    _same(model, load(save(model, tmp_path / "model")), X)


def test_search_is_saved_as_its_best_estimator(numbers, tmp_path):
    X, y, groups = numbers
    search = GridSearchCV(make_pipeline(StandardScaler(), SVC()), {"svc__C": [0.1, 10]},
                          cv=GroupKFold(3)).fit(X, y, groups=groups)  # fmt: skip
    folder = save(search, tmp_path / "model")
    _same(search, load(folder), X)
    assert read_manifest(folder)["best_params"] == {"svc__C": repr(search.best_params_["svc__C"])}


@pytest.fixture(scope="module")
def table(numbers):
    _, y, subjects = numbers
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"clip": [f"{n:03}.wav" for n in range(len(y))], "corpus": "invented",
                          "emotion": y, "subject": subjects})  # fmt: skip
    for prefix in ("heard_", "seen_"):
        scores = rng.random((len(y), 3)) + (y[:, None] == EMOTIONS)
        scores[rng.random(len(y)) < 0.1] = np.nan
        table[[prefix + name for name in EMOTIONS]] = scores
    number = table["subject"].astype(int)
    table["sex"] = np.where(number % 2, "male", "female")
    table["age"] = 20.0 + 4 * number
    table["ethnicity"] = np.where(number < 2, "few", "many")
    return table


@pytest.mark.parametrize("options", [
    {}, {"weights": "recall"}, {"weights": "search", "calibration": "sigmoid"},
    {"calibration": "isotonic", "preferred": "face"}, {"calibration": "temperature"},
], ids=str)  # fmt: skip
def test_fusion_with_missing_rows_is_exact(options, table, tmp_path):
    fusion = EmotionWeightedFusion(
        [("voice", ScoreColumns(prefix="heard_")), ("face", ScoreColumns(prefix="seen_"))],
        **options,
    ).fit(table, table["emotion"])
    again = load(save(fusion, tmp_path / "model"))
    assert np.isnan(fusion.modality_scores(table)).any()
    _same(fusion, again, table)
    pd.testing.assert_frame_equal(fusion.weights_, again.weights_)
    assert again.named_estimators_["voice"] is again.estimators_[0]


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    folder = tmp_path_factory.mktemp("töne und clips")
    rng, paths = np.random.default_rng(0), []
    for number in range(8):
        tone = np.sin(2 * np.pi * (200 + 300 * (number % 2)) * np.arange(8000) / 16000)
        noisy = 8000 * tone + 300 * rng.normal(size=8000)
        wavfile.write(folder / f"clip {number}.wav", 16000, noisy.astype(np.int16))
        paths.append(str(folder / f"clip {number}.wav"))
    (folder / "broken.wav").write_bytes(b"RIFF")
    return [*paths, str(folder / "broken.wav")], ["low", "high"] * 4 + ["low"]


@pytest.fixture(scope="module")
def voice_model(recordings, tmp_path_factory):
    paths, y = recordings
    store = str(tmp_path_factory.mktemp("store") / "store.sqlite")
    features = ShortTermStatistics(window=0.2, n_jobs=1, store=store, progress=True)
    svm = WhereFinite(make_pipeline(StandardScaler(), SVC()))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make_pipeline(features, svm).fit(paths, y)


@pytest.mark.filterwarnings("ignore:.*gave no features")
def test_a_pipeline_on_clips_is_exact_and_forgets_this_machine(voice_model, recordings, tmp_path):
    folder = save(voice_model, tmp_path / "ordner mit ümlaut")
    again = load(folder)
    _same(voice_model, again, recordings[0])
    assert np.isnan(again.decision_function(recordings[0])[-1]).all()
    assert again[0].get_params()["store"] == "default" and not again[0].progress
    assert voice_model[0].progress and "store.sqlite" in voice_model[0].store
    (recipe,) = read_manifest(folder)["recipes"].values()
    assert recipe["prepare_args"]["window"] == 0.2
    assert str(tmp_path).encode() not in b"".join(p.read_bytes() for p in folder.iterdir())


def test_features_that_changed_are_told(voice_model, tmp_path):
    folder = save(voice_model, tmp_path / "model")
    with pytest.warns(ModelWarning, match=r"prepare_args.window was 0.2, is 0.3"):
        load(folder, parameters={"shorttermstatistics__window": 0.3})
    with pytest.raises(ModelError, match=r"no parameter 'windo'.*shorttermstatistics__window"):
        load(folder, parameters={"windo": 1})


@pytest.fixture(scope="module")
def saved(numbers, tmp_path_factory):
    X, y, _ = numbers
    return save(RandomForestClassifier(2, max_depth=2).fit(X, y),
                tmp_path_factory.mktemp("models") / "forest")  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_changed_byte_is_refused(saved, data):
    path = saved / data.draw(st.sampled_from(["model.json", "model.skops", "model_card.md"]))
    whole = path.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[place]))
    try:
        path.write_bytes(whole[:place] + bytes([other]) + whole[place + 1 :])
        with pytest.raises(ModelError, match=path.name):
            load(saved)
    finally:
        path.write_bytes(whole)


def test_broken_folders_are_named(saved, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        load(tmp_path / "nowhere")
    with pytest.raises(ModelError, match="no saved model"):
        load(tmp_path)
    with pytest.raises(ModelError, match="no saved model"):
        load(saved / "model.json")
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "model.json").write_bytes((saved / "model.json").read_bytes())
    with pytest.raises(ModelError, match=r"model.skops: missing"):
        load(copy)


def _resealed(folder, target, *, skops=None, **changes):
    """Copy a model with changed contents and checksums that fit: made by hand, not damaged."""
    fields = json.loads((folder / "model.json").read_text()) | changes
    files = {name: (folder / name).read_bytes() for name in ("model.skops", "model_card.md")}
    files["model.skops"] = skops or files["model.skops"]
    del fields["seal"], fields["files"]
    target.mkdir()
    for name, content in files.items():
        (target / name).write_bytes(content)
    (target / "model.json").write_text(sealed(fields, files) if "format" not in changes else
                                       json.dumps(fields))  # fmt: skip
    return target


def test_other_versions_are_told(saved, tmp_path):
    versions = read_manifest(saved)["versions"] | {"scikit-learn": "0.1"}
    with pytest.warns(ModelWarning, match=r"scikit-learn 0.1 \(now"):
        load(_resealed(saved, tmp_path / "old", versions=versions))
    with pytest.raises(ModelError, match=r"format 99.*update emopipe"):
        load(_resealed(saved, tmp_path / "new", format=99))


def _rewritten(saved, change):
    """Return model.skops with its members changed by a function {name: bytes} -> None."""
    with zipfile.ZipFile(saved / "model.skops") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def _first_array(members):
    return next(name for name in members if name.endswith(".npy"))


def _huge(members):
    name = _first_array(members)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"shape": (10**12,), "fortran_order": False, "descr": "<f8"}
    )
    members[name] = header.getvalue()


def _pickled(members):
    buffer = io.BytesIO()
    np.save(buffer, np.array([{}], dtype=object), allow_pickle=True)
    members[_first_array(members)] = buffer.getvalue()


def _calling(members):
    schema = json.loads(members["schema.json"])
    schema |= {"__class__": "system", "__module__": "posix", "__loader__": "FunctionNode"}
    members["schema.json"] = json.dumps(schema).encode()


def _running(members):
    schema = json.loads(members["schema.json"])
    schema |= {"__class__": "__main__", "__module__": "emopipe.cli", "__loader__": "TypeNode"}
    members["schema.json"] = json.dumps(schema).encode()


def _deep(members):
    members["schema.json"] = b"[" * 10**6


@pytest.mark.parametrize(("change", "words"), [
    (_huge, "claims shape"), (_pickled, "pickled objects"), (_calling, "posix.system"),
    (_running, "emopipe.cli.__main__"), (_deep, "not a whole skops file|no object"),
    (lambda members: members.pop("schema.json"), "not a whole skops file"),
    (lambda members: members.update({"a.npy": b"nothing"}), "is no array"),
])  # fmt: skip
def test_hostile_archives_are_refused_before_anything_is_built(saved, tmp_path, change, words):
    skops = _rewritten(saved, change)
    with pytest.raises(ModelError, match=words):
        load(_resealed(saved, tmp_path / "hostile", skops=skops))


def test_archives_that_unfold_are_refused(saved):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("schema.json", b" " * 10**6)
    with pytest.raises(ModelError, match="compressed members"):
        read(buffer.getvalue(), "bomb")
    with pytest.raises(ModelError, match="whole skops file"):
        read(b"PK", "stub")


def test_trees_that_point_outside_themselves_are_refused(numbers):
    X, y, _ = numbers
    forest = RandomForestClassifier(2, max_depth=2, random_state=0).fit(X, y)
    check_sound(forest)
    tree = forest.estimators_[0].tree_
    tree.children_left[0] = 10**6
    with pytest.raises(ModelError, match="do not fit together"):
        check_sound(forest)


class _Foreign(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self


@pytest.mark.parametrize(("model", "words"), [
    (make_pipeline(FunctionTransformer(np.abs), SVC()), r"steps.functiontransformer.func is the"),
    (make_pipeline(FunctionTransformer(lambda x: x), SVC()), r"<lambda>.*not code"),
    (SVC(kernel=lambda a, b: a @ b.T), "model.kernel is the function"),
    (HistGradientBoostingClassifier(max_iter=2), "TreePredictor"),
    (_Foreign(), r"test_persistence\._Foreign.*would refuse"),
])  # fmt: skip
def test_what_could_not_be_loaded_is_not_saved(model, words, numbers, tmp_path):
    X, y, _ = numbers
    with pytest.raises(ModelError, match=words):
        save(model.fit(X, y), tmp_path / "model")
    assert not any(tmp_path.iterdir())


class _Network(ClassifierMixin, BaseEstimator):
    """Stands for a network: learned arrays, a curve, and what is rebuilt and never written."""

    def fit(self, X, y):
        self.classes_, codes = np.unique(y, return_inverse=True)
        means = [X[codes == code].mean(0) for code in range(len(self.classes_))]
        self.network_weights_ = [np.stack(means).astype(np.float32), np.float32(0.5)]
        self.history_ = {"loss": [1.0, 0.5], "val_loss": [1.0, float("nan")]}
        self._built = lambda: "a graph that cannot be saved"
        return self

    def __getstate__(self):
        state = super().__getstate__().copy()
        state.pop("_built", None)
        return state

    def predict_proba(self, X):
        scores = np.exp(X.astype(np.float32) @ self.network_weights_[0].T)
        return scores / scores.sum(1, keepdims=True)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(1)]


def test_a_network_of_ours_takes_part_without_doing_anything(numbers, tmp_path, monkeypatch):
    import sys

    monkeypatch.setattr(_Network, "__module__", "emopipe.invented_network")
    module = types.ModuleType("emopipe.invented_network")
    module._Network = _Network
    monkeypatch.setitem(sys.modules, "emopipe.invented_network", module)
    X, y, _ = numbers
    model = _Network().fit(X, y)
    again = load(save(model, tmp_path / "model"))
    _same(model, again, X)
    assert not hasattr(again, "_built") and hasattr(model, "_built")
    assert again.history_["loss"] == [1.0, 0.5] and np.isnan(again.history_["val_loss"][1])
    assert again.network_weights_[0].dtype == np.float32


def test_unfitted_and_other_things_are_not_saved(tmp_path):
    with pytest.raises(ModelError, match="not fitted"):
        save(SVC(), tmp_path / "model")
    with pytest.raises(ModelError, match="no classifier"):
        save(StandardScaler(), tmp_path / "model")


def test_folders_are_not_overwritten_by_accident(numbers, tmp_path):
    X, y, _ = numbers
    model = LogisticRegression().fit(X, y)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.tex").write_text("years of work")
    with pytest.raises(ModelError, match="no saved model"):
        save(model, tmp_path / "other", overwrite=True)
    folder = save(model, tmp_path / "model")
    with pytest.raises(ModelError, match="overwrite=True"):
        save(model, folder)
    save(model, folder, title="Second", overwrite=True)
    assert read_manifest(folder)["title"] == "Second"
    load(folder)


class _WithFile(ClipTransformer):
    """Stands for a feature extractor with a user's weight file."""

    def __init__(self, *, weights=None, column="path", store="default", n_jobs=-1,
                 on_error="nan", progress=False):  # fmt: skip
        super().__init__(column=column, store=store, n_jobs=n_jobs, on_error=on_error,
                         progress=progress)  # fmt: skip
        self.weights = weights


def test_a_users_own_file_is_recorded_checked_and_may_move(tmp_path):
    from emopipe.persistence.provenance import check_files, set_parameters, user_files

    weights = tmp_path / "my.h5"
    weights.write_bytes(b"numbers")
    model = make_pipeline(_WithFile(weights=str(weights)), SVC())
    files = user_files(model)
    assert files["_withfile__weights"]["path"] == str(weights)
    check_files(model, files)
    weights.rename(tmp_path / "moved.h5")
    with pytest.raises(ModelError, match="_withfile__weights, is not there"):
        check_files(model, files)
    set_parameters(model, {"_withfile__weights": str(tmp_path / "moved.h5")})
    check_files(model, files)
    (tmp_path / "moved.h5").write_bytes(b"other numbers")
    with pytest.raises(ModelError, match="another file now"):
        check_files(model, files)


def test_card_says_for_whom_it_works(table, tmp_path):
    fusion = EmotionWeightedFusion(
        [("voice", ScoreColumns(prefix="heard_")), ("face", ScoreColumns(prefix="seen_"))]
    )
    result = evaluate(fusion, table, cv=3, n_bootstrap=100, notices=["Nobody was recorded."])
    folder = save(fusion.fit(table, table["emotion"]), tmp_path / "model", result=result,
                  clips=table, notes="Not for whispering.")  # fmt: skip
    card = (folder / "model_card.md").read_text(encoding="utf-8")
    for words in ("12 subjects", "Nobody was recorded.", "Not for whispering.", "Leakage audit",
                  "| ethnicity | few | 2 | 20 | too few subjects", "| sex | female | 6 | 60 |",
                  "| age | 18-29 |", "GroupKFold", "licence"):  # fmt: skip
        assert words.lower() in card.lower(), words
    groups = read_manifest(folder)["card"]["groups"]
    of_sex = [g for g in groups if g["trait"] == "sex"]
    n_right = sum(round(g["accuracy"]["value"] * g["clips"]) for g in of_sex)
    answers = result.predictions
    assert n_right == (answers["emotion"] == answers["predicted"]).sum()


def test_card_without_an_evaluation_says_so(saved):
    assert "Not evaluated" in (saved / "model_card.md").read_text()


def test_loading_needs_no_pickle(saved, monkeypatch):
    import pickle

    def refuse(*_, **__):
        raise AssertionError("pickle on the load path")

    for name in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, name, refuse)
    load(Path(os.path.relpath(saved)))


def test_a_detector_is_known_by_its_checksum_wherever_its_model_lies():
    from emopipe.faces import model_digest
    from emopipe.persistence.provenance import _placeless, networks

    digest = model_digest("yunet")
    here, there = ({"model": place, "detector_digest": digest, "margin": 0.1} for place in "ab")
    assert _placeless({"faces": here}) == _placeless({"faces": there})
    assert _placeless(here) == {"detector_digest": digest, "margin": 0.1}
    assert [network["name"] for network in networks(here)] == ["face detector yunet"]
