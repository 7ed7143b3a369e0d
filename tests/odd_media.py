"""Recordings and pictures as browsers, phones, scanners and pipes write them."""

import io
import struct
from fractions import Fraction
from itertools import chain

import av
import numpy as np
from clips import number_picture
from PIL import Image


def encode_sound(container, codec, samples, *, rate=16000, options=None):
    """Return the packets of mono samples (float32, 16 kHz) by a codec, in a new stream."""
    stream = container.add_stream(codec, rate=rate, options=options or {})
    stream.codec_context.layout = "mono"
    resampler = av.AudioResampler(stream.codec_context.format.name, "mono", rate)
    packets, n = [], 0
    for start in [*range(0, len(samples), 1600), None]:
        frame = None
        if start is not None:
            part = np.ascontiguousarray(samples[None, start : start + 1600], np.float32)
            frame = av.AudioFrame.from_ndarray(part, "fltp", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 16000, start, Fraction(1, 16000)
        for piece in resampler.resample(frame):
            piece.pts, piece.time_base = n, Fraction(1, rate)
            n += piece.samples
            packets += stream.encode(piece)
    return packets + stream.encode(None)


def write_tracks(
    path, *tracks, codec="flac", rate=16000, default=None, format=None, options=None, coding=None
):
    """Write sound tracks; the one numbered `default` is flagged as such, no other."""
    with av.open(str(path), "w", format=format, options=options or {}) as container:
        packets = [
            encode_sound(container, codec, samples, rate=rate, options=coding) for samples in tracks
        ]
        flags = av.stream.Disposition
        for i, stream in enumerate(container.streams if default is not None else []):
            stream.disposition = flags.default if i == default else flags(0)
        for packet in chain(*packets):
            container.mux(packet)
    return path


def write_browser_recording(path, times):
    """Write numbered pictures at times (s) as browsers do: no length, no frame rate."""
    with av.open(str(path), "w", options={"live": "1"}) as container:
        video = container.add_stream("libvpx", rate=25)
        video.height, video.width, video.pix_fmt = 64, 96, "yuv420p"
        video.codec_context.time_base = Fraction(1, 1000)
        for i, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(number_picture(i), "rgb24")
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    data = path.read_bytes()
    i = data.find(b"\x23\xe3\x83")  # DefaultDuration becomes Void
    n = 4 + (data[i + 3] & 0x7F)
    path.write_bytes(data[:i] + bytes([0xEC, 0x80 | (n - 2)]) + bytes(n - 2) + data[i + n :])
    return path


def photograph(side=128):
    """Return a picture with detail in every row."""
    y, x = np.mgrid[:side, :side]
    noise = np.random.default_rng(0).integers(0, 40, (side, side))
    return Image.fromarray(np.stack([x, y, noise + (x * y) // 256], 2).astype(np.uint8))


def store_image(image, **how) -> bytes:
    """Return the bytes of a picture as Pillow stores it."""
    buffer = io.BytesIO()
    image.save(buffer, **how)
    return buffer.getvalue()


def _box(kind, *parts, version=None):
    head = b"" if version is None else struct.pack(">I", version << 24)
    body = head + b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def _hevc(image):
    """Return a picture's decoder configuration box and its coded bytes."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as container:
        stream = container.add_stream("libx265", rate=1, options={"x265-params": "log-level=none"})
        stream.height, stream.width, stream.pix_fmt = *image.shape[:2], "yuv420p"
        frame = av.VideoFrame.from_ndarray(image, "rgb24")
        frame.pts = 0
        for packet in [*stream.encode(frame), *stream.encode()]:
            container.mux(packet)
    buffer.seek(0)
    with av.open(buffer) as container:
        configuration = container.streams.video[0].codec_context.extradata
        return _box(b"hvcC", configuration), b"".join(map(bytes, container.demux(video=0)))


def heic(tiles, columns=None) -> bytes:
    """Return a HEIC picture of one tile, or of a grid of them (ISO/IEC 23008-12)."""
    coded = [_hevc(tile) for tile in tiles]
    rows, side = len(tiles) // (columns or 1), struct.pack(">II", *tiles[0].shape[1::-1])
    ids, grid = range(1, len(tiles) + 1), len(tiles) + 1
    properties = [coded[0][0], _box(b"ispe", side, version=0)]
    entries = [_box(b"infe", struct.pack(">HH4sx", i, 0, b"hvc1"), version=2) for i in ids]
    links = [struct.pack(">HB2B", i, 2, 0x81, 2) for i in ids]
    box = b""
    if columns:
        height, width = tiles[0].shape[0] * rows, tiles[0].shape[1] * columns
        box = struct.pack(">4B2H", 0, 0, rows - 1, columns - 1, width, height)
        properties.append(_box(b"ispe", struct.pack(">II", width, height), version=0))
        entries.append(_box(b"infe", struct.pack(">HH4sx", grid, 0, b"grid"), version=2))
        links.append(struct.pack(">HBB", grid, 1, 3))

    def meta(start):
        items = []
        for i, (_, data) in zip(ids, coded, strict=True):
            items.append(struct.pack(">HHHHII", i, 0, 0, 1, start, len(data)))
            start += len(data)
        boxes = [
            _box(b"hdlr", bytes(4), b"pict", bytes(13), version=0),
            _box(b"pitm", struct.pack(">H", grid if columns else 1), version=0),
        ]
        if columns:
            items.append(struct.pack(">HHHHII", grid, 1, 0, 1, 0, len(box)))
        sizes = struct.pack(">BBH", 0x44, 0, len(items))
        boxes.append(_box(b"iloc", sizes, *items, version=1))
        boxes.append(_box(b"iinf", struct.pack(">H", len(entries)), *entries, version=0))
        if columns:
            of = struct.pack(f">HH{len(ids)}H", grid, len(ids), *ids)
            boxes.append(_box(b"iref", _box(b"dimg", of), version=0))
        linked = _box(b"ipma", struct.pack(">I", len(links)), *links, version=0)
        boxes.append(_box(b"iprp", _box(b"ipco", *properties), linked))
        return _box(b"meta", *boxes, *([_box(b"idat", box)] if columns else []), version=0)

    brand = _box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    head = brand + meta(len(brand) + len(meta(0)) + 8)
    return head + _box(b"mdat", *(data for _, data in coded))
