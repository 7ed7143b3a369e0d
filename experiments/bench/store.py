"""How quickly does the store answer, and does it stay so while it grows?

Three questions, each with its goal: the features of CREMA-D's 7442 clips read warm (by a process
that has not read them before; the file is in the system's cache), also as a ratio to numpy.load of
the same bytes; 1,000 more entries written to, and read from, a store of 1,000 and one of 100,000;
and what naming 7442 files costs (reading and hashing them) the first time and later, when their
hashes are remembered. Rounds are interleaved, ratios are medians over the rounds.

  python experiments/bench/store.py --quick
  python experiments/bench/store.py --out reports/bench_store.json
"""

import hashlib
import tempfile
import time
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from command import new_parser, write_figures

from emopipe.store import Entry, Store

CLIPS = 7442
# kind -> (values per clip, dtype): the thesis' voice statistics, and VGG-Face's fc7
FEATURES = {"voice": (68, np.float64), "face": (4096, np.float32)}
FEW, MANY, MORE = 1_000, 100_000, 1_000
# As many as the engine puts at once where clips are short: it puts what half a second brought.
AT_ONCE = 200
GOALS = {"seconds": 1.0, "growth": 1.5}


def key(*parts):
    """Return a store's key."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def entries(kind, numbers):
    """Return entries by key."""
    size, dtype = FEATURES[kind]
    counts = {"frames": 12, "faces": 11}
    return {key(kind, i): Entry(np.full(size, i, dtype), counts=counts) for i in numbers}


def put(store, new):
    """Put entries as the engine does, some at a time; return the seconds."""
    items = list(new.items())
    began = perf_counter()
    for start in range(0, len(items), AT_ONCE):
        store.put(dict(items[start : start + AT_ONCE]), name="bench")
    return perf_counter() - began


def warm_read(folder, kind, n, rounds):
    """Return seconds to read the values of n clips: from a store, from one .npy, again."""
    path, rows = folder / f"{kind}.sqlite", []
    with Store(path) as store:
        put(store, entries(kind, range(n)))
    keys = [key(kind, i) for i in range(n)]
    np.save(folder / f"{kind}.npy", np.zeros((n, FEATURES[kind][0]), FEATURES[kind][1]))
    for _ in range(rounds):
        with Store(path) as store:
            seconds = []
            for _ in range(2):
                began = perf_counter()
                values = store.get(keys)
                seconds.append(perf_counter() - began)
            assert len(values) == n
        began = perf_counter()
        np.load(folder / f"{kind}.npy")
        rows.append({"store": seconds[0], "again": seconds[1], "npy": perf_counter() - began})
    return rows


def growth(folder, sizes, rounds):
    """Return, per round and size of store, the seconds of MORE entries written, and read."""
    stores = {n: Store(folder / f"{n}.sqlite", memo_bytes=0) for n in sizes}
    timings, filled, rng = [], {}, np.random.default_rng(0)
    for n, store in stores.items():
        filled[n] = put(store, entries("voice", range(n)))
        began = perf_counter()
        store.close()  # what waits in the journal enters the file
        filled[n] += perf_counter() - began
    for i in range(rounds):
        new = entries("voice", range((i + 1) * 10**7, (i + 1) * 10**7 + MORE))
        for n, store in stores.items():
            keys = [key("voice", j) for j in rng.choice(n, min(n, MORE), replace=False).tolist()]
            written, began = put(store, new), perf_counter()
            assert len(store.get(keys)) == len(keys)
            read = (perf_counter() - began) * MORE / len(keys)
            timings.append({"entries": n, "write": written, "read": read})
    for store in stores.values():
        store.close()
    return timings, filled


def naming(folder, n):
    """Return seconds to name n files by their content the first time and later, and reads."""
    from emopipe.files import checksum, file_stamp

    paths = []
    for i in range(n):
        paths.append(folder / f"{i}.clip")
        paths[-1].write_bytes(i.to_bytes(4, "little") * 25_000)
    time.sleep(2.1)  # hashes of files changed just now are not remembered
    figures = {}
    for when in ("first", "later"):
        with Store(folder / "files.sqlite") as store:
            began = perf_counter()
            stamps = {str(path): file_stamp(path) for path in paths}
            unread = stamps.keys() - store.contents(stamps)
            store.put_contents({path: (stamps[path], checksum(path)) for path in unread})
            figures[when] = {"seconds": perf_counter() - began, "read": len(unread)}
    return figures


def between(timings, what, sizes):
    """Return the median over rounds of the largest store's seconds by the smallest's."""
    seconds = {n: [row[what] for row in timings if row["entries"] == n] for n in sizes}
    pairs = zip(seconds[sizes[-1]], seconds[sizes[0]], strict=True)
    return median(many / few for many, few in pairs)


def show(result):
    """Print the table."""
    rows = []
    for kind, rounds in result["warm"].items():
        size = FEATURES[kind][0]
        seconds = median(r["store"] for r in rounds)
        ratio = median(r["store"] / r["npy"] for r in rounds)
        rows += [
            (f"{kind}: {result['clips']} x {size} read warm, s", seconds, GOALS["seconds"]),
            (f"{kind}: that by numpy.load of the same bytes", ratio, None),
            (f"{kind}: again in the same process, s", median(r["again"] for r in rounds), None),
        ]
    few, many = result["sizes"]
    for what in ("write", "read"):
        name = f"{what} {MORE} entries: store of {many} / of {few}"
        rows.append((name, between(result["growth"], what, result["sizes"]), GOALS["growth"]))
    filled = result["filled"]
    rows.append(
        (
            f"fill and close, per entry: {many} / {few}",
            filled[many] / many * few / filled[few],
            GOALS["growth"],
        )
    )
    for when, figures in result["naming"].items():
        rows.append((f"name {result['clips']} files, {when}: files read", figures["read"], None))
        rows.append((f"name {result['clips']} files, {when}: s", figures["seconds"], None))
    for what, figure, goal in rows:
        verdict = "" if goal is None else f"goal <= {goal:g}: {'yes' if figure <= goal else 'NO'}"
        print(f"{what:58} {figure:9.3f}  {verdict}")
    return rows


def main():
    """Measure, print, write."""
    parser = new_parser(__doc__, "a tenth of the clips and entries")
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    n, sizes, rounds = CLIPS, [FEW, MANY], args.rounds
    if args.quick:
        n, sizes, rounds = n // 10, [FEW, MANY // 10], 3
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        warm = {kind: warm_read(folder, kind, n, rounds) for kind in FEATURES}
        timings, filled = growth(folder, sizes, rounds)
        result = {
            "clips": n, "sizes": sizes, "warm": warm, "growth": timings, "filled": filled,
            "naming": naming(folder, n),
        }  # fmt: skip
    result["table"] = show(result)
    write_figures(args.out, result)


if __name__ == "__main__":
    main()
