"""What can be checked before a command works is checked then, in words that name its flags."""

import pytest

from emopipe.cli import main

NOWHERE = "/proc/emopipe"  # no one can write there, not even root
DRAWN = {"run": ["ravdess_voice", "--corpus", "ravdess=synthetic"], "demo": []}
WORK = {
    "extract": ["clip.wav"],
    "train": ["model", "--corpus", "ravdess=there"],
    "predict": ["model", "clip.wav"],
} | DRAWN


def run(capsys, *arguments):
    code = main([str(a) for a in arguments])
    captured = capsys.readouterr()
    return code, captured.out + captured.err


@pytest.fixture
def no_work(monkeypatch, tmp_path):
    """Nothing may be drawn, loaded or looked at."""

    def refuse(*_, **__):
        raise AssertionError("the work began")

    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.wav").touch()
    for name in (
        "synthetic.make_synthetic_corpus", "models.load", "models.read_manifest", "load_corpus",
        "extraction.ClipTransformer.extract",
    ):  # fmt: skip
        monkeypatch.setattr(f"emopipe.{name}", refuse)
    return tmp_path


@pytest.mark.parametrize("command", WORK)
def test_a_store_that_cannot_be_opened(command, no_work, capsys):
    (no_work / "other.sqlite").write_text("words")
    for store in (no_work, no_work / "other.sqlite", f"{NOWHERE}/store.sqlite"):
        code, text = run(capsys, command, *WORK[command], "--store", store)
        assert code == 1 and f"the store {store}" in text and "store=" not in text
        assert "--store none to keep nothing" in text or "Move it away" in text
        assert not (no_work / "reports").exists()


@pytest.mark.parametrize("command", ["store ls", "store verify", "doctor"])
def test_a_command_about_the_store_needs_one(command, tmp_path, monkeypatch, capsys):
    from emopipe.cli import doctor

    checks = doctor._checks
    monkeypatch.setattr(doctor, "_checks", lambda store: list(checks(store))[-1:])
    code, text = run(capsys, *command.split(), "--store", tmp_path)
    assert code == 1 and "Name another file with --store. (" in text


@pytest.mark.parametrize("command", DRAWN)
def test_reports_that_cannot_be_written(command, no_work, capsys):
    (no_work / "file").touch()
    for folder in ("file", "file/below", NOWHERE):
        code, text = run(capsys, command, *DRAWN[command], "--reports", folder)
        assert code == 1 and f"--reports {folder} cannot be written" in text


def test_a_model_whose_report_cannot_be_written(no_work, capsys):
    (no_work / "model-report").touch()
    for model, words in (("model", "model-report cannot"), (NOWHERE, f"{NOWHERE} cannot")):
        code, text = run(capsys, "train", model, "--corpus", "ravdess=there")
        assert code == 1 and words in text


@pytest.mark.parametrize(
    ("arguments", "flag", "ending"),
    [
        (["extract", "clip.wav"], "--out", ".csv"),
        (["predict", "model", "clip.wav"], "--csv", ".csv"),
        (["predict", "model", "clip.wav"], "--timeline", ".html"),
        (["augment", "clip.wav"], "--out", ".png"),
    ],
)
def test_files_that_cannot_be_written(arguments, flag, ending, no_work, capsys):
    file = f"{NOWHERE}{ending}"
    code, text = run(capsys, *arguments, flag, file)
    assert code == 1 and f"{flag} {file} cannot be written" in text and "choose another" in text


@pytest.mark.parametrize(
    ("arguments", "ending"),
    [
        (["extract", "clip.wav", "--out", "faces.xlsx"], ".csv or .txt"),
        (["predict", "model", "clip.wav", "--csv", "answers.parquet"], ".csv or .txt"),
        (["predict", "model", "clip.wav", "--timeline", "page.pdf"], ".html or .htm"),
    ],
)
def test_a_file_is_not_called_what_it_is_not(arguments, ending, no_work, capsys):
    code, text = run(capsys, *arguments)
    assert code == 1 and f"{arguments[-1]}: name a file that ends in {ending}" in text


def test_devices_and_pipes_are_files_to_write(tmp_path):
    from pathlib import Path

    from emopipe.cli.early_checks import check_output

    check_output(Path("/dev/null"), "--out")
    check_output(tmp_path / "new" / "a.csv", "--out")
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["demo", "--subjects", "92"], "--subjects 92: at most 91 can be drawn"),
        (["predict", "m", "a.wav", "--window", "-1"], "--window -1.0 makes no sense"),
        (["train", "m", "--corpus", "a=b", "--window", "0"], "such as --window 1.0"),
    ],
)
def test_options_are_named_as_flags(arguments, words, no_work, capsys):
    code, text = run(capsys, *arguments)
    assert code == 1 and words in text and "window=" not in text
