"""One stored result: a named tuple, the columns of a table, a memory of the last used."""

import hashlib
import json
from collections import OrderedDict
from typing import NamedTuple

import numpy as np

# The columns of `to_row`, in its order; all but the last are what `peek_row` needs.
COLUMNS = (
    "key", "content", "status", "detail", "counts", "dtype", "shape", "digest", "checksum", "value",
)  # fmt: skip


class Entry(NamedTuple):
    """What is known of one clip under one recipe.

    Parameters
    ----------
    value : ndarray or None
        Any dtype but object, any shape; None where the clip gave nothing.
    status : str
        One of `emopipe.media.STATUSES`.
    detail : str
        In words, why.
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


def checksum_of(*fields) -> bytes:
    """Return the SHA-256 of some text, bytes, numbers and None, each told apart from the next.

    Examples
    --------
    >>> checksum_of("ab", "c") == checksum_of("a", "bc")
    False
    """
    return hashlib.sha256(repr(fields).encode("utf-8", "backslashreplace")).digest()


def _text(words: str) -> str:
    """Return a text that SQLite takes: bytes of file names that are no UTF-8 become escapes."""
    return words.encode("utf-8", "backslashreplace").decode()


def to_row(key: str, entry: Entry, content: str | None = None) -> tuple:
    """Return an entry as the values of `COLUMNS`.

    Parameters
    ----------
    key : str
        Hexadecimal digits; part of the checksum, so that no key can get another one's value.
    entry : Entry
    content : str, optional
        Checksum of the clip's whole file.

    Raises
    ------
    TypeError
        If the array holds Python objects.
    ValueError
        If a key is no hexadecimal number.

    Examples
    --------
    >>> to_row("00", Entry(np.zeros(2), counts={"frames": 3}))[:7]
    (b'\\x00', None, 'ok', '', '{"frames": 3}', '<f8', '[2]')
    """
    dtype = shape = value = digest = None
    if entry.value is not None:
        array = np.asarray(entry.value)
        if array.dtype.hasobject:
            raise TypeError(f"an array of {array.dtype} cannot be stored: it holds Python objects")
        dtype, shape = array.dtype.str, json.dumps(array.shape)
        value = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
        digest = hashlib.sha256(value).digest()
    words = (
        bytes.fromhex(key),
        content and bytes.fromhex(content),
        _text(entry.status),
        _text(entry.detail),
        json.dumps(dict(entry.counts)),
        dtype,
        shape,
        digest,
    )
    return *words, checksum_of(*words), value


def _decode(words) -> list:
    """Return columns of text as text; raises UnicodeDecodeError or AttributeError."""
    return [word if word is None else word.decode() for word in words]


def _entry(key, content, status, detail, counts, dtype, shape, digest, checksum) -> tuple:
    """Return an entry without its value, dtype and shape; raises where anything is damaged."""
    texts = _decode((status, detail, counts, dtype, shape))
    if checksum_of(key, content, *texts, digest) != checksum:
        raise ValueError("the checksum disagrees")
    counts = json.loads(texts[2])
    if not isinstance(counts, dict):
        raise ValueError("counts are no dict")
    return Entry(None, texts[0], texts[1], counts), *texts[3:]


def peek_row(*row) -> Entry | None:
    """Return an entry without its value from all columns but the value; None where damaged."""
    try:
        return _entry(*row)[0]
    except Exception:  # whatever a damaged row may hold
        return None


def from_row(*row) -> Entry | None:
    """Undo `to_row`, text being bytes; None where a checksum disagrees. The array is read-only.

    Examples
    --------
    >>> row = [v.encode() if isinstance(v, str) else v for v in to_row("00", Entry(np.zeros(2)))]
    >>> from_row(*row).value
    array([0., 0.])
    >>> print(from_row(b"another key", *row[1:]))
    None
    """
    *words, value = row
    try:
        entry, dtype, shape = _entry(*words)
        if dtype is None:
            return entry if value is None else None
        if hashlib.sha256(value).digest() != words[7]:
            return None
        array = np.frombuffer(value, np.dtype(dtype)).reshape(json.loads(shape))
    except Exception:  # whatever a damaged row may hold
        return None
    array.flags.writeable = False
    return entry._replace(value=array)


def from_first_schema(status, detail, counts, dtype, shape, checksum, value) -> Entry | None:
    """Return the entry in a row of schema 1, whose checksum leaves out the key; None if damaged."""
    try:
        words = _decode((status, detail, counts, dtype, shape))
        digest = hashlib.sha256(json.dumps(words).encode())
        digest.update(b"" if value is None else value)
        if digest.digest() != checksum:
            return None
        array = None
        if dtype is not None:
            array = np.frombuffer(value, np.dtype(words[3])).reshape(json.loads(words[4]))
        return Entry(array, words[0], words[1], json.loads(words[2]))
    except Exception:  # whatever a damaged row may hold
        return None


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
