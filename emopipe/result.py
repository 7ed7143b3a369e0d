"""Results and experiments as plain data: written to JSON, read back, and reported."""

import dataclasses
import hashlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from emopipe import metrics
from emopipe.checks import STATUSES
from emopipe.files import expand_user, write_atomic
from emopipe.result_schema import check_result
from emopipe.result_upgrade import upgrade
from emopipe.search_grids import grid_rows
from emopipe.strict_json import SCHEMA, check_kind, dumps, fields_of, parse, plain, read_text

SEVERITIES = ("information", "warning", "severe")


@contextmanager
def naming(source):
    """Put the name of what is read in front of what is wrong with it."""
    try:
        yield
    except (TypeError, ValueError) as error:
        raise ValueError(f"{source} is no result that can be read: {error}") from None


def as_notices(notices):
    """Return notices as a list of {text, severity}; a plain text is a warning.

    Examples
    --------
    >>> as_notices("Six clips are missing.")
    [{'text': 'Six clips are missing.', 'severity': 'warning'}]
    """
    items = [notices] if isinstance(notices, str | dict) else list(notices)
    items = [{"text": n, "severity": "warning"} if isinstance(n, str) else dict(n) for n in items]
    for item in items:
        if set(item) != {"text", "severity"} or item["severity"] not in SEVERITIES:
            raise ValueError(
                f"notice {item!r}: give a text, or {{'text': ..., 'severity': one of "
                f"{', '.join(map(repr, SEVERITIES))}}}"
            )
    return [item for n, item in enumerate(items) if item not in items[:n]]


@dataclass(kw_only=True, eq=False)
class Result:
    """One evaluation of one estimator: predictions, figures, and how they came about.

    Nothing here refers to files or fitted estimators: a report needs no more than this. Inside
    dicts and lists all values are plain, and a missing number is None. All but `run` is the same
    for the same evaluation, whenever, wherever and with however many processes it ran.

    Parameters
    ----------
    title : str
        What was evaluated, in words.
    classes : list of str
        Emotions in the order of `confusion` and of the score columns.
    protocol : dict
        splitter, n_folds, grouped_by (list of columns, empty where folds ignore them), nested (how
        parameters were chosen, or None), scoring, seed, subject_dependent (bool), subjects_named
        (bool: whether the corpus says who is tested), test_person (what the estimator may know of
        whom it is tested on: "nothing", "8 unlabelled clips", "all unlabelled clips"), label,
        estimator (its repr), n_bootstrap, confidence (0.95), bootstrap_over ("subjects" or
        "clips"), statements (list of str: everything else a reader must know), call (code that
        repeats the evaluation).
    corpora : list of dict
        name, clips (usable ones), subjects, emotions ({emotion: clips}), excluded ({reason:
        clips}), train_only (clips), tested (clips), complete (clips of the complete corpus, or
        None where that is unknown), synthetic (bool).
    predictions : DataFrame
        One row per tested clip: clip, subject, corpus, fold, emotion, predicted,
        score_<emotion> (missing where the estimator gave none). The greatest score need not be the
        answer: an SVC votes pair by pair (unless break_ties=True). `predicted` is missing where
        the estimator gave no answer. Where they are known: sex, age (years), ethnicity, intensity,
        statement; of a fusion alone_<modality> (what that modality alone answers) and
        without_<modality> (what the fusion answers without it).
    metrics : dict
        accuracy, uar, macro_f1, each {value, low, high}: fractions with their interval from a
        bootstrap over subjects.
    per_emotion : DataFrame
        emotion, support, recall, precision, f1, low, high (interval of the recall).
    folds : list of dict
        fold, n_train, n_test, train_subjects (number), test_subjects (list), best_params (dict or
        None), fusion_weights ({modality: {emotion: weight}} or None), accuracy, uar, n_unanswered
        (test clips without a prediction), history (learning curves: list of dicts with estimator
        and curves, {name: list of float}); where single faces are judged frame_scores ({column:
        list}: clip, face, score_<emotion>), see `VGGFaceClassifier.frame_scores`.
    searches : list of dict
        Grids: name (of the search inside the estimator), scoring, params (list of dicts, one per
        row of the grid), folds (numbers of the folds that searched it), and for each of these
        folds best (row number), mean and std (lists, one value per row).
    coverage : dict
        asked (clips that the evaluation should have answered), answered (clips that it did),
        reasons (list of str: why there are fewer), statuses ({extractor: {status: clips}}).
    checks : list of dict
        id ("EMO01"), title, status (one of `emopipe.checks.STATUSES`) and reason; see
        `docs/checks.md`.
    baselines : list of dict
        What stands beside the figures: id, title, accuracy and uar ({value, low, high} each), n
        (clips) and note. See `emopipe.evaluation.baselines`.
    variants : list of dict
        The same estimator under another protocol, as rows like those of `baselines`:
        "random-folds", and "seed-1", "seed-2", ... where training was repeated.
    notices : list of dict
        What a reader must know before quoting a figure: text and severity ("information",
        "warning", "severe"). A plain text becomes a warning.
    run : dict
        All that differs from run to run: seconds ({work: seconds}), fold_seconds (list of {fit,
        score, cpu}), versions ({package: version}), machine ({processor, cpus, ...}), date (ISO
        8601), commit.

    See Also
    --------
    evaluate : makes one.
    Experiment : a question and the results that answer it.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from emopipe import Result, evaluate
    >>> emotion = np.tile(["anger", "sadness"], 12)
    >>> clips = pd.DataFrame({"clip": [f"{n}.wav" for n in range(24)], "emotion": emotion,
    ...     "subject": np.repeat(list("abcd"), 6), "energy": np.linspace(0, 1, 24)})
    >>> result = evaluate(GaussianNB(), clips, cv=4, features=["energy"], n_bootstrap=200)
    >>> result.chance, result.tables()["confusion"].shape
    ({'accuracy': 0.5, 'uar': 0.5}, (2, 2))
    >>> Result.from_json(result.to_json()) == result
    True
    """

    title: str
    classes: list
    protocol: dict
    corpora: list
    predictions: pd.DataFrame
    metrics: dict
    per_emotion: pd.DataFrame
    folds: list
    searches: list = field(default_factory=list)
    coverage: dict = field(default_factory=dict)
    checks: list = field(default_factory=list)
    baselines: list = field(default_factory=list)
    variants: list = field(default_factory=list)
    notices: list = field(default_factory=list)
    run: dict = field(default_factory=dict)

    def __post_init__(self):
        self.notices = as_notices(self.notices)
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            is_table = item.type is pd.DataFrame
            value = pd.DataFrame(value) if is_table else plain(value, f"Result.{item.name}")
            setattr(self, item.name, value)
        # Where a class has no score at all, JSON holds nothing but nulls.
        columns = [c for c in self.predictions if str(c).startswith("score_")]
        empty = [c for c in columns if self.predictions[c].isna().all()]
        self.predictions = self.predictions.astype(dict.fromkeys(empty, float))

    def __eq__(self, other):
        return isinstance(other, Result) and self.to_dict() == other.to_dict()

    def __repr__(self):
        figures = ", ".join(
            f"{name} {figure['value']:.3f}"
            + ("" if figure["low"] is None else f" [{figure['low']:.3f}, {figure['high']:.3f}]")
            for name, figure in self.metrics.items()
            if figure["value"] is not None
        )
        return f"<Result {self.title!r}: {len(self.predictions)} clips, {figures or 'no figures'}>"

    def confusions(self):
        """Return one confusion matrix per subject and their names, see `count_by_subject`."""
        return metrics.count_by_subject(self.predictions, self.classes)

    @property
    def confusion(self):
        """Clips, int (n_classes, n_classes): rows are true emotions, columns predicted ones."""
        table = self.predictions
        return metrics.count_together(table["emotion"], table["predicted"], self.classes)[:, :-1]

    @property
    def per_subject(self):
        """Table of the subjects that are named: subject, n (clips), accuracy, uar."""
        counts, names = self.confusions()
        subjects = pd.DataFrame({"subject": names, "n": counts.sum((1, 2))})
        subjects["accuracy"], subjects["uar"] = metrics.accuracy(counts), metrics.uar(counts)
        named = subjects["subject"].isin(set(self.predictions["subject"].dropna().astype(str)))
        return subjects[named].reset_index(drop=True)

    @property
    def subject_mean(self):
        """Mean of the subjects' accuracies; NaN where the corpus names no subjects."""
        return float(self.per_subject["accuracy"].mean())

    @property
    def subject_std(self):
        """Standard deviation (n - 1) of the subjects' accuracies; NaN for fewer than two."""
        return float(self.per_subject["accuracy"].std())

    @property
    def fingerprint(self):
        """SHA-256 over which clip was tested in which fold; the order of rows is no part."""
        pairs = zip(self.predictions["clip"], self.predictions["fold"], strict=True)
        lines = sorted(f"{clip}\t{fold}" for clip, fold in pairs)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    @property
    def optimism_gap(self):
        """Accuracy and UAR by subject (grouped), on random folds and their gap; None if not run."""
        rows = [row for row in self.variants if row["id"] == "random-folds"]
        if not rows:
            return None
        names = ("accuracy", "uar")
        grouped = {name: self.metrics[name]["value"] for name in names}
        random = {name: rows[0][name]["value"] for name in names}
        gap = {name: random[name] - grouped[name] for name in names}
        return {"grouped": grouped, "random": random, "gap": gap, "note": rows[0]["note"]}

    @property
    def passed(self):
        """Whether no check failed; warnings, and those that cannot tell, do not fail."""
        return all(check["status"] != "failed" for check in self.checks)

    @property
    def partial(self):
        """Whether fewer clips were answered than the evaluation should have answered."""
        return bool(self.coverage) and self.coverage["answered"] < self.coverage["asked"]

    @property
    def check_counts(self):
        """How many checks have each status, in the order of `emopipe.checks.STATUSES`."""
        return {s: sum(check["status"] == s for check in self.checks) for s in STATUSES}

    @property
    def chance(self):
        """What guessing gives: accuracy (the largest class' share) and uar (1 / classes)."""
        emotions = self.predictions.get("emotion", pd.Series(dtype=object))
        support = emotions.value_counts().reindex(self.classes, fill_value=0).to_numpy()
        there = support[support > 0]
        if not len(there):
            return {"accuracy": None, "uar": None}
        return {"accuracy": float(there.max() / there.sum()), "uar": 1 / len(there)}

    def _repr_html_(self):
        """Return what a notebook shows."""
        from emopipe.html_repr import to_html

        loud = [check for check in self.checks if check["status"] in ("failed", "warning")]
        counts = ", ".join(f"{n} {status}" for status, n in self.check_counts.items() if n)
        shares = metrics.row_shares(self.confusion)
        return to_html(
            "result.html", result=self, shares=shares.tolist(), loud=loud, counts=counts or "none"
        )

    def to_dict(self, *, run=True):
        """Return JSON-able fields; `run=False` leaves out what differs from run to run."""
        fields = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        if not run:
            fields["run"] = {}
        return {"kind": "result", "schema": SCHEMA} | plain(fields, "Result")

    @classmethod
    def from_dict(cls, fields, source="the data"):
        """Return the Result that `to_dict` described; ValueError says why it cannot."""
        check_kind(fields, "result", source)
        with naming(source):
            fields = upgrade(fields)
            check_result(fields)
            return cls(**fields_of(cls, fields))

    def to_json(self, *, run=True):
        """Return strict JSON (NaN becomes null): equal content gives equal text.

        `run=False` leaves out seconds, versions and machine, so that two runs can be compared.
        """
        return dumps(self.to_dict(run=run))

    @classmethod
    def from_json(cls, text, source="the text"):
        """Return the Result written by `to_json`; ValueError where it is none, or newer."""
        return cls.from_dict(parse(text, "result", source), source)

    def save(self, path):
        """Write the Result into a JSON file, atomically; return its path."""
        return write_atomic(Path(path), self.to_json())

    @classmethod
    def load(cls, path):
        """Return the Result saved in a file; ValueError names the file and what is wrong."""
        if not expand_user(path).is_file():
            raise FileNotFoundError(
                f"{path}: no saved Result there; Result.save writes one, and Experiment.load reads "
                "a folder of a report"
            )
        return cls.from_json(read_text(expand_user(path)), str(path))

    def tables(self):
        """Return all tables as DataFrames.

        Returns
        -------
        dict of DataFrame
            predictions, per_emotion, per_subject, confusion (true emotions as index), metrics,
            folds, checks, baselines, variants, weights (one row per fold, modality and emotion),
            searches (one row per fold and row of a grid), frames (one row per judged face).
        """
        weights = [
            {"fold": fold["fold"], "modality": modality, "emotion": emotion, "weight": weight}
            for fold in self.folds
            for modality, row in (fold.get("fusion_weights") or {}).items()
            for emotion, weight in row.items()
        ]
        frames = [pd.DataFrame(f["frame_scores"]) for f in self.folds if "frame_scores" in f]
        columns = ["fold", "modality", "emotion", "weight"]
        outline = ["fold", "search", "mean", "std", "best"]
        grids = pd.DataFrame(grid_rows(self.searches))
        return {
            "predictions": self.predictions.copy(),
            "per_emotion": self.per_emotion.copy(),
            "per_subject": self.per_subject,
            "confusion": pd.DataFrame(self.confusion, self.classes, self.classes),
            "metrics": pd.DataFrame(self.metrics).T,
            "folds": pd.DataFrame(self.folds).drop(
                columns=["history", "frame_scores"], errors="ignore"
            ),
            "frames": pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(),
            "checks": pd.DataFrame(self.checks),
            "baselines": pd.json_normalize(self.baselines),
            "variants": pd.json_normalize(self.variants),
            "weights": pd.DataFrame(weights, columns=columns),
            "searches": grids if len(grids) else pd.DataFrame(columns=outline),
        }

    def fold_table(self):
        """Return which clip was tested in which fold: clip, subject, fold, to hand on as a file."""
        return self.predictions[["clip", "subject", "fold"]].copy()
