"""Linear prediction against filters whose coefficients are chosen, and cepstra by definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from emopipe.voice import VoiceFunctionals
from emopipe.voice.descriptors import prediction_cepstra
from emopipe.voice.functionals import functional_names
from emopipe.voice.linear_prediction import cepstra, predictors


def filter_of(radii, angles):
    """Return a_0 ... of a filter with pairs of poles inside the circle."""
    polynomial = np.array([1.0])
    for radius, angle in zip(radii, angles, strict=True):
        polynomial = np.convolve(polynomial, [1, -2 * radius * np.cos(angle), radius**2])
    return polynomial


POLES = st.lists(st.tuples(st.floats(0.1, 0.9), st.floats(0.1, 3.0)), min_size=1, max_size=3)


@settings(max_examples=30)
@given(poles=POLES, n=st.integers(1, 20))
def test_cepstra_are_those_of_the_filter(poles, n):
    polynomial = filter_of(*zip(*poles, strict=True))
    spectrum = np.fft.fft(polynomial, 4096)
    expected = np.fft.ifft(-2 * np.log(np.abs(spectrum))).real  # twice the even part
    found = cepstra(polynomial[np.newaxis, 1:], n)[0]
    assert np.allclose(found, expected[1 : n + 1], atol=1e-6)


@settings(max_examples=20)
@given(poles=POLES)
def test_the_filter_of_a_voice_is_recovered(poles):
    polynomial = filter_of(*zip(*poles, strict=True))
    pulse = np.zeros(4000)
    pulse[0] = 1
    found = predictors(lfilter([1], polynomial, pulse)[np.newaxis], len(polynomial) - 1)[0]
    assert np.allclose(found, polynomial[1:], atol=1e-4)


def test_gain_does_not_matter_and_silence_has_no_cepstra():
    noise = np.random.default_rng(0).normal(size=8000).astype(np.float32)
    assert np.allclose(prediction_cepstra(noise), prediction_cepstra(9 * noise), atol=1e-3)
    assert not prediction_cepstra(np.zeros(8000, np.float32)).any()


def test_they_are_a_set_of_voice_functionals():
    names = functional_names(("lpcc",))
    assert len(names) == 112 and names[0] == "lpcc_1_mean"
    assert len(VoiceFunctionals(sets=["lpcc"]).get_feature_names_out()) == 112
    assert len(VoiceFunctionals().get_feature_names_out()) == 679
    with pytest.raises(ValueError, match="lpcc"):
        VoiceFunctionals(sets=["lpc"]).get_feature_names_out()
