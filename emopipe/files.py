"""Write files atomically, stamp them, and download them under a pinned checksum."""

import errno
import hashlib
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

_PIECE = 2**20
# Seconds without an answer, and bytes per second (after a minute), below which a download ends.
_SILENCE = 30.0
_SLOWEST = 1000
# What a write to an open file fails with: full, over a quota or a limit, broken.
_DISK = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG, errno.EIO)


class FileStamp(NamedTuple):
    """What changes whenever a file is written: size in bytes, time of change in ns, and inode."""

    size: int
    changed: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result):
        """Return the stamp in what `os.stat` said of a file."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)


def file_stamp(path) -> FileStamp:
    """Return the stamp of a file: it is the same as long as nobody writes the file.

    Raises
    ------
    OSError
        If there is no such file, or it cannot be looked at.

    Examples
    --------
    >>> file_stamp(__file__) == file_stamp(__file__)
    True
    """
    return FileStamp.of(os.stat(path))


def checksum(path) -> str:
    """Return the SHA-256 of a file's content in hexadecimal digits.

    Raises
    ------
    OSError
        If it cannot be read.

    Examples
    --------
    >>> len(checksum(__file__))
    64
    """
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cache_folder() -> Path:
    """Return the user's folder for what can be computed or fetched again (XDG_CACHE_HOME).

    Examples
    --------
    >>> cache_folder().name
    'emopipe'
    """
    import platformdirs

    return Path(platformdirs.user_cache_dir("emopipe"))


def expand_user(path) -> Path:
    """Return a path whose leading ~ is the user's home folder; a file named like ~a.wav stays.

    Examples
    --------
    >>> expand_user("~") == Path.home(), expand_user("~lock.wav").name
    (True, '~lock.wav')
    """
    return Path(os.path.expanduser(path))


def _open_nameless(path: Path) -> tuple[BinaryIO, Path | None]:
    """Open a file without a name in the folder of `path`, or one with a name of its own."""
    with suppress(AttributeError, OSError):  # Linux only, and not on every file system
        descriptor = os.open(path.parent, os.O_TMPFILE | os.O_WRONLY, 0o666)
        return open(descriptor, "wb"), None
    temporary = _beside(path)
    return open(temporary, "xb"), temporary


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name[:40]}.{secrets.token_hex(4)}.part")


def _publish(file: BinaryIO, temporary: Path | None, path: Path) -> None:
    """Give a complete file its name."""
    file.flush()
    os.fsync(file.fileno())
    temporary = temporary or _beside(path)
    if not temporary.exists():
        # With a descriptor, whichever it is, the link in /proc is followed.
        os.link(f"/proc/self/fd/{file.fileno()}", temporary, src_dir_fd=file.fileno())
    try:
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _write_error(path, error) -> OSError:
    text = error.strerror or str(error)
    if isinstance(error, FileExistsError | NotADirectoryError):
        text = "a folder of its path is a file"
    return OSError(error.errno, f"cannot be written ({text}); what was there is unchanged", path)


@contextmanager
def atomic_file(path) -> Iterator[BinaryIO]:
    """Open a file for writing whose content takes the name `path` when the block ends.

    Readers see the old file or the whole new one. If the block raises, or the process is killed,
    nothing changes and (on Linux) nothing is left behind. Folders are made where missing. What is
    no regular file, such as a pipe or /dev/stdout, is written to directly.

    Parameters
    ----------
    path : str or Path

    Yields
    ------
    binary file

    Raises
    ------
    OSError
        If it cannot be written; the message names `path`.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> path = Path(mkdtemp()) / "numbers.txt"
    >>> with atomic_file(path) as file:
    ...     _ = file.write(b"1 2 3")
    ...     path.exists()
    False
    >>> path.read_bytes()
    b'1 2 3'
    """
    target = Path(os.path.realpath(expand_user(path)))
    try:
        if target.exists() and not target.is_file():
            with open(target, "wb") as stream:
                yield stream
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        file, temporary = _open_nameless(target)
    except OSError as error:
        raise _write_error(str(path), error) from error
    try:
        with file:
            yield file
            try:
                _publish(file, temporary, target)
            except OSError as error:
                raise _write_error(str(path), error) from error
    except BaseException as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in _DISK and error.filename is None:
            raise _write_error(str(path), error) from error
        raise


def write_atomic(path, content) -> Path:
    r"""Write a whole file: whoever reads `path` sees all of it or the old file; return its path.

    Parameters
    ----------
    path : str or Path
    content : str or bytes
        Text is written as UTF-8 with "\n" at the ends of lines.

    Raises
    ------
    OSError
        If it cannot be written; the message names `path`.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> write_atomic(mkdtemp() + "/a.txt", "words").read_text()
    'words'
    """
    with atomic_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)
    return expand_user(path)


def check_writable(folder, label, advice="choose another folder") -> None:
    """Make a folder, and raise an error that names it where no file can be written in it.

    Parameters
    ----------
    folder : str or Path
    label : str
        What the error begins with: the parameter, or the flag, and its value.
    advice : str

    Raises
    ------
    OSError

    Examples
    --------
    >>> check_writable(Path(__file__) / "below", "reports='here'")
    Traceback (most recent call last):
        ...
    NotADirectoryError: reports='here' cannot be written (...files.py/below is no folder): choose
    another folder
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except (FileExistsError, NotADirectoryError):
        raise NotADirectoryError(
            f"{label} cannot be written ({folder} is no folder): {advice}"
        ) from None
    except OSError as error:
        reason = error.strerror or error
        raise OSError(f"{label} cannot be written ({reason}): {advice}") from None


def set_aside(path) -> Path:
    """Rename a file that cannot be used, so that another takes its place; return its new path.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> set_aside(write_atomic(mkdtemp() + "/a.json", "{")).name
    'a.json.damaged-0'
    """
    path, n = Path(path), 0
    while os.path.lexists(aside := path.with_name(f"{path.name}.damaged-{n}")):
        n += 1
    return path.rename(aside)


def _pieces(url, most) -> Iterator[bytes]:
    """Yield what a server answers, within limits on silence, slowness and size."""
    import requests

    if not url.startswith(("https://", "http://")):
        raise ValueError(f"{url}: only https and http are fetched")
    began, total = time.monotonic(), 0
    try:
        with requests.get(url, stream=True, timeout=_SILENCE) as answer:
            answer.raise_for_status()
            for piece in answer.iter_content(_PIECE // 16):
                total += len(piece)
                if total > most:
                    raise ValueError(f"{url} sends more than {most} bytes")
                spent = time.monotonic() - began
                if spent > 60 and total < _SLOWEST * spent:
                    raise TimeoutError(f"{url} sent {total} bytes in {spent:.0f} s")
                yield piece
    except requests.RequestException as error:
        raise ConnectionError(_network_words(url, error)) from error


def _network_words(url, error) -> str:
    """Return in words what the network did: its own message is an address and five classes."""
    import requests

    host = urlsplit(url).hostname
    if error.response is not None:
        return f"{host} answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return f"{host} does not answer within {_SILENCE:g} s"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return f"{host} broke off"
    if isinstance(error, requests.exceptions.InvalidSchema):
        return f"{host} leads to another address, which is not fetched"
    return f"no connection to {host}"


def download(url, path, *, sha256, most=2**31) -> Path:
    """Fetch a file under a pinned checksum, unless it is there already.

    Parameters
    ----------
    url : str
        https or http.
    path : str or Path
        Where it is kept; a file with another checksum is replaced.
    sha256 : str
        Of the content, in hexadecimal digits.
    most : int
        Bytes that the server may send.

    Returns
    -------
    Path
        `path`, whose checksum was verified.

    Raises
    ------
    OSError, ValueError
        If it cannot be fetched, or is not what was pinned: then nothing is left behind.

    Examples
    --------
    >>> download("https://example.org/files.py", __file__, sha256=checksum(__file__)).name
    'files.py'
    """
    path = Path(path)
    if path.is_file() and checksum(path) == sha256:
        return path
    digest = hashlib.sha256()
    with atomic_file(path) as file:
        for piece in _pieces(url, most):
            digest.update(piece)
            file.write(piece)
        if digest.hexdigest() != sha256:
            raise ValueError(
                f"{url} has SHA-256 {digest.hexdigest()}, but {sha256} is pinned: it is not used"
            )
    return path
