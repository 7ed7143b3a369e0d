"""Normalise names of people, so that one person has one name and folds keep people apart."""

import re
import unicodedata
from decimal import Decimal

import numpy as np
import pandas as pd

from emopipe.text import printable

_NUMBER = re.compile(r"\d+(?:[.,]\d*)?")


def subject_names(values) -> np.ndarray:
    """Return names of people as text, None where one is missing.

    Parameters
    ----------
    values : array-like, shape (n_clips,)
        Text or numbers; None, NaN or pd.NA where nobody is named. A whole number is written
        without a point: a missing name elsewhere in a column makes 1 a 1.0.

    Returns
    -------
    object ndarray of str or None, shape (n_clips,)

    Examples
    --------
    >>> subject_names([1.0, float("nan"), "anna"]).tolist()
    ['1', None, 'anna']
    """
    names = np.empty(len(values), dtype=object)
    names[:] = [_name(value) for value in np.asarray(values, dtype=object)]
    return names


def _name(value) -> str | None:
    if pd.isna(value):
        return None
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def subject_key(name: str) -> tuple:
    """Return what all ways to write one person's name have in common.

    Blanks around a name, invisible characters, capitals and the two encodings of accents do not
    count; numbers are compared as numbers, also those with a decimal comma. A corpus in front
    ("ravdess/03") is a part of its own.

    Examples
    --------
    >>> subject_key("01") == subject_key("1.0") == subject_key(" 1,0")
    True
    >>> subject_key("1") == subject_key("10") or subject_key("a") == subject_key("á")
    False
    """
    return tuple(_part(part) for part in name.split("/"))


def _part(text: str):
    visible = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    text = unicodedata.normalize("NFC", " ".join(visible.casefold().split()))
    return Decimal(text.replace(",", ".")) if _NUMBER.fullmatch(text) else text


def check_subject_names(names, column: str = "subject"):
    """Raise ValueError where one person may have two names: both sides of a fold would have it.

    Parameters
    ----------
    names : iterable of str or None
    column : str
        What the names are called in the message.

    Examples
    --------
    >>> check_subject_names(["1", "10", "anna", None])
    """
    alike: dict = {}
    for name in sorted(set(names) - {None}):
        other = alike.setdefault(subject_key(name), name)
        if other != name:
            raise ValueError(
                f"the {column}s {_show_both(other, name)} differ only by blanks, capitals, "
                "invisible characters, the encoding of accents or the form of a number: "
                "one person would be trained on and tested. "
                f"Write them alike in column {column!r}, or give two people two names"
            )


def _show_both(first: str, second: str) -> str:
    spelt = [unicodedata.normalize("NFC", name).isprintable() for name in (first, second)]
    same = unicodedata.normalize("NFC", first) == unicodedata.normalize("NFC", second)
    show = ascii if same or not all(spelt) else repr
    return " and ".join(printable(show(name)) for name in (first, second))
