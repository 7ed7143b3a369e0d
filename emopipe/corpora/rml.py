"""RML: eight people show six emotions in six languages."""

import re

from emopipe.corpora.loading import Corpus, Description, load_whole

RML = Corpus(
    name="rml",
    about=Description(
        title="RML Emotion Database, Ryerson Multimedia Lab",
        layout="""\
RML/
    s1/ ... s8/                    one folder per subject, wherever they lie
        an1.avi                    an di fe ha sa su = anger ... surprise, number
        Mandarin/an1.avi           subjects of two languages have folders for them""",
        request="http://www.rml.ryerson.ca/rml-emotion-database.html (signed agreement)",
        licence="free of charge for research, non-commercial use only",
        paper="Y. Wang, L. Guan: Recognizing human emotional state from audiovisual signals. "
        "IEEE Transactions on Multimedia 10 (5), 2008",
    ),
    media=("video", "audio"),
    example="an1.avi in a folder s1",
    clips=720,
    subjects=tuple("12345678"),
    part=r"s[1-8]",
)
_EMOTIONS = {
    "an": "anger", "di": "disgust", "fe": "fear", "ha": "happiness", "sa": "sadness",
    "su": "surprise",
}  # fmt: skip
_NAME = re.compile(r"(an|di|fe|ha|sa|su)_?(\d+)")
_SUBJECT = re.compile(r"s(?:ubject)?[ _-]?([1-8])")


def load(root):
    """Return RML's clip table; `language` is the folder between subject and clip, if any."""
    return load_whole(RML, root, _read)


def _read(recording):
    name = _NAME.fullmatch(recording.stem.lower())
    inside = [(_SUBJECT.fullmatch(f.lower()), i) for i, f in enumerate(recording.folders)]
    inside = [(match[1], i) for match, i in inside if match]
    if not name or not inside:
        return None
    subject, depth = inside[-1]
    languages = recording.folders[depth + 1 :]
    return {
        "subject": subject,
        "emotion": _EMOTIONS[name[1]],
        "repetition": int(name[2]),
        "language": "/".join(languages) or None,
        "take": "/".join((f"s{subject}", *languages, name[0])),
    }
