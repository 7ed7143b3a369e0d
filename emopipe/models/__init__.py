"""Fitted recognisers: saved, loaded without running foreign code, and used on new clips.

A model is a folder. It holds ``model.skops`` (parameters and learned arrays, never pickles),
``model.json`` (the manifest: versions, labels, features, figures, a checksum of every file) and
``model_card.md``. An estimator can be saved when its attributes are plain values, numpy arrays,
number tables and other estimators; classes of this package are trusted as they are.
"""

from emopipe.models.errors import ModelError, ModelWarning
from emopipe.models.loading import load, read_manifest
from emopipe.models.prediction import ClipPrediction, Moment, Prediction
from emopipe.models.predictor import predict
from emopipe.models.recordings import Recording, recordings
from emopipe.models.saving import check_savable, save
from emopipe.models.scoring import modalities_of
from emopipe.models.training_rows import TrainingRows, frame_counts, training_rows
from emopipe.models.windows import check_windows, n_windows, window_table, windows_of

__all__ = [
    "ClipPrediction",
    "ModelError",
    "ModelWarning",
    "Moment",
    "Prediction",
    "Recording",
    "TrainingRows",
    "check_savable",
    "check_windows",
    "frame_counts",
    "load",
    "modalities_of",
    "n_windows",
    "predict",
    "read_manifest",
    "recordings",
    "save",
    "training_rows",
    "window_table",
    "windows_of",
]
