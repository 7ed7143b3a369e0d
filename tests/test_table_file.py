import unicodedata
from unicodedata import normalize

import pandas as pd
import pytest
from corpora_on_disk import lay

from emopipe.corpora import CorpusError, CorpusWarning, load_table, usable
from emopipe.corpora.clip_table import COLUMNS


@pytest.fixture
def write(tmp_path):
    """Return a function that writes a table, and the files that it names."""

    def write(text, *, files=("a.wav", "b.mp4"), name="clips.csv", encoding="utf-8"):
        lay(tmp_path, *files)
        (tmp_path / name).write_bytes(text.encode(encoding))
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
    table = load_table(csv, synonyms={"excited": "excitement", "excitement": "excitement"})
    assert table["emotion"].tolist() == ["excitement", "excitement"]


def test_a_synonym_stands_for_a_canonical_emotion_or_names_itself(write):
    csv = write("path,emotion\na.wav,excited\nb.mp4,happy\n")
    assert load_table(csv, synonyms={"excited": "happy"})["emotion"].nunique() == 1
    with pytest.raises(CorpusError, match=r"'excitement' is not known.*name itself"):
        load_table(csv, synonyms={"excited": "excitement"})
    with pytest.raises(CorpusError, match=r"'excited' stands for 'happiness' and for 'sadness'"):
        load_table(csv, synonyms={"excited": "happy", "Excited ": "sad"})
    csv = write("path,emotion\na.wav,Pride\nb.mp4,happy\n")
    table = load_table(csv, synonyms={"pride": "pride", "happy": None})
    assert table["emotion"].tolist()[0] == "pride" and pd.isna(table["emotion"][1])
    assert table["excluded"].tolist() == ["", "emotion 'happy' is left out"]
    assert len(usable(table)) == 1


def test_what_is_said_of_a_canonical_name_holds_for_its_usual_forms(write):
    csv = write("path,emotion\na.wav,surprised\nb.mp4,happy\n")
    table = load_table(csv, synonyms={"surprise": None, "happiness": "neutral"})
    assert table["excluded"].tolist() == ["emotion 'surprised' is left out", ""]
    assert table["emotion"].tolist()[1] == "neutral"
    table = load_table(csv, synonyms={"surprised": "fear", "surprise": None})
    assert table["emotion"].tolist() == ["fear", "happiness"]


@pytest.mark.parametrize(("in_table", "in_synonyms"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_words_for_emotions_have_accents_of_either_encoding(write, in_table, in_synonyms):
    csv = write(f"path,emotion\na.wav,{normalize(in_table, 'colère')}\nb.mp4,sad\n")
    table = load_table(csv, synonyms={normalize(in_synonyms, "Colère"): "anger"})
    assert table["emotion"].tolist() == ["anger", "sadness"]


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
        ("path,emotion\na.wav,sad\nNA,sad\n", "1 rows have an empty path"),
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
    assert str(tmp_path) not in table.attrs["corpora"]["clips"]["notices"][0]
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
    lay(tmp_path, "wav/b.wav")
    table = load_table(write("path,emotion,audio\nb.mp4,sad,wav/b.wav\na.wav,sad,\n"))
    assert table["audio"][0] == str(tmp_path / "wav/b.wav")
    assert pd.isna(table["audio"][1])
    with pytest.warns(CorpusWarning, match=r"1 files in column 'audio'.*gone\.wav: missing file"):
        table = load_table(write("path,emotion,audio\nb.mp4,sad,gone.wav\n"))
    assert pd.isna(table["audio"][0]) and table["excluded"][0] == ""


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


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(write, encoding, recwarn):
    table = load_table(write("path,emotion,subject\na.wav,sad,José\n", encoding=encoding))
    assert table["subject"].tolist() == ["José"]
    assert not recwarn.list


def test_windows_letters_are_read_and_said(write, tmp_path):
    csv = write("path;emotion;subject\na.wav;sad;Jürgen\n", encoding="cp1252")
    with pytest.warns(CorpusWarning, match=r"read as Windows-1252.*UTF-8"):
        table = load_table(csv)
    assert table["subject"].tolist() == ["Jürgen"]
    (notice,) = table.attrs["corpora"]["clips"]["notices"]
    assert notice.startswith("clips.csv is not in UTF-8") and str(tmp_path) not in notice


def test_bytes_that_are_no_text_are_refused(write, tmp_path):
    (tmp_path / "x.csv").write_bytes(b"path,emotion\n\x81\x8d,sad\n")
    with pytest.raises(CorpusError, match=r"no text in utf-8 or cp1252: save it as a CSV"):
        load_table(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("heading", "words"),
    [
        ("path,emotion,Path", "'path' and 'Path' differ by capitals"),
        ("path,emotion,Pitch,pitch", "'Pitch' and 'pitch' differ by capitals"),
        ("path,emotion,subject,subject", "'subject' and 'subject' are equal"),
    ],
)
def test_headings_that_differ_by_capitals_are_named(write, heading, words):
    with pytest.raises(CorpusError, match=words):
        load_table(write(f"{heading}\n" + "a.wav,sad,1,2\n"[: None if "itch" in heading else -3]))


def test_a_first_line_of_excel_names_the_separator(write):
    assert len(load_table(write("sep=;\r\npath;emotion\r\na.wav;joy\r\n"))) == 1


def test_lines_may_end_as_on_an_old_macintosh(write):
    table = load_table(write("path,emotion\ra.wav,sad\rb.mp4,fear\r"))
    assert table["emotion"].tolist() == ["sadness", "fear"]


def test_decimal_commas_are_numbers(write):
    table = load_table(write("path;emotion;pitch;note\na.wav;sad;1,5;x,y\nb.mp4;sad;NA;z\n"))
    assert table["pitch"].tolist()[0] == 1.5 and table["pitch"].isna().tolist() == [False, True]
    assert table["note"].tolist() == ["x,y", "z"]
    ages = load_table(write('path,emotion,age\na.wav,sad,"23,5"\nb.mp4,sad,"30"\n'))
    assert ages["age"].tolist() == [23.5, 30.0]
    thousands = load_table(write('path,emotion,rows\na.wav,sad,"1,234"\nb.mp4,sad,"2,000"\n'))
    assert thousands["rows"].tolist() == ["1,234", "2,000"]


def test_blanks_around_paths_are_none_of_them(write):
    table = load_table(write("path,emotion\n a.wav ,sad\n'b.mp4,sad\n", files=["a.wav", "'b.mp4"]))
    assert table["clip"].tolist() == ["a.wav", "'b.mp4"]


@pytest.mark.parametrize(("table_form", "disk_form"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_accents_of_either_encoding_name_the_same_file(write, table_form, disk_form):
    on_disk = unicodedata.normalize(disk_form, "Zoë/é.wav")
    csv = write(f"path,emotion\n{unicodedata.normalize(table_form, 'Zoë/é.wav')},sad\n",
                files=[on_disk])  # fmt: skip
    assert load_table(csv)["clip"].tolist() == [on_disk]


@pytest.mark.parametrize("prefix", ["C:\\Users\\me\\lab\\", "/Users/me/lab/", "\\\\nas\\lab\\"])
def test_absolute_paths_of_another_machine(write, prefix, tmp_path):
    sep = "\\" if "\\" in prefix else "/"
    names = [f"{prefix}{kind}{sep}a.wav" for kind in ("train", "test")]
    csv = write(f"path,emotion\n{names[0]},sad\n{names[1]},joy\n",
                files=["train/a.wav", "test/a.wav"])  # fmt: skip
    with pytest.warns(CorpusWarning, match="2 paths are of another machine"):
        table = load_table(csv)
    assert table["clip"].tolist() == ["train/a.wav", "test/a.wav"]
    with pytest.raises(FileNotFoundError, match=r"of another machine.*root="):
        load_table(write(f"path,emotion\n{prefix}gone.wav,sad\n"))


def test_rows_may_be_parts_of_recordings(write, tmp_path):
    text = (
        "path;emotion;start;end\na.wav;sad;0;1,5\na.wav;joy;1.5;0 days 00:00:03\n"
        "a.wav;fear;3;\nb.mp4;joy;;\nb.mp4#t=0,1.5;sad;;\n"
    )
    table = load_table(write(text))
    assert table["clip"].tolist() == [
        "a.wav#t=0.000000,1.500000", "a.wav#t=1.500000,3.000000",
        "a.wav#t=3.000000,1000000.000000", "b.mp4", "b.mp4#t=0.000000,1.500000",
    ]  # fmt: skip
    assert table["media"].tolist() == ["audio"] * 3 + ["video"] * 2
    assert (table["excluded"] == "").all() and "start" not in table
    bare = load_table(write("emotion,path\nsad,a.wav#t=0,1.5\njoy,a.wav#t=1.5,2\n"))
    assert bare["clip"].tolist() == ["a.wav#t=0.000000,1.500000", "a.wav#t=1.500000,2.000000"]
    odd_name = load_table(write('path,emotion\n"b#t=0,1.wav",sad\n', files=["b#t=0,1.wav"]))
    assert odd_name["clip"].tolist() == ["b#t=0,1.wav"]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a.wav,sad,2,1", r"row 2: start 2 is not before end 1"),
        ("a.wav,sad,later,1", r"'later' is no time"),
        ("a.wav,sad,-1,1", r"'-1' is no time"),
        ('"a.wav#t=0,1",sad,0,1', "is a part already"),
        ("a.wav,sad,,", "1 of 1"),
    ],
)
def test_parts_that_are_none_are_refused(write, row, words):
    csv = write(f"path,emotion,start,end\n{row}\n", files=["a.wav"] if ",," not in row else [])
    with pytest.raises((CorpusError, FileNotFoundError), match=words):
        load_table(csv)


def test_a_row_of_sound_alone_is_read_by_its_sound(write):
    table = load_table(write("path,emotion,audio\n,sad,a.wav\nb.mp4,sad,\n"))
    assert table["clip"].tolist() == ["a.wav", "b.mp4"]
    assert table["media"].tolist() == ["audio", "video"]


def test_a_workbook_without_its_reader_is_answered_with_advice(write, monkeypatch):
    def missing(*_, **__):
        raise ImportError

    monkeypatch.setattr("emopipe.corpora.table_text.pd.read_excel", missing)
    with pytest.raises(CorpusError, match=r"pip install 'emopipe\[excel\]'.*CSV"):
        load_table(write("PK", name="clips.xlsx"))
    monkeypatch.undo()
    with pytest.raises(CorpusError, match=r"clips\.xlsx"):
        load_table(write("PK", name="clips.xlsx"))


def test_a_workbook_is_a_table(write, tmp_path, monkeypatch):
    cells = [["path", "emotion", "subject"], ["a.wav", "Happy", "7"], ["b.mp4", None, "NA"]]
    monkeypatch.setattr(
        "emopipe.corpora.table_text.pd.read_excel", lambda *_, **__: pd.DataFrame(cells)
    )
    table = load_table(write("PK", name="clips.xlsx"))
    assert table["subject"].tolist() == ["7", "NA"]
    assert table["excluded"].tolist() == ["", "no emotion given"]
