"""Run an experiment script on your corpora and write its report.

  emopipe run                                              the experiments, with their corpora
  emopipe run ravdess_voice --help                         its question, corpora and options
  emopipe run ravdess_voice --corpus ravdess=/data/RAVDESS
  emopipe run ravdess_voice --corpus ravdess=/data/RAVDESS --set n_folds=4
  emopipe run ravdess_voice --corpus ravdess=synthetic     try it without the corpus
  emopipe run mine.py --corpus cremad=/data/CREMA-D        a script of your own

A script defines experiment(corpus, ..., *, option=default, ...) -> Experiment: its
positional parameters are folders of corpora (with a default: one or more of them
will do), its keyword parameters are options; a dict SYNTHETIC holds the options
that drawn people get (random weights, few epochs); their report is NAME_synthetic, so
that it never takes the place of real recordings'.
With --scheduler tcp://HOST:8786 features, folds and grid searches are computed on a
Dask cluster, with the same figures (see docs/gpu_and_cluster.md).
It can also be run as plain Python: python experiments/ravdess_voice.py --corpus ...
Where results cover less than was asked, or a check failed, the exit code is 3 (--ignore mutes
a check, see docs/checks.md).
"""

import argparse
import os
import shlex
import sys
from contextlib import contextmanager
from pathlib import Path

from emopipe.cli import scripts
from emopipe.cli.assignments import (
    assignments,
    check_kind,
    check_several,
    literal,
    see,
)
from emopipe.cli.clips import add_own_clips, corpus_roots

# Subjects of the corpus that `--corpus NAME=synthetic` writes: small, and the same each time.
SUBJECTS = 6
# A script that has imported one of these is going to run a network.
NETWORKS = {"emopipe.backbones", "emopipe.training"}


def add_arguments(parser):
    """Add this command's arguments."""
    parser.add_argument(
        "script", nargs="?", help="an experiment's name, or a script; without it they are listed"
    )
    rest = parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="the script's own arguments (--help lists them)"
    )
    rest.required = False  # argparse would name it where the script is missing


def command(args) -> int:
    """List the experiments, or load the script and run its experiment."""
    if args.script is None:
        print(scripts.listing())
        return 0
    path = scripts.find_script(args.script)
    scripts.read_script(path)
    experiment, doc, synthetic = scripts.load_experiment(path)
    args = argparse.Namespace(script=path, name=args.script, arguments=args.arguments)
    return run_experiment(experiment, doc, synthetic, args)


def run_script(experiment) -> None:
    """Run an experiment from its own script: the last line of every script.

    Parameters
    ----------
    experiment : callable
        ``experiment(corpus, ..., *, option=default, ...) -> Experiment``; its
        positional parameters are corpus folders, its keyword ones options.

    Raises
    ------
    SystemExit
        Always, with the exit code of the command line.

    See Also
    --------
    Experiment : Results with a question.
    write_report : An Experiment as an HTML file.

    Examples
    --------
    >>> from emopipe import run_script
    >>> run_script(experiment)  # the last line of a script  # doctest: +SKIP
    """
    from emopipe.cli import run_guarded

    module = sys.modules[experiment.__module__]
    synthetic = getattr(module, "SYNTHETIC", {})
    args = argparse.Namespace(script=Path(sys.argv[0]), name=sys.argv[0], arguments=sys.argv[1:])
    raise SystemExit(
        run_guarded(lambda: run_experiment(experiment, module.__doc__, synthetic, args))
    )


def run_experiment(experiment, doc, synthetic, args) -> int:
    """Parse the script's arguments, run it, write its report and print where it is."""
    from emopipe.checks import mute_experiment
    from emopipe.cli import extraction_defaults, muted_checks
    from emopipe.cli.early_checks import check_folder
    from emopipe.experiment import Experiment

    corpora, options = scripts.parameters_of(experiment)
    needed = scripts.needed_corpora(experiment)
    parsed = _script_parser(args.name, doc, experiment, synthetic).parse_args(args.arguments)
    ignore = muted_checks(parsed.ignore)
    folders = _folders(parsed, corpora, needed, args.script.name)
    values, small = _values(parsed.set, options, folders, synthetic, args.script.name)
    check_folder(parsed.reports, "--reports")
    question = f"{args.script.stem}: {(doc or '').strip().partition(chr(10))[0]}"
    with extraction_defaults(parsed.store, parsed.jobs), cluster(parsed.scheduler):
        roots = _roots(folders, parsed)
        with see(values):
            outcome = _call(experiment, roots | small | values, question)
    if not isinstance(outcome, Experiment):
        raise ValueError(
            f"{args.script}: experiment(...) returned {_describe(outcome)}, not an Experiment: "
            "end it with `return Experiment(...)` (emopipe.experiment)"
        )
    outcome = mute_experiment(outcome, ignore)
    command_line = shlex.join(["emopipe", "run", str(args.name), *args.arguments])
    if "synthetic" in folders.values():
        outcome = _of_drawn_people(outcome, small)
    return publish(outcome, parsed.reports, command_line, parsed.allow_partial)


def _call(experiment, arguments, question):
    """Print the question and return what the experiment returns."""
    from emopipe.cli import quiet_tensorflow

    print(question, file=sys.stderr)
    if NETWORKS & set(sys.modules):
        quiet_tensorflow()
    return experiment(**arguments)


def _folders(parsed, corpora, needed, script) -> dict[str, str]:
    folders = assignments(parsed.corpus, "--corpus", corpora)
    missing = [name for name in needed if name not in folders]
    # An option may name a file of data instead.
    files = any(os.path.isfile(text.partition("=")[2]) for text in parsed.set)
    if corpora and not (folders or missing or files):
        raise ValueError(
            f"{script} needs a corpus, one or more of {', '.join(corpora)}: --corpus "
            f"{corpora[0]}=FOLDER (or {corpora[0]}=synthetic to try it)"
        )
    if missing:
        raise ValueError(
            f"{script} needs {', '.join(missing)}: "
            + " ".join(f"--corpus {name}=FOLDER" for name in missing)
            + f" (or {missing[0]}=synthetic to try it)"
        )
    return folders


def _values(texts, options, folders, synthetic, script):
    """Return the options that were set, and those that drawn people get besides."""
    values = {k: literal(v) for k, v in assignments(texts, "--set", options).items()}
    for name, value in values.items():
        check_kind(name, value, options[name])
        check_several(name, value, options[name])
    open_options = [k for k, option in options.items() if option.default is option.empty]
    if not set(open_options) <= set(values):
        needed = " ".join(f"--set {name}=..." for name in open_options if name not in values)
        raise ValueError(f"{script} needs {needed}; --help explains it")
    drawn = "synthetic" in folders.values()
    return values, {k: v for k, v in synthetic.items() if drawn and k not in values}


def _of_drawn_people(outcome, small):
    """Return the experiment under a name of its own, with a notice of the options it had.

    What was measured on real recordings stays in its folder.
    """
    from dataclasses import replace

    outcome = replace(outcome, name=f"{outcome.name}_synthetic")
    if not small:
        return outcome
    listed = ", ".join(f"{name}={value!r}" for name, value in small.items())
    text = f"On drawn people, smaller than the experiment itself: {listed}."
    return replace(outcome, notices=[*outcome.notices, {"text": text, "severity": "warning"}])


@contextmanager
def cluster(scheduler):
    """Send what happens inside to the Dask cluster of a scheduler; None: this machine."""
    if scheduler is None:
        yield
        return
    from emopipe.extraction import on_cluster

    with on_cluster(scheduler) as client:
        threads = client.nthreads()
        address = client.scheduler.address
        n = f"workers: {len(threads)}, threads: {sum(threads.values())}"
        print(f"cluster {address}, {n if threads else 'waiting for workers'}", file=sys.stderr)
        yield


def add_scheduler(parser):
    """Add the argument --scheduler."""
    parser.add_argument(
        "--scheduler", metavar="ADDRESS",
        help="compute on a Dask cluster: tcp://HOST:8786, or the scheduler's .json file; its "
        "workers need emopipe, and clips under the same paths",
    )  # fmt: skip


def publish(outcome, reports: Path, reproduce: str, allow_partial: bool = False) -> int:
    """Write result.json, report.html and the index; print the figures; return the exit code."""
    from dataclasses import replace

    from emopipe.cli import exit_code
    from emopipe.report import write_index, write_report

    outcome = replace(outcome, reproduce=reproduce)
    page = write_report(outcome, reports / outcome.name)
    write_index(reports)
    print(summarise(outcome))
    print(f"\nreport: {page}\nall reports: {reports / 'index.html'}", flush=True)
    return exit_code(_gaps(outcome), allow_partial=allow_partial)


def _gaps(outcome) -> list[str]:
    """Return in words what an experiment's results lack: clips, and checks that passed."""
    gaps = []
    for label, result in outcome.results.items():
        if result.partial:
            n_clips, answered = result.coverage["asked"], result.coverage["answered"]
            gaps.append(f"{label}: {answered} of {n_clips} clips")
        if not result.protocol["subject_dependent"]:
            failed = [(c["id"], c["title"]) for c in result.checks if c["status"] == "failed"]
            gaps += [f"{label}: check {id} failed ({title})" for id, title in failed]
    return gaps


def summarise(outcome) -> str:
    """Return an experiment's notes, its figures with their terms, and its answer, as text."""
    from emopipe.report.answer import answer
    from emopipe.text import printable

    notices = [*outcome.notices, *(n for r in outcome.results.values() for n in r.notices)]
    lines = [f"note: {text}" for text in dict.fromkeys(n["text"] for n in notices)]
    width = max([32, *(len(label) + 2 for label in outcome.results)])
    lines += [f"{'':<{width}}{'clips':>7}{'accuracy':>10}{'UAR':>8}{'95 % interval':>16}  checks"]
    for label, result in outcome.results.items():
        accuracy, uar = result.metrics["accuracy"], result.metrics["uar"]
        has_interval = uar["low"] is not None and uar["low"] == uar["low"]
        interval = f"{uar['low']:.3f}-{uar['high']:.3f}" if has_interval else ""
        verdict = ", ".join(f"{n} {status}" for status, n in result.check_counts.items() if n)
        if result.protocol["subject_dependent"]:
            verdict += ", subject-dependent"
        lines.append(
            f"{label:<{width}}{len(result.predictions):>7}{accuracy['value']:>10.3f}"
            f"{uar['value']:>8.3f}{interval:>16}  {verdict}"
        )
    for sentence in answer(outcome):
        lines += ["", sentence["text"], *(f"  {text}" for text in sentence["items"])]
    return printable("\n".join(lines), multiline=True)


def _script_parser(name, doc, experiment, synthetic):
    from emopipe.cli import add_allow_partial, add_extraction, add_ignore, path_argument

    lines = scripts.option_lines(experiment, synthetic)
    parser = argparse.ArgumentParser(
        prog=f"emopipe run {name}",
        description=(doc or "").strip(),
        epilog="options for --set and their defaults:\n" + ("\n".join(lines) or "  none"),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    needed = scripts.needed_corpora(experiment)
    needs = (
        " ".join(
            f"{name}=FOLDER" if name in needed else f"[{name}=FOLDER]"
            for name in scripts.parameters_of(experiment)[0]
        )
        or "none"
    )
    parser.add_argument(
        "--corpus", action="append", default=[], metavar="NAME=FOLDER",
        help=f"needed: {needs}; NAME=synthetic draws people in place of it, NAME=TABLE.csv takes "
        "clips of your own (see `emopipe corpora csv`)",
    )  # fmt: skip
    add_own_clips(parser)
    parser.add_argument(
        "--set", action="append", default=[], metavar="OPTION=VALUE",
        help="an option below, its value as Python writes it",
    )  # fmt: skip
    add_extraction(parser)
    add_scheduler(parser)
    parser.add_argument(
        "--reports",
        type=path_argument,
        default=Path("reports"),
        help="where reports go (default: reports)",
    )
    add_ignore(parser)
    add_allow_partial(parser)
    return parser


def _roots(folders: dict, parsed) -> dict:
    """Return what `load_corpus` takes for each corpus: a folder, drawn people, or own clips."""
    real = {name: folder for name, folder in folders.items() if folder != "synthetic"}
    roots = corpus_roots(real, parsed.pattern, parsed.codes)
    return {name: roots.get(name) or _draw_corpus(name, parsed.reports) for name in folders}


def _draw_corpus(name: str, reports: Path) -> Path:
    from emopipe.synthetic import make_synthetic_corpus
    from emopipe.synthetic.layouts import LAYOUTS

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
        oddities=False,
        progress=True,
    )


def _describe(value) -> str:
    return "nothing" if value is None else f"a {type(value).__name__}"
