"""List the corpora that emopipe reads.

emopipe corpora           all names, one line each
emopipe corpora cremad    layout on disk, where to request it, licence, paper
"""


def add_arguments(parser):
    """Add this command's arguments."""
    parser.add_argument("name", nargs="?", help="one corpus, in full")


def command(args) -> int:
    """Print one corpus, or all."""
    from emopipe.corpora import corpus_names, describe_corpus

    names = [args.name] if args.name else corpus_names()
    width = max(len(name) for name in names)
    for name in names:
        description = describe_corpus(name)
        print(f"{name:<{width}}  {description.title}")
        if args.name:
            for field in ("layout", "request", "licence", "paper"):
                text = getattr(description, field).strip("\n")
                print(f"\n{field}:\n" + "\n".join(f"  {line}" for line in text.splitlines()))
    return 0
