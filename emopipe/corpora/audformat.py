"""Databases of audformat: tables db.NAME.csv beside a header db.yaml, joined by file."""

from pathlib import Path

import pandas as pd

from emopipe.corpora.folder import CorpusError
from emopipe.corpora.table_file import load_rows
from emopipe.corpora.table_text import read_table
from emopipe.text import shorten

_INDEX = ("file", "start", "end")
_TEXT = (*_INDEX, "emotion", "speaker", "gender", "sex")
_SPLITS = ("train", "dev", "val", "test")


def is_database(root: Path) -> bool:
    """Say whether a folder is the root of a database of audformat."""
    return (root / "db.yaml").is_file()


def load(root: Path, corpus: str, synonyms: dict) -> pd.DataFrame:
    """Return the clip table of a database.

    Tables with a column `emotion` give the rows, a table's name the split where it tells one;
    `speaker` becomes the subject, and what a table or the misc table of speakers says of a file or
    a speaker becomes columns.
    """
    tables = {path.name: _read(path) for path in _paths(root)}
    emotions = {name: t for name, t in tables.items() if {"file", "emotion"} <= set(t.columns)}
    if not emotions:
        raise CorpusError(
            f"{root}: none of the tables {shorten(tables)} has the columns file and emotion; write "
            "a table of your own (`emopipe corpora csv`)"
        )
    rows = pd.concat([_with_split(name, table) for name, table in emotions.items()])
    keys = [key for key in (*_INDEX, "emotion") if key in rows]
    rows = rows.sort_values("split", na_position="last", kind="stable") if "split" in rows else rows
    rows = rows.drop_duplicates(keys, ignore_index=True)
    for name, table in tables.items():
        rows = rows if name in emotions else _join(rows, table)
    rows = rows.rename(columns={"file": "path", "speaker": "subject", "gender": "sex"})
    return load_rows(rows, root / "db.yaml", root, corpus, synonyms)


def _paths(root: Path) -> list[Path]:
    """Return one file per table: as CSV where there is one, else as Parquet."""
    paths = sorted(root.glob("db.*.parquet")) + sorted(root.glob("db.*.csv"))
    return list({path.stem: path for path in paths}.values())


def _read(path: Path) -> pd.DataFrame:
    if path.suffix == ".csv":
        return read_table(path, _TEXT)
    try:
        table = pd.read_parquet(path)
    except ImportError:
        raise CorpusError(
            f"{path}: Parquet needs the package pyarrow: pip install pyarrow, or save the database "
            "with db.save(root, storage_format='csv')"
        ) from None
    text = [column for column in table if column in _TEXT]
    words = {
        column: table[column].astype(str).where(table[column].notna(), None) for column in text
    }
    return table.assign(**words)


def _with_split(name: str, table: pd.DataFrame) -> pd.DataFrame:
    split = next((word for word in _SPLITS if word in name.lower().split(".")), None)
    return table if split is None or "split" in table else table.assign(split=split)


def _join(rows: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the columns that a further table has of their files or speakers."""
    keys = (
        [key for key in _INDEX if key in table and key in rows] if "file" in table else ["speaker"]
    )
    new = [column for column in table if column not in rows.columns]
    if not new or not set(keys) <= set(table.columns) & set(rows.columns):
        return rows
    return rows.merge(table[[*keys, *new]].drop_duplicates(keys), on=keys, how="left")
