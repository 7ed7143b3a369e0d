"""What the benchmarks share: their command line, their videos, the file of their figures."""

import argparse
import json
from pathlib import Path


def new_parser(description, quick, out=None):
    """Return a parser with --quick and --out."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help=quick)
    parser.add_argument("--out", type=Path, default=out, help="write the figures to this JSON file")
    return parser


def write_figures(path, figures):
    """Write figures as JSON, if there is a path."""
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(figures, indent=1) + "\n")
        print(f"\n{path} written")


def clips_of(folders, n, work):
    """Return paths of n videos: of the folders, or made."""
    from emopipe import load_corpus, make_synthetic_corpus

    if folders:
        suffixes = {".flv", ".mp4", ".avi", ".mkv", ".mov", ".webm"}
        files = sorted(p for f in folders for p in f.rglob("*") if p.suffix.lower() in suffixes)
    else:
        root = make_synthetic_corpus(work / "cremad", subjects=1, duration=2.2, size=(360, 480))
        files = load_corpus("cremad", root)["path"]
    paths = [str(path) for path in files]
    if not paths:
        raise SystemExit(f"no video below {', '.join(map(str, folders))}")
    return paths[:: max(1, len(paths) // n)][:n]
