"""Decision-level fusion: combine the scores of several modalities, weighted per emotion."""

from emopipe.fusion.clip_pipeline import ClipPipeline, make_clip_pipeline
from emopipe.fusion.emotion_weighted import EmotionWeightedFusion
from emopipe.fusion.log_pool import choose_floors, likelihood_weights, log_scores
from emopipe.fusion.scan import score_weights
from emopipe.fusion.score_columns import ScoreColumns
from emopipe.fusion.search import search_weights
from emopipe.fusion.stacking import StackedFusion, stacking_coefficients, stacking_floors
from emopipe.fusion.weights import fuse, recall_weights, recalls, shrink_weights
from emopipe.fusion.where_finite import WhereFinite

__all__ = [
    "ClipPipeline",
    "EmotionWeightedFusion",
    "ScoreColumns",
    "StackedFusion",
    "WhereFinite",
    "choose_floors",
    "fuse",
    "likelihood_weights",
    "log_scores",
    "make_clip_pipeline",
    "recall_weights",
    "recalls",
    "score_weights",
    "search_weights",
    "shrink_weights",
    "stacking_coefficients",
    "stacking_floors",
]
