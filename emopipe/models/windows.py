"""Cut recordings into windows: a clip table with one row per window."""

from collections.abc import Iterator
from numbers import Real

import numpy as np
import pandas as pd

from emopipe.media import excerpt

# Seconds. Less than one frame of a film at 100 frames/s says nothing of emotion, and the number of
# windows has to have an end.
SHORTEST = 0.01
# Windows of one clip: seven hours at four a second. A file whose time stamps say more lies.
MOST = 100_000


def check_windows(window, step) -> float | None:
    """Return the step between windows, a quarter of a window where none is given.

    Parameters
    ----------
    window, step : float or None
        Seconds.

    Raises
    ------
    ValueError
        If one is not finite or shorter than `SHORTEST`, or there is a step and no window.

    Examples
    --------
    >>> check_windows(1.0, None)
    0.25
    """
    if window is None and step is not None:
        raise ValueError(f"step={step!r} needs a window: give window=..., or leave step out")
    for name, value in (("window", window), ("step", step)):
        number = isinstance(value, Real) and not isinstance(value, bool)
        if value is not None and not (number and SHORTEST <= value < np.inf):
            raise ValueError(
                f"{name}={value!r} makes no sense: allowed are finite seconds from {SHORTEST}, "
                "such as window=1.0, step=0.25"
            )
    return max(window / 4, SHORTEST) if step is None and window is not None else step


def n_windows(duration, window, step) -> int:
    """Return the number of windows of a clip, see `windows_of`.

    Examples
    --------
    >>> n_windows(2.0, 1.0, 0.5), n_windows(1e9, 1.0, 0.25)
    (3, 3999999997)
    """
    check_windows(window, step)
    if not np.isfinite(duration):
        raise ValueError(f"duration={duration!r} must be finite seconds")
    if duration <= 0:
        return 0
    if duration <= window:
        return 1
    return int(np.floor((duration - window) / step + 1e-6)) + 1


def windows_of(duration, window, step) -> Iterator[tuple[float, float]]:
    """Yield (start, stop) of windows in a clip; one as long as a clip that is shorter.

    Parameters
    ----------
    duration, window, step : float
        Seconds. What is left after the last whole window is shorter than a step.

    Raises
    ------
    ValueError
        If window or step is not finite or shorter than `SHORTEST`, or the duration not finite.

    Examples
    --------
    >>> list(windows_of(2.0, 1.0, 0.5))
    [(0.0, 1.0), (0.5, 1.5), (1.0, 2.0)]
    >>> list(windows_of(0.4, 1.0, 0.5))
    [(0.0, 0.4)]
    """
    n = n_windows(duration, window, step)
    for k in range(n):
        start = float(k * step)
        yield round(start, 6), float(duration) if duration <= window else round(start + window, 6)


def window_table(clips, seconds, window) -> pd.DataFrame:
    """Return a clip table whose rows are windows of the clips of another, side by side.

    Parameters
    ----------
    clips : DataFrame
        A clip table.
    seconds : sequence of float
        Length of each clip in seconds; what has none (an image, a damaged file) is one whole row.
    window : float
        Seconds. A shorter clip is one row; what is left at the end of a longer one is left out.

    Raises
    ------
    ValueError
        If a clip has more than `MOST` windows, or lengths are not one for each clip.

    Returns
    -------
    DataFrame
        The columns of `clips` and start, stop (s); clip, path and audio name the window.

    See Also
    --------
    recordings : Length and content of files.
    predict : Emotions of new clips.

    Examples
    --------
    >>> import pandas as pd
    >>> from emopipe import window_table
    >>> clips = pd.DataFrame({"clip": ["a.wav"], "path": ["/d/a.wav"], "emotion": ["fear"]})
    >>> window_table(clips, [2.3], 1.0)[["path", "emotion"]].values.tolist()
    [['/d/a.wav#t=0.000000,1.000000', 'fear'], ['/d/a.wav#t=1.000000,2.000000', 'fear']]
    """
    rows, spans, seconds = [], [], list(seconds)
    if len(seconds) != len(clips):
        raise ValueError(f"seconds has {len(seconds)} lengths for {len(clips)} clips: one for each")
    for row, length in enumerate(seconds):
        if n_windows(length, window, window) > MOST:
            raise ValueError(
                f"{clips['path'].iloc[row]}: its time stamps say {length:g} s, more than {MOST} "
                f"windows of {window:g} s: leave it out, or write it again"
            )
        of_clip = list(windows_of(length, window, window)) or [(np.nan, np.nan)]
        rows += [row] * len(of_clip)
        spans += of_clip
    table = clips.iloc[rows].reset_index(drop=True)
    table = table.assign(start=[a for a, _ in spans], stop=[b for _, b in spans])
    for column in {"clip", "path", "audio"} & set(table):
        table[column] = [
            excerpt(value, *span) if isinstance(value, str) and span[1] == span[1] else value
            for value, span in zip(table[column], spans, strict=True)
        ]
    return table
