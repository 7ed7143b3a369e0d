"""Which clips a synthetic corpus has, and what each shows to the ear and to the eye."""

from typing import NamedTuple
from zlib import crc32

import numpy as np

from emopipe.corpora.synthetic.clip import Clip, Layout

INFORMATIVE = ("voice", "face")


class Performance(NamedTuple):
    """A clip, and the emotions that its voice and its face express."""

    clip: Clip
    voice: str
    face: str


def check_informative(informative, layout: Layout, name: str, emotions) -> tuple[str, ...]:
    """Return the modalities that carry the emotion, or ("split",)."""
    asked = (informative,) if isinstance(informative, str) else tuple(informative)
    if asked == ("split",):
        if len(layout.modalities) < 2 or len(emotions) < 4:
            raise ValueError(
                f"informative='split' needs voices and faces and four emotions; layout {name!r} "
                f"has {' and '.join(layout.modalities)}, emotions are {', '.join(emotions)}"
            )
    elif not set(asked) <= set(INFORMATIVE):
        raise ValueError(
            f"informative={informative!r} is not known; it can be 'voice', 'face', "
            "('voice', 'face'), () or 'split'"
        )
    return asked


def choose_clips(
    layout: Layout,
    subjects: tuple[str, ...],
    emotions: tuple[str, ...],
    clips_per_emotion: int,
    *,
    song: bool = False,
    oddities: bool = True,
) -> list[Clip]:
    """Return the usable clips: the first of every subject and emotion, as many as there are."""
    channels = (layout.takes, layout.song) if song else (layout.takes,)
    lists = [
        takes(subject, emotion, oddities)
        for subject in subjects
        for emotion in emotions
        for takes in channels
    ]
    most = max(map(len, lists))
    if not 1 <= clips_per_emotion <= most:
        raise ValueError(
            f"clips_per_emotion={clips_per_emotion}: this layout has names for 1 to {most} clips "
            "of each subject and emotion"
        )
    return [clip for clips in lists for clip in clips[:clips_per_emotion]]


def cast(clip: Clip, informative: tuple[str, ...], emotions, seed: int) -> Performance:
    """Decide what a clip's voice and face express.

    A modality that is not informative expresses an emotion drawn at random, whatever the label.
    With ("split",) the first half of `emotions` (rounded up) is told apart by the voice alone and
    the rest by the face alone: a clip of the first half has its own emotion's voice and the face
    of any emotion of that half, a clip of the second half the reverse. Of n emotions, a perfect
    recogniser of one modality then gets about (n / 2 + 1) / n right, and only both get all.

    Examples
    --------
    >>> clip = Clip(("a.wav",), "1", "anger")
    >>> cast(clip, ("voice", "face"), ["anger", "fear"], seed=0)[1:]
    ('anger', 'anger')
    """
    rng = np.random.default_rng([seed, crc32(clip.name.encode()), 3])
    emotions, own = list(emotions), clip.emotion
    heard = seen = own
    if informative == ("split",) and own in emotions:
        middle = (len(emotions) + 1) // 2
        by_voice = emotions.index(own) < middle
        half = emotions[:middle] if by_voice else emotions[middle:]
        other = str(rng.choice(half))
        heard, seen = (own, other) if by_voice else (other, own)
    elif informative != ("split",):
        heard, seen = str(rng.choice(emotions)), str(rng.choice(emotions))
        heard = own if "voice" in informative else heard
        seen = own if "face" in informative else seen
    return Performance(clip, heard, seen)
