"""The command line: what it prints, where it writes, and what it answers to wrong arguments."""

import hashlib
import json
import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from experiments_for_reports import experiment

from emopipe import __version__
from emopipe.cli import COMMANDS, _parser, main, scripts
from emopipe.cli import run as run_module
from emopipe.cli.demo import CARRIED, placement
from emopipe.cli.extract import extractor_of
from emopipe.cli.train import CLASSIFIERS
from emopipe.files import checksum, file_stamp
from emopipe.report import write_report
from emopipe.store import Entry, Store
from emopipe.synthetic.layouts import LAYOUTS

SCRIPT = '''"""Is anything answered?

More words.
"""

from experiments_for_reports import experiment as invented


def experiment(ravdess, *, skill=0.5, label="x", n_folds: int | str = 4):
    """Return an invented experiment."""
    assert ravdess.is_dir()
    if n_folds not in (4, "luna5"):
        raise ValueError(f"cv={n_folds!r} is unknown")
    return invented(name="scripted", skills=(skill,), title=label)
'''


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "scripted.py"
    path.write_text(SCRIPT)
    return path


def run(capsys, *arguments):
    code = main([str(a) for a in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"emopipe {command}" in capsys.readouterr().out


def test_without_a_command_help_is_shown_and_the_code_says_so(capsys):
    code, out, _ = run(capsys)
    assert code == 2 and all(command in out for command in COMMANDS)


def test_version(capsys):
    with pytest.raises(SystemExit):
        main(["--version"])
    assert __version__ in capsys.readouterr().out


def test_help_needs_no_heavy_package():
    code = (
        "import sys; from emopipe.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        "heavy = {'tensorflow', 'keras', 'cv2', 'av', 'matplotlib', 'sklearn', 'pandas'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_corpora_lists_and_describes(capsys):
    code, out, _ = run(capsys, "corpora")
    assert code == 0 and "cremad" in out and "emodb" in out
    code, out, _ = run(capsys, "corpora", "ravdess")
    assert code == 0 and "licence" in out and "Actor_" in out
    code, _, err = run(capsys, "corpora", "cremat")
    assert code == 1 and "cremad" in err


def test_run_writes_the_report_and_the_index(script, tmp_path, capsys):
    reports = tmp_path / "reports"
    code, out, err = run(
        capsys, "run", script, "--corpus", f"ravdess={tmp_path}", "--set", "skill=0.7", "--set",
        "label=by hand", "--set", "n_folds=luna5", "--reports", reports,
    )  # fmt: skip
    assert code == 0 and "Is anything answered?" in err
    assert "skill 0.7" in out and str(reports / "scripted" / "report.html") in out
    assert (reports / "index.html").is_file()
    saved = json.loads((reports / "scripted" / "result.json").read_text())
    assert saved["title"] == "by hand"
    assert f"emopipe run {script} --corpus ravdess={tmp_path}" in saved["reproduce"]


def test_run_help_shows_question_corpora_and_options(script, capsys):
    with pytest.raises(SystemExit):
        main(["run", str(script), "--help"])
    out = capsys.readouterr().out
    assert "Is anything answered?" in out and "ravdess=FOLDER" in out and "skill=0.5" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["needs ravdess", "--corpus ravdess=FOLDER", "synthetic"]),
        (["--corpus", "cremad=x"], ["--corpus cremad=x", "one of: ravdess"]),
        (["--corpus", "ravdess"], ["--corpus NAME=VALUE"]),
        (["--corpus", "ravdess=a", "--corpus", "ravdess=b"], ["--corpus ravdess=... is there twi"]),
        (["--corpus", "ravdess=.", "--set", "skill=1", "--set", "skill=2"], ["write it once"]),
        (["--corpus", "ravdess=.", "--set", "speed=1"], ["--set speed=1", "skill, label, n_folds"]),
        (["--corpus", "ravdess=.", "--set", "skill=abc"], ["--set skill=abc: a number", "0.5"]),
        (["--corpus", "ravdess=.", "--set", "n_folds=luna"], ["unknown", "see --set n_folds=luna"]),
    ],
)
def test_run_with_wrong_arguments_says_what_is_right(script, capsys, arguments, words):
    code, _, err = run(capsys, "run", script, *arguments)
    assert code == 1
    for word in words:
        assert word in err


def test_an_option_may_name_the_data_instead_of_a_corpus(tmp_path, capsys):
    script = tmp_path / "scores.py"
    script.write_text(
        '"""Scores?"""\n'
        "from experiments_for_reports import experiment as invented\n"
        "def experiment(ravdess=None, *, scores=''):\n"
        "    return invented(name='scores', title=scores)\n"
    )
    scores = tmp_path / "a.csv"
    call = ("run", script, "--reports", tmp_path, "--set", f"scores={scores}")
    code, _, err = run(capsys, *call)
    assert code == 1 and "needs a corpus, one or more of ravdess" in err
    code, _, err = run(capsys, *call[:-1], f"scores={'x' * 400}")
    assert code == 1 and "needs a corpus" in err
    scores.touch()
    code, *_ = run(capsys, *call)
    assert code == 0 and (tmp_path / "scores" / "result.json").exists()


def test_one_value_where_an_experiment_takes_several(tmp_path, capsys):
    script = tmp_path / "several.py"
    script.write_text(
        '"""Several?"""\n'
        "def experiment(*, systems=('A', 'B'), size=(4, 3)):\n"
        "    return [{'A': 1, 'B': 2}[name] for name in systems]\n"
    )
    for value, words in (
        ("systems=B", """such as --set "systems=('B',)"; the default is ('A', 'B')"""),
        ("size=8", 'such as --set "size=(8, 8)"; the default is (4, 3)'),
        ("systems=('C',)", "'C', see --set systems=('C',)"),
        ("systems=['B']", "returned a list, not an Experiment"),
    ):
        code, _, err = run(capsys, "run", script, "--set", value, "--reports", tmp_path)
        assert code == 1 and words in err
    with pytest.raises(SystemExit):
        main(["run", "ravdess_voice", "--help"])
    assert "usage: emopipe run ravdess_voice [-h]" in capsys.readouterr().out


def test_run_without_a_script_lists_the_experiments_with_their_corpora(capsys):
    code, out, _ = run(capsys, "run")
    assert code == 0
    lines = out.splitlines()
    row = next(n for n, line in enumerate(lines) if line.startswith("ravdess_voice "))
    assert lines[row].split() == ["ravdess_voice", "ravdess"] and lines[row + 1].endswith("?")
    assert "sfew rafd jaffe afew" in out and "needs no corpus" in out and "CORPUS=synthetic" in out


def test_an_installed_experiment_runs_by_its_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(["run", "ravdess_voice", "--help"])
    assert "on actors never heard?" in capsys.readouterr().out
    code, _, err = run(capsys, "run", "ravdess_vioce")
    assert code == 1 and "installed: benchmark_real, " in err
    code, _, err = run(capsys, "run", tmp_path / "ravdess_voice.py")
    assert code == 1 and "no experiment script at" in err


def test_every_option_of_every_experiment_has_a_meaning_and_drawn_people_need_no_download():
    for name, path in scripts.installed_scripts().items():
        experiment, _, synthetic = scripts.load_experiment(path)
        corpora, options = scripts.parameters_of(experiment)
        meanings = scripts.MEANINGS | scripts.parameter_docs(experiment)
        assert [o for o in options if not meanings.get(o)] == [], name
        assert set(synthetic) <= set(options), name
        text = "\n".join(scripts.option_lines(experiment, synthetic))
        assert all(meanings[option] in text for option in options)
        downloaded = {
            option
            for option, default in options.items()
            if option.endswith("weights") and default in ("default", "vggface", "imagenet")
        }
        if set(corpora) <= set(LAYOUTS) and synthetic.get("features") != "texture":
            assert all(synthetic.get(option) == "random" for option in downloaded), name


def test_drawn_people_get_smaller_options_and_the_report_says_so(script, tmp_path, capsys):
    script.write_text(script.read_text() + "\nSYNTHETIC = {'skill': 0.9, 'label': 'small'}\n")
    marked = tmp_path / "reports" / "synthetic" / "ravdess"
    options = ["--corpus", "ravdess=synthetic", "--set", "label=mine"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            run_module, "_roots", lambda folders, parsed: dict.fromkeys(folders, tmp_path)
        )
        code, out, _ = run(capsys, "run", script, *options, "--reports", tmp_path / "reports")
    assert code == 0 and "skill 0.9" in out and not marked.exists()
    assert "note: On drawn people, smaller than the experiment itself: skill=0.9." in out
    saved = json.loads((tmp_path / "reports" / "scripted_synthetic" / "result.json").read_text())
    assert saved["title"] == "mine"
    assert not (tmp_path / "reports" / "scripted").exists()  # the place of real recordings
    code, out, _ = run(
        capsys, "run", script, "--corpus", f"ravdess={tmp_path}", "--reports", tmp_path
    )
    assert "skill 0.5" in out and "On drawn people" not in out


PARTIAL = """
from dataclasses import replace
def experiment(*, asked=96, status="passed", mixed=False):
    one = invented(name="partial", skills=(0.5,))
    result = one.results["skill 0.5"]
    result.coverage = {"asked": asked, "answered": 96, "reasons": [], "statuses": {}}
    result.checks = [{"id": "EMO02", "title": "no twins", "status": status, "reason": ""}]
    result.protocol["subject_dependent"] = mixed
    return one
"""


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ([], 0, ""),
        (["--set", "asked=1440"], 3, "INCOMPLETE: skill 0.5: 96 of 1440 clips"),
        (["--set", "asked=1440", "--allow-partial"], 0, "96 of 1440 clips"),
        (["--set", "status=failed"], 3, "check EMO02 failed (no twins)"),
        (["--set", "status=failed", "--set", "mixed=True"], 0, ""),
        (["--set", "status=failed", "--ignore", "EMO02=twins are sisters"], 0, ""),
        (["--set", "status=warning"], 0, ""),
        (["--set", "status=cannot tell"], 0, ""),
    ],
)
def test_results_on_less_than_was_asked_have_an_exit_code(
    script, tmp_path, capsys, options, code, words
):
    script.write_text(SCRIPT.partition("def experiment")[0] + PARTIAL)
    exit_code, out, err = run(capsys, "run", script, "--reports", tmp_path / "r", *options)
    assert exit_code == code and words in err and ("INCOMPLETE" in err) == bool(words)
    assert "report.html" in out


def test_a_mistyped_check_stops_a_run_before_it_works(script, tmp_path, capsys):
    code, _, err = run(capsys, "run", script, "--ignore", "EMO2", "--reports", tmp_path / "r")
    assert code == 1 and "--ignore EMO2: EMO2 is no check; there are EMO01, EMO02" in err
    assert not (tmp_path / "r").exists()


def test_one_bad_result_never_stops_a_run(script, tmp_path, capsys):
    bad = tmp_path / "r" / "bad"
    bad.mkdir(parents=True)
    for content in (b"{", b"\xff", b'{"kind": "experiment", "schema": 2}', b"[" * 10**5):
        (bad / "result.json").write_bytes(content)
        code, _, _ = run(
            capsys, "run", script, "--corpus", f"ravdess={tmp_path}", "--reports", tmp_path / "r"
        )
        html = (tmp_path / "r" / "index.html").read_text()
        assert code == 0 and ">broken<" in html and "scripted/report.html" in html


def test_a_report_of_a_bad_result_leaves_its_neighbours_alone(tmp_path, capsys):
    page = write_report(experiment(), tmp_path / "one")
    page.unlink()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "result.json").write_text("{")
    (tmp_path / "folder" / "result.json").mkdir(parents=True)
    code, out, err = run(capsys, "report", tmp_path)
    assert code == 1 and page.is_file() and str(page) in out
    assert "2 broken" in err and "bad" in err and "folder" in err
    assert (tmp_path / "index.html").read_text().count(">broken<") == 2


def test_run_of_something_that_is_no_experiment(tmp_path, capsys):
    code, _, err = run(capsys, "run", tmp_path / "nothing.py")
    assert code == 1 and "no experiment script" in err
    (tmp_path / "empty.py").write_text("x = 1\n")
    code, _, err = run(capsys, "run", tmp_path / "empty.py")
    assert code == 1 and "defines no function experiment" in err


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("notes.txt", "open('ran', 'w')\ndef experiment(): pass", "(.py) is wanted"),
        ("other.py", "open('ran', 'w')\nx = experiment = 1 if False else 2", "defines no function"),
        ("empty.py", "open('ran', 'w')\nprint(1)", "defines no function experiment"),
        ("broken.py", "open('ran', 'w')\ndef experiment(:", "no valid Python: line 2"),
        ("binary.py", "\0", "no valid Python"),
    ],
)
def test_run_looks_before_it_runs(tmp_path, monkeypatch, capsys, name, text, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text(text)
    code, _, err = run(capsys, "run", name)
    assert code == 1 and words in err
    assert name == "other.py" or not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("returned", "words"), [("None", "nothing"), ("{}", "a dict")])
def test_run_of_what_returns_no_experiment(tmp_path, capsys, returned, words):
    script = tmp_path / "script.py"
    script.write_text(f"def experiment():\n    return {returned}\n")
    code, _, err = run(capsys, "run", script, "--reports", tmp_path / "reports")
    assert code == 1 and f"returned {words}, not an Experiment" in err


def test_a_script_runs_as_plain_python(script, tmp_path):
    text = script.read_text() + (
        "\n\nif __name__ == '__main__':\n    from emopipe.cli import run_script\n"
        "    run_script(experiment)\n"
    )
    script.write_text(text)
    env = {"PYTHONPATH": str(__import__("pathlib").Path(__file__).parent), "PATH": "/usr/bin:/bin"}
    process = subprocess.run(
        [sys.executable, script, "--corpus", "ravdess=.", "--reports", tmp_path / "r"],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    assert (tmp_path / "r" / "scripted" / "report.html").is_file()


def test_report_is_written_again_from_its_json(tmp_path, capsys):
    page = write_report(experiment(), tmp_path / "one")
    first = page.read_bytes()
    page.unlink()
    code, out, _ = run(capsys, "report", tmp_path)
    assert code == 0 and str(page) in out and page.read_bytes() == first
    assert (tmp_path / "index.html").is_file()
    code, _, _ = run(capsys, "report", tmp_path / "one")
    assert code == 0


def test_report_of_the_wrong_folder(tmp_path, capsys):
    code, _, err = run(capsys, "report", tmp_path / "nowhere")
    assert code == 1 and "no folder" in err
    code, _, err = run(capsys, "report", tmp_path)
    assert code == 1 and "no result.json" in err


@pytest.fixture
def wav(tmp_path):
    from scipy.io import wavfile

    path = tmp_path / "clips" / "tone.wav"
    path.parent.mkdir()
    tone = np.sin(2 * np.pi * 220 * np.arange(24000) / 16000) * 9000
    wavfile.write(path, 16000, tone.astype(np.int16))
    return path


def test_extract_fills_the_store_and_writes_the_table(wav, tmp_path, capsys):
    import pandas as pd

    (wav.parent / "broken.wav").write_bytes(b"RIFF")
    store, out = tmp_path / "s.sqlite", tmp_path / "features.csv"
    code, text, err = run(capsys, "extract", wav.parent, "--store", store, "--out", out)
    assert code == 3 and "voice" in text and "corrupt 1" in text
    assert "INCOMPLETE: voice: 1 of 2 clips gave no features (--allow-partial" in err
    table = pd.read_csv(out)
    assert len(table) == 2 and table.shape[1] == 2 + 2 + 68
    assert table.loc[table["path"].str.endswith("tone.wav"), "voice_status"].item() == "ok"
    code, text, _ = run(capsys, "store", "ls", "--store", store)
    assert code == 0 and str(store) in text
    code, text, _ = run(capsys, "store", "verify", "--store", store)
    assert code == 0 and "intact" in text
    code, _, err = run(capsys, "store", "gc", "--store", store)
    assert code == 1 and "--older-than" in err
    code, text, _ = run(capsys, "store", "gc", "--store", store, "--max-bytes", "0")
    assert code == 0 and "forgotten" in text


def test_extract_says_which_clips_failed_and_why(wav, tmp_path, capsys):
    import pandas as pd

    for number in range(7):
        (wav.parent / f"broken{number}.wav").write_bytes(b"RIFF" + bytes([number]))
    out = tmp_path / "new" / "folder" / "features.csv"
    code, text, _ = run(
        capsys, "extract", wav.parent, "--store", tmp_path / "s", "--out", out, "--jobs", 1,
        "--allow-partial",
    )  # fmt: skip
    assert code == 0
    lines = [line for line in text.splitlines() if "broken" in line]
    assert len(lines) == 5 and all(": corrupt: " in line for line in lines)
    assert "and 2 more" in text
    table = pd.read_csv(out)
    assert table.loc[table["voice_status"] == "corrupt", "voice_detail"].notna().sum() == 7
    assert table.loc[table["voice_status"] == "corrupt"].iloc[:, -1].isna().all()


def test_extract_of_failures_only_says_so_by_its_code(wav, tmp_path, capsys):
    wav.write_bytes(b"RIFF")
    options = ["--store", tmp_path / "s", "--out", tmp_path / "t.csv", "--jobs", 1]
    code, text, _ = run(capsys, "extract", wav, *options)
    assert code == 1 and str(wav) in text and "more that failed" not in text
    assert (tmp_path / "t.csv").is_file()


def test_extract_says_at_once_that_a_kind_of_features_has_nothing_to_work_on(wav, tmp_path, capsys):
    options = ["--features", "voice", "texture", "--store", tmp_path / "s", "--jobs", 1]
    code, text, err = run(capsys, "extract", wav, *options)
    line = "texture: 1 of 1 clip has no pictures: leave it out or add the videos"
    assert code == 3 and line in text and f"INCOMPLETE: {line}" in err
    assert run(capsys, "extract", wav, *options, "--allow-partial")[0] == 0
    assert run(capsys, "extract", wav, *options[:2], *options[3:])[0] == 0


def test_extract_of_an_incomplete_corpus_has_an_exit_code_of_its_own(wav, tmp_path, capsys):
    folder = tmp_path / "Actor_01"
    folder.mkdir()
    wav.rename(folder / "03-01-05-01-01-01-01.wav")
    options = ["--corpus", f"ravdess={tmp_path}", "--store", tmp_path / "s", "--jobs", 1]
    code, _, err = run(capsys, "extract", *options)
    assert code == 3 and "ravdess: 1439 of 1440 clips of the complete corpus are not there" in err


def test_what_only_looks_like_a_file_is_a_clip_that_fails(wav, tmp_path, capsys):
    (wav.parent / "lost.wav").symlink_to("nowhere")
    loop = wav.parent / "loop.wav"
    loop.symlink_to(loop)
    (wav.parent / "folder.wav").mkdir()
    os.mkfifo(wav.parent / "folder.wav" / "pipe.wav")
    (wav.parent / "notes.txt").touch()
    (wav.parent / "._a.wav").touch()
    options = ["--store", tmp_path / "s", "--jobs", 1]
    code, text, err = run(capsys, "extract", wav.parent, *options)
    assert code == 3 and "corrupt 3, ok 1" in text
    assert "not a regular file" in text and "leads nowhere" in text and "symbolic links" in text
    assert "1 hidden, 1 .txt" in err and "3 of 4 clips gave no features" in err
    assert run(capsys, "extract", wav.parent, *options, "--allow-partial")[0] == 0
    code, text, _ = run(capsys, "extract", wav, loop, *options)
    assert code == 3 and "ok 1, corrupt 1" in text
    wav.unlink()
    code, _, err = run(capsys, "extract", wav.parent, *options)
    assert code == 1 and "no media file below" in err and "pipe.wav" in err


def test_a_table_with_a_file_that_is_not_there_stops_no_other(wav, tmp_path, capsys):
    table = tmp_path / "t.csv"
    table.write_text(f"path,emotion,subject\n{wav},happy,a\n{tmp_path / 'gone.wav'},sad,b\n")
    options = ["--corpus", f"mine={table}", "--store", tmp_path / "s", "--jobs", 1]
    code, text, err = run(capsys, "extract", *options)
    assert code == 3 and "ok 1" in text and "mine: 1 clips are damaged" in err
    wav.unlink()
    code, _, err = run(capsys, "extract", *options)
    assert code == 1 and "gone.wav" in err


def test_what_is_not_there_stops_no_other_clip(wav, tmp_path, capsys):
    options = ["--store", tmp_path / "s", "--jobs", 1]
    arguments = ["extract", tmp_path / "gone.wav", wav, f"{wav.parent}/t*.wav", *options]
    code, text, err = run(capsys, *arguments)
    assert code == 3 and "voice: 1 clip: ok 1" in text
    assert "1 of 3 files or folders named is not there (no file or folder" in err
    assert run(capsys, *arguments, "--allow-partial")[0] == 0


def test_extract_checks_where_it_writes_before_it_works(wav, tmp_path, capsys):
    store = tmp_path / "s.sqlite"
    for out, words in ((tmp_path, "is a folder"), (wav / "x" / "y.csv", "is no folder")):
        code, _, err = run(capsys, "extract", wav, "--store", store, "--out", out)
        assert code == 1 and words in err and not store.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "nothing to extract"),
        (["nowhere.mp4"], "no file or folder"),
        (["--corpus", "cremad"], "NAME=FOLDER"),
        (["--corpus", "cremad=nowhere"], "nowhere"),
    ],
)
def test_extract_with_wrong_arguments(capsys, arguments, words):
    code, _, err = run(capsys, "extract", *arguments)
    assert code == 1 and words in err


@pytest.mark.parametrize("command", ["extract", "train", "predict"])
@pytest.mark.parametrize("jobs", ["0", "two", "1.5"])
def test_a_wrong_number_of_processes(capsys, command, jobs):
    with pytest.raises(SystemExit) as stop:
        main([command, "x", "--jobs", jobs])
    assert stop.value.code == 2
    assert f"--jobs: {jobs} is no number of processes: write 1 or more" in capsys.readouterr().err


def test_extract_rejects_unknown_features_and_parameters(wav, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["extract", str(wav), "--features", "smell"])
    assert stop.value.code == 2
    capsys.readouterr()
    code, _, err = run(capsys, "extract", wav, "--set", "speed=3")
    assert code == 1 and "speed" in err and "window" in err
    code, _, err = run(capsys, "extract", wav, "--set", "vioce.window=2")
    assert code == 1 and "'vioce'" in err
    code, _, err = run(capsys, "extract", wav, "--features", "onnx")
    assert code == 1 and "--set model=..." in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "on_error=raise"], "says which failed"),
        (["--features", "voice", "mini_xception", "--set", "voice.on_error=nan"], "on_error"),
        (["--set", "window=abc"], "--set window=abc: a number is wanted"),
        (
            ["--features", "texture", "--set", "align=maybe"],
            "faces.align='maybe' must be None, True or",
        ),
        (["--features", "texture", "--set", "faces.n_frames=abc"], "--set faces.n_frames=abc"),
        (["--features", "texture", "--set", "texture.faces.trust=x"], "faces.trust='x' is unknown"),
        (["--features", "texture", "--set", "policy=all"], "it has descriptor, pooling,"),
        (["--set", "window=1", "--set", "window=2"], "--set window=... is there twice"),
        (["--set", "faces.n_frames=1"], "voice has no parameter 'faces.n_frames'"),
    ],
)
def test_extract_names_the_parameter_that_is_wrong(wav, tmp_path, capsys, arguments, words):
    code, _, err = run(capsys, "extract", wav, "--store", tmp_path / "s", *arguments)
    assert code == 1 and words in err and not (tmp_path / "s").exists()


def test_a_parameter_of_faces_is_for_features_that_look_at_faces():
    values = ["faces.n_frames=2", "voice.window=0.2"]
    args = SimpleNamespace(features=["voice", "texture"], set=values, store=None, jobs=1)
    assert extractor_of("voice", args).window == 0.2
    assert extractor_of("texture", args).faces.n_frames == 2


def test_extract_without_a_store_leaves_no_file(wav, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run(capsys, "extract", wav, "--store", "none", "--out", "t.csv", "--jobs", 1)
    assert code == 0 and "t.csv: 1 row" in out and not (tmp_path / "none").exists()


@pytest.mark.parametrize("command", ["extract", "train", "predict"])
def test_no_store_is_said_alike_everywhere(command):
    needed = {"train": ["m", "--corpus", "x=y"], "predict": ["m", "c"]}.get(command, [])
    for arguments, meant in {"none": None, "some.sqlite": "some.sqlite"}.items():
        assert _parser().parse_args([command, *needed, "--store", arguments]).store == meant
    assert _parser().parse_args([command, *needed]).store == "default"


@pytest.mark.parametrize("seconds", ["-1", "0", "nan", "inf"])
def test_predict_records_for_some_time(seconds, tmp_path, capsys):
    code, _, err = run(capsys, "predict", tmp_path, "0", "--seconds", seconds)
    assert code == 1 and f"--seconds {seconds}: more than 0" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--weights", "search"], "fusion of several kinds"),
        (["--features", "voice", "voice"], "--features voice voice names one kind twice"),
        (["--folds", "-1"], "--folds -1: at least 2, or 0"),
        (["--folds", "1"], "--folds 1: at least 2, or 0"),
        (["--folds", "luna"], "--folds luna: write a number, or one of: loso, luna5, ertk6"),
    ],
)
def test_train_refuses_what_has_no_meaning(tmp_path, capsys, arguments, words):
    code, _, err = run(capsys, "train", tmp_path / "m", "--corpus", "emodb=nowhere", *arguments)
    assert code == 1 and words in err


@pytest.mark.parametrize("cost", ["0", "-1", "nan", "inf", "-inf", "1e-400", "much", ""])
def test_train_refuses_a_cost_that_is_none(tmp_path, capsys, cost):
    with pytest.raises(SystemExit) as stop:
        main(["train", str(tmp_path / "m"), "--corpus", "emodb=nowhere", f"--cost={cost}"])
    assert stop.value.code == 2
    assert f"argument --cost: {cost} is no cost: write a finite" in capsys.readouterr().err


def test_train_gives_its_classifier_the_cost():
    for name, default in (("logistic", 0.1), ("svm", 10.0)):
        assert [CLASSIFIERS[name](cost).C for cost in (None, 2.5)] == [default, 2.5]


@pytest.fixture
def store(tmp_path):
    path = tmp_path / "s.sqlite"
    with Store(path) as opened:
        for name, parameters in (("voice", "w" * 700), ("face", '{"n_frames": 3}')):
            key = hashlib.sha256(name.encode()).hexdigest()
            opened.put({key: Entry(np.ones(3))}, name=name, parameters=parameters)
    return path


@pytest.mark.parametrize(
    "wrong",
    ["--older-than=-1", "--older-than=nan", "--older-than=1e300", "--max-bytes=-5",
     "--max-bytes=inf", "--max-bytes=1e19", "--max-bytes=nan"],
)  # fmt: skip
def test_gc_forgets_nothing_on_a_wrong_number(store, wrong, capsys):
    code, _, err = run(capsys, "store", "gc", "--store", store, wrong, "--recipe", "voice")
    assert code == 1 and wrong.partition("=")[0] in err and "allowed" in err
    with Store(store) as opened:
        assert len(opened.ls()) == 2


def test_gc_of_a_recipe_names_those_there_are(store, capsys):
    code, _, err = run(capsys, "store", "gc", "--store", store, "--recipe", "vioce")
    assert code == 1 and "face, voice" in err
    code, out, _ = run(capsys, "store", "gc", "--store", store, "--recipe", "voice")
    assert code == 0 and "1 value forgotten" in out


def test_ls_says_what_it_keeps_of_whom(wav, tmp_path, capsys):
    os.utime(wav, (1e9, 1e9))
    run(capsys, "extract", wav, "--store", tmp_path / "s", "--jobs", 1)
    code, out, _ = run(capsys, "store", "ls", "--store", tmp_path / "s")
    assert code == 0 and "1  value computed from faces and voices" in out
    assert "1  paths of files, in 1 folder:" in out and f"1    {wav.parent}" in out
    assert "--forget SUBJECT" in out and "chmod" not in out
    (tmp_path / "s").chmod(0o644)
    assert "chmod 600" in run(capsys, "store", "ls", "--store", tmp_path / "s")[1]


def test_gc_removes_all_of_a_person(wav, tmp_path, capsys):
    table, folder, path = tmp_path / "clips.csv", wav.parent, tmp_path / "s"
    sound = wav.read_bytes()
    for name in ("ann", "bob"):
        (folder / f"{name}.wav").write_bytes(sound + os.urandom(2))
        os.utime(folder / f"{name}.wav", (1e9, 1e9))
    table.write_text("path,emotion,subject\nclips/ann.wav,anger,ann\nclips/bob.wav,fear,bob\n")
    options = ["--corpus", f"mine={table}", "--store", path]
    run(capsys, "extract", *options, "--jobs", 1)
    code, _, err = run(capsys, "store", "gc", "--forget", "eve", *options)
    assert code == 1 and "no file of such a subject; there are ann, bob" in err
    for wrong in (["--forget", "ann"], options[:2], ["--forget", "ann", "--max-bytes", "1"]):
        assert run(capsys, "store", "gc", *wrong, "--store", path)[0] == 1
    code, out, _ = run(capsys, "store", "gc", "--forget", "ann", *options)
    assert code == 0 and "1 value and 1 path removed, of 1 file of ann" in out
    left = b"".join(file.read_bytes() for file in tmp_path.glob("s*"))
    assert b"ann.wav" not in left and b"bob.wav" in left
    assert "from the store 1" in run(capsys, "extract", *options, "--jobs", 1)[1]


@pytest.mark.filterwarnings("ignore::emopipe.corpora.CorpusWarning")
def test_gc_removes_every_file_of_a_take(tmp_path, capsys):
    with Store(tmp_path / "s") as store:
        for n, pattern in enumerate(["VideoFlash/1001_{}.flv", "AudioWAV/1001_{}.wav",
                                   "AudioMP3/1001_{}.mp3", "copy/1001_{}.wav",
                                   "VideoFlash/1002_{}.flv"]):  # fmt: skip
            file = tmp_path / "corpus" / pattern.format("DFA_ANG_XX")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"%d" % n)
            os.utime(file, (1e9, 1e9))
            digest = checksum(file)
            store.put_contents({str(file): (file_stamp(file), digest)})
            store.put({digest: Entry(None, "no_face")}, contents={digest: digest})
    corpus = f"cremad={tmp_path / 'corpus'}"
    code, out, _ = run(capsys, "store", "gc", "--forget", "1001", "--corpus", corpus,
                       "--store", tmp_path / "s")  # fmt: skip
    assert code == 0 and "4 values and 4 paths removed, of 4 files of 1001" in out


@pytest.mark.filterwarnings("ignore::emopipe.store.StoreWarning")
def test_verify_says_what_was_damaged(store, capsys):
    whole = bytearray(store.read_bytes())
    offset = whole.index(np.ones(3).tobytes())
    whole[offset] ^= 1
    store.write_bytes(whole)
    code, out, _ = run(capsys, "store", "verify", "--store", store)
    assert code == 1 and "1 damaged value dropped" in out
    assert run(capsys, "store", "verify", "--store", store)[0] == 0


def test_ls_shows_parameters_only_when_asked(store, capsys):
    code, out, _ = run(capsys, "store", "ls", "--store", store)
    assert code == 0 and "voice" in out and max(map(len, out.splitlines())) < 100 + len(str(store))
    code, out, _ = run(capsys, "store", "ls", "--long", "--store", store)
    assert code == 0 and "w" * 700 in out
    assert next(line for line in out.splitlines() if "n_frames" in line).endswith("3}")


def test_store_that_is_not_there(tmp_path, capsys):
    code, _, err = run(capsys, "store", "ls", "--store", tmp_path / "none.sqlite")
    assert code == 1 and "no store" in err


def test_doctor_checks_everything(capsys):
    code, out, _ = run(capsys, "doctor")
    assert code == 0, out
    for word in ("scikit-learn", "devices", "codecs", "detector haar", "VGG-Face", "mini-XCEPTION",
                 "store"):  # fmt: skip
        assert word in out


@pytest.mark.parametrize(
    ("names", "nvidia", "status", "words"),
    [
        (["/physical_device:CPU:0"], False, "ok", "only the CPU is used (with an NVIDIA GPU: pip"),
        (["/physical_device:CPU:0"], True, "missing", "there is an NVIDIA GPU: pip"),
        (["/physical_device:CPU:0", "/physical_device:GPU:0"], True, "ok", "GPU:0; "),
    ],
)
def test_doctor_says_when_only_the_cpu_is_used(monkeypatch, names, nvidia, status, words):
    from types import SimpleNamespace

    import tensorflow as tf

    from emopipe.cli import doctor

    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.setattr("emopipe.cli.quiet_tensorflow", lambda: None)
    devices = [SimpleNamespace(name=name) for name in names]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda: devices)
    monkeypatch.setattr(doctor, "_has_nvidia", lambda: nvidia)
    line = doctor._devices()
    assert line[0] == status and words in line[2]
    assert ("emopipe[gpu]" in line[2]) == (len(names) == 1)


def test_doctor_counts_what_failed(capsys, monkeypatch):
    def fail():
        raise OSError("gone")

    monkeypatch.setattr("emopipe.cli.doctor._checks", lambda store: [("disc", fail)])
    code, out, _ = run(capsys, "doctor")
    assert code == 1 and "FAILED" in out and "\n1 check failed" in out


@pytest.mark.parametrize("arguments", [["--folds", "1"], ["--folds", "9", "--subjects", "4"]])
def test_demo_needs_a_subject_for_every_fold(arguments, capsys, tmp_path):
    code, _, err = run(capsys, "demo", "--reports", tmp_path, *arguments)
    assert code == 1 and "--folds" in err


def test_the_demo_says_for_which_emotions_weights_are_where_they_were_put():
    def folds(**shares):
        tables = {e: shares.get(e, 0.6) for emotions in CARRIED.values() for e in emotions}
        voice = {e: w if e in CARRIED["voice"] else 1 - w for e, w in tables.items()}
        return [{"fusion_weights": {"voice": voice, "face": {e: 1 - w for e, w in voice.items()}}}]

    text = placement(SimpleNamespace(folds=folds(anger=0.7) + folds(anger=0.9)))
    assert "found where 6 of 6 emotions were put" in text and "anger 0.80 in the voice" in text
    assert "sadness 0.60 in the face" in text and "but not" not in text
    text = placement(SimpleNamespace(folds=folds(fear=0.2)))
    assert "5 of 6" in text and "but not for fear 0.20 in the voice." in text


def test_run_keeps_features_where_it_is_told_and_counts_so_many_cores(tmp_path, capsys):
    """The script writes what its extractors would see into the question."""
    script = tmp_path / "looks.py"
    script.write_text(
        '"""What does the script see?"""\n'
        "import joblib\n"
        "from emopipe import Experiment\n"
        "from emopipe.store import open_store\n"
        "def experiment():\n"
        "    store = open_store('default')\n"
        "    seen = f'{store and store.path} {joblib.effective_n_jobs(-1)}'\n"
        "    return Experiment(name='looks', title='looks', question=seen, results={})\n"
    )
    for arguments, expected in (
        (["--store", tmp_path / "own.sqlite", "--jobs", "1"], f"{tmp_path / 'own.sqlite'} 1"),
        (["--store", "none", "--jobs", "1"], "None 1"),
    ):
        run(capsys, "run", script, "--reports", tmp_path / "reports", *arguments)
        saved = json.loads((tmp_path / "reports" / "looks" / "result.json").read_text())
        assert saved["question"] == expected
