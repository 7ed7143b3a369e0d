"""Build a clip table from a folder: what the loaders of all corpora share.

A corpus' module states what the corpus is (`Corpus`) and how to read one file's name and
place (a function `Recording` -> dict of columns, or None for a foreign name). `build` does
the rest: several files of one take become one row, files that are no recordings are
excluded with a reason, and whatever differs from the distributed corpus is said in words.
"""

import filecmp
import re
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from operator import itemgetter
from typing import NamedTuple

import pandas as pd

from emopipe.corpora.clip_table import complete, set_about
from emopipe.corpora.folder import (
    MEDIA,
    CorpusError,
    CorpusWarning,
    Folder,
    Recording,
    scan,
    shorten,
)

# Whether each file is a row of its own.
_EVERY_FILE = ContextVar("every_file", default=False)
_SUFFIXES = [suffix for suffixes in MEDIA.values() for suffix in suffixes]


class Description(NamedTuple):
    """What to tell somebody who wants to use a corpus.

    Attributes
    ----------
    title, layout, request, licence, paper : str
        Full name; a small tree of the expected folder; where to ask for it; under which terms;
        what to cite.
    """

    title: str
    layout: str
    request: str
    licence: str
    paper: str


@dataclass(frozen=True)
class Corpus:
    """One corpus as its authors distribute it.

    Attributes
    ----------
    name : str
        Short name, as given to `load_corpus`.
    about : Description
        What to tell a person.
    media : tuple of str
        Which kinds of file are its clips; the first that a take has becomes its `path`.
    example : str
        A typical file name.
    clips : int, optional
        Number of rows of the complete corpus.
    subjects : tuple of str
        Names of all subjects, where they are known.
    part : str
        Regular expression of the names of folders inside the corpus, by which a root that is
        too deep gives itself away.
    """

    name: str
    about: Description
    media: tuple[str, ...]
    example: str
    clips: int | None = None
    subjects: tuple[str, ...] = ()
    part: str = r"(?!)"


def warn(corpus: Corpus, folder: Folder, text: str):
    """Say what is unusual about a corpus on disk."""
    message = CorpusWarning(f"{corpus.name} in {folder.root}: {text}", f"{corpus.name}: {text}")
    warnings.warn(message, stacklevel=5)


@contextmanager
def every_file() -> Iterator[None]:
    """Within this block tables have a row for each file, not for each take: none is left out."""
    before = _EVERY_FILE.set(True)
    try:
        yield
    finally:
        _EVERY_FILE.reset(before)


def build(corpus: Corpus, folder: Folder, read, *, take=("take",), keep=None) -> pd.DataFrame:
    """Return the clip table of the recordings whose names `read` understands.

    Parameters
    ----------
    corpus : Corpus
        What the complete corpus is.
    folder : Folder
        What lies on disk.
    read : callable
        Recording -> dict of columns, or None where the name is not one of this corpus;
        "excluded" gives a reason for leaving it out.
    take : tuple of str
        Columns in which the files of one clip agree: its best file becomes `path`, a separate
        sound `audio`.
    keep : callable, optional
        dict of columns -> bool; the files that may become a `path`.

    Returns
    -------
    DataFrame
        A clip table.

    Raises
    ------
    CorpusError
        No file has a name of this corpus, or none is a recording.
    """
    takes: dict[tuple, list[tuple[Recording, dict]]] = {}
    foreign = []
    for recording in folder.recordings:
        if recording.medium not in corpus.media:
            continue
        facts = read(recording)
        if facts is None:
            foreign.append(recording.clip)
        else:
            every_file = _EVERY_FILE.get()
            key = (recording.path,) if every_file else tuple(facts[column] for column in take)
            takes.setdefault(key, []).append((recording, facts))
    clips = [f for f in takes.values() if keep is None or any(keep(facts) for _, facts in f)]
    rows = [_row(corpus, files, keep) for files in clips]
    if not rows:
        raise CorpusError(_explain_empty(corpus, folder, foreign))
    table = complete(pd.DataFrame(sorted(rows, key=itemgetter("clip"))))
    faults = _report_files(corpus, folder, table, takes, foreign)
    set_about(table, corpus.name, damaged=faults)
    table.attrs["left_out"] = folder.leftovers_beside_tables
    return table


def _row(corpus: Corpus, files: list[tuple[Recording, dict]], keep) -> dict:
    def rank(file):
        recording, facts = file
        return (
            keep is not None and not keep(facts),
            bool(recording.fault),
            corpus.media.index(recording.medium),
            recording.stem,
            _SUFFIXES.index(recording.suffix),
            recording.clip,
        )

    files = sorted(files, key=rank)
    best, facts = files[0]
    row = {
        "clip": best.clip,
        "path": best.path,
        "corpus": corpus.name,
        "media": best.medium,
        "synthetic": best.synthetic,
    }
    if "audio" in corpus.media and len(corpus.media) > 1:
        sounds = [r.path for r, _ in files[1:] if r.medium == "audio" and not r.fault]
        row["audio"] = sounds[0] if sounds else None
    return row | facts | {"excluded": facts.get("excluded") or best.fault}


def _explain_empty(corpus: Corpus, folder: Folder, foreign: list[str]) -> str:
    kinds = " or ".join(corpus.media)
    if foreign:
        contents = (
            f"{len(foreign)} {kinds} files, but none is named like {corpus.example} "
            f"({shorten(foreign, 3)})"
        )
    elif folder.recordings:
        kind = Counter(recording.medium for recording in folder.recordings).most_common(1)[0][0]
        contents = (
            f"{kind} files ({shorten([r.clip for r in folder.recordings], 3)}), no {kinds} files"
        )
    elif folder.archives:
        contents = f"only archives ({shorten(sorted(folder.archives), 3)}): unpack them there first"
    else:
        contents = f"no {kinds} file at all"
    if _is_part(corpus, folder):
        contents += f".\nThe folder looks like a part of the corpus: try {folder.root.parent}"
    return (
        f"no clip of {corpus.about.title} below {folder.root}: found {contents}.\n"
        f"Expected:\n{corpus.about.layout}\n"
        f"Get it from: {corpus.about.request}"
    )


def _report_files(corpus, folder, table, takes, foreign) -> int:
    """Warn of what cannot be used, and return how many clips are no recordings."""
    file_faults = {recording.fault for files in takes.values() for recording, _ in files} - {""}
    faults = Counter(reason for reason in table["excluded"] if reason in file_faults)
    if faults.total() == len(table):
        reasons = "; ".join(f"{n} x {fault}" for fault, n in faults.items())
        raise CorpusError(f"{corpus.name} in {folder.root}: no clip is a recording: {reasons}")
    for fault, n in faults.items():
        clips = table["clip"][table["excluded"] == fault]
        warn(corpus, folder, f"{n} clips excluded: {fault}: {shorten(clips, 3)}")
    if foreign:
        warn(
            corpus,
            folder,
            f"{len(foreign)} files are not named like {corpus.example} and were left out: "
            f"{shorten(foreign, 3)}",
        )
    copies, others = _namesakes(takes)
    if copies:
        warn(
            corpus,
            folder,
            f"{len(copies)} files are copies, byte for byte, of a clip elsewhere below the root "
            f"and were left out: {shorten(copies, 3)}",
        )
    if others:
        warn(
            corpus,
            folder,
            f"{len(others)} files have the name of a clip elsewhere below the root and other "
            f"content; they were left out: {shorten(others, 3)}. Name the folder of one version "
            "as root if they are the better ones",
        )
    return faults.total()


def _namesakes(takes) -> tuple[list[str], list[str]]:
    """Return the files that are copies of one of the same name, and those that are not."""
    copies, others = [], []
    for files in takes.values():
        first = {}
        for recording, _ in files if len(files) > 1 else ():
            before = first.setdefault(recording.name.lower(), recording)
            if before is not recording:
                (copies if _is_copy(before.path, recording.path) else others).append(recording.clip)
    return copies, others


def _is_copy(first: str, second: str) -> bool:
    try:
        return filecmp.cmp(first, second, shallow=False)
    except OSError:
        return False


def _is_part(corpus: Corpus, folder: Folder) -> bool:
    return bool(re.fullmatch(corpus.part, folder.root.name, re.IGNORECASE))


def _spans(names: list[str], order: tuple[str, ...]) -> str:
    spans = []
    for name in names:
        if spans and order.index(spans[-1][-1]) + 1 == order.index(name):
            spans[-1].append(name)
        else:
            spans.append([name])
    return shorten(
        [f"{s[0]} to {s[-1]}" if len(s) > 2 else ", ".join(s) for s in spans],
        most=8,
    )


def check_complete(corpus: Corpus, folder: Folder, table: pd.DataFrame, *, mixed: bool = False):
    """Warn where a table is not the complete corpus: missing subjects or clips, or too many.

    A table that holds sound and video files of one take as rows of their own is `mixed`.
    """
    if table["synthetic"].any() or _EVERY_FILE.get():
        return
    about = table.attrs["corpora"][corpus.name]
    about["complete"] = corpus.clips
    about["missing"] = max(0, (corpus.clips or 0) - len(table))
    if _is_part(corpus, folder):
        warn(corpus, folder, f"this looks like a folder inside the corpus, of {folder.root.parent}")
    if corpus.clips is not None and len(table) != corpus.clips:
        subjects = set(table["subject"].dropna())
        absent = [subject for subject in corpus.subjects if subject not in subjects]
        warn(
            corpus,
            folder,
            f"{len(table)} clips, the complete corpus has {corpus.clips}"
            + (f"; no clip of subjects {_spans(absent, corpus.subjects)}" if absent else ""),
        )
    pictureless = table["media"].eq("audio")
    if not mixed and 0 < pictureless.sum() < len(table):
        warn(
            corpus,
            folder,
            f"{pictureless.sum()} of {len(table)} clips are sound only (no video file): "
            f"{shorten(table['clip'][pictureless], 3)}",
        )


def load_whole(corpus: Corpus, root, read) -> pd.DataFrame:
    """Return the clip table of a corpus whose names `read` understands, see `build`."""
    folder = scan(root)
    table = build(corpus, folder, read)
    check_complete(corpus, folder, table)
    return table
