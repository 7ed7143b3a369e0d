"""Make names and tables safe to show: on terminals, in messages, JSON, HTML and CSV."""

import re
import unicodedata
from functools import lru_cache

import pandas as pd

# What a spreadsheet takes for a formula, in any width of letters.
_FORMULA = ("=", "+", "-", "@")
_LAYOUT = "\n\t"
# Joiners of Persian, Indian scripts and emoji: invisible, but part of the spelling.
_JOINERS = "\u200c\u200d"


def printable(text, *, multiline: bool = False) -> str:
    r"""Return a text in which nothing can act on a terminal or hide from a reader.

    Control characters, invisible marks that change the direction of writing, and bytes of a file
    name that are no UTF-8 become escapes; all other letters stay.

    Parameters
    ----------
    text : str, Path or bytes
        A name, or a message.
    multiline : bool
        Keep line ends and tabs, for messages of several lines.

    Returns
    -------
    str
        Encodable as UTF-8; printable(printable(text)) == printable(text).

    Examples
    --------
    >>> print(printable("a\x1b[31m.wav"), printable(b"caf\xe9.wav"), printable("José 03"))
    a\x1b[31m.wav caf\xe9.wav José 03
    """
    text = text.decode("utf-8", "surrogateescape") if isinstance(text, bytes) else str(text)
    if text.isprintable():
        return text
    allowed = _JOINERS + _LAYOUT if multiline else _JOINERS
    return "".join(c if c in allowed or _is_visible(c) else _escape(c) for c in text)


def _is_visible(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _escape(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte that is no UTF-8, as Python reads file names
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def shorten(names, most: int = 5) -> str:
    """Return the first of many names, and how many more there are, safe to show.

    Examples
    --------
    >>> shorten(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    names = [printable(name) for name in names]
    text = ", ".join(names[:most])
    return f"{text} and {len(names) - most} more" if len(names) > most else text


def pluralise(n: int, noun: str) -> str:
    """Return a number and its noun.

    Examples
    --------
    >>> pluralise(1, "clip"), pluralise(2, "clip")
    ('1 clip', '2 clips')
    """
    return f"{n} {noun}{'s' * (n != 1)}"


def slug(text: str, otherwise: str, *, also: str = "") -> str:
    """Return a text as part of a file's name: small letters and digits, joined by hyphens.

    Parameters
    ----------
    otherwise : str
        What a text without any of them becomes.
    also : str
        Further characters that stay.

    Examples
    --------
    >>> slug("SVM, C=10", "result"), slug("…", "result")
    ('svm-c-10', 'result')
    """
    return re.sub(f"[^a-z0-9{also}]+", "-", text.lower()).strip("-_") or otherwise


def csv_cell(text) -> str:
    r"""Return a text as a CSV cell that no spreadsheet takes for a formula, on one line.

    Cells that start with = + - or @ and are no number get an apostrophe in front, which
    `plain_cell` takes away.

    Examples
    --------
    >>> csv_cell("=HYPERLINK(0)"), csv_cell("-1.5"), csv_cell("a\rb")
    ("'=HYPERLINK(0)", '-1.5', 'a\\rb')
    """
    text = printable(text)
    return f"'{text}" if _is_formula(text) and not _is_number(text) else text


def plain_cell(cell: str) -> str:
    """Return what `csv_cell` was given, escapes apart.

    Examples
    --------
    >>> plain_cell("'=HYPERLINK(0)"), plain_cell("'quoted'")
    ('=HYPERLINK(0)', "'quoted'")
    """
    return cell[1:] if cell.startswith("'") and _is_formula(cell) else cell


def csv_text(table: pd.DataFrame) -> str:
    """Return a table as the text of a CSV file: safe cells, a heading, no index.

    Every row is one line; write it as UTF-8 without translation of line ends.

    Examples
    --------
    >>> print(csv_text(pd.DataFrame({"clip": ["@a.wav", "b,c.wav"], "score": [-0.5, None]})))
    clip,score
    '@a.wav,-0.5
    "b,c.wav",
    """
    cell = lru_cache(maxsize=None)(csv_cell)
    safe = {
        name: [cell(value) if isinstance(value, str) else value for value in table[name]]
        for name in table
        if not pd.api.types.is_numeric_dtype(table[name])
    }
    table = table.assign(**safe) if safe else table
    return table.rename(columns=csv_cell).to_csv(index=False, lineterminator="\n")


def _is_formula(text: str) -> bool:
    first = text.lstrip("'").lstrip()[:1]
    return unicodedata.normalize("NFKC", first) in _FORMULA


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
