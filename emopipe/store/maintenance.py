"""Maintain the store: list what it holds and of whom, find damage, remove entries."""

import hashlib
import os
import time
from collections import Counter
from collections.abc import Iterable

from emopipe.store.database import Database
from emopipe.store.records import COLUMNS, checksum_of, from_row
from emopipe.store.repair import FILE_COLUMNS

_DAMAGED = "(damaged name)"


def list_recipes(database: Database):
    """Return a DataFrame with a row per recipe: name, entries, bytes, last_used, parameters."""
    import pandas as pd

    rows = database.rows(
        "SELECT name, count(*), sum(bytes), max(used), parameters, recipes.checksum FROM entries "
        "LEFT JOIN recipes ON recipes.id = recipe GROUP BY recipe ORDER BY sum(bytes) DESC, name"
    )
    table = pd.DataFrame(
        [(*_recipe_texts(row[0], row[4], row[5]), *row[1:4]) for row in rows],
        columns=["name", "parameters", "entries", "bytes", "last_used"],
    )[["name", "entries", "bytes", "last_used", "parameters"]]
    table["last_used"] = pd.to_datetime(
        pd.to_numeric(table["last_used"], errors="coerce"), unit="s", errors="coerce"
    )
    return table


def _recipe_texts(name, parameters, checksum) -> tuple[str, str]:
    try:
        texts = name.decode(), parameters.decode()
    except (UnicodeDecodeError, AttributeError):
        return _DAMAGED, ""
    return texts if checksum_of(*texts) == checksum else (_DAMAGED, "")


def count_files(database: Database) -> Counter:
    """Return how many files of each folder the store knows by their paths."""
    paths = database.rows("SELECT path FROM files")
    return Counter(os.path.dirname(os.fsdecode(path)) for (path,) in paths)


def damaged_rows(database: Database) -> tuple[list[tuple], list[bytes]]:
    """Read everything; return id and key of damaged entries, and the paths of damaged file rows."""
    entries, last = [], 0
    query = f"SELECT id, {','.join(COLUMNS)} FROM entries WHERE id > ? ORDER BY id LIMIT 9"
    while rows := database.rows(query, (last,)):
        broken = [(number, row[0]) for number, *row in rows if from_row(*row) is None]
        entries += [(n, key.hex() if isinstance(key, bytes) else str(key)) for n, key in broken]
        if not isinstance(rows[-1][0], int) or rows[-1][0] <= last:
            break  # a sound table has rising numbers
        last = rows[-1][0]
    files = [
        path
        for path, *row, checksum in database.rows(f"SELECT {', '.join(FILE_COLUMNS)} FROM files")
        if checksum_of(path, *row) != checksum
    ]
    return entries, files


def forget_values(database: Database, *, max_bytes, older_than, recipe) -> int:
    """Delete entries as `Store.gc` describes, and return how many."""
    chosen = "SELECT id FROM recipes" + ("" if recipe is None else " WHERE name=:recipe")
    query = (
        "DELETE FROM entries WHERE id IN (SELECT id FROM (SELECT id, used, "
        "sum(bytes) OVER (ORDER BY used DESC, id DESC) AS total FROM entries "
        f"WHERE recipe IN ({chosen})) WHERE used < :before OR total > :most)"
    )
    if max_bytes is None and older_than is None and recipe is not None:
        query = f"DELETE FROM entries WHERE recipe IN ({chosen})"
    values = {
        "recipe": recipe,
        "before": -1 if older_than is None else time.time() - older_than,
        "most": 2**62 if max_bytes is None else max_bytes,
    }

    def delete(sql):
        forgotten = sql(query, values).rowcount
        sql("DELETE FROM recipes WHERE id NOT IN (SELECT recipe FROM entries)")
        return forgotten

    forgotten = database.run(delete, write=True)
    database.compact("PRAGMA incremental_vacuum")
    return forgotten


def find_files(database: Database, paths: Iterable[str]) -> tuple[set[str], set[str]]:
    """Return all paths that lead to some files, and the checksums noted of them.

    Parameters
    ----------
    database : Database
    paths : iterable of str
        Absolute; one through a symbolic link stands for the same file.
    """
    paths, contents = set(paths), set()
    real_paths = {os.path.realpath(path) for path in paths}
    for path, content in database.rows("SELECT path, content FROM files"):
        path = os.fsdecode(path) if isinstance(path, bytes) else ""
        if path in paths or os.path.realpath(path) in real_paths:
            paths.add(path)
            contents |= {content.hex()} if isinstance(content, bytes) else set()
    return paths | real_paths, contents


def forget_clips(database: Database, paths: Iterable[str], contents: Iterable[str]):
    """Delete all that was derived from some files, and what looks the same.

    Parameters
    ----------
    database : Database
    paths : iterable of str
        Absolute.
    contents : iterable of str
        Checksums of the files.

    Returns
    -------
    int, int, int
        Entries of these files; entries of which no file is known (what a file held before it was
        written anew, parts of recordings of an earlier version); paths.
    """
    contents = {bytes.fromhex(content) for content in contents}
    paths = {os.fsencode(path) for path in paths}

    def delete(sql):
        keys = _whole_file_keys(sql, contents)
        entries = sql("SELECT id, key, content FROM entries").fetchall()
        certain = [e[0] for e in entries if e[2] in contents or e[1] in keys]
        certain_ids = set(certain)
        files = sql("SELECT path, content FROM files").fetchall()
        noted = {f[1] for f in files}
        unknown = [e[0] for e in entries if e[2] not in noted and e[0] not in certain_ids]
        lost = [f[0] for f in files if f[0] in paths or f[1] in contents]
        for number in certain + unknown:
            sql("DELETE FROM entries WHERE id=?", (number,))
        for path in lost:
            sql("DELETE FROM files WHERE path=?", (path,))
        sql("DELETE FROM recipes WHERE id NOT IN (SELECT recipe FROM entries)")
        return len(certain), len(unknown), len(lost)

    counts = database.run(delete, write=True)
    database.compact("VACUUM")
    return counts


def _whole_file_keys(sql, contents) -> set[bytes]:
    """Return the keys of some files under every recipe of the store."""
    keys = set()
    for (parameters,) in sql("SELECT parameters FROM recipes").fetchall():
        recipe_key = hashlib.sha256(parameters).hexdigest()
        keys |= {hashlib.sha256((c.hex() + recipe_key).encode()).digest() for c in contents}
    return keys
