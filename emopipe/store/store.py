"""The store: put, get, list, verify and forget values."""

import os
import threading
import time
import warnings
from collections.abc import Iterable, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from emopipe.files import FileStamp, cache_folder, checksum
from emopipe.store.contents import read_contents, write_contents
from emopipe.store.database import Database, chunks
from emopipe.store.maintenance import (
    count_files,
    damaged_rows,
    find_files,
    forget_clips,
    forget_values,
    list_recipes,
)
from emopipe.store.records import COLUMNS, Entry, Memo, from_row, peek_row, to_row
from emopipe.store.repair import put_row, recipe_id, remove_leftovers
from emopipe.store.schema import StoreError, StoreWarning
from emopipe.text import printable

_DAY = 86400
_MEMO_BYTES = 256 * 2**20
# What SQLite holds in one value.
_LARGEST = 10**9 - 10**6
# What "default" means, see `use_store`.
_default = "default"


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

    Writing is atomic. Every value is checksummed together with its key: what is damaged is dropped
    with a `StoreWarning` and counts as unknown, and a file that cannot be read on is set aside as
    NAME.damaged, what is intact in it being used on. Only the file's owner can read it. It is in
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
        If the file cannot be opened or written, is another program's, or was written by a newer
        emopipe.

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
        self._database.rows("SELECT 1")
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

    @property
    def is_slow(self) -> bool:
        """Whether each transaction waits for the disk: then many results should share one."""
        return self._database.is_slow

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
        entries, unknown = self._recall(keys)
        broken, unused = [], []
        for number, used, key, entry in self._read(unknown, COLUMNS, from_row):
            if entry is None:
                broken.append((number, key))
                continue
            entries[key] = entry
            if not isinstance(used, int) or used < time.time() - _DAY:
                unused.append(number)
        with self._database.lock:
            for key in unknown:
                if key in entries:
                    self._memo[key] = entries[key]
        with suppress(StoreError):  # what was asked for is known, whoever holds the file
            self._drop(broken)
            self._touch(unused)
        return entries

    def peek(self, keys: Iterable[str]) -> dict[str, Entry]:
        """Return what is known of the keys, without the values: None in every entry.

        Values are not read, so a damaged one comes to light in `get` only.
        """
        rows = list(self._read(list(dict.fromkeys(keys)), COLUMNS[:-1], peek_row))
        with suppress(StoreError):
            self._drop([(number, key) for number, _, key, entry in rows if entry is None])
        return {key: entry for _, _, key, entry in rows if entry is not None}

    def _read(self, keys, columns, entry_of):
        """Yield id, time of use, key and entry (None where damaged) of the rows of some keys."""
        for batch in chunks(keys):
            raw = {bytes.fromhex(key): key for key in batch}
            query = (
                f"SELECT id, used, {','.join(columns)} FROM entries "
                f"WHERE key IN ({','.join('?' * len(raw))})"
            )
            for number, used, *row in self._database.rows(query, list(raw)):
                if row[0] in raw:
                    yield number, used, raw[row[0]], entry_of(*row)

    def _recall(self, keys):
        """Return what this process remembers of this very file, and the keys to be asked for."""
        entries, missing = {}, []
        with self._database.lock:
            identity = self._database.identity()
            if identity != self._remembered_from:
                self._memo.clear()
                self._remembered_from = identity
            for key in dict.fromkeys(keys):
                entry = self._memo.get(key)
                if entry is None:
                    missing.append(key)
                else:
                    entries[key] = entry
        return entries, missing

    def _drop(self, broken):
        """Delete damaged entries, given as (id, key), and say so."""
        if not broken:
            return
        self._change("DELETE FROM entries WHERE id=?", [number for number, _ in broken])
        with self._database.lock:
            for _, key in broken:
                self._memo.drop(key)
        warnings.warn(
            f"the store {printable(self.path)}: {len(broken)} damaged values were dropped; they "
            "are computed again",
            StoreWarning,
            stacklevel=3,
        )

    def _touch(self, numbers):
        self._change(f"UPDATE entries SET used={int(time.time())} WHERE id=?", numbers)

    def _change(self, statement, items):
        if items:
            self._database.run(lambda sql: [sql(statement, (item,)) for item in items], write=True)

    def put(self, entries: Mapping[str, Entry], *, name="", parameters="", contents=None) -> None:
        """Keep entries: all of them, or none if anything goes wrong.

        A value beyond SQLite's limit of a gigabyte is left out, with a warning.

        Parameters
        ----------
        entries : dict of str to Entry
            By key, in hexadecimal digits; what was there is replaced.
        name, parameters : str
            The recipe they belong to, as `ls` shows it.
        contents : dict of str to str, optional
            By key: the checksum of the file that an entry was computed from, for `forget`.
        """
        contents = contents or {}
        rows = {key: to_row(key, entry, contents.get(key)) for key, entry in entries.items()}
        for key in [key for key, row in rows.items() if len(row[-1] or b"") > _LARGEST]:
            size = len(rows.pop(key)[-1]) / 1e9
            warnings.warn(
                f"a value of recipe {name!r} takes {size:.1f} GB and is not kept: the store holds "
                "values up to 1 GB",
                stacklevel=2,
            )
        now = int(time.time())

        def insert(sql):
            recipe = recipe_id(sql, name, parameters)
            for row in rows.values():
                put_row(sql, recipe, now, row)

        self._database.run(insert, write=True)
        with self._database.lock:
            for key in rows:
                self._memo[key] = entries[key]

    def contents(self, stamps: Mapping[str, FileStamp]) -> dict[str, str]:
        """Return the checksums known of files: those noted when the file had the same stamp.

        Parameters
        ----------
        stamps : dict of str to FileStamp
            By absolute path.
        """
        return read_contents(self._database, stamps)

    def put_contents(self, contents: Mapping[str, tuple[FileStamp, str]]) -> None:
        """Note the checksums of files that have not changed for two seconds.

        Parameters
        ----------
        contents : dict of str to (FileStamp, str)
            By absolute path: the stamp that the file had before it was read, and its checksum.
        """
        write_contents(self._database, contents)

    def ls(self):
        """Return a DataFrame with a row per recipe.

        Returns
        -------
        DataFrame
            Columns name, entries, bytes, last_used (UTC, to a day), parameters; the largest first.
        """
        return list_recipes(self._database)

    def folders(self):
        """Return a Counter of the folders whose files' paths are kept, and how many of each."""
        return count_files(self._database)

    def verify(self) -> list[str]:
        """Read everything, drop what is damaged and return the keys of dropped values.

        A file whose structure is damaged is set aside and written anew, with a `StoreWarning`.
        """
        self._database.check()
        entries, files = damaged_rows(self._database)
        self._drop(
            [(number, key.hex() if isinstance(key, bytes) else "") for number, key in entries]
        )
        self._change("DELETE FROM files WHERE path=?", files)
        return [key.hex() if isinstance(key, bytes) else str(key) for _, key in entries]

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
        n = forget_values(self._database, max_bytes=max_bytes, older_than=older_than, recipe=recipe)
        with self._database.lock:
            self._memo.clear()
        return n

    def forget(self, paths: Iterable[str]) -> tuple[int, int, int]:
        """Remove all that was derived from some files, wherever copies of them lie, for good.

        The file is written anew, so that no byte of it is left in unused pages. Values of which no
        file is known (what a file held before it was written anew, parts of recordings of an
        earlier emopipe) go, too, and so do copies that a repair left beside the file.

        Parameters
        ----------
        paths : iterable of str
            Files, by whatever links; those that are still there are read for their checksum.

        Returns
        -------
        int, int, int
            Values of these files; values of which no file is known; paths.
        """
        paths = {os.path.abspath(path) for path in paths}
        contents = {checksum(path) for path in paths if os.path.isfile(path)}
        paths, noted = find_files(self._database, paths)
        contents |= noted
        remove_leftovers(self.path)
        with self._database.lock:
            self._memo.clear()
        return forget_clips(self._database, paths, contents)

    def close(self) -> None:
        """Close the file; it is opened again when it is next used."""
        with self._database.lock:
            self._database.close()
            self._memo.clear()


_OPEN: dict[tuple[int, str], Store] = {}
_OPENING = threading.Lock()


@contextmanager
def use_store(store):
    """Let "default" mean another store in this process, or none, for a while.

    Parameters
    ----------
    store : "default", None, str or Path
        "default" changes nothing.

    Examples
    --------
    >>> with use_store(None):
    ...     open_store("default") is None
    True
    """
    global _default
    before = _default
    _default = before if isinstance(store, str) and store == "default" else store
    try:
        yield
    finally:
        _default = before


def open_store(store) -> Store | None:
    """Return the store that a parameter means, the same object whenever it is asked for again.

    Parameters
    ----------
    store : "default", None, str, Path or Store
        "default" is `default_path()`, or what `use_store` says; None means that nothing is kept.

    Examples
    --------
    >>> open_store("default") is open_store(default_path())
    True
    """
    if isinstance(store, str) and store == "default":
        store = _default
    if store is None or isinstance(store, Store):
        return store
    if not isinstance(store, str | os.PathLike):
        raise TypeError(
            f"store={store!r} is a {type(store).__name__}: give 'default', the path of a file, or "
            "None to keep nothing"
        )
    path = default_path() if isinstance(store, str) and store == "default" else store
    path = os.path.abspath(os.path.expanduser(path))
    with _OPENING:
        if (os.getpid(), path) not in _OPEN:
            _OPEN[os.getpid(), path] = Store(path)
        return _OPEN[os.getpid(), path]
