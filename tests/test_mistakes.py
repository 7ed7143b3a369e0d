"""What people get wrong is answered in words that name the parameter and what is allowed."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import (
    Chart,
    ConfusionDisplay,
    EmotionWeightedFusion,
    Experiment,
    LearningCurvesDisplay,
    MiniXceptionFeatures,
    Published,
    ReliabilityDisplay,
    Result,
    ShortTermStatistics,
    SubjectsDisplay,
    Training,
    VGGFaceFeatures,
    WeightGridDisplay,
    WeightsDisplay,
    compare,
    differences,
    evaluate,
    make_clip_pipeline,
    save,
    usable,
    weight_grid,
    window_table,
    write_report,
)
from emopipe.backbones.weights import WeightsError

Y = np.tile(["anger", "sadness"], 12)
PEOPLE = np.repeat(list("abcd"), 6)
X = np.random.default_rng(0).normal(size=(24, 2)) + (Y == "anger")[:, None]
CLIPS = pd.DataFrame({"clip": [f"{n}.wav" for n in range(24)], "emotion": Y, "subject": PEOPLE})
PIPELINE = make_pipeline(StandardScaler(), GaussianNB())
PAIRS = [("voice", GaussianNB()), ("face", GaussianNB())]


def measure(*args, **options):
    return evaluate(*args, **{"cv": 2, "n_bootstrap": 0} | options)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((CLIPS, GaussianNB()), "estimator is a DataFrame.* are the arguments swapped"),
        ((X, GaussianNB(), Y), "estimator is a ndarray.* are the arguments swapped"),
        ((X, Y, GaussianNB()), "estimator is a ndarray.* are the arguments swapped"),
        (("svc", CLIPS), "estimator is a str: give a scikit-learn classifier$"),
        (
            (GaussianNB(), X),
            r"clips is a ndarray: .* or features and emotions, as in evaluate\(est",
        ),
        ((GaussianNB(), Y, X), "y has shape .* are X and y swapped"),
    ],
)
def test_swapped_arguments_of_evaluate(arguments, words):
    with pytest.raises((TypeError, ValueError), match=words):
        measure(*arguments)


def test_emotions_in_groups_and_people_in_y():
    with pytest.raises(ValueError, match=r"groups holds emotions .* are y and groups swapped"):
        measure(GaussianNB(), X, PEOPLE, groups=Y)


@pytest.mark.parametrize("groups", [CLIPS["subject"], CLIPS[["subject"]], PEOPLE])
def test_values_in_place_of_a_column_of_the_clip_table(groups):
    with pytest.raises(ValueError, match="with a clip table, name its column, as in groups='subj"):
        measure(GaussianNB(), CLIPS, groups=groups)


def test_clips_where_an_estimator_takes_numbers():
    with pytest.raises(ValueError, match="could not convert string") as raised:
        measure(GaussianNB(), CLIPS)
    assert "put an extractor in front" in " ".join(raised.value.__notes__)


def test_a_search_whose_fits_all_fail_is_one_line():
    search = GridSearchCV(SVC(), {"C": [-1, -2]}, cv=GroupKFold(2))
    with pytest.raises(ValueError, match=r"^All the 4 fits failed, the first with .*'C'") as raised:
        measure(search, X, Y, groups=PEOPLE)
    assert "Traceback" not in str(raised.value) and "error_score" in raised.value.__notes__[0]


def test_a_weight_below_0_is_shown_as_it_is():
    with pytest.raises(ValueError, match=r"clip '0.wav' has -1.0; give"):
        measure(PIPELINE, CLIPS.assign(w=-1.0), sample_weight="w")


def test_clips_that_are_no_table():
    with pytest.raises(TypeError, match="clips is a list: give a clip table"):
        usable([])


@pytest.mark.parametrize("nothing", ["", " ", None])
def test_a_clip_without_an_emotion_is_left_out(nothing):
    clips = CLIPS.assign(emotion=[nothing, *Y[1:]], cue=X[:, 0])
    result = measure(GaussianNB(), clips, features=["cue"])
    assert result.classes == ["anger", "sadness"] and len(result.predictions) == 23


def test_lengths_that_are_not_one_for_each_clip():
    with pytest.raises(ValueError, match="seconds has 1 lengths for 24 clips: one for each"):
        window_table(CLIPS, [1.0], 0.5)
    with pytest.raises(ValueError, match="window='1' makes no sense: allowed are finite seconds"):
        window_table(CLIPS, np.ones(24), "1")


def test_a_result_that_is_none_beside_a_model(tmp_path):
    with pytest.raises(TypeError, match="result is a str: give the Result of evaluate"):
        save(GaussianNB().fit(X, Y), tmp_path / "model", result="result.json")
    assert not (tmp_path / "model").exists()


def test_an_extractor_without_features_of_any_clip_is_named_with_the_reason(tmp_path):
    paths = [tmp_path / f"{n}.wav" for n in range(24)]
    for path in paths:
        path.touch()
    voice = make_clip_pipeline(ShortTermStatistics(store=None, n_jobs=1), GaussianNB())
    with pytest.raises(ValueError, match="none of 12 rows is complete") as raised:
        measure(voice, CLIPS.assign(path=paths))
    words = "ShortTermStatistics gave no features of any clip (cannot be decoded: 24)"
    assert words in raised.value.__notes__


def test_training_clips_of_one_emotion_are_said():
    alone = np.where(PEOPLE == "a", Y, "anger")  # without "a" a fold has anger alone
    fusion = EmotionWeightedFusion([("voice", SVC()), ("face", SVC())], weights="recall")
    with pytest.raises(ValueError, match="classes") as raised:
        fusion.fit(X, alone, groups=PEOPLE)
    notes = " ".join(raised.value.__notes__)
    assert "of 4, whose training clips all have the emotion 'anger'" in notes
    assert notes.endswith("in modality 'voice' of the fusion")


def test_the_name_of_a_column_where_emotions_are_values():
    with pytest.raises(ValueError, match=r"give groups as values, too, as in groups=table\['who'"):
        measure(GaussianNB(), pd.DataFrame(X).assign(who=PEOPLE), Y, groups="who")


@pytest.mark.parametrize(
    ("cv", "words"),
    [
        (GroupKFold, r"cv is the class GroupKFold: make one, as in cv=GroupKFold\(5\)"),
        ([(np.arange(12), np.arange(12, 24))], r"^cv=\[\(array.{0,90}: give a number of folds"),
        ("LOSO", r"or a scikit-learn splitter; did you mean 'loso'\?"),
    ],
)
def test_folds_that_are_none(cv, words):
    with pytest.raises((TypeError, ValueError), match=words):
        measure(GaussianNB(), X, Y, groups=PEOPLE, cv=cv)


def test_groups_of_one_column_are_one_column():
    table = pd.DataFrame({"subject": PEOPLE})
    fusion = EmotionWeightedFusion(PAIRS, weights="recall").fit(X, Y, groups=PEOPLE)
    for groups in (table, table.to_numpy()):
        again = EmotionWeightedFusion(PAIRS, weights="recall").fit(X, Y, groups=groups)
        assert again.weights_.equals(fusion.weights_)
    assert len(measure(GaussianNB(), X, Y, groups=table).per_subject) == 4
    with pytest.raises(ValueError, match=r"groups has shape \(24, 2\)"):
        EmotionWeightedFusion(PAIRS, weights="recall").fit(X, Y, groups=X)


@pytest.mark.parametrize(
    ("estimators", "words"),
    [
        ([GaussianNB(), SVC()], "must be a list of .name, classifier."),
        ([PIPELINE, PIPELINE], "must be a list of .name, classifier."),
        (PIPELINE, "must be a list of .name, classifier."),
        ({"voice": GaussianNB()}, "must be a list of .name, classifier."),
        ([("voice", GaussianNB)], "'voice' in estimators is <class.*made already"),
        ([(GaussianNB(), "voice")], "the name comes first, as in .'voice', GaussianNB"),
        ([("voice", ShortTermStatistics())], r"is ShortTermS.*which is no classifier: add one"),
    ],
)
def test_modalities_that_are_no_pairs(estimators, words):
    fusion = EmotionWeightedFusion(estimators)
    with pytest.raises((TypeError, ValueError), match=words):
        fusion.fit(X, Y)
    assert "EmotionWeightedFusion" in repr(fusion) and fusion._repr_html_()


@pytest.mark.parametrize(
    ("features", "names"),
    [(VGGFaceFeatures, "'vggface', 'random'"), (MiniXceptionFeatures, "'def")],
)
def test_a_name_of_weights_that_nobody_knows(features, names):
    with pytest.raises(
        WeightsError, match=f"weights='vgg' is unknown; allowed: {names}.*path of a weight"
    ):
        features(weights="vgg").fit(["a.png"])
    with pytest.raises(
        ValueError, match="weights='vgg' is unknown; allowed: None, 'equal', 'mean', 'recall'"
    ):
        EmotionWeightedFusion(PAIRS, weights="vgg").fit(X, Y)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"metric": "f1"}, "metric='f1' is unknown; allowed: 'accuracy', 'uar', 'macro_f1'"),
        ({"value": "0.5"}, "published value of 'x' is the text '0.5': give a number"),
        ({"spread": "0.1"}, "published spread of 'x' is the text '0.1': give a number"),
        ({"value": 50}, r"is 50: give a fraction in \[0, 1\]"),
    ],
)
def test_published_figures_that_are_none(fields, words):
    with pytest.raises(ValueError, match=words):
        Published(**{"label": "x", "value": 0.5, "source": "A"} | fields)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cv": "5"}, "a number has no quotes: cv=5"),
        ({"n_bootstrap": "many"}, "n_bootstrap='many' is text: give a whole number from 0 on"),
        ({"n_bootstrap": -3}, "n_bootstrap=-3: give a whole number from 0 on"),
        ({"random_state": "zero"}, "random_state='zero' is text"),
        ({"n_jobs": "all"}, "n_jobs='all' is text"),
    ],
)
def test_text_where_evaluate_wants_a_number(options, words):
    with pytest.raises(ValueError, match=words):
        measure(GaussianNB(), X, Y, groups=PEOPLE, **options)


def test_a_column_in_place_of_a_list_of_columns():
    with pytest.raises(ValueError, match=r"features='energy' is text: give .*\['energy'\]"):
        measure(GaussianNB(), CLIPS, features="energy")


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ShortTermStatistics(window="1.0").fit(["a.wav"]), "window='1.0' is text"),
        (lambda: ShortTermStatistics(step="a").fit(["a.wav"]), "step='a' is text"),
        (lambda: VGGFaceFeatures(weights="random", batch_size="16").fit(["a.png"]),
         "batch_size='16' is text: give a whole number from 1 on"),
        (lambda: EmotionWeightedFusion(PAIRS, weights="recall", clips_per_weight="10").fit(X, Y),
         "clips_per_weight='10' is text: give a number from 0 on"),
        (lambda: EmotionWeightedFusion(PAIRS, weights="recall", cv="5").fit(X, Y, groups=PEOPLE),
         "cv='5' is text: give a number of folds"),
        (lambda: Training(learning_rate="fast").check(), "learning_rate='fast' is text"),
        (lambda: Chart("c", "x", "y", {"ours": {"x": [1], "y": ["high"]}}),
         "line 'ours' of chart 'c' holds the text 'high'"),
        (lambda: weight_grid(["voice", "face"], ["fear"], steps="4"), "steps='4'"),
    ],
)  # fmt: skip
def test_text_where_a_number_belongs(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_results_in_the_wrong_place(tmp_path):
    result = measure(GaussianNB(), X, Y, groups=PEOPLE)
    with pytest.raises(TypeError, match="compare was given a str: give two Results"):
        compare(result, "other")
    for results in (result, [result], {"one": "result.json"}):
        with pytest.raises(TypeError, match=r"must be \{label: Result\}"):
            Experiment(name="x", title="X", question="?", results=results)
    for references in ("one", ["two"]):
        with pytest.raises(ValueError, match=r"references=.*: give a list of labels out of .'one'"):
            differences({"one": result}, references)
    with pytest.raises(ValueError, match=r"references='one' is text: give a list, as in \['one'\]"):
        Experiment(name="x", title="X", question="?", results={"one": result}, references="one")
    with pytest.raises(TypeError, match=r"results is a list: give .label: Result"):
        differences([result])
    with pytest.raises(TypeError, match=r"folder is a NoneType: name a folder"):
        write_report(result, None)
    with pytest.raises(FileNotFoundError, match=r"no saved Result there; Result.save writes one"):
        Result.load(tmp_path)
    with pytest.raises(TypeError, match=r"ignore=3: give \['EMO03'\]"):
        measure(GaussianNB(), X, Y, groups=PEOPLE, ignore=3)
    with pytest.raises(TypeError, match=r"experiment is a .*: give an Experiment or a Result, and"):
        write_report(tmp_path, result)
    with pytest.raises(ValueError, match=r"mine.html' is named like a file: name a folder"):
        write_report(result, tmp_path / "mine.html")
    page = write_report(result, tmp_path / "My run!")
    assert page.is_file() and Experiment.load(page.parent).name == "my-run"


@pytest.mark.parametrize(
    "display",
    [ConfusionDisplay, LearningCurvesDisplay, ReliabilityDisplay, SubjectsDisplay,
     WeightGridDisplay, WeightsDisplay],
)  # fmt: skip
def test_displays_of_what_is_no_result(display):
    with pytest.raises(TypeError, match="result is a dict: give a Result"):
        display.from_result({"voice": 1})


def test_a_confusion_that_is_normalised_as_in_scikit_learn():
    with pytest.raises(ValueError, match=r"normalize='true' is unknown; allowed: True, False"):
        ConfusionDisplay([[1, 0], [0, 1]], ["fear", "joy"]).plot(normalize="true")


def test_a_grid_that_nobody_can_fit():
    with pytest.raises(ValueError, match="matrices of weights are too many for a grid"):
        weight_grid(["a", "b"], list("uvwxyz"), vary=list("uvwxyz"))
    with pytest.raises(ValueError, match="give a list of emotions out of"):
        weight_grid(["a", "b"], ["fear"], vary=["joy"])
