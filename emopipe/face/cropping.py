"""Crop the face of a clip, window by window, in constant memory."""

from collections.abc import Iterator
from time import perf_counter
from typing import NamedTuple

import numpy as np

from emopipe.face.crops import Rescaled, align, crop
from emopipe.face.detectors import load_detector
from emopipe.face.interpolation import Detection, look
from emopipe.face.people import choose_person, show_person
from emopipe.face.tracking import RULES, find_track
from emopipe.media import ClipError, frames
from emopipe.parameters import check_one_of

POLICIES = ("track", "all")
_MOST = 3  # boxes of a frame that are candidates: the best by the rule
_CONTEXT = 32  # boxes trusted before a window, from which its track may go on
_LEAST_SHARE = 0.05  # of a window's frames: a track in fewer of them does not begin there


class FaceChunk(NamedTuple):
    """The faces of a stretch of a clip, at most one per frame.

    Attributes
    ----------
    times : ndarray of float64, shape (n,)
        Seconds.
    crops : ndarray of uint8, shape (n, rows, columns, 3)
        RGB.
    boxes : ndarray of float32, shape (n, 5)
        x, y, width, height in pixels of the frame, and the detector's score.
    """

    times: np.ndarray
    crops: np.ndarray
    boxes: np.ndarray


class _Options(NamedTuple):
    size: tuple[int, int]
    margin: float
    align: bool | str
    choose: str | int
    policy: str
    detect_every: int
    chunk: int


class _Candidate(NamedTuple):
    time: float
    repeats: int
    row: np.ndarray
    merit: float
    slot: int


class _CropBuffer:
    """Crops of one window, in memory that is used again for the next."""

    def __init__(self, size):
        self._crops, self._used = np.empty((16, *size, 3), np.uint8), 0

    def put(self, face) -> int:
        if self._used == len(self._crops):
            self._crops = np.concatenate([self._crops, np.empty_like(self._crops)])
        self._crops[self._used] = face
        self._used += 1
        return self._used - 1

    def take(self, indices) -> np.ndarray:
        self._used = 0
        return self._crops[np.array(indices, int)]


class FaceStream(Iterator):
    """Iterator over `FaceChunk`, with what was counted and timed on the way.

    Attributes
    ----------
    counts : dict of str to int
        "frames" sampled; "faces": those with a trusted face; "dropped": those with boxes, none of
        them trusted; "several": those with more than one box; "detections": calls of the detector.
        Final once the iterator is exhausted; then they are its return value, too.
    seconds : dict of str to float
        Time spent so far to "decode", and on "faces".
    """

    def __init__(self, reading, find, path, options, person=None):
        self._person = person
        self._reading, self._detector, self._path, self._options = reading, find, path, options
        self.counts = dict.fromkeys(("frames", "faces", "dropped", "several", "detections"), 0)
        self.seconds = {"decode": 0.0, "faces": 0.0}
        self._repeats, self._earlier, self._crops = {}, [], _CropBuffer(options.size)
        self._chunks = self._run()

    @property
    def status(self) -> str:
        """ "ok", or "partial" if the file turned out damaged; final when exhausted."""
        return self._reading.status

    @property
    def faults(self) -> list[str]:
        """What was found missing or damaged so far, in words."""
        return self._reading.faults

    def __next__(self):
        start, decoding = perf_counter(), self.seconds["decode"]
        try:
            return next(self._chunks)
        finally:
            spent = perf_counter() - start
            self.seconds["faces"] += spent - (self.seconds["decode"] - decoding)

    def close(self):
        """Close the file before the end of it is reached."""
        self._chunks.close()
        self._reading.close()

    def _read(self):
        start = perf_counter()
        item = next(self._reading, None)
        self.seconds["decode"] += perf_counter() - start
        return item

    def _distinct(self):
        """Yield frames once, also those that are sampled several times; remember how often."""
        item = self._read()
        while item is not None:
            following, self._repeats[item[0]] = self._read(), 1
            while following is not None and following[0] == item[0]:
                following, self._repeats[item[0]] = self._read(), self._repeats[item[0]] + 1
            yield item
            item = following

    def _find(self, image):
        self.counts["detections"] += 1
        return self._detector(image)

    def _candidates(self, detection: Detection) -> list[_Candidate]:
        repeats, options = self._repeats.pop(detection.time), self._options
        self.counts["frames"] += repeats
        self.counts["several"] += repeats * (len(detection.faces) > 1)
        rows = detection.faces
        if self._person is not None:
            rows = rows[show_person(self._person, detection.time, rows)]
        merits = RULES.get(options.choose, RULES["largest"])(rows, detection.image.shape)
        most = _MOST if options.policy == "track" else 1
        candidates = []
        for index in np.argsort(-merits, kind="stable")[:most]:
            row = rows[index]
            slot = self._crops.put(self._crop(detection.image, row))
            candidates.append(_Candidate(detection.time, repeats, row[:5], merits[index], slot))
        return candidates

    def _crop(self, image, row) -> np.ndarray:
        options, points = self._options, row[5:].reshape(5, 2)
        if options.align == "landmarks" and np.isfinite(points).all():
            return align(image, points, size=options.size)
        points = points if options.align else None
        return crop(image, row, size=options.size, margin=options.margin, landmarks=points)

    def _judge(self, candidates, n_frames) -> list[_Candidate]:
        """Return the candidates that lie on the track, which may come from the window before."""
        if self._options.policy == "all" or not candidates:
            return candidates
        everything = self._earlier + candidates
        new = np.arange(len(everything)) >= len(self._earlier)
        mask = find_track(
            [candidate.time for candidate in everything],
            np.array([candidate.row for candidate in everything]),
            [candidate.merit for candidate in everything],
            new=new,
        )
        if mask[new].sum() < _LEAST_SHARE * n_frames and not mask[~new].any():
            return []
        return [everything[index] for index in np.flatnonzero(mask & new)]

    def _chunk(self, window) -> FaceChunk | None:
        candidates = [candidate for frame in window for candidate in frame]
        chosen = self._judge(candidates, len(window))
        n_faces = sum(candidate.repeats for candidate in chosen)
        self.counts["faces"] += n_faces
        self.counts["dropped"] += sum(frame[0].repeats for frame in window if frame) - n_faces
        self._earlier = (self._earlier + chosen)[-_CONTEXT:]
        chosen = [candidate for candidate in chosen for _ in range(candidate.repeats)]
        crops = self._crops.take([candidate.slot for candidate in chosen])
        if not chosen:
            return None
        times = np.array([candidate.time for candidate in chosen])
        return FaceChunk(times, crops, np.array([candidate.row for candidate in chosen]))

    def _run(self):
        window = []
        for detection in look(self._distinct(), self._find, self._options.detect_every):
            window.append(self._candidates(detection))
            if len(window) == self._options.chunk:
                chunk, window = self._chunk(window), []
                if chunk is not None:
                    yield chunk
        chunk = self._chunk(window)
        if chunk is not None:
            yield chunk
        if not self.counts["faces"]:
            detail = f"{self.counts['frames']} frames, {self.counts['dropped']} of them with boxes"
            raise ClipError(self._path, "no_face", f"Looked at {detail}.")
        return self.counts


def check_choice(parameter, value) -> None:
    """Raise ValueError unless `value` says which face of several counts."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        check_one_of(parameter, value, (*RULES, "speaking", "a number from 0"))


def _check(choose, policy, detect_every, chunk, size, margin):
    check_choice("choose", choose)
    check_one_of("policy", policy, POLICIES)
    for name, value in {"detect_every": detect_every, "chunk": chunk}.items():
        if value != int(value) or value < 1:
            raise ValueError(f"{name}={value!r} must be a whole number of at least 1.")
    if not margin >= 0:
        raise ValueError(f"margin={margin!r} must not be negative.")
    if len(size) != 2 or min(size) < 1:
        raise ValueError(f"size={size!r} must be (rows, columns) of at least 1 pixel.")


def face_crops(
    path,
    *,
    detector="haar",
    model=None,
    n_frames=None,
    fps=None,
    times=None,
    max_side=1920,
    landscape=None,
    size=(224, 224),
    margin=0.2,
    align=False,
    choose="largest",
    policy="track",
    detect_every=1,
    chunk=256,
) -> FaceStream:
    """Return an iterator over the crops of a clip's face.

    Parameters
    ----------
    path : str or Path
        Video or image.
    detector, model
        As in `detect`. With detector=None the whole frame is the face, without a margin.
    n_frames, fps, times, max_side
        Which frames, and how large at most; as in `emopipe.media.frames`.
    landscape : (int, int), optional
        Rows and columns to which frames that are wider than high are brought first.
    size : (int, int)
        Rows and columns of the crops.
    margin : float
        Added on every side of a box, as a share of it.
    align : bool or "landmarks"
        Turn faces so that the eyes are level, or bring five landmarks to where `align` of
        `emopipe.face.crops` has them, without a margin; where the detector gives points ("yunet",
        "mtcnn").
    choose : "largest", "central", "speaking" or int
        Which face of a frame is preferred; "speaking" and a number from 0 take one person's faces
        alone, see `emopipe.face.people`: the clip is looked through once more.
    policy : {"track", "all"}
        "track": boxes that do not lie on the clip's track are no faces (see `find_track`), and one
        that does is preferred; nor is a track that is seen in less than 5 % of the frames of a
        window. "all": every frame gives the preferred box it has.
    detect_every : int
        Detect in every so many frames and follow the boxes between; more often where that fails.
    chunk : int
        Frames in a window: they are judged together, and their crops come together. A track goes
        on from one window into the next.

    Returns
    -------
    FaceStream
        Iterator of `FaceChunk`; its `counts` say how many frames were dropped.

    Raises
    ------
    FileNotFoundError
        If there is no such file, or no model.
    ClipError
        While iterating: "no_face" if no box is trusted; "no_video", "corrupt", "too_large".

    Examples
    --------
    >>> import tempfile, cv2, numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = cv2.imwrite(f"{folder}/face.png", np.full((60, 40, 3), 99, np.uint8))
    ...     faces = face_crops(f"{folder}/face.png", detector=None, size=(98, 80))
    ...     [chunk] = faces
    >>> chunk.crops.shape, chunk.times.tolist(), faces.counts["faces"]
    ((1, 98, 80, 3), [0.0], 1)
    """
    _check(choose, policy, detect_every, chunk, size, margin)
    reading = frames(path, n_frames=n_frames, fps=fps, times=times, max_side=max_side)
    if landscape is not None:
        reading = Rescaled(reading, tuple(landscape))
    if detector is None:
        margin, detect_every = 0.0, 1
    size = tuple(map(int, size))
    options = _Options(size, margin, align, choose, policy, int(detect_every), int(chunk))
    person = None
    if choose not in RULES:
        person = choose_person(path, choose, detector=detector, detector_model=model)
    return FaceStream(reading, load_detector(detector, model), path, options, person)
