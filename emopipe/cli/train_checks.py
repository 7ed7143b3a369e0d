"""Checks before `emopipe train` starts: arguments, folders, subjects, frames."""

# Statuses of clips that lack a medium, and which.
_ABSENT = {"no_video": "pictures", "no_audio": "sound"}


def check_arguments(args) -> None:
    """Raise ValueError for what is wrong whatever the clips are."""
    if len(set(args.features)) < len(args.features):
        raise ValueError(f"--features {' '.join(args.features)} names one kind twice: each once")
    if args.weights and len(args.features) == 1:
        raise ValueError(
            f"--weights {args.weights} is about the fusion of several kinds of features: name more "
            "than one with --features, or leave it out"
        )
    if args.window is not None:
        from emopipe.cli.early_checks import check_window_flags

        check_window_flags(args.window)
    check_folds(args.folds)


def check_folds(folds) -> None:
    """Raise ValueError for what is neither a number of folds nor a name of some."""
    from emopipe.splits import NAMED

    if folds is not None and folds not in NAMED and not isinstance(folds, int):
        raise ValueError(f"--folds {folds}: write a number, or one of: {', '.join(NAMED)}")
    if isinstance(folds, int) and (folds < 0 or folds == 1):
        raise ValueError(f"--folds {folds}: at least 2, or 0 for no evaluation")


def check_subjects(folds, clips) -> None:
    """Raise ValueError where there cannot be such folds by subject."""
    from emopipe.cli.assignments import see
    from emopipe.splits import make_folds
    from emopipe.text import pluralise

    tested = clips[~clips["train_only"].astype(bool)]
    unknown = tested["clip"][tested["subject"].isna()]
    if len(unknown):
        raise ValueError(
            f"{len(unknown)} of {pluralise(len(tested), 'clip')} (such as {unknown.iloc[0]}) have "
            "no subject, so folds by subject cannot be made: --folds 0 trains without evaluation"
        )
    if isinstance(folds, str):
        with see({"folds": folds}, "--{} {}"):
            make_folds(clips, clips["emotion"].to_numpy(), clips["subject"].to_numpy(), folds)
        return
    n_subjects = tested["subject"].nunique()
    if n_subjects < folds:
        fewer = f"--folds {n_subjects}, or " if n_subjects > 1 else ""
        raise ValueError(
            f"--folds {folds} needs as many subjects, and the clips are of "
            f"{pluralise(n_subjects, 'subject')}: use {fewer}--folds 0 for no evaluation"
        )


def check_frames(name, extractor, extraction, window) -> str:
    """Return in words that most clips hold fewer frames than statistics over frames need, or "".

    Raises
    ------
    ValueError
        If so many windows do.
    """
    import numpy as np
    import pandas as pd

    from emopipe.models import TrainingRows, frame_counts

    counts = frame_counts(pd.DataFrame(extraction.counts))
    needed = TrainingRows().min_frames(name, extractor)
    if np.isnan(counts).all() or np.nanmedian(counts) >= needed:
        return ""
    holds = f"holds {np.nanmedian(counts):.0f} frame of {name}, and at least {needed} are needed"
    if window:
        raise ValueError(
            f"--window {window:g}: a window {holds}: use a longer one, or shorter frames with --set"
        )
    return f"a clip {holds}: standard deviations of features are 0; use shorter frames with --set"


def gap_of(name, statuses, noun) -> str:
    """Return how many clips gave a modality nothing, and why, in words; "" where all did."""
    from collections import Counter

    from emopipe.media.containers import describe
    from emopipe.text import pluralise

    lacking = Counter(s for s in statuses if s not in ("ok", "partial"))
    if not lacking:
        return ""
    n = f"{lacking.total()} of {pluralise(len(statuses), noun)}"
    if set(lacking) <= set(_ABSENT):
        return f"{name}: {n} have no {' or '.join(_ABSENT[status] for status in lacking)}"
    why = ", ".join(f"{describe(status)}: {k}" for status, k in lacking.most_common())
    return f"{name}: {n} gave no features ({why})"
