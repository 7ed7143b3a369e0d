import hashlib

import pytest

from emopipe import files
from emopipe.backbones import weights
from emopipe.backbones.weights import Published, WeightsError, checksum, fetch, identify

HELLO = hashlib.sha256(b"hello").hexdigest()
NOWHERE = Published(
    name="Face-Net",
    url="https://localhost:9/nothing/face.h5",
    sha256=HELLO,
    size=3,
    licence="research only",
    variable="EMOPIPE_TEST_WEIGHTS",
    otherwise=" weights='random' needs no file.",
)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch, tmp_path):
    monkeypatch.setattr(weights, "_SEEN", {})
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(NOWHERE.variable, raising=False)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "face.h5"
    path.write_bytes(b"hello")
    return path


@pytest.fixture
def offline(monkeypatch):
    def download(url, *_, **__):
        raise ConnectionError("no connection")

    monkeypatch.setattr(files, "download", download)


def test_the_published_file_is_named_without_being_there():
    assert identify(None, NOWHERE) == HELLO


def test_a_path_is_named_by_its_content_wherever_it_lies(file, tmp_path):
    other = tmp_path / "elsewhere.h5"
    other.write_bytes(b"hello")
    assert identify(file, NOWHERE) == identify(str(other), NOWHERE) == HELLO


def test_the_variable_names_a_file(file, monkeypatch):
    file.write_bytes(b"other")
    monkeypatch.setenv(NOWHERE.variable, str(file))
    digest = identify(None, NOWHERE)
    assert digest == hashlib.sha256(b"other").hexdigest()
    assert fetch(digest, NOWHERE) == file


def test_a_file_that_changes_gets_another_name(file):
    first = checksum(file)
    file.write_bytes(b"hello again")
    assert checksum(file) != first


def test_a_file_that_changed_since_it_was_named_is_not_taken(file, offline):
    digest = checksum(file)
    file.write_bytes(b"something else")
    with pytest.raises(WeightsError):
        fetch(digest, NOWHERE)


def test_a_missing_path_is_said(tmp_path):
    with pytest.raises(WeightsError, match=r"nothing\.h5: no such file"):
        identify(tmp_path / "nothing.h5", NOWHERE)


def test_offline_the_error_says_everything(offline):
    with pytest.raises(WeightsError) as error:
        fetch(HELLO, NOWHERE)
    message = str(error.value)
    for word in ("Face-Net", "face.h5", "3 MB", HELLO, NOWHERE.url, "weights=PATH",
                 NOWHERE.variable, "research only", "random", "(no connection)"):  # fmt: skip
        assert word in message


def test_downloads_are_pinned_to_the_checksum(monkeypatch, tmp_path):
    calls = []

    def download(url, path, *, sha256):
        calls.append((url, sha256))
        return files.write_atomic(path, b"hello")

    monkeypatch.setattr(files, "download", download)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert fetch(HELLO, NOWHERE) == tmp_path / "emopipe" / "weights" / "face.h5"
    assert calls == [(NOWHERE.url, HELLO)]


def test_weights_named_in_another_process_are_asked_for():
    with pytest.raises(WeightsError, match="Set EMOPIPE_TEST_WEIGHTS to their file here"):
        fetch("0" * 64, NOWHERE)
