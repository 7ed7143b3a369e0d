"""One bad clip never stops the others: files that cannot be read, and clips that take too much."""

import os
import signal
import threading

import numpy as np
import pytest
import recipes
from recipes import write_clips

from emopipe.extraction import Recipe, extract, pooling
from emopipe.extraction.pool import limits, parent
from emopipe.store import Store

TABLES = [[[i, i + 1.5]] for i in range(3)]


def recipe(prepare=recipes.rows, /, **parameters):
    return Recipe("rows", 1, prepare, **parameters)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store.sqlite") as store:
        yield store


def bad_files(folder):
    """Write files that are there and cannot be read; return {path: what is said of them}."""
    names = ("pipe.wav", "folder.wav", "loop.wav", "io.wav", "tb.wav")
    pipe, folder_, loop, broken, sparse = (str(folder / name) for name in names)
    os.mkfifo(pipe)
    os.mkdir(folder_)
    os.symlink(loop, loop)
    os.symlink("/proc/self/mem", broken)  # reading its first bytes is an input/output error
    with open(sparse, "wb") as file:
        file.truncate(2**40)
    return {
        pipe: "not a regular file",
        folder_: "a folder",
        loop: "Too many levels of symbolic links",
        broken: "Input/output error",
        sparse: "It has 1100 GB; 275 are read",
        str(folder / ("a" * 300)): "File name too long",
        str(folder / "nul\0.wav"): "null",
    }


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="made of Linux' files")
def test_files_that_cannot_be_read_cost_themselves_only(tmp_path, store):
    bad = bad_files(tmp_path)
    good = write_clips(tmp_path, TABLES)
    extraction = extract([*bad, *good], recipe(), store=store, n_jobs=1)
    assert extraction.statuses == ["corrupt"] * 4 + ["too_large"] + ["corrupt"] * 2 + ["ok"] * 3
    for detail, words in zip(extraction.details, bad.values(), strict=False):
        assert words in detail
    assert store.ls()["entries"].tolist() == [3], "they may be read another time"
    again = extract([*bad, *good], recipe(), store=store, n_jobs=1)
    assert again.prepared == 0 and again.statuses == extraction.statuses and again.stored == 3


def test_names_that_are_no_utf8_are_names_like_others(tmp_path, store):
    paths = write_clips(tmp_path, TABLES)
    names = [tmp_path / name for name in ("\udce9.wav", "a\nb\x1b[31m.wav", "=1+1.wav")]
    for path, name in zip(paths, names, strict=True):
        os.rename(path, name)
    os.utime(names[0], (1e9, 1e9))
    for prepared in (3, 0):
        extraction = extract(names, recipe(), store=store, n_jobs=1)
        assert extraction.statuses == ["ok"] * 3 and extraction.prepared == prepared
    assert store.contents({str(names[0]): os.stat(names[0])}) == {}
    assert sum(store.folders().values()) == 1
    names[1].write_text('"bug\udce9"', errors="surrogateescape")
    assert extract(names, recipe(), store=store, n_jobs=1).statuses == ["ok", "crashed", "ok"]


def test_parts_of_a_file_that_cannot_be_read_share_its_fate(tmp_path, store):
    (path,) = write_clips(tmp_path, ["x"])
    os.unlink(path)
    os.symlink("/proc/self/mem", path)
    paths = [f"{path}#t={i},{i + 1}" for i in range(50)]
    extraction = extract(paths, recipe(), store=store, n_jobs=2)
    assert extraction.statuses == ["corrupt"] * 50 and extraction.prepared == 0


def test_what_changes_while_it_is_prepared_is_not_kept(tmp_path, store):
    paths = write_clips(tmp_path, TABLES[:2])
    changing = recipe(recipes.changing, prepare_args={"victim": paths[0]})
    assert extract(paths, changing, store=store, n_jobs=1).statuses == ["ok", "ok"]
    assert store.ls()["entries"].tolist() == [1]


def test_a_clip_has_processor_time_by_the_size_of_its_file(tmp_path, store):
    paths = write_clips(tmp_path, [TABLES[0], "busy", TABLES[1]])
    extraction = extract(paths, recipe(), store=store, n_jobs=1, timeout=3.0)
    assert extraction.statuses == ["ok", "timeout", "ok"]
    assert "too much processor time" in extraction.details[1]
    assert store.ls()["entries"].tolist() == [2]


def test_files_that_a_worker_writes_are_limited(tmp_path):
    paths = write_clips(tmp_path, TABLES[:1])
    large = recipe(recipes.writing, prepare_args={"file": str(tmp_path / "large"), "size": 2**31})
    extraction = extract(paths, large, store=None, n_jobs=1)
    assert extraction.statuses == ["crashed"] and "File too large" in extraction.details[0]
    assert os.path.getsize(tmp_path / "large") <= 2**30


def test_rows_for_a_network_are_limited_by_the_size_of_the_file(tmp_path, monkeypatch):
    paths = write_clips(tmp_path, [[[1.0]]])
    trace = {"n": limits.most_rows(paths[0]) + 1, "trace": os.devnull}
    many = recipe(recipes.tiny, prepare_args=trace, finish=recipes.double, batch_size=10**4)
    extraction = extract(paths, many, store=None, n_jobs=1)
    assert extraction.statuses == ["too_large"] and "too many for the size" in extraction.details[0]
    fewer = recipe(recipes.tiny, prepare_args=trace | {"n": 9000}, finish=recipes.double,
                   batch_size=10**4)  # fmt: skip
    assert extract(paths, fewer, store=None, n_jobs=1).statuses == ["ok"]
    unlimited = recipe(recipes.tiny, prepare_args=trace)
    assert extract(paths, unlimited, store=None, n_jobs=1).statuses == ["ok"]


def test_values_are_limited_to_what_a_store_holds(tmp_path, monkeypatch):
    paths = write_clips(tmp_path, [[[i, i] for i in range(40)], [[1, 2]]])
    monkeypatch.setattr(pooling, "LARGEST_VALUE", 100)
    extraction = extract(
        paths, recipe(finish=recipes.double, pooling="stack"), store=None, n_jobs=1
    )
    assert extraction.statuses == ["too_large", "ok"] and "fewer frames" in extraction.details[0]
    pool = pooling.POOLINGS["timed"]()
    with pytest.raises(pooling.LargeValue, match="cut it into clips"):
        pool.add(np.zeros((100, 2)), np.arange(100))


def test_a_worker_killed_while_it_starts_costs_nothing(tmp_path, monkeypatch):
    parent.close()
    paths, start, kills = write_clips(tmp_path, TABLES), parent._start, []

    def kill(theirs):
        process = start(theirs)
        if len(kills) < 3:
            kills.append(process.pid)
            os.kill(process.pid, signal.SIGKILL)
        return process

    monkeypatch.setattr(parent, "_start", kill)
    assert extract(paths, recipe(), store=None, n_jobs=1).statuses == ["ok"] * 3
    assert len(kills) == 3
    parent.close()
    monkeypatch.setattr(parent, "_STARTS", 2)
    kills.clear()
    with pytest.raises(RuntimeError, match="no worker process can be started"):
        extract(paths, recipe(), store=None, n_jobs=1)
    assert not [t for t in threading.enumerate() if t.name.startswith("emopipe-")]


def test_a_failure_near_the_limit_of_memory_is_no_property_of_the_clip(tmp_path, store):
    paths = write_clips(tmp_path, ["swallowed", [[1.0]]])
    extraction = extract(paths, recipe(), store=store, n_jobs=1, memory_limit=2**26)
    assert extraction.statuses == ["too_large", "ok"] and store.ls()["entries"].tolist() == [1]


@pytest.mark.parametrize("finish", [None, recipes.double])
def test_values_that_are_not_finite_are_not_ok(tmp_path, store, finish):
    paths = write_clips(tmp_path, [[[1.0, 2.0]], [[1.0, np.nan]], [[np.inf, 0.0]]])
    extraction = extract(paths, recipe(finish=finish, pooling="max"), store=store, n_jobs=1)
    assert extraction.statuses == ["ok", "crashed", "crashed"]
    assert "1 of 2 values are not finite" in extraction.details[1]
    assert extraction.values[1] is None and store.ls()["entries"].tolist() == [1]
