"""Say which emotions a saved model sees and hears in clips.

  emopipe predict models/cremad interview.mp4
  emopipe predict models/cremad /data/clips "takes/*.wav" --csv emotions.csv
  emopipe predict models/cremad interview.mp4 --timeline interview.html
  emopipe predict models/cremad 0 --seconds 10          the first camera, for ten seconds
  emopipe predict models/face dialogue.mp4 --person speaking     of several, the one who speaks
  emopipe predict models/voice interview.mp4 --enroll "older/*.wav"     clips of the same person

A model is a folder written by `emopipe train` or emopipe.models.save; it may have been
trained on any corpus. A clip, or window, without an answer says why and never stops the others.
Over time a model is asked about windows as long as the rows that it was trained on: the windows
of `emopipe train --window SECONDS`, else (with --timeline) the median of its training clips.
--window takes another length; where a window then holds fewer frames than the model needs, a
notice says so. The answer for the whole clip always comes first; that of a model trained on
windows is the mean of its windows' scores.

A model that standardises by subject (SubjectScaler) is right more often where --enroll names clips
of the person whom all CLIPs show; nobody needs to say which emotions they show.

The emotion is the model's own answer, with its score. An SVM counts votes between pairs of
emotions, so that another emotion may have a higher score. The last line says which emotions the
model knows, how often it is right on people it has not met, and which clips it was trained on.

Exit code 1 if not a single clip could be predicted, 3 if some could not, are not there, or only in
part.
"""

import sys
from argparse import ArgumentTypeError
from math import inf
from pathlib import Path

from emopipe.cli import answer_lines

# Worker processes that start while the model is loaded.
_EARLY = 2


def add_arguments(parser):
    """Add this command's arguments."""
    from emopipe.cli import add_allow_partial, add_extraction, path_argument

    parser.add_argument("model", type=path_argument, help="folder of a saved model")
    parser.add_argument(
        "clips", nargs="+", metavar="CLIP", help="files, folders, patterns, or a camera's number"
    )
    parser.add_argument(
        "--enroll", nargs="+", default=[], metavar="CLIP",
        help="clips of the person whom all CLIPs show, without labels: files, folders, patterns",
    )  # fmt: skip
    parser.add_argument(
        "--person", type=_person, metavar="WHO",
        help="whose face counts where a clip shows several people: 'speaking', or a number from 0, "
        "the longest seen first",
    )  # fmt: skip
    parser.add_argument(
        "--window", type=float, metavar="SECONDS",
        help="emotion over time in windows of this length (default: what the model was fitted on)",
    )  # fmt: skip
    parser.add_argument("--step", type=float, metavar="SECONDS", help="default: window / 4")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--csv", type=path_argument, metavar="FILE", help="also write a table to a file"
    )
    parser.add_argument(
        "--timeline", type=path_argument, metavar="FILE",
        help="write a page with emotion over time; it names the recordings by their paths",
    )  # fmt: skip
    parser.add_argument(
        "--embed", action="store_true", help="copy the recordings into the page: it shows people"
    )
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="how long a camera records (default: 10)"
    )
    add_extraction(parser)
    add_allow_partial(parser)
    parser.add_argument(
        "--set", action="append", default=[], metavar="PARAMETER=VALUE",
        help="a parameter of the model, such as the path of a weight file on this machine",
    )  # fmt: skip


def command(args) -> int:
    """Load the model, predict, print every answer as it comes, write what was asked for."""
    import tempfile

    from emopipe.cli import exit_code, quiet_tensorflow
    from emopipe.cli.assignments import parameters
    from emopipe.cli.cameras import Clips
    from emopipe.extraction.pool.parent import warm_up
    from emopipe.inspection import uses_keras
    from emopipe.models import load, predict, read_manifest

    _check_arguments(args)
    manifest = read_manifest(args.model)
    training, window = _rows(args, manifest)
    named, named_to_enroll = Clips(args.clips), Clips(args.enroll, "--enroll")
    warm_up(args.jobs if 0 < args.jobs < _EARLY else _EARLY)
    model = load(args.model, parameters=parameters(args.set))
    if uses_keras(model):
        quiet_tensorflow()
    with tempfile.TemporaryDirectory(prefix="emopipe-camera-") as folder:
        paths = named.paths(args.seconds, Path(folder))
        enroll = named_to_enroll.paths(args.seconds, Path(folder))
        rows = answer_lines.Rows(model, paths, over_time=window is not None)
        if not args.json:
            answer_lines.show(rows.head)
        prediction = predict(
            model, paths, enroll=enroll, person=args.person, window=window, step=args.step,
            training=training, store=args.store, n_jobs=args.jobs, faces=args.timeline is not None,
            progress=True, on_clip=None if args.json else rows.show,
        )  # fmt: skip
        if args.timeline:
            _write_timeline(prediction, args, model, manifest["title"])
    gaps = [*named.gaps, *named_to_enroll.gaps, *prediction.gaps]
    _report(prediction, args, manifest, gaps)
    answered = sum(clip.whole.emotion is not None for clip in prediction.clips)
    code = exit_code(gaps, allow_partial=args.allow_partial)
    return code if answered else 1


def _rows(args, manifest):
    """Return the rows that a model was trained on, and the window to answer in or None."""
    from emopipe.models import TrainingRows, check_windows

    training = TrainingRows.from_dict(manifest.get("training"))
    window = training.window_of(args.window, over_time=args.timeline is not None)
    if args.step is not None and window is None:
        raise ValueError("--step needs --window: this model was trained on whole clips")
    check_windows(window, args.step)
    return training, window


def _person(text):
    if text == "speaking" or text.isdecimal():
        return int(text) if text.isdecimal() else text
    raise ArgumentTypeError(f"{text!r} is neither 'speaking' nor a number from 0")


def _check_arguments(args):
    """Raise ValueError for what makes no sense, before a model is loaded or a camera records."""
    from emopipe.cli.early_checks import check_output, check_store, check_window_flags

    check_window_flags(args.window, args.step if args.window else None)
    if not 0 < args.seconds < inf:
        raise ValueError(f"--seconds {args.seconds:g}: more than 0 is needed")
    if args.embed and not args.timeline:
        raise ValueError("--embed is about the page: name it with --timeline FILE")
    check_output(args.csv, "--csv", (".csv", ".txt"))
    check_output(args.timeline, "--timeline", (".html", ".htm"))
    check_store(args.store)


def _write_timeline(prediction, args, model, title):
    from emopipe.report.playing import playables
    from emopipe.report.timeline import write_timeline

    paths = [clip.path for clip in prediction.clips]
    media = playables(paths, args.timeline.parent, embed=args.embed, n_jobs=args.jobs)
    write_timeline(prediction.to_dict(), args.timeline, title=title, media=media)


def _report(prediction, args, manifest, gaps):
    from emopipe.files import write_atomic
    from emopipe.strict_json import dumps
    from emopipe.text import csv_text, printable

    if args.csv:
        write_atomic(args.csv, csv_text(prediction.table()))
    line = answer_lines.knowledge(prediction, manifest)
    if args.json:
        about = {"model": str(args.model), "about": line}
        sys.stdout.write(dumps(about | prediction.to_dict() | {"gaps": gaps}))
        return
    for text in answer_lines.closing(prediction):
        answer_lines.show(text)
    for path in filter(None, (args.csv, args.timeline)):
        print(f"written: {printable(path)}")
    answer_lines.show(line)
