"""An Experiment as one HTML file that a reviewer can read offline.

Nothing is decoded, fitted or fetched here: what the Experiment holds is what the
report shows. The same Experiment gives the same bytes.
"""

import base64
import hashlib
from importlib.resources import files
from pathlib import Path

from emopipe.checks import CHECKS
from emopipe.experiment import Experiment
from emopipe.files import expand_user, write_atomic
from emopipe.html_repr import new_environment
from emopipe.report import answer, pairs
from emopipe.report.view import checks_badge, experiment_view, index_row
from emopipe.result import Result
from emopipe.text import slug

__all__ = ["write_index", "write_report"]


def write_report(experiment, folder) -> Path:
    """Write ``report.html`` and ``result.json`` into a folder.

    Parameters
    ----------
    experiment : Experiment or Result
        What to report; a Result becomes an experiment of its own, named after the folder.
    folder : str or Path
        Made when missing; files of an earlier run are replaced.

    Returns
    -------
    Path
        The HTML file: self-contained, no outside address, no script needed to read it.

    Raises
    ------
    TypeError
        If `experiment` is neither an Experiment nor a Result.
    OSError
        If a file cannot be written.

    See Also
    --------
    write_index : A page over several reports.
    Experiment : Results with a question.

    Examples
    --------
    >>> import tempfile
    >>> from emopipe import Experiment, write_report
    >>> empty = Experiment(name="demo", title="Demo", question="Does it run?", results={})
    >>> write_report(empty, tempfile.mkdtemp()).name
    'report.html'
    """
    if not isinstance(experiment, Experiment | Result):
        raise TypeError(
            f"experiment is a {type(experiment).__name__}: give an Experiment or a Result, and the "
            "folder second"
        )
    if not isinstance(folder, str | Path):
        raise TypeError(f"folder is a {type(folder).__name__}: name a folder, as in 'reports/mine'")
    if Path(folder).suffix in (".html", ".htm", ".json"):
        raise ValueError(
            f"folder={str(folder)!r} is named like a file: name a folder, as in 'mine'"
        )
    if isinstance(experiment, Result):
        experiment = _wrap_result(experiment, folder)
    experiment.save(folder)
    html = _template("report.html").render(experiment_view(experiment))
    return write_atomic(Path(folder) / "report.html", html)


def _wrap_result(result, folder):
    """Return an Experiment about a single Result."""
    return Experiment(
        name=slug(expand_user(folder).resolve().name, "report", also="_-"),
        title=result.title,
        question="How well does it recognise the emotions of people it was not trained on?",
        results={result.title: result},
        reproduce=result.protocol.get("call", ""),
    )


def write_index(reports) -> Path:
    """Write ``index.html`` over every folder below `reports` that holds a ``result.json``.

    A folder whose ``result.json`` cannot be read is listed with the reason.

    Parameters
    ----------
    reports : str or Path
        The folder of reports.

    Returns
    -------
    Path
        The HTML file.

    See Also
    --------
    write_report : An Experiment as an HTML file.

    Examples
    --------
    >>> import tempfile
    >>> from emopipe import write_index
    >>> write_index(tempfile.mkdtemp()).name
    'index.html'
    """
    reports = expand_user(reports)
    rows = [index_row(path.parent) for path in sorted(reports.glob("*/result.json"))]
    script = files("emopipe.report").joinpath("templates/index.js").read_text(encoding="utf-8")
    html = _template("index.html").render(rows=rows, script=script)
    return write_atomic(reports / "index.html", html)


def _template(name):
    environment = new_environment("emopipe.report")
    environment.filters |= {
        "points": answer.points,
        "interval": answer.interval,
        "reading": pairs.reading,
        "p_words": pairs.p_words,
        "size_words": pairs.size_words,
        "number": _number,
        "place": _css_length,
        "csp_hash": csp_hash,
    }
    environment.globals |= {"checks_badge": checks_badge, "check_catalogue": CHECKS}
    return environment.get_template(name)


def csp_hash(script: str) -> str:
    """Return the expression by which a content security policy lets one inline script run."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _number(value, digits: int = 2) -> str:
    return "–" if pairs.is_missing(value) else f"{value:.{digits}f}".replace("-", "−")


def _css_length(share) -> str:
    """Return a share in [0, 1] as a CSS length, for a mark on a scale."""
    return f"{100 * min(max(share or 0.0, 0.0), 1.0):.2f}%"
