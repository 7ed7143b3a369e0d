import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emopipe.literature import Published
from emopipe.result import SCHEMA, Chart, Experiment, Result

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def make_result(**changes):
    fields = {
        "title": "voice",
        "protocol": {"splitter": "GroupKFold(2)", "seed": np.int64(0)},
        "classes": ["anger", "sadness"],
        "corpora": [{"name": "toy", "clips": 2, "synthetic": np.bool_(False)}],
        "predictions": pd.DataFrame(
            {
                "clip": ["a.wav", "b.wav"],
                "subject": pd.Series(["1", pd.NA], dtype="string"),
                "fold": [0, 1],
                "predicted": ["anger", None],
                "score_anger": [0.9, np.nan],
            }
        ),
        "metrics": {"accuracy": {"value": 0.5, "low": 0.1, "high": math.nan}},
        "per_emotion": pd.DataFrame({"emotion": ["anger", "sadness"], "recall": [1.0, 0.0]}),
        "per_subject": pd.DataFrame({"subject": ["1"], "accuracy": [1.0], "n": [1]}),
        "subject_mean": 1.0,
        "subject_std": math.nan,
        "confusion": np.array([[1, 0], [0, 0]]),
        "folds": [{"fold": 0, "best_params": {"C": 1}}],
        "run": {"seconds": {"fit": 2.0}, "versions": {"python": "3.11"}},
    }
    return Result(**fields | changes)


def make_experiment(**changes):
    fields = {
        "name": "toy-1",
        "title": "Toy",
        "question": "Does it?",
        "results": {"voice": make_result(), "face": make_result(title="face")},
        "published": [Published(label="video", value=0.2774, source="thesis", beside="face")],
        "charts": [Chart("t", "segments", "accuracy", {"ours": {"x": [1, 2], "y": [0.1, 0.2]}})],
    }
    return Experiment(**fields | changes)


def test_result_survives_json_and_keeps_its_bytes():
    result = make_result()
    again = Result.from_json(result.to_json())
    assert again == result
    assert again.to_json() == result.to_json()
    assert again.predictions["fold"].dtype.kind == "i"
    assert math.isnan(again.predictions["score_anger"][1])
    assert math.isnan(again.subject_std)
    assert again.confusion.dtype == np.int64


@given(plain)
def test_any_plain_value_becomes_strict_json(value):
    text = make_result(protocol={"value": value}).to_json()

    def refuse(constant):
        raise AssertionError(constant)

    json.loads(text, parse_constant=refuse)
    assert Result.from_json(text).to_json() == text


def test_what_differs_from_run_to_run_can_be_left_out():
    slow, fast = (make_result(run={"seconds": {"fit": seconds}}) for seconds in (9.0, 1.0))
    assert slow != fast
    assert slow.to_json(run=False) == fast.to_json(run=False)
    assert slow.run["seconds"]["fit"] == 9.0


def test_values_that_json_cannot_hold_are_refused_where_they_are_given():
    with pytest.raises(TypeError, match=r"Result\.protocol\.x holds a set"):
        make_result(protocol={"x": {1}})


def test_newer_schema_is_said_in_words():
    fields = json.loads(make_result().to_json()) | {"schema": SCHEMA + 1}
    with pytest.raises(ValueError, match="written by a newer emopipe"):
        Result.from_json(json.dumps(fields))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not JSON"),
        ("[]", "not 'result' data"),
        ('{"kind": "experiment"}', "not 'result' data"),
        ('{"kind": "result", "schema": 2}', "Result data lack title, protocol"),
    ],
)
def test_what_is_no_result_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        Result.from_json(text)


def test_unknown_fields_of_the_same_schema_are_ignored():
    fields = json.loads(make_result().to_json()) | {"extra": 1}
    assert Result.from_json(json.dumps(fields)) == make_result()


def test_passed_needs_every_check_and_every_check_is_counted():
    check = {"id": "subjects", "title": "", "status": "passed", "reason": ""}
    others = [check | {"status": status} for status in ("cannot tell", "not needed")]
    result = make_result(checks=[check, *others])
    assert result.passed
    counts = {"passed": 1, "failed": 0, "cannot tell": 1, "not needed": 1}
    assert result.check_counts == counts
    assert not make_result(checks=[check, check | {"status": "failed"}]).passed


def test_notices_have_a_severity():
    given = ["Mind the gap.", {"text": "All is drawn.", "severity": "severe"}, "Mind the gap."]
    mind = {"text": "Mind the gap.", "severity": "warning"}
    assert make_result(notices=given).notices == [mind, given[1]]
    assert make_experiment(notices="Mind the gap.").notices == [mind]
    with pytest.raises(ValueError, match="'information', 'warning', 'severe'"):
        make_result(notices=[{"text": "x", "severity": "fatal"}])


def test_fewer_answers_than_clips_are_partial():
    assert make_result(coverage={"asked": 3, "answered": 2, "reasons": []}).partial
    assert not make_result(coverage={"asked": 3, "answered": 3, "reasons": []}).partial


def test_chance_is_the_largest_share_and_one_of_the_classes():
    clips = pd.DataFrame({"clip": list("abcd"), "emotion": ["anger"] * 3 + ["sadness"]})
    assert make_result(predictions=clips).chance == {"accuracy": 0.75, "uar": 0.5}
    assert make_result(predictions=clips[:0]).chance == {"accuracy": None, "uar": None}


def test_experiment_is_saved_and_loaded(tmp_path):
    experiment = make_experiment()
    path = experiment.save(tmp_path / "reports" / "toy-1")
    assert path == tmp_path / "reports" / "toy-1" / "result.json"
    assert [item.name for item in path.parent.iterdir()] == ["result.json"]
    assert Experiment.load(path.parent) == Experiment.load(path) == experiment
    assert list(Experiment.load(path).results) == ["voice", "face"]
    assert Experiment.load(path).published == experiment.published
    assert path.read_text(encoding="utf-8") == experiment.to_json()
    assert Experiment.load(path).save(path.parent).read_text("utf-8") == experiment.to_json()


def test_loading_errors_name_the_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="no saved experiment"):
        Experiment.load(tmp_path)
    (tmp_path / "result.json").write_text("{")
    with pytest.raises(ValueError, match=r"result\.json is not JSON"):
        Experiment.load(tmp_path)


@pytest.mark.parametrize("name", ["", "../up", "A b", "-x", str(Path("a") / "b")])
def test_experiment_names_are_folder_names(name):
    with pytest.raises(ValueError, match="names a folder"):
        make_experiment(name=name)


@pytest.mark.parametrize("field", ["references", "published"])
def test_an_experiment_names_only_results_that_it_has(field):
    foreign = {
        "references": ["smell"],
        "published": [Published(label="x", value=0.5, source="A", beside="smell")],
    }
    with pytest.raises(ValueError, match="'smell', which is not there"):
        make_experiment(**{field: foreign[field]})


def test_what_differs_from_run_to_run_of_an_experiment_can_be_left_out():
    seconds = Chart("t", "segments", "seconds", {"ours": {"x": [1], "y": [0.3]}}, run=True)
    experiment = make_experiment(charts=[seconds], reproduce="emopipe run --jobs 3")
    assert experiment.to_json(run=False) == make_experiment(charts=[]).to_json(run=False)
