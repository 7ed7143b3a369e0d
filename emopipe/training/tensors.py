"""Clip tensors: stacks of face crops and spectrograms, computed through the store.

In short::

    faces = clip_tensors(paths, face_stack(n_frames=20, size=(98, 80), grey=True), store="default")
    sound = clip_tensors(paths, spectrogram(size=(192, 120)), store="default")
    faces.there                     # bool (n_clips,): which clips gave one; also statuses, details
    faces.take(rows)                # uint8 (len(rows), 20, 98, 80), read from the store just now

`face_stack` and `spectrogram` return recipes of the extraction engine, so that clips are decoded
once and never while a network is trained. `clip_tensors` takes any recipe whose values have one
shape, and reads a mini-batch's values when they are asked for: memory does not grow with the
number of clips. Values are uint8, to be scaled inside the network.
"""

import copy

import numpy as np

from emopipe.extraction import Block, Extraction, Prepared, Recipe, extract
from emopipe.media import picture_times
from emopipe.voice.spectrograms import spectrogram

__all__ = ["ClipTensors", "clip_tensors", "face_stack", "nearest", "spectrogram"]


def nearest(times, targets) -> np.ndarray:
    """Return, for each wanted time, the index of the nearest of the times there are.

    Parameters
    ----------
    times : float array, shape (n,)
        Seconds, n at least 1.
    targets : float array, shape (m,)

    Returns
    -------
    int ndarray of shape (m,)

    Examples
    --------
    >>> nearest(np.array([0.0, 1.0]), np.array([0.1, 0.4, 0.6, 5.0]))
    array([0, 0, 1, 1])
    """
    return np.abs(np.subtract.outer(targets, times)).argmin(axis=1)


def _in_grey(crops):
    """Return luma (ITU-R 601) of RGB crops, uint8 (n, rows, columns)."""
    import cv2

    return np.stack([cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY) for crop in crops])


def prepare_face_stack(path, *, n_frames, grey, **crop_options):
    """Yield n_frames face crops of a clip; see `face_stack`.

    Parameters
    ----------
    path : str
        Video or image.
    n_frames : int
    grey : bool
    **crop_options
        Parameters of `emopipe.face.face_crops`.

    Yields
    ------
    Block
        Rows uint8 (n_frames, rows, columns), or (n_frames, rows, columns, 3).

    Raises
    ------
    ClipError
        "no_face", "no_video", "corrupt" or "too_large".
    """
    from emopipe.face import face_crops

    faces = face_crops(path, n_frames=n_frames, **crop_options)
    chunks = list(faces)
    crops = np.concatenate([chunk.crops for chunk in chunks])
    if len(crops) != n_frames:
        times = np.concatenate([chunk.times for chunk in chunks])
        crops = crops[nearest(times, picture_times(path, n_frames))]
    yield Block(_in_grey(crops) if grey else crops)
    return Prepared(faces.status, faces.counts, faces.seconds)


def face_stack(
    *, n_frames=20, size=(98, 80), grey=True, detector="haar", detector_model=None, margin=0.2,
    detect_every=1,
) -> Recipe:  # fmt: skip
    """Return the recipe of face crops at equally spaced times.

    A frame without a trusted face takes the crop nearest in time, so every clip with a face gives
    `n_frames` crops; an image, or a film of one frame, gives the same crop n_frames times. The
    counts "frames" and "faces" tell how many were found.

    Parameters
    ----------
    n_frames : int
        Crops per clip.
    size : tuple of int
        Rows and columns of a crop.
    grey : bool
        Grey levels (ITU-R 601) instead of RGB.
    detector, detector_model, margin, detect_every
        See `emopipe.face.face_crops`; `detector_model` is its `model`.

    Returns
    -------
    Recipe
        Values uint8 (n_frames, rows, columns), or (n_frames, rows, columns, 3) in colour.

    Raises
    ------
    ValueError
        If the detector is unknown, or a number is out of its range.
    FileNotFoundError
        If the detector's model does not exist.

    Examples
    --------
    >>> face_stack(size=(49, 40)).prepare_args["n_frames"]
    20
    """
    from emopipe.face import in_recipe

    how = in_recipe(detector, detector_model)
    if n_frames != int(n_frames) or n_frames < 1:
        raise ValueError(f"n_frames={n_frames!r} must be a whole number from 1.")
    if not 0 <= margin < 10:
        raise ValueError(f"margin={margin!r} must be a share of the box, from 0 to 10.")
    if detect_every != int(detect_every) or detect_every < 1:
        raise ValueError(f"detect_every={detect_every!r} must be a whole number from 1.")
    arguments = {
        "n_frames": int(n_frames),
        "grey": bool(grey),
        "size": [int(side) for side in size],
        "margin": float(margin),
        "detect_every": int(detect_every),
    }
    how["prepare_args"] |= arguments
    return Recipe("face_stack", 1, prepare_face_stack, pooling="stack", owner="emopipe", **how)


class ClipTensors:
    """One array per clip, read when asked for.

    Parameters
    ----------
    found : Extraction
        Its values are all of one shape and dtype.
    paths : list of str
    corpora : list of str or None
        The corpus of each clip, where it decides how the clip is read.

    Attributes
    ----------
    paths, statuses, details : list of str
    counts : list of dict
    there : bool ndarray of shape (n_clips,)
        Which clips have an array.
    """

    def __init__(self, extraction, paths, corpora=None):
        self.paths, self.values, self.corpora = paths, extraction.values, corpora
        self.statuses, self.details, self.counts = (
            extraction.statuses,
            extraction.details,
            extraction.counts,
        )
        self.there = np.array([status in ("ok", "partial") for status in self.statuses], bool)

    def __len__(self):
        return len(self.paths)

    @property
    def names(self) -> list:
        """What tells each array from others: its key in the store, or the clip's path."""
        keys = getattr(self.values, "keys", None)
        return self.paths if keys is None else keys

    def with_share(self, part, whole, least):
        """Return the same arrays, without those of clips in which too small a share was counted.

        Parameters
        ----------
        part, whole : str
            Names of counts, such as "faces" and "frames".
        least : float
            Smallest share of the whole that a clip needs; 0 leaves all as they are. Below it a
            clip's status is "few_" and the part, such as "few_faces".
        """
        few = [
            there and counts[part] < least * counts[whole]
            for there, counts in zip(self.there, self.counts, strict=True)
        ]
        changed = copy.copy(self)
        changed.there = self.there & ~np.array(few, bool)
        changed.statuses, changed.details = list(self.statuses), list(self.details)
        for clip in np.flatnonzero(few):
            counts = self.counts[clip]
            changed.statuses[clip] = f"few_{part}"
            changed.details[clip] = (
                f"{counts[part]} of {counts[whole]} {whole} have {part}; {least:g} of them must."
            )
        return changed

    def take(self, rows) -> np.ndarray:
        """Return the arrays of some rows, (len(rows), ...); all of them must be `there`.

        Threads may call this at once.
        """
        if hasattr(self.values, "take"):
            return np.stack(self.values.take(rows))
        return np.stack([self.values[row] for row in rows])


class _JoinedValues:
    """Values of several extractions in one order."""

    def __init__(self, sources):
        self._sources = sources

    def __len__(self):
        return len(self._sources)

    def __getitem__(self, row):
        tensors, index = self._sources[row]
        return tensors.values[index]

    @property
    def keys(self):
        names = {id(tensors): tensors.names for tensors, _ in self._sources}
        return [names[id(tensors)][index] for tensors, index in self._sources]


def join_tensors(parts, corpora=None) -> ClipTensors:
    """Return the arrays of clips that went through different recipes, as those of one table.

    Parameters
    ----------
    parts : list of (list of int, ClipTensors)
        Rows of the table, and what is there of them; together all rows, each once.
    corpora : list of str, optional
        See `ClipTensors`.

    Returns
    -------
    ClipTensors
    """
    if len(parts) == 1:
        parts[0][1].corpora = corpora
        return parts[0][1]
    sources = {row: (part, index) for rows, part in parts for index, row in enumerate(rows)}
    ordered = [sources[row] for row in range(len(sources))]
    columns = {
        name: [getattr(part, name)[index] for part, index in ordered]
        for name in ("statuses", "details", "counts")
    }
    extraction = Extraction(_JoinedValues(ordered), **columns)
    return ClipTensors(extraction, [part.paths[index] for part, index in ordered], corpora)


def clip_tensors(paths, recipe, *, store="default", n_jobs=-1, progress=False) -> ClipTensors:
    """Take clips through a recipe; their values stay in the store until they are asked for.

    Parameters
    ----------
    paths : list of str
    recipe : Recipe
        Its values have one shape, whatever the clip.
    store, n_jobs, progress
        See `emopipe.extraction.extract`. Without a store, all values are kept in memory.

    Returns
    -------
    ClipTensors

    Examples
    --------
    >>> import tempfile
    >>> from scipy.io import wavfile
    >>> path = tempfile.mkdtemp() + "/a.wav"
    >>> wavfile.write(path, 16000, np.full(16000, 2**14, np.int16))
    >>> found = clip_tensors([path], spectrogram(), n_jobs=1)
    >>> found.statuses, found.take([0, 0]).shape
    (['ok'], (2, 192, 120))
    """
    extraction = extract(paths, recipe, store=store, n_jobs=n_jobs, progress=progress, lazy=True)
    return ClipTensors(extraction, list(paths))
