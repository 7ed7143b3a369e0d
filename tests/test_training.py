"""The loop that trains all networks: what it learns, repeats, resumes and refuses."""

import errno
import gc
import os
import subprocess
import sys
import warnings
import weakref
from importlib.util import find_spec
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from tiny_networks import (
    N_CLASSES,
    Killed,
    backend_settings,
    batch_of,
    blobs,
    busy_machine,
    dense_network,
    dying,
    record_epochs,
    with_weights,
)

from emopipe.checkpoints import CheckpointWarning
from emopipe.networks.dense import dense_network as dense_layers
from emopipe.training.batches import prefetch
from emopipe.training.checkpoints import FitCheckpoint
from emopipe.training.compiling import compile_network, dtype_policy
from emopipe.training.epochs import FitState
from emopipe.training.loop import predict, train
from emopipe.training.parameters import Training

ROWS = np.arange(60)


class Rows:
    """An array that can be watched."""

    def __init__(self, array):
        self.array = array


@pytest.fixture
def task():
    return blobs(90)


def fit(task, *, batch=None, keep=False, model=None, rows=ROWS, weights=None, **plan):
    x, y = task
    model = model or dense_network()
    plan = Training(**{"epochs": 4, "batch_size": 16, "learning_rate": 0.02} | plan)
    validation = np.arange(60, 90)
    trained = train(
        model, batch or batch_of(x), y, rows=rows, validation=validation, weights=weights,
        plan=plan, keep=keep, identity="blobs",
    )  # fmt: skip
    return model, trained


def same(first, other):
    arrays = zip(first.weights, other.weights, strict=True)
    return first.history == other.history and all(np.array_equal(a, b) for a, b in arrays)


@pytest.fixture(scope="module")
def plain():
    return fit(blobs(90))[1]


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_it_learns(task, optimizer):
    model, trained = fit(task, epochs=20, optimizer=optimizer)
    x, y = task
    scores = predict(model, batch_of(x), np.arange(90), batch_size=16)
    assert scores.dtype == np.float32 and np.allclose(scores.sum(1), 1, atol=1e-5)
    assert (scores.argmax(1) == y)[60:].mean() > 0.9
    assert trained.history["loss"][-1] < trained.history["loss"][0] / 2
    assert set(trained.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}


def test_history_holds_the_figures_of_all_rows_not_of_the_filled_batch(task):
    """45 rows in batches of 16: the last one is filled up, and what fills it counts nothing."""
    x, y = task
    model, trained = fit(
        task, model=dense_network(dropout=0.0), epochs=1, rows=np.arange(45), learning_rate=1e-9
    )
    scores = predict(model, batch_of(x), np.arange(90), batch_size=16)
    for rows, prefix in ((np.arange(45), ""), (np.arange(60, 90), "val_")):
        loss = -np.log(scores[rows, y[rows]]).mean()
        assert trained.history[f"{prefix}loss"] == pytest.approx([loss], rel=1e-4)
        hits = (scores[rows].argmax(1) == y[rows]).mean()
        assert trained.history[f"{prefix}accuracy"] == pytest.approx([hits])


def load_rows():
    """Return 1,347 digits, float32 (n, 64), and their classes."""
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return (x[:1347] / 16).astype(np.float32), y[:1347]


@pytest.fixture(scope="module")
def digits():
    return load_rows()


def fit_digits(digits, n_rows=1212, **plan):
    """Train on digits, judged by 135 others."""
    x, y = digits
    model = dense_layers(64, (64,), 10, dropout=0.1)
    trained = train(
        model, batch_of(x), y, rows=np.arange(n_rows), validation=np.arange(1212, 1347),
        plan=Training(**plan), identity="digits",
    )  # fmt: skip
    return model, trained


def test_every_epoch_is_judged_by_the_held_out_rows_each_once(digits):
    """135 rows in batches of 32, on a busy machine, against a direct evaluation of the weights."""
    x, y = digits[0][1212:], digits[1][1212:]
    weights = []
    spy = patch.object(FitState, "end_epoch", with_weights(FitState.end_epoch, weights))
    with spy, busy_machine():
        model, trained = fit_digits(digits, n_rows=300, epochs=10, patience=None)
    assert len(weights) == 10
    for epoch, values in enumerate(weights):
        model.set_weights(values)
        scores = np.asarray(model(x, training=False), dtype=np.float64)
        loss = -np.log(scores[np.arange(135), y]).mean()
        hits = (scores.argmax(1) == y).mean()
        assert trained.history["val_loss"][epoch] == pytest.approx(loss, rel=1e-5)
        assert trained.history["val_accuracy"][epoch] == pytest.approx(hits, abs=1e-6)


def test_batches_have_one_length_and_know_what_they_are_for(task):
    x, _ = task
    calls = []

    def batch(rows, rng, training):
        calls.append((len(rows), training))
        return x[rows]

    fit(task, batch=batch, epochs=2)
    assert {length for length, _ in calls} == {16}
    assert {training for _, training in calls} == {True, False}


def test_every_epoch_has_every_row_once_in_another_order(task):
    x, _ = task
    epochs = []

    def batch(rows, rng, training):
        if training:
            epochs.append(rows)
        return x[rows]

    fit(task, batch=batch, epochs=2, workers=1, patience=None)
    first, second = np.concatenate(epochs[:4])[:60], np.concatenate(epochs[4:8])[:60]
    assert sorted(first) == sorted(second) == ROWS.tolist()
    assert not np.array_equal(first, second)


def test_random_state_repeats_a_fit_bit_for_bit(task):
    def batch(rows, rng, training):
        return task[0][rows] + rng.normal(0, 0.1, (len(rows), 4)).astype(np.float32)

    first = fit(task, batch=batch, workers=1)[1]
    assert same(first, fit(task, batch=batch, workers=3)[1])


def test_without_random_state_fits_differ(task):
    assert not same(fit(task, random_state=None)[1], fit(task, random_state=None)[1])


def test_rows_without_weight_teach_nothing(task, plain):
    x, y = task
    spoiled = y.copy()
    spoiled[:30] = (y[:30] + 1) % N_CLASSES
    weights = np.ones(90)
    weights[:30] = 0
    first = fit((x, y), weights=weights)[1]
    assert same(first, fit((x, spoiled), weights=weights)[1])
    assert not same(first, plain)


def test_a_killed_fit_goes_on_where_it_stopped(task, tmp_path):
    whole = fit(task, epochs=6, patience=None)[1]
    resumed, killed = [], patch.object(FitState, "end_epoch", dying(FitState.end_epoch, 3))
    with killed, pytest.raises(Killed):
        fit(task, epochs=6, patience=None, checkpoint=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    with patch.object(FitState, "resume", record_epochs(FitState.resume, resumed)):
        assert same(whole, fit(task, epochs=6, patience=None, checkpoint=tmp_path)[1])
    assert resumed == [3]
    assert not list(tmp_path.iterdir())


def test_long_fits_at_real_size_are_the_same_bytes_idle_busy_and_resumed(digits, tmp_path):
    """60 epochs of 1,212 digits, the weights of the best epoch by 135 others."""

    def fit_again(**plan):
        return fit_digits(digits, epochs=60, batch_size=64, patience=30, **plan)[1]

    idle = fit_again()
    with busy_machine():
        killed = patch.object(FitState, "end_epoch", dying(FitState.end_epoch, 40))
        with killed, pytest.raises(Killed):
            fit_again(checkpoint=tmp_path)
        assert same(idle, fit_again(checkpoint=tmp_path))


def test_another_fit_does_not_take_up_the_checkpoint(task, plain, tmp_path):
    def batch(rows, rng, training):
        if len(list(tmp_path.iterdir())):
            raise Killed
        return task[0][rows]

    with pytest.raises(Killed):
        fit(task, batch=batch, checkpoint=tmp_path)
    [checkpoint] = tmp_path.iterdir()
    other = fit(task, checkpoint=tmp_path, random_state=3)[1]
    assert list(tmp_path.iterdir()) == [checkpoint]
    assert len(other.history["loss"]) == 4 and not same(other, plain)


def cut(path):
    path.write_bytes(path.read_bytes()[:100])


def flip_bit(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 8
    path.write_bytes(content)


def empty(path):
    path.write_bytes(b"")


def rewritten(path, **arrays):
    """Write other values in the place of some, so that the archive itself is sound."""
    with np.load(path) as file:
        arrays = dict(file) | arrays
    np.savez(path, **arrays)


def with_another_epoch(path):
    with np.load(path) as file:
        head = str(file["head"]).replace('"epoch": 1', '"epoch": 3')
    rewritten(path, head=np.array(head))


def with_other_weights(path):
    with np.load(path) as file:
        weights = file["variables/0"] + np.float32(1)
    rewritten(path, **{"variables/0": weights})


def with_a_pickle(path):
    rewritten(path, head=np.array([{}], dtype=object))


def of_another_fit(path):
    other = FitCheckpoint(path.parent / "other", "another fit")
    other.save({"epoch": 1}, {"variables": [np.zeros(3)]})
    other.path.rename(path)
    other.path.parent.rmdir()


DAMAGES = [cut, flip_bit, empty, with_another_epoch, with_other_weights, with_a_pickle]


@pytest.mark.parametrize("damage", [*DAMAGES, of_another_fit])
def test_a_changed_or_damaged_checkpoint_is_set_aside_and_said(damage, tmp_path):
    checkpoint = FitCheckpoint(tmp_path, "a fit")
    checkpoint.save({"epoch": 1}, {"variables": [np.arange(6, dtype=np.float32)], "best": []})
    assert checkpoint.load()[0] == {"epoch": 1}
    damage(checkpoint.path)
    with pytest.warns(
        CheckpointWarning, match=f"{checkpoint.path.name} cannot be used .* at epoch 0"
    ):
        assert checkpoint.load() is None
    assert [path.name for path in tmp_path.iterdir()] == [f"{checkpoint.path.name}.damaged-0"]


def test_a_fit_with_a_changed_checkpoint_is_computed_again(task, plain, tmp_path):
    killed = patch.object(FitState, "end_epoch", dying(FitState.end_epoch, 1))
    with killed, pytest.raises(Killed):
        fit(task, checkpoint=tmp_path)
    [checkpoint] = tmp_path.iterdir()
    with_another_epoch(checkpoint)
    with pytest.warns(CheckpointWarning):
        assert same(fit(task, checkpoint=tmp_path)[1], plain)


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(tmp_path):
    checkpoint = FitCheckpoint(tmp_path, "a fit")
    checkpoint.save({"epoch": 1}, {"variables": [np.zeros(3)]})
    with (
        patch("numpy.savez", side_effect=OSError(errno.ENOSPC, "No space left on device")),
        pytest.raises(OSError, match=f"No space left.*{checkpoint.path.name}"),
    ):
        checkpoint.save({"epoch": 2}, {"variables": [np.zeros(3)]})
    assert list(tmp_path.iterdir()) == [checkpoint.path] and checkpoint.load()[0] == {"epoch": 1}


def test_patience_keeps_the_best_epoch(task):
    x, y = task
    rng = np.random.default_rng(0)
    wrong = (x, np.where(np.arange(90) < 60, y, rng.permutation(y)))
    model, trained = fit(wrong, epochs=50, patience=3, learning_rate=0.05)
    losses = trained.history["val_loss"]
    assert len(losses) < 50 and len(losses) - 1 - int(np.argmin(losses)) == 3
    scores = predict(model, batch_of(x), np.arange(60, 90))
    loss = -np.log(scores[np.arange(30), wrong[1][60:]]).mean()
    assert loss == pytest.approx(min(losses), rel=1e-4)


def test_keep_starts_from_the_weights_there_are(task):
    model, trained = fit(task, epochs=20)
    again = fit(task, model=model, keep=True, epochs=1, learning_rate=1e-9)[1]
    assert again.history["loss"][0] == pytest.approx(trained.history["loss"][-1], rel=0.3)


def test_keep_keeps_what_no_epoch_made_better(task):
    model, trained = fit(task, epochs=20)
    again = fit(task, model=model, keep=True, epochs=3, learning_rate=3.0)[1]
    assert min(again.history["val_loss"]) > min(trained.history["val_loss"])
    assert all(np.array_equal(a, b) for a, b in zip(trained.weights, again.weights, strict=True))


def test_a_loss_that_explodes_is_told(task):
    x, y = task
    with pytest.raises(FloatingPointError, match="smaller learning_rate"):
        fit((x * np.float32(np.inf), y))


def test_errors_of_batches_come_out_as_they_are(task):
    def batch(rows, rng, training):
        if not training:
            raise Killed("in the validation rows")
        return task[0][rows]

    with pytest.raises(Killed, match="in the validation rows"):
        fit(task, batch=batch)
    with pytest.raises(Killed):
        predict(dense_network(), batch, ROWS)


def test_results_made_ahead_come_in_order_and_errors_where_they_are_due():
    made = prefetch([0, 1, 2].__getitem__, range(5), workers=2)
    assert [next(made) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(IndexError):
        next(made)


def test_no_warnings_of_keras(task):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(task)


def test_networks_are_let_go(task):
    """Neither the network nor what its batches are made of stays when a fit is over."""
    x = Rows(task[0])
    model, _ = fit(task, batch=lambda rows, rng, training, x=x: x.array[rows])
    predict(model, lambda rows, rng, training, x=x: x.array[rows], ROWS)
    left = [weakref.ref(model), weakref.ref(x)]
    del model, x
    gc.collect()
    assert [reference() for reference in left] == [None, None]


def test_graphs_do_not_heap_up(task):
    """TensorFlow would keep them, and all their variables, for good (see `_OneReplica`)."""

    def fit_again():
        fit(task, epochs=1)
        gc.collect()
        return sum(type(thing).__name__ == "FuncGraph" for thing in gc.get_objects())

    assert fit_again() == fit_again()


def test_predict_answers_every_row_in_order(task):
    x, _ = task
    model, _ = fit(task)
    first = predict(model, batch_of(x), np.arange(90), batch_size=16)
    assert np.array_equal(
        predict(model, batch_of(x), np.arange(90)[::-1], batch_size=16), first[::-1]
    )
    assert predict(model, batch_of(x), []).shape == (0, N_CLASSES)
    assert np.array_equal(predict(model, batch_of(x), [3], batch_size=16)[0], first[3])


def test_decay_of_the_learning_rate():
    model = dense_network()
    plan = Training(optimizer="sgd", learning_rate=0.1, decay=0.1, decay_every=50)
    compile_network(model, plan, steps=4)
    rates = []
    for step in (0, 199, 200, 400):
        model.optimizer.iterations.assign(step)
        rates.append(float(model.optimizer.learning_rate))
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.001])


def test_weight_decay_shrinks_weights(task):
    sizes = [
        sum(np.square(w).sum() for w in fit(task, epochs=8, weight_decay=decay)[1].weights)
        for decay in (0.0, 0.3)
    ]
    assert sizes[1] < 0.7 * sizes[0]


def test_bad_parameters():
    with pytest.raises(ValueError, match="optimizer='rmsprop' is unknown; allowed: 'adam', 'sgd'"):
        Training(optimizer="rmsprop").check()
    for name, value in {"epochs": 0, "patience": 0, "batch_size": 2.5, "workers": "2"}.items():
        with pytest.raises(ValueError, match=f"{name}={value!r} must be a whole number"):
            Training(**{name: value}).check()
    with pytest.raises(ValueError, match="weight_decay=-1"):
        Training(weight_decay=-1).check()
    with pytest.raises(ValueError, match="learning_rate"):
        Training(learning_rate=0.0).check()
    with pytest.raises(ValueError, match="precision='float16' is unknown; allowed: 'float32', 'bf"):
        dtype_policy("float16")
    with pytest.raises(ValueError, match="no rows"):
        train(dense_network(), None, [0], rows=[])


def test_bfloat16_keeps_weights_in_float32(task):
    x, y = task
    model = dense_network(dtype=dtype_policy("bfloat16"))
    _, trained = fit(task, model=model, epochs=20)
    assert {weight.dtype for weight in trained.weights} == {np.dtype("float32")}
    scores = predict(model, batch_of(x), np.arange(90))
    assert scores.dtype == np.float32 and (scores.argmax(1) == y).mean() > 0.8


_ELSEWHERE = """
import sys
import numpy as np
sys.path[:0] = {folder!r},
import test_training as tests
from tiny_networks import blobs
task = blobs(90)
one, two = (tests.fit(task, epochs=15)[1] for _ in range(2))
assert tests.same(one, two)
tests.test_batches_have_one_length_and_know_what_they_are_for(task)
tests.test_every_epoch_is_judged_by_the_held_out_rows_each_once(tests.load_rows())
import pathlib, tempfile
tests.test_a_killed_fit_goes_on_where_it_stopped(task, pathlib.Path(tempfile.mkdtemp()))
print(one.history["val_accuracy"][-1])
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_other_backends(backend, tmp_path):
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    code = _ELSEWHERE.format(folder=str(Path(__file__).parent))
    process = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | backend_settings(backend, tmp_path),
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert process.returncode == 0, process.stderr[-2000:]
    assert float(process.stdout.split()[-1]) > 0.8
