"""The face: texture, or what face networks see, pooled over the trusted faces of each clip."""

from emopipe.face.mini_xception import MiniXceptionFeatures
from emopipe.face.onnx import ONNXFaceFeatures
from emopipe.face.texture import FaceTexture
from emopipe.face.vggface import VGGFaceFeatures
from emopipe.face_networks.vggface import precision_drift

__all__ = [
    "FaceTexture",
    "MiniXceptionFeatures",
    "ONNXFaceFeatures",
    "VGGFaceFeatures",
    "precision_drift",
]
