"""The types of a synthetic corpus: clips, and the layout that names their files."""

from collections.abc import Callable
from dataclasses import dataclass, field

Oddities = bool


@dataclass(frozen=True)
class Clip:
    """One performance and the files that it is written to (relative to the root).

    `kind` is "clip" for an ordinary one, else how it is spoilt: "no_face" (neither sound nor face),
    "cut_off" (after a few frames),
    "medley" (several emotions, too long) or "pointer" (what Git LFS leaves in an unfetched clone).
    `angle` is the camera's in degrees, 90 being frontal; `gaze` is -1, 0 or 1, the way that the
    eyes look in the picture. `take` counts the clips of one subject and emotion in a corpus.
    """

    files: tuple[str, ...]
    subject: str
    emotion: str
    strength: float = 1.0
    angle: int = 90
    gaze: int = 0
    grey: bool = False
    stereo: bool = False
    kind: str = "clip"
    take: int = 0

    @property
    def name(self) -> str:
        """Name of the first file without its suffix, "1001_DFA_ANG_XX"."""
        return self.files[0].rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _nothing(*_) -> list[Clip]:
    return []


@dataclass(frozen=True)
class Layout:
    """What a synthetic corpus needs to know about the corpus that it imitates.

    `codes` maps the canonical emotions to the corpus' own; `odd` are the subjects whose files have
    odd names. `takes` (subject, emotion, oddities) lists the usable clips, `song` those of RAVDESS'
    second channel, and `extras` (subjects) clips that a loader must leave out. `sexes` and `ages`
    (years) are given where the corpus says so.
    """

    codes: dict[str, str]
    subjects: tuple[str, ...]
    takes: Callable[[str, str, Oddities], list[Clip]]
    modalities: tuple[str, ...] = ("voice", "face")
    odd: tuple[str, ...] = ()
    song: Callable[[str, str, Oddities], list[Clip]] = _nothing
    extras: Callable[[tuple[str, ...]], list[Clip]] = _nothing
    sexes: dict[str, str] = field(default_factory=dict)
    ages: dict[str, int] = field(default_factory=dict)

    def first_subjects(self, n: int, oddities: Oddities) -> tuple[str, ...]:
        """Return the `n` subjects of a small corpus; the odd ones fill up its end."""
        odd = self.odd[: n - 1] if oddities else ()
        plain = [subject for subject in self.subjects if subject not in odd]
        chosen = {*plain[: n - len(odd)], *odd}
        return tuple(subject for subject in self.subjects if subject in chosen)
