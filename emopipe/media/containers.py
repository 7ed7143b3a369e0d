"""Open recordings safely: one local file, its picture and sound streams, nothing else.

A file is handed to FFmpeg as a stream of bytes without a name, and no protocol is allowed, so
that a playlist inside an AVI, or a text file that is one, cannot make FFmpeg read other files or
the network (it is refused when it asks).
"""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from emopipe.media.excerpts import parse
from emopipe.media.gif import whole_gif
from emopipe.parameters import check_one_of

STATUSES = (
    "ok",
    "partial",
    "no_video",
    "no_audio",
    "no_face",
    "silent",
    "too_short",
    "corrupt",
    "too_large",
    "timeout",
    "crashed",
)
MAX_PIXELS = 2**26  # a picture of 8192 x 8192: 200 MB as RGB
# Of HEIC and AVIF files that hold one picture, not a film (ISO/IEC 23008-12).
_STILL_BRANDS = {"heic", "heix", "heim", "heis", "mif1", "avif"}

_JPEG_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif")

_WORDS = {
    "ok": "processed completely",
    "partial": "processed in part",
    "no_video": "no picture stream",
    "no_audio": "no sound stream",
    "no_face": "no trusted face",
    "silent": "silent",
    "too_short": "too short",
    "corrupt": "cannot be decoded",
    "too_large": "too large",
    "timeout": "took too long",
    "crashed": "made its process crash",
}
_ADVICE = {
    "ok": "",
    "partial": "Compare the file with its original.",
    "no_video": "Use a file with pictures, or only the voice of this one.",
    "no_audio": "Use a file with sound, or only the face of this one.",
    "no_face": "Look at the clip; try another detector, or FaceCrops(trust='all').",
    "silent": "Listen to the clip; exclude it if it really is silent.",
    "too_short": "Exclude it, or use a shorter window.",
    "corrupt": "Fetch or export the file again, or exclude it.",
    "too_large": "Scale the recording down first.",
    "timeout": "Raise the time limit, or cut the recording into clips.",
    "crashed": "Try this file alone; exclude it if it crashes again.",
}


def describe(status) -> str:
    """Return a status in words.

    Examples
    --------
    >>> describe("no_video")
    'no picture stream'
    """
    return _WORDS[status]


class ClipError(Exception):
    """A clip that cannot be processed, with the reason from a closed list.

    Parameters
    ----------
    path : str or Path
        The clip.
    status : str
        One of `STATUSES`.
    detail : str
        What was found, as a sentence.

    Examples
    --------
    >>> print(ClipError("a.mp4", "no_audio", "It has one stream, of pictures."))
    a.mp4: no sound stream (no_audio). It has one stream, of pictures. Use a file with sound, ...
    """

    def __init__(self, path, status, detail=""):
        check_one_of("status", status, STATUSES)
        self.path, self.status, self.detail = str(path), status, str(detail)
        super().__init__(self.path, self.status, self.detail)

    def __str__(self):
        sentence = f"{self.path}: {_WORDS[self.status]} ({self.status})."
        return " ".join(part for part in (sentence, self.detail, _ADVICE[self.status]) if part)


class Reading(Iterator):
    """Iterator over what a file holds, which knows afterwards whether the file was whole.

    Attributes
    ----------
    faults : list of str
        What was found missing or damaged so far, in words.
    """

    def __init__(self, items, faults):
        self._items, self.faults = items, faults

    def __next__(self):
        return next(self._items)

    def close(self):
        """Close the file before the end of it is reached."""
        self._items.close()

    @property
    def status(self) -> str:
        """ "ok", or "partial" if something was missing; final when the iterator is exhausted."""
        return "partial" if self.faults else "ok"


def check_file(path) -> Path:
    """Return the file of `path` if it is a regular file that could be a recording.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ClipError
        "corrupt" if it is a folder, a device, empty, or a Git LFS pointer.
    """
    path = Path(parse(path).path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file. Check the clip's path and the root folder.")
    if path.is_dir():
        raise ClipError(path, "corrupt", "It is a folder, not a file.")
    if not stat.S_ISREG(path.stat().st_mode):
        raise ClipError(path, "corrupt", "It is not a regular file.")
    try:
        with path.open("rb") as file:
            head = file.read(42)
    except OSError as error:
        raise ClipError(path, "corrupt", f"It cannot be read: {error.strerror}.") from error
    if not head:
        raise ClipError(path, "corrupt", "It is empty (0 bytes).")
    if head.startswith(b"version https://git-lfs.github.com/spec/"):
        size = path.stat().st_size
        detail = f"It is a Git LFS pointer ({size} bytes), not the recording: run 'git lfs pull'."
        raise ClipError(path, "corrupt", detail)
    return path


def _refuse(url, flags, options):
    raise PermissionError(f"a recording must not open other files ({url!r})")


def _probe_options(file) -> dict[str, str]:
    head = file.read(22)
    file.seek(0)
    # The header of a plain wav says all; FFmpeg would study five seconds of it before answering.
    plain = head[20:22] in (b"\x01\x00", b"\x03\x00", b"\xfe\xff")
    return {"probesize": "4096"} if head[8:16] == b"WAVEfmt " and plain else {}


def _reader(path, file):
    """Return the function that reads a file; of a GIF it gives whole pictures only."""
    head = file.read(4)
    file.seek(0)
    end, whole = whole_gif(path) if head == b"GIF8" else (0, True)
    if whole:
        return file.read
    if not end:
        raise ClipError(path, "corrupt", "Its picture is cut off (a GIF that ends early).")
    return lambda n: file.read(max(0, min(n, end - file.tell())))


def _format(path, file) -> str | None:
    """Return the format of a JPEG, whose further pictures could else make it pass for a film."""
    is_jpeg = file.read(2) == b"\xff\xd8"
    single = is_jpeg and path.suffix.lower() in _JPEG_SUFFIXES
    while is_jpeg and not single:
        head, position = file.read(8), file.tell()
        if head[:1] != b"\xff" or head[1:2] in (b"", b"\xda"):  # no segment, or the picture
            break
        single = head[1:2] == b"\xe2" and head[4:] == b"MPF\0"
        file.seek(position - len(head) + 2 + int.from_bytes(head[2:4], "big"))
    file.seek(0)
    return "jpeg_pipe" if single else None


@contextmanager
def open_media(path):
    """Open a recording as a PyAV container, sandboxed, and close it whatever happens."""
    import av

    path = check_file(path)
    with path.open("rb") as file:
        bare = SimpleNamespace(read=_reader(path, file), seek=file.seek, tell=file.tell)
        how = {
            "options": {"protocol_whitelist": "none", **_probe_options(file)},
            "buffer_size": 2**16,
        }
        try:
            container = av.open(bare, "r", _format(path, file), io_open=_refuse, **how)
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError as error:
            detail = f"No known recording or image: {error.strerror or error}."
            raise ClipError(path, "corrupt", detail) from error
        with container:
            yield container


def _has_flag(stream, flag) -> bool:
    from av.stream import Disposition

    return bool(stream.disposition & Disposition[flag])


def recorded_streams(container, kinds=("video", "audio")) -> list:
    """Return the streams of pictures and sound; the cover picture of a song is none."""
    return [s for s in container.streams if s.type in kinds and not _has_flag(s, "attached_pic")]


def find_stream(path, container, kind):
    """Return the stream of `kind` ("video" or "audio") that players show.

    That is the one flagged as default, or else the first, of those that can be decoded. The cover
    picture of a song is no video.

    Raises
    ------
    ClipError
        "no_video", "no_audio", "corrupt" (neither kind, no decoder, or a picture in tiles),
        "too_large".
    """
    streams = recorded_streams(container, (kind,))
    if not streams:
        others = (s for s in container.streams if not _has_flag(s, "attached_pic"))
        kinds = sorted({s.type for s in others})
        detail = f"Its streams: {', '.join(kinds) or 'none'} (format: {container.format.name})."
        recorded = {"video", "audio"} & set(kinds)
        raise ClipError(path, f"no_{kind}" if recorded else "corrupt", detail)
    tiles = sum(_has_flag(s, "dependent") for s in streams)
    if kind == "video" and tiles:
        detail = f"Its picture is stored in {tiles} tiles (HEIC), which are not put together here"
        raise ClipError(path, "corrupt", f"{detail}: export it as JPEG or PNG.")
    usable = [s for s in streams if s.codec_context is not None]
    if not usable:
        raise ClipError(path, "corrupt", f"There is no decoder for its {kind} stream.")
    stream = next((s for s in usable if _has_flag(s, "default")), usable[0])
    if kind == "video":
        _prepare_decoder(path, container, stream.codec_context)
    return stream


def check_pixels(path, rows, columns) -> None:
    """Raise ClipError "too_large" where a picture has more than `MAX_PIXELS` pixels."""
    if rows * columns > MAX_PIXELS:
        detail = f"Its pictures have {rows} x {columns} pixels"
        raise ClipError(path, "too_large", f"{detail}; at most {MAX_PIXELS} are decoded.")


def _prepare_decoder(path, container, codec):
    # Known from the header; what only a decoder can know is refused there, before allocation.
    codec.options = {**codec.options, "max_pixels": str(MAX_PIXELS)}
    if is_image(container) or codec.name == "mjpeg":
        # Otherwise the part of a JPEG that is missing is shown grey.
        codec.options = {**codec.options, "err_detect": "explode"}
    check_pixels(path, codec.height, codec.width)


def is_image(container) -> bool:
    """Tell whether a container is a still image: of several pictures the first one counts."""
    name, brand = container.format.name, container.metadata.get("major_brand", "")
    return name.endswith("_pipe") or name.startswith("webp") or brand in _STILL_BRANDS


def zero(container) -> float:
    """Return where the clip's own axis of time starts on the container's, in seconds."""
    return (container.start_time or 0) / 1e6


def interval(stream) -> float:
    """Return the mean time between two frames, in seconds."""
    return float(1 / (stream.average_rate or stream.guessed_rate or 25))
