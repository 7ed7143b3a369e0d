"""The lines that `emopipe predict` prints: a row per answer, a line per kind of failure."""

import sys

# Characters of the column of seconds: start and stop of a window in a day's recording.
_SPAN = 15


def show(line) -> None:
    """Print a line without control characters, above a progress bar if there is one."""
    from tqdm import tqdm

    from emopipe.text import printable

    if sys.stdout.isatty() and sys.stderr.isatty():
        tqdm.write(printable(line), file=sys.stdout)
    else:
        print(printable(line), flush=True)


class Rows:
    """The table of answers, whose columns are as wide as its longest possible cells.

    Parameters
    ----------
    model : classifier
    paths : list of str
    over_time : bool
        Whether windows follow each clip.
    """

    def __init__(self, model, paths, *, over_time):
        from pathlib import Path

        from emopipe.media import STATUSES
        from emopipe.models import modalities_of
        from emopipe.text import printable

        self.modalities, self.over_time = modalities_of(model), over_time
        answer = max(len(str(label)) for label in model.classes_) + len(" 0.00")
        names = [len(printable(Path(path).name)) for path in paths]
        cells = [max(len(name), answer) for name in self.modalities]
        self.widths = [max([4, *names]), _SPAN, answer, *cells, max(map(len, STATUSES))]

    @property
    def head(self) -> str:
        """The line with the names of the columns."""
        return self._line(["clip", "seconds", "emotion", *self.modalities, "status"])

    def show(self, clip) -> None:
        """Print the row of a clip, then those of its windows."""
        for number, moment in enumerate([clip.whole, *clip.windows]):
            span = f"{moment.start:.2f}-{moment.stop:.2f}"
            if self.over_time and not number:
                span = "whole"
            parts = [_best(moment.modalities.get(name)) for name in self.modalities]
            answer = _format_score(moment.emotion, moment.scores)
            show(self._line([clip.clip, span, answer, *parts, moment.status]))

    def _line(self, cells):
        padded = (cell.ljust(width) for cell, width in zip(cells, self.widths, strict=True))
        return "  ".join(padded).rstrip()


def _format_score(emotion, scores):
    return f"{emotion} {scores[emotion]:.2f}" if scores else "-"


def _best(scores):
    return _format_score(max(scores, key=scores.get), scores) if scores else "-"


def closing(prediction):
    """Yield one line for each kind of failure, the notices, and how long it took."""
    from emopipe.text import pluralise

    clips = prediction.clips
    yield from _failures("clip", [(clip, clip.whole) for clip in clips])
    yield from _failures("window", [(clip, w) for clip in clips for w in clip.windows])
    for notice in prediction.notices:
        yield f"NOTE: {notice}"
    answered = sum(clip.whole.emotion is not None for clip in clips)
    windows = sum(len(clip.windows) for clip in clips)
    of = f" ({pluralise(windows, 'window')})" if windows else ""
    line = (
        f"{answered} of {pluralise(len(clips), 'clip')}{of}, {prediction.media_seconds:.1f} s of "
    )
    line += f"media in {prediction.seconds:.1f} s"
    if prediction.real_time_factor is not None:
        line += f": real-time factor {prediction.real_time_factor:.2f}"
    yield ""
    yield line + ("" if prediction.computed else " (all features were in the store)")
    yield f"scores: {prediction.to_dict()['scores']}"


def _failures(noun, moments):
    """Yield what went wrong in clips or windows: a line for each extractor and status."""
    from emopipe.text import pluralise

    alike = {}
    for clip, moment in moments:
        for extractor, detail in moment.details.items():
            status = detail.partition(".")[0]
            alike.setdefault((extractor, status), []).append((clip, moment, detail))
    for (extractor, _), those in alike.items():
        clip, moment, detail = those[0]
        span = f" {moment.start:.2f}-{moment.stop:.2f}" if noun == "window" else ""
        yield (
            f"{len(those)} of {pluralise(len(moments), noun)}, first {clip.clip}{span}: "
            f"{extractor}: {detail.splitlines()[-1]}"
        )


def knowledge(prediction, manifest) -> str:
    """Return the last line: emotions, how often right on people not met, clips of the training."""
    emotions = ", ".join(prediction.labels)
    figure = _figure(manifest["card"].get("evaluation"), manifest.get("training") or {})
    return f"The model knows {emotions}; {figure}; {_in_training(prediction.clips)}."


def _figure(evaluation, training):
    """Return how often a model was right in its evaluation, and on whom, in words."""
    try:
        share = f"{100 * evaluation['metrics']['accuracy']['value']:.1f} %"
        protocol, n = evaluation["protocol"], evaluation["clips"]
        noun = f"windows of {training['window']:g} s" if training.get("window") else "clips"
        people = "of people it had not met, in its own corpus"
        if protocol.get("subject_dependent"):
            people = "of people it had met: too high for others"
        elif not protocol.get("grouped_by"):
            people = "it was not fitted on; who they are of is not known"
    except (KeyError, TypeError, AttributeError, ValueError):
        return "how often it is right on people it has not met was not measured"
    return f"it was right in {share} of {n} {noun} {people}"


def _in_training(clips):
    from emopipe.text import shorten

    answers = [clip.in_training for clip in clips]
    if all(answer is None for answer in answers):
        return "whether a clip was in its training data is not known"
    names = [clip.clip for clip in clips if clip.in_training]
    if not names:
        return "no clip here was in its training data"
    return f"{len(names)} of {len(clips)} clips were in its training data ({shorten(names, 3)})"
