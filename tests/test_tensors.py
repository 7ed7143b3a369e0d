"""Clips as tensors: what networks see, and what happens with clips that show or say nothing."""

import numpy as np
import pytest
from clips import write_sound, write_video

from emopipe import FaceCrops
from emopipe.extraction import COUNTERS, Recipe, extract
from emopipe.face.crop_forms import nearest
from emopipe.face.crop_recipe import crops_recipe, prepare_crops
from emopipe.media import signal
from emopipe.training.tensors import clip_tensors
from emopipe.voice.spectrograms import prepare_spectrogram, spectrogram
from emopipe.voice.transforms import FLOOR, decibels

WHOLE = {"detector": None, "size": (16, 12)}  # the whole frame is the face


def face_stack(*, grey=True, **arguments):
    crops = {"n_frames": 20, "size": (98, 80), "margin": 0.2}
    how = crops_recipe(FaceCrops(**arguments), form="stack", grey=grey, **crops)
    return Recipe("face_stack", 1, pooling="stack", **how)


def tone(seconds, *, rate=16000, frequency=1000.0, level=0.5):
    time = np.arange(round(seconds * rate)) / rate
    return (level * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def wav(folder, samples, name="a.wav"):
    return str(write_sound(folder / name, (samples[None] * 32767).astype(np.int16)))


def grey_frames(levels):
    return [np.full((48, 36, 3), level, np.uint8) for level in levels]


@pytest.fixture
def store(tmp_path):
    return str(tmp_path / "store.sqlite")


def test_face_stack_is_n_frames_equally_spaced(tmp_path, store):
    path = str(write_video(tmp_path / "a.mp4", grey_frames(range(0, 250, 10))))
    tensors = clip_tensors([path], face_stack(n_frames=5, **WHOLE), store=store, n_jobs=1)
    stack = tensors.take([0])[0]
    assert stack.shape == (5, 16, 12) and stack.dtype == np.uint8
    assert np.allclose(stack.mean(axis=(1, 2)), [20, 70, 120, 170, 220], atol=6)
    assert tensors.counts[0]["faces"] == 5


def test_face_stack_in_colour(tmp_path, store):
    path = str(write_video(tmp_path / "a.mp4", grey_frames([60] * 10)))
    recipe = face_stack(n_frames=2, grey=False, **WHOLE)
    assert clip_tensors([path], recipe, store=store, n_jobs=1).take([0]).shape == (1, 2, 16, 12, 3)


def test_one_frame_is_shown_again_and_again(tmp_path, store):
    import cv2

    film = str(write_video(tmp_path / "a.mp4", grey_frames([90])))
    cv2.imwrite(image := str(tmp_path / "a.png"), grey_frames([90])[0])
    tensors = clip_tensors([film, image], face_stack(n_frames=4, **WHOLE), store=store, n_jobs=1)
    assert tensors.there.all() and tensors.take([0, 1]).shape == (2, 4, 16, 12)
    assert np.ptp(tensors.take([1])) == 0


def test_frames_without_a_face_take_the_nearest(tmp_path, monkeypatch):
    """The face is lost in frames 0 and 3 of five."""
    from emopipe import face
    from emopipe.face import cropping

    class Lost:
        status, counts, seconds = "ok", {"frames": 5, "faces": 3}, {}

        def __iter__(self):
            crops = np.stack([np.full((4, 3, 3), level, np.uint8) for level in (10, 20, 40)])
            yield face.FaceChunk(np.array([0.26, 0.44, 0.86]), crops, None)

    path = str(write_video(tmp_path / "a.mp4", grey_frames([90] * 25)))
    monkeypatch.setattr(cropping, "face_crops", lambda path, **arguments: Lost())
    [block] = prepare_crops(path, form="stack", n_frames=5, grey=True)
    assert block.rows[:, 0, 0].tolist() == [10, 10, 20, 40, 40]


def test_no_face(tmp_path, store):
    path = str(write_video(tmp_path / "a.mp4", grey_frames([90] * 3)))
    sound = wav(tmp_path, tone(0.5))
    tensors = clip_tensors([path, sound], face_stack(n_frames=2), store=store, n_jobs=1)
    assert tensors.statuses == ["no_face", "no_video"] and not tensors.there.any()


def test_bad_parameters(tmp_path):
    with pytest.raises(ValueError, match="detector='eye' is unknown; allowed: 'haar', 'yunet'"):
        face_stack(detector="eye")
    with pytest.raises(ValueError, match="n_frames=0"):
        face_stack(n_frames=0)
    with pytest.raises(ValueError, match="margin=-1"):
        face_stack(margin=-1)
    with pytest.raises(ValueError, match="detect_every=0"):
        face_stack(detect_every=0)
    with pytest.raises(FileNotFoundError):
        face_stack(detector="yunet", detector_model=tmp_path / "nothing.onnx")


def test_a_sine_stands_in_its_bin_at_its_level():
    levels = decibels(tone(1.0, frequency=2000, level=0.1), n_bins=193, hop=160)
    assert levels.shape == (193, (16000 - 384) // 160 + 1)
    assert (levels.argmax(axis=0) == 2000 / 16000 * 384).all()
    assert np.allclose(levels.max(axis=0), -20, atol=0.1)
    assert levels.min() >= FLOOR


def test_decibels_do_not_depend_on_how_windows_are_cut():
    samples = np.random.default_rng(0).standard_normal(16 * 4100).astype(np.float32)
    whole = decibels(samples, n_bins=17, hop=16)
    assert whole.shape[1] > 4096  # more than one part
    assert np.array_equal(whole[:, 4090:], decibels(samples[16 * 4090 :], n_bins=17, hop=16))


@pytest.mark.parametrize("seconds", [0.03, 0.5, 3.0])
def test_spectrograms_of_all_lengths_have_one_size(tmp_path, store, seconds):
    path = wav(tmp_path, tone(seconds, level=1.0, frequency=4000))
    picture = clip_tensors([path], spectrogram(), store=store, n_jobs=1).take([0])[0]
    assert picture.shape == (192, 120) and picture.dtype == np.uint8
    assert abs(int(picture[:, 60].argmax()) - 4000 / 16000 * 382) <= 1
    assert picture.max() >= 250  # 0 dB, less what lies between two bins


def test_loudness_stays_in_the_picture(tmp_path):
    paths = [wav(tmp_path, tone(0.5, level=level), f"{level}.wav") for level in (0.8, 0.08)]
    arguments = {"size": (64, 32), "sample_rate": 16000}
    loud, soft = (next(prepare_spectrogram(path, **arguments)).rows for path in paths)
    step = 120 / 255
    assert (int(loud.max()) - int(soft.max())) * step == pytest.approx(20, abs=2 * step)


def test_sounds_that_give_nothing(tmp_path, store):
    clips = {
        "silent": wav(tmp_path, np.zeros(8000, np.float32), "silent.wav"),
        "too_short": wav(tmp_path, tone(0.01), "short.wav"),
        "no_audio": str(write_video(tmp_path / "mute.mp4", grey_frames([9] * 3))),
        "ok": wav(tmp_path, tone(0.3), "good.wav"),
    }
    tensors = clip_tensors(list(clips.values()), spectrogram(), store=store, n_jobs=1)
    assert tensors.statuses == list(clips)
    assert tensors.there.tolist() == [False, False, False, True]
    assert "0.024 s" in tensors.details[1]


def test_tensors_are_kept_and_read_by_row(tmp_path, store):
    paths = [wav(tmp_path, tone(0.3, frequency=f), f"{f}.wav") for f in (500, 1000, 2000)]
    recipe = spectrogram(size=(64, 32))
    tensors = clip_tensors(paths, recipe, store=store, n_jobs=1)
    before = COUNTERS.copy()
    again = clip_tensors(paths[::-1], recipe, store=store, n_jobs=1)
    assert before == COUNTERS
    assert np.array_equal(tensors.take([2, 0, 0]), again.take(np.array([0, 2, 2])))
    assert len(tensors) == 3 and tensors.names[0] == again.names[2] != paths[0]
    in_memory = clip_tensors(paths, recipe, store=None, n_jobs=1)
    assert np.array_equal(in_memory.take([1, 2]), tensors.take([1, 2])) and in_memory.names == paths


def test_same_bytes_whatever_the_workers(tmp_path):
    paths = [wav(tmp_path, tone(0.3, frequency=f), f"{f}.wav") for f in (500, 1000, 2000)]
    extraction, two = (extract(paths, spectrogram(), store=None, n_jobs=jobs) for jobs in (1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(extraction.values, two.values, strict=True))


def test_nearest():
    assert nearest(np.array([1.0]), np.arange(3.0)).tolist() == [0, 0, 0]


def test_part_of_a_recording(tmp_path, store):
    samples = np.concatenate([tone(0.5, frequency=500), tone(0.5, frequency=3000)])
    path = wav(tmp_path, samples)
    tensors = clip_tensors([f"{path}#t=0.5,1.0"], spectrogram(), store=store, n_jobs=1).take([0])[0]
    assert abs(int(tensors[:, 60].argmax()) - 3000 / 16000 * 382) <= 1
    assert len(signal(path)) == 16000
