"""Predict clips, and windows of clips, with a fitted recogniser."""

import os
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from sklearn.base import clone

from emopipe.extraction import COUNTERS, ClipWarning, paths_of
from emopipe.face.parameters import FaceCrops
from emopipe.inspection import clip_estimators, read_with, temporary_parameters
from emopipe.media import excerpt
from emopipe.models.face_boxes import face_boxes
from emopipe.models.prediction import ClipPrediction, Moment, Prediction
from emopipe.models.provenance import parameters_of
from emopipe.models.recordings import recordings
from emopipe.models.scoring import ask, check, modalities_of, scalers_of, score_kind
from emopipe.models.scoring import enroll as enrolment
from emopipe.models.training_rows import TrainingRows
from emopipe.models.windows import MOST, check_windows, n_windows, windows_of
from emopipe.progress import progress_bar
from emopipe.text import printable

# Clips, or windows, that are in work at a time: the first ones are few, so that their answers come
# soon.
_FIRST, _BATCH = 4, 256


def predict(
    model, paths, *, enroll=(), person=None, window=None, step=None, training=None,
    store="default", n_jobs=-1, faces=False, progress=False, on_clip=None,
) -> Prediction:  # fmt: skip
    """Return what a fitted recogniser says of clips, whole and over time.

    A clip that cannot be processed says why and never stops the others; a clip that lacks a
    modality is decided by the others. Worker processes read the clips, this one opens none.

    Parameters
    ----------
    model : fitted classifier
        From clips to emotions, see `emopipe.models.load`. It may have been trained on any
        corpus.
    paths : sequence of str or Path, or clip table
        Recordings or images.
    enroll : sequence of str or Path
        Clips of the one person whom all `paths` show, without labels: a model that standardises by
        subject (`emopipe.SubjectScaler`) then takes what is usual for that person into account.
    person : "speaking", int or None
        Whose face counts where a clip shows several people: the one whose mouth goes with the
        voice, or a number from 0 in the order of `find_people` (not with windows). The sound is
        the clip's, whoever is asked about. None: as the model was trained.
    window, step : float, optional
        Seconds, at least .01: answers for windows of this length, one every `step` (a quarter of
        the window by default). Without a window there are none, unless the model was fitted on
        windows: then its own. Every extractor sees a window as a clip of its own; one that holds
        fewer frames than the model needs is named in `Prediction.notices`.
    training : TrainingRows or dict, optional
        What the model was fitted on: ``read_manifest(folder)["training"]``
        (`emopipe.models`).
    store : "default", None, str, Path or Store
        Where features are kept; None: only while this function runs.
    n_jobs : int
        Processes that decode.
    faces : bool
        Also say where the faces are that features come from (`ClipPrediction.faces`): the detector
        looks once more.
    progress : bool
        Show a bar.
    on_clip : callable, optional
        Called with every `ClipPrediction` as soon as there is one.

    Returns
    -------
    Prediction

    Raises
    ------
    FileNotFoundError
        If a path does not exist.
    ValueError
        If there are no paths, the model works on numbers, or window or step makes no sense; if the
        model does not standardise by subject, or no clip to enroll has features.

    See Also
    --------
    load : Reads a model's folder.
    window_table : Rows that are windows of clips.

    Examples
    --------
    >>> from emopipe import load, predict
    >>> prediction = predict(load("models/cremad"), ["interview.mp4"], window=2.0)  # doctest: +SKIP
    >>> prediction.clips[0].whole.emotion, prediction.real_time_factor  # doctest: +SKIP
    ('neutral', 0.41)
    """
    if not isinstance(training, TrainingRows):
        training = TrainingRows.from_dict(training)
    window = training.window_of(window, over_time=False)
    step = check_windows(window, step)
    if isinstance(person, int) and window is not None:
        raise ValueError(
            f"person={person} counts the people of a whole clip, and windows are asked about: take "
            "person='speaking', or no window"
        )
    paths, enroll = _list_paths(paths, "paths"), _list_paths(enroll, "enroll")
    check(model, [*enroll, *paths] if paths else paths)
    clips = []
    with ExitStack() as stack:
        if store is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="emopipe-"))
            store = str(Path(folder) / "store.sqlite")
        stack.enter_context(read_with(model, store=store, n_jobs=n_jobs))
        stack.enter_context(temporary_parameters(_person_parameters(model, person)))
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore", ClipWarning)  # statuses say it clip by clip
        began, computed = time.perf_counter(), COUNTERS["prepared"]
        bar = stack.enter_context(progress_bar(len(paths), "predict", "clip", visible=progress))
        options = {"store": store, "n_jobs": n_jobs}
        stack.enter_context(enrolment(model, _rows(enroll, training, options)))
        for clip in _predict_clips(model, paths, window, step, training, faces, options, bar):
            clips.append(clip)
            bar.update()
            if on_clip is not None:
                on_clip(clip)
    return Prediction(
        labels=[str(label) for label in model.classes_],
        modalities=modalities_of(model),
        clips=clips,
        seconds=time.perf_counter() - began,
        computed=COUNTERS["prepared"] - computed,
        window=window,
        step=step,
        score_kind=score_kind(model),
        notices=_enrolment_notices(model, enroll) + _notices(model, clips, training, window),
    )


def _list_paths(paths, name) -> list[str]:
    """Return the paths in a list, a Series or a clip table."""
    if isinstance(paths, str | os.PathLike):
        raise TypeError(f"{name} is one path, {os.fspath(paths)!r}: give a list of paths")
    listed = paths_of(paths if hasattr(paths, "__len__") else list(paths))
    if None in listed:
        raise ValueError(f"{name}[{listed.index(None)}] is no path: leave clips without one out")
    return listed


def _person_parameters(model, person) -> list[tuple]:
    """Return what lets the face features of a fitted model take one person's faces."""
    if person is None:
        return []
    changes = [
        (part, name, clone(value).set_params(prefer=person))
        for _, part, name, value in parameters_of(model)
        if isinstance(value, FaceCrops)
    ]
    if not changes:
        raise ValueError(f"person={person!r}: this model looks at no faces")
    return changes


def _predict_clips(
    model, paths, window, step, training, faces, options, bar
) -> Iterator[ClipPrediction]:
    marks = set(training.recordings)
    for batch in _batches(paths):
        files = recordings(batch, **options)
        answers = ask(model, batch, [(0.0, file.seconds) for file in files], training)
        numbers = [n_windows(file.seconds, window, step) if window else 0 for file in files]
        boxes = face_boxes(model, batch, **options) if faces else [[]] * len(batch)
        spans = _spans(batch, files, numbers, window, step)
        windows = _in_batches(model, spans, training, bar)
        for path, file, answer, n, at in zip(batch, files, answers, numbers, boxes, strict=True):
            moments = list(islice(windows, n if n <= MOST else 0))
            yield ClipPrediction(
                clip=Path(path).name,
                path=path,
                status=answer.status,
                details=answer.details,
                duration=file.seconds,
                whole=_mean(answer, moments) if training.window else answer,
                windows=moments,
                in_training=file.mark in marks if marks and file.mark else None,
                note="" if n <= MOST else _too_many(file.seconds, n),
                faces=at,
            )


def _mean(whole, windows) -> Moment:
    """Return the answer for a clip of a model that knows windows only: their mean scores."""
    rows = [window for window in windows if window.scores]
    if not rows:
        return whole
    scores = _mean_scores([row.scores for row in rows])
    parts = {
        name: _mean_scores([row.modalities[name] for row in rows if row.modalities[name]])
        for name in rows[0].modalities
    }
    emotion = max(scores, key=scores.get)
    return replace(whole, emotion=emotion, scores=scores, modalities=parts, few_frames=[])


def _mean_scores(rows) -> dict | None:
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]} if rows else None


def _too_many(seconds, n):
    return (
        f"its time stamps say {seconds:g} s, which makes {n} windows; at most {MOST} are answered: "
        "there are none here. Use a longer step, or write the recording again"
    )


def _batches(items):
    start, n = 0, _FIRST
    while start < len(items):
        yield items[start : start + n]
        start, n = start + n, min(2 * n, _BATCH)


def _spans(paths, files, numbers, window, step):
    """Yield (clip, start, stop) of the windows of some clips, one after the other."""
    for path, file, n in zip(paths, files, numbers, strict=True):
        if 0 < n <= MOST:
            yield from ((path, *span) for span in windows_of(file.seconds, window, step))


def _in_batches(model, spans, training, bar) -> Iterator[Moment]:
    while batch := list(islice(spans, _BATCH)):
        parts = [excerpt(*span) for span in batch]
        bar.set_postfix_str(f"{printable(Path(batch[0][0]).name)} at {batch[0][1]:.0f} s")
        yield from ask(model, parts, [span[1:] for span in batch], training)


def _rows(paths, training, options) -> list[str]:
    """Return clips, or their windows where a model was fitted on windows."""
    if not training.window or not paths:
        return paths
    files, step = recordings(paths, **options), training.window
    numbers = [min(n_windows(file.seconds, step, step), MOST) for file in files]
    return [excerpt(*span) for span in _spans(paths, files, numbers, step, step)]


def _enrolment_notices(model, enroll) -> list[str]:
    if enroll:
        n = f"{len(enroll)} clips were" if len(enroll) > 1 else "1 clip was"
        return [f"{n} enrolled, without labels: all answers are for the person whom they show."]
    if scalers_of(model):
        return [
            "Nobody is enrolled: this model was trained to know some clips of whom it judges, and "
            "is right less often without them; name clips of one person with enroll (--enroll)."
        ]
    return []


def _notices(model, clips, training, window) -> list[str]:
    """Return what readers must know before they believe an answer."""
    notices = [f"{clip.clip}: {clip.note}" for clip in clips if clip.note]
    for name, extractor in clip_estimators(model).items():
        notices += _frame_notice("clips", [c.whole for c in clips], name, extractor, training, None)
        windows = [moment for clip in clips for moment in clip.windows]
        notices += _frame_notice("windows", windows, name, extractor, training, window)
    return notices


def _frame_notice(noun, moments, name, extractor, training, window):
    counts = [moment.frames[name] for moment in moments if name in moment.few_frames]
    if not counts:
        return []
    of = f" of {window:.3g} s" if window else ""
    longer = ""
    if training.seconds:
        longer = f" ({training.seconds:.3g} s was the length of its training rows)"
    return [
        f"{len(counts)} of {len(moments)} {noun}{of} hold fewer frames than the model needs "
        f"({name}: {min(counts)}, needed {training.min_frames(name, extractor)}), and their "
        f"answers cannot be relied on: use longer {noun}{longer}"
        + (f", or a model that was trained on windows of {window:.3g} s" if window else "")
    ]
