"""Read still images; OpenCV reads those that FFmpeg shows wrongly or not at all."""

import re
from pathlib import Path

import numpy as np

from emopipe.media.containers import check_pixels
from emopipe.media.packets import decode, note

# Formats of which FFmpeg leaves out some kinds (animated WebP, JPEG in TIFF), and which OpenCV
# reads whole or not at all.
_BY_OPENCV = ("tiff_pipe", "webp_pipe")


# The next marker in a JPEG that starts a segment or ends the picture.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])")
_PROGRESSIVE, _END = (0xC2, 0xC6, 0xCA, 0xCE), 0xD9


def _is_unfinished(data) -> bool:
    """Tell whether a JPEG comes in passes, of which the last ones may be missing.

    Of a picture in one pass the decoder knows by itself whether all of it was there.
    """
    progressive, position = False, 2
    while match := _MARKER.search(data, position):
        if match[1][0] == _END:
            return False
        progressive |= match[1][0] in _PROGRESSIVE
        position = match.end() + int.from_bytes(data[match.end() : match.end() + 2], "big")
    return progressive


def _check_canvas(path, data):
    """Check the size of a WebP that FFmpeg cannot tell."""
    head = data[:30].tobytes()
    if head[8:16] == b"WEBPVP8X":
        columns, rows = (int.from_bytes(head[i : i + 3], "little") + 1 for i in (24, 27))
        check_pixels(path, rows, columns)


def _read_by_opencv(path):
    import av
    import cv2

    data = np.fromfile(path, np.uint8)
    _check_canvas(path, data)
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise MemoryError(str(error)) from error
        return None  # it claims sides that OpenCV refuses
    if image is None:
        return None
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(image[..., ::-1]), format="rgb24")


def first_picture(path, container, stream, faults):
    """Return the first picture of an image, or None where it cannot be decoded.

    Raises
    ------
    ClipError
        "too_large".
    """
    if stream.codec_context.name == "mjpeg" and _is_unfinished(Path(path).read_bytes()):
        note(faults, "the picture is cut off")
        return None
    frame = next(decode(container, stream, faults), None)
    if frame is None and container.format.name in _BY_OPENCV:
        frame = _read_by_opencv(path)
        faults[:] = faults if frame is None else []
    return frame
