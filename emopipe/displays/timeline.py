"""TimelineDisplay: emotion over time in one clip."""

from emopipe.displays.axes import Display
from emopipe.parameters import check_one_of
from emopipe.report.timeline import colours_of


class TimelineDisplay(Display):
    """Shares of the emotions over the time of a clip, stacked.

    Parameters
    ----------
    moments : list of Moment
        Windows of the clip, see `emopipe.predict`.
    labels : list of str
        The emotions.
    title : str

    Attributes
    ----------
    ax_, figure_ : matplotlib Axes and Figure
        After `plot`.

    See Also
    --------
    predict : Emotions of new clips.

    Examples
    --------
    >>> import matplotlib
    >>> from emopipe import TimelineDisplay
    >>> matplotlib.use("agg")
    >>> from types import SimpleNamespace as Moment
    >>> moments = [Moment(start=t, stop=t + 1.0, scores={"fear": t / 4, "joy": 1 - t / 4})
    ...     for t in range(4)]
    >>> TimelineDisplay(moments, ["fear", "joy"]).plot().ax_.get_xlabel()
    'time (s)'
    """

    def __init__(self, moments, labels, title=""):
        self.moments = list(moments)
        self.labels = list(labels)
        self.title = title

    @classmethod
    def from_prediction(cls, prediction, clip=0, *, modality=None, ax=None):
        """Plot a clip of what `emopipe.predict` returned.

        Parameters
        ----------
        prediction : Prediction
            With windows: `predict(model, clips, window=1.0)`.
        clip : int
            Which of its clips.
        modality : str or None
            A modality of a fusion alone; None: the fused scores.
        ax : matplotlib Axes or None

        Raises
        ------
        ValueError
            If the clip has no windows, or there is no such modality.
        """
        chosen = prediction.clips[clip]
        if not chosen.windows:
            raise ValueError(f"{chosen.clip} has no windows: predict(..., window=1.0) makes them")
        check_one_of("modality", modality, (None, *prediction.modalities))
        moments = chosen.windows
        if modality is not None:
            moments = [_of_modality(moment, modality) for moment in moments]
        title = chosen.clip if modality is None else f"{chosen.clip}, {modality}"
        return cls(moments, prediction.labels, title).plot(ax)

    def _size(self):
        return 8, 3

    def _draw(self, ax):
        colours = colours_of(self.labels)
        ends = [moment.start for moment in self.moments[1:]] + [float("inf")]
        for moment, end in zip(self.moments, ends, strict=True):
            width, floor = min(moment.stop, end) - moment.start, 0.0
            for label in self.labels if moment.scores else ():
                share = moment.scores[label]
                ax.bar(moment.start, share, width, floor, align="edge", color=colours[label])
                floor += share
        stop = max((moment.stop for moment in self.moments), default=1)
        ax.set(xlim=(0, stop), ylim=(0, 1), xlabel="time (s)", ylabel="share", title=self.title)
        from matplotlib.patches import Patch

        keys = [Patch(color=colours[label], label=label) for label in self.labels]
        ax.legend(handles=keys, loc="center left", bbox_to_anchor=(1, 0.5), fontsize="small")


def _of_modality(moment, name):
    from dataclasses import replace

    return replace(moment, scores=moment.modalities.get(name))
