"""The voice: pyAudioAnalysis' short-term features of signals, their statistics for clips."""

from emopipe.voice.clips import ShortTermStatistics
from emopipe.voice.definitions import FEATURES
from emopipe.voice.short_term import STATISTICS, short_term_features, statistics

__all__ = ["FEATURES", "STATISTICS", "ShortTermStatistics", "short_term_features", "statistics"]
