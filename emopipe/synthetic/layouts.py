"""Name the files of each imitated corpus, with its documented oddities.

A layout lists its subjects and, for a subject and an emotion, the clips that the real corpus has,
in the order in which a small synthetic corpus takes them. The naming schemes are those of the
corpora's own papers and read-me files (`emopipe.corpora.describe_corpus` cites them).
"""

from emopipe.synthetic.clip import Clip, Layout
from emopipe.synthetic.pictures import PICTURE_LAYOUTS


def _alternate_sexes(subjects) -> dict[str, str]:
    return {subject: ("male", "female")[k % 2] for k, subject in enumerate(subjects)}


CREMAD_CODES = {
    "anger": "ANG", "disgust": "DIS", "fear": "FEA", "happiness": "HAP", "neutral": "NEU",
    "sadness": "SAD",
}  # fmt: skip
CREMAD_SUBJECTS = tuple(str(subject) for subject in range(1001, 1092))
_SENTENCES = ["ITH", "DFA", "IOM", "TSI", "IWW", "TAI", "ITS", "IWL", "MTI", "TIE", "WSI"]
_LEVELS = {"HI": 1.0, "MD": 0.85, "LO": 0.7}
_BAD = ("1076_MTI_SAD_XX", "1076_MTI_NEU_XX", "1064_TIE_SAD_XX", "1064_IEO_DIS_MD")


def _cremad_files(name: str) -> tuple[str, ...]:
    return f"VideoFlash/{name}.flv", f"AudioWAV/{name}.wav", f"AudioMP3/{name}.mp3"


def _cremad_takes(subject, emotion, oddities):
    endings = [(sentence, "XX", 1.0) for sentence in _SENTENCES]
    levels = {"XX": 1.0} if emotion == "neutral" else _LEVELS
    endings[2:2] = [("IEO", level, strength) for level, strength in levels.items()]
    clips = []
    for sentence, level, strength in endings:
        name = f"{subject}_{sentence}_{CREMAD_CODES[emotion]}_{level}"
        if name in _BAD:
            continue
        if oddities and name == "1040_ITH_SAD_XX":
            name = "1040_ITH_SAD_X"
        clips.append(Clip(_cremad_files(name), subject, emotion, strength))
    return clips


def _cremad_extras(subjects):
    kinds = ("no_face", "cut_off", "cut_off", "medley")
    emotions = {code: emotion for emotion, code in CREMAD_CODES.items()}
    bad = [
        Clip(_cremad_files(name), name[:4], emotions[name[9:12]], kind=kind)
        for name, kind in zip(_BAD, kinds, strict=True)
    ]
    unfetched = _cremad_files(f"{subjects[0]}_WSI_SAD_XX")
    return [*bad, Clip(unfetched, subjects[0], "sadness", kind="pointer")]


RAVDESS_CODES = {
    "neutral": "01", "calm": "02", "happiness": "03", "sadness": "04", "anger": "05",
    "fear": "06", "disgust": "07", "surprise": "08",
}  # fmt: skip
RAVDESS_SUBJECTS = tuple(f"{actor:02d}" for actor in range(1, 25))


def _ravdess_takes(subject, emotion, oddities, channel="01"):
    if channel == "02" and (subject == "18" or emotion in ("disgust", "surprise")):
        return []
    intensities = ("01",) if emotion == "neutral" else ("01", "02")
    clips = []
    for repetition in ("01", "02"):
        for intensity in intensities:
            for statement in ("01", "02"):
                rest = "-".join((channel, RAVDESS_CODES[emotion], intensity, statement, repetition))
                names = [f"Actor_{subject}/{kind}-{rest}-{subject}" for kind in ("01", "03")]
                stereo = oddities and statement == repetition == "01" and int(subject) % 4 < 2
                files = names[0] + ".mp4", names[1] + ".wav"
                strength = 0.9 if intensity == "01" else 1.0
                clips.append(Clip(files, subject, emotion, strength, stereo=stereo))
    return clips


def _ravdess_song_takes(subject, emotion, oddities):
    return _ravdess_takes(subject, emotion, oddities, channel="02")


SAVEE_CODES = {
    "anger": "a", "disgust": "d", "fear": "f", "happiness": "h", "neutral": "n",
    "sadness": "sa", "surprise": "su",
}  # fmt: skip


def _savee_takes(subject, emotion, oddities):
    names = [f"{SAVEE_CODES[emotion]}{k:02d}" for k in range(1, 31 if emotion == "neutral" else 16)]
    if oddities and subject == "KL":
        names = [f"ALL/KL_{name}" for name in names]
        return [Clip((f"{name}.avi", f"{name}.wav"), subject, emotion) for name in names]
    return [
        Clip((f"AudioVisualClip/{subject}/{name}.avi", f"AudioData/{subject}/{name}.wav"), subject,
             emotion)
        for name in names
    ]  # fmt: skip


ENTERFACE_CODES = {
    "anger": "an", "disgust": "di", "fear": "fe", "happiness": "ha", "sadness": "sa",
    "surprise": "su",
}  # fmt: skip


def _enterface_takes(subject, emotion, oddities):
    code, clips = ENTERFACE_CODES[emotion], []
    sentences = [1, 2] if (subject, emotion) == ("23", "surprise") else [1, 2, 3, 4, 5]
    if subject == "16":
        sentences = [3, 1, 2, 4, 5]
    for k in sentences:
        name = f"s{subject}_{code}_{k}"
        if oddities and subject == "11":
            name = f"s12_{code}_{k}"
        elif oddities and subject == "3" and emotion != "anger":
            name = f"s_3_{code}_{k}"
        elif oddities and (subject, code, k) == ("16", "su", 3):
            name = "s16_su_3avi"
        folder = f"subject {subject}/{emotion}/sentence {k}"
        clips.append(Clip((f"{folder}/{name}.avi",), subject, emotion))
    return clips


def _enterface_extras(subjects):
    return [Clip(("subject 6/anger/s6_an.avi",), "6", "anger", kind="medley")]


def _rml_takes(subject, emotion, oddities):
    code = ENTERFACE_CODES[emotion]
    return [Clip((f"s{subject}/{code}{k}.avi",), subject, emotion) for k in range(1, 16)]


EMODB_CODES = {
    "anger": "W", "boredom": "L", "disgust": "E", "fear": "A", "happiness": "F",
    "neutral": "N", "sadness": "T",
}  # fmt: skip
EMODB_SPEAKERS = {
    "03": ("male", 31), "08": ("female", 34), "09": ("female", 21), "10": ("male", 32),
    "11": ("male", 26), "12": ("male", 30), "13": ("female", 32), "14": ("female", 35),
    "15": ("male", 25), "16": ("female", 31),
}  # fmt: skip
_TEXTS = ["a01", "a02", "a04", "a05", "a07", "b01", "b02", "b03", "b09", "b10"]


def _emodb_takes(subject, emotion, oddities):
    return [
        Clip((f"wav/{subject}{text}{EMODB_CODES[emotion]}{version}.wav",), subject, emotion)
        for version in "abc"
        for text in _TEXTS
    ]


def _numbers(*numbers: int) -> tuple[str, ...]:
    return tuple(str(number) for number in numbers)


LAYOUTS: dict[str, Layout] = {
    "cremad": Layout(
        CREMAD_CODES, CREMAD_SUBJECTS, _cremad_takes, odd=("1040",), extras=_cremad_extras,
        sexes=_alternate_sexes(CREMAD_SUBJECTS),
    ),
    "emodb": Layout(
        EMODB_CODES, tuple(EMODB_SPEAKERS), _emodb_takes, modalities=("voice",),
        sexes={subject: sex for subject, (sex, _) in EMODB_SPEAKERS.items()},
        ages={subject: age for subject, (_, age) in EMODB_SPEAKERS.items()},
    ),
    "enterface": Layout(
        ENTERFACE_CODES, _numbers(*range(1, 6), *range(7, 45)), _enterface_takes,
        odd=("11", "3", "16"), extras=_enterface_extras,
    ),
    "ravdess": Layout(
        RAVDESS_CODES, RAVDESS_SUBJECTS, _ravdess_takes, song=_ravdess_song_takes,
        sexes=_alternate_sexes(RAVDESS_SUBJECTS),
    ),
    "rml": Layout(ENTERFACE_CODES, _numbers(*range(1, 9)), _rml_takes),
    "savee": Layout(
        SAVEE_CODES, ("DC", "JE", "JK", "KL"), _savee_takes, odd=("KL",),
        sexes=dict.fromkeys(("DC", "JE", "JK", "KL"), "male"),
    ),
    **PICTURE_LAYOUTS,
}  # fmt: skip
