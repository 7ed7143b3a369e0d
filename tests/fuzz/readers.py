"""Coverage-guided fuzzing of what reads foreign files: each answers with its own error, or reads.

    pip install atheris
    python tests/fuzz/readers.py manifest -runs=20000
    python tests/fuzz/readers.py all -max_total_time=10

Readers: manifest, archive, result, weights, table, onnx, store. Options after the reader are
libFuzzer's. A crash, a hang, memory above the limit, or an error of another kind ends the run; the
input lies in the current folder as crash-*, oom-* or timeout-*.
"""

import contextlib
import io
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

_FOLDER = Path(tempfile.mkdtemp(prefix="emopipe-fuzz-"))


def _model():
    import numpy as np
    from sklearn.linear_model import LogisticRegression

    from emopipe import save

    folder = _FOLDER / "model"
    if not folder.exists():
        X = np.arange(12.0).reshape(6, 2)
        save(LogisticRegression().fit(X, ["anger", "fear"] * 3), folder)
    return folder


def manifest():
    """Return the reader of a model's manifest, what it may raise, and one whole input."""
    from emopipe.models import manifest as module
    from emopipe.models.errors import ModelError

    whole = (_model() / module.FILE).read_bytes()
    fields = json.loads(whole)
    fields.pop("seal")
    # Unsealed text too: behind the seal the fields are read.
    inner = json.dumps(fields).encode()

    def read(data):
        module._parse(data, Path("model.json"))
        try:
            sealed = json.loads(data)
        except (ValueError, RecursionError):
            return
        if isinstance(sealed, dict):
            sealed["seal"] = module._seal({k: v for k, v in sealed.items() if k != "seal"})
            module._parse(json.dumps(sealed).encode(), Path("model.json"))

    return read, (ModelError,), [whole, inner]


def archive():
    """Return the reader of a model's arrays."""
    from emopipe.models.archive import read
    from emopipe.models.errors import ModelError

    whole = (_model() / "model.skops").read_bytes()
    return (lambda data: read(data, "model.skops")), (ModelError,), [whole]


def result():
    """Return the reader of result.json."""
    from emopipe import Experiment

    empty = Experiment(name="fuzz", title="Fuzz", question="Does it read?", results={})
    whole = empty.save(_FOLDER / "experiment").read_bytes()

    def read(data):
        Experiment.from_json(data.decode("utf-8", "replace"), "result.json")

    return read, (ValueError,), [whole]


def weights():
    """Return the reader of HDF5 weight files."""
    import h5py
    import numpy as np

    from emopipe.backbones.hdf5 import _open_file, read_array
    from emopipe.backbones.weights import WeightsError

    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["layer_names"] = [b"conv"]
        group = file.create_group("conv")
        group.attrs["weight_names"] = [b"kernel"]
        group["kernel"] = np.ones((2, 2), "f4")

    def read(data):
        path = _FOLDER / "weights.h5"
        path.write_bytes(data)
        with _open_file(path) as layers:
            for arrays in layers.values():
                for array in arrays:
                    read_array(array, (2, 2), path)

    return read, (WeightsError,), [buffer.getvalue()]


def onnx():
    """Return the reader of ONNX files."""
    from onnx import TensorProto, helper

    from emopipe.backbones.onnx_file import read_model
    from emopipe.backbones.weights import WeightsError

    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 2]) for n in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", ends[:1], ends[1:])
    whole = helper.make_model(graph).SerializeToString()

    def read(data):
        path = _FOLDER / "model.onnx"
        path.write_bytes(data)
        read_model(path)

    return read, (WeightsError,), [whole]


def table():
    """Return the reader of clip tables."""
    from emopipe import CorpusError, load_table

    for name in ("a.wav", "b.wav"):
        (_FOLDER / name).write_bytes(b"RIFF")
    whole = b"path,subject,emotion\na.wav,1,anger\nb.wav,2,fear\n"

    def read(data):
        path = _FOLDER / "clips.csv"
        path.write_bytes(data)
        load_table(path)

    return read, (CorpusError, FileNotFoundError), [whole, whole.decode().encode("utf-16")]


def store():
    """Return the reader of stores: what comes out of a damaged one is what went in."""
    import numpy as np

    from emopipe.files import FileStamp
    from emopipe.store import Entry, Store, StoreError

    path, key = _FOLDER / "fuzz.sqlite", "ab" * 32
    entry, stamps = Entry(np.arange(3.0), counts={"frames": 3}), {"/a.wav": FileStamp(1, 2, 3)}
    with Store(path) as whole:
        whole.put({key: entry}, name="fuzz", contents={key: key})
        whole.put_contents({"/a.wav": (stamps["/a.wav"], key)})

    def read(data):
        for left in _FOLDER.glob("fuzz.sqlite*"):
            left.unlink()
        path.write_bytes(data)
        with Store(path) as damaged:
            for got in damaged.get([key]).values():
                assert got.value.tolist() == [0, 1, 2] and got.counts == entry.counts
            assert damaged.contents(stamps) in ({}, {"/a.wav": key})
            damaged.verify()
            damaged.ls()
            damaged.forget(["/a.wav"])

    return read, (StoreError,), [path.read_bytes()]


READERS = {
    "manifest": manifest, "archive": archive, "result": result, "weights": weights,
    "onnx": onnx, "table": table, "store": store,
}  # fmt: skip


def attempt(read, allowed, data):
    """Read bytes; only errors of the reader's own kinds are let through silently."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(*allowed):
            read(data)


def _all(options):
    for name in READERS:
        print(f"== {name}", flush=True)
        subprocess.run([sys.executable, __file__, name, *options], check=True)


def main():
    """Fuzz one reader, or all one after the other."""
    reader, *options = sys.argv[1:] or ["--help"]
    if reader == "all":
        return _all(options)
    if reader not in READERS:
        raise SystemExit(__doc__)
    import atheris

    with atheris.instrument_imports(include=["emopipe"]):
        read, allowed, seeds = READERS[reader]()
    corpus = _FOLDER / "seeds"
    corpus.mkdir()
    for number, seed in enumerate(seeds):
        (corpus / str(number)).write_bytes(seed)
    arguments = [sys.argv[0], str(corpus), "-rss_limit_mb=4096", "-timeout=20", *options]
    atheris.Setup(arguments, lambda data: attempt(read, allowed, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
