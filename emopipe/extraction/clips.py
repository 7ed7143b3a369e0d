"""The clips of one extraction: identified by content, looked up and saved in the store."""

import hashlib
import os
import stat
import time

from emopipe.extraction.pool.batching import Contents, Known
from emopipe.extraction.recipe import Recipe
from emopipe.files import FileStamp
from emopipe.media.excerpts import parse
from emopipe.store import Entry, Store, clip_checksum
from emopipe.text import printable

# Bytes of values, and seconds, after which what is known enters a store that is slow to write.
_BYTES = 2**24
_PATIENCE = 0.5


class Clips:
    """Which clip has which result.

    With a store a result is known by the content of the clip's file, so that copies of a file are
    one clip; the content of files that the store has not met must be learned first. Without a
    store a clip is its path.

    Parameters
    ----------
    paths : list of str
        Each once.
    recipe : Recipe
    store : Store or None
    lazy : bool
        Leave values in the store.

    Attributes
    ----------
    unread : list of str
        Files whose content is unknown.
    missing : list of str
        Clips to be prepared, as far as is known.
    keys : dict of str to str
        Under which key each path's result is.
    seconds : float
        Spent on the store.

    Raises
    ------
    FileNotFoundError
        If a path does not exist.
    """

    def __init__(self, paths, recipe: Recipe, store: Store | None, *, lazy: bool):
        self.paths, self.recipe, self.store, self.lazy = paths, recipe, store, lazy
        self.parts = {path: parse(path) for path in paths}
        self.files = {path: os.path.abspath(part.path) for path, part in self.parts.items()}
        self._clips_of: dict[str, list[str]] = {}
        for path, file in self.files.items():
            self._clips_of.setdefault(file, []).append(path)
        self.stamps: dict[str, FileStamp] = {}
        self.keys: dict[str, str] = {}
        self.entries: dict[str, Entry] = {}
        self.contents: dict[str, str] = {}
        self.unread, self.missing = [], []
        self._sharing: dict[str, list[str]] = {}  # by key: paths with one result
        self._from_store: set[str] = set()
        self._fresh, self._learned = {}, {}
        self._bytes, self._last, self.seconds = 0, time.monotonic(), 0.0
        self._look()

    def _look(self):
        stamps = {file: _stamp(file) for file in self._clips_of}
        gone = [path for path in self.paths if stamps[self.files[path]] is FileNotFoundError]
        if gone:
            raise FileNotFoundError(
                f"{len(gone)} of {len(self.paths)} clips do not exist: first {printable(gone[0])}. "
                "Correct the paths, or leave these clips out."
            )
        readable = []
        for path in self.paths:
            stamp = stamps[self.files[path]]
            if isinstance(stamp, FileStamp):
                self.stamps[self.files[path]] = stamp
                readable.append(path)
            else:
                self._fail(path, Entry(None, "corrupt", stamp))
        if self.store is None:
            for path in readable:
                self._name(path, path)
            return
        self.contents = self.store.contents(self.stamps)
        self.unread = [file for file in self.stamps if file not in self.contents]
        self._identify([path for path in readable if self.files[path] in self.contents])

    def _fail(self, path, entry):
        """Note what became of a clip whose file cannot be read."""
        self.keys[path], self.entries[path] = path, entry

    def _identify(self, paths):
        """Name clips by their content; those that the store has not are missing."""
        keys = {}
        for path in paths:
            content = clip_checksum(self.contents[self.files[path]], self.parts[path])
            keys[path] = hashlib.sha256((content + self.recipe.key).encode()).hexdigest()
        look = self.store.peek if self.lazy else self.store.get
        stored = look(key for key in keys.values() if key not in self.entries)
        self.entries |= stored
        self._from_store |= set(stored)
        for path, key in keys.items():
            self._name(path, key)

    def _name(self, path, key):
        self.keys[path] = key
        paths = self._sharing.setdefault(key, [])
        paths.append(path)
        if key not in self.entries and len(paths) == 1:
            self.missing.append(path)

    def next(self) -> list[str]:
        """Return the clips that are to be prepared and were not returned before."""
        missing, self.missing = self.missing, []
        return missing

    def learn(self, contents: Contents) -> list[str]:
        """Take in what a file holds; return the statuses of clips whose result is now known."""
        began = time.perf_counter()
        paths = self._clips_of[contents.file]
        if contents.checksum is None:
            for path in paths:
                self._fail(path, contents.entry)
        else:
            self.contents[contents.file] = contents.checksum
            self._learned[contents.file] = self.stamps[contents.file], contents.checksum
            self._identify(paths)
        self.seconds += time.perf_counter() - began
        return [self.entries[self.keys[p]].status for p in paths if self.keys[p] in self.entries]

    def take(self, result: Known | None) -> list[str]:
        """Take in what became of a clip; return its status, for each path that it stands for."""
        statuses = []
        if result is not None:
            key, entry = self.keys[result.path], result.entry
            self.entries[key] = entry
            statuses = [entry.status] * len(self._sharing[key])
            if self.store is not None and not result.passing and self._is_unchanged(result.path):
                self._fresh[key] = entry
                self._bytes += 0 if entry.value is None else entry.value.nbytes
        if (
            (self._fresh and not self.store.is_slow)
            or time.monotonic() - self._last > _PATIENCE
            or self._bytes > _BYTES
        ):
            self.flush()
        return statuses

    def _is_unchanged(self, path) -> bool:
        """Say whether a clip's file is still the one whose content is known."""
        return _stamp(self.files[path]) == self.stamps[self.files[path]]

    def flush(self) -> None:
        """Put what is known into the store."""
        began = time.perf_counter()
        if self._learned:
            self.store.put_contents(self._learned)
        if self._fresh:
            contents = {
                key: self.contents[self.files[self._sharing[key][0]]] for key in self._fresh
            }
            self.store.put(
                self._fresh,
                name=self.recipe.name,
                parameters=self.recipe.parameters,
                contents=contents,
            )
            if self.lazy:
                self.entries |= {k: e._replace(value=None) for k, e in self._fresh.items()}
        self._fresh, self._learned, self._bytes = {}, {}, 0
        self._last = time.monotonic()
        self.seconds += time.perf_counter() - began

    def entry(self, path) -> Entry:
        """Return what became of a clip."""
        return self.entries[self.keys[path]]

    def is_stored(self, path) -> bool:
        """Say whether the store had a clip's result."""
        return self.keys[path] in self._from_store

    def finished_statuses(self) -> list[str]:
        """Return the statuses of all clips whose result is known."""
        keys = [self.keys[path] for path in self.paths if path in self.keys]
        return [self.entries[key].status for key in keys if key in self.entries]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.store is not None:
            self.flush()


def _stamp(file) -> FileStamp | type | str:
    """Return the stamp of a file, FileNotFoundError, or in words why it is no clip."""
    try:
        status = os.stat(file)
    except (FileNotFoundError, NotADirectoryError):
        return "It is a link that leads nowhere." if os.path.islink(file) else FileNotFoundError
    except (OSError, ValueError) as error:
        return f"It cannot be read: {getattr(error, 'strerror', error)}."
    if stat.S_ISDIR(status.st_mode):
        return "It is a folder, not a file."
    if not stat.S_ISREG(status.st_mode):
        return "It is not a regular file."
    return FileStamp.of(status)
