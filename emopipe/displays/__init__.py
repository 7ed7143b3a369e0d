"""Pictures in scikit-learn's style: from_result or from_estimator, plot(ax=None), ax_, figure_.

Matplotlib is imported when something is plotted.
"""

from emopipe.displays.confusion import ConfusionDisplay
from emopipe.displays.curves import LearningCurvesDisplay
from emopipe.displays.reliability import ReliabilityDisplay
from emopipe.displays.subjects import SubjectsDisplay
from emopipe.displays.timeline import TimelineDisplay
from emopipe.displays.weight_grid import WeightGridDisplay
from emopipe.displays.weights import WeightsDisplay

__all__ = [
    "ConfusionDisplay",
    "LearningCurvesDisplay",
    "ReliabilityDisplay",
    "SubjectsDisplay",
    "TimelineDisplay",
    "WeightGridDisplay",
    "WeightsDisplay",
]
