"""A table of the segments of many clips; mini-batches are read from it in constant memory."""

import copy

import numpy as np

from emopipe.networks.segment_attention.recipes import frames_of_segments, times_and_rows
from emopipe.training.rows_on_disk import RowFile, map_rows

# Rows read at a time where statistics are taken.
_AT_ONCE = 4096


class SegmentTable:
    """Segments of some clips and what VGG19 makes of them.

    Features lie in scratch files (in the folder that Python's `tempfile` chooses, about 1 MB per
    clip of 3 s), each frame once however many segments hold it; memory holds indices only.

    Parameters
    ----------
    tensors : dict of ClipTensors
        "audio" and "video", values as `emopipe.networks.segment_attention.recipes` gives them.
    rows : int array, shape (n_clips,)
        Clips that are `there`.
    n_frames : int
        Faces of a segment.

    Attributes
    ----------
    clips : int ndarray of shape (n_segments,)
        The clip of each segment, an element of `rows`; a clip's segments stand together.
    starts : float64 ndarray of shape (n_segments,)
        Seconds at which it begins.
    audio : float32 or float16 array, shape (n_segments, n_features)
    faces : float32 or float16 array, shape (n_faces, n_features)
    index : int ndarray of shape (n_segments, n_frames)
        Rows of `faces`.
    """

    def __init__(self, tensors, rows, n_frames):
        audio, faces = RowFile(), RowFile()
        clips, starts, index = [], [], []
        for row in rows:
            (begins, voice), (times, face) = (
                times_and_rows(tensors[name].take([row])[0]) for name in ("audio", "video")
            )
            index.append(faces.n + frames_of_segments(times, begins, n_frames=n_frames))
            clips.append(np.full(len(voice), row))
            starts.append(begins)
            audio.add(voice)
            faces.add(face)
        self.clips, self.starts = np.concatenate(clips), np.concatenate(starts)
        self.index = np.concatenate(index)
        self.audio, self.faces = audio.array(), faces.array()

    def __len__(self):
        return len(self.clips)

    def through(self, networks):
        """Return the same segments as networks answer for them.

        Parameters
        ----------
        networks : dict of callable
            "audio" and "video": float32 (n, n_features) -> (n, outputs).
        """
        table = copy.copy(self)
        table.audio = map_rows(self.audio, networks["audio"])
        table.faces = map_rows(self.faces, networks["video"])
        return table

    def batch(self, *modalities):
        """Return the function batch(rows, rng, training) of `emopipe.training.loop`."""
        take = {"audio": self._audio, "video": self._video}

        def batch(rows, rng, training):
            return {name: take[name](rows) for name in modalities}

        return batch

    def _audio(self, rows):
        return np.asarray(self.audio[rows], np.float32)

    def _video(self, rows):
        return np.asarray(self.faces[self.index[rows]], np.float32)

    def scales(self, modality, rows) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and variance of each feature over some segments.

        Variances are at least a hundredth of their mean, so that a feature that was always the same
        cannot drown the others when it once is not.

        Parameters
        ----------
        modality : "audio" or "video"
        rows : int array
            Segments.

        Returns
        -------
        mean, variance : float32 ndarrays of shape (n_features,)
        """
        values, chosen = self.audio, np.asarray(rows)
        if modality == "video":
            values, chosen = self.faces, np.unique(self.index[rows])
        sums = np.zeros((2, values.shape[1]))
        for start in range(0, len(chosen), _AT_ONCE):
            part = values[chosen[start : start + _AT_ONCE]].astype(np.float64)
            sums += part.sum(axis=0), np.square(part).sum(axis=0)
        mean = sums[0] / len(chosen)
        variance = np.maximum(sums[1] / len(chosen) - mean**2, 0)
        variance = np.maximum(variance, max(variance.mean() / 100, 1e-12))
        return mean.astype(np.float32), variance.astype(np.float32)
