"""How a page plays a recording: named by its path, or copied into the page where that is wanted."""

import os
from base64 import b64encode
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import numpy as np

from emopipe.extraction import Block, Recipe, extract
from emopipe.media import ClipError, probe
from emopipe.media.excerpts import parse

TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".wav": "audio/wav",
         ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".flac": "audio/flac",
         ".m4a": "audio/mp4", ".png": "image/png", ".jpg": "image/jpeg"}  # fmt: skip
LARGEST = 4 * 2**20  # bytes of a recording that a page may hold
_LONGEST = 60.0  # s that are worth coding again


class Playable(NamedTuple):
    """What a page shows: the kind of element and its address, "" where nothing can be played.

    Parameters
    ----------
    kind : "video", "audio", "image" or ""
    address : str
        A path relative to the page, or a data URI.
    note : str
        Why it is not played.
    """

    kind: str
    address: str
    note: str = ""


def playables(paths, folder, *, embed=False, n_jobs=-1, largest=LARGEST) -> list[Playable]:
    """Return how a page in `folder` plays recordings.

    Parameters
    ----------
    paths : list of str
    folder : str or Path
    embed : bool
        False: the page names each recording by its relative path, and no file is opened. True: a
        small one is copied into the page; a short one of a format that browsers do not play
        (CREMA-D's FLV) is coded as MP4 for it, in a worker process.
    n_jobs : int
        Processes that code.
    largest : int
        Bytes of a recording that the page may hold; a larger one is named by its path.

    Examples
    --------
    >>> playables(["/data/a b.wav", "/data/c.flv"], "/data")
    [Playable(kind='audio', address='a%20b.wav', note=''), Playable(kind='', address='', note=...)]
    """
    if not embed:
        return [_link(path, folder) for path in paths]
    foreign = [path for path in paths if not _type_of(path)]
    copies = dict(zip(foreign, _copies(foreign, n_jobs, largest), strict=True))
    return [copies.get(path) or _copy(path, folder, largest) for path in paths]


def _type_of(path):
    return TYPES.get(Path(path).suffix.lower())


def _link(path, folder):
    if not parse(path).is_whole:
        note = "a page cannot name a part of a recording (--embed makes a copy of it)"
        return Playable("", "", note)
    mime = _type_of(path)
    if not mime:
        note = (
            f"browsers do not play {Path(path).suffix} files (--embed makes a copy that they play)"
        )
        return Playable("", "", note)
    relative = os.path.relpath(Path(path).absolute(), Path(folder).absolute())
    return Playable(mime.split("/")[0], quote(os.fsencode(Path(relative).as_posix())))


def _copy(path, folder, largest):
    mime = _type_of(path)
    with open(path, "rb") as file:
        content = file.read(largest + 1)
    if len(content) > largest:
        return _link(path, folder)
    return Playable(mime.split("/")[0], _data(mime, content))


def _data(mime, content):
    return f"data:{mime};base64,{b64encode(content).decode()}"


def mp4_copy(path):
    """Yield a short recording coded as MP4: the `prepare` of this module's recipe.

    Yields
    ------
    Block
        The bytes, uint8 (n,); the first says whether there are pictures.

    Raises
    ------
    ClipError
        If it is too long for a page, or cannot be decoded.
    """
    from emopipe.media.playing import as_mp4

    info = probe(path)
    if info.duration > _LONGEST:
        raise ClipError(path, "too_large", f"It is longer than {_LONGEST:g} s.")
    try:
        content = as_mp4(path)
    except OSError as error:
        raise ClipError(path, "corrupt", str(error)) from error
    yield Block(np.frombuffer(bytes([info.has_video]) + content, np.uint8))


def _copies(paths, n_jobs, largest):
    """Return how recordings are played whose formats browsers do not know."""
    recipe = Recipe("mp4_copy", 1, mp4_copy, pooling="stack")
    # Nothing of it is kept: it shows people.
    copies = extract(paths, recipe, store=None, n_jobs=n_jobs) if paths else None
    playable = []
    for row, path in enumerate(paths):
        value = copies.values[row]
        if value is None:
            note = f"{copies.statuses[row]}. {copies.details[row]}".strip()
            playable.append(Playable("", "", note.splitlines()[-1]))
        elif len(value) > largest:
            playable.append(Playable("", "", f"browsers do not play {Path(path).suffix} files"))
        else:
            kind = "video" if value[0] else "audio"
            playable.append(Playable(kind, _data("video/mp4", value[1:].tobytes())))
    return playable
