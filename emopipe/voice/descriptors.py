"""Describe a voice every 10 ms: bands, cepstra, pitch, formants, spectral shape."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.fft import dct, rfft
from scipy.signal import lfilter, resample_poly

from emopipe.voice.linear_prediction import cepstra, predictors
from emopipe.voice.pitch import LOWEST, pitch_candidates, track_pitch

SAMPLE_RATE = 16000  # Hz
HOP = 160  # samples
FRAME, LONG = 400, 800  # samples: of spectra; of pitch
N_BANDS, N_CEPSTRA, N_FORMANTS = 40, 20, 3
N_PREDICTED = 16  # two coefficients per kHz of bandwidth, and a cepstrum of each
_FFT = 512
_FLOOR = 1e-7  # of full scale squared: -70 dB
# Linear prediction: sound up to 5 kHz, two coefficients per formant and two more; every third frame
_FORMANT_RATE, _ORDER, _EVERY = 10000, 12, 3
# dB: of the frames this far below the loudest, or below full scale, none is voiced.
_SOFT, _QUIET = 40, -60
_ROLLOFFS = (0.25, 0.5, 0.75, 0.9)
_BALANCES = ((250, 650), (1000, 4000), (4000, 8001))  # Hz
# Frequencies in kHz, balances in natural logarithms, sharpness in mel bands.
DISTRIBUTION = (
    *(f"rolloff_{100 * share:.0f}" for share in _ROLLOFFS), "centre", "spread", "skewness",
    "kurtosis", "entropy", "loudness", "sharpness",
    *(f"share_{low}_{min(high, 8000)}" for low, high in _BALANCES),
)  # fmt: skip
_CHUNK = 2048  # frames whose spectra are in memory at once


class Descriptors(NamedTuple):
    """What a voice is like in every 10 ms, float64.

    Parameters
    ----------
    mel : ndarray of shape (frames, 40)
        Power in mel bands, natural logarithm.
    cepstra : ndarray of shape (frames, 20)
    level : ndarray of shape (frames,)
        dB.
    shape : ndarray of shape (frames, 6)
        Slopes 0-500 and 500-1500 Hz (dB per kHz), alpha ratio (dB), Hammarberg index (dB), centroid
        (Hz), what lies above 5 kHz against the rest (dB).
    distribution : ndarray of shape (frames, 14)
        `DISTRIBUTION`: how power and loudness lie over the spectrum.
    frequency, harmonicity : ndarrays of shape (frames,)
        Hz and dB.
    voiced : bool ndarray of shape (frames,)
    formants, widths : ndarrays of shape (n, 3)
        Frequencies and bandwidths in Hz in every third voiced frame, NaN where there is none.
    """

    mel: np.ndarray
    cepstra: np.ndarray
    level: np.ndarray
    shape: np.ndarray
    distribution: np.ndarray
    frequency: np.ndarray
    harmonicity: np.ndarray
    voiced: np.ndarray
    formants: np.ndarray
    widths: np.ndarray


@lru_cache(maxsize=1)
def _filters():
    """Return triangular mel filters (bins, bands), each with an area of 1."""
    mel = np.linspace(0, 2595 * np.log10(1 + SAMPLE_RATE / 2 / 700), N_BANDS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    bins = np.fft.rfftfreq(_FFT, 1 / SAMPLE_RATE)
    low, middle, high = (edges[n : n + N_BANDS, np.newaxis] for n in range(3))
    rise, fall = (bins - low) / (middle - low), (high - bins) / (high - middle)
    weights = np.maximum(0, np.minimum(rise, fall))
    return (weights / weights.sum(axis=1, keepdims=True)).T.astype(np.float32)


def _frames(samples, length):
    """Return frames around every hop's centre (frames, length); the ends are mirrored."""
    n = max(1, len(samples) // HOP)
    margin = (length - HOP) // 2
    padded = np.pad(samples, (margin, length), mode="symmetric")
    return np.lib.stride_tricks.sliding_window_view(padded, length)[::HOP][:n]


def _in_chunks(function, frames):
    """Return what a function gives of all frames, without all their spectra in memory."""
    parts = [function(frames[n : n + _CHUNK]) for n in range(0, len(frames), _CHUNK)]
    return [np.concatenate(part).astype(np.float64) for part in zip(*parts, strict=True)]


def deltas(rows):
    """Return the slope over five neighbouring frames, (frames, n).

    Examples
    --------
    >>> deltas(np.arange(5.0)[:, np.newaxis])[2].tolist()
    [1.0]
    """
    padded = np.pad(rows, ((2, 2), (0, 0)), mode="edge")
    return (2 * (padded[4:] - padded[:-4]) + padded[3:-1] - padded[1:-3]) / 10


def _spectral(frames):
    """Return mel bands, cepstra, level, shape and distribution of frames."""
    spectra = rfft(frames * np.hamming(FRAME).astype(np.float32), _FFT, axis=1)
    power = (spectra.real**2 + spectra.imag**2) / FRAME
    mel = np.log(power @ _filters() + np.float32(_FLOOR))
    level = 10 * np.log10(power.mean(axis=1) + np.float32(_FLOOR))
    cepstra = dct(mel, norm="ortho", axis=1)[:, :N_CEPSTRA]
    return mel, cepstra, level, _shape(power), _distribution(power, mel)


def _shape(power):
    """Return slopes and balances of spectra, (frames, 6), in dB and Hz."""
    power = power + np.float32(_FLOOR)
    bins = np.fft.rfftfreq(_FFT, 1 / SAMPLE_RATE)
    decibels = 10 * np.log10(power[:, bins < 1500])

    def slope(low, high):
        inside = np.flatnonzero((bins >= low) & (bins < high))
        x = bins[inside] - bins[inside].mean()
        return 1000 * (decibels[:, inside] @ (x / (x @ x)))

    def band(low, high):
        return power[:, np.searchsorted(bins, low) : np.searchsorted(bins, high)]

    def balance(a, b):
        return 10 * np.log10(a / b)

    return np.column_stack([
        slope(0, 500), slope(500, 1500),
        balance(band(50, 1000).sum(axis=1), band(1000, 5000).sum(axis=1)),
        balance(band(0, 2000).max(axis=1), band(2000, 5000).max(axis=1)),
        power @ bins.astype(np.float32) / power.sum(axis=1),
        balance(band(5000, 8001).sum(axis=1), band(0, 5000).sum(axis=1)),
    ])  # fmt: skip


def _distribution(power, mel):
    """Return the descriptors of `DISTRIBUTION`, (frames, 14)."""
    power = power + np.float32(1e-9)
    share = power / power.sum(axis=1, keepdims=True)
    kilohertz = np.fft.rfftfreq(_FFT, 1000 / SAMPLE_RATE).astype(np.float32)
    below = share.cumsum(axis=1)
    rolloffs = [kilohertz[(below >= part).argmax(axis=1)] for part in _ROLLOFFS]
    # Central moments from those about 0, in double precision: their terms nearly cancel.
    powers = kilohertz.astype(np.float64)[:, np.newaxis] ** np.arange(1, 5)
    first, second, third, fourth = (share.astype(np.float64) @ powers).T
    variance = np.maximum(second - first**2, 1e-6)
    skewness = (third - 3 * first * second + 2 * first**3) / variance**1.5
    kurtosis = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4
    bands = np.exp(mel)
    total = bands.sum(axis=1)
    loud = np.exp(np.float32(0.3) * mel)
    loudness = loud.sum(axis=1)
    bounds = np.searchsorted(kilohertz, np.array(_BALANCES) / 1000)
    return np.column_stack([
        *rolloffs, first, np.sqrt(variance), skewness, kurtosis / variance**2,
        np.log(total) - (bands * mel).sum(axis=1) / total, np.log(loudness),
        loud @ np.arange(N_BANDS, dtype=np.float32) / loudness,
        *(np.log(share[:, low:high].sum(axis=1) + 1e-9) for low, high in bounds),
    ])  # fmt: skip


def _resonances(frames):
    """Return frequency and bandwidth in Hz of the lowest resonances of frames at 10 kHz.

    Roots of the polynomial of linear prediction [1]_; NaN where there are too few.

    References
    ----------
    .. [1] B. S. Atal, S. L. Hanauer, "Speech analysis and synthesis by linear prediction of the
       speech wave", JASA 50, 1971.
    """
    companion = np.zeros((len(frames), _ORDER, _ORDER))
    companion[:, 0] = -predictors(frames * np.hamming(frames.shape[1]), _ORDER)
    companion[:, np.arange(1, _ORDER), np.arange(_ORDER - 1)] = 1
    roots = np.linalg.eigvals(companion)
    frequency = np.angle(roots) * _FORMANT_RATE / (2 * np.pi)
    width = -np.log(np.maximum(np.abs(roots), 1e-6)) * _FORMANT_RATE / np.pi
    fits = (frequency > 90) & (frequency < _FORMANT_RATE / 2 - 100) & (width < 600)
    frequency = np.where(fits, frequency, np.inf)
    order = frequency.argsort(axis=1)[:, :N_FORMANTS]
    rows = np.arange(len(frames))[:, np.newaxis]
    frequency, width = frequency[rows, order], width[rows, order]
    missing = np.isinf(frequency)
    frequency[missing], width[missing] = np.nan, np.nan
    return frequency, width


def _formants(samples, voiced):
    """Return frequencies and bandwidths of formants in every third voiced frame, (n, 3) each."""
    chosen = np.flatnonzero(voiced)[::_EVERY]
    if not len(chosen):
        return np.empty((0, N_FORMANTS)), np.empty((0, N_FORMANTS))
    slow = resample_poly(samples.astype(np.float64), _FORMANT_RATE, SAMPLE_RATE)
    slow, length = lfilter([1, -0.97], 1, slow), int(0.025 * _FORMANT_RATE)
    starts = ((chosen * HOP + HOP // 2) * _FORMANT_RATE) // SAMPLE_RATE
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(slow, (length // 2, 2 * length)), length
    )
    parts = [_resonances(windows[starts[n : n + _CHUNK]]) for n in range(0, len(starts), _CHUNK)]
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def prediction_cepstra(samples):
    """Return linear prediction cepstra of a signal, (frames, 16) every 10 ms.

    Parameters
    ----------
    samples : float32 ndarray of shape (samples,)
        As for `describe_voice`.

    Examples
    --------
    >>> prediction_cepstra(np.ones(4000, np.float32)).shape
    (25, 16)
    """
    flat = lfilter([1, -0.97], 1, samples.astype(np.float64))
    window = np.hamming(FRAME)
    [rows] = _in_chunks(
        lambda frames: [cepstra(predictors(frames * window, N_PREDICTED), N_PREDICTED)],
        _frames(flat, FRAME),
    )
    return rows


def describe_spectra(samples):
    """Return mel bands, cepstra, level, shape and distribution of frames, see `Descriptors`."""
    return _in_chunks(_spectral, _frames(samples.astype(np.float32), FRAME))


def describe_voice(samples) -> Descriptors:
    """Return what a voice is like in every 10 ms.

    Parameters
    ----------
    samples : float32 ndarray of shape (samples,)
        Mono, 16 kHz, full scale 1, without offset.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 250 * np.arange(4000) / 16000).astype(np.float32)
    >>> voice = describe_voice(tone)
    >>> voice.mel.shape, voice.frequency[5:8].round().tolist()
    ((25, 40), [250.0, 250.0, 250.0])
    """
    mel, cepstra, level, shape, distribution = describe_spectra(samples)
    loud = np.flatnonzero(level > max(level.max() - _SOFT, _QUIET))
    frequency, harmonicity, voiced = _pitch(samples, loud, len(level))
    formants, widths = _formants(samples, voiced)
    return Descriptors(
        mel, cepstra, level, shape, distribution, frequency, harmonicity, voiced, formants, widths
    )


def _pitch(samples, loud, n_frames):
    """Return frequency, harmonicity and voicing of frames, of which only the loud are measured."""
    frequency, harmonicity = np.full(n_frames, LOWEST), np.full(n_frames, -20.0)
    voiced = np.zeros(n_frames, bool)
    if len(loud):
        frames = _frames(samples, LONG)
        candidates = _in_chunks(lambda rows: pitch_candidates(frames[rows], SAMPLE_RATE), loud)
        frequency[loud], harmonicity[loud], voiced[loud] = track_pitch(*candidates, SAMPLE_RATE)
    return frequency, harmonicity, voiced
