"""Detect speech: windows with their energy in the band of speech (paper C, 3.1).

In short::

    speech_mask(samples, 16000)     # bool, one value per window of 20 ms, every 10 ms
    trim(samples, 16000)            # (start, stop) in seconds: the clip without its idle ends

The paper's rule is a ratio of energies. In the pauses of real recordings faint noise exceeds it by
chance: in most of forty RAVDESS clips before or after the sentence. So we also ask that a window is
at most 40 dB below the loud ones of its clip, which bounds the sentence as its energy does.
"""

import numpy as np

# So many windows are transformed at a time, so that an hour of sound needs little memory.
_AT_ONCE = 4096


# Loud is what this share of the windows does not exceed: clicks are rarer.
_LOUD = 0.98


def _check(sample_rate, window, hop, band):
    low, high = band
    if not 0 <= low < high <= sample_rate / 2:
        raise ValueError(
            f"band={tuple(band)} Hz must be rising and lie within 0 and {sample_rate / 2:g} Hz, "
            "half the sampling rate: resample the signal, or choose another band"
        )
    if round(hop * sample_rate) < 1 or round(window * sample_rate) < 2:
        raise ValueError(f"window={window!r} s, hop={hop!r} s: the one is too short at this rate")


def speech_ratio(
    signal, sample_rate, *, window=0.02, hop=0.01, band=(300.0, 3000.0)
) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of each window's energy that lies in the band of speech (equation 1).

    Parameters
    ----------
    signal : float array, shape (n_samples,)
        Mono.
    sample_rate : float
        Hz.
    window, hop : float
        Seconds; windows are rectangular, as equation 1 has it, and a last one that is not whole is
        left out.
    band : (float, float)
        Hz, both ends included.

    Returns
    -------
    ratio : float64 ndarray of shape (n_windows,)
        0 where there is no energy at all. The mean of a window is no sound and is taken away.
    energy : float64 ndarray of shape (n_windows,)
        Mean square of the windows' samples, without their mean.

    Raises
    ------
    ValueError
        If the band does not fit into the signal's, or a window holds no samples.

    Examples
    --------
    >>> time = np.arange(16000) / 16000
    >>> tone = lambda frequency: np.sin(2 * np.pi * frequency * time)
    >>> [speech_ratio(tone(f), 16000)[0].mean().round(2).item() for f in (100, 1000, 5000)]
    [0.0, 1.0, 0.0]
    """
    _check(sample_rate, window, hop, band)
    n_window, n_hop = round(window * sample_rate), round(hop * sample_rate)
    signal = np.asarray(signal)
    if len(signal) < n_window:
        return np.zeros(0), np.zeros(0)
    windows = np.lib.stride_tricks.sliding_window_view(signal, n_window)[::n_hop]
    frequencies = np.fft.rfftfreq(n_window, 1 / sample_rate)
    inside = (frequencies >= band[0]) & (frequencies <= band[1])
    ratio, energy = np.zeros(len(windows)), np.zeros(len(windows))
    for start in range(0, len(windows), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        block = windows[part].astype(np.float64)
        power = np.abs(np.fft.rfft(block - block.mean(axis=1, keepdims=True), axis=1)) ** 2
        total = power.sum(axis=1)
        # Below the rounding of 16-bit samples there is nothing to hear.
        audible = total > 1e-12 * n_window**2
        share = power[:, inside].sum(axis=1) / np.where(audible, total, 1)
        ratio[part] = np.where(audible, share, 0)
        energy[part] = 2 * total / n_window**2
    return ratio, energy


def speech_mask(
    signal, sample_rate, *, window=0.02, hop=0.01, band=(300.0, 3000.0), threshold=0.6, floor=40.0
) -> np.ndarray:
    """Tell which windows of a signal hold speech.

    Parameters
    ----------
    signal, sample_rate, window, hop, band
        See `speech_ratio`. (The paper gives no band and no threshold; these are ours.)
    threshold : float
        Least share of the energy in the band.
    floor : float or None
        How much quieter than the clip's loud windows (their 98th percentile) speech may be, in dB;
        None for the paper's rule alone.

    Returns
    -------
    bool ndarray of shape (n_windows,)

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> time = np.arange(16000) / 16000
    >>> tone = np.sin(2 * np.pi * 1000 * time) * (time > 0.5)
    >>> mask = speech_mask(tone, 16000)
    >>> len(mask), int(mask.argmax())
    (99, 49)
    """
    if not 0 <= threshold <= 1:
        raise ValueError(f"threshold={threshold!r} is a share of energy: it lies within 0 and 1")
    ratio, energy = speech_ratio(signal, sample_rate, window=window, hop=hop, band=band)
    mask = (ratio >= threshold) & (energy > 0)
    if floor is not None and mask.any():
        mask &= energy >= np.quantile(energy, _LOUD) / 10 ** (floor / 10)
    return mask


def trim(
    signal, sample_rate, *, before=0.2, after=0.2, window=0.02, hop=0.01, **rule
) -> tuple[float, float]:
    """Return where a clip's speech starts and stops, with margins for the face (figure 3).

    Only the ends are cut off; pauses between stay. A clip without any speech stays whole.

    Parameters
    ----------
    signal, sample_rate, window, hop
        See `speech_ratio`.
    before, after : float
        Seconds that stay, delta 1 and delta 2 of the paper: faces begin before the voice, and end
        after it.
    **rule
        Of `speech_mask`: band, threshold, floor.

    Returns
    -------
    start, stop : float
        Seconds, within the signal.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Examples
    --------
    >>> time = np.arange(32000) / 16000
    >>> tone = np.sin(2 * np.pi * 1000 * time) * (abs(time - 1) < 0.25)
    >>> start, stop = trim(tone, 16000)
    >>> abs(start - 0.55) < 0.02, abs(stop - 1.45) < 0.02
    (True, True)
    >>> trim(np.zeros(16000), 16000)
    (0.0, 1.0)
    """
    duration = len(signal) / sample_rate
    spoken = np.flatnonzero(speech_mask(signal, sample_rate, window=window, hop=hop, **rule))
    if not len(spoken):
        return 0.0, duration
    hop = round(hop * sample_rate) / sample_rate
    start, stop = spoken[0] * hop - before, spoken[-1] * hop + window + after
    return float(max(0.0, start)), float(min(duration, stop))
