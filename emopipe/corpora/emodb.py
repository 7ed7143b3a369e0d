"""EmoDB: ten German actors speak seven emotions."""

import re

from emopipe.corpora.loading import Corpus, Description, load_whole

_SPEAKERS = {  # age in years
    "03": ("male", 31), "08": ("female", 34), "09": ("female", 21), "10": ("male", 32),
    "11": ("male", 26), "12": ("male", 30), "13": ("female", 32), "14": ("female", 35),
    "15": ("male", 25), "16": ("female", 31),
}  # fmt: skip
EMODB = Corpus(
    name="emodb",
    about=Description(
        title="EmoDB, Berlin Database of Emotional Speech",
        layout="""\
emodb/
    wav/03a01Fa.wav    speaker, text, emotion, version
    emotion in German: W anger, L boredom, E disgust, A fear, F happiness, T sadness, N neutral""",
        request="http://emodb.bilderbar.info or https://doi.org/10.5281/zenodo.7447302",
        licence="free to use; CC BY 4.0 by its Zenodo record",
        paper="F. Burkhardt, A. Paeschke, M. Rolfes, W. F. Sendlmeier, B. Weiss: A database of "
        "German emotional speech. Interspeech 2005, doi:10.21437/Interspeech.2005-446",
    ),
    media=("audio",),
    example="03a01Fa.wav",
    clips=535,
    subjects=tuple(_SPEAKERS),
)
_EMOTIONS = {
    "W": "anger", "L": "boredom", "E": "disgust", "A": "fear", "F": "happiness",
    "T": "sadness", "N": "neutral",
}  # fmt: skip
_NAME = re.compile(r"(03|08|09|1[0-6])([AB]\d\d)([WLEAFTN])([A-Z])?")


def load(root):
    """Return EmoDB's clip table; `statement` is the text's code, `repetition` the version."""
    return load_whole(EMODB, root, _read)


def _read(recording):
    name = _NAME.fullmatch(recording.stem.upper())
    if not name:
        return None
    sex, age = _SPEAKERS[name[1]]
    return {
        "subject": name[1],
        "emotion": _EMOTIONS[name[3]],
        "statement": name[2].lower(),
        "repetition": (name[4] or "a").lower(),
        "sex": sex,
        "age": age,
        "take": name[0],
    }
