"""Emotion over time as one page: stacked shares for each modality and fused, beside the clip."""

from pathlib import Path

from emopipe.files import write_atomic
from emopipe.report import _template

WIDTH, HEIGHT = 1000, 120
# One colour for each emotion, whatever a model knows, so that pages can be compared.
COLOURS = {
    "anger": "#b3432b", "disgust": "#6f7f2c", "fear": "#6b4fa0", "happiness": "#e0a526",
    "neutral": "#a9b4c0", "sadness": "#2a5d9f", "surprise": "#3aa6a0", "calm": "#8cc08a",
    "boredom": "#7d6b5d", "contempt": "#c06b9b",
}  # fmt: skip
_FURTHER = ("#444f5a", "#d98cb3", "#5fb0e5", "#e57f3a", "#9ad04b")


def colours_of(labels) -> dict[str, str]:
    """Return a colour for each emotion.

    Examples
    --------
    >>> colours_of(["anger", "pride"])
    {'anger': '#b3432b', 'pride': '#444f5a'}
    """
    others = [label for label in labels if label not in COLOURS]
    extra = {label: _FURTHER[n % len(_FURTHER)] for n, label in enumerate(others)}
    return {label: COLOURS.get(label) or extra[label] for label in labels}


def _runs(moments):
    """Yield stretches of moments that have scores, as lists of (moment, scores)."""
    run = []
    for moment, scores in moments:
        if scores:
            run.append((moment, scores))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _corners(run, reach, duration, labels):
    """Return times (s) and, for every label, where its band begins and ends at each time."""
    centres = [(moment["start"] + moment["stop"]) / 2 for moment, _ in run]
    shares = [[max(0.0, scores[label]) for label in labels] for _, scores in run]
    times = [max(0.0, centres[0] - reach), *centres, min(duration, centres[-1] + reach)]
    shares = [shares[0], *shares, shares[-1]]
    bands = [[0.0] * len(times)]
    for place in range(len(labels)):
        sums = [sum(row) or 1.0 for row in shares]
        below = bands[-1]
        bands.append([b + row[place] / s for b, row, s in zip(below, shares, sums, strict=True)])
    return times, bands


def bands(moments, duration, labels, reach) -> list[tuple[str, str]]:
    """Return (emotion, SVG polygon points) of stacked shares over time.

    Parameters
    ----------
    moments : list of (dict, dict or None)
        Windows with start and stop in seconds, and their shares.
    duration : float
        Seconds of the clip: the width of the drawing.
    labels : list of str
        From below.
    reach : float
        Seconds by which the first and last window of a stretch speak for what is beside them.

    Examples
    --------
    >>> window = {"start": 0.0, "stop": 1.0}
    >>> bands([(window, {"fear": 0.25, "joy": 0.75})], 1.0, ["fear", "joy"], 0.5)[0]
    ('fear', '0.0,120.0 500.0,120.0 1000.0,120.0 1000.0,90.0 500.0,90.0 0.0,90.0')
    """
    drawn = []
    for run in _runs(moments):
        times, edges = _corners(run, reach, duration, labels)
        xs = [WIDTH * time / duration for time in times]
        for place, label in enumerate(labels):
            lower, upper = edges[place], edges[place + 1]
            points = list(zip(xs, lower, strict=True)) + list(zip(xs, upper, strict=True))[::-1]
            text = " ".join(f"{x:.1f},{HEIGHT * (1 - y):.1f}" for x, y in points)
            drawn.append((label, text))
    return drawn


def _clip_view(clip, number, found, media):
    duration = clip["duration"] or 1.0
    windows = clip["windows"] or [clip["whole"]]
    # A window speaks for the time around its centre; a clip of one window for all of it.
    reach = duration if len(windows) == 1 else found["window"] / 2
    rows = {"fused" if found["modalities"] else "model": [(w, w["scores"]) for w in windows]}
    for name in found["modalities"]:
        rows[name] = [(w, w["modalities"].get(name)) for w in windows]
    curves = [
        {"name": name, "bands": bands(moments, duration, found["labels"], reach),
         "shares": [[*(m[k] for k in ("start", "stop")), s] for m, s in moments]}
        for name, moments in rows.items()
    ]  # fmt: skip
    return {"number": number, "clip": clip, "duration": duration, "curves": curves, "media": media}


def write_timeline(found, path, *, title, media) -> Path:
    """Write one self-contained page with the emotions of clips over time.

    Parameters
    ----------
    found : dict
        `emopipe.prediction.Prediction.to_dict()`.
    path : str or Path
        The HTML file.
    title : str
        What the model is, in words.
    media : list
        For each clip what `emopipe.media.playing.playable` returned.

    Returns
    -------
    Path
        The file. Clicking a curve plays from there; a cursor shows the shares at any time.
    """
    clips = [
        _clip_view(clip, number, found, played)
        for number, (clip, played) in enumerate(zip(found["clips"], media, strict=True), start=1)
    ]
    page = _template("timeline.html").render(
        title=title, found=found, clips=clips, colours=colours_of(found["labels"]),
        width=WIDTH, height=HEIGHT,
    )  # fmt: skip
    return write_atomic(path, page)
