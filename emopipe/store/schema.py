"""Create the tables of a store, and recognise a store among other files."""

import os
import sqlite3
from contextlib import suppress
from functools import cache
from pathlib import Path

from emopipe.text import printable

# Raised with every change of the tables: their text must change, too, for a number alone is not
# believed. SCHEMA 1 lacked the keys in its checksums.
SCHEMA = 2
APPLICATION = 0x656D6F70  # "emop": tells our files from other programs' SQLite files
_MAGIC = b"SQLite format 3\0"
TABLES = """
CREATE TABLE recipes (id INTEGER PRIMARY KEY, name TEXT NOT NULL, parameters TEXT NOT NULL,
                      checksum BLOB NOT NULL, UNIQUE (name, parameters));
CREATE TABLE entries (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, content BLOB,
                      recipe INTEGER NOT NULL, used INTEGER NOT NULL, bytes INTEGER NOT NULL,
                      status TEXT NOT NULL, detail TEXT NOT NULL, counts TEXT NOT NULL, dtype TEXT,
                      shape TEXT, digest BLOB, checksum BLOB NOT NULL, value BLOB);
CREATE INDEX entries_by_use ON entries (recipe, used, bytes);
CREATE TABLE files (path BLOB PRIMARY KEY, size INTEGER NOT NULL, changed INTEGER NOT NULL,
                    inode INTEGER NOT NULL, content BLOB NOT NULL, checksum BLOB NOT NULL)
                    WITHOUT ROWID;
"""
FIRST_TABLES = """
CREATE TABLE recipes (id INTEGER PRIMARY KEY, name TEXT NOT NULL, parameters TEXT NOT NULL,
                      UNIQUE (name, parameters));
CREATE TABLE entries (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, recipe INTEGER NOT NULL,
                      used INTEGER NOT NULL, bytes INTEGER NOT NULL, status TEXT NOT NULL,
                      detail TEXT NOT NULL, counts TEXT NOT NULL, dtype TEXT, shape TEXT,
                      checksum BLOB NOT NULL, value BLOB);
CREATE INDEX entries_by_use ON entries (recipe, used, bytes);
CREATE TABLE files (path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, inode INTEGER,
                    content TEXT NOT NULL) WITHOUT ROWID;
"""
_MOUNTS = Path("/proc/mounts")
# File systems on which SQLite's shared memory does not work, or works on one machine only.
_SHARED = "nfs nfs4 cifs smb3 smbfs lustre gpfs beegfs ceph afs 9p fuse.sshfs fuse.glusterfs"
_OBJECTS = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"


# What a question to SQLite raises: Python cannot read a message that quotes damaged bytes.
DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)


class StoreError(OSError):
    """A store that cannot be used: the message names the file, what was found and what to do."""


class StoreWarning(UserWarning):
    """Something in a store was damaged: the message says what is used on and what is not."""


class Unsound(Exception):
    """The file is not what a store of this version is; the first argument is `judge`'s word."""


def _on_network(folder: Path) -> bool:
    """Say whether a folder is mounted from elsewhere (Linux only; False where unknown)."""
    try:
        mounts = [line.split() for line in _MOUNTS.read_text().splitlines()]
    except OSError:
        return False
    prefix = f"{folder.resolve()}/"
    above = [m for m in mounts if prefix.startswith(m[1].rstrip("/") + "/")]
    return bool(above) and max(above, key=lambda m: len(m[1]))[2] in _SHARED.split()


class _Cursor(sqlite3.Cursor):
    """A cursor for which an error that SQLite words in damaged names is one of a damaged file."""

    def execute(self, *statement):
        try:
            return super().execute(*statement)
        except UnicodeDecodeError as error:
            raise _misspelt(error) from error

    def fetchone(self):
        try:
            return super().fetchone()
        except UnicodeDecodeError as error:
            raise _misspelt(error) from error

    def fetchall(self):
        try:
            return super().fetchall()
        except UnicodeDecodeError as error:
            raise _misspelt(error) from error

    def __next__(self):
        try:
            return super().__next__()
        except UnicodeDecodeError as error:
            raise _misspelt(error) from error


def _misspelt(error: UnicodeDecodeError) -> sqlite3.DatabaseError:
    text = error.object.decode("utf-8", "backslashreplace")
    damage = sqlite3.DatabaseError(printable(text))
    damage.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return damage


class _Connection(sqlite3.Connection):
    def execute(self, *statement):
        return self.cursor(_Cursor).execute(*statement)


def connect(path, *, timeout: float) -> sqlite3.Connection:
    """Open an SQLite file, made where missing so that only its owner can read it."""
    with suppress(OSError):  # SQLite says what is wrong with it
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(
        path, timeout=timeout, isolation_level=None, check_same_thread=False, factory=_Connection
    )
    connection.text_factory = bytes  # damaged text is no reason to stop
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection


def create_tables(connection: sqlite3.Connection, folder: Path) -> None:
    """Make an empty file, which is or will be in a folder, a store."""
    sql = connection.execute
    # Keys are random: in a large store each new one changes a page of their index of its own.
    sql("PRAGMA page_size=4096")
    sql("PRAGMA auto_vacuum=INCREMENTAL")
    sql(f"PRAGMA journal_mode={'DELETE' if _on_network(folder) else 'WAL'}")
    sql("BEGIN IMMEDIATE")
    if not sql("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        for statement in TABLES.split(";"):
            sql(statement)
        sql(f"PRAGMA application_id={APPLICATION}")
        sql(f"PRAGMA user_version={SCHEMA}")
    sql("COMMIT")


@cache
def _objects(tables: str) -> list[tuple]:
    connection = sqlite3.connect(":memory:")
    connection.text_factory = bytes
    for statement in tables.split(";"):
        connection.execute(statement)
    objects = connection.execute(_OBJECTS).fetchall()
    connection.close()
    return objects


def judge(sql) -> str:
    """Say what an open file is: "empty", "current", "first", "newer", "foreign" or "damaged".

    Parameters
    ----------
    sql : callable
        `execute` of a connection whose text is bytes.
    """
    objects = sql(_OBJECTS).fetchall()
    (application,) = sql("PRAGMA application_id").fetchone()
    (version,) = sql("PRAGMA user_version").fetchone()
    if not objects:
        return "empty" if application == version == 0 else "damaged"
    if application == APPLICATION and version == SCHEMA and objects == _objects(TABLES):
        return "current"
    if application == APPLICATION and version == 1 and objects == _objects(FIRST_TABLES):
        return "first"
    ours = objects in (_objects(TABLES), _objects(FIRST_TABLES))
    if application == APPLICATION:
        return "newer" if version > SCHEMA and not ours else "damaged"
    return "damaged" if ours else "foreign"


def looks_like_ours(path) -> bool:
    """Say whether a file that SQLite cannot read has been a store, by its first bytes."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(2**16)
    except OSError:
        return False
    if head[68:72] == APPLICATION.to_bytes(4):
        return True
    return head[:16] == _MAGIC and b"entries (id INTEGER PRIMARY KEY, key BLOB NOT NULL" in head


def header_is_damaged(path) -> bool:
    """Say whether the first bytes would make SQLite refuse to write a file, or to open it."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(24)
    except OSError:
        return False
    return len(head) == 24 and head[18:20] not in (b"\1\1", b"\2\2")
