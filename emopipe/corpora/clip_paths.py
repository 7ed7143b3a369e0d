"""Find the files on this machine that a table's paths name, and parts of them."""

import os
import re
import unicodedata
import warnings
from functools import cache
from pathlib import Path, PureWindowsPath

import pandas as pd

from emopipe.corpora.folder import CorpusError, CorpusWarning
from emopipe.media.excerpts import excerpt, parse

# Where a part of a recording ends whose end is not given: no recording is as long.
_END = 1e6
_SECONDS = re.compile(r"\d+(?:[.,]\d+)?")


class Locator:
    """Finds the files of a table: relative to a root, of Windows, of another machine.

    Parameters
    ----------
    root : Path
        Where relative paths start.
    source : Path
        The table, for messages.
    """

    def __init__(self, root: Path, source: Path):
        self.root, self.source = root, source
        self._names = cache(_names_in)

    def paths(self, cells) -> list[str | None]:
        """Return absolute paths, whether or not a file is there; None where a cell is empty."""
        return self._adopt([None if pd.isna(cell) else self._path(cell) for cell in cells])

    def _path(self, cell: str) -> str:
        whole = self._there(cell)
        if os.path.exists(whole):
            return whole
        file, start, stop = parse(cell)
        return whole if file == cell else excerpt(self._there(file), start, stop)

    def _there(self, cell: str) -> str:
        for text in (cell, cell.replace("\\", "/")):
            path = os.path.normpath(self.root / os.path.expanduser(text))
            if os.path.exists(path):
                return path
        if PureWindowsPath(cell).drive:
            return cell.replace("\\", "/")  # there is no such file: it is another machine's
        return self._spelt(path) or path

    def _spelt(self, path: str) -> str | None:
        """Return a file whose name has its accents in the other encoding, as macOS writes them."""
        if path.isascii():
            return None
        here, *parts = Path(path).parts
        for part in parts:
            there = os.path.join(here, part)
            if not os.path.lexists(there):
                name = self._names(here).get(unicodedata.normalize("NFC", part))
                if name is None:
                    return None
                there = os.path.join(here, name)
            here = there
        return here

    def _adopt(self, paths: list) -> list:
        """Return paths of another machine as those of the same files below the root."""
        foreign = [
            path for path in paths
            if path and is_absolute(path) and not self._is_below(path)
            and not os.path.exists(parse(path).path)
        ]  # fmt: skip
        prefix = next(filter(None, map(self._foreign_prefix, foreign[:20])), None)
        if prefix is None:
            return paths
        adopted = {
            path: os.path.normpath(self.root / path.removeprefix(prefix))
            for path in foreign
            if path.startswith(prefix)
        }
        text = (
            f"{len(adopted)} paths are of another machine ({prefix}...): the files were taken from"
        )
        message = f"{self.source}: {text} {self.root}", f"{self.source.name}: {text} its own folder"
        warnings.warn(CorpusWarning(*message), stacklevel=4)
        return [adopted.get(path, path) for path in paths]

    def _foreign_prefix(self, path: str) -> str | None:
        """Return the shortest beginning of a path without which it names a file below the root."""
        ends = [index + 1 for index, letter in enumerate(path) if letter == "/"]
        for end in ends:
            tail = self.root / path[end:]
            if path[end:] and os.path.isfile(parse(tail).path):
                return path[:end]
        return None

    def _is_below(self, path: str) -> bool:
        return Path(path).is_relative_to(self.root)


def _names_in(folder: str) -> dict[str, str]:
    try:
        return {unicodedata.normalize("NFC", name): name for name in os.listdir(folder)}
    except OSError:
        return {}


def is_absolute(path: str) -> bool:
    """Say whether a path starts from the root of this machine or from a drive of Windows."""
    return os.path.isabs(path) or bool(PureWindowsPath(path).drive)


def with_parts(paths: list, starts, ends, source: Path) -> list:
    """Return paths with the parts that columns of starts and ends mean.

    Parameters
    ----------
    paths : list of str
    starts, ends : iterable of str or None
        Seconds, with a point or a comma, or a span of time such as "0 days 00:00:01.5". A missing
        start is the recording's, as is a missing end.
    source : Path
        The table, for messages.
    """
    rows = zip(paths, starts, ends, strict=True)
    return [_part(row, *cells, source) for row, cells in enumerate(rows, start=2)]


def _part(row: int, path: str, start, end, source: Path) -> str:
    if path is None or (pd.isna(start) and pd.isna(end)):
        return path
    where = f"{source}, row {row}"
    if not parse(path).is_whole:
        raise CorpusError(f"{where}: {path} is a part already: leave start and end empty there")
    first, last = _seconds(start, where) or 0.0, _seconds(end, where)
    if last is None and not first:
        return path
    last = _END if last is None else last
    if not first < last:
        raise CorpusError(f"{where}: start {start} is not before end {end}, in seconds")
    return excerpt(path, first, last)


def _seconds(cell, where: str) -> float | None:
    if pd.isna(cell) or cell.lower() in ("nat", "nan"):
        return None
    if _SECONDS.fullmatch(cell):
        return float(cell.replace(",", "."))
    try:
        seconds = pd.Timedelta(cell).total_seconds()
    except ValueError:
        seconds = -1.0
    if seconds < 0:
        raise CorpusError(f"{where}: {cell!r} is no time: write seconds, such as 1.5")
    return seconds
