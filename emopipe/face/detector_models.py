"""Model files of the face detectors: downloaded and checked, or given by the user."""

from contextlib import contextmanager
from typing import NamedTuple

from emopipe.files import cache_folder, checksum, download, expand_user


class _Model(NamedTuple):
    file: str
    url: str
    sha256: str


YUNET = _Model(
    "face_detection_yunet_2026may.onnx",
    "https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet/"
    "face_detection_yunet_2026may.onnx",
    "ebafce4e3c118d6554634be5c27ab333b4c047a9a8c3faf1d7cf93101c22f0f0",
)
SSD_WEIGHTS = _Model(
    "res10_300x300_ssd_iter_140000.caffemodel",
    "https://raw.githubusercontent.com/opencv/opencv_3rdparty/"
    "dnn_samples_face_detector_20170830/res10_300x300_ssd_iter_140000.caffemodel",
    "2a56a11a57a4a295956b0660b4a3d76bbdca2206c4961cea8efe7d95c7cb2f2d",
)
SSD_LAYERS = _Model(
    "deploy.prototxt",
    "https://raw.githubusercontent.com/opencv/opencv/4.11.0/samples/dnn/face_detector/"
    "deploy.prototxt",
    "dcd661dc48fc9de0a341db1f666a2164ea63a67265c7f779bc12d6b3f2fa67e9",
)


def fetch(model, detector) -> str:
    """Return the path of a model, fetched where it is missing; FileNotFoundError says why not."""
    folder = cache_folder() / "models"
    try:
        return str(download(model.url, folder / model.file, sha256=model.sha256))
    except Exception as error:  # whatever the network, the disk or the checksum does
        raise FileNotFoundError(
            f"The model of detector={detector!r} could not be fetched: {error}. Without network, "
            f"copy {model.url} (sha256 {model.sha256}) to {folder / model.file}, or pass its path "
            f"as model=...; detector='haar' needs no download."
        ) from error


def check_path(model, detector) -> str:
    """Return the path of a model of the user's; FileNotFoundError where there is none."""
    path = expand_user(model)
    if not path.is_file():
        raise FileNotFoundError(
            f"model={str(model)!r}, the model of detector={detector!r}, is no file. Pass the path "
            f"of an existing file, or None to fetch it."
        )
    return str(path)


@contextmanager
def name_fault(model, detector, needs):
    """Turn OpenCV's errors over a file into one that names it."""
    import cv2

    try:
        yield
    except (cv2.error, SystemError) as error:
        raise ValueError(
            f"model={str(model)!r} is not what detector={detector!r} needs: {needs}. Pass such a "
            "file, or None for the usual one."
        ) from error


def model_digest(detector="haar", model=None) -> str:
    """Return what identifies a detector's model: pinned checksum, or that of the file given."""
    if model is not None:
        return checksum(check_path(model, detector))
    pinned = {"yunet": YUNET.sha256, "ssd": SSD_WEIGHTS.sha256}
    return pinned.get(detector, "")
