"""Load any collection of clips that a table describes."""

import os
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from emopipe.corpora.clip_paths import Locator, is_absolute, with_parts
from emopipe.corpora.clip_table import (
    check_people,
    complete,
    set_about,
    with_notices,
)
from emopipe.corpora.folder import (
    MARKER,
    CorpusError,
    CorpusWarning,
    file_fault,
    medium_of,
    shorten,
)
from emopipe.corpora.table_text import read_table
from emopipe.corpora.words import emotions_of, translate
from emopipe.files import expand_user
from emopipe.media.excerpts import parse

_TEXT = ("clip", "path", "subject", "emotion", "corpus", "split", "media", "train_only",
         "excluded", "sex", "take", "audio", "start", "end", "stop")  # fmt: skip
_OFTEN_MEANT = {
    "path": ("file", "filename", "file_name", "filepath", "file_path", "video", "wav", "image"),
    "emotion": ("label", "class", "target", "emotions", "category"),
    "subject": ("speaker", "actor", "speaker_id", "actor_id", "subject_id", "person"),
}


def load_table(csv, root=None, *, corpus=None, synonyms=None) -> pd.DataFrame:
    """Return the clip table that a CSV or TSV file, or an Excel workbook, describes.

    Parameters
    ----------
    csv : str or Path
        A table with a heading: `path` and `emotion`; and, where known, `subject`, `split`
        (train, val or test), `train_only`, `excluded`, `clip`, `media`, `corpus`, `sex`,
        `audio` (a separate recording of the sound), and anything else, which is kept. Columns
        `start` and `end` (seconds) make a row a part of its recording, as does a path such as
        "a.wav#t=0,1.5". Comma, semicolon or tab separate; an Excel workbook (.xlsx) does as
        well. A row without an emotion is kept, but excluded.
    root : str or Path, optional
        Where relative paths start; the table's own folder by default.
    corpus : str, optional
        Name of the collection where the table has no column for it; the file's name by
        default. Subjects of equal name are one person within a corpus only.
    synonyms : dict of str to (str or None), optional
        The table's own words or codes for emotions, e.g. ``{"excited": "happy"}``. Canonical
        names and their usual forms (angry, happy, sad ...) need none; what is said of a canonical
        name holds for these forms, too. None leaves a word's rows out: ``{"other": None}``. An
        emotion that emopipe does not know is kept if it names itself: ``{"pride": "pride"}``.

    Returns
    -------
    DataFrame
        A clip table. Files that are missing or cannot be recordings have a reason in `excluded`.

    Raises
    ------
    FileNotFoundError
        The table is not there, or none of its files is; the message says where they were
        looked for, and which `root` would find them if one is near.
    CorpusError
        A needed column is missing; an emotion, split or kind of file is unknown; a clip is
        listed twice with different emotions or other values; a person has two names.

    See Also
    --------
    load_folder : A folder of your own clips.
    load_corpus : A known corpus.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from emopipe import load_table
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "clips.csv").write_text("path,emotion,subject\\na.wav,Happy,007\\n")
    >>> _ = (folder / "a.wav").write_bytes(b"RIFF")
    >>> load_table(folder / "clips.csv")[["clip", "subject", "emotion", "media"]]
        clip subject    emotion  media
    0  a.wav     007  happiness  audio
    """
    csv = expand_user(csv)
    root = Path(os.path.abspath(expand_user(root) if root else csv.parent))
    return with_notices(
        lambda: load_rows(read_table(csv, _TEXT), csv, root, corpus or csv.stem, synonyms or {})
    )


def load_rows(rows: pd.DataFrame, csv: Path, root: Path, corpus: str, synonyms: dict):
    """Return the clip table of rows that a table `csv` holds, as `load_table` describes it."""
    table = _check_rows(rows, csv)
    table = table.assign(**emotions_of(table["emotion"], csv, synonyms))
    first = table["path"].iloc[0]
    table = _locate(table, root, csv)
    table = _without_repetitions(table, csv)
    faults = [file_fault(Path(parse(path).path)) for path in table["path"]]
    _report_faults(table, faults, csv, root, first)
    if "clip" not in table:
        table["clip"] = [_clip(path, root) for path in table["path"]]
    if "media" not in table:
        table["media"] = _media(table["path"], csv)
    if "corpus" not in table:
        table["corpus"] = corpus
    translate(table, csv)
    table["excluded"] = _reasons(table, faults)
    table["synthetic"] = (root / MARKER).is_file() or (csv.parent / MARKER).is_file()
    table = complete(table.drop(columns=["left_out"]))
    check_people(table, str(csv))
    for name, rows in table.groupby("corpus", sort=False):
        damaged = sum(map(bool, np.array(faults)[rows.index]))
        set_about(table, name, complete=len(rows), damaged=damaged)
    return table


def _check_rows(table: pd.DataFrame, csv: Path) -> pd.DataFrame:
    """Return rows that have a path each, with an end where a recording's part has one."""
    if table.empty:
        raise CorpusError(f"{csv}: the table has a heading but no rows")
    for column in ("path", "emotion"):
        if column not in table:
            raise CorpusError(_no_column(column, csv, table))
    if "subject" not in table and _meant("subject", table):
        # without subjects nothing keeps a person out of both sides of a split
        _warn(csv, _no_column("subject", csv, table))
    if "audio" in table:
        alone = table["path"].isna()
        table["path"] = table["path"].where(~alone, table["audio"])
    if table["path"].isna().any():
        n = table["path"].isna().sum()
        raise CorpusError(f"{csv}: {n} rows have an empty path: fill or remove them")
    if "end" in table and "stop" in table:
        raise CorpusError(f"{csv}: columns 'end' and 'stop' mean the same: remove one of them")
    return table.rename(columns={"stop": "end"})


def _locate(table: pd.DataFrame, root: Path, csv: Path) -> pd.DataFrame:
    """Return the table with absolute paths, of parts of recordings where it has start or end."""
    locator = Locator(root, csv)
    parts = [table[name] if name in table else [None] * len(table) for name in ("start", "end")]
    for column in ("path", "audio"):
        if column in table:
            paths = locator.paths(table[column])
            table[column] = with_parts(paths, *parts, csv)
    if "audio" in table:
        table["audio"] = _sounds(table["audio"], csv)
    return table.drop(columns=["start", "end"], errors="ignore")


def _sounds(paths, csv: Path) -> list[str | None]:
    """Return the paths of sounds, None where there is no such recording."""
    faults = {path: file_fault(Path(parse(path).path)) for path in paths if pd.notna(path)}
    lost = [f"{os.path.basename(path)}: {fault}" for path, fault in faults.items() if fault]
    if lost:
        _warn(csv, f"{csv}: {len(lost)} files in column 'audio' are left out ({shorten(lost, 3)})")
    return [None if faults.get(path, "no path") else path for path in paths]


def _warn(csv: Path, text: str):
    notice = text.replace(str(csv), csv.name)
    warnings.warn(CorpusWarning(text, notice), stacklevel=3)


def _meant(column: str, table: pd.DataFrame) -> list[str]:
    return [name for name in table if name.lower() in _OFTEN_MEANT[column]]


def _no_column(column: str, csv: Path, table: pd.DataFrame) -> str:
    meant = _meant(column, table)
    advice = f"; rename {meant[0]!r} to {column!r} if that is meant" if meant else ""
    if (csv.parent / "db.yaml").is_file():
        advice = f"; it is a table of a database of audformat: name its folder, {csv.parent}"
    return f"{csv}: no column {column!r}; there are {', '.join(map(repr, table))}{advice}"


def _without_repetitions(table: pd.DataFrame, csv: Path) -> pd.DataFrame:
    same = table.drop_duplicates()
    twice = same["path"][same["path"].duplicated()]
    if len(twice):
        raise CorpusError(
            f"{csv}: {twice.nunique()} files have several rows that differ "
            f"({shorten(twice.unique(), 3)}); a clip is one row"
        )
    if len(same) < len(table):
        text = f"{csv}: {len(table) - len(same)} rows repeat another and were dropped"
        _warn(csv, text)
    return same.reset_index(drop=True)


def _report_faults(table: pd.DataFrame, faults: list[str], csv: Path, root: Path, first: str):
    rows = zip(table["path"], faults, strict=True)
    bad = [f"{_clip(path, root)}: {fault}" for path, fault in rows if fault]
    if not bad:
        return
    text = f"{csv}: {len(bad)} of {len(table)} files are missing or no recordings"
    if len(bad) < len(table):
        _warn(csv, f"{text} and are excluded ({shorten(bad, 3)})")
        return
    near = _nearby_root(root, first)
    advice = "pass root=, the folder that they start from"
    if near:
        advice = f"pass root={str(near)!r}"
    elif is_absolute(first):
        advice = "if the paths are of another machine, pass root=, the folder that holds them here"
    raise FileNotFoundError(f"{text}; {advice} ({shorten(bad, 3)})")


def _nearby_root(root: Path, path: str) -> Path | None:
    parts = Path(path.replace("\\", "/")).parts
    folders = [root.parent, root.parent.parent, *(p for p in sorted(root.glob("*")) if p.is_dir())]
    return next((folder for folder in folders if folder.joinpath(*parts).is_file()), None)


def _clip(path: str, root: Path) -> str:
    try:
        return Path(path).relative_to(root).as_posix()
    except ValueError:
        return Path(path).as_posix()


def _media(paths: pd.Series, csv: Path) -> list[str]:
    files = [parse(path).path for path in paths]
    media = [medium_of(file) for file in files]
    unknown = sorted({Path(f).suffix for f, m in zip(files, media, strict=True) if m is None})
    if unknown:
        raise CorpusError(
            f"{csv}: whether files ending in {', '.join(map(repr, unknown))} are video, audio or "
            'image is not known; say so in a column "media"'
        )
    return media


def _reasons(table: pd.DataFrame, faults: list[str]) -> list[str]:
    reasons = table["excluded"].fillna("") if "excluded" in table else [""] * len(table)
    return [
        reason or fault or left_out or ("" if pd.notna(emotion) else "no emotion given")
        for reason, fault, left_out, emotion in zip(
            reasons, faults, table["left_out"], table["emotion"], strict=True
        )
    ]
