"""Check this installation: versions, devices, weights, codecs, detectors, the store.

  emopipe doctor

Every line says "ok", "missing" (optional: what it would give) or "FAILED" (what to
do). The exit code is 1 when something that emopipe cannot work without fails.
"""

import os
import shutil
import tempfile
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = (
    "emopipe", "numpy", "scipy", "pandas", "scikit-learn", "joblib", "keras", "tensorflow", "av",
    "pyAudioAnalysis",
)  # fmt: skip
OPTIONAL = {
    "mtcnn": "the detector 'mtcnn'",
    "ai-edge-litert": "BlendshapeFeatures",
    "onnxruntime": "ONNXFaceFeatures",
    "openvino": "the runtime 'openvino', faster on CPUs",
    "distributed": "extraction and grid searches on a Dask cluster",
}


def add_arguments(parser):
    """Add this command's arguments."""
    parser.add_argument("--store", help="the store's file (default: the user's cache folder)")


def command(args) -> int:
    """Run every check and print one line for each."""
    from emopipe.cli.early_checks import with_flags
    from emopipe.text import pluralise

    failed = 0
    for name, check in _checks(args.store):
        try:
            line = check()
        except Exception as error:
            failed += 1
            line = ("FAILED", name, f"{type(error).__name__}: {with_flags(error, 'doctor')}")
        print("{:<8} {:<16} {}".format(*line))
    verdict = (
        f"{pluralise(failed, 'check')} failed" if failed else "all that emopipe needs is there"
    )
    print(f"\n{verdict}")
    return 1 if failed else 0


def _checks(store):
    from emopipe.models.provenance import NETWORKS

    for name in PACKAGES:
        yield name, partial(_package, name)
    yield "opencv", _opencv
    for name, use in OPTIONAL.items():
        yield name, partial(_optional, name, use)
    yield "devices", _devices
    yield "codecs", _codecs
    yield "detector haar", _haar
    yield "detector models", _detector_models
    for published in NETWORKS:
        yield published.name, partial(_weight_file, published)
    yield "store", partial(_store, store)


def _package(name):
    try:
        return "ok", name, version(name)
    except PackageNotFoundError:
        raise ModuleNotFoundError(f"not installed: pip install {name}") from None


def _opencv():
    import cv2  # from any of its wheels, with windows or headless

    return "ok", "opencv", cv2.__version__


def _optional(name, use):
    try:
        return "ok", name, version(name)
    except PackageNotFoundError:
        return "missing", name, f"optional: {use}; pip install {name}"


def _devices():
    from emopipe.cli import quiet_tensorflow

    quiet_tensorflow()
    import keras

    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        names = [device.name for device in tf.config.list_physical_devices()]
    elif backend == "jax":
        import jax

        names = [str(device) for device in jax.devices()]
    else:
        import torch

        names = ["cpu", *(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))]
    devices = f"Keras on {backend}: {', '.join(names)}; {os.cpu_count()} cores"
    if all("cpu" in name.lower() for name in names):
        return _only_cpu(devices, backend)
    return "ok", "devices", devices


def _only_cpu(devices, backend):
    """Return the line of a backend that sees no GPU: amiss where the machine has one."""
    how = "'emopipe[gpu]'" if backend == "tensorflow" else f"{backend} for CUDA"
    words = f"{devices}; only the CPU is used"
    if _has_nvidia():
        return "missing", "devices", f"{words}, although there is an NVIDIA GPU: pip install {how}"
    return "ok", "devices", f"{words} (with an NVIDIA GPU: pip install {how})"


def _has_nvidia() -> bool:
    return bool(shutil.which("nvidia-smi")) or Path("/dev/nvidia0").exists()


def _codecs():
    import av

    codecs = ("h264", "mpeg4", "flv", "mjpeg", "aac", "mp3", "pcm_s16le", "vorbis", "opus")
    lacking = [name for name in codecs if name not in av.codecs_available]
    if lacking:
        raise RuntimeError(f"PyAV cannot decode {', '.join(lacking)}; reinstall av from its wheel")
    number = ".".join(map(str, av.library_versions["libavcodec"]))
    return "ok", "codecs", f"FFmpeg's libavcodec {number}"


def _haar():
    import numpy as np

    from emopipe.face import detect

    detect(np.zeros((64, 64, 3), np.uint8), "haar")
    return "ok", "detector haar", "answers (its model is part of opencv-python)"


def _detector_models():
    from emopipe.files import cache_folder

    folder = cache_folder() / "models"
    files = sorted(file.name for file in folder.glob("*.*"))
    if files:
        return "ok", "detector models", f"{', '.join(files)} in {folder}"
    how = "yunet (0.2 MB) and ssd (10 MB) fetch theirs at first use, or take a path"
    return "missing", "detector models", f"optional: {how}"


def _weight_file(published):
    from emopipe.backbones.weights import find, identify

    path = find(identify(None, published), published)
    if path:
        return "ok", published.name, str(path)
    how = f"fetched at first use ({published.size} MB, {published.licence})"
    return "missing", published.name, f"{how}, or named by {published.variable}"


def _store(path):
    from emopipe.files import expand_user
    from emopipe.store import Store, default_path

    path = expand_user(path) if path else default_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path.parent):
        Store(path).close()
    return "ok", "store", str(path)
