"""The clip table: one row per clip, with the same columns for every corpus.

A pandas DataFrame with these columns and whatever else a corpus offers (intensity, statement,
repetition, sex, age, ethnicity, angle, gaze, votes, take, audio):

========== ===========================================================================
clip       unique name: the path relative to the root, with forward slashes
path       absolute path; the video where there is one, else the sound or the image
subject    who is heard and seen, e.g. "1001"; missing where the corpus does not say
emotion    canonical name, or missing
corpus     name of the corpus
split      "train", "val" or "test" where the corpus has official parts, else missing
media      "video" (a picture stream, with or without sound), "audio", "image"
train_only True for clips that may never be tested on
excluded   "" for a usable clip, otherwise why it is left out, in words
synthetic  True for invented clips
========== ===========================================================================
"""

import warnings

import numpy as np
import pandas as pd

from emopipe.corpora.folder import CorpusError, CorpusWarning
from emopipe.subjects import check_subject_names, subject_key, subject_names
from emopipe.text import shorten

EMOTIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
FURTHER_EMOTIONS = ("boredom", "calm", "contempt")
COLUMNS = ("clip", "path", "subject", "emotion", "corpus", "split", "media",
           "train_only", "excluded", "synthetic")  # fmt: skip
_DEFAULTS = {"subject": None, "split": None, "train_only": False, "excluded": "",
             "synthetic": False}  # fmt: skip
_SYNONYMS = {
    "anger": "angry ang",
    "disgust": "disgusted dis",
    "fear": "fearful afraid scared fea",
    "happiness": "happy joy joyful hap",
    "neutral": "neu",
    "sadness": "sad",
    "surprise": "surprised sur",
    "boredom": "bored bor",
    "calm": "calmness cal",
    "contempt": "contemptuous con",
}
_CANONICAL = {name: name for name in _SYNONYMS} | {
    synonym: name for name, synonyms in _SYNONYMS.items() for synonym in synonyms.split()
}


def canonical(label) -> str | None:
    """Return the canonical name of an emotion, None if the label is not known.

    Examples
    --------
    >>> canonical("Angry"), canonical(" surprised"), canonical("excited")
    ('anger', 'surprise', None)
    """
    return _CANONICAL.get(str(label).strip().lower())


def complete(table: pd.DataFrame) -> pd.DataFrame:
    """Return `table` with every column of a clip table, in order, and rows numbered from 0."""
    needed = [column for column in COLUMNS if column not in _DEFAULTS and column not in table]
    if needed:
        raise CorpusError(f"this is no clip table: it has no column {', '.join(needed)}")
    defaults = {column: v for column, v in _DEFAULTS.items() if column not in table}
    table = table.assign(**defaults).reset_index(drop=True)
    return table[[*COLUMNS, *(c for c in table if c not in COLUMNS)]]


def set_about(table: pd.DataFrame, corpus: str, *, complete=None, damaged=0):
    """Write into ``attrs["corpora"]`` what a corpus lacks; see `emopipe.corpora.load_corpus`."""
    about = {"complete": complete, "missing": 0, "damaged": damaged, "notices": []}
    table.attrs.setdefault("corpora", {})[corpus] = about


def with_notices(load) -> pd.DataFrame:
    """Return the clip table that `load()` gives, and note in it what was warned of.

    Warnings come from the line that called the caller of this function.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CorpusWarning)
        table = load()
    notices = []
    for warning in caught:
        warnings.warn(warning.message, warning.category, stacklevel=3)
        if isinstance(warning.message, CorpusWarning):
            notices.append(warning.message.notice)
    for about in table.attrs["corpora"].values():
        about["notices"] += notices
    return table


def _merged_about(tables) -> dict:
    """Return what several tables' corpora lack, each text once."""
    merged: dict = {}
    for table in tables:
        for corpus, about in table.attrs.get("corpora", {}).items():
            before = merged.setdefault(corpus, dict.fromkeys(about) | {"notices": []})
            for field, value in about.items():
                if field == "notices":
                    before[field] += [text for text in value if text not in before[field]]
                elif value is not None:
                    before[field] = (before[field] or 0) + value
    return merged


def usable(clips: pd.DataFrame) -> pd.DataFrame:
    """Return the clips that are not excluded and whose emotion is known, renumbered from 0.

    Parameters
    ----------
    clips : DataFrame
        A clip table.

    Returns
    -------
    DataFrame
        A clip table; `clip` still tells which row was which.

    Raises
    ------
    TypeError
        If clips is no DataFrame.

    See Also
    --------
    combine : Several tables as one.
    sample_per_emotion : A balanced sample.

    Examples
    --------
    >>> import pandas as pd
    >>> from emopipe import usable
    >>> usable(pd.DataFrame({"clip": ["a", "b"], "emotion": ["fear", None], "excluded": ["", ""]}))
      clip emotion excluded
    0    a    fear
    """
    if not isinstance(clips, pd.DataFrame):
        raise TypeError(
            f"clips is a {type(clips).__name__}: give a clip table, from load_corpus or load_table"
        )
    keep = clips["excluded"].eq("") & clips["emotion"].notna() & clips["emotion"].ne("")
    return clips[keep].reset_index(drop=True)


def combine(*tables: pd.DataFrame) -> pd.DataFrame:
    """Put clip tables under one another without mixing up clips or people.

    Two corpora may both have a subject "03", who are two persons, and a clip "s1/an1.avi".
    Where that is so, the names of those corpora's subjects (or clips) get the corpus in
    front: "ravdess/03", "emodb/03". Within one corpus equal names stay one person, so parts
    of a corpus (two channels, two splits) may be loaded apart and combined. Rows that occur
    twice with the same path are kept once, with a warning. Subjects are text afterwards. What the
    corpora lack (``attrs["corpora"]``, see `load_corpus`) is added up.

    Parameters
    ----------
    *tables : DataFrame
        Clip tables, also such as come from `combine`.

    Returns
    -------
    DataFrame
        A clip table with the columns of all, missing where a corpus does not offer one.

    Raises
    ------
    CorpusError
        One of them is no clip table, two different files of one corpus bear the same name, or a
        person of one corpus has two names, such as "1" and "01".

    See Also
    --------
    load_corpus : A known corpus.
    load_table : A table of your own clips.
    usable : Leaves out excluded clips.

    Examples
    --------
    >>> import pandas as pd
    >>> from emopipe import combine
    >>> row = {"path": "x", "emotion": "fear", "media": "audio", "subject": "03"}
    >>> a = pd.DataFrame([row | {"clip": "1.wav", "corpus": "ravdess"}])
    >>> b = pd.DataFrame([row | {"clip": "2.wav", "corpus": "emodb", "path": "y"}])
    >>> combine(a, b)["subject"].tolist()
    ['ravdess/03', 'emodb/03']
    """
    if not tables:
        raise CorpusError("combine() needs at least one clip table")
    table = complete(pd.concat(map(complete, tables)))
    table = _without_repeated_rows(table)
    table["subject"] = _distinct(table["corpus"], subject_names(table["subject"]), subject_key)
    table["clip"] = _distinct(table["corpus"], table["clip"].astype(str))
    check_people(table)
    table.attrs["corpora"] = _merged_about(tables)
    twice = table["clip"][table["clip"].duplicated()]
    if len(twice):
        raise CorpusError(
            f"{len(twice)} clip names stand for two files of one corpus ({shorten(twice, 3)}): "
            "give one of the tables another name first, with table.assign(corpus=...)"
        )
    return table


def _without_repeated_rows(table: pd.DataFrame) -> pd.DataFrame:
    # Rows without a file (votes alone) repeat themselves by name.
    key = table["path"].where(table["path"].notna(), table["corpus"] + "/" + table["clip"])
    repeated = key.duplicated()
    if repeated.any():
        warnings.warn(
            f"{repeated.sum()} recordings occur in more than one of the combined tables "
            f"({shorten(table['clip'][repeated], 3)}); their first rows are kept",
            CorpusWarning,
            stacklevel=3,
        )
    return table[~repeated].reset_index(drop=True)


def check_people(table: pd.DataFrame, source: str = ""):
    """Raise CorpusError where a person of one corpus has two names."""
    for corpus, rows in table.groupby("corpus", sort=False):
        try:
            check_subject_names(subject_names(rows["subject"]))
        except ValueError as error:
            raise CorpusError(f"{source or corpus}: {error}") from None


def _distinct(corpora, names, key=str) -> list:
    """Return names with their corpus in front where another corpus has a name of the same key."""
    pairs = [
        (corpus, name and name.removeprefix(f"{corpus}/"))
        for corpus, name in zip(corpora, names, strict=True)
    ]
    owners: dict = {}
    for corpus, name in pairs:
        if name is not None:
            owners.setdefault(key(name), set()).add(corpus)
    # A corpus whose names were made distinct before keeps that, or one person would be two.
    clashing = {
        corpus
        for (corpus, name), now in zip(pairs, names, strict=True)
        if name is not None and (len(owners[key(name)]) > 1 or name != now)
    }
    return [
        f"{corpus}/{name}" if name is not None and corpus in clashing else name
        for corpus, name in pairs
    ]


def sample_per_emotion(clips: pd.DataFrame, n, *, random_state: int = 0) -> pd.DataFrame:
    """Return at random `n` usable clips of every emotion, in the order of the table.

    Parameters
    ----------
    clips : DataFrame
        A clip table.
    n : int or dict of str to int
        Clips per emotion; a dict names the emotions to keep and how many of each.
    random_state : int
        Seed of the drawing.

    Returns
    -------
    DataFrame
        A clip table. An emotion with fewer clips than asked for gives all it has, with a
        `CorpusWarning`.

    See Also
    --------
    usable : Leaves out excluded clips.

    Examples
    --------
    >>> import pandas as pd
    >>> from emopipe import sample_per_emotion
    >>> emotions = ["fear"] * 5 + ["anger"] * 3
    >>> clips = pd.DataFrame({"clip": range(8), "emotion": emotions, "excluded": ""})
    >>> sample_per_emotion(clips, 2)["emotion"].tolist()
    ['fear', 'fear', 'anger', 'anger']
    """
    clips = usable(clips)
    counts = n if isinstance(n, dict) else dict.fromkeys(sorted(clips["emotion"].unique()), n)
    random = np.random.default_rng(random_state)
    rows, scarce = [], []
    for emotion, count in counts.items():
        there = np.flatnonzero(clips["emotion"] == emotion)
        if len(there) < count:
            scarce.append(f"{emotion} {len(there)} of {count}")
        rows.extend(random.permutation(there)[:count])
    if scarce:
        warnings.warn(
            f"fewer clips than asked for: {', '.join(scarce)}", CorpusWarning, stacklevel=2
        )
    return clips.iloc[sorted(rows)].reset_index(drop=True)
