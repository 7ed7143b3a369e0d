"""List the recordings and tables in a corpus' folder, and what is wrong with them on disk."""

import os
from collections import Counter, deque
from difflib import get_close_matches
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import NamedTuple

from emopipe.files import expand_user
from emopipe.text import shorten

# What the decoder opens, by suffix. A corpus' original format stands before the formats that
# people convert it to: of two files of one take the first is read.
_SUFFIXES = {
    "video": ".flv .avi .mp4 .mov .mkv .webm .m4v .mpg .mpeg .wmv .asf .ogv .3gp .3g2 .f4v .ts "
    ".mts .m2ts .m2t .vob .m1v .m2v .mxf .dv .rm .rmvb .divx .qt .mk3d .mjpg .mjpeg .y4m .nut .264 "
    ".h264 .265 .h265 .hevc .ivf .obu .wtv .ismv .mp4v .mj2 .ogx .trp",
    "audio": ".wav .flac .aif .aiff .aifc .ogg .oga .opus .m4a .m4b .aac .adts .mp3 .mp2 .mpa .m2a "
    ".mka .weba .wma .ra .au .snd .amr .ac3 .eac3 .ec3 .dts .caf .w64 .rf64 .wv .ape .tta .tak "
    ".mpc .spx .sph .nist .voc .gsm .latm .sox .ircam .wave .bwf .3ga .m4r .f4a",
    "image": ".tiff .tif .png .bmp .jpg .jpeg .jpe .jfif .webp .pgm .ppm .pbm .pnm .pam .gif .apng "
    ".jp2 .j2k .j2c .jxl .jls .heic .heif .avif .tga .dpx .exr .hdr .pcx .pfm .qoi .ras .sgi .ico "
    ".xbm .xwd .mpo .jps .dib",
}
MEDIA = {medium: tuple(suffixes.split()) for medium, suffixes in _SUFFIXES.items()}
MARKER = "SYNTHETIC.json"
_MEDIUM = {suffix: medium for medium, suffixes in MEDIA.items() for suffix in suffixes}
_ARCHIVES = (".zip", ".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz")
_TABLES = (".csv", ".tsv", ".txt", ".xlsx")
_POINTER = b"version https://git-lfs"


class CorpusError(ValueError):
    """A corpus that cannot be read as it lies on disk; the message says what to do."""


class CorpusWarning(UserWarning):
    """A corpus that was read, but is not quite what its authors distribute.

    Attributes
    ----------
    notice : str
        The message without a path of this machine, for reports.
    """

    def __init__(self, message: str, notice: str | None = None):
        super().__init__(message)
        self.notice = message if notice is None else notice


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
    """All that lies below a root: recordings in the order of their names, and the rest.

    Attributes
    ----------
    root : Path
    recordings : list of Recording
    tables, archives : list of str
        Paths of tables, names of archives.
    skipped : Counter
        How many files and folders of which kind were left out.
    """

    root: Path
    recordings: list[Recording]
    tables: list[str]
    archives: list[str]
    skipped: Counter

    @property
    def leftovers(self) -> str:
        """All that is no recording, in words, "" where there is nothing else.

        Examples
        --------
        >>> Folder(Path("."), [], ["/a.csv"], [], Counter({"hidden": 2})).leftovers
        '2 hidden, 1 .csv'
        """
        further = (os.path.splitext(name)[1].lower() for name in self.tables + self.archives)
        return _list_kinds(self.skipped + Counter(further))

    @property
    def leftovers_beside_tables(self) -> str:
        """The same without tables and archives, of which a corpus may make use."""
        return _list_kinds(self.skipped)

    def table(self, name: str) -> str | None:
        """Return the path of the corpus' own table `name`, wherever it lies below the root.

        `name` may say where it lies in the complete corpus ("processedResults/votes.csv"); it
        is looked for beside the root as well, for roots that are a folder inside the corpus.
        """
        lower_name = os.path.basename(name).lower()
        below = [path for path in self.tables if os.path.basename(path).lower() == lower_name]
        if below:
            return min(below, key=lambda path: (path.count(os.sep), path))
        beside = self.root.parent / name
        return str(beside) if beside.is_file() else None


def _list_kinds(kinds: Counter) -> str:
    return shorten([f"{n} {kind}" for kind, n in kinds.most_common()], most=8)


def scan(root) -> Folder:
    """List the recordings, tables and archives below `root`, without opening any of them.

    Hidden files and folders and the remains of macOS archives are left out, and files of kinds
    that the decoder does not open; all of these are counted. Folders may lie in one another
    however deep; linked ones are followed once, after those that lie there. Only files under a
    kilobyte are looked into, for Git LFS pointers.

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
    root = Path(os.path.abspath(expand_user(root)))
    _check_is_folder(root)
    folder = Folder(root, [], [], [], Counter())
    _walk(folder, (root.parent / MARKER).is_file())
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
        f"no folder {root}; {root.parent} holds {shorten(alike) if alike else 'nothing'}"
    )


def _walk(folder: Folder, synthetic: bool):
    """Fill a Folder: first what lies below the root, then what links lead to."""
    queue = deque([(str(folder.root), (folder.root.name,), synthetic)])
    links, visited = deque(), set()
    while queue or links:
        path, names, synthetic = (queue or links).popleft()
        try:
            status = os.stat(path)
            identity = status.st_dev, status.st_ino
            if identity in visited:
                folder.skipped["linked again"] += 1
                continue
            visited.add(identity)
            with os.scandir(path) as entries:
                entries = sorted(entries, key=lambda entry: entry.name)
        except OSError:
            folder.skipped["unreadable folder"] += 1
            continue
        synthetic = synthetic or any(e.name == MARKER for e in entries)
        for entry in entries:
            if entry.name.startswith(".") or entry.name == "__MACOSX":
                folder.skipped["hidden"] += 1
            elif _is_folder(entry):
                item = (entry.path, (*names, entry.name), synthetic)
                (links if entry.is_symlink() else queue).append(item)
            else:
                _add_file(folder, entry, names, synthetic)


def _is_folder(entry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _add_file(folder: Folder, entry, names: tuple[str, ...], synthetic: bool):
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
    elif entry.name != MARKER:
        folder.skipped[suffix or "without a suffix"] += 1


def file_fault(file) -> str:
    """Say why a file (`os.DirEntry` or `Path`) cannot be what its name promises, "" if it can."""
    try:
        status = file.stat()
        if S_ISDIR(status.st_mode):
            return "folder, not a file"
        if not S_ISREG(status.st_mode):
            return "no regular file"
        if status.st_size == 0:
            return "empty file (0 bytes)"
        if status.st_size < 1024 and _is_pointer(file):
            return "Git LFS pointer, not the recording (run `git lfs pull` in the clone)"
    except FileNotFoundError:
        if file.is_symlink():
            return "broken link (a git-annex copy needs `git annex get`)"
        return "missing file"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    except ValueError:  # a zero byte
        return "no name of a file"
    return ""


def _is_pointer(file) -> bool:
    with open(file, "rb") as stream:
        return stream.read(len(_POINTER)) == _POINTER


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
