"""Faces of a clip: boxes, crops of one size, and which frames are trusted."""

from emopipe.faces.crops import crop
from emopipe.faces.detector_models import model_digest
from emopipe.faces.detectors import DETECTORS, detect, in_recipe, load_detector
from emopipe.faces.parameters import FaceCrops, feature_crops, network_crops
from emopipe.faces.stream import POLICIES, FaceChunk, FaceStream, face_crops
from emopipe.faces.tracks import RULES, trusted

__all__ = [
    "DETECTORS",
    "POLICIES",
    "RULES",
    "FaceChunk",
    "FaceCrops",
    "FaceStream",
    "crop",
    "detect",
    "face_crops",
    "feature_crops",
    "in_recipe",
    "load_detector",
    "model_digest",
    "network_crops",
    "trusted",
]
