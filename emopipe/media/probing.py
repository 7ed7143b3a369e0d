"""Probe a file: what its header says, before much of it is read."""

from typing import NamedTuple

from emopipe.media.containers import (
    ClipError,
    find_stream,
    interval,
    is_image,
    open_media,
    zero,
)
from emopipe.media.conversion import upright
from emopipe.media.excerpts import parse
from emopipe.media.packets import decode, length
from emopipe.media.stills import first_picture


class MediaInfo(NamedTuple):
    """What a recording or an image says about itself.

    Attributes
    ----------
    duration : float
        Seconds to the end of the last packet, see `length`; 0 for an image.
    frame_rate : float
        Mean number of frames per second; 0 for an image or without video.
    rows, columns : int
        Size of the pictures in pixels, after rotation; 0 without video.
    has_video, has_audio : bool
        The cover picture of a song is no video.
    sample_rate : int
        Samples per second of the sound, as stored; 0 without audio.
    n_channels : int
        Channels of the sound, as stored; 0 without audio.
    rotation : int
        Degrees, counter-clockwise, by which the stored pictures are turned: 0, 90, 180 or 270.
    audio_start : float
        When the first sample of `signal` sounds, on the axis of the times of `frames`, in seconds.
    """

    duration: float
    frame_rate: float
    rows: int
    columns: int
    has_video: bool
    has_audio: bool
    sample_rate: int
    n_channels: int
    rotation: int
    audio_start: float = 0.0


def _stream(path, container, kind):
    try:
        return find_stream(path, container, kind)
    except ClipError as error:
        if error.status == f"no_{kind}":
            return None
        raise


def _first_frame(path, container, stream):
    faults = []
    if is_image(container):
        frame = first_picture(parse(path).path, container, stream, faults)
    else:
        frame = next(decode(container, stream, faults), None)
    if frame is None:
        raise ClipError(path, "corrupt", f"No frame can be decoded: {'; '.join(faults)}.")
    return frame


def probe(path) -> MediaInfo:
    """Return what a recording or an image is; its first picture is decoded, all of it is read.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ClipError
        "corrupt" or "too_large".

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from scipy.io import wavfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     wavfile.write(f"{folder}/a.wav", 16000, np.zeros((8000, 2), np.int16))
    ...     info = probe(f"{folder}/a.wav")
    >>> info.duration, info.has_video, info.sample_rate, info.n_channels
    (0.5, False, 16000, 2)
    """
    rate, rows, columns, rotation, start = 0.0, 0, 0, 0, 0.0
    with open_media(path) as container:
        video, audio = (_stream(path, container, kind) for kind in ("video", "audio"))
        if audio:
            start = float((audio.start_time or 0) * audio.time_base) - zero(container)
        if video:
            frame = _first_frame(path, container, video)
            rate, rotation = 1 / interval(video), round(frame.rotation / 90) * 90 % 360
            rows, columns = frame.height, frame.width
            rows, columns = (columns, rows) if upright(frame)[0] else (rows, columns)
        image, part = is_image(container), parse(path)
    start = start if part.is_whole else max(0.0, start - part.start)
    sound = (audio.sample_rate, audio.channels) if audio else (0, 0)
    return MediaInfo(
        duration=length(path),
        frame_rate=0.0 if image else rate,
        rows=rows,
        columns=columns,
        has_video=video is not None,
        has_audio=audio is not None,
        sample_rate=sound[0],
        n_channels=sound[1],
        rotation=rotation,
        audio_start=start,
    )
