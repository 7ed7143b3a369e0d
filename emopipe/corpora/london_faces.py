"""Face Research Lab London Set: 102 people photographed neutral and smiling."""

import re

from emopipe.corpora.folder import read_csv, scan
from emopipe.corpora.loading import Corpus, Description, build, check_complete, warn

LONDON_FACES = Corpus(
    name="london_faces",
    about=Description(
        title="Face Research Lab London Set",
        layout="""\
london_faces/
    london_info.csv                face_id, face_age, face_gender, face_eth
    neutral/001.jpg                or neutral_front/001_03.jpg
    smiling/001.jpg                or smiling_front/001_08.jpg""",
        request="https://doi.org/10.6084/m9.figshare.5047666",
        licence="CC BY 4.0",
        paper="L. DeBruine, B. Jones: Face Research Lab London Set. figshare, 2017, "
        "doi:10.6084/m9.figshare.5047666.v5",
    ),
    media=("image",),
    example="001.jpg in neutral or smiling",
    clips=204,
    part=r"(neutral|smiling)(_front)?",
)
_EMOTIONS = {"neutral": "neutral", "smiling": "happiness"}
_NAME = re.compile(r"x?(\d{3})(?:_\d\d)?")
_POSE = re.compile(r"(neutral|smiling)(?:_front)?")


def load(root):
    """Return the London Set's clip table; smiling is taken for happiness.

    `sex`, `age` (years, as the person said) and `ethnicity` come from london_info.csv.
    """
    folder = scan(root)
    table = build(LONDON_FACES, folder, _read)
    check_complete(LONDON_FACES, folder, table)
    info = folder.table("london_info.csv") or folder.table("london_faces_info.csv")
    if info is None:
        if not table["synthetic"].any():
            warn(LONDON_FACES, folder, "no london_info.csv: sex, age and ethnicity are missing")
        return table.assign(sex=None, age=float("nan"), ethnicity=None)
    needed = ("face_id", "face_age", "face_eth")
    people = read_csv(info, needed=needed, dtype={"face_id": str})
    people = people.rename(columns={"face_gender": "face_sex"})
    people.index = people["face_id"].str.lower().str.removeprefix("x").str.zfill(3)
    for column, source in {"sex": "face_sex", "age": "face_age", "ethnicity": "face_eth"}.items():
        table[column] = table["subject"].map(people[source])
    return table


def _read(recording):
    name = _NAME.fullmatch(recording.stem.lower())
    poses = [_POSE.fullmatch(folder.lower()) for folder in reversed(recording.folders)]
    pose = next(filter(None, poses), None)
    if not name or not pose:
        return None
    return {
        "subject": name[1],
        "emotion": _EMOTIONS[pose[1]],
        "take": f"{name[1]}_{pose[1]}",
    }
