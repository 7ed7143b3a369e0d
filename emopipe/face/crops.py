"""The half of every face recipe that runs in worker processes: a clip becomes crops of its face."""

from emopipe.extract import Block, Prepared
from emopipe.extract.pooling import POOLINGS
from emopipe.face_networks import choose


def prepare_crops(path, **asked):
    """Yield the trusted face crops of a clip.

    Parameters
    ----------
    path : str
        Video or image.
    **asked
        Parameters of `emopipe.faces.face_crops`.

    Yields
    ------
    Block
        Rows uint8 (n, rows, columns, 3), RGB, with their times.

    Raises
    ------
    ClipError
        "no_face", "no_video", "corrupt" or "too_large".
    """
    from emopipe.faces import face_crops

    chunks = face_crops(path, **asked)
    for chunk in chunks:
        if len(chunk.crops):
            yield Block(chunk.crops, chunk.times)
    return Prepared(chunks.status, chunks.counts, chunks.seconds)


def crops_asked(estimator, size) -> dict:
    """Return how a recipe asks for the face crops of a transformer, after a check of it.

    Parameters
    ----------
    estimator : ClipTransformer
        With the parameters detector, detector_model, n_frames, fps, margin, align, policy, choose
        and detect_every.
    size : tuple of int
        Rows and columns of a crop.

    Returns
    -------
    dict
        The arguments of a `Recipe` that say so: prepare, prepare_args, identity, places, owner.

    Raises
    ------
    ValueError
        If a number is out of its range, or a name unknown.
    FileNotFoundError
        If the detector's model does not exist.
    """
    from emopipe.faces import POLICIES, RULES, in_recipe

    how = in_recipe(estimator.detector, estimator.detector_model)
    choose("policy", estimator.policy, POLICIES)
    choose("choose", estimator.choose, RULES)
    if estimator.detect_every < 1:
        raise ValueError(f"detect_every={estimator.detect_every!r} must be at least 1.")
    if not 0 <= estimator.margin < 10:
        raise ValueError(f"margin={estimator.margin!r} must be a share of the box, from 0 to 10.")
    sampling = _sampling(estimator.n_frames, estimator.fps)
    further = {
        "size": [int(side) for side in size],
        "margin": float(estimator.margin),
        "align": bool(estimator.align),
        "policy": estimator.policy,
        "choose": estimator.choose,
        "detect_every": int(estimator.detect_every),
    }
    arguments = sampling | how["prepare_args"] | further
    return how | {"prepare": prepare_crops, "prepare_args": arguments, "owner": "emopipe"}


def _sampling(n_frames, fps) -> dict:
    if n_frames is not None:
        if n_frames != int(n_frames) or n_frames < 1:
            raise ValueError(f"n_frames={n_frames!r} must be a whole number from 1, or None.")
        return {"n_frames": int(n_frames), "fps": None}
    if fps is not None and not 0 < fps <= 1000:
        raise ValueError(f"fps={fps!r} must be frames per second above 0, or None for every frame.")
    return {"n_frames": None, "fps": None if fps is None else float(fps)}


def pooled_names(names, pooling) -> list[str]:
    """Return the names of features after pooling over a clip's frames.

    Parameters
    ----------
    names : list of str
        Of one frame.
    pooling : str
        "mean", "max" or "mean_std".

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
    if pooling == "mean_std":
        return [f"{statistic}_{name}" for statistic in ("mean", "std") for name in names]
    choose("pooling", pooling, POOLINGS)
    raise ValueError(
        f"pooling={pooling!r} gives every clip as many rows as it has faces, which is no table: "
        "call extract(X), or choose 'mean', 'mean_std' or 'max'."
    )
