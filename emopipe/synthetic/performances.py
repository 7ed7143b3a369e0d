"""Choose the clips of a synthetic corpus, and the emotion in each voice and each face."""

from dataclasses import replace
from typing import NamedTuple
from zlib import crc32

import numpy as np

from emopipe.synthetic.clip import Clip, Layout

INFORMATIVE = ("voice", "face")


class Performance(NamedTuple):
    """A clip, and the emotions that its voice and its face express."""

    clip: Clip
    voice: str
    face: str


def check_informative(informative, layout: Layout, name: str, emotions) -> tuple[str, ...]:
    """Return the modalities that carry the emotion, or ("split",)."""
    modalities = (informative,) if isinstance(informative, str) else tuple(informative)
    if modalities == ("split",):
        if len(layout.modalities) < 2 or len(emotions) < 4:
            raise ValueError(
                f"informative='split' needs voices and faces and four emotions; layout {name!r} "
                f"has {' and '.join(layout.modalities)}, emotions are {', '.join(emotions)}"
            )
    elif not set(modalities) <= set(INFORMATIVE):
        raise ValueError(
            f"informative={informative!r} is not known; it can be 'voice', 'face', "
            "('voice', 'face'), () or 'split'"
        )
    return modalities


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
    return [
        replace(clip, take=take)
        for clips in lists
        for take, clip in enumerate(clips[:clips_per_emotion])
    ]


def _exchange_emotions(emotions: list[str], rng) -> dict[str, str]:
    """Return what each emotion is exchanged for: a random order that leaves one in its place.

    Each exchange is equally likely and 1 in n is none, exactly: in small corpora, too, a modality
    that tells nothing about the label agrees with it no more and no less often than chance.
    """
    n = len(emotions)
    if n < 3:
        return dict(zip(emotions, rng.permutation(emotions).tolist(), strict=True))
    order = np.arange(n)
    while (order == np.arange(n)).sum() != 1:
        order = rng.permutation(n)
    return {emotion: emotions[k] for emotion, k in zip(emotions, order, strict=True)}


def choose_performance(
    clip: Clip, informative: tuple[str, ...], emotions, seed: int
) -> Performance:
    """Decide what a clip's voice and face express.

    A modality that is not informative expresses an emotion drawn at random, whatever the label.
    With ("split",) the first half of `emotions` (rounded up) is told apart by the voice alone and
    the rest by the face alone: a clip of the first half has its own emotion's voice and the face
    of any emotion of that half, a clip of the second half the reverse. Of n emotions, a perfect
    recogniser of one modality then gets about (n / 2 + 1) / n right, and only both get all.

    Examples
    --------
    >>> clip = Clip(("a.wav",), "1", "anger")
    >>> choose_performance(clip, ("voice", "face"), ["anger", "fear"], seed=0)[1:]
    ('anger', 'anger')
    """
    label, emotions = clip.emotion, list(emotions)
    if label not in emotions:
        return Performance(clip, label, label)
    rng = np.random.default_rng([seed, crc32(clip.subject.encode()), clip.take, 3])
    middle = (len(emotions) + 1) // 2
    halves = emotions[:middle], emotions[middle:]
    if informative == ("split",):
        other = _exchange_emotions(halves[0], rng) | _exchange_emotions(halves[1], rng)
        by_voice = label in halves[0]
        return Performance(
            clip, label if by_voice else other[label], other[label] if by_voice else label
        )
    voice_emotion, face_emotion = (
        _exchange_emotions(emotions, rng)[label],
        _exchange_emotions(emotions, rng)[label],
    )
    return Performance(
        clip,
        label if "voice" in informative else voice_emotion,
        label if "face" in informative else face_emotion,
    )
