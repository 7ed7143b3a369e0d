"""How many faces a second does VGG-Face take, by runtime and precision, against DeepFace's way?

DeepFace's way is its graph (zero padding and convolutions in Keras, fully connected layers as
convolutions) called on one float image at a time, or with predict_on_batch. Where DeepFace itself
is installed (pip install deepface tf-keras), it is what the others are compared with. All networks
have random weights: speed does not depend on them. Rounds are interleaved, medians are printed, and
only ratios within one run mean anything. How near OpenVINO is to the processor's limit is told by
the network's operations per second over those of a product of two large matrices in OpenVINO.

  python experiments/bench/face.py --quick
  python experiments/bench/face.py --rounds 9 --out reports/bench_face.json
"""

import importlib.util
import os
import platform
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from command import new_parser, write_figures

WEIGHTS = "random:0"
OURS = [(runtime, precision) for runtime in ("keras", "openvino")
        for precision in ("float32", "bfloat16")]  # fmt: skip
OVERHEAD_OF = ("openvino", "bfloat16")


def crops(n):
    """Return n smooth coloured pictures."""
    import cv2

    coarse = np.random.default_rng(0).integers(0, 256, (n, 12, 12, 3), dtype=np.uint8)
    return np.stack([cv2.resize(c, (224, 224), interpolation=cv2.INTER_CUBIC) for c in coarse])


def deepface_way():
    """Return (one image at a time, a batch at once) as DeepFace 0.0.103 calls its network."""
    import keras

    from emopipe.backbones.vgg_graph import VGGFACE
    from emopipe.backbones.vgg_weights import layer_weights

    layers, weights = keras.layers, layer_weights(WEIGHTS)
    model = keras.Sequential([keras.Input((224, 224, 3))])
    for kind, _, width in VGGFACE.steps("fc7"):
        if kind == "convolution":
            model.add(layers.ZeroPadding2D(1))
        if kind in ("convolution", "matrix"):
            _, kernel, bias = next(weights)
            model.add(layers.Conv2D(width, kernel.shape[:2], activation="relu"))
            model.layers[-1].set_weights([kernel, bias])
        elif kind == "pooling":
            model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())

    def single(faces):
        faces = _floats(faces)
        return np.concatenate([model(face[None], training=False).numpy() for face in faces])

    return single, lambda faces: model.predict_on_batch(_floats(faces))


def _floats(faces):
    return faces[..., ::-1].astype(np.float32) / 255


def deepface_itself():
    """Return (one image at a time, a batch at once) by DeepFace's own VGG-Face."""
    from deepface.models.facial_recognition.tf.VGGFace import VggFaceClient, base_model
    from tensorflow.keras.layers import Flatten
    from tensorflow.keras.models import Model

    # As its load_model does, but for the weights, which would have to be fetched.
    client, graph = VggFaceClient.__new__(VggFaceClient), base_model()
    client.model_name = "VGG-Face"
    client.model = Model(graph.input, Flatten()(graph.layers[-5].output))

    def single(faces):
        return np.array([client.forward(face[None]) for face in _floats(faces)])

    return single, lambda faces: np.array(client.forward(_floats(faces)))


def networks():
    """Return {name: {batch size: function of faces}}."""
    from emopipe.backbones.vggface import network

    ways = {"DeepFace's way": deepface_way}
    if importlib.util.find_spec("deepface"):
        ways = {"DeepFace": deepface_itself} | ways
    calls = {name: dict(zip((1, 16), way(), strict=True)) for name, way in ways.items()}
    for runtime, precision in OURS:
        try:
            call = network(WEIGHTS, runtime=runtime, precision=precision)
        except ImportError as error:
            print(f"left out: {error}")
            continue
        calls[f"{runtime} {precision}"] = {1: _call_singly(call), 16: call}
    return calls


def _call_singly(call):
    return lambda faces: np.concatenate([call(faces[i : i + 1]) for i in range(len(faces))])


def time_calls(calls, faces, rounds):
    """Return {name: median seconds}, one call of each after the other in every round."""
    for call in calls.values():
        call(faces[:2])
    seconds = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            began = perf_counter()
            call(faces)
            seconds[name].append(perf_counter() - began)
    return {name: median(values) for name, values in seconds.items()}


def speeds(calls_by_name, rounds):
    """Return a row per network and batch size, with the ratio to the first of them."""
    baseline, rows = next(iter(calls_by_name)), []
    for size in (1, 16):
        faces = crops(16 if size == 16 else 4)
        seconds = time_calls(
            {name: calls[size] for name, calls in calls_by_name.items()}, faces, rounds
        )
        for name, spent in seconds.items():
            rate, ratio = len(faces) / spent, seconds[baseline] / spent
            rows.append({"network": name, "batch": size, "faces_per_second": rate, "ratio": ratio})
            print(f"{name:20} batch {size:2}  {rate:7.2f} faces/s  {ratio:5.2f} x")
    return rows


def product_rate(precision, rounds, side=2048):
    """Return the operations per second of a product of two matrices by OpenVINO."""
    import openvino
    from openvino import opset13 as ops

    from emopipe.backbones.runtimes import openvino_call

    draws = np.random.default_rng(0).standard_normal((side, side), dtype=np.float32)
    rows = ops.parameter([-1, side], np.float32)
    graph = openvino.Model([ops.matmul(rows, ops.constant(draws), False, False)], [rows])
    spent = time_calls({"product": openvino_call(graph, precision)}, draws, rounds)["product"]
    return 2 * side**3 / spent


def limits(rows, rounds):
    """Return the share of such a product's rate that each of OpenVINO's networks has."""
    from device import operations

    shares = {}
    for precision in ("float32", "bfloat16"):
        runtime_rows = [row for row in rows if row["network"] == f"openvino {precision}"]
        rate = product_rate(precision, rounds) if runtime_rows else None
        for row in runtime_rows:
            share = row["faces_per_second"] * operations() / rate
            shares[f"{precision}, batch {row['batch']}"] = share
            print(f"{row['network']:20} batch {row['batch']:2}  {share:.2f} of a product's rate")
    return shares


def overhead(call, n, rounds):
    """Return the seconds of n images through VGGFaceFeatures over bare calls on the same crops."""
    import cv2

    from emopipe import FaceCrops, VGGFaceFeatures

    runtime, precision = OVERHEAD_OF
    face = VGGFaceFeatures(
        weights="random", faces=FaceCrops(detector=None), runtime=runtime, precision=precision,
        store=None, n_jobs=1,
    )  # fmt: skip
    faces = crops(n)
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/{i}.png" for i in range(n)]
        for path, picture in zip(paths, faces, strict=True):
            cv2.imwrite(path, picture[..., ::-1])
        face.extract(paths[:1])
        networks, walls, bare = [], [], []
        for _ in range(rounds):
            began = perf_counter()
            for start in range(0, n, 16):
                call(faces[start : start + 16])
            bare.append(perf_counter() - began)
            began = perf_counter()
            networks.append(face.extract(paths).seconds["network"])
            walls.append(perf_counter() - began)
    return {
        "of": " ".join(OVERHEAD_OF),
        "network_over_bare": median(a / b for a, b in zip(networks, bare, strict=True)),
        "whole_way_over_bare": median(a / b for a, b in zip(walls, bare, strict=True)),
    }


def drift(calls):
    """Return the cosines of bfloat16's rows with float32's, per runtime."""
    faces, cosines = crops(16), {}
    for runtime in ("keras", "openvino"):
        pair = [calls.get(f"{runtime} {precision}") for precision in ("float32", "bfloat16")]
        if None in pair:
            continue
        exact, rough = (calls[16](faces).astype(np.float64) for calls in pair)
        lengths = np.linalg.norm(exact, axis=1) * np.linalg.norm(rough, axis=1)
        cosine = np.sum(exact * rough, axis=1) / lengths
        cosines[runtime] = {"lowest": float(cosine.min()), "median": float(np.median(cosine))}
        print(f"{runtime:20} bfloat16 against float32: cosine >= {cosine.min():.6f}")
    return cosines


def main():
    """Measure, print a table, write JSON."""
    parser = new_parser(__doc__, "two rounds instead of seven", Path("reports/bench_face.json"))
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")  # what DeepFace needs; ours is Keras 3
    rounds = 2 if args.quick else args.rounds
    calls = networks()
    result = {
        "machine": {"processor": platform.processor(), "cores": os.cpu_count()},
        "rounds": rounds,
        "speeds": speeds(calls, rounds),
        "drift": drift(calls),
    }
    result["share_of_a_products_rate"] = limits(result["speeds"], rounds)
    overhead_calls = calls.get(" ".join(OVERHEAD_OF))
    if overhead_calls:
        result["overhead"] = overhead(overhead_calls[16], 32 if args.quick else 128, rounds)
        print("through VGGFaceFeatures:", result["overhead"])
    write_figures(args.out, result)


if __name__ == "__main__":
    main()
