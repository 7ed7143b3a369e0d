"""Parts of recordings by name: what a file with only that part would give."""

import numpy as np
import pytest
from clips import number, number_picture, write_sound, write_video
from hypothesis import given
from hypothesis import strategies as st

from emopipe.extraction import Recipe, extract, loudness
from emopipe.media import ClipError, excerpt, frames, probe, signal
from emopipe.media.excerpts import parse
from emopipe.store import Store

FPS = 25


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    sound = np.linspace(-0.5, 0.5, 16000 * 6)
    path = tmp_path_factory.mktemp("töne") / "a clip.mkv"
    images = (number_picture(index) for index in range(6 * FPS))
    return write_video(path, images, fps=FPS, sound=sound)


@pytest.fixture(scope="module")
def wav(tmp_path_factory):
    samples = (np.arange(16000 * 15) % 30011).astype(np.int16)
    return write_sound(
        tmp_path_factory.mktemp("sound") / "long.wav", samples[None]
    ), samples / 2**15


@given(start=st.floats(0, 1e5), length=st.floats(0.001, 1e4))
def test_names_can_be_read_back(start, length):
    part = parse(excerpt("some/clip.mp4", start, start + length))
    assert part.path == "some/clip.mp4"
    assert part.start == pytest.approx(start, abs=1e-6)
    assert part.stop == pytest.approx(start + length, abs=1e-6)


@given(st.floats(0, 50), st.floats(0.1, 50), st.floats(0, 0.9), st.floats(0.1, 2))
def test_a_part_of_a_part_is_a_part_of_the_file(start, length, at, size):
    inner = parse(
        excerpt(excerpt("a.mp4", start, start + length), at * length, (at + size) * length)
    )
    assert inner.path == "a.mp4"
    assert inner.start == pytest.approx(start + at * length, abs=2e-6)
    assert inner.stop == pytest.approx(start + min(1, at + size) * length, abs=2e-6)
    with pytest.raises(ValueError, match="no more than"):
        excerpt("a.mp4#t=1,2", 1, 1.5)


def test_a_file_with_such_a_name_is_that_file(tmp_path):
    path = tmp_path / "clip.wav#t=1,2"
    path.write_bytes(b"")
    assert parse(path).is_whole and parse(str(path)).path == str(path)


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (2, 2), (0, float("inf")), (float("nan"), 1)])
def test_parts_must_hold_something(start, stop):
    with pytest.raises(ValueError, match="0 <= start < stop"):
        excerpt("a.mp4", start, stop)


@pytest.mark.parametrize(("start", "stop"), [(0.0, 1.0), (0.5, 1.5), (3.2, 4.0), (5.5, 9.0)])
def test_every_frame_of_the_part_and_no_other(video, start, stop):
    times, images = zip(*frames(excerpt(video, start, stop)), strict=True)
    whole = [(t, number(image)) for t, image in frames(video) if start - 1e-6 <= t < stop - 1e-6]
    np.testing.assert_allclose(np.add(times, start), [t for t, _ in whole], atol=1e-5)
    assert [number(image) for image in images] == [n for _, n in whole]


@pytest.mark.parametrize("sampling", [{"n_frames": 4}, {"fps": 5}, {"times": [0.1, 0.5, 0.9]}])
@pytest.mark.parametrize("start", [0.0, 1.24, 4.6])
def test_sparse_frames_lie_inside_the_part(video, sampling, start):
    pictures = list(frames(excerpt(video, start, start + 1), **sampling))
    assert len(pictures) == {"n_frames": 4, "fps": 5, "times": 3}[next(iter(sampling))]
    half = 0.5 / FPS + 1e-6
    for time, image in pictures:
        assert -half <= time <= 1 + half
        assert number(image) == pytest.approx((start + time) * FPS, abs=0.01)


@pytest.mark.parametrize("start", [0.0, 0.3, 9.99, 12.5, 14.5])
def test_sound_of_the_part_is_exact(wav, start):
    path, samples = wav
    first = round(start * 16000)
    np.testing.assert_array_equal(signal(excerpt(path, start, start + 1)),
                                  samples[first : first + 16000].astype(np.float32))  # fmt: skip


def test_sound_of_a_video_is_that_of_its_time(video):
    begin = probe(video).audio_start  # the coder's run-up makes the sound begin a little after 0
    part = signal(excerpt(video, begin + 2.0, begin + 3.0), sample_rate=8000)
    assert len(part) == 8000
    ramp = np.linspace(-0.5, 0.5, 6 * 8000)
    np.testing.assert_allclose(part[200:-200], ramp[16200:23800], atol=0.003)


def test_probe_tells_the_length_of_the_part(video, wav):
    assert probe(excerpt(video, 1.0, 2.5)).duration == pytest.approx(1.5)
    assert probe(excerpt(wav[0], 14.0, 99.0)).duration == pytest.approx(1.0)


def test_a_part_behind_the_end_is_too_short(video, wav):
    for read in (
        lambda: list(frames(excerpt(video, 60, 61))),
        lambda: signal(excerpt(wav[0], 60, 61)),
    ):
        with pytest.raises(ClipError, match="too_short"):
            read()


def test_missing_files_are_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no.wav"):
        signal(excerpt(tmp_path / "no.wav", 0, 1))


def test_the_store_keeps_parts_apart(wav, tmp_path):
    path, samples = wav
    store = Store(tmp_path / "store.sqlite")
    recipe = Recipe("loudness", 1, loudness)
    paths = [str(path), *(excerpt(path, start, start + 0.5) for start in (0, 1, 2))]
    first = extract(paths, recipe, store=store, n_jobs=1)
    assert first.prepared == 4 and len({float(v[0]) for v in first.values}) == 4
    part = samples[16000:24000].reshape(-1, 400)
    assert first.values[2][0] == pytest.approx(np.sqrt((part**2).mean(1)).mean(), rel=1e-6)
    assert extract(paths[::-1], recipe, store=store, n_jobs=1).prepared == 0
