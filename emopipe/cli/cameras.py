"""Clips to predict: files, folders, patterns, and what cameras record."""

import sys
import time
from pathlib import Path

from emopipe.cli.clips import location_gaps, named_files


class Clips:
    """The clips that files, folders, patterns and cameras' numbers mean, and what is not there.

    Parameters
    ----------
    locations : list of str
    flag : str
        That names them, if one does.
    """

    def __init__(self, locations, flag=""):
        self.cameras = [int(text) for text in locations if _is_camera(text)]
        named = [text for text in locations if not _is_camera(text)]
        self.files, absent = named_files(named)
        self.gaps = location_gaps(absent, len(named), flag)

    def paths(self, seconds, folder) -> list[str]:
        """Return the files, those of cameras recorded for some seconds into a folder."""
        films = [record(n, seconds, folder / f"camera-{n}.avi") for n in self.cameras]
        return [str(file) for file in [*self.files, *films]]


def _is_camera(location) -> bool:
    return location.isdecimal() and not Path(location).exists()


def record(camera, seconds, path):
    """Record pictures (no sound) from a camera into a file and return its path.

    Raises
    ------
    OSError
        If there is no such camera, or it gives no picture.
    """
    import cv2

    source = _open_camera(camera)
    try:
        got, image = source.read() if source.isOpened() else (False, None)
        if not got:
            raise OSError(
                f"no picture from camera {camera}: none is connected, another program uses it, or "
                "this machine may not open it. Name a file instead"
            )
        rows, columns = image.shape[:2]
        images, began = [image], time.monotonic()
        print(f"recording {seconds:g} s from camera {camera} ...", file=sys.stderr)
        while time.monotonic() - began < seconds:
            got, image = source.read()
            if not got:
                break
            images.append(image)
        rate = max(1.0, len(images) / max(time.monotonic() - began, 1e-3))
    finally:
        source.release()
    film = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), rate, (columns, rows))
    for image in images:
        film.write(image)
    film.release()
    return path


def _open_camera(camera):
    """Return OpenCV's reader of a camera, without the lines that its drivers write about none."""
    import cv2

    log = getattr(getattr(cv2, "utils", None), "logging", None)
    before = log.getLogLevel() if log else None
    try:
        if log:
            log.setLogLevel(log.LOG_LEVEL_SILENT)
        return cv2.VideoCapture(camera)
    finally:
        if log:
            log.setLogLevel(before)
