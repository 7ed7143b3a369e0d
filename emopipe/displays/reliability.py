"""ReliabilityDisplay: whether a score of .8 is right in 80 of 100 clips."""

import numpy as np

from emopipe.displays.axes import LINES, Display, check_result
from emopipe.metrics import calibration_error, reliability


class ReliabilityDisplay(Display):
    """Share of right answers against the score of the answer, in bins; large dots are many clips.

    Parameters
    ----------
    table : DataFrame
        confidence, accuracy, n of each bin, see `emopipe.metrics.reliability`.
    title : str

    Attributes
    ----------
    error : float
        Expected calibration error: the mean distance from the diagonal, weighted by clips.
    ax_, figure_ : matplotlib Axes and Figure
        After `plot`.

    See Also
    --------
    sklearn.calibration.CalibrationDisplay : of two classes.

    Examples
    --------
    >>> import matplotlib, pandas as pd
    >>> from emopipe import ReliabilityDisplay
    >>> matplotlib.use("agg")
    >>> table = pd.DataFrame({"confidence": [0.5, 0.9], "accuracy": [0.5, 0.7], "n": [10, 10]})
    >>> round(ReliabilityDisplay(table).plot().error, 3)
    0.1
    """

    def __init__(self, table, title=""):
        self.table = table
        self.title = title
        self.error = calibration_error(table)

    @classmethod
    def from_result(cls, result, *, n_bins=10, ax=None):
        """Plot the scores of a Result's answers.

        Raises
        ------
        ValueError
            If they are no probabilities.
        """
        check_result(result)
        columns = [f"score_{name}" for name in result.classes]
        scores = result.predictions[columns].to_numpy(dtype=float)
        whole = np.isfinite(scores).all(axis=1)
        likely = whole & (scores.min(1, initial=0, where=whole[:, None]) >= 0)
        sums = scores[likely].sum(axis=1)
        if not likely.any() or not np.allclose(sums, 1, atol=1e-3):
            raise ValueError(
                f"the scores of {result.title!r} are no probabilities: calibrate the classifier, "
                "as in CalibratedClassifierCV(SVC())"
            )
        answers = result.predictions.loc[likely]
        right = (answers["predicted"] == answers["emotion"]).to_numpy()
        columns_of_answers = [result.classes.index(name) for name in answers["predicted"]]
        confidence = scores[likely][np.arange(len(columns_of_answers)), columns_of_answers]
        return cls(reliability(confidence, right, n_bins), result.title).plot(ax)

    def _size(self):
        return 5, 4.6

    def _draw(self, ax):
        n = self.table["n"].to_numpy(dtype=float)
        ax.plot([0, 1], [0, 1], linestyle="--", color="grey", label="as sure as it is right")
        ax.plot(self.table["confidence"], self.table["accuracy"], color=LINES[0])
        ax.scatter(self.table["confidence"], self.table["accuracy"], 20 + 160 * n / n.max(),
                   color=LINES[0], label=f"{int(n.sum())} clips")  # fmt: skip
        ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="score of the answer", ylabel="share that is right")
        ax.set_title(f"{self.title}\nexpected calibration error {self.error:.3f}".strip())
        ax.legend(loc="upper left", fontsize="small")
