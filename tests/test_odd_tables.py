"""Tables and names as nobody would write them: read, or refused in words."""

import os
import warnings

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emopipe.cli import main
from emopipe.corpora import CorpusError, load_folder, load_table
from emopipe.corpora.folder import scan
from emopipe.feature_table import FeatureTable

once = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
pieces = st.sampled_from(
    [b"path", b"emotion", b"subject", b"start", b"end", b"split", b"train_only", b"audio", b"clip",
     b"corpus", b"media", b"sex", b"a.wav", b"b.wav", b"sad", b"joy", b"1", b"01", b"1,5", b"-1",
     b"1e999", b"NaT", b"train", b"yes", b",", b",", b",", b";", b"\t", b"\n", b"\n", b"\r",
     b'"', b"'", b"#t=0,1", b"..", b"/", b"\\", b"C:", b"~", b"\x00", b"\xff", b"\xef\xbb\xbf",
     b"\xff\xfe", b"=cmd", b"{", b"sep=;"]
)  # fmt: skip
contents = (
    st.binary(max_size=200)
    | st.lists(pieces, max_size=40).map(b"".join)
    | st.lists(pieces, max_size=40).map(lambda parts: b"path,emotion,start,end\n" + b"".join(parts))
)
REFUSALS = (CorpusError, FileNotFoundError)


@once
@given(contents)
def test_any_bytes_are_a_clip_table_or_refused_in_words(tmp_path, content):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"RIFF")
    csv = tmp_path / "clips.csv"
    csv.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            table = load_table(csv)
        except REFUSALS as error:
            assert "clips.csv" in str(error)
            return
    assert len(table) and table["clip"].is_unique
    assert table["path"].map(os.path.isabs).all()
    assert table.loc[table["excluded"] == "", "emotion"].notna().all()


@once
@given(st.binary(max_size=200) | st.lists(pieces, max_size=40).map(b"".join))
def test_any_bytes_are_features_or_refused_in_words(tmp_path, content):
    csv = tmp_path / "features.csv"
    csv.write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            features = FeatureTable(csv, key="path").transform(["a.wav"])
        except ValueError as error:
            assert "features.csv" in str(error)
            return
    assert features.shape[0] == 1


names = st.binary(min_size=1, max_size=12).filter(
    lambda name: not {0, 47} & set(name) and name not in (b".", b"..")
)


@once
@given(st.lists(names, min_size=1, max_size=4, unique=True))
def test_files_of_any_name_are_seen(tmp_path_factory, file_names):
    root = tmp_path_factory.mktemp("names")
    folder = os.fsencode(root)
    os.mkdir(folder + b"/sad")
    for name in file_names:
        with open(os.path.join(folder, b"sad", name + b".wav"), "wb") as file:
            file.write(b"RIFF")
    visible = [name for name in file_names if not name.startswith(b".")]
    actual = {os.fsencode(recording.path) for recording in scan(root).recordings}
    assert actual == {os.path.join(folder, b"sad", name + b".wav") for name in visible}
    if visible:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table = load_folder(root)
        assert {os.fsencode(path) for path in table["path"]} == actual


def test_a_name_that_is_no_unicode_goes_from_folder_to_csv(tmp_path, capsys):
    name = os.fsencode(tmp_path) + b"/=caf\xe9\x1b[31m\n.wav"
    with open(name, "wb") as file:
        file.write(b"RIFF")
    out = tmp_path / "out.csv"
    code = main(["extract", str(tmp_path), "--store", "none", "--jobs", "1", "--out", str(out)])
    output = "".join(capsys.readouterr())
    assert code == 1 and "caf\\xe9\\x1b[31m\\n.wav" in output and "\x1b" not in output
    table = pd.read_csv(out)
    assert len(table) == 1 and "\\x1b" in table["clip"][0]


@pytest.mark.parametrize("length", [300, 5000])
def test_names_longer_than_a_file_system_allows_are_missing_files(length, tmp_path):
    csv = tmp_path / "clips.csv"
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    csv.write_text(f"path,emotion\na.wav,sad\n{'x' * length}.wav,sad\n")
    with pytest.warns(UserWarning, match="1 of 2 files"):
        assert load_table(csv)["excluded"].tolist()[0] == ""
