"""Tiny recordings for tests, whose frames say their own number."""

from fractions import Fraction

import av
import numpy as np


def number_picture(index, shape=(64, 96)):
    """Return a grey picture whose 8 x 8 blocks, black or white, spell `index` in binary."""
    image = np.full((*shape, 3), 128, np.uint8)
    for bit in range(16):
        row, column = divmod(bit, 4)
        block = image[row * 16 : row * 16 + 16, column * 16 : column * 16 + 16]
        block[...] = 235 if index >> bit & 1 else 20
    return image


def number(image):
    """Read the number that `numbered` wrote."""
    rows, columns = image.shape[0] / 64, image.shape[1] / 96
    bits = 0
    for bit in range(16):
        row, column = divmod(bit, 4)
        center = image[int((row * 16 + 8) * rows), int((column * 16 + 8) * columns)]
        bits |= int(center.mean() > 128) << bit
    return bits


def write_video(
    path,
    images,
    *,
    times=None,
    fps=25,
    codec="libx264",
    gop=12,
    sound=None,
    rotation=None,
    **options,
):
    """Write RGB images as a video, at `fps` or at `times` (seconds); `sound` is mono at 16 kHz."""
    images = iter(images)
    first = next(images)
    with av.open(str(path), "w", options=options.pop("container", {})) as container:
        video = container.add_stream(codec, rate=fps)
        video.height, video.width = first.shape[:2]
        video.pix_fmt = options.pop("pix_fmt", "yuv420p")
        video.codec_context.gop_size = gop
        video.options = {key: str(value) for key, value in options.items()}
        if rotation is not None:
            video.set_display_rotation(**rotation)
        audio = (
            container.add_stream("aac", rate=16000, layout="mono") if sound is not None else None
        )
        if times is not None:
            video.codec_context.time_base = Fraction(1, 90000)
        for index, image in enumerate(
            [first, *images] if times is not None else _again(first, images)
        ):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = round(times[index] * 90000), Fraction(1, 90000)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        if audio is not None:
            frame = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), "fltp", "mono")
            frame.sample_rate = 16000
            container.mux(audio.encode(frame))
            container.mux(audio.encode())
    return path


def _again(first, rest):
    yield first
    yield from rest


def write_sound(path, samples, *, sample_rate=16000, codec="pcm_s16le", layout="mono", kind="s16"):
    """Write samples (channels, n) of a PyAV sample format with a codec."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=sample_rate, layout=layout)
        planar = kind.endswith("p")
        array = samples if planar else samples.T.reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(array), kind, layout)
        frame.sample_rate = sample_rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
