"""Run an experiment script on your corpora and write its report.

  emopipe run experiments/ravdess_voice.py --corpus ravdess=/data/RAVDESS
  emopipe run experiments/ravdess_voice.py --help          its question, corpora and options
  emopipe run experiments/ravdess_voice.py --corpus ravdess=/data/RAVDESS --set n_folds=4
  emopipe run experiments/ravdess_voice.py --corpus ravdess=synthetic    try it without the corpus

A script defines experiment(corpus, ..., *, option=default, ...) -> Experiment: its
positional parameters are folders of corpora, its keyword parameters are options.
With --scheduler tcp://HOST:8786 features, folds and grid searches are computed on a
Dask cluster, with the same figures (see "From one machine to a cluster" in README.md).
It can also be run as plain Python: python experiments/ravdess_voice.py --corpus ...
"""

import argparse
import ast
import inspect
import runpy
import shlex
import sys
from contextlib import contextmanager
from pathlib import Path

# Subjects of the corpus that `--corpus NAME=synthetic` writes: small, and the same each time.
SUBJECTS = 6
# A script that has imported one of these is going to run a network.
NETWORKS = {"emopipe.face_networks", "emopipe.nets"}
_NO_EXPERIMENT = "it defines no function experiment(...); see `emopipe run --help`"


def add_arguments(parser):
    """Add this command's arguments."""
    parser.add_argument("script", type=Path, help="an experiment script")
    rest = parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="the script's own arguments (--help lists them)"
    )
    rest.required = False  # argparse would name it where the script is missing


def command(args) -> int:
    """Load the script and run its experiment."""
    _check_script(args.script)
    namespace = runpy.run_path(str(args.script))
    if not callable(namespace.get("experiment")):
        raise ValueError(f"{args.script}: {_NO_EXPERIMENT}")
    return run_experiment(namespace["experiment"], namespace.get("__doc__"), args)


def _check_script(script):
    """Raise an error for a file that is no experiment, without running anything of it."""
    if not script.is_file():
        raise FileNotFoundError(f"no experiment script at {script}")
    if script.suffix != ".py":
        raise ValueError(f"{script} is no experiment script: a Python file (.py) is wanted")
    try:
        tree = ast.parse(script.read_bytes())
    except (SyntaxError, ValueError) as error:
        line = f"line {error.lineno}: " if getattr(error, "lineno", None) else ""
        told = getattr(error, "msg", None) or error
        raise ValueError(f"{script} is no valid Python: {line}{told}") from None
    if not any(_names_experiment(node) for node in ast.walk(tree)):
        raise ValueError(f"{script}: {_NO_EXPERIMENT}")


def _names_experiment(node) -> bool:
    """Say whether a piece of a script defines, imports or assigns the name experiment."""
    if isinstance(node, ast.alias):
        return (node.asname or node.name) in ("experiment", "*")
    if isinstance(node, ast.Name):
        return node.id == "experiment" and isinstance(node.ctx, ast.Store)
    return isinstance(node, ast.FunctionDef) and node.name == "experiment"


def run_script(experiment) -> None:
    """Run an experiment from its own script: the last line of every script.

    Parameters
    ----------
    experiment : callable
        ``experiment(corpus, ..., *, option=default, ...) -> Experiment``; its
        positional parameters are corpus folders, its keyword ones options.

    Examples
    --------
    >>> from emopipe import run_script
    >>> run_script(experiment)  # the last line of a script  # doctest: +SKIP
    """
    from emopipe.cli import guarded

    module = sys.modules[experiment.__module__]
    args = argparse.Namespace(script=Path(sys.argv[0]), arguments=sys.argv[1:])
    raise SystemExit(guarded(lambda: run_experiment(experiment, module.__doc__, args)))


def run_experiment(experiment, doc, args) -> int:
    """Parse the script's arguments, run it, write its report and print where it is."""
    from emopipe.cli import quiet_tensorflow
    from emopipe.result import Experiment

    corpora, options = _parameters(experiment)
    parsed = _script_parser(args.script, doc, corpora, options).parse_args(args.arguments)
    folders = _assignments(parsed.corpus, "--corpus", corpora)
    missing = [name for name in corpora if name not in folders]
    if missing:
        raise ValueError(
            f"{args.script.name} needs {', '.join(missing)}: "
            + " ".join(f"--corpus {name}=FOLDER" for name in missing)
            + f" (or {missing[0]}=synthetic to try it)"
        )
    values = {k: _literal(v) for k, v in _assignments(parsed.set, "--set", options).items()}
    for name, value in values.items():
        check_kind(name, value, options[name])
    open_options = [k for k, v in options.items() if v is inspect.Parameter.empty]
    if not set(open_options) <= set(values):
        needed = " ".join(f"--set {name}=..." for name in open_options if name not in values)
        raise ValueError(f"{args.script.name} needs {needed}; --help explains it")
    parsed.reports.mkdir(parents=True, exist_ok=True)  # or hours would end in "not a folder"
    roots = {name: _root(name, folder, parsed.reports) for name, folder in folders.items()}
    print(f"{args.script.stem}: {_first_line(doc)}", file=sys.stderr)
    if NETWORKS & set(sys.modules):
        quiet_tensorflow()
    with cluster(parsed.scheduler):
        outcome = experiment(*(roots[name] for name in corpora), **values)
    if not isinstance(outcome, Experiment):
        raise ValueError(
            f"{args.script}: experiment(...) returned {_shown(outcome)}, not an Experiment: end it "
            "with `return Experiment(...)` (emopipe.result)"
        )
    command_line = ["emopipe", "run", str(args.script), *args.arguments]
    return publish(outcome, parsed.reports, shlex.join(command_line))


@contextmanager
def cluster(scheduler):
    """Send what happens inside to the Dask cluster of a scheduler; None: this machine."""
    if scheduler is None:
        yield
        return
    from emopipe.extract import on_cluster

    with on_cluster(scheduler) as client:
        threads = client.nthreads()
        place = client.scheduler.address
        n = f"workers: {len(threads)}, threads: {sum(threads.values())}"
        print(f"cluster {place}, {n if threads else 'waiting for workers'}", file=sys.stderr)
        yield


def add_scheduler(parser):
    """Add the argument --scheduler."""
    parser.add_argument(
        "--scheduler", metavar="ADDRESS",
        help="compute on a Dask cluster: tcp://HOST:8786, or the scheduler's .json file; its "
        "workers need emopipe, and clips under the same paths",
    )  # fmt: skip


def publish(outcome, reports: Path, reproduce: str) -> int:
    """Write result.json, report.html and the index; print the figures and where they are."""
    from dataclasses import replace

    from emopipe.report import write_index, write_report

    outcome = replace(outcome, reproduce=reproduce)
    page = write_report(outcome, reports / outcome.name)
    write_index(reports)
    print(_summary(outcome))
    print(f"\nreport: {page}\nall reports: {reports / 'index.html'}")
    return 0


def _summary(outcome) -> str:
    lines = [f"note: {notice['text']}" for notice in outcome.notices]
    lines += [f"{'':<32}{'clips':>7}{'accuracy':>10}{'UAR':>8}{'95 % interval':>16}  audit"]
    for label, result in outcome.results.items():
        accuracy, uar = result.metrics["accuracy"], result.metrics["uar"]
        interval = "" if uar["low"] is None else f"{uar['low']:.3f}-{uar['high']:.3f}"
        verdict = "passed" if result.passed else "FAILED"
        if result.protocol["subject_dependent"]:
            verdict += ", subject-dependent"
        lines.append(
            f"{label:<32}{len(result.predictions):>7}{accuracy['value']:>10.3f}"
            f"{uar['value']:>8.3f}{interval:>16}  {verdict}"
        )
    return "\n".join(lines)


def _parameters(experiment):
    parameters = inspect.signature(experiment).parameters.values()
    corpora = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    return corpora, options


def _script_parser(script, doc, corpora, options):
    needed = inspect.Parameter.empty
    lines = [f"  {k}=..." if v is needed else f"  {k}={v!r}" for k, v in options.items()]
    parser = argparse.ArgumentParser(
        prog=f"emopipe run {script.name}",
        description=(doc or "").strip(),
        epilog="options for --set and their defaults:\n" + ("\n".join(lines) or "  none"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    needs = " ".join(f"{name}=FOLDER" for name in corpora) or "none"
    parser.add_argument(
        "--corpus", action="append", default=[], metavar="NAME=FOLDER", help=f"needed: {needs}"
    )
    parser.add_argument("--set", action="append", default=[], metavar="OPTION=VALUE")
    add_scheduler(parser)
    parser.add_argument(
        "--reports", type=Path, default=Path("reports"), help="where reports go (default: reports)"
    )
    return parser


def _assignments(texts, flag, allowed) -> dict[str, str]:
    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not value or name not in allowed:
            legal = ", ".join(allowed) or "none"
            raise ValueError(f"{flag} {text}: write {flag} NAME=VALUE with NAME one of: {legal}")
        values[name] = value
    return values


def parameters(texts) -> dict:
    """Return {name: value} of texts like PARAMETER=VALUE, values as Python reads them."""
    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--set {text}: write --set PARAMETER=VALUE")
        values[name] = _literal(value)
    return values


def check_kind(name: str, value, default) -> None:
    """Raise ValueError, naming the parameter, for a word in place of a number or of True and False.

    Where the default is no number, what is allowed is the parameter's own affair.
    """
    if not isinstance(value, str) or not isinstance(default, bool | int | float):
        return
    wanted = "True or False" if isinstance(default, bool) else "a number"
    raise ValueError(f"--set {name}={value}: {wanted} is wanted; the default is {default!r}")


def _literal(text: str):
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _root(name: str, folder: str, reports: Path) -> Path:
    if folder == "synthetic":
        from emopipe.corpora.synthetic import make_synthetic_corpus
        from emopipe.corpora.synthetic.layouts import LAYOUTS

        if name not in LAYOUTS:
            raise ValueError(
                f"--corpus {name}=synthetic: there is no synthetic {name}, only "
                f"{', '.join(LAYOUTS)}; name the corpus' folder"
            )
        return make_synthetic_corpus(
            reports / "synthetic" / name,
            layout=name,
            subjects=min(SUBJECTS, len(LAYOUTS[name].subjects)),
            clips_per_emotion=2,
            progress=True,
        )
    return Path(folder).expanduser()


def _shown(value) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"


def _first_line(doc) -> str:
    return (doc or "").strip().partition("\n")[0]
