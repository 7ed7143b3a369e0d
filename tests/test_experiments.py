"""Every experiment script runs from corpus folders to its report, on small synthetic corpora."""

import csv
import runpy
from pathlib import Path

import numpy as np
import pytest

from emopipe.cli import main
from emopipe.corpora import load_corpus
from emopipe.corpora.synthetic import make_synthetic_corpus
from emopipe.result import Experiment

EXPERIMENTS = Path(__file__).parent.parent / "experiments"

# script -> (corpora: how each is made, options)
RUNS = {
    "ravdess_voice": ({"ravdess": {}}, {"optimism_gap": False, "n_folds": 2}),
    "voice_classifiers": ({"ravdess": {}}, {"n_folds": 2, "inner_folds": 2}),
    "ravdess_voice_face": ({"ravdess": {}}, {"n_folds": 2, "face_features": "FACES"}),
    "cremad_voters": ({"cremad": {}}, {"n_folds": 2}),
    "thesis_03_06_voice": (
        {"afew": {"subjects": 4}, "savee": {"subjects": 3}},
        {"n_shuffles": 2, "savee_clips": 2, "afew_clips": 2},
    ),
    "thesis_07_09_score_fusion": (
        {"afew": {"subjects": 4}},
        {"weights": "random", "n_frames": 1, "inner_folds": 2},
    ),
}


@pytest.fixture(scope="session")
def corpus(tmp_path_factory):
    """Return a function that makes a synthetic corpus once."""
    root = tmp_path_factory.mktemp("corpora")

    def make(name, *, subjects=4):
        return make_synthetic_corpus(root / name, layout=name, subjects=subjects, duration=1.1)

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
    arguments = [f"--corpus={k}={v}" for k, v in roots.items()]
    arguments += [f"--set={k}={v}" for k, v in options.items()]
    script = EXPERIMENTS / f"{name}.py"
    code = main(["run", str(script), *arguments, "--reports", str(tmp_path)])
    assert code == 0, capsys.readouterr().err
    experiment = Experiment.load(tmp_path / name)
    assert (tmp_path / name / "report.html").is_file()
    assert experiment.question and experiment.results
    for result in experiment.results.values():
        assert result.passed and len(result.predictions)
        assert any("synthetic" in notice.lower() for notice in result.notices)


def test_every_script_is_run_here_or_is_a_benchmark():
    scripts = {path.stem for path in EXPERIMENTS.glob("*.py")}
    assert {name for name in scripts if not name.startswith("bench_")} == set(RUNS)


@pytest.mark.parametrize("path", sorted(EXPERIMENTS.glob("*.py")), ids=lambda path: path.stem)
def test_scripts_begin_with_a_question_or_say_what_they_measure(path):
    doc = runpy.run_path(str(path))["__doc__"]
    first = doc.strip().partition("\n")[0]
    assert first.endswith(("?", ".")) and len(first) > 20
