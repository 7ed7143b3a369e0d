"""The progress bar: shows rate and time left, and stays quiet in log files."""

import sys

# Seconds between two lines where nobody watches.
_LOGGED = 10.0


def progress_bar(total, title, unit, *, visible, initial=0):
    """Return a tqdm bar on standard error; in a file it is drawn again every ten seconds only.

    Parameters
    ----------
    total, initial : int
        Steps, and how many of them are done already.
    title, unit : str
    visible : bool
        Otherwise nothing is drawn.

    Returns
    -------
    tqdm.tqdm

    Examples
    --------
    >>> with progress_bar(3, "clips", "clip", visible=False) as bar:
    ...     bar.update()
    """
    from tqdm.auto import tqdm

    interval = 0.1 if sys.stderr.isatty() else _LOGGED
    return tqdm(
        total=total, initial=initial, desc=title, unit=unit, disable=not visible,
        mininterval=interval, maxinterval=max(interval, 10.0),
    )  # fmt: skip
