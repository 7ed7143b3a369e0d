"""System C: VGG19, an LSTM over faces, and attention over voice and face."""

from emopipe.networks.segment_attention.estimator import SegmentAttentionNetwork

__all__ = ["SegmentAttentionNetwork"]
