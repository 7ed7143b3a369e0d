"""Rebuild a damaged store, or one of an earlier version, from its intact entries."""

import hashlib
import os
import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from emopipe.store.records import COLUMNS, checksum_of, from_first_schema, from_row, to_row
from emopipe.store.schema import (
    DATABASE_ERRORS,
    StoreError,
    StoreWarning,
    Unsound,
    connect,
    create_tables,
)
from emopipe.text import printable

_FIRST_COLUMNS = ("status", "detail", "counts", "dtype", "shape", "checksum", "value")
_PUT = (
    f"INSERT OR REPLACE INTO entries (recipe, used, bytes, {', '.join(COLUMNS)}) "
    f"VALUES (?, ?, ?, {', '.join('?' * len(COLUMNS))})"
)
FILE_COLUMNS = ("path", "size", "changed", "inode", "content", "checksum")
PUT_FILE = "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?)"
# Numbers that cannot be read, one after the other, after which the rest is given up: a damaged
# page of the tree hides some thousands.
_MISSES = 20_000
_ENDS = ("", "-journal", "-wal", "-shm")


@contextmanager
def folder_lock(path, *, exclusive: bool) -> Iterator[None]:
    """Keep other processes from rebuilding, or (exclusive) from opening, the store at a path."""
    try:
        import fcntl

        descriptor = os.open(Path(path).parent, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def put_row(sql, recipe: int, used: int, row: tuple) -> None:
    """Insert what `to_row` returned."""
    sql(_PUT, (recipe, used, len(row[-1] or b""), *row))


def recipe_id(sql, name: str, parameters: str) -> int:
    """Return the number of a recipe, entered where it is new."""
    recipe = name, parameters
    checksum = checksum_of(*recipe)
    query = "SELECT id, checksum FROM recipes WHERE name=? AND parameters=?"
    insert = "INSERT OR IGNORE INTO recipes (name, parameters, checksum) VALUES (?, ?, ?)"
    sql(insert, (*recipe, checksum))
    row = sql(query, recipe).fetchone()
    if row is None:
        raise Unsound("damaged")
    if row[1] != checksum:
        sql("UPDATE recipes SET checksum=? WHERE id=?", (checksum, row[0]))
    return row[0]


def _has(sql, table) -> bool:
    """Say whether a table can be asked at all."""
    try:
        sql(f"SELECT 1 FROM {table} WHERE 0").fetchall()
    except DATABASE_ERRORS:
        return False
    return True


def scan(sql, table: str, columns) -> Iterator[tuple]:
    """Yield id and columns of every row that can be read; what cannot is stepped over."""
    names, last, misses = ", ".join(("id", *columns)), 0, 0
    query = f"SELECT {names} FROM {table} WHERE id"
    while misses < _MISSES:
        try:
            rows = sql(f"{query} > ? ORDER BY id LIMIT 20", (last,)).fetchall()
            if not rows or not _rise([last, *(row[0] for row in rows)]):
                return
            last, misses = rows[-1][0], 0
        except DATABASE_ERRORS as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
            if code & 0xFF != sqlite3.SQLITE_CORRUPT or not _has(sql, table):
                return
            last, misses, rows = last + 1, misses + 1, []
            with suppress(*DATABASE_ERRORS):
                rows = sql(f"{query} = ?", (last,)).fetchall()
        yield from rows


def _rise(numbers) -> bool:
    """Say whether the ids of rows are numbers that rise, as those of a sound table do."""
    whole = all(isinstance(number, int) for number in numbers)
    return whole and all(a < b for a, b in pairwise(numbers))


def _recipes(sql) -> dict[int, tuple[str, str]]:
    recipes = {}
    for number, name, parameters in scan(sql, "recipes", ("name", "parameters")):
        with suppress(UnicodeDecodeError, AttributeError):
            recipes[number] = name.decode(), parameters.decode()
    return recipes


def _entries(sql) -> Iterator[tuple]:
    """Yield recipe, time of use, key, content and entry of all that is intact."""
    for _, recipe, used, *row in scan(sql, "entries", ("recipe", "used", *COLUMNS)):
        entry = from_row(*row)
        if entry is not None:
            yield recipe, used, row[0].hex(), row[1] and row[1].hex(), entry


def _first_entries(sql, recipes, files) -> Iterator[tuple]:
    """Yield the same of a file of schema 1, which did not say of which file an entry is."""
    contents = [file[4] for file in files]

    @lru_cache(maxsize=4)
    def by_key(recipe):
        _, parameters = recipes.get(recipe, ("", ""))
        suffix = hashlib.sha256(parameters.encode()).hexdigest().encode()
        return {hashlib.sha256(content + suffix).digest(): content for content in contents}

    for _, recipe, used, key, *row in scan(
        sql, "entries", ("recipe", "used", "key", *_FIRST_COLUMNS)
    ):
        entry = from_first_schema(*row)
        if entry is not None and isinstance(key, bytes) and len(key) == 32:
            content = by_key(recipe).get(key)
            yield recipe, used, key.hex(), content and content.decode(), entry


def _files(sql, columns) -> list[tuple]:
    """Return the rows about files, up to the first that cannot be read."""
    rows = []
    with suppress(*DATABASE_ERRORS):
        rows.extend(sql(f"SELECT {', '.join(columns)} FROM files"))
    return rows


def _first_files(sql) -> list[tuple]:
    rows = _files(sql, ("path", "size", "mtime", "inode", "content"))
    return [row for row in rows if isinstance(row[4], bytes) and len(row[4]) == 64]


def _copy(source, target, state) -> int:
    """Copy what is intact; return how many entries."""
    recipes, n = _recipes(source), 0
    if state == "first":
        files = _first_files(source)
        entries = _first_entries(source, recipes, files)
    else:
        files = [f for f in _files(source, FILE_COLUMNS) if checksum_of(*f[:-1]) == f[-1]]
        entries = _entries(source)
    contents = set()
    for recipe, used, key, content, entry in entries:
        number = recipe_id(target, *recipes.get(recipe, ("unknown", "")))
        used = used if isinstance(used, int) else 0
        put_row(target, number, used, to_row(key, entry, content))
        contents.add(content)
        n += 1
    for file in files:
        if state == "first":
            content = file[4].decode()
            if content not in contents:  # nothing vouches for it
                continue
            file = *file[:4], bytes.fromhex(content)
            file = *file, checksum_of(*file)
        target(PUT_FILE, file)
    return n


def _fill(path: Path, fresh: Path, state: str) -> int:
    """Write a sound store with what is intact in another file; return how many entries."""
    with closing(connect(path, timeout=5)) as source, closing(connect(fresh, timeout=5)) as target:
        create_tables(target, path.parent)
        (mode,) = target.execute("PRAGMA journal_mode").fetchone()
        target.execute("PRAGMA journal_mode=OFF")
        with suppress(*DATABASE_ERRORS):
            # A file that lacks its end, or whose tables have odd texts, is read all the same.
            source.execute("PRAGMA writable_schema=ON")
            source.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            source.execute("BEGIN IMMEDIATE")  # who still writes there waits, and then reopens
        target.execute("BEGIN IMMEDIATE")
        n = _copy(source.execute, target.execute, state)
        target.execute("COMMIT")
        target.execute(f"PRAGMA journal_mode={mode.decode()}")
    return n


def rebuild(path: Path, inode: int, state: str, reason: str) -> None:
    """Put a sound store in the place of a damaged one, or of one of schema 1.

    What is damaged is kept beside it as NAME.damaged. Where another process has done so already,
    nothing happens.

    Parameters
    ----------
    path : Path
        The file.
    inode : int
        Of the file that was judged.
    state : str
        "damaged" or "first".
    reason : str
        Why, in words.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    fresh, aside = (path.with_name(path.name + end) for end in (".rebuilt", ".damaged"))
    with folder_lock(path, exclusive=True):
        if not path.exists() or path.stat().st_ino != inode:
            return
        try:
            _remove(fresh)
            n = _fill(path, fresh, state)
            if state == "damaged":
                _keep(path, aside)
            for end in _ENDS[1:]:
                Path(f"{path}{end}").unlink(missing_ok=True)
            os.replace(fresh, path)
        except (OSError, *DATABASE_ERRORS) as error:
            raise StoreError(
                f"the store {printable(path)} must be written anew ({reason}), which failed "
                f"({error}): make room for a second copy beside it, or move it away"
            ) from error
        finally:
            _remove(fresh)
    saved = f"{n} intact values are used on, the others are computed again"
    if state == "damaged":
        text = f"was damaged ({reason}): {saved}; the damaged file is {printable(aside)}"
    else:
        text = f"was written by an earlier emopipe and is written anew: {saved}"
    warnings.warn(f"the store {printable(path)} {text}", StoreWarning, stacklevel=2)


def remove_leftovers(path: Path) -> None:
    """Delete what repairs of a store left beside it: damaged files, and one cut off by a kill."""
    with folder_lock(path, exclusive=True):
        for end in (".rebuilt", ".damaged"):
            _remove(path.with_name(path.name + end))


def _remove(path):
    for end in _ENDS:
        Path(f"{path}{end}").unlink(missing_ok=True)


def _keep(path, aside):
    """Give the damaged file another name, and take that of an earlier one away."""
    aside.unlink(missing_ok=True)
    try:
        os.link(path, aside)
    except OSError:  # a file system without links
        os.replace(path, aside)
