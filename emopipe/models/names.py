"""Names of this package's classes in saved models: by class, whatever their module."""

import importlib

import emopipe
from emopipe.models.errors import ModelError

# Classes inside models that are no public names, and the modules that hold them today.
_INTERNAL = {
    "FaceTransform": "face.augmentation",
    "IsotonicCalibration": "fusion.calibration",
    "SigmoidCalibration": "fusion.calibration",
    "Table": "models.packing",
    "TemperatureCalibration": "fusion.calibration",
}

# Parameters that a class got after models of it had been saved, with the value that means what it
# did before. A class whose older models would mean something else has no line here.
LATER_PARAMETERS = {
    "AudioVisualCNN": {"transform": "fourier"},
    "SegmentAttentionNetwork": {"picture": "log-mel", "least_faces": 0.0, "audio_dense": True},
    "VGG19Features": {"fine_tune": 0, "fine_tune_rate": 1e-5},
    "FaceTexture": {"descriptor": "gradients"},
    "VGGFaceClassifier": {"faces_by_corpus": None},
}


def model_class(name):
    """Return the class of this package that saved models call `name`.

    Raises
    ------
    ModelError
        If there is none.

    Examples
    --------
    >>> model_class("WhereFinite").__name__
    'WhereFinite'
    """
    if name in _INTERNAL:
        return getattr(importlib.import_module(f"emopipe.{_INTERNAL[name]}"), name)
    if name in emopipe.__all__:
        return getattr(emopipe, name)
    raise ModelError(f"this emopipe has no class {name!r} that a model may hold")


def is_model_class(kind) -> bool:
    """Return whether a class is one of this package's that a model may hold."""
    try:
        return model_class(kind.__name__) is kind
    except ModelError:
        return False


def _class_nodes(node):
    """Yield the nodes of a schema that name a class or function of this package."""
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, dict):
            module = part.get("__module__")
            if isinstance(module, str) and module.partition(".")[0] == "emopipe":
                yield part
            stack.extend(part.values())
        elif isinstance(part, list):
            stack.extend(part)


def name_by_class(schema) -> None:
    """Replace, in place, the modules of this package's classes by the package's name.

    Raises
    ------
    ModelError
        For a class that saved models may not hold.
    """
    for node in _class_nodes(schema):
        expected = model_class(node["__class__"])
        if expected.__module__ != node["__module__"]:
            raise ModelError(f"{node['__module__']}.{node['__class__']} is not {expected!r}")
        node["__module__"] = "emopipe"


def find_modules(schema) -> None:
    """Put, in place, the modules in which this package's classes lie today into a schema.

    Raises
    ------
    ModelError
        For a class that this version does not have, or that no model may hold.
    """
    for node in _class_nodes(schema):
        node["__module__"] = model_class(node.get("__class__")).__module__
