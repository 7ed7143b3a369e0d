"""Cross-validate a classifier on a clip table: by subject, with every choice nested."""

import time
from dataclasses import replace

import pandas as pd
import sklearn

from emopipe import inspection, metrics
from emopipe.checks import ignored_checks
from emopipe.evaluation import figures
from emopipe.evaluation.arrays import table_of, with_weights
from emopipe.evaluation.baselines import baselines
from emopipe.evaluation.fitting import extract_first, run_folds
from emopipe.evaluation.giveaways import NAMES
from emopipe.evaluation.inner_splits import mixed_holdouts
from emopipe.evaluation.leakage import Evidence, run_checks
from emopipe.evaluation.recordings import copies, digests, durations, n_files, recordings
from emopipe.evaluation.task import check_estimator, make_plan
from emopipe.evaluation.variants import check_gap, check_repeats, on_random_folds, with_seeds
from emopipe.keys import estimator_text
from emopipe.parameters import check_number
from emopipe.result import Result, as_notices

__all__ = ["evaluate"]

# Percentile intervals from fewer units than this are known to be too narrow.
_FEW_UNITS = 10


def _statements(plan, answers):
    """Return what else a reader must know about the protocol, in words."""
    trains, tested, features = plan.trains, plan.tested, plan.features
    units = len(set(plan.task.groups[tested]))
    kept_out = [int(trains.sum() - trains[fold.train].sum()) for fold in plan.folds]
    y = plan.task.y
    unseen = {name for fold in plan.folds for name in set(y[fold.test]) - set(y[fold.train])}
    named = pd.DataFrame({"subject": plan.subjects, "corpus": plan.table["corpus"].to_numpy()})
    shared = int(named.dropna().groupby("subject")["corpus"].nunique().gt(1).sum())
    idle = int((~trains).sum() - len(tested))
    unanswered = int(answers["predicted"].isna().sum())
    statements = [
        (plan.splitter.startswith("official split"), "What is in val trains, too."),
        (
            not plan.has_subjects,
            "Subjects are unknown: intervals come from a bootstrap over clips.",
        ),
        (units < _FEW_UNITS, f"Intervals from only {units} subjects or clips are rough."),
        (trains.any(), f"{trains.sum()} clips only train."),
        (any(kept_out), f"Up to {max(kept_out)} of them sit out while their subject is tested."),
        (shared, f"{shared} subject names occur in several corpora: taken for one person each."),
        (idle, f"{idle} clips are never tested."),
        (unanswered, f"{unanswered} clips got no answer; they count as wrong."),
        (unseen, f"Some folds train without {', '.join(sorted(unseen))}."),
        (plan.task.weights is not None, "Training clips count by weights of their own."),
        (
            plan.task.shares is not None,
            "Training clips count for every emotion that voters gave them, by its share of votes.",
        ),
        (features, f"The estimator sees {len(features or ())} columns of the table."),
    ]
    return [text for holds, text in statements if holds]


def _protocol(plan, answers, n_bootstrap, call):
    params = [part.get_params(deep=False) for _, part in inspection.parts(plan.task.estimator)]
    scoring = [of_part["scoring"] for of_part in params if "scoring" in of_part]
    inner = dict.fromkeys(f"{split.owner} ({split.splitter})" for split in plan.splits)
    return {
        "splitter": plan.splitter + ("" if plan.has_subjects else "; subjects not named"),
        "n_folds": len(plan.folds),
        "grouped_by": plan.grouped_by if plan.has_subjects and not plan.mixed else [],
        "nested": "inside each fold: " + ", ".join(inner) if inner else None,
        "scoring": str(scoring[0] or "accuracy") if scoring and inner else None,
        "seed": plan.random_state,
        "subject_dependent": plan.mixed,
        "subjects_named": plan.has_subjects,
        "test_person": _test_person(plan.task.estimator),
        "label": plan.label,
        "estimator": estimator_text(plan.task.estimator),
        "n_bootstrap": n_bootstrap,
        "confidence": metrics.CONFIDENCE,
        "bootstrap_over": "subjects" if plan.has_subjects else "clips",
        "statements": _statements(plan, answers),
        "call": call,
    }


def _test_person(estimator):
    """Return what an estimator may know of whom it is tested on, in words."""
    used = inspection.unlabelled_clips(estimator)
    return used if isinstance(used, str) else f"{used} unlabelled clips" if used else "nothing"


def _notices(plan, outcomes, answers, notices, copied):
    """Return what a reader must know before quoting a figure, each once."""
    estimator = plan.task.estimator
    entries = as_notices(notices)
    for corpus in plan.full["corpus"][plan.full["synthetic"].astype(bool)].unique():
        entries.append(_severe(f"{corpus} is synthetic: its figures say nothing about people."))
    if plan.mixed:
        sure = "were" if plan.has_subjects else "may have been (subjects are unknown)"
        entries.append(
            _severe(
                f"Subject-dependent: people who are tested {sure} trained on as well, so the "
                "figures are too high for people never met."
            )
        )
    for corpus_facts in plan.known_corpora.values():
        entries += list(corpus_facts.get("notices", ()))
    entries += [copied] if copied else []
    entries += inspection.notices(estimator) + mixed_holdouts(estimator)
    entries += [notice for outcome in outcomes for notice in outcome["notices"]]
    return as_notices(entries + _below_a_modality(answers))


def _below_a_modality(answers):
    """Return a notice where a fusion is right less often than one of its modalities alone."""
    names = [name for name in answers if name.startswith("alone_")]
    if not names:
        return []
    alone = answers[names].eq(answers["emotion"], axis=0).mean()
    fused = (answers["predicted"] == answers["emotion"]).mean()
    if fused >= alone.max():
        return []
    best = alone.idxmax().removeprefix("alone_")
    return [
        f"The fusion is below its best modality: {fused:.3f} right, {best} alone "
        f"{alone.max():.3f}. Use that modality, or another rule."
    ]


def _severe(text):
    return {"text": text, "severity": "severe"}


def _circumstances(plan, outcomes, decoded, n_bootstrap):
    """Return the fields of a Result that say what was evaluated, on what, and whether fairly."""
    return {
        "classes": plan.task.classes,
        "corpora": figures.corpora(plan),
        "folds": figures.fold_entries(plan, outcomes),
        "searches": figures.searches(outcomes),
        "baselines": baselines(plan, durations(plan.table, decoded), n_bootstrap=n_bootstrap),
    }


def _decode_recordings(plan, ignore):
    """Return what the recordings of the table are, read where and how the estimator reads them."""
    if "EMO02" in ignore:
        return {}
    return digests(plan.table, **inspection.reading(plan.task.estimator))


def _sees_names(plan):
    return any(name in plan.task.X for name in NAMES)


def _ask_renamed(plan, outcomes):
    """Return what was answered under other names; None where no names are seen."""
    if not _sees_names(plan) or outcomes[0]["renamed"]:
        return outcomes[0]["renamed"]
    return {"asked": 0, "problem": "Folds were computed where names of files cannot be changed."}


def evaluate(
    estimator, clips, y=None, *, cv=5, label="emotion", groups="subject", features=None,
    sample_weight=None, soft_labels=None, title=None, checkpoint=None,
    subject_dependent=False, optimism_gap=False, n_bootstrap=2000, random_state=0, repeats=1,
    notices=(), ignore=(), n_jobs=None,
    progress=False,
):  # fmt: skip
    """Return out-of-fold predictions of a classifier, and all that must be known to trust them.

    Every clip is tested once, by a copy of the estimator that was fitted without anybody who is
    tested in the same fold. A search or a fusion inside the estimator makes its choices on inner
    folds, grouped as well (groups are routed to whatever asks for them). Clips that a transformer
    cannot read are counted, not hidden; features are extracted once, before the folds. The order
    of rows and `n_jobs` change nothing but `Result.run`.

    Parameters
    ----------
    estimator : classifier
        A pipeline, a GridSearchCV (its `cv` a grouped splitter), a fusion: never fitted itself.
        It is given rows of `clips`, without the columns `label` and emotion.
    clips : DataFrame, or array of shape (n_clips, n_features)
        Clip table; with `y` also features (an array, a DataFrame) or a list of paths. Rows whose
        `excluded` is not "" or whose `label` is missing are left out and counted. Rows with
        `train_only` are never tested, and do not train while their subject is tested.
    y : array-like of shape (n_clips,), or None
        Emotions, where `clips` holds features or paths, as scikit-learn's X; `groups` then has one
        value per row.
    cv : int, splitter or str
        A number: GroupKFold, or shuffled StratifiedKFold with `subject_dependent`. A scikit-learn
        splitter whose test sides do not overlap: GroupKFold, StratifiedGroupKFold,
        LeaveOneGroupOut, or PredefinedSplit with one fold number per row of `clips`. "official":
        the column `split` decides, train and val train, test is tested; "official-train": val is
        left out; "official-val": train trains, val is tested. "loso" leaves one subject out;
        "luna5" are five published folds of RAVDESS' 24 actors.
    label : str
        Column of the true emotion.
    groups : str, list of str or None
        Column of who must be kept apart; ["subject", "statement"] keeps the sentences apart, too:
        a fold tests people and sentences that it was not trained on. None only where nobody is
        known.
    features : list of str or None
        The columns that the estimator sees, for classifiers of plain numbers. None: the table.
    sample_weight : str, array of shape (n_clips,) or None
        Column of numbers from 0 (with `y` also an array of them): how much a clip counts in
        training. Every classifier inside the estimator whose `fit` takes sample_weight is given
        it, unless ``set_fit_request`` said otherwise; nothing sees the column, and tested clips
        all count as much.
    soft_labels : str or None
        Where columns "<soft_labels>_<emotion>" of the clip table hold the numbers of people who
        gave a clip that emotion (CREMA-D: "votes_voice", "votes_face", "votes_both"): a training
        clip counts for each emotion by its share of the votes. Nothing sees these columns; tested
        clips count by their `label`, and the report compares scores with the votes, too.
    title : str or None
        What is evaluated, in words. None: the names of the classes in the estimator.
    checkpoint : str, Path or None
        Folder in which every fold's outcome is kept (JSON), so that a killed run goes on at the
        next fold. What was kept for another estimator, other clips or folds, or before a file
        that they name was changed, is not used.
    subject_dependent : bool
        Mean it that people are trained on and tested; the Result says so.
    optimism_gap : bool
        Also evaluate on as many random folds, and give the difference.
    n_bootstrap : int
        Draws for the 95 % intervals: percentiles over resampled subjects [1]_.
    random_state : int
        Seed of the draws and of random folds; the estimator's own seeds are its own.
    repeats : int
        How often the folds are computed with other seeds for all random parts of the estimator,
        where training is random: the figures of each seed are in `Result.variants`.
    notices : sequence of str or dict
        What readers must know first, see `Result`.
    ignore : dict or list of str
        Checks to mute: {id: reason}, or ids alone, see `docs/checks.md`. The report shows the
        reason. EMO02 decodes every clip once, EMO09 and EMO10 ask for some clips again: muted, they
        cost nothing.
    n_jobs : int or None
        Folds that are computed at the same time, in processes of joblib's; None is joblib's current
        choice, usually 1. Where joblib's backend is Dask, the cluster's threads.
    progress : bool
        Show bars for extraction and folds.

    Returns
    -------
    Result

    Raises
    ------
    ValueError
        When a fold tests people that it trains on, when choices inside the estimator would mix
        people, when a column gives the label away, and when there is nothing to evaluate (one
        subject, fewer subjects than folds, one emotion, no usable clip, a missing column).
    TypeError
        When `estimator` is no classifier or `clips` no table.

    See Also
    --------
    compare : Two results on the same clips.
    write_report : An Experiment as an HTML file.
    Result : One evaluation.

    References
    ----------
    .. [1] Field, Welsh: Bootstrapping clustered data. J. R. Statist. Soc. B 69 (2007).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from emopipe import evaluate
    >>> emotion = np.tile(["anger", "sadness"], 12)
    >>> clips = pd.DataFrame({"clip": [f"{n}.wav" for n in range(24)], "emotion": emotion,
    ...     "subject": np.repeat(list("abcd"), 6), "energy": 1.0 * (emotion == "anger")})
    >>> clips["energy"] += np.linspace(0, 0.9, 24)
    >>> evaluate(GaussianNB(), clips, cv=4, features=["energy"], n_bootstrap=200)
    <Result 'GaussianNB': 24 clips, accuracy 0.917 [0.833, 1.000], ...>
    """
    check_estimator(estimator, clips, y)
    check_number("n_bootstrap", n_bootstrap, low=0, whole=True)
    check_number("random_state", random_state, low=0, whole=True)
    if n_jobs is not None:
        check_number("n_jobs", n_jobs, whole=True)
    with sklearn.config_context(enable_metadata_routing=True):
        called = f"cv={cv!r}, label={label!r}, groups={groups!r}"
        if isinstance(sample_weight, str):
            called += f", sample_weight={sample_weight!r}"
        if soft_labels is not None:
            called += f", soft_labels={soft_labels!r}"
        as_array = False
        if y is not None:
            called = f"y, cv={cv!r}, groups=groups"
            called += ", sample_weight=sample_weight" if sample_weight is not None else ""
            # "subject", the default, is a column of X where it is a clip table.
            people = None if isinstance(groups, str) and groups == "subject" else groups
            clips, features, as_array = table_of(clips, y, people)
            groups = "subject" if "subject" in clips else None
            clips, features, sample_weight = with_weights(clips, features, sample_weight)
        plan = make_plan(
            estimator, clips, cv=cv, label=label, groups=groups, features=features,
            sample_weight=sample_weight, soft_labels=soft_labels,
            subject_dependent=subject_dependent, random_state=random_state,
        )  # fmt: skip
        if optimism_gap:
            check_gap(plan)
        ignore = ignored_checks(ignore)
        check_repeats(estimator, repeats)
        plan = replace(plan, task=replace(plan.task, as_array=as_array))
        task = replace(
            plan.task, alone="EMO10" not in ignore,
            rename="EMO09" not in ignore and _sees_names(plan),
        )  # fmt: skip
        title = title or inspection.title(estimator)
        started = time.perf_counter()
        statuses = extract_first(plan.task, progress)
        decoded = _decode_recordings(plan, ignore)
        extracted = time.perf_counter()
        options = {"checkpoint": checkpoint, "progress": progress, "n_jobs": n_jobs}
        outcomes = run_folds(task, plan.folds, title=title, **options)
        answers = figures.predictions(plan, plan.folds, outcomes)
        named = recordings(plan.table, decoded)
        random = [on_random_folds(plan, options)] if optimism_gap else []
        call = f"evaluate(estimator, clips, {called})"
        result = Result(
            title=title,
            protocol=_protocol(plan, answers, n_bootstrap, call),
            predictions=answers,
            variants=random + with_seeds(plan, repeats, options),
            notices=_notices(plan, outcomes, answers, notices, copies(plan.table, named)),
            coverage=figures.coverage(plan, answers, statuses),
            run=figures.run(outcomes, {"extraction": extracted - started}),
            **figures.figures(answers, plan.task.classes, n_bootstrap, random_state),
            **_circumstances(plan, outcomes, decoded, n_bootstrap),
        )
        evidence = Evidence(
            named=named, n_files=n_files(plan.table), n_decoded=len(decoded),
            renamed=_ask_renamed(plan, outcomes), alone=outcomes[0]["alone"],
        )  # fmt: skip
        result.checks = run_checks(plan, result, evidence, ignore)
        return result
