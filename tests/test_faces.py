import gc
import hashlib
import os
import sys
import threading
import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from clips import write_video
from hypothesis import given, settings
from hypothesis import strategies as st

from emopipe.face import (
    DETECTORS,
    FaceCrops,
    FaceTexture,
    crop,
    crops,
    detect,
    detector_models,
    detectors,
    face_crops,
    find_track,
    in_recipe,
    load_detector,
    model_digest,
)
from emopipe.face.tracking import overlap
from emopipe.media import ClipError, frames

YUNET = "models/face_detection_yunet_2026may.onnx"
SCENE = (120, 160)


# A detector that needs no faces: it finds red squares.


def square(image, left, top, side, seed=0):
    """Draw a "face": red, with a pattern of its own in green."""
    pattern = np.random.default_rng(seed).integers(0, 256, (4, 4)).repeat(64, 0).repeat(64, 1)
    pattern = pattern[np.ix_(np.arange(side) * 256 // side, np.arange(side) * 256 // side)]
    rows, columns = image.shape[:2]
    inside = image[max(top, 0) : top + side, max(left, 0) : left + side]
    inside[..., 0] = 255
    inside[..., 1] = pattern[max(-top, 0) :, max(-left, 0) :][
        : rows - max(top, 0), : columns - max(left, 0)
    ]
    return image


def find_squares(image):
    import cv2

    count, _, stats, _ = cv2.connectedComponentsWithStats((image[..., 0] > 200).astype(np.uint8))
    actual = np.full((count - 1, 15), np.nan, np.float32)
    actual[:, :4], actual[:, 4] = stats[1:, :4], 1
    return actual


@pytest.fixture(autouse=True)
def squares(monkeypatch):
    monkeypatch.setitem(DETECTORS, "squares", lambda model: find_squares)
    detectors._load.cache_clear()


def scene(*boxes):
    image = np.zeros((*SCENE, 3), np.uint8)
    for seed, box in enumerate(boxes):
        if box is not None:
            square(image, *box, seed=seed)
    return image


def film(folder, scenes, **options):
    options = {"codec": "ffv1", "pix_fmt": "bgr0", **options}
    return write_video(folder / "a.mkv", scenes, **options)


def whole(faces):
    """Return all chunks of `face_crops` as one: times, crops, boxes."""
    return tuple(np.concatenate(parts) for parts in zip(*faces, strict=True))


# Detecting


def test_unknown_names_and_wrong_images_are_told():
    image = np.zeros((40, 40, 3), np.uint8)
    with pytest.raises(ValueError, match=r"detector='hare'.*'haar', 'yunet', 'ssd', 'mtcnn', None"):
        detect(image, "hare")
    for wrong in (image[..., 0], image.astype(float), image[:0]):
        with pytest.raises(ValueError, match="uint8"):
            detect(wrong)


def test_nothing_is_found_where_nothing_is():
    noise = np.random.default_rng(0).integers(0, 256, (90, 120, 3)).astype(np.uint8)
    for image in (np.zeros((90, 120, 3), np.uint8), noise[:1, :1], noise[:3], np.zeros_like(noise)):
        boxes, points = detect(image, landmarks=True)
        assert boxes.shape == (0, 5) and boxes.dtype == np.float32
        assert points.shape == (0, 5, 2)


def test_without_a_detector_the_image_is_the_face():
    boxes, points = detect(np.zeros((30, 50, 3), np.uint8), None, landmarks=True)
    np.testing.assert_array_equal(boxes, [[0, 0, 50, 30, 1]])
    assert np.isnan(points).all()
    with pytest.raises(ValueError, match="model=None"):
        detect(np.zeros((30, 50, 3), np.uint8), None, model="x.onnx")


@pytest.mark.parametrize("detector", ["yunet", "ssd"])
def test_a_model_that_cannot_be_fetched_says_what_to_do(monkeypatch, detector):
    def fail(*args, **kwargs):
        raise OSError("no network")

    monkeypatch.setattr(detector_models, "download", fail)
    with pytest.raises(
        FileNotFoundError, match=r"no network.*https://.*sha256 \w{64}.*model=.*haar"
    ):
        load_detector(detector)


@pytest.mark.parametrize("detector", ["haar", "yunet", "ssd"])
def test_a_model_that_is_not_there_is_named(tmp_path, detector):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.bin"):
        load_detector(detector, tmp_path / "nowhere.bin")


@pytest.mark.parametrize("detector", ["haar", "yunet"])
def test_a_file_that_is_no_model_is_told_before_any_clip(tmp_path, detector):
    (tmp_path / "model.txt").write_text("none")
    with pytest.raises(ValueError, match=rf"model.txt' is not what detector='{detector}' needs"):
        in_recipe(detector, tmp_path / "model.txt")


def test_a_model_that_ends_its_process_is_refused(tmp_path):
    deep = "<a>" * 200_000 + "</a>" * 200_000
    text = f'<?xml version="1.0"?><opencv_storage>{deep}</opencv_storage>'
    (tmp_path / "deep.xml").write_text(text)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"deep\.xml' is not what detector='haar' needs: it"):
            in_recipe("haar", tmp_path / "deep.xml")
    usual = Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml"
    assert in_recipe("haar", usual)["places"] == {"model": str(usual.resolve())}


def test_checksums_are_pinned_and_files_are_told_apart(tmp_path):
    assert len(model_digest("yunet")) == len(model_digest("ssd")) == 64
    assert model_digest("haar") == model_digest(None) == ""
    (tmp_path / "own.onnx").write_bytes(b"own")
    assert model_digest("yunet", tmp_path / "own.onnx") == hashlib.sha256(b"own").hexdigest()


def test_detectors_are_loaded_once_per_thread(monkeypatch):
    loads = []

    def load(model):
        loads.append(model)
        return lambda image: find_squares(image)

    monkeypatch.setitem(DETECTORS, "squares", load)
    assert load_detector("squares") is load_detector("squares")
    load_detector("squares", "other")
    other = threading.Thread(target=load_detector, args=("squares",))
    other.start()
    other.join()
    assert loads == [None, "other", None]


def test_mtcnn_is_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "mtcnn", None)
    with pytest.raises(ImportError, match="pip install mtcnn"):
        load_detector("mtcnn")


def test_mtcnn_answers_in_pixels_of_the_image(monkeypatch):
    names = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
    sure = {"box": [10, 20, 30, 40], "confidence": 0.99, "keypoints": dict.fromkeys(names, (1, 2))}
    network = SimpleNamespace(detect_faces=lambda image: [sure, sure | {"confidence": 0.5}])
    monkeypatch.setitem(sys.modules, "mtcnn", SimpleNamespace(MTCNN=lambda: network))
    boxes, points = detect(np.zeros((960, 720, 3), np.uint8), "mtcnn", landmarks=True)
    np.testing.assert_allclose(boxes, [[20, 40, 60, 80, 0.99]])
    np.testing.assert_allclose(points, [[[2, 4]] * 5])


def test_ssd_answers_in_pixels_of_the_image(monkeypatch, tmp_path):
    import cv2

    actual = np.zeros((1, 1, 2, 7), np.float32)
    actual[0, 0, :, 2] = 0.9, 0.2
    actual[0, 0, 0, 3:] = 0.25, 0.5, 0.5, 0.75
    network = SimpleNamespace(setInput=lambda blob: None, forward=lambda: actual)
    monkeypatch.setattr(cv2.dnn, "readNetFromCaffe", lambda layers, weights: network)
    for name in ("deploy.prototxt", "weights.caffemodel"):
        (tmp_path / name).touch()
    image = np.zeros((800, 1000, 3), np.uint8)
    boxes = detect(image, "ssd", model=tmp_path / "weights.caffemodel")
    np.testing.assert_allclose(boxes, [[250, 400, 250, 200, 0.9]])


def test_importing_faces_is_light():
    import subprocess

    code = "import sys, emopipe.face; print({'av', 'cv2', 'tensorflow'} & set(sys.modules))"
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout.strip() == "set()"


# Cropping


@settings(max_examples=60, deadline=None)
@given(
    corner=st.tuples(st.floats(-80, 160), st.floats(-80, 160)),
    sides=st.tuples(st.floats(0.5, 200), st.floats(0.5, 200)),
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    margin=st.floats(0, 1),
    tilted=st.booleans(),
)
def test_crops_have_their_size_wherever_the_box_is(corner, sides, size, margin, tilted):
    image = np.full((70, 90, 3), (10, 200, 30), np.uint8)
    points = np.random.default_rng(0).uniform(0, 60, (5, 2)) if tilted else None
    face = crop(image, (*corner, *sides), size=size, margin=margin, landmarks=points)
    assert face.shape == (*size, 3) and face.dtype == np.uint8
    assert np.abs(face.astype(int) - image[0, 0]).max() <= 1


def test_a_box_of_the_same_size_is_cut_out_unchanged():
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    face = crop(image, (20, 10, 24, 32), size=(32, 24), margin=0.0)
    np.testing.assert_array_equal(face, image[10:42, 20:44])


def test_nothing_is_stretched_and_margins_are_shares_of_the_box():
    image = np.zeros((100, 100, 3), np.uint8)
    image[40:60, 40:60] = 255
    face = crop(image, (40, 40, 20, 20), size=(120, 60), margin=0.5)
    assert (face[..., 0] > 127).any(axis=1).sum() == (face[..., 0] > 127).any(axis=0).sum() == 30


def test_borders_are_repeated():
    image = np.zeros((40, 40, 3), np.uint8)
    image[:, 0] = 255
    face = crop(image, (-20, 0, 40, 40), size=(40, 40), margin=0.0)
    assert (face[:, :20] == 255).all() and not face[:, 21:].any()


def test_shrinking_averages():
    image = np.zeros((128, 128, 3), np.uint8)
    image[::2] = 200
    assert np.abs(crop(image, (0, 0, 128, 128), size=(32, 32), margin=0.0) - 100.0).max() <= 1


@pytest.mark.parametrize("angle", [-40, -15, 0, 20, 60])
def test_aligned_eyes_are_level(angle):
    import cv2

    image = np.zeros((200, 200, 3), np.uint8)
    turn = np.deg2rad(angle)
    offset = 30 * np.array([np.cos(turn), np.sin(turn)])
    points = np.array([100 - offset, 100 + offset, *[(100, 100)] * 3])
    for point in points[:2]:
        cv2.circle(image, tuple(int(value) for value in point.round()), 5, (255, 255, 255), -1)
    face = crop(image, (50, 50, 100, 100), size=(100, 100), margin=0.0, landmarks=points)
    rows, columns = np.nonzero(face[..., 0] > 127)
    left, right = rows[columns < 50], rows[columns >= 50]
    assert left.mean() == pytest.approx(right.mean(), abs=1.5)
    assert columns[columns >= 50].mean() - columns[columns < 50].mean() == pytest.approx(60, abs=2)


@settings(max_examples=30, deadline=None)
@given(
    angle=st.floats(-np.pi, np.pi),
    scale=st.floats(0.2, 4),
    shift=st.tuples(*[st.floats(-50, 50)] * 2),
)
def test_landmarks_come_to_their_place_by_a_turn_a_scale_and_a_shift(angle, scale, shift):
    """A face that is the template, turned, comes back; the least squares are numpy's own."""
    template = crops._TEMPLATE * 112
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    points = template @ turn.T + shift
    back = crops._similarity(points, template)
    np.testing.assert_allclose(points @ back[:, :2].T + back[:, 2], template, atol=1e-6)
    noisy = points + np.random.default_rng(0).normal(size=(5, 2))
    rows = [[(x, -y, 1, 0), (y, x, 0, 1)] for x, y in noisy]
    exact = np.linalg.lstsq(np.concatenate(rows), template.ravel(), rcond=None)[0]
    actual = crops._similarity(noisy, template)
    np.testing.assert_allclose([actual[0, 0], actual[1, 0], *actual[:, 2]], exact, atol=1e-6)


@pytest.mark.parametrize("scale", [0.4, 1.0, 3.0])
def test_aligned_crops_show_each_landmark_at_its_place(scale):
    points = (crops._TEMPLATE * 112 * scale + 20).round()
    image = np.zeros((round(112 * scale) + 60,) * 2 + (3,), np.uint8)
    for number, (x, y) in enumerate(points.astype(int)):
        cut = max(1, round(2 * scale))
        image[y - cut : y + cut + 1, x - cut : x + cut + 1] = 50 * (number + 1)
    face = crops.align(image, points)
    for number, (x, y) in enumerate((crops._TEMPLATE * 112).round().astype(int)):
        assert abs(int(face[y, x, 0]) - 50 * (number + 1)) < 25


def test_alignment_needs_a_detector_that_finds_eyes():
    with pytest.raises(ValueError, match=r"faces.align='landmarks' needs the eyes: set faces.det"):
        FaceTexture(faces=FaceCrops(align="landmarks"))._recipe()
    with pytest.raises(ValueError, match=r"faces.align='eyes' must be None, True or 'landmarks'"):
        FaceTexture(faces=FaceCrops(detector="yunet", align="eyes"))._recipe()


def test_points_that_are_not_there_turn_nothing():
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3)).astype(np.uint8)
    plain = crop(image, (10, 10, 30, 30))
    np.testing.assert_array_equal(
        crop(image, (10, 10, 30, 30), landmarks=np.full((5, 2), np.nan)), plain
    )
    with pytest.raises(ValueError, match="no area"):
        crop(image, (10, 10, 0, 30))


# The track


def walk(n, step=2.0):
    """Return times (25 per second) and boxes of a face that wanders."""
    rng = np.random.default_rng(n)
    path = np.cumsum(rng.normal(0, step, (n, 2)), axis=0) + 200
    return np.arange(n) / 25, np.hstack([path, np.full((n, 2), 50) + rng.normal(0, 1, (n, 2))])


def test_a_face_that_moves_stays_trusted():
    times, boxes = walk(100, step=4.0)
    assert find_track(times, boxes).all()
    across = np.hstack([np.linspace(0, 600, 100)[:, None], np.tile([50, 40, 40], (100, 1))])
    assert find_track(times, across).all()
    nearer = np.tile([100, 100, 30, 30], (100, 1)) * np.linspace(1, 5, 100)[:, None]
    assert find_track(times, nearer).all()


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_false_boxes_are_not_trusted(data):
    n = data.draw(st.integers(12, 60))
    times, boxes = walk(n)
    false = data.draw(st.lists(st.integers(0, n - 1), max_size=n // 4, unique=True))
    for index in false:
        away = data.draw(st.floats(120, 1000)) * data.draw(st.sampled_from([-1, 1]))
        boxes[index, :2] += away
        boxes[index, 2:] *= data.draw(st.floats(0.3, 2))
    np.testing.assert_array_equal(find_track(times, boxes), ~np.isin(np.arange(n), false))


def test_boxes_of_another_size_are_not_trusted():
    times, boxes = walk(20)
    boxes[5] += (-40, -40, 80, 80)
    boxes[9] += (15, 15, -30, -30)
    assert np.flatnonzero(~find_track(times, boxes)).tolist() == [5, 9]


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(40)), st.floats(0.1, 10), st.floats(-500, 500))
def test_order_scale_and_origin_do_not_matter(order, scale, shift):
    times, boxes = walk(25)
    rng = np.random.default_rng(1)
    wall = np.hstack([rng.uniform(0, 900, (15, 2)), rng.uniform(20, 60, (15, 1)).repeat(2, 1)])
    times, boxes = np.append(times, times[:15]), np.vstack([boxes, wall])
    mask = find_track(times, boxes)
    np.testing.assert_array_equal(find_track(times[order], boxes[order]), mask[order])
    moved = boxes * scale + (shift, shift, 0, 0)
    np.testing.assert_array_equal(find_track(times, moved), mask)
    assert max(np.unique(times[mask], return_counts=True)[1]) == 1


def test_merits_decide_between_two_tracks():
    times, boxes = walk(30)
    both = np.vstack([boxes, boxes + (300, 0, 0, 0)])
    first = np.repeat([True, False], 30)
    np.testing.assert_array_equal(find_track(np.tile(times, 2), both, np.where(first, 2, 1)), first)
    np.testing.assert_array_equal(
        find_track(np.tile(times, 2), both, np.where(first, 1, 2)), ~first
    )


def test_no_boxes_and_one_box():
    assert find_track([], np.empty((0, 4))).shape == (0,)
    assert find_track([3.0], [(1, 2, 30, 30)]).tolist() == [True]


def test_overlap():
    boxes = [(0, 0, 10, 10), (5, 0, 10, 10), (50, 50, 10, 10)]
    np.testing.assert_allclose(overlap(boxes, boxes[:2]), [[1, 1 / 3], [1 / 3, 1], [0, 0]])


# From the clip to the crops


def test_every_face_is_cropped_at_its_time(tmp_path):
    path = film(tmp_path, [scene((20 + i, 30, 40)) for i in range(30)])
    faces = face_crops(path, detector="squares", size=(48, 32), margin=0.0, chunk=7)
    chunks = list(faces)
    assert [len(chunk.times) for chunk in chunks] == [7, 7, 7, 7, 2]
    times, crops, boxes = whole(chunks)
    np.testing.assert_allclose(times, np.arange(30) / 25, atol=1e-3)
    assert crops.shape == (30, 48, 32, 3) and crops.dtype == np.uint8
    np.testing.assert_array_equal(boxes[:, :4], [(20 + i, 30, 40, 40) for i in range(30)])
    assert np.abs(np.diff(crops.astype(int), axis=0)).mean() < 2
    assert faces.counts == {
        "frames": 30, "faces": 30, "dropped": 0, "several": 0, "detections": 30
    }  # fmt: skip
    assert faces.status == "ok" and faces.faults == []
    assert all(seconds >= 0 for seconds in faces.seconds.values())


def test_counts_are_the_return_value():
    def outer(path):
        return (yield from face_crops(path, detector=None))

    def run(path):
        iterator = outer(path)
        while True:
            try:
                next(iterator)
            except StopIteration as stop:
                return stop.value

    import tempfile

    import cv2

    with tempfile.TemporaryDirectory() as folder:
        cv2.imwrite(f"{folder}/a.png", np.zeros((9, 9, 3), np.uint8))
        assert run(f"{folder}/a.png")["faces"] == 1


@pytest.mark.parametrize("chunk", [10, 256])
def test_a_false_face_on_the_wall_is_dropped_and_counted(tmp_path, chunk):
    wall = (110, 5, 45)  # larger than the face
    face = (30, 50, 40)
    scenes = [scene(None, wall) if i in (7, 8) else scene(face) for i in range(30)]
    scenes[20] = scene(face, wall)
    faces = face_crops(film(tmp_path, scenes), detector="squares", chunk=chunk)
    times, _, boxes = whole(faces)
    assert len(times) == 28
    assert (boxes[:, 0] == 30).all()
    assert faces.counts["dropped"] == 2 and faces.counts["several"] == 1
    everything = face_crops(film(tmp_path, scenes), detector="squares", policy="all")
    _, _, boxes = whole(everything)
    assert (boxes[:, 0] == 110).sum() == 3
    assert everything.counts["dropped"] == 0 and everything.counts["faces"] == 30


def test_a_false_face_at_the_start_of_a_short_last_window_is_dropped(tmp_path):
    scenes = [scene((30, 50, 40))] * 20 + [scene((115, 5, 42))] * 2 + [scene((30, 50, 40))]
    faces = face_crops(film(tmp_path, scenes), detector="squares", chunk=20)
    _, _, boxes = whole(faces)
    assert len(boxes) == 21 and (boxes[:, 0] == 30).all()
    assert faces.counts["dropped"] == 2


def test_another_shot_in_the_next_window_has_its_own_track(tmp_path):
    scenes = [scene((5, 5, 40))] * 20 + [scene((100, 60, 50))] * 20
    _, _, boxes = whole(face_crops(film(tmp_path, scenes), detector="squares", chunk=20))
    assert len(boxes) == 40


def test_a_track_in_few_frames_is_no_face(tmp_path):
    scenes = [scene()] * 30 + [scene((30, 50, 40))] + [scene()] * 29
    faces = face_crops(film(tmp_path, scenes), detector="squares")
    with pytest.raises(ClipError, match="60 frames, 1 of them") as caught:
        list(faces)
    assert caught.value.status == "no_face"
    (chunk,) = face_crops(film(tmp_path, scenes), detector="squares", policy="all")
    assert len(chunk.times) == 1


@pytest.mark.parametrize(("choose", "left"), [("largest", 100), ("central", 60)])
def test_rules_choose_between_people(tmp_path, choose, left):
    scenes = [scene((60, 45, 30), (100, 60, 50))] * 5
    for policy in ("track", "all"):
        faces = face_crops(film(tmp_path, scenes), detector="squares", choose=choose, policy=policy)
        _, _, boxes = whole(faces)
        assert (boxes[:, 0] == left).all()
        assert faces.counts["several"] == 5


def test_frames_that_are_sampled_twice_are_detected_once(tmp_path):
    path = film(tmp_path, [scene((20, 30, 40)), scene((26, 30, 40))])
    faces = face_crops(path, detector="squares", n_frames=7)
    times, crops, boxes = whole(faces)
    assert len(times) == len(crops) == len(boxes) == 7
    assert faces.counts["detections"] == 2
    assert faces.counts["frames"] == faces.counts["faces"] == 7


def test_sampling_is_that_of_frames(tmp_path):
    path = film(tmp_path, [scene((20 + i, 30, 40)) for i in range(25)])
    for sampling in ({"n_frames": 4}, {"fps": 5}, {"times": [0.1, 0.5]}):
        times, _, _ = whole(face_crops(path, detector="squares", **sampling))
        assert times.tolist() == [time for time, _ in frames(path, **sampling)]


def test_nothing_found_anywhere(tmp_path):
    faces = face_crops(film(tmp_path, [scene()] * 3), detector="squares")
    with pytest.raises(ClipError) as caught:
        list(faces)
    assert caught.value.status == "no_face"
    assert faces.counts["frames"] == 3


def test_without_a_detector_the_frame_is_the_crop(tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (40, 40, 3)).astype(np.uint8)
    (chunk,) = face_crops(film(tmp_path, [image]), detector=None, size=(40, 40))
    np.testing.assert_array_equal(chunk.crops[0], image)


def test_damage_is_passed_on(tmp_path):
    path = film(tmp_path, [scene((20 + i, 30, 40)) for i in range(60)])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    faces = face_crops(path, detector="squares")
    assert 0 < len(whole(faces)[0]) < 60
    assert faces.status == "partial"


def test_parameters_are_checked_at_once(tmp_path):
    path = film(tmp_path, [scene()])
    for bad, message in {
        ("choose", "best"): "'largest', 'central'",
        ("policy", "none"): "'track', 'all'",
        ("detect_every", 0): "detect_every=0",
        ("chunk", 1.5): "chunk=1.5",
        ("size", (0, 5)): "size=",
        ("margin", -1): "margin=-1",
        ("detector", "hare"): "hare",
    }.items():
        with pytest.raises(ValueError, match=message):
            face_crops(path, **dict([bad]))
    with pytest.raises(FileNotFoundError, match="nowhere"):
        face_crops(tmp_path / "nowhere.mp4")


def test_abandoned_crops_close_the_file(tmp_path):
    path = film(tmp_path, [scene((20, 30, 40))] * 40)
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    faces = face_crops(path, detector="squares", chunk=2)
    next(faces)
    assert len(os.listdir("/proc/self/fd")) > before
    faces.close()
    assert len(os.listdir("/proc/self/fd")) == before
    faces = face_crops(path, detector="squares", chunk=2)
    next(faces)
    del faces
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before


def test_memory_does_not_grow_with_the_clip(tmp_path):
    path = film(tmp_path, (scene((20 + i % 50, 30, 40)) for i in range(300)))

    def peak(n):
        gc.collect()
        tracemalloc.start()
        for _ in face_crops(path, detector="squares", chunk=8, times=np.arange(n) / 25):
            pass
        top = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return top

    peak(10)
    assert peak(300) < peak(50) * 1.2


# Detecting less often


def compare(path, every, **options):
    dense = face_crops(path, detector="squares", **options)
    sparse = face_crops(path, detector="squares", detect_every=every, **options)
    times, _, boxes = whole(dense)
    other_times, _, others = whole(sparse)
    np.testing.assert_array_equal(times, other_times)
    shared = overlap(boxes, others).diagonal()
    return shared, sparse.counts["detections"] / dense.counts["detections"]


@pytest.mark.parametrize("every", [2, 5, 10])
def test_following_saves_detections(tmp_path, every):
    positions = 40 + 30 * np.sin(np.arange(61) / 30)
    path = film(tmp_path, [scene((int(x), 30, 40)) for x in positions])
    shared, share = compare(path, every)
    assert shared.min() >= 0.8
    assert share <= 1.4 / every


def test_what_moves_too_fast_is_detected(tmp_path):
    rng = np.random.default_rng(0)
    positions = np.cumsum(rng.choice([-12, 12], 41)) % 90
    shared, share = compare(
        film(tmp_path, [scene((int(x), 30, 40)) for x in positions]), 4, policy="all"
    )
    assert shared.min() >= 0.8
    assert share > 0.5


def test_someone_else_in_between_is_noticed(tmp_path):
    def draw(i):
        return scene(None, (90, 60, 40)) if 12 <= i < 18 else scene((20, 30, 40))

    path = film(tmp_path, [draw(i) for i in range(31)])
    shared, share = compare(path, 10, policy="all")
    assert shared.min() >= 0.8
    assert share < 1


def test_a_face_that_comes_and_goes(tmp_path):
    scenes = [scene((20, 30, 40)) if 7 <= i < 23 else scene() for i in range(30)]
    shared, share = compare(film(tmp_path, scenes), 6)
    assert shared.min() >= 0.8
    assert share < 0.7


@pytest.mark.parametrize("every", [1, 3, 7, 50])
def test_the_last_frames_are_never_lost(tmp_path, every):
    for n in (1, 2, 9):
        path = film(tmp_path, [scene((20, 30, 40))] * n)
        assert len(whole(face_crops(path, detector="squares", detect_every=every))[0]) == n


# Drawn and real faces


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    from emopipe.synthetic import make_synthetic_corpus

    root = tmp_path_factory.mktemp("drawn")
    make_synthetic_corpus(
        root, layout="ravdess", subjects=2, emotions=["anger", "happiness"], duration=0.6
    )
    return sorted(root.rglob("01-*.mp4"))[:4]


def test_the_default_detector_finds_drawn_faces(drawn):
    assert drawn
    for path in drawn:
        faces = face_crops(path, detect_every=2)
        (chunk,) = faces
        assert faces.counts["faces"] >= 0.95 * faces.counts["frames"]
        assert chunk.crops.shape[1:] == (224, 224, 3)


def count_faces(path, **options):
    faces = face_crops(path, **options)
    for _ in faces:
        pass
    return faces.counts


@pytest.mark.shared
@pytest.mark.parametrize("detector", ["haar", "yunet"])
def test_faces_of_cremad_clips(shared_data, detector):
    model = shared_data / YUNET if detector == "yunet" else None
    paths = sorted((shared_data / "cremad" / "VideoFlash").glob("*.flv"))
    assert len(paths) == 6
    for path in paths:
        counts = count_faces(path, detector=detector, model=model, fps=6)
        assert counts["faces"] >= 0.95 * counts["frames"]
        assert counts["several"] == 0


@pytest.mark.shared
def test_following_real_faces(shared_data):
    path = sorted((shared_data / "cremad" / "VideoFlash").glob("*.flv"))[3]
    options = {"detector": "yunet", "model": shared_data / YUNET}
    _, _, boxes = whole(face_crops(path, **options))
    faces = face_crops(path, detect_every=5, **options)
    _, _, others = whole(faces)
    assert overlap(boxes, others).diagonal().min() >= 0.8
    assert faces.counts["detections"] < len(boxes) / 4


@pytest.mark.shared
def test_photographs_and_chimeric_clips(shared_data):
    model = shared_data / YUNET
    for path in sorted((shared_data / "london_faces" / "smiling").glob("*.jpg"))[::8]:
        ((_, image),) = frames(path)
        haar, yunet = detect(image), detect(image, "yunet", model=model)
        assert len(haar) == len(yunet) == 1
        assert overlap(haar, yunet)[0, 0] > 0.6
    for path in sorted((shared_data / "chimeric").rglob("*.mp4"))[::64]:
        counts = count_faces(path, fps=3)
        assert counts["faces"] >= 0.95 * counts["frames"]


@pytest.mark.shared
def test_small_faces_are_looked_for_where_no_large_one_is_sure(shared_data):
    import cv2

    path = min((shared_data / "london_faces" / "neutral").glob("*.jpg"))
    ((_, image),) = frames(path)
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_alt2.xml")

    def draw(*sides):
        """Return a frame of 480 x 640 with the photograph at some sizes, side by side."""
        frame, left = np.full((480, 640, 3), 128, np.uint8), 0
        for side in sides:
            frame[:side, left : left + side] = cv2.resize(image, (side, side))
            left += side
        return frame

    large, small = detect(draw(440)), detect(draw(150))
    assert len(large) == len(small) == 1
    assert large[0, 2] > 0.3 * 480 and 0.1 * 480 < small[0, 2] < 0.2 * 480
    np.testing.assert_allclose(detect(draw(440, 150))[:, :4], large[:, :4], atol=4)
    grey = cv2.equalizeHist(cv2.cvtColor(cv2.resize(draw(440), (320, 240)), cv2.COLOR_RGB2GRAY))
    whole = 2 * cascade.detectMultiScale(grey, 1.1, 3, 0, (24, 24))[0].astype(float)
    assert overlap(np.append(whole, 1)[None], large)[0, 0] > 0.95


@pytest.mark.shared
def test_yunet_gives_points_in_the_image_at_any_scale(shared_data):
    import cv2

    path = min((shared_data / "london_faces" / "neutral").glob("*.jpg"))
    ((_, image),) = frames(path)
    options = {"detector": "yunet", "model": shared_data / YUNET, "landmarks": True}
    boxes, points = detect(image, **options)
    large, far = detect(cv2.resize(image, None, fx=3, fy=3), **options)
    assert overlap(boxes * 3, large)[0, 0] > 0.9
    np.testing.assert_allclose(far, points * 3, atol=20)
    left, right, nose, mouth_left, mouth_right = points[0]
    assert left[0] < nose[0] < right[0] and mouth_left[0] < mouth_right[0]
    assert left[1] < nose[1] < mouth_left[1]


@pytest.mark.shared
def test_tilted_faces_are_levelled(shared_data, tmp_path):
    import cv2

    path = min((shared_data / "london_faces" / "neutral").glob("*.jpg"))
    ((_, image),) = frames(path)
    turn = cv2.getRotationMatrix2D((256, 256), 25, 1)
    tilted = cv2.warpAffine(image, turn, (512, 512), borderMode=cv2.BORDER_REPLICATE)
    cv2.imwrite(str(tmp_path / "a.png"), tilted[..., ::-1])
    options = {"detector": "yunet", "model": shared_data / YUNET}
    (chunk,) = face_crops(tmp_path / "a.png", align=True, margin=0.5, **options)
    _, ((left, right, *_),) = detect(chunk.crops[0], landmarks=True, **options)
    assert abs(np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0]))) < 4
