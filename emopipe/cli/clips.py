"""Clips named on the command line: files, folders of files, and corpora."""

import sys
import warnings
from pathlib import Path


def media_files(places):
    """Yield the files named, and for folders the media files below them, sorted.

    What only looks like a file there, such as a link that leads nowhere, is left out and counted,
    as are hidden files and those of other kinds.
    """
    from emopipe.corpora.folder import scan
    from emopipe.media.excerpts import parse

    for place in places:
        if place.is_dir():
            yield from _files_below(scan(place))
        elif Path(parse(place).path).exists():
            yield place
        else:
            raise FileNotFoundError(f"no file or folder {place}")


def _files_below(folder):
    from emopipe.corpora.folder import CorpusWarning

    files = [Path(recording.path) for recording in folder.recordings]
    there = [path for path in files if path.is_file()]
    lost = [r for r, path in zip(folder.recordings, files, strict=True) if not path.is_file()]
    first = f": first {lost[0].path}: {lost[0].fault}" if lost else ""
    if not there:
        other = f" (left out: {folder.leftovers})" if folder.leftovers else ""
        raise FileNotFoundError(f"no media file below the folder {folder.root}{first}{other}")
    if lost:
        text = f"{len(lost)} of {len(files)} below {folder.root} are no files and left out"
        warnings.warn(text + first, CorpusWarning, stacklevel=3)
    say_leftovers(folder)
    return there


def say_leftovers(folder) -> None:
    """Say on standard error what lies below a folder beside recordings, if anything does."""
    from emopipe.text import printable

    if folder.leftovers:
        print(printable(f"left out below {folder.root}: {folder.leftovers}"), file=sys.stderr)
