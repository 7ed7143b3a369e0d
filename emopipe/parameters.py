"""Checks of parameters, in the same words everywhere: numbers, and one of some values."""

import math
from collections.abc import Iterable
from difflib import get_close_matches
from numbers import Real


def check_number(name, value, *, low=-math.inf, high=math.inf, whole=False, above=False):
    """Raise ValueError unless a parameter is a number within its range.

    Parameters
    ----------
    name : str
        What the parameter is called.
    value : object
    low, high : float
        The range, both ends in it.
    whole : bool
        Whether only whole numbers will do.
    above : bool
        Whether `low` itself is too little.

    Examples
    --------
    >>> check_number("window", 1.0, low=0, above=True)
    >>> check_number("window", "1.0", low=0, above=True)
    Traceback (most recent call last):
    ...
    ValueError: window='1.0' is text: give a number above 0
    >>> check_number("n_bootstrap", 2.5, low=0, whole=True)
    Traceback (most recent call last):
    ...
    ValueError: n_bootstrap=2.5: give a whole number from 0 on
    """
    is_number = isinstance(value, Real) and not isinstance(value, bool) and value == value
    in_range = is_number and low <= value <= high and not (above and value == low)
    if in_range and (not whole or float(value).is_integer()):
        return
    what = " is text" if isinstance(value, str) else ""
    raise ValueError(f"{name}={value!r}{what}: give {_describe_range(low, high, whole, above)}")


def _describe_range(low, high, whole, above):
    words = "a whole number" if whole else "a number"
    if low == -math.inf:
        return words
    if high == math.inf:
        return f"{words} above {low:g}" if above else f"{words} from {low:g} on"
    return f"{words} {'above' if above else 'from'} {low:g} to {high:g}"


def check_size(name, value):
    """Raise ValueError unless a parameter is a size: rows and columns, whole numbers from 1.

    Examples
    --------
    >>> check_size("faces.size", (98, 80))
    >>> check_size("faces.size", 98)
    Traceback (most recent call last):
    ...
    ValueError: faces.size=98: give rows and columns, two whole numbers from 1, such as (98, 98)
    """
    sides = list(value) if isinstance(value, Iterable) and not isinstance(value, str) else []
    whole = [isinstance(s, Real) and s == s and s >= 1 and float(s).is_integer() for s in sides]
    if len(sides) != 2 or not all(whole):
        side = value if isinstance(value, Real) and value >= 1 else 64
        raise ValueError(
            f"{name}={value!r}: give rows and columns, two whole numbers from 1, such as "
            f"({side:.0f}, {side:.0f})"
        )


def check_one_of(name, value, allowed: Iterable, *, advice="", error=ValueError):
    """Raise an error unless a parameter is one of the values that are allowed.

    Parameters
    ----------
    name : str
        What the parameter is called.
    value : object
    allowed : iterable of str, None or numbers
    advice : str
        What else is allowed or to do, after the list.
    error : type of Exception

    Examples
    --------
    >>> check_one_of("layer", "fc7", ("fc6", "fc7"))
    >>> check_one_of("layer", "FC-6", ("pool5", "fc6"))
    Traceback (most recent call last):
    ...
    ValueError: layer='FC-6' is unknown; allowed: 'pool5', 'fc6'; did you mean 'fc6'?
    """
    allowed = list(allowed)
    if any(isinstance(value, type(option)) and value == option for option in allowed):
        return
    words = {option.lower(): option for option in allowed if isinstance(option, str)}
    near = (
        get_close_matches(value.lower(), words, n=1, cutoff=0.75) if isinstance(value, str) else []
    )
    meant = f"; did you mean {words[near[0]]!r}?" if near else ""
    raise error(
        f"{name}={value!r} is unknown; allowed: {', '.join(map(repr, allowed))}{advice}{meant}"
    )
