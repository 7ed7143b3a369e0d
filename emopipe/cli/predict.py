"""Say which emotions a saved model sees and hears in clips.

  emopipe predict models/cremad interview.mp4
  emopipe predict models/cremad /data/clips "takes/*.wav" --csv emotions.csv
  emopipe predict models/cremad interview.mp4 --window 1.0 --step 0.25 --timeline interview.html
  emopipe predict models/cremad 0 --seconds 10          the first camera, for ten seconds

A model is a folder written by `emopipe train` or emopipe.persistence.save; it may have been
trained on any corpus. A clip, or window, without an answer says why and never stops the others.
With --window, a row is a window: emotion over time, for each modality and fused. Every feature
extractor sees a window as a clip of its own: windows shorter than what the model was trained
on give poorer answers (the thesis' voice statistics have frames of 1 s).

The emotion is the model's own answer, with its score. An SVM counts votes between pairs of
emotions, so that another emotion may have a higher score.

Exit code 1 if not a single clip could be predicted.
"""

import sys
from glob import glob
from math import inf
from pathlib import Path


def add_arguments(parser):
    """Add this command's arguments."""
    from emopipe.cli import add_extraction

    parser.add_argument("model", type=Path, help="folder of a saved model")
    parser.add_argument(
        "clips", nargs="+", metavar="CLIP", help="files, folders, patterns, or a camera's number"
    )
    parser.add_argument("--window", type=float, metavar="SECONDS", help="emotion over time")
    parser.add_argument("--step", type=float, metavar="SECONDS", help="default: window / 4")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write a table to a file")
    parser.add_argument(
        "--timeline", type=Path, metavar="FILE", help="write a page with emotion over time"
    )
    parser.add_argument(
        "--seconds", type=float, default=10.0, help="how long a camera records (default: 10)"
    )
    add_extraction(parser)
    parser.add_argument(
        "--set", action="append", default=[], metavar="PARAMETER=VALUE",
        help="a parameter of the model, such as the path of a weight file on this machine",
    )  # fmt: skip


def command(args) -> int:
    """Load the model, predict, print and write what was asked for."""
    import tempfile

    from emopipe.cli import check_output, quiet_tensorflow
    from emopipe.cli.run import NETWORKS, parameters
    from emopipe.persistence import load
    from emopipe.prediction import check_windows, predict

    window = args.window
    if window is None and args.timeline:
        window = 1.0
    if args.step is not None and window is None:
        raise ValueError("--step needs --window")
    check_windows(window, args.step)  # before a model is loaded or a camera records
    if not 0 < args.seconds < inf:
        raise ValueError(f"--seconds {args.seconds:g}: more than 0 is needed")
    for flag, path in (("--csv", args.csv), ("--timeline", args.timeline)):
        check_output(path, flag)
    model = load(args.model, parameters=parameters(args.set))
    if NETWORKS & set(sys.modules):
        quiet_tensorflow()
    with tempfile.TemporaryDirectory(prefix="emopipe-camera-") as folder:
        paths = list(clip_files(args.clips, args.seconds, Path(folder)))
        found = predict(
            model, paths, window=window, step=args.step, store=args.store, n_jobs=args.jobs
        )
        if args.timeline:
            _write_timeline(found, args.timeline, args.model)
    _report(found, args)
    return 0 if any(clip.whole.emotion is not None for clip in found.clips) else 1


def clip_files(places, seconds, folder):
    """Yield the files that files, folders, patterns and camera numbers mean, each once.

    Parameters
    ----------
    places : list of str
    seconds : float
        How long a camera records.
    folder : Path
        Where its recording goes.
    """
    from emopipe.cli.extract import media_files

    seen = set()
    for place in places:
        path = Path(place).expanduser()
        if place.isdecimal() and not path.exists():
            found = [record(int(place), seconds, folder / f"camera-{place}.avi")]
        elif not path.exists() and any(sign in place for sign in "*?["):
            found = [Path(name) for name in sorted(glob(place, recursive=True))]
            if not found:
                raise FileNotFoundError(f"no file matches {place}")
        else:
            found = [path]
        for file in media_files(found):
            if file not in seen:
                seen.add(file)
                yield str(file)


def record(camera, seconds, path):
    """Record pictures (no sound) from a camera into a file and return its path.

    Raises
    ------
    OSError
        If there is no such camera, or it gives no picture.
    """
    import time

    import cv2

    source = _opened(camera)
    try:
        got, image = source.read() if source.isOpened() else (False, None)
        if not got:
            raise OSError(
                f"no picture from camera {camera}: none is connected, another program uses it, or "
                "this machine may not open it. Name a file instead"
            )
        rows, columns = image.shape[:2]
        images, began = [image], time.monotonic()
        print(f"recording {seconds:g} s from camera {camera} ...", file=sys.stderr)
        while time.monotonic() - began < seconds:
            got, image = source.read()
            if not got:
                break
            images.append(image)
        rate = max(1.0, len(images) / max(time.monotonic() - began, 1e-3))
    finally:
        source.release()
    film = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), rate, (columns, rows))
    for image in images:
        film.write(image)
    film.release()
    return path


def _opened(camera):
    """Return OpenCV's reader of a camera, without the lines that its drivers write about none."""
    import cv2

    log = getattr(getattr(cv2, "utils", None), "logging", None)
    before = log.getLogLevel() if log else None
    try:
        if log:
            log.setLogLevel(log.LOG_LEVEL_SILENT)
        return cv2.VideoCapture(camera)
    finally:
        if log:
            log.setLogLevel(before)


def _write_timeline(found, path, model):
    from emopipe.media.playing import playable
    from emopipe.persistence import read_manifest
    from emopipe.report.timeline import write_timeline

    media = [playable(clip.path, path.parent) for clip in found.clips]
    write_timeline(found.to_dict(), path, title=read_manifest(model)["title"], media=media)


def _report(found, args):
    from emopipe.strict_json import dumps, write_atomic
    from emopipe.text import csv_text, printable

    if args.csv:
        write_atomic(args.csv, csv_text(found.table()))
    if args.json:
        sys.stdout.write(dumps({"model": str(args.model)} | found.to_dict()))
        return
    for line in _lines(found):
        print(printable(line))
    for path in filter(None, (args.csv, args.timeline)):
        print(f"written: {path}")


def _scored(emotion, scores):
    return f"{emotion} {scores[emotion]:.2f}" if scores else "-"


def _best(scores):
    return _scored(max(scores, key=scores.get), scores) if scores else "-"


def _cells(name, moment, modalities):
    span = f"{moment.start:.2f}-{moment.stop:.2f}"
    parts = [_best(moment.modalities.get(modality)) for modality in modalities]
    return [name, span, _scored(moment.emotion, moment.scores), *parts, moment.status]


def _window_reasons(clip):
    """Yield why windows lack something: once for each extractor and status, as there are many."""
    alike = {}
    for moment in clip.windows:
        for extractor, detail in moment.details.items():
            status = detail.partition(".")[0]
            alike.setdefault((extractor, status), []).append((moment, detail.splitlines()[-1]))
    for (extractor, _), those in alike.items():
        moment, detail = those[0]
        count = f"{len(those)} of {len(clip.windows)} windows"
        first = f"first {moment.start:.2f}-{moment.stop:.2f}"
        yield f"{clip.clip}: {count}, {first}: {extractor}: {detail}"


def _lines(found):
    """Yield a table, why clips have no answer, and how long it took."""
    head = ["clip", "seconds", "emotion", *found.modalities, "status"]
    rows = []
    for clip in found.clips:
        moments = clip.windows or [clip.whole]
        rows += [_cells(clip.clip, m, found.modalities) for m in moments]
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    for row in [head, *rows]:
        yield "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
    for clip in found.clips:
        for extractor, detail in clip.details.items():
            yield f"{clip.clip}: {extractor}: {detail.splitlines()[-1]}"
        yield from _window_reasons(clip)
    answered = sum(clip.whole.emotion is not None for clip in found.clips)
    line = f"{answered} of {len(found.clips)} clips, {found.media_seconds:.1f} s of media in "
    line += f"{found.seconds:.1f} s"
    if found.real_time_factor is not None:
        line += f": real-time factor {found.real_time_factor:.2f}"
    yield ""
    yield line + ("" if found.computed else " (all features were in the store)")
