"""A fitted recogniser on new clips: emotions of whole clips, and over time, per modality."""

from emopipe.prediction.answers import ClipPrediction, Moment, Prediction
from emopipe.prediction.asking import modalities_of, runs_network
from emopipe.prediction.predicting import predict
from emopipe.prediction.recordings import Recording, recordings
from emopipe.prediction.training import TrainingRows, extractors_of, frame_counts, training_rows
from emopipe.prediction.windows import check_windows, n_windows, window_table, windows_of

__all__ = [
    "ClipPrediction",
    "Moment",
    "Prediction",
    "Recording",
    "TrainingRows",
    "check_windows",
    "extractors_of",
    "frame_counts",
    "modalities_of",
    "n_windows",
    "predict",
    "recordings",
    "runs_network",
    "training_rows",
    "window_table",
    "windows_of",
]
