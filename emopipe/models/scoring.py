"""Score clips, or windows of clips, with a fitted recogniser: scores, statuses, frames."""

import os
from contextlib import contextmanager

import numpy as np
import pandas as pd

from emopipe.fusion.score_fusion import ScoreFusion
from emopipe.fusion.scores import score_matrix
from emopipe.inspection import ClipEstimator, clip_estimators, parts, path_columns
from emopipe.media.excerpts import parse
from emopipe.models.prediction import Moment
from emopipe.models.training_rows import frame_counts
from emopipe.subject_scaler import SubjectScaler

# The worst status of a clip's extractors is not the clip's as long as one of them has features.
_FINE = ("ok", "partial")


def score_kind(model) -> str:
    """Return which of `SCORE_KINDS` the scores of a model are."""
    if isinstance(model, ScoreFusion):
        return "fusion"
    return "probability" if hasattr(model, "predict_proba") else "score"


def _clip_table(model, paths) -> pd.DataFrame:
    """Return a table in which every column that the model reads paths from holds them."""
    columns = {"clip", "path", *path_columns(model)}
    table = pd.DataFrame(dict.fromkeys(sorted(columns), paths), dtype=object)
    # Nobody is named: who was enrolled is asked about, or somebody like the training people.
    return table.assign(**dict.fromkeys({part.subject for part in scalers_of(model)}))


def scalers_of(model) -> list[SubjectScaler]:
    """Return the fitted parts of a model that standardise by subject."""
    inside = [part for _, part in parts(model)]
    return [part for part in inside if isinstance(part, SubjectScaler) and "mean_" in vars(part)]


@contextmanager
def enroll(model, paths):
    """Let a model take all clips for those of one person, whose clips are given, for a while.

    Parameters
    ----------
    model : fitted classifier
    paths : list of str
        Clips of the person, or windows of them; empty: nobody is enrolled.

    Yields
    ------
    int
        How many parts of the model standardise by subject and had clips with features.

    Raises
    ------
    ValueError
        If no part standardises by subject, or no clip has features.
    """
    scalers = scalers_of(model) if paths else []
    if paths and not scalers:
        raise ValueError(
            f"this {type(model).__name__} learns nothing of a person from clips without labels: "
            "leave enroll (--enroll) out, or train a model with SubjectScaler, such as "
            "voice_ensemble(unlabelled_clips='all')"
        )
    copies, problem, table = [], None, _clip_table(model, paths) if paths else None
    for scaler in scalers:
        try:
            copies.append((scaler, scaler.enroll(table).enrolled_))
        except ValueError as error:
            problem = error
    if problem and not copies:
        raise problem
    for scaler, statistics in copies:
        scaler.enrolled_ = statistics
    try:
        yield len(copies)
    finally:
        for scaler, _ in copies:
            del scaler.enrolled_


def _by_label(row, labels):
    return None if np.isnan(row).any() else dict(zip(labels, row.tolist(), strict=True))


def modalities_of(model) -> list[str]:
    """Return the names of the modalities of a fusion; none of other models."""
    return [name for name, _ in model.estimators] if isinstance(model, ScoreFusion) else []


def _emotions(model, table, scores):
    """Return the model's own answers, which need not have the highest scores: an SVC counts votes.

    Features come from the store by now (`predict` opens one for itself where none is wanted).
    """
    # A network on clips answers by its scores; to ask it again would be a second pass through it.
    if isinstance(model, ClipEstimator):
        return model.classes_[np.nan_to_num(scores).argmax(axis=1)]
    return model.predict(table)


def _answers(model, paths) -> list[tuple]:
    """Return (emotion, scores, scores of modalities) of clips that have features."""
    if not paths:
        return []
    table = _clip_table(model, paths)
    labels = [str(label) for label in model.classes_]
    parts = {}
    if isinstance(model, ScoreFusion):
        parts = dict(zip(modalities_of(model), model.modality_scores(table), strict=True))
    scores = score_matrix(model, table, model.classes_)
    answers = []
    for row, emotion in enumerate(_emotions(model, table, scores)):
        named = _by_label(scores[row], labels)
        parted = {name: _by_label(part[row], labels) for name, part in parts.items()}
        answers.append((None if named is None else str(emotion), named, parted))
    return answers


def ask(model, paths, spans, training) -> list[Moment]:
    """Return the model's answers for paths, which are those of (start, stop)."""
    table = _clip_table(model, paths)
    tables, frames, few = {}, {}, {}
    for name, part in clip_estimators(model).items():
        tables[name] = part.statuses(table)
        frames[name] = frame_counts(tables[name])
        few[name] = frames[name] < training.min_frames(name, part)
    states = [{name: t.iloc[row] for name, t in tables.items()} for row in range(len(paths))]
    there = [any(s["status"] in _FINE for s in of_clip.values()) for of_clip in states]
    # The model is not asked about nothing: it might answer all the same, or stop the others, and
    # what timed out would be tried again each time.
    answers = iter(_answers(model, [path for path, has in zip(paths, there, strict=True) if has]))
    nothing = (None, None, dict.fromkeys(modalities_of(model)))
    moments = []
    for row, (span, has, of_clip) in enumerate(zip(spans, there, states, strict=True)):
        answer = next(answers) if has else nothing
        fine = [name for name, state in of_clip.items() if state["status"] in _FINE]
        counts = {n: int(frames[n][row]) for n in fine if frames[n][row] == frames[n][row]}
        scarce = [name for name in counts if few[name][row]]
        moments.append(
            Moment(*span, *answer, *_verdict(of_clip, answer[0] is not None), counts, scarce)
        )
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


def check(model, paths) -> None:
    """Raise an error where there is nothing to ask, or nothing that clips can be put to."""
    if not paths:
        raise ValueError("no clips: name files, or folders that hold recordings")
    missing = [path for path in paths if not os.path.lexists(parse(path).path)]
    if missing:
        raise FileNotFoundError(f"{len(missing)} of {len(paths)} clips do not exist: {missing[0]}")
    if not clip_estimators(model):
        raise ValueError(
            f"this {type(model).__name__} works on numbers, not on clips: it holds no feature "
            "extractor; save the whole pipeline, from clips to emotions"
        )
