import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emopipe.experiment import Chart, Experiment
from emopipe.literature import Published
from emopipe.result import SCHEMA, Result
from emopipe.strict_json import LARGEST
from emopipe.strict_json import plain as plain_value

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def figures(value=0.5, low=0.1, high=0.9):
    return {"value": value, "low": low, "high": high}


PROTOCOL = {
    "splitter": "GroupKFold(2)", "n_folds": 2, "grouped_by": ["subject"], "nested": None,
    "scoring": None, "seed": np.int64(0), "subject_dependent": False, "subjects_named": True,
    "test_person": "nothing", "label": "emotion", "estimator": "SVC()", "n_bootstrap": 0,
    "confidence": 0.95, "bootstrap_over": "subjects", "statements": [], "call": "evaluate(...)",
}  # fmt: skip
FOLD = {
    "fold": 0, "n_train": 1, "n_test": 1, "train_subjects": 1, "test_subjects": ["1"],
    "best_params": {"C": 1}, "fusion_weights": {"voice": {"anger": 0.5}}, "n_unanswered": 0,
    "accuracy": 1.0, "uar": 1.0, "history": [{"estimator": "A", "loss": [1.0, 0.5]}],
}  # fmt: skip


def make_result(**changes):
    emotions = pd.DataFrame({"emotion": ["anger", "sadness"], "support": [1, 1]})
    fields = {
        "title": "voice",
        "protocol": PROTOCOL,
        "classes": ["anger", "sadness"],
        "corpora": [
            {"name": "toy", "clips": 2, "subjects": 1, "emotions": {"anger": 1}, "excluded": {},
             "train_only": 0, "tested": 2, "complete": None, "synthetic": np.bool_(False)}
        ],
        "predictions": pd.DataFrame(
            {
                "clip": ["a.wav", "b.wav"],
                "subject": pd.Series(["1", pd.NA], dtype="string"),
                "corpus": "toy",
                "fold": [0, 1],
                "emotion": ["anger", "sadness"],
                "predicted": ["anger", None],
                "score_anger": [0.9, np.nan],
            }
        ),
        "metrics": {name: figures(high=math.nan) for name in ("accuracy", "uar", "macro_f1")},
        "per_emotion": emotions.assign(recall=[1.0, 0], precision=1.0, f1=0.5, low=0.0, high=1.0),
        "folds": [FOLD],
        "checks": [{"id": "subjects", "title": "", "status": "passed", "reason": ""}],
        "baselines": [
            {"id": "names", "title": "names", "accuracy": figures(), "uar": figures(), "n": 2,
             "note": ""}
        ],
        "coverage": {"asked": 2, "answered": 1, "reasons": ["1 of 2 clips got no answer"],
                     "statuses": {"ShortTermStatistics": {"ok": 2}}},
        "searches": [
            {"name": "GridSearchCV", "scoring": "accuracy", "params": [{"C": 1}], "folds": [0],
             "best": [0], "mean": [[0.5]], "std": [[0.1]]}
        ],
        "variants": [
            {"id": "random-folds", "title": "random folds", "accuracy": figures(0.75), "n": 2,
             "uar": figures(0.5), "note": "too high"}
        ],
        "run": {"seconds": {"fit": 2.0}, "versions": {"python": "3.11"}},
    }  # fmt: skip
    return Result(**fields | changes)


def test_scores_of_a_class_that_nobody_answered_stay_numbers():
    result = make_result()
    result.predictions["score_anger"] = np.nan
    again = Result.from_json(result.to_json())
    assert again.predictions["score_anger"].dtype == np.float64 and again == result


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


def test_a_result_takes_at_most_15_parameters():
    assert len(dataclasses.fields(Result)) <= 15


def test_result_survives_json_and_keeps_its_bytes():
    result = make_result()
    again = Result.from_json(result.to_json())
    assert again == result
    assert again.to_json() == result.to_json()
    assert again.predictions["fold"].dtype.kind == "i"
    assert math.isnan(again.predictions["score_anger"][1])
    assert math.isnan(again.subject_std)
    assert again.confusion.dtype == np.int64 and again.confusion.tolist() == [[1, 0], [0, 0]]
    assert again.per_subject.to_dict("records") == [
        {"subject": "1", "n": 1, "accuracy": 1.0, "uar": 1.0}
    ]
    assert again.optimism_gap["gap"] == {"accuracy": 0.25, "uar": 0.0}
    assert make_result(variants=[]).optimism_gap is None


@given(plain)
def test_any_plain_value_becomes_strict_json(value):
    text = make_result(protocol=PROTOCOL | {"value": value}).to_json()

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
        (
            '{"kind": "result", "schema": 3}',
            "the text is no result that can be read: it lacks title",
        ),
        ("[" * 100_000, "nested deeper than 32 levels"),
        ('{"a": ' * 40 + "1" + "}" * 40, "nested deeper than 32 levels"),
        ('{"kind": NaN}', "NaN is no JSON number"),
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
    counts = {"passed": 1, "failed": 0, "warning": 0, "cannot tell": 1, "not needed": 1}
    counts |= {"ignored": 0}
    assert result.check_counts == counts
    assert not make_result(checks=[check, check | {"status": "failed"}]).passed


def test_notices_have_a_severity():
    entries = ["Mind the gap.", {"text": "All is drawn.", "severity": "severe"}, "Mind the gap."]
    mind = {"text": "Mind the gap.", "severity": "warning"}
    assert make_result(notices=entries).notices == [mind, entries[1]]
    assert make_experiment(notices="Mind the gap.").notices == [mind]
    with pytest.raises(ValueError, match="'information', 'warning', 'severe'"):
        make_result(notices=[{"text": "x", "severity": "fatal"}])


def test_fewer_answers_than_clips_are_partial():
    assert make_result(coverage={"asked": 3, "answered": 2, "reasons": [], "statuses": {}}).partial
    assert not make_result(
        coverage={"asked": 3, "answered": 3, "reasons": [], "statuses": {}}
    ).partial


def test_chance_is_the_largest_share_and_one_of_the_classes():
    clips = pd.DataFrame({"clip": list("abcd"), "emotion": ["anger"] * 3 + ["sadness"]})
    assert make_result(predictions=clips).chance == {"accuracy": 0.75, "uar": 0.5}
    assert make_result(predictions=clips[:0]).chance == {"accuracy": None, "uar": None}


def test_the_fingerprint_is_about_clips_and_test_folds():
    clips = pd.DataFrame({"clip": list("abcd"), "fold": [0, 0, 1, 1]})
    fingerprint = make_result(predictions=clips).fingerprint
    assert make_result(predictions=clips[::-1]).fingerprint == fingerprint
    assert make_result(predictions=clips.assign(fold=[1, 1, 0, 0])).fingerprint != fingerprint
    assert make_result(predictions=clips[:2]).fingerprint != fingerprint


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


def change(path, value, stored=None):
    """Return a stored experiment in which one place holds another value."""
    fields = json.loads(make_experiment().to_json() if stored is None else json.dumps(stored))
    *way, last = path
    inner = fields
    for key in way:
        inner = inner[key]
    if value is KeyError:
        del inner[last]
    else:
        inner[last] = value
    return json.dumps(fields)


VOICE = ("results", "voice")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ((*VOICE, "metrics", "accuracy", "value"), "high", "metrics.accuracy.value is 'high'"),
        ((*VOICE, "metrics", "uar", "low"), 7, "from 0 to 1"),
        ((*VOICE, "metrics", "uar"), KeyError, "metrics lacks uar"),
        ((*VOICE, "classes"), ["anger", "anger"], "different emotions"),
        ((*VOICE, "classes"), ["anger"], "predictions.emotion is 'sadness'"),
        ((*VOICE, "per_emotion", "support", 0), -1, r"support\[0\] is -1"),
        ((*VOICE, "per_emotion", "support", 0), 1e300, "whole number"),
        ((*VOICE, "predictions", "fold"), [0], "columns of different lengths"),
        ((*VOICE, "predictions"), [], "predictions is"),
        ((*VOICE, "predictions", "clip"), KeyError, "predictions lacks clip"),
        ((*VOICE, "checks", 0, "status"), "certified", "one of 'passed', 'failed'"),
        ((*VOICE, "checks", 0, "status"), True, "one of 'passed', 'failed'"),
        ((*VOICE, "notices"), ["text"], r"notices\[0\] is 'text': an object"),
        ((*VOICE, "coverage", "answered"), 9, "more answers than were asked"),
        ((*VOICE, "searches", 0, "mean"), [[1, 2]], "lists of different lengths"),
        ((*VOICE, "searches", 0, "best"), [0, 0], "lists of different lengths"),
        ((*VOICE, "folds", 0, "history", 0, "loss"), ["x"], r"folds\[0\].history.loss"),
        ((*VOICE, "title"), "x" * 1_000_001, "at most 1000000 characters"),
        ((*VOICE, "schema"), 99, "written by a newer emopipe"),
        (("results",), {str(n): {} for n in range(1001)}, "at most 1000 entries"),
        (("published", 0, "value"), 27.74, "from 0 to 1"),
        (("published", 0, "metric"), "f1", "'accuracy', 'uar'"),
        (("charts", 0, "series", "ours", "y"), [1], "columns of different lengths"),
        (("name",), "../up", "names a folder"),
        (("schema",), 1, "older emopipe.*run the experiment again"),
        (("schema",), "2", "schema '2'"),
    ],
)
def test_a_file_is_checked_when_it_is_read(path, value, words, tmp_path):
    (tmp_path / "result.json").write_text(change(path, value))
    with pytest.raises(ValueError, match=words) as error:
        Experiment.load(tmp_path)
    assert str(error.value).startswith(str(tmp_path / "result.json"))


def test_a_file_that_is_too_large_or_no_text_is_refused_by_name(tmp_path):
    path = tmp_path / "result.json"
    with open(path, "wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(ValueError, match=r"result\.json is larger than"):
        Experiment.load(tmp_path)
    path.write_bytes(b"\xff{}")
    with pytest.raises(ValueError, match=r"result\.json is not JSON: it is no UTF-8"):
        Experiment.load(tmp_path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


def list_paths(value, path=()):
    yield path
    items = (
        enumerate(value)
        if isinstance(value, list)
        else value.items()
        if isinstance(value, dict)
        else ()
    )
    for key, item in items:
        yield from list_paths(item, (*path, key))


PLACES = [p for p in list_paths(json.loads(make_experiment().to_json())) if p]


@given(st.sampled_from(PLACES), json_values)
@settings(max_examples=150, deadline=None)
def test_whatever_stands_anywhere_is_read_or_refused_in_words(path, value):
    try:
        again = Experiment.from_json(change(path, value), "the file")
    except ValueError as error:
        assert str(error).startswith("the file")
    else:
        assert again.to_json()


GOLDEN = Path(__file__).parent / "golden" / f"result-schema-{SCHEMA}.json"
OLDER = GOLDEN.with_name("result-schema-2.json")


def test_the_golden_file_of_this_schema_is_read_and_written_again_to_the_byte():
    text = GOLDEN.read_text(encoding="utf-8")
    assert Experiment.from_json(text, GOLDEN.name).to_json() == text


def test_the_golden_file_of_schema_2_is_read_with_all_that_it_says():
    text = OLDER.read_text(encoding="utf-8")
    fields = json.loads(text)["results"]
    for label, result in Experiment.from_json(text, OLDER.name).results.items():
        old = fields[label]
        for name in ("confusion", "per_subject", "subject_mean", "subject_std"):
            now = json.loads(json.dumps(plain_value(getattr(result, name), name)))
            assert now == old[name], name
        assert result.protocol["call"] == old["reproduce"]
        assert result.coverage["statuses"] == old["statuses"]
        assert [grid["folds"] for grid in result.searches] == [[g["fold"]] for g in old["searches"]]
        assert Result.from_json(result.to_json()) == result


OLD = json.loads(OLDER.read_text(encoding="utf-8"))


@given(st.sampled_from([p for p in list_paths(OLD) if p]), json_values)
@settings(max_examples=100, deadline=None)
def test_whatever_stands_in_a_file_of_schema_2_is_read_or_refused_in_words(path, value):
    try:
        again = Experiment.from_json(change(path, value, OLD), "the file")
    except ValueError as error:
        assert str(error).startswith("the file")
    else:
        assert again.to_json()


def test_a_result_is_saved_loaded_and_gives_its_tables(tmp_path):
    result = make_result()
    path = result.save(tmp_path / "voice.json")
    assert Result.load(path) == result
    with pytest.raises(ValueError, match=r"other\.json is not 'result' data"):
        (tmp_path / "other.json").write_text(make_experiment().to_json())
        Result.load(tmp_path / "other.json")
    tables = result.tables()
    assert all(isinstance(table, pd.DataFrame) for table in tables.values())
    assert tables["confusion"].loc["anger", "anger"] == 1
    assert tables["metrics"].loc["uar", "value"] == 0.5
    assert tables["weights"].iloc[0].tolist() == [0, "voice", "anger", 0.5]
    assert result.fold_table()["fold"].tolist() == [0, 1]


def test_a_result_says_its_figures_without_intervals_too():
    figures = {"accuracy": {"value": 1.0, "low": None, "high": None},
               "uar": {"value": 0.5, "low": 0.4, "high": 0.6}}  # fmt: skip
    assert "accuracy 1.000, uar 0.500 [0.400, 0.600]" in repr(make_result(metrics=figures))
    nothing = {"accuracy": {"value": None, "low": None, "high": None}}
    assert "no figures" in repr(make_result(metrics=nothing))
