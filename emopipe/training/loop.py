"""The training loop that all networks share, on any Keras backend.

In short::

    plan = Training(epochs=50, batch_size=32, optimizer="adam", learning_rate=1e-3, patience=4)
    held = validation_rows(y, groups, share=0.1, random_state=0)      # bool (n_rows,)
    done = train(model, batch, y, rows=np.flatnonzero(~held), validation=np.flatnonzero(held),
                 plan=plan)
    done.weights, done.history
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
import numbers
from contextlib import closing
from itertools import islice
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator

from emopipe.backbones.runtimes import check_not_forked
from emopipe.inspection import SelfDescribing
from emopipe.parameters import check_number, check_one_of
from emopipe.progress import progress_bar
from emopipe.training.batches import Batches, fill_batch, prefetch
from emopipe.training.checkpoints import FitCheckpoint
from emopipe.training.compiling import (
    OPTIMIZERS,
    compile_network,
    dtype_policy,
    many_networks,
    uses_xla,
)
from emopipe.training.epochs import FitState
from emopipe.training.initial import initialise

__all__ = ["Trained", "Training", "dtype_policy", "predict", "train"]


class Training(SelfDescribing, BaseEstimator):
    """How a network is trained: parameters that belong together, without fit.

    A parameter ``training`` of a network like any other: `clone`, `repr` and nested `set_params`
    work, and a grid tries ``training__epochs``.

    Parameters
    ----------
    epochs : int
        Passes over the training rows, at most.
    batch_size : int
        Rows per step.
    optimizer : "adam" or "sgd"
        Adam at its authors' parameters [1]_, or stochastic gradient descent with `momentum`.
    learning_rate : float
        Of the first epoch.
    momentum : float
        Of "sgd".
    decay, decay_every : float, int or None
        The learning rate is multiplied by `decay` every so many epochs; None leaves it alone.
    weight_decay : float
        So much of every weight is added to its gradient (L2, as PyTorch's optimizers do it).
    patience : int or None
        Training ends after so many epochs without a smaller validation loss, and the weights of
        the best epoch stay. None, or no validation rows: all epochs, last weights.
    validation_share : float
        Part of the training subjects (of the rows, where there are no groups) on which it is judged
        when to stop; 0 for none.
    class_weight : None, "balanced" or dict {emotion: weight}
    precision : "float32" or "bfloat16"
        Of the arithmetic; weights are float32.
    random_state : int or None
        Of initial weights, order, dropout, held-out rows, and what batches draw. An int repeats a
        fit bit for bit on one machine.
    workers : int
        Threads that make batches.
    checkpoint : str, Path or None
        Folder in which the state after every epoch lies until the fit is done: a killed fit that
        is asked for again goes on where it stopped, to the same end.

    Raises
    ------
    ValueError
        In `fit` of a network, for a parameter that is not allowed.

    See Also
    --------
    AudioVisualCNN, TemporalAggregation, SegmentAttentionNetwork : Networks on clips.

    References
    ----------
    .. [1] Kingma, Ba: Adam: A method for stochastic optimization. ICLR (2015).

    Examples
    --------
    >>> from emopipe import Training
    >>> Training(epochs=3).set_params(batch_size=16)
    Training(batch_size=16, epochs=3)
    """

    MACHINE_PARAMETERS = frozenset({"checkpoint", "workers"})

    def __init__(
        self, *, epochs=100, batch_size=32, optimizer="adam", learning_rate=1e-3, momentum=0.9,
        decay=0.1, decay_every=None, weight_decay=0.0, patience=4, validation_share=0.1,
        class_weight=None, precision="float32", random_state=0, workers=2, checkpoint=None,
    ):  # fmt: skip
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.decay = decay
        self.decay_every = decay_every
        self.weight_decay = weight_decay
        self.patience = patience
        self.validation_share = validation_share
        self.class_weight = class_weight
        self.precision = precision
        self.random_state = random_state
        self.workers = workers
        self.checkpoint = checkpoint

    def check(self) -> None:
        """Raise ValueError where a parameter is not as described."""
        for name in ("epochs", "batch_size", "workers", "patience"):
            value = getattr(self, name)
            if value is None and name == "patience":
                continue
            if not isinstance(value, numbers.Integral) or value < 1:
                raise ValueError(f"{name}={value!r} must be a whole number of at least 1")
        check_one_of("optimizer", self.optimizer, OPTIMIZERS)
        check_number("learning_rate", self.learning_rate, low=0, above=True)
        check_number("weight_decay", self.weight_decay, low=0)
        dtype_policy(self.precision)


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
