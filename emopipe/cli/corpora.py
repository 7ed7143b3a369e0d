"""List the corpora that emopipe reads, and show how clips of your own are described.

emopipe corpora           all names, one line each
emopipe corpora cremad    layout on disk, where to request it, licence, paper
emopipe corpora csv       the columns of a table of your own clips, with an example
"""

_CSV = """\
Clips of your own: --corpus NAME=TABLE, or --corpus NAME=FOLDER, in extract, train and run.

A table (.csv, .tsv or .xlsx; UTF-8; comma, semicolon or tab) with one row per clip:

  path        the recording: relative to the table, or absolute                            needed
  emotion     {emotions},               needed
              or a usual form (angry, happy, sad ...); your own: --codes cheerful=happy,other=
  subject     who is heard and seen: folds keep people apart by it                for evaluation
  start, end  seconds, where a row is a part of a recording; or in path: clip.wav#t=0,1.5
  audio       a separate recording of the sound
  split       train, val or test, where the collection has official parts
  train_only  yes for clips that are never tested on
  excluded    why a clip is left out, empty for all others
  sex, age, statement, intensity ... anything else is kept, and named in reports

An example:

  path,subject,emotion
  anna/take1.mp4,anna,happy
  ben/take1.mp4,ben,sad

A folder, without a table: a folder per emotion (FOLDER/happy/a.mp4), or names that a pattern
explains:

  --corpus mine=FOLDER --pattern '{{subject}}-{{statement}}-{{emotion}}_{{take}}.mp4' \\
      --codes 01=neutral,02=sad,03=happy

{{}} and * stand for anything that does not matter. A database of audformat (db.yaml beside its
tables) is a folder, too. In Python: emopipe.load_table and emopipe.load_folder."""


def add_arguments(parser):
    """Add this command's arguments."""
    parser.add_argument("name", nargs="?", help="one corpus, in full; or csv")


def command(args) -> int:
    """Print one corpus, all, or how to describe one's own clips."""
    from emopipe.corpora import EMOTIONS, corpus_names, describe_corpus

    if args.name == "csv":
        print(_CSV.format(emotions=", ".join(EMOTIONS)))
        return 0
    names = [args.name] if args.name else corpus_names()
    width = max(len(name) for name in names)
    for name in names:
        description = describe_corpus(name)
        print(f"{name:<{width}}  {description.title}")
        if args.name:
            for field in ("layout", "request", "licence", "paper"):
                text = getattr(description, field).strip("\n")
                print(f"\n{field}:\n" + "\n".join(f"  {line}" for line in text.splitlines()))
    if not args.name:
        print(f"{'csv':<{width}}  clips of your own: a table, or a folder (`emopipe corpora csv`)")
    return 0
