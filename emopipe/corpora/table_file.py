"""Any collection of clips that a CSV or TSV file describes."""

import os
import warnings
from pathlib import Path

import pandas as pd

from emopipe.corpora.clip_table import (
    EMOTIONS,
    FURTHER_EMOTIONS,
    canonical,
    check_people,
    complete,
)
from emopipe.corpora.folder import (
    MARKER,
    CorpusError,
    CorpusWarning,
    file_fault,
    listed,
    medium_of,
    read_csv,
)

_TEXT = ("clip", "path", "subject", "emotion", "corpus", "split", "media", "train_only",
         "excluded", "sex", "take", "audio")  # fmt: skip
_OFTEN_MEANT = {
    "path": ("file", "filename", "file_name", "filepath", "file_path", "video", "wav", "image"),
    "emotion": ("label", "class", "target", "emotions", "category"),
    "subject": ("speaker", "actor", "speaker_id", "actor_id", "subject_id", "person"),
}
_MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None"]
_SPLITS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
    "dev": "val", "test": "test", "testing": "test",
}  # fmt: skip
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_SEXES = {"m": "male", "man": "male", "male": "male", "f": "female", "w": "female",
          "woman": "female", "female": "female"}  # fmt: skip


def load_table(csv, root=None, *, corpus=None, synonyms=None) -> pd.DataFrame:
    """Return the clip table that a CSV or TSV file describes.

    Parameters
    ----------
    csv : str or Path
        A table with a heading: `path` and `emotion`; and, where known, `subject`, `split`
        (train, val or test), `train_only`, `excluded`, `clip`, `media`, `corpus`, `sex`, and
        anything else, which is kept. Comma, semicolon or tab separate. A row without an
        emotion is kept, but excluded.
    root : str or Path, optional
        Where relative paths start; the table's own folder by default.
    corpus : str, optional
        Name of the collection where the table has no column for it; the file's name by
        default. Subjects of equal name are one person within a corpus only.
    synonyms : dict of str to str, optional
        The table's own words for emotions, e.g. ``{"excited": "happiness"}``. Canonical names
        and their usual forms (angry, happy, sad ...) need none. An emotion that emopipe does
        not know may be kept by naming it itself: ``{"pride": "pride"}``.

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

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "clips.csv").write_text("path,emotion,subject\\na.wav,Happy,007\\n")
    >>> _ = (folder / "a.wav").write_bytes(b"RIFF")
    >>> load_table(folder / "clips.csv")[["clip", "subject", "emotion", "media"]]
        clip subject    emotion  media
    0  a.wav     007  happiness  audio
    """
    csv = Path(csv).expanduser()
    table = _read(csv)
    root = Path(os.path.abspath(Path(root).expanduser() if root else csv.parent))
    table["emotion"] = _emotions(table["emotion"], csv, synonyms or {})
    first = table["path"].iloc[0]
    for column in ("path", "audio"):
        if column in table:
            table[column] = [_absolute(path, root) for path in table[column]]
    table = _without_repetitions(table, csv)
    faults = [file_fault(Path(path)) for path in table["path"]]
    _report_faults(table, faults, csv, root, first)
    if "clip" not in table:
        table["clip"] = [_clip(path, root) for path in table["path"]]
    if "media" not in table:
        table["media"] = _media(table["path"], csv)
    if "corpus" not in table:
        table["corpus"] = corpus or csv.stem
    _translate(table, csv)
    table["excluded"] = _reasons(table, faults)
    table["synthetic"] = (root / MARKER).is_file() or (csv.parent / MARKER).is_file()
    table = complete(table)
    check_people(table, str(csv))
    return table


def _read(csv: Path) -> pd.DataFrame:
    if not csv.is_file():
        raise FileNotFoundError(f"no table {csv}: check the path")
    with open(csv, encoding="utf-8-sig", errors="replace") as stream:
        heading = stream.readline()
    separator = max("\t;,", key=heading.count)
    options = {"sep": separator, "encoding": "utf-8-sig", "skipinitialspace": True}
    columns = read_csv(csv, nrows=0, **options).columns
    names = {c: c.strip().lower() if c.strip().lower() in _TEXT else c.strip() for c in columns}
    # "NA" is a subject of JAFFE: words for "missing" count in columns of figures only.
    text = [column for column in columns if names[column] in _TEXT]
    missing = {column: [""] if column in text else _MISSING for column in columns}
    table = read_csv(
        csv,
        dtype=dict.fromkeys(text, str),
        keep_default_na=False,
        na_values=missing,
        **options,
    )
    if not isinstance(table.index, pd.RangeIndex):
        raise CorpusError(
            f"{csv}: rows have more cells than the heading has names ({', '.join(names.values())}):"
            " take away a comma at the end of the rows, or name every column"
        )
    table = table.rename(columns=names)
    for column in set(table).intersection(_TEXT) - {"path", "audio"}:
        # "anna" and "anna " are one person, whatever a spreadsheet shows.
        table[column] = table[column].str.strip().replace("", None)
    for column in ("path", "emotion"):
        if column not in table:
            raise CorpusError(_no_column(column, csv, table))
    if "subject" not in table and _meant("subject", table):
        # without subjects nothing keeps a person out of both sides of a split
        warnings.warn(_no_column("subject", csv, table), CorpusWarning, stacklevel=3)
    if table["path"].isna().any():
        n = table["path"].isna().sum()
        raise CorpusError(f"{csv}: {n} rows have an empty path: fill or remove them")
    if table.empty:
        raise CorpusError(f"{csv}: the table has a heading but no rows")
    return table


def _meant(column: str, table: pd.DataFrame) -> list[str]:
    return [name for name in table if name.lower() in _OFTEN_MEANT[column]]


def _no_column(column: str, csv: Path, table: pd.DataFrame) -> str:
    meant = _meant(column, table)
    advice = f"; rename {meant[0]!r} to {column!r} if that is meant" if meant else ""
    return f"{csv}: no column {column!r}; there are {', '.join(map(repr, table))}{advice}"


def _emotions(labels: pd.Series, csv: Path, synonyms: dict) -> list:
    own = {str(word).strip().lower(): emotion for word, emotion in synonyms.items()}

    def translate(label):
        if pd.isna(label):
            return None
        return own.get(label.strip().lower()) or canonical(label)

    emotions = [translate(label) for label in labels]
    unknown = labels[[e is None and pd.notna(lab) for e, lab in zip(emotions, labels, strict=True)]]
    if len(unknown):
        counts = [f"{label!r} ({n} rows)" for label, n in unknown.value_counts().items()]
        raise CorpusError(
            f"{csv}: emotions that are not known: {listed(counts, 8)}; known are "
            f"{', '.join(EMOTIONS + FURTHER_EMOTIONS)} and their usual forms. Translate others "
            'with synonyms={"word": "emotion"}, or leave their cells empty to leave them out'
        )
    return emotions


def _absolute(path, root: Path) -> str | None:
    return None if pd.isna(path) else os.path.normpath(root / path.replace("\\", "/"))


def _without_repetitions(table: pd.DataFrame, csv: Path) -> pd.DataFrame:
    same = table.drop_duplicates()
    twice = same["path"][same["path"].duplicated()]
    if len(twice):
        raise CorpusError(
            f"{csv}: {twice.nunique()} files have several rows that differ "
            f"({listed(twice.unique(), 3)}); a clip is one row"
        )
    if len(same) < len(table):
        text = f"{csv}: {len(table) - len(same)} rows repeat another and were dropped"
        warnings.warn(text, CorpusWarning, stacklevel=3)
    return same.reset_index(drop=True)


def _report_faults(table: pd.DataFrame, faults: list[str], csv: Path, root: Path, first: str):
    bad = [f"{p}: {fault}" for p, fault in zip(table["path"], faults, strict=True) if fault]
    if not bad:
        return
    text = f"{csv}: {len(bad)} of {len(table)} files are missing or no recordings"
    if len(bad) < len(table):
        text = f"{text} and are excluded ({listed(bad, 3)})"
        warnings.warn(text, CorpusWarning, stacklevel=3)
        return
    near = _nearby_root(root, first)
    advice = f"pass root={str(near)!r}" if near else "pass root=, the folder that they start from"
    raise FileNotFoundError(f"{text}; {advice} ({listed(bad, 3)})")


def _nearby_root(root: Path, path: str) -> Path | None:
    parts = Path(path.replace("\\", "/")).parts
    places = [root.parent, root.parent.parent, *(p for p in sorted(root.glob("*")) if p.is_dir())]
    return next((place for place in places if place.joinpath(*parts).is_file()), None)


def _clip(path: str, root: Path) -> str:
    try:
        return Path(path).relative_to(root).as_posix()
    except ValueError:
        return Path(path).as_posix()


def _media(paths: pd.Series, csv: Path) -> list[str]:
    media = [medium_of(path) for path in paths]
    unknown = sorted({Path(p).suffix for p, m in zip(paths, media, strict=True) if m is None})
    if unknown:
        raise CorpusError(
            f"{csv}: whether files ending in {', '.join(map(repr, unknown))} are video, audio or "
            'image is not known; say so in a column "media"'
        )
    return media


def _translate(table: pd.DataFrame, csv: Path):
    if "clip" in table and table["clip"].duplicated().any():
        twice = table["clip"][table["clip"].duplicated()]
        raise CorpusError(f"{csv}: names in column 'clip' occur twice: {listed(twice, 3)}")
    for column, words in {"split": _SPLITS, "train_only": _TRUTHS}.items():
        if column in table:
            table[column] = _words(table[column], words, column, csv)
    if "train_only" in table:
        table["train_only"] = [value is True for value in table["train_only"]]
    if "sex" in table:
        table["sex"] = [_SEXES.get(str(sex).strip().lower(), sex) for sex in table["sex"]]


def _words(values: pd.Series, words: dict, column: str, csv: Path) -> list:
    known = [None if pd.isna(v) else words.get(v.strip().lower(), v) for v in values]
    unknown = sorted({v for v in known if isinstance(v, str) and v not in words.values()})
    if unknown:
        raise CorpusError(
            f"{csv}: column {column!r} holds {listed(map(repr, unknown))}; "
            f"it can hold {', '.join(words)}"
        )
    return known


def _reasons(table: pd.DataFrame, faults: list[str]) -> list[str]:
    given = table["excluded"].fillna("") if "excluded" in table else [""] * len(table)
    return [
        reason or fault or ("" if pd.notna(emotion) else "no emotion given")
        for reason, fault, emotion in zip(given, faults, table["emotion"], strict=True)
    ]
