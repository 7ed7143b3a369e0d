"""What was computed from clips, kept in one SQLite file: (content of the clip, recipe) -> array."""

import hashlib
import json
import os
import sqlite3
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import numpy as np

_SCHEMA = 1
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
_COLUMNS = "key, used, status, detail, counts, dtype, shape, checksum, value"
_DAY = 86400
_MEMO_BYTES = 256 * 2**20
# A file changed this recently may change again without its time of change showing it.
_UNSETTLED = 2 * 10**9
_LOCAL_ONLY = "nfs nfs4 cifs smb3 smbfs lustre gpfs beegfs ceph afs 9p fuse.sshfs fuse.glusterfs"


class StoreError(OSError):
    """A store that cannot be used: the message names the file, what was found and what to do."""


class Entry(NamedTuple):
    """What is known of one clip under one recipe.

    Parameters
    ----------
    value : ndarray or None
        Any dtype but object, any shape; None where the clip gave nothing.
    status : str
        One of `emopipe.media.STATUSES`.
    detail : str
        In words, what was found.
    counts : dict of str to int
        What was counted on the way.

    Examples
    --------
    >>> Entry(None, "no_face").counts
    {}
    """

    value: np.ndarray | None
    status: str = "ok"
    detail: str = ""
    counts: dict[str, int] = {}  # noqa: RUF012 - never changed, and must be picklable


def default_path() -> Path:
    """Return the user's own store: emopipe/store.sqlite in the cache folder (XDG_CACHE_HOME).

    Examples
    --------
    >>> default_path().name
    'store.sqlite'
    """
    import pooch

    return Path(pooch.os_cache("emopipe")) / "store.sqlite"


def hash_file(path) -> str:
    """Return the SHA-256 of a file's content in hexadecimal digits.

    Raises
    ------
    OSError
        If it cannot be read.

    Examples
    --------
    >>> len(hash_file(__file__))
    64
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _on_network(folder: Path) -> bool:
    """Say whether a folder is mounted from elsewhere (Linux only; False where unknown)."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return False
    place = str(folder.resolve()) + "/"
    above = [m for m in mounts if place.startswith(m[1].rstrip("/") + "/")]
    return bool(above) and max(above, key=lambda m: len(m[1]))[2] in _LOCAL_ONLY.split()


def _checksum(entry: tuple) -> bytes:
    *words, value = entry
    digest = hashlib.sha256(json.dumps(words).encode())
    digest.update(b"" if value is None else value)
    return digest.digest()


def _row(entry: Entry) -> tuple:
    """Return the columns status, detail, counts, dtype, shape, checksum, value."""
    value = None if entry.value is None else np.ascontiguousarray(entry.value)
    if value is not None and value.dtype.hasobject:
        raise TypeError(f"an array of {value.dtype} cannot be stored: it holds Python objects")
    columns = (
        entry.status,
        entry.detail,
        json.dumps(dict(entry.counts)),
        None if value is None else value.dtype.str,
        None if value is None else json.dumps(np.shape(entry.value)),
        None if value is None else value.reshape(-1).view(np.uint8).data,
    )
    return *columns[:-1], _checksum(columns), columns[-1]


def _entry(status, detail, counts, dtype, shape, checksum, value) -> Entry | None:
    """Undo `_row`; None where the checksum disagrees."""
    if _checksum((status, detail, counts, dtype, shape, value)) != checksum:
        return None
    array = None
    if dtype is not None:
        array = np.frombuffer(value, np.dtype(dtype)).reshape(json.loads(shape))
    return Entry(array, status, detail, json.loads(counts))


class _Memo:
    """The entries last used, up to a number of bytes, so that a grid search asks no database."""

    def __init__(self, limit: int):
        self.limit, self.bytes, self.entries = limit, 0, OrderedDict()

    def get(self, key):
        entry = self.entries.get(key)
        if entry is not None:
            self.entries.move_to_end(key)
        return entry

    def put(self, key, entry):
        self.drop(key)
        self.entries[key] = entry
        self.bytes += self._size(entry)
        while self.bytes > self.limit:
            self.drop(next(iter(self.entries)))

    def drop(self, key):
        if key in self.entries:
            self.bytes -= self._size(self.entries.pop(key))

    @staticmethod
    def _size(entry):
        return 500 + (0 if entry.value is None else entry.value.nbytes)


_ELSEWHERE = "Name another file with store=..., or set store=None to keep nothing."
_DAMAGED = (
    "the file is damaged or no SQLite database. Move it away or delete it: what it held is "
    "computed again when it is next asked for"
)


def _advice(error: sqlite3.Error) -> str:
    """Say in words what a database error means and what to do."""
    text = str(error)
    for found, advice in (
        ("not a database", f"{_DAMAGED}."),
        ("malformed", f"{_DAMAGED}."),
        ("readonly", f"it cannot be written. Make it writable. {_ELSEWHERE}"),
        ("unable to open", f"it cannot be opened. {_ELSEWHERE}"),
        ("full", f"the disk is full. Make room (`emopipe store gc`). {_ELSEWHERE}"),
        ("locked", "another process has held it for a minute. Wait for it, or stop it."),
        ("disk I/O", f"the disk failed, or the file was moved or deleted in use. {_ELSEWHERE}"),
    ):
        if found in text:
            return f"{advice} ({text})"
    return text


def _chunks(items: list, size: int):
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _mark(path: str) -> tuple[int, int, int]:
    state = os.stat(path)
    return state.st_size, state.st_mtime_ns, state.st_ino


def _patiently(connection, statement):
    """Run a statement whose lock SQLite does not wait for by itself."""
    for _ in range(600):
        try:
            return connection.execute(statement).fetchone()
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            time.sleep(0.1)
    return connection.execute(statement).fetchone()


class Store:
    """One SQLite file of values, safe for threads and for many processes of one machine.

    Writing is atomic, values are checksummed, and a damaged value counts as unknown. The file is in
    WAL mode, whose shared memory works on one machine only: on a network file system (NFS, CIFS,
    Lustre, ...) the older rollback journal is used instead, which several machines can share as
    far as that file system's locks can be trusted; a store per machine is faster and safer.

    Parameters
    ----------
    path : str or Path
        The file; it and its folder are made where missing.
    memo_bytes : int
        Values kept in memory of this process, at most.

    Raises
    ------
    StoreError
        If the file cannot be opened or written, is damaged, is another program's, or was written
        by a newer emopipe.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> store = Store(Path(mkdtemp()) / "store.sqlite")
    >>> key = hashlib.sha256(b"clip and recipe").hexdigest()
    >>> store.put({key: Entry(np.arange(3.0))}, name="demo")
    >>> store.get([key])[key].value
    array([0., 1., 2.])
    >>> store.ls()[["name", "entries"]].values.tolist()
    [['demo', 1]]
    >>> store.close()
    """

    def __init__(self, path, *, memo_bytes=_MEMO_BYTES):
        self.path = Path(os.path.abspath(os.path.expanduser(path)))
        self.memo_bytes = memo_bytes
        self._lock = threading.RLock()
        self._memo = _Memo(memo_bytes)
        self._connection, self._owner = None, None
        with self._database():
            pass

    def __repr__(self):
        return f"Store({str(self.path)!r})"

    def __reduce__(self):
        return open_store, (str(self.path),)

    def __deepcopy__(self, memo):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @contextmanager
    def _database(self, *, write=False):
        """Give the connection to one thread; with `write`, inside one transaction."""
        with self._lock:
            try:
                if self._connection is None or self._owner != os.getpid():
                    self._connect()
                if not write:
                    yield self._connection
                    return
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                except BaseException:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    raise
            except (sqlite3.DatabaseError, sqlite3.InterfaceError) as error:
                raise StoreError(f"{self.path}: {_advice(error)}") from error

    def _connect(self):
        if self._connection is not None:
            _FORKED.append(self._connection)
            self._connection = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"{self.path}: its folder cannot be made ({error}). {_ELSEWHERE}"
            ) from error
        connection = sqlite3.connect(
            self.path, timeout=60, isolation_level=None, check_same_thread=False
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._connection, self._owner = connection, os.getpid()

    def _prepare(self, connection):
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables and application != _APPLICATION:
            raise StoreError(f"{self.path} is the database of another program. {_ELSEWHERE}")
        if version > _SCHEMA:
            raise StoreError(
                f"{self.path} was written by a newer emopipe (schema {version}; this one knows "
                f"up to {_SCHEMA}): upgrade emopipe, or name another store."
            )
        if not tables:
            self._create(connection)
        connection.execute("PRAGMA synchronous=NORMAL")

    def _create(self, connection):
        connection.execute("PRAGMA page_size=8192")
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        mode = "DELETE" if _on_network(self.path.parent) else "WAL"
        _patiently(connection, f"PRAGMA journal_mode={mode}")
        connection.execute("BEGIN IMMEDIATE")
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in _TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id={_APPLICATION}")
            connection.execute(f"PRAGMA user_version={_SCHEMA}")
        connection.execute("COMMIT")

    def get(self, keys: Iterable[str]) -> dict[str, Entry]:
        """Return the entries known; values are read-only arrays.

        Parameters
        ----------
        keys : iterable of str
            Hexadecimal digits.

        Returns
        -------
        dict of str to Entry
            Without the keys that are unknown, or whose value is damaged.
        """
        found, asked = {}, []
        with self._lock:
            for key in dict.fromkeys(keys):
                entry = self._memo.get(key)
                if entry is None:
                    asked.append(key)
                else:
                    found[key] = entry
        damaged, unused = [], []
        for some in _chunks(asked, 500):
            for raw, used, *row in self._rows(some):
                entry = _entry(*row)
                if entry is None:
                    damaged.append(raw)
                    continue
                found[raw.hex()] = entry
                with self._lock:
                    self._memo.put(raw.hex(), entry)
                if used < time.time() - _DAY:
                    unused.append(raw)
        if damaged:
            self._drop(damaged)
        if unused:
            self._touch(unused)
        return found

    def _rows(self, keys):
        marks = ",".join("?" * len(keys))
        with self._database() as database:
            return database.execute(
                f"SELECT {_COLUMNS} FROM entries WHERE key IN ({marks})",
                [bytes.fromhex(key) for key in keys],
            ).fetchall()

    def _drop(self, raw_keys):
        with self._database(write=True) as database:
            database.executemany("DELETE FROM entries WHERE key=?", [(k,) for k in raw_keys])
        with self._lock:
            for raw in raw_keys:
                self._memo.drop(raw.hex())

    def _touch(self, raw_keys):
        with self._database(write=True) as database:
            now = int(time.time())
            database.executemany(
                "UPDATE entries SET used=? WHERE key=?", [(now, k) for k in raw_keys]
            )

    def put(self, entries: Mapping[str, Entry], *, name="", parameters="") -> None:
        """Keep entries: all of them, or none if anything goes wrong.

        Parameters
        ----------
        entries : dict of str to Entry
            By key, in hexadecimal digits; what was there is replaced.
        name, parameters : str
            The recipe they belong to, as `ls` shows it.
        """
        now = int(time.time())
        rows = []
        for key, entry in entries.items():
            row = _row(entry)
            size = 0 if row[-1] is None else len(row[-1])
            rows.append((bytes.fromhex(key), now, size, *row))
        with self._database(write=True) as database:
            recipe = self._recipe(database, name, parameters)
            database.executemany(
                "INSERT OR REPLACE INTO entries (key, recipe, used, bytes, status, detail, counts, "
                f"dtype, shape, checksum, value) VALUES (?, {recipe}, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
        with self._lock:
            for key, entry in entries.items():
                self._memo.put(key, entry)

    @staticmethod
    def _recipe(database, name, parameters):
        wanted = (name, parameters)
        database.execute("INSERT OR IGNORE INTO recipes (name, parameters) VALUES (?, ?)", wanted)
        query = "SELECT id FROM recipes WHERE name=? AND parameters=?"
        return database.execute(query, wanted).fetchone()[0]

    def content_hash(self, path) -> str:
        """Return `hash_file` of a path, remembered by path, size, time of change and inode."""
        return self.content_hashes([path])[0]

    def content_hashes(self, paths) -> list[str]:
        """Return `content_hash` of many paths at once.

        Raises
        ------
        FileNotFoundError
            If one does not exist.
        """
        places = [os.path.abspath(path) for path in paths]
        marks = {place: _mark(place) for place in dict.fromkeys(places)}
        known = {}
        for some in _chunks(list(marks), 500):
            with self._database() as database:
                rows = database.execute(
                    "SELECT path, size, mtime, inode, content FROM files "
                    f"WHERE path IN ({','.join('?' * len(some))})",
                    some,
                ).fetchall()
            known |= {row[0]: row[4] for row in rows if row[1:4] == marks[row[0]]}
        asked = [place for place in marks if place not in known]
        with ThreadPoolExecutor(8) as threads:
            for some in _chunks(asked, 256):
                fresh = dict(zip(some, threads.map(hash_file, some), strict=True))
                self._remember({p: (*marks[p], fresh[p]) for p in some})
                known |= fresh
        return [known[place] for place in places]

    def _remember(self, files):
        settled = time.time_ns() - _UNSETTLED
        rows = [(path, *row) for path, row in files.items() if row[1] < settled]
        if rows:
            with self._database(write=True) as database:
                database.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", rows)

    def ls(self):
        """Return a DataFrame with a row per recipe.

        Returns
        -------
        DataFrame
            Columns name, entries, bytes, last_used, parameters; the largest first.
        """
        import pandas as pd

        with self._database() as database:
            rows = database.execute(
                "SELECT name, count(*), sum(bytes), max(used), parameters FROM entries "
                "JOIN recipes ON recipes.id = recipe GROUP BY recipe ORDER BY sum(bytes) DESC, name"
            ).fetchall()
        table = pd.DataFrame(rows, columns=["name", "entries", "bytes", "last_used", "parameters"])
        table["last_used"] = pd.to_datetime(table["last_used"], unit="s")
        return table

    def verify(self) -> list[str]:
        """Read every value, drop the damaged ones and return their keys.

        Raises
        ------
        StoreError
            If the file itself is damaged.
        """
        damaged, last = [], 0
        while True:
            with self._database() as database:
                rows = database.execute(
                    f"SELECT id, {_COLUMNS} FROM entries WHERE id > ? ORDER BY id LIMIT 100",
                    (last,),
                ).fetchall()
            if not rows:
                break
            damaged += [key for _, key, _, *row in rows if _entry(*row) is None]
            last = rows[-1][0]
        if damaged:
            self._drop(damaged)
        with self._database() as database:
            (answer,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if answer != "ok":
            raise StoreError(f"{self.path}: {_DAMAGED} ({answer})")
        return [key.hex() for key in damaged]

    def gc(self, *, max_bytes=None, older_than=None, recipe=None) -> int:
        """Forget values, and give their place on disk back.

        Parameters
        ----------
        max_bytes : int, optional
            Forget the longest unused until the values take no more than this.
        older_than : float, optional
            Forget what has not been used for this many seconds (to a day).
        recipe : str, optional
            Forget only values of this recipe; all of them where nothing else is given.

        Returns
        -------
        int
            How many were forgotten.
        """
        where, values = ["1"], []
        if recipe is not None:
            where.append("recipe IN (SELECT id FROM recipes WHERE name=?)")
            values.append(recipe)
        if older_than is not None:
            where.append("used < ?")
            values.append(time.time() - older_than)
        if max_bytes is not None:
            where.append(
                "id IN (SELECT id FROM (SELECT id, sum(bytes) OVER (ORDER BY used DESC, id DESC) "
                "AS total FROM entries) WHERE total > ?)"
            )
            values.append(max_bytes)
        if len(where) == 1:
            return 0
        with self._database(write=True) as database:
            forgotten = database.execute(
                f"DELETE FROM entries WHERE {' AND '.join(where)}", values
            ).rowcount
            database.execute("DELETE FROM recipes WHERE id NOT IN (SELECT recipe FROM entries)")
        with self._database() as database:
            database.execute("PRAGMA incremental_vacuum").fetchall()
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        with self._lock:
            self._memo = _Memo(self.memo_bytes)
        return forgotten

    def close(self) -> None:
        """Close the file; it is opened again when it is next used."""
        with self._lock:
            if self._connection is not None and self._owner == os.getpid():
                self._connection.close()
            self._connection = None
            self._memo = _Memo(self.memo_bytes)


_OPEN: dict[tuple[int, str], Store] = {}
# Connections of a parent process: closing one here would take the parent's locks away.
_FORKED: list = []


def open_store(store) -> Store | None:
    """Return the store that a parameter means, the same object whenever it is asked for again.

    Parameters
    ----------
    store : "default", None, str, Path or Store
        "default" is `default_path()`; None means that nothing is kept.
    """
    if store is None or isinstance(store, Store):
        return store
    path = default_path() if isinstance(store, str) and store == "default" else store
    place = (os.getpid(), os.path.abspath(os.path.expanduser(path)))
    if place not in _OPEN:
        _OPEN[place] = Store(place[1])
    return _OPEN[place]
