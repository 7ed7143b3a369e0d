"""MediaPipe's blendshapes: how far each of 52 movements of a face has gone, from one picture.

The file ``face_landmarker_v2_with_blendshapes.task`` holds two networks: one finds 478 landmarks in
a face crop, the other turns 146 of them into blendshapes. LiteRT runs both in a process of its own.
"""

import zipfile
from functools import lru_cache

import numpy as np

from emopipe.backbones.contained import ContainedNetwork
from emopipe.backbones.weights import WeightsError, lookup_file

SIDE = 256  # rows and columns of a crop
_FILES = ("face_landmarks_detector.tflite", "face_blendshapes.tflite")
_LARGEST = 2**27  # bytes of a network
_LANDMARKS = 478
# The landmarks that the second network takes, in its order.
_POINTS = np.array([
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65,
    66, 67, 70, 78, 80, 81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136,
    144, 145, 146, 148, 149, 150, 152, 153, 154, 155, 157, 158, 159, 160, 161, 162, 163, 168,
    172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251, 263, 267, 269, 270, 276,
    282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318,
    321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380,
    381, 382, 384, 385, 386, 387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466,
    468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
])  # fmt: skip
NAMES = [
    "neutral",
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "cheekPuff",
    "cheekSquintLeft",
    "cheekSquintRight",
    "eyeBlinkLeft",
    "eyeBlinkRight",
    "eyeLookDownLeft",
    "eyeLookDownRight",
    "eyeLookInLeft",
    "eyeLookInRight",
    "eyeLookOutLeft",
    "eyeLookOutRight",
    "eyeLookUpLeft",
    "eyeLookUpRight",
    "eyeSquintLeft",
    "eyeSquintRight",
    "eyeWideLeft",
    "eyeWideRight",
    "jawForward",
    "jawLeft",
    "jawOpen",
    "jawRight",
    "mouthClose",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthFrownLeft",
    "mouthFrownRight",
    "mouthFunnel",
    "mouthLeft",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthPucker",
    "mouthRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "noseSneerLeft",
    "noseSneerRight",
]


def _read(archive, name) -> bytes:
    if archive.getinfo(name).file_size > _LARGEST:
        raise ValueError(f"{name} has more than {_LARGEST} bytes")
    return archive.read(name)


@lru_cache(maxsize=1)
def _interpreters(path):
    """Return both networks, in the process that runs them."""
    from ai_edge_litert.interpreter import Interpreter

    try:
        with zipfile.ZipFile(path) as archive:
            contents = [_read(archive, name) for name in _FILES]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise WeightsError(
            f"{path}: not MediaPipe's face landmarker with blendshapes ({error}). It is the file "
            "face_landmarker_v2_with_blendshapes.task."
        ) from None
    networks = [Interpreter(model_content=content, num_threads=1) for content in contents]
    for network in networks:
        network.allocate_tensors()
    return networks


def _run(network, values) -> np.ndarray:
    network.set_tensor(network.get_input_details()[0]["index"], values[None])
    network.invoke()
    return network.get_tensor(network.get_output_details()[0]["index"])


def answer(head, crops):
    """Return the blendshapes of crops, (n, 52), in the process that runs the networks."""
    landmarks, blendshapes = _interpreters(head["path"])
    rows = np.empty((len(crops), len(NAMES)), np.float32)
    for crop, row in zip(crops, rows, strict=True):
        points = _run(landmarks, crop.astype(np.float32) / 255).reshape(_LANDMARKS, 3)
        row[:] = _run(blendshapes, points[_POINTS, :2])
    return {}, rows


@lru_cache(maxsize=2)
def _network(digest):
    path = lookup_file(digest, "face landmarker")
    return ContainedNetwork(path, f"{__name__}:answer", runtime="LiteRT", install="litert")


def blendshapes(crops, *, model) -> np.ndarray:
    """Return the blendshapes of face crops.

    Parameters
    ----------
    crops : uint8 ndarray of shape (n, 256, 256, 3)
        RGB, eyes level.
    model : str
        SHA-256 of the file, as `emopipe.backbones.weights.checksum` gave it.

    Returns
    -------
    float32 ndarray of shape (n, 52)
        From 0 to 1, in the order of `NAMES`.

    Raises
    ------
    WeightsError
        If the file is another one, or cannot be run.
    ImportError
        If LiteRT is not installed.
    """
    return _network(model).ask({}, crops)[1]
