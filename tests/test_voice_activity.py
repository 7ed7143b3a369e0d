from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emopipe.media import signal as read
from emopipe.voice.activity import speech_mask, speech_ratio, trim

RATE = 16000


def tone(frequency, seconds=1.0):
    return np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)


def silence(seconds):
    return np.zeros(round(seconds * RATE))


@pytest.mark.parametrize("frequency", [350, 1000, 2950])
def test_tones_in_the_band_are_speech(frequency):
    assert speech_mask(tone(frequency), RATE).all()


@pytest.mark.parametrize("frequency", [50, 200, 3200, 7000])
def test_tones_outside_are_not(frequency):
    assert not speech_mask(tone(frequency), RATE).any()


def test_the_ratio_is_the_share_of_two_tones():
    ratio, energy = speech_ratio(2 * tone(1000) + tone(5000), RATE)
    assert np.allclose(ratio, 0.8, atol=1e-6)
    assert np.allclose(energy, 2.5, rtol=1e-6)


def test_white_noise_and_silence_are_no_speech():
    noise = np.random.default_rng(0).normal(0, 0.1, RATE)
    assert speech_mask(noise, RATE).mean() < 0.02
    assert not speech_mask(silence(1), RATE).any()
    assert not speech_mask(np.full(RATE, 0.5), RATE).any()
    assert len(speech_mask(silence(0.01), RATE)) == 0


@settings(max_examples=25, deadline=None)
@given(
    before=st.floats(0, 1.5),
    after=st.floats(0, 1.5),
    gain=st.floats(1e-3, 1),
    rate=st.sampled_from([8000, 16000, 22050, 44100]),
)
def test_a_tone_between_silences_is_found(before, after, gain, rate):
    n = [round(s * rate) for s in (before, 0.5, after)]
    middle = gain * np.sin(2 * np.pi * 1000 * np.arange(n[1]) / rate)
    clip = np.concatenate([np.zeros(n[0]), middle, np.zeros(n[2])])
    start, stop = trim(clip, rate, before=0.1, after=0.2)
    duration = len(clip) / rate
    assert start == pytest.approx(max(0, before - 0.1), abs=0.021)
    assert stop == pytest.approx(min(duration, before + 0.7), abs=0.031)
    assert 0 <= start < stop <= duration


def test_pauses_stay():
    clip = np.concatenate([silence(0.5), tone(1000, 0.3), silence(2), tone(800, 0.3), silence(1)])
    start, stop = trim(clip, RATE, before=0, after=0)
    assert start == pytest.approx(0.5, abs=0.02) and stop == pytest.approx(3.1, abs=0.02)


def test_faint_noise_in_the_band_is_left_out_by_the_floor_alone():
    clip = np.concatenate([1e-4 * tone(900, 1), tone(1000, 1), silence(1)])
    assert trim(clip, RATE, before=0)[0] == pytest.approx(1.0, abs=0.03)
    assert trim(clip, RATE, before=0, floor=None)[0] == 0


def test_a_clip_without_speech_stays_whole():
    assert trim(silence(2), RATE) == (0.0, 2.0)
    assert trim(np.zeros(0), RATE) == (0.0, 0.0)


def test_wrong_parameters():
    with pytest.raises(ValueError, match=r"band=\(300, 9000\) Hz .* 8000 Hz"):
        speech_mask(silence(1), RATE, band=(300, 9000))
    with pytest.raises(ValueError, match="threshold=2 is a share"):
        trim(silence(1), RATE, threshold=2)
    with pytest.raises(ValueError, match="too short at this rate"):
        speech_mask(silence(1), RATE, hop=1e-6)


@pytest.mark.shared
def test_real_speech_between_known_silences(shared_data):
    clips = sorted(Path(shared_data, "ravdess").glob("Actor_*/*.wav"))[::60]
    cut, off = [], []
    for clip in clips:
        samples = read(clip, sample_rate=RATE)
        start, stop = trim(samples, RATE)
        cut.append(start + len(samples) / RATE - stop)
        # Exact silence around the clip moves what is found with it, and adds nothing.
        padded = np.concatenate([silence(0.8), samples, silence(1.3)])
        moved = trim(padded, RATE)
        off += [moved[0] - 0.8 - start, moved[1] - 0.8 - stop]
        # Where the speech is all that there is, almost all of it stays.
        spoken = samples[round(start * RATE) : round(stop * RATE)]
        again = trim(spoken, RATE)
        assert again[0] < 0.05 and again[1] > len(spoken) / RATE - 0.05, clip
    assert np.median(cut) > 0.7  # RAVDESS has 0.5 to 1 s of silence at either end
    assert np.quantile(np.abs(off), 0.9) < 0.21  # margins, cut off at the clip's ends


@pytest.mark.shared
@pytest.mark.parametrize("level", [-60, -50])
def test_real_speech_between_noise(shared_data, level):
    """White noise (relative to the speech, in dB) before and after: the sentence is found."""
    rng = np.random.default_rng(0)
    wrong = []
    for clip in sorted(Path(shared_data, "ravdess").glob("Actor_*/*.wav"))[::60]:
        samples = read(clip, sample_rate=RATE)
        start, stop = trim(samples, RATE, before=0, after=0)
        spoken = samples[round(start * RATE) : round(stop * RATE)].astype(float)
        noise = np.sqrt(np.mean(spoken**2)) * 10 ** (level / 20) * rng.normal(size=3 * RATE)
        clip = np.concatenate([noise[:RATE], spoken, noise[RATE:]])
        actual = trim(clip, RATE, before=0, after=0)
        wrong += [actual[0] - 1, actual[1] - 1 - len(spoken) / RATE]
    assert np.mean(np.abs(wrong) < 0.05) > 0.9
