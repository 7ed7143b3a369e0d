"""Between the epochs of a fit: history, best weights, checkpoint, early stopping.

Keras' EarlyStopping and BackupAndRestore are not used: the first forgets at the start of every
``fit`` which epoch was the best and how long it has waited, so that a resumed fit would end
elsewhere, and it cannot take the weights that a model has for the best so far; the second keeps
neither history nor best weights, and does not notice that a file is another fit's or damaged.
"""

import numpy as np

_FIGURES = {
    "cross_entropy": "loss",
    "accuracy": "accuracy",
    "val_cross_entropy": "val_loss",
    "val_accuracy": "val_accuracy",
}


def _variables(model):
    """Return all that changes in training: weights, statistics, seeds, the optimizer's memory."""
    return [*model.variables, *model.optimizer.variables]


class FitState:
    """State of a fit between its epochs.

    Parameters
    ----------
    model : keras.Model
        Compiled, its optimizer built.
    checkpoint : FitCheckpoint
    epochs : int
        At most.
    patience : int or None
        Epochs without a smaller validation loss after which the fit ends; None waits for none.

    Attributes
    ----------
    epoch : int
        Whole epochs so far.
    history : dict of str to list of float
    best : list of ndarray or None
        Weights of the epoch with the smallest validation loss.
    """

    def __init__(self, model, checkpoint, *, epochs, patience):
        self.model, self.checkpoint = model, checkpoint
        self.epochs, self.patience = epochs, patience
        self.epoch, self.history, self.best = 0, {}, None
        self.least, self.waited = None, 0

    def begin(self, loss):
        """Take the weights that the model has for the best so far, of that validation loss."""
        self.least, self.best = float(loss), self.model.get_weights()

    def resume(self, head, lists):
        """Go back to a saved state."""
        for variable, value in zip(_variables(self.model), lists["variables"], strict=True):
            variable.assign(value)
        self.epoch, self.history = head["epoch"], head["history"]
        self.least, self.waited = head["least"], head["waited"]
        self.best = lists.get("best")

    @property
    def over(self) -> bool:
        """Whether there is nothing more to do."""
        tired = self.patience is not None and self.waited >= self.patience
        return tired or self.epoch >= self.epochs

    def end_epoch(self, logs, seed) -> dict:
        """Add the figures of an epoch; return them by the names of the history.

        Raises
        ------
        FloatingPointError
            If the loss is not finite any more.
        """
        figures = {new: float(logs[old]) for old, new in _FIGURES.items() if old in logs}
        if not np.isfinite(figures["loss"]):
            raise FloatingPointError(
                f"the loss is {figures['loss']} after epoch {self.epoch + 1}: set a smaller "
                "learning_rate"
            )
        for name, value in figures.items():
            self.history.setdefault(name, []).append(value)
        self.epoch += 1
        if self.patience is not None:
            self._judge(figures["val_loss"])
        self._save(seed)
        return figures

    def _judge(self, loss):
        if self.least is None or loss < self.least:
            self.least, self.waited, self.best = loss, 0, self.model.get_weights()
        else:
            self.waited += 1

    def _save(self, seed):
        if self.checkpoint.path is None:
            return
        variables = [variable.numpy() for variable in _variables(self.model)]
        head = {"epoch": self.epoch, "history": self.history, "seed": seed,
                "least": self.least, "waited": self.waited}  # fmt: skip
        self.checkpoint.save(head, {"variables": variables, "best": self.best or []})

    def weights(self) -> list:
        """Return the weights to keep."""
        return self.best or self.model.get_weights()


def add_prefix(history, name) -> dict:
    """Return a history under names that tell what was trained.

    Examples
    --------
    >>> add_prefix({"loss": [1.0], "val_loss": [1.1]}, "voice")
    {'voice_loss': [1.0], 'val_voice_loss': [1.1]}
    """
    kinds = {kind: kind.removeprefix("val_") for kind in history}
    return {
        f"{'val_' if kind != plain else ''}{name}_{plain}": history[kind]
        for kind, plain in kinds.items()
    }
