"""Covariance of frames: against SciPy's matrix logarithm, and what must not change it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import logm

from emopipe.voice.covariance import covariance_names, covariance_statistics
from emopipe.voice.functional_sets import SETS, functional_names, functionals

FOUR = ("mfcc_covariance", "mel_covariance", "prosody_covariance", "spectrum_covariance")


def _rows(seed, n=60, columns=5):
    random = np.random.default_rng(seed)
    return random.normal(size=(n, columns)) @ random.normal(size=(columns, columns)) + 3


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), columns=st.integers(2, 8))
def test_values_are_scipys_logarithm_of_the_correlations(seed, columns):
    rows = _rows(seed, columns=columns)
    names = covariance_names(list("abcdefgh")[:columns])
    values = dict(zip(names, covariance_statistics(rows), strict=True))
    correlations = (np.corrcoef(rows.T) + 1e-3 * np.eye(columns)) / 1.001
    expected = logm(correlations).real
    assert np.isclose(values["a_mean"], rows[:, 0].mean())
    assert np.isclose(values["b_log_std"], np.log(rows[:, 1].std(ddof=1)))
    assert np.isclose(values["a"], expected[0, 0], atol=1e-6)
    assert np.isclose(values["a_with_b"], np.sqrt(2) * expected[0, 1], atol=1e-6)
    pairs = [value for name, value in values.items() if "_with_" in name]
    diagonal = [values[name] for name in list("abcdefgh")[:columns]]
    norm = np.sqrt(np.sum(np.square(pairs)) + np.sum(np.square(diagonal)))
    assert np.isclose(norm, np.linalg.norm(expected), atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), factor=st.floats(0.01, 100))
def test_units_change_deviations_alone(seed, factor):
    rows = _rows(seed)
    scaled = rows.copy()
    scaled[:, 2] *= factor
    plain, other = covariance_statistics(rows, 0), covariance_statistics(scaled, 0)
    difference = other - plain
    assert np.isclose(difference[2], np.log(factor), atol=1e-3)
    assert np.allclose(np.delete(difference, 2), 0, atol=1e-3)


def test_frames_that_never_move_or_are_one_give_finite_values():
    for rows in (np.zeros((20, 4)), np.ones((1, 4)), np.repeat(_rows(0, 1, 4), 9, axis=0)):
        assert np.isfinite(covariance_statistics(rows)).all()


def test_sets_have_unique_names_and_one_value_each():
    signal = np.random.default_rng(1).normal(size=16000).astype(np.float32) * 0.1
    for name in FOUR:
        assert len(functionals(signal, (name,))) == len(functional_names((name,)))
    names = functional_names(tuple(SETS))
    assert len(set(names)) == len(names)
    assert "prosody_covariance_pitch_with_level_after_80_ms" in names


def test_louder_recordings_have_the_same_covariances_of_mel_bands():
    random = np.random.default_rng(2)
    swell = np.repeat(random.uniform(0.2, 1, 50), 320)
    signal = (random.normal(size=16000) * swell * 0.1).astype(np.float32)
    names = functional_names(("mel_covariance",))
    plain = functionals(signal, ("mel_covariance",))
    louder = functionals(2 * signal, ("mel_covariance",))
    moving = [not name.endswith("_mean") for name in names]
    assert np.allclose(plain[moving], louder[moving], atol=0.02)
    loudness = names.index("mel_covariance_band_3_mean")
    assert np.isclose(louder[loudness] - plain[loudness], np.log(4), atol=0.01)
