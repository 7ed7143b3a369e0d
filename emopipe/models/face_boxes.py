"""Find where a model crops faces, to draw the boxes on the pictures."""

import numpy as np

from emopipe.extraction import Block, Prepared, Recipe, extract
from emopipe.face.crop_recipe import prepare_crops
from emopipe.inspection import recipes

_TINY = (8, 8)  # the crops themselves are not wanted


def measure_boxes(path, **options):
    """Yield the trusted face boxes of a clip, found as its face features find them.

    Yields
    ------
    Block
        Rows float64 (n, 5): left, top, width, height as shares of the picture, and the detector's
        score; with their times in seconds.

    Raises
    ------
    ClipError
        "no_face", "no_video", "corrupt" or "too_large".
    """
    from emopipe.face import face_crops
    from emopipe.media import probe

    info, most = probe(path), 1920
    scale = min(1.0, most / max(info.rows, info.columns, 1))
    side = np.array([info.columns, info.rows, info.columns, info.rows]) * scale
    chunks = face_crops(path, max_side=most, **options | {"size": _TINY})
    for chunk in chunks:
        if len(chunk.boxes):
            shares = chunk.boxes[:, :4] / side
            yield Block(np.column_stack([shares, chunk.boxes[:, 4]]).astype(float), chunk.times)
    return Prepared(chunks.status, chunks.counts, chunks.seconds)


def face_boxes(model, paths, **options) -> list[list]:
    """Return for every clip rows [seconds, left, top, width, height, detector's score].

    Of the first feature extractor that works on face crops; empty lists where there is none, or no
    face. Places are shares of the picture.

    Parameters
    ----------
    model : classifier
    paths : list of str
    **options
        store and n_jobs of `emopipe.extraction.extract`.
    """
    for recipe in recipes(model).values():
        if recipe.prepare is prepare_crops:
            boxes = Recipe(
                "face_boxes", 1, measure_boxes, recipe.prepare_args, pooling="timed",
                places=recipe.places, identity=recipe.identity, owner="emopipe",
            )  # fmt: skip
            values = extract(paths, boxes, **options).values
            return [[] if value is None else np.round(value, 4).tolist() for value in values]
    return [[] for _ in paths]
