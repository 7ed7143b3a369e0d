"""How near does the engine come to its slowest stage, and how far ahead of a loop over frames?

Stages are measured alone over the same clips and cores: decoding and detection in as many processes
as the engine uses (their seconds added up, divided by the processes: perfectly shared out), the
network in this process. Where the network has a device of its own, the slowest stage is the limit.
On a CPU all stages need the same cores: nothing is gained by overlapping them, and the limit is the
sum of their times, "all stages on the same cores".

The loop is what py-feat and DeepFace do to a video, written here: cv2.VideoCapture, and for one
frame after the other the detector, the largest box's crop and one call of the network. Detector,
crops, network and weights are the engine's own. The loop has neither tracks, nor a store, nor
limits for hostile files, in one process (OpenCV and the network use threads as they like).
  eager      Keras' model(face, training=False), as DeepFace calls it, at the engine's frame rate
  compiled   the same with the engine's compiled call, one face at a time: the strictest comparison
  every      eager, and every frame, which is those libraries' default
  DeepFace   eager, and DeepFace's own detection and alignment (extract_faces with its default
             detector, OpenCV's Haar cascades) in place of the engine's, where it is installed
             (pip install deepface tf-keras); with --detector haar only

  python experiments/bench/extract.py --quick
  python experiments/bench/extract.py --clips CREMA-D --networks vggface --runtimes openvino

Rounds are interleaved, ratios are medians over the rounds. Without --clips, six CREMA-D-like videos
with drawn faces are made. Mini-XCEPTION's weights come from EMOPIPE_MINI_XCEPTION_WEIGHTS or are
fetched (0.9 MB); VGG-Face has random ones.
"""

import importlib.util
import multiprocessing
import os
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median
from time import perf_counter

import joblib
import numpy as np
from command import clips_of, new_parser, write_figures

FPS = 5.0
GOALS = {"stage": 0.8, "loop": 3.0}


def extractor(name, runtime, precision, crops, **options):
    """Return the transformer, the function faces -> rows that it calls, and its eager Keras way."""
    from emopipe import FaceCrops, MiniXceptionFeatures, VGGFaceFeatures

    faces = FaceCrops(fps=FPS, **crops)
    if name == "mini_xception":
        face = MiniXceptionFeatures(faces=faces, **options)
    else:
        how = {"weights": "random", "runtime": runtime, "precision": precision}
        face = VGGFaceFeatures(faces=faces, **how, **options)
    recipe = face._recipe()
    return face, lambda faces: recipe.finish(faces, **recipe.finish_args)


def eager_call(name):
    """Return faces -> rows by Keras' own call, as DeepFace does with every face."""
    if name == "vggface":
        from face import deepface_way

        return deepface_way()[0]
    from emopipe.backbones.hdf5 import load_by_name
    from emopipe.backbones.mini_xception import PUBLISHED, keras_model
    from emopipe.backbones.weights import fetch

    model = keras_model()
    load_by_name(model, fetch(PUBLISHED.sha256, PUBLISHED))
    return lambda faces: np.asarray(model(faces, training=False))


def _decode(path):
    from emopipe.media import frames

    began = perf_counter()
    n = sum(1 for _ in frames(path, fps=FPS))
    return perf_counter() - began, n


def _detect(path, detector, model, size, margin):
    import cv2

    from emopipe.face import crop, load_detector
    from emopipe.media import frames

    cv2.setNumThreads(1)
    images, find = [image for _, image in frames(path, fps=FPS)], load_detector(detector, model)
    began = perf_counter()
    boxes = [find(image) for image in images]
    pairs = zip(images, boxes, strict=True)
    crops = [crop(im, _largest(b), size=size, margin=margin) for im, b in pairs if len(b)]
    return perf_counter() - began, crops


def _largest(boxes):
    return boxes[np.argmax(boxes[:, 2] * boxes[:, 3])]


def _look(face):
    """Return what `crop` and the detector are asked for by a transformer."""
    recipe = face._recipe()
    options = recipe.prepare_args
    return options["detector"], recipe.places["model"], tuple(options["size"]), options["margin"]


def stages(pool, n_jobs, paths, face, call):
    """Return the seconds of each stage alone, on all cores, and of the whole way."""
    decoded = list(pool.map(_decode, paths))
    detected = list(pool.map(_detect, paths, *zip(*[_look(face)] * len(paths), strict=True)))
    faces = np.stack([crop for _, crops in detected for crop in crops])
    began = perf_counter()
    for start in range(0, len(faces), face.batch_size):
        call(faces[start : start + face.batch_size])
    network = perf_counter() - began
    extraction = face.extract(paths)
    return {
        "decode": sum(seconds for seconds, _ in decoded) / n_jobs,
        "detect": sum(seconds for seconds, _ in detected) / n_jobs,
        "network": network,
        "whole": extraction.seconds["wall"],
    }, extraction


def engines_crop(face):
    """Return RGB image -> crop of the largest face, or None, by the engine's detector."""
    from emopipe.face import crop, load_detector

    detector, model, size, margin = _look(face)
    find = load_detector(detector, model)

    def look(image):
        boxes = find(image)
        return crop(image, _largest(boxes), size=size, margin=margin) if len(boxes) else None

    return look


def deepface_crop(face):
    """Return RGB image -> crop of the largest face, or None, by DeepFace itself."""
    import cv2
    from deepface import DeepFace

    *_, size, _ = _look(face)

    def look(image):
        bgr = np.ascontiguousarray(image[:, :, ::-1])
        faces = DeepFace.extract_faces(bgr, detector_backend="opencv", enforce_detection=False)
        faces = [face for face in faces if face["confidence"] > 0]
        if not faces:
            return None
        areas = [face["facial_area"]["w"] * face["facial_area"]["h"] for face in faces]
        largest = faces[int(np.argmax(areas))]["face"]
        return cv2.resize((255 * largest).astype(np.uint8), size[::-1])

    return look


def loop(paths, look, call, fps):
    """Go through clips frame by frame; return the seconds and each clip's mean row."""
    import cv2

    means = []
    began = perf_counter()
    for path in paths:
        film, rows, i, due = cv2.VideoCapture(path), [], 0, 0.0
        step = 1.0 if fps is None else film.get(cv2.CAP_PROP_FPS) / fps
        while film.grab():
            if i >= due - 1e-9:
                image = cv2.cvtColor(film.retrieve()[1], cv2.COLOR_BGR2RGB)
                crop = look(image)
                if crop is not None:
                    rows.append(call(crop[None]))
                due += step
            i += 1
        film.release()
        means.append(np.concatenate(rows).mean(axis=0) if rows else None)
    return perf_counter() - began, means


def compare(paths, name, runtime, precision, crops, n_jobs, rounds, every):
    """Return the figures of one network."""
    network = (name, runtime, precision)
    options = {"store": None, "n_jobs": n_jobs}
    face, call = extractor(*network, crops, **options)
    following, _ = extractor(*network, crops | {"detect_every": every}, **options)
    eager, looks = eager_call(name), {"eager": engines_crop(face)}
    if crops["detector"] == "haar" and importlib.util.find_spec("deepface"):
        looks["DeepFace"] = deepface_crop(face)
    face.extract(paths[:n_jobs])
    for look in looks.values():
        loop(paths[:1], look, eager, FPS)
    rows, differences = [], []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_jobs, mp_context=context) as pool:
        list(pool.map(_decode, paths[:1] * n_jobs))
        for i in range(rounds):
            row, extraction = stages(pool, n_jobs, paths, face, call)
            row["following"] = following.extract(paths).seconds["wall"]
            for way, look in looks.items():
                row[f"loop, {way}"], _ = loop(paths, look, eager, FPS)
            row["loop, compiled"], means = loop(paths, looks["eager"], call, FPS)
            if i == 0:
                row["loop, every"], _ = loop(paths, looks["eager"], eager, None)
                pairs = zip(means, extraction.values, strict=True)
                differences = [np.abs(a - b).max() / b.max() for a, b in pairs if b is not None]
            rows.append(row)
    return {
        "network": " ".join(filter(None, network)),
        "rounds": rows,
        "difference_to_loop": float(max(differences, default=np.nan)),
        "where_time_went": extraction.summary(),
    }


def judge(figures, n_clips, every):
    """Return (what, figure, goal or None) from the rounds of one network."""
    rounds = figures["rounds"]
    alone = ("decode", "detect", "network")

    def ratio(first, other):
        pairs = [(r[first], r[other]) for r in rounds if first in r]
        return median(a / b for a, b in pairs)

    slowest = max(alone, key=lambda stage: median(row[stage] for row in rounds))
    whole = median(row["whole"] for row in rounds)
    rates = [(f"{s} alone, clips/s", n_clips / median(r[s] for r in rounds), None) for s in alone]
    singly = median(sum(row[stage] for stage in alone) / row["whole"] for row in rounds)
    kth, goal = f"detect_every={every}: over loop", GOALS["loop"]
    deepface = [
        (f"{what}, DeepFace's own detection, same frames", ratio("loop, DeepFace", which), goal)
        for what, which in (("over loop", "whole"), (kth, "following"))
        if "loop, DeepFace" in rounds[0]
    ]
    return [
        *rates,
        ("whole way, clips/s", n_clips / whole, None),
        (f"whole way / slowest stage alone ({slowest})", ratio(slowest, "whole"), GOALS["stage"]),
        ("whole way / all stages on the same cores", singly, GOALS["stage"]),
        ("over loop, eager, same frames", ratio("loop, eager", "whole"), goal),
        ("over loop, compiled, same frames", ratio("loop, compiled", "whole"), None),
        ("over loop, eager, every frame", ratio("loop, every", "whole"), None),
        (f"{kth}, eager, same frames", ratio("loop, eager", "following"), goal),
        (f"{kth}, compiled, same frames", ratio("loop, compiled", "following"), None),
        *deepface,
    ]


def show(title, rows):
    """Print (what, figure, goal or None) rows."""
    print(f"\n{title}")
    for what, figure, goal in rows:
        verdict = "" if goal is None else f"goal >= {goal:g}: {'yes' if figure >= goal else 'NO'}"
        print(f"  {what:58} {figure:8.2f}  {verdict}")


def arguments():
    """Return what is asked for on the command line."""
    parser = new_parser(__doc__, "six clips, one round")
    parser.add_argument("--clips", type=Path, nargs="+", default=[], help="folders of videos")
    parser.add_argument("--n", type=int, default=24, help="videos at most")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks", nargs="+", default=["mini_xception"])
    parser.add_argument("--runtimes", nargs="+", default=["keras"], help="of vggface")
    parser.add_argument("--precision", default="float32", help="of vggface")
    parser.add_argument("--detector", default="haar")
    parser.add_argument("--detector-model", type=Path)
    parser.add_argument("--every", type=int, default=5, help="k of detect_every")
    return parser.parse_args()


def measure(paths, args, n_jobs):
    """Return the figures of every network, and print them."""
    crops = {"detector": args.detector, "detector_model": args.detector_model}
    rounds, rows = 1 if args.quick else args.rounds, []
    for name in args.networks:
        for runtime in args.runtimes if name == "vggface" else [""]:
            precision = args.precision if runtime else ""
            figures = compare(paths, name, runtime, precision, crops, n_jobs, rounds, args.every)
            figures["table"] = judge(figures, len(paths), args.every)
            show(figures["network"], figures["table"])
            print(f"  differs from the loop by at most {figures['difference_to_loop']:.1e}")
            print("  " + figures["where_time_went"].replace("\n", "\n  "))
            rows.append(figures)
    return rows


def main():
    """Measure, print, write."""
    args = arguments()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    n_jobs = joblib.cpu_count()
    with tempfile.TemporaryDirectory() as work:
        paths = clips_of(args.clips, 6 if args.quick else args.n, Path(work))
        print(f"{len(paths)} clips, {FPS:g} frames/s, {n_jobs} cores, detector {args.detector}")
        networks = measure(paths, args, n_jobs)
    result = {"clips": len(paths), "cores": n_jobs, "detector": args.detector}
    write_figures(args.out, result | {"networks": networks})


if __name__ == "__main__":
    main()
