import pandas as pd
import pytest
from corpora_on_disk import lay

from emopipe.corpora import CorpusError, CorpusWarning, load_table, usable
from emopipe.corpora.clip_table import COLUMNS


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a table, and the files that it names."""

    def write(text, *, files=("a.wav", "b.mp4"), name="clips.csv"):
        lay(tmp_path, *files)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write


def test_any_table_becomes_a_clip_table(write):
    table = load_table(
        write("path,emotion,subject,pitch\na.wav,Angry,007,1.5\nb.mp4, happiness ,8,NA\n")
    )
    assert tuple(table.columns) == (*COLUMNS, "pitch")
    assert table["emotion"].tolist() == ["anger", "happiness"]
    assert table["subject"].tolist() == ["007", "8"]
    assert table["media"].tolist() == ["audio", "video"]
    assert table["corpus"].tolist() == ["clips", "clips"]
    assert table["pitch"].isna().tolist() == [False, True]
    assert len(usable(table)) == 2


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("path;emotion\na.wav;joy\n", "x.csv"),
        ("path\temotion\na.wav\tjoy\n", "x.tsv"),
        ("\ufeffPath, Emotion\na.wav, joy\n", "x.csv"),
        ('"path","emotion"\r\n"a.wav","joy"\r\n', "x.csv"),
    ],
)
def test_separators_and_headings(write, text, name):
    table = load_table(write(text, name=name))
    assert table[["clip", "emotion"]].to_numpy().tolist() == [["a.wav", "happiness"]]


def test_blanks_around_a_name_are_none_of_it(write):
    text = "path,emotion,subject,split\na.wav,joy,anna,train\nb.mp4, joy ,anna ,test \n"
    table = load_table(write(text))
    assert table["subject"].tolist() == ["anna", "anna"]
    assert table["split"].tolist() == ["train", "test"]
    assert load_table(write("path,emotion,subject\na.wav,joy, \n"))["subject"].isna().all()


def test_rows_of_more_cells_than_the_heading_are_refused(write):
    with pytest.raises(CorpusError, match=r"more cells than the heading.*path, emotion, subject"):
        load_table(write("path,emotion,subject\na.wav,joy,1,\nb.mp4,joy,2,\n"))


def test_subject_na_is_a_name(write):
    assert load_table(write("path,emotion,subject\na.wav,joy,NA\n"))["subject"].tolist() == ["NA"]


def test_optional_columns_are_translated(write):
    text = (
        "path,emotion,split,train_only,sex,excluded\n"
        "a.wav,joy,Training,yes,F,\nb.mp4,joy,dev,,male,overlapping speech\n"
    )
    table = load_table(write(text))
    assert table["split"].tolist() == ["train", "val"]
    assert table["train_only"].tolist() == [True, False]
    assert table["sex"].tolist() == ["female", "male"]
    assert table["excluded"].tolist() == ["", "overlapping speech"]


def test_unknown_emotions_are_counted(write):
    csv = write("path,emotion\na.wav,excited\nb.mp4,excited\n")
    with pytest.raises(CorpusError, match=r"'excited' \(2 rows\); known are anger.*synonyms="):
        load_table(csv)
    assert load_table(csv, synonyms={"Excited": "happiness"})["emotion"][0] == "happiness"
    assert load_table(csv, synonyms={"excited": "excitement"})["emotion"][1] == "excitement"


def test_rows_without_an_emotion_are_excluded(write):
    table = load_table(write("path,emotion\na.wav,\nb.mp4,sad\n"))
    assert table["excluded"].tolist() == ["no emotion given", ""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("filename,emotion\na.wav,sad\n", r"no column 'path'.*rename 'filename' to 'path'"),
        ("path,Label\na.wav,sad\n", r"no column 'emotion'.*rename 'Label' to 'emotion'"),
        ("path,emotion\n", "a heading but no rows"),
        ("path,emotion\na.wav,sad\n,sad\n", "1 rows have an empty path"),
        ("path,emotion,split\na.wav,sad,fold1\n", "'split' holds 'fold1'; it can hold train"),
        ("path,emotion,train_only\na.wav,sad,maybe\n", "'train_only' holds 'maybe'"),
        (
            "path,emotion\na.wav,sad\na.wav,fear\n",
            r"1 files have several rows that differ \(.*a\.wav",
        ),
        ("path,emotion,clip\na.wav,sad,x\nb.mp4,sad,x\n", "'clip' occur twice: x"),
    ],
)
def test_unusable_tables_say_what_to_do(write, text, message):
    with pytest.raises(CorpusError, match=message):
        load_table(write(text))


def test_a_column_that_may_be_the_subject_is_pointed_out(write):
    csv = write("path,emotion,Speaker\na.wav,sad,7\n")
    with pytest.warns(CorpusWarning, match=r"no column 'subject'.*rename 'Speaker' to 'subject'"):
        assert load_table(csv)["subject"].isna().all()


def test_rows_that_repeat_are_dropped_with_a_warning(write):
    csv = write("path,emotion\na.wav,sad\nb.mp4,sad\n./a.wav,sad\n")
    with pytest.warns(CorpusWarning, match="1 rows repeat another"):
        assert load_table(csv)["clip"].tolist() == ["a.wav", "b.mp4"]


def test_missing_files_are_excluded_and_named(write, tmp_path):
    csv = write("path,emotion\na.wav,sad\nb.mp4,sad\ngone/c.wav,sad\nx.avi,sad\n", files=["a.wav"])
    (tmp_path / "x.avi").mkdir()
    lay(tmp_path, "b.mp4", content=b"version https://git-lfs")
    with pytest.warns(CorpusWarning, match=r"3 of 4 files.*gone/c\.wav: missing file") as caught:
        table = load_table(csv)
    assert len(caught) == 1
    assert table["excluded"].str[:15].tolist() == [
        "", "Git LFS pointer", "missing file", "folder, not a f",
    ]  # fmt: skip


def test_a_root_that_would_do_is_offered(write, tmp_path):
    csv = write("path,emotion\ncorpus/a.wav,sad\n", files=["corpus/a.wav"], name="corpus/clips.csv")
    with pytest.raises(FileNotFoundError, match=f"1 of 1 files.*pass root='{tmp_path}'"):
        load_table(csv)
    assert load_table(csv, tmp_path)["clip"].tolist() == ["corpus/a.wav"]

    csv = write("path,emotion\nx.wav,sad\n", files=["wavs/x.wav"])
    with pytest.raises(FileNotFoundError, match=f"pass root='{tmp_path / 'wavs'}'"):
        load_table(csv)


def test_paths_may_be_absolute_or_of_windows(write, tmp_path):
    csv = write(
        f"path,emotion\n{tmp_path}/a.wav,sad\ndeep\\b.wav,sad\n", files=["a.wav", "deep/b.wav"]
    )
    table = load_table(csv)
    assert table["clip"].tolist() == ["a.wav", "deep/b.wav"]
    outside = load_table(csv, tmp_path / "deep/..")
    pd.testing.assert_frame_equal(outside, table)


def test_audio_beside_a_video_is_resolved_too(write, tmp_path):
    table = load_table(write("path,emotion,audio\nb.mp4,sad,wav/b.wav\na.wav,sad,\n"))
    assert table["audio"][0] == str(tmp_path / "wav/b.wav")
    assert pd.isna(table["audio"][1])


def test_unknown_kinds_of_file_need_a_column(write):
    with pytest.raises(CorpusError, match=r"files ending in '\.xyz'.*column \"media\""):
        load_table(write("path,emotion\na.xyz,sad\n", files=["a.xyz"]))
    assert (
        load_table(write("path,emotion,media\na.xyz,sad,video\n", files=["a.xyz"]))["media"][0]
        == "video"
    )


def test_name_of_the_collection(write):
    csv = write("path,emotion,corpus\na.wav,sad,lab\nb.mp4,sad,field\n")
    assert load_table(csv, corpus="other")["corpus"].tolist() == ["lab", "field"]
    csv = write("path,emotion\na.wav,sad\n")
    assert load_table(csv, corpus="lab")["corpus"].tolist() == ["lab"]


def test_invented_clips_are_marked(write, tmp_path):
    csv = write("path,emotion\na.wav,sad\n", files=["a.wav", "SYNTHETIC.json"])
    assert load_table(csv)["synthetic"].tolist() == [True]


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no table .*clips\.csv"):
        load_table(tmp_path / "clips.csv")
