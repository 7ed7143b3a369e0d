import pytest
from corpora_on_disk import lay, load, load_warnings

from emopipe.corpora import CorpusError, CorpusWarning, load_corpus


@pytest.fixture
def whole(tmp_path):
    """Return one spoken take in three files, one sung take in two, one spoken take as sound."""
    return lay(
        tmp_path,
        "Video_Speech_Actor_01/Actor_01/01-01-05-02-01-01-01.mp4",
        "Video_Speech_Actor_01/Actor_01/02-01-05-02-01-01-01.mp4",
        "Audio_Speech_Actors_01-24/Actor_01/03-01-05-02-01-01-01.wav",
        "Audio_Speech_Actors_01-24/Actor_02/03-01-08-01-02-02-02.wav",
        "Video_Song_Actor_02/Actor_02/02-02-02-01-01-01-02.mp4",
        "Audio_Song_Actors_01-24/Actor_02/03-02-02-01-01-01-02.wav",
    )


def test_names_tell_everything(whole):
    row = load("ravdess", whole).set_index("take").loc["01-05-02-01-01-01"]
    assert row[["subject", "emotion", "intensity", "statement", "repetition", "sex"]].tolist() == [
        "01", "anger", "strong", "kids", 1, "male",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "modalities", "audio"),
    [
        ({}, ["audio", "audio-visual"], 1),
        ({"modality": "audio-visual"}, ["audio-visual"], 1),
        ({"modality": "video"}, ["video"], 1),
        ({"modality": "audio"}, ["audio", "audio"], 0),
        ({"modality": "all"}, ["audio", "audio", "audio-visual", "video"], 0),
        ({"channel": "song"}, ["video"], 1),
        ({"channel": "both"}, ["audio", "video", "audio-visual"], 2),
    ],
)
def test_channel_and_modality(whole, options, modalities, audio):
    table = load("ravdess", whole, **options)
    assert sorted(table["modality"]) == sorted(modalities)
    assert table["audio"].notna().sum() == audio
    files = ["take", "modality"] if options.get("modality") == "all" else ["take"]
    assert not table.duplicated(files).any()


def test_the_files_of_a_take_share_its_name(whole):
    takes = load("ravdess", whole, modality="all").groupby("take")["modality"].nunique()
    assert takes.to_dict() == {"01-05-02-01-01-01": 3, "01-08-01-02-02-02": 1}


def test_what_is_not_there_is_named(tmp_path):
    lay(tmp_path, "Actor_01/03-01-05-02-01-01-01.wav")
    for options in ({"channel": "song"}, {"modality": "video"}, {"modality": "audio-visual"}):
        with pytest.raises(CorpusError, match="there is only audio speech"):
            load("ravdess", tmp_path, **options)


def test_illegal_choices_are_listed(tmp_path):
    with pytest.raises(ValueError, match=r"channel='music'.*'speech', 'song', 'both'"):
        load("ravdess", tmp_path, channel="music")
    with pytest.raises(ValueError, match=r"modality='av'.*'best', 'audio-visual'"):
        load("ravdess", tmp_path, modality="av")


@pytest.mark.parametrize("actor", ["00", "25"])
def test_actors_beyond_24_are_foreign(actor, tmp_path):
    lay(tmp_path, f"03-01-05-02-01-01-{actor}.wav", "03-01-05-02-01-01-24.wav")
    assert load("ravdess", tmp_path)["subject"].tolist() == ["24"]


def test_expected_counts_follow_the_options(whole):
    assert "complete corpus has 1440" in load_warnings("ravdess", whole)
    assert "complete corpus has 4320" in load_warnings("ravdess", whole, modality="all")
    song = load_warnings("ravdess", whole, channel="song")
    assert "complete corpus has 1012" in song
    assert "subjects 01, 03 to 24" in song


def test_actor_18_does_not_sing(tmp_path):
    singers = [actor for actor in range(1, 25) if actor != 18]
    lay(tmp_path, *(f"03-02-01-01-01-01-{actor:02d}.wav" for actor in singers))
    assert "no clip of subjects" not in load_warnings("ravdess", tmp_path, channel="song")


@pytest.mark.shared
def test_real_speech(shared_data):
    clips = load("ravdess", shared_data / "ravdess")
    assert len(clips) == 960
    assert clips.groupby("subject").size().eq(60).all()
    assert clips["emotion"].nunique() == 8
    assert clips.groupby("sex")["subject"].nunique().to_dict() == {"female": 8, "male": 8}
    assert "subjects 17 to 24" in load_warnings("ravdess", shared_data / "ravdess")


@pytest.mark.shared
def test_real_video(shared_data):
    clips = load("ravdess", shared_data / "chimeric")
    assert set(clips["modality"]) == {"audio-visual"}
    assert clips["emotion"].value_counts().to_dict() == {"happiness": 128, "neutral": 64}
    sound = load("ravdess", shared_data / "ravdess", modality="audio")
    assert clips["take"].isin(sound["take"]).all()


def test_a_film_that_was_not_fetched_keeps_its_row_and_its_reason(tmp_path):
    pointer = b"version https://git-lfs.github.com/spec/v1\n"
    for name, content in {
        "01-01-01-01-01-01-01.mp4": pointer,
        "03-01-01-01-01-01-01.wav": b"RIFF",
        "01-01-01-01-01-01-02.mp4": b"film",
    }.items():
        (tmp_path / name).write_bytes(content)
    with pytest.warns(CorpusWarning, match="1 clips excluded: Git LFS pointer"):
        clips = load_corpus("ravdess", tmp_path, modality="audio-visual")
    assert clips["media"].tolist() == ["video"] * 2
    assert clips["excluded"].str.startswith("Git LFS").tolist() == [True, False]
