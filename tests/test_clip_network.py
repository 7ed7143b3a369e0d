"""What every network on clips must do, checked with the smallest one."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from clips import write_sound
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import get_routing_for_object
from tiny_networks import Killed, dying, record_epochs
from voices import write_voices

from emopipe.evaluation import evaluate
from emopipe.extraction import COUNTERS, ClipWarning
from emopipe.media import ClipError
from emopipe.models.errors import ModelError
from emopipe.models.soundness import check_sound
from emopipe.networks.audio_visual_cnn.estimator import AudioVisualCNN
from emopipe.training.epochs import FitState

TINY = {
    "modalities": ("audio",),
    "spectrogram_size": (32, 8),
    "layers__audio_widths": (4,),
    "layers__audio_features": 8,
    "layers__dense": (),
    "training__epochs": 8,
    "training__learning_rate": 0.02,
    "training__batch_size": 16,
    "n_jobs": 1,
    "training__validation_share": 0.2,
    "training__patience": None,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("voices")


@pytest.fixture(scope="module")
def clips(folder):
    return write_voices(folder)


@pytest.fixture(scope="module")
def tiny(folder):
    return AudioVisualCNN().set_params(**TINY, store=str(folder / "store.sqlite"))


@pytest.fixture(scope="module")
def fitted(tiny, clips):
    return clone(tiny).fit(clips, clips["emotion"])


@pytest.fixture(scope="module")
def silent(folder):
    return str(write_sound(folder / "silent.wav", np.zeros((1, 4000), np.int16)))


def test_it_learns(fitted, clips):
    assert (fitted.predict(clips) == clips["emotion"]).mean() > 0.9
    scores = fitted.predict_proba(clips)
    assert scores.shape == (36, 3) and np.allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert fitted.classes_.tolist() == ["anger", "fear", "sadness"]
    assert {len(curve) for curve in fitted.history_.values()} == {8}
    assert all(isinstance(weight, np.ndarray) for weight in fitted.network_weights_)


def test_without_random_state_every_fit_draws_its_own(tiny, fitted, clips):
    network = clone(tiny).set_params(
        training__random_state=None, training__epochs=1, n_copies=1, augment_sound=True
    )
    first, other = (clone(network).fit(clips, clips["emotion"]) for _ in range(2))
    assert first.random_state_ != other.random_state_ and fitted.random_state_ == 0
    assert not first.copies().equals(other.copies())


def test_same_answers_whatever_holds_the_paths(fitted, clips):
    expected = fitted.predict_proba(clips)
    paths = clips["path"].tolist()
    for X in (paths, [Path(p) for p in paths], np.array(paths), clips["path"], tuple(paths)):
        assert np.array_equal(fitted.predict_proba(X), expected)
    order = [3, 0, 3, 30]
    assert np.array_equal(fitted.predict_proba([paths[i] for i in order]), expected[order])
    assert fitted.predict_proba([]).shape == (0, 3)
    with pytest.raises(TypeError, match="one path"):
        fitted.predict(paths[0])


def test_pickles_hold_arrays_and_no_network(fitted, clips):
    copied = pickle.loads(pickle.dumps(fitted))
    assert not hasattr(copied, "_model")
    assert np.array_equal(copied.predict_proba(clips), fitted.predict_proba(clips))


def test_parameters_of_training_are_tried_by_a_grid_and_belong_to_one_network(tiny, clips):
    default = AudioVisualCNN().training.epochs
    grid = {"training__epochs": [1], "layers__dense": [(4,)], "faces__margin": [0.1]}
    search = GridSearchCV(clone(tiny), grid, cv=GroupKFold(2), error_score="raise")
    search.fit(clips, clips["emotion"], groups=clips["subject"])
    assert search.best_estimator_.training.epochs == 1
    assert "training=Training(batch_size=16, epochs=1" in repr(search.best_estimator_)
    AudioVisualCNN().set_params(training__epochs=7)
    assert AudioVisualCNN().training.epochs == default and tiny.training.epochs == 8


def test_a_saved_network_whose_class_had_other_parameters_is_refused(fitted):
    old = pickle.loads(pickle.dumps(fitted))
    old.epochs = vars(old).pop("training").epochs
    with pytest.raises(ModelError, match=r"AudioVisualCNN, has no training: .* fit it again"):
        check_sound(old)


def test_clones_are_not_fitted(fitted, tiny, clips):
    assert repr(clone(fitted)) == repr(tiny)
    with pytest.raises(NotFittedError):
        clone(fitted).predict(clips)


def test_tags(tiny):
    tags = get_tags(tiny)
    assert tags.input_tags.string and tags.input_tags.one_d_array and tags.no_validation
    assert tags.estimator_type == "classifier"


def test_a_refit_is_the_same_and_decodes_nothing(tiny, fitted, clips):
    before = COUNTERS.copy()
    again = clone(tiny).fit(clips, clips["emotion"], groups=clips["subject"])
    assert before == COUNTERS and again.history_ == fitted.history_
    assert np.array_equal(again.predict_proba(clips), fitted.predict_proba(clips))


def test_clips_that_say_nothing_are_left_out(tiny, fitted, clips, silent):
    more = pd.concat(
        [clips, pd.DataFrame({"path": [silent], "subject": "a", "emotion": "fear"})],
        ignore_index=True,
    )
    with pytest.warns(ClipWarning, match=r"1 of 37 clips .* \(silent 1\): first .*silent.wav"):
        again = clone(tiny).fit(more, more["emotion"])
    assert again.history_ == fitted.history_
    with pytest.warns(ClipWarning):
        scores = again.predict_proba(more)
    assert np.isnan(scores[36]).all() and np.isfinite(scores[:36]).all()
    with pytest.warns(ClipWarning):
        assert again.predict([silent]).tolist() == ["anger"]  # the most frequent, first of equals
    with pytest.raises(ClipError, match=r"silent\.wav"):
        again.set_params(on_error="raise").predict(more)


def test_statuses(fitted, clips, silent):
    table = pd.DataFrame({"path": [clips["path"][0], silent]}, index=[7, 9])
    statuses = fitted.statuses(table)
    assert statuses["status"].tolist() == ["ok", "silent"] and statuses.index.tolist() == [7, 9]
    assert {"path", "status", "detail", "windows"} <= set(statuses.columns)


def test_nothing_to_learn_from(tiny, clips, silent):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match=r"1 of 2 clips .* of 1 emotions: two or more"):
            clone(tiny).fit([silent, clips["path"][0]], ["fear", "anger"])
    with pytest.raises(ValueError, match="1 of 36 clips have no emotion"):
        clone(tiny).fit(clips, clips["emotion"].where(clips.index != 3))


def test_an_emotion_without_clips_is_told(tiny, clips, silent):
    with (
        pytest.warns(ClipWarning, match="silent 1"),
        pytest.warns(UserWarning, match="no clip of joy can be shown"),
    ):
        network = clone(tiny).fit([*clips["path"], silent], [*clips["emotion"], "joy"])
    assert network.classes_.tolist() == ["anger", "fear", "sadness"]


def test_class_weights(tiny, clips):
    """With a weight of 0 for one emotion nothing is learned of it."""
    weights = {"anger": 1.0, "fear": 1.0, "sadness": 0.0}
    network = clone(tiny).set_params(training__class_weight=weights).fit(clips, clips["emotion"])
    assert "sadness" not in network.predict(clips)
    same = clone(tiny).fit(clips, clips["emotion"], sample_weight=clips["emotion"].map(weights))
    assert np.array_equal(network.predict_proba(clips), same.predict_proba(clips))


def test_sound_in_another_file(tiny, fitted, clips, silent):
    table = pd.DataFrame({"path": silent, "audio": clips["path"]})
    listener = pickle.loads(pickle.dumps(fitted)).set_params(audio_column="audio")
    assert np.array_equal(listener.predict_proba(table), fitted.predict_proba(clips))
    table.loc[3, "audio"] = None
    with pytest.warns(ClipWarning, match="silent 1"):
        assert np.isnan(listener.predict_proba(table)[3]).all()
    with pytest.raises(ValueError, match="audio_column='audio'"):
        listener.predict(clips["path"])


def test_evaluate_collects_history_and_statuses(tiny, clips, tmp_path):
    result = evaluate(tiny, clips, cv=2, n_bootstrap=20, checkpoint=tmp_path)
    assert result.metrics["accuracy"]["value"] > 0.8
    assert result.coverage["statuses"] == {"AudioVisualCNN": {"ok": 36}}
    assert [len(fold["history"]) for fold in result.folds] == [1, 1]
    assert {"loss", "accuracy", "val_loss", "val_accuracy"} <= set(result.folds[0]["history"][0])
    assert result.passed


def test_a_killed_evaluation_goes_on_at_fold_and_epoch(tiny, clips, tmp_path, monkeypatch):
    network = clone(tiny).set_params(
        training__epochs=4,
        training__batch_size=4,
        training__checkpoint=tmp_path,
        training__workers=1,
    )
    whole = evaluate(
        clone(network).set_params(training__checkpoint=None), clips, cv=2, n_bootstrap=0
    )
    resumed = []
    # Four epochs of the first fold, and two of the second.
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(FitState, "end_epoch", dying(FitState.end_epoch, 6))
        evaluate(network, clips, cv=2, n_bootstrap=0, checkpoint=tmp_path)
    monkeypatch.setattr(FitState, "resume", record_epochs(FitState.resume, resumed))
    again = evaluate(network, clips, cv=2, n_bootstrap=0, checkpoint=tmp_path)
    assert resumed == [2]
    assert again.predictions.equals(whole.predictions)
    assert [fold["history"] for fold in again.folds] == [fold["history"] for fold in whole.folds]
    assert all(fold["history"] for fold in again.folds)


def test_asks_for_groups(tiny):
    with config_context(enable_metadata_routing=True):
        assert get_routing_for_object(tiny).consumes("fit", ["groups"]) == {"groups"}


def test_groups_decide_who_is_held_out(tiny, clips, monkeypatch):
    from emopipe.training import clip_network

    calls = []
    whole = clip_network.validation_rows

    def spy(y, groups, **arguments):
        calls.append(groups)
        return whole(y, groups, **arguments)

    monkeypatch.setattr(clip_network, "validation_rows", spy)
    quick = clone(tiny).set_params(training__epochs=1)
    quick.fit(clips, clips["emotion"])
    quick.fit(clips["path"], clips["emotion"], groups=clips["subject"])
    quick.fit(clips["path"], clips["emotion"])
    assert calls[0].tolist() == calls[1].tolist() == clips["subject"].tolist() and calls[2] is None


def test_bad_parameters(tiny, clips):
    for name, value, words in (
        ("on_error", "skip", "on_error='skip' is unknown"),
        ("modalities", ("video", "smell"), "'video', 'audio'"),
        ("modalities", "audio", "must be a tuple"),
        ("training__precision", "float64", "allowed: 'float32', 'bfloat16'"),
        ("training__validation_share", 1.5, "validation share is 1.5"),
        ("spectrogram_size", (1, 8), "spectrogram_size=.* too small"),
        ("training__batch_size", 0, "batch_size=0"),
    ):
        with pytest.raises(ValueError, match=words):
            clone(tiny).set_params(**{name: value}).fit(clips, clips["emotion"])
