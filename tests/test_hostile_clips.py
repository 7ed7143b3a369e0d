"""Clips that lie about themselves: worker processes read them, `predict` stays small and ends."""

import json
import struct
import subprocess
import sys
import zlib
from itertools import islice

import numpy as np
import pytest
from clips import number_picture, write_video
from scipy.io import wavfile
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from emopipe.cli import main
from emopipe.fusion import WhereFinite
from emopipe.models import predict, recordings, save, window_table, windows_of
from emopipe.models.windows import MOST
from emopipe.voice import ShortTermStatistics

RATE = 16000
SETTINGS = {"window": 0.1, "step": 0.05, "n_jobs": 1}


def _sine(seconds, pitch=300):
    return 0.3 * np.sin(2 * np.pi * pitch * np.arange(int(seconds * RATE)) / RATE)


def _tone(path, seconds=0.5, pitch=300):
    wavfile.write(path, RATE, (2**15 * _sine(seconds, pitch)).astype(np.int16))
    return str(path)


@pytest.fixture(scope="module")
def tones(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tones")
    return [_tone(folder / f"{n}.wav", 0.5, 300 + 60 * n) for n in range(6)]


@pytest.fixture(scope="module")
def model(tones):
    voice = ShortTermStatistics(store=None, **SETTINGS)
    return make_pipeline(voice, WhereFinite(LogisticRegression())).fit(tones, ["joy", "fear"] * 3)


def png_with_texts(path, n_chunks, size):
    """Write a picture of one pixel and compressed texts of `size` bytes each."""

    def chunk(kind, body):
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    text = zlib.compress(b"a" * size, 1)
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    texts = b"".join(chunk(b"zTXt", f"k{n}\0\0".encode() + text) for n in range(n_chunks))
    pixels = chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + texts + pixels)
    return str(path)


_MEASURED = """
import json, re, sys
from pathlib import Path
from emopipe.models import load
from emopipe.models import predict
def megabytes(name):
    return int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
model = load(sys.argv[1])
predict(model, sys.argv[2:3], store=None, n_jobs=1)
before = megabytes("VmRSS")
clips = predict(model, sys.argv[2:], store=None, n_jobs=1).clips
print(json.dumps([megabytes("VmHWM") - before, [clip.whole.emotion for clip in clips]]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process from /proc")
def test_a_picture_with_huge_texts_costs_a_worker_not_the_parent(model, tones, tmp_path):
    folder = save(model, tmp_path / "model", title="A voice")
    bomb = png_with_texts(tmp_path / "bomb.png", 3, 100 * 2**20)
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _MEASURED, folder, tones[0], bomb, tones[1]],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    growth, emotions = json.loads(ended.stdout)
    assert emotions == ["joy", None, "fear"]
    assert growth < 50, growth  # MB; each text has 100


def test_the_parent_opens_no_clip_not_even_for_a_page(model, tones, tmp_path, monkeypatch, capsys):
    import av

    def refuse(*_, **__):
        raise AssertionError("a clip was opened by the parent")

    folder = save(model, tmp_path / "model", title="A voice")
    film = write_video(tmp_path / "a.mkv", map(number_picture, range(25)), sound=_sine(1.0))
    monkeypatch.setattr(av, "open", refuse)
    page, options = tmp_path / "p.html", ["--store", "none", "--jobs", "1", "--embed"]
    code = main(["predict", str(folder), str(film), tones[0], "--window", "0.5", "--timeline",
                 str(page), *options])  # fmt: skip
    assert code == 0, capsys.readouterr().err
    assert "data:video/mp4" in page.read_text() and "data:audio/wav" in page.read_text()


@pytest.fixture
def claims_a_billion_seconds(tmp_path):
    path = write_video(tmp_path / "a.mkv", map(number_picture, range(25)), sound=np.zeros(16000))
    content = bytearray(path.read_bytes())
    offset = content.index(b"\x44\x89\x88")  # Matroska's Duration: a float of 8 bytes, in ms
    content[offset + 3 : offset + 11] = struct.pack(">d", 1e12)
    path.write_bytes(content)
    return str(path)


def test_the_length_is_what_packets_say_not_the_header(model, claims_a_billion_seconds):
    from emopipe.media.containers import open_media

    with open_media(claims_a_billion_seconds) as container:
        assert container.duration > 9e14  # the lie reaches whoever believes the header
    (clip,) = predict(model, [claims_a_billion_seconds], window=0.5, store=None, n_jobs=1).clips
    assert clip.duration == pytest.approx(1.0, abs=0.1) and 1 <= len(clip.windows) <= 5


def test_windows_are_made_one_by_one_and_their_number_ends(model, tones, monkeypatch):
    from emopipe.models import predictor

    assert list(islice(windows_of(1e9, 1.0, 0.25), 2)) == [(0.0, 1.0), (0.25, 1.25)]
    # Time stamps lie as well as headers.
    lies = [recordings(tones[:1], store=None, n_jobs=1)[0]._replace(seconds=1e9)]
    monkeypatch.setattr(predictor, "recordings", lambda *_, **__: lies)
    prediction = predict(model, tones[:1], window=0.5, store=None, n_jobs=1)
    (clip,) = prediction.clips
    assert clip.whole.emotion == "joy" and clip.windows == [] and f"at most {MOST}" in clip.note
    assert clip.note in prediction.notices[0]
    import pandas as pd

    with pytest.raises(
        ValueError, match=rf"0\.wav: its time stamps say 1e\+09 s, more than {MOST}"
    ):
        window_table(pd.DataFrame({"path": tones[:1]}), [1e9], 0.5)
