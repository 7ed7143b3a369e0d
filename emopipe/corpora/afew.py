"""AFEW and SFEW: seven emotions in film scenes, as clips and as single frames."""

import re

from emopipe.corpora.clip_table import canonical
from emopipe.corpora.folder import scan
from emopipe.corpora.loading import Corpus, Description, build, check_complete, warn

_REQUEST = "https://cs.anu.edu.au/few (signed agreement, by the organisers of EmotiW)"
_LICENCE = "academic research under a signed end user agreement; no redistribution"
AFEW = Corpus(
    name="afew",
    about=Description(
        title="AFEW, Acted Facial Expressions in the Wild",
        layout="""\
AFEW/
    Train_AFEW/ Val_AFEW/ Test_AFEW/            or Train/ Val/ Test/
        Angry/ Disgust/ Fear/ Happy/ Neutral/ Sad/ Surprise/
            000046280.avi
No name tells the subject: the official parts are the split. Test clips without a folder of
an emotion are read without one.""",
        request=_REQUEST,
        licence=_LICENCE,
        paper="A. Dhall, R. Goecke, S. Lucey, T. Gedeon: Collecting large, richly annotated "
        "facial-expression databases from movies. IEEE MultiMedia 19 (3), 2012",
    ),
    media=("video", "audio"),
    example="000046280.avi in Train/Angry",
    part=r"(train|val|test).*|angry|disgust|fear|happy|neutral|sad|surprise",
)
SFEW = Corpus(
    name="sfew",
    about=Description(
        title="SFEW, Static Facial Expressions in the Wild",
        layout="""\
SFEW/
    Train/ Val/ Test/                           or Train_Aligned_Faces/ ...
        Angry/ Disgust/ Fear/ Happy/ Neutral/ Sad/ Surprise/
            Airheads_000519240_00000005.png
No name tells the subject: the official parts are the split.""",
        request=_REQUEST,
        licence=_LICENCE,
        paper="A. Dhall, R. Goecke, S. Lucey, T. Gedeon: Static facial expression analysis in "
        "tough conditions. ICCV Workshops (BeFIT) 2011",
    ),
    media=("image",),
    example="Airheads_000519240_00000005.png in Train/Angry",
    part=AFEW.part,
)
_SPLIT = re.compile(r"(train|val|test)(?:ing|id|idation)?(?![a-z]).*")
_WITHHELD = "the test set's emotion is not published"


def load_afew(root):
    """Return AFEW's clip table; `split` is train, val or test by the folder."""
    return _load(AFEW, root)


def load_sfew(root):
    """Return SFEW's clip table; `split` is train, val or test by the folder."""
    return _load(SFEW, root)


def _load(corpus, root):
    folder = scan(root)
    table = build(corpus, folder, _read)
    check_complete(corpus, folder, table)
    absent = [split for split in ("train", "val", "test") if split not in set(table["split"])]
    if absent and not table["synthetic"].any():
        warn(corpus, folder, f"no clip in the official parts {', '.join(absent)}")
    return table


def _read(recording):
    folders = [folder.lower() for folder in reversed(recording.folders)]
    split = next((match[1] for match in map(_SPLIT.fullmatch, folders) if match), None)
    emotion = next(filter(None, map(canonical, folders)), None)
    if split is None or (emotion is None and split != "test"):
        return None
    return {
        "emotion": emotion,
        "split": split,
        "excluded": "" if emotion else _WITHHELD,
        "take": "/".join((*_location(recording.folders[1:]), recording.stem)),
    }


def _location(folders) -> list[str]:
    """Return where a file lies, alike for the variants of a part (Train, Train_Aligned_Faces).

    A frame's name need not tell its scene: what lies in another folder is another frame.
    """
    parts = []
    for folder in map(str.lower, folders):
        match = _SPLIT.fullmatch(folder)
        folder = match[1] if match else folder
        if folder not in parts[-1:]:
            parts.append(folder)
    return parts
