"""Weight files of published networks: identified by checksum, looked up or downloaded."""

import os
from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import emopipe.files as files
from emopipe.parameters import check_one_of

# Where files of a given checksum were last seen by this process: recipes name weights by checksum,
# so that the same file gives the same key wherever it lies.
_SEEN: dict[str, str] = {}


class WeightsError(ValueError):
    """A weight file that is missing, is not what it should be, or asks for something unsafe."""


class Published(NamedTuple):
    """A weight file that somebody published.

    Parameters
    ----------
    name : str
        The network, in words.
    url : str
        Where the file is fetched from.
    sha256 : str
        Of the file, in hexadecimal digits.
    size : int
        Megabytes.
    licence : str
        What it may be used for.
    variable : str
        Environment variable that may name a local file.
    words : tuple of str
        What a parameter `weights` takes besides a path: the word for this file, and "random" where
        seeded numbers will do.
    otherwise : str
        What can be done without the file, appended to the error.

    Examples
    --------
    >>> from emopipe.backbones.mini_xception import PUBLISHED
    >>> PUBLISHED.licence
    'MIT'
    """

    name: str
    url: str
    sha256: str
    size: int
    licence: str
    variable: str
    words: tuple[str, ...] = ()
    otherwise: str = ""

    @property
    def file_name(self) -> str:
        """Name under which the file is kept."""
        return self.url.rsplit("/", 1)[1]


@lru_cache(maxsize=64)
def _checksum(path, stamp):
    return files.checksum(path)


def checksum(path) -> str:
    """Return a file's SHA-256 and remember where the file is.

    A file is read once per process, unless its size or time of change differ later.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    WeightsError
        If there is no such file.

    Examples
    --------
    >>> checksum("missing.h5")
    Traceback (most recent call last):
        ...
    emopipe.backbones.weights.WeightsError: missing.h5: no such file. Give the path of a weight
    file.
    """
    path = files.expand_user(path)
    if not path.is_file():
        raise WeightsError(f"{path}: no such file. Give the path of a weight file.")
    path = path.resolve()
    digest = _checksum(path, files.file_stamp(path))
    _SEEN[digest] = str(path)
    return digest


def registration(digest) -> Callable | None:
    """Return a call that tells another process where this one found a file, or None.

    For the `elsewhere` of a recipe: a worker of a cluster knows no path. Where the file is not
    at the same place there, nothing happens, and the environment variable may still name it.

    Examples
    --------
    >>> registration("0" * 64) is None
    True
    """
    return partial(_look_at, _SEEN[digest]) if digest in _SEEN else None


def _look_at(path):
    if Path(path).is_file():
        checksum(path)


def identify(weights, published: Published, seed=0) -> str:
    """Return what a recipe calls the weights that are meant, without fetching them.

    Parameters
    ----------
    weights : str, Path or None
        A path, or one of the words of `published`; its own word, or None, means the published
        file, which the environment variable may replace.
    published : Published
    seed : int
        Of random weights.

    Returns
    -------
    str
        SHA-256 in hexadecimal digits, or "random:SEED": what a recipe's key is made of.

    Raises
    ------
    WeightsError
        If a named file does not exist.

    Examples
    --------
    >>> from emopipe.backbones.mini_xception import PUBLISHED
    >>> identify("default", PUBLISHED)[:8]
    '59534287'
    """
    if weights in published.words:
        if weights == "random":
            return f"random:{seed}"
        weights = None
    word = weights and os.sep not in str(weights) and not Path(weights).suffix
    if word and published.words and not files.expand_user(weights).exists():
        advice = ", or the path of a weight file (no such file is there)"
        check_one_of("weights", str(weights), published.words, advice=advice, error=WeightsError)
    named = weights or os.environ.get(published.variable)
    return checksum(named) if named else published.sha256


def weight_notices(name, published: Published, senses="faces") -> list[str]:
    """Return what a reader must know where a network's weights are not the published ones.

    Parameters
    ----------
    name : str
        As `identify` gives it.
    published : Published
    senses : str
        What random weights know nothing of.

    Examples
    --------
    >>> from emopipe.backbones.mini_xception import PUBLISHED
    >>> weight_notices("random:3", PUBLISHED)
    ['Mini-XCEPTION has random weights (seed 3): its features know nothing of faces.']
    """
    if name == published.sha256:
        return []
    network = f"{published.name[0].upper()}{published.name[1:]} has"
    kind, _, seed = name.partition(":")
    if kind == "random":
        return [f"{network} random weights (seed {seed}): its features know nothing of {senses}."]
    return [f"{network} weights from a file of the user's (SHA-256 {name[:12]}...)."]


def lookup_file(digest, name) -> str:
    """Return the file with a checksum that this process was given before.

    Parameters
    ----------
    digest : str
        SHA-256, as `checksum` gave it.
    name : str
        What it is, for the error.

    Returns
    -------
    str

    Raises
    ------
    WeightsError
        If `checksum` never saw it, or it has changed since.

    Examples
    --------
    >>> lookup_file("0" * 64, "network")
    Traceback (most recent call last):
        ...
    emopipe.backbones.weights.WeightsError: The network with SHA-256 000000000000... was named
    in another process, or has changed since. Name its file in this one.
    """
    path = _SEEN.get(digest)
    if path and Path(path).is_file() and checksum(path) == digest:
        return path
    raise WeightsError(
        f"The {name} with SHA-256 {digest[:12]}... was named in another process, or has changed "
        "since. Name its file in this one."
    )


def _cache_path(published) -> Path:
    return files.cache_folder() / "weights" / published.file_name


def find(digest, published: Published) -> Path | None:
    """Return a file of this computer with a checksum, or None.

    Parameters
    ----------
    digest : str
        SHA-256, as `identify` gave it.
    published : Published
        Says which environment variable and which place in the cache to look at.

    Returns
    -------
    Path or None
        A file whose checksum was verified in this process.

    Examples
    --------
    >>> from emopipe.backbones.mini_xception import PUBLISHED
    >>> find("0" * 64, PUBLISHED) is None
    True
    """
    for path in (_SEEN.get(digest), os.environ.get(published.variable), _cache_path(published)):
        if path and files.expand_user(path).is_file() and checksum(path) == digest:
            return files.expand_user(path)
    return None


def fetch(digest, published: Published) -> Path:
    """Return where the file with a checksum is, downloading it if it is the published one.

    Parameters
    ----------
    digest : str
        SHA-256, as `identify` gave it.
    published : Published
        What may be downloaded.

    Returns
    -------
    Path
        A file whose checksum was verified in this process.

    Raises
    ------
    WeightsError
        If it cannot be had; the message says where to get it and what may be done without it.

    Examples
    --------
    >>> from emopipe.backbones.mini_xception import PUBLISHED
    >>> fetch("0" * 64, PUBLISHED)
    Traceback (most recent call last):
        ...
    emopipe.backbones.weights.WeightsError: mini-XCEPTION: the weights with SHA-256
    000000000000... were named in another process. Set EMOPIPE_MINI_XCEPTION_WEIGHTS to their file
    here.
    """
    path = find(digest, published)
    if path:
        return path
    if digest != published.sha256:
        raise WeightsError(
            f"{published.name}: the weights with SHA-256 {digest[:12]}... were named in another "
            f"process. Set {published.variable} to their file here."
        )
    return _download(published)


def _download(published):
    path = _cache_path(published)
    try:
        files.download(published.url, path, sha256=published.sha256)
    except Exception as error:  # whatever the network did, the remedy is the same
        raise WeightsError(
            f"{published.name}: the weights could not be downloaded ({error}). Get "
            f"{published.file_name} ({published.size} MB, SHA-256 {published.sha256}) from "
            f"{published.url} and put it into {path.parent}, or pass weights=PATH, or set "
            f"{published.variable}=PATH. Licence: {published.licence}.{published.otherwise}"
        ) from error
    checksum(path)
    return path
