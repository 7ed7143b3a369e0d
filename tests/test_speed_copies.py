"""Copies of voices at other speeds: what trains, what they sound like, whom they are of."""

import numpy as np
import pandas as pd
import pytest
from clips import write_sound
from sklearn.base import BaseEstimator, ClassifierMixin

from emopipe import SpeedCopies, VoiceFunctionals
from emopipe.extraction import COUNTERS

RATE = 16000


class Recorder(ClassifierMixin, BaseEstimator):
    def fit(self, X, y, **params):
        self.X_, self.y_, self.params_ = X, y, params
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))


def table(n=3):
    return pd.DataFrame({
        "path": [f"{i}.wav" for i in range(n)], "subject": ["a", "b", None][:n],
    })  # fmt: skip


def test_copies_are_of_other_people_and_keep_label_and_weight():
    copies = SpeedCopies(Recorder(), speeds=(0.9, 1.1))
    inner = copies.fit(table(), np.array(list("xyz")), sample_weight=[1, 2, 3]).estimator_
    assert inner.X_["subject"].fillna("nobody").tolist() == [
        "a", "b", "nobody", "a at 0.9", "b at 0.9", "nobody", "a at 1.1", "b at 1.1", "nobody",
    ]  # fmt: skip
    assert inner.X_["playback_speed"].fillna(1).tolist() == [1] * 3 + [0.9] * 3 + [1.1] * 3
    assert inner.y_.tolist() == list("xyzxyzxyz")
    assert inner.params_["sample_weight"].tolist() == [1, 2, 3] * 3
    assert copies.predict(table()).tolist() == ["x"] * 3
    assert not hasattr(copies, "predict_proba")


@pytest.mark.parametrize("speed", [0, 2.5, "slow"])
def test_speeds_are_checked(speed):
    with pytest.raises((ValueError, TypeError), match="speeds"):
        SpeedCopies(Recorder(), speeds=(speed,)).fit(table(), list("xyz"))


def test_a_slower_copy_is_longer_and_lower(tmp_path):
    tone = 0.2 * np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE)
    write_sound(tmp_path / "a.wav", (tone[None] * 32767).astype(np.int16))
    clips = pd.DataFrame({"path": [tmp_path / "a.wav"] * 3, "playback_speed": [1.1, np.nan, 0.8]})
    voice = VoiceFunctionals(sets=["contour"], store=tmp_path / "s.sqlite", n_jobs=1)
    voice.set_output(transform="pandas").fit(clips)
    features = voice.transform(clips)
    assert list(features.index) == list(clips.index)
    semitones = 12 * np.log2(220 * np.array([1.1, 1, 0.8]) / 27.5)
    np.testing.assert_allclose(features["pitch_voiced_p50"], semitones, atol=0.05)
    np.testing.assert_allclose(
        features["clip_length"], np.log(1 / np.array([1.1, 1, 0.8])), atol=0.02
    )
    before = COUNTERS.copy()
    np.testing.assert_array_equal(voice.transform(clips[["path"]])[:1], features[1:2])
    assert voice.transform(clips).equals(features) and before == COUNTERS
