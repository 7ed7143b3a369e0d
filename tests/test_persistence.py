"""Saved models: the same answers, nothing of the folder is run, every byte is guarded."""

import errno
import io
import json
import os
import shutil
import types
import warnings
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.io import wavfile
from sklearn.base import BaseEstimator, ClassifierMixin, clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA, FastICA, KernelPCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import RFE, SelectFromModel, SelectKBest, VarianceThreshold
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.kernel_approximation import Nystroem, RBFSampler
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.svm import SVC, SVR, LinearSVC, NuSVC, OneClassSVM
from sklearn.tree import DecisionTreeClassifier

from emopipe import (
    AudioVisualCNN,
    CNNLayers,
    FaceCrops,
    FaceTexture,
    FeatureTable,
    MiniXceptionFeatures,
    SoftmaxClassifier,
    StackedFusion,
    SubjectScaler,
)
from emopipe.evaluation import evaluate
from emopipe.fusion import EmotionWeightedFusion, ScoreColumns, WhereFinite
from emopipe.models import (
    ModelError,
    ModelWarning,
    check_savable,
    load,
    names,
    packing,
    read_manifest,
    save,
)
from emopipe.models.archive import read, to_bytes
from emopipe.models.manifest import seal_manifest
from emopipe.models.soundness import check_sound
from emopipe.models.trust import foreign_types
from emopipe.voice import ShortTermStatistics

EMOTIONS = np.array(["anger", "fear", "joy"])


@pytest.fixture(scope="module")
def numbers():
    rng = np.random.default_rng(0)
    y = np.tile(EMOTIONS, 40)
    X = rng.normal(size=(120, 4)) + 1.5 * (y[:, None] == EMOTIONS[[0, 1, 2, 0]])
    return X, y, np.repeat(np.arange(12).astype(str), 10)


def _scores(model, X):
    names = ("predict_proba", "decision_function", "predict")
    return getattr(model, next(name for name in names if hasattr(model, name)))(X)


def _same(model, again, X):
    np.testing.assert_array_equal(_scores(model, X), _scores(again, X))
    np.testing.assert_array_equal(model.predict(X), again.predict(X))


def _after(*steps):
    return make_pipeline(*steps, GaussianNB())


SAVED = [
    SVC(), SVC(kernel="poly"), NuSVC(nu=0.2), LinearSVC(), LogisticRegression(), GaussianNB(),
    LogisticRegressionCV(cv=3, l1_ratios=(0,), use_legacy_attributes=False), RidgeClassifier(),
    SGDClassifier(random_state=0), KNeighborsClassifier(3), NearestCentroid(), DummyClassifier(),
    KNeighborsClassifier(3, algorithm="ball_tree"), KNeighborsClassifier(3, algorithm="brute"),
    LinearDiscriminantAnalysis(), QuadraticDiscriminantAnalysis(), DecisionTreeClassifier(),
    RandomForestClassifier(5), ExtraTreesClassifier(5), AdaBoostClassifier(n_estimators=3),
    GradientBoostingClassifier(n_estimators=3), BaggingClassifier(n_estimators=3, max_features=2),
    HistGradientBoostingClassifier(max_iter=3), MLPClassifier((3,), max_iter=40),
    CalibratedClassifierCV(SVC(), ensemble=True, cv=3), OneVsOneClassifier(LinearSVC()),
    CalibratedClassifierCV(SVC(), method="isotonic", cv=3), OneVsRestClassifier(SVC()),
    VotingClassifier([("a", GaussianNB()), ("b", LogisticRegression())], voting="soft"),
    StackingClassifier([("a", GaussianNB()), ("b", LinearSVC())], cv=3),
    make_pipeline(SelectKBest(k=2), StandardScaler(), SVC()),
    WhereFinite(make_pipeline(StandardScaler(), SVC(kernel="linear"))),
    _after(SimpleImputer(), MinMaxScaler(), PCA(2)), _after(KNNImputer(), RobustScaler()),
    _after(MaxAbsScaler(), Normalizer(), TruncatedSVD(2)), _after(PowerTransformer()),
    _after(QuantileTransformer(n_quantiles=10)), _after(FastICA(2)), _after(RBFSampler()),
    _after(KBinsDiscretizer(encode="onehot-dense", quantile_method="averaged_inverted_cdf")),
    _after(KernelPCA(2, kernel="rbf")), _after(Nystroem(n_components=5)),
    _after(SelectFromModel(LogisticRegression())), _after(RFE(LinearSVC())),
    _after(VarianceThreshold(), FeatureUnion([("a", PCA(2)), ("b", StandardScaler())])),
    _after(ColumnTransformer([("a", StandardScaler(), [0, 1])], remainder="passthrough")),
]  # fmt: skip


def _name(classifier):
    parts = getattr(classifier, "named_steps", {"": classifier}).values()
    return "-".join(type(part).__name__ for part in parts)


@pytest.mark.parametrize("classifier", SAVED, ids=_name)
def test_round_trip_is_exact(classifier, numbers, tmp_path):
    X, y, _ = numbers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = clone(classifier).fit(X, y)
    assert check_savable(classifier)
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
    {"pool": "log", "weights": "likelihood"},
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
    assert again.oof_scores_ is None


def test_stacking_is_exact(table, tmp_path):
    fusion = StackedFusion(
        [("voice", ScoreColumns(prefix="heard_")), ("face", ScoreColumns(prefix="seen_"))]
    ).fit(table, table["emotion"])
    _same(fusion, load(save(fusion, tmp_path / "model")), table)


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
    offset = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[offset]))
    changed = whole[:offset] + bytes([other]) + whole[offset + 1 :]
    if path.suffix == ".json":  # a tab in place of a line's end changes nothing
        with suppress(ValueError):
            assume(json.loads(changed) != json.loads(whole))
    try:
        path.write_bytes(changed)
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


def _reseal(folder, target, *, skops=None, **changes):
    """Copy a model with changed contents and checksums that fit: made by hand, not damaged."""
    fields = json.loads((folder / "model.json").read_text()) | changes
    files = {name: (folder / name).read_bytes() for name in ("model.skops", "model_card.md")}
    files["model.skops"] = skops or files["model.skops"]
    del fields["seal"], fields["files"]
    target.mkdir()
    for name, content in files.items():
        (target / name).write_bytes(content)
    (target / "model.json").write_text(seal_manifest(fields, files) if "format" not in changes else
                                       json.dumps(fields))  # fmt: skip
    return target


def test_other_versions_are_told(saved, tmp_path):
    versions = read_manifest(saved)["versions"] | {"scikit-learn": "0.1"}
    with pytest.warns(ModelWarning, match=r"scikit-learn 0.1 \(now"):
        load(_reseal(saved, tmp_path / "old", versions=versions))
    with pytest.raises(ModelError, match=r"format 99.*update emopipe"):
        load(_reseal(saved, tmp_path / "new", format=99))


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


def _pickle(members):
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
    (_huge, "claims shape"), (_pickle, "pickled objects"), (_calling, "posix.system"),
    (_running, "emopipe.cli.__main__"), (_deep, "not a whole skops file|no object"),
    (lambda members: members.pop("schema.json"), "not a whole skops file"),
    (lambda members: members.update({"a.npy": b"nothing"}), "is no array"),
])  # fmt: skip
def test_hostile_archives_are_refused_before_anything_is_built(saved, tmp_path, change, words):
    skops = _rewritten(saved, change)
    with pytest.raises(ModelError, match=words):
        load(_reseal(saved, tmp_path / "hostile", skops=skops))


@pytest.mark.parametrize("name", ["load", "memmap", "matrix"])
@pytest.mark.parametrize("loader", ["TypeNode", "NdArrayNode"])
def test_of_numpy_only_arrays_and_their_numbers_are_trusted(loader, name):
    node = {"__class__": name, "__module__": "numpy", "__loader__": loader}
    assert foreign_types(node, "model.skops") == [f"numpy.{name}"]
    assert foreign_types(node | {"__class__": "float64"}, "model.skops") == []


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


def _with_tree(model, **changes):
    """Give the first tree of a forest another state, as a file can."""
    tree = model.estimators_[0].tree_
    kind, (n_features, n_classes, n_outputs), state = tree.__reduce__()
    nodes = state["nodes"].copy()
    nodes["feature"][nodes["left_child"] != -1] = changes["feature"]
    model.estimators_[0].tree_ = kind(changes.get("n_features", n_features), n_classes, n_outputs)
    model.estimators_[0].tree_.__setstate__(state | {"nodes": nodes})


def _precompute(model):
    model.kernel, model.shape_fit_ = "precomputed", (4, 4)
    model.support_ = np.full_like(model.support_, 2**30)


def _boost(model):
    model._predictors[0][0].nodes["feature_idx"][0] = 2**30


def _cyclic(model):
    model._predictors[0][0].nodes["left"][0] = 0


FORGED = [
    (RandomForestClassifier(2), lambda m: _with_tree(m, feature=2**33, n_features=2**40)),
    (RandomForestClassifier(2), lambda m: _with_tree(m, feature=9)),
    (RandomForestClassifier(2), lambda m: setattr(m, "n_features_in_", 2)),
    (SVC(), _precompute), (SVC(), lambda m: setattr(m, "_impl", "one_class")),
    (SVC(kernel="poly"), lambda m: setattr(m, "degree", 2**31 - 1)),
    (SVC(), lambda m: setattr(m, "support_vectors_", m.support_vectors_[:, :2])),
    (KNeighborsClassifier(3), lambda m: setattr(m, "_y", np.full_like(m._y, 2**40))),
    (KNeighborsClassifier(3), lambda m: setattr(m, "_fit_X", m._fit_X[:2])),
    (HistGradientBoostingClassifier(max_iter=2), _boost),
    (HistGradientBoostingClassifier(max_iter=2), _cyclic),
    (HistGradientBoostingClassifier(max_iter=2), lambda m: setattr(m, "_in_fit", True)),
    (LogisticRegression(), lambda m: setattr(m, "coef_", m.coef_[:, :2])),
    (StandardScaler(), lambda m: setattr(m, "mean_", m.mean_[:2])),
    (LogisticRegression(), lambda m: setattr(m, "predict", "x")),
    (BaggingClassifier(n_estimators=2), lambda m: m.estimators_features_[0].__setitem__(0, 99)),
    (MLPClassifier((3,), max_iter=20), lambda m: m.coefs_.__setitem__(0, m.coefs_[0][:2])),
]  # fmt: skip


@pytest.mark.parametrize(("model", "spoil"), FORGED, ids=lambda part: type(part).__name__)
def test_arrays_that_name_places_outside_are_refused(model, spoil, numbers, tmp_path, saved):
    X, y, _ = numbers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = clone(model).fit(X, y)
    check_sound(model)
    spoil(model)
    target = model if is_classifier(model) else make_pipeline(model, GaussianNB().fit(X, y))
    forged = _reseal(saved, tmp_path / "forged", skops=to_bytes(target))
    with pytest.raises(ModelError, match="do not fit together"):
        load(forged)


def test_sparse_arrays_and_other_estimators_are_refused(numbers, tmp_path, saved):
    X, y, _ = numbers
    model = LogisticRegression().fit(X, y)
    model.coef_ = scipy.sparse.csr_matrix(model.coef_)
    with pytest.raises(ModelError, match="csr_matrix, which `load` would refuse"):
        to_bytes(model)
    import skops.io

    for other in (model, OneClassSVM().fit(X), SVR().fit(X, X[:, 0])):
        forged = _reseal(saved, tmp_path / type(other).__name__, skops=skops.io.dumps(other))
        with pytest.raises(ModelError, match=r"not trusted|neither arrays nor"):
            load(forged)
    with pytest.raises(ModelError, match="no fitted classifier"):
        load(_reseal(saved, tmp_path / "scaler", skops=to_bytes(StandardScaler().fit(X))))


def test_a_network_wider_than_its_weights_is_refused(numbers, tmp_path, saved):
    X, y, _ = numbers
    model = SoftmaxClassifier(hidden_units=(4,), epochs=1, validation_share=0).fit(X, y)
    _same(model, load(save(model, tmp_path / "model")), X)
    model.hidden_units = (2**20, 2**20)
    with pytest.raises(ModelError, match="do not fit together"):
        load(_reseal(saved, tmp_path / "forged", skops=to_bytes(model)))


def test_a_network_on_clips_with_huge_layers_is_refused():
    network = AudioVisualCNN()
    network.classes_, network.network_weights_ = np.array(["anger", "fear"]), [np.zeros((3, 512))]
    check_sound(network)
    network.layers = CNNLayers(visual_widths=(32, 2**20))
    with pytest.raises(ModelError, match="do not fit together"):
        check_sound(network)


def test_a_model_is_named_by_its_classes_wherever_their_modules_lie(voice_model, tmp_path):
    folder = save(voice_model, tmp_path / "model")
    with zipfile.ZipFile(folder / "model.skops") as archive:
        schema = archive.read("schema.json").decode()
    assert '"__module__": "emopipe"' in schema and '"__module__": "emopipe.' not in schema
    before = schema.replace('"emopipe"', '"emopipe.where_it_was.before"').encode()
    moved = _rewritten(folder, lambda members: members.update({"schema.json": before}))
    again = load(_reseal(folder, tmp_path / "moved", skops=moved))
    assert type(again[0]) is ShortTermStatistics


def test_manifests_made_by_hand_are_refused(saved, tmp_path):
    with pytest.raises(ModelError, match="labels is no list"):
        load(_reseal(saved, tmp_path / "labels", labels="anger"))
    with pytest.raises(ModelError, match="user_files is no dict"):
        load(_reseal(saved, tmp_path / "files", user_files=[]))
    with pytest.raises(ModelError, match="user_files name face__weights"):
        load(_reseal(saved, tmp_path / "other", user_files={"face__weights": {}}))
    with pytest.raises(ModelError, match=r"has format \[1\]"):
        load(_reseal(saved, tmp_path / "format", format=[1], versions=1))
    copy = shutil.copytree(saved, tmp_path / "large")
    with (copy / "model.skops").open("r+b") as file:
        file.truncate(2**33)
    with pytest.raises(ModelError, match=r"more than .* are not read"):
        load(copy)


class _Foreign(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self


@pytest.mark.parametrize(("model", "words"), [
    (make_pipeline(FunctionTransformer(np.abs), SVC()), r"steps.functiontransformer.func is the"),
    (make_pipeline(FunctionTransformer(lambda x: x), SVC()), r"<lambda>.*not code"),
    (SVC(kernel=lambda a, b: a @ b.T), "model.kernel is the function"),
    (GaussianProcessClassifier(), "GaussianProcessClassifier.*lists"),
    (SVC(kernel="precomputed"), "precomputed"),
    (_Foreign(), r"'model' is a test_persistence\._Foreign"),
])  # fmt: skip
def test_what_could_not_be_loaded_is_not_saved(model, words, numbers, tmp_path):
    X, y, _ = numbers
    with pytest.raises(ModelError, match=words):
        check_savable(model)
    X = X @ X.T if getattr(model, "kernel", None) == "precomputed" else X
    with pytest.raises(ModelError):
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
    monkeypatch.setitem(names._INTERNAL, "_Network", "invented_network")
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


@pytest.fixture
def model_with_a_file(tmp_path):
    """A folder of a model whose features come from a weight file of the user's, and that file."""
    weights = tmp_path / "my.hdf5"
    weights.write_bytes(b"numbers")
    features = MiniXceptionFeatures(weights=str(weights))
    classifier = LogisticRegression().fit(np.arange(14.0).reshape(2, 7), ["anger", "fear"])
    model = Pipeline([("face", features), ("classifier", classifier)])
    return save(model, tmp_path / "model"), weights


def test_a_users_own_file_is_named_by_whoever_loads(model_with_a_file):
    folder, weights = model_with_a_file
    assert str(weights.parent).encode() not in b"".join(p.read_bytes() for p in folder.iterdir())
    assert read_manifest(folder)["user_files"]["face__weights"]["name"] == "my.hdf5"
    with pytest.raises(ModelError, match=r"face__weights needs the file my.hdf5.*--set face__w"):
        load(folder)
    moved = weights.rename(weights.with_name("moved.hdf5"))
    assert load(folder, parameters={"face__weights": str(moved)})[0].weights == str(moved)
    with pytest.raises(ModelError, match="is not there"):
        load(folder, parameters={"face__weights": str(weights)})
    moved.write_bytes(b"other numbers")
    with pytest.raises(ModelError, match="another file"):
        load(folder, parameters={"face__weights": str(moved)})


def test_a_detectors_model_inside_faces_is_named_by_whoever_loads(tmp_path):
    import cv2

    cascade = Path(cv2.data.haarcascades, "haarcascade_frontalface_default.xml")
    mine = tmp_path / "mine" / "faces.xml"
    mine.parent.mkdir()
    mine.write_bytes(cascade.read_bytes())
    features = FaceTexture(faces=FaceCrops(detector_model=str(mine)))
    classifier = LogisticRegression().fit(np.eye(2, 1764), ["anger", "fear"])
    folder = save(Pipeline([("face", features), ("classifier", classifier)]), tmp_path / "model")
    assert str(mine.parent).encode() not in b"".join(p.read_bytes() for p in folder.iterdir())
    with pytest.raises(ModelError, match=r"face__faces__detector_model needs the file faces.xml"):
        load(folder)
    parameters = {"face__faces__detector_model": str(mine.rename(tmp_path / "moved.xml"))}
    assert load(folder, parameters=parameters)[0].faces.detector_model.endswith("moved.xml")


def test_a_table_within_a_scaler_is_named_by_whoever_loads(tmp_path):
    csv = tmp_path / "units.csv"
    csv.write_text("file,AU12\n" + "".join(f"{n},{n}.5\n" for n in range(6)))
    clips = pd.DataFrame({"path": [f"{n}.mp4" for n in range(6)], "subject": list("aabbcc"),
                          "emotion": ["anger", "fear"] * 3})  # fmt: skip
    scaler = SubjectScaler(FeatureTable(str(csv), key="file"))
    model = make_pipeline(scaler, GaussianNB()).fit(clips, clips["emotion"])
    folder = save(model, tmp_path / "model")
    (name,) = read_manifest(folder)["user_files"]
    _same(model, load(folder, parameters={name: str(csv)}), clips)


def test_a_file_that_a_model_names_is_never_opened(model_with_a_file, monkeypatch, tmp_path):
    folder, weights = model_with_a_file
    model = load(folder, parameters={"face__weights": str(weights)})
    monkeypatch.setattr(packing, "names_a_file", lambda *_: False)  # a folder made by hand
    forged = _reseal(folder, tmp_path / "forged", skops=to_bytes(model))
    monkeypatch.undo()
    looked_at = []
    monkeypatch.setattr("emopipe.files.checksum", looked_at.append)
    with pytest.raises(ModelError, match=r"needs the file my\.hdf5"):
        load(forged)
    assert looked_at == []


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


def test_card_says_what_a_model_keeps_of_people(numbers, tmp_path):
    X, y, _ = numbers
    for model, words in [
        (make_pipeline(StandardScaler(), SVC()), "support vectors of 4 values"),
        (KNeighborsClassifier(3), "120 neighbours of 4 values"),
        (CalibratedClassifierCV(SVC(), cv=2), "support vectors of 4 values"),
        (make_pipeline(Nystroem(n_components=9), RidgeClassifier()), "9 landmarks of 4 values"),
        (LogisticRegression(), "holds no feature vector"),
    ]:
        folder = save(model.fit(X, y), tmp_path / words.replace(" ", "") / type(model).__name__)
        assert words in (folder / "model_card.md").read_text()


def test_a_full_disk_is_said_with_the_name_of_the_model(numbers, tmp_path, monkeypatch):
    def full(path, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    X, y, _ = numbers
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=r"cannot be written .No space left.*my-model"):
        save(SVC().fit(X, y), tmp_path / "my-model")
    assert not os.listdir(tmp_path)


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
    from emopipe.face import model_digest
    from emopipe.models.provenance import _placeless, networks

    digest = model_digest("yunet")
    here, there = ({"model": folder, "detector_digest": digest, "margin": 0.1} for folder in "ab")
    assert _placeless({"faces": here}) == _placeless({"faces": there})
    assert _placeless(here) == {"detector_digest": digest, "margin": 0.1}
    assert [network["name"] for network in networks(here)] == ["face detector yunet"]
