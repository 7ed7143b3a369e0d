"""Write report.html again from result.json, and the index over all reports; compare reports.

emopipe report                          every experiment below reports/, and the index
emopipe report reports/my_run           that one, and the index beside it
emopipe report --compare reports/a reports/b     their results on the same clips, as one report
emopipe report reports/my_run --ignore EMO16='a pilot study'      with a check muted

--compare measures the results of the other folders against those of the first, with paired
differences over subjects. It refuses results on other clips and says which differ; with --common
it compares on those that all have.
"""

from pathlib import Path


def add_arguments(parser):
    """Add this command's arguments."""
    from emopipe.cli import add_ignore, path_argument

    parser.add_argument(
        "folder",
        nargs="?",
        type=path_argument,
        default=Path("reports"),
        help="a folder with result.json, or one that holds such folders (default: reports)",
    )
    parser.add_argument(
        "--compare", nargs="+", type=path_argument, metavar="FOLDER", default=[],
        help="folders of two or more reports; the comparison goes into a folder of its own",
    )  # fmt: skip
    parser.add_argument(
        "--common", action="store_true", help="with --compare: on the clips that all results have"
    )
    add_ignore(parser)


def command(args) -> int:
    """Write the reports and print where they are."""
    from emopipe.cli import muted_checks

    ignore = muted_checks(args.ignore)
    if args.compare:
        return _compare(args.compare, args.folder, args.common, ignore)
    if args.common:
        raise ValueError("--common goes with --compare FOLDER FOLDER")
    return _write_again(args.folder, ignore)


def _compare(folders, reports, common, ignore) -> int:
    """Write one report over the results of several folders."""
    from emopipe.checks import mute_experiment
    from emopipe.experiment import Experiment
    from emopipe.report import write_index, write_report
    from emopipe.report.comparison import compare_experiments

    if len({folder.resolve() for folder in folders}) < max(2, len(folders)):
        raise ValueError(f"--compare needs two folders or more, each once, not {len(folders)}")
    reports.mkdir(parents=True, exist_ok=True)
    loaded = [Experiment.load(folder) for folder in folders]
    names = [folder.resolve().name for folder in folders]
    if len(set(names)) < len(names):
        names = [str(folder) for folder in folders]
    outcome = compare_experiments(dict(zip(names, loaded, strict=True)), common=common)
    outcome = mute_experiment(outcome, ignore)
    print(write_report(outcome, reports / outcome.name))
    print(write_index(reports), flush=True)
    return 0


def _write_again(folder, ignore) -> int:
    from emopipe.checks import mute_experiment
    from emopipe.experiment import Experiment
    from emopipe.report import write_index, write_report

    if not folder.is_dir():
        raise FileNotFoundError(
            f"no folder {folder}: name one that `emopipe run` wrote (it holds result.json)"
        )
    single = (folder / "result.json").is_file()
    folders = [folder] if single else sorted(p.parent for p in folder.glob("*/result.json"))
    if not folders:
        raise FileNotFoundError(
            f"no result.json in {folder} or in a folder directly below it; "
            "`emopipe run` and `emopipe demo` write them"
        )
    broken = []
    for path in folders:
        try:
            print(write_report(mute_experiment(Experiment.load(path), ignore), path))
        except ValueError as error:
            broken.append(str(error))
        except Exception as error:  # whatever a file holds, its neighbours are written
            broken.append(f"{path}: {str(error) or type(error).__name__}")
    print(write_index(folder.parent if single else folder), flush=True)
    if broken:
        raise ValueError(f"{len(broken)} broken: {'; '.join(broken)}")
    return 0
