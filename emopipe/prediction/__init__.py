"""A fitted recogniser on new clips: emotions of whole clips, and over time, per modality."""

from emopipe.prediction.answers import ClipPrediction, Moment, Prediction
from emopipe.prediction.predicting import check_windows, predict, windows_of

__all__ = ["ClipPrediction", "Moment", "Prediction", "check_windows", "predict", "windows_of"]
