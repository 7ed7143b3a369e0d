"""RaFD: 67 models show eight emotions, seen from five angles, with three directions of gaze."""

import re

from emopipe.corpora.clip_table import canonical
from emopipe.corpora.loading import Corpus, Description, load_whole

RAFD = Corpus(
    name="rafd",
    about=Description(
        title="RaFD, Radboud Faces Database",
        layout="""\
RaFD/
    Rafd090_01_Caucasian_female_angry_frontal.jpg
    Rafd, camera angle (000 045 090 135 180; 090 is frontal), model, Caucasian, Moroccan or
    Kid, sex, emotion, gaze (left, frontal, right)""",
        request="https://rafd.socsci.ru.nl (researchers of accredited universities)",
        licence="free for strictly scientific use; each researcher asks for access",
        paper="O. Langner, R. Dotsch, G. Bijlstra, D. H. J. Wigboldus, S. T. Hawk, A. van "
        "Knippenberg: Presentation and validation of the Radboud Faces Database. Cognition & "
        "Emotion 24 (8), 2010, doi:10.1080/02699930903485076",
    ),
    media=("image",),
    example="Rafd090_01_Caucasian_female_angry_frontal.jpg",
    clips=8040,
)
_NAME = re.compile(
    r"rafd(000|045|090|135|180)_(\d\d)_(caucasian|moroccan|kid)_(male|female)_"
    r"(angry|contemptuous|disgusted|fearful|happy|neutral|sad|surprised)_(left|frontal|right)"
)


def load(root):
    """Return RaFD's clip table.

    `angle` is the camera's in degrees (90: frontal), `gaze` left, frontal or right,
    `age_group` adult or child; the children are all Caucasian.
    """
    return load_whole(RAFD, root, _read)


def _read(recording):
    name = _NAME.fullmatch(recording.stem.lower())
    if not name:
        return None
    angle, subject, group, sex, emotion, gaze = name.groups()
    return {
        "subject": subject,
        "emotion": canonical(emotion),
        "angle": int(angle),
        "gaze": gaze,
        "sex": sex,
        "age_group": "child" if group == "kid" else "adult",
        "ethnicity": "caucasian" if group == "kid" else group,
        "take": name[0],
    }
