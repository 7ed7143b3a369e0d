"""WeightGridDisplay: the scores of a searched grid, over fusion weights or any parameter."""

import numpy as np

from emopipe.displays.axes import LINES, Display, check_result
from emopipe.fusion.grid import describe_weights

_MOST_LINES = 12


class WeightGridDisplay(Display):
    """Mean score of every candidate of a grid against one parameter, a line per rest of the grid.

    Of more than 12 lines, those with the highest scores are drawn.

    Parameters
    ----------
    params : list of dict
        The candidates.
    scores : float array, shape (n_candidates,)
    parameter : str or None
        Goes to the right; None: `weights`, or the parameter with most values.
    scoring : str
        What was scored.
    title : str

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        After `plot`.

    See Also
    --------
    emopipe.weight_grid : makes grids of weights.

    Examples
    --------
    >>> import numpy as np
    >>> import matplotlib
    >>> from emopipe import WeightGridDisplay, weight_grid
    >>> matplotlib.use("agg")
    >>> weights = ["recall", *weight_grid(["voice", "face"], ["fear", "joy"], steps=2)]
    >>> params = [{"weights": w, "voice__svc__C": C} for C in (1, 10) for w in weights]
    >>> display = WeightGridDisplay(params, np.linspace(0.4, 0.6, 8)).plot()
    >>> [label.get_text() for label in display.ax_.get_xticklabels()]
    ['recall', 'voice 0, face 1', 'voice 0.5, face 0.5', 'voice 1, face 0']
    """

    def __init__(self, params, scores, parameter=None, scoring="score", title=""):
        self.params = list(params)
        self.scores = np.array([np.nan if s is None else s for s in scores], dtype=float)
        self.parameter = _parameter(self.params, parameter)
        self.scoring = scoring
        self.title = title

    @classmethod
    def from_estimator(cls, search, *, parameter=None, ax=None):
        """Plot a fitted GridSearchCV or RandomizedSearchCV."""
        results = getattr(search, "cv_results_", None)
        if results is None:
            raise ValueError(
                f"{type(search).__name__} has no cv_results_: give a fitted GridSearchCV"
            )
        scoring = search.scoring if isinstance(search.scoring, str) else "score"
        scores = results["mean_test_score"]
        return cls(results["params"], scores, parameter, scoring).plot(ax)

    @classmethod
    def from_result(cls, result, *, parameter=None, ax=None):
        """Plot the first searched grid of a Result: means over its folds.

        Raises
        ------
        ValueError
            If nothing was searched.
        """
        check_result(result)
        if not result.searches:
            raise ValueError(f"{result.title!r} searches no grid: there is nothing to draw")
        grid = result.searches[0]
        means = np.array(grid["mean"], dtype=float).mean(axis=0)
        return cls(grid["params"], means, parameter, grid["scoring"], result.title).plot(ax)

    def _size(self):
        return max(7, 4 + 0.5 * len(self._values())), 4.5

    def _values(self):
        return _distinct(params.get(self.parameter) for params in self.params)

    def _draw(self, ax):
        values = self._values()
        numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        positions = sorted(values) if numeric else values
        lines = self._lines()
        for number, (rest, points) in enumerate(lines[:_MOST_LINES]):
            x = [v if numeric else positions.index(v) for v, _ in points]
            ax.plot(x, [s for _, s in points], marker="o", color=LINES[number % len(LINES)],
                    linestyle=("-", "--")[number // len(LINES) % 2], label=rest)  # fmt: skip
        if not numeric:
            words = [describe_weights(v) for v in positions]
            ax.set_xticks(range(len(positions)), words, rotation=45, ha="right",
                          rotation_mode="anchor", fontsize="small")  # fmt: skip
        elif min(positions) > 0 and max(positions) / min(positions) >= 50:
            ax.set_xscale("log")
        ax.set(xlabel=self.parameter, ylabel=f"{self.scoring} on inner folds", title=self.title)
        if len(lines) > 1:
            words = f"highest {_MOST_LINES} of {len(lines)}" if len(lines) > _MOST_LINES else None
            ax.legend(fontsize="x-small", title=words, loc="upper left", bbox_to_anchor=(1, 1))

    def _lines(self):
        """Return (rest of the parameters in words, [(value, score)]), the highest first."""
        lines = {}
        for params, score in zip(self.params, self.scores, strict=True):
            rest = {k: v for k, v in params.items() if k != self.parameter}
            words = ", ".join(f"{k.split('__', 1)[-1] if len(rest) == 1 else k}="
                              f"{describe_weights(v)}" for k, v in rest.items())  # fmt: skip
            lines.setdefault(words, []).append((params.get(self.parameter), score))
        for points in lines.values():
            if all(isinstance(v, int | float) for v, _ in points):
                points.sort()
        return sorted(lines.items(), key=lambda item: -max(s for _, s in item[1]))


def _parameter(params, name):
    names = list(dict.fromkeys(key for row in params for key in row))
    if name is None:
        weights = [key for key in names if key.split("__")[-1] == "weights"]
        sizes = {key: len(_distinct(row.get(key) for row in params)) for key in names}
        return weights[0] if weights else max(names, key=sizes.get)
    if name not in names:
        raise ValueError(f"parameter={name!r} was not searched; there are {', '.join(names)}")
    return name


def _distinct(values):
    distinct = []
    for value in values:
        if value not in distinct:
            distinct.append(value)
    return distinct
