"""Check the ONNX file of a face network, and run it on crops with ONNX Runtime.

ONNX Runtime does what a file says, so it runs in a process of its own: a network that fills the
memory, loops for ever or ends its process is refused, and costs nothing else.
"""

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emopipe.backbones.contained import ContainedNetwork
from emopipe.backbones.weights import WeightsError, lookup_file

_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")

_DTYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(uint8)": np.uint8}

CHANNELS = ("RGB", "BGR", "grey")

_LARGEST_FILE = 2**31  # of a protocol buffer
_LONGEST_SIDE, _LARGEST_BATCH = 2048, 1024


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


def _lies_outside(message) -> bool:
    """Say whether any tensor of a protocol buffer message keeps its numbers in another file."""
    from google.protobuf.message import Message

    waiting = [message]
    while waiting:
        message = waiting.pop()
        if message.DESCRIPTOR.name == "TensorProto":
            if message.external_data or message.data_location:
                return True
            continue
        for field, value in message.ListFields():
            if field.message_type is not None:
                waiting.extend([value] if isinstance(value, Message) else value)
    return False


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
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    if Path(path).stat().st_size > _LARGEST_FILE:
        raise WeightsError(f"{path}: not an ONNX file (it has more than 2 GiB).")
    data = Path(path).read_bytes()
    try:
        model = ModelProto.FromString(data)
    except DecodeError as error:
        raise WeightsError(f"{path}: not an ONNX file ({error}).") from error
    if not model.HasField("graph"):
        raise WeightsError(f"{path}: not an ONNX file (it holds no graph).")
    if _lies_outside(model):
        raise WeightsError(
            f"{path}: keeps tensors in other files (ONNX external data), which are not read. Save "
            "the model as one file: onnx.save(model, path, save_as_external_data=False)."
        )
    return data


def _field(number, content) -> bytes:
    """Return a field of a protocol buffer message that holds bytes."""
    size, head = len(content), bytearray([number << 3 | 2])
    while size > 127:
        head.append(size & 127 | 128)
        size >>= 7
    return bytes([*head, size]) + content


def _with_output(data, name) -> bytes:
    """Return a model that also gives out the tensor `name`, from inside its graph.

    Protocol buffers that follow one another are one message: a graph with one more output.
    """
    return data + _field(7, _field(12, _field(1, name.encode())))


@lru_cache(maxsize=2)
def _session(path, inner=None):
    """Return ONNX Runtime's session, in the process that runs it; `inner` is one more output."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.load_model_format", "ONNX")
    there = onnxruntime.get_available_providers()
    data = read_model(path)
    return onnxruntime.InferenceSession(
        data if inner is None else _with_output(data, inner),
        options,
        providers=[name for name in _PROVIDERS if name in there],
    )


def answer(head, crops):
    """Answer the questions of `_Network`, in the process that runs it."""
    session = _session(head["path"], head.get("inner"))
    if crops is None:
        inputs = [(i.name, i.shape, i.type) for i in session.get_inputs()]
        return {"inputs": inputs, "outputs": [o.name for o in session.get_outputs()]}, None
    return {}, np.asarray(session.run([head["output"]], {head["input"]: crops})[0], np.float32)


class _Network(ContainedNetwork):
    """A network in a process of its own; it has `inputs` (name, shape, type) and `outputs`."""

    def __init__(self, path):
        super().__init__(path, f"{__name__}:answer", runtime="ONNX Runtime", install="onnx")
        described, _ = self.ask({})
        self.inputs, self.outputs = described["inputs"], described["outputs"]

    def run(self, crops, name, output):
        """Return an output for crops that the input of this name takes.

        Raises
        ------
        ValueError
            If the network has no such tensor.
        """
        inner = None if output in self.outputs else output
        try:
            return self.ask({"input": name, "output": output, "inner": inner}, crops)[1]
        except WeightsError:
            if inner is None:
                raise
            raise ValueError(
                f"output={output!r}: {self.path} has no such tensor, or it is no number; its "
                f"outputs are {', '.join(map(repr, self.outputs))}. Inner tensors have the names "
                "that a viewer of ONNX files shows."
            ) from None


@lru_cache(maxsize=2)
def _network(digest):
    return _Network(lookup_file(digest, "ONNX file"))


def network_input(model) -> Input:
    """Return what the network in a file takes.

    Parameters
    ----------
    model : str
        SHA-256 of the file, as `emopipe.backbones.weights.checksum` gave it.

    Returns
    -------
    Input

    Raises
    ------
    WeightsError
        If it does not take pictures, or cannot be run.
    """
    inputs = _network(model).inputs
    listing = ", ".join(f"{name} {shape} {kind}" for name, shape, kind in inputs)
    if len(inputs) == 1 and inputs[0][2] in _DTYPES:
        name, shape, kind = inputs[0]
        shape = [size if isinstance(size, int) and size > 0 else None for size in shape]
        for axis in (1, 3) if len(shape) == 4 else ():
            if shape[axis] in (1, 3):
                sides = shape[2:] if axis == 1 else shape[1:3]
                expected = Input(name, shape[0], *sides, shape[axis], axis == 3, _DTYPES[kind])
                _check_size(model, expected)
                return expected
    raise WeightsError(
        f"{lookup_file(model, 'ONNX file')}: takes {listing}; one batch of pictures is needed, "
        "with 1 or 3 channels: (batch, channels, rows, columns) or "
        "(batch, rows, columns, channels)."
    )


def _check_size(model, expected: Input):
    sides = max(expected.rows or 0, expected.columns or 0)
    if sides > _LONGEST_SIDE or (expected.batch or 0) > _LARGEST_BATCH:
        raise WeightsError(
            f"{lookup_file(model, 'ONNX file')}: takes batches of "
            f"{expected.batch or 'any number of'} pictures of "
            f"{expected.rows} x {expected.columns} pixels; at most {_LARGEST_BATCH} of "
            f"{_LONGEST_SIDE} x {_LONGEST_SIDE} are sent through a network."
        )


def _pictures(crops, expected: Input, channels, mean, scale):
    if channels == "grey":
        luma = np.array([0.299, 0.587, 0.114], np.float32)
        x = (crops.astype(np.float32) @ luma)[..., None]
    else:
        x = crops[..., ::-1] if channels == "BGR" else crops
    x = (x - np.asarray(mean, np.float32)) * np.asarray(scale, np.float32)
    x = x if expected.last else x.transpose(0, 3, 1, 2)
    if expected.dtype is np.uint8:
        x = np.clip(np.rint(x), 0, 255)
    return np.ascontiguousarray(x, dtype=expected.dtype)


def embeddings(crops, *, model, channels, mean, scale, output=None):
    """Send face crops through the network in an ONNX file.

    Parameters
    ----------
    crops : uint8 ndarray of shape (n, rows, columns, 3)
        RGB.
    model : str
        SHA-256 of the file, as `emopipe.backbones.weights.checksum` gave it.
    channels : str
        "RGB", "BGR" or "grey" (ITU-R 601).
    mean, scale : float or list of three floats
        The network sees (pixel - mean) * scale.
    output : str, optional
        Name of an output or of a tensor inside the graph; the first output by default.

    Returns
    -------
    float32 ndarray of shape (n, features)
        Whatever the output's shape, its values in one row per crop.

    Raises
    ------
    WeightsError
        If the file cannot be run.
    ValueError
        If there is no such tensor.
    """
    network, expected = _network(model), network_input(model)
    x = _pictures(crops, expected, channels, mean, scale)
    # A batch of one row is multiplied by another routine, which adds in another order.
    size = expected.batch or max(len(x), 2)
    rows = []
    for start in range(0, len(x), size):
        part = x[start : start + size]
        full = np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])
        values = network.run(full, expected.name, output or network.outputs[0])
        if values.size % size:
            raise WeightsError(
                f"{network.path}: gives shape {values.shape} for {size} pictures, not a row each."
            )
        rows.append(values.reshape(size, -1)[: len(part)])
    return np.concatenate(rows)
