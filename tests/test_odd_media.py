"""Recordings without an honest length, pictures in part, several tracks: what is really there."""

import struct

import av
import cv2
import numpy as np
import pytest
from clips import number, number_picture, write_video
from hypothesis import given
from hypothesis import strategies as st
from odd_media import heic, photograph, store_image, write_browser_recording, write_tracks
from scipy.io import wavfile

from emopipe.extraction import Recipe, extract
from emopipe.face.crop_recipe import prepare_crops
from emopipe.media import (
    ClipError,
    frames,
    length,
    picture_times,
    pictures,
    probe,
    signal,
    signal_blocks,
)
from emopipe.media import packets as media_packets
from emopipe.media.endings import cut_off
from emopipe.media.gif import whole_gif
from emopipe.media.stills import _is_unfinished


def tone(seconds, hertz=300):
    return 0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * 16000)) / 16000)


def status(read):
    list(read)
    return read.status


SHORT = {  # of three seconds, of which the headers' lengths do not miss the last tenth
    "a.wav": {"codec": "pcm_s16le"},
    "rf64.wav": {"codec": "pcm_s16le", "options": {"rf64": "always"}},
    "a.w64": {"codec": "pcm_s16le"},
    "a.aiff": {"codec": "pcm_s16be"},
    "a.au": {"codec": "pcm_s16be"},
    "a.caf": {"codec": "pcm_s16be"},
    "a.ogg": {"codec": "libopus", "rate": 48000},
    "a.mka": {"codec": "flac", "format": "matroska"},
    "a.mp4": {"codec": "aac", "options": {"movflags": "faststart"}},
    "a.flv": {"codec": "libmp3lame", "rate": 44100},
}


# Length


def test_a_browsers_recording_is_as_long_as_its_pictures(tmp_path):
    times = np.cumsum([0, *[0.03, 0.3, 0.1] * 10])
    path = write_browser_recording(tmp_path / "a.webm", times)
    assert probe(path).duration == pytest.approx(times[-1], abs=0.06)
    read = frames(path, n_frames=4)
    centres = (np.arange(4) + 0.5) / 4 * times[-1]
    assert np.abs(np.array([time for time, _ in read]) - centres).max() < 0.16
    assert read.status == "ok"


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("a.aac", {"codec": "aac", "format": "adts"}),
        (
            "a.mp3",
            {
                "codec": "libmp3lame",
                "options": {"write_xing": "0", "id3v2_version": "0"},
                "coding": {"flags": "+qscale", "global_quality": "236"},
            },
        ),
    ],
)
def test_an_estimated_length_is_neither_said_nor_missed(tmp_path, name, how):
    quiet, noise = np.zeros(32000), np.random.default_rng(0).normal(0, 0.1, 32000)
    path = write_tracks(tmp_path / name, np.concatenate([quiet, noise, quiet]), rate=44100, **how)
    with av.open(str(path)) as container:
        assert container.duration > 6.5e6
    assert length(path) == probe(path).duration == pytest.approx(6, abs=0.15)
    assert status(signal_blocks(path)) == "ok"


def test_an_mp3_that_says_its_length_and_is_cut_is_partial(tmp_path):
    noise = np.random.default_rng(0).normal(0, 0.1, 96000)
    path = write_tracks(tmp_path / "a.mp3", noise, codec="libmp3lame")
    assert status(signal_blocks(path)) == "ok"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert status(signal_blocks(path)) == "partial"
    assert length(path) == pytest.approx(3, abs=0.15)


@pytest.mark.parametrize("size", [0x7FFFF000, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000])
def test_a_wav_from_a_pipe_is_whole(tmp_path, size):
    samples = (tone(2) * 32767).astype(np.int16)
    head = struct.pack("<IHHIIHH", 16, 1, 1, 16000, 32000, 2, 16)
    data = b"WAVEfmt " + head + b"data" + struct.pack("<I", size) + samples.tobytes()
    riff = struct.pack("<I", min(size + 36, 0xFFFFFFFF))
    (tmp_path / "a.wav").write_bytes(b"RIFF" + riff + data)
    assert status(signal_blocks(tmp_path / "a.wav")) == "ok"
    assert length(tmp_path / "a.wav") == 2


@pytest.mark.parametrize("name", SHORT)
def test_a_short_clip_without_its_last_tenth_is_partial(tmp_path, name):
    path = write_tracks(tmp_path / name, tone(3), **SHORT[name])
    data = path.read_bytes()
    assert cut_off(path) == [] and status(signal_blocks(path)) == "ok"
    path.write_bytes(data[: len(data) * 9 // 10])
    assert "bytes of" in cut_off(path)[0] and status(signal_blocks(path)) == "partial"


@given(
    st.binary(max_size=200),
    st.sampled_from(
        [b"", b"RIFF", b"RF64" + bytes(8) + b"ds64", b"FORM", b".snd", b"riff\x2e\x91\xcf\x11",
         b"caff", b"FLV\x01", b"OggS", b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67",
         b"\0\0\0\x08ftyp", b"\0\0\0\x08moof\0\0\0\x01mdat"]
    ),
)  # fmt: skip
def test_any_bytes_end_where_they_say_or_nowhere(tmp_path_factory, data, head):
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(head + data)
    assert len(cut_off(path)) <= 1


@pytest.mark.parametrize("codec", ["flac", "libopus"])
def test_recordings_one_after_the_other_in_a_file_are_said(tmp_path, codec):
    path = write_tracks(tmp_path / "a.ogg", tone(3), codec=codec, rate=48000)
    path.write_bytes(2 * path.read_bytes())
    read = signal_blocks(path)
    assert sum(map(len, read)) == pytest.approx(6 * 16000, abs=1600)
    assert read.status == "partial" and "start again" in read.faults[0]


def test_the_longest_stream_ends_a_clip_and_pictures_keep_their_own_timeline(tmp_path):
    path = write_video(tmp_path / "a.mkv", map(number_picture, range(25)), sound=tone(3.0))
    assert length(path) == pytest.approx(3.0, abs=0.1)
    times = picture_times(path, 5)
    np.testing.assert_allclose(times, np.arange(5) * 0.2 + 0.08, atol=0.005)
    assert [number(image) for _, image in frames(path, times=times)] == [2, 7, 12, 17, 22]
    part = f"{path}#t=0.400000,0.800000"
    assert length(part) == pytest.approx(0.4)
    np.testing.assert_allclose(picture_times(part, 2), [0.08, 0.28], atol=0.005)


def test_a_declared_length_does_not_count(tmp_path):
    path = write_video(tmp_path / "a.flv", map(number_picture, range(25)), codec="flv")
    data = bytearray(path.read_bytes())
    at = data.index(b"duration") + 9
    data[at : at + 8] = struct.pack(">d", 1e9)
    path.write_bytes(data)
    assert length(path) == probe(path).duration == pytest.approx(1.0, abs=0.05)


# Pictures


@pytest.mark.parametrize("share", [0.95, 0.8, 0.5])
@pytest.mark.parametrize(
    "how",
    [
        {"format": "JPEG", "quality": 95},
        {"format": "JPEG", "quality": 95, "progressive": True},
        {"format": "GIF"},
        {"format": "PNG"},
        {"format": "WEBP"},
        {"format": "TIFF", "compression": "tiff_lzw"},
        {"format": "TIFF", "compression": "jpeg"},
        {"format": "BMP"},
    ],
)
def test_a_picture_that_is_cut_off_is_refused(tmp_path, how, share):
    data = store_image(photograph(), **how)
    path = tmp_path / "a.jpg"
    path.write_bytes(data)
    assert status(frames(path)) == "ok"
    path.write_bytes(data[: int(len(data) * share)])
    for read in (probe, lambda path: list(frames(path)), lambda path: list(frames(path, fps=5))):
        with pytest.raises(ClipError, match=r"cut off|ends early|No known recording") as caught:
            read(path)
        assert caught.value.status == "corrupt"


@pytest.mark.parametrize("tail", [b"", b"\0" * 100])
def test_a_jpeg_without_its_last_mark_or_with_a_tail_is_whole(tmp_path, tail):
    data = store_image(photograph(), format="JPEG", quality=95)
    (tmp_path / "a.jpg").write_bytes(data)
    ((_, whole),) = frames(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes((data[:-2] if not tail else data) + tail)
    ((_, image),) = frames(tmp_path / "a.jpg")
    assert np.array_equal(image, whole)


def test_a_gif_film_that_is_cut_gives_its_whole_pictures(tmp_path):
    shots = [photograph().rotate(30 * i) for i in range(4)]
    data = store_image(shots[0], format="GIF", save_all=True, append_images=shots[1:], duration=100)
    path = tmp_path / "a.gif"
    path.write_bytes(data)
    whole = [image for _, image in frames(path)]
    assert len(whole) == 4 and status(frames(path)) == "ok"
    path.write_bytes(data[:-1])
    assert status(frames(path)) == "ok"
    for share, n in ((0.99, 3), (0.6, 2)):
        path.write_bytes(data[: int(len(data) * share)])
        read = frames(path)
        images = [image for _, image in read]
        assert len(images) == n and read.status == "partial"
        assert all(map(np.array_equal, images, whole))


def test_a_damaged_picture_of_a_camera_film_is_left_out(tmp_path):
    path = write_video(
        tmp_path / "a.avi", map(number_picture, range(20)), codec="mjpeg", pix_fmt="yuvj420p"
    )
    data = bytearray(path.read_bytes())
    at = data.index(b"\xff\xda", len(data) // 2) + 40  # the scan of one picture
    end = data.index(b"\xff\xd9", at)
    data[at:end] = b"\xff\xd9" + bytes(end - at - 2)
    path.write_bytes(data)
    read = frames(path)
    numbers = [number(image) for _, image in read]
    assert len(numbers) == 19 and numbers == sorted(set(numbers))
    assert read.status == "partial"


@pytest.mark.parametrize("sampling", [{}, {"fps": 5}, {"n_frames": 1}])
@pytest.mark.parametrize(
    "how",
    [
        {"format": "MPO", "save_all": True},
        {"format": "WEBP", "save_all": True, "duration": 99, "lossless": True},
        {"format": "TIFF", "save_all": True, "compression": "jpeg"},
        {"format": "TIFF", "save_all": True},
    ],
)
def test_an_image_is_its_first_picture(tmp_path, how, sampling):
    image = photograph()
    path = tmp_path / "a.jpg"
    path.write_bytes(store_image(image, append_images=[image.rotate(180)], **how))
    read = frames(path, **sampling)
    ((time, picture),) = read
    assert (time, read.status, length(path)) == (0, "ok", 0)
    assert np.abs(picture.astype(int) - np.asarray(image)).mean() < 12
    assert (probe(path).rows, probe(path).columns) == (128, 128)


@pytest.mark.parametrize(
    ("name", "second"), [("a.jpg", "JPEG"), ("a.jpg", "MPO"), ("a.mpo", "MPO")]
)
def test_a_jpeg_is_no_film_however_its_pictures_are_stored(tmp_path, name, second):
    image = photograph()
    more = {"save_all": True, "append_images": [image.rotate(180)]} if second == "MPO" else {}
    data = store_image(image, format=second, **more)
    extra = 2 * (b"\xff\xe1\xff\xfd" + bytes(65531))  # as much of metadata as phones write
    (tmp_path / name).write_bytes(data[:2] + extra + data[2:] + store_image(image, format="JPEG"))
    assert [time for time, _ in frames(tmp_path / name)] == [0]
    assert length(tmp_path / name) == 0


def test_a_gif_whose_end_was_never_written_is_partial(tmp_path):
    data = store_image(photograph(), format="GIF")
    path = tmp_path / "a.gif"
    path.write_bytes(data[: len(data) * 6 // 10].ljust(len(data), b"\0"))
    assert status(frames(path)) == "partial"


def test_a_tiff_as_opencv_writes_it_is_read(tmp_path):
    cv2.imwrite(str(tmp_path / "a.tiff"), np.asarray(photograph())[..., ::-1])
    ((_, image),) = frames(tmp_path / "a.tiff")
    assert np.array_equal(image, np.asarray(photograph()))


def test_a_tiff_that_claims_huge_sides_is_refused(tmp_path):
    tags = {256: 2**30, 257: 2**30, 258: 8, 259: 1, 262: 1, 273: 8, 277: 1, 278: 2**30, 279: 9}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags))
    (tmp_path / "a.tiff").write_bytes(head + entries + bytes(20))
    with pytest.raises(ClipError) as caught:
        list(frames(tmp_path / "a.tiff"))
    assert caught.value.status in ("corrupt", "too_large")


def test_a_heic_of_one_tile_is_read_and_one_of_several_refused(tmp_path):
    tiles = [np.full((64, 64, 3), level, np.uint8) for level in (20, 90, 160, 230)]
    (tmp_path / "one.heic").write_bytes(heic(tiles[1:2]))
    ((time, image),) = frames(tmp_path / "one.heic", fps=5)
    assert time == 0 and abs(image.mean() - 90) < 3
    assert length(tmp_path / "one.heic") == 0
    (tmp_path / "four.heic").write_bytes(heic(tiles, columns=2))
    for read in (probe, lambda path: list(frames(path))):
        with pytest.raises(ClipError, match=r"in 4 tiles.*export it as JPEG or PNG") as caught:
            read(tmp_path / "four.heic")
        assert caught.value.status == "corrupt"


# Sound


@pytest.mark.parametrize(("default", "hertz"), [(0, 300), (1, 900), (None, 300)])
def test_the_track_flagged_as_default_is_heard(tmp_path, default, hertz):
    tracks = tone(1), tone(1, 900)
    path = write_tracks(tmp_path / "a.mkv", *tracks, default=default)
    assert np.abs(np.fft.rfft(signal(path))).argmax() == hertz


@pytest.mark.parametrize("rate", [1, 100, 999])
def test_a_rate_below_speech_is_refused(tmp_path, rate):
    wavfile.write(tmp_path / "a.wav", rate, np.ones(2000, np.int16))
    with pytest.raises(ClipError, match=f"{rate} samples per second") as caught:
        signal(tmp_path / "a.wav")
    assert caught.value.status == "corrupt"


@pytest.mark.parametrize("wild", [1e34, -3e38, 1e12])
def test_samples_louder_than_any_sound_are_zero_and_said(tmp_path, wild):
    samples = tone(1).astype(np.float32)
    samples[100] = wild
    wavfile.write(tmp_path / "a.wav", 16000, samples)
    read = signal_blocks(tmp_path / "a.wav")
    (block,) = read
    assert read.status == "partial" and block[100] == 0
    assert np.array_equal(np.delete(block, 100), np.delete(samples, 100))


# Limits


def test_no_picture_stands_for_a_gap_of_hours(tmp_path):
    times = [0, 0.04, 0.08, 10000.0, 10000.04]
    path = write_video(tmp_path / "a.mkv", map(number_picture, range(5)), times=times)
    read = frames(path, fps=5)
    stamps = np.array([time for time, _ in read])
    assert len(stamps) <= 40 and read.status == "partial"
    assert any("without a picture" in fault for fault in read.faults)
    assert status(frames(path)) == "ok"
    slow = write_video(tmp_path / "b.mkv", map(number_picture, range(4)), times=[0, 3, 6, 9])
    read = frames(slow, fps=2)
    assert len(list(read)) == 22 and read.status == "ok"


def test_more_pictures_than_any_clip_has_are_refused(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.mkv", map(number_picture, range(3)), times=[0, 0.04, 2e6])
    with pytest.raises(ClipError, match="More than 1048576 pictures") as caught:
        next(frames(path, fps=5))
    assert caught.value.status == "too_large"
    monkeypatch.setattr(pictures, "MAX_FRAMES", 2)
    with pytest.raises(ClipError, match="More than 2 pictures"):
        list(frames(path))


def test_want_of_memory_is_never_a_damaged_file(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.mkv", map(number_picture, range(3)), sound=tone(0.2))
    lacking = av.error.MemoryError(12, "Cannot allocate memory")

    def refuse(*_, **__):
        raise lacking

    for owner, name in ((av, "open"), (media_packets, "packets")):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, refuse)
            for read in (probe, signal, lambda path: list(frames(path))):
                with pytest.raises(MemoryError):
                    read(path)


def test_a_clip_that_lacked_memory_is_tried_again(tmp_path):
    path = write_video(tmp_path / "a.mkv", (np.zeros((1088, 1920, 3), np.uint8),) * 3)
    recipe = Recipe("crops", 1, prepare_crops, {"detector": None})
    store = tmp_path / "store.sqlite"
    small = extract([path], recipe, store=store, n_jobs=1, memory_limit=30 * 2**20)
    assert small.statuses == ["too_large"] and "memory" in small.details[0]
    assert extract([path], recipe, store=store, n_jobs=1).statuses == ["ok"]


@given(
    st.binary(max_size=200), st.sampled_from([b"", b"GIF89a", b"GIF89a\1\0\1\0\x80\0\0" + bytes(6)])
)
def test_any_bytes_are_a_gif_or_none(tmp_path_factory, data, head):
    path = tmp_path_factory.getbasetemp() / "any.gif"
    path.write_bytes(head + data)
    end, whole = whole_gif(path)
    assert 0 <= end <= len(head + data) and whole <= bool(end)


@given(st.binary(max_size=400), st.integers(0, 400))
def test_a_jpeg_in_passes_is_finished_by_its_last_mark_only(data, cut):
    whole = store_image(photograph(8), format="JPEG", progressive=True)
    assert not _is_unfinished(whole + data)
    assert _is_unfinished(whole[: max(len(whole) - 2 - cut, whole.index(b"\xff\xc2") + 2)])
    _is_unfinished(b"\xff\xd8" + data)
