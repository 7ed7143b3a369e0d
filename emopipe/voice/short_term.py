"""Short-term features of whole signals, in memory or streamed, and their statistics."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from emopipe.parameters import check_one_of
from emopipe.voice.definitions import FEATURES, FULL_SCALE, check_setting, tables_for
from emopipe.voice.frames import describe

STATISTICS = tuple(f"{kind}_{name}" for kind in ("mean", "std") for name in FEATURES)


class Level(NamedTuple):
    """What must be known of a whole signal before its first frame is described.

    Parameters
    ----------
    n_samples : int
        Its length.
    mean, peak : float
        Mean, and largest distance from it, in steps of 16-bit samples.
    """

    n_samples: int
    mean: float
    peak: float


def measure(blocks: Iterable[np.ndarray]) -> Level:
    """Return the level of a signal that comes in blocks of any number type.

    Examples
    --------
    >>> measure([np.array([1, 2]), np.array([6])])
    Level(n_samples=3, mean=3.0, peak=3.0)
    """
    n_samples, total, low, high = 0, 0.0, np.inf, -np.inf
    for block in blocks:
        if block.size:
            n_samples += block.size
            total += float(np.add.reduce(block, dtype=np.float64))
            low = min(low, float(np.minimum.reduce(block)))
            high = max(high, float(np.maximum.reduce(block)))
    mean = total / max(n_samples, 1)
    return Level(n_samples, mean, max(high - mean, mean - low))


def _stretches(blocks: Iterable[np.ndarray], n_window: int, n_step: int) -> Iterator[np.ndarray]:
    """Cut a stream into stretches of many frames; the first of each is the last of the one before.

    That frame is there for the spectral flux.
    """
    # So many that the first hardly counts, so few that they stay in a processor's cache.
    n_frames = max(1, min(2**19 // n_window, 2**21 // n_step))
    span, advance = n_window + n_frames * n_step, n_frames * n_step
    left = np.empty(0)
    for block in blocks:
        left = np.concatenate([left, block]) if left.size else block
        while len(left) >= span:
            yield left[:span]
            left = left[advance:]
    if len(left) >= n_window:
        yield left


def stream(
    blocks: Iterable[np.ndarray], level: Level, sample_rate: float, n_window: int, n_step: int
) -> Iterator[np.ndarray]:
    """Yield the features of a signal piece by piece, in constant memory.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (samples,)
        The signal in steps of 16-bit samples, of any number type.
    level : Level
        Of all blocks, as `measure` gives it.
    sample_rate : float
        Hz.
    n_window, n_step : int
        Samples.

    Yields
    ------
    float64 ndarray of shape (34, frames)

    Raises
    ------
    ValueError
        If pyAudioAnalysis is not defined at this rate and window.
    """
    check_setting(sample_rate, n_window, n_step)
    tables, divisor = tables_for(sample_rate, n_window), level.peak + 1e-10 * FULL_SCALE
    n_repeated = 0
    for samples in _stretches(blocks, n_window, n_step):
        features = describe(samples, level.mean, divisor, tables, n_step)
        if features.shape[1] > n_repeated:
            yield features[:, n_repeated:]
        n_repeated = 1


def _compute(signal, sample_rate, n_window, n_step):
    level = measure([signal])
    if not np.isfinite(level.peak):
        raise ValueError("signal holds NaN or infinite samples: repair or drop them first")
    pieces = list(stream([signal], level, sample_rate, n_window, n_step))
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=1)


def _library(signal, sample_rate, n_window, n_step):
    from pyAudioAnalysis.ShortTermFeatures import feature_extraction

    return feature_extraction(signal, sample_rate, n_window, n_step, deltas=False)[0]


ENGINES = {"emopipe": _compute, "pyaudioanalysis": _library}


def lengths(sample_rate: float, window: float, step: float) -> tuple[int, int]:
    """Return window and step in samples, cut off as pyAudioAnalysis does, if it can use them.

    Raises
    ------
    ValueError
        If pyAudioAnalysis is not defined there.

    Examples
    --------
    >>> lengths(11025, 0.050, 0.025)
    (551, 275)
    """
    n_window, n_step = int(window * sample_rate), int(step * sample_rate)
    check_setting(sample_rate, n_window, n_step)
    return n_window, n_step


def short_term_features(signal, sample_rate, window, step, *, engine="emopipe"):
    """Return pyAudioAnalysis' 34 short-term features of a mono signal.

    The same numbers as ``pyAudioAnalysis.ShortTermFeatures.feature_extraction(signal, sample_rate,
    window * sample_rate, step * sample_rate, deltas=False)`` [1]_ within 1e-8, many times quicker.
    They are blind to gain, because the whole signal is centred and divided by its peak first: the
    features of a part of a signal are not a part of the signal's features.

    Parameters
    ----------
    signal : array-like of shape (samples,)
        Mono, of any real number type, in the steps of 16-bit samples that the library expects
        (a signal in -1..1 differs from it by the library's 1e-10 beside the peak only).
    sample_rate : float
        Hz; more than 6853.
    window, step : float
        Length of a frame, and from one frame's start to the next, in seconds; both are cut off to
        whole samples as the library does.
    engine : "emopipe" or "pyaudioanalysis"
        Ours, or the library itself.

    Returns
    -------
    float64 ndarray of shape (34, frames)
        In the order of `FEATURES`. What is left after the last whole frame is dropped.

    Raises
    ------
    ValueError
        If the signal is not mono, shorter than a window, or not finite; if the engine is unknown;
        and where the library fails, whose formula is not defined there: at a rate of 6853 Hz or
        less its mel bands end beyond the spectrum, and below about 200 samples (198 at 16 kHz) a
        window has fewer bins than its table of semitones needs.

    See Also
    --------
    ShortTermStatistics : pyAudioAnalysis' features.

    References
    ----------
    .. [1] T. Giannakopoulos, "pyAudioAnalysis: An open-source Python library for audio signal
       analysis", PLoS ONE 10(12), 2015, table 2.

    Examples
    --------
    >>> from emopipe.voice import FEATURES
    >>> from emopipe.voice import FEATURES
    >>> import numpy as np
    >>> from emopipe import short_term_features
    >>> time = np.arange(16000) / 16000
    >>> features = short_term_features(np.sin(2 * np.pi * 440 * time), 16000, 0.05, 0.025)
    >>> features.shape
    (34, 39)
    >>> zcr = features[FEATURES.index("zcr")]
    >>> bool(np.allclose(zcr, 2 * 440 / 16000, rtol=0.05))
    True
    """
    signal = np.asarray(signal)
    check_one_of("engine", engine, ENGINES)
    n_window, n_step = lengths(sample_rate, window, step)
    if signal.ndim != 1:
        raise ValueError(
            f"signal has shape {signal.shape}; it must be mono, (samples,): "
            "average the channels first"
        )
    if len(signal) < n_window:
        raise ValueError(
            f"signal of {len(signal) / sample_rate:g} s is shorter than one window of {window:g} s:"
            " take a shorter window or pad the signal"
        )
    return ENGINES[engine](signal, sample_rate, n_window, n_step)


def statistics(features) -> np.ndarray:
    """Return mean and standard deviation of each feature over the frames.

    Parameters
    ----------
    features : ndarray of shape (34, frames)
        As `short_term_features` gives them.

    Returns
    -------
    float64 ndarray of shape (68,)
        mean_1 ... mean_34, std_1 ... std_34; their names are in `STATISTICS`.

    Examples
    --------
    >>> statistics(np.array([[1.0, 3.0], [5.0, 5.0]])).tolist()
    [2.0, 5.0, 1.0, 0.0]
    """
    return np.concatenate([features.mean(axis=1), features.std(axis=1)])
