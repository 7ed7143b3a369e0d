"""VoiceFunctionals: statistics of a clip's voice descriptors, in named sets."""

import time
from fractions import Fraction

import numpy as np
from scipy.signal import resample_poly
from sklearn.base import clone

from emopipe.extraction import Block, ClipTransformer, Prepared, Recipe
from emopipe.media import signal_blocks
from emopipe.voice.clips import check_clip, in_16_bit_steps
from emopipe.voice.descriptors import HOP, LONG, SAMPLE_RATE
from emopipe.voice.functional_sets import (
    BY_DEFAULT,
    SETS,
    TOGETHER,
    functional_names,
    functionals,
)
from emopipe.voice.short_term import measure

# Column of a clip table: how much faster a copy of the clip is than the clip itself.
SPEED = "playback_speed"
_LARGEST_DENOMINATOR = 50


def _at_speed(samples, speed):
    """Return a signal that is played faster, and so is shorter and higher."""
    ratio = Fraction(1 / speed).limit_denominator(_LARGEST_DENOMINATOR)
    return resample_poly(samples, ratio.numerator, ratio.denominator).astype(np.float32)


def read_samples(path):
    """Return a clip's sound at `SAMPLE_RATE`, float32 (samples,), and what `Prepared` says of it.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ClipError
        "no_audio", "corrupt", "silent" or "too_short".
    """
    reading = signal_blocks(path, sample_rate=SAMPLE_RATE)
    samples = np.concatenate(list(reading))
    check_clip(path, measure(in_16_bit_steps([samples])), LONG, SAMPLE_RATE)
    return samples, reading.status


def clip_functionals(path, *, sets, speed=1.0):
    """Yield the functionals of a clip's sound, one row; see `VoiceFunctionals`.

    Raises
    ------
    FileNotFoundError, ClipError
        As `read_samples`.
    """
    began = time.perf_counter()
    samples, status = read_samples(path)
    decoded = time.perf_counter()
    if speed != 1:
        samples = _at_speed(samples, speed)
    yield Block(functionals(samples, sets)[np.newaxis])
    seconds = {"decode": decoded - began, "features": time.perf_counter() - decoded}
    return Prepared(status, {"windows": len(samples) // HOP}, seconds)


class VoiceFunctionals(ClipTransformer):
    """Statistics of what a voice is like in every 10 ms, in sets by name.

    All sets but "lpcc" are computed and stored together: another choice decodes nothing. They know
    the recording's gain, by the mel bands and the first cepstrum: recordings of one corpus should
    be made alike, or each subject's values standardised.

    Parameters
    ----------
    sets : sequence of str
        Which values, in this order. "mfcc" (160): 20 mel cepstra. "mel" (280): 40 mel bands in
        natural logarithms. Of both mean, standard deviation and percentiles, and how fast they
        change. "prosody" (119): pitch in semitones above 27.5 Hz, level below the loudest frame,
        harmonicity in dB, spectral slopes and balances in voiced and unvoiced speech, formants and
        their bandwidths in Hz, jitter, shimmer, rhythm; 0 where a clip has no voice. "modulation"
        (120): how much the loudness of 20 bands rises and falls at 0.5 to 20 Hz. "spectrum" (1242):
        27 statistics (moments, percentiles, trends, rises and falls, peaks) of roll-offs, centre,
        spread, entropy, loudness, sharpness, balances, slopes, harmonicity and flux, and of how
        they change, from the first word to the last. "vowels" (621): the same of voiced frames.
        "contour" (183): the courses of pitch, level and timbre as cosines; statistics of pitch.
        "lpcc" (112): 16 linear prediction cepstra, with the statistics of "mfcc". Means, deviations
        and correlations from the first word to the last, as logarithms of matrices:
        "mfcc_covariance" (832): pitch, level, harmonicity, ten cepstra and their first and second
        slopes; "mel_covariance" (832): of ten broad mel bands instead of cepstra;
        "prosody_covariance" (711): pitch, level, harmonicity and spectral shape with themselves 40,
        80 and 160 ms later; "spectrum_covariance" (448): the descriptors of "spectrum" and their
        slopes. The first four by default.
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
        679 by default.

    Raises
    ------
    ValueError
        By `fit` and `transform`, if a set is unknown, named twice, or none is named.

    See Also
    --------
    ShortTermStatistics : pyAudioAnalysis' features.

    Notes
    -----
    Rows of a table with a column `playback_speed` are copies at that speed (`SpeedCopies`).
    Sound is mixed to mono and brought to 16 kHz; a clip shorter than 50 ms is "too_short", one that
    never leaves two steps of 16-bit samples "silent". The whole signal is in memory.

    References
    ----------
    F. Eyben et al., "The Geneva minimalistic acoustic parameter set (GeMAPS) for voice research and
    affective computing", IEEE Trans. Affective Computing 7(2), 2016: most of "prosody".
    S. Wu, T. H. Falk, W.-Y. Chan, "Automatic speech emotion recognition using modulation spectral
    features", Speech Communication 53(5), 2011: "modulation".

    Examples
    --------
    >>> import numpy as np
    >>> import tempfile
    >>> from scipy.io import wavfile
    >>> from emopipe import VoiceFunctionals
    >>> tone = (8000 * np.sin(2 * np.pi * 220 * np.arange(16000) / 16000)).astype(np.int16)
    >>> voice = VoiceFunctionals(sets=["prosody"], store=None, n_jobs=1).set_output(
    ...     transform="pandas")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     wavfile.write(f"{folder}/a.wav", 16000, tone)
    ...     features = voice.fit_transform([f"{folder}/a.wav"])
    >>> features.shape, float(features["pitch_mean"][0].round(1))
    ((1, 119), 36.0)
    """

    _absent = "no_audio"

    def __init__(
        self,
        *,
        sets=BY_DEFAULT,
        column="path",
        store="default",
        n_jobs=-1,
        on_error="nan",
        progress=False,
    ):
        super().__init__(
            column=column, store=store, n_jobs=n_jobs, on_error=on_error, progress=progress
        )
        self.sets = sets

    def _check_sets(self):
        sets = [self.sets] if isinstance(self.sets, str) else list(self.sets)
        unknown = [name for name in sets if name not in SETS]
        if unknown or not sets or len(set(sets)) < len(sets):
            raise ValueError(f"sets={self.sets!r}: name one or more of {list(SETS)}, each once")
        return sets

    def _sets_to_compute(self):
        """Return the chosen sets, and all that are computed together with one of them."""
        chosen = set(self._check_sets())
        together = TOGETHER if chosen & set(TOGETHER) else ()
        return [*together, *sorted(chosen - set(TOGETHER))]

    # The speed at which clips are played, of copies that `transform` makes of itself alone.
    _speed = 1.0

    def transform(self, X):
        """Return the functionals of the clips, or of copies at the table's `playback_speed`."""
        if SPEED not in getattr(X, "columns", ()):
            return super().transform(X)
        speeds = X[SPEED].astype(float).fillna(1.0).to_numpy()
        values = np.empty((len(X), len(self._feature_names())))
        for speed in np.unique(speeds):
            player = clone(self).set_output(transform="default")
            player._speed = float(speed)
            rows = np.flatnonzero(speeds == speed)
            values[rows] = player.transform(X.iloc[rows].drop(columns=SPEED))
        return values

    def _recipe(self):
        computed = {"sets": self._sets_to_compute()}
        if self._speed != 1:
            computed["speed"] = self._speed
        return Recipe("voice_functionals", 2, clip_functionals, computed, owner="emopipe")

    def _row(self, value):
        computed = self._sets_to_compute()
        ends = np.cumsum([len(functional_names((name,))) for name in computed])
        parts = dict(zip(computed, np.split(value, ends[:-1]), strict=True))
        return np.concatenate([parts[name] for name in self._check_sets()])

    def _feature_names(self):
        return functional_names(tuple(self._check_sets()))
