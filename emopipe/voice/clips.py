"""ShortTermStatistics: one row of voice statistics per clip."""

import time
from itertools import chain, islice

import numpy as np

from emopipe.extraction import Block, ClipTransformer, Prepared, Recipe
from emopipe.media import ClipError, signal_blocks, stored_rate
from emopipe.parameters import check_number, check_one_of
from emopipe.voice.definitions import FULL_SCALE
from emopipe.voice.short_term import (
    ENGINES,
    STATISTICS,
    Level,
    lengths,
    measure,
    stream,
)

_CD = 44100  # Hz: at which windows are checked where every file has a rate of its own
_BLOCK = 30.0  # s
_HELD = 20  # blocks; a longer recording is decoded twice rather than kept
# Steps of 16-bit samples (-84 dB): less is dither or hum, which the peak normalisation would blow
# up into a voice.
_SILENT = 2.0


def _mirror(samples: np.ndarray, n_window: int) -> np.ndarray:
    return np.pad(samples, (0, n_window - len(samples)), mode="symmetric")


def _pad(samples: np.ndarray, n_window: int) -> np.ndarray:
    return np.pad(samples, (0, n_window - len(samples)))


# name -> (samples of a short clip, samples of a window) -> samples of one window
SHORT = {"mirror": _mirror, "pad": _pad, "refuse": None}


def in_16_bit_steps(blocks):
    """Yield blocks of sound of full scale 1 in steps of 16-bit samples."""
    for block in blocks:
        yield block * np.float32(FULL_SCALE)


def _read(path, sample_rate):
    """Return the blocks of a recording, read or to be read again, their level and its status."""
    reading = signal_blocks(path, sample_rate=sample_rate, block=_BLOCK)
    chunks = list(in_16_bit_steps(islice(reading, _HELD)))
    level = measure(chain(chunks, in_16_bit_steps(reading)))
    if level.n_samples > sum(map(len, chunks)):
        chunks = in_16_bit_steps(signal_blocks(path, sample_rate=sample_rate, block=_BLOCK))
    return chunks, level, reading.status


def check_clip(path, level: Level, fewest, sample_rate):
    """Raise ClipError where a recording is silent, or has fewer samples than are needed."""
    if level.peak < _SILENT:
        detail = f"No sample is further than {level.peak / FULL_SCALE:.1g} from the mean."
        raise ClipError(path, "silent", detail)
    if level.n_samples < fewest:
        detail = f"It has {level.n_samples / sample_rate:.3g} s of sound; "
        raise ClipError(path, "too_short", f"{detail}{fewest / sample_rate:.3g} s are needed.")


def _setting(path, sample_rate, window, step):
    """Return the rate at which a recording is described, Hz, and window and step in samples."""
    if sample_rate is not None:
        return sample_rate, *lengths(sample_rate, window, step)
    rate = stored_rate(path)
    try:
        return rate, *lengths(rate, window, step)
    except ValueError as error:
        raise ClipError(path, "corrupt", f"At its own rate: {error}.") from None


def frame_features(path, *, window, step, sample_rate, engine, short):
    """Yield the short-term features of a clip; see `ShortTermStatistics` for the parameters.

    Yields
    ------
    Block
        Rows float64 (frames, 34); their times are the frames' centres.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ClipError
        "no_audio", "corrupt", "silent" or "too_short".
    """
    began = time.perf_counter()
    sample_rate, n_window, n_step = _setting(path, sample_rate, window, step)
    blocks, level, status = _read(path, sample_rate)
    fewest = n_window if short == "refuse" else min(n_step, n_window)
    check_clip(path, level, fewest, sample_rate)
    if level.n_samples < n_window:
        blocks = [SHORT[short](np.concatenate(blocks), n_window)]
        level = measure(blocks)
    decoded = time.perf_counter()
    if engine == "emopipe":
        pieces = stream(blocks, level, sample_rate, n_window, n_step)
    else:
        pieces = [ENGINES[engine](np.concatenate(list(blocks)), sample_rate, n_window, n_step)]
    n_frames = 0
    for features in pieces:
        starts = np.arange(n_frames, n_frames + features.shape[1]) * n_step
        n_frames += features.shape[1]
        yield Block(features.T, (starts + n_window / 2) / sample_rate)
    seconds = {"decode": decoded - began, "features": time.perf_counter() - decoded}
    return Prepared(status, {"windows": n_frames}, seconds)


class ShortTermStatistics(ClipTransformer):
    """Mean and standard deviation of pyAudioAnalysis' 34 short-term features over each clip.

    The 68 values of the thesis: every clip's sound is mixed down to mono and brought to
    `sample_rate`, its short-term features are computed (without deltas) and their mean and
    standard deviation over all frames are kept, in the order mean_1 ... mean_34, std_1 ...
    std_34. Hours of sound take no more memory than ten minutes, with the default engine.

    Parameters
    ----------
    window, step : float
        Length of a frame, and from one frame's start to the next, in seconds. The thesis takes 1.0
        and 0.05; pyAudioAnalysis' own examples 0.05 and 0.025.
    sample_rate : int or None
        Hz. None: every file's own, as the thesis and pyAudioAnalysis have it. Values depend on
        it (9 of the 68 move by more than a standard deviation over clips between 48 and 16 kHz on
        RAVDESS), so that one rate for all is better where rates differ between corpora.
    engine : "emopipe" or "pyaudioanalysis"
        Ours, or the library itself: the same values, more slowly and with the whole signal in
        memory.
    short : "mirror", "pad" or "refuse"
        A clip shorter than one window has no frame, and the papers do not say what becomes of it.
        "mirror": it goes on with its mirror image until it fills one window; cut RAVDESS clips
        come closer to their whole selves so than with a shorter window or with silence, and
        nothing is diluted. "pad": silence is appended. "refuse": it is too short. The standard
        deviations of one frame are 0. A clip of less than one step is too short in any case.
    column : str
        Which column of a clip table holds the paths; "audio" where the sound has files of its own.
    store : "default", None, str, Path or Store
        Where features are kept; None keeps nothing.
    n_jobs : int
        Processes that decode clips; -1 uses all processors.
    on_error : "nan" or "raise"
        What happens with clips that give nothing: a row of NaN and a `ClipWarning`, or `ClipError`
        after all others were computed and stored.
    progress : bool
        Show a progress bar.

    Attributes
    ----------
    n_features_out_ : int
        68.

    Raises
    ------
    ValueError
        When clips are read, for a parameter that is not allowed.

    See Also
    --------
    VoiceFunctionals : Statistics of voice descriptors, in named sets.
    short_term_features : The same features of a signal in memory.

    Notes
    -----
    Statuses: "silent" is a clip without a sample further than 2 of the 32768 steps of 16-bit sound
    (-84 dB) from its mean; "too_short", "no_audio" and "corrupt" say what they are.

    References
    ----------
    T. Giannakopoulos, "pyAudioAnalysis: An open-source Python library for audio signal analysis",
    PLoS ONE 10(12), 2015, table 2.

    Examples
    --------
    >>> import numpy as np
    >>> import tempfile
    >>> from scipy.io import wavfile
    >>> from emopipe import ShortTermStatistics
    >>> tone = (8000 * np.sin(np.arange(24000) / 9)).astype(np.int16)
    >>> voice = ShortTermStatistics(store=None, n_jobs=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     wavfile.write(f"{folder}/a.wav", 16000, tone)
    ...     features = voice.fit_transform([f"{folder}/a.wav"])
    >>> features.shape
    (1, 68)
    >>> dict(zip(voice.get_feature_names_out()[:2], features[0].round(4).tolist()))
    {'mean_zcr': 0.0354, 'mean_energy': 0.4994}
    """

    _absent = "no_audio"

    def __init__(
        self,
        *,
        window=1.0,
        step=0.05,
        sample_rate=16000,
        engine="emopipe",
        short="mirror",
        column="path",
        store="default",
        n_jobs=-1,
        on_error="nan",
        progress=False,
    ):
        super().__init__(
            column=column, store=store, n_jobs=n_jobs, on_error=on_error, progress=progress
        )
        self.window = window
        self.step = step
        self.sample_rate = sample_rate
        self.engine = engine
        self.short = short

    def _recipe(self):
        check_one_of("engine", self.engine, ENGINES)
        check_one_of("short", self.short, SHORT)
        rate = self.sample_rate
        check_number("window", self.window, low=0, above=True)
        check_number("step", self.step, low=0, above=True)
        if rate is not None:
            check_number("sample_rate", rate, low=1, whole=True)
        lengths(rate or _CD, self.window, self.step)
        parameters = {
            "window": float(self.window),
            "step": float(self.step),
            "sample_rate": rate if rate is None else int(rate),
            "engine": self.engine,
            "short": self.short,
        }
        return Recipe(
            "short_term_statistics",
            1,
            frame_features,
            parameters,
            pooling="mean_std",
            owner="emopipe",
        )

    def _feature_names(self):
        return list(STATISTICS)
