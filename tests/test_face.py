import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from clips import write_video
from path_estimator_contract import check_path_transformer
from sklearn.base import clone
from weight_files import mini_xception_arrays, vggface_arrays, write, write_deepface

from emopipe.backbones import vggface
from emopipe.backbones.mini_xception import EMOTIONS
from emopipe.backbones.vgg_graph import Architecture
from emopipe.backbones.weights import WeightsError, checksum
from emopipe.extraction import COUNTERS
from emopipe.face import (
    BlendshapeFeatures,
    FaceCrops,
    FaceTexture,
    MiniXceptionFeatures,
    ONNXFaceFeatures,
    VGGFaceFeatures,
)
from emopipe.face.texture import binary_patterns, gradient_histograms

SMALL = Architecture(size=16, depths=(1, 2), widths=(6, 8), units=(24, 20, 10))
YUNET = "models/face_detection_yunet_2026may.onnx"
LANDMARKER = "models/face_landmarker_v2_with_blendshapes.task"
SIDES = ("Left", "Right")
MINI = "models/fer2013_mini_XCEPTION.102-0.66.hdf5"
COUNTED = ("prepared", "finished")
WHOLE = FaceCrops(detector=None, fps="all")


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(vggface, "ARCHITECTURE", SMALL)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Return three videos of 9, 5 and 12 noisy frames at 10 per second."""
    folder = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(0)
    return [
        str(
            write_video(
                folder / f"{i}.mp4",
                rng.integers(0, 256, (n, 8, 12, 3), np.uint8).repeat(8, 1).repeat(8, 2),
                fps=10,
            )
        )
        for i, n in enumerate((9, 5, 12))
    ]


@pytest.fixture(scope="module")
def mini_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "mini.hdf5"
    return write(path, mini_xception_arrays(), root="model_weights")


@pytest.fixture(scope="module")
def onnx_file(tmp_path_factory):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from onnx_models import mlp

    return mlp(tmp_path_factory.mktemp("onnx") / "tiny.onnx", ("n", 3, 12, 10))[0]


def random_vggface(**arguments):
    # No detector: what these tests are about begins where a face was found.
    faces = FaceCrops(detector=None, **arguments.pop("faces", {}))
    return VGGFaceFeatures(**{"weights": "random", "faces": faces, "n_jobs": 1} | arguments)


def test_vggface_features_keep_the_contract(clips):
    check_path_transformer(random_vggface(batch_size=3, faces={"n_frames": 4}), clips)


def test_mini_xception_features_keep_the_contract(clips, mini_file):
    check_path_transformer(
        MiniXceptionFeatures(weights=mini_file, faces=WHOLE, batch_size=2), clips
    )


def test_face_texture_keeps_the_contract(clips):
    check_path_transformer(FaceTexture(faces=WHOLE, batch_size=2), clips)


def test_face_texture_is_blind_to_light_and_sees_edges():
    steps = np.zeros((1, 64, 64, 3), np.uint8)
    steps[:, :, 32:] = 100
    plain, brighter = gradient_histograms(steps), gradient_histograms(steps + 50)
    np.testing.assert_allclose(plain, brighter, atol=1e-6)
    assert plain.max() > 0 and not gradient_histograms(np.zeros_like(steps)).any()
    turned = gradient_histograms(steps.transpose(0, 2, 1, 3))
    assert np.abs(turned - plain).max() > 0.1


def test_onnx_features_keep_the_contract(clips, onnx_file):
    check_path_transformer(
        ONNXFaceFeatures(
            model=onnx_file, faces=FaceCrops(detector=None), pooling="mean_std", batch_size=1
        ),
        clips,
    )


def test_features_are_the_mean_over_frames(clips):
    from emopipe.face import face_crops

    features = random_vggface(faces={"n_frames": 4}, store=None).fit_transform(clips[:1])
    chunks = list(face_crops(clips[0], detector=None, n_frames=4, size=(16, 16)))
    crops = np.concatenate([chunk.crops for chunk in chunks])
    rows = vggface.activations(crops, weights="random:0")
    assert len(rows) == 4 and np.allclose(features[0], rows.mean(axis=0), rtol=1e-5)


def test_clips_share_batches(clips, monkeypatch):
    sizes = []
    network = vggface._network

    def spy(*args):
        return lambda crops: sizes.append(len(crops)) or network(*args)(crops)

    monkeypatch.setattr(vggface, "_network", spy)
    random_vggface(faces={"n_frames": 4}, batch_size=5, store=None).fit_transform(clips)
    assert sizes == [5, 5, 2]


def test_weights_are_part_of_the_key_and_their_place_is_not(clips, tmp_path):
    paths = [tmp_path / name for name in ("here.h5", "there.h5", "other.h5")]
    for path, seed in zip(paths, (0, 0, 1), strict=True):
        write_deepface(path, vggface_arrays(SMALL, seed=seed))
    store = str(tmp_path / "store.sqlite")
    rows = []
    for path in paths:
        before = COUNTERS["prepared"]
        face = random_vggface(weights=path, faces={"n_frames": 2}, store=store)
        rows.append((face.fit_transform(clips[:1]), COUNTERS["prepared"] - before))
    (first, once), (second, again), (third, other) = rows
    assert (once, again, other) == (1, 0, 1)
    assert first.tobytes() == second.tobytes() != third.tobytes()


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 1},
        {"layer": "fc6"},
        {"preprocessing": "deepface"},
        {"runtime": "openvino"},
        {"precision": "bfloat16"},
        {"faces__detector": "haar"},
        {"faces__n_frames": 3},
        {"faces__fps": 2.0},
        {"faces__margin": 0.1},
        {"faces__trust": "all"},
        {"faces__prefer": "central"},
        {"faces__detect_every": 2},
        {"pooling": "max"},
    ],
)
def test_what_changes_values_changes_the_key(changed):
    face = random_vggface()
    assert clone(face).set_params(**changed)._recipe().key != face._recipe().key


def test_alignment_changes_the_key():
    face = random_vggface().set_params(faces__detector="yunet")
    keys = {clone(face).set_params(faces__align=a)._recipe().key for a in (None, True, "landmarks")}
    assert len(keys) == 3


def test_what_changes_no_values_changes_no_key():
    face = random_vggface(faces={"n_frames": 4})
    for unchanged in ({"batch_size": 3}, {"n_jobs": 2}, {"store": None}, {"faces__fps": 1.0}):
        assert clone(face).set_params(**unchanged)._recipe().key == face._recipe().key


def test_a_detector_is_known_by_its_model_wherever_that_lies(tmp_path):
    import cv2

    cascade = Path(cv2.data.haarcascades, "haarcascade_frontalface_alt2.xml").read_bytes()

    def recipe(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return VGGFaceFeatures(weights="random", faces=FaceCrops(detector_model=path))._recipe()

    here, moved = recipe("a.xml", cascade), recipe("b.xml", cascade)
    assert here.key == moved.key != recipe("a.xml", cascade + b"\n").key
    assert moved.places == {"model": str(tmp_path / "b.xml")}


def test_the_key_names_the_published_weights_without_the_file(monkeypatch):
    monkeypatch.delenv("EMOPIPE_VGGFACE_WEIGHTS", raising=False)
    assert '"weights":"759266b9' in VGGFaceFeatures()._recipe().parameters
    arguments = json.loads(MiniXceptionFeatures()._recipe().parameters)["prepare_args"]
    assert (
        arguments["fps"] == 5.0 and arguments["n_frames"] is None and arguments["size"] == [48, 48]
    )


def test_random_and_foreign_weights_are_announced(tmp_path, mini_file, onnx_file):
    path = write_deepface(tmp_path / "own.h5", vggface_arrays(SMALL))
    assert VGGFaceFeatures().notices() == MiniXceptionFeatures().notices() == []
    assert "random weights (seed 3)" in random_vggface(seed=3).notices()[0]
    assert checksum(path)[:12] in VGGFaceFeatures(weights=path).notices()[0]
    assert "file of the user's" in MiniXceptionFeatures(weights=mini_file).notices()[0]
    assert "tiny.onnx" in ONNXFaceFeatures(model=onnx_file).notices()[0]


def test_names_of_features(mini_file, onnx_file):
    def names(face):
        return face.get_feature_names_out().tolist()

    assert names(random_vggface(layer="fc8", pooling="mean_std"))[9:11] == [
        "mean_fc8_9", "std_fc8_0"]  # fmt: skip
    assert names(MiniXceptionFeatures(weights=mini_file)) == list(EMOTIONS)
    assert names(MiniXceptionFeatures(layer="log_probabilities"))[0] == "log_anger"
    assert len(names(MiniXceptionFeatures(layer="pooled"))) == 128
    assert names(ONNXFaceFeatures(model=onnx_file)) == [f"tiny_{i}" for i in range(5)]


def test_a_timeline_instead_of_a_row(clips, mini_file):
    face = MiniXceptionFeatures(weights=mini_file, faces=WHOLE, pooling="timed", store=None)
    [rows, *_] = face.extract(clips[:1]).values
    assert rows.shape[1] == 8 and np.all(np.diff(rows[:, 0]) > 0)
    assert np.allclose(rows[:, 1:].sum(axis=1), 1, atol=1e-5)
    with pytest.raises(ValueError, match="pooling='timed' gives every clip as many rows"):
        face.fit(clips)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"faces__detector": "hoar"}, "detector='hoar' is unknown; allowed: 'haar'"),
        ({"layer": "fc9"}, "layer='fc9' is unknown"),
        ({"runtime": "onnx"}, "runtime='onnx' is unknown; allowed: 'keras', 'openvino'"),
        ({"precision": "int8"}, "precision='int8' is unknown"),
        ({"faces__trust": "none"}, "faces.trust='none' is unknown; allowed: 'track', 'all'"),
        ({"faces__prefer": "first"}, "faces.prefer='first' is unknown"),
        ({"faces__n_frames": 0}, "faces.n_frames=0 must be a whole number from 1"),
        ({"faces__fps": -1}, "faces.fps=-1 must be frames per second above 0"),
        ({"faces__margin": -0.1}, "faces.margin=-0.1 must be a share of the box"),
        ({"faces__detect_every": 0}, "faces.detect_every=0"),
        ({"faces__detect_every": 1.5}, "faces.detect_every=1.5 must be a whole number from 1"),
        ({"faces__n_frames": "ten"}, "faces.n_frames='ten' must be a whole number from 1"),
        ({"faces__margin": "wide"}, "faces.margin='wide' must be a share of the box"),
        ({"faces__fps": "every"}, "faces.fps='every' must be frames per second above 0, or 'all'"),
        (
            {"faces__size": (48, 48)},
            r"faces.size=\(48, 48\): these features take crops of \(16, 16",
        ),
        ({"pooling": "median"}, "pooling='median' is unknown"),
    ],
)
def test_wrong_parameters_are_said_at_fit(clips, parameters, message):
    with pytest.raises(ValueError, match=message):
        random_vggface().set_params(**parameters).fit(clips)


def test_missing_files_are_said_at_fit(clips, tmp_path):
    nothing = tmp_path / "nothing"
    with pytest.raises(WeightsError, match="nothing: no such file"):
        VGGFaceFeatures(weights=nothing).fit(clips)
    with pytest.raises(WeightsError, match="nothing: no such file"):
        ONNXFaceFeatures(model=nothing).fit(clips)
    with pytest.raises(FileNotFoundError, match="nothing"):
        face = VGGFaceFeatures(faces=FaceCrops(detector="yunet", detector_model=nothing))
        face.fit(clips)


def test_onnx_parameters_must_fit_the_file(clips, onnx_file):
    for parameters, message in (
        ({"channels": "grey"}, "takes 3 channels"),
        ({"channels": "RGBA"}, "channels='RGBA' is unknown"),
        ({"input_size": (112, 112)}, r"input_size=\(112, 112\), but .* takes \(12, 10\)"),
        ({"mean": [1, 2]}, "one per channel"),
    ):
        with pytest.raises(ValueError, match=message):
            ONNXFaceFeatures(model=onnx_file, **parameters).fit(clips)


def test_clips_without_a_face_give_nan(tmp_path, clips):
    face = VGGFaceFeatures(weights="random", faces=FaceCrops(n_frames=2), n_jobs=1, store=None)
    with pytest.warns(UserWarning, match="no_face 1"):
        assert np.isnan(face.fit_transform(clips[:1])).all()


@pytest.mark.shared
@pytest.mark.parametrize("detector", ["haar", "yunet"])
def test_real_clips(shared_data, detector):
    films = sorted((shared_data / "cremad" / "VideoFlash").glob("*.flv"))[:2]
    face = MiniXceptionFeatures(
        weights=shared_data / MINI,
        faces=FaceCrops(
            detector=detector,
            detector_model=shared_data / YUNET if detector == "yunet" else None,
            fps=4.0,
        ),
        store=None,
    )
    features = face.fit_transform(films)
    assert np.allclose(features.sum(axis=1), 1, atol=1e-5)
    statuses = face.statuses(films)
    assert (statuses["faces"] >= 0.95 * statuses["frames"]).all()


@pytest.mark.shared
def test_smiling_is_told_from_neutral(shared_data):
    """Grouped by person: log-probabilities + SVM, at the published crop (no margin was tuned)."""
    from sklearn.model_selection import GroupKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    files = sorted((shared_data / "london_faces").glob("*/*.jpg"))
    face = MiniXceptionFeatures(weights=shared_data / MINI, layer="log_probabilities", store=None)
    accuracy = cross_val_score(
        make_pipeline(StandardScaler(), SVC()),
        face.fit_transform(files),
        [file.parent.name for file in files],
        groups=[file.stem.split("_")[0] for file in files],
        cv=GroupKFold(5),
    )
    assert accuracy.mean() >= 0.85


def _binary_patterns_by_a_loop(grey):
    """Return the 59 shares of each of 7 x 7 blocks, pixel by pixel."""
    around, rows = np.pad(grey.astype(int), 1, mode="edge"), []
    circle = [(-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1)]
    arcs = [
        n for n in range(256) if sum((n >> i & 1) != (n >> (i - 1) % 8 & 1) for i in range(8)) <= 2
    ]
    for top in range(0, 49, 8):
        for left in range(0, 49, 8):
            bins = np.zeros(59)
            for y in range(top + 1, top + 17):
                for x in range(left + 1, left + 17):
                    code = sum(
                        int(around[y + dy, x + dx] >= around[y, x]) << bit
                        for bit, (dy, dx) in enumerate(circle)
                    )
                    bins[arcs.index(code) if code in arcs else 58] += 1 / 256
            rows.append(bins)
    return np.concatenate(rows)


def test_binary_patterns_equal_a_loop_over_pixels():
    import cv2

    crop = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    expected = _binary_patterns_by_a_loop(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY))
    np.testing.assert_allclose(binary_patterns(crop[None])[0], expected, atol=1e-6)


def test_descriptors_and_statistics_over_time_name_their_columns(clips):
    texture = FaceTexture(faces=WHOLE, descriptor="binary_patterns", pooling="temporal", store=None)
    names = texture.get_feature_names_out()
    assert texture.fit_transform(clips[:1]).shape == (1, len(names)) == (1, 5 * 2891)
    assert names[[0, 2891, -1]].tolist() == [
        "mean_binary_pattern_0", "std_binary_pattern_0", "change_binary_pattern_2890",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="descriptor='hog' is unknown; allowed: 'gradients'"):
        FaceTexture(descriptor="hog").fit(clips)


# MediaPipe's own mouthSmileLeft and mouthSmileRight of the first four pictures.
SMILES = {
    "neutral": [(0.01, 0.01), (0.0, 0.0), (0.18, 0.23), (0.01, 0.0)],
    "smiling": [(0.63, 0.59), (0.79, 0.78), (0.24, 0.35), (0.91, 0.84)],
}


@pytest.mark.shared
def test_blendshapes_are_near_those_of_mediapipe(shared_data):
    crops = FaceCrops(detector="yunet", detector_model=shared_data / YUNET, align=True)
    face = BlendshapeFeatures(
        model=shared_data / LANDMARKER, faces=crops, pooling="mean", store=None, n_jobs=1
    )
    columns = list(face.get_feature_names_out())
    smile = [columns.index(f"mouthSmile{side}") for side in SIDES]
    for folder, expected in SMILES.items():
        paths = sorted((shared_data / "london_faces" / folder).glob("*.jpg"))[:4]
        values = face.transform(paths)
        assert (values >= 0).all() and (values <= 1).all()
        np.testing.assert_allclose(values[:, smile], expected, atol=0.15)


def test_other_files_are_no_face_landmarker(tmp_path, clips):
    path = tmp_path / "a.task"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("face_blendshapes.tflite", b"nothing")
    face = BlendshapeFeatures(model=path, faces=FaceCrops(detector=None), store=None, n_jobs=1)
    with pytest.raises(WeightsError, match=r"a\.task: not MediaPipe's face landmarker"):
        face.transform(clips[:1])
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("face_landmarks_detector.tflite", "face_blendshapes.tflite"):
            archive.writestr(name, b"TFL3" * 100)
    with pytest.raises(WeightsError, match=r"a\.task: LiteRT cannot run it"):
        face.transform(clips[:1])
