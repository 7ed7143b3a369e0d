"""Find where a model crops faces, to draw the boxes on the pictures."""

import numpy as np

from emopipe.extraction import Recipe, extract
from emopipe.face.crop_forms import FORMS
from emopipe.face.crop_recipe import in_form, prepare_crops
from emopipe.inspection import recipes


def face_boxes(model, paths, **options) -> list[list]:
    """Return for every clip rows [seconds, left, top, width, height, detector's score].

    Of the first features, or network, of face crops; empty lists where there are none, or no face.
    Lengths are shares of the picture's sides.

    Parameters
    ----------
    model : classifier
    paths : list of str
    **options
        store and n_jobs of `emopipe.extraction.extract`.
    """
    for recipe in recipes(model).values():
        if recipe.prepare is prepare_crops:
            of_form = FORMS[recipe.places.get("form", "faces")][1]
            how = {k: v for k, v in recipe.prepare_args.items() if k not in of_form}
            arguments = in_form({"prepare_args": how, "places": recipe.places}, "boxes")
            boxes = Recipe("face_boxes", 1, pooling="timed", identity=recipe.identity, **arguments)
            values = extract(paths, boxes, **options).values
            return [[] if value is None else np.round(value, 4).tolist() for value in values]
    return [[] for _ in paths]
