"""One stored result: as a named tuple, as the columns of a table, as a memory of the last used."""

import hashlib
import json
from collections import OrderedDict
from typing import NamedTuple

import numpy as np

# The columns of `to_row`, in its order.
COLUMNS = ("status", "detail", "counts", "dtype", "shape", "checksum", "value")


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


def _checksum(words, value) -> bytes:
    digest = hashlib.sha256(json.dumps(words).encode())
    digest.update(b"" if value is None else value)
    return digest.digest()


def to_row(entry: Entry) -> tuple:
    """Return an entry as the values of `COLUMNS`.

    Raises
    ------
    TypeError
        If the array holds Python objects.

    Examples
    --------
    >>> to_row(Entry(np.zeros(2), counts={"frames": 3}))[:5]
    ('ok', '', '{"frames": 3}', '<f8', '[2]')
    """
    words, value = [entry.status, entry.detail, json.dumps(dict(entry.counts)), None, None], None
    if entry.value is not None:
        array = np.asarray(entry.value)
        if array.dtype.hasobject:
            raise TypeError(f"an array of {array.dtype} cannot be stored: it holds Python objects")
        words[3:] = array.dtype.str, json.dumps(array.shape)
        value = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    return *words, _checksum(words, value), value


def from_row(*row) -> Entry | None:
    """Undo `to_row`; None where the checksum disagrees. The array is read-only.

    Examples
    --------
    >>> row = to_row(Entry(np.zeros(2)))
    >>> from_row(*row).value
    array([0., 0.])
    >>> print(from_row(*row[:-1], bytes(16 * [1])))
    None
    """
    *words, checksum, value = row
    if _checksum(words, value) != checksum:
        return None
    status, detail, counts, dtype, shape = words
    array = None
    if dtype is not None:
        array = np.frombuffer(value, np.dtype(dtype)).reshape(json.loads(shape))
        array.flags.writeable = False
    return Entry(array, status, detail, json.loads(counts))


class Memo:
    """The entries last used, up to a number of bytes, so that a grid search asks no database.

    Parameters
    ----------
    limit : int
        Bytes of values, and of what it costs to remember them.

    Examples
    --------
    >>> memo = Memo(limit=2000)
    >>> memo["a"] = memo["b"] = Entry(np.zeros(100))
    >>> "a" in memo, "b" in memo
    (False, True)
    """

    def __init__(self, limit: int):
        self.limit, self.bytes, self.entries = limit, 0, OrderedDict()

    def __contains__(self, key):
        return key in self.entries

    def get(self, key):
        """Return the entry, or None."""
        entry = self.entries.get(key)
        if entry is not None:
            self.entries.move_to_end(key)
        return entry

    def __setitem__(self, key, entry):
        self.drop(key)
        self.entries[key] = entry
        self.bytes += self._size(entry)
        while self.bytes > self.limit:
            self.drop(next(iter(self.entries)))

    def drop(self, key):
        """Forget an entry, if it is there."""
        if key in self.entries:
            self.bytes -= self._size(self.entries.pop(key))

    def clear(self):
        """Forget everything."""
        self.entries.clear()
        self.bytes = 0

    @staticmethod
    def _size(entry):
        return 500 + (0 if entry.value is None else entry.value.nbytes)
