"""RAVDESS: 24 actors speak and sing up to eight emotions, filmed and recorded."""

import re
from dataclasses import replace

from emopipe.corpora.folder import CorpusError, scan
from emopipe.corpora.loading import Corpus, Description, build, check_complete
from emopipe.parameters import check_one_of

RAVDESS = Corpus(
    name="ravdess",
    about=Description(
        title="RAVDESS, Ryerson Audio-Visual Database of Emotional Speech and Song",
        layout="""\
RAVDESS/
    Actor_01/ ... Actor_24/            folders do not matter, names tell all
        03-01-05-02-01-01-01.wav
modality (01 audio-visual, 02 video, 03 audio) - channel (01 speech, 02 song) -
emotion (01 neutral, 02 calm, 03 happy, 04 sad, 05 angry, 06 fearful, 07 disgust,
08 surprised) - intensity - statement - repetition - actor (odd: men, even: women)""",
        request="https://doi.org/10.5281/zenodo.1188976",
        licence="CC BY-NC-SA 4.0; commercial licences can be bought",
        paper="S. R. Livingstone, F. A. Russo: The Ryerson Audio-Visual Database of Emotional "
        "Speech and Song (RAVDESS). PLoS ONE 13 (5), 2018, doi:10.1371/journal.pone.0196391",
    ),
    media=("video", "audio"),
    example="03-01-05-02-01-01-01.wav",
    subjects=tuple(f"{actor:02d}" for actor in range(1, 25)),
    part=r"Actor_\d\d|(Audio|Video)_(Speech|Song)_.*",
)
CHANNELS = {"speech": ("01",), "song": ("02",), "both": ("01", "02")}
MODALITIES = {  # files to look at: the wav of a take goes with its video
    "best": ("01", "02", "03"),
    "audio-visual": ("01", "03"),
    "video": ("02", "03"),
    "audio": ("03",),
    "all": ("01", "02", "03"),
}
_CLIPS = {"speech": 1440, "song": 1012, "both": 2452}
_CHANNEL = {"01": "speech", "02": "song"}
_MODALITY = {"01": "audio-visual", "02": "video", "03": "audio"}
_EMOTIONS = ("neutral", "calm", "happiness", "sadness", "anger", "fear", "disgust", "surprise")
_NAME = re.compile(
    r"(?P<modality>0[1-3])-(?P<channel>0[12])-(?P<emotion>0[1-8])-(?P<intensity>0[12])"
    r"-(?P<statement>0[12])-(?P<repetition>0[12])-(?P<actor>0[1-9]|1\d|2[0-4])"
)


def load(root, *, channel="speech", modality="best"):
    """Return RAVDESS' clip table.

    Parameters
    ----------
    root : str or Path
        The folder of the actors' folders.
    channel : {"speech", "song", "both"}
        Which recordings; actor 18 does not sing, and song has no disgust and no surprise.
    modality : {"best", "audio-visual", "video", "audio", "all"}
        Which files. "best" gives every take once, by its audio-visual file where there is
        one, else its video, else its sound. "all" gives every file a row: rows with the
        same `take` are then the same performance.

    Returns
    -------
    DataFrame
        A clip table with intensity ("normal", "strong"), statement ("kids", "dogs"),
        repetition, sex, channel, modality, take (the file name without its modality), audio
        (the separate wav of the take, unless each file has a row).

    Notes
    -----
    A few of the wavs are stereo; whoever reads them mixes them down.
    """
    check_one_of("channel", channel, CHANNELS)
    check_one_of("modality", modality, MODALITIES)
    folder = scan(root)
    selected = _select(folder, channel, modality)
    each_file = modality == "all"
    table = build(
        RAVDESS,
        selected,
        _read,
        take=("take", "modality") if each_file else ("take",),
        keep=None if modality in ("best", "all") else lambda row: row["modality"] == modality,
    )
    actors = tuple(a for a in RAVDESS.subjects if channel != "song" or a != "18")
    clips = _CLIPS[channel] * (3 if each_file else 1)
    check_complete(replace(RAVDESS, clips=clips, subjects=actors), folder, table, mixed=each_file)
    return table


def _select(folder, channel, modality):
    names = [(recording, _NAME.fullmatch(recording.stem)) for recording in folder.recordings]
    there = {(name["channel"], name["modality"]) for _, name in names if name}
    codes = {(c, m) for c in CHANNELS[channel] for m in MODALITIES[modality]}
    named = {code for code, name in _MODALITY.items() if modality in (name, "best", "all")}
    if there and not any(m in named for _, m in there & codes):
        existing = sorted(f"{_MODALITY[m]} {_CHANNEL[c]}" for c, m in there)
        raise CorpusError(
            f"ravdess in {folder.root}: no recording for channel={channel!r}, "
            f"modality={modality!r}; there is only {', '.join(existing)}: ask for that with "
            "channel= and modality="
        )
    recordings = [r for r, n in names if not n or (n["channel"], n["modality"]) in codes]
    return folder._replace(recordings=recordings)


def _read(recording):
    name = _NAME.fullmatch(recording.stem)
    if not name:
        return None
    actor = name["actor"]
    return {
        "subject": actor,
        "emotion": _EMOTIONS[int(name["emotion"]) - 1],
        "intensity": ("normal", "strong")[int(name["intensity"]) - 1],
        "statement": ("kids", "dogs")[int(name["statement"]) - 1],
        "repetition": int(name["repetition"]),
        "sex": "male" if int(actor) % 2 else "female",
        "channel": _CHANNEL[name["channel"]],
        "modality": _MODALITY[name["modality"]],
        "take": recording.stem[3:],
    }
