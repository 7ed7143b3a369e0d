"""Pitch and harmonicity of frames, and the lengths of a voice's single cycles."""

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft

# Hz between which a voice's fundamental frequency is looked for.
LOWEST, HIGHEST = 60.0, 500.0
# Share of its energy by which a frame must repeat itself to be voiced.
VOICED = 0.45
# What an octave's jump between neighbouring frames costs, against that share.
_JUMP = 0.35
_CANDIDATES = 5
# What an octave lower costs: of a pitch and half of it, which fit alike, the higher one is meant.
_LOWER = 0.02


def _autocorrelation(frames, n_lags):
    """Return the autocorrelation of windowed frames, divided by that of the window alone."""
    n = frames.shape[1]
    window = np.hanning(n + 2)[1:-1].astype(frames.dtype)
    size = next_fast_len(n + n_lags, real=True)

    def correlate(x):
        spectrum = rfft(x, size, axis=-1)
        return irfft(spectrum.real**2 + spectrum.imag**2, size, axis=-1)[..., :n_lags]

    window_correlation = correlate(window)
    raw = correlate((frames - frames.mean(axis=1, keepdims=True)) * window)
    return raw / np.maximum(raw[:, :1], 1e-12) * (window_correlation[0] / window_correlation)


def _peaks(correlation, sample_rate):
    """Return lag (samples, between samples, too) and height of each frame's candidates."""
    low, high = int(sample_rate / HIGHEST), int(sample_rate / LOWEST)
    inner = correlation[:, low : high + 1]
    before, after = correlation[:, low - 1 : high], correlation[:, low + 1 : high + 2]
    peak = (inner > before) & (inner >= after)
    strength = np.where(peak, inner - _LOWER * np.log2(np.arange(low, high + 1)), -np.inf)
    best = np.argpartition(-strength, _CANDIDATES, axis=1)[:, :_CANDIDATES]
    rows = np.arange(len(inner))[:, np.newaxis]
    a, b, c = (part[rows, best].astype(np.float64) for part in (before, inner, after))
    # Where a frame has fewer peaks, the other candidates have height 0 and a lag without meaning.
    bend, real = a - 2 * b + c, peak[rows, best]
    shift = np.where(real, 0.5 * (a - c) / np.where(real, bend, 1), 0.0)
    return best + low + shift, np.where(real, b - 0.25 * (a - c) * shift, 0.0)


def _path(pitch, strength):
    """Return which candidate each frame takes, so that strong ones win and jumps are rare."""
    cost = _JUMP * np.abs(pitch[1:, :, np.newaxis] - pitch[:-1, np.newaxis, :])
    score, back = strength[0], np.zeros(strength.shape, np.int64)
    candidates = np.arange(strength.shape[1])
    for n in range(1, len(strength)):
        reached = score - cost[n - 1]
        back[n] = from_ = reached.argmax(axis=1)
        score = strength[n] + reached[candidates, from_]
    chosen = np.empty(len(strength), np.int64)
    chosen[-1] = score.argmax()
    for n in range(len(strength) - 1, 0, -1):
        chosen[n - 1] = back[n, chosen[n]]
    return chosen


def pitch_candidates(frames, sample_rate):
    """Return the lags at which frames repeat themselves, and how much.

    Parameters
    ----------
    frames : float ndarray of shape (frames, samples)
        Of 40 ms or more, so that more than two cycles of the lowest pitch fit in.
    sample_rate : float
        Hz.

    Returns
    -------
    lag : float64 ndarray of shape (frames, 5)
        Samples.
    height : float64 ndarray of shape (frames, 5)
        Share of the energy that repeats itself; 0 where a frame has fewer candidates.
    """
    n_lags = int(sample_rate / LOWEST) + 3
    return _peaks(_autocorrelation(frames, n_lags), sample_rate)


def track_pitch(lag, height, sample_rate):
    """Return fundamental frequency, harmonicity and voicing of frames.

    Parameters
    ----------
    lag, height : float ndarrays of shape (frames, 5)
        As `pitch_candidates` gives them, of consecutive frames.
    sample_rate : float
        Hz.

    Returns
    -------
    frequency : float64 ndarray of shape (frames,)
        Hz, of the strongest repetition, voiced or not.
    harmonicity : float64 ndarray of shape (frames,)
        Harmonics-to-noise ratio in dB, -20 to 40.
    voiced : bool ndarray of shape (frames,)

    References
    ----------
    P. Boersma, "Accurate short-term analysis of the fundamental frequency and the harmonics-to-
    noise ratio of a sampled sound", IFA Proceedings 17, 1993: the autocorrelation over that of the
    window, and the path through the candidates, here of voiced frames alone.

    Examples
    --------
    >>> time = np.arange(16000) / 16000
    >>> frames = np.sin(2 * np.pi * 200 * time).reshape(-1, 800)
    >>> frequency, _, voiced = track_pitch(*pitch_candidates(frames, 16000), 16000)
    >>> frequency.round(1).tolist()[:2], bool(voiced.all())
    ([200.0, 200.0], True)
    """
    strength = height - _LOWER * np.log2(lag)
    chosen = strength.argmax(axis=1)
    strong = np.flatnonzero(height.max(axis=1) > VOICED)
    if strong.size:
        chosen[strong] = _path(np.log2(lag[strong]), strength[strong])
    rows = np.arange(len(lag))
    share = np.clip(height[rows, chosen].astype(np.float64), 1e-2, 1 - 1e-4)
    harmonicity = 10 * np.log10(share / (1 - share))
    return sample_rate / lag[rows, chosen], harmonicity, share > VOICED


def cycles(samples, sample_rate, frequency, voiced, hop):
    """Return lengths and peaks of a voice's cycles, walking from each to the next like it.

    Parameters
    ----------
    samples : float ndarray of shape (samples,)
    sample_rate : float
        Hz.
    frequency, voiced : ndarrays of shape (frames,)
        As `track_pitch` gives them.
    hop : int
        Samples from frame to frame.

    Returns
    -------
    lengths : float64 ndarray of shape (n,)
        Seconds; NaN where a stretch of voice ends.
    peaks : float64 ndarray of shape (n,)
        Largest distance from 0 in each cycle; NaN where a stretch of voice ends.

    Examples
    --------
    >>> tone = np.sin(2 * np.pi * 200 * np.arange(1600) / 16000)
    >>> lengths, peaks = cycles(tone, 16000, np.full(10, 200.0), np.ones(10, bool), 160)
    >>> lengths[:2].round(5).tolist(), peaks[:2].round(2).tolist()
    ([0.005, 0.005], [1.0, 1.0])
    """
    lengths, peaks = [], []
    distances = np.abs(samples)
    periods = (sample_rate / frequency).tolist()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], voiced.astype(np.int8), [0]])))
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        position, last = start * hop, min(end * hop, len(samples))
        # A cycle's strongest sample lies in its middle: on its border, cycles would be cut there.
        n = int(periods[start])
        position = max(0, position + int(distances[position : position + n].argmax()) - n // 2)
        starts = [position]
        while position < last:
            n = int(periods[min(position // hop, end - 1)])
            step, fraction = _next_cycle(samples, position, n)
            if not step:
                break
            lengths.append((step + fraction) / sample_rate)
            position += step
            starts.append(position)
        lengths.append(np.nan)
        if len(starts) > 1:
            peaks.append(np.maximum.reduceat(distances[:position], starts[:-1]))
        peaks.append([np.nan])
    return np.array(lengths), np.concatenate([[], *peaks])


def _next_cycle(samples, start, n):
    """Return after how many samples the n samples from `start` come again, whole and fraction."""
    slack = max(2, n // 5)
    ahead = samples[start + n - slack : start + 2 * n + slack + 1]
    if len(ahead) < n + 2 * slack:
        return 0, 0.0
    match = np.correlate(ahead, samples[start : start + n], "valid")
    shift = int(match.argmax())
    fraction = 0.0
    if 0 < shift < len(match) - 1:
        a, b, c = match[shift - 1 : shift + 2].tolist()
        if a - 2 * b + c < 0:
            fraction = 0.5 * (a - c) / (a - 2 * b + c)
    return n - slack + shift, fraction


def irregularity(values, most=np.inf):
    """Return the mean distance of neighbours over their mean, 0 where there are no neighbours.

    Of the lengths of cycles it is the local jitter, of their peaks the local shimmer.

    Parameters
    ----------
    values : float ndarray of shape (n,)
        Positive; NaN separates what are no neighbours.
    most : float
        Neighbours of which one is so many times the other do not count.

    Examples
    --------
    >>> irregularity(np.array([1.0, 1.0, 3.0]))
    0.6
    >>> irregularity(np.array([1.0, 1.0, 3.0]), most=1.3)
    0.0
    """
    a, b = values[:-1], values[1:]
    alike = (a <= most * b) & (b <= most * a)  # never of NaN
    if not alike.any():
        return 0.0
    return float(np.abs(a - b)[alike].mean() / max(np.nanmean(values), 1e-12))
