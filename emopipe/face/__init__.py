"""Faces of clips: boxes, tracks, crops, augmented copies, and features of them."""

from emopipe.backbones.vggface import precision_drift
from emopipe.face.blendshapes import BlendshapeFeatures
from emopipe.face.cropping import POLICIES, FaceChunk, FaceStream, face_crops
from emopipe.face.crops import crop
from emopipe.face.detector_models import model_digest
from emopipe.face.detectors import DETECTORS, detect, in_recipe, load_detector
from emopipe.face.mini_xception import MiniXceptionFeatures
from emopipe.face.onnx import ONNXFaceFeatures
from emopipe.face.parameters import FaceCrops, feature_crops, network_crops
from emopipe.face.texture import FaceTexture
from emopipe.face.tracking import RULES, find_track
from emopipe.face.vggface import VGGFaceFeatures

__all__ = [
    "DETECTORS",
    "POLICIES",
    "RULES",
    "BlendshapeFeatures",
    "FaceChunk",
    "FaceCrops",
    "FaceStream",
    "FaceTexture",
    "MiniXceptionFeatures",
    "ONNXFaceFeatures",
    "VGGFaceFeatures",
    "crop",
    "detect",
    "face_crops",
    "feature_crops",
    "find_track",
    "in_recipe",
    "load_detector",
    "model_digest",
    "network_crops",
    "precision_drift",
]
