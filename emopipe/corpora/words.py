"""A table's own words for emotions, splits and sexes, in the words of a clip table."""

import unicodedata
from collections import Counter
from pathlib import Path

import pandas as pd

from emopipe.corpora.clip_table import EMOTIONS, FURTHER_EMOTIONS, canonical
from emopipe.corpora.folder import CorpusError
from emopipe.text import shorten

_KNOWN = ", ".join(EMOTIONS + FURTHER_EMOTIONS)
_SPLITS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
    "dev": "val", "test": "test", "testing": "test",
}  # fmt: skip
_TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_SEXES = {"m": "male", "man": "male", "male": "male", "f": "female", "w": "female",
          "woman": "female", "female": "female"}  # fmt: skip


def emotions_of(labels, source, synonyms: dict) -> dict:
    """Return canonical emotions of labels, and why some are left out.

    Parameters
    ----------
    labels : iterable of str or None
    source : Path
        Where they stand, for messages.
    synonyms : dict of str to (str or None)
        See `load_table`.

    Returns
    -------
    dict
        emotion: list of str or None; left_out: list of str, "" where none is left out.
    """
    by_word = user_words(synonyms)

    def meaning(label):
        """Return its emotion, None where it is left out, "" where it is not known."""
        usual = canonical(label)
        return by_word.get(word_key(label), by_word.get(usual, usual or ""))

    labels = [None if pd.isna(label) else str(label).strip() for label in labels]
    emotions = [None if label is None else meaning(label) for label in labels]
    left_out = [
        f"emotion {label!r} is left out" if label is not None and emotion is None else ""
        for label, emotion in zip(labels, emotions, strict=True)
    ]
    unknown = Counter(
        label for label, emotion in zip(labels, emotions, strict=True) if emotion == ""
    )
    if unknown:
        counts = [f"{label!r} ({n} rows)" for label, n in unknown.most_common()]
        raise CorpusError(
            f"{source}: emotions that are not known: {shorten(counts, 8)}; known are {_KNOWN} and "
            'their usual forms. Translate others with synonyms={"word": "emotion"}, or leave them '
            'out with synonyms={"word": None}'
        )
    return {"emotion": emotions, "left_out": left_out}


def word_key(label) -> str:
    """Return what all ways to write a word for an emotion have in common."""
    return unicodedata.normalize("NFC", str(label)).strip().lower()


def user_words(synonyms: dict) -> dict:
    """Return somebody's own words in small letters with canonical emotions."""
    by_word = {}
    for word, target in synonyms.items():
        key = word_key(word)
        emotion = None if target is None else _target(str(target).strip(), synonyms)
        if by_word.setdefault(key, emotion) != emotion:
            raise CorpusError(f"synonyms: {key!r} stands for {by_word[key]!r} and for {emotion!r}")
    return by_word


def _target(target: str, synonyms: dict) -> str:
    if canonical(target):
        return canonical(target)
    if str(synonyms.get(target)) == target:
        return target
    raise CorpusError(
        f"synonyms: the emotion {target!r} is not known; known are {_KNOWN}. To keep it as an "
        f"emotion of its own, let it name itself as well: {{{target!r}: {target!r}}}"
    )


def translate(table: pd.DataFrame, source):
    """Change a table's own words for split, train_only and sex, and check names of clips."""
    if "clip" in table and table["clip"].duplicated().any():
        twice = table["clip"][table["clip"].duplicated()]
        raise CorpusError(f"{source}: names in column 'clip' occur twice: {shorten(twice, 3)}")
    for column, words in {"split": _SPLITS, "train_only": _TRUTHS}.items():
        if column in table and any(isinstance(value, str) for value in table[column]):
            table[column] = _words(table[column], words, column, source)
    if "train_only" in table:
        table["train_only"] = [pd.notna(value) and bool(value) for value in table["train_only"]]
    if "sex" in table:
        table["sex"] = [_SEXES.get(str(sex).strip().lower(), sex) for sex in table["sex"]]
    if "take" in table:
        _rename_takes(table, source)


def _rename_takes(table: pd.DataFrame, source):
    """Make of takes that number repetitions the column `repetition`: they name no recording."""
    people = table.get("subject", pd.Series(None, table.index)).astype(str)
    performances = people + "/" + table["emotion"].astype(str)
    if "repetition" not in table and performances.groupby(table["take"]).nunique().gt(1).any():
        table["repetition"] = table.pop("take")


def _words(values: pd.Series, words: dict, column: str, csv: Path) -> list:
    words_or_codes = [None if pd.isna(v) else words.get(v.strip().lower(), v) for v in values]
    unknown = sorted({v for v in words_or_codes if isinstance(v, str) and v not in words.values()})
    if unknown:
        raise CorpusError(
            f"{csv}: column {column!r} holds {shorten(map(repr, unknown))}; "
            f"it can hold {', '.join(words)}"
        )
    return words_or_codes
