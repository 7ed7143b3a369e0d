"""Define pyAudioAnalysis' 34 short-term features: names, bands, semitones, limits.

The definitions are those of ``pyAudioAnalysis.ShortTermFeatures.feature_extraction`` with
``deltas=False``, version 0.3.14, oddities included [1]_:

- the whole signal is centred and divided by its peak first, so the features are blind to gain;
- frames are not tapered, and what is left after the last whole frame is dropped;
- the spectrum is the magnitude of the first ``n_window // 2`` bins, divided by their number;
- the mel bands sit at half their nominal frequency;
- chroma keeps the last bin of each semitone and divides it by a count that belongs elsewhere.

References
----------
.. [1] T. Giannakopoulos, "pyAudioAnalysis: An open-source Python library for audio signal
   analysis", PLoS ONE 10(12), 2015, table 2.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import scipy.fft

FEATURES = (
    "zcr",
    "energy",
    "energy_entropy",
    "spectral_centroid",
    "spectral_spread",
    "spectral_entropy",
    "spectral_flux",
    "spectral_rolloff",
    *(f"mfcc_{i}" for i in range(1, 14)),
    *(f"chroma_{i}" for i in range(1, 13)),
    "chroma_std",
)
FULL_SCALE = 2.0**15  # the library reads samples as 16-bit integers, whatever their type
N_PARTS = 10  # both entropies cut a frame, or its spectrum, into ten parts
ROLLOFF = 0.90  # of the energy of a spectrum
EPS = np.finfo(np.float64).eps


class Tables(NamedTuple):
    """All that depends on the sampling rate and the window alone, for spectra not yet scaled."""

    sample_rate: float
    n_window: int
    n_bins: int
    n_parts: int  # of a spectrum: ten of ``length`` bins, and perhaps something left over
    length: int
    mel: tuple[tuple[slice, slice, np.ndarray], ...]  # bins, bands, weights (bins, bands)
    cosines: np.ndarray  # (13, 40)
    moments: np.ndarray  # (3, n_bins): powers 0, 1, 2 of the frequency; 1 is half the rate
    part_sums: np.ndarray  # adds up the parts before a part, less the roll-off's share of all
    bin_sums: np.ndarray | None  # ones that add up the bins of a part, where there are few
    semitone_bins: np.ndarray  # (semitones,)
    semitones: np.ndarray  # (13, semitones): twelve classes and their mean
    floors: np.ndarray  # (2, 1)
    ones: np.ndarray  # (n_window - 1,)


def _mel_edges() -> np.ndarray:
    """Return the edges of the 40 triangles in Hz: 13 linear ones, then 27 logarithmic ones."""
    edges = np.empty(42)
    edges[:13] = 133.33 + np.arange(13) * 200 / 3
    edges[13:] = edges[12] * 1.0711703 ** np.arange(1, 30)
    return edges


def _mel_bank(sample_rate: float, n_bins: int) -> np.ndarray:
    """Return the weights of the triangles, float64 (40, n_bins).

    ``n_bins`` spans half the sampling rate but is treated as all of it, as the library does.
    """
    edges = _mel_edges()
    frequencies = np.arange(n_bins) / n_bins * sample_rate
    corners = np.floor(edges * n_bins / sample_rate).astype(int) + 1
    bank = np.zeros((40, n_bins))
    for band, (low, centre, high) in enumerate(zip(edges, edges[1:], edges[2:], strict=False)):
        height = 2 / (high - low)
        rising = slice(corners[band], corners[band + 1])
        falling = slice(corners[band + 1], corners[band + 2])
        bank[band, rising] = height / (centre - low) * (frequencies[rising] - low)
        bank[band, falling] = height / (high - centre) * (high - frequencies[falling])
    return bank


def _semitones(sample_rate: float, n_bins: int) -> np.ndarray:
    """Return the semitone above A0 (27.5 Hz) of each bin, int (n_bins,)."""
    frequencies = np.arange(1, n_bins + 1) * sample_rate / (2 * n_bins)
    return np.round(12 * np.log2(frequencies / 27.5)).astype(int)


def _chroma_weights(sample_rate: float, n_bins: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the bins that chroma looks at, (m,), and their weight in each class, (m, 12)."""
    semitones = _semitones(sample_rate, n_bins)
    _, inverse, counts = np.unique(semitones, return_inverse=True, return_counts=True)
    # As in the library, negative semitones count from the end and the last bin of each wins.
    owner = np.full(n_bins, -1)
    owner[semitones] = np.arange(n_bins)
    owned_bins = np.flatnonzero(owner >= 0)
    weights = np.zeros((len(owned_bins), 12))
    weights[np.arange(len(owned_bins)), owned_bins % 12] = (
        1 / counts[inverse][semitones[owned_bins]]
    )
    return owner[owned_bins], weights


def fewest_samples(sample_rate: float) -> int:
    """Return the length of the shortest window that has a bin for every semitone.

    Examples
    --------
    >>> fewest_samples(16000)
    198
    """
    return 2 * (int(np.round(12 * np.log2(sample_rate / 2 / 27.5))) + 1)


@lru_cache(maxsize=64)
def check_setting(sample_rate: float, n_window: int, n_step: int) -> None:
    """Raise ValueError where pyAudioAnalysis' formulas are not defined, and the library fails."""
    lowest = _mel_edges()[-1]
    if not sample_rate > lowest:
        raise ValueError(
            f"sample_rate={sample_rate} Hz is too low: pyAudioAnalysis' mel bands need more than "
            f"{lowest:.0f} Hz and the library fails below; resample to 8000 Hz or more"
        )
    fewest = fewest_samples(sample_rate)
    if n_window < fewest:
        raise ValueError(
            f"window={n_window / sample_rate:g} s has {n_window} samples at {sample_rate} Hz: "
            f"pyAudioAnalysis' chroma needs {fewest} or more and the library fails below; "
            f"take a window of at least {fewest / sample_rate:.4g} s"
        )
    if n_step < 1:
        raise ValueError(
            f"step={n_step / sample_rate:g} s is shorter than a sample; "
            f"take at least {1 / sample_rate:g} s"
        )


def _mel_tables(sample_rate: float, n_bins: int) -> tuple[tuple[slice, slice, np.ndarray], ...]:
    """Return the triangles in groups, each with the bins that it covers: most weights are zero."""
    bank = _mel_bank(sample_rate, n_bins).T / n_bins
    groups = []
    for bands in (slice(0, 20), slice(20, 31), slice(31, 40)):
        covered = np.flatnonzero(bank[:, bands].any(axis=1))
        bins = slice(covered[0], covered[-1] + 1) if covered.size else slice(0)
        groups.append((bins, bands, np.ascontiguousarray(bank[bins, bands])))
    return tuple(groups)


@lru_cache(maxsize=16)
def tables_for(sample_rate: float, n_window: int) -> Tables:
    """Return what all signals of a sampling rate and a window have in common."""
    n_bins = n_window // 2
    length = n_bins // N_PARTS
    n_parts = -(-n_bins // length)
    semitone_bins, semitones = _chroma_weights(sample_rate, n_bins)
    return Tables(
        sample_rate=sample_rate,
        n_window=n_window,
        n_bins=n_bins,
        n_parts=n_parts,
        length=length,
        mel=_mel_tables(sample_rate, n_bins),
        cosines=np.ascontiguousarray(scipy.fft.dct(np.eye(40), norm="ortho")[:, :13].T),
        # Counted from the first bin, where the hum of silence lies, so that its spread is exact.
        moments=(np.arange(n_bins) / n_bins) ** np.arange(3)[:, np.newaxis] / n_bins,
        part_sums=np.tri(n_parts + 1, n_parts, -1) - ROLLOFF,
        bin_sums=np.triu(np.ones((length + 1, length + 1))) if length < 64 else None,
        semitone_bins=semitone_bins,
        semitones=np.vstack([semitones.T, semitones.mean(axis=1)]),
        floors=EPS * np.array([[1.0], [n_bins**2]]),
        ones=np.ones(n_window - 1, np.float32),
    )
