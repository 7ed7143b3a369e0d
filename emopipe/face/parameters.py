"""FaceCrops: how faces are cropped, one object of parameters for all features and networks."""

from numbers import Real

from sklearn.base import BaseEstimator, clone

from emopipe.face.cropping import POLICIES, check_choice
from emopipe.face.detectors import WITH_POINTS, in_recipe
from emopipe.face.tracking import RULES
from emopipe.parameters import check_one_of, check_size

# Parameters that networks on clips take; the others with their defaults.
_OF_NETWORKS = ("detector", "detector_model", "n_frames", "size", "margin", "detect_every")
# Frames per second that features look at by default.
_FPS = 5.0
_SPEAKER = 2  # revision of how the speaker is recognised, in the keys of features
_OF_FEATURES = {"fps": None, "align": None, "trust": "track", "prefer": "largest"}


class FaceCrops(BaseEstimator):
    """How a clip becomes crops of its face: a parameter `faces` of features and networks.

    A plain object without fit, so that `clone`, `repr` and nested `set_params` work, and a grid
    tries ``faces__detector`` or, in a pipeline, ``vggfacefeatures__faces__margin``. What is None
    here is as the features or the network have it by default.

    Parameters
    ----------
    detector : str or None
        "haar", "yunet", "ssd" or "mtcnn"; None: the whole picture is the face.
    detector_model : str, Path or None
        File of the detector's model; None takes the published one.
    n_frames : int or None
        Equally spaced frames of a clip (of a segment for `SegmentAttentionNetwork`); then `fps`
        does not count.
    fps : float, "all" or None
        Frames per second, of features only; "all" takes every frame.
    size : (int, int) or None
        Rows and columns of a crop, in pixels; features have those of their network.
    margin : float or None
        Added around the detector's box on every side, as a share of it.
    align : None, True or "landmarks"
        None or False: crops as the boxes lie. True: turn the face until the eyes are level.
        "landmarks": turn, scale and shift it until eyes, nose and mouth lie where ArcFace and its
        kin have them; then `margin` does not count. Of features only; needs a detector that finds
        these points ("yunet", "mtcnn").
    trust : "track" or "all"
        Which boxes are faces: those on the clip's track in place and size, or every frame's best.
        Of features only.
    prefer : "largest", "central", "speaking" or int
        Which face, where there are several. "speaking": whose mouth goes with the voice. A number
        from 0: one person, the longest seen first (`find_people`); a clip with fewer people has the
        status "no_face". Both need a detector that finds mouths ("yunet", "mtcnn") and look through
        the clip twice. Of features only.
    detect_every : int
        The detector looks at every so many frames; in between faces are followed.

    Raises
    ------
    ValueError
        When clips are read, for a parameter that is not allowed.

    See Also
    --------
    VGGFaceFeatures, MiniXceptionFeatures, ONNXFaceFeatures, FaceTexture : Features of faces.
    AudioVisualCNN, TemporalAggregation, SegmentAttentionNetwork : Networks that see them.
    Training : How a network is trained.

    Examples
    --------
    >>> from emopipe import FaceCrops, FaceTexture
    >>> texture = FaceTexture(faces=FaceCrops(detector="yunet"))
    >>> texture.set_params(faces__margin=0.1).faces
    FaceCrops(detector='yunet', margin=0.1)
    """

    def __init__(
        self, *, detector="haar", detector_model=None, n_frames=None, fps=None, size=None,
        margin=None, align=None, trust="track", prefer="largest", detect_every=1,
    ):  # fmt: skip
        self.detector = detector
        self.detector_model = detector_model
        self.n_frames = n_frames
        self.fps = fps
        self.size = size
        self.margin = margin
        self.align = align
        self.trust = trust
        self.prefer = prefer
        self.detect_every = detect_every


def _complete(faces, **defaults) -> FaceCrops:
    """Return a copy of `faces` with `defaults` where it has None, after a check of its numbers."""
    if not isinstance(faces, FaceCrops):
        raise TypeError(
            f"faces={faces!r} must be FaceCrops(...), such as FaceCrops(detector='yunet')"
        )
    unset = {name: value for name, value in defaults.items() if getattr(faces, name) is None}
    faces = clone(faces).set_params(**unset)
    for name in ("n_frames", "detect_every"):
        value = getattr(faces, name)
        whole = isinstance(value, Real) and value >= 1 and value == int(value)
        if value is not None and not whole:
            raise ValueError(f"faces.{name}={value!r} must be a whole number from 1.")
    check_size("faces.size", faces.size)
    margin = faces.margin
    if not isinstance(margin, Real) or not 0 <= margin < 10:
        raise ValueError(f"faces.margin={margin!r} must be a share of the box, from 0 to 10.")
    return faces


def network_crops(faces, *, n_frames, size, margin) -> dict:
    """Return {parameter: value} of a network's crops: `faces`, with its own values for None.

    Raises
    ------
    TypeError
        If `faces` is no `FaceCrops`.
    ValueError
        If a number is out of its range, or a parameter that networks do not take was set.

    Examples
    --------
    >>> network_crops(FaceCrops(margin=0.1), n_frames=20, size=(98, 80), margin=0.0)
    {'detector': 'haar', 'detector_model': None, 'n_frames': 20, 'size': (98, 80), 'margin': 0.1,
     'detect_every': 1}
    """
    faces = _complete(faces, n_frames=n_frames, size=size, margin=margin)
    for name, default in _OF_FEATURES.items():
        if (getattr(faces, name) or None) != default:
            raise ValueError(
                f"faces.{name}={getattr(faces, name)!r} is for features such as VGGFaceFeatures; "
                f"a network takes {', '.join(_OF_NETWORKS)}"
            )
    return {name: getattr(faces, name) for name in _OF_NETWORKS}


def network_crops_in_recipe(
    *, detector, detector_model, size, margin, detect_every, n_frames=None
) -> dict[str, dict]:
    """Return what a recipe of a network says of its crops: prepare_args, identity and places.

    Its parameters are what `network_crops` returns; without `n_frames` nothing is said of frames.

    Examples
    --------
    >>> crops = network_crops(FaceCrops(), n_frames=20, size=(98, 80), margin=0.0)
    >>> network_crops_in_recipe(**crops)["prepare_args"]
    {'detector': 'haar', 'size': [98, 80], 'margin': 0.0, 'detect_every': 1, 'n_frames': 20}
    """
    how = in_recipe(detector, detector_model)
    how["prepare_args"] |= {
        "size": [int(side) for side in size],
        "margin": float(margin),
        "detect_every": int(detect_every),
    }
    if n_frames is not None:
        how["prepare_args"]["n_frames"] = int(n_frames)
    return how


def feature_crops(faces, *, size, margin) -> dict[str, dict]:
    """Return what a recipe of features says of its crops.

    Parameters
    ----------
    faces : FaceCrops
    size : (int, int)
        Rows and columns that the network takes.
    margin : float
        Of these features, where `faces` has None.

    Returns
    -------
    dict of str to dict
        Arguments of a `Recipe`: prepare_args (those of `emopipe.face.face_crops`), identity and
        places.

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
    >>> arguments = feature_crops(FaceCrops(fps="all"), size=(48, 48), margin=0.03)["prepare_args"]
    >>> arguments["fps"], arguments["n_frames"], arguments["margin"]
    (None, None, 0.03)
    """
    size = tuple(int(side) for side in size)
    faces = _complete(faces, size=size, margin=margin, fps=_FPS)
    how = in_recipe(faces.detector, faces.detector_model)
    _check_align(faces)
    check_one_of("faces.trust", faces.trust, POLICIES)
    check_choice("faces.prefer", faces.prefer)
    if faces.prefer not in RULES and faces.detector not in WITH_POINTS:
        names = " or ".join(map(repr, WITH_POINTS))
        raise ValueError(
            f"faces.prefer={faces.prefer!r} looks at mouths: set faces.detector to {names}."
        )
    if tuple(faces.size) != size:
        raise ValueError(f"faces.size={faces.size!r}: these features take crops of {size}.")
    how["prepare_args"] = {
        **_sampling(faces.n_frames, faces.fps),
        **how["prepare_args"],
        "size": list(size),
        "margin": float(faces.margin),
        "align": faces.align if faces.align == "landmarks" else bool(faces.align),
        "policy": faces.trust,
        "choose": faces.prefer,
        "detect_every": int(faces.detect_every),
    }
    if faces.prefer == "speaking":
        how["identity"] |= {"speaker": _SPEAKER}
    return how


def _check_align(faces):
    if faces.align not in (None, False, True, "landmarks"):
        raise ValueError(f"faces.align={faces.align!r} must be None, True or 'landmarks'.")
    if faces.align and faces.detector not in WITH_POINTS:
        names = " or ".join(map(repr, WITH_POINTS))
        raise ValueError(
            f"faces.align={faces.align!r} needs the eyes: set faces.detector to {names}; "
            f"{faces.detector!r} gives boxes alone."
        )


def _sampling(n_frames, fps) -> dict:
    if n_frames is not None:
        return {"n_frames": int(n_frames), "fps": None}
    if fps == "all":
        return {"n_frames": None, "fps": None}
    if not isinstance(fps, Real) or not 0 < fps <= 1000:
        raise ValueError(
            f"faces.fps={fps!r} must be frames per second above 0, or 'all' for every frame."
        )
    return {"n_frames": None, "fps": float(fps)}
