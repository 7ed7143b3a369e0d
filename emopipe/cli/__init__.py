"""The command line: ``emopipe demo | run | extract | train | predict | report | ...``.

Each command is one module of this package with ``add_arguments(parser)`` and
``command(args) -> exit code``; what a command needs is imported when it runs,
so that ``emopipe --help`` answers at once.

Exit codes: 0 done; 1 it could not be done (the message says why and what to
do); 2 the arguments are wrong; 3 results on less than was asked (clips are missing, empty,
unreadable or partial; --allow-partial makes it 0); 130 interrupted (what was computed is kept).
"""

import argparse
import os
import sys
import traceback
import warnings
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from emopipe import __version__
from emopipe.cli.run import run_script

__all__ = ["main", "run_script"]

# The exit code of results on less than was asked.
INCOMPLETE = 3
# The variable by which joblib is told how many cores it may use.
_CORES = "LOKY_MAX_CPU_COUNT"

# command -> what `emopipe --help` says of it
COMMANDS = {
    "demo": "a synthetic corpus through the whole way, from clips to a report",
    "run": "run an experiment script on your corpora and write its report",
    "extract": "compute the features of clips and keep them in the store",
    "train": "fit a recogniser on corpora and save it with a model card",
    "predict": "say which emotions a saved model sees and hears in clips",
    "report": "write report.html again from result.json, and the index; compare reports",
    "augment": "draw the augmented copies of a face on one sheet",
    "corpora": "the corpora emopipe can read: layout, where to request, licence",
    "store": "list, verify or clean the store of computed features",
    "doctor": "check this installation: versions, devices, weights, codecs, detectors",
}


def main(argv=None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : list of str, optional
        Arguments without the program's name; the process' own by default.

    Returns
    -------
    int
        The exit code.

    Examples
    --------
    >>> from emopipe.cli import main
    >>> main(["corpora", "emodb"])  # doctest: +ELLIPSIS
    emodb...
    0
    """
    _show_any_letter()
    parser = _parser()
    args = parser.parse_args(argv)
    if args.command is None:
        parser.print_help()
        return 2
    return run_guarded(lambda: args.run(args), debug=args.debug, command=args.command)


def run_guarded(work, *, debug: bool = False, command=None) -> int:
    """Call `work` and turn what goes wrong into a message and an exit code.

    Parameters
    ----------
    work : callable
        Returns an exit code, or None for 0.
    debug : bool
        Whether to print tracebacks.
    command : str, optional
        The command whose work it is.
    """
    from emopipe.cli.early_checks import with_flags

    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return work() or 0
    except KeyboardInterrupt:
        print("\nemopipe: interrupted; run it again to continue", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except Exception as error:
        if debug:
            traceback.print_exc()
        message, notes = with_flags(error, command), getattr(error, "__notes__", ())
        message = ", ".join([message.removesuffix("."), *notes]) if notes else message
        _complain(f"error: {message}")
        if not debug and not isinstance(error, (ValueError, OSError, ImportError)):
            print(
                f"({type(error).__name__}; `emopipe --debug ...` shows where)",
                file=sys.stderr,
            )
        return 1


def _show_warning(message, category, filename, lineno, file=None, line=None):
    # What a user can act on is the text, not the line of code that raised it.
    _complain(f"{category.__name__}: {message}")


def _complain(text) -> None:
    from emopipe.text import printable

    print(f"emopipe: {printable(text, multiline=True)}", file=sys.stderr)


def _show_any_letter() -> None:
    """Let a terminal that lacks a letter show its number in place of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def quiet_tensorflow() -> None:
    """Import TensorFlow without the messages that it prints before it can be told not to."""
    if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
        return
    with open(os.devnull, "w") as nowhere:
        stderr = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            import tensorflow as tf

            tf.config.list_physical_devices()
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def _store(text) -> str | None:
    """Return the value of --store."""
    if not text:
        raise argparse.ArgumentTypeError("'' is no file: name one, or write none")
    return None if text == "none" else text


def _jobs(text) -> int:
    """Return the value of --jobs."""
    if not text.removeprefix("-").isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(
            f"{text} is no number of processes: write 1 or more, or -1 for all processors"
        )
    return int(text)


def path_argument(text) -> Path:
    """Return the value of an argument that names a file or folder; the shell leaves --out=~/a."""
    from emopipe.files import expand_user

    return expand_user(text)


def add_extraction(parser) -> None:
    """Add --store and --jobs of the commands that compute features; a store "none" becomes None."""
    parser.add_argument(
        "--store", type=_store, default="default", metavar="FILE",
        help="where features are kept (default: the user's cache folder); 'none' keeps nothing",
    )  # fmt: skip
    parser.add_argument(
        "--jobs", type=_jobs, default=-1, help="processes that decode (default: all)"
    )


@contextmanager
def extraction_defaults(store, jobs):
    """Let extractors that name no store and no number of processes take these, for a while.

    Parameters
    ----------
    store : "default", None or str
    jobs : int
        At most so many cores are used; -1: all.

    Raises
    ------
    StoreError
        If the store cannot be used.
    """
    from emopipe.cli.early_checks import check_store
    from emopipe.store import use_store

    check_store(store)

    before = os.environ.get(_CORES)
    if jobs > 0:
        os.environ[_CORES] = str(jobs)
    try:
        with use_store(store):
            yield
    finally:
        os.environ.pop(_CORES, None)
        if before is not None:
            os.environ[_CORES] = before


def add_allow_partial(parser) -> None:
    """Add --allow-partial of the commands that end with `exit_code`."""
    parser.add_argument(
        "--allow-partial", action="store_true",
        help=f"exit with 0, not {INCOMPLETE}, where results cover less than was asked",
    )  # fmt: skip


def add_ignore(parser) -> None:
    """Add --ignore of the commands whose reports show checks."""
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="ID=REASON",
        help="mute a check, as in --ignore EMO16='a pilot study': the report shows the reason "
        "(docs/checks.md lists the checks)",
    )  # fmt: skip


def muted_checks(texts) -> dict:
    """Return {id: reason} of the values of --ignore.

    Raises
    ------
    ValueError
        If an id is unknown; the message names the flag.
    """
    from emopipe.checks import CHECKS, ignored_checks

    for text in texts:
        id = text.partition("=")[0].strip()
        if id not in CHECKS:
            raise ValueError(
                f"--ignore {text}: {id or 'nothing'} is no check; there are {', '.join(CHECKS)}"
            )
    return ignored_checks(texts)


def exit_code(gaps, *, allow_partial: bool) -> int:
    """Print a headline of what the results lack, if anything, and return the exit code.

    Parameters
    ----------
    gaps : list of str
        What is missing, in words with counts; empty where everything that was asked is there.
    allow_partial : bool
        The value of --allow-partial.

    Examples
    --------
    >>> exit_code([], allow_partial=False)
    0
    >>> exit_code(["3 of 24 clips gave no features"], allow_partial=False)
    3
    """
    if not gaps:
        return 0
    remedy = "" if allow_partial else " (--allow-partial accepts this)"
    print(f"INCOMPLETE: {'; '.join(gaps)}{remedy}", file=sys.stderr)
    return 0 if allow_partial else INCOMPLETE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="emopipe",
        description="scikit-learn pipelines for audio-visual emotion recognition",
        epilog="`emopipe COMMAND --help` explains a command and gives examples.",
    )
    parser.add_argument("--version", action="version", version=f"emopipe {__version__}")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, summary in COMMANDS.items():
        module = import_module(f"emopipe.cli.{name}")
        sub = commands.add_parser(
            name,
            help=summary,
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(sub)
        sub.set_defaults(run=module.command)
    return parser
