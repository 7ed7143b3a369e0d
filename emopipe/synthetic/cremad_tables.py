"""The tables beside CREMA-D's recordings, with simulated actors' data and simulated voters."""

import csv
from pathlib import Path

import numpy as np

from emopipe.synthetic.layouts import CREMAD_CODES
from emopipe.synthetic.people import Person

_LETTERS = {emotion: code[0] for emotion, code in CREMAD_CODES.items()}
_SCALES = ["Emo", "Anger", "Disgust", "Fear", "Happy", "Neutral", "Sad"]
_TASKS = {"voice": 1, "face": 2, "both": 3}
TABLES = (
    "VideoDemographics.csv",
    "SentenceFilenames.csv",
    "processedResults/tabulatedVotes.csv",
    "processedResults/summaryTable.csv",
)
# How many voters see what is shown, after what CREMA-D's voters achieved (Cao et al., 2014).
_ACUITY = {"voice": 0.5, "face": 0.68, "both": 0.75}


def _chances(task: str, voice: str, face: str) -> np.ndarray:
    """Return how probable each of the six answers is: those who err mostly say neutral."""
    emotions = {"voice": [voice], "face": [face], "both": [face, voice]}[task]
    chances = np.full(len(_LETTERS), 0.5 / len(_LETTERS))
    chances[list(_LETTERS).index("neutral")] += 0.5
    chances *= 1 - _ACUITY[task]
    for emotion in emotions:
        chances[list(_LETTERS).index(emotion)] += _ACUITY[task] / len(emotions)
    return chances


def _draw_tie(rng) -> np.ndarray:
    counts = np.zeros(len(_LETTERS), int)
    counts[rng.permutation(len(_LETTERS))[:2]] = 5
    return counts


def _vote_row(number: int, name: str, counts: np.ndarray, rng) -> list:
    most = [letter for letter, n in zip(_LETTERS.values(), counts, strict=True)
            if n == counts.max()]  # fmt: skip
    levels = np.where(counts > 0, np.round(rng.uniform(40, 90, len(counts)), 2), -1)
    overall = round(float((levels * counts).sum() / counts.sum()), 2)
    ratings = [overall, *levels.tolist(), round(overall)]
    n = int(counts.sum())
    agreement = round(counts.max() / n, 4)
    return [number, *counts.tolist(), name, n, agreement, ":".join(most), *ratings, *ratings]


def _write(path: Path, header: list[str], rows: list[list]):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="") as stream:
        writer = csv.writer(stream, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
        writer.writerows([header, *rows])


def write_cremad_tables(
    root: Path, performances: dict[str, tuple[str, str]], people: dict[str, Person], seed: int
):
    """Write VideoDemographics.csv, SentenceFilenames.csv and the two tables of votes.

    Parameters
    ----------
    root : Path
    performances : dict
        Clip's name -> emotions of its voice and of its face: voters are asked about what they
        hear, see, or both, not about what the clip is labelled with.
    people : dict
        Actor -> Person.
    seed : int

    Notes
    -----
    Of the first clips one is tied in each of the three tasks; others are tied as the votes fall.
    """
    rng = np.random.default_rng([seed, 2014])
    races = ["Caucasian", "Caucasian", "African American", "Asian", "Unknown"]
    actors = [
        [int(subject), person.age, person.sex.capitalize(), races[int(rng.integers(5))],
         "Not Hispanic" if rng.random() < 0.9 else "Hispanic"]
        for subject, person in sorted(people.items())
    ]  # fmt: skip
    names = sorted(performances)
    votes, winners = [], {name: [] for name in names}
    for task, digit in _TASKS.items():
        for k, name in enumerate(names):
            counts = rng.multinomial(rng.integers(8, 13), _chances(task, *performances[name]))
            if k == digit - 1:
                counts = _draw_tie(rng)
            row = _vote_row(100_000 * digit + k + 1, name, counts, rng)
            votes.append([str(row[0]), *row[1:]])
            winners[name] += [row[10], str(row[11])]
    summary = [[str(k + 1), name, *winners[name]] for k, name in enumerate(names)]
    scales = [f"mean{scale}Resp" for scale in _SCALES] + ["medianEmoResp"]
    scales += [f"mean{scale}RespNorm" for scale in _SCALES] + ["medianEmoRespNorm"]
    head = ["", *_LETTERS.values(), "fileName", "numResponses", "agreement", "emoVote", *scales]
    answers = ["VoiceVote", "VoiceLevel", "FaceVote", "FaceLevel"]
    tables = [
        (["ActorID", "Age", "Sex", "Race", "Ethnicity"], actors),
        (["Stimulus_Number", "Filename"], [[k + 1, name] for k, name in enumerate(names)]),
        (head, votes),
        (["", "FileName", *answers, "MultiModalVote", "MultiModalLevel"], summary),
    ]
    for name, (header, rows) in zip(TABLES, tables, strict=True):
        _write(root / name, header, rows)
