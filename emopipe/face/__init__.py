"""The face: activations of face networks, pooled over the trusted faces of each clip."""

from emopipe.face.mini_xception import MiniXceptionFeatures
from emopipe.face.onnx import ONNXFaceFeatures
from emopipe.face.vggface import VGGFaceFeatures
from emopipe.face_networks.vggface import precision_drift

__all__ = ["MiniXceptionFeatures", "ONNXFaceFeatures", "VGGFaceFeatures", "precision_drift"]
