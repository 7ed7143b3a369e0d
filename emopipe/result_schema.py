"""Check what a result.json holds when it is read: types, counts and lengths.

A file is somebody else's until it has passed: whatever differs is named by its place, such as
``results['voice'].metrics.accuracy.value``. Fields that are not listed here are ignored.
"""

import math

from emopipe.checks import STATUSES

MOST_RESULTS = 1000
MOST_ROWS = 10_000_000
MOST_CLASSES = 1000
LONGEST_TEXT = 1_000_000


def _refuse(where, value, needed):
    text = repr(value)
    text = text if len(text) <= 60 else f"{text[:57]}..."
    raise ValueError(f"{where} is {text}: {needed} is needed")


def text(value, where):
    """Check a text."""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        _refuse(where, value, f"a text of at most {LONGEST_TEXT} characters")


def flag(value, where):
    """Check true or false."""
    if not isinstance(value, bool):
        _refuse(where, value, "true or false")


def number(value, where, *, least=-math.inf, most=math.inf):
    """Check a number, or null where it is missing."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        within = "" if least == -math.inf else f" from {least:g} to {most:g}"
        _refuse(where, value, f"a number{within} or null")


def share(value, where):
    """Check a fraction, or null."""
    number(value, where, least=0, most=1)


def count(value, where):
    """Check a whole number of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 2**53:
        _refuse(where, value, "a whole number of 0 or more")


def anything(value, where):
    """Accept any JSON value: it is shown, never used."""


def maybe(check):
    """Return a check that accepts null, too."""
    return lambda value, where: None if value is None else check(value, where)


def among(*allowed):
    """Return a check for one of some texts."""

    def check(value, where):
        if value not in allowed or not isinstance(value, str):
            _refuse(where, value, "one of " + ", ".join(map(repr, allowed)))

    return check


def list_of(check, most=MOST_ROWS):
    """Return a check for a list."""

    def check_list(value, where):
        if not isinstance(value, list) or len(value) > most:
            _refuse(where, value, f"a list of at most {most}")
        for n, item in enumerate(value):
            check(item, f"{where}[{n}]")

    return check_list


def dict_of(check, most=MOST_CLASSES):
    """Return a check for a dict with any keys."""

    def check_dict(value, where):
        if not isinstance(value, dict) or len(value) > most:
            _refuse(where, value, f"an object of at most {most} entries")
        for key, item in value.items():
            check(item, f"{where}[{key!r}]")

    return check_dict


def record(_optional=(), /, **fields):
    """Return a check for a dict with these keys; those in `_optional` may lack."""

    def check_record(value, where):
        if not isinstance(value, dict):
            _refuse(where, value, "an object")
        missing = [name for name in fields if name not in value and name not in _optional]
        if missing:
            raise ValueError(f"{where or 'it'} lacks {', '.join(missing)}")
        for name, check in fields.items():
            if name in value:
                check(value[name], f"{where}.{name}" if where else name)

    return check_record


def table(_optional=(), /, **columns):
    """Return a check for a table: a dict of lists of one length."""
    outline = record(_optional, **{name: list_of(check) for name, check in columns.items()})

    def check_table(value, where):
        outline(value, where)
        dict_of(list_of(anything))(value, where)
        lengths = {name: len(column) for name, column in value.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"{where} has columns of different lengths: {lengths}"[:300])

    return check_table


_NOTICE = record(text=text, severity=among("information", "warning", "severe"))
_SHARE = record(value=share, low=share, high=share)
_DIFFERENCE = record(value=number, low=number, high=number)
_GAP = record(accuracy=number, uar=number)
_FIGURES = record(accuracy=_SHARE, uar=_SHARE, macro_f1=_SHARE)
_PROTOCOL = record(
    splitter=text, n_folds=count, grouped_by=list_of(text, 9), nested=maybe(text),
    scoring=maybe(text), seed=maybe(count), subject_dependent=flag, subjects_named=flag,
    test_person=text, label=text, estimator=text, n_bootstrap=count, confidence=share,
    bootstrap_over=text, statements=list_of(text, 1000), call=text,
)  # fmt: skip
_CORPUS = record(
    name=text, clips=count, subjects=count, emotions=dict_of(count),
    excluded=dict_of(count, 10_000), train_only=count, tested=count, complete=maybe(count),
    synthetic=flag,
)  # fmt: skip
_CURVES = list_of(record(estimator=text))
_FOLD = record(
    ("frame_scores",),
    fold=count, n_train=count, n_test=count, train_subjects=count, test_subjects=list_of(text),
    best_params=maybe(dict_of(anything)), fusion_weights=maybe(dict_of(dict_of(number))),
    n_unanswered=count, accuracy=share, uar=share, history=_CURVES,
    frame_scores=table(clip=text, face=count),
)  # fmt: skip
_CHECK = record(id=text, title=text, status=among(*STATUSES), reason=text)
_BASELINE = record(id=text, title=text, accuracy=_SHARE, uar=_SHARE, n=count, note=text)
_ROWS = list_of(list_of(number))
_SEARCH = record(
    name=text, scoring=text, params=list_of(dict_of(anything)), folds=list_of(count),
    best=list_of(number), mean=_ROWS, std=_ROWS,
)  # fmt: skip
_RUN_FIELDS = {
    "seconds": dict_of(number), "fold_seconds": list_of(record(fit=number, score=number)),
    "versions": dict_of(text), "machine": dict_of(anything), "date": text,
}  # fmt: skip
_RUN = record(tuple(_RUN_FIELDS), **_RUN_FIELDS)
_RESULT = record(
    title=text, classes=list_of(text, MOST_CLASSES), protocol=_PROTOCOL,
    corpora=list_of(_CORPUS, 1000),
    predictions=table(clip=text, subject=maybe(text), corpus=text, fold=count, emotion=text,
                      predicted=maybe(text)),
    metrics=_FIGURES,
    per_emotion=table(emotion=text, support=count, recall=share, precision=share, f1=share,
                      low=share, high=share),
    folds=list_of(_FOLD, 1_000_000), searches=list_of(_SEARCH, 1_000_000),
    coverage=record(asked=count, answered=count, reasons=list_of(text, 10_000),
                    statuses=dict_of(dict_of(count))),
    checks=list_of(_CHECK, 1000), baselines=list_of(_BASELINE, 1000),
    variants=list_of(_BASELINE, 1000), notices=list_of(_NOTICE, 10_000), run=_RUN,
)  # fmt: skip
# What schema 2 had elsewhere: see `emopipe.result_upgrade`.
_MOVED = record(
    ("statuses",), protocol=record(), coverage=record(), predictions=record(clip=list_of(text)),
    folds=list_of(record(fold=count)), statuses=dict_of(dict_of(count)), reproduce=text,
    history=maybe(list_of(record(fold=count, estimator=text))),
    searches=list_of(record(fold=count, name=text, scoring=text, best=number,
                            params=list_of(dict_of(anything)), mean=list_of(number),
                            std=list_of(number))),
    optimism_gap=maybe(record(grouped=_GAP, random=_GAP, gap=_GAP, note=text)),
)  # fmt: skip
_TEST = record(p=share, adjusted=share, effect=number, units=count, better=count, worse=count)
_COMPARISON = record(
    ("a", "b", "test"), label=text, a=text, b=text, n=count, units=count, same_folds=flag,
    test=record(accuracy=_TEST, uar=_TEST),
    accuracy=_DIFFERENCE, uar=_DIFFERENCE, macro_f1=_DIFFERENCE,
)  # fmt: skip
_SERIES = table(("low", "high"), x=number, y=number, low=number, high=number)
_CHART = record(("run",), title=text, x_label=text, y_label=text, series=dict_of(_SERIES), run=flag)
_SOURCE = record(
    ("cited_as",), authors=text, title=text, year=maybe(count), place=text, cited_as=text
)
_MATRIX = record(classes=list_of(text, MOST_CLASSES), shares=list_of(list_of(share), MOST_CLASSES))
_PUBLISHED = record(
    ("metric", "where", "beside", "spread", "mean_over", "protocol", "confusion", "weights",
     "note"),
    label=text, metric=text, value=share, source=maybe(_SOURCE), where=text, beside=maybe(text),
    spread=share, mean_over=text, protocol=text, confusion=maybe(_MATRIX),
    weights=maybe(dict_of(dict_of(number))), note=text,
)  # fmt: skip
_EXPERIMENT = record(
    ("references", "answer", "ignore"), ignore=dict_of(text), name=text, title=text, question=text,
    results=dict_of(anything, MOST_RESULTS),
    references=list_of(text, 100), answer=list_of(text, 100),
    published=list_of(_PUBLISHED, 10_000),
    comparisons=list_of(_COMPARISON, 1_000_000), charts=list_of(_CHART, 10_000),
    notices=list_of(_NOTICE, 10_000), reproduce=text,
)  # fmt: skip


def check_experiment(fields):
    """Raise ValueError where a parsed experiment, its results apart, has not the schema."""
    _EXPERIMENT(fields, "")


def check_moved(fields):
    """Raise ValueError where what schema 2 had elsewhere has not its schema."""
    _MOVED(fields, "")


def check_result(fields):
    """Raise ValueError where a parsed result has not the schema, or contradicts itself."""
    _RESULT(fields, "")
    if len(set(fields["classes"])) != len(fields["classes"]):
        _refuse("classes", fields["classes"], "a list of different emotions")
    strange = sorted(set(fields["predictions"]["emotion"]) - set(fields["classes"]))
    if strange:
        _refuse("predictions.emotion", strange[0], "one of classes")
    if fields["per_emotion"]["emotion"] != fields["classes"]:
        raise ValueError("per_emotion has other emotions than classes")
    if fields["coverage"]["answered"] > fields["coverage"]["asked"]:
        raise ValueError("coverage has more answers than were asked for")
    for number_, fold in enumerate(fields["folds"]):
        for curves in fold["history"]:
            for name, curve in curves.items():
                if name != "estimator":
                    list_of(number)(curve, f"folds[{number_}].history.{name}")
    for number_, grid in enumerate(fields["searches"]):
        _check_grid(grid, f"searches[{number_}]")


def _check_grid(grid, where):
    n_folds = len(grid["folds"])
    per_fold = [grid["best"], grid["mean"], grid["std"]]
    per_row = [len(grid["params"]), *map(len, grid["mean"]), *map(len, grid["std"])]
    if any(len(entries) != n_folds for entries in per_fold) or len(set(per_row)) > 1:
        raise ValueError(f"{where} has lists of different lengths")
