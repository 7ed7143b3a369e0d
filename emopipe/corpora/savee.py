"""SAVEE: four men speak seven emotions."""

import re

from emopipe.corpora.loading import Corpus, Description, load_whole

SAVEE = Corpus(
    name="savee",
    about=Description(
        title="SAVEE, Surrey Audio-Visual Expressed Emotion",
        layout="""\
SAVEE/
    AudioVisualClip/DC/a01.avi     speakers DC, JE, JK, KL
    AudioData/DC/a01.wav           a d f h n sa su = anger ... surprise, sentence number
or, as copies have it, all in one folder:
    ALL/DC_a01.wav""",
        request="http://kahlan.eps.surrey.ac.uk/savee (registration)",
        licence="free for research; registration asked for",
        paper="S. Haq, P. J. B. Jackson: Speaker-dependent audio-visual emotion recognition. "
        "Auditory-Visual Speech Processing (AVSP), 2009",
    ),
    media=("video", "audio"),
    example="a01.wav in a folder DC, or DC_a01.wav",
    clips=480,
    subjects=("DC", "JE", "JK", "KL"),
    part=r"DC|JE|JK|KL|AudioData|AudioVisualClip|ALL",
)
_EMOTIONS = {
    "a": "anger", "d": "disgust", "f": "fear", "h": "happiness", "n": "neutral",
    "sa": "sadness", "su": "surprise",
}  # fmt: skip
_NAME = re.compile(r"(?:(dc|je|jk|kl)_)?(a|d|f|h|n|sa|su)(\d{1,2})")


def load(root):
    """Return SAVEE's clip table; `statement` numbers the sentences of an emotion ("sa07").

    Where a clip's video and its separate wav both lie below `root`, they are one row.
    """
    return load_whole(SAVEE, root, _read)


def _read(recording):
    name = _NAME.fullmatch(recording.stem.lower())
    speakers = [name for name in reversed(recording.folders) if name.upper() in SAVEE.subjects]
    if not name or not (name[1] or speakers):
        return None
    subject = (name[1] or speakers[0]).upper()
    statement = f"{name[2]}{int(name[3]):02d}"
    return {
        "subject": subject,
        "emotion": _EMOTIONS[name[2]],
        "statement": statement,
        "sex": "male",
        "take": f"{subject}_{statement}",
    }
