"""What does a Dask cluster add to one machine's work, and what grows with clips and their length?

The same clips are extracted serially (one process prepares, this one runs the network), and by
clusters of processes on this machine, each way warmed up before. Rounds are interleaved, figures
are medians, and only ratios within one run mean anything: where other work goes on, even those
waver. Values must be equal to the serial ones byte for byte, or this ends with an error.

  python experiments/bench/cluster.py --quick
  python experiments/bench/cluster.py --sounds RAVDESS --videos CREMA-D/VideoFlash --vggface

Without folders, CREMA-D-like clips are drawn and spoken. Lengths are always measured on drawn ones,
of 2 and 8 seconds. Mini-XCEPTION's weights come from EMOPIPE_MINI_XCEPTION_WEIGHTS or are fetched
(0.9 MB); VGG-Face has random ones, and OpenVINO's runtime where it is installed.
"""

import os
import pickle
import tempfile
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter

import joblib
from command import new_parser, write_figures

FPS = 5.0
# way -> workers, threads of each
WAYS = {"serial": None, "1 worker": (1, 1), "2 workers": (2, 1), "1 worker, 2 threads": (1, 2)}
SECONDS = (2.0, 8.0)


def draw_videos(folder, seconds, n):
    """Return paths of n made videos with sound."""
    from emopipe import load_corpus, make_synthetic_corpus

    options = {"layout": "cremad", "duration": seconds, "size": (360, 480), "oddities": False}
    root = make_synthetic_corpus(folder, subjects=-(-n // 6), **options)
    return [str(path) for path in load_corpus("cremad", root)["path"]][:n]


def list_files(folder, suffixes, n):
    """Return paths of n files below a folder, spread evenly."""
    paths = sorted(str(p) for p in folder.rglob("*") if p.suffix.lower() in suffixes)
    if not paths:
        raise SystemExit(f"no {' or '.join(suffixes)} below {folder}")
    return paths[:: max(1, len(paths) // n)][:n]


def extractors(vggface):
    """Return {kind: transformer}."""
    from emopipe import FaceCrops, MiniXceptionFeatures, ShortTermStatistics, VGGFaceFeatures

    faces = FaceCrops(fps=FPS)
    kinds = {"voice": ShortTermStatistics(), "mini_xception": MiniXceptionFeatures(faces=faces)}
    if vggface:
        runtime = "openvino" if find_spec("openvino") else "keras"
        kinds[f"vggface, {runtime}"] = VGGFaceFeatures(
            faces=faces, weights="random", runtime=runtime
        )
    return kinds


def call(client, extractor, paths, store=None):
    """Return an extraction and its seconds."""
    began = perf_counter()
    extractor = extractor.set_params(store=store, n_jobs=1 if client is None else -1)
    if client is None:
        return extractor.extract(paths), perf_counter() - began
    with joblib.parallel_config("dask", client=client):
        extraction = extractor.extract(paths)
    return extraction, perf_counter() - began


def peak():
    """Return the most megabytes that this process has had."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def payload(extractor, paths):
    """Return the bytes per clip of the tasks that would be sent."""
    from emopipe import __version__
    from emopipe.extraction.dask.run import SLICE, prepare_slice

    limits = {"timeout": 300.0, "memory_limit": 4 * 2**30}
    parts = [paths[i : i + SLICE] for i in range(0, len(paths), SLICE)]
    task = [
        pickle.dumps((prepare_slice, extractor._recipe(), p, limits, __version__)) for p in parts
    ]
    return sum(map(len, task)) / len(paths)


def scan(folder, n):
    """Return what it costs, per clip, to find out that n clips are in the store already."""
    import tracemalloc

    import numpy as np

    from emopipe.extraction import Recipe, extract, loudness
    from emopipe.extraction.clips import Clips
    from emopipe.extraction.pool.batching import Contents
    from emopipe.files import checksum
    from emopipe.store import Entry, Store

    recipe = Recipe("scan", 1, loudness)
    paths = [folder / f"{i:07d}.wav" for i in range(n)]
    for number, path in enumerate(paths):
        path.write_bytes(number.to_bytes(4))
    paths = list(map(str, paths))
    with Store(folder / "scan.sqlite", memo_bytes=0) as store:
        began = perf_counter()
        clips = Clips(paths, recipe, store, lazy=True)
        for path in clips.unread:
            clips.learn(Contents(path, checksum(path), None))
        clips.flush()
        named = perf_counter() - began
        store.put({key: Entry(np.zeros(4)) for key in clips.keys.values()}, name="scan")
        began = perf_counter()
        extract(paths, recipe, store=store, lazy=True)
        spent = perf_counter() - began
        tracemalloc.start()
        extract(paths, recipe, store=store, lazy=True)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    size = store.path.stat().st_size
    figures = {
        "clips": n,
        "seconds_first": named / n,
        "seconds_known": spent / n,
        "client_bytes": most / n,
        "store_bytes_besides_values": size / n - np.zeros(4).nbytes,
    }
    print(
        f"\n{n} tiny files, local disk: named the first time {named / n * 1e6:.0f} us each; when "
        f"known {spent / n * 1e6:.0f} us and {most / n:.0f} bytes of the client's memory; "
        f"{figures['store_bytes_besides_values']:.0f} bytes in the store besides the values"
    )
    return figures


def same(first, other):
    """Say whether two extractions have the same bytes."""
    pairs = zip(first.values, other.values, strict=True)
    return first.statuses == other.statuses and all(
        (a is None) == (b is None) and (a is None or a.tobytes() == b.tobytes()) for a, b in pairs
    )


def measure(kind, extractor, paths, clients, rounds, lengths):
    """Return the figures of one kind of features, and print them."""
    for client in clients.values():
        call(client, extractor, paths[: max(4, len(paths) // 4)])
    early = peaks(clients)
    seconds = {way: [] for way in clients}
    for _ in range(rounds):
        extractions = {}
        for way, client in clients.items():
            extractions[way], spent = call(client, extractor, paths)
            seconds[way].append(spent)
        if not all(same(extractions["serial"], extraction) for extraction in extractions.values()):
            raise SystemExit(f"{kind}: a cluster gave other values than one process")
    spent = {way: median(values) for way, values in seconds.items()}
    figures = {
        "clips": len(paths),
        "seconds": spent,
        "times_serial": {way: spent["serial"] / s for way, s in spent.items()},
        "clips_per_hour_and_core": 3600 * len(paths) / spent["2 workers"] / 2,
        "payload_bytes_per_clip": payload(extractor, paths),
        "value_bytes": next(v.nbytes for v in extractions["serial"].values if v is not None),
        "growth_mb": {way: now - early[way] for way, now in peaks(clients).items()},
        "peak_mb": peaks(clients),
        "longer": longer(extractor, lengths),
    }
    show(kind, figures)
    return figures


def peaks(clients):
    """Return the most megabytes of each cluster's largest worker."""
    return {way: max(c.run(peak).values()) for way, c in clients.items() if c is not None}


def longer(extractor, lengths):
    """Return seconds per clip by the clip's length, in this process alone, interleaved."""
    spent = {seconds: [] for seconds in lengths}
    for _ in range(3):
        for seconds, paths in lengths.items():
            spent[seconds].append(call(None, extractor, paths)[1] / len(paths))
    return {seconds: median(values) for seconds, values in spent.items()}


def show(kind, figures):
    """Print the figures of one kind of features."""
    sent, got = figures["payload_bytes_per_clip"], figures["value_bytes"]
    print(f"\n{kind}: {figures['clips']} clips; {sent:.0f} bytes there and {got} back for each")
    for way, ratio in figures["times_serial"].items():
        more = ""
        if way in figures["peak_mb"]:
            growth = figures["growth_mb"][way]
            more = f"  worker at most {figures['peak_mb'][way]:5.0f} MB, {growth:+.0f} MB since 1/4"
        print(f"  {way:20} {figures['seconds'][way]:7.2f} s  {ratio:5.2f} x serial{more}")
    print(f"  {figures['clips_per_hour_and_core']:.0f} clips per hour and core (2 workers)")
    times = ", ".join(f"{s:g} s: {t * 1000:.0f} ms" for s, t in figures["longer"].items())
    print(f"  by length of a clip: {times}")


def main():
    """Measure, print, write JSON."""
    parser = new_parser(__doc__, "24 recordings, 12 videos, one round")
    parser.add_argument("--sounds", type=Path, help="a folder of recordings for the voice")
    parser.add_argument("--videos", type=Path, help="a folder of videos for the face")
    parser.add_argument("--n", type=int, default=192, help="recordings at most")
    parser.add_argument("--n-videos", type=int, default=24, help="videos at most")
    parser.add_argument("--vggface", action="store_true", help="VGG-Face as well")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if args.quick:
        args.n, args.n_videos, args.rounds = 24, 12, 1
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        result = compare(args, Path(folder), stack)
    write_figures(args.out, result)


def compare(args, folder, stack):
    """Return the figures of all kinds of features."""
    from distributed import Client, LocalCluster

    made = draw_videos(folder / "made", 2.5, args.n) if not (args.sounds and args.videos) else None
    sounds = list_files(args.sounds, {".wav", ".mp4", ".flv"}, args.n) if args.sounds else made
    videos = (
        list_files(args.videos, {".flv", ".mp4"}, args.n_videos)
        if args.videos
        else made[: args.n_videos]
    )
    lengths = {s: draw_videos(folder / f"{s}", s, 2) for s in SECONDS}
    clients = {}
    for way, shape in WAYS.items():
        clients[way] = None
        if shape is not None:
            cluster = stack.enter_context(
                LocalCluster(
                    n_workers=shape[0],
                    threads_per_worker=shape[1],
                    dashboard_address=":0",
                    local_directory=folder,
                )
            )
            clients[way] = stack.enter_context(Client(cluster, set_as_default=False))
    result = {"cores": os.cpu_count(), "fps": FPS}
    for kind, extractor in extractors(args.vggface).items():
        paths = sounds if kind == "voice" else videos
        figures = measure(kind, extractor, paths, clients, args.rounds, lengths)
        result[kind] = figures
    (folder / "scan").mkdir()
    return result | {"scan": scan(folder / "scan", 2_000 if args.quick else 20_000)}


if __name__ == "__main__":
    main()
