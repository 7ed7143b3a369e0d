"""Fisher vectors against a loop over frames and components, and what they must not depend on."""

import pickle

import numpy as np
import pandas as pd
import pytest
from clips import write_sound
from scipy.stats import norm
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.mixture import GaussianMixture

from emopipe import FisherVectors
from emopipe.extraction import COUNTERS, ClipWarning
from emopipe.voice import fisher_vector


def by_loops(frames, mixture):
    """Return the improved Fisher vector as equations 7 and 8 of the paper are written."""
    n, d = frames.shape
    weights, means = mixture.weights_, mixture.means_
    deviations = np.sqrt(mixture.covariances_)
    by_mean = np.zeros((len(weights), d))
    by_deviation = np.zeros((len(weights), d))
    for frame in frames:
        density = [
            w * np.prod(norm.pdf(frame, m, s))
            for w, m, s in zip(weights, means, deviations, strict=True)
        ]
        for k, share in enumerate(np.array(density) / sum(density)):
            scaled = (frame - means[k]) / deviations[k]
            by_mean[k] += share * scaled / (n * np.sqrt(weights[k]))
            by_deviation[k] += share * (scaled**2 - 1) / (n * np.sqrt(2 * weights[k]))
    vector = np.concatenate([by_mean.ravel(), by_deviation.ravel()])
    vector = np.sign(vector) * np.abs(vector) ** 0.5
    return vector / np.sqrt((vector**2).sum())


def test_the_formula_is_that_of_loops():
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(60, 3)) * [1, 2, 0.5] + rng.integers(0, 2, (60, 1)) * 3
    mixture = GaussianMixture(3, covariance_type="diag", random_state=0).fit(frames)
    part = frames[:17] + 0.3
    np.testing.assert_allclose(fisher_vector(part, mixture), by_loops(part, mixture), rtol=1e-8)


def test_frames_that_the_mixture_fits_have_a_small_gradient():
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(4000, 2))
    mixture = GaussianMixture(1, covariance_type="diag").fit(frames)
    moved = np.abs(by_loops(frames[:500] + [1.0, 0], mixture))
    assert moved.argmax() == 0 and moved[0] > 3 * moved[1]
    np.testing.assert_allclose(np.linalg.norm(fisher_vector(frames, mixture)), 1)


@pytest.fixture
def sounds(tmp_path):
    paths = []
    for n in range(4):
        rng = np.random.default_rng(n)
        sound = rng.normal(0, 3000, 4000).cumsum() if n % 2 else rng.normal(0, 3000, 6000)
        sound = 9000 * sound / np.abs(sound).max()
        paths.append(str(tmp_path / f"{n}.wav"))
        write_sound(paths[-1], sound[None].astype(np.int16))
    return paths


def vectors(**parameters):
    return FisherVectors(n_components=2, n_jobs=1, **parameters)


def test_tables_order_pickles_and_failures(sounds, tmp_path):
    store = tmp_path / "store.sqlite"
    fitted = vectors(store=store).set_output(transform="pandas").fit(sounds)
    expected = fitted.transform(sounds)
    assert list(expected.columns) == list(fitted.get_feature_names_out())
    assert expected.shape == (4, fitted.n_features_out_) == (4, 160)
    before = COUNTERS.copy()
    again = vectors(store=store).fit(pd.DataFrame({"path": sounds[::-1]}))
    np.testing.assert_allclose(again.transform(sounds[::-1])[::-1], expected)
    assert before == COUNTERS
    copied = pickle.loads(pickle.dumps(fitted))
    (tmp_path / "empty.wav").write_bytes(b"")
    with pytest.warns(ClipWarning, match="1 of 2 clips"):
        features = copied.transform([sounds[0], str(tmp_path / "empty.wav")]).to_numpy()
    np.testing.assert_array_equal(features[0], expected.to_numpy()[0])
    assert np.isnan(features[1]).all()
    with pytest.raises(NotFittedError):
        vectors().transform(sounds)


def test_only_clips_that_train_make_the_mixture(sounds):
    fitted = vectors(store=None).fit(sounds[:3])
    before = fitted.mixture_.means_.copy()
    alone = fitted.transform(sounds[3:])
    np.testing.assert_array_equal(fitted.transform(sounds)[3:], alone)
    np.testing.assert_array_equal(fitted.mixture_.means_, before)
    other = clone(fitted).fit(sounds[1:])
    assert not np.allclose(other.mixture_.means_, before)


def test_too_few_frames_for_the_mixture(sounds):
    with pytest.raises(ValueError, match=r"1 clips have .* frames of speech: .*n_components=500"):
        FisherVectors(n_components=500, store=None, n_jobs=1).fit(sounds[:1])
