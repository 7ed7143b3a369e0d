"""Arguments like NAME=VALUE: of --corpus and --set."""

import ast
from contextlib import contextmanager
from typing import get_args


def assignments(texts, flag, allowed) -> dict[str, str]:
    """Return {name: text} of texts like NAME=VALUE, each name one of those allowed."""
    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not value or name not in allowed:
            legal = ", ".join(allowed) or "none"
            raise ValueError(f"{flag} {text}: write {flag} NAME=VALUE with NAME one of: {legal}")
        _check_first(name, values, flag)
        values[name] = value
    return values


def parameters(texts) -> dict:
    """Return {name: value} of texts like PARAMETER=VALUE, values as Python reads them."""
    values = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise ValueError(f"--set {text}: write --set PARAMETER=VALUE")
        _check_first(name, values, "--set")
        values[name] = literal(value)
    return values


def _check_first(name, values, flag):
    if name in values:
        raise ValueError(f"{flag} {name}=... is there twice: write it once")


def is_word_for_number(value, parameter) -> bool:
    """Say whether a parameter of a signature, its default a number, True or False, gets a word."""
    return isinstance(value, str) and isinstance(parameter.default, bool | int | float)


def check_kind(name: str, value, parameter) -> None:
    """Raise ValueError, naming the parameter, for a word in place of a number or of True and False.

    Where the default is no number, or the annotation has str, too (int | str), what is allowed is
    the parameter's own affair.
    """
    if not is_word_for_number(value, parameter) or str in get_args(parameter.annotation):
        return
    kind = "True or False" if isinstance(parameter.default, bool) else "a number"
    raise ValueError(
        f"--set {name}={value}: {kind} is wanted; the default is {parameter.default!r}"
    )


def check_several(name: str, value, parameter) -> None:
    """Raise ValueError for one value where the default holds several.

    Examples
    --------
    >>> import inspect
    >>> def experiment(*, systems=("A", "B")):
    ...     return systems
    >>> (systems,) = inspect.signature(experiment).parameters.values()
    >>> check_several("systems", "A", systems)
    Traceback (most recent call last):
        ...
    ValueError: --set systems=A: several values are wanted, such as --set "systems=('A',)"; the
    default is ('A', 'B')
    """
    if isinstance(parameter.default, tuple) and not isinstance(value, tuple | list | dict):
        pair = len(parameter.default) == 2 and isinstance(value, int | float)  # rows and columns
        several = (value,) * (2 if pair else 1)
        raise ValueError(
            f"--set {name}={value}: several values are wanted, such as --set "
            f'"{name}={several!r}"; the default is {parameter.default!r}'
        )


@contextmanager
def see(values, flag="--set {}={}"):
    """Add to an error the values that were set, {name: value}: its message may name no flag."""
    try:
        yield
    except (ValueError, TypeError, LookupError) as error:
        if values:
            error.add_note(f"see {' '.join(flag.format(*pair) for pair in values.items())}")
        raise


def literal(text: str):
    """Return a value as Python reads it, or the text itself."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
