"""The voice of a synthetic corpus: a source and a filter, speaking syllables without words.

A train of glottal pulses (A. E. Rosenberg, Effect of glottal pulse shape on the quality of natural
vowels, JASA 49, 1971) with breath noise passes through five resonances of the vocal tract, as in
G. Fant's Acoustic Theory of Speech Production (1960). The emotion sets pitch, its range and
course, speaking rate, level, spectral tilt, breathiness and tremor, in the directions that
K. R. Scherer collected (Vocal communication of emotion, Speech Communication 40, 2003), and
further than people go.
"""

from dataclasses import astuple, dataclass

import numpy as np

from emopipe.synthetic.people import Person

SAMPLE_RATE = 16000
BLOCK = 160

VOWELS: dict[str, tuple[float, float, float]] = {
    "a": (730, 1090, 2440),
    "e": (530, 1840, 2480),
    "i": (290, 2250, 2950),
    "o": (570, 880, 2410),
    "u": (320, 900, 2240),
}


@dataclass(frozen=True)
class Prosody:
    """How an emotion is spoken.

    `pitch` is a factor on the speaker's own; `range` and `rise` (over the utterance) are in
    semitones; `rate` is in syllables per second; `level` is the peak, 1 being full scale; `bright`
    is the frequency in Hz above which the source falls off; `breath` is the share of noise in the
    source; `tract` is a factor on the resonances (a smile shortens the tract); `ring` is the
    frequency in Hz of the loudest band; `tremor` is a share of the pitch; `attack` is the share of
    a syllable that its onset takes.
    """

    pitch: float
    range: float
    rise: float
    rate: float
    level: float
    bright: float
    breath: float
    tract: float
    ring: float
    tremor: float
    attack: float


PROSODY: dict[str, Prosody] = {
    "anger": Prosody(1.34, 3.0, -3.0, 5.6, 0.95, 6500, 0.03, 1.08, 3200, 0.00, 0.06),
    "boredom": Prosody(0.80, 0.6, -1.0, 2.2, 0.40, 450, 0.02, 0.92, 480, 0.00, 0.45),
    "calm": Prosody(0.95, 1.0, -1.0, 2.9, 0.45, 700, 0.45, 1.05, 6800, 0.00, 0.45),
    "contempt": Prosody(0.88, 2.0, -5.0, 3.3, 0.55, 2600, 0.01, 0.86, 720, 0.00, 0.15),
    "disgust": Prosody(0.75, 2.0, -3.0, 2.6, 0.65, 5000, 0.30, 0.82, 1600, 0.05, 0.10),
    "fear": Prosody(1.68, 2.0, 1.0, 6.8, 0.60, 2600, 0.80, 1.02, 5600, 0.04, 0.20),
    "happiness": Prosody(1.52, 4.0, 2.0, 4.8, 0.85, 3300, 0.04, 1.20, 2300, 0.00, 0.20),
    "neutral": Prosody(1.00, 1.2, -1.0, 4.0, 0.60, 1500, 0.03, 1.00, 1150, 0.00, 0.25),
    "sadness": Prosody(0.88, 0.8, -2.0, 2.0, 0.30, 350, 0.60, 0.90, 300, 0.00, 0.45),
    "surprise": Prosody(1.85, 5.0, 9.0, 3.4, 0.90, 7000, 0.35, 1.14, 4200, 0.00, 0.12),
}


def _mix_prosody(emotion: str, strength: float, rng) -> Prosody:
    """Return the emotion's prosody, `strength` of the way from neutral, as this clip has it."""
    calm, full = np.array(astuple(PROSODY["neutral"])), np.array(astuple(PROSODY[emotion]))
    values = calm + strength * (full - calm)
    values = values * np.exp(rng.normal(0, 0.02, values.shape))
    return Prosody(*np.maximum(values, [0.3, 0, -20, 1, 0.1, 200, 0, 0.7, 200, 0, 0.02]))


def _syllables(start: float, stop: float, rate: float, rng) -> np.ndarray:
    """Return the limits of the syllables in seconds, (n + 1,); the last may end after `stop`."""
    n = int(np.ceil((stop - start) * rate / 0.9))
    limits = start + np.concatenate([[0], np.cumsum(rng.uniform(0.9, 1.1, n))]) / rate
    return limits[: np.searchsorted(limits, stop) + 1]


def _loudness(t: np.ndarray, limits: np.ndarray, attack: float, rng) -> np.ndarray:
    """Return the share of full voice at each time; every syllable swells and fades."""
    k = np.clip(np.searchsorted(limits, t, side="right") - 1, 0, len(limits) - 2)
    x = (t - limits[k]) / (limits[k + 1] - limits[k])
    swell = np.clip(x / attack, 0, 1) * np.clip((1 - x) / 0.35, 0, 1) ** 0.8
    stress = rng.uniform(0.85, 1.0, len(limits) - 1)[k]
    return np.where((x > 0) & (x < 1), stress * swell, 0)


def _pitch(t: np.ndarray, person: Person, prosody: Prosody, limits, rng) -> np.ndarray:
    """Return the fundamental frequency in Hz."""
    progress = (t - limits[0]) / (limits[-1] - limits[0]) - 0.5
    n = len(limits) - 1
    accents = 0.8 * (-1.0) ** np.arange(n) + rng.uniform(-0.2, 0.2, n)
    accents = np.interp(t, (limits[:-1] + limits[1:]) / 2, accents)
    semitones = prosody.rise * progress + prosody.range * accents / 2
    shake = prosody.tremor * np.sin(2 * np.pi * (6.5 * t + rng.random()))
    knots = rng.normal(0, 0.006, len(t) // 80 + 2)
    drift = np.interp(np.arange(len(t)) / 80, np.arange(len(knots)), knots)
    pitch = person.pitch * prosody.pitch * 2 ** (semitones / 12)
    return np.clip(pitch * (1 + shake + drift), 50, 700)


def _source(pitch: np.ndarray, loudness, prosody: Prosody, rng) -> np.ndarray:
    """Return the flow through the glottis, differentiated as the lips do."""
    from scipy.signal import lfilter

    phase = np.cumsum(pitch) / SAMPLE_RATE % 1
    opening, closing = 0.5 * (1 - np.cos(np.pi * phase / 0.4)), np.cos(np.pi * (phase - 0.4) / 0.32)
    flow = np.where(phase < 0.4, opening, np.where(phase < 0.56, closing, 0))
    pulses = np.diff(flow, prepend=0)
    hiss = rng.normal(0, 0.25, len(pitch)) * (0.4 + 0.6 * flow)
    fall = np.exp(-2 * np.pi * prosody.bright / SAMPLE_RATE)
    for _ in range(2):
        pulses = lfilter([1 - fall], [1, -fall], pulses)
    pulses = pulses / (np.abs(pulses).max() + 1e-9)
    return loudness * ((1 - prosody.breath) * pulses + prosody.breath * hiss)


def _resonators(formants: np.ndarray) -> np.ndarray:
    """Return second-order sections (n, 6) for resonances at `formants` Hz."""
    width = 50 + 0.04 * formants
    radius = np.exp(-np.pi * width / SAMPLE_RATE)
    first = -2 * radius * np.cos(2 * np.pi * formants / SAMPLE_RATE)
    ones = np.ones_like(formants)
    gain = ones + first + radius**2
    return np.column_stack([gain, 0 * ones, 0 * ones, ones, first, radius**2])


def _through_tract(source: np.ndarray, tract: float, limits) -> np.ndarray:
    """Filter block by block, gliding from vowel to vowel; all say the same syllables."""
    from scipy.signal import sosfilt

    vowels = np.array(list(VOWELS.values()))
    spoken = np.arange(len(limits) - 1) % len(vowels)
    # Running speech reaches its vowels less than half-way.
    vowels = (0.4 * vowels + 0.6 * vowels.mean(axis=0))[spoken]
    middles = (limits[:-1] + limits[1:]) / 2
    times = np.arange(0, len(source), BLOCK) / SAMPLE_RATE
    tracks = [np.interp(times, middles, vowels[:, k]) for k in range(3)]
    tracks = np.stack([*tracks, np.full_like(times, 3400), np.full_like(times, 4400)], axis=1)
    tracks = np.minimum(tracks * tract, 7000)
    state = np.zeros((tracks.shape[1], 2))
    voice = np.empty_like(source)
    for block, formants in enumerate(tracks):
        part = slice(block * BLOCK, (block + 1) * BLOCK)
        voice[part], state = sosfilt(_resonators(formants), source[part], zi=state)
    return voice


def _consonants(t, limits, rng) -> np.ndarray:
    """Return a burst of hiss at the start of every other syllable."""
    noise = np.diff(rng.normal(0, 1, len(t)), prepend=0)
    bursts = sum(np.exp(-(((t - at - 0.02) / 0.018) ** 2)) for at in limits[:-1:2])
    return noise * bursts


def _room(n: int, rng) -> np.ndarray:
    """Return the hum of a quiet room: noise that falls off with frequency."""
    from scipy.signal import lfilter

    return lfilter([0.06], [1, -0.94], rng.normal(0, 1, n)) / 0.18


def _resonate(voice: np.ndarray, frequency: float) -> np.ndarray:
    """Lift the band around `frequency`, as tense or loose walls of the throat and mouth do."""
    from scipy.signal import butter, sosfilt

    band = [0.8 * frequency, min(1.25 * frequency, 0.49 * SAMPLE_RATE)]
    return voice + 8 * sosfilt(butter(1, band, "bandpass", fs=SAMPLE_RATE, output="sos"), voice)


def speak(
    person: Person,
    emotion: str,
    seconds: float,
    rng: np.random.Generator,
    *,
    strength: float = 1.0,
) -> np.ndarray:
    """Let a person utter syllables with an emotion, between two stretches of near silence.

    Parameters
    ----------
    person : Person
        Gives pitch and length of the vocal tract.
    emotion : str
        A key of `PROSODY`.
    seconds : float
        Length of the recording; the speech takes about three quarters of it.
    rng : numpy.random.Generator
    strength : float
        1 is a full display, 0 is neutral speech.

    Returns
    -------
    float32 (samples,) in [-1, 1] at `SAMPLE_RATE`

    Examples
    --------
    >>> from emopipe.synthetic.people import draw_person
    >>> rng = np.random.default_rng(0)
    >>> speak(draw_person("1001", seed=0), "anger", 1.5, rng).shape
    (24000,)
    """
    prosody = _mix_prosody(emotion, strength, rng)
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    start, stop = rng.uniform(0.1, 0.125) * seconds, (1 - rng.uniform(0.1, 0.125)) * seconds
    limits = _syllables(start, stop, prosody.rate, rng)
    loudness = _loudness(t, limits, prosody.attack, rng) * np.clip((stop - t) / 0.04, 0, 1)
    pitch = _pitch(t, person, prosody, limits, rng)
    source = _source(pitch, loudness, prosody, rng)
    voice = _through_tract(source, person.tract * prosody.tract, limits)
    voice = _resonate(voice, prosody.ring)
    voice /= np.abs(voice).max() + 1e-9
    voice += 0.06 * prosody.bright / 7000 * _consonants(t, limits, rng)
    voice *= prosody.level / np.abs(voice).max()
    return np.clip(voice + 0.0012 * _room(len(t), rng), -1, 1).astype(np.float32)
