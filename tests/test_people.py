"""People in a clip, and who speaks: numbers first, two real faces for the whole way."""

import numpy as np
import pytest
from clips import write_video
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline

from emopipe import FaceCrops, FaceTexture, ShortTermStatistics, predict
from emopipe.face import detect, face_crops
from emopipe.face.people import (
    _correlation,
    _lips,
    _motion,
    find_people,
    separate_tracks,
    voice_level,
)
from emopipe.media import ClipError, frames, signal

YUNET = "models/face_detection_yunet_2026may.onnx"


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(2, 12), st.integers(0, 99))
def test_each_person_has_a_track_whatever_the_order_of_boxes(people, n_frames, seed):
    rng = np.random.default_rng(seed)
    who = np.tile(np.arange(people), n_frames)
    times = np.repeat(np.arange(n_frames) / 25, people)
    boxes = np.column_stack([200.0 * who + rng.uniform(-3, 3, len(who)), 50 + 0 * who])
    boxes = np.column_stack([boxes, np.full((len(who), 2), 60.0)])
    order = rng.permutation(len(who))
    tracks = separate_tracks(times[order], boxes[order])
    assert sorted(who[order][rows].tolist() for rows in tracks) == [
        [n] * n_frames for n in range(people)
    ]


def test_a_second_box_on_a_face_is_nobody_else():
    times = np.repeat(np.arange(10) / 25, 2)
    boxes = np.tile([[50.0, 50, 40, 40], [52, 51, 39, 39]], (10, 1))
    [rows] = separate_tracks(times, boxes)
    assert len(rows) == 10


def test_the_level_of_a_voice_is_its_power_in_decibels():
    tone = np.sin(2 * np.pi * 200 * np.arange(16000) / 16000)
    samples = np.concatenate([0.1 * tone, tone, 0 * tone])
    levels = voice_level(samples, np.array([0.5, 1.5, 2.5, 99.0]))
    np.testing.assert_allclose(levels, [0.5, 1.0, 0.0, 0.0], atol=0.01)


def test_motion_that_goes_with_the_voice_is_told_from_motion_that_does_not():
    rng = np.random.default_rng(0)
    times = np.arange(75) / 25
    speech = (times % 1) < 0.6
    samples = np.repeat(speech, 640) * rng.normal(size=75 * 640)
    noise = rng.uniform(0, 0.3, (2, 75))
    assert _correlation(times, speech + noise[0], samples) > 0.8
    assert _correlation(times, np.roll(speech, 10) + noise[1], samples) < 0.3
    assert _correlation(times, np.zeros(75), samples) == 0.0


def test_eyes_that_move_with_the_voice_hide_no_lips():
    rng = np.random.default_rng(0)
    times = np.arange(75) / 25
    speech = (times % 1) < 0.6
    samples = np.repeat(speech, 640) * rng.normal(size=75 * 640)
    points = np.array([[40, 50], [88, 50], [64, 70], [48, 95], [80, 95]], np.float32)
    face = rng.integers(60, 180, (128, 128, 3))
    lips = []
    for moves in speech:
        image = face.copy()
        for rows in (slice(35, 65), slice(80, 110)):
            image[rows] += rng.integers(-60, 61, image[rows].shape) * moves
        lips.append(_lips(image.astype(np.uint8), points))
    motion = _motion(lips)
    assert motion[0] == 0 and _correlation(times, motion, samples) > 0.8


def test_mouths_need_landmarks(tmp_path):
    with pytest.raises(ValueError, match="detector='haar' gives boxes alone"):
        find_people(tmp_path / "a.mp4", detector="haar")


def open_mouth(image, points, amount):
    """Return the face with the lower lip and chin drawn down, dark between the lips."""
    import cv2

    middle, eyes = points[3:].mean(axis=0), np.hypot(*(points[1] - points[0]))
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    fall = np.exp(-(((x - middle[0]) / (0.6 * eyes)) ** 2))
    fall *= (y > middle[1]) * np.exp(-np.maximum(0, y - middle[1] - eyes / 2) / (0.3 * eyes))
    drop = amount * 0.25 * eyes
    image = cv2.remap(image, x, (y - drop * fall).astype(np.float32), cv2.INTER_LINEAR)
    between = np.abs(y - middle[1] - drop / 2) < 0.45 * drop
    image[between & (np.abs(x - middle[0]) < 0.4 * eyes)] = 9
    return image


def _check_crops_and_answers(path, people, yunet):
    """Crops and answers are those of the person who was asked for, and of nobody else."""
    speaker = int(np.argmax([person.speaking for person in people]))
    whole = {}
    for who in ("speaking", 0, 1):
        chunks = list(face_crops(path, detector="yunet", model=yunet, choose=who, size=(32, 32)))
        whole[who] = np.concatenate([chunk.boxes[:, 0] for chunk in chunks])
        person = people[speaker if who == "speaking" else who]
        assert np.abs(whole[who] - person.boxes[:, 0].mean()).max() < 20
    with pytest.raises(ClipError, match="person 2 of 2, counted from 0"):
        list(face_crops(path, detector="yunet", model=yunet, choose=2))
    faces = FaceCrops(detector="yunet", detector_model=yunet)
    model = make_pipeline(FaceTexture(faces=faces, store=None, n_jobs=1), GaussianNB())
    others = [FaceCrops(detector="yunet", detector_model=yunet, prefer=n) for n in (0, 1)]
    rows = [FaceTexture(faces=f, store=None, n_jobs=1).transform([path])[0] for f in others]
    X = np.concatenate(
        [row + np.random.default_rng(0).normal(0, 0.01, (4, len(row))) for row in rows]
    )
    model[-1].fit(X, np.repeat(["left", "right"], 4))
    answers = [predict(model, [path], person=n, n_jobs=1).clips[0].whole.emotion for n in (0, 1)]
    assert answers == ["left", "right"] and model[0].faces is faces
    spoken = predict(model, [path], person="speaking", n_jobs=1).clips[0].whole.emotion
    assert spoken == answers[speaker]
    missing = predict(model, [path], person=2, n_jobs=1).clips[0].whole
    assert missing.emotion is None and missing.status == "no_face"
    with pytest.raises(ValueError, match="person=0 counts the people of a whole clip"):
        predict(model, [path], person=0, window=1.0)


def test_wrong_people_are_refused_in_words():
    with pytest.raises(
        ValueError, match=r"faces\.prefer='speaking' looks at mouths: set faces\.det"
    ):
        FaceTexture(faces=FaceCrops(prefer="speaking")).fit(["a.mp4"])
    for who in (-1, "loudest", True):
        with pytest.raises(ValueError, match=r"faces\.prefer=.* 'speaking'"):
            FaceTexture(faces=FaceCrops(detector="yunet", prefer=who)).fit(["a.mp4"])
    voice = make_pipeline(ShortTermStatistics(store=None), GaussianNB())
    voice[-1].fit(np.zeros((2, 68)) + [[0], [1]], ["anger", "joy"])
    with pytest.raises(ValueError, match="person=0: this model looks at no faces"):
        predict(voice, [__file__], person=0)


@pytest.mark.shared
def test_the_speaker_is_the_one_whose_mouth_goes_with_the_voice(shared_data, tmp_path):
    """Two faces side by side; the other mouth moves by the same voice half a clip later."""
    detector = {"model": shared_data / YUNET, "landmarks": True}
    pictures = sorted((shared_data / "london_faces" / "neutral").glob("*.jpg"))[:2]
    images = [next(iter(frames(path)))[1][::2, ::2] for path in pictures]
    points = [detect(image, "yunet", **detector)[1][0] for image in images]
    voice = signal(min((shared_data / "ravdess" / "Actor_01").glob("*.wav")))
    times = np.arange(0, len(voice) / 16000, 0.04)
    level = voice_level(voice, times)
    for speaker in (0, 1):
        later = np.roll(level, len(level) // 2)
        levels = [level, later] if speaker == 0 else [later, level]
        film = [
            np.concatenate(
                [
                    open_mouth(images[n], points[n], levels[n][k] * (0.5 + 0.5 * np.sin(28 * time)))
                    for n in (0, 1)
                ],
                axis=1,
            )
            for k, time in enumerate(times)
        ]
        path = write_video(tmp_path / f"{speaker}.mp4", film, sound=voice)
        people = find_people(path, detector_model=shared_data / YUNET)
        assert len(people) == 2 and min(len(person.times) for person in people) > 0.9 * len(times)
        best = max(people, key=lambda person: person.speaking)
        assert (best.boxes[:, 0].mean() > images[0].shape[1]) == bool(speaker)
    _check_crops_and_answers(path, people, shared_data / YUNET)
    silent = write_video(tmp_path / "silent.mp4", film[:20])
    assert np.isnan(find_people(silent, detector_model=shared_data / YUNET)[0].speaking)
    wall = write_video(tmp_path / "wall.mp4", [np.full((96, 96, 3), 99, np.uint8)] * 10)
    with pytest.raises(ClipError, match="no face stays"):
        find_people(wall, detector_model=shared_data / YUNET)
