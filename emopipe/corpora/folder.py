"""What lies in a corpus' folder: recordings, tables, and what is wrong with them on disk."""

import os
from difflib import get_close_matches
from pathlib import Path
from stat import S_ISDIR
from typing import NamedTuple

# A corpus' original format stands before the formats that people convert it to: of two files
# of one take the first is read.
MEDIA = {
    "video": (".flv", ".avi", ".mp4", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv"),
    "audio": (".wav", ".flac", ".aif", ".aiff", ".ogg", ".opus", ".m4a", ".aac", ".mp3"),
    "image": (".tiff", ".tif", ".png", ".bmp", ".jpg", ".jpeg", ".webp", ".pgm"),
}
MARKER = "SYNTHETIC.json"
_MEDIUM = {suffix: medium for medium, suffixes in MEDIA.items() for suffix in suffixes}
_ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
_TABLES = (".csv", ".tsv", ".txt", ".xlsx")
_MAX_DEPTH = 8
_POINTER = b"version https://git-lfs"


class CorpusError(ValueError):
    """A corpus that cannot be read as it lies on disk; the message says what to do."""


class CorpusWarning(UserWarning):
    """A corpus that was read, but is not quite what its authors distribute."""


class Recording(NamedTuple):
    """One media file below a corpus' root.

    Attributes
    ----------
    path : str
        Absolute path.
    clip : str
        Path relative to the root, with forward slashes.
    folders : tuple of str
        Names of the folders that it lies in, from the root's own name inwards.
    stem, suffix : str
        File name without its last suffix, and that suffix in lower case.
    medium : str
        "video", "audio" or "image".
    fault : str
        Why the file cannot be a recording, "" if nothing is wrong at first sight.
    synthetic : bool
        Whether it lies below a folder marked as an invented corpus.
    """

    path: str
    clip: str
    folders: tuple[str, ...]
    stem: str
    suffix: str
    medium: str
    fault: str
    synthetic: bool

    @property
    def name(self) -> str:
        """File name with suffix."""
        return os.path.basename(self.clip)


class Folder(NamedTuple):
    """All that `scan` found below a root: recordings in the order of their names, and the rest."""

    root: Path
    recordings: list[Recording]
    tables: list[str]
    archives: list[str]

    def table(self, name: str) -> str | None:
        """Return the path of the corpus' own table `name`, wherever it lies below the root.

        `name` may say where it lies in the complete corpus ("processedResults/votes.csv"); it
        is looked for beside the root as well, for roots that are a folder inside the corpus.
        """
        wanted = os.path.basename(name).lower()
        below = [path for path in self.tables if os.path.basename(path).lower() == wanted]
        if below:
            return min(below, key=lambda path: (path.count(os.sep), path))
        beside = self.root.parent / name
        return str(beside) if beside.is_file() else None


def scan(root) -> Folder:
    """List the recordings, tables and archives below `root`, without opening any of them.

    Hidden files and folders and the remains of macOS archives are skipped; linked folders are
    followed once. Only files under a kilobyte are looked into, for Git LFS pointers.

    Parameters
    ----------
    root : str or Path
        A folder; "~" is the home folder.

    Returns
    -------
    Folder

    Raises
    ------
    FileNotFoundError
        There is nothing at `root`; the message lists what lies beside it.
    NotADirectoryError
        `root` is a file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> root = Path(tempfile.mkdtemp())
    >>> _ = (root / "a1.wav").write_bytes(b"RIFF")
    >>> _ = (root / "b1.wav").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    >>> [(r.clip, r.medium, r.fault[:15]) for r in scan(root).recordings]
    [('a1.wav', 'audio', ''), ('b1.wav', 'audio', 'Git LFS pointer')]
    """
    root = Path(os.path.abspath(Path(root).expanduser()))
    _check_is_folder(root)
    folder = Folder(root, [], [], [])
    marked = (root.parent / MARKER).is_file()
    _walk(folder, str(root), (root.name,), marked, {_identity(root.stat())})
    folder.recordings.sort(key=lambda recording: recording.clip)
    return folder


def _check_is_folder(root: Path):
    if root.is_dir():
        return
    if root.exists():
        advice = {".csv": "read it with load_table", ".tsv": "read it with load_table"}
        advice |= dict.fromkeys(_ARCHIVES, "unpack it and name the folder")
        what = advice.get(root.suffix.lower(), "name the folder that the corpus lies in")
        raise NotADirectoryError(f"{root} is a file, not a folder: {what}")
    if not root.parent.is_dir():
        raise FileNotFoundError(f"no folder {root} (nor {root.parent}): check the path")
    beside = sorted(p.name for p in root.parent.iterdir() if not p.name.startswith("."))
    alike = get_close_matches(root.name, beside, n=3) or beside
    raise FileNotFoundError(
        f"no folder {root}; {root.parent} holds {listed(alike) if alike else 'nothing'}"
    )


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _walk(folder: Folder, path: str, names: tuple[str, ...], synthetic: bool, seen: set):
    with os.scandir(path) as entries:
        entries = [e for e in entries if not e.name.startswith(".") and e.name != "__MACOSX"]
    synthetic = synthetic or any(e.name == MARKER for e in entries)
    for entry in entries:
        if entry.is_dir():
            identity = _identity(entry.stat())
            if identity not in seen and len(names) < _MAX_DEPTH:
                seen.add(identity)
                _walk(folder, entry.path, (*names, entry.name), synthetic, seen)
            continue
        stem, suffix = os.path.splitext(entry.name)
        suffix = suffix.lower()
        if suffix in _MEDIUM:
            clip = "/".join((*names[1:], entry.name))
            fault = file_fault(entry)
            folder.recordings.append(
                Recording(entry.path, clip, names, stem, suffix, _MEDIUM[suffix], fault, synthetic)
            )
        elif suffix in _TABLES:
            folder.tables.append(entry.path)
        elif suffix in _ARCHIVES:
            folder.archives.append(entry.name)


def file_fault(file) -> str:
    """Say why a file (`os.DirEntry` or `Path`) cannot be what its name promises, "" if it can."""
    try:
        status = file.stat()
    except FileNotFoundError:
        if file.is_symlink():
            return "broken link (a git-annex copy needs `git annex get`)"
        return "missing file"
    if S_ISDIR(status.st_mode):
        return "folder, not a file"
    size = status.st_size
    if size == 0:
        return "empty file (0 bytes)"
    if size < 1024:
        with open(file, "rb") as stream:
            if stream.read(len(_POINTER)) == _POINTER:
                return "Git LFS pointer, not the recording (run `git lfs pull` in the clone)"
    return ""


def medium_of(path: str) -> str | None:
    """Return "video", "audio" or "image" by the file's suffix, None for any other suffix."""
    return _MEDIUM.get(os.path.splitext(path)[1].lower())


def read_csv(path, *, needed=(), **options):
    """Read one of a corpus' own tables, or say that the file is none, or lacks needed columns."""
    import pandas as pd

    fault = file_fault(Path(path))
    if fault:
        raise CorpusError(f"{path}: {fault.replace('the recording', 'the table')}")
    try:
        table = pd.read_csv(path, **options)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise CorpusError(f"{path} is no readable CSV table: {error}") from error
    absent = [column for column in needed if column not in table]
    if absent:
        raise CorpusError(
            f"{path}: no columns {', '.join(absent)}; found {', '.join(map(str, table))}. Get the "
            "table again from where the corpus comes"
        )
    return table


def listed(names, most: int = 5) -> str:
    """Return the first names of many in words.

    Examples
    --------
    >>> listed(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    names = [str(name) for name in names]
    text = ", ".join(names[:most])
    return f"{text} and {len(names) - most} more" if len(names) > most else text
