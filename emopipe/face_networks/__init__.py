"""Networks that look at face crops: graphs in code, weights from checked files, runtimes."""


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
