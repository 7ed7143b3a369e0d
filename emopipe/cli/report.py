"""Write report.html again from result.json, and the index over all reports.

emopipe report                     every experiment below reports/, and the index
emopipe report reports/my_run      that one, and the index beside it
"""

from pathlib import Path


def add_arguments(parser):
    """Add this command's arguments."""
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("reports"),
        help="a folder with result.json, or one that holds such folders (default: reports)",
    )


def command(args) -> int:
    """Write the reports and print where they are."""
    from emopipe.experiment import Experiment
    from emopipe.report import write_index, write_report

    if not args.folder.is_dir():
        raise FileNotFoundError(
            f"no folder {args.folder}: name one that `emopipe run` wrote (it holds result.json)"
        )
    one = (args.folder / "result.json").is_file()
    folders = [args.folder] if one else sorted(p.parent for p in args.folder.glob("*/result.json"))
    if not folders:
        raise FileNotFoundError(
            f"no result.json in {args.folder} or in a folder directly below it; "
            "`emopipe run` and `emopipe demo` write them"
        )
    broken = []
    for folder in folders:
        try:
            print(write_report(Experiment.load(folder), folder))
        except ValueError as error:
            broken.append(str(error))
        except Exception as error:  # whatever a file holds, its neighbours are written
            broken.append(f"{folder}: {str(error) or type(error).__name__}")
    print(write_index(args.folder.parent if one else args.folder), flush=True)
    if broken:
        raise ValueError(f"{len(broken)} broken: {'; '.join(broken)}")
    return 0
