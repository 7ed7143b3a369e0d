"""Compute the features of clips and keep them in the store.

  emopipe extract --corpus cremad=/data/CREMA-D --features voice face
  emopipe extract clips/*.mp4 --features mini_xception --set faces.n_frames=10 --out faces.csv
  emopipe extract /data/clips --features voice --jobs 4
  emopipe extract --corpus mine=clips.csv --features voice    your own clips: `emopipe corpora csv`
  emopipe extract --corpus cremad=/nfs/CREMA-D --features face --scheduler tcp://10.0.0.5:8786

What is in the store is not computed again, so an interrupted run continues, and
experiments that need the same features start at once. A clip that cannot be
processed keeps its status and never stops the others; the first few are printed with
the reason, --out has it for every clip. --set gives any parameter of the extractor,
with several features as FEATURE.PARAMETER=VALUE, and how faces are cut out, as in
--set faces.detector=yunet (or detector=yunet).

With --scheduler a Dask cluster does the work (pip install 'dask[distributed]'). On one machine
`dask scheduler`, on each of the others `dask worker tcp://HOST:8786 --nworkers 1 --nthreads CORES`.
Workers read the clips themselves, under the same paths (a file system that all of them mount);
features come back into the store of this machine.

Exit code 1 if not a single clip could be processed; 3 if some could not, are not there, or a corpus
is incomplete, unless --allow-partial accepts that.
"""

from inspect import signature

from emopipe.cli.assignments import check_kind, see
from emopipe.cli.clips import add_corpora, corpus_tables, location_gaps, named_files, on_disk
from emopipe.cli.run import add_scheduler, cluster

# feature name -> (module, class)
FEATURES = {
    "voice": ("emopipe.voice", "ShortTermStatistics"),
    "functionals": ("emopipe.voice", "VoiceFunctionals"),
    "face": ("emopipe.face", "VGGFaceFeatures"),
    "mini_xception": ("emopipe.face", "MiniXceptionFeatures"),
    "texture": ("emopipe.face", "FaceTexture"),
    "blendshapes": ("emopipe.face", "BlendshapeFeatures"),
    "onnx": ("emopipe.face", "ONNXFaceFeatures"),
}
# Features that look at no faces.
_OF_SOUND = {"voice", "functionals"}
# Parameters of an extractor that have flags of their own, or none.
_FLAGS = ("store", "n_jobs", "progress")
# Failed clips that are listed one by one.
LISTED = 5
# What a clip without one of these has not, and what to add.
_MEDIA = {"no_video": ("pictures", "the videos"), "no_audio": ("sound", "the recordings")}
_ADVICE = ": leave it out or add"


def add_arguments(parser):
    """Add this command's arguments."""
    from emopipe.cli import add_allow_partial, add_extraction, path_argument

    parser.add_argument("clips", nargs="*", type=path_argument, help="files, folders, or patterns")
    add_corpora(parser)
    parser.add_argument(
        "--features", nargs="+", default=["voice"], choices=sorted(FEATURES), metavar="NAME",
        help=f"one or more of: {', '.join(FEATURES)} (default: voice)",
    )  # fmt: skip
    parser.add_argument(
        "--set", action="append", default=[], metavar="PARAMETER=VALUE",
        help="a parameter of the extractor, such as window=0.05, or FEATURE.PARAMETER=VALUE; may "
        "be repeated",
    )  # fmt: skip
    add_extraction(parser)
    add_scheduler(parser)
    add_allow_partial(parser)
    parser.add_argument(
        "--out", type=path_argument, help="also write the features to this CSV file"
    )


def command(args) -> int:
    """Extract, print the tally of statuses and who failed, write the table if asked."""
    from emopipe.cli import exit_code
    from emopipe.cli.early_checks import check_output, check_store
    from emopipe.text import pluralise

    if args.scheduler and args.jobs != -1:
        raise ValueError(
            "--jobs is for this machine; with --scheduler the cluster's threads decide: leave out "
            "one of the two"
        )
    if any(text.partition("=")[0].rpartition(".")[2] == "on_error" for text in args.set):
        raise ValueError(
            "--set on_error: it is for pipelines in Python; `emopipe extract` goes on with the "
            "other clips and says which failed: leave it out"
        )
    check_output(args.out, "--out", (".csv", ".txt"))
    clips, absent = _clips(args)
    extractors = {name: extractor_of(name, args) for name in args.features}
    check_store(args.store)
    tables, n_ok, gaps = [], 0, [*absent, *corpus_gaps(clips)]
    for name, extractor in extractors.items():
        with cluster(args.scheduler):
            extraction = extractor.extract(clips, lazy=True)
        n_ok += sum(status in ("ok", "partial") for status in extraction.statuses)
        print(f"\n{name}: {extraction.summary()}")
        gap = feature_gap(name, extraction.statuses)
        if gap:
            gaps.append(gap)
        if _ADVICE in gap:
            print(f"  {gap}")
        else:
            for line in failures(clips["path"], extraction):
                print(line)
        if args.out:
            table = _table(name, extractor, extraction)
            tables.append(table.add_prefix(f"{name}:") if len(extractors) > 1 else table)
    if args.out:
        _write(args.out, clips, tables)
        print(f"\n{args.out}: {pluralise(len(clips), 'row')}")
    code = exit_code(gaps, allow_partial=args.allow_partial)
    return code if n_ok else 1


def feature_gap(name, statuses) -> str:
    """Say how many clips gave no features of a kind, and what to do; "" where all did.

    Examples
    --------
    >>> feature_gap("voice", ["ok", "silent"])
    'voice: 1 of 2 clips gave no features'
    >>> print(feature_gap("mini_xception", ["no_video"] * 960))
    mini_xception: 960 of 960 clips have no pictures: leave it out or add the videos
    """
    from emopipe.text import pluralise

    lacking = [status for status in statuses if status not in ("ok", "partial")]
    if not lacking:
        return ""
    of = f"{name}: {len(lacking)} of {pluralise(len(statuses), 'clip')}"
    if set(lacking) == set(statuses) and len(set(lacking)) == 1 and lacking[0] in _MEDIA:
        medium, files = _MEDIA[lacking[0]]
        return f"{of} {'has' if len(statuses) == 1 else 'have'} no {medium}{_ADVICE} {files}"
    return f"{of} gave no features"


def corpus_gaps(clips) -> list[str]:
    """Say which corpora are incomplete, and how many of their files are damaged.

    Parameters
    ----------
    clips : DataFrame
        A clip table.
    """
    gaps = []
    for corpus, about in clips.attrs.get("corpora", {}).items():
        if about.get("missing"):
            n = about["complete"]
            gaps.append(
                f"{corpus}: {about['missing']} of {n} clips of the complete corpus are not there"
            )
        if about.get("damaged"):
            gaps.append(f"{corpus}: {about['damaged']} clips are damaged")
    return gaps


def failures(paths, extraction, most=LISTED):
    """Yield a line for each of the first failed clips, and one that says how many more there are.

    Parameters
    ----------
    paths : iterable of str
    extraction : Extraction
        Of these paths.
    most : int
        Clips listed.
    """
    from emopipe.text import printable

    rows = zip(paths, extraction.statuses, extraction.details, strict=True)
    failed = [row for row in rows if row[1] not in ("ok", "partial")]
    for path, status, detail in failed[:most]:
        reason = detail.strip().rpartition("\n")[2]  # of a traceback, what was raised
        yield f"  {printable(path)}: {status}" + (f": {printable(reason)}" if reason else "")
    if len(failed) > most:
        yield f"  and {len(failed) - most} more that failed (--out FILE writes them all down)"


def _table(name, extractor, extraction):
    """Return status, detail and features of every clip; NaN where one gave nothing."""
    import numpy as np
    import pandas as pd

    columns = extractor.get_feature_names_out()
    nothing = np.full(len(columns), np.nan, np.float32)
    rows = [nothing if value is None else value for value in extraction.values]
    table = pd.DataFrame(np.array(rows).reshape(len(rows), len(columns)), columns=columns)
    table.insert(0, f"{name}_status", extraction.statuses)
    table.insert(1, f"{name}_detail", extraction.details)
    return table


def _write(path, clips, tables):
    import pandas as pd

    from emopipe.files import write_atomic
    from emopipe.text import csv_text

    index = clips.get(["clip", "path"]).reset_index(drop=True)
    write_atomic(path, csv_text(pd.concat([index, *tables], axis=1)))


def _clips(args):
    """Return the clip table of all that is named, and in words what of it is not there."""
    import pandas as pd

    from emopipe.corpora import combine
    from emopipe.corpora.folder import medium_of

    tables = [on_disk(table) for table in corpus_tables(args)]
    files, absent = named_files(args.clips)
    if files:
        names = [str(f) for f in files]
        about = {"corpus": "files", "emotion": None, "media": [medium_of(f) for f in files]}
        tables.append(pd.DataFrame({"clip": names, "path": names} | about))
    if not tables:
        raise ValueError("nothing to extract: name files or folders, or --corpus NAME=FOLDER")
    return combine(*tables), location_gaps(absent, len(args.clips))


def extractor_of(name, args):
    """Return the extractor of a feature name with the parameters that were set for it."""
    from importlib import import_module

    from emopipe.cli import quiet_tensorflow
    from emopipe.cli.assignments import parameters

    if name in ("face", "mini_xception"):
        quiet_tensorflow()
    module, cls = FEATURES[name]
    values = dict(zip(_FLAGS, (args.store, args.jobs, True), strict=True))
    for parameter, value in parameters(args.set).items():
        feature, dot, name_inside = parameter.partition(".")
        if feature == "faces" and name in _OF_SOUND and set(args.features) - _OF_SOUND:
            continue  # it is for those that look at faces
        if not dot or feature == "faces":
            values[parameter] = value
        elif feature == name:
            values[name_inside] = value
        elif feature not in args.features:
            raise ValueError(
                f"--set {parameter}=...: {feature!r} is none of the --features "
                f"{' '.join(args.features)}"
            )
    return _build(name, getattr(import_module(module), cls), values)


def _settable(extractor) -> dict:
    """Return {name for --set: parameter}, those of `faces` as ``faces.detector``, ...."""
    parameters = dict(signature(extractor).parameters)
    faces = (
        signature(type(parameters.pop("faces").default)).parameters if "faces" in parameters else {}
    )
    return parameters | {f"faces.{parameter}": about for parameter, about in faces.items()}


def _build(name, extractor, values):
    settable = _settable(extractor)
    # The short spelling of what belongs to `faces`: no extractor has a parameter of such a name.
    short = {k: f"faces.{k}" for k in values if k not in settable and f"faces.{k}" in settable}
    values = {short.get(k, k): value for k, value in values.items()}
    unknown = [parameter for parameter in values if parameter not in settable]
    if unknown:
        raise ValueError(f"{name} has no parameter {unknown[0]!r}; it has {', '.join(settable)}")
    needed = [k for k, p in settable.items() if p.default is p.empty and k not in values]
    if needed:
        raise ValueError(f"{name} needs " + " ".join(f"--set {k}=..." for k in needed))
    for parameter, value in values.items():
        check_kind(parameter, value, settable[parameter])
    arguments = {k: value for k, value in values.items() if "." not in k}
    of_faces = {k.replace(".", "__"): value for k, value in values.items() if "." in k}
    built = extractor(**arguments).set_params(**of_faces)
    # Where several parameters are wrong together, the message names none of them.
    with see({k: v for k, v in values.items() if k not in _FLAGS}):
        return built.fit([])
