"""Fit a recogniser on corpora, test it on people it was not fitted on, save it with a model card.

  emopipe train models/cremad --corpus cremad=/data/CREMA-D --features voice mini_xception
  emopipe train models/mine --corpus ravdess=/data/RAVDESS --corpus savee=/data/SAVEE \\
      --emotions neutral happiness sadness anger
  emopipe train models/mine --corpus ravdess=/data/RAVDESS --window 1.0     emotion over time
  emopipe train models/mine --corpus ravdess=/data/RAVDESS --unlabelled-clips 8  predict --enroll
  emopipe train models/mine --corpus mine=clips.csv        clips of your own: `emopipe corpora csv`
  emopipe train models/mine --corpus mine=FOLDER --codes 01=neutral,02=sad \\
      --pattern '{subject}-{statement}-{emotion}_{take}.mp4'

Each kind of features gets a linear classifier of its own (or an SVM); with several of them,
their scores are fused with weights per emotion. The figures on the card come from folds by subject;
the saved model is fitted on all clips. MODEL-report, beside its folder, shows them whole. With
--window the rows are windows of the clips, and the figures count windows. --set gives any
parameter of an extractor, as in `emopipe extract`. For other pipelines use
emopipe.models.save in a script.

Exit code 3 if clips gave no features, or a check of the evaluation failed (docs/checks.md).
"""

import argparse
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory


def _cost(text) -> float:
    """Return the value of --cost."""
    try:
        cost = float(text)
    except ValueError:
        cost = -inf
    if not 0 < cost < inf:
        raise argparse.ArgumentTypeError(
            f"{text} is no cost: write a finite number above 0, such as 0.1 or 10, or leave it out"
        )
    return cost


def _unlabelled_clips(text):
    """Return the value of --unlabelled-clips."""
    if text == "all":
        return text
    if not text.isdecimal() or int(text) < 2:
        raise argparse.ArgumentTypeError(f"{text}: write a number of clips from 2, or all")
    return int(text)


def _logistic(cost):
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        C=0.1 if cost is None else cost, class_weight="balanced", max_iter=2000
    )


def _svm(cost):
    from sklearn.svm import SVC

    return SVC(C=10.0 if cost is None else cost, class_weight="balanced")


CLASSIFIERS = {"logistic": _logistic, "svm": _svm}


def add_arguments(parser):
    """Add this command's arguments."""
    from emopipe.cli import add_allow_partial, add_extraction, add_ignore, path_argument
    from emopipe.cli.assignments import literal
    from emopipe.cli.clips import add_corpora
    from emopipe.cli.extract import FEATURES

    parser.add_argument("model", type=path_argument, help="the folder to write")
    add_corpora(parser, required=True)
    parser.add_argument(
        "--features", nargs="+", default=["voice"], choices=sorted(FEATURES), metavar="NAME",
        help=f"one or more of: {', '.join(FEATURES)} (default: voice)",
    )  # fmt: skip
    parser.add_argument(
        "--emotions", nargs="+", metavar="NAME", help="only these, such as: happy angry neutral"
    )
    parser.add_argument(
        "--window", type=float, metavar="SECONDS",
        help="train on windows of this length, for emotion over time (default: whole clips); voice "
        "frames are then 50 ms, every 25 ms, unless --set says otherwise",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="PARAMETER=VALUE",
        help="a parameter of the extractor, such as window=0.05, or FEATURE.PARAMETER=VALUE; may "
        "be repeated",
    )  # fmt: skip
    _add_recogniser(parser)
    parser.add_argument(
        "--folds", type=literal, metavar="FOLDS",
        help="folds by subject (default: 5, or one for each of fewer people), or their name: loso, "
        "or luna5 and ertk6 of RAVDESS; 0: no evaluation",
    )  # fmt: skip
    add_extraction(parser)
    add_ignore(parser)
    add_allow_partial(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace the model that is there")


def _add_recogniser(parser):
    """Add what the model is, behind its features."""
    parser.add_argument(
        "--weights", choices=("equal", "recall", "search"),
        help="of several kinds of features, per emotion (default: recall)",
    )  # fmt: skip
    parser.add_argument(
        "--unlabelled-clips", type=_unlabelled_clips, metavar="N",
        help="standardise features by subject, with N (or all) clips of whom is tested, without "
        "labels (default: nothing is known of whom is tested)",
    )  # fmt: skip
    parser.add_argument(
        "--classifier", default="logistic", choices=sorted(CLASSIFIERS), help="default: logistic"
    )
    parser.add_argument(
        "--cost", type=_cost, metavar="C", help="its C, above 0 (default: logistic 0.1, svm 10)"
    )


def command(args) -> int:
    """Load, extract, evaluate, report, fit, save; print the figures and where everything is."""
    from contextlib import ExitStack

    from emopipe.cli import exit_code, muted_checks
    from emopipe.cli.early_checks import check_folder, check_store
    from emopipe.cli.train_checks import check_arguments, check_subjects
    from emopipe.models.saving import check_model_folder

    folder = args.model
    check_model_folder(folder, args.overwrite, "--overwrite replaces it")
    check_arguments(args)
    muted_checks(args.ignore)
    check_folder(folder)
    check_folder(_report_folder(folder))
    check_store(args.store)
    clips = _clips(args)
    if args.folds is None:
        args.folds = max(2, min(5, clips["subject"][~clips["train_only"]].nunique()))
    if args.folds:
        check_subjects(args.folds, clips)
    with ExitStack() as stack:
        if args.store is None:  # kept while this runs, so that nothing is computed twice
            temporary = stack.enter_context(TemporaryDirectory(prefix="emopipe-"))
            args.store = str(Path(temporary) / "store.sqlite")
        return exit_code(_train(args, folder, clips), allow_partial=args.allow_partial)


def _train(args, folder, clips) -> list[str]:
    """Do the work on a clip table; return in what the results cover less than was asked."""
    import warnings

    from emopipe.cli.extract import corpus_gaps
    from emopipe.extraction import ClipWarning
    from emopipe.models import check_savable, recordings, save, training_rows, window_table

    extractors = _extractors(args)
    files = recordings(clips["path"], store=args.store, n_jobs=args.jobs)
    rows = clips
    if args.window:
        seconds = [file.seconds for file in files]
        if max(seconds) < args.window:
            raise ValueError(
                f"--window {args.window:g}: the longest clip takes {max(seconds):.3g} s; take a "
                "shorter window, or leave it out"
            )
        rows = window_table(clips, seconds, args.window)
    gaps = [*corpus_gaps(clips), *_extract(extractors, rows, args.window)]
    model = recogniser(
        extractors, CLASSIFIERS[args.classifier](args.cost), weights=args.weights or "recall",
        unlabelled_clips=args.unlabelled_clips,
    )  # fmt: skip
    check_savable(model)
    title = _title(args, clips)
    result = _evaluate(args, folder, model, rows, title) if args.folds else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ClipWarning)
        model.fit(rows, rows["emotion"])
        training = training_rows(model, rows, files, window=args.window)
    save(model, folder, result=result, clips=clips, title=title, training=training,
         overwrite=args.overwrite)  # fmt: skip
    print(f"model: {folder}\nits card: {folder / 'model_card.md'}")
    return gaps if result is None or result.passed else [*gaps, "a check failed"]


def _title(args, clips):
    corpora = " and ".join(sorted(set(clips["corpus"])))
    rows = f", windows of {args.window:g} s" if args.window else ""
    return f"{' and '.join(args.features)}, {args.classifier}, {corpora}{rows}"


def _extractors(args) -> dict:
    """Return {name: extractor}; in windows, voice frames are short unless --set says otherwise."""
    from emopipe.cli.extract import extractor_of

    if args.window and "voice" in args.features:
        # Statistics over frames of 1 s, the default, need clips of several seconds.
        names = {text.partition("=")[0].removeprefix("voice.") for text in args.set}
        short = {"window": 0.05, "step": 0.025}
        args.set += [f"voice.{name}={short[name]}" for name in short if name not in names]
    return {name: extractor_of(name, args) for name in args.features}


def _extract(extractors, rows, window) -> list[str]:
    """Compute all features; say at once, and return, where a modality lacks clips.

    Raises
    ------
    ValueError
        If a modality has nothing at all, or windows are shorter than its statistics need.
    """
    from emopipe.cli.train_checks import check_frames, gap_of

    gaps = []
    for name, extractor in extractors.items():
        extraction = extractor.extract(rows, lazy=True)
        print(f"{name}: {extraction.summary()}")
        gap = gap_of(name, extraction.statuses, "window" if window else "clip")
        if gap and not {"ok", "partial"} & set(extraction.statuses):
            raise ValueError(f"{gap}: leave {name} out of --features, or add the recordings")
        if gap:
            print(f"NOTE: {gap}: these are decided by the other features, or not at all")
            gaps.append(gap)
        few = check_frames(name, extractor, extraction, window)
        if few:
            print(f"NOTE: {few}")
    return gaps


def _evaluate(args, folder, model, rows, title):
    """Evaluate by subject, print the figures, write the report beside the model."""
    from emopipe.cli.run import summarise
    from emopipe.evaluation import evaluate
    from emopipe.experiment import Experiment
    from emopipe.report import write_report
    from emopipe.text import slug

    notices = []
    if args.window:
        n_clips = rows["path"].str.partition("#t=")[0].nunique()
        text = (
            f"Rows are windows of {args.window:g} s, side by side, of {n_clips} clips: figures "
            "count windows, and those of one clip are alike."
        )
        notices = [text]
    result = evaluate(
        model, rows, cv=args.folds, title=title, progress=True, random_state=0, notices=notices,
        ignore=args.ignore,
    )  # fmt: skip
    outcome = Experiment(
        name=slug(folder.name, "model", also="_-"),
        title=title,
        question="How well does it recognise the emotions of people it was not trained on?",
        results={title: result},
        reproduce=_command_line(args),
    )
    print(f"\n{summarise(outcome)}\n")
    print(f"its report: {write_report(outcome, _report_folder(folder))}")
    return result


def _command_line(args) -> str:
    import shlex

    words = ["emopipe", "train", str(args.model), "--features", *args.features]
    for flag, values in _repeatable_flags(args):
        words += [word for value in values for word in (flag, value)]
    for name in ("window", "unlabelled_clips", "weights", "classifier", "cost", "folds"):
        value = getattr(args, name)
        words += [] if value is None else [f"--{name.replace('_', '-')}", str(value)]
    words += ["--emotions", *args.emotions] if args.emotions else []
    return shlex.join(words)


def _repeatable_flags(args):
    """Return (flag, values) of the flags that may be there several times."""
    return [
        (f"--{name}", getattr(args, name))
        for name in ("corpus", "pattern", "codes", "set", "ignore")
    ]


def _report_folder(folder) -> Path:
    """Return where the report of a model goes: beside its folder, which holds the model alone."""
    return folder.with_name(f"{folder.name}-report")


def recogniser(extractors, classifier, *, weights="recall", unlabelled_clips=None):
    """Return an unfitted recogniser: a classifier on each extractor, fused if there are several.

    Parameters
    ----------
    extractors : dict of str to ClipTransformer
        By the names that the modalities get.
    classifier : classifier
        Of numbers; each extractor gets one, behind a scaler.
    weights : str
        Of `emopipe.fusion.EmotionWeightedFusion`.
    unlabelled_clips : int, "all" or None
        Of whom is tested: features are standardised by subject with so many.
    """
    from sklearn.base import clone
    from sklearn.preprocessing import StandardScaler

    from emopipe.fusion import EmotionWeightedFusion, make_clip_pipeline
    from emopipe.subject_scaler import SubjectScaler

    parts = []
    for name, extractor in extractors.items():
        if unlabelled_clips:
            n_clips = None if unlabelled_clips == "all" else unlabelled_clips
            extractor = SubjectScaler(extractor, n_clips=n_clips)
        parts.append((name, make_clip_pipeline(extractor, StandardScaler(), clone(classifier))))
    if len(parts) == 1:
        return parts[0][1]
    return EmotionWeightedFusion(parts, weights=weights)


def _clips(args):
    from emopipe.cli.clips import corpus_tables
    from emopipe.corpora import combine, usable
    from emopipe.corpora.clip_table import canonical

    clips = usable(combine(*corpus_tables(args)))
    emotions = sorted(set(clips["emotion"]))
    if args.emotions:
        args.emotions = [canonical(name) or name for name in args.emotions]
    unknown = set(args.emotions or emotions) - set(emotions)
    if unknown:
        raise ValueError(
            f"--emotions {' '.join(sorted(unknown))}: the corpora have {', '.join(emotions)}"
        )
    if len(set(args.emotions or emotions)) < 2:
        flag = "--emotions names" if args.emotions else "the corpora have"
        raise ValueError(
            f"{flag} {', '.join(args.emotions or emotions) or 'none'} alone, and at least two "
            f"emotions are needed; there are {', '.join(emotions) or 'none'}"
        )
    return clips[clips["emotion"].isin(args.emotions or emotions)].reset_index(drop=True)
