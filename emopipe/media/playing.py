"""Recordings as browsers play them."""

import io
import os
from base64 import b64encode
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import numpy as np

from emopipe.media.containers import ClipError
from emopipe.media.pictures import frames
from emopipe.media.probing import probe
from emopipe.media.sounds import signal

TYPES = {".mp4": "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".wav": "audio/wav",
         ".mp3": "audio/mpeg", ".ogg": "audio/ogg", ".flac": "audio/flac",
         ".m4a": "audio/mp4", ".png": "image/png", ".jpg": "image/jpeg"}  # fmt: skip
LARGEST = 4 * 2**20  # bytes that a page may hold
_LONGEST = 60.0  # s that are worth coding again
_RATE = 16000


class Playable(NamedTuple):
    """What a page shows: the kind of element and its address, "" where nothing can be played.

    Parameters
    ----------
    kind : "video", "audio", "image" or ""
    address : str
        A data URI, or a path relative to the page.
    note : str
        Why it is not played.
    """

    kind: str
    address: str
    note: str = ""


def playable(path, folder, *, largest=LARGEST) -> Playable:
    """Return how a page in `folder` can play a clip.

    A small file goes into the page itself, a large one is named by its relative path. Browsers play
    few formats (CREMA-D's FLV is none): a short clip of another is coded as MP4 for the page.

    Examples
    --------
    >>> import tempfile
    >>> from scipy.io import wavfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     wavfile.write(f"{folder}/a b.wav", 16000, np.zeros(9, np.int16))
    ...     playable(f"{folder}/a b.wav", folder, largest=10)
    Playable(kind='audio', address='a%20b.wav', note='')
    """
    path = Path(path)
    mime = TYPES.get(path.suffix.lower())
    if mime and path.stat().st_size <= largest:
        return Playable(mime.split("/")[0], _data(mime, path.read_bytes()))
    if mime:
        relative = os.path.relpath(path.absolute(), Path(folder).absolute())
        return Playable(mime.split("/")[0], quote(Path(relative).as_posix()))
    try:
        info = probe(path)
        if info.duration > _LONGEST:
            return Playable("", "", f"browsers do not play {path.suffix} files")
        content = as_mp4(path)
    except (ClipError, OSError, ValueError) as error:
        return Playable("", "", str(error))
    if len(content) > largest:
        return Playable("", "", f"browsers do not play {path.suffix} files")
    return Playable("video" if info.has_video else "audio", _data("video/mp4", content))


def _data(mime, content):
    return f"data:{mime};base64,{b64encode(content).decode()}"


def as_mp4(path, *, max_side=480) -> bytes:
    """Return a clip as MP4 (H.264, AAC), pictures shrunk to `max_side` pixels.

    Raises
    ------
    ClipError
        If it has neither pictures nor sound that can be decoded.
    OSError
        If this PyAV has no such coders.
    """
    import av

    info, buffer = probe(path), io.BytesIO()
    try:
        with av.open(buffer, "w", format="mp4") as film:
            streams = []
            if info.has_video:
                streams.append(_pictures(film, path, info, max_side))
            if info.has_audio:
                streams.append(_sound(film, path, info))
            for packets in streams:
                for packet in packets:
                    film.mux(packet)
    except av.error.FFmpegError as error:
        raise OSError(f"{path} cannot be coded as MP4: {error}") from error
    return buffer.getvalue()


def _pictures(film, path, info, max_side):
    scale = min(1.0, max_side / max(info.rows, info.columns))
    rate = Fraction(info.frame_rate or 25).limit_denominator(1001)
    stream = film.add_stream("libx264", rate=rate)
    # H.264 takes even sides only.
    stream.height, stream.width = (int(side * scale) // 2 * 2 for side in (info.rows, info.columns))
    stream.pix_fmt, stream.codec_context.time_base = "yuv420p", Fraction(1, 90000)
    stream.options = {"preset": "veryfast", "crf": "30"}
    return _coded_pictures(stream, path, max_side)


def _coded_pictures(stream, path, max_side):
    import av

    for time, image in frames(path, max_side=max_side):
        cropped = np.ascontiguousarray(image[: stream.height, : stream.width])
        frame = av.VideoFrame.from_ndarray(cropped, format="rgb24")
        frame.pts, frame.time_base = round(time * 90000), Fraction(1, 90000)
        yield from stream.encode(frame)
    yield from stream.encode()


def _sound(film, path, info):
    stream = film.add_stream("aac", rate=_RATE, layout="mono")
    return _coded_sound(stream, path, round(info.audio_start * _RATE))


def _coded_sound(stream, path, begin):
    import av

    samples = np.clip(signal(path, sample_rate=_RATE), -1, 1)
    for start in range(0, len(samples), 1024):
        part = samples[None, start : start + 1024]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), "fltp", "mono")
        frame.sample_rate, frame.time_base = _RATE, Fraction(1, _RATE)
        frame.pts = max(0, begin) + start
        yield from stream.encode(frame)
    yield from stream.encode()
