"""Checks of parameters that are numbers, in the same words everywhere."""

import math
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
    raise ValueError(f"{name}={value!r}{what}: give {_allowed(low, high, whole, above)}")


def _allowed(low, high, whole, above):
    words = "a whole number" if whole else "a number"
    if low == -math.inf:
        return words
    if high == math.inf:
        return f"{words} above {low:g}" if above else f"{words} from {low:g} on"
    return f"{words} {'above' if above else 'from'} {low:g} to {high:g}"
