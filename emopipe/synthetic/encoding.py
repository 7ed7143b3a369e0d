"""Write pictures and sound in the corpora's file formats, through PyAV and OpenCV."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np

_RATE = 16000  # Hz, of signals
# suffix -> video encoders, audio encoders (the first that this build of FFmpeg has), rate in Hz.
# Today's FFmpeg reads CREMA-D's VP6, but cannot write it: Sorenson's H.263 is its elder sister.
CODECS: dict[str, tuple[tuple[str, ...], tuple[str, ...], int]] = {
    ".flv": (("flv", "libx264"), ("libmp3lame", "aac"), 44100),
    ".mp4": (("libx264", "mpeg4"), ("aac",), 48000),
    ".avi": (("mpeg4",), ("pcm_s16le",), 48000),
    ".wav": ((), ("pcm_s16le",), 16000),
    ".mp3": ((), ("libmp3lame",), 44100),
}


def _encoder(names: tuple[str, ...]) -> str:
    import av

    for name in names:
        try:
            av.codec.Codec(name, "w")
        except av.codec.codec.UnknownCodecError:
            continue
        return name
    raise RuntimeError(f"this build of PyAV has none of the encoders {', '.join(names)}")


def write_recording(
    path: Path,
    *,
    frames: Iterable[np.ndarray] | None = None,
    frame_rate: float = 25.0,
    signal: np.ndarray | None = None,
    stereo: bool = False,
):
    """Write a video or sound file in the format that its suffix names.

    Parameters
    ----------
    path : Path
        With one of the suffixes in `CODECS`; its folder must be there.
    frames : iterable of uint8 (rows, columns, 3) RGB, optional
        None writes sound alone; rows and columns are even.
    frame_rate : float
        Frames per second.
    signal : float32 (samples,) in [-1, 1], optional
        Mono, 16000 Hz; None writes a silent film.
    stereo : bool
        Write the signal to two channels.

    Raises
    ------
    RuntimeError
        PyAV was built without an encoder for the format.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.wav"
    >>> write_recording(path, signal=np.zeros(16000, np.float32))
    >>> path.stat().st_size > 32000
    True
    """
    import av

    video_codecs, audio_codecs, rate = CODECS[path.suffix]
    with av.open(str(path), "w") as container:
        picture = sound = None
        if frames is not None:
            frames = list(frames)
            picture = _picture_stream(container, _encoder(video_codecs), frames, frame_rate)
        if signal is not None:
            sound = container.add_stream(_encoder(audio_codecs), rate=rate)
            sound.layout = "stereo" if stereo else "mono"
            _write_sound(container, sound, signal)
        if picture is not None:
            _write_pictures(container, picture, frames)


def _picture_stream(container, codec, frames, frame_rate):
    rows, columns, _ = frames[0].shape
    stream = container.add_stream(codec, rate=Fraction(frame_rate).limit_denominator(1001))
    stream.width, stream.height, stream.pix_fmt = columns, rows, "yuv420p"
    # One thread writes the same bytes every time.
    stream.codec_context.thread_count = 1
    if codec == "libx264":
        stream.options = {"preset": "ultrafast", "crf": "21"}
    else:
        stream.bit_rate = int(0.35 * rows * columns * frame_rate)
    return stream


def _write_sound(container, stream, signal):
    import av

    samples = np.round(np.clip(signal, -1, 1) * 32767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.sample_rate = _RATE
    for packet in [*stream.encode(frame), *stream.encode()]:
        container.mux(packet)


def _write_pictures(container, stream, frames):
    import av

    for image in frames:
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def write_image(path: Path, image: np.ndarray, *, grey: bool = False):
    """Write one picture, uint8 (rows, columns, 3) RGB, as the suffix of `path` says.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.png"
    >>> write_image(path, np.zeros((8, 8, 3), np.uint8))
    >>> path.stat().st_size > 0
    True
    """
    import cv2

    code = cv2.COLOR_RGB2GRAY if grey else cv2.COLOR_RGB2BGR
    written, data = cv2.imencode(path.suffix, cv2.cvtColor(image, code))
    if not written:
        raise RuntimeError(f"this build of OpenCV cannot write {path.suffix} files: {path}")
    path.write_bytes(data.tobytes())
