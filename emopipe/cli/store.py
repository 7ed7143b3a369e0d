"""List, verify or clean the store of computed features.

  emopipe store ls                          recipes, entries, bytes, last use
  emopipe store verify                      read every value, drop the damaged
  emopipe store gc --older-than 90          forget what 90 days have not used
  emopipe store gc --max-bytes 2e9          forget the longest unused beyond 2 GB
  emopipe store gc --recipe short_term      forget one recipe's values

Forgotten values are computed again when they are next asked for.
"""


def add_arguments(parser):
    """Add this command's arguments."""
    actions = parser.add_subparsers(dest="action", metavar="ls|verify|gc", required=True)
    for name in ("ls", "verify", "gc"):
        action = actions.add_parser(name)
        action.add_argument("--store", help="the store's file (default: the user's cache folder)")
        if name == "gc":
            action.add_argument("--older-than", type=float, metavar="DAYS")
            action.add_argument("--max-bytes", type=float, metavar="BYTES")
            action.add_argument("--recipe", metavar="NAME")


def command(args) -> int:
    """Do one action on the store and print what it found."""
    from pathlib import Path

    from emopipe.store import Store, default_path

    path = Path(args.store) if args.store else default_path()
    if not path.exists():
        raise FileNotFoundError(f"no store at {path}: nothing has been extracted there yet")
    store = Store(path)
    print(path)
    if args.action == "ls":
        table = store.ls()
        print(table.to_string(index=False) if len(table) else "empty")
    elif args.action == "verify":
        damaged = store.verify()
        print(f"{len(damaged)} damaged values dropped" if damaged else "every value is intact")
        return 1 if damaged else 0
    else:
        if args.older_than is None and args.max_bytes is None and args.recipe is None:
            raise ValueError("gc needs --older-than, --max-bytes or --recipe: say what to forget")
        removed = store.gc(
            older_than=None if args.older_than is None else args.older_than * 86400,
            max_bytes=None if args.max_bytes is None else int(args.max_bytes),
            recipe=args.recipe,
        )
        print(f"{removed} values forgotten")
    return 0
