"""Readers of foreign files answer any bytes with their own errors; a quick part of tests/fuzz."""

import random
import runpy
from pathlib import Path

import pytest

FUZZ = runpy.run_path(str(Path(__file__).parent / "fuzz" / "readers.py"))


def damage(whole, chance):
    """Return an input with a few bytes changed, cut out or put in."""
    data = bytearray(whole)
    for _ in range(chance.randint(1, 4)):
        start = chance.randrange(len(data) + 1)
        end = start + chance.choice([0, 1, 1, 8])
        data[start:end] = chance.randbytes(chance.choice([0, 1, 1, 8]))
    return bytes(data)


@pytest.mark.parametrize("name", FUZZ["READERS"])
def test_any_bytes_are_read_or_refused_in_the_readers_own_words(name):
    if name == "onnx":
        pytest.importorskip("onnx", reason="pip install onnx")
    read, allowed, seeds = FUZZ["READERS"][name]()
    chance = random.Random(0)
    tries = 5 if name == "store" else 60  # a store is built anew each time
    for seed in seeds:
        for data in [seed, *(damage(seed, chance) for _ in range(tries))]:
            FUZZ["attempt"](read, allowed, data)
