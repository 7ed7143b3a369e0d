"""SubjectsDisplay: how well each person is recognised."""

import numpy as np

from emopipe.displays.axes import LINES, Display, check_result

# Beyond this, names of people would lie on one another.
_MOST_NAMED = 60


class SubjectsDisplay(Display):
    """Accuracy of every tested person, the least recognised first; over 60 have no names.

    Parameters
    ----------
    per_subject : DataFrame
        subject, n (clips), accuracy; see `Result.per_subject`.
    chance : float or None
        What guessing gives.
    title : str

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        After `plot`.

    See Also
    --------
    ConfusionDisplay : Draws confusions.
    Result : One evaluation.

    Examples
    --------
    >>> import matplotlib, pandas as pd
    >>> from emopipe import SubjectsDisplay
    >>> matplotlib.use("agg")
    >>> table = pd.DataFrame({"subject": ["a", "b"], "n": [9, 9], "accuracy": [0.7, 0.4]})
    >>> [label.get_text() for label in SubjectsDisplay(table).plot().ax_.get_yticklabels()]
    ['b', 'a']
    """

    def __init__(self, per_subject, chance=None, title=""):
        self.per_subject = per_subject.sort_values("accuracy", kind="stable")
        self.chance = chance
        self.title = title

    @classmethod
    def from_result(cls, result, *, ax=None):
        """Plot the subjects of a Result.

        Raises
        ------
        ValueError
            If the corpus names none.
        """
        check_result(result)
        if not len(result.per_subject):
            raise ValueError(f"{result.title!r} names no subjects: there is nothing to draw")
        return cls(result.per_subject, result.chance["accuracy"], result.title).plot(ax)

    def _size(self):
        return 6, 1.4 + 0.22 * min(len(self.per_subject), _MOST_NAMED)

    def _draw(self, ax):
        accuracy = self.per_subject["accuracy"].to_numpy(dtype=float)
        rows = np.arange(len(accuracy))
        ax.hlines(rows, 0, 100 * accuracy, color="#d5dce4", linewidth=2)
        ax.plot(100 * accuracy, rows, "o", color=LINES[0])
        mean = 100 * accuracy.mean()
        ax.axvline(mean, color=LINES[1], label=f"mean {mean:.1f} %")
        if self.chance is not None:
            chance = 100 * self.chance
            ax.axvline(chance, color="grey", linestyle="--", label=f"guessing {chance:.1f} %")
        if len(rows) <= _MOST_NAMED:
            ax.set_yticks(rows, self.per_subject["subject"].astype(str))
        else:
            ax.set_yticks([])
        ax.set(xlim=(0, 100), xlabel="accuracy (%)", ylabel="subject", title=self.title)
        ax.legend(loc="lower right", fontsize="small")
