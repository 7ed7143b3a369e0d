"""The SQLite file under the store: open, create, repair, share it with threads and processes."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from emopipe.store.repair import folder_lock, rebuild
from emopipe.store.schema import (
    DATABASE_ERRORS,
    SCHEMA,
    StoreError,
    Unsound,
    connect,
    create_tables,
    header_is_damaged,
    judge,
    looks_like_ours,
)
from emopipe.text import printable

# Seconds to wait for another process that writes.
_PATIENCE = 60.0
# What to do in Python; the command line names its flag.
ELSEWHERE = "Name another file with store=..., or set store=None to keep nothing."
_DAMAGED = (
    "the file is damaged, or no SQLite database. Move it away or delete it: what it held is "
    "computed again when it is next asked for."
)
_ADVICE = {
    "not a database": _DAMAGED,
    "malformed": _DAMAGED,
    "readonly": f"it cannot be written. Make it and its folder writable. {ELSEWHERE}",
    "unable to open": f"it cannot be opened. {ELSEWHERE}",
    "full": f"the disk is full. Make room, for example with `emopipe store gc`. {ELSEWHERE}",
    "locked": "another process has been writing for a minute. Wait for it, or stop it.",
    "disk I/O": f"reading or writing failed. Look at the disk. {ELSEWHERE}",
}
# SQLite's codes: the file is damaged; the file may be, if a closer look says so.
_CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_SUSPECT = (
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_TOOBIG,
    sqlite3.SQLITE_FORMAT,
)
_HEADER = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN)
# Times that a call is tried again on a file that was rebuilt.
_REPAIRS = 3
# Values that a statement takes.
_VALUES = 500


def chunks(items: list) -> Iterator[list]:
    """Cut a list, because a statement takes only so many values."""
    for start in range(0, len(items), _VALUES):
        yield items[start : start + _VALUES]


def _store_error(path, error) -> StoreError:
    text = str(error)
    advice = next((advice for words, advice in _ADVICE.items() if words in text), "")
    return StoreError(f"the store {printable(path)}: {advice} ({text})")


class Database:
    """A connection for any thread of any process, opened when it is first used.

    A file that turns out to be damaged is set aside and built anew from what is intact in it, with
    a warning; whatever was going on is then done again. Text comes back as bytes.

    Parameters
    ----------
    path : str or Path
        The file; it and its folder are made where missing, readable by their owner only.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> database = Database(Path(mkdtemp()) / "store.sqlite")
    >>> database.rows("SELECT count(*) FROM entries")
    [(0,)]
    >>> database.close()
    """

    def __init__(self, path):
        self.path = Path(path)
        self.lock = threading.RLock()
        self._connection, self._owner = None, None
        self.is_slow = False

    def rows(self, query: str, values=()) -> list[tuple]:
        """Return the rows of a query.

        Raises
        ------
        StoreError
            If the file cannot be used.
        """
        return self.run(lambda sql: sql(query, values).fetchall())

    def run(self, function: Callable, *, write=False):
        """Return ``function(execute)``, called by one thread at a time in a transaction.

        What it writes enters the file as a whole. It is called again where the file had to be
        rebuilt meanwhile.

        Raises
        ------
        StoreError
            If the file cannot be used.
        """
        with self.lock:
            for attempt in range(_REPAIRS + 1):
                try:
                    with self._transaction(write) as sql:
                        return function(sql)
                except (*DATABASE_ERRORS, Unsound) as error:
                    if attempt == _REPAIRS or not self._repair(error):
                        raise _store_error(self.path, error) from error

    @contextmanager
    def _transaction(self, write) -> Iterator[Callable]:
        connection = self._connect()
        connection.execute("BEGIN IMMEDIATE" if write else "BEGIN")
        try:
            yield connection.execute
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _repair(self, error) -> bool:
        """Rebuild the file if it is a damaged store, or one of an earlier version."""
        if isinstance(error, Unsound):
            state, text = error.args[0], "its tables are not a store's"
        elif self._is_damage(error):
            state, text = "damaged", str(error)
        else:
            return False
        identity = self.identity()
        self.close()
        rebuild(self.path, identity[1], state, text)
        return True

    def _is_damage(self, error) -> bool:
        if isinstance(error, UnicodeDecodeError):
            return looks_like_ours(self.path)
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _CORRUPT:
            return looks_like_ours(self.path)
        if code in _HEADER:
            return header_is_damaged(self.path) and looks_like_ours(self.path)
        return code in _SUSPECT and looks_like_ours(self.path) and not self._is_intact()

    def _is_intact(self) -> bool:
        try:
            sql = self._connect().execute
            return sql("PRAGMA integrity_check(1)").fetchone() == (b"ok",)
        except (*DATABASE_ERRORS, Unsound):
            return False

    def compact(self, statement: str) -> None:
        """Give what was deleted back to the disk, by a statement outside transactions.

        Raises
        ------
        StoreError
            If the file cannot be used, or what was deleted stays in its journal because another
            process reads the file.
        """
        with self.lock:
            try:
                connection = self._connect()
                connection.executescript(statement)  # execute() would free a single page
                answer = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except (*DATABASE_ERRORS, Unsound) as error:
                raise _store_error(self.path, error) from error
        if answer and answer[0]:
            raise StoreError(
                f"the store {printable(self.path)}: what was forgotten is still in its journal, "
                "because another process uses the file. End that one, and do this again."
            )

    def check(self) -> None:
        """Read the structure of the whole file, and rebuild it where it is damaged."""

        def look(sql):
            (answer,) = sql("PRAGMA integrity_check(1)").fetchone()
            if answer != b"ok":
                raise Unsound("damaged")

        self.run(look)

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

    def _connect(self):
        if self._connection is None or self._owner != self.identity():
            self.close()
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                message = f"the store {printable(self.path)}: its folder cannot be made ({error}). "
                raise StoreError(message + ELSEWHERE) from error
            with folder_lock(self.path, exclusive=False):
                self._connection = self._open()
                self._owner = self.identity()
        return self._connection

    def _open(self):
        deadline = time.monotonic() + _PATIENCE
        while True:
            connection = connect(self.path, timeout=_PATIENCE)
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
        state = judge(sql)
        if state == "empty":
            create_tables(connection, self.path.parent)
            state = judge(sql)
        if state == "foreign":
            raise StoreError(
                f"{printable(self.path)} is the database of another program. {ELSEWHERE}"
            )
        if state == "newer":
            (version,) = sql("PRAGMA user_version").fetchone()
            raise StoreError(
                f"the store {printable(self.path)} was written by a newer emopipe (schema "
                f"{version}; this one knows up to {SCHEMA}). Upgrade emopipe. {ELSEWHERE}"
            )
        if state != "current":
            raise Unsound(state)
        self.is_slow = sql("PRAGMA journal_mode").fetchone() != (b"wal",)
        sql("PRAGMA synchronous=NORMAL")
        sql("PRAGMA secure_delete=ON")  # what is forgotten leaves no bytes behind
        # Keys are random: their index stays in memory, and its pages gather changes for a while.
        sql("PRAGMA cache_size=-32768")
        sql("PRAGMA wal_autocheckpoint=8000")
        sql("BEGIN IMMEDIATE")  # a file that cannot be written is found now, not after hours
        sql("ROLLBACK")


_FORKED: list = []
