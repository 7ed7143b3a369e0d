"""How near a GPU's limit (or that of whatever Keras runs on) are VGG-Face and the training loop?

Three parts, each with what it is measured against, in one run:

  matrices   large products in bfloat16: the rate that this device reaches at best
  faces      VGG-Face up to fc7 on uint8 crops: the bare forward pass (crops lie on the device,
             nothing is fetched), the same through emopipe's runtime, and pictures through
             VGGFaceFeatures, where worker processes decode while the network works
  training   system A at the paper's size, 20 crops of 98 x 80 and a spectrogram of 192 x 120:
             clips per second of training with copies made anew, against the same batch given again
             and again; what is lost between the two is the device's waiting. And prediction.

On a CPU the figures say little, but the script runs: --quick does so in about a minute.

  python experiments/bench/device.py --quick
  KERAS_BACKEND=jax python experiments/bench/device.py --precision bfloat16 --out device.json
"""

import os
import tempfile
from statistics import median
from time import perf_counter

import numpy as np
from command import new_parser, write_figures

GOALS = {"faces of bare": 0.9, "bare of matrices": 0.4}
CLASSES = 6


def seconds_of(function, rounds):
    """Return the median seconds of a call, after one that does not count."""
    function()
    spent = []
    for _ in range(rounds):
        began = perf_counter()
        function()
        spent.append(perf_counter() - began)
    return median(spent)


def compile_call(function, backend):
    """Compile a function of device arrays, and make it wait for its end."""
    if backend == "tensorflow":
        import tensorflow as tf

        traced = tf.function(function, jit_compile=bool(tf.config.list_physical_devices("GPU")))
        return lambda *arguments: traced(*arguments).numpy()
    if backend == "jax":
        import jax

        traced = jax.jit(function)
        return lambda *arguments: traced(*arguments).block_until_ready()
    import torch

    def call(*arguments):
        with torch.no_grad():
            output = function(*arguments)
        return output.cpu()

    return call


def matrix_rate(side, rounds, backend):
    """Return floating-point operations per second of products of bfloat16 matrices."""
    from keras import ops

    draws = np.random.default_rng(0).standard_normal((side, side), dtype=np.float32) / side**0.5
    matrix, times = ops.cast(ops.convert_to_tensor(draws), "bfloat16"), 8

    def product(x):
        for _ in range(times):
            x = ops.matmul(x, matrix)
        return ops.sum(ops.cast(x, "float32"))

    call = compile_call(product, backend)
    return times * 2 * side**3 / seconds_of(lambda: call(matrix), rounds)


def operations():
    """Return the floating-point operations of VGG-Face up to fc7, for one crop."""
    from emopipe.backbones.vgg_graph import VGGFACE

    kernels, side, total = VGGFACE.kernels("fc7"), VGGFACE.size, 0
    for kind, name, _ in VGGFACE.steps("fc7"):
        if kind == "pooling":
            side //= 2
        elif name:
            total += 2 * int(np.prod(kernels[name])) * (side**2 if kind == "convolution" else 1)
    return total


def faces(batch, n, rounds, precision, backend):
    """Return faces per second of the bare pass, of the runtime and of the whole way."""
    import cv2
    from keras import ops

    from emopipe import FaceCrops, VGGFaceFeatures
    from emopipe.backbones.runtimes import keras_call
    from emopipe.backbones.vgg_graph import keras_model
    from emopipe.backbones.vgg_weights import layer_weights
    from emopipe.training.compiling import dtype_policy

    model = keras_model(layer_weights("random:0"), dtype=dtype_policy(precision))
    coarse = np.random.default_rng(0).integers(0, 256, (batch, 28, 28, 3), dtype=np.uint8)
    crops = coarse.repeat(8, axis=1).repeat(8, axis=2)
    resident = ops.convert_to_tensor(crops)
    bare = compile_call(lambda images: ops.sum(model(images, training=False)), backend)
    call = keras_call(model)
    features = VGGFaceFeatures(
        weights="random", faces=FaceCrops(detector=None), precision=precision, batch_size=batch,
        store=None,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/{i}.png" for i in range(n)]
        for i, path in enumerate(paths):
            cv2.imwrite(path, np.roll(crops[i % batch], i, axis=0)[..., ::-1])
        whole = seconds_of(lambda: features.extract(paths), rounds)
    return {
        "bare": batch / seconds_of(lambda: bare(resident), rounds),
        "runtime": batch / seconds_of(lambda: call(crops), rounds),
        "whole way": n / whole,
    }


def training(batch, n_clips, rounds, precision):
    """Return clips per second of training, with new copies or one batch, and of prediction."""
    from emopipe.face.augmentation import apply_transform, draw_transforms
    from emopipe.networks.audio_visual_cnn.graph import audio_visual_graph
    from emopipe.training.compiling import dtype_policy
    from emopipe.training.loop import predict, train
    from emopipe.training.parameters import Training

    draws = np.random.default_rng(0)
    clips = draws.integers(0, 256, (n_clips, 98, 80, 20), dtype=np.uint8)
    sounds = draws.integers(0, 256, (n_clips, 192, 120), dtype=np.uint8)
    y, rows = np.arange(n_clips) % CLASSES, np.arange(n_clips)

    def anew(chosen, rng, learning):
        pictures = clips[chosen]
        if learning:
            transforms = draw_transforms(len(chosen), rng)
            pictures = np.stack(
                [apply_transform(*pair) for pair in zip(pictures, transforms, strict=True)]
            )
        return {"video": pictures, "audio": sounds[chosen]}

    same = {"video": clips[:batch], "audio": sounds[:batch]}
    size = {"video": clips.shape[1:], "audio": sounds.shape[1:], "dtype": dtype_policy(precision)}
    model = audio_visual_graph(CLASSES, **size)
    workers = max(2, (os.cpu_count() or 2) // 2)

    def epoch_seconds(make):
        """The difference of a long and a short fit: what compiling costs is in both."""
        spent = []
        for epochs in (1, 1 + rounds):
            plan = Training(epochs=epochs, batch_size=batch, workers=workers, patience=None)
            began = perf_counter()
            train(model, make, y, rows=rows, plan=plan)
            spent.append(perf_counter() - began)
        return (spent[1] - spent[0]) / rounds

    epoch_seconds(lambda *_: same)
    alone, real = epoch_seconds(lambda *_: same), epoch_seconds(anew)
    judged = seconds_of(lambda: predict(model, anew, rows, batch_size=batch), rounds)
    return {
        "training": n_clips / real,
        "training, one batch": n_clips / alone,
        "waiting": max(0.0, 1 - alone / real),
        "prediction": n_clips / judged,
    }


def device(backend):
    """Return what the backend calculates on, in words."""
    if backend == "tensorflow":
        import tensorflow as tf

        devices = tf.config.list_physical_devices("GPU")
        return (
            tf.config.experimental.get_device_details(devices[0])["device_name"]
            if devices
            else "CPU"
        )
    if backend == "jax":
        import jax

        return jax.devices()[0].device_kind
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"


def main():
    """Measure, print a table, write JSON."""
    parser = new_parser(__doc__, "small parts, two rounds")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batch", type=int, default=128, help="faces, and clips, per batch")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="bfloat16")
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    backend = keras.backend.backend()
    rounds, batch = (2, 8) if args.quick else (args.rounds, args.batch)
    side, n, n_clips = (512, 16, 32) if args.quick else (8192, 2048, 2048)
    result = {"device": device(backend), "backend": backend, "precision": args.precision}
    print(", ".join(result.values()))
    rate = matrix_rate(side, rounds, backend)
    rates = faces(batch, n, rounds, args.precision, backend)
    print(f"matrices in bfloat16          {rate / 1e12:9.2f} TFLOP/s")
    for name, value in rates.items():
        print(f"faces, {name:22} {value:9.1f} /s")
    shares = {
        "faces of bare": rates["whole way"] / rates["bare"],
        "runtime of bare": rates["runtime"] / rates["bare"],
        "bare of matrices": rates["bare"] * operations() / rate,
    }
    for name, value in shares.items():
        goal = f"  (goal: {GOALS[name]:.1f})" if name in GOALS else ""
        print(f"share, {name:22} {value:9.3f}{goal}")
    learned = training(batch, n_clips, rounds, args.precision)
    for name, value in learned.items():
        unit = "of the time" if name == "waiting" else "clips/s"
        print(f"clips, {name:22} {value:9.2f} {unit}")
    result |= {"matrices": rate, "faces": rates, "shares": shares, "clips": learned}
    write_figures(args.out, result)


if __name__ == "__main__":
    main()
