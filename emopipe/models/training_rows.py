"""What a saved model records of the rows it was fitted on: length, frames, selection."""

from dataclasses import asdict, dataclass, field

import numpy as np

from emopipe.inspection import clip_estimators

# What extractors call the rows that they pool, in the counts of a clip.
FRAME_COUNTS = ("windows", "faces", "segments", "frames")
# `TrainingRows.frames` counts the frames that all but this share of the rows reach ...
_RARE = 0.05
# ... and a window needs this share of them. RAVDESS, unseen people, rows of 45 frames or more:
# accuracy .40; windows of 31 frames .36, of 21 .28, of 11 .24, of one .15 (chance .13).
_ENOUGH = 0.75
# A model of more recordings does not name them: its manifest would be too large.
_MOST_NAMED = 200_000


def frame_counts(statuses) -> np.ndarray:
    """Return how many frames every row of a table of statuses pools, NaN where none are counted."""
    for name in FRAME_COUNTS:
        if name in statuses:
            return statuses[name].to_numpy(float)
    return np.full(len(statuses), np.nan)


@dataclass(frozen=True)
class TrainingRows:
    """What a model was fitted on, as far as answers for other clips depend on it.

    Parameters
    ----------
    window : float or None
        Seconds of a row where rows are windows of clips; None where they are whole clips.
    seconds : float or None
        Median length of a row.
    frames : dict of str to int
        {extractor: frames that 95 % of the rows reach}.
    recordings : tuple of str
        Marks of the recordings, see `Recording`.
    """

    window: float | None = None
    seconds: float | None = None
    frames: dict = field(default_factory=dict)
    recordings: tuple = ()

    def to_dict(self) -> dict:
        """Return plain values for a manifest."""
        return asdict(self) | {"recordings": sorted(set(self.recordings))}

    @classmethod
    def from_dict(cls, fields) -> "TrainingRows":
        """Return what a manifest says; None and {}: nothing is known.

        Raises
        ------
        ValueError
            If it does not say what `to_dict` says.
        """
        fields = fields or {}
        try:
            return cls(
                window=_seconds(fields.get("window")),
                seconds=_seconds(fields.get("seconds")),
                frames={str(name): int(n) for name, n in fields.get("frames", {}).items()},
                recordings=tuple(map(str, fields.get("recordings", ()))),
            )
        except (AttributeError, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"what the model says of its training is damaged: {error}") from None

    def window_of(self, window, *, over_time) -> float | None:
        """Return the window to use: the one given, else the model's own.

        Parameters
        ----------
        window : float or None
            Seconds.
        over_time : bool
            Windows are needed: a model of whole clips then takes their median length.

        Raises
        ------
        ValueError
            If windows are needed and nothing says how long.
        """
        if window is not None or self.window is not None:
            return self.window if window is None else window
        if over_time and self.seconds is None:
            raise ValueError(
                "the model does not say how long the clips were that it was fitted on: give the "
                "length of a window in seconds (window=..., --window SECONDS)"
            )
        return self.seconds if over_time else None

    def min_frames(self, name, extractor) -> int:
        """Return how many frames an extractor with statistics of their spread needs."""
        if all(recipe.pooling == "mean" for recipe in extractor.recipes()):
            return 1  # a mean does not change with the number of frames, but for its noise
        # Of one frame, every standard deviation is 0.
        return max(2, int(_ENOUGH * self.frames.get(name, 0)))


def _seconds(value) -> float | None:
    if value is None:
        return None
    value = float(value)
    if not 0 < value < np.inf:
        raise ValueError(f"{value} s")
    return value


def training_rows(model, clips, recordings, *, window=None) -> TrainingRows:
    """Return what there is to say of the rows that a model was fitted on.

    Parameters
    ----------
    model : classifier
        Its extractors find the features of the rows in their store.
    clips : DataFrame
        The rows.
    recordings : list of Recording
        Of the clips that the rows are, or are windows of.
    window : float, optional
        Seconds of a row, where rows are windows.

    Returns
    -------
    TrainingRows

    See Also
    --------
    recordings : Length and content of files.
    save : Writes a model's folder.

    Examples
    --------
    >>> import numpy as np
    >>> import tempfile
    >>> import pandas as pd
    >>> from scipy.io import wavfile
    >>> from sklearn.pipeline import make_pipeline
    >>> from emopipe import ShortTermStatistics, recordings, training_rows
    >>> voice = make_pipeline(ShortTermStatistics(store=None, n_jobs=1))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tone = (8000 * np.sin(np.arange(24000) / 9)).astype(np.int16)
    ...     wavfile.write(f"{folder}/a.wav", 16000, tone)
    ...     files = recordings([f"{folder}/a.wav"], store=None, n_jobs=1)
    ...     rows = training_rows(voice, pd.DataFrame({"path": [f"{folder}/a.wav"]}), files)
    >>> rows.seconds, rows.frames
    (1.5, {'shorttermstatistics': 11})
    """
    frames = {}
    for name, extractor in clip_estimators(model).items():
        counts = frame_counts(extractor.statuses(clips))
        counts = counts[np.nan_to_num(counts) > 0]
        if len(counts):
            frames[name] = int(np.quantile(counts, _RARE))
    lengths = [recording.seconds for recording in recordings if recording.seconds]
    seconds = float(np.median(lengths)) if lengths else None
    marks = tuple(recording.mark for recording in recordings if recording.mark)
    named = tuple(sorted(set(marks))) if len(marks) <= _MOST_NAMED else ()
    return TrainingRows(window, window or seconds, frames, named)
