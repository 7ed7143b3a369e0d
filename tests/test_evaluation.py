from functools import partial

import numpy as np
import pandas as pd
import pytest
import spies
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.ensemble import AdaBoostClassifier
from sklearn.linear_model import LinearRegression, SGDClassifier
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    LeaveOneOut,
    PredefinedSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from spies import EMOTIONS, GroupSpy, Spy, clip_table

from emopipe.checkpoints import CheckpointWarning
from emopipe.evaluation import evaluate
from emopipe.extraction import ClipWarning
from emopipe.inspection import ClipEstimator, SelfDescribing
from emopipe.result import Result

FAST = {"n_bootstrap": 50}


@pytest.fixture(autouse=True)
def forget():
    spies.FITTED.clear()
    spies.ASKED.clear()


def by_check(result, words):
    return next(entry for entry in result.checks if words in entry["title"])


@given(st.permutations(list("abcdef") * 2), st.sampled_from([2, 3, 6]))
@settings(max_examples=15, deadline=None)
def test_whoever_is_tested_was_never_trained_on(subjects, n_folds):
    spies.FITTED.clear(), spies.ASKED.clear()
    clips = clip_table(subjects="ab", n_each=2).assign(subject=subjects)
    result = evaluate(Spy(), clips, cv=n_folds, ignore=["EMO09", "EMO10"], **FAST)
    assert len(spies.FITTED) == n_folds
    tested = [set(rows) for rows, _ in spies.ASKED]
    for fold, (fitted, _, _) in enumerate(spies.FITTED):
        assert not set(fitted) & tested[2 * fold]
        assert result.folds[fold]["test_subjects"] == sorted(tested[2 * fold])
    assert sorted(result.predictions["clip"]) == sorted(clips["clip"])
    assert result.passed


def test_figures_agree_with_the_predictions():
    clips = clip_table(strength=0.3)
    result = evaluate(Spy(), clips, cv=3, **FAST)
    table = result.predictions
    right = table["emotion"] == table["predicted"]
    assert result.metrics["accuracy"]["value"] == pytest.approx(right.mean())
    per_subject = right.groupby(table["subject"]).mean()
    assert result.per_subject["accuracy"].tolist() == pytest.approx(per_subject.tolist())
    assert result.subject_mean == pytest.approx(per_subject.mean())
    assert result.subject_std == pytest.approx(per_subject.std())
    assert result.confusion.sum() == len(clips)
    scores = table[[f"score_{name}" for name in EMOTIONS]].to_numpy()
    assert (np.array(EMOTIONS)[scores.argmax(1)] == table["predicted"]).all()
    sizes = [(fold["n_train"], fold["n_test"]) for fold in result.folds]
    assert sizes == [(24, 12)] * 3
    weighted = sum(fold["accuracy"] * fold["n_test"] for fold in result.folds) / len(clips)
    assert weighted == pytest.approx(right.mean())


def test_the_order_of_rows_changes_nothing():
    clips = clip_table(strength=0.3)
    ordered = evaluate(Spy(), clips, cv=LeaveOneGroupOut(), **FAST)
    other = evaluate(Spy(), clips.sample(frac=1, random_state=1), cv=LeaveOneGroupOut(), **FAST)
    assert ordered.fingerprint == other.fingerprint
    assert ordered.metrics == other.metrics
    assert ordered.confusion.tolist() == other.confusion.tolist()


def test_the_same_evaluation_gives_the_same_bytes():
    runs = [evaluate(Spy(), clip_table(), optimism_gap=True, **FAST) for _ in range(2)]
    assert runs[0].to_json(run=False) == runs[1].to_json(run=False)
    assert Result.from_json(runs[0].to_json()) == runs[0]


def test_the_estimator_itself_stays_unfitted_and_never_sees_the_answers():
    spy = Spy()
    clips = clip_table().assign(intended=lambda t: t["emotion"], voted="anger")
    evaluate(spy, clips, cv=2, **FAST)
    assert not hasattr(spy, "classes_")
    for _, _, X in spies.FITTED:
        assert not {"emotion", "intended"} & set(X.columns) and "voted" in X.columns


@pytest.mark.parametrize(
    ("cv", "n_folds", "words"),
    [
        (6, 6, "GroupKFold(6)"),
        (LeaveOneGroupOut(), 6, "LeaveOneGroupOut()"),
        (GroupKFold(3, shuffle=True, random_state=1), 3, "shuffle=True, random_state=1"),
        (StratifiedGroupKFold(2), 2, "StratifiedGroupKFold(2)"),
    ],
)
def test_grouped_splitters(cv, n_folds, words):
    result = evaluate(Spy(), clip_table(), cv=cv, **FAST)
    assert result.protocol["n_folds"] == n_folds == len(result.folds)
    assert words in result.protocol["splitter"]
    assert result.protocol["grouped_by"] == ["subject"]
    assert not result.protocol["subject_dependent"]


def test_a_predefined_split_covers_the_rows_of_the_whole_table():
    clips = clip_table("abc", excluded="")
    clips.loc[0, "excluded"] = "known to be bad"
    fold = clips["subject"].map({"a": 0, "b": 1, "c": -1})
    result = evaluate(Spy(), clips, cv=PredefinedSplit(fold), **FAST)
    assert [entry["test_subjects"] for entry in result.folds] == [["a"], ["b"]]
    assert [fitted for fitted, _, _ in spies.FITTED] == [["b", "c"], ["a", "c"]]
    assert len(result.predictions) == 11
    assert "6 clips are never tested." in result.protocol["statements"]
    with pytest.raises(ValueError, match="one fold number per row"):
        evaluate(Spy(), clips, cv=PredefinedSplit([0, 1]))


def test_an_ungrouped_split_is_an_error_that_says_how_to_mean_it():
    for cv in (KFold(3, shuffle=True, random_state=0), StratifiedKFold(3), LeaveOneOut()):
        with pytest.raises(ValueError, match=r"cares for no subjects.*subject_dependent=True"):
            evaluate(Spy(), clip_table(), cv=cv)
    assert not spies.FITTED


class Leaking:
    """Says that it is grouped, and is not."""

    n_splits = 2
    __metadata_request__split = {"groups": True}  # noqa: RUF012

    def split(self, X, y=None, groups=None):
        return iter([(np.arange(0, 30), np.arange(30, 36)), (np.arange(6, 36), np.arange(0, 6))])


def test_a_splitter_is_judged_by_the_rows_that_it_gives():
    clips = clip_table("abc", n_each=4)
    with pytest.raises(ValueError, match=r"Leaking\(2\).*fold 0: c\).*subject_dependent=True"):
        evaluate(Spy(), clips, cv=Leaking())
    assert not spies.FITTED
    result = evaluate(Spy(), clips, cv=Leaking(), subject_dependent=True, **FAST)
    assert by_check(result, "No subject")["status"] == "failed"
    assert evaluate(Spy(), clip_table("abcdef"), cv=Leaking(), **FAST).passed


def test_folds_of_a_corpus_that_names_nobody_must_be_meant():
    clips = clip_table(subject=None)
    with pytest.raises(ValueError, match="cares for no subjects"):
        evaluate(Spy(), clips, cv=StratifiedKFold(3))
    for meant in ({"subject_dependent": True}, {"groups": None}):
        result = evaluate(Spy(), clips, cv=3, **meant, **FAST)
        assert result.protocol["subject_dependent"]
        assert "may have been" in result.notices[0]["text"]


def test_mixed_subjects_are_possible_when_meant_and_said():
    result = evaluate(Spy(), clip_table(), cv=2, subject_dependent=True, **FAST)
    assert result.protocol["subject_dependent"]
    assert result.protocol["grouped_by"] == []
    assert "StratifiedKFold(2, shuffle=True, random_state=0)" in result.protocol["splitter"]
    assert any(notice["text"].startswith("Subject-dependent:") for notice in result.notices)
    assert by_check(result, "No subject")["status"] == "failed"
    assert not result.passed


def test_subject_dependent_folds_that_keep_subjects_apart_are_called_what_they_are():
    result = evaluate(Spy(), clip_table(), cv=GroupKFold(2), subject_dependent=True, **FAST)
    assert not result.protocol["subject_dependent"]
    assert result.passed


def test_the_optimism_gap_is_what_random_folds_have_in_excess():
    # Each subject has a cue of its own for each emotion: who is not known cannot be recognised.
    clips = clip_table("abcdefghijklmnopqrstuvwx", n_each=3)
    pairs = clips.groupby(["subject", "emotion"]).ngroup()
    clips["cue"] = np.random.default_rng(0).permutation(pairs.nunique())[pairs] * 10.0
    tree = make_pipeline(StandardScaler(), SVC(C=1e4, gamma=1e3))
    result = evaluate(tree, clips, features=["cue"], cv=4, optimism_gap=True, **FAST)
    gap = result.optimism_gap
    assert gap["grouped"]["accuracy"] == result.metrics["accuracy"]["value"]
    assert gap["gap"]["accuracy"] == gap["random"]["accuracy"] - gap["grouped"]["accuracy"]
    assert gap["random"]["accuracy"] > 0.9 > 0.5 > gap["grouped"]["accuracy"]
    assert "subject-dependent" in gap["note"]
    assert result.passed and not result.protocol["subject_dependent"]
    with pytest.raises(ValueError, match="optimism_gap compares"):
        evaluate(tree, clips, features=["cue"], cv=4, optimism_gap=True, subject_dependent=True)


def official(**columns):
    clips = clip_table("abcdef", subject=None, **columns)
    return clips.assign(split=np.repeat(["train", "val", "test"], 12))


def test_official_splits_work_without_subjects():
    sizes = {}
    for cv in ("official", "official-train", "official-val"):
        result = evaluate(Spy(), official(), cv=cv, **FAST)
        sizes[cv] = (result.folds[0]["n_train"], result.folds[0]["n_test"])
        assert by_check(result, "No subject")["status"] == "cannot tell"
        assert result.passed and result.protocol["bootstrap_over"] == "clips"
        assert "in val trains" in " ".join(result.protocol["statements"]) or cv != "official"
        assert result.per_subject.empty and np.isnan(result.subject_mean)
    assert sizes == {"official": (24, 12), "official-train": (12, 12), "official-val": (12, 12)}


def test_official_split_with_a_corpus_that_only_trains():
    extra = clip_table("xy", train_only=True).assign(corpus="extra")
    clips = pd.concat([official(), extra], ignore_index=True)
    result = evaluate(GridSearchCV(Spy(), {"offset": [0]}, cv=GroupKFold(2)), clips, cv="official",
                      **FAST)  # fmt: skip
    assert result.folds[0]["n_train"] == 24 + 12
    assert set(result.predictions["corpus"]) == {"toy"}
    assert [c["train_only"] for c in result.corpora] == [0, 12]
    assert [c["tested"] for c in result.corpora] == [12, 0]


@pytest.mark.parametrize(
    ("change", "cv", "words"),
    [
        ({}, "unofficial", "'unofficial' is unknown.*'official-val'"),
        ({"split": "train"}, "official", "no labelled clips in the test split.*'train': 36"),
        ({"split": "test"}, "official", "no training"),
        ({"split": None}, "official", r"36 clips \(such as a/anger0.wav\) have no official split"),
    ],
)
def test_official_splits_that_are_none(change, cv, words):
    with pytest.raises(ValueError, match=words):
        evaluate(Spy(), official().assign(**change), cv=cv)


def test_official_splits_that_leak_are_refused():
    leaking = official().assign(subject="a")
    with pytest.raises(ValueError, match="fold 0: a"):
        evaluate(Spy(), leaking, cv="official")


def test_clips_that_only_train_are_never_tested_and_sit_out_for_their_subject():
    clips = clip_table("abcd", n_each=1)
    clips["train_only"] = clips["emotion"] == "sadness"
    clips = pd.concat([clips, clip_table("x", n_each=1, train_only=True)], ignore_index=True)
    result = evaluate(Spy(), clips, cv=LeaveOneGroupOut(), **FAST)
    assert "sadness" not in set(result.predictions["emotion"])
    for number, (fitted, _, _) in enumerate(spies.FITTED):
        assert "x" in fitted
        assert result.folds[number]["test_subjects"][0] not in fitted
        assert result.folds[number]["n_train"] == 3 * 3 + 3
    assert "Up to 1 of them sit out" in " ".join(result.protocol["statements"])
    assert result.passed


def test_searches_inside_are_nested_and_grouped():
    search = GridSearchCV(Spy(), {"offset": [5.0, 0.0]}, cv=GroupKFold(2))
    result = evaluate(search, clip_table("abcdef"), cv=3, **FAST)
    assert [fold["best_params"] for fold in result.folds] == [{"offset": 0.0}] * 3
    assert len(spies.FITTED) == 3 * (2 * 2 + 1)
    for number in range(3):
        inner = spies.FITTED[5 * number : 5 * number + 5]
        tested = set(result.folds[number]["test_subjects"])
        assert not any(tested & set(fitted) for fitted, _, _ in inner)
        assert all(len(fitted) == 2 for fitted, _, _ in inner[:4])
    assert "GridSearchCV (GroupKFold(2))" in result.protocol["nested"]
    assert result.protocol["scoring"] == "accuracy"
    assert "subjects were passed" in by_check(result, "Parameters")["reason"]


def test_a_search_inside_a_pipeline_gets_groups_too():
    search = GridSearchCV(GroupSpy(), {"offset": [0.0, 1.0]}, cv=LeaveOneGroupOut())
    pipeline = make_pipeline(FunctionTransformer(), search)
    result = evaluate(pipeline, clip_table(), cv=2, **FAST)
    assert result.folds[0]["best_params"] == {"gridsearchcv__offset": 0.0}
    for fitted, groups, X in spies.FITTED:
        assert groups.tolist() == X["subject"].tolist() and len(fitted) < 6


def test_clips_of_unknown_subject_are_a_group_each():
    evaluate(GroupSpy(), official(), cv="official", **FAST)
    (_, groups, X), *_ = spies.FITTED
    assert groups.tolist() == [f"clip {clip}" for clip in X["clip"]]


@pytest.mark.parametrize("inner", [None, 3, StratifiedKFold(3), [([0], [1])]])
def test_an_ungrouped_search_inside_is_refused_in_words(inner):
    search = GridSearchCV(Spy(), {"offset": [0.0]}, cv=inner)
    with pytest.raises(ValueError, match=r"one subject on both sides.*cv=GroupKFold\(5\)"):
        evaluate(search, clip_table(), cv=2)
    assert not spies.FITTED
    if not isinstance(inner, list):
        result = evaluate(search, clip_table(), cv=2, subject_dependent=True, **FAST)
        assert by_check(result, "Parameters")["status"] == "failed"


def test_inner_folds_that_the_training_subjects_cannot_fill_are_refused():
    search = GridSearchCV(Spy(), {"offset": [0.0]}, cv=GroupKFold(5))
    with pytest.raises(ValueError, match="trains on 4 subjects, fewer than the 5"):
        evaluate(search, clip_table(), cv=3)


def test_inner_folds_are_counted_within_those_around_them():
    inner = GridSearchCV(Spy(), {"offset": [0.0]}, cv=GroupKFold(3))
    search = GridSearchCV(inner, {"error_score": [0]}, cv=GroupKFold(2))
    with pytest.raises(ValueError, match=r"on 3 subjects, 1 of them inside .* fewer than the 3"):
        evaluate(search, clip_table(), cv=2)


def test_groups_that_cannot_be_routed_are_an_error():
    boosted = AdaBoostClassifier(GridSearchCV(SVC(), {"C": [1]}, cv=GroupKFold(2)))
    with pytest.raises(ValueError, match="AdaBoostClassifier cannot pass groups on"):
        evaluate(boosted, clip_table(), features=["cue"], cv=2)


def test_random_holdouts_of_training_clips_are_said():
    linear = SGDClassifier(random_state=0)
    clips = clip_table(n_each=4)
    assert not evaluate(linear, clips, features=["cue"], cv=2, **FAST).notices
    linear.set_params(early_stopping=True)
    result = evaluate(linear, clips, features=["cue"], cv=2, **FAST)
    assert (
        "SGDClassifier(early_stopping=True) holds out training clips" in result.notices[0]["text"]
    )


def test_decision_values_are_scores_too():
    two = clip_table().query("emotion != 'sadness'")
    result = evaluate(SVC(), two, features=["cue"], cv=3, **FAST)
    table = result.predictions
    assert (table["score_anger"] == -table["score_happiness"]).all()
    assert ((table["score_anger"] > 0) == (table["predicted"] == "anger")).all()
    three = evaluate(
        SVC(decision_function_shape="ovr"), clip_table(), features=["cue"], cv=3, **FAST
    )
    best = three.predictions[[f"score_{name}" for name in EMOTIONS]].to_numpy().argmax(1)
    assert (np.array(EMOTIONS)[best] == three.predictions["predicted"]).all()


class Extractor(ClipEstimator, TransformerMixin, BaseEstimator):
    MACHINE_PARAMETERS = frozenset({"progress"})
    calls = []  # noqa: RUF012

    def __init__(self, *, column="cue", progress=False):
        self.column = column
        self.progress = progress

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        import warnings

        values = X[[self.column]].to_numpy().copy()
        values[X["clip"].str.endswith("0.wav")] = np.nan
        warnings.warn("some failed", ClipWarning, stacklevel=2)
        return values

    def statuses(self, X):
        self.calls.append((len(X), self.progress))
        failed = X["clip"].str.endswith("0.wav")
        return pd.DataFrame({"path": X["clip"], "status": np.where(failed, "no_face", "ok")})

    def notices(self):
        return ["The face network has random weights."]


class Answerless(ClassifierMixin, BaseEstimator):
    """Gives no answer to rows of NaN, has fusion weights and learning curves."""

    def fit(self, X, y):
        complete = ~np.isnan(X).any(1)
        self.classes_ = np.unique(y)
        self.svc_ = SVC().fit(X[complete], y[complete])
        self.weights_ = pd.DataFrame(
            [[0.25, 1], [0.75, 0]], index=["voice", "face"], columns=["anger", "sadness"]
        )
        self.history_ = {"loss": [2.0, 1.0], "val_loss": [np.float32(2), np.nan]}
        return self

    def decision_function(self, X):
        complete = ~np.isnan(X).any(1)
        scores = np.full((len(X), len(self.classes_)), np.nan)
        scores[complete] = self.svc_.decision_function(X[complete])
        return scores

    def predict(self, X):
        return self.classes_[np.nan_to_num(self.decision_function(X)).argmax(1)]


@pytest.mark.filterwarnings("error::emopipe.extraction.ClipWarning")
def test_unreadable_clips_weights_curves_and_notices_reach_the_result():
    Extractor.calls.clear()
    search = GridSearchCV(
        make_pipeline(Extractor(), Answerless()), {"extractor__progress": [False]}, cv=GroupKFold(2)
    )
    result = evaluate(search, clip_table(), cv=2, notices="Mind the gap.", **FAST)
    assert Extractor.calls == [(36, False)]
    assert result.coverage["statuses"] == {"Extractor": {"no_face": 18, "ok": 18}}
    assert result.predictions["predicted"].isna().sum() == 18
    assert [fold["n_unanswered"] for fold in result.folds] == [9, 9]
    assert result.metrics["accuracy"]["value"] <= 0.5
    assert "18 clips got no answer; they count as wrong." in result.protocol["statements"]
    assert [notice["text"] for notice in result.notices] == [
        "Mind the gap.",
        "The face network has random weights.",
    ]
    weights = {"voice": {"anger": 0.25, "sadness": 1}, "face": {"anger": 0.75, "sadness": 0}}
    assert result.folds[0]["fusion_weights"] == weights
    curves = {"estimator": "answerless", "loss": [2, 1], "val_loss": [2, None]}
    assert result.folds[1]["history"] == [curves]


def test_progress_is_shown_when_asked(capsys):
    Extractor.calls.clear()
    pipeline = make_pipeline(Extractor(), Answerless())
    evaluate(pipeline, clip_table(), cv=2, title="both", progress=True, **FAST)
    assert Extractor.calls == [(36, True)]
    output = capsys.readouterr().err
    assert "both: 100%" in output and "accuracy=" in output
    evaluate(pipeline, clip_table(), cv=2, **FAST)
    assert not capsys.readouterr().err


def test_titles_name_what_does_the_work():
    search = GridSearchCV(make_pipeline(StandardScaler(), SVC()), {}, cv=GroupKFold(2))
    result = evaluate(search, clip_table(), features=["cue"], cv=2, **FAST)
    assert result.title == "GridSearchCV(StandardScaler, SVC)"
    assert result.protocol["statements"][-1] == "The estimator sees 1 columns of the table."


def test_synthetic_corpora_are_announced_and_exclusions_counted():
    clips = clip_table(synthetic=True)
    clips.loc[:2, "excluded"] = "voters tied: anger, sadness"
    clips.loc[3, "emotion"] = None
    result = evaluate(Spy(), clips, cv=2, **FAST)
    assert [notice["text"] for notice in result.notices] == [
        "toy is synthetic: its figures say nothing about people."
    ]
    (corpus,) = result.corpora
    assert corpus["excluded"] == {"no emotion": 1, "voters tied: anger, sadness": 3}
    assert corpus["clips"] == len(result.predictions) == 32
    assert corpus["synthetic"] and corpus["subjects"] == 6


def test_another_column_can_be_the_label_and_another_the_group():
    clips = clip_table().assign(speaker=lambda t: t["subject"].str.upper())
    clips["voted"] = clips.pop("emotion").replace("sadness", None)
    result = evaluate(Spy(), clips, cv=3, label="voted", groups="speaker", **FAST)
    assert result.classes == ["anger", "happiness"]
    assert result.corpora[0]["excluded"] == {"no voted": 12}
    assert result.per_subject["subject"].tolist() == list("ABCDEF")
    assert not any("voted" in X.columns for _, _, X in spies.FITTED)


def test_sex_and_age_come_along():
    clips = clip_table(sex="female", age=30)
    table = evaluate(Spy(), clips, cv=2, **FAST).predictions
    assert set(table["sex"]) == {"female"} and set(table["age"]) == {30}


@pytest.mark.parametrize(
    ("change", "options", "error", "words"),
    [
        (lambda t: t.assign(subject="a"), {}, ValueError, "all clips are of one subject"),
        (lambda t: t, {"cv": 7}, ValueError, "need 7 subjects or more, found 6: use fewer"),
        (lambda t: t, {"cv": 1}, ValueError, "at least 2 folds"),
        (lambda t: t, {"cv": None}, TypeError, "cv=None: give a number of folds"),
        (lambda t: t, {"cv": GroupShuffleSplit(4)}, ValueError, "may be tested once"),
        (lambda t: t.assign(emotion="anger"), {}, ValueError, "all 36 usable.*emotion 'anger'"),
        (lambda t: t[:0], {}, ValueError, "no usable clips among 0"),
        (lambda t: t.assign(excluded="bad"), {}, ValueError, "among 36: .'bad': 36"),
        (lambda t: t.drop(columns="subject"), {}, ValueError, "no column 'subject'.*groups=None"),
        (lambda t: t, {"features": ["pitch"]}, ValueError, "no column 'pitch'"),
        (lambda t: t.assign(clip="x"), {}, ValueError, "clip 'x' is in the table twice"),
        (lambda t: t["clip"].tolist(), {}, TypeError, "clips is a list"),
        (lambda t: t.assign(subject=None), {}, ValueError, "36 of 36 clips .* have none"),
        (lambda t: t, {"groups": None}, ValueError, "the table names 6 subjects"),
        (lambda t: t.assign(subject=np.where(t.index % 2, t["subject"] + " ", t["subject"])), {},
         ValueError, "subjects 'a' and 'a ' differ only by blanks, capitals"),
        (lambda t: t.assign(subject=np.where(t.index % 2, t["subject"].str.upper(), t["subject"])),
         {}, ValueError, "subjects 'A' and 'a' differ"),
        (lambda t: t.assign(emotion=t["subject"].map(lambda s: "joy" if s < "d" else "fear")),
         {"cv": PredefinedSplit([0] * 18 + [1] * 18)}, ValueError, "fold 0 trains on 18 clips"),
    ],
)  # fmt: skip
def test_silly_input_is_refused_in_words(change, options, error, words):
    with pytest.raises(error, match=words):
        evaluate(Spy(), change(clip_table()), **options)
    assert not spies.FITTED


@pytest.mark.parametrize("estimator", [LinearRegression(), StandardScaler(), Spy, "svm"])
def test_what_is_no_classifier_is_refused(estimator):
    with pytest.raises(TypeError, match="classifier"):
        evaluate(estimator, clip_table())


class Killed(Exception):
    pass


class DiesLater(Spy):
    allowed = 10**9

    def fit(self, X, y):
        if len(spies.FITTED) >= DiesLater.allowed:
            raise Killed
        return super().fit(X, y)


def test_a_killed_run_goes_on_at_the_next_fold(tmp_path, monkeypatch):
    clips = clip_table(strength=0.4)
    straight = evaluate(DiesLater(), clips, cv=3, **FAST)
    spies.FITTED.clear()
    monkeypatch.setattr(DiesLater, "allowed", 2)
    with pytest.raises(Killed):
        evaluate(DiesLater(), clips, cv=3, checkpoint=tmp_path, **FAST)
    assert len(spies.FITTED) == 2
    monkeypatch.setattr(DiesLater, "allowed", 3)
    resumed = evaluate(DiesLater(), clips, cv=3, checkpoint=tmp_path, **FAST)
    assert len(spies.FITTED) == 3
    assert resumed.to_json(run=False) == straight.to_json(run=False)
    again = evaluate(DiesLater(), clips, cv=3, checkpoint=tmp_path, **FAST)
    assert len(spies.FITTED) == 3 and again.to_json(run=False) == resumed.to_json(run=False)
    assert again.run["fold_seconds"] == resumed.run["fold_seconds"]


@pytest.mark.parametrize(
    "change",
    [
        lambda e, c: (e.set_params(offset=0.1), c),
        lambda e, c: (e, c.assign(cue=c["cue"] + 1)),
        lambda e, c: (e, c.assign(emotion=c["emotion"].replace("anger", "fear"))),
        lambda e, c: (e, c[c["subject"] != "f"]),
    ],
)
def test_a_checkpoint_of_something_else_is_not_used(tmp_path, monkeypatch, change):
    monkeypatch.setattr(DiesLater, "allowed", 1)
    with pytest.raises(Killed):
        evaluate(DiesLater(), clip_table(), cv=3, checkpoint=tmp_path, **FAST)
    monkeypatch.setattr(DiesLater, "allowed", 10**9)
    spies.FITTED.clear()
    estimator, clips = change(DiesLater(), clip_table())
    with pytest.warns(CheckpointWarning, match="unfinished evaluation"):
        evaluate(estimator, clips, cv=3, checkpoint=tmp_path, **FAST)
    assert len(spies.FITTED) == 3


def test_finished_evaluations_share_a_checkpoint_folder_in_peace(tmp_path, recwarn):
    for offset in (0.0, 0.1):
        evaluate(Spy(offset=offset), clip_table(), cv=2, checkpoint=tmp_path, optimism_gap=True,
                 **FAST)  # fmt: skip
    fits = len(spies.FITTED)
    evaluate(clone(Spy()), clip_table(), cv=2, checkpoint=tmp_path, optimism_gap=True, **FAST)
    assert len(spies.FITTED) == fits == 8
    assert not [w for w in recwarn if w.category is CheckpointWarning]


def _replace(path):
    path.unlink()
    path.mkdir()


def _alter(path):
    # One label of one clip: the file stays good JSON of the right shape.
    text = path.read_text()
    assert '"anger"' in text
    path.write_text(text.replace('"anger"', '"sadness"', 1))


def _borrow(path):
    path.write_bytes(path.with_name("fold-0-of-2.json").read_bytes())


DAMAGES = {
    "altered label": _alter,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "empty": lambda path: path.write_bytes(b""),
    "no text": lambda path: path.write_bytes(b"\xff\xfe\x00" * 9),
    "other JSON": lambda path: path.write_text("[1, 2]"),
    "deep": lambda path: path.write_text("[" * 100_000),
    "a folder": _replace,
    "another fold's": _borrow,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_checkpoint_is_set_aside_and_computed_again(tmp_path, damage):
    before = evaluate(Spy(), clip_table(), cv=2, checkpoint=tmp_path, **FAST)
    (damaged,) = tmp_path.glob("*/fold-1-of-2.json")
    damage(damaged)
    spies.FITTED.clear()
    with pytest.warns(CheckpointWarning, match="damaged-0, and fold 1 is computed again"):
        after = evaluate(Spy(), clip_table(), cv=2, checkpoint=tmp_path, **FAST)
    assert len(spies.FITTED) == 1
    assert after.to_json(run=False) == before.to_json(run=False)
    assert damaged.with_name("fold-1-of-2.json.damaged-0").exists() and damaged.is_file()
    evaluate(Spy(), clip_table(), cv=2, checkpoint=tmp_path, **FAST)
    assert len(spies.FITTED) == 1


def test_neither_processes_nor_the_order_of_rows_change_a_byte():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), SVC()), {"svc__C": [1, 10]}, cv=GroupKFold(2)
    )
    clips = clip_table(strength=0.4)
    options = {"features": ["cue", "voiceprint"], "cv": StratifiedGroupKFold(3, shuffle=True,
               random_state=1), "optimism_gap": True} | FAST  # fmt: skip
    first = evaluate(search, clips, **options)
    shuffled = clips.sample(frac=1, random_state=3)
    other = evaluate(clone(search).set_params(n_jobs=2, verbose=0), shuffled, n_jobs=2, **options)
    assert other.to_json(run=False) == first.to_json(run=False)
    assert first.run["date"] and set(first.run["seconds"]) == {"extraction", "fit", "score", "cpu"}


def test_grids_of_searches_reach_the_result():
    search = GridSearchCV(Spy(), {"offset": [5.0, 0.0]}, cv=GroupKFold(2))
    result = evaluate(make_pipeline(FunctionTransformer(), search), clip_table(), cv=3, **FAST)
    (grid,) = result.searches
    assert grid["params"] == [{"offset": 5.0}, {"offset": 0.0}] and grid["best"] == [1, 1, 1]
    assert grid["folds"] == [0, 1, 2] and np.shape(grid["mean"]) == np.shape(grid["std"]) == (3, 2)
    assert grid["name"] == "gridsearchcv" and grid["scoring"] == "accuracy"


def test_what_a_corpus_lacks_and_what_got_no_answer_make_a_result_partial():
    clips = clip_table()
    assert not evaluate(Spy(), clips, cv=2, **FAST).partial
    text = "332 clips, the complete corpus has 1440; no clip of subjects 17 to 24"
    clips.attrs["corpora"] = {
        "toy": {"complete": 100, "missing": 60, "damaged": 4, "notices": [text]}
    }
    result = evaluate(make_pipeline(Extractor(), Answerless()), clips, cv=2, **FAST)
    assert result.partial and result.corpora[0]["complete"] == 100
    assert result.coverage == {
        "asked": 100,
        "answered": 18,
        "reasons": [
            "60 of 100 clips of toy are missing",
            "4 of 100 clips of toy are damaged or empty",
            "18 of 36 clips got no answer",
        ],
        "statuses": {"Extractor": {"no_face": 18, "ok": 18}},
    }
    assert text in [notice["text"] for notice in result.notices]


def test_an_official_split_of_nobody_says_that_subjects_are_not_named():
    result = evaluate(Spy(), official(), cv="official", **FAST)
    assert result.protocol["subjects_named"] is False
    assert "subjects not named" in result.protocol["splitter"]
    assert evaluate(Spy(), clip_table(), cv=2, **FAST).protocol["subjects_named"] is True


class Enrolled(SelfDescribing, Spy):
    def test_person(self):
        return 8


def test_what_may_be_known_of_a_test_person_is_in_the_protocol():
    for estimator, words in ((Spy(), "nothing"), (Enrolled(), "8 unlabelled clips")):
        result = evaluate(make_pipeline(estimator), clip_table(), cv=2, **FAST)
        assert result.protocol["test_person"] == words


def test_people_and_sentences_can_both_be_unseen():
    clips = clip_table("abcd", n_each=4)
    clips["statement"] = ["kids", "dogs"] * (len(clips) // 2)
    result = evaluate(Spy(), clips, cv=2, groups=["subject", "statement"], **FAST)
    assert len(result.predictions) == len(clips) and len(result.folds) == 4
    assert [fold["n_train"] for fold in result.folds] == [12] * 4
    assert result.protocol["grouped_by"] == ["subject", "statement"]
    assert by_check(result, "No sentence")["status"] == "passed"
    for fold, (people, _, rows) in enumerate(spies.FITTED[:4]):
        tested = result.predictions[result.predictions["fold"] == fold]
        assert not set(people) & set(tested["subject"])
        assert not set(rows["statement"]) & set(tested["statement"])
    by_subject = evaluate(Spy(), clips, cv=2, **FAST)
    check = by_check(by_subject, "No sentence")
    assert check["status"] == "warning" and "100 % of the tested clips" in check["reason"]
    with pytest.raises(ValueError, match="two sentences or more"):
        evaluate(Spy(), clips.assign(statement="kids"), cv=2, groups=["subject", "statement"])
    with pytest.raises(ValueError, match=r"\['subject', 'statement'\]"):
        evaluate(Spy(), clips, cv=2, groups=["subject", "cue"])


def test_published_folds_and_leaving_one_out_have_names(monkeypatch):
    people = {chr(96 + n): f"{n:02d}" for n in range(1, 25)}
    clips = clip_table(people, n_each=1, corpus="ravdess")
    clips = clips.assign(subject=clips["subject"].map(people))
    result = evaluate(Spy(), clips, cv="luna5", **FAST)
    tested = [set(map(int, fold["test_subjects"])) for fold in result.folds]
    assert tested == [{2, 5, 14, 15, 16}, {3, 6, 7, 13, 18}, {10, 11, 12, 19, 20},
                      {8, 17, 21, 23, 24}, {1, 4, 9, 22}]  # fmt: skip
    assert "Luna-Jimenez" in result.protocol["splitter"] and result.passed
    table = result.fold_table()
    assert table.groupby("subject")["fold"].nunique().max() == 1 and len(table) == len(clips)
    # Before scikit-learn 1.9 the order of equal groups was numpy's affair, and so were the folds.
    monkeypatch.setattr(np, "argsort", partial(np.argsort, kind="stable"))
    splitter, subjects = GroupKFold(6), clips["subject"].to_numpy()
    groupwise = [set(subjects[test]) for _, test in splitter.split(subjects, groups=subjects)]
    ertk = evaluate(Spy(), clips, cv="ertk6", **FAST)
    assert [set(fold["test_subjects"]) for fold in ertk.folds] == groupwise
    assert groupwise[0] == {"06", "12", "18", "24"} and "ERTK" in ertk.protocol["splitter"]
    few = evaluate(Spy(), clip_table("abc"), cv="loso", **FAST)
    assert [fold["test_subjects"] for fold in few.folds] == [["a"], ["b"], ["c"]]
    for others in (clip_table("abc", corpus="ravdess"), clips.assign(corpus="emodb")):
        with pytest.raises(ValueError, match=r"'(a|01)' \(corpus .*\) is none of them"):
            evaluate(Spy(), others, cv="luna5")
    with pytest.raises(ValueError, match="'loso', 'luna5', 'ertk6'"):
        evaluate(Spy(), clip_table("abc"), cv="luna")


def test_arrays_are_evaluated_like_a_table():
    clips = clip_table(strength=0.4)
    columns = ["cue", "voiceprint"]
    pipeline = make_pipeline(StandardScaler(), SVC())
    table = evaluate(pipeline, clips, features=columns, cv=3, **FAST)
    X, y, people = clips[columns], clips["emotion"], clips["subject"]
    for data in (X, X.to_numpy(), X.set_axis([0, 1], axis=1)):
        result = evaluate(pipeline, data, y, groups=people, cv=3, **FAST)
        assert result.metrics == table.metrics and result.passed
        assert result.confusion.tolist() == table.confusion.tolist()
    sliced = make_pipeline(FunctionTransformer(lambda X: X[:, :1]), SVC())
    one_column = evaluate(sliced, X.to_numpy(), y.tolist(), groups=people.to_frame(), cv=3,
                          n_jobs=2, **FAST)  # fmt: skip
    assert one_column.protocol["grouped_by"] == ["subject"]
    whole = evaluate(Spy(), clips.drop(columns=["emotion", "subject"]), y, groups=people, cv=3,
                     **FAST)  # fmt: skip
    assert whole.metrics == evaluate(Spy(), clips, cv=3, **FAST).metrics


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda X, y, g: (X, y[:5], g), ValueError, r"y has shape \(5,\), X has 36 rows"),
        (lambda X, y, g: (X, y, g[:5]), ValueError, "groups has shape"),
        (lambda X, y, g: (X, X[:, 0], g), ValueError, "are X and y swapped"),
        (lambda X, y, g: (X[:, None], y, g), ValueError, "give numbers"),
        (lambda X, y, g: (X.astype(str), y, g), ValueError, "give numbers"),
        (lambda X, y, g: (pd.DataFrame(X, columns=["emotion", "b"]), y, g), ValueError, "rename"),
        (lambda X, y, g: (X, y, None), ValueError, "made by subject, and no subjects are known"),
    ],
)
def test_arrays_that_do_not_fit_are_refused_in_words(change, error, words):
    clips = clip_table()
    X, y, groups = change(clips[["cue", "voiceprint"]].to_numpy(), clips["emotion"].to_numpy(),
                          clips["subject"].to_numpy())  # fmt: skip
    with pytest.raises(error, match=words):
        evaluate(SVC(), X, y, groups=groups, cv=GroupKFold(3))
    with pytest.raises(TypeError, match="are the arguments swapped"):
        evaluate(clips, SVC())


def test_of_clips_that_only_train_the_missing_ones_are_not_asked_for():
    clips = clip_table()
    clips["train_only"] = np.arange(len(clips)) % 2 == 0
    clips.attrs["corpora"] = {"toy": {"complete": 2 * len(clips), "missing": len(clips)}}
    coverage = evaluate(Spy(), clips, cv=2, **FAST).coverage
    assert coverage["answered"] == (~clips["train_only"]).sum()
    assert coverage["asked"] == 2 * coverage["answered"]
