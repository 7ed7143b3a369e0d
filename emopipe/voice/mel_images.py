"""Images of the voice: log-mel spectrogram, first and second differences as three colours.

In short::

    mel_images(samples)                     # uint8 (n_segments, 64, 64, 3), 655 ms each
    mel_images(samples, picture="mfcc")     # the cosine transform of the 64 bands instead

Paper C, 3.2, says both: "we used 64 mel filter banks ... to acquire log mel spectrogram" and "MFCC
values are calculated by taking the discrete cosine transform of log energies". Both have 64 rows.
"""

from functools import lru_cache

import numpy as np

from emopipe.parameters import check_one_of

SAMPLE_RATE = 16000
WINDOW, HOP = 400, 160  # samples: 25 ms, every 10 ms
# A longer transform than the window, so that the narrow low bands hold a bin each.
N_FFT = 2048
N_BANDS, BAND = 64, (20.0, 8000.0)  # mel bands between two frequencies in Hz
CONTEXT, SHIFT = 64, 30  # frames per picture, and from one picture to the next
LENGTH = ((CONTEXT - 1) * HOP + WINDOW) / SAMPLE_RATE  # 0.655 s
STEP = SHIFT * HOP / SAMPLE_RATE  # 0.3 s
# Levels below the loudest of the clip that are told apart, in dB.
RANGE = 80.0


def _mel(frequency):
    return 2595 * np.log10(1 + np.asarray(frequency) / 700)


@lru_cache(maxsize=1)
def mel_filters() -> np.ndarray:
    """Return triangular filters, equally spaced in mel (O'Shaughnessy's 2595 log10(1 + f / 700)).

    Returns
    -------
    float64 ndarray of shape (64, 1025)
        The peaks are 1 at the filters' centres; read-only.

    Examples
    --------
    >>> mel_filters().shape, bool((mel_filters().sum(axis=1) > 0).all())
    ((64, 1025), True)
    """
    edges = np.linspace(*_mel(BAND), N_BANDS + 2)[:, None]
    mels = _mel(np.fft.rfftfreq(N_FFT, 1 / SAMPLE_RATE))
    rising = (mels - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - mels) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0, np.minimum(rising, falling))
    filters.flags.writeable = False
    return filters


def log_mel(signal) -> np.ndarray:
    """Return the logarithms of the energy in mel bands (equations 2 and 3).

    Parameters
    ----------
    signal : float array, shape (n_samples,)
        Mono at 16 kHz.

    Returns
    -------
    float32 ndarray of shape (n_frames, 64)
        dB; frames of 25 ms under a Hamming window, every 10 ms.

    Examples
    --------
    >>> log_mel(np.sin(np.arange(16000))).shape
    (98, 64)
    """
    signal = np.asarray(signal, dtype=np.float32)
    if len(signal) < WINDOW:
        return np.zeros((0, N_BANDS), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(signal, WINDOW)[::HOP]
    filters = mel_filters().T.astype(np.float32)
    window = np.hamming(WINDOW).astype(np.float32)
    levels = np.empty((len(frames), N_BANDS), np.float32)
    for start in range(0, len(frames), 4096):
        part = slice(start, start + 4096)
        power = np.abs(np.fft.rfft(frames[part] * window, N_FFT, axis=1)) ** 2 / WINDOW
        levels[part] = 10 * np.log10(power @ filters + 1e-12)
    return levels


def deltas(rows, width=2) -> np.ndarray:
    """Return the slope of every column over time (equation 4).

    Parameters
    ----------
    rows : float array, shape (n_frames, n_columns)
    width : int
        N of the equation, frames on either side (the paper gives none); past the ends the first
        and the last frame are repeated.

    Returns
    -------
    float ndarray of shape (n_frames, n_columns)
        Change per frame.

    Examples
    --------
    >>> deltas(np.arange(6.0)[:, None] * 3)[2:4, 0]
    array([3., 3.])
    """
    n_frames = len(rows)
    padded = np.pad(rows, ((width, width), (0, 0)), mode="edge")
    steps = range(1, width + 1)
    slopes = sum(
        n * (padded[width + n : width + n + n_frames] - padded[width - n : width - n + n_frames])
        for n in steps
    )
    return slopes / (2 * sum(n**2 for n in steps))


def _scale(values, low, high):
    span = max(high - low, 1e-6)
    return np.rint((values - low) * (255 / span)).clip(0, 255).astype(np.uint8)


def _bands(levels):
    """Return levels scaled from 80 dB below the loudest to the loudest."""
    return _scale(levels, levels.max() - RANGE, levels.max())


def _around_zero(values):
    """Return values scaled so that 127.5 is 0 and the largest magnitude lies at an end."""
    most = float(np.abs(values).max())
    return _scale(values, -most, most) if most > 1e-3 else _scale(0 * values, -1, 1)


def _cepstra(levels):
    """Return the cosine transform of levels; the first coefficient without its mean, the gain."""
    from scipy.fft import dct

    cepstra = dct(levels, norm="ortho", axis=1)
    cepstra[:, 0] -= cepstra[:, 0].mean()
    return cepstra


# picture -> (what its rows are made of levels, how they are scaled)
PICTURES = {"log-mel": (lambda levels: levels, _bands), "mfcc": (_cepstra, _around_zero)}


def mel_channels(signal, picture="log-mel") -> np.ndarray:
    """Return values, slopes and curvatures of a whole clip, each scaled to 0 ... 255.

    The paper does not say how it rescales. We scale by the clip: levels from 80 dB below the
    loudest, so that the recording's gain does not matter; cepstra, slopes and curvatures so that
    127.5 is 0 and the clip's largest magnitude lies at an end.

    Parameters
    ----------
    signal : float array, shape (n_samples,)
        Mono at 16 kHz.
    picture : "log-mel" or "mfcc"
        Levels of 64 mel bands in dB, or the 64 coefficients of their cosine transform.

    Returns
    -------
    uint8 ndarray of shape (64, n_frames, 3)
        The highest band, or coefficient, is the first row.

    Raises
    ------
    ValueError
        If the picture is unknown.

    Examples
    --------
    >>> channels = mel_channels(np.sin(np.arange(16000)))
    >>> channels.shape, channels[:, 50, 0].max().item()
    ((64, 98, 3), 255)
    """
    check_picture(picture)
    rows_of, scaled = PICTURES[picture]
    levels = log_mel(signal)
    if not len(levels):
        return np.zeros((N_BANDS, 0, 3), np.uint8)
    rows = rows_of(np.maximum(levels, levels.max() - RANGE))
    slopes = deltas(rows)
    channels = [scaled(rows), _around_zero(slopes), _around_zero(deltas(slopes))]
    return np.stack(channels, axis=-1).transpose(1, 0, 2)[::-1]


def check_picture(picture) -> None:
    """Raise ValueError where there is no such picture of the voice."""
    check_one_of("picture", picture, PICTURES)


def mel_images(signal, picture="log-mel") -> np.ndarray:
    """Cut a clip's voice into pictures of 64 frames (655 ms), one every 30 frames (300 ms).

    Parameters
    ----------
    signal : float array, shape (n_samples,)
        Mono at 16 kHz.
    picture : "log-mel" or "mfcc"
        See `mel_channels`.

    Returns
    -------
    uint8 ndarray of shape (n_segments, 64, 64, 3)
        Rows are bands or coefficients, the highest first; columns are frames; channels are value,
        slope and curvature. Picture k begins k * 0.3 s after the signal does; a last one that is
        not whole is left out.

    Examples
    --------
    >>> mel_images(np.sin(np.arange(16000))).shape
    (2, 64, 64, 3)
    """
    channels = mel_channels(signal, picture)
    if channels.shape[1] < CONTEXT:
        return np.zeros((0, N_BANDS, CONTEXT, 3), np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(channels, CONTEXT, axis=1)[:, ::SHIFT]
    return np.ascontiguousarray(windows.transpose(1, 0, 3, 2))
