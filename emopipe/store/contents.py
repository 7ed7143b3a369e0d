"""Checksums of files' contents, reused while the files do not change."""

import hashlib
import os
import time
from collections.abc import Mapping

from emopipe.files import FileStamp
from emopipe.media.excerpts import Excerpt
from emopipe.store.database import Database, chunks
from emopipe.store.records import checksum_of
from emopipe.store.repair import FILE_COLUMNS, PUT_FILE

# A file changed in the last two seconds may change again without its stamp showing it.
_UNSETTLED = 2 * 10**9


def clip_checksum(content: str, part: Excerpt) -> str:
    """Return what names a clip by what it holds: its file's checksum, or one of the part's own.

    Examples
    --------
    >>> clip_checksum("00", Excerpt("a.wav"))
    '00'
    """
    if part.is_whole:
        return content
    return hashlib.sha256((content + part.fragment).encode()).hexdigest()


def read_contents(database: Database, stamps: Mapping[str, FileStamp]) -> dict[str, str]:
    """Return the checksums that are known of files.

    Parameters
    ----------
    database : Database
    stamps : dict of str to FileStamp
        By absolute path: as the files are now.
    """
    contents, damaged = {}, []
    for paths in chunks([os.fsencode(path) for path in stamps]):
        marks = ",".join("?" * len(paths))
        query = f"SELECT {', '.join(FILE_COLUMNS)} FROM files WHERE path IN ({marks})"
        for *row, checksum in database.rows(query, paths):
            if checksum_of(*row) != checksum:
                damaged.append(row[0])
            elif tuple(row[1:4]) == stamps.get(path := os.fsdecode(row[0])):
                contents[path] = row[4].hex()
    if damaged:
        database.run(
            lambda sql: [sql("DELETE FROM files WHERE path=?", (p,)) for p in damaged], write=True
        )
    return contents


def write_contents(database: Database, contents: Mapping[str, tuple[FileStamp, str]]) -> None:
    """Remember the checksums of files that have not changed for two seconds.

    Parameters
    ----------
    database : Database
    contents : dict of str to (FileStamp, str)
        By absolute path: the stamp that the file had before it was read, and its checksum.
    """
    settled = time.time_ns() - _UNSETTLED
    rows = [
        (os.fsencode(path), *stamp, bytes.fromhex(content))
        for path, (stamp, content) in contents.items()
        if stamp.changed < settled
    ]

    def put(sql):
        for row in rows:
            sql(PUT_FILE, (*row, checksum_of(*row)))

    if rows:
        database.run(put, write=True)
