"""CREMA-D: 91 actors say twelve sentences in six emotions, judged by 2443 people."""

import re

import numpy as np
import pandas as pd

from emopipe.corpora.clip_table import complete, set_about
from emopipe.corpora.folder import CorpusError, read_csv, scan
from emopipe.corpora.loading import (
    Corpus,
    Description,
    build,
    check_complete,
    warn,
)
from emopipe.parameters import check_one_of

_HOME = "https://github.com/CheyneyComputerScience/CREMA-D"
CREMAD = Corpus(
    name="cremad",
    about=Description(
        title="CREMA-D, Crowd-sourced Emotional Multimodal Actors Dataset",
        layout="""\
CREMA-D/
    VideoFlash/1001_DFA_ANG_XX.flv         or converted, .mp4 or .avi
    AudioWAV/1001_DFA_ANG_XX.wav           or AudioMP3 (some are blank)
    VideoDemographics.csv                  sex, age, ethnicity
    processedResults/tabulatedVotes.csv    the voters
actor, sentence, emotion (ANG DIS FEA HAP NEU SAD), intensity (LO MD HI, or XX: not given)""",
        request=f"{_HOME} (with git-lfs: `git lfs install`, `git clone`)",
        licence="Open Database License 1.0, contents: Database Contents License 1.0",
        paper="H. Cao, D. G. Cooper, M. K. Keutmann, R. C. Gur, A. Nenkova, R. Verma: CREMA-D: "
        "Crowd-sourced Emotional Multimodal Actors Dataset. IEEE Transactions on Affective "
        "Computing 5 (4), 2014, doi:10.1109/TAFFC.2014.2336244",
    ),
    media=("video", "audio"),
    example="1001_DFA_ANG_XX.flv",
    clips=7442,
    subjects=tuple(str(actor) for actor in range(1001, 1092)),
    part=r"AudioWAV|AudioMP3|Video\w+|processedResults",
)
LABELS = ("intended", "voice", "face", "both")
_EMOTIONS = {
    "ANG": "anger", "DIS": "disgust", "FEA": "fear", "HAP": "happiness", "NEU": "neutral",
    "SAD": "sadness",
}  # fmt: skip
_LEVELS = {  # columns of tabulatedVotes.csv
    "ANG": "meanAngerResp", "DIS": "meanDisgustResp", "FEA": "meanFearResp",
    "HAP": "meanHappyResp", "NEU": "meanNeutralResp", "SAD": "meanSadResp",
}  # fmt: skip
_INTENSITIES = {"LO": "low", "MD": "medium", "HI": "high"}
_NAME = re.compile(
    r"(?P<actor>10(?:0[1-9]|[1-8]\d|9[01]))"
    r"_(?P<sentence>IEO|TIE|IOM|IWW|TAI|MTI|IWL|ITH|DFA|ITS|TSI|WSI)"
    r"_(?P<emotion>ANG|DIS|FEA|HAP|NEU|SAD)_(?P<intensity>LO|MD|HI|XX?)"
)
_BAD = {
    "1076_MTI_SAD_XX": "known bad clip: neither sound nor face",
    "1076_MTI_NEU_XX": "known bad clip: cut off after a few frames",
    "1064_TIE_SAD_XX": "known bad clip: cut off after a few frames",
    "1064_IEO_DIS_MD": "known bad clip: a minute long, several emotions",
}
_VOTERS = {1: "voice", 2: "face", 3: "both"}  # first digit of a row's id in tabulatedVotes.csv


def load(root, *, label="intended", files=True):
    """Return CREMA-D's clip table.

    Parameters
    ----------
    root : str or Path
        The folder of VideoFlash, AudioWAV and processedResults.
    label : {"intended", "voice", "face", "both"}
        What `emotion` says: the emotion that the actor was asked for, or the one that most
        voters perceived who heard the voice alone, saw the face alone, or had both.
        Where voters tied, `emotion` is missing and `excluded` names the tied emotions.
    files : bool
        False gives one row for each of the 7442 clips that were voted on, from the tables
        alone, with `path` missing and `media` "votes".

    Returns
    -------
    DataFrame
        A clip table with intended (the emotion asked for), intensity ("low", "medium", "high"
        or missing), statement (code of the sentence), take (the file name without suffix), sex,
        age in years, ethnicity (the table's "Race"), audio (the separate wav of a video),
        and, where tabulatedVotes.csv is there, votes_voice_anger ... votes_both_sadness:
        the numbers of voters; levels_voice_anger ... levels_both_sadness: the sums of the
        levels, 0 to 100, that these voters gave, where the table has them.

    Raises
    ------
    CorpusError
        A label by voters or files=False is asked for and tabulatedVotes.csv is not there.

    Notes
    -----
    Of the clips without a tie, voice voters named the intended emotion for .456, face voters
    for .707 and voters of both for .765. Where a tie goes to the alphabetically first of the
    tied emotions, and all 7442 clips count, this is .455, .690 and .748.

    References
    ----------
    Cao et al. (2014), for how the votes were collected.
    """
    check_one_of("label", label, LABELS)
    folder = scan(root)
    votes = _votes(folder.table("processedResults/tabulatedVotes.csv"))
    if votes is None and (label != "intended" or not files):
        raise CorpusError(
            f"cremad in {folder.root}: no processedResults/tabulatedVotes.csv, which "
            f"label={label!r}, files={files} needs; it is part of {_HOME}"
        )
    if files:
        table = build(CREMAD, folder, _read)
        check_complete(CREMAD, folder, table)
    else:
        table = _votes_alone(votes)
        table["synthetic"] = any(recording.synthetic for recording in folder.recordings)
    table["intended"] = table["emotion"]
    table = _with_demographics(table, folder)
    if votes is not None:
        attributes = table.attrs  # which a join forgets
        table = table.join(votes, on="take")
        table.attrs = attributes
    return table if label == "intended" else _relabel(table, label)


def _read(recording):
    facts = _facts(recording.stem)
    if facts:
        facts["excluded"] = _BAD.get(facts["take"], "")
    return facts


def _facts(stem):
    name = _NAME.fullmatch(stem.upper())
    if not name:
        return None
    return {
        "subject": name["actor"],
        "emotion": _EMOTIONS[name["emotion"]],
        "intensity": _INTENSITIES.get(name["intensity"]),
        "statement": name["sentence"],
        # old clones have 1040_ITH_SAD_X, the tables 1040_ITH_SAD_XX
        "take": name[0] + "X" if name["intensity"] == "X" else name[0],
    }


def _votes(path) -> pd.DataFrame | None:
    if path is None:
        return None
    needed = [*(code[0] for code in _EMOTIONS), "fileName"]
    raw = read_csv(path, needed=needed, index_col=0)
    takes = [facts and facts["take"] for facts in map(_facts, raw["fileName"])]
    raw = raw.assign(take=takes)[pd.notna(takes)]
    parts = []
    for digit, voters in _VOTERS.items():
        part = raw[raw.index // 100_000 == digit].set_index("take")
        votes = {f"votes_{voters}_{name}": part[code[0]] for code, name in _EMOTIONS.items()}
        parts.append(pd.DataFrame(votes))
        if set(_LEVELS.values()) <= set(raw):
            # A mean of nobody is written as -1.
            levels = {
                f"levels_{voters}_{name}": part[code[0]] * part[_LEVELS[code]].clip(lower=0)
                for code, name in _EMOTIONS.items()
            }
            parts.append(pd.DataFrame(levels))
    return pd.concat(parts, axis=1)


def _votes_alone(votes: pd.DataFrame) -> pd.DataFrame:
    table = pd.DataFrame([_facts(take) for take in votes.index])
    table = table.assign(clip=table["take"], path=None, corpus=CREMAD.name, media="votes")
    table = complete(table)
    set_about(table, CREMAD.name, complete=CREMAD.clips)
    return table


def _with_demographics(table, folder):
    path = folder.table("VideoDemographics.csv")
    if path is None:
        if not table["synthetic"].any():
            text = f"no VideoDemographics.csv ({_HOME}): sex, age and ethnicity are missing"
            warn(CREMAD, folder, text)
        return table.assign(sex=None, age=np.nan, ethnicity=None)
    needed = ("ActorID", "Age", "Sex", "Race")
    people = read_csv(path, needed=needed, dtype={"ActorID": str}).set_index("ActorID")
    words = {column: people[column].str.strip().str.lower() for column in ("Sex", "Race")}
    subjects = table["subject"]
    return table.assign(
        sex=subjects.map(words["Sex"]),
        age=subjects.map(people["Age"]),
        ethnicity=subjects.map(words["Race"][words["Race"] != "unknown"]),
    )


def _relabel(table: pd.DataFrame, voters: str) -> pd.DataFrame:
    emotions = np.array(list(_EMOTIONS.values()))
    counts = table[[f"votes_{voters}_{name}" for name in emotions]].fillna(0).to_numpy()
    most = counts == counts.max(axis=1, keepdims=True)
    alone = (most.sum(axis=1) == 1) & (counts.max(axis=1) > 0)
    reasons = [
        f"voters tied: {', '.join(emotions[row])}" if count.any() else "no votes for this clip"
        for row, count in zip(most, counts, strict=True)
    ]
    table["emotion"] = np.where(alone, emotions[most.argmax(axis=1)], None)
    table["excluded"] = [
        "; ".join(filter(None, (fault, "" if clear else reason)))
        for fault, clear, reason in zip(table["excluded"], alone, reasons, strict=True)
    ]
    return table
