"""SoftmaxClassifier: a scikit-learn classifier like any other, repeatable, honest on stopping."""

import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from emopipe.evaluation import evaluate
from emopipe.networks.softmax import SoftmaxClassifier

EXPECTED_FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": "mini-batches and the held-out rows differ "
    "when a row is repeated instead of weighted",
}


@parametrize_with_checks(
    [SoftmaxClassifier(hidden_units=(8,), epochs=25, learning_rate=0.03, validation_share=0)],
    expected_failed_checks=lambda _: EXPECTED_FAILURES,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def blobs():
    """Return 90 rows of three emotions by nine subjects."""
    rng = np.random.default_rng(0)
    y = np.repeat(["anger", "fear", "neutral"], 30)
    X = rng.normal(size=(90, 5)) + np.eye(3, 5).repeat(30, axis=0) * 4
    groups = np.tile(np.arange(9), 10)
    return X, y, groups


@pytest.fixture(scope="module")
def fitted(blobs):
    X, y, groups = blobs
    return SoftmaxClassifier(epochs=60, learning_rate=0.03).fit(X, y, groups=groups)


def test_learns_and_answers_with_probabilities(fitted, blobs):
    X, y, _ = blobs
    scores = fitted.predict_proba(X)
    assert scores.shape == (90, 3) and np.allclose(scores.sum(axis=1), 1)
    assert (fitted.predict(X) == y).mean() > 0.9
    assert list(fitted.classes_) == ["anger", "fear", "neutral"]


def test_history_has_both_sides_of_every_epoch(fitted):
    assert set(fitted.history_) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    lengths = {len(values) for values in fitted.history_.values()}
    assert len(lengths) == 1 and lengths.pop() <= 60


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(fitted, blobs):
    X, y, groups = blobs
    again = clone(fitted).fit(X, y, groups=groups)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(fitted.network_weights_, again.network_weights_, strict=True)
    )
    other = clone(fitted).set_params(random_state=1).fit(X, y, groups=groups)
    assert not np.array_equal(fitted.network_weights_[0], other.network_weights_[0])


def test_a_network_is_always_built_from_its_present_parameters(fitted, blobs):
    changed = pickle.loads(pickle.dumps(fitted))
    expected = changed.predict_proba(blobs[0])
    changed.set_params(activation="tanh")
    stored = pickle.loads(pickle.dumps(changed))
    assert np.array_equal(changed.predict_proba(blobs[0]), stored.predict_proba(blobs[0]))
    assert not np.array_equal(changed.predict_proba(blobs[0]), expected)
    with pytest.raises(ValueError, match="fit it again"):
        changed.set_params(hidden_units=(3, 3)).predict(blobs[0])


def test_pickled_without_a_keras_model_and_the_same_afterwards(fitted, blobs):
    data = pickle.dumps(fitted)
    assert b"keras" not in data
    assert np.array_equal(
        pickle.loads(data).predict_proba(blobs[0]), fitted.predict_proba(blobs[0])
    )


def test_a_fork_of_a_process_that_ran_a_network_is_refused_at_once(fitted, blobs):
    """It would wait for threads that it does not have; without the check, until the timeout."""
    fork = joblib.Parallel(n_jobs=2, backend="multiprocessing", timeout=60)
    X, y, _ = blobs
    for work in (joblib.delayed(fitted.predict_proba)(X), joblib.delayed(clone(fitted).fit)(X, y)):
        with pytest.raises(RuntimeError, match=r"does not survive a fork.*'loky'"):
            fork([work, work])


def test_permuted_rows_permute_the_answers(fitted, blobs):
    order = np.random.default_rng(1).permutation(90)
    assert np.array_equal(
        fitted.predict_proba(blobs[0])[order], fitted.predict_proba(blobs[0][order])
    )


def test_weightless_rows_teach_nothing(blobs):
    X, y, _ = blobs
    wrong = np.where(np.arange(90) % 2, y, "neutral")
    weight = (np.arange(90) % 2).astype(float)
    model = SoftmaxClassifier(epochs=60, learning_rate=0.03, validation_share=0)
    assert (model.fit(X, wrong, sample_weight=weight).predict(X) == y).mean() > 0.9


def test_class_weight_moves_the_border():
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(0, 1, (90, 1)), rng.normal(1, 1, (10, 1))])
    y = np.array(["neutral"] * 90 + ["fear"] * 10)
    plain = SoftmaxClassifier((), epochs=40, learning_rate=0.05, validation_share=0)
    balanced = clone(plain).set_params(class_weight="balanced")
    counts = [(model.fit(X, y).predict(X) == "fear").sum() for model in (plain, balanced)]
    assert counts[0] < counts[1]


def test_no_hidden_layer_is_softmax_regression(blobs):
    model = SoftmaxClassifier((), epochs=2, validation_share=0).fit(*blobs[:2])
    assert [w.shape for w in model.network_weights_] == [(5, 3), (3,)]


def test_inside_a_grouped_search_and_evaluate(blobs):
    import pandas as pd

    X, y, groups = blobs
    clips = pd.DataFrame(
        {"clip": np.arange(90).astype(str), "path": None, "subject": groups.astype(str),
         "emotion": y, "corpus": "c", "split": None, "media": "video", "train_only": False,
         "excluded": "", "synthetic": True} | {f"x{k}": X[:, k] for k in range(5)}
    )  # fmt: skip
    model = make_pipeline(StandardScaler(), SoftmaxClassifier(epochs=8, learning_rate=0.03))
    search = GridSearchCV(model, {"softmaxclassifier__hidden_units": [(4,)]}, cv=GroupKFold(2))
    result = evaluate(search, clips, cv=2, features=[f"x{k}" for k in range(5)], n_bootstrap=20)
    assert result.passed and result.folds[0]["history"]


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"hidden_units": 14}, "hidden_units=14 must be a tuple"),
        ({"hidden_units": (0,)}, "positive integers"),
        ({"dropout": 1}, "dropout=1 must be"),
        ({"epochs": 0}, "epochs=0 must be a whole number of at least 1"),
        ({"validation_share": 1.0}, "validation share"),
    ],
)
def test_wrong_parameters_are_named(parameters, words, blobs):
    with pytest.raises(ValueError, match=words):
        SoftmaxClassifier(**parameters).fit(*blobs[:2])
