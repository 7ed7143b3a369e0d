"""Find where the last whole picture of a GIF ends: FFmpeg shows a cut one as if it were whole."""

_EXTENSION, _PICTURE, _TRAILER = 0x21, 0x2C, 0x3B


class _CutOff(Exception):
    pass


def _read(file, n) -> bytes:
    data = file.read(n)
    if len(data) < n:
        raise _CutOff
    return data


def _skip_table(file, flags):
    if flags & 0x80:
        _read(file, 3 * 2 ** ((flags & 7) + 1))


def _skip_blocks(file):
    while size := _read(file, 1)[0]:
        _read(file, size)


def whole_gif(path) -> tuple[int, bool]:
    """Return where the last whole picture of a GIF ends, and whether nothing follows that is cut.

    A file that ends after a whole picture, without its last byte, is whole.

    Returns
    -------
    end : int
        Bytes from the start of the file; 0 where no picture is whole.
    whole : bool

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.NamedTemporaryFile(suffix=".gif") as file:
    ...     _ = file.write(b"GIF89a" + bytes(7) + b"," + bytes(9) + b"\\2\\1\\1")
    ...     file.flush()
    ...     whole_gif(file.name)
    (0, False)
    """
    end, inside = 0, False
    with open(path, "rb") as file:
        try:
            _skip_table(file, _read(file, 13)[10])
            while kind := file.read(1):
                inside = kind[0] == _PICTURE
                if inside:
                    _skip_table(file, _read(file, 9)[8])
                    _read(file, 1)
                elif kind[0] == _EXTENSION:
                    _read(file, 1)
                else:
                    return end, bool(end) and kind[0] == _TRAILER
                _skip_blocks(file)
                end = file.tell() if inside else end
        except _CutOff:
            return end, bool(end) and not inside
    return end, bool(end)
