"""Linear prediction against filters whose coefficients are chosen, and cepstra by definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import solve_toeplitz
from scipy.signal import lfilter

from emopipe.voice import VoiceFunctionals
from emopipe.voice.descriptors import prediction_cepstra
from emopipe.voice.functional_sets import functional_names
from emopipe.voice.linear_prediction import cepstra, predictors


def filter_of(radii, angles):
    """Return a_0 ... of a filter with pairs of poles inside the circle."""
    polynomial = np.array([1.0])
    for radius, angle in zip(radii, angles, strict=True):
        polynomial = np.convolve(polynomial, [1, -2 * radius * np.cos(angle), radius**2])
    return polynomial


POLES = st.lists(st.tuples(st.floats(0.1, 0.8), st.floats(0.1, 3.0)), min_size=1, max_size=3)


@settings(max_examples=30)
@given(poles=POLES, n=st.integers(1, 20))
def test_cepstra_are_those_of_the_filter(poles, n):
    polynomial = filter_of(*zip(*poles, strict=True))
    spectrum = np.fft.fft(polynomial, 4096)
    expected = np.fft.ifft(-2 * np.log(np.abs(spectrum))).real  # twice the even part
    actual = cepstra(polynomial[np.newaxis, 1:], n)[0]
    assert np.allclose(actual, expected[1 : n + 1], atol=1e-6)


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), order=st.integers(1, 16))
def test_predictors_solve_the_normal_equations(seed, order):
    frame = np.random.default_rng(seed).normal(size=200)
    lags = np.array([frame[n:] @ frame[: 200 - n] for n in range(order + 1)])
    expected = solve_toeplitz(lags[:-1], -lags[1:])
    assert np.allclose(predictors(frame[np.newaxis], order)[0], expected, atol=1e-6)


def test_the_filter_of_a_voice_is_recovered():
    polynomial = filter_of([0.8, 0.7], [0.6, 1.8])
    pulse = np.zeros(1000)
    pulse[0] = 1
    actual = predictors(lfilter([1], polynomial, pulse)[np.newaxis], 4)[0]
    assert np.allclose(actual, polynomial[1:], atol=1e-5)


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
