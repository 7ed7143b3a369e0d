"""Asking a fitted recogniser about clips and about windows of clips."""

import os
import tempfile
import time
import warnings
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from emopipe.evaluation.nesting import nested
from emopipe.extract import COUNTERS, ClipWarning
from emopipe.fusion.scores import score_matrix
from emopipe.media import ClipError, excerpt, probe
from emopipe.prediction.answers import ClipPrediction, Moment, Prediction

# The worst status of a clip's extractors is not the clip's as long as one of them has features.
_FINE = ("ok", "partial")

# Seconds. Less than one frame of a film at 100 frames/s says nothing of emotion, and the number of
# windows has to have an end.
SHORTEST = 0.01


def check_windows(window, step) -> float | None:
    """Return the step between windows, a quarter of a window where none is given.

    Parameters
    ----------
    window, step : float or None
        Seconds.

    Raises
    ------
    ValueError
        If one is not finite or shorter than `SHORTEST`, or there is a step and no window.

    Examples
    --------
    >>> check_windows(1.0, None)
    0.25
    """
    if window is None and step is not None:
        raise ValueError(f"step={step!r} needs a window: give window=..., or leave step out")
    for name, value in (("window", window), ("step", step)):
        if value is not None and not SHORTEST <= value < np.inf:
            raise ValueError(
                f"{name}={value!r} makes no sense: allowed are finite seconds from {SHORTEST}, "
                "such as window=1.0, step=0.25"
            )
    return max(window / 4, SHORTEST) if step is None and window is not None else step


def windows_of(duration, window, step) -> list[tuple[float, float]]:
    """Return (start, stop) of windows in a clip; one as long as a clip that is shorter.

    Parameters
    ----------
    duration, window, step : float
        Seconds. What is left after the last whole window is shorter than a step.

    Raises
    ------
    ValueError
        If window or step is not finite or shorter than `SHORTEST`, or the duration not finite.

    Examples
    --------
    >>> windows_of(2.0, 1.0, 0.5)
    [(0.0, 1.0), (0.5, 1.5), (1.0, 2.0)]
    >>> windows_of(0.4, 1.0, 0.5)
    [(0.0, 0.4)]
    """
    check_windows(window, step)
    if not np.isfinite(duration):
        raise ValueError(f"duration={duration!r} must be finite seconds")
    if duration <= 0:
        return []
    if duration <= window:
        return [(0.0, float(duration))]
    n = int(np.floor((duration - window) / step + 1e-6)) + 1
    starts = [float(k * step) for k in range(n)]
    return [(round(start, 6), round(start + window, 6)) for start in starts]


@contextmanager
def _settled(model, store, n_jobs):
    """Let every feature extractor use a store and processes for a while."""
    before = []
    for _, part in nested(model):
        own = type(part).__module__.startswith("emopipe.")
        for name, value in {"store": store, "n_jobs": n_jobs}.items():
            if own and name in vars(part):
                before.append((part, name, vars(part)[name]))
                setattr(part, name, value)
    try:
        yield
    finally:
        for part, name, value in before:
            setattr(part, name, value)


def _clip_table(model, paths) -> pd.DataFrame:
    """Return a table in which every column that the model reads paths from holds them."""
    columns = {"clip", "path"}
    for _, part in nested(model):
        asked = (getattr(part, name, None) for name in ("column", "audio_column"))
        columns |= {column for column in asked if isinstance(column, str)}
    return pd.DataFrame(dict.fromkeys(sorted(columns), paths), dtype=object)


def _extractors(model) -> dict:
    """Return {name: extractor}, each once although fitted copies come with unfitted ones."""
    found = {}
    for name, part in nested(model):
        if hasattr(part, "statuses"):
            found[name or type(part).__name__] = part
    return found


def _named(row, labels):
    return None if np.isnan(row).any() else dict(zip(labels, row.tolist(), strict=True))


def _modalities(model):
    return [name for name, _ in model.estimators] if hasattr(model, "modality_scores") else []


def _emotions(model, table, scores):
    """Return the model's own answers, which need not have the highest scores: an SVC counts votes.

    Features come from the store by now (`predict` opens one for itself where none is wanted).
    """
    # A network on clips answers by its scores; to ask it again would be a second pass through it.
    if hasattr(model, "statuses"):
        return model.classes_[np.nan_to_num(scores).argmax(axis=1)]
    return model.predict(table)


def _answers(model, paths) -> list[tuple]:
    """Return (emotion, scores, scores of modalities) of clips that have features."""
    if not paths:
        return []
    table = _clip_table(model, paths)
    labels = [str(label) for label in model.classes_]
    parts = {}
    if hasattr(model, "modality_scores"):
        parts = dict(zip(_modalities(model), model.modality_scores(table), strict=True))
    scores = score_matrix(model, table, model.classes_)
    answers = []
    for row, emotion in enumerate(_emotions(model, table, scores)):
        found = _named(scores[row], labels)
        shares = {name: _named(part[row], labels) for name, part in parts.items()}
        answers.append((None if found is None else str(emotion), found, shares))
    return answers


def _ask(model, paths, spans) -> list[Moment]:
    """Return the model's answers for paths, which are those of (start, stop)."""
    table = _clip_table(model, paths)
    tables = [(name, part.statuses(table)) for name, part in _extractors(model).items()]
    states = [{name: found.iloc[row] for name, found in tables} for row in range(len(paths))]
    there = [any(s["status"] in _FINE for s in of_clip.values()) for of_clip in states]
    # The model is not asked about nothing: it might answer all the same, or stop the others, and
    # what timed out would be tried again each time.
    answers = iter(_answers(model, [path for path, has in zip(paths, there, strict=True) if has]))
    nothing = (None, None, dict.fromkeys(_modalities(model)))
    moments = []
    for span, has, of_clip in zip(spans, there, states, strict=True):
        answer = next(answers) if has else nothing
        moments.append(Moment(*span, *answer, *_verdict(of_clip, answer[0] is not None)))
    return moments


def _verdict(states, answered):
    """Return the status of an answer and, by extractor, what is wrong."""
    wrong = {
        name: f"{state['status']}. {str(state['detail']).strip()}".strip()
        for name, state in states.items()
        if state["status"] != "ok"
    }
    failed = [state["status"] for state in states.values() if state["status"] not in _FINE]
    if answered:
        return "partial" if wrong else "ok", wrong
    # Features without scores are the model's failure.
    return failed[0] if failed else "crashed", wrong or {"model": "crashed. It gave no scores."}


def _length(path) -> float:
    try:
        return float(probe(path).duration)
    except ClipError:
        return 0.0


def _check(model, paths):
    if not paths:
        raise ValueError("no clips: name files, or folders that hold recordings")
    missing = [path for path in paths if not os.path.isfile(path)]
    if missing:
        raise FileNotFoundError(f"{len(missing)} of {len(paths)} clips do not exist: {missing[0]}")
    if not _extractors(model):
        raise ValueError(
            f"this {type(model).__name__} works on numbers, not on clips: it holds no feature "
            "extractor; save the whole pipeline, from clips to emotions"
        )


def predict(model, paths, *, window=None, step=None, store="default", n_jobs=-1) -> Prediction:
    """Return what a fitted recogniser says of clips, whole and over time.

    A clip that cannot be processed says why and never stops the others; a clip that lacks a
    modality is decided by the others.

    Parameters
    ----------
    model : fitted classifier
        From clips to emotions, see `emopipe.persistence.load`. It may have been trained on any
        corpus.
    paths : sequence of str or Path
        Recordings or images.
    window, step : float, optional
        Seconds, at least .01: answers for windows of this length, one every `step` (a quarter of
        the window by default). Every extractor sees a window as a clip of its own, so features that
        need longer stretches are poorer: the voice statistics of the thesis have frames of 1 s.
    store : "default", None, str, Path or Store
        Where features are kept; None: only while this function runs.
    n_jobs : int
        Processes that decode.

    Returns
    -------
    Prediction

    Raises
    ------
    FileNotFoundError
        If a path does not exist.
    ValueError
        If there are no paths, the model works on numbers, or window or step makes no sense.

    Examples
    --------
    >>> from emopipe.persistence import load
    >>> found = predict(load("models/cremad"), ["interview.mp4"], window=2.0)  # doctest: +SKIP
    >>> found.clips[0].whole.emotion, found.real_time_factor  # doctest: +SKIP
    ('neutral', 0.41)
    """
    step = check_windows(window, step)
    paths = [os.fspath(path) for path in paths]
    _check(model, paths)
    with ExitStack() as stack:
        if store is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="emopipe-"))
            store = str(Path(folder) / "store.sqlite")
        stack.enter_context(_settled(model, store, n_jobs))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", ClipWarning)  # statuses say it clip by clip
        began, computed = time.perf_counter(), COUNTERS["prepared"]
        clips = _predicted(model, paths, window, step)
        return Prediction(
            labels=[str(label) for label in model.classes_],
            modalities=_modalities(model),
            clips=clips,
            seconds=time.perf_counter() - began,
            computed=COUNTERS["prepared"] - computed,
            window=window,
            step=step,
        )


def _predicted(model, paths, window, step):
    lengths = [_length(path) for path in paths]
    answers = _ask(model, paths, [(0.0, length) for length in lengths])
    spans = [windows_of(length, window, step) if window else [] for length in lengths]
    parts = [excerpt(p, *s) for p, its in zip(paths, spans, strict=True) for s in its]
    flat = iter(_ask(model, parts, [span for its in spans for span in its]) if parts else [])
    clips = []
    for path, length, answer, its in zip(paths, lengths, answers, spans, strict=True):
        about = (Path(path).name, path, answer.status, answer.details, length)
        clips.append(ClipPrediction(*about, answer, [next(flat) for _ in its]))
    return clips
