"""The SQLite file under the store: opened, created, shared by threads and processes, explained."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = 1
_APPLICATION = 0x656D6F70  # "emop": tells our files from other programs' SQLite files
_TABLES = """
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
# Seconds to wait for another process that writes.
_PATIENCE = 60.0
_MOUNTS = Path("/proc/mounts")
# File systems on which SQLite's shared memory does not work, or works on one machine only.
_SHARED = "nfs nfs4 cifs smb3 smbfs lustre gpfs beegfs ceph afs 9p fuse.sshfs fuse.glusterfs"
_ELSEWHERE = "Name another file with store=..., or set store=None to keep nothing."
_DAMAGED = (
    "the file is damaged, or no SQLite database. Move it away or delete it: what it held is "
    "computed again when it is next asked for."
)
_ADVICE = {
    "not a database": _DAMAGED,
    "malformed": _DAMAGED,
    "readonly": f"it cannot be written. Make it and its folder writable. {_ELSEWHERE}",
    "unable to open": f"it cannot be opened. {_ELSEWHERE}",
    "full": f"the disk is full. Make room, for example with `emopipe store gc`. {_ELSEWHERE}",
    "locked": "another process has been writing for a minute. Wait for it, or stop it.",
    "disk I/O": f"reading or writing failed. Look at the disk. {_ELSEWHERE}",
}


class StoreError(OSError):
    """A store that cannot be used: the message names the file, what was found and what to do."""


def chunks(items: list, size: int) -> Iterator[list]:
    """Cut a list, because a statement takes only so many values.

    Examples
    --------
    >>> list(chunks([1, 2, 3], 2))
    [[1, 2], [3]]
    """
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _explained(path, error) -> StoreError:
    text = str(error)
    advice = next((advice for found, advice in _ADVICE.items() if found in text), "")
    return StoreError(f"the store {path}: {advice} ({text})")


def _on_network(folder: Path) -> bool:
    """Say whether a folder is mounted from elsewhere (Linux only; False where unknown)."""
    try:
        mounts = [line.split() for line in _MOUNTS.read_text().splitlines()]
    except OSError:
        return False
    place = f"{folder.resolve()}/"
    above = [m for m in mounts if place.startswith(m[1].rstrip("/") + "/")]
    return bool(above) and max(above, key=lambda m: len(m[1]))[2] in _SHARED.split()


class Database:
    """A connection for any thread of any process, opened when it is first used.

    Parameters
    ----------
    path : str or Path
        The file; it and its folder are made where missing.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> database = Database(Path(mkdtemp()) / "store.sqlite")
    >>> with database.transaction() as sql:
    ...     sql("SELECT count(*) FROM entries").fetchone()
    (0,)
    >>> database.close()
    """

    def __init__(self, path):
        self.path = Path(path)
        self.lock = threading.RLock()
        self._connection, self._owner = None, None

    @contextmanager
    def transaction(self, *, write=False) -> Iterator:
        """Give `execute` to one thread at a time; what it writes enters the file as a whole.

        Raises
        ------
        StoreError
            If the file cannot be used.
        """
        with self.lock:
            try:
                connection = self._connected()
                connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
                try:
                    yield connection.execute
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise _explained(self.path, error) from error

    def shrink(self) -> None:
        """Give the place of what was deleted back to the disk."""
        with self.lock:
            try:
                # As a script, because execute() would free a single page.
                self._connected().executescript("PRAGMA incremental_vacuum")
                self._connected().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.Error as error:
                raise _explained(self.path, error) from error

    def check(self) -> None:
        """Read the structure of the whole file; StoreError where it is damaged."""
        with self.transaction() as sql:
            (answer,) = sql("PRAGMA quick_check(1)").fetchone()
        if answer != "ok":
            raise StoreError(f"the store {self.path}: {_DAMAGED} ({answer})")

    def close(self) -> None:
        """Close the file; it is opened again when it is next used."""
        with self.lock:
            if self._connection is not None and self._owner[0] == os.getpid():
                self._connection.close()
            elif self._connection is not None:
                # Closing the file of a parent process would take that process' locks away.
                _FORKED.append(self._connection)
            self._connection = None

    def identity(self) -> tuple:
        """Tell this process and this file from others, such as one put in its place."""
        try:
            return os.getpid(), os.stat(self.path).st_ino
        except OSError:
            return os.getpid(), None

    def _connected(self):
        if self._connection is None or self._owner != self.identity():
            self.close()
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                message = f"the store {self.path}: its folder cannot be made ({error}). "
                raise StoreError(message + _ELSEWHERE) from error
            self._connection = self._open()
            self._owner = self.identity()
        return self._connection

    def _open(self):
        deadline = time.monotonic() + _PATIENCE
        while True:
            connection = sqlite3.connect(
                self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            try:
                self._settle(connection)
                return connection
            except BaseException as error:
                connection.close()
                # SQLite itself does not wait where two processes make a new file at once.
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _settle(self, connection):
        sql = connection.execute
        if not sql("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            self._create(sql)
        if sql("PRAGMA application_id").fetchone()[0] != _APPLICATION:
            raise StoreError(f"{self.path} is the database of another program. {_ELSEWHERE}")
        (version,) = sql("PRAGMA user_version").fetchone()
        if version > SCHEMA:
            raise StoreError(
                f"the store {self.path} was written by a newer emopipe (schema {version}; this one "
                f"knows up to {SCHEMA}). Upgrade emopipe. {_ELSEWHERE}"
            )
        sql("PRAGMA synchronous=NORMAL")
        # Keys are random: their index stays in memory, and its pages gather changes for a while.
        sql("PRAGMA cache_size=-32768")
        sql("PRAGMA wal_autocheckpoint=8000")
        sql("BEGIN IMMEDIATE")  # a file that cannot be written is found now, not after hours
        sql("ROLLBACK")

    def _create(self, sql):
        # Keys are random: in a large store each new one changes a page of their index of its own.
        sql("PRAGMA page_size=4096")
        sql("PRAGMA auto_vacuum=INCREMENTAL")
        sql(f"PRAGMA journal_mode={'DELETE' if _on_network(self.path.parent) else 'WAL'}")
        sql("BEGIN IMMEDIATE")
        if not sql("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in _TABLES.split(";"):
                sql(statement)
            sql(f"PRAGMA application_id={_APPLICATION}")
            sql(f"PRAGMA user_version={SCHEMA}")
        sql("COMMIT")


_FORKED: list = []
