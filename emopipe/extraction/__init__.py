"""Extract features from clips: recipes, the engine that computes them, transformers.

A recipe names a function that prepares one clip and, where there is a network, one that finishes
rows of many clips. `extract` computes it, and computes nothing that the store has.
Every transformer of the package that takes clips is a `ClipTransformer` with a recipe. Inside
`on_cluster`, or wherever joblib uses Dask, a cluster does the work.
"""

from emopipe.extraction.dask.client import on_cluster
from emopipe.extraction.engine import COUNTERS, Extraction, extract
from emopipe.extraction.recipe import Block, Prepared, Recipe, loudness
from emopipe.extraction.transformer import (
    ClipTransformer,
    ClipWarning,
    clip_tags,
    copy_objects,
    index_of,
    paths_of,
)

__all__ = [
    "COUNTERS",
    "Block",
    "ClipTransformer",
    "ClipWarning",
    "Extraction",
    "Prepared",
    "Recipe",
    "clip_tags",
    "copy_objects",
    "extract",
    "index_of",
    "loudness",
    "on_cluster",
    "paths_of",
]
