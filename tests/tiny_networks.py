"""A task and a network so small that training it takes no time."""

import subprocess
import sys
from contextlib import contextmanager

import numpy as np

N_CLASSES = 3


class Killed(Exception):
    """Stands for the end of a process."""


@contextmanager
def busy_machine():
    """Keep a core of the machine busy with another process."""
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        other.kill()
        other.wait()


def backend_settings(backend, folder):
    """Return the environment of a process on a backend; JAX compiles fast, and the same once."""
    return {
        "KERAS_BACKEND": backend,
        "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true",
        "JAX_COMPILATION_CACHE_DIR": str(folder),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }


def with_weights(end_epoch, weights):
    """Return `FitState.end_epoch` that first adds the network's weights to a list."""

    def ends(self, logs, seed):
        weights.append(self.model.get_weights())
        return end_epoch(self, logs, seed)

    return ends


def record_epochs(resume, epochs):
    """Return `FitState.resume` that also adds the epoch at which a fit goes on to a list."""

    def resume_and_record(self, head, lists):
        epochs.append(head["epoch"])
        resume(self, head, lists)

    return resume_and_record


def dying(end_epoch, n):
    """Return `FitState.end_epoch` that dies instead of ending one more epoch than n in all."""
    ended = []

    def dies(self, logs, seed):
        if len(ended) == n:
            raise Killed
        ended.append(self.epoch)
        return end_epoch(self, logs, seed)

    return dies


def blobs(n, seed=0):
    """Return n points around three centres, float32 (n, 4), and which centre is whose."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % N_CLASSES
    centres = 3 * rng.standard_normal((N_CLASSES, 4))
    return (centres[y] + rng.standard_normal((n, 4))).astype(np.float32), y


def batch_of(x):
    """Return a batch function that reads rows of an array."""
    return lambda rows, rng, training: x[rows]


def dense_network(dtype="float32", dropout=0.1):
    """Return a network of one hidden layer."""
    import keras

    points = keras.Input((4,))
    x = keras.layers.Dense(8, activation="relu", dtype=dtype)(points)
    x = keras.layers.Dropout(dropout, seed=0, dtype=dtype)(x)
    answer = keras.layers.Dense(N_CLASSES, activation="softmax", dtype="float32")(x)
    return keras.Model(points, answer)
