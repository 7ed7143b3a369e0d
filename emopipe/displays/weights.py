"""WeightsDisplay: whom a fusion believes about which emotion."""

import pandas as pd

from emopipe.displays.axes import Display, check_result, heat_map
from emopipe.fusion.weights import columns_to_one


class WeightsDisplay(Display):
    """Weights of a fusion by modality and emotion: each emotion's share for every modality.

    Parameters
    ----------
    weights : DataFrame (modalities x emotions)
    spread : DataFrame or None
        Standard deviation of the shares over folds.
    title : str

    Attributes
    ----------
    shares : DataFrame (modalities x emotions)
        Weights, so that those of an emotion sum to one.
    ax_, figure_ : matplotlib Axes and Figure
        After `plot`.

    See Also
    --------
    WeightGridDisplay : Draws a searched grid.
    EmotionWeightedFusion : A weight per modality and emotion.

    Examples
    --------
    >>> import matplotlib, pandas as pd
    >>> from emopipe import WeightsDisplay
    >>> matplotlib.use("agg")
    >>> weights = pd.DataFrame({"fear": [3, 1], "joy": [1, 1]}, index=["voice", "face"])
    >>> WeightsDisplay(weights).plot().shares.loc["voice"].tolist()
    [0.75, 0.5]
    """

    def __init__(self, weights, spread=None, title=""):
        self.shares = _shares(weights)
        self.spread = spread
        self.title = title

    @classmethod
    def from_estimator(cls, fusion, *, ax=None):
        """Plot the weights of a fitted `EmotionWeightedFusion`, or of a search that found one."""
        fusion = getattr(fusion, "best_estimator_", fusion)
        weights = getattr(fusion, "weights_", None)
        if not isinstance(weights, pd.DataFrame):
            raise ValueError(
                f"{type(fusion).__name__} has no weights_ by modality and emotion: give a fitted "
                "EmotionWeightedFusion"
            )
        return cls(weights, title="fusion weights").plot(ax)

    @classmethod
    def from_result(cls, result, *, ax=None):
        """Plot the mean weights over the folds of a Result.

        Raises
        ------
        ValueError
            If no fold has weights.
        """
        check_result(result)
        tables = [fold["fusion_weights"] for fold in result.folds if fold.get("fusion_weights")]
        if not tables:
            raise ValueError(f"{result.title!r} has no fusion weights: there is nothing to draw")
        shares = [_shares(pd.DataFrame.from_dict(table, orient="index")) for table in tables]
        every = pd.concat(shares, keys=range(len(shares))).groupby(level=1, sort=False)
        spread = every.std() if len(shares) > 1 else None
        return cls(every.mean(), spread, result.title).plot(ax)

    def _size(self):
        return 1.8 + 0.8 * self.shares.shape[1], 1.4 + 0.6 * self.shares.shape[0]

    def _draw(self, ax):
        shares = self.shares
        texts = [[f"{100 * share:.0f}" for share in row] for row in shares.to_numpy()]
        if self.spread is not None:
            spread = self.spread.loc[shares.index, shares.columns].to_numpy()
            texts = [
                [f"{text} ± {100 * s:.0f}" for text, s in zip(row, line, strict=True)]
                for row, line in zip(texts, spread, strict=True)
            ]
        heat_map(ax, shares.to_numpy(), list(shares.index), list(shares.columns), texts)
        words = "each modality's share of an emotion's weight (%)"
        words += " ± standard deviation over folds" if self.spread is not None else ""
        ax.set_title(f"{self.title}\n{words}".strip(), fontsize="medium")


def _shares(weights):
    shares = columns_to_one(weights.to_numpy(dtype=float))
    return pd.DataFrame(shares, weights.index, weights.columns)
