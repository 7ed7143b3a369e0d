"""A process that may break alone."""

import os
import time
from itertools import product

import numpy as np
import pytest

from emopipe.containment import Broken, Contained, Refused


def misbehave(head, array):
    match head["how"]:
        case "raise":
            raise KeyError("this")
        case "sleep":
            time.sleep(60)
        case "end":
            os._exit(3)
        case "abort":
            os.abort()
        case "fill":
            return {"n": np.ones(2**31, np.uint8).nbytes}, None
        case "write":
            with open(head["path"], "wb") as file:
                file.write(bytes(17 * 2**20))
        case "print":
            os.write(1, b"noise")
    return {"pid": os.getpid()}, array


def start_contained(**limits):
    limits = {"memory": 2**30, "patience": 60} | limits
    return Contained("test_contained_files:misbehave", **limits)


def test_arrays_come_back_as_they_went():
    with Contained("emopipe.containment:echo", memory=2**30, patience=60) as process:
        for dtype, shape in product(["f4", "u1", "i8", "?"], [(), (0,), (3, 2), (2, 0, 5)]):
            array = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
            head, again = process.ask({"a": [1, "ä"]}, array)
            assert head == {"a": [1, "ä"]} and again.dtype == array.dtype
            assert np.array_equal(again, array) and again.shape == shape


def test_it_answers_after_a_refusal_and_noise():
    with start_contained() as process:
        with pytest.raises(Refused, match="this") as caught:
            process.ask({"how": "raise"})
        assert caught.value.kind == "KeyError"
        head, _ = process.ask({"how": "print"})
        assert head["pid"] != os.getpid()


@pytest.mark.parametrize(
    ("how", "message"),
    [("sleep", "no answer for 2 s"), ("end", "exit code 3"), ("abort", "SIGABRT")],
)
def test_it_ends_alone(how, message):
    with start_contained(patience=2.0 if how == "sleep" else 60) as process:
        for _ in range(2):
            with pytest.raises(Broken, match=message):
                process.ask({"how": how})


def test_memory_and_files_are_limited(tmp_path):
    with start_contained() as process:
        with pytest.raises(Refused) as caught:
            process.ask({"how": "fill"})
        assert "MemoryError" in caught.value.kind
        with pytest.raises(Refused, match="File too large"):
            process.ask({"how": "write", "path": str(tmp_path / "a")})


def test_it_goes_with_its_owner():
    process = start_contained()
    pid = process.ask({"how": ""})[0]["pid"]
    del process
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
