import gc
import os
import pickle
import struct
import sys
import zlib
from fractions import Fraction

import av
import numpy as np
import pytest
from clips import number, number_picture, write_sound, write_video
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import wavfile

from emopipe import media
from emopipe.media import (
    STATUSES,
    ClipError,
    containers,
    frames,
    pictures,
    probe,
    signal,
    signal_blocks,
)

FORMATS = {
    "a.mp4": {"bf": 3},
    "b.mp4": {"x264-params": "open-gop=1:bframes=3"},
    "a.mkv": {},
    "a.avi": {"codec": "mpeg4", "bf": 2},
    "b.avi": {"codec": "mjpeg", "pix_fmt": "yuvj420p"},
    "a.flv": {"codec": "flv"},
    "a.ts": {},
    "b.ts": {"codec": "mpeg2video", "bf": 2},
    "a.mpg": {"codec": "mpeg1video", "bf": 2},
    "a.webm": {"codec": "libvpx", "gop": 30},
    "a.h264": {},
}


def clip(folder, name="a.mp4", n=40, **options):
    return write_video(folder / name, (number_picture(i) for i in range(n)), **options)


def numbers(items):
    return [number(image) for _, image in items]


def open_files():
    return len(os.listdir("/proc/self/fd"))


# Frames


@pytest.mark.parametrize("name", FORMATS)
def test_every_frame_comes_once_in_order_with_its_time(tmp_path, name):
    read = frames(clip(tmp_path, name, **FORMATS[name]))
    times, images = zip(*read, strict=True)
    assert [number(image) for image in images] == list(range(40))
    np.testing.assert_allclose(np.diff(times), 1 / 25, atol=0.002)
    assert read.status == "ok"
    assert all(image.dtype == np.uint8 and image.shape == (64, 96, 3) for image in images)


@pytest.mark.parametrize("name", FORMATS)
def test_sparse_frames_are_those_of_decoding_all(tmp_path, name):
    path = clip(tmp_path, name, n=300, **FORMATS[name])
    times, images = zip(*frames(path), strict=True)
    for sampling in ({"n_frames": 4}, {"fps": 0.4}, {"times": [0.5, 0.51, 5.0, 11.9]}):
        for time, image in frames(path, **sampling):
            np.testing.assert_array_equal(image, images[times.index(time)])


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.avi", "a.webm"])
def test_sparse_frames_decode_little(tmp_path, name, monkeypatch):
    path = clip(tmp_path, name, n=400, **FORMATS[name])
    count = {"decoded": 0}
    decoded = pictures.decode

    def counting(*args):
        for frame in decoded(*args):
            count["decoded"] += 1
            yield frame

    monkeypatch.setattr(pictures, "decode", counting)
    assert numbers(frames(path, times=[2.0, 8.0, 14.0])) == pytest.approx([50, 200, 350], abs=1)
    assert count["decoded"] < 80


def test_a_jump_that_cannot_be_trusted_falls_back_to_decoding_all(tmp_path, monkeypatch):
    path = clip(tmp_path, n=200)
    monkeypatch.setattr(pictures, "_land", lambda *args: (iter(()), None))
    assert numbers(frames(path, times=[0.0, 4.0, 7.0])) == [0, 100, 175]


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_the_nearest_frame_is_chosen_at_variable_frame_rate(tmp_path_factory, data):
    gaps = data.draw(st.lists(st.integers(2, 60), min_size=1, max_size=12))
    stamps = np.cumsum([0, *gaps]) / 100
    path = tmp_path_factory.mktemp("vfr") / "a.mkv"
    write_video(path, (number_picture(i) for i in range(len(stamps))), times=stamps)
    targets = sorted(data.draw(st.lists(st.floats(0, 8), min_size=1, max_size=6)))
    pictures = list(frames(path, times=targets))
    np.testing.assert_allclose([time for time, _ in frames(path)], stamps, atol=0.001)
    for target, (time, image) in zip(targets, pictures, strict=True):
        assert abs(time - target) <= np.abs(stamps - target).min() + 0.002
        assert number(image) == np.abs(stamps - time).argmin()


@pytest.mark.parametrize("n", [1, 2, 3, 7, 13, 40, 55])
def test_n_frames_are_the_centres_of_equal_parts(tmp_path, n):
    path = clip(tmp_path)
    got = numbers(frames(path, n_frames=n))
    expected = (np.arange(n) + 0.5) * 40 / n - 0.5
    assert len(got) == n
    assert np.abs(np.array(got) - expected).max() <= 0.5 + 1e-6


def test_fps_gives_a_regular_grid(tmp_path):
    path = clip(tmp_path)
    assert numbers(frames(path, fps=5)) == list(range(0, 40, 5))
    assert numbers(frames(path, fps=25)) == list(range(40))
    assert numbers(frames(path, fps=50))[::2] == list(range(40))


def test_max_side_shrinks_while_converting(tmp_path):
    path = clip(tmp_path)
    ((_, small),) = frames(path, n_frames=1, max_side=48)
    ((_, whole),) = frames(path, n_frames=1, max_side=4000)
    assert small.shape == (32, 48, 3)
    assert whole.shape == (64, 96, 3)
    assert number(small) == number(whole)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_rotation_and_mirroring_are_honoured(tmp_path, degrees, mirrored):
    path = clip(tmp_path, n=2, rotation={"degrees": degrees, "hflip": mirrored})
    upright = np.rot90(number_picture(1), degrees // 90)
    upright = upright[:, ::-1] if mirrored else upright
    _, (_, image) = frames(path)
    assert image.shape == upright.shape
    assert np.abs(image.astype(int) - upright).mean() < 10
    info = probe(path)
    assert (info.rows, info.columns) == upright.shape[:2]
    if not mirrored:
        assert info.rotation == degrees


def test_times_count_from_what_is_played_first(tmp_path):
    early = write_video(
        tmp_path / "a.ts", map(number_picture, range(4)), times=[5.0, 5.04, 5.08, 5.12]
    )
    times = [time for time, _ in frames(early)]
    np.testing.assert_allclose(times, [0, 0.04, 0.08, 0.12], atol=1e-3)


def test_negative_first_timestamps(tmp_path):
    path = tmp_path / "a.mkv"
    write_video(path, map(number_picture, range(5)), container={"avoid_negative_ts": "disabled"})
    shifted = tmp_path / "b.nut"
    with av.open(str(path)) as source, av.open(str(shifted), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.pts -= 100
                packet.dts = None if packet.dts is None else packet.dts - 100
                packet.stream = stream
                target.mux(packet)
    times, images = zip(*frames(shifted), strict=True)
    assert [number(image) for image in images] == list(range(5))
    assert times[0] == pytest.approx(0, abs=0.05)
    assert numbers(frames(shifted, n_frames=5)) == list(range(5))


def test_colours_survive(tmp_path):
    patch = np.zeros((64, 64, 3), np.uint8)
    patch[...] = 224, 48, 32
    write_video(tmp_path / "a.mp4", [patch] * 2, crf=1)
    (_, image), _ = frames(tmp_path / "a.mp4")
    assert np.abs(image[32, 32].astype(int) - patch[0, 0]).max() < 6


# Images


@pytest.mark.parametrize("suffix", ["png", "tiff", "bmp"])
@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize("grey", [False, True])
def test_images_are_clips_of_one_frame(tmp_path, suffix, depth, grey):
    import cv2

    if suffix == "bmp" and depth is np.uint16:
        pytest.skip("BMP has 8 bits")
    rgb = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    rgb = np.repeat(rgb[..., :1], 3, axis=2) if grey else rgb
    stored = rgb[..., 0] if grey else rgb[..., ::-1]
    factor = 257 if depth is np.uint16 else 1
    path = str(tmp_path / f"a.{suffix}")
    cv2.imwrite(path, stored.astype(depth) * depth(factor))
    ((time, image),) = frames(path)
    assert time == 0
    assert np.abs(image.astype(int) - rgb).max() <= (1 if factor > 1 else 0)
    assert len(list(frames(path, n_frames=3))) == 3
    info = probe(path)
    assert (info.duration, info.frame_rate, info.rows, info.columns) == (0, 0, 20, 30)
    with pytest.raises(ClipError) as caught:
        signal(path)
    assert caught.value.status == "no_audio"


def exif(orientation):
    entry = struct.pack("<HHIHH", 0x112, 3, 1, orientation, 0)
    body = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 1) + entry + b"\0\0\0\0"
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_of_photographs_is_honoured(tmp_path, orientation):
    import cv2

    image = np.zeros((32, 64, 3), np.uint8)
    image[:16, :32] = 255
    data = cv2.imencode(".jpg", image)[1].tobytes()
    path = tmp_path / "a.jpg"
    path.write_bytes(data[:2] + exif(orientation) + data[2:])
    turned = {1: 0, 2: 0, 3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}[orientation]
    expected = np.rot90(image, turned)
    if orientation in (2, 4):
        expected = expected[:, ::-1]
    if orientation in (5, 7):
        expected = expected[::-1]
    ((_, got),) = frames(path)
    assert got.shape == expected.shape
    assert np.abs(got.astype(int) - expected).mean() < 5


# Sound


def tone(n, rate, channels=1):
    waves = [np.sin(2 * np.pi * (200 + 100 * c) * np.arange(n) / rate) for c in range(channels)]
    return 0.5 * np.array(waves)


@given(samples=st.lists(st.integers(-(2**15), 2**15 - 1), min_size=1, max_size=3000))
@settings(max_examples=25, deadline=None)
def test_16_bit_mono_at_the_same_rate_is_only_scaled(tmp_path_factory, samples):
    path = tmp_path_factory.mktemp("wav") / "a.wav"
    wavfile.write(path, 16000, np.array(samples, np.int16))
    got = signal(path)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, np.array(samples, np.float64) / 32768)


@pytest.mark.parametrize(
    ("codec", "kind", "scale", "offset", "accuracy"),
    [
        ("pcm_u8", "u8", 127, 128, 2**-6),
        ("pcm_s16le", "s16", 2**15 - 1, 0, 2**-14),
        ("pcm_s24le", "s32", 2**31 - 256, 0, 2**-20),
        ("pcm_s32le", "s32", 2**31 - 256, 0, 2**-20),
        ("pcm_f32le", "flt", 1, 0, 1e-6),
        ("pcm_f64le", "dbl", 1, 0, 1e-6),
        ("flac", "s16", 2**15 - 1, 0, 2**-14),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
def test_every_sample_format_becomes_the_mean_of_its_channels(
    tmp_path, codec, kind, scale, offset, accuracy, channels
):
    wave = tone(4000, 16000, channels)
    dtype = {"u8": np.uint8, "s16": np.int16, "s32": np.int32, "flt": np.float32}.get(kind, float)
    stored = (wave * scale + offset).astype(dtype)
    path = tmp_path / ("a.flac" if codec == "flac" else "a.wav")
    layout = {1: "mono", 2: "stereo"}[channels]
    write_sound(path, stored, codec=codec, kind=kind, layout=layout)
    got = signal(path)
    assert got.shape == (4000,)
    np.testing.assert_allclose(got, wave.mean(axis=0), atol=accuracy)


def test_all_six_channels_count_alike(tmp_path):
    stored = np.zeros((6, 800), np.int16)
    stored[3] = 6 * 1000
    write_sound(tmp_path / "a.wav", stored, layout="5.1")
    np.testing.assert_allclose(signal(tmp_path / "a.wav"), 1000 / 32768, atol=1e-7)


@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("extra", [0, 1, 7])
def test_resampling_keeps_length_time_and_level(tmp_path, rate, extra):
    n = rate + extra
    wavfile.write(tmp_path / "a.wav", rate, (tone(n, rate)[0] * 32767).astype(np.int16))
    got = signal(tmp_path / "a.wav")
    assert len(got) == int(n * 16000 / rate + 0.5)
    inner = slice(200, -200)
    np.testing.assert_allclose(got[inner], tone(len(got), 16000)[0][inner], atol=2e-3)


def test_planar_coders_and_sound_of_videos(tmp_path):
    wave = tone(16000, 16000)[0]
    path = clip(tmp_path, n=25, sound=wave)
    got = signal(path)
    assert 16000 <= len(got) <= 16000 + 2048  # whole AAC frames
    assert np.abs(np.fft.rfft(got[:8000])).argmax() == 100
    assert signal(path, sample_rate=8000).size == pytest.approx(len(got) / 2, abs=1)


@pytest.mark.parametrize("rate", [16000, 44100])
@pytest.mark.parametrize("block", [0.01, 0.37, 1.0, 100.0])
def test_blocks_hold_the_same_samples(tmp_path, rate, block):
    noise = np.random.default_rng(0).integers(-9999, 9999, 3 * rate + 5).astype(np.int16)
    wavfile.write(tmp_path / "a.wav", rate, noise)
    blocks = list(signal_blocks(tmp_path / "a.wav", block=block))
    assert {len(part) for part in blocks[:-1]} <= {round(block * 16000)}
    np.testing.assert_array_equal(np.concatenate(blocks), signal(tmp_path / "a.wav"))


def test_samples_that_are_no_numbers_are_zero_and_told(tmp_path):
    stored = np.full(100, 0.5, np.float32)
    stored[[3, 50]] = np.nan, np.inf
    wavfile.write(tmp_path / "a.wav", 16000, stored)
    read = signal_blocks(tmp_path / "a.wav")
    (got,) = read
    assert read.status == "partial"
    assert np.isfinite(got).all() and got[3] == 0


# Damaged and hostile files


def png_header(rows, columns):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    line = b"\0" * ((columns + 7) // 8 + 1)
    packer = zlib.compressobj(1)
    data = b"".join(packer.compress(line) for _ in range(rows)) + packer.flush()
    head = struct.pack(">IIBBBBB", columns, rows, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


HOSTILE = {
    "zero.mp4": b"",
    "text.mp4": b"Once upon a time\nthere was no video.\n" * 30,
    "noise.avi": np.random.default_rng(0).integers(0, 256, 50000).astype(np.uint8).tobytes(),
    "pointer.flv": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    "list.avi": b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\na.ts\n#EXT-X-ENDLIST\n",
    "concat.avi": b"ffconcat version 1.0\nfile a.ts\n",
    "session.avi": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\nm=video 5 RTP/AVP 96\n",
    "words.srt": b"1\n00:00:00,000 --> 00:00:01,000\nHello\n",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("read", [probe, signal, lambda path: list(frames(path))])
def test_what_is_no_recording_is_corrupt(tmp_path, monkeypatch, name, read):
    monkeypatch.chdir(tmp_path)
    clip(tmp_path, "a.ts")
    (tmp_path / name).write_bytes(HOSTILE[name])
    with pytest.raises(ClipError, match=name) as caught:
        read(tmp_path / name)
    assert caught.value.status == "corrupt"
    before = open_files()
    gc.collect()
    assert open_files() <= before


def test_messages_say_what_was_found(tmp_path):
    (tmp_path / "a.flv").write_bytes(HOSTILE["pointer.flv"])
    with pytest.raises(ClipError, match=r"Git LFS pointer .* 'git lfs pull'"):
        frames(tmp_path / "a.flv")
    (tmp_path / "b.flv").touch()
    with pytest.raises(ClipError, match="empty"):
        signal(tmp_path / "b.flv")
    with pytest.raises(ClipError, match="folder"):
        probe(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        frames(tmp_path / "nowhere.mp4")


def test_a_file_cannot_make_us_open_another(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clip(tmp_path, "secret.mp4")
    (tmp_path / "a.avi").write_bytes(b"ffconcat version 1.0\nfile secret.mp4\n")
    with pytest.raises(ClipError):
        list(frames("a.avi"))
    clip(tmp_path, "img1.png", n=1, codec="png", pix_fmt="rgb24")
    with pytest.raises(FileNotFoundError):
        frames("img%d.png")


def test_an_image_is_one_whatever_its_name(tmp_path):
    import cv2

    data = cv2.imencode(".jpg", number_picture(5))[1].tobytes()
    (tmp_path / "a.mp4").write_bytes(data)
    assert numbers(frames(tmp_path / "a.mp4")) == [5]


@pytest.mark.parametrize(
    ("sampling", "n"), [({}, 1), ({"fps": 5.0}, 1), ({"n_frames": 3}, 3), ({"times": [0, 2]}, 2)]
)
def test_an_image_is_opened_and_decoded_once(tmp_path, monkeypatch, sampling, n):
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), number_picture(5))
    opened, real = [], av.open
    monkeypatch.setattr(av, "open", lambda *args, **kw: opened.append(1) or real(*args, **kw))
    read = list(frames(tmp_path / "a.png", **sampling))
    assert [(time, number(image)) for time, image in read] == [(0, 5)] * n
    assert len(opened) == 1


@pytest.mark.parametrize("name", ["a.mkv", "b.avi", "a.flv", "a.ts", "a.webm"])
def test_a_truncated_file_gives_what_it_has(tmp_path, name):
    path = clip(tmp_path, name, n=100, **FORMATS[name])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    read = frames(path)
    got = numbers(read)
    assert 20 < len(got) < 80
    assert got[:20] == list(range(20)) and got == sorted(got)
    few = frames(path, n_frames=3)
    assert len(list(few)) == 3
    if name != "a.ts":  # a transport stream does not say how long it should be
        assert read.status == few.status == "partial"


def test_a_truncated_mp4_with_its_index_in_front(tmp_path):
    path = clip(tmp_path, n=100, container={"movflags": "faststart"})
    data = path.read_bytes()
    index = data.index(b"mdat")
    path.write_bytes(data[: index + (len(data) - index) // 2])
    read = frames(path)
    got = numbers(read)
    assert 20 < len(got) < 100
    assert got[:20] == list(range(20)) and got == sorted(got)
    assert read.status == "partial"
    assert any("missing" in fault for fault in read.faults)


def test_a_truncated_wav_is_partial(tmp_path):
    wavfile.write(tmp_path / "a.wav", 16000, np.arange(16000, dtype=np.int16))
    (tmp_path / "a.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:10044])
    read = signal_blocks(tmp_path / "a.wav")
    assert sum(map(len, read)) == 5000
    assert read.status == "partial"


def test_a_damaged_middle_costs_only_some_frames(tmp_path):
    path = clip(tmp_path, "a.ts", n=100, gop=10)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 400] = bytes(400)
    path.write_bytes(data)
    times = [time for time, _ in frames(path)]
    assert len(times) > 60
    assert times == sorted(times)
    assert times[-1] == pytest.approx(99 / 25, abs=0.01)


def test_streams_that_are_not_there(tmp_path):
    wavfile.write(tmp_path / "a.wav", 16000, np.zeros(10, np.int16))
    with pytest.raises(ClipError) as caught:
        list(frames(tmp_path / "a.wav"))
    assert caught.value.status == "no_video"
    with pytest.raises(ClipError) as caught:
        signal(clip(tmp_path))
    assert caught.value.status == "no_audio"
    write_sound(tmp_path / "b.mp4", np.zeros((1, 4096), np.float32), codec="aac", kind="fltp")
    assert not probe(tmp_path / "b.mp4").has_video
    wavfile.write(tmp_path / "c.wav", 16000, np.zeros(0, np.int16))
    with pytest.raises(ClipError) as caught:
        signal(tmp_path / "c.wav")
    assert caught.value.status == "no_audio"


def test_a_cover_picture_is_no_video(tmp_path):
    path = tmp_path / "a.mp3"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("libmp3lame", rate=16000, layout="mono")
        cover = container.add_stream("mjpeg", rate=1)
        cover.height, cover.width, cover.pix_fmt = 64, 96, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        image = av.VideoFrame.from_ndarray(number_picture(1), "rgb24").reformat(format="yuvj420p")
        image.pts, image.time_base = 0, Fraction(1, 1)
        container.mux(cover.encode(image))
        container.mux(cover.encode())
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4608), np.float32), "fltp", "mono")
        frame.sample_rate = 16000
        container.mux(sound.encode(frame))
        container.mux(sound.encode())
    info = probe(path)
    assert info.has_audio and not info.has_video
    with pytest.raises(ClipError) as caught:
        list(frames(path))
    assert caught.value.status == "no_video"


def test_absurd_sizes_are_refused_before_decoding(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(png_header(9000, 9000))
    decoded = []
    monkeypatch.setattr(pictures, "decode", lambda *args: decoded.append(args) or iter(()))
    with pytest.raises(ClipError, match="9000 x 9000") as caught:
        list(frames(tmp_path / "a.png"))
    assert caught.value.status == "too_large"
    assert not decoded


def test_pictures_that_grow_on_the_way_are_refused_by_the_decoder(tmp_path, monkeypatch):
    small, large = clip(tmp_path, "a.h264", n=30), tmp_path / "b.h264"
    write_video(large, (number_picture(i, (128, 192)) for i in range(30)))
    small.write_bytes(small.read_bytes() + large.read_bytes())
    assert len(list(frames(small))) == 60
    monkeypatch.setattr(containers, "MAX_PIXELS", 100 * 150)
    read = frames(small)
    assert {image.shape for _, image in read} == {(64, 96, 3)}
    assert read.status == "partial"


def test_a_clip_of_one_frame(tmp_path):
    path = clip(tmp_path, n=1)
    assert numbers(frames(path)) == [0]
    assert numbers(frames(path, n_frames=4)) == [0] * 4
    assert numbers(frames(path, fps=10)) == [0]
    assert numbers(frames(path, times=[-3, 0, 99])) == [0] * 3


# Care


def test_abandoned_iterators_close_their_files(tmp_path):
    path = clip(tmp_path, n=100, sound=tone(64000, 16000)[0])
    gc.collect()
    before = open_files()
    reads = [frames(path), frames(path, n_frames=9), signal_blocks(path, block=0.1)]
    for read in reads:
        next(read)
    assert open_files() > before
    reads[0].close()
    del read, reads
    gc.collect()
    assert open_files() == before


def test_errors_close_files_too(tmp_path):
    path = clip(tmp_path)
    gc.collect()
    before = open_files()
    with pytest.raises(ClipError) as caught:
        signal(path)
    del caught
    gc.collect()
    assert open_files() == before


def test_parameters_are_checked_at_once(tmp_path):
    path = clip(tmp_path)
    with pytest.raises(ValueError, match="only one of"):
        frames(path, n_frames=3, fps=2)
    for bad in ({"n_frames": 0}, {"fps": -1}, {"max_side": 0}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            frames(path, **bad)
    with pytest.raises(ValueError, match="sort"):
        frames(path, times=[2, 1])
    with pytest.raises(ValueError, match="sample_rate"):
        signal(path, sample_rate=0)
    with pytest.raises(ValueError, match="block"):
        signal_blocks(path, block=0)


def test_clip_errors_travel_between_processes():
    for status in STATUSES:
        error = pickle.loads(pickle.dumps(ClipError("a.mp4", status, "Found x.")))
        assert (error.path, error.status, error.detail) == ("a.mp4", status, "Found x.")
        assert "a.mp4" in str(error) and f"({status})" in str(error) and "Found x." in str(error)
    with pytest.raises(ValueError, match=r"status='odd'.*corrupt"):
        ClipError("a.mp4", "odd")


def test_importing_media_is_light():
    import subprocess

    code = (
        "import sys, emopipe.media; print(sorted({'av', 'cv2', 'tensorflow'} & set(sys.modules)))"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert process.stdout.strip() == "[]"


def test_probe_reads_the_header(tmp_path):
    info = probe(clip(tmp_path, n=50, sound=tone(32000, 16000)[0]))
    assert info.duration == pytest.approx(2.0, abs=0.1)
    assert info.frame_rate == 25
    assert (info.rows, info.columns, info.rotation) == (64, 96, 0)
    assert (info.sample_rate, info.n_channels) == (16000, 1)
    raw = probe(clip(tmp_path, "a.h264", n=50))
    assert raw.duration == pytest.approx(2.0, abs=0.1)


def test_everything_public_is_documented():
    for name in media.__all__:
        thing = getattr(media, name)
        assert name.isupper() or thing.__doc__


# Real recordings


@pytest.mark.shared
def test_cremad_clips_decode(shared_data):
    for path in sorted((shared_data / "cremad" / "VideoFlash").glob("*.flv")):
        read = frames(path)
        times = np.array([time for time, _ in read])
        info = probe(path)
        assert read.status == "ok"
        assert abs(len(times) - 29.97 * (times[-1] - times[0])) <= 1.5
        assert 0 < info.duration - times[-1] < 0.1
        np.testing.assert_allclose(np.diff(times), 1 / 29.97, atol=0.002)
        assert (info.rows, info.columns) == (360, 480)
        assert abs(len(signal(path)) / 16000 - info.duration) < 0.1


@pytest.mark.shared
def test_ravdess_wavs_are_exact(shared_data):
    path = next((shared_data / "ravdess" / "Actor_01").glob("*.wav"))
    rate, stored = wavfile.read(path)
    assert rate == 16000
    np.testing.assert_array_equal(signal(path), stored / 32768)


@pytest.mark.shared
@pytest.mark.filterwarnings("ignore:Chunk")
def test_published_stereo_and_48_khz(shared_data):
    paths = list((shared_data / "ravdess_original_48k").rglob("*.wav"))
    assert paths
    for path in paths:
        rate, stored = wavfile.read(path)
        got = signal(path)
        assert len(got) == int(len(stored) * 16000 / rate + 0.5)
        same = shared_data / "ravdess" / path.parent.name / path.name
        np.testing.assert_allclose(got, signal(same), atol=0.51 / 32768)
