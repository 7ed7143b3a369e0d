"""Every coded check has a planted failure, a way to mute it, and a line in the docs."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from experiments_for_reports import experiment
from sklearn.model_selection import GridSearchCV, GroupKFold, PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from spies import Spy, clip_table

from emopipe import Experiment, evaluate, write_report
from emopipe.checks import (
    CHECKS,
    STATUSES,
    check_entry,
    ignored_checks,
    mute,
    mute_experiment,
)
from emopipe.evaluation.alone import ask_alone
from emopipe.evaluation.design import (
    check_baselines,
    check_corpora,
    check_corpus_emotions,
    check_edges,
    check_emotions,
    check_folds,
    cramers_v,
)
from emopipe.inspection import SelfDescribing
from emopipe.splits import Fold

FAST = {"n_bootstrap": 20}
DOCS = Path(__file__).parent.parent / "docs"


def says(result, id):
    """Return the status and the reason of a result's check."""
    check = next(check for check in result.checks if check["id"] == id)
    return check["status"], check["reason"]


def folds(*tests, n):
    return [Fold(np.setdiff1d(np.arange(n), test), np.array(test)) for test in tests]


@pytest.fixture(scope="module")
def clean():
    return evaluate(Spy(), clip_table("abcdefgh", n_each=3), cv=4, **FAST)


def test_a_clean_evaluation_says_something_of_every_check(clean):
    assert [check["id"] for check in clean.checks] == [id for id in CHECKS if id != "EMO11"]
    assert all(check["status"] in STATUSES and check["reason"] for check in clean.checks)
    loud = {check["id"] for check in clean.checks if check["status"] in ("failed", "warning")}
    assert loud == set() and clean.passed


def test_reasons_are_sentences_for_readers_without_the_code(clean):
    reasons = {check["id"]: check["reason"] for check in clean.checks}
    assert reasons["EMO04"].endswith("0 of them are only for training.")
    assert "columns of the clip table tells the emotion of people" in reasons["EMO08"]
    assert "of 2 baselines is permuted labels with 0." in reasons["EMO15"]
    assert reasons["EMO16"] == "18 tested clips in each of 4 folds."
    reasons.pop("EMO07")  # it names parts of the estimator
    assert not [r for r in reasons.values() if "(s)" in r or "_" in r or not r.endswith(".")]


def test_ids_are_a_row_and_are_explained():
    assert list(CHECKS) == [f"EMO{n:02d}" for n in range(1, len(CHECKS) + 1)]
    for check in CHECKS.values():
        assert check.title and check.why.endswith(".") and check.remedy.endswith(".")


def test_shared_subject_fails():
    clips = clip_table("abcd", n_each=2)
    halves = PredefinedSplit(np.arange(len(clips)) % 2)
    result = evaluate(Spy(), clips, cv=halves, subject_dependent=True, **FAST)
    status, reason = says(result, "EMO01")
    assert status == "failed" and "such as a" in reason and not result.passed


def test_shared_sentence_is_a_warning_and_fails_where_it_was_to_be_kept_apart():
    clips = clip_table("abcd")
    clips["statement"] = ["dogs", "kids"] * (len(clips) // 2)
    status, reason = says(evaluate(Spy(), clips, cv=2, **FAST), "EMO03")
    assert status == "warning" and "100 % of the tested clips" in reason
    apart = evaluate(Spy(), clips, cv=2, groups=["subject", "statement"], **FAST)
    assert says(apart, "EMO03")[0] == "passed"


def test_an_input_that_looks_at_the_other_test_clips_fails():
    clips = clip_table("abcd")
    per_batch = FunctionTransformer(lambda X: (X - X.mean(axis=0)) / (X.std(axis=0) + 1e-9))
    looks = make_pipeline(per_batch, SVC())
    result = evaluate(looks, clips, features=["cue"], cv=2, **FAST)
    status, reason = says(result, "EMO10")
    assert status == "failed" and "one by one" in reason and not result.passed
    fits = make_pipeline(StandardScaler(), SVC())
    assert says(evaluate(fits, clips, features=["cue"], cv=2, **FAST), "EMO10")[0] == "passed"


def test_declared_knowledge_of_the_test_person_is_a_warning():
    class Enrolled(SelfDescribing, Spy):
        def test_person(self):
            return 8

    status, reason = says(evaluate(Enrolled(), clip_table("abcd"), cv=2, **FAST), "EMO10")
    assert status == "warning" and "uses 8 unlabelled clips of each test person" in reason


def test_answers_that_differ_anyway_cannot_be_compared():
    rng = np.random.default_rng(0)

    def answer(rows):
        return [str(rng.integers(10**9)) for _ in rows], None

    rows = np.arange(6)
    outcome = ask_alone(answer, rows, *answer(rows))
    assert outcome["unsteady"] and not outcome["changed"]

    def answer_many(rows):
        return ["joy"] * (len(rows) // (len(rows) > 1)), None

    assert ask_alone(answer_many, rows, ["joy"] * 6, None)["changed"] == 4


def test_rounding_by_the_size_of_a_batch_is_no_other_answer():
    scores = np.random.default_rng(0).random((9, 2))
    names = ["ab"[k] for k in scores.argmax(1)]

    def answer(rows):
        return [names[n] for n in rows], scores[rows] + 1e-5 * len(rows)

    assert ask_alone(answer, np.arange(9), names, scores)["changed"] == 0


def test_folds_that_coincide_with_corpora_are_a_warning():
    clips = clip_table("abcd", n_each=2)
    clips["corpus"] = np.where(clips["subject"].isin(["a", "b"]), "one", "two")
    split = PredefinedSplit(clips["corpus"].eq("two").astype(int).to_numpy())
    status, reason = says(evaluate(Spy(), clips, cv=split, **FAST), "EMO12")
    assert status == "warning" and "one, two (in 2 of 2 folds)" in reason
    names = np.array(list("aabbccdd"))
    corpora = np.array(["one"] * 4 + ["two"] * 4)
    mixed = folds([0, 1, 4, 5], [2, 3, 6, 7], n=8)
    assert check_corpora(mixed, corpora, names)[0] == "passed"
    corpora = np.array(["one"] * 6 + ["two"] * 6)
    names = np.array(list("aabbccddeeff"))
    by_corpus = folds([0, 1, 2, 3], [6, 7, 8, 9], n=12)
    assert "coincide" in check_corpora(by_corpus, corpora, names)[1]
    each_person = folds(*([2 * n, 2 * n + 1] for n in range(6)), n=12)
    assert check_corpora(each_person, corpora, names)[0] == "passed"


def test_emotions_that_one_corpus_alone_has_are_a_warning():
    clips = clip_table("abcd", n_each=2)
    clips["corpus"] = np.where(clips["subject"].isin(["a", "b"]), "one", "two")
    clips = clips[~((clips["corpus"] == "one") & (clips["emotion"] == "anger"))]
    status, reason = says(evaluate(Spy(), clips, cv=2, **FAST), "EMO13")
    assert status == "warning" and "In one corpus alone: anger (two)" in reason


def test_corpora_with_other_shares_of_emotions_are_a_warning():
    y = np.array(["joy"] * 30 + ["fear"] * 10 + ["joy"] * 10 + ["fear"] * 30)
    corpora = np.repeat(["one", "two"], 40)
    assert check_corpus_emotions(corpora, y)[0] == "warning"
    assert check_corpus_emotions(corpora, np.tile(["joy", "fear"], 40))[0] == "passed"
    assert cramers_v(["a", "a"], ["x", "y"]) == 0


def test_an_optimum_at_the_edge_of_the_grid_is_a_warning():
    search = GridSearchCV(Spy(), {"offset": [0.5, 2.0, 8.0]}, cv=GroupKFold(2))
    status, reason = says(evaluate(search, clip_table("abcd"), cv=2, **FAST), "EMO14")
    assert status == "warning"
    assert "offset=0.5 is the lowest of its grid, and the best in 2 of 2 folds" in reason
    grid = {"params": [{"C": c} for c in (0, 1, 10)], "folds": [0, 1, 2, 3], "best": [2, 2, 2, 1]}
    assert "C=10 is the highest of its grid, and the best in 3 of 4" in check_edges([grid])[1]
    assert check_edges([grid | {"best": [2, 2, 1, 1]}])[0] == "passed"
    assert check_edges([grid | {"best": [0, 0, 0, 0]}])[0] == "passed"  # below 0 there is nothing
    flat = grid | {"mean": [[0.5, 0.5, 0.5]] * 4}
    assert check_edges([flat])[0] == "passed"  # a value inside is as good
    few = grid | {"params": [{"C": 1}, {"C": 10}, {"C": None}]}
    assert check_edges([few])[0] == "not needed"


def test_a_figure_below_a_baseline_is_a_warning():
    clips = clip_table("abcd", strength=0.0)
    clips["statement"] = clips["emotion"].str[:1]
    status, reason = says(evaluate(Spy(), clips, cv=2, **FAST), "EMO15")
    assert status == "warning" and "sentences alone (1.000)" in reason
    figure = {"value": 0.5, "low": 0.3, "high": 0.6}
    rows = [{"id": "durations", "title": "durations alone", "uar": {"value": 0.35}}]
    assert "not shown to be above durations alone" in check_baselines(figure, 0.25, rows)[1]
    names = [{"id": "names", "title": "names of files alone", "uar": {"value": 1.0}}]
    people = [{"id": "people-both", "title": "people", "uar": {"value": 0.9}}]
    assert check_baselines(figure, 0.25, names + people)[0] == "passed"


def test_unequal_folds_are_a_warning():
    y = np.array(["joy", "fear"] * 10)
    assert check_folds(folds(range(10), range(10, 20), n=20), y)[0] == "passed"
    status, reason = check_folds(folds(range(4), range(4, 20), n=20), y)
    assert status == "warning" and "4 to 16 tested clips" in reason
    alone = np.array(["joy"] * 10 + ["fear"] * 10)
    status, reason = check_folds(folds(range(10), range(10, 20), n=20), alone)
    assert status == "warning" and "not trained on, in some: fear, joy" in reason
    partly = folds([0, 2], [1, 3, 4], [5, 6, 7], n=8)
    assert "In 1 of them some emotion is not tested" in check_folds(partly, y[:8])[1]


def test_rare_emotions_are_a_warning():
    clips = clip_table("abcdefgh", n_each=3)
    rare = clips[(clips["emotion"] != "anger") | clips["subject"].isin(["a", "b"])]
    status, reason = says(evaluate(Spy(), rare, cv=4, **FAST), "EMO17")
    assert status == "warning" and "anger (6 clips of 2 people)" in reason
    y = np.array(["joy"] * 300 + ["fear"] * 20)
    units = np.arange(320).astype(str)
    assert "joy has 300 clips, fear 20" in check_emotions(y, units, np.arange(320))[1]


def test_the_highest_of_several_results_is_a_warning_and_a_named_question_is_not():
    single = experiment(skills=(0.4,))
    results = dict.fromkeys(["skill 0.4", "skill 0.6", "skill 0.8"], single.results["skill 0.4"])
    many = replace(single, results=results)
    (check,) = many.checks
    assert check["id"] == "EMO11" and check["status"] == "warning"
    assert "highest of 3" in check["reason"]
    answered = replace(many, references=["skill 0.4", "skill 0.6"])
    assert answered.checks[0]["status"] == "passed"
    muted = replace(many, ignore={"EMO11": "the three were announced beforehand"})
    assert muted.checks[0]["status"] == "ignored"
    assert "announced beforehand" in muted.checks[0]["reason"]


def test_a_muted_check_shows_its_reason_and_what_it_would_say():
    clips = clip_table("abcd")
    looks = make_pipeline(FunctionTransformer(lambda X: X - X.mean(axis=0)), SVC())
    ignore = {"EMO10": "clips arrive in batches", "EMO09": "no names are read"}
    result = evaluate(looks, clips, features=["cue"], cv=2, ignore=ignore, **FAST)
    batches = "clips arrive in batches. Without that: cannot tell. It was not run."
    assert says(result, "EMO10") == ("ignored", batches)
    assert result.passed and result.check_counts["ignored"] == 2
    muted_result = evaluate(Spy(), clips.assign(statement="x"), cv=2, ignore=["EMO03"], **FAST)
    status, reason = says(muted_result, "EMO03")
    assert status == "ignored" and reason.startswith("No reason is given. Without that: warning.")


def test_a_muted_check_keeps_what_it_said_in_json_and_page(tmp_path):
    outcome = experiment(skills=(0.5,))
    (label, result), *_ = outcome.results.items()
    looked = [s for s in STATUSES if s != "ignored"]
    statuses = {id: looked[n % len(looked)] for n, id in enumerate(CHECKS)}
    entries = [check_entry(id, status, f"{id} looked.") for id, status in statuses.items()]
    outcome = replace(outcome, results={label: replace(result, checks=entries)})
    page = write_report(mute_experiment(outcome, dict.fromkeys(CHECKS, "a pilot")), tmp_path)
    (saved,) = Experiment.load(tmp_path).results.values()
    for check in saved.checks:
        id = check["id"]
        reason = f"a pilot. Without that: {statuses[id]}. {id} looked."
        assert (check["status"], check["reason"]) == ("ignored", reason)
        assert reason in page.read_text()


def test_an_unknown_check_is_refused_in_words():
    with pytest.raises(ValueError, match="EMO99, which is no check; there are EMO01"):
        evaluate(Spy(), clip_table("abcd"), cv=2, ignore=["EMO99"], **FAST)
    assert ignored_checks("EMO03 = one sentence") == {"EMO03": "one sentence"}


def test_checks_of_a_whole_experiment_can_be_muted_afterwards():
    muted = mute_experiment(experiment(skills=(0.4,)), ["EMO11=a list", "EMO16=few people"])
    for result in muted.results.values():
        assert says(result, "EMO16")[0] == "ignored"
    again = type(muted).from_json(muted.to_json())
    assert again.checks == muted.checks and again.ignore["EMO11"] == "a list"
    assert mute(muted.results["skill 0.4"].checks, {}) == muted.results["skill 0.4"].checks


def test_the_docs_list_every_check_as_the_catalogue_has_it():
    page = (DOCS / "checks.md").read_text()
    actual = dict(re.findall(r"^### (EMO\d\d): (.+)$", page, re.M))
    assert actual == {check.id: check.title for check in CHECKS.values()}
    flat = " ".join(page.split())
    for check in CHECKS.values():
        assert check.why in flat and check.remedy in flat
