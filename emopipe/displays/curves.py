"""LearningCurvesDisplay: how networks learn, epoch by epoch."""

from emopipe.displays.axes import LINES, Display, check_result
from emopipe.parameters import check_one_of
from emopipe.report.charts import learning_curves


class LearningCurvesDisplay(Display):
    """A figure against epochs, in training and in validation: mean over fits, and where most are.

    Lines end where half of the fits have stopped; bands hold 8 of 10 fits.

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
        self.histories = list(histories)
        check_one_of("curve", curve, [chart.title for chart in learning_curves(self.histories)])
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

    def _size(self):
        return 6, 4

    def _draw(self, ax):
        chart = next(c for c in learning_curves(self.histories) if c.title == self.curve)
        for colour, (label, line) in zip(LINES, chart.series.items(), strict=False):
            ax.plot(line["x"], line["y"], color=colour, label=label)
            if "low" in line:
                ax.fill_between(line["x"], line["low"], line["high"], color=colour, alpha=0.18,
                                linewidth=0)  # fmt: skip
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set(xlabel=chart.x_label, ylabel=self.curve, title=self.title)
        ax.legend(fontsize="small")
