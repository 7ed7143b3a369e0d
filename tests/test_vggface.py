import numpy as np
import pytest
from weight_files import vggface_arrays, write_deepface, write_keras_vggface

from emopipe.backbones import vgg_weights, vggface, weights
from emopipe.backbones.vgg_graph import LAYERS, VGGFACE, Architecture
from emopipe.backbones.vgg_weights import PUBLISHED, random_weights, read_weights
from emopipe.backbones.vggface import activations, precision_drift, tail
from emopipe.backbones.weights import WeightsError, identify

SMALL = Architecture(size=16, depths=(1, 1, 2), widths=(5, 6, 8), units=(24, 20, 10))
CROPS = np.random.default_rng(0).integers(0, 256, (9, 16, 16, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(vggface, "ARCHITECTURE", SMALL)


@pytest.fixture(params=[write_deepface, write_keras_vggface], ids=["deepface", "keras-vggface"])
def file(request, tmp_path):
    return request.param(tmp_path / "weights.h5", vggface_arrays(SMALL))


def by_hand(crops, arrays, layer, pixels):
    """The network in plain NumPy."""
    x = pixels(crops.astype(np.float64)[..., ::-1])
    for name, pair in arrays.items():
        kernel, bias = pair["kernel"].astype(np.float64), pair["bias"]
        if name.startswith("conv"):
            x = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
            windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))
            x = np.maximum(np.einsum("nrcivw,vwio->nrco", windows, kernel) + bias, 0)
            pool = {"conv1_1": "pool3", "conv2_1": "pool4", "conv3_2": "pool5"}.get(name)
            if pool is not None:
                n, rows, columns, width = x.shape
                x = x.reshape(n, rows // 2, 2, columns // 2, 2, width).max((2, 4))
            if pool == layer:
                break
            continue
        x = x.reshape(len(x), -1) @ kernel.reshape(-1, kernel.shape[-1]) + bias
        x = x if name == "fc8" else np.maximum(x, 0)
        if name == layer:
            break
    return x.reshape(len(x), -1)


@pytest.mark.parametrize("layer", LAYERS)
def test_both_layouts_give_what_the_arithmetic_says(file, layer):
    rows = activations(CROPS, weights=identify(file, PUBLISHED), layer=layer)
    mean = [93.5940, 104.7624, 129.1863]
    expected = by_hand(CROPS, vggface_arrays(SMALL), layer, lambda x: x - mean)
    assert rows.dtype == np.float32 and rows.shape == (9, SMALL.features(layer))
    assert np.allclose(rows, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("after", ["pool3", "pool4"])
@pytest.mark.parametrize("layer", ["pool5", "fc6", "fc7"])
def test_the_tail_goes_on_where_a_pooling_stopped(after, layer):
    first = activations(CROPS, weights="random:0", layer=after)
    last = tail("random:0", after, layer)
    whole = activations(CROPS, weights="random:0", layer=layer)
    assert np.allclose(last(first), whole, rtol=1e-4, atol=1e-4)
    again = tail([array + 0 for array in last.get_weights()], after, layer)
    assert np.array_equal(again(first), last(first))


def test_deepface_preprocessing(file):
    rows = activations(CROPS, weights=identify(file, PUBLISHED), preprocessing="deepface")
    expected = by_hand(CROPS, vggface_arrays(SMALL), "fc7", lambda x: x / 255)
    assert np.allclose(rows, expected, rtol=1e-4, atol=1e-5)


def test_both_layouts_give_the_same_bytes(tmp_path):
    arrays = vggface_arrays(SMALL)
    rows = [
        activations(CROPS, weights=identify(write(tmp_path / f"{i}.h5", arrays), PUBLISHED))
        for i, write in enumerate([write_deepface, write_keras_vggface])
    ]
    assert rows[0].tobytes() == rows[1].tobytes()


@pytest.mark.parametrize("runtime", ["keras", "openvino"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_row_has_the_same_bytes_in_every_batch(runtime, precision):
    pytest.importorskip("openvino") if runtime == "openvino" else None
    arguments = {"weights": "random:0", "runtime": runtime, "precision": precision}
    expected = activations(CROPS, **arguments)
    for size in (1, 2, 4, 5):
        parts = [activations(CROPS[i : i + size], **arguments) for i in range(0, 9, size)]
        assert np.concatenate(parts).tobytes() == expected.tobytes(), size
    order = np.random.default_rng(1).permutation(9)
    assert activations(CROPS[order], **arguments).tobytes() == expected[order].tobytes()


def test_openvino_agrees_with_keras():
    pytest.importorskip("openvino")
    rows = [activations(CROPS, weights="random:0", runtime=r) for r in ("keras", "openvino")]
    assert np.allclose(*rows, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("runtime", ["keras", "openvino"])
def test_bfloat16_drifts_little(runtime):
    pytest.importorskip("openvino") if runtime == "openvino" else None
    drift = precision_drift(CROPS, weights="random:0", runtime=runtime)
    assert drift.shape == (9,) and (drift > 0.999).all() and (drift < 1 + 1e-6).all()


def test_random_weights_depend_on_the_seed_alone():
    first = [kernel for _, kernel, _ in random_weights(1, "fc8", architecture=SMALL)]
    second = [kernel for _, kernel, _ in random_weights(1, "pool5", architecture=SMALL)]
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=False))
    assert not np.array_equal(first[0], next(random_weights(2, architecture=SMALL))[1])


def test_random_activations_neither_die_nor_explode(monkeypatch):
    deep = Architecture(size=64, widths=(16, 16, 16, 16, 16), units=(256, 256, 10))
    monkeypatch.setattr(vggface, "ARCHITECTURE", deep)
    crops = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), dtype=np.uint8)
    rows = activations(crops, weights="random:0")
    assert 0.2 < (rows > 0).mean() < 0.8
    assert 1 < rows.std() < 1000
    assert np.ptp(rows, axis=0).max() > 0.01 * rows.mean()


def test_a_smaller_file_serves_a_lower_layer(tmp_path):
    arrays = vggface_arrays(SMALL, "pool5")
    for i, write in enumerate((write_deepface, write_keras_vggface)):
        path = write(tmp_path / f"{i}.h5", arrays)
        assert activations(CROPS, weights=identify(path, PUBLISHED), layer="pool5").any()
        with pytest.raises(WeightsError, match="fc"):
            activations(CROPS, weights=identify(path, PUBLISHED), layer="fc7")


def test_another_network_is_refused_before_anything_is_read(file, tmp_path, monkeypatch):
    monkeypatch.setattr(vgg_weights, "read_array", None)
    with pytest.raises(WeightsError, match=r"shape \(3, 3, 6, 8\), not \(3, 3, 6, 9\)"):
        next(read_weights(file, architecture=SMALL._replace(widths=(5, 6, 9))))
    arrays = vggface_arrays(SMALL)
    del arrays["conv3_2"]["bias"]
    path = write_deepface(tmp_path / "broken.h5", arrays)
    with pytest.raises(WeightsError, match="holds 1 arrays, not 2"):
        next(read_weights(path, architecture=SMALL))


def test_weights_are_named_by_content_or_seed(file, monkeypatch):
    assert identify("random", PUBLISHED, 7) == "random:7"
    assert identify("vggface", PUBLISHED).startswith("759266b9")
    assert identify(file, PUBLISHED) == weights.checksum(file)
    monkeypatch.setenv("EMOPIPE_VGGFACE_WEIGHTS", str(file))
    assert identify("vggface", PUBLISHED) == weights.checksum(file)


def test_unknown_names_list_what_there_is():
    for parameters in ({"layer": "fc9"}, {"preprocessing": "imagenet"}, {"runtime": "onnx"}):
        with pytest.raises(ValueError, match="is unknown; allowed: '"):
            activations(CROPS, weights="random:0", **parameters)


def test_the_published_shapes():
    kernels = VGGFACE.kernels("fc8")
    assert len(kernels) == 16 and kernels["fc6"] == (7, 7, 512, 4096)
    assert sum(np.prod(k) + k[-1] for k in kernels.values()) == 145_002_878
    assert [VGGFACE.features(layer) for layer in LAYERS] == [
        200704, 100352, 25088, 4096, 4096, 2622,
    ]  # fmt: skip
