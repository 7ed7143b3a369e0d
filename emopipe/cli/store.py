"""List, verify or clean the store of computed features.

  emopipe store ls                          recipes, entries, bytes, last use; of whom
  emopipe store ls --long                   and the parameters of each recipe, all folders
  emopipe store verify                      read every value, drop the damaged
  emopipe store gc --older-than 90          forget what 90 days have not used
  emopipe store gc --max-bytes 2e9          forget the longest unused beyond 2 GB
  emopipe store gc --recipe short_term      forget one recipe's values
  emopipe store gc --forget 1001 --corpus cremad=/data/CREMA-D
                                            remove all that was derived from a person

Forgotten values are computed again when they are needed again. --forget removes the values and
paths of a person's files, and of copies of them wherever they lie, so that no byte stays in the
file; do it before the files themselves are deleted: the store knows them by their content. Reports,
saved models and checkpoints are files of their own: delete those that were made with that person.
"""

import os
from math import isfinite

# Options of gc that are numbers -> the largest that mean something: a century, SQLite's integers.
LARGEST = {"older_than": 36500, "max_bytes": 2**62}
# Folders that `ls` names.
_FOLDERS = 5
# Options with which a loader leaves out no recording of a person.
_EVERY_CHANNEL = {"ravdess": {"channel": "both"}}


def add_arguments(parser):
    """Add this command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ls|verify|gc", required=True)
    for name in ("ls", "verify", "gc"):
        action = actions.add_parser(name)
        action.add_argument("--store", help="the store's file (default: the user's cache folder)")
        if name == "ls":
            action.add_argument("--long", action="store_true", help="with parameters")
        if name == "gc":
            _add_gc(action)


def _add_gc(parser):
    from emopipe.cli.clips import add_corpora

    parser.add_argument("--older-than", type=float, metavar="DAYS")
    parser.add_argument("--max-bytes", type=float, metavar="BYTES")
    parser.add_argument("--recipe", metavar="NAME")
    parser.add_argument(
        "--forget", metavar="SUBJECT", help="remove all of a person of the --corpus named"
    )
    add_corpora(parser)


def command(args) -> int:
    """Do one action on the store and print what came of it."""
    from emopipe.files import expand_user
    from emopipe.store import Store, default_path
    from emopipe.text import printable

    if args.action == "gc":
        _check_gc(args)
    path = expand_user(args.store) if args.store else default_path()
    if not path.exists():
        raise FileNotFoundError(
            f"no store at {printable(path)}: nothing has been extracted there yet"
        )
    store = Store(path)
    if args.action == "gc" and args.recipe is not None:
        _check_recipe(args.recipe, store)
    print(printable(path))
    return {"ls": _ls, "verify": _verify, "gc": _gc}[args.action](args, store)


def _ls(args, store) -> int:
    for line in [*_recipe_lines(store.ls(), args.long), *_people_lines(store, args.long)]:
        print(line)
    return 0


def _verify(args, store) -> int:
    """Print how many values were damaged; a file that had to be rebuilt was warned of."""
    import warnings

    from emopipe.store import StoreWarning
    from emopipe.text import pluralise

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", StoreWarning)
        n = len(store.verify())
    texts = [str(warning.message) for warning in caught]
    for text in texts:
        print(text)
    if not n and not texts:
        print("every value is intact")
    elif n:
        print(f"{pluralise(n, 'damaged value')} dropped")
    return 1 if n or texts else 0


def _gc(args, store) -> int:
    from emopipe.text import pluralise

    if args.forget is not None:
        for line in _forget(args, store):
            print(line)
        return 0
    removed = store.gc(
        older_than=None if args.older_than is None else args.older_than * 86400,
        max_bytes=None if args.max_bytes is None else int(args.max_bytes),
        recipe=args.recipe,
    )
    print(f"{pluralise(removed, 'value')} forgotten")
    return 0


def _forget(args, store):
    """Remove what was derived from a person; yield what was removed."""
    from emopipe.text import pluralise

    paths = _paths_of(args)
    values, unknown, files = store.forget(paths)
    yield (
        f"{pluralise(values, 'value')} and {pluralise(files, 'path')} removed, of "
        f"{pluralise(len(paths), 'file')} of {args.forget}; no byte of them is left in this file"
    )
    if unknown:
        yield (
            f"{pluralise(unknown, 'value')} removed as well, of which no file is known (any more): "
            "where one is there, they are computed again"
        )
    yield "Reports, saved models and checkpoints are files of their own: look at them, too."


def _paths_of(args) -> list[str]:
    """Return the files of a person in the corpora that were named."""
    from pathlib import Path

    from emopipe import load_corpus
    from emopipe.cli.clips import corpus_roots
    from emopipe.corpora.loading import every_file
    from emopipe.media.excerpts import parse
    from emopipe.subjects import subject_key, subject_names
    from emopipe.text import printable

    locations = dict(text.partition("=")[::2] for text in args.corpus)
    paths, subjects = [], set()
    for name, root in corpus_roots(locations, args.pattern, args.codes).items():
        options = _EVERY_CHANNEL.get(name, {}) if isinstance(root, Path) else {}
        with every_file():
            table = load_corpus(name, root, **options)
        names = subject_names(table["subject"])
        subjects |= set(names) - {None}
        rows = table[[n is not None and subject_key(n) == subject_key(args.forget) for n in names]]
        for column in {"path", "audio", "video"} & set(table.columns):
            paths += [parse(path).path for path in rows[column].dropna()]
    if not paths:
        raise ValueError(
            f"--forget {args.forget}: no file of such a subject; there are "
            f"{printable(', '.join(sorted(subjects)))}"
        )
    return list(dict.fromkeys(paths))


def _check_gc(args):
    """Raise ValueError for numbers that would empty the store by mistake, or for none at all."""
    options = [args.older_than, args.max_bytes, args.recipe]
    if args.forget is not None:
        if options != [None] * 3 or not all("=" in text for text in args.corpus or [""]):
            raise ValueError("--forget SUBJECT goes with --corpus NAME=FOLDER, and nothing else")
    elif args.corpus:
        raise ValueError("--corpus goes with --forget SUBJECT: say whom to forget")
    elif options == [None] * 3:
        raise ValueError(
            "gc needs --older-than, --max-bytes, --recipe or --forget: say what to forget"
        )
    for name, most in LARGEST.items():
        value = getattr(args, name)
        if value is not None and not (isfinite(value) and 0 <= value <= most):
            flag = "--" + name.replace("_", "-")
            raise ValueError(f"{flag} {value:g}: from 0 to {most:g} is allowed; nothing was done")


def _check_recipe(name, store):
    names = sorted(set(store.ls()["name"]))
    if name not in names:
        raise ValueError(
            f"--recipe {name}: the store {store.path} has {', '.join(names) or 'no recipe'}"
        )


def _recipe_lines(table, long):
    """Yield a line per recipe; the parameters of one can take hundreds of characters."""
    from emopipe.text import printable

    if not len(table):
        yield "empty"
        return
    table = table.assign(name=table["name"].map(printable))
    head, *rows = table.drop(columns="parameters").to_string(index=False).splitlines()
    yield head + ("  parameters" if long else "")
    for row, parameters in zip(rows, table["parameters"], strict=True):
        yield row + (f"  {printable(parameters)}" if long else "")


def _people_lines(store, long):
    """Yield what is kept of whom: values, and paths by folder."""
    from emopipe.text import pluralise, printable

    values, folders = int(store.ls()["entries"].sum()), store.folders()
    if not values and not folders:
        return
    yield "Of people it keeps what may still tell who they are:"
    yield f"  {values:>7}  {'value' if values == 1 else 'values'} computed from faces and voices"
    yield f"  {folders.total():>7}  paths of files, in {pluralise(len(folders), 'folder')}:"
    most = None if long else _FOLDERS
    for folder, n in folders.most_common(most):
        yield f"  {n:>7}    {printable(folder)}"
    if not long and len(folders) > _FOLDERS:
        yield f"  and {len(folders) - _FOLDERS} more folders (--long)"
    if os.name == "posix" and store.path.stat().st_mode & 0o077:
        yield f"Others than you may read it: chmod 600 {printable(store.path)}"
    yield "To remove a person: emopipe store gc --forget SUBJECT --corpus NAME=FOLDER"
