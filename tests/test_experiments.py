"""Every experiment script runs from corpus folders to its report, on small synthetic corpora."""

import ast
import csv
import inspect
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from emopipe import FeatureTable, voice_ensemble
from emopipe.backbones import vggface
from emopipe.backbones.vgg_graph import Architecture
from emopipe.cli import main
from emopipe.cli.run import SUBJECTS
from emopipe.corpora import load_corpus
from emopipe.experiment import Experiment
from emopipe.report.view import experiment_view
from emopipe.synthetic import make_synthetic_corpus
from emopipe.synthetic.layouts import LAYOUTS

EXPERIMENTS = Path(__file__).parent.parent / "experiments"

_THREE = {"emotions": ("anger", "happiness", "sadness")}
_STILLS = {"sfew": _THREE, "rafd": _THREE | {"subjects": 2}, "jaffe": _THREE | {"subjects": 2}}
_FACES = {"weights": "random", "copies": 1, "fps": 1.0, "epochs": 1, "rescale": (160, 200)}

# script -> (corpora: how each is made, options)
RUNS = {
    "chimeric_audio_visual": (
        {"ravdess": {}}, {"n_folds": 2, "n_frames": 1, "features": "texture"},
    ),
    "ravdess_voice": (
        {"ravdess": {}},
        {"optimism_gap": False, "n_folds": 3, "inner_folds": 2, "engine": "pyaudioanalysis"},
    ),
    "voice_classifiers": ({"ravdess": {}}, {"n_folds": 2, "inner_folds": 2}),
    "ravdess_voice_face": ({"ravdess": {}}, {"n_folds": 2, "face_features": "FACES"}),
    "cremad_voters": ({"cremad": _THREE}, {"n_folds": 2}),
    "benchmark_real": ({"cremad": _THREE}, {"votes_folds": 2}),
    "cross_corpus": (
        {"ravdess": _THREE, "cremad": _THREE}, {"n_folds": 2, "sets": ("mfcc",)},
    ),
    "voice_people": ({"ravdess": _THREE}, {"people": (2,), "unlabelled": (0,), "sets": ("mfcc",)}),
    "fusion_grid": (
        {"ravdess": {}},
        {"n_folds": 4, "face_features": "FACES", "rules": ("recall",),
         "n_components": (1,), "C": (1,), "steps": 1},
    ),
    "thesis_01_02_images": (_STILLS | {"afew": _THREE}, _FACES | {"systems": ["2"]}),
    "thesis_03_06_voice": (
        {"afew": _THREE, "savee": _THREE | {"subjects": 3}},
        {"n_shuffles": 2, "savee_clips": 2, "afew_clips": 2, "clips_of_both": 3, "test_share": 0.5},
    ),
    "thesis_07_11_fusion": (
        _STILLS | {"afew": _THREE, "savee": _THREE | {"subjects": 3}},
        _FACES | {"n_components": 4, "n_shuffles": 2, "inner_folds": 2},
    ),
    "cremad_temporal_aggregation": (
        {"cremad": _THREE},
        {
            "segments": (1, 2), "n_folds": 2, "epochs": 1, "n_frames": 4, "face_size": (32, 32),
            "spectrogram_size": (32, 20), "visual_widths": (4,), "audio_widths": (4,),
            "baseline_size": (32, 26), "n_copies": 1,
        },
    ),
}  # fmt: skip

_CNN = {
    "n_frames": 2, "face_size": (32, 26), "visual_widths": (4, 4), "n_copies": 1, "epochs": 2,
}  # fmt: skip
_HEARING = {"spectrogram_size": (32, 16), "audio_widths": (4,)}
RUNS |= {
    "cremad_cnn": ({"cremad": _THREE}, _CNN | _HEARING | {"n_folds": 2}),
    "ravdess_cnn_voice": ({"ravdess": {}}, _HEARING | {"n_folds": 2, "n_copies": 1, "epochs": 1}),
    "future_work": (
        {"ravdess": {}},
        _HEARING | {
            "n_folds": 2, "n_copies": 1, "epochs": 1, "pictures": ("wigner-ville",),
        },
    ),
    "fusion_with_networks": (
        {"cremad": _THREE},
        _CNN | _HEARING | {
            "systems": ["A", "C"], "n_folds": 2, "epochs": 1, "weights": "equal",
            "segment_face_size": (32, 32), "n_segments": 2, "vgg19_width": 1 / 64,
            "vgg19_size": 32, "units": 4,
        },
    ),
    "where_emotion_is": (
        {},
        {
            "conditions": ["voice"], "systems": ["A, voice", "B", "C"], "subjects": 4,
            "folder": "CORPORA",
            "small": {
                "layers__visual_widths": (4, 4), "layers__audio_widths": (4,), "n_copies": 1,
                "spectrogram_size": (32, 16), "faces__size": (32, 32), "faces__n_frames": 3,
                "training__epochs": 1, "vgg19__width": 1 / 64, "vgg19__size": 32, "units": 4,
                "attention_units": 2,
            },
        },
    ),
}  # fmt: skip

_XCEPTION = {"mini_xception_weights": "models/fer2013_mini_XCEPTION.102-0.66.hdf5"}

# script -> (corpora: folders of the real recordings, options, least accuracy of some results)
SHARED_RUNS = {
    "ravdess_voice": (
        {"ravdess": "ravdess"}, {"optimism_gap": False}, {"SVM, C=10": 0.418},
    ),
    "cremad_voters": (
        {"cremad": "cremad"}, {},
        {"equal weights": 0.65, "recall rule": 0.67, "searched": 0.73, "voters of both": 0.748},
    ),
    "london_faces": (
        {"london_faces": "london_faces"}, _XCEPTION, {"probabilities, linear SVM": 0.85},
    ),
    "chimeric_audio_visual": ({"ravdess": "chimeric"}, _XCEPTION | {"n_frames": 3}, {}),
    "benchmark_real": (
        {"london_faces": "london_faces"},
        {
            "detector_model": "models/face_detection_yunet_2026may.onnx",
            "expression_network":
                "models/facial_expression_recognition_mobilefacenet_2022july_int8.onnx",
            "published_scores": "ravdess_published_scores/scores.csv",
        },
        {
            "published scores: log pool": 0.875, "published scores: stacking": 0.875,
            "London faces: expression network": 0.93,
        },
    ),
}  # fmt: skip

# Figures of others stand beside ours (the thesis shows those of experiments 3 to 6 only as a plot).
PAPERS = {
    "cremad_cnn", "cremad_temporal_aggregation", "ravdess_voice", "thesis_01_02_images",
    "thesis_03_06_voice", "thesis_07_11_fusion",
}  # fmt: skip

# Run by test_attention_experiments.py.
ELSEWHERE = {"segment_attention"}


@pytest.fixture(autouse=True)
def _small_network(monkeypatch):
    small = Architecture(size=32, depths=(1, 1), widths=(6, 8), units=(24, 20, 10))
    monkeypatch.setattr(vggface, "ARCHITECTURE", small)


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """Return a function that makes a synthetic corpus once."""
    root = tmp_path_factory.mktemp("corpora")

    def make(name, *, subjects=4, emotions=None):
        folder = root / "-".join([name, str(subjects), *(emotions or ["all"])])
        return make_synthetic_corpus(
            folder, layout=name, subjects=subjects, emotions=emotions, duration=0.7,
            size=(160, 200), frame_rate=10, oddities=False,
        )  # fmt: skip

    return make


def face_table(ravdess, path):
    """Write facial features for two thirds of the takes, as another program would."""
    clips = load_corpus("ravdess", ravdess, modality="audio")
    rng = np.random.default_rng(0)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "smile", "frown"])
        for row in clips[clips.index % 3 > 0].itertuples():
            sign = 1 if row.emotion in ("happiness", "calm", "surprise") else -1
            writer.writerow([f"01-{row.take}.mp4", *rng.normal(sign, 1, 2)])
    return path


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", RUNS)
def test_experiment_runs_from_folders_to_report(name, corpus, tmp_path, capsys):
    corpora, options = RUNS[name]
    roots = {corpus_name: corpus(corpus_name, **how) for corpus_name, how in corpora.items()}
    if options.get("face_features") == "FACES":
        faces = face_table(roots["ravdess"], tmp_path / "faces.csv")
        options = options | {"face_features": faces}
    if options.get("folder") == "CORPORA":
        options = options | {"folder": tmp_path / "corpora"}
    arguments = [f"--corpus={k}={v}" for k, v in roots.items()]
    arguments += [f"--set={k}={v}" for k, v in options.items()]
    script = EXPERIMENTS / f"{name}.py"
    code = main(["run", str(script), *arguments, "--reports", str(tmp_path)])
    assert code == 0, capsys.readouterr().err
    experiment = Experiment.load(tmp_path / name)
    assert (tmp_path / name / "report.html").is_file()
    assert experiment.question and experiment.results
    rows = experiment_view(experiment)["published"]
    assert any(row["ours"] is not None for row in rows) == (name in PAPERS)
    informs = [n["text"] for n in experiment.notices if n["severity"] == "information"]
    deviates = any(text.startswith(("The paper", "The thesis")) for text in informs)
    assert deviates == (name in PAPERS - {"ravdess_voice"})
    assert not name.startswith("thesis") or any("383 in all" in text for text in informs)
    for result in experiment.results.values():
        assert result.passed and len(result.predictions)
        assert any("synthetic" in notice["text"].lower() for notice in result.notices)


@pytest.mark.parametrize("small", [{"epoch": 1}, "epochs"])
def test_unknown_parameters_of_the_drawn_people_s_networks_are_refused(small, tmp_path):
    experiment = runpy.run_path(str(EXPERIMENTS / "where_emotion_is.py"))["experiment"]
    words = r"small=.*must be a dict of parameters from .*'training__epochs'"
    with pytest.raises(ValueError, match=words):
        experiment(small=small, folder=tmp_path / "corpora")
    assert not (tmp_path / "corpora").exists()


def test_the_answer_of_drawn_people_names_the_networks_that_do_not_do_what_they_should():
    def check_figure(value, low, high):
        return SimpleNamespace(metrics={"accuracy": {"value": value, "low": low, "high": high}})

    answer = runpy.run_path(str(EXPERIMENTS / "where_emotion_is.py"))["answer"]
    results = {
        "voice: A (learns)": check_figure(1.0, None, None),
        "voice: B (learns)": check_figure(0.8, 0.7, 0.9),
        "nothing: A (chance)": check_figure(0.3, 0.2, 0.4),
        "nothing: B (chance)": check_figure(0.5, 0.4, 0.6),
    }
    text = answer(results, 0.25)
    assert "Of 2 networks that see the emotion, 1 are right" in text
    assert "(not voice: B (learns)); of 2 that see nothing of it, 1 have chance (0.25)" in text
    assert text.endswith("(not nothing: B (chance)).")


@pytest.mark.shared
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", SHARED_RUNS)
def test_experiment_runs_on_real_recordings(name, shared_data, tmp_path, capsys):
    corpora, options, least = SHARED_RUNS[name]
    arguments = [f"--corpus={k}={shared_data / v}" for k, v in corpora.items()]
    for key, value in options.items():
        arguments.append(f"--set={key}={shared_data / value if '/' in str(value) else value}")
    script = EXPERIMENTS / f"{name}.py"
    # The recordings at hand are parts of their corpora.
    arguments += ["--reports", str(tmp_path), "--allow-partial"]
    code = main(["run", str(script), *arguments])
    assert code == 0, capsys.readouterr().err
    results = Experiment.load(tmp_path / name).results
    assert all(result.passed for result in results.values())
    for label, figure in least.items():
        assert results[label].metrics["accuracy"]["value"] >= figure, label


def test_the_thesis_tables_are_turned_so_that_rows_are_true_emotions():
    published = runpy.run_path(str(EXPERIMENTS / "thesis_07_11_fusion.py"))["published_figures"]()
    figures = {figure.label: figure for figure in published}
    # Right answers of 328: the diagonals with the rows of 55, 35, 38, 56, 57, 47 and 40 clips.
    clips = np.array([55, 35, 38, 56, 57, 47, 40])
    right = {
        "face, clips with a face": 91,
        "7: equal weights": 95,
        "8: video preferred": 98,
        "9: audio preferred": 97,
    }
    for label, n in right.items():
        shares = np.array(figures[label].confusion["shares"])
        assert shares.sum(1) == pytest.approx(1, abs=0.01)
        assert np.diag(shares) @ clips == pytest.approx(n, abs=1.1), label
    assert figures["8: video preferred"].weights["face"]["disgust"] == 1
    assert figures["7: equal weights"].weights is None


def test_figure_21_shows_the_thesis_five_bimodal_systems_beside_ours():
    script = runpy.run_path(str(EXPERIMENTS / "thesis_07_11_fusion.py"))
    figure = {"value": 0.5, "low": 0.4, "high": 0.6}
    labels = [*script["THESIS"], *script["FEATURES"], "face"]
    result = SimpleNamespace(metrics={"accuracy": figure}, corpora=[{"synthetic": False}])
    series = script["figure_21"](dict.fromkeys(labels, result)).series
    assert series["the thesis"]["x"] == series["ours"]["x"] == [7, 8, 9, 10, 11]
    assert series["the thesis"]["y"] == [0.2896, 0.2988, 0.2925, 0.1981, 0.21]
    assert series["ours"]["low"] == [0.4] * 5


def test_pictures_of_tested_scenes_are_known_by_the_films_names():
    of_scenes = runpy.run_path(str(EXPERIMENTS / "thesis_07_11_fusion.py"))["of_scenes"]
    names = ["Airheads_000519240_00000005.png", "Juno_000046280_00000001.png", "a.png"]
    pictures = pd.DataFrame({"path": [f"/sfew/Train/Angry/{name}" for name in names]})
    videos = pd.DataFrame({"path": ["/afew/Val/Angry/000519240.avi", "/afew/Val/Sad/Airheads.avi"]})
    assert of_scenes(pictures, videos).tolist() == [True, False, False]


def test_the_thesis_training_sets_can_be_drawn_from_afew_and_savee():
    script = runpy.run_path(str(EXPERIMENTS / "thesis_03_06_voice.py"))
    afew = dict(zip(script["EMOTIONS"], [133, 74, 81, 150, 144, 117, 74], strict=True))
    both = [n + (120 if emotion == "neutral" else 60) for emotion, n in afew.items()]
    theirs = script["THESIS"]
    assert min(both) == theirs["5: AFEW + SAVEE, balanced"][0] == 134
    # All of Train and all of SAVEE, but for one neutral clip.
    assert np.subtract(both, theirs["6: AFEW + SAVEE, all"]).tolist() == [0, 0, 0, 0, 1, 0, 0]


@pytest.mark.shared
def test_fusion_recognises_more_than_either_modality(shared_data, tmp_path):
    faces = shared_data / "ravdess_face_features" / "video_summary.csv"
    arguments = [f"--corpus=ravdess={shared_data / 'ravdess'}", f"--set=face_features={faces}"]
    script = EXPERIMENTS / "ravdess_voice_face.py"
    arguments += ["--reports", str(tmp_path), "--allow-partial"]
    assert main(["run", str(script), *arguments]) == 0
    results = Experiment.load(tmp_path / "ravdess_voice_face").results
    figures = {label: result.metrics["accuracy"]["value"] for label, result in results.items()}
    alone = max(figures.pop("voice"), figures.pop("face"))
    assert min(figures.values()) > alone


def test_drawn_people_are_enough_for_the_folds_of_every_experiment():
    for path in EXPERIMENTS.glob("*.py"):
        script = runpy.run_path(str(path))
        parameters = inspect.signature(script["experiment"]).parameters
        options = {name: item.default for name, item in parameters.items()}
        options |= script.get("SYNTHETIC", {})
        if set(LAYOUTS) & set(parameters):
            folds = [n for name, n in options.items() if name.endswith("folds")]
            assert all(isinstance(n, str | None) or n <= SUBJECTS for n in folds), path.stem
            least = SUBJECTS - -(-SUBJECTS // (options.get("n_folds") or SUBJECTS))
            assert options.get("inner_folds", 2) <= least, path.stem


def test_every_script_is_run_here():
    scripts = {path.stem for path in EXPERIMENTS.glob("*.py")}
    assert scripts == set(RUNS) | set(SHARED_RUNS) | ELSEWHERE


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.rglob("*.py")), ids=lambda path: path.stem)
def test_scripts_begin_with_a_question_or_say_what_they_measure(path):
    doc = ast.get_docstring(ast.parse(path.read_text()))
    first = doc.partition("\n")[0]
    assert first.endswith(("?", ".")) and len(first) > 20


def test_the_benchmark_tests_what_it_recommends_against_what_had_as_much():
    pairs = runpy.run_path(str(EXPERIMENTS / "benchmark_real.py"))["pairs_to_test"]
    enrolments = ("nothing known", "all unlabelled clips")
    systems = ("voice", "face", "voice + face, equal weights", "voice + face, log pool")
    labels = [f"own: {system}; {how_much}" for how_much in enrolments for system in systems]
    assert pairs([*labels, "other: voice; nothing known"]) == [
        (f"own: {part}; {how_much}", f"own: voice + face, log pool; {how_much}")
        for how_much in enrolments
        for part in ("voice", "face")
    ]
    voices = ["v: SVM; nothing known", "v: voice ensemble; nothing known"]
    assert pairs(voices) == [tuple(voices)]
    assert pairs(["p: system", "p: stacking", "p: product"]) == [("p: system", "p: product")]


def test_opensmile_stands_beside_the_voice_ensemble_and_among_its_members():
    script = runpy.run_path(str(EXPERIMENTS / "benchmark_real.py"))
    tables = {
        name: FeatureTable(f"{name}.csv", key="clip") for name in ("eGeMAPSv02", "ComParE_2016")
    }
    rows = dict(script["voice_rows"]((0, 8), (0.9,), tables))
    assert len(rows) == 2 * 8
    fused = rows["voice ensemble and openSMILE; 8 unlabelled clips"]
    members = dict(fused.estimators)
    assert set(members) == {*dict(voice_ensemble().estimators), *tables}
    assert members["mfcc"].speeds == (0.9,)
    assert members["ComParE_2016"].steps[0][1].n_clips == 8
    labels = [f"RAVDESS voice: {name}" for name in rows]
    tested = [pair for pair in script["pairs_to_test"](labels) if "nothing known" in pair[1]]
    assert len(tested) == 7 and {b for _, b in tested} == {labels[6]}


def test_fewer_people_train_and_the_same_are_tested():
    script = runpy.run_path(str(EXPERIMENTS / "voice_people.py"))
    people = np.repeat([f"{n:02d}" for n in range(8)], 3)
    folds = {
        n: list(script["FewerPeople"](4, people=n).split(people, groups=people)) for n in (2, 4)
    }
    for (few, test), (more, same) in zip(folds[2], folds[4], strict=True):
        assert set(few) < set(more) and test.tolist() == same.tolist()
        assert len(set(people[few])) == 2 and not set(people[few]) & set(people[test])


def test_the_benchmark_says_whom_a_fusion_helps():
    def recognise(*right):
        table = pd.DataFrame({"subject": list("aabb"), "emotion": "fear"})
        return SimpleNamespace(predictions=table.assign(predicted=np.where(right, "fear", "anger")))

    results = {
        "own: voice; k": recognise(1, 0, 1, 1),
        "own: face; k": recognise(0, 0, 1, 0),
        "own: other face; k": recognise(1, 1, 1, 1),  # no part of it
        "own: voice + face, product; k": recognise(1, 1, 0, 0),
        "own: voice; more": recognise(1, 1, 1, 1),
    }
    sentences = runpy.run_path(str(EXPERIMENTS / "benchmark_real.py"))["sentences"]
    assert sentences(results) == [
        "own: voice + face, product; k: above each part for 1 of 2 people."
    ]
