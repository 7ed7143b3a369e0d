"""Decision-level fusion: scores of several modalities become one, weighted per emotion."""

from emopipe.fusion.emotion_weighted import EmotionWeightedFusion
from emopipe.fusion.scan import score_weights
from emopipe.fusion.score_columns import ScoreColumns
from emopipe.fusion.search import search_weights
from emopipe.fusion.weights import fuse, recall_weights, recalls
from emopipe.fusion.where_finite import WhereFinite

__all__ = [
    "EmotionWeightedFusion",
    "ScoreColumns",
    "WhereFinite",
    "fuse",
    "recall_weights",
    "recalls",
    "score_weights",
    "search_weights",
]
