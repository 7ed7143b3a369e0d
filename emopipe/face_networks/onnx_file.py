"""Face networks in ONNX files: looked through, then run on crops by ONNX Runtime."""

from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np

from emopipe.face_networks import choose
from emopipe.face_networks.weights import WeightsError, named_file

# Where tensors can be in ONNX's messages: kind of message -> field -> kind of message in it.
_PARTS = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14

_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")

_DTYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(uint8)": np.uint8}

CHANNELS = ("RGB", "BGR", "grey")


class Input(NamedTuple):
    """What an ONNX network takes.

    Parameters
    ----------
    name : str
        Of the input.
    batch, rows, columns : int or None
        None where the file leaves it open.
    channels : int
        1 or 3.
    last : bool
        Whether channels come last.
    dtype : numpy scalar type
        float32, float64 or uint8.

    Examples
    --------
    >>> Input("crops", None, 112, 112, 3, False, np.float32).channels
    3
    """

    name: str
    batch: int | None
    rows: int | None
    columns: int | None
    channels: int
    last: bool
    dtype: type


def _varint(data, place):
    value = shift = 0
    while shift < 64:
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place
    raise ValueError("a number of more than 64 bits")


def _fields(data):
    """Yield (field, value) of a protocol buffer message; value is a number or a view of bytes."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == 0:
            value, place = _varint(data, place)
        elif kind == 2:
            size, place = _varint(data, place)
            value, place = data[place : place + size], place + size
        elif kind in (1, 5):
            value, place = None, place + (8 if kind == 1 else 4)
        else:
            raise ValueError(f"a field of kind {kind}")
        if place > len(data):
            raise ValueError("a field that ends after the file")
        yield key >> 3, value


def read_model(path) -> bytes:
    """Return the bytes of an ONNX file, once none of its tensors lies outside it.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    bytes

    Raises
    ------
    WeightsError
        If it is no ONNX file, or names external data, which could be any file of this computer.

    Examples
    --------
    >>> read_model(__file__)  # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
        ...
    WeightsError: onnx_file.py: not an ONNX file (...).
    """
    data = Path(path).read_bytes()
    waiting, graphs = [("model", memoryview(data))], 0
    try:
        while waiting:
            kind, message = waiting.pop()
            graphs += kind == "graph"
            for field, value in _fields(message):
                if kind == "tensor":
                    if field == _EXTERNAL_DATA or (field == _DATA_LOCATION and value):
                        raise WeightsError(
                            f"{path}: keeps tensors in other files (ONNX external data), which are "
                            "not read. Save the model as one file: onnx.save(model, path, "
                            "save_as_external_data=False)."
                        )
                elif field in _PARTS[kind]:
                    waiting.append((_PARTS[kind][field], memoryview(value)))
    except (ValueError, TypeError, IndexError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"{path}: not an ONNX file ({error}).") from error
    if not graphs:
        raise WeightsError(f"{path}: not an ONNX file (it holds no graph).")
    return data


@lru_cache(maxsize=2)
def _session(digest):
    try:
        import onnxruntime
    except ImportError:
        raise ImportError(
            "ONNXFaceFeatures needs the package onnxruntime: pip install onnxruntime."
        ) from None
    path = named_file(digest, "ONNX file")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.load_model_format", "ONNX")
    there = onnxruntime.get_available_providers()
    try:
        return onnxruntime.InferenceSession(
            read_model(path), options, providers=[name for name in _PROVIDERS if name in there]
        )
    except WeightsError:
        raise
    except Exception as error:  # ONNX Runtime's own errors have no common base
        raise WeightsError(f"{path}: ONNX Runtime cannot run it ({error}).") from error


def network_input(model) -> Input:
    """Return what the network in a file takes.

    Parameters
    ----------
    model : str
        SHA-256 of the file, as `emopipe.face_networks.weights.checksum` gave it.

    Returns
    -------
    Input

    Raises
    ------
    WeightsError
        If it does not take pictures, or cannot be run.
    """
    inputs = _session(model).get_inputs()
    found = ", ".join(f"{i.name} {i.shape} {i.type}" for i in inputs)
    shape = [size if isinstance(size, int) and size > 0 else None for size in inputs[0].shape]
    dtype = _DTYPES.get(inputs[0].type)
    if len(inputs) == 1 and len(shape) == 4 and dtype is not None:
        if shape[1] in (1, 3):
            return Input(inputs[0].name, shape[0], shape[2], shape[3], shape[1], False, dtype)
        if shape[3] in (1, 3):
            return Input(inputs[0].name, shape[0], shape[1], shape[2], shape[3], True, dtype)
    raise WeightsError(
        f"{named_file(model, 'ONNX file')}: takes {found}; one batch of pictures is wanted, with 1 "
        "or 3 channels: (batch, channels, rows, columns) or (batch, rows, columns, channels)."
    )


def _pictures(crops, wanted: Input, channels, mean, scale):
    if channels == "grey":
        luma = np.array([0.299, 0.587, 0.114], np.float32)
        x = (crops.astype(np.float32) @ luma)[..., None]
    else:
        x = crops[..., ::-1] if channels == "BGR" else crops
    x = (x - np.asarray(mean, np.float32)) * np.asarray(scale, np.float32)
    x = x if wanted.last else x.transpose(0, 3, 1, 2)
    if wanted.dtype is np.uint8:
        x = np.clip(np.rint(x), 0, 255)
    return np.ascontiguousarray(x, dtype=wanted.dtype)


_busy = Lock()


def embeddings(crops, *, model, channels, mean, scale, output=None):
    """Send face crops through the network in an ONNX file.

    Parameters
    ----------
    crops : uint8 ndarray of shape (n, rows, columns, 3)
        RGB.
    model : str
        SHA-256 of the file, as `emopipe.face_networks.weights.checksum` gave it.
    channels : str
        "RGB", "BGR" or "grey" (ITU-R 601).
    mean, scale : float or list of three floats
        The network sees (pixel - mean) * scale.
    output : str, optional
        Name of the output; the first by default.

    Returns
    -------
    float32 ndarray of shape (n, features)
        Whatever the output's shape, its values in one row per crop.

    Raises
    ------
    WeightsError
        If the file cannot be run.
    ValueError
        If there is no such output.
    """
    session, wanted = _session(model), network_input(model)
    names = [found.name for found in session.get_outputs()]
    if output is not None:
        choose("output", output, names)
    x = _pictures(crops, wanted, channels, mean, scale)
    # A batch of one row is multiplied by another routine, which adds in another order.
    size = wanted.batch or max(len(x), 2)
    rows = []
    for start in range(0, len(x), size):
        part = x[start : start + size]
        full = np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])
        with _busy:
            found = session.run([output or names[0]], {wanted.name: full})[0]
        rows.append(np.asarray(found, np.float32).reshape(size, -1)[: len(part)])
    return np.concatenate(rows)
