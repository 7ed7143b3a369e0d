import numpy as np
import pandas as pd
import pytest
from corpora_on_disk import lay, load, load_warnings

from emopipe.corpora import CorpusError, usable
from emopipe.corpora.cremad import load as load_cremad

HEADING = '"","A","D","F","H","N","S","fileName"\n'


def vote(root, *rows):
    folder = root / "processedResults"
    folder.mkdir(exist_ok=True)
    (folder / "tabulatedVotes.csv").write_text(HEADING + "\n".join(rows) + "\n")
    return root


@pytest.fixture
def voted(tmp_path):
    """Return a corpus of two clips; the first is a tie by voice, the second has no face votes."""
    lay(tmp_path, "VideoFlash/1001_DFA_ANG_XX.flv", "VideoFlash/1002_IEO_HAP_HI.flv")
    return vote(
        tmp_path,
        '"100001",5,0,0,0,0,5,"1001_DFA_ANG_XX"',
        '"200001",1,7,0,0,0,0,"1001_DFA_ANG_XX"',
        '"300001",9,0,0,0,0,0,"1001_DFA_ANG_XX"',
        '"100002",0,0,0,1,8,0,"1002_IEO_HAP_HI"',
        '"300002",0,0,0,9,0,0,"1002_IEO_HAP_HI"',
    )


def test_names_tell_everything(tmp_path):
    lay(tmp_path, "AudioWAV/1040_ITH_SAD_X.wav", "AudioWAV/1091_IEO_FEA_MD.wav")
    table = load("cremad", tmp_path)
    assert table["take"].tolist() == ["1040_ITH_SAD_XX", "1091_IEO_FEA_MD"]
    assert table["intensity"].isna().tolist() == [True, False]
    assert table["intensity"][1] == "medium"
    assert table["statement"].tolist() == ["ITH", "IEO"]
    assert table["intended"].tolist() == ["sadness", "fear"]


@pytest.mark.parametrize("name", ["1092_DFA_ANG_XX", "1000_DFA_ANG_XX", "1001_ABC_ANG_XX",
                                  "1001_DFA_SUR_XX", "1001_DFA_ANG"])  # fmt: skip
def test_names_of_no_clip(name, tmp_path):
    lay(tmp_path, f"AudioWAV/{name}.wav", "AudioWAV/1001_DFA_ANG_XX.wav")
    assert len(load("cremad", tmp_path)) == 1


def test_original_formats_are_preferred(tmp_path):
    stem = "1001_DFA_ANG_XX"
    lay(
        tmp_path,
        f"a/{stem}.mp3",
        f"b/{stem}.avi",
        f"c/{stem}.flv",
        f"d/{stem}.mp4",
        f"e/{stem}.wav",
    )
    row = load("cremad", tmp_path).iloc[0]
    assert row["clip"] == f"c/{stem}.flv"
    assert row["audio"].endswith(f"e/{stem}.wav")


def test_bad_clips_stay_with_a_reason(tmp_path):
    bad = ("1076_MTI_SAD_XX", "1076_MTI_NEU_XX", "1064_TIE_SAD_XX", "1064_IEO_DIS_MD")
    lay(tmp_path, *(f"VideoFlash/{stem}.flv" for stem in (*bad, "1076_MTI_FEA_XX")))
    table = load("cremad", tmp_path)
    assert table["excluded"].str.startswith("known bad clip").sum() == 4
    assert usable(table)["take"].tolist() == ["1076_MTI_FEA_XX"]


def test_voters_labels(voted):
    intended = load("cremad", voted)
    assert intended["emotion"].tolist() == ["anger", "happiness"]
    assert intended["votes_voice_sadness"].tolist() == [5, 0]

    voice = load("cremad", voted, label="voice")
    assert pd.isna(voice["emotion"][0])
    assert voice["excluded"].tolist() == ["voters tied: anger, sadness", ""]
    assert voice["emotion"][1] == "neutral"
    assert voice["intended"].tolist() == ["anger", "happiness"]

    face = load("cremad", voted, label="face")
    assert face["emotion"][0] == "disgust"
    assert face["excluded"][1] == "no votes for this clip"
    assert load("cremad", voted, label="both")["emotion"].tolist() == ["anger", "happiness"]


def test_levels_are_sums_over_voters(voted):
    path = voted / "processedResults" / "tabulatedVotes.csv"
    assert not [name for name in load("cremad", voted) if name.startswith("levels_")]
    votes = pd.read_csv(path, index_col=0)
    scales = {"A": "Anger", "D": "Disgust", "F": "Fear", "H": "Happy", "N": "Neutral", "S": "Sad"}
    for letter, scale in scales.items():
        votes[f"mean{scale}Resp"] = np.where(votes[letter] > 0, 62.5, -1)
    votes.to_csv(path)
    table = load("cremad", voted)
    assert table["levels_voice_sadness"].tolist() == [5 * 62.5, 0]
    assert table["levels_voice_neutral"].tolist() == [0, 8 * 62.5]
    assert pd.isna(table["levels_face_anger"][1])


def test_a_bad_clip_with_a_tie_has_both_reasons(tmp_path):
    lay(tmp_path, "VideoFlash/1064_IEO_DIS_MD.flv", "VideoFlash/1001_IEO_DIS_MD.flv")
    vote(tmp_path, '"105162",2,2,0,0,1,0,"1064_IEO_DIS_MD"')
    reason = load("cremad", tmp_path, label="voice")["excluded"].iloc[-1]
    assert reason == (
        "known bad clip: a minute long, several emotions; voters tied: anger, disgust"
    )


def test_votes_alone_need_no_recordings(voted):
    table = load("cremad", voted / "processedResults", files=False)
    assert table["path"].isna().all()
    assert set(table["media"]) == {"votes"}
    assert table["clip"].tolist() == ["1001_DFA_ANG_XX", "1002_IEO_HAP_HI"]
    assert table["excluded"].eq("").all()


def test_missing_or_broken_vote_tables_are_named(tmp_path):
    lay(tmp_path, "AudioWAV/1001_DFA_ANG_XX.wav")
    with pytest.raises(CorpusError, match=r"no processedResults/tabulatedVotes\.csv.*label='face'"):
        load_cremad(tmp_path, label="face")
    path = tmp_path / "processedResults/tabulatedVotes.csv"
    lay(tmp_path, "processedResults/tabulatedVotes.csv", content=b"version https://git-lfs\n")
    with pytest.raises(CorpusError, match=f"{path}: Git LFS pointer, not the table"):
        load_cremad(tmp_path, files=False)
    path.write_text("a,b\n1,2\n")
    with pytest.raises(CorpusError, match="no columns A, D, F, H, N, S, fileName; found b"):
        load_cremad(tmp_path, files=False)


def test_missing_demographics_are_said(tmp_path):
    lay(tmp_path, "AudioWAV/1001_DFA_ANG_XX.wav")
    assert "no VideoDemographics.csv" in load_warnings("cremad", tmp_path)
    table = load("cremad", tmp_path)
    assert table[["sex", "age", "ethnicity"]].isna().all().all()


def test_demographics_are_found_beside_a_root_inside_the_corpus(tmp_path):
    lay(tmp_path, "AudioWAV/1001_DFA_ANG_XX.wav", "AudioWAV/1002_DFA_ANG_XX.wav")
    (tmp_path / "VideoDemographics.csv").write_text(
        '"ActorID","Age","Sex","Race","Ethnicity"\n1001,51,"Male","Unknown","Hispanic"\n'
        '1002,21,"Female","African American","Not Hispanic"\n'
    )
    table = load("cremad", tmp_path / "AudioWAV")
    assert table["sex"].tolist() == ["male", "female"]
    assert table["age"].tolist() == [51, 21]
    assert table["ethnicity"].isna().tolist() == [True, False]


@pytest.mark.shared
def test_voters_figures(shared_data):
    """Majority answers against the intended emotion, as in Cao et al.'s tables."""
    clips = load("cremad", shared_data / "cremad", files=False)
    assert (len(clips), clips["subject"].nunique()) == (7442, 91)
    assert (clips["synthetic"] | clips["train_only"]).sum() == 0
    emotions = np.array(sorted(clips["emotion"].unique()))
    for voters, expected in {"voice": 0.455, "face": 0.690, "both": 0.748}.items():
        counts = clips[[f"votes_{voters}_{emotion}" for emotion in emotions]].to_numpy()
        first = emotions[counts.argmax(axis=1)]
        assert np.mean(first == clips["intended"]) == pytest.approx(expected, abs=5e-4)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("voters", "ties", "agreement"),
    [("voice", 644, 0.456), ("face", 470, 0.707), ("both", 420, 0.765)],
)
def test_voters_labels_on_the_whole_corpus(shared_data, voters, ties, agreement):
    clips = load("cremad", shared_data / "cremad", files=False, label=voters)
    assert clips["excluded"].str.startswith("voters tied").sum() == ties
    assert clips["emotion"].isna().sum() == ties
    clear = usable(clips)
    assert np.mean(clear["emotion"] == clear["intended"]) == pytest.approx(agreement, abs=5e-4)


@pytest.mark.shared
def test_real_files(shared_data):
    clips = load("cremad", shared_data / "cremad")
    assert clips["media"].value_counts().to_dict() == {"video": 6, "audio": 6}
    assert clips.groupby("media")["audio"].count().to_dict() == {"audio": 0, "video": 6}
    assert clips[["sex", "age", "ethnicity"]].notna().all().all()
    assert "6 of 12 clips are sound only" in load_warnings("cremad", shared_data / "cremad")
