"""`emopipe train`: whole clips or windows, what it checks first, and what the model then knows."""

import json

import numpy as np
import pytest
from scipy.io import wavfile

from emopipe.cli import main
from emopipe.models import read_manifest

RATE = 16000


def _write(path, pitch, seconds, seed=0):
    time = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).normal(size=len(time))
    samples = 9000 * np.sin(2 * np.pi * pitch * time) + 300 * noise
    wavfile.write(path, RATE, samples.astype(np.int16))
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Two emotions, spoken once each by four people of EmoDB, a second long."""
    root = tmp_path_factory.mktemp("corpora") / "EmoDB"
    root.mkdir()
    (root / "SYNTHETIC.json").write_text("{}")
    for number, speaker in enumerate(("03", "08", "09", "10")):
        for letter, pitch in (("W", 900), ("T", 220)):
            _write(root / f"{speaker}a01{letter}a.wav", pitch, 1.0, number)
    return root


@pytest.fixture(scope="module")
def options(tmp_path_factory):
    return ["--store", tmp_path_factory.mktemp("store") / "s.sqlite", "--jobs", 1]


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture(scope="module")
def words(corpus, options):
    """The command that trains on the corpus, in two folds, in frames of .1 s."""
    frames = ["--set", "voice.window=0.1", "--set", "voice.step=0.05"]
    return ["train", "--corpus", f"emodb={corpus}", "--folds", 2, *frames, *options]


def _train(words, folder, *arguments):
    assert main([str(word) for word in [*words, folder, *arguments]]) == 0
    return folder


@pytest.fixture(scope="module")
def whole(words, tmp_path_factory):
    """A model of whole clips."""
    return _train(words, tmp_path_factory.mktemp("m") / "whole", "--classifier", "svm")


@pytest.fixture(scope="module")
def windowed(words, tmp_path_factory):
    """A model of windows of .3 s."""
    return _train(words, tmp_path_factory.mktemp("m") / "windowed", "--window", 0.3)


def test_a_model_of_whole_clips_its_card_and_its_report(whole, corpus, options, tmp_path, capsys):
    card = (whole / "model_card.md").read_text()
    assert "emodb: 8 clips of 4 subjects" in card and "synthetic" in card and "| uar |" in card
    assert "rows: whole clips of 1 s (median)" in card
    assert {p.name for p in (whole.parent / "whole-report").iterdir()} == {
        "report.html",
        "result.json",
    }
    # A clip of somebody else, named as in another corpus.
    clip = _write(tmp_path / "1001_DFA_ANG_XX.wav", 900, 1.3, 77)
    code, out, _ = run(capsys, "predict", whole, clip, corpus / "03a01Wa.wav", *options)
    last = out.strip().splitlines()[-1]
    assert code == 0 and "anger" in out and "are no probabilities" in out
    assert last.startswith("The model knows anger, sadness; it was right in ")
    assert "% of 8 clips of people it had not met" in last
    assert "1 of 2 clips were in its training data (03a01Wa.wav)" in last
    # The same bytes under another name are the same recording.
    clip.write_bytes((corpus / "03a01Wa.wav").read_bytes())
    assert "1 of 1 clips were in its training" in run(capsys, "predict", whole, clip, *options)[1]


def test_windows_of_a_model_of_whole_clips_are_as_long_as_its_clips(
    whole, options, tmp_path, capsys
):
    clip, page = _write(tmp_path / "long.wav", 900, 2.5), tmp_path / "p.html"
    arguments = ["predict", whole, clip, "--timeline", page, *options]
    code, out, _ = run(capsys, *arguments, "--json")
    prediction = json.loads(out)
    assert code == 0 and prediction["window"] == pytest.approx(1.0) and not prediction["notices"]
    spans = [(w["start"], w["stop"]) for w in prediction["clips"][0]["windows"]]
    assert spans[0] == (0, 1) and len(spans) == 7
    assert prediction["clips"][0]["whole"]["emotion"] in ("anger", "sadness")
    # A shorter window holds fewer frames than the clips did: terminal, page and JSON say so.
    code, out, _ = run(capsys, *arguments, "--json", "--window", 0.12)
    (notice,) = json.loads(out)["notices"]
    assert "windows of 0.12 s hold fewer frames than the model needs" in notice
    assert "(shorttermstatistics: 1, needed 14)" in notice
    assert all(w["few_frames"] for w in json.loads(out)["clips"][0]["windows"])
    assert "hold fewer frames than the model needs" in page.read_text(encoding="utf-8")
    assert f"NOTE: {notice}" in run(capsys, *arguments, "--window", 0.12)[1]


def test_a_model_of_windows_is_asked_about_such_windows(windowed, options, tmp_path, capsys):
    manifest = read_manifest(windowed)
    assert manifest["training"]["window"] == 0.3 and len(manifest["training"]["recordings"]) == 8
    card = (windowed / "model_card.md").read_text()
    assert "rows: windows of 0.3 s, side by side" in card and "24 windows of 0.3 s, Group" in card
    assert "emodb: 8 clips of 4 subjects" in card
    clip = tmp_path / "change.wav"
    pitch = np.where(np.arange(3 * RATE) < 2 * RATE, 900, 220)
    _write(clip, pitch, 3.0)
    code, out, _ = run(capsys, "predict", windowed, clip, "--step", 0.3, "--json", *options)
    prediction = json.loads(out)
    (answer,) = prediction["clips"]
    emotions = [window["emotion"] for window in answer["windows"]]
    assert code == 0 and prediction["window"] == 0.3 and len(emotions) == 10
    assert emotions[:6] == ["anger"] * 6 and emotions[7:] == ["sadness"] * 3
    # Whole clips it does not know: the answer is the mean over its windows.
    shares = [window["scores"]["anger"] for window in answer["windows"]]
    assert answer["whole"]["scores"]["anger"] == pytest.approx(np.mean(shares))
    assert "of 24 windows of 0.3 s of people it had not met" in prediction["about"]


def test_in_windows_the_voice_has_short_frames(corpus, options, tmp_path, capsys):
    code, _, err = run(capsys, "train", tmp_path / "m", "--corpus", f"emodb={corpus}", "--window",
                       0.5, "--folds", 0, *options)  # fmt: skip
    assert code == 0, err
    (recipe,) = read_manifest(tmp_path / "m")["recipes"].values()
    assert recipe["prepare_args"]["window"] == 0.05 and recipe["prepare_args"]["step"] == 0.025
    code, _, err = run(capsys, "train", tmp_path / "n", "--corpus", f"emodb={corpus}", "--window",
                       0.5, "--set", "window=0.5", "--folds", 0, *options)  # fmt: skip
    assert code == 1 and "--window 0.5: a window holds 1 frame of voice, and at least 2" in err


def test_windows_longer_than_every_clip_are_refused(words, tmp_path, capsys):
    code, _, err = run(capsys, *words, tmp_path / "m", "--window", 30)
    assert code == 1 and "--window 30: the longest clip takes 1 s; take a shorter window" in err


def test_everyday_names_of_emotions_are_understood(words, tmp_path, capsys):
    code, out, err = run(capsys, *words, tmp_path / "m", "--emotions", "angry", "sad")
    assert code == 0, err
    assert "<Result" not in out and "guessing gives 50.0 %." in out  # what `emopipe run` prints
    assert "accuracy     UAR   95 % interval  checks\nvoice, logistic, emodb  " in out
    assert read_manifest(tmp_path / "m")["labels"] == ["anger", "sadness"]


def test_what_cannot_be_trained_is_refused_in_words(corpus, whole, words, tmp_path, capsys):
    code, _, err = run(capsys, *words, whole)
    assert code == 1 and "--overwrite replaces it" in err
    code, _, err = run(capsys, "train", tmp_path / "x", "--corpus", f"emodb={corpus}", "--folds", 5)
    assert code == 1 and "are of 4 subjects: use --folds 4, or --folds 0" in err
    assert "cv=" not in err
    published = ["--corpus", f"emodb={corpus}", "--folds", "luna5"]
    code, _, err = run(capsys, "train", tmp_path / "x", *published)
    assert code == 1 and "ravdess's 24 subjects" in err and "see --folds luna5" in err
    code, _, err = run(capsys, *words, tmp_path / "x", "--emotions", "envy")
    assert code == 1 and "anger, sadness" in err
    code, _, err = run(capsys, *words, tmp_path / "x", "--window", "0")
    assert code == 1 and "--window 0" in err


@pytest.fixture
def no_work(monkeypatch):
    """Nothing may be evaluated or fitted any more."""

    def refuse(*_, **__):
        raise AssertionError("the work began")

    monkeypatch.setattr("emopipe.evaluation.evaluate", refuse)
    return monkeypatch


def test_where_nothing_can_be_written_nothing_is_read(words, no_work, tmp_path, capsys):
    no_work.setattr("emopipe.cli.train._clips", lambda args: pytest.fail("a corpus was read"))
    (tmp_path / "file").write_text("")
    code, _, err = run(capsys, *words, tmp_path / "file" / "model")
    assert code == 1 and "cannot be written" in err and "choose another folder" in err


def test_a_modality_without_media_is_said_before_the_fits(words, no_work, tmp_path, capsys):
    no_work.setattr("emopipe.cli.quiet_tensorflow", lambda: None)
    code, out, err = run(capsys, *words, tmp_path / "m", "--features", "voice", "mini_xception")
    assert code == 1 and "voice: 8 clips: ok 8" in out
    assert "mini_xception: 8 of 8 clips have no pictures: leave" in err


def test_clips_shorter_than_two_frames_are_said(corpus, options, tmp_path, capsys):
    arguments = ["train", tmp_path / "m", "--corpus", f"emodb={corpus}", "--folds", 0, *options]
    code, out, _ = run(capsys, *arguments)
    assert code == 0 and "NOTE: a clip holds 1 frame of voice, and at least 2 are needed" in out
    code, out, _ = run(capsys, *arguments, "--set", "window=0.1", "--overwrite")
    assert code == 0 and "NOTE" not in out


def test_clips_without_features_make_the_model_incomplete(corpus, options, tmp_path, capsys):
    import shutil

    root = tmp_path / "EmoDB"
    shutil.copytree(corpus, root)
    (root / "03a02Wa.wav").write_bytes(b"RIFF\0\0\0\0WAVEnothing")
    arguments = ["train", tmp_path / "m", "--corpus", f"emodb={root}", "--folds", 2, *options]
    code, out, err = run(capsys, *arguments)
    assert code == 3 and "voice: 1 of 9 clips gave no features (cannot be decoded: 1)" in out
    assert "INCOMPLETE: voice: 1 of 9 clips gave no features" in err
    assert (tmp_path / "m" / "model.json").is_file()
    assert run(capsys, *arguments, "--overwrite", "--allow-partial")[0] == 0
