"""Pictures and what notebooks show: of results and estimators, safe, and light to import."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
import pandas as pd
import pytest
from experiments_for_reports import experiment
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.naive_bayes import GaussianNB

from emopipe import (
    ConfusionDisplay,
    EmotionWeightedFusion,
    LearningCurvesDisplay,
    ReliabilityDisplay,
    ScoreColumns,
    SubjectsDisplay,
    TimelineDisplay,
    WeightGridDisplay,
    WeightsDisplay,
    displays,
    evaluate,
    weight_grid,
)

matplotlib.use("agg")
EMOTIONS = ["anger", "joy"]


@pytest.fixture(autouse=True)
def closed():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture(scope="module")
def votes():
    rng = np.random.default_rng(0)
    emotion = np.tile(EMOTIONS, 24)
    clips = pd.DataFrame(
        {"clip": [f"{n}" for n in range(48)], "emotion": emotion,
         "subject": np.repeat([f"p{n}" for n in range(8)], 6)}
    )  # fmt: skip
    for prefix in ("voice_", "face_"):
        for name in EMOTIONS:
            clips[prefix + name] = np.exp((emotion == name) + rng.normal(size=48))
    return clips


@pytest.fixture(scope="module")
def search():
    modalities = [("voice", ScoreColumns(prefix="voice_")), ("face", ScoreColumns(prefix="face_"))]
    weights = ["equal", "recall", *weight_grid(["voice", "face"], EMOTIONS, steps=2)]
    return GridSearchCV(
        EmotionWeightedFusion(modalities, cv=2), {"weights": weights}, cv=GroupKFold(2)
    )


@pytest.fixture(scope="module")
def searched(votes, search):
    return evaluate(search, votes, cv=2, n_bootstrap=0, title="searched")


@pytest.fixture(scope="module")
def invented():
    return experiment()


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_confusions_are_per_cent_of_the_row_or_clips(invented):
    result = invented.results["skill 0.8"]
    display = ConfusionDisplay.from_result(result)
    shares = 100 * result.confusion / result.confusion.sum(1, keepdims=True)
    assert texts(display.ax_) == [f"{share:.0f}" for share in shares.ravel()]
    again = display.plot(display.figure_.add_subplot(122), normalize=False)
    assert texts(again.ax_) == [str(n) for n in result.confusion.ravel()]


def test_confusions_of_an_estimator_know_emotions_that_it_never_answers(votes):
    X = votes[["voice_anger", "voice_joy"]]
    model = GaussianNB().fit(X, votes["emotion"])
    truth = ["fear", *votes["emotion"][1:]]
    display = ConfusionDisplay.from_estimator(model, X, truth)
    assert display.emotions == ["anger", "fear", "joy"] and display.confusion.sum() == 48


def test_subjects_are_sorted_and_people_without_names_are_not_drawn(invented):
    result = invented.results["skill 0.4"]
    display = SubjectsDisplay.from_result(result)
    names = [label.get_text() for label in display.ax_.get_yticklabels()]
    assert names == result.per_subject.sort_values("accuracy", kind="stable")["subject"].tolist()
    nobody = replace(result, predictions=result.predictions.assign(subject=None))
    with pytest.raises(ValueError, match="names no subjects"):
        SubjectsDisplay.from_result(nobody)


def test_weights_are_shares_of_each_emotion(votes, search, searched):
    display = WeightsDisplay.from_result(searched)
    assert np.allclose(display.shares.sum(), 1)
    fitted = search.fit(votes, votes["emotion"], groups=votes["subject"])
    shares = WeightsDisplay.from_estimator(fitted).shares
    assert np.allclose(shares.loc["voice"] + shares.loc["face"], 1)
    with pytest.raises(ValueError, match="has no weights_"):
        WeightsDisplay.from_estimator(GaussianNB())


def test_a_grid_of_weights_is_drawn_by_name(votes, search, searched):
    labels = ["equal", "recall", "voice 0, face 1", "voice 0.5, face 0.5", "voice 1, face 0"]
    display = WeightGridDisplay.from_result(searched)
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == labels
    fitted = search.fit(votes, votes["emotion"], groups=votes["subject"])
    (line,) = WeightGridDisplay.from_estimator(fitted).ax_.get_lines()
    assert np.allclose(line.get_ydata(), fitted.cv_results_["mean_test_score"])
    with pytest.raises(ValueError, match="'C' was not searched"):
        WeightGridDisplay.from_estimator(fitted, parameter="C")


def test_learning_curves_of_unequal_lengths(invented):
    display = LearningCurvesDisplay.from_result(invented.results["skill 0.4"])
    assert [line.get_label() for line in display.ax_.get_lines()] == [
        "training, 4 fits", "validation, 4 fits"
    ]  # fmt: skip
    short = LearningCurvesDisplay([{"loss": [2.0, 1.0]}, {"loss": [4.0]}]).plot()
    assert short.ax_.get_lines()[0].get_ydata().tolist() == [3.0, 1.0]
    with pytest.raises(ValueError, match=r"curve='f1' is unknown; allowed: .*'loss'"):
        LearningCurvesDisplay([{"loss": [1.0]}], curve="f1")


def test_reliability_wants_probabilities(searched):
    display = ReliabilityDisplay.from_result(searched, n_bins=5)
    assert display.table["n"].sum() == 48 and 0 <= display.error <= 1
    scores = searched.predictions.assign(score_joy=-1.0)
    with pytest.raises(ValueError, match="no probabilities"):
        ReliabilityDisplay.from_result(replace(searched, predictions=scores))


def test_a_timeline_has_a_gap_where_there_are_no_scores():
    def moment(start, scores):
        return SimpleNamespace(start=start, stop=start + 1.0, scores=scores, modalities={})

    moments = [moment(0.0, {"fear": 0.25, "joy": 0.75}), moment(0.5, None)]
    clip = SimpleNamespace(clip="a.mp4", windows=moments)
    prediction = SimpleNamespace(clips=[clip], labels=["fear", "joy"], modalities=[])
    display = TimelineDisplay.from_prediction(prediction)
    bars = [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in display.ax_.patches]
    assert bars == [(0.0, 0.5, 0.25), (0.0, 0.5, 0.75)]
    with pytest.raises(ValueError, match="has no windows"):
        TimelineDisplay.from_prediction(
            replace_clip(prediction, SimpleNamespace(clip="a.mp4", windows=[]))
        )
    with pytest.raises(ValueError, match="modality='voice' is unknown; allowed: None"):
        TimelineDisplay.from_prediction(prediction, modality="voice")


def replace_clip(prediction, clip):
    return SimpleNamespace(**vars(prediction) | {"clips": [clip]})


def test_all_draw_on_axes_that_are_there(invented, searched):
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3)
    result = invented.results["skill 0.8"]
    displays = [
        ConfusionDisplay.from_result(result, ax=axes[0]),
        SubjectsDisplay.from_result(result, ax=axes[1]),
        WeightGridDisplay.from_result(searched, ax=axes[2]),
    ]
    assert all(d.ax_ is ax and d.figure_ is figure for d, ax in zip(displays, axes, strict=True))


def test_displays_import_matplotlib_when_they_plot():
    for file in Path(displays.__file__).parent.glob("*.py"):
        heads = [
            line for line in file.read_text().splitlines() if line.startswith(("import", "from"))
        ]
        assert heads and not any("matplotlib" in line for line in heads), file


def test_notebooks_show_results_and_experiments_without_scripts(invented):
    hostile = "<script>alert(1)</script>\u202e"
    result = replace(invented.results["skill 0.8"], title=hostile)
    for value in (result, replace(invented, title=hostile)):
        html = value._repr_html_()
        assert "<script" not in html and "&lt;script&gt;" in html and "\u202e" not in html
    figure = f"{100 * result.metrics['uar']['value']:.1f}"
    assert figure in invented._repr_html_() and figure in result._repr_html_()


def test_notebooks_show_the_weights_of_a_fitted_fusion_below_its_diagram(votes, search):
    fusion = search.estimator
    assert "s share of an emotion" not in fusion._repr_html_()
    fitted = search.fit(votes, votes["emotion"], groups=votes["subject"]).best_estimator_
    for html in (fitted._repr_html_(), fitted._repr_mimebundle_()["text/html"]):
        assert "sk-" in html and "s share of an emotion" in html and html.count("<script") <= 2
    from sklearn import config_context

    with config_context(display="text"):
        assert not hasattr(fitted, "_repr_html_")
        assert set(fitted._repr_mimebundle_()) == {"text/plain"}
