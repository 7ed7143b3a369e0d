"""Compute the features of clips and keep them in the store.

  emopipe extract --corpus cremad=/data/CREMA-D --features voice face
  emopipe extract clips/*.mp4 --features mini_xception --set n_frames=10 --out faces.csv
  emopipe extract /data/clips --features voice --jobs 4

What is in the store is not computed again, so an interrupted run continues, and
experiments that need the same features start at once. A clip that cannot be
processed keeps its status and never stops the others. --set gives any parameter
of the extractor, with several features as FEATURE.PARAMETER=VALUE.
"""

from pathlib import Path

# feature name -> (module, class)
FEATURES = {
    "voice": ("emopipe.voice", "ShortTermStatistics"),
    "face": ("emopipe.face", "VGGFaceFeatures"),
    "mini_xception": ("emopipe.face", "MiniXceptionFeatures"),
    "onnx": ("emopipe.face", "ONNXFaceFeatures"),
}


def add_arguments(parser):
    """Add this command's arguments."""
    parser.add_argument("clips", nargs="*", type=Path, help="files, or folders of files")
    parser.add_argument(
        "--corpus", action="append", default=[], metavar="NAME=FOLDER", help="see `emopipe corpora`"
    )
    parser.add_argument(
        "--features", nargs="+", default=["voice"], choices=sorted(FEATURES), metavar="NAME",
        help=f"one or more of: {', '.join(FEATURES)} (default: voice)",
    )  # fmt: skip
    parser.add_argument("--set", action="append", default=[], metavar="PARAMETER=VALUE")
    parser.add_argument("--store", default="default", help="the store's file")
    parser.add_argument("--jobs", type=int, default=-1, help="processes that decode (default: all)")
    parser.add_argument("--out", type=Path, help="also write the features to this CSV file")


def command(args) -> int:
    """Extract, print the tally of statuses, write the table if asked."""
    import pandas as pd

    from emopipe.cli import quiet_tensorflow

    clips = _clips(args)
    if set(args.features) - {"voice"}:
        quiet_tensorflow()
    tables = []
    for name in args.features:
        extractor = _extractor(name, args)
        extraction = extractor.extract(clips)
        print(f"\n{name}: {extraction.summary()}")
        if args.out:
            table = extractor.set_output(transform="pandas").transform(clips)
            table.insert(0, f"{name}_status", extraction.statuses)
            tables.append(table.add_prefix(f"{name}:") if len(args.features) > 1 else table)
    if args.out:
        index = clips.get(["clip", "path"]).reset_index(drop=True)
        whole = [t.reset_index(drop=True) for t in tables]
        pd.concat([index, *whole], axis=1).to_csv(args.out, index=False)
        print(f"\n{args.out}: {len(index)} rows")
    return 0


def _clips(args):
    import pandas as pd

    from emopipe.corpora import combine, load_corpus
    from emopipe.corpora.folder import medium_of

    tables = []
    for text in args.corpus:
        name, equals, folder = text.partition("=")
        if not equals:
            raise ValueError(f"--corpus {text}: write --corpus NAME=FOLDER (see `emopipe corpora`)")
        table = load_corpus(name, folder)
        tables.append(table[table["path"].notna()])
    files = list(media_files(args.clips))
    if files:
        names = [str(f) for f in files]
        about = {"corpus": "files", "emotion": None, "media": [medium_of(f) for f in files]}
        tables.append(pd.DataFrame({"clip": names, "path": names} | about))
    if not tables:
        raise ValueError("nothing to extract: name files or folders, or --corpus NAME=FOLDER")
    return combine(*tables)


def media_files(places):
    """Yield the files named, and for folders the media files below them, sorted."""
    from emopipe.corpora.folder import medium_of

    for place in places:
        if place.is_dir():
            found = sorted(p for p in place.rglob("*") if medium_of(p))
            if not found:
                raise FileNotFoundError(f"no media file below the folder {place}")
            yield from found
        elif place.exists():
            yield place
        else:
            raise FileNotFoundError(f"no file or folder {place}")


def _extractor(name, args):
    from importlib import import_module

    from emopipe.cli.run import _literal

    module, cls = FEATURES[name]
    extractor = getattr(import_module(module), cls)()
    values = {"store": args.store, "n_jobs": args.jobs, "progress": True}
    for text in args.set:
        parameter, equals, value = text.partition("=")
        feature, dot, bare = parameter.rpartition(".")
        if not equals:
            raise ValueError(f"--set {text}: write --set PARAMETER=VALUE")
        if not dot or feature == name:
            values[bare] = _literal(value)
    return extractor.set_params(**values)
