"""Clips named on the command line: files, folders of files, patterns, and corpora."""

import os
import re
import sys
from glob import glob
from pathlib import Path

from emopipe.files import expand_user


def add_own_clips(parser) -> None:
    """Add --pattern and --codes, which explain clips of one's own."""
    parser.add_argument(
        "--pattern", action="append", default=[], metavar="[NAME=]PATTERN",
        help="how the files of a folder of your own are named, such as "
        "'{subject}-{statement}-{emotion}_{take}.mp4'; without it, a folder per emotion",
    )  # fmt: skip
    parser.add_argument(
        "--codes", action="append", default=[], metavar="CODE=EMOTION,...",
        help="your own codes or words for emotions, such as 01=neutral,02=sad; 'CODE=' leaves out",
    )  # fmt: skip


def add_corpora(parser, *, required=False) -> None:
    """Add --corpus, --pattern and --codes."""
    parser.add_argument(
        "--corpus", action="append", default=[], required=required, metavar="NAME=LOCATION",
        help="a corpus and its folder (see `emopipe corpora`), or a name for your own clips and "
        "their table or folder (see `emopipe corpora csv`); several are pooled",
    )  # fmt: skip
    add_own_clips(parser)


def corpus_tables(args) -> list:
    """Return the clip tables of the corpora that --corpus names."""
    from emopipe import load_corpus

    locations = {}
    for text in args.corpus:
        name, equals, location = text.partition("=")
        if not (name and equals and location):
            raise ValueError(
                f"--corpus {text}: write --corpus NAME=FOLDER, or NAME=TABLE.csv for clips of your "
                "own (see `emopipe corpora`)"
            )
        if name in locations:
            raise ValueError(f"--corpus {name}=... is there twice: give each a name of its own")
        locations[name] = location
    roots = corpus_roots(locations, args.pattern, args.codes)
    tables = [load_corpus(name, root) for name, root in roots.items()]
    for (name, location), table in zip(locations.items(), tables, strict=True):
        _say_left_out(f"{name}, {location}", table.attrs.get("left_out"))
    return [table[table["path"].notna()] for table in tables]


def on_disk(table):
    """Return the clips whose files are there, of which loading has told the others; all if none."""
    from emopipe.media.excerpts import parse

    there = [os.path.lexists(parse(path).path) for path in table["path"]]
    return table[there] if any(there) else table


def corpus_roots(locations: dict, patterns, codes) -> dict:
    """Return what `load_corpus` takes for each corpus: its folder, or own clips as explained.

    Parameters
    ----------
    locations : dict of str to str
        Folder or table of each name.
    patterns, codes : list of str
        Values of --pattern and --codes.
    """
    from emopipe.corpora import OwnClips, corpus_names, is_table

    own_corpora = [
        n for n, location in locations.items() if n not in corpus_names() or is_table(location)
    ]
    patterns = _patterns(patterns, locations, own_corpora)
    synonyms = _codes(codes)
    if synonyms and not (own_corpora or patterns):
        raise ValueError("--codes is for clips of your own, and every --corpus is a known corpus")
    return {
        name: OwnClips(expand_user(location), patterns.get(name), synonyms, flags=True)
        if name in own_corpora or name in patterns
        else expand_user(location)
        for name, location in locations.items()
    }


def _patterns(texts, locations, own_corpora) -> dict[str, str]:
    """Return the pattern of each corpus that has one."""
    patterns = {}
    for text in texts:
        name, equals, pattern = text.partition("=")
        if equals and name in locations:
            names = [name]
        else:
            names, pattern = own_corpora or list(locations), text
        if len(names) != 1:
            raise ValueError(
                f"--pattern {text}: there are {', '.join(names) or 'no corpora'}; write --pattern "
                "NAME=PATTERN for one of them"
            )
        if names[0] in patterns:
            raise ValueError(f"--pattern {text}: {names[0]} has {patterns[names[0]]!r} already")
        patterns[names[0]] = pattern
    return patterns


def _codes(texts) -> dict[str, str | None]:
    """Return {code: emotion, or None} of texts like 01=neutral,02=sad."""
    codes = {}
    for pair in (pair for text in texts for pair in re.split(r"[,\s]+", text) if pair):
        code, equals, emotion = pair.partition("=")
        if not equals or not code:
            raise ValueError(f"--codes {pair}: write CODE=EMOTION, such as 01=neutral,02=sad")
        if codes.setdefault(code, emotion or None) != (emotion or None):
            raise ValueError(f"--codes: {code} stands for {codes[code]} and for {emotion}")
    return codes


def named_files(locations) -> tuple[list[Path], list[str]]:
    """Return the files that files, folders and patterns mean, each once, and what names none.

    A folder means the media files below it, sorted. What only looks like a file, such as a link
    that leads nowhere, is a clip that fails. Hidden files and those of other kinds are left out and
    counted.

    Parameters
    ----------
    locations : iterable of str or Path

    Returns
    -------
    list of Path, list of str
        The second says in words what is not there: the others are answered all the same.

    Raises
    ------
    FileNotFoundError
        If something is named, and no file is there.
    """
    files, absent = {}, []
    for location in locations:
        try:
            files |= dict.fromkeys(_files_of(location))
        except FileNotFoundError as error:
            absent.append(str(error))
    if absent and not files:
        raise FileNotFoundError(_first_words(absent))
    return list(files), absent


def location_gaps(absent, n_locations, flag="") -> list[str]:
    """Return in words that some of what was named on the command line is not there.

    Examples
    --------
    >>> location_gaps(["no file or folder b.wav"], 3)
    ['1 of 3 files or folders named is not there (no file or folder b.wav)']
    >>> location_gaps([], 3)
    []
    """
    if not absent:
        return []
    are = "is" if len(absent) == 1 else "are"
    what = f"{len(absent)} of {n_locations} files or folders named{flag and f' with {flag}'}"
    return [f"{what} {are} not there ({_first_words(absent)})"]


def _first_words(texts, most=3):
    more = f"; and {len(texts) - most} more" if len(texts) > most else ""
    return "; ".join(texts[:most]) + more


def _files_of(location) -> list[Path]:
    from emopipe.corpora.folder import scan
    from emopipe.media.excerpts import parse

    path = expand_user(location)
    if path.is_dir():
        return _files_below(scan(path))
    if os.path.lexists(parse(path).path):
        return [path]
    if not any(sign in str(location) for sign in "*?["):
        raise FileNotFoundError(f"no file or folder {location}")
    names = sorted(glob(str(path), recursive=True))
    if not names:
        raise FileNotFoundError(f"no file matches {location}")
    return [file for name in names for file in _files_of(name)]


def _files_below(folder):
    faults = [f"{r.path}: {r.fault}" for r in folder.recordings if not os.path.isfile(r.path)]
    if len(faults) == len(folder.recordings):
        first = f": first {faults[0]}" if faults else ""
        other = f" (left out: {folder.leftovers})" if folder.leftovers else ""
        raise FileNotFoundError(f"no media file below the folder {folder.root}{first}{other}")
    _say_left_out(folder.root, folder.leftovers)
    return [Path(recording.path) for recording in folder.recordings]


def _say_left_out(where, words: str | None) -> None:
    """Say on standard error what lies in a folder beside recordings, if anything does."""
    from emopipe.text import printable

    if words:
        print(printable(f"left out in {where}: {words}"), file=sys.stderr)
