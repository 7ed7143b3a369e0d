"""Check whether a recording is complete, by the size that its container states.

A short clip that lost its last tenth misses less time than the lengths in headers are wrong by,
and FFmpeg reads it without a word; the sizes of the parts of a file are exact.
"""

from functools import lru_cache

from emopipe.files import file_stamp
from emopipe.media.gif import whole_gif

# Programs that write to a pipe leave about 2 or 4 GiB as the size in the header (SoX: 4 KiB less).
_PLACEHOLDER = 2**31 - 2**13
_SLACK = 4  # bytes that writers leave out at the end: of padding, or the size of the last part
_MOST_PARTS = 2**20  # are looked at, one after the other
_BOXES = b"ftyp styp moov moof mdat free skip wide uuid sidx mfra meta emsg pnot".split()


def _big(data) -> int:
    return int.from_bytes(data, "big")


def _little(data) -> int:
    return int.from_bytes(data, "little")


def _end_of_header(head) -> int | None:
    """Return where a file ends whose header says so: WAV, AVI, RF64, W64, AIFF or AU."""
    if head.startswith(b"RF64") and head[12:16] == b"ds64":
        return _little(head[20:28]) + 8
    if head.startswith(b"riff\x2e\x91\xcf\x11"):  # Sony's Wave64
        return _little(head[16:24])
    sizes = {b"RIFF": _little(head[4:8]) + 8, b"FORM": _big(head[4:8]) + 8}
    sizes[b".snd"] = _big(head[4:8]) + _big(head[8:12])
    end = sizes.get(head[:4], _PLACEHOLDER)
    return end if end < _PLACEHOLDER else None


def _next_box(file, position) -> int | None:
    """MP4, MOV, 3GP, HEIC (ISO/IEC 14496-12): boxes."""
    head = file.read(16)
    size = _big(head[8:]) if _big(head[:4]) == 1 else _big(head[:4])
    return position + size if head[4:8] in _BOXES and size >= 8 else None


def _next_chunk(file, position) -> int | None:
    """CAF: chunks, of which the last one may be as long as there is sound."""
    if position == 0:
        return 8
    head = file.read(12)
    size = int.from_bytes(head[4:], "big", signed=True)
    return position + 12 + size if len(head) == 12 and size >= 0 else None


def _next_tag(file, position) -> int | None:
    """FLV: tags, each followed by its size."""
    head = file.read(11)
    if position == 0:
        return _big(head[5:9]) + 4
    return position + 11 + _big(head[1:4]) + 4 if head[0] & 0x1F in (8, 9, 18) else None


def _next_page(file, position) -> int | None:
    """Ogg (RFC 3533): pages."""
    head = file.read(27)
    if not head.startswith(b"OggS"):
        return None
    sizes = file.read(head[26]) if len(head) == 27 else b""
    return position + 27 + head[26:].ljust(1, b"\0")[0] + sum(sizes)


def _next_element(file, position) -> int | None:
    """Matroska and WebM (RFC 8794): a header and a segment, whose size a live recording lacks."""
    head = file.read(12)
    width = 4  # of both identities
    if head[:width] not in (b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67") or not head[width:]:
        return None
    n_bytes = 9 - head[width].bit_length()
    if n_bytes > 8:
        return None
    bits = 7 * n_bytes
    size = _big(head[width : width + n_bytes]) & (2**bits - 1)
    return None if size == 2**bits - 1 else position + width + n_bytes + size


def _walk(head):
    """Return the function that finds the next part of a file of this kind, None for others."""
    if head[4:8] in _BOXES:
        return _next_box
    kinds = {b"caff": _next_chunk, b"FLV\x01": _next_tag, b"OggS": _next_page}
    return (kinds | {b"\x1a\x45\xdf\xa3": _next_element}).get(head[:4])


def _end(file, size) -> int | None:
    head = file.read(32)
    step = _walk(head)
    if step is None:
        return _end_of_header(head)
    position = 0
    for _ in range(_MOST_PARTS):
        file.seek(position)
        after = step(file, position)
        if after is None:
            return None
        if after >= size:
            return after
        position = after
    return None


@lru_cache(maxsize=8)
def _faults(path, stamp) -> tuple[str, ...]:
    with open(path, "rb") as file:
        if file.read(4) == b"GIF8":
            return () if whole_gif(path)[1] else ("its last picture is cut off",)
        size = file.seek(0, 2)
        file.seek(0)
        end = _end(file, size)
    if end is None or end <= size + _SLACK:
        return ()
    return (f"the file has {size} bytes of {end} or more",)


def cut_off(path) -> list[str]:
    """Return in words what a file lacks of the bytes that its own structure announces.

    Parameters
    ----------
    path : str or Path
        A file.

    Returns
    -------
    list of str
        Empty where all bytes are there, or nothing says how many there are.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from pathlib import Path
    >>> from scipy.io import wavfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     wavfile.write(f"{folder}/a.wav", 16000, np.zeros(8000, np.int16))
    ...     _ = Path(f"{folder}/b.wav").write_bytes(Path(f"{folder}/a.wav").read_bytes()[:9000])
    ...     cut_off(f"{folder}/a.wav"), cut_off(f"{folder}/b.wav")
    ([], ['the file has 9000 bytes of 16044 or more'])
    """
    return list(_faults(str(path), file_stamp(path)))
