import numpy as np
import pytest
from clips import write_sound, write_video
from hypothesis import given, settings
from hypothesis import strategies as st

from emopipe.face import FaceChunk
from emopipe.face.crop_forms import nearest_faces
from emopipe.media import ClipError
from emopipe.networks.segment_attention.recipes import (
    frame_times,
    frames_of_segments,
    prepare_faces,
    prepare_voice,
    segment_recipe,
    spoken_region,
)
from emopipe.voice.mel_images import LENGTH

RATE = 16000
RULE = {"before": 0.2, "after": 0.2}
FACES = {"detector": None, "size": [32, 32], "margin": 0.0}


def tone(seconds, before=0.0, after=0.0):
    middle = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(round(seconds * RATE)) / RATE)
    ends = [np.zeros(round(s * RATE)) for s in (before, after)]
    return np.concatenate([ends[0], middle, ends[1]])


def exhaust(blocks):
    """Run a generator; return its blocks and what it returned."""
    collected = []
    while True:
        try:
            collected.append(next(blocks))
        except StopIteration as stop:
            return collected, stop.value


def film(path, sound, *, seconds=2.0, fps=30):
    """A film whose grey level rises frame by frame."""
    n = max(1, round(seconds * fps))
    images = (np.full((48, 48, 3), 40 + 180 * i // n, np.uint8) for i in range(n))
    return write_video(path, images, fps=fps, sound=sound)


@settings(max_examples=60, deadline=None)
@given(
    before=st.floats(0, 2), spoken=st.floats(0.03, 2), after=st.floats(0, 2), trimmed=st.booleans()
)
def test_a_region_holds_the_speech_and_a_segment(before, spoken, after, trimmed):
    samples = tone(spoken, before, after)
    if len(samples) < round(LENGTH * RATE):
        with pytest.raises(ClipError, match="too_short"):
            spoken_region(samples, RULE)
        return
    start, stop = spoken_region(samples, RULE if trimmed else None)
    assert 0 <= start < stop <= len(samples) and stop - start >= round(LENGTH * RATE)
    assert start / RATE <= before + 0.02 and stop / RATE >= before + spoken - 0.03
    if not trimmed:
        assert (start, stop) == (0, len(samples))


def test_silence_has_a_status():
    with pytest.raises(ClipError, match="silent"):
        spoken_region(np.zeros(RATE), RULE)


@settings(max_examples=80, deadline=None)
@given(
    rate=st.sampled_from([5, 15, 25, 29.97, 30, 50, 60]),
    start=st.floats(0, 1),
    n_frames=st.integers(1, 25),
)
def test_frames_of_a_segment(rate, start, n_frames):
    times = frame_times(0, 3, rate)
    [actual] = frames_of_segments(times, [start], n_frames=n_frames)
    inside = np.flatnonzero((times >= start - 1e-6) & (times < start + LENGTH - 1e-6))
    assert len(actual) == n_frames and (np.diff(actual) >= 0).all()
    assert set(actual) <= set(inside)
    if len(inside) >= n_frames:
        assert (np.diff(actual) == 1).all()
        left_out = actual[0] - inside[0], inside[-1] - actual[-1]
        assert 0 <= left_out[1] - left_out[0] <= 1
    else:
        assert set(actual) == set(inside)
        repeats = np.bincount(actual - inside[0])
        assert (repeats[1:-1] == 1).all() and abs(int(repeats[0]) - int(repeats[-1])) <= 1


def test_a_segment_without_frames_takes_the_nearest():
    assert frames_of_segments([0.0], [0.0, 3.0], n_frames=2).tolist() == [[0, 0], [0, 0]]
    assert frames_of_segments([0.0, 0.1], [3.0], n_frames=2).tolist() == [[1, 1]]


def test_30_frames_per_second_are_20_per_segment():
    starts = 0.3 * np.arange(5)
    frames = frames_of_segments(np.arange(90) / 30, starts, n_frames=20)
    assert [row[0] for row in frames] == [0, 9, 18, 27, 36]
    assert all(len(set(row)) == 20 for row in frames)


@settings(max_examples=60, deadline=None)
@given(
    times=st.lists(st.integers(0, 40), min_size=1, max_size=12, unique=True).map(sorted),
    cuts=st.lists(st.integers(1, 5), max_size=5),
)
def test_every_frame_has_the_nearest_face(times, cuts):
    times = np.array(times) / 10
    crops = (times * 10).astype(np.uint8)[:, None]
    pieces = np.split(np.arange(len(times)), np.cumsum(cuts).clip(0, len(times)))
    chunks = [FaceChunk(times[p], crops[p], None) for p in pieces if len(p)]
    targets = np.arange(41) / 10 + 0.01
    blocks = list(nearest_faces(iter(chunks), targets))
    assert np.array_equal(np.concatenate([b.times for b in blocks]), targets)
    actual = np.concatenate([b.rows for b in blocks])[:, 0] / 10
    best = np.abs(np.subtract.outer(targets, times)).min(axis=1)
    assert np.allclose(np.abs(targets - actual), best)


def test_voice_and_face_of_a_film(tmp_path):
    path = film(tmp_path / "a.mp4", tone(1.0, 0.6, 0.4))
    [voice], prepared = exhaust(prepare_voice(path, rule=RULE))
    assert voice.rows.shape == (3, 64, 64, 3) and prepared.counts == {"segments": 3}
    assert voice.times[0] == pytest.approx(0.4, abs=0.08)  # AAC begins with 64 ms of its own
    assert np.allclose(np.diff(voice.times), 0.3)
    blocks, prepared = exhaust(prepare_faces(path, rule=RULE, **FACES))
    times = np.concatenate([block.times for block in blocks])
    assert times[0] == pytest.approx(voice.times[0], abs=1 / 30)
    assert times[-1] == pytest.approx(1.85, abs=0.08)
    assert np.allclose(np.diff(times), 1 / 30) and prepared.status == "ok"
    levels = np.concatenate([block.rows for block in blocks])[:, 16, 16, 0].astype(float)
    assert np.corrcoef(levels, times)[0, 1] > 0.99  # each time has its own frame


def test_a_film_of_one_frame_shows_it_throughout(tmp_path):
    path = film(tmp_path / "a.mp4", tone(1.5), seconds=0)
    blocks, prepared = exhaust(prepare_faces(path, rule=RULE, **FACES))
    rows = np.concatenate([block.rows for block in blocks])
    assert len(rows) > 30 and (rows == rows[0]).all() and prepared.status in ("ok", "partial")


def test_clips_that_give_nothing(tmp_path):
    sound = write_sound(tmp_path / "a.wav", (tone(1) * 2**15).astype(np.int16)[None])
    assert len(exhaust(prepare_voice(sound, rule=RULE))[0]) == 1
    with pytest.raises(ClipError, match="no_video"):
        exhaust(prepare_faces(sound, rule=RULE, **FACES))
    mute = film(tmp_path / "mute.mp4", None)
    for prepare in (prepare_voice(mute, rule=RULE), prepare_faces(mute, rule=RULE, **FACES)):
        with pytest.raises(ClipError, match="no_audio"):
            exhaust(prepare)
    with pytest.raises(ClipError, match="no_face"):
        exhaust(
            prepare_faces(
                film(tmp_path / "wall.mp4", tone(1.5)), rule=RULE, **FACES | {"detector": "haar"}
            )
        )


def test_recipes_are_named_by_what_matters(tmp_path):
    def key(modality, **changed):
        return segment_recipe(modality, **{"weights": "random", "rule": RULE} | changed).key

    for modality in ("audio", "video"):
        assert key(modality) == key(modality, batch_size=3)
        for changed in ({"seed": 1}, {"rule": None}, {"width": 0.5}, {"size": 64}):
            assert key(modality) != key(modality, **changed)
    assert key("audio") == key("audio", detector=None, margin=0.5)
    assert key("video") != key("video", detector=None)
    with pytest.raises(ValueError, match="detector='x' is unknown"):
        key("video", detector="x")
