"""Detect the faces of one image, with a detector chosen by name.

Detectors are loaded once per process and thread, behind a cache keyed by plain values. They see a
smaller copy of a large image, and their boxes are scaled back.
"""

from functools import lru_cache
from pathlib import Path
from threading import get_ident

import numpy as np

from emopipe.containment import Broken, Contained, Refused
from emopipe.face.detector_models import (
    SSD_LAYERS,
    SSD_WEIGHTS,
    YUNET,
    check_path,
    fetch,
    model_digest,
    name_fault,
)
from emopipe.files import file_stamp
from emopipe.parameters import check_one_of

# Rows of `find`: x, y, width, height, score, then five points (x, y): the eye on the left of the
# image, the eye on the right, nose, corner of the mouth on the left, on the right.
_COLUMNS = 15
# Detectors that give the five points.
WITH_POINTS = ("yunet", "mtcnn")
# Raised when a detector begins to find other boxes with the same model.
_REVISIONS = {"haar": "2:"}
# A Haar box that is beyond doubt: votes, and size by the smallest looked for, so that all of its
# votes were counted.
_SURE, _LARGE = 10, 1.5
# Of the process that tries a user's model: bytes, and s until it must have found no fault.
_MEMORY, _PATIENCE = 2**31, 60.0


def _shrunk(image, max_side):
    import cv2

    scale = min(1.0, max_side / max(image.shape[:2]))
    if scale == 1.0:
        return image, 1.0
    rows, columns = (max(1, round(side * scale)) for side in image.shape[:2])
    return cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA), scale


def _rows(boxes, scores, points=None) -> np.ndarray:
    rows = np.full((len(boxes), _COLUMNS), np.nan, np.float32)
    if len(boxes):
        rows[:, :4], rows[:, 4] = boxes, scores
        if points is not None:
            rows[:, 5:] = points
    return rows


def _load_haar(model):
    import cv2

    if not hasattr(cv2, "CascadeClassifier"):
        raise ImportError(
            f"OpenCV {cv2.__version__} has no cascades: pip install 'opencv-python<5'"
        )
    # Measured: of the cascades in OpenCV the one that fires least beside faces.
    path = Path(cv2.data.haarcascades) / "haarcascade_frontalface_alt2.xml"
    with name_fault(model, "haar", "a cascade of OpenCV (.xml)"):
        cascade = cv2.CascadeClassifier(check_path(model or path, "haar"))

    def find(image):
        small, scale = _shrunk(image, 240 * max(image.shape[:2]) / min(image.shape[:2]))
        grey = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
        # Most of the time goes into small faces: they are looked for where no large one is sure.
        for least in (min(grey.shape) // 5, min(grey.shape) // 10):
            boxes, votes = cascade.detectMultiScale2(grey, 1.1, 3, 0, (least, least))
            boxes = np.asarray(boxes, np.float32).reshape(-1, 4)
            if ((boxes[:, 2] >= _LARGE * least) & (np.ravel(votes) >= _SURE)).any():
                break
        return _rows(boxes / scale, votes)

    return find


def _load_yunet(model):
    import cv2

    path = fetch(YUNET, "yunet") if model is None else check_path(model, "yunet")
    with name_fault(model, "yunet", "a YuNet model (.onnx)"):
        network = cv2.FaceDetectorYN.create(path, "", (320, 320), score_threshold=0.7)

    def find(image):
        small, scale = _shrunk(image, 480)
        network.setInputSize(small.shape[1::-1])
        _, faces = network.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        if faces is None:
            return _rows([], [])
        return _rows(faces[:, :4] / scale, faces[:, 14], faces[:, 4:14] / scale)

    return find


def _load_ssd(model):
    import cv2

    if model is None:
        weights, layers = fetch(SSD_WEIGHTS, "ssd"), fetch(SSD_LAYERS, "ssd")
    else:
        weights = check_path(model, "ssd")
        layers = check_path(Path(weights).with_name(SSD_LAYERS.file), "ssd")
    with name_fault(model, "ssd", "a Caffe model (.caffemodel)"):
        network = cv2.dnn.readNetFromCaffe(layers, weights)

    def find(image):
        bgr = cv2.cvtColor(_shrunk(image, 600)[0], cv2.COLOR_RGB2BGR)
        network.setInput(cv2.dnn.blobFromImage(bgr, 1.0, (300, 300), (104, 177, 123)))
        faces = network.forward().reshape(-1, 7)
        faces = faces[faces[:, 2] > 0.5]
        rows, columns = image.shape[:2]
        corners = faces[:, 3:7] * (columns, rows, columns, rows)
        return _rows(np.hstack([corners[:, :2], corners[:, 2:] - corners[:, :2]]), faces[:, 2])

    return find


def _load_mtcnn(model):
    try:
        from mtcnn import MTCNN
    except ImportError as error:
        raise ImportError("detector='mtcnn' needs: pip install mtcnn") from error
    if model is not None:
        raise ValueError(f"model={model!r}: detector='mtcnn' brings its own; pass model=None.")
    network = MTCNN()
    names = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")

    def find(image):
        small, scale = _shrunk(image, 480)
        faces = [face for face in network.detect_faces(small) if face["confidence"] > 0.9]
        points = [np.ravel([face["keypoints"][name] for name in names]) for face in faces]
        boxes = np.array([face["box"] for face in faces], np.float32).reshape(-1, 4)
        points = np.array(points, np.float32).reshape(-1, 10)
        return _rows(boxes / scale, [face["confidence"] for face in faces], points / scale)

    return find


def _load_whole(model):
    if model is not None:
        raise ValueError(f"model={model!r}: detector=None has none; pass model=None.")
    return lambda image: _rows([(0, 0, image.shape[1], image.shape[0])], [1.0])


DETECTORS = {
    "haar": _load_haar,
    "yunet": _load_yunet,
    "ssd": _load_ssd,
    "mtcnn": _load_mtcnn,
    None: _load_whole,
}


def _in_image(rows, image) -> np.ndarray:
    """Return the rows whose box is one: YuNet answers tiny pictures with infinite boxes."""
    sides = np.array(image.shape[1::-1])
    with np.errstate(invalid="ignore"):
        start, size = rows[:, :2], rows[:, 2:4]
        proper = np.isfinite(rows[:, :5]).all(axis=1) & (size > 0).all(axis=1)
        proper &= ((start < sides) & (start + size > 0) & (size <= 2 * sides.max())).all(axis=1)
    return rows[proper]


@lru_cache(maxsize=16)
def _load(detector, model, thread):
    find = DETECTORS[detector](model)
    return lambda image: _in_image(find(image), image)


def _check(detector):
    check_one_of("detector", detector, DETECTORS)


def load_detector(detector="haar", model=None):
    """Return the function that finds faces, loaded once: image -> float32 (faces, 15).

    Worth calling before a long run, since it raises what is wrong with the parameters.

    Raises
    ------
    ValueError
        If there is no detector of this name.
    FileNotFoundError
        If its model is not there and cannot be fetched.
    ImportError
        If the package of the detector is not installed.
    """
    _check(detector)
    model = None if model is None else str(model)
    return _load(detector, model, get_ident())


def answer(head, _):
    """Load a detector and look at a small picture, in a process of its own."""
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3)).astype(np.uint8)
    return {"faces": len(load_detector(head["detector"], head["model"])(image))}, None


@lru_cache(maxsize=64)
def _try_model(detector, model, stamp):
    """Raise what is wrong with a user's model, whatever it does to the process that loads it."""
    try:
        with Contained(f"{__name__}:answer", memory=_MEMORY, patience=_PATIENCE) as process:
            process.ask({"detector": detector, "model": model})
    except Refused as error:
        kinds = {"ImportError": ImportError, "FileNotFoundError": FileNotFoundError}
        raise kinds.get(error.kind, ValueError)(str(error)) from None
    except Broken as error:
        raise ValueError(
            f"model={model!r} is not what detector={detector!r} needs: {error}. Pass another file, "
            "or None for the usual one."
        ) from None


def in_recipe(detector, model) -> dict[str, dict]:
    """Return what a recipe of features says of its detector.

    Parameters
    ----------
    detector : str or None
    model : str, Path or None
        As of `detect`.

    Returns
    -------
    dict of str to dict
        Arguments of a `Recipe`: prepare_args (the detector's name), identity (revision and checksum
        of its model), and places (where the model is).

    Raises
    ------
    ValueError
        If there is no detector of this name, or the file is no model of it.
    FileNotFoundError
        If the model does not exist.

    Examples
    --------
    >>> in_recipe("haar", None)
    {'prepare_args': {'detector': 'haar'}, 'identity': {'detector_digest': '2:'},
     'places': {'model': None}}
    """
    _check(detector)
    model = None if model is None else str(Path(model).resolve())
    digest = model_digest(detector, model)
    if model is not None and digest != model_digest(detector):
        _try_model(detector, model, file_stamp(model))  # before any clip is looked at
    digest = _REVISIONS.get(detector, "") + digest
    return {
        "prepare_args": {"detector": detector},
        "identity": {"detector_digest": digest},
        "places": {"model": model},
    }


def detect(image, detector="haar", *, model=None, landmarks=False):
    """Find the faces of an image.

    Parameters
    ----------
    image : ndarray of uint8, shape (rows, columns, 3)
        RGB.
    detector : {"haar", "yunet", "ssd", "mtcnn", None}
        - "haar": OpenCV's cascade alt2 (Viola and Jones 2001; Lienhart et al. 2003): frontal faces
          of at least a tenth of the shorter side, or of a fifth beside one that is beyond doubt
          (ten votes, three tenths of that side); comes with OpenCV;
        - "yunet": YuNet (Wu et al. 2023), faster, finds turned and tilted faces too; 0.2 MB;
        - "ssd": the res10 single-shot detector of OpenCV (Liu et al. 2016), 10 MB;
        - "mtcnn": Zhang et al. 2016; needs TensorFlow and the extra `mtcnn`; slow;
        - None: the image is the face, as in manually cropped corpora.
    model : str or Path, optional
        File of the model, in place of the one that is fetched and checked: cascade (xml), onnx, or
        caffemodel (with deploy.prototxt beside it).
    landmarks : bool
        Also return points.

    Returns
    -------
    boxes : ndarray of float32, shape (faces, 5)
        x, y, width, height in pixels, and a score; the best score first. Scores are the detector's
        own: votes for "haar", probabilities for the others.
    points : ndarray of float32, shape (faces, 5, 2)
        If `landmarks`: x, y in pixels of the eye on the left of the image, the eye on the right,
        nose, left and right corner of the mouth; NaN from "haar", "ssd" and None.

    Examples
    --------
    >>> import numpy as np
    >>> detect(np.zeros((120, 160, 3), np.uint8)).shape
    (0, 5)
    >>> detect(np.zeros((120, 160, 3), np.uint8), None).tolist()
    [[0.0, 0.0, 160.0, 120.0, 1.0]]
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or not image.size:
        faces = f"{image.dtype} of shape {image.shape}"
        raise ValueError(f"image must be uint8 (rows, columns, 3) in RGB, not {faces}.")
    faces = load_detector(detector, model)(image)
    faces = faces[np.argsort(-faces[:, 4], kind="stable")]
    return (faces[:, :5], faces[:, 5:].reshape(-1, 5, 2)) if landmarks else faces[:, :5]
