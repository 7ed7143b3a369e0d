import errno
import hashlib
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from experiments_for_reports import experiment

from emopipe import Experiment, Result, files, write_index, write_report
from emopipe.cli import path_argument
from emopipe.cli.clips import named_files
from emopipe.files import atomic_file, checksum, download, file_stamp, write_atomic

HELLO = hashlib.sha256(b"hello" * 1000).hexdigest()


@pytest.fixture(params=["nameless", "named"])
def either_way(request, monkeypatch):
    """File systems without nameless files are written to by another way."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)


def test_a_file_is_written_whole_and_its_folders_are_made(tmp_path, either_way):
    path = tmp_path / "a" / "b.txt"
    assert write_atomic(path, "é\n") == path
    assert path.read_bytes() == "é\n".encode()
    write_atomic(str(path), b"\x00")
    assert path.read_bytes() == b"\x00" and os.listdir(path.parent) == ["b.txt"]
    (tmp_path / "usual").write_text("")
    assert path.stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, either_way, error):
    path = write_atomic(tmp_path / "a.txt", "old")
    with pytest.raises(error), atomic_file(path) as file:
        file.write(b"new")
        raise error
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


def test_a_full_disk_is_said_with_the_name_of_the_file(tmp_path, either_way):
    path = write_atomic(tmp_path / "a.txt", "old")
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with pytest.raises(OSError, match=r"No space left.*unchanged.*a\.txt"), atomic_file(path):
        raise full
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


def test_a_place_that_cannot_be_written_is_named(tmp_path, either_way):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"a folder of its path is a file.*file/a\.txt"):
        write_atomic(tmp_path / "file" / "a.txt", "")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match="folder"):
        write_atomic(tmp_path / "folder", "")


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="only Linux has nameless files")
def test_a_kill_leaves_nothing_behind(tmp_path):
    program = (
        "import os, signal, sys; from emopipe.files import atomic_file\n"
        "with atomic_file(sys.argv[1]) as file:\n"
        "    file.write(bytes(10**6)); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", program, tmp_path / "a.bin"])
    assert killed.returncode == -signal.SIGKILL and not os.listdir(tmp_path)


def test_a_link_stays_a_link(tmp_path):
    real = tmp_path / "real.txt"
    (tmp_path / "link.txt").symlink_to(real)
    write_atomic(tmp_path / "link.txt", "words")
    assert (tmp_path / "link.txt").is_symlink() and real.read_text() == "words"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_atomic(pipe, "words")
    reader.join(10)
    assert got == [b"words"] and pipe.is_fifo()


def test_names_of_any_length_and_bytes(tmp_path, either_way):
    for name in ["é" * 120, "a" * 255, os.fsdecode(b"caf\xe9")]:
        path = write_atomic(tmp_path / name, "words")
        assert path.read_text() == "words"
    assert len(os.listdir(tmp_path)) == 3


def test_the_stamp_changes_with_the_file(tmp_path):
    path = write_atomic(tmp_path / "a.txt", "old")
    before = file_stamp(path)
    assert before == file_stamp(str(path)) and before.size == 3
    write_atomic(path, "new")
    assert file_stamp(path) != before
    with pytest.raises(FileNotFoundError):
        file_stamp(tmp_path / "nowhere")


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        kind = self.path.strip("/")
        if kind == "missing":
            return self.send_error(404)
        if kind == "elsewhere":
            self.send_response(302)
            self.send_header("Location", f"file://{__file__}")
            return self.end_headers()
        body = b"hello" * 1000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if kind == "wrong":
            body = b"HELLO" * 1000
        if kind == "truncated":
            body = body[:100]
        if kind == "silent":
            self.server.release.wait(10)
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        server.release = threading.Event()
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.release.set()
        server.shutdown()
        thread.join()


def test_a_download_is_kept_under_its_checksum(tmp_path, server):
    path = download(f"{server}/right", tmp_path / "sub" / "file.bin", sha256=HELLO)
    assert checksum(path) == HELLO
    assert download("http://127.0.0.1:9/nobody", path, sha256=HELLO) == path
    path.write_bytes(b"damaged")
    assert checksum(download(f"{server}/right", path, sha256=HELLO)) == HELLO


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("wrong", "has SHA-256"),
        ("truncated", "127.0.0.1 broke off"),
        ("missing", "127.0.0.1 answers 404 Not Found"),
        ("elsewhere", "127.0.0.1 leads to another address"),
        ("silent", "127.0.0.1"),
    ],
)
def test_a_bad_download_leaves_nothing_behind(tmp_path, server, monkeypatch, kind, words):
    monkeypatch.setattr(files, "_SILENCE", 0.2)
    with pytest.raises((OSError, ValueError), match=words) as raised:
        download(f"{server}/{kind}", tmp_path / "file.bin", sha256=HELLO)
    assert "Pool" not in str(raised.value)
    assert not os.listdir(tmp_path)


def test_a_download_without_a_network_says_so_in_words(tmp_path):
    with pytest.raises(ConnectionError, match=r"^no connection to 127\.0\.0\.1$"):
        download("http://127.0.0.1:9/nobody", tmp_path / "a", sha256=HELLO)


def test_a_download_is_limited_in_size_and_to_the_web(tmp_path, server, monkeypatch):
    with pytest.raises(ValueError, match="more than 4999 bytes"):
        download(f"{server}/right", tmp_path / "a", sha256=HELLO, most=4999)
    for url in [f"file://{Path(__file__)}", "ftp://127.0.0.1/a", "data:,hello"]:
        with pytest.raises(ValueError, match="only https and http"):
            download(url, tmp_path / "a", sha256=HELLO)
    clock = iter(range(0, 10**6, 100))
    monkeypatch.setattr(files.time, "monotonic", lambda: next(clock))
    with pytest.raises(TimeoutError, match="bytes in"):
        download(f"{server}/right", tmp_path / "a", sha256=HELLO)
    assert not os.listdir(tmp_path)


def test_a_path_below_the_home_folder_is_below_it(tmp_path, monkeypatch):
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(here)
    assert write_atomic("~/a/b.txt", "words") == home / "a" / "b.txt"
    result = experiment(skills=(0.5,)).results["skill 0.5"]
    page = write_report(result, "~/report")
    assert page == home / "report" / "report.html" and page.is_file()
    assert Experiment.load("~/report").results and Result.load(result.save("~/r.json"))
    assert write_index("~").parent == home and path_argument("~/x") == home / "x"
    assert os.listdir(here) == []
    (here / "~lock.wav").touch()  # no user is called so
    assert named_files(["~lock.wav"]) == ([Path("~lock.wav")], [])
