"""Fit a recogniser on corpora, test it on people it was not fitted on, save it with a model card.

  emopipe train models/cremad --corpus cremad=/data/CREMA-D --features voice mini_xception
  emopipe train models/mine --corpus ravdess=/data/RAVDESS --corpus savee=/data/SAVEE \\
      --emotions neutral happiness sadness anger
  emopipe predict models/cremad interview.mp4

Each kind of features gets a linear classifier of its own (or an SVM); with several of them,
their scores are fused with weights per emotion. The figures on the card come from folds by subject;
the saved model is fitted on all clips. --set gives any parameter of an extractor, as in
`emopipe extract`. For other pipelines use emopipe.persistence.save in a script.
"""

import argparse
from math import inf
from pathlib import Path


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
    from emopipe.cli import add_extraction
    from emopipe.cli.extract import FEATURES

    parser.add_argument("model", type=Path, help="the folder to write")
    parser.add_argument(
        "--corpus", action="append", required=True, metavar="NAME=FOLDER",
        help="see `emopipe corpora`; several are pooled",
    )  # fmt: skip
    parser.add_argument(
        "--features", nargs="+", default=["voice"], choices=sorted(FEATURES), metavar="NAME",
        help=f"one or more of: {', '.join(FEATURES)} (default: voice)",
    )  # fmt: skip
    parser.add_argument("--emotions", nargs="+", metavar="NAME", help="only these")
    parser.add_argument("--set", action="append", default=[], metavar="PARAMETER=VALUE")
    parser.add_argument(
        "--weights", choices=("equal", "recall", "search"),
        help="of several kinds of features, per emotion (default: recall)",
    )  # fmt: skip
    parser.add_argument(
        "--classifier", default="logistic", choices=sorted(CLASSIFIERS), help="default: logistic"
    )
    parser.add_argument(
        "--cost", type=_cost, metavar="C", help="its C, above 0 (default: logistic 0.1, svm 10)"
    )
    parser.add_argument(
        "--folds", type=int, default=5, help="folds by subject (default: 5); 0: no evaluation"
    )
    add_extraction(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace the model that is there")


def command(args) -> int:
    """Load, evaluate, fit, save; print the figures and where the model is."""
    import warnings

    from emopipe.cli.extract import extractor_of
    from emopipe.evaluation import evaluate
    from emopipe.extract import ClipWarning
    from emopipe.persistence import save
    from emopipe.persistence.saving import check_place

    check_place(args.model.expanduser(), args.overwrite, "--overwrite replaces it")
    _check_arguments(args)
    clips = _clips(args)
    if args.folds:
        _check_subjects(args.folds, clips)
    classifier = CLASSIFIERS[args.classifier](args.cost)
    extractors = {name: extractor_of(name, args) for name in args.features}
    model = recogniser(extractors, classifier, weights=args.weights or "recall")
    corpora = " and ".join(sorted(set(clips["corpus"])))
    title = f"{' and '.join(args.features)}, {args.classifier}, {corpora}"
    result = None
    if args.folds:
        result = evaluate(model, clips, cv=args.folds, title=title, progress=True, random_state=0)
        print(result)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ClipWarning)
        model.fit(clips, clips["emotion"])
    folder = save(model, args.model, result=result, clips=clips, title=title,
                  overwrite=args.overwrite)  # fmt: skip
    print(f"model: {folder}\nits card: {folder / 'model_card.md'}")
    return 0


def recogniser(extractors, classifier, *, weights="recall"):
    """Return an unfitted recogniser: a classifier on each extractor, fused if there are several.

    Parameters
    ----------
    extractors : dict of str to ClipTransformer
        By the names that the modalities get.
    classifier : classifier
        Of numbers; each extractor gets one, behind a scaler.
    weights : str
        Of `emopipe.fusion.EmotionWeightedFusion`.
    """
    from sklearn.base import clone
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from emopipe.fusion import EmotionWeightedFusion, WhereFinite

    parts = []
    for name, extractor in extractors.items():
        scaled = make_pipeline(StandardScaler(), clone(classifier))
        parts.append((name, make_pipeline(extractor, WhereFinite(scaled))))
    if len(parts) == 1:
        return parts[0][1]
    return EmotionWeightedFusion(parts, weights=weights)


def _check_arguments(args):
    """Raise ValueError for what is wrong whatever the clips are."""
    if len(set(args.features)) < len(args.features):
        raise ValueError(f"--features {' '.join(args.features)} names one kind twice: each once")
    if args.weights and len(args.features) == 1:
        raise ValueError(
            f"--weights {args.weights} is about the fusion of several kinds of features: name more "
            "than one with --features, or leave it out"
        )
    if args.folds < 0 or args.folds == 1:
        raise ValueError(f"--folds {args.folds}: at least 2, or 0 for no evaluation")


def _check_subjects(n_folds, clips):
    """Raise ValueError where there cannot be so many folds by subject."""
    from emopipe.cli import counted

    tested = clips[~clips["train_only"].astype(bool)]
    unknown = tested["clip"][tested["subject"].isna()]
    if len(unknown):
        raise ValueError(
            f"{len(unknown)} of {counted(len(tested), 'clip')} (such as {unknown.iloc[0]}) have no "
            "subject, so folds by subject cannot be made: --folds 0 trains without evaluation"
        )
    n_subjects = tested["subject"].nunique()
    if n_subjects < n_folds:
        fewer = f"--folds {n_subjects}, or " if n_subjects > 1 else ""
        raise ValueError(
            f"--folds {n_folds} needs as many subjects, and the clips are of "
            f"{counted(n_subjects, 'subject')}: use {fewer}--folds 0 for no evaluation"
        )


def _clips(args):
    from emopipe.cli.extract import corpus_tables
    from emopipe.corpora import combine, usable

    clips = usable(combine(*corpus_tables(args.corpus)))
    known = sorted(set(clips["emotion"]))
    unknown = set(args.emotions or known) - set(known)
    if unknown:
        raise ValueError(
            f"--emotions {' '.join(sorted(unknown))}: the corpora have {', '.join(known)}"
        )
    return clips[clips["emotion"].isin(args.emotions or known)].reset_index(drop=True)
