"""Face networks: graphs in code, weights from checked files, runtimes."""

import numpy as np

# The largest number in half precision.
_MOST = 65504.0


def choose(parameter, value, allowed) -> None:
    """Raise ValueError, with the names that there are, unless `value` is one of them.

    Parameters
    ----------
    parameter : str
        What the user set.
    value : str
        What it was set to.
    allowed : iterable of str
        The names.

    Examples
    --------
    >>> choose("layer", "fc9", ("fc6", "fc7"))
    Traceback (most recent call last):
        ...
    ValueError: layer='fc9' is unknown; allowed: 'fc6', 'fc7'.
    """
    if value not in allowed:
        raise ValueError(
            f"{parameter}={value!r} is unknown; allowed: {', '.join(map(repr, allowed))}."
        )


def half(values) -> np.ndarray:
    """Return values in half precision, float16: three digits, up to 65504.

    Examples
    --------
    >>> half(np.array([1e6, -0.5]))
    array([ 6.55e+04, -5.00e-01], dtype=float16)
    """
    return np.clip(values, -_MOST, _MOST).astype(np.float16)
