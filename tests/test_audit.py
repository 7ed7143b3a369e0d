import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV, GroupKFold, GroupShuffleSplit, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from spies import GroupSpy, Spy, clip_table

from emopipe.evaluation.audit import audit, recordings
from emopipe.evaluation.folds import Fold
from emopipe.evaluation.nesting import inner_splits, mixed_holdouts, nested
from emopipe.fusion import EmotionWeightedFusion


def entries(table, pairs, splits=(), *, subjects=None, passed_groups=True):
    folds = [Fold(np.array(train), np.array(test)) for train, test in pairs]
    subjects = table["subject"].to_numpy(dtype=object) if subjects is None else subjects
    found = audit(folds, table, subjects, list(splits), passed_groups=passed_groups)
    return {check["id"]: check for check in found}


@pytest.fixture
def table():
    return clip_table("abcd", n_each=1)


def test_a_clean_split_passes_every_check(table):
    found = entries(table, [(range(6), range(6, 12)), (range(6, 12), range(6))])
    assert [check["status"] for check in found.values()] == [
        "passed", "passed", "passed", "not needed", "passed",
    ]  # fmt: skip


def test_shared_subjects_fail_with_an_example(table):
    found = entries(table, [(range(7), range(7, 12))])["subjects"]
    assert found["status"] == "failed" and "such as c" in found["reason"]


def test_unknown_subjects_cannot_be_checked(table):
    pairs = [(range(6), range(6, 12))]
    nobody = np.full(12, None, dtype=object)
    found = entries(table, pairs, inner_splits(GroupSpy()), subjects=nobody)
    assert found["subjects"]["status"] == "cannot tell"
    some = table["subject"].to_numpy(dtype=object).copy()
    some[7] = None
    found = entries(table, pairs, subjects=some)["subjects"]
    assert found["status"] == "cannot tell" and "1 tested clips are of unknown" in found["reason"]


def test_a_clip_tested_twice_or_made_for_training_fails(table):
    found = entries(table, [([0], [3, 4]), ([0], [4, 5])])
    assert (
        found["tested-once"]["status"] == "failed"
        and "1 of them more than once" in found["tested-once"]["reason"]
    )
    found = entries(table.assign(train_only=True), [([0], [3])])
    assert found["tested-once"]["status"] == "failed"


def test_rows_on_both_sides_fail(table):
    found = entries(table, [([0, 3], [3])])
    assert found["rows-apart"]["status"] == "failed"
    assert found["recordings"]["status"] == "failed"


def test_ungrouped_or_groupless_choices_fail(table):
    pairs = [(range(6), range(6, 12))]
    bad = inner_splits(GridSearchCV(Spy(), {}, cv=3))
    good = inner_splits(GridSearchCV(Spy(), {}, cv=GroupKFold(3)))
    assert entries(table, pairs, bad)["inner-folds"]["status"] == "failed"
    assert entries(table, pairs, good)["inner-folds"]["status"] == "passed"
    assert entries(table, pairs, good, passed_groups=False)["inner-folds"]["status"] == "failed"


@pytest.mark.parametrize("column", ["path", "audio"])
def test_equal_content_is_the_same_recording_whatever_its_name(table, tmp_path, column):
    paths = [tmp_path / f"{n}.wav" for n in range(12)]
    for n, path in enumerate(paths):
        path.write_bytes(b"sound %02d" % n)
    table[column] = [str(path) for path in paths]
    pairs = [(range(6), range(6, 12))]
    assert entries(table, pairs)["recordings"]["status"] == "passed"
    paths[11].write_bytes(b"sound 00")
    found = entries(table, pairs)["recordings"]
    assert found["status"] == "failed"
    assert f"fold 0: 1 with the same content of {column}" in found["reason"]
    table.loc[11, column] = str(paths[0])
    assert f"the same {column}, such as" in entries(table, pairs)["recordings"]["reason"]


def test_a_take_is_one_recording_in_all_its_modalities(table):
    table["take"] = [f"take {n % 6}" for n in range(12)]
    pairs = [(range(6), range(6, 12))]
    assert "6 with the same take" in entries(table, pairs)["recordings"]["reason"]
    table["corpus"] = ["one"] * 6 + ["two"] * 6
    assert entries(table, pairs)["recordings"]["status"] == "passed"


def test_only_files_of_equal_size_are_read(table, tmp_path, monkeypatch):
    table["path"] = [str(tmp_path / f"{n}.wav") for n in range(12)]
    for n, path in enumerate(table["path"][:11]):
        with open(path, "wb") as file:
            file.write(bytes(10 if n < 2 else 10 + n))
    assert sum(name is not None for name in recordings(table)["content of path"]) == 2
    table.loc[5, "path"] = None
    assert recordings(table)["path"][5] is None


def test_nested_estimators_are_named_by_step_and_modality():
    fusion = Spy()
    fusion.column = [("voice", make_pipeline(StandardScaler(), SVC())), ("face", Spy())]
    search = GridSearchCV(fusion, {"face": [GroupSpy()]}, cv=GroupKFold(2))
    names = [(name, type(part).__name__) for name, part in nested(search)]
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
    assert [name for name, _ in nested(columns)][:2] == ["", "standardscaler"]


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
    found = [(name, hasattr(part, "classes_")) for name, part in nested(voters)]
    assert sorted(found) == [
        ("", True), ("one", False), ("one", True), ("two", False), ("two", True),
    ]  # fmt: skip
