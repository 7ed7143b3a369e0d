"""eNTERFACE'05: 44 people react to stories in six emotions, five sentences each."""

import re

from emopipe.corpora.clip_table import canonical
from emopipe.corpora.loading import Corpus, Description, load_whole

ENTERFACE = Corpus(
    name="enterface",
    about=Description(
        title="eNTERFACE'05 audio-visual emotion database",
        layout="""\
enterface/
    subject 1/ ... subject 44/
        anger/ ... surprise/
            sentence 1/s1_an_1.avi     an di fe ha sa su, sentence 1 to 5
The subject is the folder's: subject 11's files are named s12_. Subject 6 is one uncut
recording per emotion, subject 23 lacks three clips.""",
        request="https://enterface.net/enterface05 (project2_database.zip)",
        licence="MIT, by the words of the corpus' page",
        paper="O. Martin, I. Kotsia, B. Macq, I. Pitas: The eNTERFACE'05 audio-visual emotion "
        "database. ICDE Workshops 2006, doi:10.1109/ICDEW.2006.145",
    ),
    media=("video", "audio"),
    example="s1_an_1.avi in a folder 'subject 1'",
    clips=1293,
    subjects=tuple(str(subject) for subject in range(1, 45)),
    part=r"subject[ _-]?\d+|anger|disgust|fear|happiness|sadness|surprise|sentence[ _-]?\d",
)
_EMOTIONS = {
    "an": "anger", "di": "disgust", "fe": "fear", "ha": "happiness", "sa": "sadness",
    "su": "surprise",
}  # fmt: skip
# s1_an_1, but also s_3_an_1 (most of subject 3) and s16_su_3avi
_NAME = re.compile(r"s_?\d+_(an|di|fe|ha|sa|su)_?(\d)(?:avi)?")
_SUBJECT = re.compile(r"subject[ _-]?(\d+)")
_UNCUT = "6"


def load(root):
    """Return eNTERFACE'05's clip table; `statement` is an emotion's sentence ("an3")."""
    return load_whole(ENTERFACE, root, _read)


def _read(recording):
    folders = [folder.lower() for folder in reversed(recording.folders)]
    subject = next((m[1] for m in map(_SUBJECT.fullmatch, folders) if m), None)
    folder_emotion = next(filter(None, map(canonical, folders)), None)
    name = _NAME.fullmatch(recording.stem.lower())
    if subject is None or not (name or subject == _UNCUT):
        return None
    emotion = _EMOTIONS[name[1]] if name else folder_emotion
    excluded = ""
    if subject == _UNCUT:
        excluded = "subject 6 is not cut into sentences"
    elif folder_emotion not in (None, emotion):
        excluded = f"named {emotion}, but in the folder of {folder_emotion}"
    return {
        "subject": subject,
        "emotion": emotion,
        "statement": f"{name[1]}{name[2]}" if name and not excluded else None,
        "excluded": excluded,
        "take": f"subject {subject}/{name[1]}{name[2]}" if name else recording.clip,
    }
