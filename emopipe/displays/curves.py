"""LearningCurvesDisplay: how networks learn, epoch by epoch."""

import numpy as np

from emopipe.displays.axes import LINES, check_result, new_axes
from emopipe.parameters import check_one_of

_ABOUT = ("fold", "estimator")


class LearningCurvesDisplay:
    """A figure against epochs, in training and in validation: mean over fits, lowest to highest.

    Parameters
    ----------
    histories : list of dict
        {name of the curve: list of float}; those of validation begin with ``val_``.
    curve : str
        Which: "loss", "accuracy" or what else was recorded.
    title : str

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        After `plot`.

    See Also
    --------
    sklearn.model_selection.LearningCurveDisplay : figures against the number of training clips.

    Examples
    --------
    >>> import matplotlib
    >>> from emopipe import LearningCurvesDisplay
    >>> matplotlib.use("agg")
    >>> history = {"loss": [1.4, 1.1, 0.9], "val_loss": [1.5, 1.3, 1.3]}
    >>> LearningCurvesDisplay([history]).plot().ax_.get_ylabel()
    'loss'
    """

    def __init__(self, histories, curve="loss", title=""):
        names = sorted({name for h in histories for name in h} - set(_ABOUT))
        check_one_of("curve", curve, names)
        self.histories = list(histories)
        self.curve = curve
        self.title = title

    @classmethod
    def from_estimator(cls, estimator, *, curve="loss", ax=None):
        """Plot the curves of a fitted network: its `history_`."""
        history = getattr(estimator, "history_", None)
        if history is None:
            raise ValueError(
                f"{type(estimator).__name__} has no history_: give a fitted network, such as "
                "SoftmaxClassifier"
            )
        return cls([history], curve, type(estimator).__name__).plot(ax)

    @classmethod
    def from_result(cls, result, *, curve="loss", ax=None):
        """Plot the curves of all folds of a Result.

        Raises
        ------
        ValueError
            If nothing learns in epochs.
        """
        check_result(result)
        histories = [h for fold in result.folds for h in fold.get("history") or ()]
        if not histories:
            raise ValueError(f"{result.title!r} learns nothing in epochs: there is nothing to draw")
        return cls(histories, curve, result.title).plot(ax)

    def plot(self, ax=None):
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes or None
            None makes a new figure.

        Returns
        -------
        LearningCurvesDisplay
        """
        self.ax_ = ax = new_axes(ax, (6, 4))
        self.figure_ = ax.figure
        parts = {"training": self.curve, "validation": f"val_{self.curve}"}
        for colour, (part, name) in zip(LINES, parts.items(), strict=False):
            runs = [h[name] for h in self.histories if h.get(name)]
            if not runs:
                continue
            table = _table(runs)
            epochs = np.arange(1, table.shape[1] + 1)
            words = f"{part}, {len(runs)} fit{'s' * (len(runs) != 1)}"
            ax.plot(epochs, np.nanmean(table, axis=0), color=colour, label=words)
            if len(runs) > 1:
                ax.fill_between(epochs, np.nanmin(table, axis=0), np.nanmax(table, axis=0),
                                color=colour, alpha=0.18, linewidth=0)  # fmt: skip
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set(xlabel="epoch", ylabel=self.curve, title=self.title)
        ax.legend(fontsize="small")
        return self


def _table(runs):
    """Return curves of unequal lengths as a float array (fits, epochs), NaN where one ended."""
    table = np.full((len(runs), max(map(len, runs))), np.nan)
    for row, values in zip(table, runs, strict=True):
        row[: len(values)] = [np.nan if v is None else v for v in values]
    return table[:, ~np.isnan(table).all(axis=0)]
