"""System B's recipe of a clip's sound; `crop_forms.equally_spaced` makes that of its faces.

What is kept does not depend on the number of segments or on what is drawn, so that networks of any
number of segments share it, and epochs draw frames and windows of sound without decoding a clip.
"""

import numpy as np

from emopipe.extraction import Block, Prepared, Recipe
from emopipe.media import ClipError, signal

FULL_SCALE = 2**15


def prepare_whole_sound(path, *, sample_rate):
    """Yield the samples of a clip; see `whole_sound`."""
    samples = signal(path, sample_rate=sample_rate)
    if not samples.any():
        raise ClipError(path, "silent", "Every sample is zero.")
    scaled = np.rint(samples * FULL_SCALE).clip(-FULL_SCALE, FULL_SCALE - 1)
    yield Block(scaled.astype(np.int16))
    return Prepared(counts={"samples": len(samples)})


def whole_sound(*, sample_rate=16000) -> Recipe:
    """Return the recipe of a clip's sound, 32 kB per second at 16 kHz.

    Parameters
    ----------
    sample_rate : int
        Hz, to which the sound is brought.

    Returns
    -------
    Recipe
        Values int16 (n_samples,), mono. Statuses: "no_audio", "silent" (all samples are zero).

    Examples
    --------
    >>> whole_sound().prepare_args
    {'sample_rate': 16000}
    """
    return Recipe(
        "whole_sound",
        1,
        prepare_whole_sound,
        {"sample_rate": int(sample_rate)},
        pooling="stack",
        owner="emopipe",
    )
