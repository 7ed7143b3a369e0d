"""The vectorised features against the library itself, and statistics of real sound files."""

import pickle

import numpy as np
import pandas as pd
import pytest
from clips import write_sound
from hypothesis import given, settings
from hypothesis import strategies as st
from path_estimator_contract import check_path_transformer
from rounding import transform_rounding
from scipy.io import wavfile

from emopipe.extraction import COUNTERS, ClipWarning
from emopipe.media import ClipError, signal
from emopipe.voice import FEATURES, STATISTICS, ShortTermStatistics, short_term_features, statistics
from emopipe.voice import clips as voice_clips
from emopipe.voice.definitions import fewest_samples
from emopipe.voice.short_term import lengths, measure, stream

RATES = (8000, 11025, 16000, 22050, 44100, 48000)
SETTINGS = ((0.050, 0.025), (1.0, 0.05))


def sine(n, sample_rate, hertz, amplitude=1000):
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(n) / sample_rate)


def impulse(n, sample_rate):
    return np.where(np.arange(n) == n // 3, 1000.0, 0.0)


def noise(n, sample_rate, scale=1000):
    return np.random.default_rng(n).standard_normal(n) * scale


def half_silent(n, sample_rate):
    return np.where(np.arange(n) < n // 2, 0, noise(n, sample_rate)).astype(np.int16)


ODD = {
    "silence": lambda n, rate: np.zeros(n, np.int16),
    "direct current": lambda n, rate: np.full(n, 0.1),
    "impulse": impulse,
    "first sample alone": lambda n, rate: np.eye(1, n)[0],
    "clipped": lambda n, rate: np.clip(noise(n, rate, 6e4), -32768, 32767).astype(np.int16),
    "clipped sine": lambda n, rate: np.clip(sine(n, rate, 500, 6e4), -32768, 32767),
    "tone": lambda n, rate: sine(n, rate, 1000),
    "two tones": lambda n, rate: sine(n, rate, 1000) + sine(n, rate, 2000, 300),
    "square": lambda n, rate: np.sign(sine(n, rate, 200)),
    "highest tone": lambda n, rate: 1000.0 * (-1) ** np.arange(n),
    "ramp": lambda n, rate: np.linspace(-1, 1, n),
    "half silent": half_silent,
    "faint": lambda n, rate: noise(n, rate, 1e-6),
    "loud": lambda n, rate: noise(n, rate, 1e12),
    "dither": lambda n, rate: np.random.default_rng(0).integers(-1, 2, n).astype(np.int16),
}


def assert_equal_to_library(samples, sample_rate, window, step):
    ours = short_term_features(samples, sample_rate, window, step)
    library = short_term_features(samples, sample_rate, window, step, engine="pyaudioanalysis")
    # Values below 1e-12 are rounding, which may differ from one processor to the next; where the
    # transform's own rounding reaches further, so do two right answers.
    n_window, n_step = lengths(sample_rate, window, step)
    rounding = transform_rounding(samples, sample_rate, n_window, n_step)
    allowed = 1e-12 + 1e-8 * np.abs(library) + rounding
    worst = np.unravel_index(np.argmax(np.abs(ours - library) / allowed), ours.shape)
    assert np.all(np.abs(ours - library) <= allowed), (
        f"{FEATURES[worst[0]]} of frame {worst[1]}: {ours[worst]} for {library[worst]}, "
        f"within {allowed[worst]:.2g}"
    )


# The features


@pytest.mark.parametrize(("window", "step"), SETTINGS)
def test_the_allowance_for_rounding_hides_nothing_where_there_is_sound(window, step):
    samples = noise(24000, 16000)
    sizes = lengths(16000, window, step)
    allowed = transform_rounding(samples, 16000, *sizes)
    values = np.abs(short_term_features(samples, 16000, window, step))
    assert (allowed <= 1e-10 + 1e-9 * values).mean() > 0.99
    assert np.median(allowed[allowed > 0]) < 1e-12


def test_the_library_is_called_as_its_manual_says():
    from pyAudioAnalysis.ShortTermFeatures import feature_extraction

    samples = noise(4000, 16000)
    by_hand, names = feature_extraction(samples, 16000, 0.050 * 16000, 0.025 * 16000, deltas=False)
    ours = short_term_features(samples, 16000, 0.050, 0.025, engine="pyaudioanalysis")
    assert np.array_equal(ours, by_hand)
    assert tuple(names) == FEATURES


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("kind", ODD)
def test_odd_signals_give_what_the_library_gives(kind, sample_rate):
    samples = ODD[kind](int(0.3 * sample_rate), sample_rate)
    assert_equal_to_library(samples, sample_rate, 0.050, 0.025)
    assert_equal_to_library(samples, sample_rate, 0.2, 0.05)


@pytest.mark.parametrize("kind", ["impulse", "half silent", "clipped sine"])
def test_windows_of_a_second(kind):
    assert_equal_to_library(ODD[kind](17700, 16000), 16000, 1.0, 0.05)


@settings(max_examples=30, deadline=None)
@given(
    n_window=st.integers(fewest_samples(16000), 1300),
    n_step=st.integers(1, 1500),
    n=st.integers(1300, 4000),
    dtype=st.sampled_from(["int16", "int32", "float32", "float64"]),
)
def test_every_window_and_step(n_window, n_step, n, dtype):
    samples = noise(n, 16000).astype(dtype)
    step = max(n_step, n // 20)
    assert_equal_to_library(samples, 16000, (n_window + 0.5) / 16000, (step + 0.5) / 16000)


@pytest.mark.parametrize("sample_rate", RATES)
def test_the_shortest_window_is_the_librarys_shortest(sample_rate):
    fewest = fewest_samples(sample_rate)
    samples = noise(3 * fewest, sample_rate)
    assert_equal_to_library(samples, sample_rate, (fewest + 0.5) / sample_rate, 0.01)
    with pytest.raises(ValueError, match=f"chroma needs {fewest} or more"):
        short_term_features(samples, sample_rate, (fewest - 0.5) / sample_rate, 0.01)
    from pyAudioAnalysis.ShortTermFeatures import feature_extraction

    with pytest.raises((IndexError, ValueError)):
        feature_extraction(samples, sample_rate, fewest - 1, 100, deltas=False)


@pytest.mark.parametrize("sample_rate", [4000, 6000])
def test_rates_at_which_the_library_fails_are_refused(sample_rate):
    with pytest.raises(ValueError, match=r"too low.*8000 Hz"):
        short_term_features(noise(9000, sample_rate), sample_rate, 0.1, 0.05)
    from pyAudioAnalysis.ShortTermFeatures import feature_extraction

    with pytest.raises(IndexError):
        feature_extraction(noise(9000, sample_rate), sample_rate, 800, 400, deltas=False)


@given(gain=st.floats(0.01, 100), offset=st.floats(-1000, 1000))
@settings(max_examples=20, deadline=None)
def test_gain_and_offset_do_not_matter(gain, offset):
    samples = noise(1600, 16000)
    expected = short_term_features(samples, 16000, 0.05, 0.025)
    actual = short_term_features(gain * samples + offset, 16000, 0.05, 0.025)
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-9)


def test_many_stretches_are_one_signal():
    samples = noise(30000, 16000)
    whole = short_term_features(samples, 16000, 0.05, 0.025)
    blocks = np.split(samples, [1, 500, 500, 9000, 9001, 20000])
    pieces = list(stream(blocks, measure(blocks), 16000, 800, 400))
    np.testing.assert_allclose(np.concatenate(pieces, axis=1), whole, rtol=1e-9, atol=1e-13)
    few = short_term_features(samples, 16000, 0.05, 0.001)
    assert few.shape == (34, (30000 - 800) // 16 + 1)
    others = [i for i, name in enumerate(FEATURES) if name != "spectral_flux"]
    np.testing.assert_allclose(few[others][:, ::25], whole[others], rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"signal": np.zeros((4000, 2))}, r"shape \(4000, 2\).*mono"),
        ({"signal": np.zeros(100)}, "shorter than one window"),
        ({"signal": np.r_[np.zeros(4000), np.nan]}, "NaN or infinite"),
        ({"step": 0.00001}, "shorter than a sample"),
        ({"engine": "opensmile"}, "emopipe.*pyaudioanalysis"),
    ],
)
def test_what_cannot_be_described_is_said(change, message):
    arguments = {"signal": np.ones(4000), "sample_rate": 16000, "window": 0.05, "step": 0.025}
    with pytest.raises(ValueError, match=message):
        short_term_features(**{**arguments, **change})


def test_statistics_are_mean_and_standard_deviation():
    features = short_term_features(noise(8000, 16000), 16000, 0.05, 0.025)
    actual = statistics(features)
    assert STATISTICS[0] == "mean_zcr" and STATISTICS[34] == "std_zcr" and len(STATISTICS) == 68
    np.testing.assert_allclose(actual[:34], features.mean(1))
    np.testing.assert_allclose(actual[34:], features.std(1))


# Clips


@pytest.fixture
def sounds(tmp_path):
    paths = []
    for i, seconds in enumerate((1.5, 1.2, 0.4)):
        samples = noise(int(seconds * 16000), 16000, 3000) + sine(
            int(seconds * 16000), 16000, 200 + 100 * i, 5000
        )
        paths.append(str(tmp_path / f"{i}.wav"))
        wavfile.write(paths[-1], 16000, samples.astype(np.int16))
    return paths


def by_hand(path, window=1.0, step=0.05):
    sample_rate, samples = wavfile.read(path)
    library = short_term_features(samples, sample_rate, window, step, engine="pyaudioanalysis")
    return statistics(library)


def voice_key(**parameters):
    return ShortTermStatistics(**parameters)._recipe().key


def rows(paths, **parameters):
    return ShortTermStatistics(store=None, n_jobs=1, **parameters).fit_transform(paths)


def test_contract(sounds):
    check_path_transformer(ShortTermStatistics(window=0.05, step=0.025), sounds)


@pytest.mark.parametrize("engine", ["emopipe", "pyaudioanalysis"])
def test_clips_are_described_as_by_hand(sounds, engine):
    for window, step in SETTINGS:
        actual = rows(sounds[:2], window=window, step=step, engine=engine)
        expected = [by_hand(path, window, step) for path in sounds[:2]]
        np.testing.assert_allclose(actual, expected, rtol=1e-8, atol=1e-12)


def test_engines_have_different_keys():
    keys = {voice_key(engine=engine) for engine in ("emopipe", "pyaudioanalysis")}
    assert len(keys) == 2


@pytest.mark.parametrize(("short", "mode"), [("mirror", "symmetric"), ("pad", "constant")])
def test_a_short_clip_fills_one_window(sounds, tmp_path, short, mode):
    _, samples = wavfile.read(sounds[2])
    filled = np.pad(samples, (0, 16000 - len(samples)), mode=mode)
    wavfile.write(tmp_path / "filled.wav", 16000, filled)
    actual = rows([sounds[2]], short=short)[0]
    np.testing.assert_allclose(actual, by_hand(tmp_path / "filled.wav"), rtol=1e-8, atol=1e-12)
    assert (actual[34:] == 0).all()


@pytest.mark.parametrize("short", ["mirror", "pad", "refuse"])
def test_too_short_and_silent_clips_have_a_status(tmp_path, short):
    kinds = {
        "too_short": noise(799, 16000),
        "silent": np.zeros(20000),
        "ok": noise(20000, 16000),
    }
    for status, samples in kinds.items():
        wavfile.write(tmp_path / f"{status}.wav", 16000, samples.astype(np.int16))
    dither = np.random.default_rng(0).integers(-1, 2, 20000)
    wavfile.write(tmp_path / "dither.wav", 16000, dither.astype(np.int16))
    paths = [tmp_path / f"{name}.wav" for name in (*kinds, "dither")]
    voice = ShortTermStatistics(store=None, n_jobs=1, short=short)
    assert voice.statuses(paths)["status"].tolist() == [*kinds, "silent"]
    with pytest.warns(ClipWarning, match="3 of 4 clips"):
        features = voice.transform(paths)
    assert np.isnan(features[[0, 1, 3]]).all() and np.isfinite(features[2]).all()


def test_refused_clips_say_what_is_needed(sounds):
    voice = ShortTermStatistics(store=None, n_jobs=1, short="refuse", on_error="raise")
    with pytest.raises(ClipError, match=r"2\.wav: too short.*0\.4 s of sound; 1 s are needed"):
        voice.transform(sounds)


def test_the_audio_column_is_read(sounds, tmp_path):
    table = pd.DataFrame({"path": "no.mp4", "audio": sounds[:2]})
    actual = rows(table, column="audio")
    assert np.array_equal(actual, rows(sounds[:2]))


def test_stereo_is_mixed_and_other_rates_are_resampled(tmp_path):
    mono = sine(48000, 48000, 440, 8000).astype(np.int16)
    stereo = np.stack([mono, mono])
    path = write_sound(tmp_path / "stereo.wav", stereo, sample_rate=48000, layout="stereo")
    actual = rows([path])[0]
    samples = signal(path, sample_rate=16000) * 2.0**15
    expected = statistics(short_term_features(samples, 16000, 1.0, 0.05, engine="pyaudioanalysis"))
    np.testing.assert_allclose(actual, expected, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("engine", ["emopipe", "pyaudioanalysis"])
def test_every_file_is_described_at_its_own_rate(tmp_path, engine):
    paths = []
    for rate in (8000, 22050, 48000):
        samples = noise(int(1.3 * rate), rate, 3000).astype(np.int16)
        paths.append(str(tmp_path / f"{rate}.wav"))
        wavfile.write(paths[-1], rate, samples)
    actual = rows(paths, sample_rate=None, engine=engine)
    expected = [by_hand(path) for path in paths]
    np.testing.assert_allclose(actual, expected, rtol=1e-8, atol=1e-12)
    assert ShortTermStatistics(sample_rate=None)._recipe().key != voice_key(sample_rate=16000)


def test_a_file_whose_own_rate_the_formulas_do_not_allow_has_a_status(tmp_path):
    wavfile.write(tmp_path / "low.wav", 6000, noise(9000, 6000, 3000).astype(np.int16))
    wavfile.write(tmp_path / "good.wav", 16000, noise(20000, 16000, 3000).astype(np.int16))
    voice = ShortTermStatistics(sample_rate=None, store=None, n_jobs=1)
    table = voice.statuses([tmp_path / "low.wav", tmp_path / "good.wav"])
    assert table["status"].tolist() == ["corrupt", "ok"]
    assert "6000 Hz is too low" in table["detail"][0]


def test_long_recordings_are_streamed_to_the_same_values(tmp_path, monkeypatch):
    samples = (noise(16000 * 4, 16000, 3000) + 100).astype(np.int16)
    wavfile.write(tmp_path / "long.wav", 16000, samples)
    parameters = {"window": 0.05, "step": 0.025, "sample_rate": 16000}
    parameters |= {"engine": "emopipe", "short": "mirror"}

    def features(block, context):
        monkeypatch.setattr(voice_clips, "_BLOCK", block)
        monkeypatch.setattr(voice_clips, "_HELD", context)
        actual = list(voice_clips.frame_features(tmp_path / "long.wav", **parameters))
        return np.concatenate([b.rows for b in actual]), np.concatenate([b.times for b in actual])

    whole, times = features(30.0, 20)
    streamed, streamed_times = features(0.3, 2)
    np.testing.assert_allclose(streamed, whole, rtol=1e-9, atol=1e-13)
    assert np.array_equal(times, streamed_times)
    np.testing.assert_allclose(times[:2], [0.025, 0.050])
    np.testing.assert_allclose(
        whole.T, short_term_features(samples, 16000, 0.05, 0.025), rtol=1e-9, atol=1e-13
    )


def test_windows_and_time_are_counted(sounds):
    extraction = ShortTermStatistics(store=None, n_jobs=1).extract(sounds[:1])
    assert extraction.counts[0]["windows"] == 11
    assert set(extraction.seconds) >= {"decode", "features"}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"engine": "fast"}, "engine='fast'"),
        ({"short": "repeat"}, "mirror.*pad.*refuse"),
        ({"sample_rate": 4000}, "too low"),
        ({"sample_rate": 16000.5}, "whole number"),
        ({"window": 0.01}, "198 or more"),
        ({"step": 0.0}, "give a number above 0"),
        ({"step": 1e-6}, "shorter than a sample"),
    ],
)
def test_parameters_are_checked_by_fit(parameters, message):
    with pytest.raises(ValueError, match=message):
        ShortTermStatistics(**parameters).fit(["a.wav"])


def test_names_and_pickle(sounds, tmp_path):
    voice = ShortTermStatistics(store=str(tmp_path / "s.sqlite"), n_jobs=1).fit(sounds)
    assert voice.get_feature_names_out().tolist() == list(STATISTICS)
    voice.transform(sounds)
    before = COUNTERS.copy()
    pickle.loads(pickle.dumps(voice)).transform(sounds)
    assert before == COUNTERS


# Real recordings


@pytest.mark.shared
@pytest.mark.parametrize(("window", "step"), SETTINGS)
def test_real_recordings_give_what_the_library_gives(shared_data, window, step):
    patterns = ["ravdess/Actor_*/*-0[35]-02-0*-01-*.wav", "cremad/AudioWAV/*.wav"]
    paths = [
        p
        for pattern in patterns
        for p in sorted(shared_data.glob(pattern))[:: 8 if "rav" in pattern else 2]
    ]
    paths += sorted(shared_data.glob("ravdess_original_48k/*/*.wav"))[:1]
    assert len(paths) > 12 and "48k" in str(paths[-1])
    for path in paths:
        sample_rate, samples = wavfile.read(path)
        samples = samples if samples.ndim == 1 else samples.mean(axis=1)
        assert_equal_to_library(samples, sample_rate, window, step)


@pytest.mark.shared
def test_real_clips_are_described_as_by_hand(shared_data):
    paths = sorted(shared_data.glob("ravdess/Actor_03/*.wav"))[::20]
    expected = [by_hand(path) for path in paths]
    np.testing.assert_allclose(rows(paths), expected, rtol=1e-8, atol=1e-12)


@pytest.mark.shared
def test_sound_of_videos(shared_data):
    paths = sorted(shared_data.glob("cremad/VideoFlash/*.flv"))
    assert np.isfinite(rows(paths)).all()
