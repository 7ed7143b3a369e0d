"""The voice: pyAudioAnalysis' short-term features, and functionals of our own, of clips."""

from emopipe.voice.clips import ShortTermStatistics
from emopipe.voice.definitions import FEATURES
from emopipe.voice.fisher import FisherVectors, fisher_vector
from emopipe.voice.functional_sets import SETS
from emopipe.voice.functionals import VoiceFunctionals
from emopipe.voice.short_term import STATISTICS, short_term_features, statistics
from emopipe.voice.speed_copies import SpeedCopies

__all__ = [
    "FEATURES",
    "SETS",
    "STATISTICS",
    "FisherVectors",
    "ShortTermStatistics",
    "SpeedCopies",
    "VoiceFunctionals",
    "fisher_vector",
    "short_term_features",
    "statistics",
]
