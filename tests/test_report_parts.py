"""What a report computes: figures against numpy, scipy and scikit-learn, words against examples."""

import base64
import gzip
import io
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from experiments_for_reports import (
    EMOTIONS,
    NoisyLabels,
    clip_table,
    experiment,
    fused_clips,
    fusion,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import brier_score_loss, log_loss, recall_score
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.naive_bayes import GaussianNB

from emopipe.evaluation import evaluate
from emopipe.evaluation.baselines import fleiss_kappa
from emopipe.evaluation.figures import figures
from emopipe.experiment import Experiment
from emopipe.groups import group_figures
from emopipe.metrics import reliability
from emopipe.report import write_report
from emopipe.report.answer import answer
from emopipe.report.attachments import attachment
from emopipe.report.bibliography import bibtex
from emopipe.report.confidence import confidence_view, proper_scores
from emopipe.report.drawing import knowledge, protocol_view
from emopipe.report.grids import edge_sentences, grid_views
from emopipe.report.hardest import hardest_clips
from emopipe.report.modalities import modality_view
from emopipe.report.prose import ethics, methods
from emopipe.report.reforms import checklist
from emopipe.report.view import experiment_view


@pytest.fixture(scope="module")
def whole():
    return experiment()


def perfect(result):
    """Return a result as if every answer had been right, with a score of 1."""
    table = result.predictions.assign(predicted=result.predictions["emotion"])
    scores = {f"score_{e}": 1.0 * (table["emotion"] == e) for e in result.classes}
    return replace(result, predictions=table.assign(**scores))


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, (12, 3), elements=st.floats(0.01, 1)), st.integers(0, 2**32 - 1))
def test_proper_scores_are_those_of_scikit_learn(scores, seed):
    probabilities = scores / scores.sum(1, keepdims=True)
    labels = np.r_[[0, 1, 2], np.random.default_rng(seed).integers(0, 3, 9)]
    actual = proper_scores(probabilities, np.eye(3)[labels])
    assert actual["log_loss"] == pytest.approx(log_loss(labels, probabilities))
    expected = sum(brier_score_loss(labels == n, probabilities[:, n]) for n in range(3))
    assert actual["brier"] == pytest.approx(expected)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50))
def test_bins_of_reliability_hold_every_clip_once(pairs):
    confidence, right = (np.array(side) for side in zip(*pairs, strict=True))
    bins = reliability(confidence, right)
    assert bins["n"].sum() == len(pairs)
    assert (bins["n"] * bins["accuracy"]).sum() == pytest.approx(right.sum())
    assert (bins["n"] * bins["confidence"]).sum() == pytest.approx(confidence.sum())


def test_scores_that_are_right_as_often_as_they_say_have_no_error(whole):
    result = perfect(whole.results["skill 0.4"])
    view = confidence_view(result)
    assert view["probable"] and view["error"] == view["brier"] == view["log_loss"] == 0
    assert view["coverage"].series["accuracy of the surest"]["y"] == [1.0] * 20
    table = result.predictions.drop(columns="score_fear")
    assert confidence_view(replace(result, predictions=table)) is None
    values = {f"score_{name}": 7.0 * (name == "fear") for name in EMOTIONS}
    raw = confidence_view(replace(result, predictions=result.predictions.assign(**values)))
    assert not raw["probable"] and raw["reliability"] is None


def test_kappa_is_that_of_fleiss_example():
    votes = [[0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
             [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0],
             [0, 2, 2, 3, 7]]  # fmt: skip
    assert fleiss_kappa(votes) == pytest.approx(0.210, abs=5e-4)
    assert np.isnan(fleiss_kappa([[1, 0]]))


@pytest.fixture(scope="module")
def fused():
    return evaluate(fusion(weights="recall"), fused_clips(), cv=3, n_bootstrap=50)


def test_modalities_save_one_another(fused):
    view = modality_view(fused)
    assert [row["accuracy"] for row in view["alone"]] == [0.5, 0.5]
    assert {row["words"]: (row["n"], row["fused"]) for row in view["rescue"]} == {
        "voice alone": (36, 1.0), "face alone": (36, 1.0)
    }  # fmt: skip
    assert [row["accuracy_loss"] for row in view["without"]] == pytest.approx([-0.5, -0.5])
    table, cells = fused.predictions, dict(view["emotions"])
    expected = recall_score(
        table["emotion"], table["alone_voice"], labels=list(EMOTIONS), average=None
    )
    assert [cells[e]["voice"]["recall"] for e in EMOTIONS] == pytest.approx(expected.tolist())
    plain = evaluate(NoisyLabels(), clip_table(), cv=2, n_bootstrap=0)
    assert modality_view(plain) is None


def test_what_a_fusion_compared_inside_is_a_grid_of_the_result(fused):
    (grid,) = fused.searches
    assert grid["name"] == "EmotionWeightedFusion: rules for weights" and len(grid["folds"]) == 3
    assert grid["params"] == [{"weights": "equal"}, {"weights": "recall"}]
    assert all(0 <= score <= 1 for row in grid["mean"] for score in row)
    searched = evaluate(fusion(weights="search"), fused_clips(), cv=3, n_bootstrap=0).searches[0]
    assert [row["weights"] for row in searched["params"]] == ["equal", "recall", "search"]
    assert all(row[2] >= max(row[:2]) - 0.05 for row in searched["mean"])  # drawn to equal ones


def test_people_who_voted_are_rows_beside_ours(fused):
    rows = {row["id"]: row for row in fused.baselines}
    assert rows["people-voice"]["accuracy"]["value"] == 0.5
    assert "Fleiss' kappa" in rows["people-face"]["note"] and rows["people-face"]["n"] == 72


def test_figures_of_groups_have_counts_and_intervals(fused):
    rows = group_figures(fused, traits=("sex", "intensity", "statement"))
    assert [(r["trait"], r["group"], r["subjects"], r["clips"]) for r in rows] == [
        ("sex", "female", 3, 36), ("sex", "male", 3, 36), ("intensity", "low", 6, 72)
    ]  # fmt: skip
    assert rows[0]["too_few"] and rows[2]["accuracy"]["value"] == 1.0


def test_the_protocol_is_drawn_as_the_folds_are():
    result = evaluate(NoisyLabels(), clip_table(subjects=6), cv=3, n_bootstrap=0)
    view = protocol_view(result)
    assert view["tested"].count("M") == 6 and view["trained"] and not view["mixed"]
    row, column = 1, view["subjects"].index(result.folds[1]["test_subjects"][0])
    assert f"M{column} {row}h1v1h-1z" in view["tested"]
    assert "6 subjects by 3 folds: each fold tests 2 of them, all others train" in view["words"]
    steps = dict(knowledge(result))
    assert steps["Known of whom is tested"].startswith("Nothing")
    enrolled = replace(result, protocol=result.protocol | {"test_person": "8 unlabelled clips"})
    assert "8 unlabelled clips" in dict(knowledge(enrolled))["Known of whom is tested"]
    mixed = replace(result, protocol=result.protocol | {"subject_dependent": True})
    assert "trained on" in dict(knowledge(mixed))["Known of whom is tested"]
    assert (
        protocol_view(replace(result, protocol=result.protocol | {"subjects_named": False})) is None
    )


def test_grids_say_when_the_best_lies_at_the_edge():
    clips = clip_table(subjects=6).assign(cue=np.arange(72) % 5)
    search = GridSearchCV(GaussianNB(), {"var_smoothing": [1e-3, 1e-6, 1e-9]}, cv=GroupKFold(2))
    result = evaluate(search, clips, cv=3, features=["cue"], n_bootstrap=0)
    (view,) = grid_views(result)
    assert view["n_rows"] == 3 and sum(row["best"] for row in view["rows"]) == 3
    assert view["drawn"] and view["rows"][0]["value"] == pytest.approx(
        np.mean([mean[result.searches[0]["best"][0]] for mean in result.searches[0]["mean"]])
    )
    inner = {"params": [{"C": c} for c in (1, 2, 3)], "folds": [0], "best": [1]}
    assert edge_sentences(inner) == []
    assert len(edge_sentences(inner | {"folds": [0, 1], "best": [0, 2]})) == 2
    words = {"params": [{"kernel": k} for k in ("rbf", "linear")], "folds": [0], "best": [0]}
    assert edge_sentences(words) == []


def test_the_hardest_clips_are_those_that_most_have_wrong():
    results = experiment(skills=(0.2, 0.9)).results
    rows = hardest_clips(results)
    assert len(rows) == 15 and [row["wrong"] for row in rows] == sorted(
        (row["wrong"] for row in rows), reverse=True
    )
    tables = [result.predictions.set_index("clip") for result in results.values()]
    for row in rows:
        wrong = sum(t.loc[row["clip"], "predicted"] != row["emotion"] for t in tables)
        assert wrong == row["wrong"]
    assert hardest_clips({"all right": perfect(results["skill 0.2"])}) == []


def test_no_emotion_is_the_hardest_where_all_are_recognised(whole):
    label, result = next(iter(whole.results.items()))
    every = replace(result, per_emotion=result.per_emotion.assign(recall=1.0))
    *_, beside = answer(replace(whole, results={label: every}))
    assert beside["text"].startswith("It recognises every clip of every emotion")


class Seeded(ClassifierMixin, BaseEstimator):
    """Right as often as its seed is lucky."""

    def __init__(self, random_state=0):
        self.random_state = random_state

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.random.default_rng(self.random_state).choice(self.classes_, len(X))


def test_other_seeds_are_variants_of_a_result(whole, tmp_path):
    clips = clip_table(subjects=4)
    result = evaluate(Seeded(), clips, cv=2, repeats=3, n_bootstrap=20)
    assert [row["id"] for row in result.variants] == ["seed-1", "seed-2"]
    again = evaluate(Seeded(1000), clips, cv=2, n_bootstrap=0)
    assert result.variants[0]["uar"]["value"] == again.metrics["uar"]["value"]
    lucky = replace(whole, results={"luck": result}, published=[])
    html = write_report(lucky, tmp_path).read_text()
    assert "mean over 3 seeds, lowest to highest" in html
    with pytest.raises(ValueError, match="nothing in NoisyLabels has a random_state"):
        evaluate(NoisyLabels(), clips, cv=2, repeats=2)
    with pytest.raises(ValueError, match="repeats=0"):
        evaluate(Seeded(), clips, cv=2, repeats=0)


def test_a_checklist_of_32_items_is_filled_where_data_can(whole, tmp_path):
    filled = [
        replace(r, corpora=[c | {"name": "ravdess", "synthetic": False} for c in r.corpora],
                predictions=r.predictions.assign(sex="female", age=30))
        for r in whole.results.values()
    ]  # fmt: skip
    rows = checklist(replace(whole, results=dict(zip(whole.results, filled, strict=True))))
    assert len(rows) == 32 == len({row["id"] for row in rows})
    assert sum(row["text"] is not None for row in rows) >= 20
    assert {"1b", "3g", "5b", "8b"} <= {row["id"] for row in rows if row["text"] is None}
    tests = {row["id"]: row["text"] for row in rows}["7c"]
    assert ("a reference, and all others, apart" in tests) == bool(whole.references)
    drawn = [replace(r, corpora=[c | {"synthetic": True} for c in r.corpora]) for r in filled]
    rows = checklist(replace(whole, results=dict(zip(whole.results, drawn, strict=True))))
    texts = {row["id"]: row["text"] for row in rows}
    for id in ("2a", "3a"):
        assert "synthetic, faces are drawn" in texts[id] and "zenodo" not in texts[id].lower(), id
    assert write_report(whole, tmp_path).read_text().count("<strong>to be written</strong>") >= 7


def test_paragraphs_say_what_was_done(whole):
    text = " ".join(methods(whole))
    for words in ("96 clips of 8 subjects from invented (synthetic", "GroupKFold", "4 folds",
                  "no subject was trained on and tested", "50 bootstrap samples",
                  "Holm", "trained once"):  # fmt: skip
        assert words in text, words
    assert "No person was recorded" in " ".join(ethics(whole))
    assert "prohibited" in " ".join(ethics(whole))


def test_references_are_bibtex(whole):
    text = bibtex(whole, [item.source for item in whole.published])
    keys = [line.split("{")[1].rstrip(",") for line in text.splitlines() if line.startswith("@")]
    assert len(keys) == len(set(keys)) and {"nobody1900", "corpus-invented"} <= set(keys)
    assert text.count("{") == text.count("}")


class _Files(HTMLParser):
    def __init__(self):
        super().__init__()
        self.files = {}

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "download" in attrs:
            self.files[attrs["download"]] = attrs["href"]


def read(href):
    kind, data = href.split(",", 1)
    data = base64.b64decode(data)
    return (gzip.decompress(data) if "gzip" in kind else data).decode()


def test_tables_and_folds_are_files_in_the_page(whole, tmp_path):
    parser = _Files()
    parser.feed(write_report(whole, tmp_path).read_text())
    result = whole.results["skill 0.4"]
    folds = pd.read_csv(io.StringIO(read(parser.files[f"folds-{result.fingerprint[:8]}.csv"])))
    pd.testing.assert_frame_equal(folds, result.fold_table(), check_dtype=False)
    table = pd.read_csv(io.StringIO(read(parser.files["skill-0-4-predictions.csv"])))
    assert table["predicted"].tolist() == result.predictions["predicted"].tolist()
    confusion = pd.read_csv(io.StringIO(read(parser.files["skill-0-4-confusion.csv"])), index_col=0)
    assert confusion.to_numpy().tolist() == result.confusion.tolist()
    assert "skill 0.8 − skill 0.4" in read(parser.files["differences.csv"])
    assert read(parser.files["references.bib"]).startswith("@misc{")
    packed = attachment("long.csv", "x\n" * 20_000)
    assert packed["name"] == "long.csv.gz" and read(packed["href"]) == "x\n" * 20_000


def large(model, label, seed):
    """Return a result as large as CREMA-D: 7,442 clips of 91 people, six emotions."""
    rng = np.random.default_rng(seed)
    names = sorted([*EMOTIONS, "disgust", "sadness"])
    clips = np.arange(7442)
    subjects = (1001 + clips % 91).astype(str)
    table = pd.DataFrame(
        {"clip": [f"AudioWAV/{s}_{n:04d}_XX.wav" for s, n in zip(subjects, clips, strict=True)],
         "subject": subjects, "corpus": "large", "fold": clips % 91 % 10,
         "emotion": np.array(names)[clips // 91 % 6]}
    )  # fmt: skip
    guesses = rng.choice(names, len(clips))
    table["predicted"] = np.where(rng.random(len(clips)) < 0.5, table["emotion"], guesses)
    scores = rng.dirichlet(np.ones(6), len(clips))
    table[[f"score_{name}" for name in names]] = scores
    values = figures(table, names, n_bootstrap=0)
    corpora = [model.corpora[0] | {"clips": 7442, "subjects": 91}]
    return replace(model, title=label, classes=names, predictions=table, corpora=corpora, **values)


def test_a_page_of_four_results_on_7442_clips_is_below_two_megabytes(whole, tmp_path, monkeypatch):
    monkeypatch.setattr(Experiment, "save", lambda *_: None)  # the page alone, for time's sake
    labels = [f"result {n}" for n in range(4)]
    model = whole.results["skill 0.4"]
    results = {label: large(model, label, n) for n, label in enumerate(labels)}
    page = write_report(
        Experiment(name="large", title="Large", question="Is it small?", results=results), tmp_path
    )
    assert page.stat().st_size < 2e6
    parser = _Files()
    parser.feed(page.read_text())
    table = pd.read_csv(io.StringIO(read(parser.files["result-3-predictions.csv.gz"])))
    assert len(table) == 7442


def test_predictions_stay_in_the_result_file_where_the_page_would_be_too_large(whole, monkeypatch):
    monkeypatch.setattr("emopipe.report.view.LARGEST_FILES", 10_000)
    view = experiment_view(whole)
    names = [file["name"] for row in view["results"] for file in row["files"]]
    assert names and not any("predictions" in name for name in names)


def test_a_result_on_which_nothing_was_tested_has_a_page(whole, tmp_path):
    result = whole.results["skill 0.4"]
    empty = result.per_emotion.assign(support=0, recall=np.nan, precision=np.nan, f1=np.nan)
    nothing = {name: {"value": None, "low": None, "high": None} for name in result.metrics}
    none = replace(
        result, predictions=result.predictions[:0], folds=[], per_emotion=empty, metrics=nothing
    )
    page = write_report(replace(whole, results={"none": none}, published=[]), tmp_path)
    assert "none: accuracy –" in page.read_text()


def test_of_many_differences_the_answer_names_the_nearest():
    skills = tuple(round(0.1 * n, 1) for n in range(2, 10))
    text = answer(experiment(skills=skills, published=[]))[1]["text"]
    assert ", and 2 that are further off" in text
    assert text.index("skill 0.8") < text.index("skill 0.7")
