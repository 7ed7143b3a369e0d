"""Does memory grow with the length of a video, or with the number of clips?

Every figure comes from a fresh process: it imports what is needed, loads the network, takes a tiny
clip through both, and notes what it and its worker process then hold; then it extracts, and the
highest resident memory of either (the kernel's own account, VmHWM) is compared with that. So the
figures leave out the imports and the network, and nothing else.

Videos: 720p, 25 frames/s, with a drawn face that moves and a voice, a few seconds repeated to the
length wanted. What is left of growth is FFmpeg's index of an MP4's packets, some 10 MB per hour.
Clips: half a second of sound each; what their number must cost is the features
themselves (n x 68 x 8 bytes). Beyond that a process remembers what it put into or read from the
store (at most 256 MB), and Extraction.values holds every value unless extract(lazy=True).

  python experiments/bench/memory.py --quick
  python experiments/bench/memory.py --full --out reports/bench_memory.json

Linux only.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import wave
from pathlib import Path
from time import perf_counter

import numpy as np
from command import new_parser, write_figures

GOAL = 300.0  # MB
MB = 1e6
# How tiny clips are extracted: name -> (options of extract, megabytes the store remembers).
WAYS = {"as they are": ({}, 256), "lazy, no memo": ({"lazy": True}, 0)}


def short_film(folder):
    """Return a film of four seconds with face and voice, 720p."""
    from emopipe import load_corpus, make_synthetic_corpus

    how = {"subjects": 1, "emotions": ["happiness"], "oddities": False, "duration": 4.0}
    root = make_synthetic_corpus(folder, layout="ravdess", size=(720, 1280), **how)
    clips = load_corpus("ravdess", root, modality="audio-visual")
    return clips.loc[clips["media"] == "video", "path"].iloc[0]


def long_film(film, path, minutes):
    """Write a film again and again, to a length in minutes, without coding it anew."""
    import av

    with av.open(str(path), "w") as out:
        streams, shift = {}, 0.0
        while shift < minutes * 60:
            with av.open(film) as source:
                for stream in source.streams:
                    if stream.type not in streams:
                        streams[stream.type] = out.add_stream_from_template(stream)
                end = source.duration / 1e6
                for packet in source.demux():
                    if packet.dts is not None:
                        offset = round(shift / packet.time_base)
                        packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                        packet.stream = streams[packet.stream.type]
                        out.mux(packet)
            shift += end
    return path


def tiny_clips(folder, n, seed=0):
    """Write n half seconds of sound, each another one."""
    folder.mkdir()
    noise, paths = np.random.default_rng(seed).integers(-8000, 8000, 8000 + n, dtype=np.int16), []
    for i in range(n):
        paths.append(str(folder / f"{i:06d}.wav"))
        with wave.open(paths[-1], "wb") as file:
            file.setparams((1, 2, 16000, 0, "NONE", ""))
            file.writeframes(noise[i : i + 8000].tobytes())
    return paths


def tiny_picture(path):
    """Write a grey picture, in which there is no face."""
    import cv2

    cv2.imwrite(path, np.full((64, 64, 3), 99, np.uint8))
    return path


def memory(pid, what):
    """Return a process's memory in bytes: "VmRSS" now, "VmHWM" at most."""
    with open(f"/proc/{pid}/status") as file:
        line = next(line for line in file if line.startswith(what))
    return int(line.split()[1]) * 1024


def descendants(pid):
    """Return the processes that a process started."""
    children = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as file:
            children += [int(child) for child in file.read().split()]
    return children


def transformer(kind, fps, **options):
    """Return what extracts voice, or faces."""
    if kind == "voice":
        from emopipe import ShortTermStatistics

        return ShortTermStatistics(**options)
    from emopipe import FaceCrops, MiniXceptionFeatures, VGGFaceFeatures

    faces = FaceCrops(fps=fps)
    if kind == "mini_xception":
        return MiniXceptionFeatures(faces=faces, **options)
    return VGGFaceFeatures(
        weights="random", runtime="openvino", precision="bfloat16", faces=faces, **options
    )


def child(kind, paths, fps, way, folder):
    """Extract in this process and print what it took, as JSON."""
    from emopipe.extraction import extract
    from emopipe.store import Store

    options, remembered = WAYS[way]
    store = Store(f"{folder}/store.sqlite", memo_bytes=remembered * 10**6)
    recipe = transformer(kind, fps)._recipe()
    options = options | {"store": store, "n_jobs": 1}
    paths = Path(paths).read_text().split("\n")
    if kind == "voice":
        (tiny,) = tiny_clips(Path(folder) / "tiny", 1, seed=1)
    else:
        tiny = tiny_picture(f"{folder}/tiny.png")
        size = recipe.prepare_args["size"]
        recipe.finish(np.zeros((2, *size, 3), np.uint8), **recipe.finish_args)
    extract([tiny], recipe, **options)
    pids = [os.getpid(), *descendants(os.getpid())]
    before = [memory(pid, "VmRSS") for pid in pids]
    began = perf_counter()
    extraction = extract(paths, recipe, **options)
    seconds = perf_counter() - began
    after = [memory(pid, "VmHWM") for pid in pids]
    statuses = {status: extraction.statuses.count(status) for status in set(extraction.statuses)}
    results = sum(value.nbytes for value in extraction.values if value is not None)
    grown = [max(0, a - b) for a, b in zip(after, before, strict=True)]
    print(json.dumps({
        "base_MB": [b / MB for b in before], "here_MB": grown[0] / MB,
        "worker_MB": sum(grown[1:]) / MB, "seconds": seconds, "statuses": statuses,
        "results_MB": results / MB, "prepared": extraction.prepared,
    }))  # fmt: skip


def measure(kind, paths, fps=1.0, way="as they are"):
    """Return what a fresh process took for some clips."""
    with tempfile.TemporaryDirectory() as folder:
        names = Path(folder) / "paths.txt"
        names.write_text("\n".join(map(str, paths)))
        command = [sys.executable, __file__, "--child", kind, str(names), str(fps), way, folder]
        process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(process.stdout.splitlines()[-1])


def slope(rows, x, y):
    """Return how much y grows per x between the two last rows."""
    return (rows[-1][y] - rows[-2][y]) / (rows[-1][x] - rows[-2][x])


def show(videos, clips):
    """Print the tables."""
    print("Videos: highest memory above imports and network, MB (goal: <= 300 at any length)")
    print("  kind           minutes   here  worker    sum   seconds")
    for kind, rows in videos.items():
        for row in rows:
            verdict = "yes" if row["sum_MB"] <= GOAL else "NO"
            print(f"  {kind:14} {row['minutes']:7} {row['here_MB']:6.0f} {row['worker_MB']:7.0f}"
                  f" {row['sum_MB']:6.0f} {row['seconds']:9.1f}  {row['statuses']}"
                  f"  goal <= {GOAL:g}: {verdict}")  # fmt: skip
        if len(rows) > 1:
            print(f"  {kind:14} slope of the two longest: "
                  f"{60 * slope(rows, 'minutes', 'sum_MB'):.1f} MB per hour")  # fmt: skip
    print("\nTiny clips: highest memory above imports, MB (goal: no growth but the results)")
    print("  way               clips   here  worker  results")
    for way, rows in clips.items():
        for row in rows:
            print(f"  {way:14} {row['clips']:8} {row['here_MB']:6.1f} {row['worker_MB']:7.1f}"
                  f" {row['results_MB']:8.1f}")  # fmt: skip
        here, worker, results = (
            slope(rows, "clips", f"{what}_MB") * MB for what in ("here", "worker", "results")
        )
        print(f"  {way:14} bytes per clip: here {here:.0f}, worker {worker:.0f}; "
              f"of them results {results:.0f}")  # fmt: skip


def main():
    """Measure, print, write."""
    parser = new_parser(__doc__, "1 and 3 minutes, 200 and 1000 clips")
    parser.add_argument("--full", action="store_true", help="also 3 hours, and 10,000 clips")
    parser.add_argument("--minutes", type=float, nargs="+", help="lengths of the videos")
    parser.add_argument("--kinds", nargs="+", default=["voice", "mini_xception"],
                        help="voice, mini_xception, vggface (OpenVINO)")  # fmt: skip
    parser.add_argument("--fps", type=float, default=1.0, help="frames per second looked at")
    parser.add_argument("--child", nargs=5, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if args.child:
        kind, paths, fps, way, folder = args.child
        return child(kind, paths, float(fps), way, folder)
    minutes = args.minutes or ([1, 3] if args.quick else [1, 10, 60] + [180] * args.full)
    counts = [200, 1000] if args.quick else [1000, 10_000 if args.full else 4000]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        film, videos = short_film(folder / "film"), {kind: [] for kind in args.kinds}
        for length in minutes:
            path = long_film(film, folder / "long.mp4", length)
            for kind, rows in videos.items():
                row = measure(kind, [path], args.fps) | {"minutes": length}
                rows.append(row | {"sum_MB": row["here_MB"] + row["worker_MB"]})
        paths = tiny_clips(folder / "clips", counts[-1])
        clips = {
            way: [measure("voice", paths[:n], way=way) | {"clips": n} for n in counts]
            for way in WAYS
        }
    show(videos, clips)
    write_figures(args.out, {"videos": videos, "clips": clips})


if __name__ == "__main__":
    main()
