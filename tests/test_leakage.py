import functools
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.io import wavfile
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, GroupKFold, GroupShuffleSplit, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from spies import EMOTIONS, GroupSpy, Spy, clip_table

from emopipe import MiniXceptionFeatures
from emopipe.checks import CHECKS
from emopipe.evaluation import evaluate
from emopipe.evaluation.baselines import baselines
from emopipe.evaluation.giveaways import giveaways
from emopipe.evaluation.inner_splits import inner_splits, mixed_holdouts
from emopipe.evaluation.leakage import Evidence, run_checks
from emopipe.evaluation.prior_choices import list_prior_choices
from emopipe.evaluation.recordings import digests, recordings
from emopipe.extraction import ClipTransformer
from emopipe.fusion import EmotionWeightedFusion
from emopipe.inspection import parts
from emopipe.splits import Fold

FAST = {"n_bootstrap": 20}


def checks(table, pairs, splits=(), *, subjects=None, estimator=None, decoded=None, **fields):
    """Return the checks of hand-made folds by id."""
    folds = [Fold(np.array(train), np.array(test)) for train, test in pairs]
    plan = SimpleNamespace(
        folds=folds, table=table, splits=list(splits), grouped_by=["subject"], hidden=[],
        subjects=table["subject"].to_numpy(dtype=object) if subjects is None else subjects,
        task=SimpleNamespace(estimator=estimator or GroupSpy(), y=table["emotion"].to_numpy(),
                             groups=table["subject"].astype(str).to_numpy()),
        statements=None, features=None, n_columns=3, separate=[],
        tested=np.concatenate([fold.test for fold in folds]),
    )  # fmt: skip
    vars(plan).update(fields)
    decoded = {} if decoded is None else decoded
    result = SimpleNamespace(
        protocol={"test_person": "nothing"}, metrics={"uar": {"value": 1.0, "low": None}},
        chance={"uar": 0.3}, baselines=[], searches=[],
    )  # fmt: skip
    alone = {"asked": 4, "changed": 0, "unsteady": 0, "problem": None}
    evidence = Evidence(named=recordings(table, decoded), n_files=len(decoded),
                        n_decoded=len(decoded), renamed=None, alone=alone)  # fmt: skip
    entries = {check["id"]: check for check in run_checks(plan, result, evidence)}
    assert list(entries) == [id for id in CHECKS if id != "EMO11"]
    return entries


def by_id(result, id):
    return next(check for check in result.checks if check["id"] == id)


@pytest.fixture
def table():
    return clip_table("abcd", n_each=1)


def test_a_clean_split_passes_every_check(table):
    pairs = [(range(6), range(6, 12)), (range(6, 12), range(6))]
    entries = checks(table, pairs, estimator=SVC())
    statuses = {check["id"]: check["status"] for check in entries.values()}
    others = {"EMO02": "cannot tell", "EMO17": "warning"}
    others |= dict.fromkeys(("EMO03", "EMO06", "EMO09", "EMO12", "EMO13", "EMO14"), "not needed")
    assert statuses == dict.fromkeys(statuses, "passed") | others


def test_shared_subjects_fail_with_an_example(table):
    entry = checks(table, [(range(7), range(7, 12))])["EMO01"]
    assert entry["status"] == "failed" and "such as c" in entry["reason"]


def test_unknown_subjects_cannot_be_checked(table):
    pairs = [(range(6), range(6, 12))]
    nobody = np.full(12, None, dtype=object)
    entries = checks(table, pairs, inner_splits(GroupSpy()), subjects=nobody)
    assert entries["EMO01"]["status"] == "cannot tell"
    subjects = table["subject"].to_numpy(dtype=object).copy()
    subjects[7] = None
    entries = checks(table, pairs, subjects=subjects)["EMO01"]
    assert (
        entries["status"] == "cannot tell" and "1 tested clips are of unknown" in entries["reason"]
    )


def test_a_clip_tested_twice_or_made_for_training_fails(table):
    entries = checks(table, [([0], [3, 4]), ([0], [4, 5])])
    assert (
        entries["EMO04"]["status"] == "failed"
        and "1 of them more than once" in entries["EMO04"]["reason"]
    )
    entries = checks(table.assign(train_only=True), [([0], [3])])
    assert entries["EMO04"]["status"] == "failed"


def test_rows_on_both_sides_fail(table):
    entries = checks(table, [([0, 3], [3])])
    assert entries["EMO05"]["status"] == "failed"
    assert entries["EMO02"]["status"] == "failed"


def test_ungrouped_or_groupless_choices_fail(table):
    pairs = [(range(6), range(6, 12))]
    bad = inner_splits(GridSearchCV(Spy(), {}, cv=3))
    good = inner_splits(GridSearchCV(Spy(), {}, cv=GroupKFold(3)))
    assert checks(table, pairs, bad)["EMO06"]["status"] == "failed"
    assert checks(table, pairs, good)["EMO06"]["status"] == "passed"
    assert checks(table, pairs, good, estimator=SVC())["EMO06"]["status"] == "failed"


@pytest.mark.parametrize("column", ["path", "audio"])
def test_equal_sound_is_the_same_recording_whatever_its_name_and_container(table, tmp_path, column):
    rng = np.random.default_rng(0)
    sounds = rng.integers(-9000, 9000, (12, 1600)).astype(np.int16)
    sounds[5] = sounds[6] = 0  # silence is nobody's recording
    paths = [tmp_path / f"{n}.wav" for n in range(12)]
    for path, sound in zip(paths, sounds, strict=True):
        wavfile.write(path, 16000, sound)
    table[column] = [str(path) for path in paths]
    pairs = [(range(6), range(6, 12))]
    decoded = digests(table)
    assert checks(table, pairs, decoded=decoded)["EMO02"]["status"] == "passed"
    other = tmp_path / "other.flac"
    write_flac(other, sounds[0])
    table.loc[11, column] = str(other)
    entry = checks(table, pairs, decoded=digests(table))["EMO02"]
    assert entry["status"] == "failed"
    assert "fold 0: 1 with the same decoded sound, such as " in entry["reason"]
    assert re.search(r"such as \S+ \(trained on\) and \S+ \(tested\)", entry["reason"])
    table.loc[11, column] = str(paths[0])
    assert f"the same {column}, such as" in checks(table, pairs)["EMO02"]["reason"]


def test_equal_pictures_are_the_same_recording(tmp_path):
    pictures = np.random.default_rng(0).integers(0, 255, (4, 24, 32, 3)).astype(np.uint8)
    for n, picture in enumerate(pictures):
        Image.fromarray(picture).save(tmp_path / f"{n}.png")
    Image.fromarray(pictures[0]).save(tmp_path / "0.bmp")
    table = clip_table("ab", n_each=1)[:5]
    table["path"] = [str(tmp_path / name) for name in ("0.png", "1.png", "2.png", "3.png", "0.bmp")]
    entry = checks(table, [(range(3), range(3, 5))], decoded=digests(table))["EMO02"]
    assert entry["status"] == "failed" and "1 with the same decoded pictures" in entry["reason"]


def write_flac(path, sound):
    import av

    with av.open(str(path), "w") as file:
        stream = file.add_stream("flac", rate=16000, layout="mono", format="s16")
        frame = av.AudioFrame.from_ndarray(sound[None], format="s16", layout="mono")
        frame.sample_rate = 16000
        for packet in (*stream.encode(frame), *stream.encode(None)):
            file.mux(packet)


def test_a_take_is_one_recording_in_all_its_modalities(table):
    table["take"] = [f"take {n % 6}" for n in range(12)]
    pairs = [(range(6), range(6, 12))]
    assert "6 with the same take" in checks(table, pairs)["EMO02"]["reason"]
    table["corpus"] = ["one"] * 6 + ["two"] * 6
    entry = checks(table, pairs)["EMO02"]
    assert entry["status"] == "cannot tell" and "No file could be decoded" in entry["reason"]


def test_nested_estimators_are_named_by_step_and_modality():
    fusion = Spy()
    fusion.column = [("voice", make_pipeline(StandardScaler(), SVC())), ("face", Spy())]
    search = GridSearchCV(fusion, {"face": [GroupSpy()]}, cv=GroupKFold(2))
    names = [(name, type(part).__name__) for name, part in parts(search)]
    assert names == [
        ("", "GridSearchCV"),
        ("", "Spy"),
        ("face", "GroupSpy"),
        ("voice", "Pipeline"),
        ("face", "Spy"),
        ("voice__standardscaler", "StandardScaler"),
        ("voice__svc", "SVC"),
    ]
    columns = make_column_transformer((StandardScaler(), ["cue"]))
    assert [name for name, _ in parts(columns)][:2] == ["", "standardscaler"]


class OwnFolds(GroupSpy):
    def __init__(self, *, cv=None):
        self.cv = cv


@pytest.mark.parametrize(
    ("estimator", "grouped", "words", "n_splits"),
    [
        (OwnFolds(), True, "its own folds by group", None),
        (OwnFolds(cv=3), True, "3 folds by group", 3),
        (CalibratedClassifierCV(SVC()), False, "cv=None", None),
        (CalibratedClassifierCV(SVC(), cv=GroupKFold(4)), True, "GroupKFold(4)", 4),
        (GridSearchCV(Spy(), {}, cv=GroupShuffleSplit(100)), True, "GroupShuffleSplit(100)", None),
    ],
)
def test_inner_splits(estimator, grouped, words, n_splits):
    (split,) = inner_splits(make_pipeline(StandardScaler(), estimator))
    assert (split.grouped, split.splitter, split.n_splits) == (grouped, words, n_splits)
    assert split.owner == type(estimator).__name__


def test_no_inner_splits_where_nothing_splits():
    assert inner_splits(make_pipeline(StandardScaler(), SVC())) == []
    assert mixed_holdouts(SVC()) == []


def test_a_search_over_weights_makes_a_fusion_split():
    mixed = EmotionWeightedFusion([("one", SVC())], calibration=None, cv=StratifiedKFold(3))
    assert inner_splits(mixed) == []
    (split,) = inner_splits(clone(mixed).set_params(calibration="auto"))
    assert not split.grouped
    search = GridSearchCV(mixed, {"weights": ["recall", "search"]}, cv=GroupKFold(3))
    assert [split.grouped for split in inner_splits(search)] == [True, False]


def test_fitted_modalities_are_named_like_those_they_come_from():
    voters = EmotionWeightedFusion([("one", SVC()), ("two", SVC())], calibration=None)
    voters.fit([[0.0], [1.0]], ["fear", "joy"], groups=["a", "b"])
    actual = [(name, hasattr(part, "classes_")) for name, part in parts(voters)]
    assert sorted(actual) == [
        ("", True), ("one", False), ("one", True), ("two", False), ("two", True),
    ]  # fmt: skip


# Five ways to be right about people whom nobody has met, each without recognising anything.


def hopeless(**columns):
    """Return a table in which nothing tells the emotion."""
    return clip_table("abcdefgh", n_each=3, strength=0.0, **columns)


def test_cheat_1_an_estimator_that_was_fitted_on_everything():
    clips = hopeless()
    everything = SVC(C=1e4, gamma=1e4).fit(clips[["cue"]], clips["emotion"])
    inside = make_pipeline(FunctionTransformer(everything.decision_function), SVC())
    for cheat in (FrozenEstimator(everything), inside):
        result = evaluate(cheat, clips, cv=4, features=["cue"], **FAST)
        assert result.metrics["uar"]["value"] > 0.95
        check = by_id(result, "EMO07")
        assert check["status"] == "cannot tell"
        assert "Frozen" in check["reason"] or "SVC is fitted already" in check["reason"]


def test_cheat_2_a_column_that_gives_the_label_away():
    clips = hopeless()
    code = clips["emotion"].map({"anger": 5, "happiness": 3, "sadness": 4})
    parts = "take-" + code.astype(str) + "-" + clips["subject"]
    for column in (code, code.map("e{}".format), parts, code.astype(float)):
        with pytest.raises(ValueError, match=r"column 'code' gives the label away.*drop"):
            evaluate(Spy(), clips.assign(code=column), cv=4, **FAST)
    with pytest.raises(ValueError, match="take it out of features="):
        evaluate(SVC(), clips.assign(statement=code), features=["statement"], cv=4, **FAST)
    result = evaluate(Spy(), clips.assign(statement=code), cv=4, **FAST)
    assert "statement: hidden from the estimator" in by_id(result, "EMO08")["reason"]
    noisy = clips.assign(code=code + 0.01 * clips["cue"])
    assert by_id(evaluate(Spy(), noisy, cv=4, **FAST), "EMO08")["status"] == "cannot tell"


CODE = np.tile([0, 1, 2], 24)
_AGE = np.random.default_rng(0).integers(20, 70, 72)
WRITTEN = {
    "blanks": [f"p{n // 9}" + " " * k for n, k in enumerate(CODE)],
    "capitals": [("ann"[:k].upper() + "ann"[k:]) + f" {n // 9}" for n, k in enumerate(CODE)],
    "alphabets": [f"ann {n // 9}".replace("a", "aаα"[k]) for n, k in enumerate(CODE)],
    "kinds": [(int, float, str)[k](age) for k, age in zip(CODE, _AGE, strict=True)],
    "a digit of a fraction": _AGE + 0.001 * CODE,
    "a remainder": np.random.default_rng(0).integers(0, 10**6, 72) * 3 + CODE,
}


@pytest.mark.parametrize("values", WRITTEN.values(), ids=WRITTEN)
def test_a_label_in_how_a_column_is_written_gives_it_away(values):
    clips = hopeless().assign(emotion=np.array(EMOTIONS)[CODE])
    clips["note"] = pd.Series(values, dtype=object if isinstance(values, list) else None)
    with pytest.raises(ValueError, match="column 'note' gives the label away"):
        evaluate(Spy(), clips, cv=4, **FAST)


def test_a_column_that_tells_no_more_than_the_commonest_label_is_no_giveaway():
    y = np.array(["neutral"] * 399 + ["anger"])
    rng = np.random.default_rng(0)
    columns = {"sex": rng.choice(["f", "m"], 400), "age": rng.integers(20, 70, 400)}
    X = pd.DataFrame(columns | {"pitch": rng.normal(size=400)})
    folds = [Fold(np.flatnonzero(np.arange(400) % 4 != k), np.arange(k, 400, 4)) for k in range(4)]
    assert giveaways(X, y, folds) == ([], [])


class Reader(ClassifierMixin, BaseEstimator):
    """Reads the emotion out of the name of the file."""

    def __init__(self, *, column="path"):
        self.column = column

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return [next((e for e in EMOTIONS if e in name), "anger") for name in X[self.column]]


@pytest.mark.parametrize("column", ["path", "clip", "note"])
def test_cheat_3_the_emotion_read_out_of_names_of_files(column, tmp_path):
    clips = hopeless()
    clips["path"] = [str(tmp_path / name.replace("/", "-")) for name in clips["clip"]]
    clips["note"] = ["see " + name.rpartition("/")[2] for name in clips["clip"]]
    result = evaluate(Reader(column=column), clips.drop(columns=["note"] * (column != "note")),
                      cv=4, **FAST)  # fmt: skip
    assert result.metrics["uar"]["value"] == 1
    check = by_id(result, "EMO09")
    assert check["status"] == "failed" and "got other answers" in check["reason"]
    names = next(row for row in result.baselines if row["id"] == "names")
    assert names["uar"]["value"] == 1
    assert by_id(evaluate(Spy(), clips.drop(columns="note"), cv=4, **FAST), "EMO09")[
        "status"] == "passed"  # fmt: skip


def test_cheat_4_fixed_weights():
    parts = [("one", SVC()), ("two", SVC())]
    fixed = EmotionWeightedFusion(parts, weights=np.array([[1.0, 0.2, 0.9], [0.0, 0.8, 0.1]]))
    result = evaluate(fixed, hopeless(), features=["cue"], cv=4, **FAST)
    check = by_id(result, "EMO07")
    assert check["status"] == "cannot tell"
    assert "EmotionWeightedFusion has fixed weights" in check["reason"]
    assert list_prior_choices(VotingClassifier(parts, weights=[0.9, 0.1]))
    assert not list_prior_choices(VotingClassifier(parts))
    assert not list_prior_choices(EmotionWeightedFusion(parts, weights="search"))
    assert (
        list_prior_choices(make_pipeline(StandardScaler(), SVC(C=10, class_weight="balanced")))
        == []
    )


def test_cheat_5_one_recording_under_two_people(tmp_path):
    clips = hopeless()
    sounds = np.random.default_rng(1).integers(-9000, 9000, (9, 1600)).astype(np.int16)
    clips["path"] = [str(tmp_path / f"{n}.wav") for n in range(len(clips))]
    for n, path in enumerate(clips["path"]):
        other = np.random.default_rng(n).integers(-9000, 9000, 1600).astype(np.int16)
        twin = clips["subject"][n] in ("a", "b")
        wavfile.write(path, 16000, sounds[n % 9] if twin else other)
        if clips["subject"][n] == "b":
            with open(path, "ab") as file:
                file.write(b"LIST\x04\x00\x00\x00note")
    result = evaluate(Spy(), clips, cv=8, **FAST)
    check = by_id(result, "EMO02")
    assert check["status"] == "failed" and "9 with the same decoded sound" in check["reason"]
    assert any("Copies among the clips: 9 with" in n["text"] for n in result.notices)
    assert not result.passed


def test_baselines_tell_what_names_durations_and_permuted_labels_give():
    clips = clip_table("abcdefgh", n_each=3).assign(statement=lambda t: t["subject"].map(len))
    rows = {row["id"]: row for row in evaluate(Spy(), clips, cv=4, **FAST).baselines}
    assert list(rows) == ["names", "sentences", "permuted"]
    assert rows["names"]["uar"]["value"] == 1 and rows["names"]["n"] == len(clips)
    assert rows["sentences"]["uar"]["value"] == pytest.approx(1 / 3)
    assert abs(rows["permuted"]["uar"]["value"] - 1 / 3) < 0.2


def test_durations_alone_are_a_baseline():
    seconds = np.array([1.0, 2.0, 3.0] * 8)
    y = np.array(EMOTIONS * 8)
    plan = SimpleNamespace(
        table=pd.DataFrame({"clip": [f"{n}" for n in range(24)]}), random_state=0,
        task=SimpleNamespace(estimator=Spy(), y=y, groups=np.repeat(list("abcd"), 6),
                             classes=sorted(EMOTIONS), X=pd.DataFrame({"clip": range(24)})),
        folds=[Fold(np.arange(12), np.arange(12, 24))],
    )  # fmt: skip
    rows = {row["id"]: row for row in baselines(plan, seconds, n_bootstrap=20)}
    assert rows["durations"]["accuracy"]["value"] == 1 and rows["durations"]["n"] == 12


def test_permuted_labels_are_tried_on_the_features_that_the_estimator_reads(monkeypatch):
    # Were the labels not permuted, the features would tell them: the row is no empty ritual.
    monkeypatch.setitem(baselines.__globals__, "_permute", lambda y, *args: y)
    clips = clip_table("abcdefgh", n_each=3).drop(columns="voiceprint")
    clips["clip"] = [f"{n:03d}" for n in range(len(clips))]

    class Stored(ClipTransformer):
        cues = clips.set_index("clip")[["cue"]]

        def statuses(self, X):
            return pd.DataFrame({"status": ["ok"] * len(X)})

        def transform(self, X):
            return self.cues.loc[X["clip"]].to_numpy()

        def fit(self, X, y=None):
            return self

    pipeline = make_pipeline(Stored(store="somewhere"), SVC())
    result = evaluate(pipeline, clips.drop(columns="cue"), cv=4, ignore=["EMO09"], **FAST)
    rows = {row["id"]: row["uar"]["value"] for row in result.baselines}
    assert rows["permuted"] > 0.7 > rows["names"]


def test_a_network_that_reads_clips_itself_has_no_features_to_permute():
    class Network(Spy):
        store = "somewhere"

        def statuses(self, X):
            return pd.DataFrame({"status": ["ok"] * len(X)})

    rows = evaluate(Network(), hopeless(), cv=4, **FAST).baselines
    assert rows[-1]["id"] == "permuted" and rows[-1]["uar"]["value"] is not None


MOOD = clip_table("ab", n_each=1)[["cue"]]


def _by_a_table(X):
    return X - MOOD.mean().to_numpy()


def _by_a_model(X):
    return _MODEL.decision_function(X)


def _indirectly(X):
    return _by_a_model(X)


_MODEL = SVC().fit(MOOD, ["anger", "fear"] * 3)
_WORDS = ["cue"]


def _plain(X):
    return np.log1p(np.abs(X)) * len(_WORDS)


def _close(numbers):
    return lambda X: X - numbers


class Remembers(Reader):
    """Keeps what it is fitted on for the copies of the other folds."""

    memory = {}  # noqa: RUF012

    def __init__(self, *, answers=None):
        self.answers = answers


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (FunctionTransformer(_by_a_table), "_by_a_table uses MOOD"),
        (FunctionTransformer(_by_a_model), "SVC is fitted already"),
        (FunctionTransformer(_indirectly), "SVC is fitted already"),
        (FunctionTransformer(_close(np.ones(1))), "uses numbers"),
        (FunctionTransformer(np.dot, kw_args={"b": np.ones((1, 1))}), "has fixed kw_args"),
        (FunctionTransformer(functools.partial(np.dot, b=np.ones(1))), "partial uses b"),
        (Remembers(), "Remembers uses memory"),
        (Remembers(answers={0.5: "anger"}), "Remembers has fixed answers"),
        (MiniXceptionFeatures(weights=__file__), "reads a file (weights)"),
    ],
)
def test_what_code_uses_from_outside_of_fit_is_told(part, words):
    assert any(words in reason for reason in list_prior_choices(part))


def test_code_without_numbers_of_its_own_brings_nothing():
    assert not list_prior_choices(
        make_pipeline(FunctionTransformer(_plain), SVC(class_weight=None))
    )
    assert not list_prior_choices(MiniXceptionFeatures())


class Rows(Reader):
    """Reads the emotion out of the numbers of the rows."""

    def fit(self, X, y):
        self.model_ = KNeighborsClassifier(1).fit(np.array(X.index)[:, None], y)
        return super().fit(X, y)

    def predict(self, X):
        return self.model_.predict(np.array(X.index)[:, None])


class Attributes(Reader):
    """Reads the emotion out of what comes with a table."""

    def predict(self, X):
        return [X.attrs.get("emotions", {}).get(clip, "anger") for clip in X["clip"]]


def test_neither_the_numbers_of_rows_nor_what_comes_with_a_table_tell_the_emotion():
    clips = hopeless().sort_values("emotion", ignore_index=True)
    clips["clip"] = np.random.default_rng(0).permutation(len(clips)).astype(str)
    clips.attrs["emotions"] = dict(zip(clips["clip"], clips["emotion"], strict=True))
    for cheat in (Rows(), Attributes()):
        assert evaluate(cheat, clips, cv=4, **FAST).metrics["uar"]["value"] < 0.6
