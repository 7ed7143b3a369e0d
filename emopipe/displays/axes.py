"""What all displays share: their axes, heat maps, and colours of emotions."""

import numpy as np

from emopipe.result import Result

# Blue, red, green, violet, ochre, teal: as in reports.
LINES = ("#2a5d9f", "#b3432b", "#2f7d4f", "#8a5ca8", "#996c10", "#2b7f8c")


class Display:
    """Base of the displays: a class has `_size()`, of a new figure in inches, and `_draw(ax)`.

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        After `plot`.
    """

    def plot(self, ax=None):
        """Draw it.

        Parameters
        ----------
        ax : matplotlib Axes or None
            None makes a new figure.

        Returns
        -------
        Display
            Itself.
        """
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(figsize=self._size(), layout="constrained")[1]
        self.ax_, self.figure_ = ax, ax.figure
        self._draw(ax)
        return self


def check_result(result):
    """Raise TypeError unless it is a Result."""
    if not isinstance(result, Result):
        raise TypeError(
            f"result is a {type(result).__name__}: give a Result, as evaluate returns it and "
            "Experiment.results holds it"
        )


def heat_map(ax, shares, rows, columns, texts):
    """Draw a table of shares as a heat map whose letters can be read.

    Parameters
    ----------
    ax : matplotlib Axes
    shares : float array, shape (n_rows, n_columns)
    rows, columns : list of str
    texts : list of list of str
    """
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    ax.set_xticks(range(len(columns)), columns, rotation=45, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(length=0)
    for (i, j), value in np.ndenumerate(np.asarray(shares, dtype=float)):
        colour = "white" if value > 0.72 else "black"
        ax.text(j, i, texts[i][j], ha="center", va="center", color=colour, fontsize="small")
