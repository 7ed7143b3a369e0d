"""What an evaluation found, as plain data: it is written to JSON, read back, and reported from."""

import dataclasses
import math
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from emopipe.files import write_atomic
from emopipe.literature import Published
from emopipe.result_schema import check_experiment, check_result
from emopipe.strict_json import SCHEMA, checked, dumps, known, parsed, plain, read_text

FILE_NAME = "result.json"
STATUSES = ("passed", "failed", "cannot tell", "not needed")
SEVERITIES = ("information", "warning", "severe")


@contextmanager
def _naming(source):
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
    protocol : dict
        splitter, n_folds, grouped_by (list of columns, empty where folds ignore them), nested (how
        parameters were chosen, or None), scoring, seed, subject_dependent (bool), subjects_named
        (bool: whether the corpus says who is tested), test_person (what the estimator may know of
        whom it is tested on: "nothing", "8 unlabelled clips", "all unlabelled clips"), label,
        estimator (its repr), n_bootstrap, confidence (0.95), bootstrap_over ("subjects" or
        "clips"), statements (list of str: everything else a reader must know).
    classes : list of str
        Emotions in the order of `confusion` and of the score columns.
    corpora : list of dict
        name, clips (usable ones), subjects, emotions ({emotion: clips}), excluded ({reason:
        clips}), train_only (clips), tested (clips), complete (clips of the complete corpus, or
        None where that is unknown), synthetic (bool).
    predictions : DataFrame
        One row per tested clip: clip, subject, corpus, fold, emotion, predicted,
        score_<emotion> (missing where the estimator gave none), and sex, age where known. The
        greatest score need not be the answer: an SVC votes pair by pair (unless break_ties=True).
        `predicted` is missing where the estimator gave no answer.
    metrics : dict
        accuracy, uar, macro_f1, each {value, low, high}: fractions with their interval from a
        bootstrap over subjects.
    per_emotion : DataFrame
        emotion, support, recall, precision, f1, low, high (interval of the recall).
    per_subject : DataFrame
        subject, n (clips), accuracy, uar.
    subject_mean, subject_std : float
        Mean and standard deviation (n - 1) of the subjects' accuracies; NaN where the corpus
        names no subjects.
    confusion : int array, shape (n_classes, n_classes)
        Rows are true emotions, columns predicted ones.
    folds : list of dict
        fold, n_train, n_test, train_subjects (number), test_subjects (list), best_params (dict or
        None), fusion_weights ({modality: {emotion: weight}} or None), accuracy, uar, and
        n_unanswered (test clips without a prediction).
    statuses : dict
        {extractor: {status: clips}}.
    checks : list of dict
        The audit: id, title, status ("passed", "failed", "cannot tell", "not needed"), reason.
    baselines : list of dict
        What stands beside the figures: id, title, accuracy and uar ({value, low, high} each), n
        (clips) and note. See `emopipe.evaluation.baselines`.
    coverage : dict
        asked (clips that the evaluation should have answered), answered (clips that it did),
        reasons (list of str: why there are fewer).
    searches : list of dict
        Grids: fold, name (of the search inside the estimator), scoring, best (row number), params
        (list of dicts), mean, std, rank (lists, one entry per row).
    optimism_gap : dict or None
        grouped, random, gap ({accuracy, uar} each) and note, of the same estimator on random folds.
    history : list or None
        Learning curves: dicts with fold, estimator and curves ({name: list of float}).
    notices : list of dict
        What a reader must know before quoting a figure: text and severity ("information",
        "warning", "severe"). A plain text becomes a warning.
    run : dict
        All that differs from run to run: seconds ({work: seconds}), fold_seconds (list of {fit,
        score}), versions ({package: version}), machine ({processor, cpus}), date (ISO 8601).
    fingerprint : str
        SHA-256 over which clip was tested in which fold.
    reproduce : str
        Command or code that repeats the evaluation.

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
    protocol: dict
    classes: list
    corpora: list
    predictions: pd.DataFrame
    metrics: dict
    per_emotion: pd.DataFrame
    per_subject: pd.DataFrame
    subject_mean: float
    subject_std: float
    confusion: np.ndarray
    folds: list
    statuses: dict = field(default_factory=dict)
    checks: list = field(default_factory=list)
    baselines: list = field(default_factory=list)
    coverage: dict = field(default_factory=dict)
    searches: list = field(default_factory=list)
    optimism_gap: dict | None = None
    history: list | None = None
    notices: list = field(default_factory=list)
    run: dict = field(default_factory=dict)
    fingerprint: str = ""
    reproduce: str = ""

    def __post_init__(self):
        self.notices = as_notices(self.notices)
        for item in dataclasses.fields(self):
            value = getattr(self, item.name)
            if item.type is pd.DataFrame:
                value = pd.DataFrame(value)
            elif item.type is np.ndarray:
                value = np.asarray(value, dtype=np.int64)
            elif item.type is float:
                value = math.nan if value is None else float(value)
            else:
                value = plain(value, f"Result.{item.name}")
            setattr(self, item.name, value)

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

    @property
    def passed(self):
        """Whether no check of the audit failed; those that cannot tell do not fail."""
        return all(check["status"] != "failed" for check in self.checks)

    @property
    def partial(self):
        """Whether fewer clips were answered than the evaluation should have answered."""
        return bool(self.coverage) and self.coverage["answered"] < self.coverage["asked"]

    @property
    def check_counts(self):
        """How many checks have each status, in the order of `STATUSES`; none is left out."""
        return {s: sum(check["status"] == s for check in self.checks) for s in STATUSES}

    @property
    def chance(self):
        """What guessing gives: accuracy (the largest class' share) and uar (1 / classes)."""
        support = self._support()
        known = support[support > 0]
        if not len(known):
            return {"accuracy": None, "uar": None}
        return {"accuracy": float(known.max() / known.sum()), "uar": 1 / len(known)}

    def _support(self):
        emotions = self.predictions.get("emotion", pd.Series(dtype=object))
        return emotions.value_counts().reindex(self.classes, fill_value=0).to_numpy()

    def to_dict(self, *, run=True):
        """Return JSON-able fields; `run=False` leaves out what differs from run to run."""
        fields = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        if not run:
            fields["run"] = {}
        return {"kind": "result", "schema": SCHEMA} | plain(fields, "Result")

    @classmethod
    def from_dict(cls, fields, source="the data"):
        """Return the Result that `to_dict` described; ValueError says why it cannot."""
        checked(fields, "result", source)
        with _naming(source):
            check_result(fields)
            return cls(**known(cls, fields))

    def to_json(self, *, run=True):
        """Return strict JSON (NaN becomes null): equal content gives equal text.

        `run=False` leaves out seconds, versions and machine, so that two runs can be compared.
        """
        return dumps(self.to_dict(run=run))

    @classmethod
    def from_json(cls, text, source="the text"):
        """Return the Result written by `to_json`; ValueError where it is none, or newer."""
        return cls.from_dict(parsed(text, "result", source), source)

    def save(self, path):
        """Write the Result into a JSON file, atomically; return its path."""
        return write_atomic(Path(path), self.to_json())

    @classmethod
    def load(cls, path):
        """Return the Result saved in a file; ValueError names the file and what is wrong."""
        return cls.from_json(read_text(Path(path)), str(path))

    def tables(self):
        """Return all tables as DataFrames.

        Returns
        -------
        dict of DataFrame
            predictions, per_emotion, per_subject, confusion (true emotions as index), metrics,
            folds, checks, baselines, weights (one row per fold, modality and emotion).
        """
        weights = [
            {"fold": fold["fold"], "modality": modality, "emotion": emotion, "weight": weight}
            for fold in self.folds
            for modality, row in (fold.get("fusion_weights") or {}).items()
            for emotion, weight in row.items()
        ]
        columns = ["fold", "modality", "emotion", "weight"]
        return {
            "predictions": self.predictions.copy(),
            "per_emotion": self.per_emotion.copy(),
            "per_subject": self.per_subject.copy(),
            "confusion": pd.DataFrame(self.confusion, self.classes, self.classes),
            "metrics": pd.DataFrame(self.metrics).T,
            "folds": pd.DataFrame(self.folds),
            "checks": pd.DataFrame(self.checks),
            "baselines": pd.json_normalize(self.baselines),
            "weights": pd.DataFrame(weights, columns=columns),
        }

    def fold_table(self):
        """Return which clip was tested in which fold: clip, subject, fold, to hand on as a file."""
        return self.predictions[["clip", "subject", "fold"]].copy()


@dataclass(frozen=True)
class Chart:
    """Lines over one variable, such as accuracy against the number of segments.

    Parameters
    ----------
    title, x_label, y_label : str
        Texts; axis labels name their units.
    series : dict
        {label: {"x": [...], "y": [...]}}, and "low" and "high" where there is an interval.
    run : bool
        Drawn from what differs from run to run, such as seconds.

    Examples
    --------
    >>> from emopipe import Chart
    >>> segments = {"x": [3, 5, 10], "y": [0.61, 0.63, 0.66]}
    >>> Chart("Segments", "number of segments", "accuracy", {"ours": segments}).y_label
    'accuracy'
    """

    title: str
    x_label: str
    y_label: str
    series: dict
    run: bool = False


@dataclass(kw_only=True, eq=False)
class Experiment:
    """A question and the results that answer it: what one report shows.

    Parameters
    ----------
    name : str
        Lower case letters, digits, `-` and `_`; it names the folder of the report.
    title, question : str
        Heading, and what the experiment asks, in words.
    results : dict
        {label: Result}, in the order in which they are shown.
    references : list of str
        Labels of the results that the question asks about: the others are measured against them,
        and they are never the answer.
    answer : list of str
        Sentences that answer the question, computed from the results; the report adds figures.
    published : list of Published
        Figures from the literature.
    comparisons : list of dict
        What `emopipe.metrics.compare` returned, such as `differences(results, references)`.
    charts : list of Chart
        Curves over a variable that differs between results.
    notices : list of dict
        What a reader must know first: text and severity, as in `Result`.
    reproduce : str
        Command or code that repeats the experiment.

    Examples
    --------
    >>> Experiment(name="demo", title="Demo", question="Does it run?", results={}).name
    'demo'
    """

    name: str
    title: str
    question: str
    results: dict
    references: list = field(default_factory=list)
    answer: list = field(default_factory=list)
    published: list = field(default_factory=list)
    comparisons: list = field(default_factory=list)
    charts: list = field(default_factory=list)
    notices: list = field(default_factory=list)
    reproduce: str = ""

    def __post_init__(self):
        self.notices = as_notices(self.notices)
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", self.name):
            raise ValueError(
                f"experiment name {self.name!r} names a folder: use lower case letters, digits, "
                "'-' and '_'"
            )
        beside = {f"published {p.label!r}": p.beside for p in self.published if p.beside}
        for what, label in ({f"reference {r!r}": r for r in self.references} | beside).items():
            if label not in self.results:
                raise ValueError(
                    f"{what} names the result {label!r}, which is not there: {list(self.results)}"
                )

    @property
    def synthetic(self):
        """Whether any clip is drawn or synthesised: no figure of people stands beside those."""
        return any(c["synthetic"] for r in self.results.values() for c in r.corpora)

    def __eq__(self, other):
        return isinstance(other, Experiment) and self.to_dict() == other.to_dict()

    def to_dict(self, *, run=True):
        """Return JSON-able fields; `run=False` leaves out what differs from run to run."""
        fields = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        fields["results"] = {
            label: result.to_dict(run=run) for label, result in self.results.items()
        }
        if not run:
            fields |= {"reproduce": "", "charts": [c for c in self.charts if not c.run]}
        for name in ("published", "charts"):
            fields[name] = [dataclasses.asdict(item) for item in fields[name]]
        return {"kind": "experiment", "schema": SCHEMA} | plain(fields, "Experiment")

    def to_json(self, *, run=True):
        """Return strict JSON; see `Result.to_json`."""
        return dumps(self.to_dict(run=run))

    @classmethod
    def from_json(cls, text, source="the text"):
        """Return the Experiment written by `to_json`; ValueError where it is none, or newer."""
        fields = parsed(text, "experiment", source)
        with _naming(source):
            check_experiment(fields)
        fields = known(cls, fields)
        results = {
            k: Result.from_dict(v, f"{source}, result {k!r}") for k, v in fields["results"].items()
        }
        with _naming(source):
            fields["published"] = [
                Published.from_dict(known(Published, item)) for item in fields["published"]
            ]
            fields["charts"] = [Chart(**known(Chart, item)) for item in fields["charts"]]
            return cls(**fields | {"results": results})

    def save(self, folder):
        """Write result.json into `folder` (made when missing), atomically; return its path."""
        return write_atomic(Path(folder) / FILE_NAME, self.to_json())

    @classmethod
    def load(cls, path):
        """Return the Experiment saved in a folder, or in a file."""
        path = Path(path)
        path = path / FILE_NAME if path.is_dir() else path
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no saved experiment there; `emopipe run` writes them")
        return cls.from_json(read_text(path), str(path))
