import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emopipe.voice.mel_images import (
    LENGTH,
    STEP,
    deltas,
    log_mel,
    mel_channels,
    mel_filters,
    mel_images,
)

RATE = 16000


def tone(frequency, seconds=1.0):
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)


def test_a_picture_is_655_ms_and_one_comes_every_300():
    assert pytest.approx(0.655) == LENGTH and pytest.approx(0.3) == STEP


@settings(max_examples=20, deadline=None)
@given(n=st.integers(0, 40000))
def test_the_number_of_pictures(n):
    images = mel_images(np.random.default_rng(n).normal(size=n))
    expected = 0 if n < 10480 else 1 + ((n - 400) // 160 + 1 - 64) // 30
    assert images.shape == (expected, 64, 64, 3) and images.dtype == np.uint8


def test_filters_cover_the_band_once():
    filters = mel_filters()
    assert (filters.sum(axis=1) > 0).all()
    frequencies = np.fft.rfftfreq(2048, 1 / RATE)
    # Neighbouring triangles add up to one on the mel axis between the first and the last centre.
    inside = (frequencies > 60) & (frequencies < 7500)
    assert np.allclose(filters[:, inside].sum(axis=0), 1)
    assert filters[:, frequencies < 20].max() == 0


@pytest.mark.parametrize("frequency", [100, 1000, 5000])
def test_a_tone_lights_its_band(frequency):
    image = mel_images(tone(frequency))[0]
    filters = mel_filters()
    expected = filters[:, round(frequency / RATE * 2048)].argmax()
    lit = 63 - image[:, 10, 0].argmax()
    assert abs(int(lit) - int(expected)) <= 1
    assert (image[..., 1:] >= 126).mean() > 0.9  # nothing changes: the middle grey


def test_a_sound_that_begins_has_a_slope():
    signal = tone(1000) * (np.arange(RATE) > RATE / 2)
    channels = mel_channels(signal + 1e-6 * np.random.default_rng(0).normal(size=RATE))
    row = 63 - int(mel_filters()[:, 128].argmax())
    assert channels[row, :, 1].argmax() in range(46, 52)
    assert channels[row, 10, 1] in range(120, 136)


@given(gain=st.floats(0.01, 10))
@settings(max_examples=10, deadline=None)
def test_gain_does_not_matter(gain):
    signal = np.random.default_rng(1).normal(size=RATE)
    difference = mel_images(signal).astype(int) - mel_images(gain * signal)
    assert np.abs(difference).max() <= 1


def test_pictures_are_cut_from_the_whole_clip():
    signal = np.random.default_rng(2).normal(size=2 * RATE)
    channels, images = mel_channels(signal), mel_images(signal)
    for k, image in enumerate(images):
        assert np.array_equal(image, channels[:, 30 * k : 30 * k + 64])


def test_slopes_of_lines_and_of_constants():
    line = np.arange(10.0)[:, None] * [[2.0, -1.0]]
    assert np.allclose(deltas(line)[2:-2], [2, -1])
    assert not deltas(np.ones((5, 3))).any()
    assert np.allclose(deltas(-line), -deltas(line))


def test_energy_against_the_definition():
    signal = np.random.default_rng(3).normal(size=1000)
    frame = signal[160:560] * np.hamming(400)
    n = np.arange(400)
    bins = np.exp(-2j * np.pi * np.outer(np.arange(1025), n) / 2048) @ frame
    expected = 10 * np.log10(mel_filters() @ (np.abs(bins) ** 2 / 400))
    assert np.allclose(log_mel(signal)[1], expected, atol=1e-2)


def test_cepstra_are_the_cosine_transform_of_the_bands_and_carry_no_gain():
    signal = np.random.default_rng(4).normal(size=RATE)
    levels = log_mel(signal)
    levels = np.maximum(levels, levels.max() - 80)
    n = np.arange(64)
    basis = np.cos(np.pi * np.outer(n, n + 0.5) / 64) * np.sqrt(2 / 64)
    basis[0] /= np.sqrt(2)
    cepstra = levels @ basis.T
    cepstra[:, 0] -= cepstra[:, 0].mean()
    expected = 127.5 + 127.5 * cepstra / np.abs(cepstra).max()
    actual = mel_channels(signal, "mfcc")[::-1, :, 0].T
    assert np.abs(actual - expected).max() <= 1
    images = mel_images(signal, picture="mfcc")
    assert images.shape == (2, 64, 64, 3)
    louder = mel_images(9 * signal, picture="mfcc").astype(int)
    assert np.abs(louder - images).max() <= 1
    assert np.array_equal(mel_images(signal), mel_images(signal, picture="log-mel"))
    with pytest.raises(ValueError, match="picture='mel' is unknown; allowed: 'log-mel', 'mfcc'"):
        mel_images(signal, picture="mel")


def test_silence_is_a_picture_without_contrast():
    images = mel_images(np.zeros(RATE))
    assert np.ptp(images[..., 1:]) == 0
