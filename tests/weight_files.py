"""Small weight files as Keras 2 wrote them, in the layouts that are published."""

import h5py
import numpy as np


def write(path, layers, *, root=None):
    """Write {layer: {array name: array}} with the attributes that Keras 2 wrote."""
    with h5py.File(path, "w") as file:
        group = file.create_group(root) if root else file
        group.attrs["layer_names"] = np.array([name.encode() for name in layers])
        for layer, arrays in layers.items():
            inner = group.create_group(layer)
            names = [f"{layer}/{name}:0".encode() for name in arrays]
            inner.attrs["weight_names"] = np.array(names, dtype="S64")
            for name, array in zip(names, arrays.values(), strict=True):
                inner.create_dataset(name.decode(), data=array)
    return path


def vggface_arrays(architecture, layer="fc8", seed=0):
    """Kernels as convolutions and biases, by our layers' names."""
    rng = np.random.default_rng(seed)
    return {
        name: {
            "kernel": rng.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape).astype(np.float32),
            "bias": rng.normal(0, 0.1, shape[-1:]).astype(np.float32),
        }
        for name, shape in architecture.kernels(layer).items()
    }


def write_deepface(path, arrays):
    """DeepFace's layout: padding, unnamed convolutions and pooling in the order of the network."""
    layers = {}
    for number, pair in enumerate(arrays.values(), start=1):
        layers |= {f"zero_padding2d_{number}": {}, f"conv2d_{number}": pair}
    return write(path, layers)


def write_keras_vggface(path, arrays):
    """keras-vggface's layout: named layers, fc6-fc8 dense."""
    layers = {}
    for name, pair in arrays.items():
        kernel = pair["kernel"]
        dense = kernel.reshape(-1, kernel.shape[-1]) if name.startswith("fc") else kernel
        layers[name] = {"kernel": dense, "bias": pair["bias"]}
    return write(path, {"input_1": {}} | layers)


def mini_xception_arrays(seed=0):
    """Mini-XCEPTION's layers with weights whose statistics differ from layer to layer."""
    from emopipe.backbones.mini_xception import keras_model

    rng = np.random.default_rng(seed)

    def draw(name, shape):
        values = rng.normal(1, 0.2, shape) if "moving_var" in name else rng.normal(0, 0.3, shape)
        return np.abs(values).astype("f4") if "moving_var" in name else values.astype("f4")

    return {"input_1": {}} | {
        layer.name: {v.name: draw(v.name, v.shape) for v in layer.weights}
        for layer in keras_model().layers
        if layer.weights
    }
