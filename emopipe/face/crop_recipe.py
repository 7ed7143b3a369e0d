"""The part of every face recipe that runs in worker processes: crop a clip's face.

Features, networks, augmented copies and boxes on a timeline share it; see `FORMS` in
`emopipe.face.crop_forms`. Which form it is, the recipe's name says: it is no part of the key.
"""

from emopipe.backbones.weights import registration
from emopipe.extraction import Prepared, Recipe
from emopipe.extraction.pooling import POOLINGS, STATISTICS
from emopipe.face.crop_forms import FORMS
from emopipe.parameters import check_one_of


def prepare_crops(path, *, form="faces", rescale=None, **options):
    """Yield the trusted faces of a clip in a form.

    Parameters
    ----------
    path : str
        Video or image.
    form : str
        In `FORMS`.
    rescale : list of int or None
        Rows and columns to which landscape frames are brought, before faces are looked for.
    **options
        Those of the form, and parameters of `emopipe.face.face_crops`.

    Yields
    ------
    Block
        As the form has them; "faces": uint8 (n, rows, columns, 3), RGB, with their times.

    Raises
    ------
    ClipError
        "no_face", "no_video", "corrupt" or "too_large".
    """
    from emopipe.face.cropping import face_crops

    generator, of_form, of_both = FORMS[form]
    arguments = {name: options.pop(name) for name in of_form}
    values = options | {"rescale": rescale}
    arguments |= {name: values[name] for name in of_both}
    stream = face_crops(path, landscape=rescale, **options)
    prepared = yield from generator(stream, path, **arguments)
    return prepared or Prepared(stream.status, stream.counts, stream.seconds)


def crops_recipe(faces, *, size, margin, form="faces", n_frames=None, **options) -> dict:
    """Return the arguments of a `Recipe` that say how it comes by its face crops.

    Parameters
    ----------
    faces : FaceCrops
    size : (int, int)
        Rows and columns of a crop, where `faces` does not say.
    margin : float
        Around the detector's box, where `faces` does not say.
    form : str
        In `FORMS`: "faces" for features of clips; any other for networks, whose parameters of
        crops are fewer.
    n_frames : int or None
        Frames of a clip that a network sees, where `faces` does not say.
    **options
        Further ones of the form, such as ``grey``; part of the key.

    Returns
    -------
    dict
        prepare, prepare_args, identity, places and owner.

    Raises
    ------
    TypeError
        If `faces` is no `FaceCrops`.
    ValueError
        If a number is out of its range, or a name unknown.
    FileNotFoundError
        If the detector's model does not exist.

    Examples
    --------
    >>> from emopipe.face import FaceCrops
    >>> how = crops_recipe(
    ...     FaceCrops(), form="stack", n_frames=20, size=(98, 80), margin=0.0, grey=True)
    >>> how["prepare_args"]["n_frames"], how["prepare_args"]["grey"], how["places"]["form"]
    (20, True, 'stack')
    """
    from emopipe.face.parameters import feature_crops, network_crops, network_crops_in_recipe

    if form == "faces":
        how = feature_crops(faces, size=size, margin=margin)
    else:
        crops = network_crops(faces, n_frames=n_frames, size=size, margin=margin)
        how = network_crops_in_recipe(**crops)
    return how | in_form(how, form, **options)


def in_form(how, form, **options) -> dict:
    """Return the arguments of a `Recipe` whose faces come in another form.

    Parameters
    ----------
    how : dict
        prepare_args and places of a recipe of crops.
    form : str
        In `FORMS`.
    **options
        Further arguments, part of the key.
    """
    form_of = {} if form == "faces" else {"form": form}
    return {
        "prepare": prepare_crops,
        "prepare_args": dict(how["prepare_args"]) | options,
        "places": dict(how["places"]) | form_of,
        "owner": "emopipe",
    }


def features_recipe(features, name, finish, *, side, margin, finish_args=(), digest=None) -> Recipe:
    """Return the recipe of a transformer of faces: crops, what a function makes of each, a pool.

    Parameters
    ----------
    features : ClipTransformer
        With parameters `faces`, `pooling` and `batch_size`.
    name : str
        Of the recipe, at version 1.
    finish : callable
        uint8 crops (n, rows, columns, 3) -> rows (n, n_features).
    side : int or (int, int)
        Of the crops, pixels.
    margin : float
        Beside the box, unless `faces` says otherwise.
    finish_args : dict
        Of `finish`.
    digest : str or None
        SHA-256 of a file that `finish` needs, by which other processes find it.
    """
    size = (side, side) if isinstance(side, int) else side
    return Recipe(
        name, 1, **crops_recipe(features.faces, size=size, margin=margin), finish=finish,
        finish_args=dict(finish_args), pooling=features.pooling, batch_size=features.batch_size,
        elsewhere=None if digest is None else registration(digest),
    )  # fmt: skip


def pooled_names(names, pooling) -> list[str]:
    """Return the names of features after pooling over a clip's frames.

    Parameters
    ----------
    names : list of str
        Of one frame.
    pooling : str
        "mean", "max", "mean_std" or "temporal".

    Raises
    ------
    ValueError
        If the pooling gives no row of fixed length per clip.

    Examples
    --------
    >>> pooled_names(["anger", "fear"], "mean_std")
    ['mean_anger', 'mean_fear', 'std_anger', 'std_fear']
    """
    if pooling in ("mean", "max"):
        return list(names)
    if pooling in STATISTICS:
        return [f"{statistic}_{name}" for statistic in STATISTICS[pooling] for name in names]
    check_one_of("pooling", pooling, POOLINGS)
    raise ValueError(
        f"pooling={pooling!r} gives every clip as many rows as it has faces, which is no table: "
        "call extract(X), or choose 'mean', 'max', 'mean_std' or 'temporal'."
    )
