"""Make a synthetic corpus: the public function, and checks of its parameters."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emopipe.files import expand_user
from emopipe.parameters import check_one_of
from emopipe.progress import progress_bar
from emopipe.synthetic.clip import Layout
from emopipe.synthetic.cremad_tables import TABLES, write_cremad_tables
from emopipe.synthetic.layouts import LAYOUTS
from emopipe.synthetic.marker import begin, finish, is_complete
from emopipe.synthetic.people import draw_person
from emopipe.synthetic.performances import check_informative, choose_clips, choose_performance
from emopipe.synthetic.recorder import Recorder

# Raised when the drawing changes, so that corpora drawn before are redone.
DRAWING = 1


def make_synthetic_corpus(
    root,
    *,
    layout: str = "cremad",
    subjects: int | Sequence[str] = 4,
    emotions: Sequence[str] | None = None,
    clips_per_emotion: int = 1,
    duration: float | tuple[float, float] = 1.5,
    informative: str | Sequence[str] = ("voice", "face"),
    size: tuple[int, int] = (240, 320),
    frame_rate: float = 25.0,
    oddities: bool = True,
    song: bool = False,
    seed: int = 0,
    progress: bool = False,
) -> Path:
    """Write a corpus of drawn faces and synthesised voices, named like a real corpus.

    The files are real media (films, sounds, pictures) that `emopipe.corpora.load_corpus` reads
    like the corpus imitated. The same arguments give the same pictures and samples; a clip is the
    same in a small and in a large corpus of one seed. A root that already holds the corpus asked
    for is left alone; an interrupted or a different synthetic corpus there is replaced.

    Parameters
    ----------
    root : str or Path
        A new or empty folder, or that of an earlier synthetic corpus.
    layout : str
        The corpus to imitate: "afew", "cremad", "emodb", "enterface", "jaffe", "rafd",
        "ravdess", "rml", "savee" or "sfew".
    subjects : int or sequence of str
        How many people, or which of the corpus' subjects. AFEW and SFEW name nobody: there they
        are the people drawn, each in one of the official parts (of five, three in Train, one in
        Val, one in Test).
    emotions : sequence of str, optional
        Canonical names; all that the corpus has if None.
    clips_per_emotion : int
        Clips of each subject and emotion; fewer where the real corpus has fewer.
    duration : float or tuple of float
        Length of a clip in seconds, or limits between which each clip's is drawn.
    informative : "voice", "face", ("voice", "face"), () or "split"
        Which modality expresses the labelled emotion; the other expresses one drawn at random.
        "split": the first half of `emotions` is told apart by the voice alone, the rest by the
        face alone (`emopipe.synthetic.performances.choose_performance`).
    size : tuple of int
        Rows and columns of the pictures, even numbers.
    frame_rate : float
        Frames per second.
    oddities : bool
        Include the documented oddities of the corpus: strange file names, stereo sounds, and
        clips known to be bad or never fetched. Loaders exclude the latter, so the number of
        usable clips does not depend on this.
    song : bool
        RAVDESS only: the sung clips, too.
    seed : int
        Not negative.
    progress : bool
        Show a progress bar.

    Returns
    -------
    Path
        The absolute root. It holds SYNTHETIC.json, which says what the corpus is.

    Raises
    ------
    ValueError
        A parameter is out of range or not known.
    FileExistsError
        The root holds files that are not a synthetic corpus.

    See Also
    --------
    load_corpus : A known corpus.

    Examples
    --------
    >>> import tempfile
    >>> from emopipe import make_synthetic_corpus
    >>> root = make_synthetic_corpus(
    ...     tempfile.mkdtemp(), layout="emodb", subjects=2, emotions=["anger"], duration=0.5
    ... )
    >>> sorted(path.name for path in root.rglob("*.wav"))
    ['03a01Wa.wav', '08a01Wa.wav']
    """
    plan = _layout(layout)
    emotions = _emotions(plan, layout, emotions)
    people = _subjects(plan, layout, subjects, oddities)
    parameters = {
        "layout": layout,
        "subjects": list(people),
        "emotions": list(emotions),
        "clips_per_emotion": clips_per_emotion,
        "duration": list(_duration(duration)),
        "informative": list(check_informative(informative, plan, layout, emotions)),
        "size": list(_size(size)),
        "frame_rate": _frame_rate(frame_rate),
        "oddities": bool(oddities),
        "song": _song(song, layout),
        "seed": int(seed),
        "drawing": DRAWING,
    }
    clips = choose_clips(
        plan, people, emotions, clips_per_emotion, song=song, oddities=bool(oddities)
    )
    clips += plan.extras(people) if oddities else []
    root = expand_user(root).absolute()
    if not is_complete(root, parameters):
        _write(root, plan, clips, parameters, progress)
    return root


def _write(root: Path, plan: Layout, clips, parameters: dict, progress: bool):
    seed, layout = parameters["seed"], parameters["layout"]
    files = [name for clip in clips for name in clip.files]
    tables = TABLES if layout == "cremad" else ()
    begin(root, parameters, [*files, *tables])
    recorder = Recorder(
        root,
        size=tuple(parameters["size"]),
        frame_rate=parameters["frame_rate"],
        duration=tuple(parameters["duration"]),
        seed=seed,
    )
    people, performances = {}, {}
    with progress_bar(len(clips), f"drawing {layout}", "clip", visible=progress) as bar:
        for clip in clips:
            who = clip.subject
            if who not in people:
                sex, age = plan.sexes.get(who), plan.ages.get(who)
                people[who] = draw_person(f"{layout} {who}", seed, sex=sex, age=age)
            performance = choose_performance(
                clip, tuple(parameters["informative"]), parameters["emotions"], seed
            )
            recorder.record(performance, people[who])
            performances[clip.name] = performance[1:]
            bar.update()
    if tables:
        write_cremad_tables(root, performances, people, seed)
    finish(root, parameters, [*files, *tables])


def _layout(name: str) -> Layout:
    check_one_of("layout", name, sorted(LAYOUTS))
    return LAYOUTS[name]


def _emotions(plan: Layout, layout: str, emotions) -> tuple[str, ...]:
    chosen = tuple(plan.codes) if emotions is None else tuple(emotions)
    foreign = [emotion for emotion in chosen if emotion not in plan.codes]
    if foreign or not chosen or len(set(chosen)) < len(chosen):
        raise ValueError(
            f"emotions={emotions!r}: layout {layout!r} takes one or more of "
            f"{', '.join(plan.codes)}, each once"
        )
    return chosen


def _subjects(plan: Layout, layout: str, subjects, oddities) -> tuple[str, ...]:
    if isinstance(subjects, (int, np.integer)):
        if not 1 <= subjects <= len(plan.subjects):
            raise ValueError(
                f"subjects={subjects}: layout {layout!r} has 1 to {len(plan.subjects)} subjects"
            )
        return plan.first_subjects(int(subjects), bool(oddities))
    chosen = tuple(str(subject) for subject in subjects)
    foreign = [subject for subject in chosen if subject not in plan.subjects]
    if foreign or not chosen or len(set(chosen)) < len(chosen):
        raise ValueError(
            f"subjects={subjects!r}: layout {layout!r} takes a number or names from "
            f"{plan.subjects[0]!r} to {plan.subjects[-1]!r}, each once"
        )
    return chosen


def _duration(duration) -> tuple[float, float]:
    limits = np.broadcast_to(np.asarray(duration, float), 2)
    if not 0.2 <= limits[0] <= limits[1] <= 600:
        raise ValueError(
            f"duration={duration!r}: seconds, or (shortest, longest), between 0.2 and 600"
        )
    return float(limits[0]), float(limits[1])


def _size(size) -> tuple[int, int]:
    rows, columns = size
    if min(rows, columns) < 64 or rows % 2 or columns % 2:
        raise ValueError(f"size={size!r}: rows and columns, even numbers of 64 or more")
    return int(rows), int(columns)


def _frame_rate(frame_rate) -> float:
    if not 1 <= frame_rate <= 240:
        raise ValueError(f"frame_rate={frame_rate!r}: frames per second between 1 and 240")
    return float(frame_rate)


def _song(song, layout: str) -> bool:
    if song and layout != "ravdess":
        raise ValueError(f"song=True: layout {layout!r} has no songs; only 'ravdess' has")
    return bool(song)
