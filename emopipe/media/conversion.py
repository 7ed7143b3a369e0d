"""Convert decoded frames to upright RGB arrays."""

from fractions import Fraction

import numpy as np


def _without_exif(frame):
    import av

    graph = av.filter.Graph()
    size = {"width": frame.width, "height": frame.height}
    source = graph.add_buffer(format=frame.format, time_base=Fraction(1, 1000), **size)
    graph.link_nodes(source, graph.add("sidedata", "mode=delete:type=31"), graph.add("buffersink"))
    graph.configure()
    graph.push(frame)
    return graph.pull()


def _display_matrix(frame) -> np.ndarray:
    from av.sidedata.sidedata import Type

    try:
        side_data = frame.side_data
    except ValueError:  # PyAV can list no side data where there is EXIF among it
        side_data = _without_exif(frame).side_data
    entry = side_data.get(Type.DISPLAYMATRIX)
    return np.eye(3, dtype=np.int32) if entry is None else np.frombuffer(entry, np.int32)


def upright(frame) -> tuple[bool, bool, bool]:
    """Return whether to transpose, to flip rows and to flip columns before showing a frame."""
    a, b, _, c, d = (int(value) for value in _display_matrix(frame).flat[:5])
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return False, d < 0, a < 0
    return True, b < 0, c < 0


class Converter:
    """Converts frames of one stream to upright RGB arrays whose longer side is limited."""

    def __init__(self, max_side):
        from av.video.reformatter import VideoReformatter

        self._max_side, self._reformatter, self._turns = max_side, VideoReformatter(), {}

    def _shape(self, frame):
        sides = frame.height, frame.width
        scale = min(1.0, (self._max_side or max(sides)) / max(sides))
        return (max(1, round(side * scale)) for side in sides)

    def _turn(self, frame):
        # Side data is looked at once: PyAV ties it and the frame into a cycle, so that frames
        # would pile up until the garbage collector comes by.
        if frame.rotation not in self._turns:
            self._turns[frame.rotation] = upright(frame)
        return self._turns[frame.rotation]

    def __call__(self, frame) -> np.ndarray:
        """Return a decoded frame as uint8 (rows, columns, 3)."""
        rows, columns = self._shape(frame)
        small = self._reformatter.reformat(frame, columns, rows, "rgb24", interpolation="AREA")
        image = small.to_ndarray()
        transpose, flip_rows, flip_columns = self._turn(frame)
        image = image.transpose(1, 0, 2) if transpose else image
        image = image[::-1] if flip_rows else image
        return np.ascontiguousarray(image[:, ::-1] if flip_columns else image)
