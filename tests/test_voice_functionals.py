"""Functionals of voices against signals whose pitch, cycles, formants and rhythm are chosen."""

import numpy as np
import pytest
from clips import write_sound
from path_estimator_contract import check_path_transformer
from scipy.signal import lfilter

from emopipe.media import ClipError, signal
from emopipe.voice import SETS, VoiceFunctionals, descriptors
from emopipe.voice.contours import rich_names, rich_statistics
from emopipe.voice.functional_sets import functional_names, functionals
from emopipe.voice.functionals import clip_functionals

RATE = 16000
pytestmark = pytest.mark.filterwarnings("error::RuntimeWarning")


def describe(samples):
    values = functionals(np.asarray(samples, np.float32), tuple(SETS))
    return dict(zip(functional_names(tuple(SETS)), values, strict=True))


def pulses(lengths, heights=1.0, seconds=1.0):
    """Return glottal pulses after cycles of so many seconds, smoothed."""
    n_cycles = int(seconds / np.mean(lengths))
    ends = np.cumsum(np.resize(lengths, n_cycles)) * RATE
    train = np.zeros(int(seconds * RATE) + 400)
    position = ends.astype(int)
    share = ends - position
    heights = np.resize(heights, n_cycles)
    np.add.at(train, position, heights * (1 - share))
    np.add.at(train, position + 1, heights * share)
    return 0.1 * lfilter([1.0], [1, -0.9], train)[: int(seconds * RATE)]


def resonant(source, formants, widths):
    for frequency, width in zip(formants, widths, strict=True):
        radius = np.exp(-np.pi * width / RATE)
        source = lfilter(
            [1], [1, -2 * radius * np.cos(2 * np.pi * frequency / RATE), radius**2], source
        )
    return 0.3 * source / np.abs(source).max()


@pytest.mark.parametrize("hertz", [70.0, 110.0, 201.5, 333.0, 480.0])
@pytest.mark.parametrize("harmonics", [1, 6])
def test_pitch_of_a_tone(hertz, harmonics):
    time = np.arange(RATE) / RATE
    tone = sum(np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, harmonics + 1))
    features = describe(0.2 * tone)
    assert features["pitch_p50"] == pytest.approx(12 * np.log2(hertz / 27.5), abs=0.05)
    assert features["voiced_share"] > 0.95
    assert features["jitter"] < 0.003 and features["harmonicity_mean"] > 20


def test_a_glide_has_a_slope():
    time = np.arange(RATE) / RATE
    up = describe(0.2 * np.sin(2 * np.pi * 110 * (2**time - 1) / np.log(2)))
    assert up["pitch_slope"] == pytest.approx(12 / 100, rel=0.05)  # an octave in 100 frames
    assert up["pitch_mean"] == pytest.approx(12 * np.log2(110 * 2**0.5 / 27.5), abs=0.2)


@pytest.mark.parametrize("jitter", [0.0, 0.01, 0.03])
def test_jitter_of_pulses_of_many_lengths(jitter):
    # Half the pitch, which two lengths in turn have, is too low to be a voice.
    lengths = 0.01 * (1 + jitter * np.random.default_rng(0).uniform(-1, 1, 100))
    expected = np.abs(np.diff(lengths)).mean() / lengths.mean()
    assert describe(pulses(lengths))["jitter"] == pytest.approx(expected, rel=0.1, abs=0.001)


@pytest.mark.parametrize("shimmer", [0.0, 0.1, 0.2])
def test_shimmer_of_pulses_of_two_heights(shimmer):
    features = describe(pulses([0.008], [1 + shimmer / 2, 1 - shimmer / 2]))
    assert features["shimmer"] == pytest.approx(shimmer, abs=0.03)


@pytest.mark.parametrize("formants", [(300, 2300, 3000), (700, 1200, 2500), (350, 900, 2400)])
def test_formants_of_a_vowel(formants):
    features = describe(resonant(pulses([0.008]), formants, (60, 90, 120)))
    for n, frequency in enumerate(formants, 1):
        assert features[f"formant_{n}_p50"] == pytest.approx(frequency, rel=0.08)


def test_noise_has_no_voice():
    features = describe(0.1 * np.random.default_rng(0).standard_normal(RATE))
    assert features["voiced_share"] < 0.05


def test_loudness_that_rises_and_falls_four_times_a_second():
    time = np.arange(3 * RATE) / RATE
    noise = 0.1 * np.random.default_rng(0).standard_normal(len(time))
    features = describe(noise * (1 + 0.9 * np.sin(2 * np.pi * 4 * time)))
    tempi = ["0.5_1.5", "1.5_3", "3_5", "5_8", "8_12", "12_20"]
    power = [features[f"band_10_{tempo}_hz"] for tempo in tempi]
    assert tempi[int(np.argmax(power))] == "3_5"


def test_pauses_are_counted():
    word, pause = pulses([0.008], seconds=0.4), np.zeros(int(0.3 * RATE))
    features = describe(np.concatenate([word, pause, word, pause, word]))
    assert features["voiced_per_second"] == pytest.approx(3 / 1.8, rel=0.01)
    assert features["pause_length_mean"] == pytest.approx(0.3, abs=0.05)
    assert features["voiced_length_mean"] == pytest.approx(0.4, abs=0.05)


def test_gain_moves_levels_alone():
    voice = resonant(pulses([0.008]), (700, 1200, 2500), (60, 90, 120))
    loud, soft = describe(voice), describe(voice / 2)
    for name in ("pitch_mean", "jitter", "shimmer", "formant_1_mean", "voiced_share"):
        assert loud[name] == pytest.approx(soft[name], rel=1e-3, abs=1e-4), name
    assert loud["mel_10_p90"] - soft["mel_10_p90"] == pytest.approx(np.log(4), abs=0.01)


def test_long_sound_in_chunks_is_the_same(monkeypatch):
    voice = resonant(pulses([0.008, 0.007], seconds=2.0), (700, 1200, 2500), (60, 90, 120))
    whole = functionals(voice.astype(np.float32))
    monkeypatch.setattr(descriptors, "_CHUNK", 17)
    np.testing.assert_allclose(functionals(voice.astype(np.float32)), whole, rtol=1e-4, atol=1e-4)


@pytest.fixture
def sounds(tmp_path):
    paths = []
    for n, hertz in enumerate((120, 180, 260)):
        voice = resonant(pulses([1 / hertz], seconds=0.3), (700, 1200, 2500), (60, 90, 120))
        paths.append(tmp_path / f"{n}.wav")
        write_sound(paths[-1], (voice[None] * 32767).astype(np.int16))
    return paths


def test_contract(sounds):
    check_path_transformer(VoiceFunctionals(), sounds)


def test_a_course_is_that_of_the_utterance_alone():
    time = np.arange(RATE) / RATE
    rising = 0.2 * np.sin(2 * np.pi * 110 * (2**time - 1) / np.log(2))
    features, padded = describe(rising), describe(np.concatenate([np.zeros(RATE // 2), rising]))
    for name in ("pitch_course_0", "pitch_course_1", "pitch_bridged_slope", "utterance_length"):
        assert padded[name] == pytest.approx(features[name], rel=0.03, abs=0.01), name
    # A straight line of an octave: three halves of its slope's standard deviation, and no bend.
    assert features["pitch_course_0"] == pytest.approx(12 * np.log2(110 * 2**0.5 / 27.5), abs=0.2)
    assert features["pitch_bridged_slope"] == pytest.approx(6 / 3**0.5, rel=0.03)
    assert abs(features["pitch_bridged_bend"]) < 0.1
    assert padded["clip_length"] == pytest.approx(np.log(1.5), abs=0.02)


def test_statistics_of_a_known_course():
    rows = np.array([0, 0, 4, 0, 0, 8, 0, 0, 0, 0, 0.0])[:, np.newaxis]
    actual = dict(zip(rich_names(["x"]), rich_statistics(rows), strict=True))
    assert actual["x_peaks"] == pytest.approx(2 / 11)
    assert actual["x_peak_height"] == pytest.approx(6 - 12 / 11)
    assert actual["x_place_of_max"] == 0.5 and actual["x_rise"] == actual["x_fall"] == 6
    assert actual["x_above_25"] == pytest.approx(2 / 11)
    assert actual["x_above_75"] == pytest.approx(1 / 11)
    assert not rich_statistics(rows[:4]).any()


@pytest.mark.parametrize(("low", "high", "centre"), [(300, 600, 0.45), (2000, 4000, 3.0)])
def test_the_spectrum_of_a_band_of_noise(low, high, centre):
    noise = np.fft.rfft(np.random.default_rng(0).standard_normal(RATE))
    hertz = np.fft.rfftfreq(RATE, 1 / RATE)
    features = describe(0.1 * np.fft.irfft(noise * ((hertz > low) & (hertz < high)) * 10))
    assert features["spectrum_centre_mean"] == pytest.approx(centre, rel=0.05)
    assert features["spectrum_rolloff_50_mean"] == pytest.approx(centre, rel=0.1)
    assert features["spectrum_spread_mean"] == pytest.approx(
        (high - low) / 1000 / 12**0.5, rel=0.15
    )


def test_sets_are_columns_of_all(sounds):
    every = VoiceFunctionals(store=None, n_jobs=1).set_output(transform="pandas")
    subset = VoiceFunctionals(sets=["modulation", "mfcc"], store=None, n_jobs=1)
    columns = every.fit_transform(sounds)[subset.get_feature_names_out()]
    np.testing.assert_array_equal(subset.fit_transform(sounds), columns)
    np.testing.assert_array_equal(
        every.fit_transform(sounds[:1]).to_numpy()[0], functionals(signal(sounds[0]), every.sets)
    )


@pytest.mark.parametrize("sets", [[], ["mfcc", "mfcc"], ["prosody", "colour"], "colour"])
def test_sets_are_checked_by_fit(sets, sounds):
    with pytest.raises(ValueError, match=r"name one or more of \['mfcc', 'mel'"):
        VoiceFunctionals(sets=sets).fit(sounds)


@pytest.mark.parametrize(
    ("n", "level", "status"), [(799, 0.1, "too_short"), (9000, 3e-5, "silent")]
)
def test_short_and_silent_clips_have_a_status(tmp_path, n, level, status):
    path = tmp_path / "a.wav"
    samples = level * np.sin(np.arange(n)[None] / 9) * 32767
    write_sound(path, samples.astype(np.int16))
    with pytest.raises(ClipError) as caught:
        next(clip_functionals(path, sets=["mel"]))
    assert caught.value.status == status
