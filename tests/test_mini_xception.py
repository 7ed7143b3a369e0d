import numpy as np
import pytest
from weight_files import mini_xception_arrays, write

from emopipe.backbones.mini_xception import EMOTIONS, LAYERS, PUBLISHED, outputs
from emopipe.backbones.weights import WeightsError, checksum

CROPS = np.random.default_rng(0).integers(0, 256, (5, 48, 48, 3), dtype=np.uint8)
FILE = "models/fer2013_mini_XCEPTION.102-0.66.hdf5"


@pytest.fixture(scope="module")
def arrays():
    return mini_xception_arrays()


@pytest.fixture(scope="module")
def file(arrays, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "mini.hdf5"
    return write(path, arrays, root="model_weights")


def test_layers_agree_with_each_other(file):
    rows = {layer: outputs(CROPS, weights=checksum(file), layer=layer) for layer in LAYERS}
    assert {layer: row.shape for layer, row in rows.items()} == {
        layer: (5, n) for layer, n in LAYERS.items()
    }
    assert np.allclose(rows["probabilities"].sum(axis=1), 1, atol=1e-6)
    assert np.allclose(np.exp(rows["log_probabilities"]), rows["probabilities"], atol=1e-6)
    assert np.ptp(rows["pooled"], axis=0).any()


@pytest.mark.parametrize("layer", LAYERS)
def test_a_row_has_the_same_bytes_in_every_batch(file, layer):
    crops = np.random.default_rng(1).integers(0, 256, (21, 48, 48, 3), dtype=np.uint8)
    arguments = {"weights": checksum(file), "layer": layer}
    whole = outputs(crops, **arguments)
    for size in (1, 2, 3, 7, 8, 16):
        parts = [outputs(crops[i : i + size], **arguments) for i in range(0, 21, size)]
        assert np.concatenate(parts).tobytes() == whole.tobytes(), size
    assert outputs(crops[::-1], **arguments).tobytes() == whole[::-1].tobytes()


def test_crops_are_enlarged_as_opencv_does(file):
    import cv2

    grey = CROPS @ np.array([0.299, 0.587, 0.114])
    large = np.stack([cv2.resize(g, (64, 64), interpolation=cv2.INTER_LINEAR) for g in grey])
    large = np.repeat(np.rint(large).astype(np.uint8)[..., None], 3, axis=-1)
    layer = {"weights": checksum(file), "layer": "pooled"}
    assert np.allclose(outputs(CROPS, **layer), outputs(large, **layer), atol=0.02)


def test_files_of_other_networks_are_refused(arrays, tmp_path):
    less = {name: actual for name, actual in arrays.items() if name != "conv2d_4"}
    path = write(tmp_path / "a.h5", less)
    with pytest.raises(WeightsError, match="has no kernel for layer conv2d_4"):
        outputs(CROPS, weights=checksum(path))
    other = arrays | {"conv2d_1": {"kernel": np.zeros((3, 3, 3, 8), np.float32)}}
    path = write(tmp_path / "b.h5", other)
    with pytest.raises(WeightsError, match=r"\(3, 3, 3, 8\), not \(3, 3, 1, 8\)"):
        outputs(CROPS, weights=checksum(path))


@pytest.mark.shared
def test_the_published_file(shared_data):
    assert checksum(shared_data / FILE) == PUBLISHED.sha256
    flat = outputs(np.full((2, 48, 48, 3), 127, np.uint8))
    assert np.allclose(flat.sum(axis=1), 1, atol=1e-6) and sorted(EMOTIONS)[0] == "anger"


@pytest.mark.shared
def test_people_who_smile_look_happy(shared_data):
    import cv2

    checksum(shared_data / FILE)
    happiness = {}
    for kind in ("neutral", "smiling"):
        files = sorted((shared_data / "london_faces" / kind).glob("*.jpg"))[:12]
        pictures = [cv2.imread(str(file))[154:360, 152:358, ::-1] for file in files]
        crops = np.stack([cv2.resize(p, (48, 48), interpolation=cv2.INTER_AREA) for p in pictures])
        happiness[kind] = outputs(crops)[:, EMOTIONS.index("happiness")]
    assert np.median(happiness["smiling"]) > 0.3 > 10 * np.median(happiness["neutral"])
