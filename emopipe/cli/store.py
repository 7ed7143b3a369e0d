"""List, verify or clean the store of computed features.

  emopipe store ls                          recipes, entries, bytes, last use
  emopipe store ls --long                   and the parameters of each recipe
  emopipe store verify                      read every value, drop the damaged
  emopipe store gc --older-than 90          forget what 90 days have not used
  emopipe store gc --max-bytes 2e9          forget the longest unused beyond 2 GB
  emopipe store gc --recipe short_term      forget one recipe's values

Forgotten values are computed again when they are next asked for.
"""

from math import isfinite

# Options of gc that are numbers -> the largest that mean something: a century, SQLite's integers.
LARGEST = {"older_than": 36500, "max_bytes": 2**62}


def add_arguments(parser):
    """Add this command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ls|verify|gc", required=True)
    for name in ("ls", "verify", "gc"):
        action = actions.add_parser(name)
        action.add_argument("--store", help="the store's file (default: the user's cache folder)")
        if name == "ls":
            action.add_argument("--long", action="store_true", help="with parameters")
        if name == "gc":
            action.add_argument("--older-than", type=float, metavar="DAYS")
            action.add_argument("--max-bytes", type=float, metavar="BYTES")
            action.add_argument("--recipe", metavar="NAME")


def command(args) -> int:
    """Do one action on the store and print what it found."""
    from pathlib import Path

    from emopipe.cli import counted
    from emopipe.store import Store, default_path

    if args.action == "gc":
        _check_numbers(args)
    path = Path(args.store).expanduser() if args.store else default_path()
    if not path.exists():
        raise FileNotFoundError(f"no store at {path}: nothing has been extracted there yet")
    store = Store(path)
    if args.action == "gc" and args.recipe is not None:
        _check_recipe(args.recipe, store)
    print(path)
    if args.action == "ls":
        for line in _lines(store.ls(), args.long):
            print(line)
    elif args.action == "verify":
        damaged = len(store.verify())
        told = f"{counted(damaged, 'damaged value')} dropped"
        print(told if damaged else "every value is intact")
        return 1 if damaged else 0
    else:
        removed = store.gc(
            older_than=None if args.older_than is None else args.older_than * 86400,
            max_bytes=None if args.max_bytes is None else int(args.max_bytes),
            recipe=args.recipe,
        )
        print(f"{counted(removed, 'value')} forgotten")
    return 0


def _check_numbers(args):
    """Raise ValueError for numbers that would empty the store by mistake, or for none at all."""
    if args.older_than is None and args.max_bytes is None and args.recipe is None:
        raise ValueError("gc needs --older-than, --max-bytes or --recipe: say what to forget")
    for name, most in LARGEST.items():
        value = getattr(args, name)
        if value is not None and not (isfinite(value) and 0 <= value <= most):
            flag = "--" + name.replace("_", "-")
            raise ValueError(f"{flag} {value:g}: from 0 to {most:g} is allowed; nothing was done")


def _check_recipe(name, store):
    known = sorted(set(store.ls()["name"]))
    if name not in known:
        raise ValueError(
            f"--recipe {name}: the store {store.path} has {', '.join(known) or 'no recipe'}"
        )


def _lines(table, long):
    """Yield a line per recipe; the parameters of one can take hundreds of characters."""
    if not len(table):
        yield "empty"
        return
    head, *rows = table.drop(columns="parameters").to_string(index=False).splitlines()
    yield head + ("  parameters" if long else "")
    for row, parameters in zip(rows, table["parameters"], strict=True):
        yield row + (f"  {parameters}" if long else "")
