"""JAFFE: ten Japanese women show seven expressions on photographs."""

import re

from emopipe.corpora.loading import Corpus, Description, load_whole

JAFFE = Corpus(
    name="jaffe",
    about=Description(
        title="JAFFE, Japanese Female Facial Expression dataset",
        layout="""\
jaffe/
    KA.AN1.39.tiff     model, expression (NE HA SA SU AN DI FE) and its number, serial number""",
        request="https://doi.org/10.5281/zenodo.3451524 (request access there)",
        licence="non-commercial scientific research; no redistribution",
        paper="M. Lyons, S. Akamatsu, M. Kamachi, J. Gyoba: Coding facial expressions with Gabor "
        "wavelets. Automatic Face and Gesture Recognition, 1998, 200-205",
    ),
    media=("image",),
    example="KA.AN1.39.tiff",
    clips=213,
    subjects=("KA", "KL", "KM", "KR", "MK", "NA", "NM", "TM", "UY", "YM"),
)
_EMOTIONS = {
    "NE": "neutral", "HA": "happiness", "SA": "sadness", "SU": "surprise", "AN": "anger",
    "DI": "disgust", "FE": "fear",
}  # fmt: skip
_NAME = re.compile(r"(KA|KL|KM|KR|MK|NA|NM|TM|UY|YM)\.(NE|HA|SA|SU|AN|DI|FE)(\d)\.(\d+)")


def load(root):
    """Return JAFFE's clip table; `repetition` numbers a model's photographs of one emotion."""
    return load_whole(JAFFE, root, _read)


def _read(recording):
    name = _NAME.fullmatch(recording.stem.upper())
    if not name:
        return None
    return {
        "subject": name[1],
        "emotion": _EMOTIONS[name[2]],
        "repetition": int(name[3]),
        "sex": "female",
        "ethnicity": "japanese",
        "take": name[0],
    }
