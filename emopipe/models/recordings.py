"""Measure recordings and digest their content, in worker processes."""

from typing import NamedTuple

import numpy as np

from emopipe.extraction import COUNTERS, Block, Recipe, extract
from emopipe.files import checksum
from emopipe.media import length
from emopipe.media.excerpts import parse

# A recording is known by the first 64 bits of the SHA-256 of its bytes.
_DIGITS = 16


class Recording(NamedTuple):
    """What decides the windows of a clip and whether a model knows it.

    Parameters
    ----------
    seconds : float
        To the end of the last packet; 0 for an image, and where nothing can be read.
    mark : str
        First 16 hexadecimal digits of the content's SHA-256; "" where nothing can be read.
    """

    seconds: float
    mark: str


def measure(path):
    """Yield a recording's length and content: the `prepare` of this module's recipe.

    Yields
    ------
    Block
        One float64 row of three: seconds, and 64 bits of the content's SHA-256 as two numbers.

    Raises
    ------
    ClipError
        "corrupt" where no recording can be read.
    """
    seconds = length(path)
    digits = checksum(parse(path).path)
    yield Block(np.array([[seconds, int(digits[:8], 16), int(digits[8:_DIGITS], 16)]]))


RECIPE = Recipe("recording", 1, measure, pooling="stack", owner="emopipe")


def recordings(paths, **options) -> list[Recording]:
    """Return length and content of recordings, in the order of their paths.

    Of a part of a recording, the length is that of the part, the content that of the whole file.

    Parameters
    ----------
    paths : list of str
    **options
        store, n_jobs and progress of `emopipe.extraction.extract`.

    Returns
    -------
    list of Recording
        One per path: length in seconds, and a mark of its content.

    See Also
    --------
    training_rows : What a model keeps of its training rows.
    window_table : Rows that are windows of clips.

    Examples
    --------
    >>> import numpy as np
    >>> import tempfile
    >>> from scipy.io import wavfile
    >>> from emopipe import recordings
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     wavfile.write(f"{folder}/a.wav", 16000, np.zeros(8000, np.int16))
    ...     recordings([f"{folder}/a.wav"], store=None, n_jobs=1)[0].seconds
    0.5
    """
    extraction = extract(paths, RECIPE, **options)
    COUNTERS["prepared"] -= extraction.prepared  # they count features
    return [
        Recording(0.0, "") if value is None else _recording(value[0]) for value in extraction.values
    ]


def _recording(row) -> Recording:
    return Recording(float(row[0]), f"{int(row[1]):08x}{int(row[2]):08x}")
