"""Clip tensors: stacks of face crops and spectrograms, computed through the store.

In short::

    faces = clip_tensors(paths, network.recipes()[0], store="default")
    sound = clip_tensors(paths, spectrogram(size=(192, 120)), store="default")
    faces.there                     # bool (n_clips,): which clips gave one; also statuses, details
    faces.take(rows)                # uint8 (len(rows), 20, 98, 80), read from the store just now

Recipes are of the extraction engine, so that clips are decoded once and never while a network is
trained. `clip_tensors` takes any recipe whose values have one
shape, and reads a mini-batch's values when they are asked for: memory does not grow with the
number of clips. Values are uint8, to be scaled inside the network.
"""

import copy

import numpy as np

from emopipe.extraction import Extraction, extract
from emopipe.voice.spectrograms import spectrogram

__all__ = ["ClipTensors", "clip_tensors", "spectrogram"]


class ClipTensors:
    """One array per clip, read when asked for.

    Parameters
    ----------
    extraction : Extraction
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

    def with_faces(self, least):
        """Return the same arrays, without those of clips in which too few frames have a face.

        Parameters
        ----------
        least : float
            Smallest share of the frames; 0 leaves all as they are. Below it a clip's status is
            "few_faces".
        """
        few = [
            there and counts["faces"] < least * counts["frames"]
            for there, counts in zip(self.there, self.counts, strict=True)
        ]
        changed = copy.copy(self)
        changed.there = self.there & ~np.array(few, bool)
        changed.statuses, changed.details = list(self.statuses), list(self.details)
        for clip in np.flatnonzero(few):
            counts = self.counts[clip]
            changed.statuses[clip] = "few_faces"
            changed.details[clip] = (
                f"{counts['faces']} of {counts['frames']} frames have faces; {least:g} of them "
                "must."
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
    >>> tensors = clip_tensors([path], spectrogram(), n_jobs=1)
    >>> tensors.statuses, tensors.take([0, 0]).shape
    (['ok'], (2, 192, 120))
    """
    extraction = extract(paths, recipe, store=store, n_jobs=n_jobs, progress=progress, lazy=True)
    return ClipTensors(extraction, list(paths))
