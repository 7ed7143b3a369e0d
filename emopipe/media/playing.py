"""Encode recordings as MP4, which every browser plays."""

import io
from fractions import Fraction

import numpy as np

from emopipe.media.pictures import frames
from emopipe.media.probing import probe
from emopipe.media.sounds import signal

_RATE = 16000
_SIDE = 480  # pixels, at most


def as_mp4(path) -> bytes:
    """Return a clip as MP4 (H.264, AAC), pictures shrunk to 480 pixels.

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
                streams.append(_pictures(film, path, info))
            if info.has_audio:
                streams.append(_sound(film, path, info))
            for packets in streams:
                for packet in packets:
                    film.mux(packet)
    except av.error.FFmpegError as error:
        raise OSError(f"{path} cannot be coded as MP4: {error}") from error
    return buffer.getvalue()


def _pictures(film, path, info):
    scale = min(1.0, _SIDE / max(info.rows, info.columns))
    rate = Fraction(info.frame_rate or 25).limit_denominator(1001)
    stream = film.add_stream("libx264", rate=rate)
    # H.264 takes even sides only.
    stream.height, stream.width = (int(side * scale) // 2 * 2 for side in (info.rows, info.columns))
    stream.pix_fmt, stream.codec_context.time_base = "yuv420p", Fraction(1, 90000)
    stream.options = {"preset": "veryfast", "crf": "30"}
    return _encode_pictures(stream, path)


def _encode_pictures(stream, path):
    import av

    for time, image in frames(path, max_side=_SIDE):
        cropped = np.ascontiguousarray(image[: stream.height, : stream.width])
        frame = av.VideoFrame.from_ndarray(cropped, format="rgb24")
        frame.pts, frame.time_base = round(time * 90000), Fraction(1, 90000)
        yield from stream.encode(frame)
    yield from stream.encode()


def _sound(film, path, info):
    stream = film.add_stream("aac", rate=_RATE, layout="mono")
    return _encode_sound(stream, path, round(info.audio_start * _RATE))


def _encode_sound(stream, path, begin):
    import av

    samples = np.clip(signal(path, sample_rate=_RATE), -1, 1)
    for start in range(0, len(samples), 1024):
        part = samples[None, start : start + 1024]
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(part), "fltp", "mono")
        frame.sample_rate, frame.time_base = _RATE, Fraction(1, _RATE)
        frame.pts = max(0, begin) + start
        yield from stream.encode(frame)
    yield from stream.encode()
