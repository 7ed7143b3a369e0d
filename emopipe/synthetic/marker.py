"""SYNTHETIC.json: marks a corpus as invented, says how it was made and whether it is complete."""

import json
from collections.abc import Iterable
from pathlib import Path

from emopipe.corpora.folder import MARKER
from emopipe.files import write_atomic

NOTE = (
    "This corpus is synthetic: its faces are drawn and its voices synthesised by emopipe, for "
    "tests and demonstrations. Nobody was recorded. Results on it say nothing about emotions."
)


def _read(root: Path) -> dict | None:
    try:
        marker = json.loads((root / MARKER).read_text())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        return {}
    return marker if isinstance(marker, dict) else {}


def _write(root: Path, parameters: dict, files: dict[str, int], *, complete: bool):
    marker = {"synthetic": True, "note": NOTE, "complete": complete, "parameters": parameters}
    write_atomic(root / MARKER, json.dumps({**marker, "files": files}, indent=1) + "\n")


def is_complete(root: Path, parameters: dict) -> bool:
    """Whether `root` holds the corpus of these parameters with every file as it was written."""
    marker = _read(root)
    if not marker or not marker.get("complete") or marker.get("parameters") != parameters:
        return False
    return all(_size(root / name) == size for name, size in marker["files"].items())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def begin(root: Path, parameters: dict, files: Iterable[str]):
    """Empty `root` of an earlier synthetic corpus and note which files are going to be written.

    Raises
    ------
    FileExistsError
        `root` holds something else.
    """
    earlier = _read(root)
    if earlier is None and root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise FileExistsError(
            f"{root} holds files, but no {MARKER}: it is not a synthetic corpus. Choose a new "
            "or empty folder; nothing was written"
        )
    for name in (earlier or {}).get("files", ()):
        path = root / name
        # A marker edited by hand must not reach outside its folder.
        if path.resolve().is_relative_to(root.resolve()):
            path.unlink(missing_ok=True)
    root.mkdir(parents=True, exist_ok=True)
    _write(root, parameters, dict.fromkeys(files, -1), complete=False)


def finish(root: Path, parameters: dict, files: Iterable[str]):
    """Note that all files are written."""
    sizes = {name: _size(root / name) for name in sorted(files)}
    _write(root, parameters, sizes, complete=True)
