"""What a file holds, as a hash: read once, then remembered while the file stays as it is."""

import hashlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from emopipe.files import checksum, file_stamp
from emopipe.media.excerpts import parse
from emopipe.store.database import Database, chunks

# A file changed in the last two seconds may change again without its time of change showing it.
_UNSETTLED = 2 * 10**9


def hash_files(paths) -> Iterator[str]:
    """Yield `checksum` of each of a list of paths, several being read at once.

    Examples
    --------
    >>> list(hash_files([__file__])) == [checksum(__file__)]
    True
    """
    with ThreadPoolExecutor(8) as threads:
        for some in chunks(paths, 256):
            yield from threads.map(checksum, some)


def _remembered(database, marks) -> dict[str, str]:
    """Return the hashes of the files that are still as they were."""
    known = {}
    for some in chunks(list(marks), 500):
        with database.transaction() as sql:
            rows = sql(
                "SELECT path, size, mtime, inode, content FROM files "
                f"WHERE path IN ({','.join('?' * len(some))})",
                some,
            ).fetchall()
        known |= {row[0]: row[4] for row in rows if row[1:4] == marks[row[0]]}
    return known


def _remember(database, files):
    settled = time.time_ns() - _UNSETTLED
    rows = [row for row in files if row[2] < settled]
    if rows:
        with database.transaction(write=True) as sql:
            for row in rows:
                sql("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", row)


def _hash_of_part(content, part) -> str:
    return hashlib.sha256((content + part.fragment).encode()).hexdigest()


def content_hashes(database: Database, paths, read=hash_files) -> list[str]:
    """Return `checksum` of many paths, remembered by path, size, time of change and inode.

    A part of a recording (see `emopipe.media.excerpts`) has a hash of its own. ``read(paths)``
    yields the hashes of the files that are not remembered, in their order.

    Raises
    ------
    FileNotFoundError
        If one does not exist.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> database = Database(mkdtemp() + "/store.sqlite")
    >>> content_hashes(database, [__file__]) == [checksum(__file__)]
    True
    """
    parts = [parse(path) for path in paths]
    places = [os.path.abspath(part.path) for part in parts]
    marks = {place: file_stamp(place) for place in dict.fromkeys(places)}
    known = _remembered(database, marks)
    asked = [place for place in marks if place not in known]
    digests = iter(read(asked))
    for some in chunks(asked, 256):
        fresh = dict(zip(some, digests, strict=False))
        _remember(database, [(place, *marks[place], fresh[place]) for place in some])
        known |= fresh
    return [
        known[place] if part.is_whole else _hash_of_part(known[place], part)
        for place, part in zip(places, parts, strict=True)
    ]
