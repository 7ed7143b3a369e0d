"""Arguments like NAME=VALUE: of --corpus and --set."""

import ast


def assignments(texts, flag, allowed) -> dict[str, str]:
    """Return {name: text} of texts like NAME=VALUE, each name one of those allowed."""
    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not value or name not in allowed:
            legal = ", ".join(allowed) or "none"
            raise ValueError(f"{flag} {text}: write {flag} NAME=VALUE with NAME one of: {legal}")
        values[name] = value
    return values


def parameters(texts) -> dict:
    """Return {name: value} of texts like PARAMETER=VALUE, values as Python reads them."""
    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--set {text}: write --set PARAMETER=VALUE")
        values[name] = literal(value)
    return values


def check_kind(name: str, value, default) -> None:
    """Raise ValueError, naming the parameter, for a word in place of a number or of True and False.

    Where the default is no number, what is allowed is the parameter's own affair.
    """
    if not isinstance(value, str) or not isinstance(default, bool | int | float):
        return
    kind = "True or False" if isinstance(default, bool) else "a number"
    raise ValueError(f"--set {name}={value}: {kind} is wanted; the default is {default!r}")


def literal(text: str):
    """Return a value as Python reads it, or the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
