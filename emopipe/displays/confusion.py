"""ConfusionDisplay: which emotion is taken for which."""

import numpy as np

from emopipe.displays.axes import Display, check_result, heat_map
from emopipe.metrics import count_together, row_shares
from emopipe.parameters import check_one_of


class ConfusionDisplay(Display):
    """Confusion matrix: rows are true emotions, columns predicted ones.

    Parameters
    ----------
    confusion : int array, shape (n_emotions, n_emotions)
        Clips.
    emotions : list of str
    title : str

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        After `plot`.

    See Also
    --------
    sklearn.metrics.ConfusionMatrixDisplay : the same of any labels.

    Examples
    --------
    >>> import matplotlib
    >>> from emopipe import ConfusionDisplay
    >>> matplotlib.use("agg")
    >>> display = ConfusionDisplay([[8, 2], [1, 9]], ["fear", "joy"]).plot()
    >>> display.ax_.get_xlabel()
    'predicted emotion'
    """

    def __init__(self, confusion, emotions, title=""):
        self.confusion = np.asarray(confusion)
        self.emotions = list(emotions)
        self.title = title

    @classmethod
    def from_result(cls, result, *, ax=None, normalize=True):
        """Plot the confusions of a Result."""
        check_result(result)
        return cls(result.confusion, result.classes, result.title).plot(ax, normalize=normalize)

    @classmethod
    def from_estimator(cls, estimator, X, y, *, ax=None, normalize=True):
        """Plot what a fitted classifier answers for clips that it was not fitted on."""
        emotions = sorted({*map(str, estimator.classes_), *map(str, y)})
        answers = [str(answer) for answer in estimator.predict(X)]
        counts = count_together([str(name) for name in y], answers, emotions)
        return cls(counts[:, :-1], emotions).plot(ax, normalize=normalize)

    def plot(self, ax=None, *, normalize=True):
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes or None
            None makes a new figure.
        normalize : bool
            Per cent of the true emotion's clips; otherwise clips.

        Returns
        -------
        ConfusionDisplay
        """
        check_one_of("normalize", normalize, (True, False))
        self._normalize = normalize
        return super().plot(ax)

    def _size(self):
        n = len(self.emotions)
        return 1.6 + 0.6 * n, 1.4 + 0.5 * n

    def _draw(self, ax):
        shares = row_shares(self.confusion)
        texts = [
            [f"{100 * share:.0f}" if self._normalize else f"{count}" for share, count in pairs]
            for pairs in (
                zip(*row, strict=True) for row in zip(shares, self.confusion, strict=True)
            )
        ]
        heat_map(ax, shares, self.emotions, self.emotions, texts)
        ax.set(
            xlabel="predicted emotion", ylabel="true emotion",
            title=f"{self.title}\n{'per cent of the row' if self._normalize else 'clips'}".strip(),
        )  # fmt: skip
