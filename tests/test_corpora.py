"""All corpora: what every loader promises, and each corpus' oddities of naming."""

import re

import pandas as pd
import pytest
from corpora_on_disk import lay, load, load_warnings

from emopipe.corpora import (
    EMOTIONS,
    CorpusError,
    combine,
    corpus_names,
    describe_corpus,
    load_corpus,
    usable,
)
from emopipe.corpora.clip_table import COLUMNS, FURTHER_EMOTIONS

# two clips of two people per corpus: name, subject, emotion
CLIPS = {
    "afew": [
        ("Train_AFEW/Angry/000046280.avi", None, "anger"),
        ("Val_AFEW/Surprise/010924040.avi", None, "surprise"),
        ("Test_AFEW/Happy/1.avi", None, "happiness"),
    ],
    "cremad": [
        ("VideoFlash/1001_DFA_ANG_XX.flv", "1001", "anger"),
        ("VideoFlash/1091_MTI_NEU_XX.flv", "1091", "neutral"),
    ],
    "emodb": [("wav/03a01Fa.wav", "03", "happiness"), ("wav/16b10Lb.wav", "16", "boredom")],
    "enterface": [
        ("subject 1/anger/sentence 1/s1_an_1.avi", "1", "anger"),
        ("subject 44/surprise/sentence 5/s44_su_5.avi", "44", "surprise"),
    ],
    "jaffe": [("KA.AN1.39.tiff", "KA", "anger"), ("NA.FE3.212.tiff", "NA", "fear")],
    "london_faces": [
        ("neutral/001.jpg", "001", "neutral"),
        ("smiling/002.jpg", "002", "happiness"),
    ],
    "rafd": [
        ("Rafd090_01_Caucasian_female_contemptuous_frontal.jpg", "01", "contempt"),
        ("Rafd000_73_Moroccan_male_fearful_left.jpg", "73", "fear"),
    ],
    "ravdess": [
        ("Actor_01/01-01-02-01-01-01-01.mp4", "01", "calm"),
        ("Actor_24/01-01-08-02-02-02-24.mp4", "24", "surprise"),
    ],
    "rml": [("s1/an1.avi", "1", "anger"), ("s8/su12.avi", "8", "surprise")],
    "savee": [
        ("AudioVisualClip/DC/a01.avi", "DC", "anger"),
        ("AudioVisualClip/KL/su15.avi", "KL", "surprise"),
    ],
    "sfew": [
        ("Train/Disgust/Airheads_000519240_00000005.png", None, "disgust"),
        ("Val/Sad/Juno_000519240_00000005.png", None, "sadness"),
        ("Test/Neutral/x.png", None, "neutral"),
    ],
}
each_corpus = pytest.mark.parametrize("name", corpus_names())


@pytest.fixture
def corpus(name, tmp_path):
    """Return the root of a corpus of a few clips."""
    return lay(tmp_path / "corpus", *(clip for clip, _, _ in CLIPS[name]))


@each_corpus
def test_every_loader_gives_the_same_columns(name, corpus):
    table = load(name, corpus)
    assert tuple(table.columns[: len(COLUMNS)]) == COLUMNS
    assert isinstance(table.index, pd.RangeIndex)
    assert table["clip"].is_unique
    assert set(table["emotion"]) <= set(EMOTIONS + FURTHER_EMOTIONS)
    assert set(table["media"]) <= {"video", "audio", "image"}
    assert set(table["corpus"]) == {name}
    assert table[["train_only", "synthetic"]].dtypes.eq(bool).all()
    assert not table["synthetic"].any()
    assert table["excluded"].eq("").all()
    assert [str(corpus / clip) for clip in table["clip"]] == table["path"].tolist()


@each_corpus
def test_every_loader_reads_subject_and_emotion(name, corpus):
    table = load(name, corpus).set_index("clip")
    for clip, subject, emotion in CLIPS[name]:
        assert table.loc[clip, "emotion"] == emotion
        assert (table.loc[clip, "subject"] == subject) or (
            subject is None and pd.isna(table.loc[clip, "subject"])
        )


@each_corpus
def test_a_root_above_or_in_the_corpus_gives_the_same_clips(name, corpus):
    whole = load(name, corpus)
    above = load(name, corpus.parent)
    assert above["clip"].tolist() == ["corpus/" + clip for clip in whole["clip"]]
    same = ["path", "emotion", "split", "media"]
    pd.testing.assert_frame_equal(whole[same], above[same])
    first = CLIPS[name][0][0]
    if "/" in first:
        below = load(name, corpus / first.split("/")[0])
        assert len(below)
        columns = ["path", "subject", "emotion", "split"]
        joined = below.merge(whole, on=columns, how="left", suffixes=("", "_whole"))
        assert joined["clip_whole"].notna().all()


@each_corpus
def test_the_order_of_rows_does_not_depend_on_the_file_system(name, corpus, monkeypatch):
    import os

    real = os.scandir

    class Backwards:
        def __init__(self, path):
            with real(path) as entries:
                self.entries = sorted(entries, key=lambda e: e.name, reverse=True)

        def __enter__(self):
            return self.entries

        def __exit__(self, *_):
            return None

    table = load(name, corpus)
    monkeypatch.setattr("emopipe.corpora.folder.os.scandir", Backwards)
    pd.testing.assert_frame_equal(load(name, corpus), table)


@each_corpus
def test_no_recording_is_opened(name, corpus, monkeypatch):
    for path in corpus.rglob("*.*"):
        path.write_bytes(bytes(2000))
    real = open

    def guard(path, *args, **kwargs):
        assert str(corpus) not in str(path)
        return real(path, *args, **kwargs)

    monkeypatch.setattr("builtins.open", guard)
    assert len(load(name, corpus))


@each_corpus
def test_pointers_and_empty_files_are_excluded_with_a_reason(name, corpus):
    first, second = (corpus / clip for clip, _, _ in CLIPS[name][:2])
    first.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12345\n")
    second.write_bytes(b"")
    third = list(CLIPS[name][2:])
    if not third:
        with pytest.raises(CorpusError, match=r"(?s)no clip is a recording.*git lfs pull"):
            load_corpus(name, corpus)
        return
    table = load(name, corpus).set_index("clip")
    assert "git lfs pull" in table.loc[CLIPS[name][0][0], "excluded"]
    assert "empty file" in table.loc[CLIPS[name][1][0], "excluded"]
    assert len(usable(table)) == len(third)
    assert re.search(r"1 clips excluded: Git LFS pointer", load_warnings(name, corpus))


@each_corpus
def test_foreign_names_are_named(name, corpus):
    foreign = (
        "holiday" + CLIPS[name][0][0][-5:].partition(".")[1] + CLIPS[name][0][0].split(".")[-1]
    )
    table = load(name, lay(corpus, foreign))
    assert len(table) == len(CLIPS[name])
    text = load_warnings(name, corpus)
    assert "1 files are not named like" in text
    assert foreign in text


@each_corpus
def test_an_empty_folder_says_what_was_expected_and_where_to_get_it(name, tmp_path):
    with pytest.raises(CorpusError) as error:
        load_corpus(name, tmp_path)
    text = str(error.value)
    about = describe_corpus(name)
    assert str(tmp_path) in text
    assert re.search(r"found no (video|audio|image)", text)
    assert about.layout in text
    assert about.request in text


@each_corpus
def test_a_folder_of_archives_says_to_unpack_them(name, tmp_path):
    with pytest.raises(CorpusError, match=r"only archives \(part1\.zip\): unpack"):
        load_corpus(name, lay(tmp_path, "part1.zip"))


@each_corpus
def test_a_missing_root_lists_what_is_there(name, corpus):
    with pytest.raises(FileNotFoundError, match="holds corpus"):
        load_corpus(name, corpus.parent / "korpus")


@each_corpus
def test_an_invented_corpus_is_marked_and_may_be_small(name, corpus):
    (corpus / "SYNTHETIC.json").write_text("{}")
    assert load(name, corpus)["synthetic"].all()
    assert load_warnings(name, corpus) == ""


@each_corpus
def test_every_corpus_is_described(name):
    about = describe_corpus(name)
    assert all(isinstance(text, str) and text for text in about)
    assert about._fields == ("title", "layout", "request", "licence", "paper")


def test_unknown_corpora_options_and_values_list_what_is_legal(tmp_path):
    with pytest.raises(ValueError, match=r"'CREMA-D' \(did you mean 'cremad'\?\).*savee"):
        load_corpus("CREMA-D", tmp_path)
    with pytest.raises(ValueError, match="'rml' has no option 'label'; it has none"):
        load_corpus("rml", tmp_path, label="voice")
    with pytest.raises(ValueError, match="'cremad' has no option 'channel'; it has label, files"):
        load_corpus("cremad", tmp_path, channel="speech")
    with pytest.raises(ValueError, match=r"label='voices'.*'intended', 'voice', 'face', 'both'"):
        load_corpus("cremad", tmp_path, label="voices")
    with pytest.raises(ValueError, match="no corpus named 3"):
        describe_corpus(3)


@pytest.mark.parametrize(
    ("name", "clips", "whole"), [("rml", 2, 720), ("jaffe", 2, 213), ("rafd", 2, 8040)]
)
def test_an_incomplete_corpus_says_so(name, clips, whole, tmp_path):
    lay(tmp_path, *(clip for clip, _, _ in CLIPS[name]))
    assert f"{clips} clips, the complete corpus has {whole}" in load_warnings(name, tmp_path)


def test_missing_subjects_are_given_as_spans(tmp_path):
    lay(tmp_path, "s1/an1.avi", "s8/an1.avi", "s4/an1.avi")
    assert "no clip of subjects 2, 3, 5 to 7" in load_warnings("rml", tmp_path)


def test_a_root_inside_the_corpus_is_recognised(tmp_path):
    lay(tmp_path, "s1/an1.avi", "s2/an1.avi")
    assert f"a folder inside the corpus, of {tmp_path}" in load_warnings("rml", tmp_path / "s1")
    lay(tmp_path, "Train/Angry/1.avi")
    with pytest.raises(CorpusError, match=f"try {tmp_path / 'Train'}"):
        load_corpus("afew", tmp_path / "Train" / "Angry")


def test_a_file_as_root_says_what_to_do(tmp_path):
    lay(tmp_path, "corpus.zip", "clips.csv")
    with pytest.raises(NotADirectoryError, match="unpack it"):
        load_corpus("rml", tmp_path / "corpus.zip")
    (tmp_path / "clips.csv").write_text("path,emotion\na.avi,sad\n")
    lay(tmp_path, "a.avi")
    assert load_corpus("rml", tmp_path / "clips.csv")["corpus"].tolist() == ["rml"]
    with pytest.raises(ValueError, match="has no option label"):
        load_corpus("cremad", tmp_path / "clips.csv", label="voice")


def test_only_other_kinds_of_file_are_named(tmp_path):
    with pytest.raises(CorpusError, match=r"found image files \(a1\.png\), no video or audio"):
        load_corpus("savee", lay(tmp_path, "a1.png"))


def test_video_and_separate_sound_of_a_take_are_one_row(tmp_path):
    lay(tmp_path, "AudioData/DC/a01.wav", "AudioVisualClip/DC/a1.avi", "AudioData/DC/a02.wav")
    table = load("savee", tmp_path)
    assert table["media"].tolist() == ["audio", "video"]
    assert table["audio"].isna().tolist() == [True, False]
    assert table["audio"][1] == str(tmp_path / "AudioData/DC/a01.wav")
    assert table["take"].is_unique
    assert "1 of 2 clips are sound only" in load_warnings("savee", tmp_path)


def test_a_pointer_gives_way_to_a_real_file_of_the_take(tmp_path):
    lay(tmp_path, "VideoFlash/1001_DFA_ANG_XX.flv", content=b"version https://git-lfs")
    lay(tmp_path, "AudioWAV/1001_DFA_ANG_XX.wav", content=b"version https://git-lfs")
    lay(tmp_path, "mp4/1001_DFA_ANG_XX.mp4", "mp3/1001_DFA_ANG_XX.mp3")
    table = load("cremad", tmp_path)
    assert table["clip"].tolist() == ["mp4/1001_DFA_ANG_XX.mp4"]
    assert table["audio"].tolist() == [str(tmp_path / "mp3/1001_DFA_ANG_XX.mp3")]
    assert table["excluded"].tolist() == [""]


def test_copies_of_a_clip_are_left_out_and_named(tmp_path):
    lay(tmp_path, "Actor_01/03-01-01-01-01-01-01.wav", "copy/Actor_01/03-01-01-01-01-01-01.wav")
    assert load("ravdess", tmp_path)["clip"].tolist() == ["Actor_01/03-01-01-01-01-01-01.wav"]
    words = load_warnings("ravdess", tmp_path)
    assert "1 files are copies, byte for byte" in words
    assert "copy/Actor_01/03-01-01-01-01-01-01.wav" in words


def test_a_file_of_the_same_name_and_other_content_is_no_copy(tmp_path):
    lay(tmp_path, "a/03-01-01-01-01-01-01.wav")
    lay(tmp_path, "b/03-01-01-01-01-01-01.wav", content=b"RIFF RECORDING")
    words = load_warnings("ravdess", tmp_path)
    assert "1 files have the name of a clip elsewhere" in words and "copies" not in words


def test_frames_of_one_name_from_different_clips_are_all_there(tmp_path):
    lay(tmp_path, "Train/Angry/film1/0001.png", "Train/Angry/film2/0001.png", "Train/Fear/0001.png")
    lay(tmp_path, "part2/Train/Fear/0001.png")
    assert len(load("sfew", tmp_path)) == 4
    assert "0001" not in load_warnings("sfew", tmp_path)


def test_what_a_corpus_lacks_goes_with_its_table(tmp_path):
    lay(tmp_path / "r", "03-01-01-01-01-01-01.wav", "copy/03-01-01-01-01-01-01.wav")
    lay(tmp_path / "r", "03-01-01-01-01-01-02.wav", content=b"")
    lay(tmp_path / "s", "03-02-01-01-01-01-01.wav")
    speech, song = load("ravdess", tmp_path / "r"), load("ravdess", tmp_path / "s", channel="song")
    about = speech.attrs["corpora"]["ravdess"]
    assert (about["complete"], about["missing"], about["damaged"]) == (1440, 1438, 1)
    assert any("2 clips, the complete corpus has 1440" in text for text in about["notices"])
    assert any("copies, byte for byte" in text for text in about["notices"])
    assert not any(str(tmp_path) in text for text in about["notices"])
    both = usable(combine(speech, song)).attrs["corpora"]["ravdess"]
    assert (both["complete"], both["missing"], both["damaged"]) == (2452, 2449, 1)
    assert set(about["notices"]) < set(both["notices"])
    assert len(set(both["notices"])) == len(both["notices"])


@pytest.mark.parametrize(
    "name", ["DC/a01.wav", "ALL/DC_a01.wav", "DC_a1.wav", "AudioData/DC/a01.WAV"]
)
def test_savee_has_two_layouts(name, tmp_path):
    row = load("savee", lay(tmp_path, name)).iloc[0]
    assert (row["subject"], row["emotion"], row["statement"]) == ("DC", "anger", "a01")
    assert row["sex"] == "male"


def test_savee_tells_sadness_from_surprise(tmp_path):
    lay(tmp_path, "JK/sa05.wav", "JK/su05.wav", "JK/d05.wav")
    assert load("savee", tmp_path)["emotion"].tolist() == ["disgust", "sadness", "surprise"]


@pytest.mark.parametrize(
    ("name", "subject", "emotion"),
    [
        ("subject 11/anger/sentence 2/s12_an_2.avi", "11", "anger"),
        ("subject 3/disgust/sentence 4/s_3_di_4.avi", "3", "disgust"),
        ("subject 16/surprise/sentence 3/s16_su_3avi.avi", "16", "surprise"),
        ("Subject-7/Happiness/s7_ha_1.AVI", "7", "happiness"),
        ("subject_7/s7_ha_1.mp4", "7", "happiness"),
    ],
)
def test_enterface_oddities(name, subject, emotion, tmp_path):
    row = load("enterface", lay(tmp_path, name)).iloc[0]
    assert (row["subject"], row["emotion"], row["excluded"]) == (subject, emotion, "")


def test_enterface_subjects_11_and_12_stay_apart(tmp_path):
    lay(tmp_path, "subject 11/anger/sentence 1/s12_an_1.avi")
    lay(tmp_path, "subject 12/anger/sentence 1/s12_an_1.avi")
    table = load("enterface", tmp_path)
    assert table["subject"].tolist() == ["11", "12"]


def test_enterface_subject_6_is_excluded(tmp_path):
    lay(tmp_path, "subject 6/fear/s6_fe.avi", "subject 6/anger/subject 6 anger.avi")
    table = load("enterface", tmp_path)
    assert table["emotion"].tolist() == ["anger", "fear"]
    assert table["excluded"].str.contains("not cut into sentences").all()
    assert usable(table).empty


def test_enterface_misplaced_clip_is_excluded(tmp_path):
    lay(tmp_path, "subject 2/fear/sentence 1/s2_an_1.avi")
    assert load("enterface", tmp_path)["excluded"][0] == "named anger, but in the folder of fear"


def test_rml_subjects_of_two_languages(tmp_path):
    lay(tmp_path, "rml-1/s1/English/an1.avi", "rml-1/s1/Mandarin/an1.avi", "rml-2/s6/an1.avi")
    table = load("rml", tmp_path)
    assert table["subject"].tolist() == ["1", "1", "6"]
    assert table["language"].tolist()[:2] == ["English", "Mandarin"]
    assert pd.isna(table["language"][2])


def test_afew_splits_come_from_folders(tmp_path):
    names = ("Train/Angry/1.avi", "val/Fear/1.avi", "Validation_AFEW/Sad/2.avi", "Test/Happy/1.avi")
    table = load("afew", lay(tmp_path, *names, "Test/unlabelled.avi"))
    assert table["split"].tolist() == ["test", "test", "train", "val", "val"]
    withheld = table[table["clip"] == "Test/unlabelled.avi"].iloc[0]
    assert pd.isna(withheld["emotion"])
    assert "not published" in withheld["excluded"]
    assert table["subject"].isna().all()


def test_afew_leaves_pictures_to_sfew(tmp_path):
    lay(tmp_path, "Train/Angry/1.avi", "Train/Faces/Angry/1/0001.png")
    assert load("afew", tmp_path)["media"].tolist() == ["video"]
    assert load("sfew", tmp_path)["media"].tolist() == ["image"]


def test_afew_names_absent_parts(tmp_path):
    lay(tmp_path, "Train/Angry/1.avi")
    assert "no clip in the official parts val, test" in load_warnings("afew", tmp_path)


def test_aligned_copies_of_sfew_frames_count_once(tmp_path):
    lay(tmp_path, "Train/Angry/a.png", "Train_Aligned_Faces/Angry/a.png")
    assert load("sfew", tmp_path)["clip"].tolist() == ["Train/Angry/a.png"]
    aligned = load("sfew", tmp_path / "Train_Aligned_Faces")
    assert aligned["split"].tolist() == ["train"]


def test_rafd_columns(tmp_path):
    lay(tmp_path, "Rafd135_05_Kid_female_surprised_right.jpg")
    row = load("rafd", tmp_path).iloc[0]
    assert row[["angle", "gaze", "sex", "age_group", "ethnicity"]].tolist() == [
        135, "right", "female", "child", "caucasian",
    ]  # fmt: skip


def test_emodb_speakers(tmp_path):
    row = load("emodb", lay(tmp_path, "14b03Wc.wav")).iloc[0]
    assert row[["sex", "age", "emotion", "statement"]].tolist() == ["female", 35, "anger", "b03"]


def test_jaffe_subject_na_is_no_missing_value(tmp_path):
    table = load("jaffe", lay(tmp_path, "NA.NE1.199.tiff"))
    assert table["subject"].tolist() == ["NA"]


def test_london_faces_tell_who_is_seen(tmp_path):
    lay(tmp_path, "neutral_front/001_03.jpg", "smiling_front/001_08.jpg", "smiling/002.jpg")
    (tmp_path / "london_faces_info.csv").write_text(
        "face_id,face_age,face_sex,face_eth\nX001,24,female,white\nX002,,male,black\n"
    )
    table = load("london_faces", tmp_path)
    assert table["subject"].tolist() == ["001", "002", "001"]
    assert table["sex"].tolist() == ["female", "male", "female"]
    assert table["age"].isna().tolist() == [False, True, False]


@pytest.mark.shared
def test_real_london_faces(shared_data):
    table = load("london_faces", shared_data / "london_faces")
    assert table["emotion"].value_counts().to_dict() == {"neutral": 68, "happiness": 68}
    assert table["subject"].nunique() == 68
    assert table[["sex", "ethnicity"]].notna().all().all()
