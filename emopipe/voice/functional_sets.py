"""The sets of VoiceFunctionals: what is computed of a voice's descriptors, and their names."""

from functools import lru_cache
from itertools import pairwise

import numpy as np

from emopipe.voice.contours import N_WAVES, cosines, quantiles, rich_names, rich_statistics
from emopipe.voice.covariance import covariance_names, covariance_statistics
from emopipe.voice.descriptors import (
    DISTRIBUTION,
    HOP,
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

_PERCENTILES = (10, 50, 90)
_SHAPE = ("slope_0_500", "slope_500_1500", "alpha", "hammarberg", "centroid", "hiss")
# Hz: edges of the bands in which loudness rises and falls.
_TEMPI = (0.5, 1.5, 3.0, 5.0, 8.0, 12.0, 20.0)
_SPECTRUM_SECONDS = 2.0
_MODULATED = 20  # bands of the modulation spectrum: the mel bands, in pairs
# Of covariances: cepstra after that of loudness, mel bands in groups, frames between copies.
_COVARIANT, _LAGS = 10, (0, 4, 8, 16)
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


def _pitch(voice):
    """Return pitch (semitones above 27.5 Hz), voiced frames, and pitch led across gaps."""
    semitones, voiced = 12 * np.log2(voice.frequency / 27.5), np.flatnonzero(voice.voiced)
    bridged = np.zeros(len(semitones))
    if len(voiced):
        bridged = np.interp(np.arange(len(semitones)), voiced, semitones[voiced])
    return semitones, voiced, bridged


def _contour(voice, samples):
    """Yield the courses of pitch, level and timbre over the utterance, and pitch's statistics."""
    part, seconds = _utterance(voice), HOP / SAMPLE_RATE
    semitones, voiced, bridged = _pitch(voice)
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


def _with_changes(rows, order):
    """Return the utterance's columns beside their first slopes, (frames, (order + 1) * n)."""
    parts = [rows]
    for _ in range(order):
        parts.append(deltas(parts[-1]))
    return np.hstack(parts)


def _melody(voice):
    """Return pitch, level and harmonicity, (frames, 3)."""
    return np.column_stack([_pitch(voice)[2], voice.level, voice.harmonicity])


@lru_cache(maxsize=8)
def _covariance_labels(name, columns, copies):
    names = [*columns, *(f"{column}_{copy}" for copy in copies for column in columns)]
    return [f"{name}_covariance_{label}" for label in covariance_names(names, len(columns))]


def _covariances(name, rows, columns, copies):
    """Return the covariance of columns and copies of them, which have names of their own."""
    labels = _covariance_labels(name, tuple(columns), tuple(copies))
    return covariance_statistics(rows, len(columns)), labels


_MELODY = ("pitch", "level", "harmonicity")


def _mfcc_covariance(voice, samples):
    """Yield how melody and cepstra, and their first and second slopes, go together."""
    rows = np.hstack([_melody(voice), voice.cepstra[:, 1 : _COVARIANT + 1]])
    names = [*_MELODY, *(f"mfcc_{n + 1}" for n in range(_COVARIANT))]
    rows = _with_changes(rows, 2)[_utterance(voice)]
    yield _covariances("mfcc", rows, names, ("delta", "delta2"))


def _mel_covariance(voice, samples):
    """Yield how melody and broad mel bands, and their first and second slopes, go together."""
    bands = voice.mel.reshape(len(voice.mel), _COVARIANT, -1).mean(axis=2)
    names = [*_MELODY, *(f"band_{n + 1}" for n in range(_COVARIANT))]
    rows = _with_changes(np.hstack([_melody(voice), bands]), 2)[_utterance(voice)]
    yield _covariances("mel", rows, names, ("delta", "delta2"))


def _prosody_covariance(voice, samples):
    """Yield how melody and spectral shape go together with themselves 40, 80 and 160 ms later."""
    rows = np.hstack([_melody(voice), voice.shape])[_utterance(voice)]
    n = max(len(rows) - _LAGS[-1], 1)
    rows = np.pad(rows, ((0, max(n + _LAGS[-1] - len(rows), 0)), (0, 0)), mode="edge")
    lagged = np.hstack([rows[lag : lag + n] for lag in _LAGS])
    copies = [f"after_{1000 * lag * HOP // SAMPLE_RATE}_ms" for lag in _LAGS[1:]]
    yield _covariances("prosody", lagged, (*_MELODY, *_SHAPE), copies)


def _spectrum_covariance(voice, samples):
    """Yield how the descriptors of spectra and their slopes go together."""
    rows = _with_changes(voice.distribution, 1)[_utterance(voice)]
    yield _covariances("spectrum", rows, DISTRIBUTION, ("delta",))


# Name of a set -> (descriptors, samples) -> pairs of values and their names.
SETS = {
    "mfcc": _mfcc, "mel": _mel, "prosody": _prosody, "modulation": _modulation,
    "spectrum": _spectrum, "vowels": _vowels, "contour": _contour, "lpcc": _lpcc,
    "mfcc_covariance": _mfcc_covariance, "mel_covariance": _mel_covariance,
    "prosody_covariance": _prosody_covariance, "spectrum_covariance": _spectrum_covariance,
}  # fmt: skip
BY_DEFAULT = ("mfcc", "mel", "prosody", "modulation")
# Sets that are computed together, whichever of them are chosen.
TOGETHER = tuple(name for name in SETS if name != "lpcc")


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
    ('mfcc_0_mean', 5660)
    """
    # Names and values are made together: those of a short silence are those of all signals.
    silence = np.zeros(1600, np.float32)
    voice = describe_voice(silence)
    return [label for name in sets for _, labels in SETS[name](voice, silence) for label in labels]
