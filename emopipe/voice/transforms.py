"""Pictures of sound over time and frequency: Fourier, wavelet and Wigner-Ville transforms.

In short::

    levels = TRANSFORMS["fourier"](samples, n_bins=192, hop=160)    # dB, (192, n_windows)

System A's paper hears with the first, and names the other two as future work. Rows go from low to
high; a sine of full scale has 0 dB in each of them.
"""

import numpy as np

# Lowest level in dB; 0 dB is a sine of full scale.
FLOOR = -120.0
# Complex Morlet wavelet of PyWavelets: bandwidth, and centre frequency in cycles.
_BANDWIDTH, _CENTRE = 1.5, 1.0
# Where the wavelets' frequencies begin, as a share of the sampling rate: 40 Hz at 16 kHz.
_LOWEST, _HIGHEST = 1 / 400, 0.45
# Transforms whose rows are equally spaced in the logarithm of frequency -> octaves that they span.
OCTAVES = {"wavelet": float(np.log2(_HIGHEST / _LOWEST))}
# Windows whose spectra are in memory at once.
_AT_ONCE = 4096


def _in_decibels(amplitudes) -> np.ndarray:
    return np.maximum(20 * np.log10(np.maximum(amplitudes, 1e-9)), FLOOR).astype(np.float32)


def _n_windows(samples, n_bins, hop) -> int:
    """Return how many whole windows of a spectrogram fit into a signal."""
    return (len(samples) - (2 * n_bins - 2)) // hop + 1


def decibels(samples, *, n_bins=192, hop=160) -> np.ndarray:
    """Return the magnitude of the short-time Fourier transform in dB.

    Parameters
    ----------
    samples : float array, shape (n,)
        Full scale 1; n is at least a window of ``2 * n_bins - 2`` samples.
    n_bins : int
        Bins from 0 Hz to half the sampling rate; they decide the length of the Hann window.
    hop : int
        Samples from window to window.

    Returns
    -------
    float32 ndarray of shape (n_bins, n_windows)
        0 dB is a sine of full scale; not below FLOOR.

    Examples
    --------
    >>> sine = np.sin(2 * np.pi * np.arange(4000) / 8)
    >>> levels = decibels(sine, n_bins=193)
    >>> levels.shape, int(levels[:, 0].argmax()), round(float(levels.max()), 1)
    ((193, 23), 48, 0.0)
    """
    length = 2 * n_bins - 2
    window = np.hanning(length + 1)[:-1].astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(samples, length)[::hop]
    levels = np.empty((n_bins, len(frames)), np.float32)
    # Some windows at a time, so that an hour of sound needs little more than its spectrogram.
    for start in range(0, len(frames), 4096):
        part = slice(start, start + 4096)
        spectrum = np.abs(np.fft.rfft(frames[part] * window, axis=1))
        levels[:, part] = 20 * np.log10(np.maximum(spectrum * (2 / window.sum()), 1e-9)).T
    return np.maximum(levels, FLOOR)


def morlet(samples, *, n_bins=192, hop=160) -> np.ndarray:
    """Return the magnitude of the continuous wavelet transform in dB, with complex Morlet wavelets.

    Parameters
    ----------
    samples : float array, shape (n,)
        As for `decibels`.
    n_bins : int
        Wavelets, their centres equally spaced in the logarithm of frequency, from a four-hundredth
        of the sampling rate (40 Hz at 16 kHz) to 0.45 of it.
    hop : int
        Samples over which magnitudes are averaged, as root mean squares.

    Returns
    -------
    float32 ndarray of shape (n_bins, n // hop)
        The lowest frequency first; 0 dB is a sine of full scale.

    Raises
    ------
    ImportError
        If PyWavelets is not installed.

    Examples
    --------
    >>> sine = np.sin(2 * np.pi * np.arange(4000) / 8)
    >>> levels = morlet(sine, n_bins=64)  # doctest: +SKIP
    >>> levels.shape, int(levels[:, 12].argmax())  # doctest: +SKIP
    ((64, 25), 47)
    """
    wavelets = _pywt()
    name = f"cmor{_BANDWIDTH}-{_CENTRE}"
    samples = np.asarray(samples, dtype=np.float64)
    whole = len(samples) // hop * hop
    levels = np.empty((n_bins, whole // hop), np.float32)
    for row, frequency in enumerate(morlet_frequencies(n_bins)):
        scale = _CENTRE / frequency
        coefficients, _ = wavelets.cwt(samples, [scale], name, method="fft")
        power = np.square(np.abs(coefficients[0][:whole])).reshape(-1, hop).mean(axis=1)
        # A wavelet of this scale answers a sine of amplitude 1 by half the root of its scale.
        levels[row] = _in_decibels(2 * np.sqrt(power / scale))
    return levels


def morlet_frequencies(n_bins) -> np.ndarray:
    """Return the centres of the wavelets as shares of the sampling rate, rising.

    Examples
    --------
    >>> (16000 * morlet_frequencies(3)).round().tolist()
    [40.0, 537.0, 7200.0]
    """
    return np.geomspace(_LOWEST, _HIGHEST, n_bins)


def check_wavelets() -> None:
    """Raise ImportError where PyWavelets is not installed."""
    _pywt()


def _pywt():
    try:
        import pywt
    except ImportError:
        raise ImportError(
            "transform='wavelet' needs the package PyWavelets: pip install 'emopipe[wavelet]', or "
            "choose transform='fourier'"
        ) from None
    return pywt


def wigner_ville(samples, *, n_bins=192, hop=160) -> np.ndarray:
    """Return the pseudo Wigner-Ville distribution in dB.

    The Fourier transform over the lag m of ``z[t + m] * conj(z[t - m])``, z being the analytic
    signal, under a Hann window of `n_bins` lags [1]_. Where components interfere the distribution
    is negative: such values are at the floor.

    Parameters
    ----------
    samples, n_bins, hop
        As for `decibels`.

    Returns
    -------
    float32 ndarray of shape (n_bins, n_windows)
        Frequencies from 0 Hz to, without, half the sampling rate; as many windows as `decibels`
        has, each around the same sample; 0 dB is a sine of full scale.

    References
    ----------
    .. [1] Cohen: Time-frequency distributions, a review. Proceedings of the IEEE 77(7), 1989.

    Examples
    --------
    >>> sine = np.sin(2 * np.pi * np.arange(4000) / 8)
    >>> levels = wigner_ville(sine, n_bins=64)
    >>> levels.shape, int(levels[:, 12].argmax()), abs(float(levels[16, 12])) < 0.1
    ((64, 25), 16, True)
    """
    from scipy.signal import hilbert

    lags = np.arange(n_bins) - n_bins // 2
    window = np.hanning(n_bins + 1)[:-1]
    centres = n_bins - 1 + hop * np.arange(_n_windows(samples, n_bins, hop))
    signal = np.pad(hilbert(np.asarray(samples, dtype=np.float64)), n_bins)
    levels = np.empty((n_bins, len(centres)), np.float32)
    for start in range(0, len(centres), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        middle = centres[part, np.newaxis] + n_bins
        product = signal[middle + lags] * signal[middle - lags].conj() * window
        spectrum = np.fft.fft(np.fft.ifftshift(product, axes=1), axis=1).real / window.sum()
        levels[:, part] = _in_decibels(np.sqrt(np.maximum(spectrum, 0))).T
    return levels


# name -> (samples, n_bins, hop) -> levels in dB
TRANSFORMS = {"fourier": decibels, "wavelet": morlet, "wigner-ville": wigner_ville}
