import os

import av
import numpy as np
import pytest
from corpora_on_disk import lay

from emopipe.corpora.folder import MEDIA, CorpusError, medium_of, read_csv, scan
from emopipe.media import probe
from emopipe.text import shorten


def find_names(root):
    """Return the clips below root."""
    return [recording.clip for recording in scan(root).recordings]


def test_recordings_know_where_they_lie(tmp_path):
    lay(tmp_path, "a/B/One.two.MP4")
    (recording,) = scan(tmp_path).recordings
    assert recording.folders == (tmp_path.name, "a", "B")
    assert (recording.stem, recording.suffix, recording.medium) == ("One.two", ".mp4", "video")
    assert recording.path == str(tmp_path / "a/B/One.two.MP4")


def test_what_no_corpus_contains_is_skipped(tmp_path):
    lay(tmp_path, "a.wav", "._a.wav", ".hidden/b.wav", "__MACOSX/c.wav", "Thumbs.db", "notes.md")
    assert find_names(tmp_path) == ["a.wav"]


def test_tables_and_archives_are_kept_apart(tmp_path):
    folder = scan(lay(tmp_path, "deep/er/Votes.csv", "deep/Votes.csv", "x.tar.gz", "a.wav"))
    assert folder.table("somewhere/votes.csv") == str(tmp_path / "deep/Votes.csv")
    assert folder.table("absent.csv") is None
    assert folder.archives == ["x.tar.gz"]


def test_a_table_beside_the_root_is_found(tmp_path):
    lay(tmp_path, "processed/votes.csv", "wav/a.wav")
    assert scan(tmp_path / "wav").table("processed/votes.csv") == str(
        tmp_path / "processed/votes.csv"
    )


def test_relative_roots_and_home(tmp_path, monkeypatch):
    lay(tmp_path, "corpus/a.wav")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    whole = scan(tmp_path / "corpus")
    assert scan("corpus") == scan("~/corpus") == scan("corpus/../corpus/") == whole


def test_links_are_followed_once(tmp_path):
    lay(tmp_path, "real/a.wav")
    os.symlink(tmp_path / "real", tmp_path / "corpus")
    assert find_names(tmp_path / "corpus") == ["a.wav"]
    lay(tmp_path, "outer/b.wav")
    os.symlink(tmp_path / "outer", tmp_path / "outer/circle")
    os.symlink(tmp_path / "real", tmp_path / "outer/linked")
    assert find_names(tmp_path / "outer") == ["b.wav", "linked/a.wav"]


def test_broken_links_are_recordings_that_are_not_there(tmp_path):
    os.symlink(tmp_path / ".git/annex/objects/x", tmp_path / "a.wav")
    (recording,) = scan(tmp_path).recordings
    assert "git annex get" in recording.fault


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"RIFF", ""),
        (b"", "empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS pointer"),
        (b"version https://git-lfs" + bytes(2000), ""),
    ],
)
def test_faults(content, fault, tmp_path):
    lay(tmp_path, "a.wav", content=content)
    (recording,) = scan(tmp_path).recordings
    assert recording.fault.startswith(fault)
    assert bool(recording.fault) == bool(fault)


@pytest.mark.parametrize("marker", ["SYNTHETIC.json", "corpus/SYNTHETIC.json"])
def test_marked_folders_are_synthetic_from_there_down(marker, tmp_path):
    lay(tmp_path, marker, "corpus/deep/a.wav", "other/b.wav")
    synthetic = {r.clip: r.synthetic for r in scan(tmp_path).recordings}
    assert synthetic == {"corpus/deep/a.wav": True, "other/b.wav": marker == "SYNTHETIC.json"}
    assert scan(tmp_path / "corpus").recordings[0].synthetic


def test_unreadable_csv_files_are_named(tmp_path):
    lay(tmp_path, "empty.csv", content=b"")
    with pytest.raises(CorpusError, match=r"empty\.csv: empty file"):
        read_csv(tmp_path / "empty.csv")
    lay(tmp_path, "ragged.csv", content=b"a,b\n1,2,3\n1,2,3,4\n")
    with pytest.raises(CorpusError, match=r"ragged\.csv is no readable CSV table"):
        read_csv(tmp_path / "ragged.csv")


def test_missing_roots_name_their_neighbours(tmp_path):
    lay(tmp_path, "RAVDESS/a.wav", "CREMA-D/a.wav")
    with pytest.raises(FileNotFoundError, match=r"holds RAVDESS$"):
        scan(tmp_path / "RAVDES")
    with pytest.raises(FileNotFoundError, match=r"holds CREMA-D, RAVDESS$"):
        scan(tmp_path / "xyz")
    with pytest.raises(FileNotFoundError, match=f"nor {tmp_path / 'x'}"):
        scan(tmp_path / "x/y")


def test_media_by_suffix():
    assert [medium_of(name) for name in ("a.FLV", "b.wav", "c.tiff", "d.csv", "e")] == [
        "video", "audio", "image", None, None,
    ]  # fmt: skip


def test_listed_never_hides_how_many():
    assert shorten([]) == ""
    assert shorten("abc", 3) == "a, b, c"
    assert shorten("abcde", 2) == "a, b and 3 more"


def test_folders_lie_in_one_another_however_deep(tmp_path):
    lay(tmp_path, "/".join(["d"] * 300) + "/a.wav")
    assert [clip[-6:] for clip in find_names(tmp_path)] == ["/a.wav"]


def test_what_is_left_out_is_counted(tmp_path):
    lay(tmp_path, "a.wav", ".b.wav", "._a.wav", "__MACOSX/c.wav", "x.txt", "y.md", "z.md", "README")
    os.symlink(tmp_path, tmp_path / "again")
    folder = scan(tmp_path)
    assert folder.skipped == {
        "hidden": 3, ".md": 2, "without a suffix": 1, "linked again": 1,
    }  # fmt: skip
    assert folder.leftovers == "3 hidden, 2 .md, 1 without a suffix, 1 linked again, 1 .txt"


def test_odd_entries_stop_no_walk(tmp_path):
    lay(tmp_path, "a.wav")
    os.mkfifo(tmp_path / "pipe.wav")
    os.symlink(tmp_path / "self.wav", tmp_path / "self.wav")
    faults = {recording.clip: recording.fault for recording in scan(tmp_path).recordings}
    assert faults["a.wav"] == ""
    assert faults["pipe.wav"] == "no regular file"
    assert "cannot be read" in faults["self.wav"]


def _write(path, medium):
    """Write a tiny recording in the format that its suffix means."""
    with av.open(str(path), "w") as container:
        if medium == "audio":
            name = container.default_audio_codec
            rates = av.Codec(name, "w").audio_rates
            stream = container.add_stream(
                name, rate=16000 if 16000 in (rates or [16000]) else rates[0]
            )
            stream.layout = "mono"
            n = stream.frame_size or 1024
            cut = av.AudioResampler(stream.format.name, "mono", stream.rate)
            frames = []
            for start in range(0, 20 * n, n):
                silence = av.AudioFrame.from_ndarray(np.zeros((1, n), np.float32), "fltp", "mono")
                silence.sample_rate, silence.pts = stream.rate, start
                frames += cut.resample(silence)
        else:
            stream = container.add_stream(container.default_video_codec, rate=25)
            stream.width, stream.height = 64, 48
            stream.pix_fmt = (stream.codec.video_formats or [stream.format])[0].name
            n = 1 if medium == "image" else 10
            black = av.VideoFrame(64, 48, "rgb24")
            frames = [black.reformat(format=stream.pix_fmt) for _ in range(n)]
        for frame in [*frames, None]:
            for packet in stream.encode(frame):
                container.mux(packet)


# Kinds that FFmpeg reads and this build cannot write.
_READ_ONLY = """
.3gp .3g2 .dv .rmvb .divx .qt .mk3d .weba .wma .snd .amr .dts .rf64 .ape .tak .mpc .spx .sph .nist
.gsm .jpe .jfif .pnm .heic .heif .sox .mp4v .mj2 .ogx .trp .wave .bwf .3ga .m4r .f4a .mpo .jps .dib
"""


@pytest.mark.parametrize(
    ("suffixes", "usual", "medium"),
    [
        (".wave .bwf", ".wav", "audio"),
        (".3ga .m4r .f4a", ".m4a", "audio"),
        (".mp4v .mj2", ".mp4", "video"),
        (".trp", ".ts", "video"),
        (".mpo .jps", ".jpg", "image"),
        (".dib", ".bmp", "image"),
    ],
)
def test_other_suffixes_of_usual_kinds_are_taken_and_opened(tmp_path, suffixes, usual, medium):
    _write(tmp_path / f"a{usual}", medium)
    for suffix in suffixes.split():
        path = (tmp_path / f"a{usual}").rename(tmp_path / f"a{suffix}")
        usual = suffix
        assert medium_of(path.name) == medium and find_names(tmp_path) == [path.name]
        assert (probe(path).has_audio, probe(path).has_video) == (
            medium == "audio", medium != "audio",
        )  # fmt: skip


def test_every_kind_that_is_taken_is_opened(tmp_path):
    for medium, suffixes in MEDIA.items():
        for suffix in set(suffixes) - set(_READ_ONLY.split()):
            _write(tmp_path / f"a{suffix}", medium)
            info = probe(tmp_path / f"a{suffix}")
            assert info.has_audio if medium == "audio" else info.has_video, suffix
    assert len(find_names(tmp_path)) > 80
