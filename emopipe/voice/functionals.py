"""VoiceFunctionals: statistics of a clip's voice descriptors, in named sets."""

import time
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy.signal import resample_poly
from sklearn.base import clone

from emopipe.extraction import Block, ClipTransformer, Prepared, Recipe
from emopipe.media import signal_blocks
from emopipe.voice.clips import check_clip, in_16_bit_steps
from emopipe.voice.contours import N_WAVES, cosines, quantiles, rich_names, rich_statistics
from emopipe.voice.descriptors import (
    DISTRIBUTION,
    HOP,
    LONG,
    N_BANDS,
    N_CEPSTRA,
    N_FORMANTS,
    N_PREDICTED,
    SAMPLE_RATE,
    deltas,
    describe_voice,
    prediction_cepstra,
)
from emopipe.voice.pitch import cycles, irregularity
from emopipe.voice.short_term import measure

_PERCENTILES = (10, 50, 90)
_SHAPE = ("slope_0_500", "slope_500_1500", "alpha", "hammarberg", "centroid", "hiss")
# Hz: edges of the bands in which loudness rises and falls.
_TEMPI = (0.5, 1.5, 3.0, 5.0, 8.0, 12.0, 20.0)
_SPECTRUM_SECONDS = 2.0
_MODULATED = 20  # bands of the modulation spectrum: the mel bands, in pairs
SPOKEN = 35  # dB below the loudest frame
# Praat's: neighbouring cycles of which one is longer or louder by more are no cycles of one voice.
_LENGTHS, _PEAKS = 1.3, 1.6


def _moments(rows, names):
    """Return mean, standard deviation and percentiles of each column, 0 of no rows."""
    if not len(rows):
        rows = np.zeros((1, len(names)))
    values = [
        rows.mean(axis=0),
        rows.std(axis=0),
        quantiles(rows, np.array(_PERCENTILES) / 100).ravel(),
    ]
    kinds = ["mean", "std", *(f"p{n}" for n in _PERCENTILES)]
    return np.concatenate(values), [f"{name}_{kind}" for kind in kinds for name in names]


def _changes(rows, names):
    """Return how fast each column changes: mean size and standard deviation of its slope."""
    slope = deltas(rows)
    values = np.concatenate([np.abs(slope).mean(axis=0), slope.std(axis=0)])
    return values, [f"{name}_{kind}" for kind in ("speed", "delta_std") for name in names]


def _mel(voice, samples):
    names = [f"mel_{n + 1}" for n in range(N_BANDS)]
    yield _moments(voice.mel, names)
    yield _changes(voice.mel, names)


def _mfcc(voice, samples):
    names = [f"mfcc_{n}" for n in range(N_CEPSTRA)]
    yield _moments(voice.cepstra, names)
    yield _changes(voice.cepstra, names)
    yield deltas(deltas(voice.cepstra)).std(axis=0), [f"{name}_delta2_std" for name in names]


def _lpcc(voice, samples):
    names = [f"lpcc_{n + 1}" for n in range(N_PREDICTED)]
    rows = prediction_cepstra(samples)
    yield _moments(rows, names)
    yield _changes(rows, names)


def _fill_gaps(columns):
    """Put each column's median where a frame has no such formant, 0 where none has."""
    columns = columns.copy()
    for column in columns.T:
        finite = np.isfinite(column)
        column[~finite] = np.median(column[finite]) if finite.any() else 0.0
    return columns


def _stretches(voiced):
    """Return the lengths of voiced and of unvoiced stretches in seconds."""
    edges = np.flatnonzero(np.diff(voiced.astype(np.int8))) + 1
    lengths = np.diff(np.concatenate([[0], edges, [len(voiced)]])) * HOP / SAMPLE_RATE
    first = int(not voiced[0])
    return lengths[first::2], lengths[1 - first :: 2]


def _slope(values):
    """Return the slope of a straight line through values, per frame; 0 of fewer than three."""
    if len(values) < 3:
        return 0.0
    time = np.arange(len(values)) - (len(values) - 1) / 2
    return values @ time / (time @ time)


def _rhythm(voice, samples, pitch, spoken):
    """Return single values about cycles, stretches and peaks."""
    lengths, peaks = cycles(samples, SAMPLE_RATE, voice.frequency, voice.voiced, HOP)
    (sound, silence), level = _stretches(voice.voiced), voice.level
    loud = (level[1:-1] > level[:-2]) & (level[1:-1] >= level[2:]) & spoken[1:-1]
    seconds = len(level) * HOP / SAMPLE_RATE
    single = {
        "jitter": irregularity(lengths, _LENGTHS),
        "shimmer": irregularity(peaks, _PEAKS),
        "voiced_share": voice.voiced.mean(),
        "voiced_per_second": len(sound) / seconds,
        "peaks_per_second": loud.sum() / seconds,
        "pitch_speed": np.abs(np.diff(pitch)).mean() if len(pitch) > 1 else 0.0,
        "pitch_slope": _slope(pitch),
        "level_slope": _slope(level[spoken]),
    }
    for name, stretch in (("voiced", sound), ("pause", silence)):
        single[f"{name}_length_mean"] = stretch.mean() if len(stretch) else 0.0
        single[f"{name}_length_std"] = stretch.std() if len(stretch) else 0.0
    return np.array(list(single.values()), np.float64), list(single)


def _prosody(voice, samples):
    voiced, level = voice.voiced, voice.level
    pitch = 12 * np.log2(voice.frequency[voiced] / 27.5)  # semitones above A0
    spoken = level > level.max() - SPOKEN
    columns = {
        "pitch": pitch,
        "level": (level - level.max())[spoken],
        "harmonicity": voice.harmonicity[voiced],
    }
    for name, column in columns.items():
        yield _moments(column[:, np.newaxis], [name])
    yield _changes(level[:, np.newaxis], ["level"])
    yield _moments(voice.shape[voiced], [f"{name}_voiced" for name in _SHAPE])
    yield _moments(voice.shape[~voiced & spoken], [f"{name}_unvoiced" for name in _SHAPE])
    names = [f"formant_{n + 1}" for n in range(N_FORMANTS)]
    yield _moments(_fill_gaps(voice.formants), names)
    yield _moments(_fill_gaps(voice.widths), [f"{name}_width" for name in names])
    yield _rhythm(voice, samples, pitch, spoken)


def _modulation(voice, samples):
    """Yield how much each band's loudness rises and falls at each tempo, natural logarithms."""
    bands = voice.mel.reshape(len(voice.mel), _MODULATED, -1).mean(axis=2)
    n = max(len(bands), int(_SPECTRUM_SECONDS * SAMPLE_RATE / HOP))
    moving = (bands - bands.mean(axis=0)) * np.hanning(len(bands) + 2)[1:-1, np.newaxis]
    power = np.abs(np.fft.rfft(moving, n, axis=0)) ** 2 / len(bands)
    rates = np.fft.rfftfreq(n, HOP / SAMPLE_RATE)
    for low, high in pairwise(_TEMPI):
        values = np.log(power[(rates >= low) & (rates < high)].mean(axis=0) + 1e-3)
        yield values, [f"band_{band + 1}_{low:g}_{high:g}_hz" for band in range(_MODULATED)]


def _spectrum_rows(voice):
    """Return what is spectral of every frame, (frames, n), and names."""
    amplitude = np.exp(voice.mel / 2)
    amplitude /= np.linalg.norm(amplitude, axis=1, keepdims=True)
    flux = np.zeros(len(amplitude))
    flux[1:] = 1 - (amplitude[1:] * amplitude[:-1]).sum(axis=1)
    rows = [voice.distribution, voice.shape, voice.level, voice.harmonicity, flux]
    return np.column_stack(rows), [*DISTRIBUTION, *_SHAPE, "level", "harmonicity", "flux"]


def _utterance(voice):
    """Return the frames from the first that is spoken to the last."""
    spoken = np.flatnonzero(voice.level > voice.level.max() - SPOKEN)
    return slice(spoken[0], spoken[-1] + 1)


def _spectrum(voice, samples):
    """Yield the rich statistics of spectra between the first and last word, and of their slopes."""
    rows, names = _spectrum_rows(voice)
    part = _utterance(voice)
    both = np.column_stack([rows[part], deltas(rows)[part]])
    names = [f"spectrum_{name}" for name in (*names, *(f"{name}_delta" for name in names))]
    yield rich_statistics(both), rich_names(names)


def _vowels(voice, samples):
    """Yield the rich statistics of voiced spectra."""
    rows, names = _spectrum_rows(voice)
    yield rich_statistics(rows[voice.voiced]), rich_names([f"vowel_{name}" for name in names])


def _contour(voice, samples):
    """Yield the courses of pitch, level and timbre over the utterance, and pitch's statistics."""
    part, seconds = _utterance(voice), HOP / SAMPLE_RATE
    semitones, voiced = 12 * np.log2(voice.frequency / 27.5), np.flatnonzero(voice.voiced)
    bridged = np.zeros(len(semitones))
    if len(voiced):
        bridged = np.interp(np.arange(len(semitones)), voiced, semitones[voiced])
    names = ("pitch", "level", "loudness", "sharpness", "centre", "harmonicity")
    columns = [DISTRIBUTION.index(name) for name in ("loudness", "sharpness", "centre")]
    rows = [bridged, voice.level, *voice.distribution[:, columns].T, voice.harmonicity]
    yield (
        cosines(np.column_stack(rows)[part]).ravel(),
        [f"{name}_course_{n}" for name in names for n in range(N_WAVES)],
    )
    spoken = (part.stop - part.start) * seconds
    lengths = [np.log(spoken), len(voiced) * seconds / spoken, np.log(len(semitones) * seconds)]
    yield np.array(lengths), ["utterance_length", "utterance_voiced", "clip_length"]
    for name, values in {
        "pitch_bridged": bridged[part],
        "pitch_voiced": semitones[voiced],
        "pitch_delta": deltas(semitones[voiced][:, np.newaxis])[:, 0] if len(voiced) else voiced,
        "harmonicity_voiced": voice.harmonicity[voiced],
    }.items():
        yield rich_statistics(values[:, np.newaxis]), rich_names([name])


# Name of a set -> (descriptors, samples) -> pairs of values and their names.
SETS = {
    "mfcc": _mfcc, "mel": _mel, "prosody": _prosody, "modulation": _modulation,
    "spectrum": _spectrum, "vowels": _vowels, "contour": _contour, "lpcc": _lpcc,
}  # fmt: skip
BY_DEFAULT = ("mfcc", "mel", "prosody", "modulation")
# Sets that are computed together, whichever of them are chosen.
TOGETHER = tuple(name for name in SETS if name != "lpcc")


# Column of a clip table: how much faster a copy of the clip is than the clip itself.
SPEED = "playback_speed"
_LARGEST_DENOMINATOR = 50


def functionals(samples, sets=BY_DEFAULT):
    """Return the functionals of a signal, float64 (n_values,).

    Parameters
    ----------
    samples : float32 ndarray of shape (samples,)
        Mono, 16 kHz, full scale 1, 50 ms or more.
    sets : sequence of str
        Names in `SETS`.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 220 * np.arange(8000) / 16000).astype(np.float32)
    >>> values = dict(zip(functional_names(("prosody",)), functionals(tone, ("prosody",))))
    >>> [float(values[name].round(2)) for name in ("pitch_mean", "jitter")]
    [36.0, 0.0]
    """
    samples = (samples - samples.mean(dtype=np.float64)).astype(np.float32)
    voice = describe_voice(samples)
    return np.concatenate([part for name in sets for part, _ in SETS[name](voice, samples)])


@lru_cache(maxsize=16)
def functional_names(sets) -> list[str]:
    """Return the names of the functionals of sets.

    Examples
    --------
    >>> functional_names(("mfcc", "prosody"))[0], len(functional_names(tuple(SETS)))
    ('mfcc_0_mean', 2837)
    """
    # Names and values are made together: those of a short silence are those of all signals.
    silence = np.zeros(1600, np.float32)
    voice = describe_voice(silence)
    return [label for name in sets for _, labels in SETS[name](voice, silence) for label in labels]


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
        "lpcc" (112): 16 linear prediction cepstra, with the statistics of "mfcc". The first four by
        default.
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
