"""The half of every face recipe that runs in worker processes: a clip becomes crops of its face."""

from emopipe.extraction import Block, Prepared
from emopipe.extraction.pooling import POOLINGS, STATISTICS
from emopipe.parameters import check_one_of


def prepare_crops(path, **asked):
    """Yield the trusted face crops of a clip.

    Parameters
    ----------
    path : str
        Video or image.
    **asked
        Parameters of `emopipe.face.face_crops`.

    Yields
    ------
    Block
        Rows uint8 (n, rows, columns, 3), RGB, with their times.

    Raises
    ------
    ClipError
        "no_face", "no_video", "corrupt" or "too_large".
    """
    from emopipe.face.cropping import face_crops

    chunks = face_crops(path, **asked)
    for chunk in chunks:
        if len(chunk.crops):
            yield Block(chunk.crops, chunk.times)
    return Prepared(chunks.status, chunks.counts, chunks.seconds)


def crops_recipe(faces, *, size, margin) -> dict:
    """Return the arguments of a `Recipe` that say how it comes by its face crops.

    Parameters
    ----------
    faces, size, margin
        As of `emopipe.face.feature_crops`, which checks them.

    Returns
    -------
    dict
        prepare, prepare_args, identity, places and owner.
    """
    from emopipe.face.parameters import feature_crops

    crops = feature_crops(faces, size=size, margin=margin)
    return crops | {"prepare": prepare_crops, "owner": "emopipe"}


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
