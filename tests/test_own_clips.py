"""Clips of one's own: folders per emotion, patterns of names, audformat, and the command line."""

import numpy as np
import pandas as pd
import pytest
from clips import write_sound
from corpora_on_disk import lay
from hypothesis import given
from hypothesis import strategies as st

from emopipe import load_corpus, load_folder, usable
from emopipe.cli import main
from emopipe.corpora import CorpusError, CorpusWarning, OwnClips
from emopipe.corpora.name_pattern import NamePattern

JAVANESE = "{subject}-{statement}-{emotion}_{take}.mp4"
CODES = {"01": "neutral", "02": "sad", "03": "happy", "04": "surprise", "05": "fear", "06": "angry"}
words = st.text(st.characters(codec="utf-8", exclude_characters="/-_.{}*"), min_size=1, max_size=5)


@given(words, words, words)
def test_a_pattern_reads_what_it_would_write(subject, emotion, take):
    fields = NamePattern("{subject}-{emotion}_{take}.wav").match(
        f"a/{subject}-{emotion}_{take}.wav"
    )
    assert fields is not None
    assert (
        NamePattern("{subject}-{emotion}_{take}.wav").match(
            "{subject}-{emotion}_{take}.wav".format(**fields)
        )
        == fields
    )


@pytest.mark.parametrize(
    ("pattern", "name", "fields"),
    [
        ("{emotion}/{subject}_*", "x/Sad/anna_1.wav", {"emotion": "Sad", "subject": "anna"}),
        ("{emotion}/{subject}_*", "anna_1.wav", None),
        ("{subject}/{emotion}/{}.wav", "all/3/fear/x y.WAV", {"subject": "3", "emotion": "fear"}),
        ("{subject}_{emotion}_{subject}", "1_joy_1.mp3", {"subject": "1", "emotion": "joy"}),
        ("{subject}_{emotion}_{subject}", "1_joy_2.mp3", None),
        ("{emotion}[1].wav", "joy[1].wav", {"emotion": "joy"}),
        ("{emotion}-é.wav", "joy-e\u0301.wav", {"emotion": "joy"}),
        ("{emotion}.mp4", "a-b.c.mp4", {"emotion": "a-b.c"}),
    ],
)  # fmt: skip
def test_patterns(pattern, name, fields):
    assert NamePattern(pattern).match(name) == fields


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{subject}.wav", r"no field \{emotion\}"),
        ("{emotion}{subject}.wav", "side by side"),
        ("{emotion}*.wav", "side by side"),
        ("{emotion", "such as"),
        ("{emotion:02}", "nothing else"),
        ("{the emotion}", "nothing else"),
        ("{emotion}-{path}", r"\{path\} is no field"),
    ],
)
def test_patterns_that_cannot_be_read_say_why(pattern, message):
    with pytest.raises(ValueError, match=message):
        NamePattern(pattern)


@given(st.text(max_size=20))
def test_any_text_is_a_pattern_or_is_refused_in_words(text):
    try:
        NamePattern(text).match("a/b-c.wav")
    except ValueError as error:
        assert repr(text) in str(error)


def test_names_become_columns(tmp_path):
    lay(tmp_path, "01-02-03_01.mp4", "01-02-03_02.mp4", "02-01-06_01.mp4", "notes.mp4")
    with pytest.warns(CorpusWarning, match=r"1 files are not named like .*notes\.mp4"):
        table = load_folder(tmp_path, pattern=JAVANESE, synonyms=CODES)
    assert table["subject"].tolist() == ["01", "01", "02"]
    assert table["emotion"].tolist() == ["happiness", "happiness", "anger"]
    assert table["repetition"].tolist() == ["01", "02", "01"]
    assert "take" not in table  # two people's first takes are not one recording


def test_pictures_and_sound_of_one_name_are_one_clip(tmp_path):
    table = load_folder(lay(tmp_path, "a-sad.mp4", "a-sad.wav"), pattern="{subject}-{emotion}")
    assert table["clip"].tolist() == ["a-sad.mp4"]
    assert table["audio"].tolist() == [str(tmp_path / "a-sad.wav")]


def test_unknown_codes_are_refused_and_may_be_left_out(tmp_path):
    lay(tmp_path, "1-07.wav", "1-02.wav", "2-02.wav")
    with pytest.raises(CorpusError, match=r"not known: '07' \(1 rows\).*synonyms="):
        load_folder(tmp_path, pattern="{subject}-{emotion}", synonyms=CODES)
    table = load_folder(tmp_path, pattern="{subject}-{emotion}", synonyms=CODES | {"07": None})
    assert usable(table)["subject"].tolist() == ["1", "2"]
    with pytest.raises(CorpusError, match=r"'07' \(1 rows\).*--codes word=emotion"):
        OwnClips(tmp_path, "{subject}-{emotion}", CODES, flags=True).load("mine")


def test_a_person_has_one_name(tmp_path):
    with pytest.raises(CorpusError, match="differ only by"):
        load_folder(lay(tmp_path, "1-sad.wav", "01-joy.wav"), pattern="{subject}-{emotion}")


def test_a_folder_per_emotion(tmp_path):
    lay(tmp_path, "train/Angry/a.wav", "train/happy/x/b.wav", "test/Angry/a.wav")
    with pytest.warns(CorpusWarning, match="subjects are unknown"):
        table = load_folder(tmp_path)
    assert table["emotion"].tolist() == ["anger", "anger", "happiness"]
    assert table["subject"].isna().all() and table["corpus"].eq(tmp_path.name).all()


@pytest.mark.filterwarnings("ignore::emopipe.corpora.CorpusWarning")
def test_a_folder_beside_those_of_emotions_is_not_left_out_unseen(tmp_path):
    lay(tmp_path, "happy/a.wav", "excited/b.wav", "excited/c.wav")
    with pytest.raises(CorpusError, match=r"'excited' \(2 rows\)"):
        load_folder(tmp_path)
    assert len(usable(load_folder(tmp_path, synonyms={"excited": "happy"}))) == 3
    assert len(usable(load_folder(tmp_path, synonyms={"excited": None}))) == 1


@pytest.mark.parametrize(
    ("names", "pattern", "message"),
    [
        (["x/a.wav"], None, r"no folder .* like an emotion: .*'x' \(1 files\).*pattern="),
        (["a.wav"], JAVANESE, r"none of 1 recordings .* '\{subject\}-\{statement\}"),
        (["a.txt"], None, r"no recording below .*1 \.txt"),
    ],
)
def test_a_folder_without_such_clips_says_what_lies_there(names, pattern, message, tmp_path):
    with pytest.raises(CorpusError, match=message):
        load_folder(lay(tmp_path, *names), pattern=pattern)


def test_a_mistyped_corpus_is_pointed_out(tmp_path):
    lay(tmp_path, "Actor_01/03-01-05-02-01-01-01.wav")
    with pytest.raises(CorpusError, match=r"(?s)no corpus named 'ravdes' \(did you mean 'ravdess'"):
        load_corpus("ravdes", tmp_path)


def test_a_take_that_is_a_number_names_no_recording(tmp_path):
    lay(tmp_path, "a.wav", "b.wav")
    csv = tmp_path / "mine.csv"
    csv.write_text("path,emotion,subject,take\na.wav,sad,1,1\nb.wav,joy,2,1\n")
    table = load_corpus("mine", csv)
    assert "take" not in table and table["repetition"].tolist() == ["1", "1"]
    csv.write_text("path,emotion,subject,take\na.wav,sad,1,x\nb.wav,sad,1,x\n")
    assert load_corpus("mine", csv)["take"].tolist() == ["x", "x"]


def audformat_database(root):
    lay(root, "wav/1.wav", "wav/2.wav", "db.yaml")
    parts = (
        "wav/1.wav,0 days 00:00:00,0 days 00:00:01.500000,anger\nwav/2.wav,0 days 00:00:00,,other\n"
    )
    (root / "db.emotion.csv").write_text("file,start,end,emotion\n" + parts)
    (root / "db.emotion.train.gold.csv").write_text(
        "file,start,end,emotion\n" + parts.splitlines(True)[0]
    )
    (root / "db.files.csv").write_text("file,speaker,length\nwav/1.wav,1,2.5\nwav/2.wav,02,1.5\n")
    (root / "db.speakers.csv").write_text("speaker,gender,age\n1,female,31\n02,male,40\n")


def test_a_database_of_audformat(tmp_path):
    audformat_database(tmp_path)
    table = load_folder(tmp_path, synonyms={"other": None}).set_index("subject")
    assert table.loc["1", "clip"] == "wav/1.wav#t=0.000000,1.500000"
    assert table.loc["02", "clip"] == "wav/2.wav"
    assert table["emotion"].isna().tolist() == [False, True]
    assert table.loc["1", ["sex", "age", "length", "split"]].tolist() == [
        "female",
        31,
        2.5,
        "train",
    ]
    with pytest.raises(CorpusError, match="a database of audformat: name its folder"):
        load_corpus("mine", tmp_path / "db.files.csv")


@pytest.fixture
def voices(tmp_path):
    """Return a folder with clips of three people, and a table of them."""
    folder = tmp_path / "clips"
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = ["path,subject,emotion"]
    for subject in "123":
        for code, emotion in (("02", "sad"), ("06", "angry")):
            for take in "12":
                noise = (1000 if code == "02" else 9000) * rng.standard_normal((1, 9600))
                name = f"{subject}-{code}_{take}.wav"
                write_sound(folder / name, noise.clip(-32768, 32767).astype(np.int16))
                rows.append(f"clips/{name},{subject},{emotion}")
    (tmp_path / "mine.csv").write_text("\n".join(rows) + "\n")
    return tmp_path


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    return code, *capsys.readouterr()


FAST = ["--set", "window=0.1", "--set", "step=0.05", "--jobs", 1]


def test_warnings_name_flags_on_the_command_line(tmp_path):
    lay(tmp_path, "happy/a.wav", "sad/b.wav")
    with pytest.warns(CorpusWarning, match="subjects are unknown: tell them by --pattern '"):
        table = OwnClips(tmp_path, flags=True).load("mine")
    assert any("subjects are unknown" in text for text in table.attrs["corpora"]["mine"]["notices"])


NAMES = ["--pattern", "{subject}-{emotion}_{take}.wav", "--codes", "02=sad,06=angry"]


def test_extract_and_train_take_tables_and_folders(voices, capsys):
    store = ["--store", voices / "s.sqlite"]
    mine = ["--corpus", f"mine={voices / 'mine.csv'}"]
    code, out, _ = run(capsys, "extract", *mine, *FAST, *store)
    assert code == 0 and "12 clips: ok 12" in out
    mine = ["--corpus", f"mine={voices / 'clips'}", *NAMES]
    code, out, err = run(capsys, "train", voices / "m", *mine, *FAST, *store)
    assert code == 0, err
    assert "from the store 12" in out and "over 12 clips (people never trained on)" in out
    page = (voices / "m-report" / "result.json").read_text(encoding="utf-8")
    assert "--pattern" in page and "--codes" in page


def test_run_takes_own_clips_in_place_of_a_corpus(voices, capsys):
    script = voices / "mine.py"
    script.write_text(
        '"""Is there anything?"""\n'
        "from emopipe import Experiment, load_corpus\n"
        "def experiment(ravdess):\n"
        "    clips = load_corpus('ravdess', ravdess, modality='audio')\n"
        "    assert len(clips) == 12 and clips['subject'].nunique() == 3, len(clips)\n"
        "    return Experiment(name='x', title='x', question='x', results={})\n"
    )
    reports = ["--reports", voices / "reports"]
    for arguments in ([f"ravdess={voices / 'mine.csv'}"], [f"ravdess={voices / 'clips'}", *NAMES]):
        code, _, err = run(capsys, "run", script, "--corpus", *arguments, *reports)
        assert code == 0, err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--corpus", "mine="], "NAME=TABLE.csv"),
        (["--corpus", "mine=x", "--corpus", "mine=y"], "mine=... is there twice"),
        (["--corpus", "mine=x.csv", "--pattern", "{emotion}"], "is for folders"),
        (["--corpus", "a=x", "--corpus", "b=y", "--pattern", "{emotion}"], "NAME=PATTERN for one"),
        (["--corpus", "mine=x", "--codes", "01"], "write CODE=EMOTION"),
        (["--corpus", "mine=x", "--codes", "1=sad,1=joy"], "1 stands for sad and for joy"),
        (["--corpus", "rml=x", "--codes", "1=sad"], "every --corpus is a known corpus"),
    ],
)  # fmt: skip
def test_wrong_arguments_name_flags(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, _, err = run(capsys, "extract", *arguments)
    assert code == 1 and message in err


def test_the_columns_are_explained(capsys, tmp_path):
    code, out, _ = run(capsys, "corpora", "csv")
    assert code == 0 and "--pattern" in out
    example = [line.strip() for line in out.splitlines() if line.startswith("  ") and "," in line]
    rows = example[example.index("path,subject,emotion") :][:3]
    lay(tmp_path, *(row.split(",")[0] for row in rows[1:]))
    (tmp_path / "mine.csv").write_text("\n".join(rows))
    assert load_corpus("mine", tmp_path / "mine.csv")["emotion"].tolist() == [
        "happiness",
        "sadness",
    ]


@pytest.mark.shared
def test_real_clips_of_one_s_own(shared_data):
    table = load_folder(shared_data / "javanese", pattern=JAVANESE, synonyms=CODES)
    assert len(usable(table)) == 168
    counts = pd.crosstab(table["subject"], table["emotion"])
    assert counts.shape == (7, 6) and counts.eq(4).all(axis=None)


def test_a_table_that_names_files_that_are_not_there_ends_with_a_code_of_its_own(voices, capsys):
    with (voices / "mine.csv").open("a") as file:
        file.write("clips/gone.wav,1,sad\n")
    mine = ["--corpus", f"mine={voices / 'mine.csv'}", "--store", voices / "s.sqlite", *FAST]
    code, _, err = run(capsys, "train", voices / "m", *mine, "--folds", 0)
    assert code == 3 and "mine: 1 clips are damaged" in err
    code, _, err = run(capsys, "train", voices / "n", *mine, "--folds", 0, "--allow-partial")
    assert code == 0, err
