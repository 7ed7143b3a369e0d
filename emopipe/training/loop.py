"""The training loop that all networks share, on any Keras backend.

In short::

    plan = Training(epochs=50, batch_size=32, optimizer="adam", learning_rate=1e-3, patience=4)
    judged = validation_rows(y, groups, share=0.1, random_state=0)    # bool (n_rows,)
    trained = train(model, batch, y, rows=np.flatnonzero(~judged),
                    validation=np.flatnonzero(judged), plan=plan)
    trained.weights, trained.history
    scores = predict(model, batch, rows, batch_size=32)               # float32 (n_rows, n_classes)

``batch(rows, rng, training)`` returns the network's inputs for some rows: an array, or a dict of
arrays by input, each with one row per element of `rows`, an int array of always the same length
(the last batch is filled up with rows that count nothing, so that one shape is compiled). Threads
call it, ahead of the network; `rng` is a numpy Generator that depends on the seed, the epoch and
the batch alone. What a row means is the caller's affair: with augmented copies of clips, a row may
be ``clip + n_clips * copy``.

The loop calls Keras batch by batch. ``keras.Model.fit`` reads its input ahead of the epoch, and
what that does differs: from generators a validation begins where the reading of the last one
ended; a ``keras.utils.PyDataset`` with two workers or more gives an epoch batches that were made
for the one before (Keras 3.15, on JAX), with one worker makes nothing ahead there, and with any
number turns an error in a batch into one of TensorFlow's. Here an epoch has its own batches, and an
error is raised as it is.
"""

import gc
from contextlib import closing
from itertools import islice
from typing import NamedTuple

import numpy as np

from emopipe.backbones.runtimes import check_not_forked
from emopipe.progress import progress_bar
from emopipe.training.batches import Batches, fill_batch, prefetch
from emopipe.training.checkpoints import FitCheckpoint
from emopipe.training.compiling import compile_network, many_networks, uses_xla
from emopipe.training.epochs import FitState
from emopipe.training.initial import initialise
from emopipe.training.parameters import Training


class Trained(NamedTuple):
    """What `train` returns.

    Parameters
    ----------
    weights : list of ndarray
        In the order of ``model.get_weights()``; the model has them, too.
    history : dict of str to list of float
        Per epoch loss and accuracy, and val_loss and val_accuracy where rows were held out: means
        under the rows' weights; losses are cross-entropies, without the weight decay.
    """

    weights: list
    history: dict


def _identity(identity, plan):
    import keras

    import emopipe

    passing = ("workers", "checkpoint")
    learning = {k: v for k, v in plan.get_params().items() if k not in passing}
    makers = f"emopipe {emopipe.__version__} keras {keras.__version__} {keras.backend.backend()}"
    return f"{identity} {learning} {makers}"


def train(
    model, batch, y, *, rows, validation=(), weights=None, plan=None, keep=False, identity="",
    progress=False,
) -> Trained:  # fmt: skip
    """Train a network to tell classes apart.

    Parameters
    ----------
    model : keras.Model
        Just built (what was learned before stays in biases) and not compiled; its output are
        probabilities (n, n_classes) in float32.
    batch : callable
        ``batch(rows, rng, training)`` returns the inputs, see above.
    y : int array, shape (n_rows,)
        Classes from 0.
    rows, validation : int arrays
        Rows to train on, and rows on which to judge when to stop.
    weights : float array, shape (n_rows,), optional
        How much a row counts; 1 by default.
    plan : Training, optional
    keep : bool
        Start from the weights that the model has, instead of initial ones. They also stay in the
        end, where no epoch has a smaller validation loss.
    identity : str
        What the fit depends on beyond the plan (data, labels, shape of the network), in words or as
        a hash: tells checkpoints apart.
    progress : bool
        Show a bar per epoch, with loss and accuracy.

    Returns
    -------
    Trained

    Raises
    ------
    FloatingPointError
        If the loss is not finite any more.
    RuntimeError
        In the fork of a process that has run a network.
    ValueError
        If there are no rows.

    Examples
    --------
    >>> training = train(model, batch, y, rows=np.arange(90))  # doctest: +SKIP
    >>> training.history["loss"]  # doctest: +SKIP
    [1.21, 0.73]
    """
    check_not_forked()
    gc.collect()  # networks are reference cycles: those of earlier fits would wait for long
    plan = plan or Training()
    plan.check()
    rows, validation = np.asarray(rows, int), np.asarray(validation, int)
    if not len(rows):
        raise ValueError("there are no rows to train on")
    y = np.asarray(y, dtype=np.int32)
    weights = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    checkpoint = FitCheckpoint(plan.checkpoint, _identity(identity, plan))
    saved = checkpoint.load()
    seed = plan.random_state if saved is None else saved[0]["seed"]
    seed = np.random.SeedSequence().entropy % 2**31 if seed is None else int(seed)
    sides = [
        Batches(batch, y, weights, side, size=plan.batch_size, seed=seed)
        for side in (rows, validation)
    ]
    if not keep:
        initialise(model, seed)
    compile_network(model, plan, sides[0].steps)
    state = FitState(
        model, checkpoint, epochs=plan.epochs, patience=plan.patience if len(validation) else None
    )
    if saved is not None:
        state.resume(*saved)
    elif keep and state.patience is not None:
        state.begin(_evaluate(model, sides[1])["cross_entropy"])
    if not state.over:
        _run(state, *sides, plan, seed, progress)
    model.set_weights(state.weights())
    checkpoint.remove()
    return Trained(model.get_weights(), state.history)


def _means(step, batches):
    """Take batches through a step of Keras; return the means of its figures under the weights."""
    sums, total = {}, 0.0
    for inputs, y, weights in batches:
        weight = weights.sum(dtype=np.float64)
        for name, figure in step(inputs, y, weights, return_dict=True).items():
            sums[name] = sums.get(name, 0.0) + weight * figure
        total += weight
    return {name: figure / total for name, figure in sums.items()}


def _evaluate(model, judged):
    """Return Keras' figures of the held-out rows, each of which counts once."""
    batches = prefetch(judged.validation, range(judged.steps), workers=1)
    with closing(batches):
        return _means(model.test_on_batch, batches)


def _with_progress(batches, bar):
    for batch in batches:
        yield batch
        bar.update()


def _run(state, trained, judged, plan, seed, progress):
    """Run the epochs that are left."""
    model, first = state.model, state.epoch * trained.steps
    numbers = range(first, plan.epochs * trained.steps)
    batches = prefetch(trained.training, numbers, workers=plan.workers)
    with many_networks(), closing(batches):
        while not state.over:
            title = f"epoch {state.epoch + 1} of {plan.epochs}"
            with progress_bar(trained.steps, title, "batch", visible=progress) as bar:
                logs = _means(
                    model.train_on_batch, _with_progress(islice(batches, trained.steps), bar)
                )
                judged_logs = _evaluate(model, judged) if judged.steps else {}
                logs |= {f"val_{name}": value for name, value in judged_logs.items()}
                figures = state.end_epoch(logs, seed)
                bar.set_postfix({name: f"{value:.3f}" for name, value in figures.items()})


def predict(model, batch, rows, *, batch_size=32, workers=2, seed=0) -> np.ndarray:
    """Return what a network answers for some rows.

    Parameters
    ----------
    model : keras.Model
    batch : callable
        As for `train`; called with training=False and an rng by `seed` and the batch's number.
    rows : int array, shape (n,)
    batch_size, workers, seed : int

    Returns
    -------
    float32 ndarray of shape (n, n_classes)

    Examples
    --------
    >>> predict(model, batch, np.arange(10)).shape  # doctest: +SKIP
    (10, 6)
    """
    rows = np.asarray(rows, int)
    if not len(rows):
        return np.empty((0, *model.output_shape[1:]), np.float32)
    check_not_forked()
    model.jit_compile = uses_xla()
    nothing = np.zeros(rows.max() + 1, np.int32)
    batches = Batches(batch, nothing, nothing, rows, size=batch_size, seed=seed)

    def inputs(number):
        return batches.validation(number)[0]

    answers = []
    with (
        many_networks(),
        closing(prefetch(inputs, range(batches.steps), workers=workers)) as made,
    ):
        for number, batch in enumerate(made):
            n_real = fill_batch(rows, number, batch_size)[1]
            answers.append(np.asarray(model.predict_on_batch(batch), np.float32)[:n_real])
    return np.concatenate(answers)
