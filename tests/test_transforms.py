"""Pictures of sound: each transform against its definition, and a tone in its row."""

import numpy as np
import pytest
from clips import write_sound
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import hilbert

from emopipe import AudioVisualCNN, draw_spectrograms
from emopipe.media import ClipError
from emopipe.voice import transforms
from emopipe.voice.augmentation import SoundTransform, apply_sound_transform
from emopipe.voice.spectrograms import prepare_spectrogram, spectrogram
from emopipe.voice.transforms import FLOOR, TRANSFORMS, decibels, morlet_frequencies, wigner_ville

RATE = 16000


def tone(frequency, seconds=0.3, level=1.0):
    return level * np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE)


def by_definition(samples, n_bins, hop):
    """The sum over lags of z(t + m) z*(t - m) w(m) exp(-2 pi i k m / n_bins), term by term."""
    z, half = hilbert(samples), n_bins // 2
    centres = range(n_bins - 1, len(samples) - n_bins + 2, hop)
    levels = np.zeros((n_bins, len(centres)))
    for column, t in enumerate(centres):
        for k in range(n_bins):
            total = 0
            for m in range(-half, half):
                if 0 <= t + m < len(z) and 0 <= t - m < len(z):
                    weight = 0.5 - 0.5 * np.cos(2 * np.pi * (m + half) / n_bins)
                    turn = np.exp(-2j * np.pi * k * m / n_bins)
                    total += z[t + m] * np.conj(z[t - m]) * weight * turn
            power = max(total.real / half, 0)
            levels[k, column] = max(10 * np.log10(max(power, 1e-18)), FLOOR)
    return levels


@settings(max_examples=8)
@given(seed=st.integers(0, 100), n_bins=st.sampled_from([8, 16, 24]), hop=st.integers(20, 70))
def test_wigner_ville_against_its_definition(seed, n_bins, hop):
    samples = np.random.default_rng(seed).normal(size=200) / 5
    actual = wigner_ville(samples, n_bins=n_bins, hop=hop)
    expected = by_definition(samples, n_bins, hop)
    assert actual.shape == expected.shape == decibels(samples, n_bins=n_bins, hop=hop).shape
    audible = expected > -80
    assert np.allclose(actual[audible], expected[audible], atol=0.01)
    assert (actual[~audible] < -70).all()


@pytest.mark.parametrize("kind", TRANSFORMS)
def test_a_tone_lights_its_row_as_loud_as_it_is(kind):
    if kind == "wavelet":
        pytest.importorskip("pywt")
    rows = {
        "fourier": np.linspace(0, RATE / 2, 64),
        "wavelet": RATE * morlet_frequencies(64),
        "wigner-ville": np.arange(64) * RATE / 128,
    }[kind]
    for frequency in (500, 1000, 4000):
        levels = TRANSFORMS[kind](tone(frequency), n_bins=64, hop=160)
        column = levels[:, levels.shape[1] // 2]
        assert column.argmax() == np.abs(rows - frequency).argmin()
        assert column.max() == pytest.approx(0, abs=1.5)
        softer = TRANSFORMS[kind](tone(frequency, level=0.1), n_bins=64, hop=160)
        assert softer[:, levels.shape[1] // 2].max() == pytest.approx(column.max() - 20, abs=0.1)


def test_a_click_is_sharper_in_time_by_wigner_ville():
    click = np.zeros(4000)
    click[2000] = 1
    widths = [
        (levels.max(axis=0) > levels.max() - 10).sum()
        for levels in (decibels(click, n_bins=96, hop=10), wigner_ville(click, n_bins=96, hop=10))
    ]
    assert widths[1] < widths[0]


def test_pictures_of_all_kinds_have_one_size_and_keys_of_their_own(tmp_path):
    path = write_sound(tmp_path / "a.wav", (tone(1000) * 2**14).astype(np.int16)[None])
    actual = [
        next(prepare_spectrogram(path, size=(64, 32), sample_rate=RATE, transform=kind)).rows
        for kind in ("fourier", "wigner-ville")
    ]
    assert all(picture.shape == (64, 32) and picture.dtype == np.uint8 for picture in actual)
    assert not np.array_equal(*actual)
    assert spectrogram().key == spectrogram(transform="fourier").key
    assert spectrogram().key != spectrogram(transform="wigner-ville").key
    with pytest.raises(ValueError, match="transform='stft' is unknown; allowed: 'fourier'"):
        spectrogram(transform="stft")
    network = AudioVisualCNN(modalities=("audio",), transform="wigner-ville", store=None, n_jobs=1)
    network.set_params(spectrogram_size=(64, 32))
    [picture] = network._tensors([path])["audio"].take([0])
    assert np.array_equal(picture, actual[1])


def test_a_higher_voice_lies_higher_in_every_picture():
    picture = np.zeros((97, 8), np.uint8)
    picture[48] = 255
    raised = SoundTransform(pitch=2 ** (1 / 12))
    linear = apply_sound_transform(picture, raised)[:, 4].argmax()
    logarithmic = apply_sound_transform(picture, raised, octaves=8)[:, 4].argmax()
    assert linear == round(48 * 2 ** (1 / 12)) and logarithmic == 48 + 1  # 12 rows per octave


def test_wavelets_say_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pywt", None)
    with pytest.raises(ImportError, match=r"pip install 'emopipe\[wavelet\]'"):
        spectrogram(transform="wavelet")
    with pytest.raises(ImportError, match="PyWavelets"):
        transforms.morlet(tone(100))


def test_spectrograms_are_drawn_side_by_side(tmp_path):
    paths = [
        write_sound(tmp_path / f"{f}.wav", (tone(f) * 2**14).astype(np.int16)[None])
        for f in (500, 4000)
    ]
    figure = draw_spectrograms(paths, ["low", "high"], size=(64, 32))
    low, high = (axis.images[0].get_array() for axis in figure.axes[:2])
    assert [axis.get_title() for axis in figure.axes[:2]] == ["low", "high"]
    assert low.shape == (64, 32) and low.mean(axis=1).argmax() < high.mean(axis=1).argmax()
    figure.savefig(tmp_path / "figure.png")
    silent = write_sound(tmp_path / "s.wav", np.zeros((1, RATE), np.int16))
    with pytest.raises(ClipError, match="silent"):
        draw_spectrograms([silent])
    for wrong in ([], paths):
        with pytest.raises(ValueError, match="give one of each"):
            draw_spectrograms(wrong, ["a", "b", "c"])
