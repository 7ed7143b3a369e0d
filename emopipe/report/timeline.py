"""Emotion over time as one page: stacked shares for each modality and fused, beside the clip."""

from importlib.resources import files
from pathlib import Path

from emopipe.files import write_atomic
from emopipe.report import _template

WIDTH, HEIGHT = 1000, 120
# Windows of a clip that are drawn: more than a screen has columns of pixels.
MOST_DRAWN = 2000
# Windows in the table of a clip; more are for the CSV file.
MOST_LISTED = 500
# One colour for each emotion, whatever a model knows, so that pages can be compared.
COLOURS = {
    "anger": "#b3432b", "disgust": "#6f7f2c", "fear": "#6b4fa0", "happiness": "#e0a526",
    "neutral": "#a9b4c0", "sadness": "#2a5d9f", "surprise": "#3aa6a0", "calm": "#8cc08a",
    "boredom": "#7d6b5d", "contempt": "#c06b9b",
}  # fmt: skip
_FURTHER = ("#444f5a", "#d98cb3", "#5fb0e5", "#e57f3a", "#9ad04b")
_STEPS = (1, 2, 5)


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


def ticks(duration, most=8) -> list[float]:
    """Return round times from 0 to at most `duration` seconds for an axis.

    Examples
    --------
    >>> ticks(3.7), ticks(65.0)
    ([0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5], [0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0])
    """
    size = next(
        step * 10.0**power
        for power in range(-3, 12)
        for step in _STEPS
        if duration <= most * step * 10.0**power
    )
    return [round(n * size, 6) for n in range(int(duration / size + 1e-9) + 1)]


def clock(seconds) -> str:
    """Return a time as a reader of an axis expects it.

    Examples
    --------
    >>> clock(2.5), clock(90), clock(3725)
    ('2.5 s', '1:30', '1:02:05')
    """
    if seconds < 60:
        return f"{seconds:g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


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
    edges = [[0.0] * len(times)]
    for number in range(len(labels)):
        sums = [sum(row) or 1.0 for row in shares]
        below = edges[-1]
        edges.append([b + row[number] / s for b, row, s in zip(below, shares, sums, strict=True)])
    return times, edges


def bands(moments, duration, labels, reach) -> list[tuple[str, str]]:
    """Return (emotion, SVG polygon points) of stacked shares over time.

    Parameters
    ----------
    moments : list of (dict, dict or None)
        Windows with start and stop in seconds, and their scores.
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
        for number, label in enumerate(labels):
            lower, upper = edges[number], edges[number + 1]
            points = list(zip(xs, lower, strict=True)) + list(zip(xs, upper, strict=True))[::-1]
            text = " ".join(f"{x:.1f},{HEIGHT * (1 - y):.1f}" for x, y in points)
            drawn.append((label, text))
    return drawn


def _clip_view(clip, number, prediction, media):
    duration = clip["duration"] or 1.0
    every = -(-len(clip["windows"]) // MOST_DRAWN) or 1
    windows = clip["windows"][::every] or [clip["whole"]]
    # A window speaks for the time around its centre; a clip of one window for all of it.
    reach = duration if len(windows) == 1 else prediction["window"] / 2
    rows = {"fused" if prediction["modalities"] else "model": [(w, w["scores"]) for w in windows]}
    for name in prediction["modalities"]:
        rows[name] = [(w, w["modalities"].get(name)) for w in windows]
    curves = [
        {"name": name, "bands": bands(moments, duration, prediction["labels"], reach),
         "moments": moments[:MOST_LISTED],
         "shares": [[*(m[k] for k in ("start", "stop")), s] for m, s in moments]}
        for name, moments in rows.items()
    ]  # fmt: skip
    return {
        "number": number, "clip": clip, "duration": duration, "curves": curves, "media": media,
        "every": every, "step": (prediction["step"] or duration) * every,
        "ticks": [(clock(time), 100 * time / duration) for time in ticks(duration)],
    }  # fmt: skip


def _script() -> str:
    return files("emopipe.report").joinpath("templates", "timeline.js").read_text("utf-8")


def write_timeline(prediction, path, *, title, media) -> Path:
    """Write one page with the emotions of clips over time.

    Parameters
    ----------
    prediction : dict
        `emopipe.models.Prediction.to_dict()`.
    path : str or Path
        The HTML file.
    title : str
        What the model is, in words.
    media : list of Playable
        For each clip, see `emopipe.report.playing.playables`.

    Returns
    -------
    Path
        The file. Clicks and arrow keys on a curve play from there; a cursor shows the scores at any
        time, and a table below has them all.
    """
    clips = [
        _clip_view(clip, number, prediction, played)
        for number, (clip, played) in enumerate(zip(prediction["clips"], media, strict=True), 1)
    ]
    page = _template("timeline.html").render(
        title=title, prediction=prediction, clips=clips, width=WIDTH, height=HEIGHT,
        colours=colours_of(prediction["labels"]), most_listed=MOST_LISTED, script=_script(),
    )  # fmt: skip
    return write_atomic(path, page)
