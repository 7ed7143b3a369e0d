"""System B: one audio-visual network per segment of a clip, their answers added up."""

from emopipe.networks.temporal_aggregation.estimator import TemporalAggregation

__all__ = ["TemporalAggregation"]
