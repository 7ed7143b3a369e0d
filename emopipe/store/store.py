"""The store itself: values put and got, listed, verified and forgotten."""

import json
import os
import threading
import time
import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from emopipe.files import cache_folder
from emopipe.store.contents import content_hashes, hash_files
from emopipe.store.database import Database, StoreError, chunks
from emopipe.store.maintenance import damaged, forget, listed
from emopipe.store.records import COLUMNS, Entry, Memo, from_row, to_row

_DAY = 86400
_MEMO_BYTES = 256 * 2**20
# What SQLite holds in one value.
_LARGEST = 10**9 - 10**6


def default_path() -> Path:
    """Return the user's own store: emopipe/store.sqlite in the cache folder (XDG_CACHE_HOME).

    Examples
    --------
    >>> default_path().name
    'store.sqlite'
    """
    return cache_folder() / "store.sqlite"


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
        Values kept in the memory of this process, at most.

    Raises
    ------
    StoreError
        If the file cannot be opened or written, is damaged, is another program's, or was written
        by a newer emopipe.

    Examples
    --------
    >>> import hashlib
    >>> import numpy as np
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
        self._database = Database(self.path)
        self._memo = Memo(memo_bytes)
        with self._database.transaction():
            self._remembered_from = self._database.identity()

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

    def get(self, keys: Iterable[str]) -> dict[str, Entry]:
        """Return the entries known; their arrays are read-only.

        Parameters
        ----------
        keys : iterable of str
            Hexadecimal digits.

        Returns
        -------
        dict of str to Entry
            Without the keys that are unknown, or whose value is damaged.
        """
        found, asked = self._recall(keys)
        broken, unused = [], []
        for some in chunks(asked, 500):
            for raw, used, *row in self._rows(some):
                entry = from_row(*row)
                if entry is None:
                    broken.append(raw)
                    continue
                found[raw.hex()] = entry
                if used < time.time() - _DAY:
                    unused.append(raw)
        with self._database.lock:
            for key in asked:
                if key in found:
                    self._memo[key] = found[key]
        with suppress(StoreError):  # what was asked for is known, whoever holds the file
            self._drop(broken)
            self._touch(unused)
        return found

    def peek(self, keys: Iterable[str]) -> dict[str, Entry]:
        """Return what is known of the keys, without the values: None in every entry.

        Values are not looked at, so a damaged one is found out by `get` only.
        """
        found = {}
        for some in chunks(list(dict.fromkeys(keys)), 500):
            marks = ",".join("?" * len(some))
            with self._database.transaction() as sql:
                rows = sql(
                    f"SELECT key, status, detail, counts FROM entries WHERE key IN ({marks})",
                    [bytes.fromhex(key) for key in some],
                ).fetchall()
            for raw, status, detail, counts in rows:
                found[raw.hex()] = Entry(None, status, detail, json.loads(counts))
        return found

    def _recall(self, keys):
        """Return what this process remembers of this very file, and the keys to be asked for."""
        found, asked = {}, []
        with self._database.lock:
            identity = self._database.identity()
            if identity != self._remembered_from:
                self._memo.clear()
                self._remembered_from = identity
            for key in dict.fromkeys(keys):
                entry = self._memo.get(key)
                if entry is None:
                    asked.append(key)
                else:
                    found[key] = entry
        return found, asked

    def _rows(self, keys):
        marks = ",".join("?" * len(keys))
        with self._database.transaction() as sql:
            return sql(
                f"SELECT key, used, {','.join(COLUMNS)} FROM entries WHERE key IN ({marks})",
                [bytes.fromhex(key) for key in keys],
            ).fetchall()

    def _drop(self, raw_keys):
        if raw_keys:
            with self._database.transaction(write=True) as sql:
                for raw in raw_keys:
                    sql("DELETE FROM entries WHERE key=?", (raw,))
                    self._memo.drop(raw.hex())

    def _touch(self, raw_keys):
        if raw_keys:
            with self._database.transaction(write=True) as sql:
                for raw in raw_keys:
                    sql("UPDATE entries SET used=? WHERE key=?", (int(time.time()), raw))

    def put(self, entries: Mapping[str, Entry], *, name="", parameters="") -> None:
        """Keep entries: all of them, or none if anything goes wrong.

        A value beyond SQLite's limit of a gigabyte is left out, with a warning.

        Parameters
        ----------
        entries : dict of str to Entry
            By key, in hexadecimal digits; what was there is replaced.
        name, parameters : str
            The recipe they belong to, as `ls` shows it.
        """
        rows = {key: to_row(entry) for key, entry in entries.items()}
        for key in [key for key, row in rows.items() if len(row[-1] or b"") > _LARGEST]:
            size = len(rows.pop(key)[-1]) / 1e9
            warnings.warn(
                f"a value of recipe {name!r} takes {size:.1f} GB and is not kept: the store holds "
                "values up to 1 GB",
                stacklevel=2,
            )
        columns = ("key", "recipe", "used", "bytes", *COLUMNS)
        marks = ",".join("?" * len(columns))
        statement = f"INSERT OR REPLACE INTO entries ({','.join(columns)}) VALUES ({marks})"
        now = int(time.time())
        with self._database.transaction(write=True) as sql:
            recipe = (name, parameters)
            sql("INSERT OR IGNORE INTO recipes (name, parameters) VALUES (?, ?)", recipe)
            query = "SELECT id FROM recipes WHERE name=? AND parameters=?"
            (recipe_id,) = sql(query, recipe).fetchone()
            for key, row in rows.items():
                size = len(row[-1] or b"")
                sql(statement, (bytes.fromhex(key), recipe_id, now, size, *row))
        with self._database.lock:
            for key in rows:
                self._memo[key] = entries[key]

    def content_hash(self, path) -> str:
        """Return `checksum` of a path, remembered by path, size, time of change and inode."""
        return self.content_hashes([path])[0]

    def content_hashes(self, paths, read=hash_files) -> list[str]:
        """Return `content_hash` of many paths at once.

        Parameters
        ----------
        paths : iterable of str or Path
        read : callable
            ``read(paths)`` yields `checksum` of each file of a list that is not remembered.

        Raises
        ------
        FileNotFoundError
            If one does not exist.
        """
        return content_hashes(self._database, paths, read)

    def ls(self):
        """Return a DataFrame with a row per recipe.

        Returns
        -------
        DataFrame
            Columns name, entries, bytes, last_used (UTC, to a day), parameters; the largest first.
        """
        return listed(self._database)

    def verify(self) -> list[str]:
        """Read every value, drop the damaged ones and return their keys.

        Raises
        ------
        StoreError
            If the file itself is damaged.
        """
        keys = damaged(self._database)
        self._drop(keys)
        self._database.check()
        return [key.hex() for key in keys]

    def gc(self, *, max_bytes=None, older_than=None, recipe=None) -> int:
        """Forget values, and give their place back to the disk.

        Parameters
        ----------
        max_bytes : int, optional
            Forget the longest unused until the values take no more than this.
        older_than : float, optional
            Forget what has not been used for this many seconds (to a day).
        recipe : str, optional
            Touch only values of this recipe; forget all of them where nothing else is given.

        Returns
        -------
        int
            How many were forgotten.
        """
        n = forget(self._database, max_bytes=max_bytes, older_than=older_than, recipe=recipe)
        with self._database.lock:
            self._memo.clear()
        return n

    def close(self) -> None:
        """Close the file; it is opened again when it is next used."""
        with self._database.lock:
            self._database.close()
            self._memo.clear()


_OPEN: dict[tuple[int, str], Store] = {}
_OPENING = threading.Lock()


def open_store(store) -> Store | None:
    """Return the store that a parameter means, the same object whenever it is asked for again.

    Parameters
    ----------
    store : "default", None, str, Path or Store
        "default" is `default_path()`; None means that nothing is kept.

    Examples
    --------
    >>> open_store("default") is open_store(default_path())
    True
    """
    if store is None or isinstance(store, Store):
        return store
    path = default_path() if isinstance(store, str) and store == "default" else store
    path = os.path.abspath(os.path.expanduser(path))
    with _OPENING:
        if (os.getpid(), path) not in _OPEN:
            _OPEN[os.getpid(), path] = Store(path)
        return _OPEN[os.getpid(), path]
