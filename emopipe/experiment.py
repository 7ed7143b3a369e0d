"""A question and the results that answer it: what one report shows, as plain data."""

import dataclasses
import re
from dataclasses import dataclass, field
from pathlib import Path

from emopipe.checks import check_entry, ignored_checks, mute
from emopipe.files import expand_user, write_atomic
from emopipe.literature import Published
from emopipe.result import Result, as_notices, naming
from emopipe.result_schema import check_experiment
from emopipe.strict_json import SCHEMA, dumps, fields_of, parse, plain, read_text

FILE_NAME = "result.json"


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

    Raises
    ------
    ValueError
        If a line holds text in place of numbers.

    See Also
    --------
    Experiment : Results with a question.
    Published : A figure from a publication.

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

    def __post_init__(self):
        for label, line in self.series.items():
            text = [v for values in line.values() for v in values if isinstance(v, str)]
            if text:
                raise ValueError(
                    f"line {label!r} of chart {self.title!r} holds the text {text[0]!r}: give "
                    "numbers, or None where one is missing"
                )


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
        What `emopipe.compare` returned, such as `differences(results, references)`.
    charts : list of Chart
        Curves over a variable that differs between results.
    notices : list of dict
        What a reader must know first: text and severity, as in `Result`.
    reproduce : str
        Command or code that repeats the experiment.
    ignore : dict
        {id: reason} of checks that are muted; see `docs/checks.md`.

    Raises
    ------
    ValueError
        If the name is no folder name, or a figure belongs to a result that is not there.

    See Also
    --------
    evaluate : Makes a Result.
    write_report : An Experiment as an HTML file.
    Chart : Lines in a report.
    Published : A figure from a publication.

    Examples
    --------
    >>> from emopipe import Experiment
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
    ignore: dict = field(default_factory=dict)

    def __post_init__(self):
        self.notices = as_notices(self.notices)
        self.ignore = ignored_checks(self.ignore)
        labelled = isinstance(self.results, dict)
        if not labelled or not all(isinstance(r, Result) for r in self.results.values()):
            raise TypeError(
                f"results of experiment {self.name!r} must be {{label: Result}}, as in "
                "results={'voice': evaluate(...)}"
            )
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", self.name):
            raise ValueError(
                f"experiment name {self.name!r} names a folder: use lower case letters, digits, "
                "'-' and '_'"
            )
        if isinstance(self.references, str):
            raise ValueError(
                f"references={self.references!r} is text: give a list, as in ['{self.references}']"
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

    @property
    def candidates(self):
        """Labels of the results that may answer: no reference, and no figure of people met."""
        return [
            label
            for label, result in self.results.items()
            if label not in self.references and not result.protocol.get("subject_dependent")
        ]

    @property
    def checks(self):
        """What a single result cannot tell: whether the answer was chosen on the test clips."""
        n, status = len(self.candidates), "passed"
        reason = "One result answers; no other was tried on its test clips."
        if n > 1:
            status = "warning"
            reason = (
                f"The highest of {n} results on the same clips would be a little too high: read "
                "their differences, not the highest."
            )
        return mute([check_entry("EMO11", status, reason)] if n else [], self.ignore)

    def _repr_html_(self):
        """Return what a notebook shows."""
        from emopipe.html_repr import to_html

        return to_html("experiment.html", experiment=self)

    def __eq__(self, other):
        return isinstance(other, Experiment) and self.to_dict() == other.to_dict()

    def to_dict(self, *, run=True):
        """Return JSON-able fields; `run=False` leaves out what differs from run to run."""
        fields = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        if not run:
            fields |= {"reproduce": "", "charts": [c for c in self.charts if not c.run]}
        for name in ("published", "charts"):
            fields[name] = [dataclasses.asdict(item) for item in fields[name]]
        labels = plain(list(self.results), "Experiment.results")
        results = [result.to_dict(run=run) for result in self.results.values()]
        fields = plain(fields | {"results": {}}, "Experiment")
        fields["results"] = dict(zip(labels, results, strict=True))
        return {"kind": "experiment", "schema": SCHEMA} | fields

    def to_json(self, *, run=True):
        """Return strict JSON; see `Result.to_json`."""
        return dumps(self.to_dict(run=run))

    @classmethod
    def from_json(cls, text, source="the text"):
        """Return the Experiment written by `to_json`; ValueError where it is none, or newer."""
        fields = parse(text, "experiment", source)
        with naming(source):
            check_experiment(fields)
        fields = fields_of(cls, fields)
        results = {
            k: Result.from_dict(v, f"{source}, result {k!r}") for k, v in fields["results"].items()
        }
        with naming(source):
            fields["published"] = [
                Published.from_dict(fields_of(Published, item)) for item in fields["published"]
            ]
            fields["charts"] = [Chart(**fields_of(Chart, item)) for item in fields["charts"]]
            return cls(**fields | {"results": results})

    def save(self, folder):
        """Write result.json into `folder` (made when missing), atomically; return its path."""
        return write_atomic(Path(folder) / FILE_NAME, self.to_json())

    @classmethod
    def load(cls, path):
        """Return the Experiment saved in a folder, or in a file."""
        path = expand_user(path)
        path = path / FILE_NAME if path.is_dir() else path
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no saved experiment there; `emopipe run` writes them")
        return cls.from_json(read_text(path), str(path))
