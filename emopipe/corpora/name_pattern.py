"""Patterns of file names: ``{subject}-{statement}-{emotion}_{take}.mp4``."""

import re
import string
import unicodedata

from emopipe.corpora.folder import medium_of

_EXAMPLE = "'{subject}-{statement}-{emotion}_{take}.mp4'"
# Columns that say what a file is, not what its name tells.
_OWN = ("clip", "path", "corpus", "media", "excluded", "synthetic", "audio")


class NamePattern:
    """A pattern of file names, whose fields become columns of a clip table.

    Parameters
    ----------
    text : str
        Literal text and fields in braces. ``{}`` and ``*`` stand for anything that does not
        matter. A pattern with slashes is compared with the end of a path, one without a media
        suffix with names of any.

    Attributes
    ----------
    fields : tuple of str
        Names of the fields, in order.

    Raises
    ------
    ValueError
        The pattern has no field emotion, two fields without a letter between them, or a brace or
        a name that cannot be.

    Examples
    --------
    >>> NamePattern("{subject}-{emotion}_{take}.wav").match("deep/01-sad_2.wav")
    {'subject': '01', 'emotion': 'sad', 'take': '2'}
    >>> NamePattern("{emotion}/{subject}_*").match("all/sad/anna_2.wav")
    {'emotion': 'sad', 'subject': 'anna'}
    """

    def __init__(self, text: str):
        self.text = text
        names, parts = [], []
        for literal, name in _pieces(text):
            parts.append("[^/]*".join(map(re.escape, literal.split("*"))))
            if name == "":
                parts.append("[^/]*?")
            elif name is not None:
                parts.append(f"(?P={name})" if name in names else f"(?P<{name}>[^/]+?)")
                names.append(name)
        if re.search(r"[}*][{*]", text):
            raise ValueError(
                f"the pattern {text!r}: two fields side by side cannot be told apart; such as "
                f"{_EXAMPLE}"
            )
        if "emotion" not in names:
            raise ValueError(f"the pattern {text!r} has no field {{emotion}}; such as {_EXAMPLE}")
        suffix = "" if medium_of(text) else r"\.[^./]+"
        self._expression = re.compile(f"(?:.*/)?{''.join(parts)}{suffix}", re.IGNORECASE)
        self.fields = tuple(dict.fromkeys(names))

    def match(self, name: str) -> dict[str, str] | None:
        """Return the fields of a path with forward slashes, None where the pattern differs."""
        match = self._expression.fullmatch(unicodedata.normalize("NFC", name))
        return match and match.groupdict()


def _pieces(text: str):
    """Yield (literal text, field or None) of a pattern."""
    try:
        pieces = list(string.Formatter().parse(unicodedata.normalize("NFC", text)))
    except ValueError as error:
        raise ValueError(f"the pattern {text!r}: {error}; such as {_EXAMPLE}") from None
    for literal, name, specification, conversion in pieces:
        if specification or conversion or (name and not name.isidentifier()):
            raise ValueError(
                f"the pattern {text!r}: a field is a name in braces and nothing else; such as "
                f"{_EXAMPLE}"
            )
        if name in _OWN:
            raise ValueError(
                f"the pattern {text!r}: {{{name}}} is no field of a name; leave it {{}}"
            )
        yield literal, name
