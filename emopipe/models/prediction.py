"""Predictions as plain data: to print, to draw, to write as JSON or CSV."""

from dataclasses import asdict, dataclass, field

import pandas as pd

from emopipe.strict_json import plain
from emopipe.text import pluralise

SCORE_KINDS = {
    "probability": "the classifier's own probabilities, as far as it was calibrated",
    "fusion": "weighted sums of the modalities' scores, divided by their total: no probabilities",
    "score": "decision values through a softmax: they rank emotions and are no probabilities",
}


@dataclass(frozen=True)
class Moment:
    """An answer for a stretch of a clip.

    Parameters
    ----------
    start, stop : float
        Seconds on the clip's own axis.
    emotion : str or None
        What the model's own `predict` says, which need not have the highest score (an SVC counts
        votes between pairs of emotions); None where the model gave no scores.
    scores : dict or None
        {emotion: score}, together 1; what they are says `Prediction.score_kind`.
    modalities : dict
        {modality: {emotion: score} or None}, of a fusion.
    status : str
        "ok"; "partial" where a modality is missing or the stretch is damaged; otherwise why there
        is no answer, one of `emopipe.media.STATUSES`.
    details : dict
        {feature extractor: status and what was found, in words}, of those that are not "ok".
    frames : dict
        {feature extractor: frames that its features come from}, where they are counted.
    few_frames : list of str
        Feature extractors that found fewer frames than the model needs.
    """

    start: float
    stop: float
    emotion: str | None
    scores: dict | None
    modalities: dict = field(default_factory=dict)
    status: str = "ok"
    details: dict = field(default_factory=dict)
    frames: dict = field(default_factory=dict)
    few_frames: list = field(default_factory=list)

    @property
    def reason(self) -> str:
        """What is not "ok", in one line; "" where all is."""
        lines = [f"{name}: {text.splitlines()[-1]}" for name, text in self.details.items()]
        few = [f"{name}: too few frames ({self.frames[name]})" for name in self.few_frames]
        return "; ".join(lines + few)


@dataclass(frozen=True)
class ClipPrediction:
    """What a model says of one clip.

    Parameters
    ----------
    clip, path : str
        As it was named, and where it is.
    status, details
        Of the answer for the whole clip; every window has its own.
    duration : float
        Seconds, to the end of its last packet; 0 for an image.
    whole : Moment
        The answer for the clip.
    windows : list of Moment
        Answers over time, where windows were asked for.
    in_training : bool or None
        Whether a recording of the same bytes is among those that the model was fitted on; None
        where the model names none.
    note : str
        What else a reader must know of it.
    faces : list of list
        [seconds, left, top, width, height, detector's score] of the faces that features come from,
        places as shares of the picture; where they were asked for.
    """

    clip: str
    path: str
    status: str
    details: dict
    duration: float
    whole: Moment
    windows: list
    in_training: bool | None = None
    note: str = ""
    faces: list = field(default_factory=list)


@dataclass(frozen=True)
class Prediction:
    """What a model says of some clips, and how long it took.

    Parameters
    ----------
    labels : list of str
        The emotions that the model knows.
    modalities : list of str
        Names of the modalities of a fusion; empty otherwise.
    clips : list of ClipPrediction
    seconds : float
        Processing time.
    computed : int
        Extractions that were computed in it; the others were in the store.
    window, step : float or None
        Seconds.
    score_kind : str
        What the scores are, one of `SCORE_KINDS`.
    notices : list of str
        What a reader must know first.
    """

    labels: list
    modalities: list
    clips: list
    seconds: float
    computed: int
    window: float | None = None
    step: float | None = None
    score_kind: str = "score"
    notices: list = field(default_factory=list)

    @property
    def media_seconds(self) -> float:
        """Length of all clips together, in seconds."""
        return float(sum(clip.duration for clip in self.clips))

    @property
    def real_time_factor(self) -> float | None:
        """Processing time by media time; None where there are only images."""
        return self.seconds / self.media_seconds if self.media_seconds else None

    @property
    def gaps(self) -> list[str]:
        """In what the answers cover less than was asked, in words; empty where they do not."""
        nothing = sum(clip.whole.emotion is None for clip in self.clips)
        part = sum(c.whole.emotion is not None and c.status == "partial" for c in self.clips)
        cut = sum(bool(clip.note) for clip in self.clips)
        reasons = {
            "without an answer": nothing,
            "answered from a part of it (damaged, or a modality is missing)": part,
            "without windows, as it is too long": cut,
        }
        of = f"of {pluralise(len(self.clips), 'clip')}"
        return [f"{n} {of} {words}" for words, n in reasons.items() if n]

    def to_dict(self) -> dict:
        """Return everything as plain values for strict JSON."""
        fields = plain(asdict(self), "Prediction")
        extra = {"media_seconds": self.media_seconds, "real_time_factor": self.real_time_factor}
        extra |= {"scores": SCORE_KINDS[self.score_kind], "gaps": self.gaps}
        return {"kind": "predictions"} | fields | extra

    def table(self) -> pd.DataFrame:
        """Return a row for each clip as a whole, and after it one for each of its windows.

        Columns: clip, path, part ("whole" or "window"), status, reason (why it is not "ok"), start,
        stop (s), emotion, score_<emotion>, and <modality>_<emotion> of a fusion.
        """
        rows = []
        for clip in self.clips:
            for number, moment in enumerate([clip.whole, *clip.windows]):
                about = {"clip": clip.clip, "path": clip.path}
                about |= {"part": "window" if number else "whole"}
                about |= {"status": moment.status, "reason": moment.reason}
                row = {"start": moment.start, "stop": moment.stop, "emotion": moment.emotion}
                row |= {f"score_{name}": (moment.scores or {}).get(name) for name in self.labels}
                for modality, scores in moment.modalities.items():
                    row |= {f"{modality}_{name}": (scores or {}).get(name) for name in self.labels}
                rows.append(about | row)
        return pd.DataFrame(rows)
