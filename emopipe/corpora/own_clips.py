"""Your own clips: a table, a folder per emotion, or file names that follow a pattern."""

import os
import warnings
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from emopipe.corpora import audformat
from emopipe.corpora.clip_table import canonical, check_people, with_notices
from emopipe.corpora.folder import CorpusError, Folder, Recording, scan
from emopipe.corpora.loading import Corpus, Description, build, warn
from emopipe.corpora.name_pattern import NamePattern
from emopipe.corpora.table_file import load_table
from emopipe.corpora.table_text import SPREADSHEETS
from emopipe.corpora.words import emotions_of, translate, user_words, word_key
from emopipe.files import expand_user
from emopipe.text import shorten

_TABLES = (".csv", ".tsv", ".txt", ".parquet", *SPREADSHEETS)
_BY_FOLDER = "happy/a.wav (a folder per emotion)"
# In messages on the command line: what stands for a parameter.
_FLAGS = {
    'synonyms={"word": "emotion"}': "--codes word=emotion",
    'synonyms={"word": None}': "--codes word=",
    "pattern=": "--pattern ",
    "synonyms: ": "--codes: ",
}


class OwnClips(NamedTuple):
    """Where somebody's own clips are, and how to read them; `load_corpus` takes it as root.

    Attributes
    ----------
    root : str or Path
        A table, or a folder.
    pattern : str, optional
        Of the file names in a folder.
    synonyms : dict, optional
        Codes or words for emotions.
    flags : bool
        Whether errors and warnings name flags of the command line.
    """

    root: str | Path
    pattern: str | None = None
    synonyms: dict | None = None
    flags: bool = False

    def load(self, corpus: str) -> pd.DataFrame:
        """Return the clip table."""
        if not self.flags:
            return self._load(corpus)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                table = self._load(corpus)
            except (CorpusError, FileNotFoundError) as error:
                raise type(error)(_with_flags(error)) from None
        for warning in caught:
            warning.message.args = (_with_flags(warning.message),)
            warnings.warn(warning.message, warning.category, stacklevel=3)
        return table

    def _load(self, corpus):
        if not is_table(self.root):
            return load_folder(
                self.root, pattern=self.pattern, corpus=corpus, synonyms=self.synonyms
            )
        if self.pattern:
            raise CorpusError(f"pattern={self.pattern!r} is for folders; {self.root} is none")
        return load_table(self.root, corpus=corpus, synonyms=self.synonyms)


def _with_flags(message) -> str:
    text = str(message)
    for words, flag in _FLAGS.items():
        text = text.replace(words, flag)
    return text


def is_table(root) -> bool:
    """Say whether a path means a table, by its suffix."""
    root = expand_user(root)
    return root.suffix.lower() in _TABLES and not root.is_dir()


def load_folder(root, *, pattern=None, corpus=None, synonyms=None) -> pd.DataFrame:
    """Return the clip table of a folder with a folder per emotion, or of files named by a pattern.

    Parameters
    ----------
    root : str or Path
        The folder; a database of audformat (db.yaml beside its tables) is read as such.
    pattern : str, optional
        How files are named, such as ``"{subject}-{statement}-{emotion}_{take}.mp4"``: fields become
        columns, ``{}`` and ``*`` stand for anything, slashes for folders. Without a pattern, the
        nearest folder that is named like an emotion tells it, and subjects are unknown.
    corpus : str, optional
        Name of the collection; the folder's name by default.
    synonyms : dict of str to (str or None), optional
        Codes or words for emotions, as in `load_table`: ``{"01": "neutral", "02": "sad"}``.

    Returns
    -------
    DataFrame
        A clip table. A recording with pictures and one with sound alone, of the same name in the
        same folder, are one clip.

    Raises
    ------
    FileNotFoundError, NotADirectoryError
        `root` is not there, or is a file.
    CorpusError
        No file matches, a code stands for no emotion, or a person has two names.
    ValueError
        The pattern cannot be read.

    See Also
    --------
    load_table : clips that a table describes.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from emopipe import load_folder
    >>> root = Path(tempfile.mkdtemp())
    >>> _ = (root / "01-02-03_01.wav").write_bytes(b"RIFF")
    >>> codes = {"03": "happy"}
    >>> clips = load_folder(root, pattern="{subject}-{}-{emotion}_{take}.wav", synonyms=codes)
    >>> clips[["clip", "subject", "emotion", "repetition"]]
                  clip subject    emotion repetition
    0  01-02-03_01.wav      01  happiness         01
    """
    return with_notices(lambda: _load(root, pattern, corpus, synonyms or {}))


def _load(root, pattern, corpus, synonyms) -> pd.DataFrame:
    folder = scan(root)
    name = corpus or folder.root.name
    if pattern is None and audformat.is_database(folder.root):
        return audformat.load(folder.root, name, synonyms)
    read = _by_folder(folder, synonyms) if pattern is None else _by_pattern(NamePattern(pattern))
    example = _BY_FOLDER if pattern is None else pattern
    if not any(read(recording) for recording in folder.recordings):
        raise CorpusError(_no_match(folder, pattern))
    title = Description(title=f"{name}", layout=example, request="", licence="", paper="")
    description = Corpus(name=name, about=title, media=("video", "audio", "image"), example=example)
    table = build(description, folder, read)
    emotions = emotions_of(table["emotion"], folder.root, synonyms)
    table["emotion"] = emotions["emotion"]
    table["excluded"] = [
        reason or left_out
        for reason, left_out in zip(table["excluded"], emotions["left_out"], strict=True)
    ]
    table = table.drop(columns="take")
    translate(table, folder.root)
    if table["subject"].isna().all():
        warn(
            description,
            folder,
            "subjects are unknown: tell them by pattern='{subject}/{emotion}/*'",
        )
    check_people(table, str(folder.root))
    return table


def _by_pattern(pattern: NamePattern):
    """Return a function Recording -> columns by a pattern of names."""
    if {"take", "repetition"} <= set(pattern.fields):
        raise ValueError(
            f"the pattern {pattern.text!r} has {{take}} and {{repetition}}: one of them"
        )

    def read(recording: Recording) -> dict | None:
        fields = pattern.match(recording.clip)
        if fields is None:
            return None
        if "take" in fields:  # a number among takes of a sentence, no name of a recording
            fields["repetition"] = fields.pop("take")
        return {"subject": None} | fields | {"take": os.path.splitext(recording.clip)[0]}

    return read


def _by_folder(folder: Folder, synonyms: dict):
    """Return a function Recording -> columns by the nearest folder that is named like an emotion.

    Where a folder holds such folders, its others are taken for emotions, too, so that one that is
    not known is refused and not left out unseen.
    """
    synonyms_by_word = user_words(synonyms)

    def is_emotion(name):
        return word_key(name) in synonyms_by_word or canonical(name) is not None

    def emotion_level(recording):
        levels = range(len(recording.folders) - 1, 0, -1)
        return next((n for n in levels if is_emotion(recording.folders[n])), None)

    parents = {r.folders[:n] for r in folder.recordings if (n := emotion_level(r)) is not None}

    def read(recording: Recording) -> dict | None:
        n = emotion_level(recording)
        if n is None:
            depths = range(1, len(recording.folders))
            n = next((k for k in depths if recording.folders[:k] in parents), None)
        if n is None:
            return None
        return {
            "subject": None,
            "emotion": recording.folders[n],
            "take": os.path.splitext(recording.clip)[0],
        }

    return read


def _no_match(folder: Folder, pattern: str | None) -> str:
    if not folder.recordings:
        return f"no recording below {folder.root} (it has {folder.leftovers or 'nothing'})"
    names = [recording.clip for recording in folder.recordings]
    if pattern is not None:
        return (
            f"none of {len(names)} recordings below {folder.root} is named like {pattern!r}: "
            f"{shorten(names, 3)}"
        )
    folders = Counter(recording.folders[-1] for recording in folder.recordings)
    counts = [f"{name!r} ({n} files)" for name, n in folders.most_common()]
    return (
        f"no folder below {folder.root} is named like an emotion: its recordings lie in "
        f'{shorten(counts)}. Translate names with synonyms={{"word": "emotion"}}, explain file '
        "names with pattern='{subject}_{emotion}.wav', or write a table (`emopipe corpora csv`)"
    )
