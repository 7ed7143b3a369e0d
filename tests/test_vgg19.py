import h5py
import numpy as np
import pytest
from weight_files import write_deepface

from emopipe.backbones import vgg19
from emopipe.backbones.vgg19 import activations, architecture
from emopipe.backbones.weights import WeightsError, checksum, identify

IMAGES = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
TINY = {"width": 1 / 64, "size": 32}


def arrays(sizes, layer="fc7"):
    rng = np.random.default_rng(1)
    return {
        name: {
            "kernel": rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape).astype(np.float32),
            "bias": rng.normal(0, 0.1, shape[-1]).astype(np.float32),
        }
        for name, shape in sizes.kernels(layer).items()
    }


def write_keras_applications(path, arrays_by_layer):
    """A file laid out as the published one: blocks with names of their own, dense fc1 and fc2."""
    names = {
        name: f"block{name[4]}_{name[:4]}{name[6]}" if name[0] == "c" else f"fc{int(name[2]) - 5}"
        for name in arrays_by_layer
    }
    layers = ["input_1"]
    with h5py.File(path, "w") as file:
        file.create_group("input_1").attrs["weight_names"] = np.array([], "S1")
        for ours, name in names.items():
            kernel, bias = arrays_by_layer[ours]["kernel"], arrays_by_layer[ours]["bias"]
            if name.startswith("fc"):
                kernel = kernel.reshape(-1, kernel.shape[-1])
            group = file.create_group(name)
            group.attrs["weight_names"] = [f"{name}_W_1:0".encode(), f"{name}_b_1:0".encode()]
            group[f"{name}_W_1:0"], group[f"{name}_b_1:0"] = kernel, bias
            layers.append(name)
            if name in ("block1_conv2", "block2_conv2", "block3_conv4"):
                layers.append(name[:6] + "_pool")
                file.create_group(layers[-1]).attrs["weight_names"] = np.array([], "S1")
        file.attrs["layer_names"] = [name.encode() for name in layers]
    return path


def keras_vgg19(layers, images):
    """The same network out of Keras' layers, in the order of keras.applications.VGG19."""
    import keras

    x = np.float32(images[..., ::-1]) - np.float32([103.939, 116.779, 123.68])
    for name, pair in layers.items():
        kernel, bias = pair["kernel"], pair["bias"]
        if name.startswith("conv"):
            x = keras.ops.relu(keras.ops.conv(x, kernel, padding="same") + bias)
            if name in ("conv1_2", "conv2_2", "conv3_4", "conv4_4", "conv5_4"):
                x = keras.ops.max_pool(x, 2)
            continue
        if name == "fc6":
            x = keras.ops.reshape(x, (len(images), -1))
        x = keras.ops.relu(x @ kernel.reshape(-1, kernel.shape[-1]) + bias)
    return np.asarray(x)


def test_the_published_sizes():
    sizes = architecture().kernels("fc8")
    assert len(sizes) == 19
    n = sum(int(np.prod(shape)) + shape[-1] for shape in sizes.values())
    assert n == 143_667_240  # parameters of keras.applications.VGG19


def test_it_is_the_network_of_keras_applications(tmp_path):
    layers = arrays(architecture(**TINY))
    path = write_deepface(tmp_path / "vgg19.h5", layers)
    rows = activations(IMAGES, weights=identify(path, vgg19.PUBLISHED), **TINY)
    assert rows.shape == (5, 64) and rows.dtype == np.float32
    assert np.allclose(rows, keras_vgg19(layers, IMAGES), rtol=1e-3, atol=1e-2)


def test_a_file_of_keras_applications_is_read(tmp_path):
    layers = arrays(architecture(**TINY))
    path = write_keras_applications(tmp_path / "vgg19.h5", layers)
    other = write_deepface(tmp_path / "other.h5", layers)
    rows = [
        activations(IMAGES, weights=identify(p, vgg19.PUBLISHED), **TINY) for p in (path, other)
    ]
    assert np.array_equal(*rows)


def test_rows_do_not_depend_on_their_neighbours():
    whole = activations(IMAGES, weights="random:0", **TINY)
    parts = [activations(IMAGES[i : i + 2], weights="random:0", **TINY) for i in (0, 2, 4)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()
    assert not np.array_equal(whole, activations(IMAGES, weights="random:1", **TINY))


def test_pictures_are_brought_to_size():
    even = np.repeat(IMAGES[:1, :1, :1], 64, axis=1).repeat(64, axis=2)
    same = activations(even[:, :32, :32], weights="random:0", **TINY)
    assert np.array_equal(activations(even, weights="random:0", **TINY), same)
    assert np.array_equal(activations(even[:, :20, :20], weights="random:0", **TINY), same)


def test_names_of_weights(tmp_path, monkeypatch):
    path = write_deepface(tmp_path / "vgg19.h5", arrays(architecture(**TINY)))
    monkeypatch.delenv("EMOPIPE_VGG19_WEIGHTS", raising=False)
    assert identify("imagenet", vgg19.PUBLISHED) == vgg19.PUBLISHED.sha256
    assert identify("random", vgg19.PUBLISHED, 7) == "random:7"
    assert identify(path, vgg19.PUBLISHED) == checksum(path)
    monkeypatch.setenv("EMOPIPE_VGG19_WEIGHTS", str(path))
    assert identify("imagenet", vgg19.PUBLISHED) == checksum(path)


def test_wrong_parameters(tmp_path):
    with pytest.raises(ValueError, match="multiple of 32"):
        architecture(size=50)
    with pytest.raises(ValueError, match="no filters"):
        architecture(width=0.001)
    with pytest.raises(ValueError, match="runtime='x' is unknown"):
        activations(IMAGES, weights="random:0", runtime="x", **TINY)
    path = write_deepface(tmp_path / "vgg19.h5", arrays(architecture(**TINY)))
    with pytest.raises(WeightsError, match="shape"):
        activations(IMAGES, weights=identify(path, vgg19.PUBLISHED), width=1 / 32, size=32)
    with pytest.raises(WeightsError, match="no such file"):
        identify(tmp_path / "missing.h5", vgg19.PUBLISHED)
