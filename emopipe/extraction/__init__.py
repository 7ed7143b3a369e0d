"""Extract features from clips: recipes, the engine that computes them, transformers.

A recipe names a function that prepares one clip and, where there is a network, one that finishes
rows of many clips. `extract` takes clips through it: what the store knows is not computed again.
Every transformer of the package that takes clips is a `ClipTransformer` with a recipe. Inside
`on_cluster`, or wherever joblib was told to use Dask, the work is done by a cluster.
"""

from emopipe.extraction.dask.client import on_cluster
from emopipe.extraction.engine import COUNTERS, Extraction, extract
from emopipe.extraction.recipe import Block, Prepared, Recipe, loudness
from emopipe.extraction.transformer import (
    ClipTransformer,
    ClipWarning,
    clip_tags,
    own_objects,
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
    "extract",
    "loudness",
    "on_cluster",
    "own_objects",
    "paths_of",
]
