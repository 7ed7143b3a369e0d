"""A saved recogniser on new clips: whole, over time, per modality; what is broken says so."""

import json
import os
import shutil
import sys
import types
import warnings

import numpy as np
import pandas as pd
import pytest
from clips import number_picture, write_video
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import wavfile
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import AudioVisualCNN, VGGFaceClassifier, VGGFaceFeatures
from emopipe.cli import main
from emopipe.extraction import COUNTERS
from emopipe.face import FaceCrops, MiniXceptionFeatures
from emopipe.fusion import EmotionWeightedFusion, WhereFinite
from emopipe.media import excerpt
from emopipe.models import (
    TrainingRows,
    check_windows,
    predict,
    recordings,
    save,
    window_table,
    windows_of,
)
from emopipe.models.face_boxes import face_boxes
from emopipe.models.prediction import SCORE_KINDS
from emopipe.models.scoring import score_kind
from emopipe.store import Store
from emopipe.training.clip_network import ClipNetwork
from emopipe.voice import ShortTermStatistics

RATE = 16000


def _write(path, pitch, seconds, seed=0):
    time = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).normal(size=len(time))
    samples = 9000 * np.sin(2 * np.pi * np.broadcast_to(pitch, time.shape) * time) + 300 * noise
    wavfile.write(path, RATE, samples.astype(np.int16))
    return str(path)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return str(tmp_path_factory.mktemp("store") / "store.sqlite")


@pytest.fixture(scope="module")
def model(tmp_path_factory, store):
    folder = tmp_path_factory.mktemp("train")
    paths = [_write(folder / f"{n}.wav", (220, 900)[n % 2], 0.6, n) for n in range(12)]
    table = pd.DataFrame({"path": paths, "mouth": paths, "subject": np.arange(12) // 2})
    common = {"window": 0.2, "step": 0.05, "n_jobs": 1, "store": store}
    svm = WhereFinite(make_pipeline(StandardScaler(), SVC()))
    voice = make_pipeline(ShortTermStatistics(**common), svm)
    other = make_pipeline(
        ShortTermStatistics(**common | {"column": "mouth", "short": "refuse"}), svm
    )
    fusion = EmotionWeightedFusion([("voice", voice), ("mouth", other)])
    return fusion.fit(table, np.array(["sadness", "joy"] * 6))


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("neue clips")
    half = int(2 * RATE)
    change = np.where(np.arange(2 * half) < half, 220, 900)
    (folder / "kaputt.wav").write_bytes(b"RIFF\x00\x00\x00\x00WAVEnothing")
    return [
        _write(folder / "fröhlich.wav", 900, 1.0),
        _write(folder / "a wechsel.wav", change, 4.0),
        str(folder / "kaputt.wav"),
        _write(folder / "kurz.wav", 220, 0.1),
    ]


@given(duration=st.floats(0.01, 100), window=st.floats(0.1, 5), step=st.floats(0.05, 5))
def test_windows_lie_in_the_clip_and_reach_its_end(duration, window, step):
    actual = list(windows_of(duration, window, step))
    assert actual[0][0] == 0 and all(0 <= a < b <= duration + 1e-4 for a, b in actual)
    assert duration - actual[-1][1] < step + 1e-4
    np.testing.assert_allclose(np.diff([a for a, _ in actual]), step, atol=1e-6)


@pytest.mark.parametrize("wrong", [0, -1, 1e-9, 0.0099, np.nan, np.inf, -np.inf])
def test_windows_have_a_sensible_length(wrong):
    for name in ("window", "step"):
        arguments = {"window": 1.0, "step": 1.0} | {name: wrong}
        with pytest.raises(ValueError, match=rf"{name}={wrong!r} .* from 0\.01"):
            list(windows_of(1.0, **arguments))
        # Before anything else: with a clip that is not there.
        with pytest.raises(ValueError, match=f"{name}={wrong!r}"):
            predict(None, ["nowhere.wav"], **arguments)
    with pytest.raises(ValueError, match="duration=inf"):
        list(windows_of(np.inf, 1.0, 1.0))


def test_a_step_needs_a_window_and_is_never_too_short_by_default():
    with pytest.raises(ValueError, match=r"step=1\.0 needs a window"):
        predict(None, ["nowhere.wav"], step=1.0)
    assert check_windows(0.01, None) == 0.01 and check_windows(None, None) is None


def test_whole_clips(model, clips, store):
    prediction = predict(model, clips, store=store, n_jobs=1)
    answers = [clip.whole.emotion for clip in prediction.clips]
    assert answers[0] == "joy" and answers[2:] == [None, "sadness"]
    assert [clip.status for clip in prediction.clips] == ["ok", "ok", "corrupt", "partial"]
    assert prediction.clips[2].whole.emotion is None and "corrupt" in str(
        prediction.clips[2].details
    )
    short = prediction.clips[3].whole.modalities
    assert short["mouth"] is None and sum(short["voice"].values()) == pytest.approx(1)
    assert prediction.media_seconds == pytest.approx(5.1) and prediction.real_time_factor > 0
    for clip in prediction.clips[:2]:
        assert sum(clip.whole.scores.values()) == pytest.approx(1)


def test_a_clip_table_names_its_clips(model, clips, store):
    table = pd.DataFrame({"clip": ["a", "b"], "path": clips[:2], "emotion": "unknown"})
    prediction = predict(model, table, store=store, n_jobs=1)
    assert [clip.path for clip in prediction.clips] == [str(path) for path in clips[:2]]


def test_it_is_the_models_own_answer(model, clips, store):
    table = pd.DataFrame({"path": clips, "mouth": clips})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = model.predict_proba(table)
    actual = predict(model, clips, store=store, n_jobs=1).table()
    np.testing.assert_array_equal(actual[["score_joy", "score_sadness"]].to_numpy(float), expected)


@pytest.fixture(scope="module")
def voter(tmp_path_factory, store):
    """An SVM of many classes, and clips on which it disagrees with its scores."""
    folder = tmp_path_factory.mktemp("votes")
    rng = np.random.default_rng(0)
    paths = [_write(folder / f"{n}.wav", pitch, 0.3, n)
             for n, pitch in enumerate(rng.uniform(200, 900, 96))]  # fmt: skip
    voice = ShortTermStatistics(window=0.1, step=0.05, n_jobs=1, store=store)
    model = make_pipeline(voice, WhereFinite(make_pipeline(StandardScaler(), SVC())))
    emotions = ["anger", "calm", "disgust", "fear", "joy", "neutral", "sadness", "surprise"]
    return model.fit(paths[:48], np.array(emotions * 6)), paths[48:]


@pytest.mark.parametrize("keeps", [True, False])
def test_the_emotion_is_what_the_model_predicts(voter, store, keeps):
    model, paths = voter
    expected, scores = model.predict(paths), model.decision_function(paths)
    assert (model.classes_[scores.argmax(axis=1)] != expected).any()  # so that it can be told apart
    prediction = predict(model, paths, store=store if keeps else None, n_jobs=1)
    assert [clip.whole.emotion for clip in prediction.clips] == expected.tolist()
    assert prediction.table()["emotion"].tolist() == expected.tolist()
    assert [clip["whole"]["emotion"] for clip in prediction.to_dict()["clips"]] == expected.tolist()
    assert prediction.computed == (0 if keeps else len(paths))


def test_command_shows_the_models_answer_with_its_score(voter, options, tmp_path, capsys):
    model, paths = voter
    folder = save(model, tmp_path / "model", title="Votes")
    code, out, _ = run(capsys, "predict", folder, *paths, *options)
    printed = {line.split()[0]: line.split()[2:4] for line in out.splitlines()[1:49]}
    predicted_clips = predict(model, paths, store=options[1], n_jobs=1).clips
    assert code == 0 and printed == {
        clip.clip: [emotion, f"{clip.whole.scores[emotion]:.2f}"]
        for clip, emotion in zip(predicted_clips, model.predict(paths), strict=True)
    }


def test_a_clip_network_is_asked_once(wav_network):
    model, paths = wav_network
    prediction = predict(model, paths, store=None, n_jobs=1)
    assert model.n_calls == 1
    assert [clip.whole.emotion for clip in prediction.clips] == ["joy", "fear", None]
    assert [clip.status for clip in prediction.clips] == ["ok", "ok", "silent"]


class _Network(ClipNetwork):
    """A network on clips, without one."""

    classes_, fallback_, n_calls = np.array(["fear", "joy"]), "fear", 0

    def __init__(self, column="path", store=None):
        self.column, self.store = column, store

    def predict_proba(self, X):
        self.n_calls += 1
        return np.array([[0.3, 0.7], [0.5, 0.5]])

    def statuses(self, X):
        return pd.DataFrame({"status": ["ok", "ok", "silent"], "detail": ["", "", "No sound."]})


@pytest.fixture
def wav_network(tmp_path):
    return _Network(), [_write(tmp_path / f"{n}.wav", 300, 0.3) for n in range(3)]


def test_windows_follow_a_change(model, clips, store):
    (clip,) = predict(model, clips[1:2], window=0.5, step=0.25, store=store, n_jobs=1).clips
    assert len(clip.windows) == 15
    answers = [moment.emotion for moment in clip.windows]
    assert answers[:7] == ["sadness"] * 7 and answers[-7:] == ["joy"] * 7
    assert {name for moment in clip.windows for name in moment.modalities} == {"voice", "mouth"}


def test_a_part_of_a_recording_is_a_clip(model, clips, store):
    path = clips[1]
    part = excerpt(path, 0.6, 1.2)
    marks = tuple(recording.mark for recording in recordings([path], store=None, n_jobs=1))
    training = TrainingRows(recordings=marks)
    result = predict(model, [part], window=0.3, store=store, n_jobs=1, training=training)
    (clip,) = result.clips
    assert clip.duration == pytest.approx(0.6) and clip.in_training
    assert [w.start for w in clip.windows] == pytest.approx([0, 0.075, 0.15, 0.225, 0.3])
    whole = predict(model, [path], window=0.3, step=0.6, store=store, n_jobs=1).clips[0]
    assert clip.windows[0].scores == whole.windows[1].scores
    table = window_table(pd.DataFrame({"path": [part]}), [clip.duration], 0.3)
    assert table["path"].tolist() == [excerpt(path, 0.6, 0.9), excerpt(path, 0.9, 1.2)]


def test_a_clip_without_windows_keeps_its_row(model, clips, store):
    table = predict(model, clips[1:3], window=2.0, step=2.0, store=store, n_jobs=1).table()
    assert table["clip"].tolist() == ["a wechsel.wav"] * 3 + ["kaputt.wav"]
    assert table["part"].tolist() == ["whole", "window", "window", "whole"]
    assert table["status"].tolist()[-1] == "corrupt" and table["emotion"].isna().tolist()[-1]


@pytest.fixture(scope="module")
def gap(tmp_path_factory):
    """A clip of 3 s with nothing in the middle second."""
    path = tmp_path_factory.mktemp("gap") / "lücke.wav"
    _write(path, 900, 3.0)
    samples = wavfile.read(path)[1].copy()
    samples[RATE : 2 * RATE] = 0
    wavfile.write(path, RATE, samples)
    return str(path)


def test_every_window_has_a_status_and_a_reason(model, gap, store):
    prediction = predict(model, [gap], window=1.0, step=1.0, store=store, n_jobs=1)
    (clip,) = prediction.clips
    assert clip.status == clip.whole.status == "ok" and clip.details == {}
    assert [moment.status for moment in clip.windows] == ["ok", "silent", "ok"]
    table = prediction.table()
    assert table["status"].tolist() == ["ok", "ok", "silent", "ok"]
    assert table["emotion"].isna().tolist() == [False, False, True, False]
    assert table["reason"].tolist()[1::2] == ["", ""]
    assert table["reason"][2].count("silent. ") == 2 and "voice" in table["reason"][2]
    windows = json.loads(json.dumps(prediction.to_dict()))["clips"][0]["windows"]
    assert [len(window["details"]) for window in windows] == [0, 2, 0]
    assert windows[1]["status"] == "silent" and windows[1]["emotion"] is None


def test_a_window_without_a_modality_is_partial(model, clips, store):
    # One extractor refuses what is shorter than its frames, the other does not.
    prediction = predict(model, clips[:1], window=0.15, step=0.5, store=store, n_jobs=1)
    (clip,) = prediction.clips
    # Of one frame all standard deviations are 0, whatever is known of the training.
    (notice,) = prediction.notices
    assert "2 of 2 windows of 0.15 s hold fewer frames" in notice and "needed 2" in notice
    assert clip.status == "ok" and {m.status for m in clip.windows} == {"partial"}
    assert all("mouth" in m.reason and "too_short" in m.reason for m in clip.windows)
    assert all(m.emotion and m.modalities["mouth"] is None for m in clip.windows)


def test_a_clip_without_features_has_no_answer_whatever_the_classifier_takes(clips, store):
    voice = ShortTermStatistics(window=0.2, step=0.05, n_jobs=1, store=store)
    trees = make_pipeline(voice, HistGradientBoostingClassifier(min_samples_leaf=1))
    trees.fit(clips[:2], ["joy", "sadness"])
    strict = make_pipeline(voice, StandardScaler(), SVC()).fit(clips[:2], ["joy", "sadness"])
    for model in (trees, strict):  # the one answers for NaN, the other raises
        for paths in (clips[:3], clips[2:3]):
            predicted_clips = predict(model, paths, store=store, n_jobs=1).clips
            assert [clip.status for clip in predicted_clips] == ["ok"] * (len(paths) - 1) + [
                "corrupt"
            ]
            assert (
                predicted_clips[-1].whole.emotion is None
                and predicted_clips[-1].whole.scores is None
            )


def test_the_store_spares_work_and_the_model_stays_as_it_was(model, clips, tmp_path):
    before = [model.estimators_[0][0].store, model.estimators_[0][0].n_jobs]
    mine = Store(tmp_path / "mine.sqlite")
    assert predict(model, clips[:2], store=mine, n_jobs=1).computed > 0
    prepared = COUNTERS["prepared"]
    assert predict(model, clips[:2], store=mine, n_jobs=1).computed == 0
    assert COUNTERS["prepared"] == prepared
    assert predict(model, clips[:1], store=None, n_jobs=1).computed > 0
    assert [model.estimators_[0][0].store, model.estimators_[0][0].n_jobs] == before


def test_faces_are_where_the_face_features_look(tmp_path):
    film = write_video(tmp_path / "a.mp4", map(number_picture, range(10)))
    blind = make_pipeline(
        MiniXceptionFeatures(faces=FaceCrops(detector=None)), LogisticRegression()
    )
    silent = _write(tmp_path / "a.wav", 300, 0.3)
    boxes, none = face_boxes(blind, [str(film), silent], store=None, n_jobs=1)
    # Without a detector the whole picture is the face.
    assert none == [] and [row[1:] for row in boxes] == [[0, 0, 1, 1, 1]] * len(boxes)
    assert [row[0] for row in boxes] == pytest.approx([0, 0.2], abs=0.05)
    whole = FaceCrops(detector=None, n_frames=2)
    for network in (
        AudioVisualCNN(faces=whole),
        VGGFaceClassifier(features=VGGFaceFeatures(weights="random", layer="fc6", faces=whole),
                          rescale=(90, 160), augmentation="thesis"),
    ):  # fmt: skip
        [rows] = face_boxes(network, [str(film)], store=None, n_jobs=1)
        assert [row[1:] for row in rows] == [[0, 0, 1, 1, 1]] * 2
    deaf = make_pipeline(ShortTermStatistics(), LogisticRegression())
    assert face_boxes(deaf, [str(film)], store=None, n_jobs=1) == [[]]


def test_the_first_answer_comes_before_the_last_clip_is_read(model, clips, tmp_path):
    paths = [_write(tmp_path / f"{n}.wav", 300 + n, 0.3, n) for n in range(24)]
    computed, before = [], COUNTERS["prepared"]
    predict(model, paths, store=None, n_jobs=1,
            on_clip=lambda clip: computed.append(COUNTERS["prepared"] - before))  # fmt: skip
    assert len(computed) == 24 and computed[0] <= 12 < computed[-1]


def test_workers_that_were_started_early_do_the_work(model, clips):
    from emopipe.extraction.pool import parent

    parent.close()
    parent.warm_up(1)
    (early,) = parent._idle
    predict(model, clips[:1], store=None, n_jobs=1)
    assert parent._idle == [early] and early.prepared > 0


@pytest.mark.parametrize(
    ("kind", "words"),
    [("score", "no probabilities"), ("fusion", "no probabilities"), ("probability", "own prob")],
)
def test_scores_are_called_what_they_are(kind, words, model, voter, clips, store):
    pipeline = make_pipeline(ShortTermStatistics(), WhereFinite(LogisticRegression()))
    models = {"score": voter[0], "fusion": model, "probability": pipeline}
    assert score_kind(models[kind]) == kind and words in SCORE_KINDS[kind]
    assert (
        predict(model, clips[:1], store=store, n_jobs=1).to_dict()["scores"].endswith("abilities")
    )


def test_damage_of_what_a_model_says_of_its_training_is_said():
    for fields in ({"window": -1}, {"frames": 3}, {"seconds": "long"}, {"recordings": 7}, [1]):
        with pytest.raises(ValueError, match="says of its training is damaged"):
            TrainingRows.from_dict(fields)
    assert TrainingRows.from_dict(None) == TrainingRows.from_dict({}) == TrainingRows()
    rows = TrainingRows(1.0, 1.0, {"voice": 39}, ("00ff00ff00ff00ff",))
    assert TrainingRows.from_dict(json.loads(json.dumps(rows.to_dict()))) == rows


def test_wrong_calls_say_what_to_do(model, tmp_path):
    with pytest.raises(ValueError, match="no clips"):
        predict(model, [])
    with pytest.raises(FileNotFoundError, match=r"nowhere\.wav"):
        predict(model, [tmp_path / "nowhere.wav"])
    wav = _write(tmp_path / "a.wav", 300, 0.3)
    with pytest.raises(TypeError, match=r"paths is one path, '.*a\.wav': give a list"):
        predict(model, wav)
    with pytest.raises(ValueError, match=r"paths\[1\] is no path"):
        predict(model, [wav, None])
    with pytest.raises(ValueError, match="works on numbers"):
        predict(SVC().fit([[0], [1]], [0, 1]), [wav])


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    return save(model, tmp_path_factory.mktemp("models") / "stimme öffnen", title="A voice")


def run(capsys, *arguments):
    code = main([str(a) for a in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def options(store):
    return ("--store", store, "--jobs", 1)


def test_command_prints_a_table(folder, clips, options, capsys, tmp_path):
    out_file = tmp_path / "emotions.csv"
    code, out, err = run(capsys, "predict", folder, *clips, *options, "--csv", out_file)
    assert code == 3 and "real-time factor" in out and "3 of 4 clips" in out
    assert "INCOMPLETE: 1 of 4 clips without an answer; 1 of 4 clips answered from a part" in err
    lines = {line.split("  ")[0]: line for line in out.splitlines()}
    assert "joy" in lines["fröhlich.wav"] and "corrupt" in lines["kaputt.wav"]
    table = pd.read_csv(out_file)
    assert list(table["clip"]) == [path.rpartition("/")[2] for path in clips]
    assert {"score_joy", "voice_joy", "mouth_sadness"} <= set(table)


def test_command_finds_folders_and_patterns_once(folder, clips, options, capsys):
    parent = clips[0].rpartition("/")[0]
    code, out, _ = run(capsys, "predict", folder, parent, f"{parent}/*.wav", *options, "--json",
                       "--allow-partial")  # fmt: skip
    answer = json.loads(out)
    assert answer["gaps"][0] == "1 of 4 clips without an answer"
    assert code == 0 and len(answer["clips"]) == 4 and answer["kind"] == "predictions"
    code, _, err = run(capsys, "predict", folder, f"{parent}/*.xyz", *options)
    assert code == 1 and "no file matches" in err


def test_command_over_time(folder, clips, options, capsys, tmp_path):
    page, table = tmp_path / "seite.html", tmp_path / "t.csv"
    code, out, err = run(capsys, "predict", folder, *clips[:2], "--window", 0.5, "--step", 0.25,
                       *options, "--timeline", page, "--csv", table)  # fmt: skip
    assert code == 0 and len(out.splitlines()) > 18, err
    assert len(pd.read_csv(table)) == 2 + 3 + 15
    html = page.read_text(encoding="utf-8")
    assert "data:audio" not in html and "a%20wechsel.wav" in html  # named, not copied
    assert "A voice" in html and "://" not in html and html.count("<svg") == 2 * 3
    code, _, _ = run(capsys, "predict", folder, *clips[:2], "--window", 0.5, *options,
                     "--timeline", page, "--embed")  # fmt: skip
    assert code == 0 and "data:audio/wav;base64," in page.read_text(encoding="utf-8")


def test_odd_names_are_harmless_everywhere(folder, clips, options, capsys, tmp_path):
    odd = os.fsdecode(b"=caf\xe9 \x1b[31m<b>.wav")
    shutil.copy(clips[0], tmp_path / odd)
    files = ["--csv", tmp_path / "t.csv", "--timeline", tmp_path / "p.html", "--window", "0.5"]
    code, out, err = run(capsys, "predict", folder, tmp_path / odd, *files, *options)
    page, table = (tmp_path / "p.html").read_text(), (tmp_path / "t.csv").read_text()
    assert code == 0, err
    assert "\x1b" not in out + page + table and "<b>" not in page and "\n=" not in table
    assert "%3Dcaf%E9%20%1B%5B31m%3Cb%3E.wav" in page  # the very file
    assert run(capsys, "predict", folder, tmp_path / odd, "--json", *options)[0] == 0


def test_command_says_why_windows_have_no_answer(folder, gap, options, capsys, tmp_path):
    csv = tmp_path / "t.csv"
    code, out, _ = run(capsys, "predict", folder, gap, "--window", 0.5, "--step", 0.5,
                       *options, "--csv", csv)  # fmt: skip
    lines = out.splitlines()
    assert code == 0 and [line.split()[-1] for line in lines[1:8]] == [
        "ok", "ok", "ok", "silent", "silent", "ok", "ok"]  # fmt: skip
    assert sum("2 of 6 windows, first lücke.wav 1.00-1.50: " in line for line in lines) == 2
    assert pd.read_csv(csv)["reason"].notna().tolist() == [False] * 3 + [True] * 2 + [False] * 2


@pytest.mark.parametrize(("arguments", "words"), [
    (["nowhere", "a.wav"], "no such folder"),
    (["{clips}", "a.wav"], "no saved model"),
    (["{model}", "nowhere.wav"], "no file or folder"),
    (["{model}", "{clip}", "--step", "1"], "--step needs --window"),
    (["{model}", "{clip}", "--set", "a"], "PARAMETER=VALUE"),
    (["{model}", "{clip}", "--set", "a=1"], "no parameter 'a'"),
])  # fmt: skip
def test_wrong_arguments_are_answered_in_words(arguments, words, folder, clips, capsys):
    names = {"model": folder, "clips": clips[0].rpartition("/")[0], "clip": clips[0]}
    code, _, err = run(capsys, "predict", *(a.format(**names) for a in arguments))
    assert code == 1 and words in err


@pytest.mark.parametrize(("arguments", "words"), [
    (["--window", "1e-9"], "--window 1e-09"),
    (["--window", "1", "--step", "1e-7"], "--step 1e-07"),
    (["--window", "nan"], "--window nan"),
    (["--window", "-1"], "--window -1.0"),
    (["--window", "1", "--step", "inf"], "--step inf"),
])  # fmt: skip
def test_windows_without_sense_are_refused_before_a_model_is_loaded(arguments, words, capsys):
    code, _, err = run(capsys, "predict", "no-model", "no.wav", *arguments)
    assert code == 1 and words in err and "from 0.01" in err


def test_what_is_not_there_stops_no_other_clip(folder, clips, options, capsys, tmp_path):
    absent = [tmp_path / "gone.wav", tmp_path / "no*.wav", tmp_path]
    arguments = ["predict", folder, clips[0], *absent, clips[1], *options]
    code, out, err = run(capsys, *arguments)
    assert code == 3 and "2 of 2 clips" in out
    assert "3 of 5 files or folders named are not there (no file or folder" in err
    code, out, _ = run(capsys, *arguments, "--json", "--allow-partial")
    answer = json.loads(out)
    assert code == 0 and len(answer["clips"]) == 2
    assert len(answer["gaps"]) == 1 and "gone.wav" in answer["gaps"][0]


def test_nothing_is_there_at_all(tmp_path, folder, monkeypatch, capsys):
    monkeypatch.setattr("emopipe.models.load", lambda *_, **__: pytest.fail("the work began"))
    code, _, err = run(capsys, "predict", folder, *(tmp_path / f"{n}.wav" for n in range(5)))
    assert code == 1 and "0.wav" in err and "2.wav; and 2 more" in err


def test_nothing_predicted_is_code_1(folder, clips, options, capsys):
    assert run(capsys, "predict", folder, clips[2], *options)[0] == 1


class _Camera:
    """A camera that shows 30 pictures, or is not there."""

    left = 30

    def __init__(self, index):
        self.there = index == 0

    def isOpened(self):
        return self.there

    def read(self):
        self.left -= 1
        return self.left >= 0, np.full((48, 64, 3), 8 * self.left % 256, np.uint8)

    def release(self):
        pass


def test_a_camera_is_recorded(monkeypatch, tmp_path, capsys):
    import cv2

    from emopipe.cli.cameras import record
    from emopipe.media import probe

    monkeypatch.setattr(cv2, "VideoCapture", _Camera)
    info = probe(record(0, 5, tmp_path / "camera.mp4"))
    assert info.has_video and (info.rows, info.columns) == (48, 64)
    with pytest.raises(OSError, match="no picture from camera 1"):
        record(1, 5, tmp_path / "camera.mp4")


def test_opencv_says_nothing_of_a_camera_that_is_not_there(capfd, tmp_path):
    import cv2

    from emopipe.cli.cameras import record

    before = cv2.utils.logging.getLogLevel()
    with pytest.raises(OSError, match="no picture from camera 977"):
        record(977, 1, tmp_path / "camera.avi")
    assert "cv" not in capfd.readouterr().err.lower()
    assert cv2.utils.logging.getLogLevel() == before


def test_where_answers_go_is_checked_before_the_model_is_loaded(tmp_path, capsys):
    for flag in ("--csv", "--timeline"):
        code, _, err = run(capsys, "predict", tmp_path / "none", "a.wav", flag, tmp_path)
        assert code == 1 and f"{flag} {tmp_path} is a folder" in err


def test_a_voice_model_predicts_without_a_network_library(voter, options, tmp_path):
    import subprocess

    model, paths = voter
    folder = save(model, tmp_path / "model", title="Votes")
    code = ("import sys; from emopipe.cli import main; code = main(sys.argv[1:]); "
            "assert not {'tensorflow', 'keras', 'torch', 'jax', 'cv2'} & set(sys.modules); "
            "sys.exit(code)")  # fmt: skip
    arguments = [str(word) for word in ("predict", folder, *paths[:2], *options)]
    subprocess.run([sys.executable, "-c", code, *arguments], check=True)


def test_help_of_the_commands_needs_nothing_heavy():
    import subprocess

    code = ("import sys; import emopipe.cli.predict, emopipe.cli.train; "
            "assert not {'sklearn', 'cv2', 'av'} & set(sys.modules)")  # fmt: skip
    subprocess.run([sys.executable, "-c", code], check=True)
    assert isinstance(sys.modules["emopipe.cli"], types.ModuleType)


@pytest.mark.shared
def test_voices_of_one_corpus_predict_videos_of_another(shared_data, tmp_path, options, capsys):
    speech = shared_data / "ravdess"
    code, _, err = run(capsys, "train", tmp_path / "model", "--corpus", f"ravdess={speech}",
                       "--emotions", "anger", "sadness", "--folds", 0, "--allow-partial",
                       *options)  # fmt: skip
    assert code == 0, err
    code, out, _ = run(capsys, "predict", tmp_path / "model", shared_data / "cremad/VideoFlash",
                       "--json", *options)  # fmt: skip
    answer = json.loads(out)
    assert code == 0 and [clip["status"] for clip in answer["clips"]] == ["ok"] * 6
    assert answer["media_seconds"] == pytest.approx(12.9, abs=0.1)
