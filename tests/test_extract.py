import os
import signal
import subprocess
import sys
import threading
import time
import types
from collections import Counter
from contextlib import suppress
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import recipes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from path_estimator_contract import check_path_transformer
from recipes import RowMeans, write_clips

from emopipe.extraction import (
    COUNTERS,
    ClipWarning,
    Extraction,
    Recipe,
    engine,
    extract,
    paths_of,
)
from emopipe.extraction.pooling import POOLINGS
from emopipe.media import ClipError
from emopipe.store import Store

TABLES = [[[i, i + 1.5], [2 * i, -i], [0.1 * i, 7]][: 1 + i % 3] for i in range(1, 8)]


def recipe(prepare=recipes.rows, /, name="rows", **parameters):
    return Recipe(name, 1, prepare, **parameters)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store.sqlite") as store:
        yield store


def wait_for(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        threading.Event().wait(0.02)


# Poolings


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(1, 600),
    cuts=st.lists(st.integers(0, 600), max_size=6),
    dtype=st.sampled_from(["float32", "float64", "uint8"]),
    name=st.sampled_from(sorted(POOLINGS)),
)
def test_poolings_do_not_see_how_rows_were_cut(n, cuts, dtype, name):
    table = (np.random.default_rng(n).random((n, 3)) * 250).astype(dtype)
    times = np.arange(n) / 25
    whole, parts = POOLINGS[name](), POOLINGS[name]()
    whole.add(table, times)
    for part in np.split(np.arange(n), sorted(min(cut, n) for cut in cuts)):
        parts.add(table[part], times[part])
    assert parts.value().tobytes() == whole.value().tobytes()
    exact = table.astype(np.float64)
    steps = np.abs(np.diff(exact, axis=0)).mean(0) if n > 1 else np.zeros(3)
    expected = {
        "mean": exact.mean(0),
        "mean_std": np.concatenate([exact.mean(0), exact.std(0)]),
        "max": exact.max(0),
        "temporal": np.concatenate(
            [exact.mean(0), exact.std(0), np.ptp(exact, 0), exact.max(0), steps]
        ),
        "stack": exact,
        "timed": np.column_stack([times, exact]),
    }
    tolerance = 1e-6 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(whole.value(), expected[name], rtol=tolerance, atol=1e-12)


def test_standard_deviation_survives_a_large_offset():
    table = 1e8 + np.tile([[0.0], [1.0]], (1000, 1))
    pool = POOLINGS["mean_std"]()
    pool.add(table)
    np.testing.assert_allclose(pool.value(), [1e8 + 0.5, 0.5], rtol=1e-12)


# Recipes


def test_the_key_names_everything_but_the_batch_size():
    base = recipe(prepare_args={"block": 2, "dtype": "float64"})
    same = recipe(prepare_args={"dtype": "float64", "block": 2}, batch_size=64)
    others = [
        recipe(),
        recipe(name="other", prepare_args={"block": 2, "dtype": "float64"}),
        Recipe("rows", 2, recipes.rows, {"block": 2, "dtype": "float64"}),
        recipe(prepare_args={"block": 2, "dtype": "float64"}, pooling="max"),
        recipe(prepare_args={"block": 2, "dtype": "float64"}, finish=recipes.double),
    ]
    assert same.key == base.key
    assert len({base.key, *(other.key for other in others)}) == 6


def test_functions_that_no_process_can_import_are_refused():
    def nest(path):
        yield path

    for function in (lambda path: path, nest):
        with pytest.raises(ValueError, match="cannot be imported by another process"):
            recipe(function)
    with pytest.raises(ValueError, match="cannot be imported"):
        recipe(finish=lambda batch: batch)
    with pytest.raises(TypeError, match="made of strings"):
        recipe(prepare_args={"block": np.int64(2)})
    with pytest.raises(ValueError, match="pooling='median' is unknown; allowed: 'mean'"):
        recipe(pooling="median")
    with pytest.raises(ValueError, match="batch_size=0"):
        recipe(batch_size=0)


# The engine


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    batch_size=st.integers(1, 7),
    block=st.integers(1, 4),
    n_jobs=st.integers(1, 2),
    pooling=st.sampled_from(["mean", "stack", "timed"]),
)  # fmt: skip
def test_any_batches_and_processes_give_what_numpy_gives(
    tmp_path, lengths, batch_size, block, n_jobs, pooling
):
    tables = [np.arange(2.0 * n).reshape(n, 2) ** 2 + i for i, n in enumerate(lengths)]
    paths = write_clips(tmp_path, [table.tolist() for table in tables])
    extraction = extract(
        paths,
        recipe(
            prepare_args={"block": block},
            finish=recipes.double,
            pooling=pooling,
            batch_size=batch_size,
        ),
        store=None,
        n_jobs=n_jobs,
    )
    assert extraction.prepared == len(paths) and extraction.finished == sum(lengths)
    assert extraction.counts == [{"rows": n} for n in lengths]
    for value, table in zip(extraction.values, tables, strict=True):
        expected = {"mean": 2 * table.mean(0), "stack": 2 * table}.get(pooling)
        if pooling == "timed":
            expected = np.column_stack([np.arange(len(table)) / 25, 2 * table])
        np.testing.assert_allclose(value, expected, rtol=1e-6)
        assert not value.flags.writeable


def test_what_is_known_is_not_computed_again(tmp_path, store):
    paths = write_clips(tmp_path, TABLES)
    first = extract(paths, recipe(finish=recipes.double), store=store)
    assert (first.prepared, first.finished) == (len(paths), sum(map(len, TABLES)))
    before = COUNTERS.copy()
    store.close()  # and with it what this process remembers
    second = extract(paths[::-1], recipe(finish=recipes.double, batch_size=3), store=store)
    assert (second.prepared, second.finished) == (0, 0) and before == COUNTERS
    assert [v.tobytes() for v in second.values[::-1]] == [v.tobytes() for v in first.values]
    assert second.counts[::-1] == first.counts
    assert {"network", "decode", "prepare", "store", "wall"} <= set(first.seconds)
    assert f"{len(paths)} clips: ok {len(paths)}; computed {len(paths)}, from the store 0" in (
        first.summary()
    )
    assert second.stored == len(paths) and "7 clips: ok 7; computed 0, from the store 7" in (
        second.summary()
    )


def test_where_time_went_is_told_with_shares_and_adds_up(tmp_path, store):
    words = (["crashed", "segfault"] * len(TABLES))[: len(TABLES)]
    contents = [content for pair in zip(TABLES, words, strict=True) for content in pair]
    paths = write_clips(tmp_path, contents)
    extraction = extract(paths, recipe(finish=recipes.double), store=store, n_jobs=2)
    spent = extraction.seconds.copy()
    assert extraction.workers == 2 and spent["start"] > 0 and spent["lost"] > 0
    assert spent["decode"] == pytest.approx(0.001 * len(TABLES))
    here = spent["network"] + spent["store"]
    assert 0 < here <= spent["wall"], "this process does one thing at a time"
    everything = sum(spent.values()) - spent.pop("wall")
    assert everything - here <= 2 * extraction.seconds["wall"], (
        "two workers take no more than twice"
    )
    tally, report = extraction.summary().splitlines()
    assert f"{len(paths)} clips: ok" in tally
    assert f"{everything:.1f} s added up over 2 workers and this process" in report
    for name, seconds in spent.items():
        part = f" {seconds:.1f} s ({seconds / everything:.0%}".replace("%", " %)")
        assert seconds < 0.05 or part in report, name
    assert "decode" not in report, "thousandths are left out"


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({}, "in this process: features 3.0 s (75 %), starting workers 1.0 s (25 %)"),
        ({"workers": 1}, "added up over 1 worker and this process: features"),
        ({"workers": 8, "cluster": True}, "over 8 threads of the cluster and this process: f"),
    ],
)
def test_the_summary_tells_the_largest_first_and_who_worked(about, words):
    seconds = {"start": 1.0, "faces": 0.0, "features": 3.0, "wall": 9.0}
    tally, report = Extraction([], ["ok"], [], [], seconds, **about).summary().splitlines()
    assert tally == "1 clip: ok 1; computed 1, from the store 0"
    assert (
        report.startswith("9.0 s on the clock; 4.0 s ")
        and words in report
        and "faces" not in report
    )


def test_the_summary_of_nothing():
    assert Extraction([], [], [], []).summary().startswith("0 clips: none")


def test_clips_known_are_counted_apart_from_those_computed(tmp_path, store):
    paths = write_clips(tmp_path, TABLES)
    extract(paths[:3], recipe(), store=store)
    assert "computed 4, from the store 3" in extract(paths, recipe(), store=store).summary()


def test_the_same_content_is_prepared_once(tmp_path, store):
    path = write_clips(tmp_path, [TABLES[2]])[0]
    copy = tmp_path / "copy.clip"
    copy.write_bytes(Path(path).read_bytes())
    extraction = extract([path, copy, path], recipe(), store=store)
    assert extraction.prepared == 1
    assert len({value.tobytes() for value in extraction.values}) == 1
    write_clips(tmp_path, [TABLES[3]])
    assert extract([path], recipe(), store=store).prepared == 1, "a changed file is another clip"


def test_nothing_is_kept_without_a_store(tmp_path):
    paths = write_clips(tmp_path, TABLES[:2])
    for _ in range(2):
        assert extract(paths, recipe(), store=None).prepared == 2
    assert extract([], recipe(), store=None).values == []


def test_failures_cost_their_own_clip_only(tmp_path, store):
    words = ["no_face", "segfault", "hang", "memory", "bug", "silent", "crashed"]
    pairs = zip(words, TABLES, strict=True)
    paths = write_clips(tmp_path, [content for pair in pairs for content in pair])
    made = recipe(finish=recipes.double)
    extraction = extract(paths, made, store=store, n_jobs=2, timeout=3, memory_limit=2**30)
    assert extraction.statuses[1::2] == ["ok"] * len(words)
    assert extraction.statuses[::2] == [
        "no_face", "crashed", "timeout", "too_large", "crashed", "silent", "crashed",
    ]  # fmt: skip
    details = dict(zip(words, extraction.details[::2], strict=True))
    assert "SIGSEGV" in details["segfault"] and "no progress for 3 s" in details["hang"]
    assert "memory_limit" in details["memory"]
    assert "Traceback" in details["bug"] and "nothing of that name" in details["bug"]
    assert all(value is None for value in extraction.values[::2])
    again = extract([paths[0], paths[8], paths[10]], made, store=store)
    assert again.statuses == ["no_face", "crashed", "silent"] and again.prepared == 1


def test_lack_of_memory_is_no_fault_of_the_file(tmp_path, store):
    paths = write_clips(tmp_path, ["hidden"])
    extraction = extract(paths, recipe(), store=store, memory_limit=2**30)
    assert extraction.statuses == ["too_large"] and store.ls().empty


def test_failures_without_a_network_cost_their_own_clip_only(tmp_path, store):
    paths = write_clips(tmp_path, ["exit", "no_face", *TABLES])
    extraction = extract(paths, recipe(), store=store, n_jobs=1)
    assert extraction.statuses == ["crashed", "no_face"] + ["ok"] * len(TABLES)
    assert "exit code 0" in extraction.details[0]
    assert store.ls()["entries"].tolist() == [1 + len(TABLES)]


def test_a_crash_is_tried_once_more_in_a_fresh_process(tmp_path):
    paths = write_clips(tmp_path, TABLES[:2])
    trace = tmp_path / "trace"
    extraction = extract(
        paths, recipe(recipes.crash_later, prepare_args={"trace": str(trace)}), store=None, n_jobs=1
    )
    assert extraction.statuses == ["ok"] * 2
    assert len(trace.read_text().split()) == 3


def test_what_every_clip_lacks_stops_the_call(tmp_path, store):
    for word, error, text in (
        ("module", ImportError, "pip install moonshine"),
        ("model", FileNotFoundError, "no model at /nowhere"),
    ):
        with pytest.raises(error, match=text) as raised:
            extract(write_clips(tmp_path, [word, *TABLES]), recipe(), store=store, n_jobs=1)
        assert "Traceback" not in str(raised.value)
        assert "In the worker process" in str(raised.value.__cause__)
    with pytest.raises(FileNotFoundError, match=r"2 of 3 clips do not exist.*first .*gone"):
        extract([*write_clips(tmp_path, [[[1]]]), "gone", "away"], recipe(), store=store)


def test_recipes_are_told_what_they_do_wrong(tmp_path):
    paths = write_clips(tmp_path, TABLES)
    with pytest.raises(ValueError, match="finish of recipe 'rows' returned 13 rows for 14"):
        extract(paths * 2, recipe(finish=recipes.too_few), store=None)
    assert extract(paths[:1], recipe(recipes.empty), store=None).statuses == ["too_short"]
    extraction = extract(paths[:1], recipe(recipes.objects), store=None)
    assert extraction.statuses == ["crashed"] and "array of numbers" in extraction.details[0]


def test_blocks_wait_in_bounded_number(tmp_path):
    paths = write_clips(tmp_path, [[[0]]])
    produced, lags = str(tmp_path / "produced"), tmp_path / "lags"
    made = recipe(
        recipes.many,
        prepare_args={"n": 150, "trace": produced},
        finish=recipes.behind,
        finish_args={"produced": produced, "lags": str(lags)},
        batch_size=1,
    )
    assert extract(paths, made, store=None).statuses == ["ok"]
    ahead = [int(line) - i for i, line in enumerate(lags.read_text().split())]
    assert len(ahead) == 150 and max(ahead) <= 25


def test_an_interruption_keeps_what_is_known(tmp_path, store):
    paths = write_clips(tmp_path, [[[i, i]] for i in range(8)])
    trace, alarm = tmp_path / "trace", tmp_path / "alarm"
    files = {"trace": str(trace), "alarm": str(alarm)}
    made = recipe(finish=recipes.interrupt, finish_args=files, batch_size=1)
    alarm.touch()
    with pytest.raises(KeyboardInterrupt):
        extract(paths, made, store=store, n_jobs=2)
    assert store.ls()["entries"].tolist() == [3]
    assert not [t for t in threading.enumerate() if t.name.startswith("emopipe-")]
    alarm.unlink()
    assert extract(paths, made, store=store).prepared == 5


SCRIPT = """
import sys
sys.path[:0] = {paths!r}
print("started", flush=True)
import recipes
from emopipe.extraction import Recipe, extract
found = extract(sys.argv[2:], Recipe("rows", 1, recipes.rows, {{"trace": {trace!r}}}),
                store=sys.argv[1], n_jobs=2)
print(found.statuses)
"""


def script(tmp_path, trace=None):
    """Write a plain script without a main guard."""
    file = tmp_path / "script.py"
    here = Path(__file__).parent
    file.write_text(SCRIPT.format(paths=[str(here), str(here.parent)], trace=trace))
    return [sys.executable, str(file), str(tmp_path / "store.sqlite")]


def test_plain_scripts_need_no_main_guard(tmp_path):
    process = subprocess.run(
        [*script(tmp_path), *write_clips(tmp_path, TABLES)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout.splitlines() == ["started", str(["ok"] * len(TABLES))]
    assert process.stderr == ""


def test_a_killed_run_continues_and_leaves_no_process(tmp_path, store):
    trace = tmp_path / "trace"
    paths = write_clips(tmp_path, [*TABLES, "hang"])
    run = subprocess.Popen([*script(tmp_path, str(trace)), *paths])
    try:
        wait_for(lambda: store.ls()["entries"].sum() == len(TABLES), "the first clips")
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait()
    children = {int(line.split()[0]) for line in trace.read_text().splitlines()}

    def all_left():
        return not any(Path(f"/proc/{pid}/cmdline").exists() and
                       Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children)  # fmt: skip

    wait_for(all_left, "the workers of a killed process to leave")
    write_clips(tmp_path, [*TABLES, TABLES[0][::-1]])
    made = recipe(prepare_args={"trace": str(trace)})
    extraction = extract(paths, made, store=store)
    assert extraction.statuses == ["ok"] * 8 and extraction.prepared <= 1
    assert store.verify() == []


def _of_group(group):
    """Return the processes of a group that have not ended."""
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                members.append(int(stat.parent.name))
    return members


def test_ctrl_c_in_a_terminal_stops_everything(tmp_path, store):
    command = [*script(tmp_path), *write_clips(tmp_path, [*TABLES, "hang"])]
    # A terminal never ignores interrupts, but a test command in the background hands that down.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    finally:
        signal.signal(signal.SIGINT, inherited)
    try:
        wait_for(lambda: store.ls()["entries"].sum() == len(TABLES), "the first clips")
        os.killpg(run.pid, signal.SIGINT)  # as a terminal does: to all of them
        _, errors = run.communicate(timeout=60)
        assert run.returncode != 0 and errors.count("KeyboardInterrupt") == 1
        wait_for(lambda: not _of_group(run.pid), "the processes of an interrupted run to leave")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()


def test_joblib_workers_can_extract(tmp_path):
    paths = write_clips(tmp_path, TABLES)
    alone = extract(paths, recipe(), store=None).values
    parts = joblib.Parallel(n_jobs=2)(
        joblib.delayed(extract)(subset, recipe(), store=str(tmp_path / "s.sqlite"))
        for subset in (paths[:3], paths[3:])
    )
    values = [value for part in parts for value in part.values]
    assert [v.tobytes() for v in values] == [v.tobytes() for v in alone]


def test_tasks_of_joblib_use_one_process_each():
    assert engine._n_processes(-1, 100) == joblib.cpu_count()
    assert engine._n_processes(3, 100) == 3 and engine._n_processes(3, 2) == 2
    run = joblib.Parallel(n_jobs=2, backend="threading")
    assert run(joblib.delayed(engine._n_processes)(n, 100) for n in (-1, 3)) == [1, 3]


def test_progress_tells_the_tally(tmp_path, capsys):
    paths = write_clips(tmp_path, [*TABLES, "no_face"])
    extract(paths, recipe(), store=None, progress=True)
    assert "8/8" in (output := capsys.readouterr().err) and "no_face=1" in output


# Transformers


def test_path_transformers_keep_the_contract(tmp_path):
    check_path_transformer(RowMeans(), write_clips(tmp_path, TABLES))


def test_the_warning_tells_how_many_and_why(tmp_path):
    paths = write_clips(tmp_path, ["no_face", *TABLES, "bug", "no_face"])
    transformer = RowMeans(store=None)
    expected = (
        r"3 of 10 clips gave no features \(no_face 2, crashed 1\): first .*000\.clip: it was told "
        r"to be no_face; their rows are NaN\. make_clip_pipeline leaves them out of "
        r"what follows; on_error='raise' stops at them\."
    )
    with pytest.warns(ClipWarning, match=expected):
        features = transformer.fit_transform(paths)
    assert np.isnan(features).all(1).tolist() == [True] + [False] * 7 + [True, True]


def test_raise_comes_after_everything_is_stored(tmp_path, store):
    paths = write_clips(tmp_path, [TABLES[0], "no_audio", *TABLES[1:]])
    transformer = RowMeans(store=store, on_error="raise")
    with pytest.raises(ClipError, match=r"001\.clip.*no_audio") as caught:
        transformer.fit_transform(paths)
    assert caught.value.status == "no_audio"
    assert store.ls()["entries"].tolist() == [len(paths)]
    assert transformer.statuses(paths)["status"].value_counts().to_dict() == {
        "ok": 7,
        "no_audio": 1,
    }


def test_names_and_values_must_agree(tmp_path):
    with pytest.raises(ValueError, match=r"WronglyNamed names 1 features.*shape \(2,\)"):
        recipes.WronglyNamed(store=None, n_jobs=1).transform(write_clips(tmp_path, TABLES))


def test_statuses_keep_the_index_and_count(tmp_path):
    paths = write_clips(tmp_path, [TABLES[1], "silent"])
    table = pd.DataFrame({"path": paths}, index=["a", "b"])
    statuses = RowMeans(store=None).statuses(table)
    assert statuses.index.tolist() == ["a", "b"]
    assert statuses["rows"].tolist()[0] == 3 and np.isnan(statuses["rows"].iloc[1])


def test_paths_of_explains_what_it_wants():
    assert paths_of(np.array([["a"], ["b"]])) == ["a", "b"]
    for wrong, error, text in (
        ("clip.mp4", TypeError, "one path"),
        ([1], TypeError, r"X\[0\] is 1, a int"),
        (pd.DataFrame({"file": ["a"]}), ValueError, r"no column 'path', only \['file'\]"),
        (b"clip", TypeError, "one path"),
        (7, TypeError, "list of paths"),
    ):
        with pytest.raises(error, match=text):
            paths_of(wrong)


@pytest.mark.parametrize("parameters", [{"on_error": "ignore"}, {"n_jobs": 0}, {"n_jobs": "all"}])
def test_wrong_parameters_are_named(parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=name):
        RowMeans(**parameters).fit([__file__])


def test_idle_workers_are_used_again(tmp_path):
    trace = tmp_path / "trace"
    made = recipe(prepare_args={"trace": str(trace)})
    for _ in range(4):
        extract(write_clips(tmp_path, TABLES), made, store=None, n_jobs=2)
    pids = Counter(line.split()[0] for line in trace.read_text().splitlines())
    assert pids.total() == 4 * len(TABLES) and len(pids) <= 2
    assert os.getpid() not in map(int, pids)


# Keys that survive moves of code


def test_code_that_moves_keeps_the_keys_of_recipes_with_an_owner():
    def twin(name):
        function = types.FunctionType(recipes.rows.__code__, recipes.rows.__globals__)
        function.__module__, function.__qualname__ = "tests_elsewhere", name
        return function

    owned = [Recipe("rows", 1, f, owner="me") for f in (recipes.rows, twin("rows"))]
    assert owned[0].key == owned[1].key != recipe().key
    assert recipe().key != recipe(twin("rows")).key, "a stranger's name vouches for nothing"
    assert owned[0].key != Recipe("rows", 1, recipes.rows, owner="you").key


def test_identity_is_hashed_and_no_argument_and_places_the_reverse(tmp_path):
    base = recipe(prepare_args={"block": 1})
    assert base.key != recipe(prepare_args={"block": 1}, identity={"digest": "ab"}).key
    assert base.key == recipe(prepare_args={"block": 1}, places={"trace": "x"}).key
    trace = tmp_path / "trace"
    extraction = extract(
        write_clips(tmp_path, TABLES[:1]),
        recipe(identity={"digest": "ab"}, places={"trace": str(trace)}),
        store=None,
        n_jobs=1,
    )
    assert extraction.statuses == ["ok"] and trace.exists()


def package_recipes():
    """Return the recipes of this package whose values are kept."""
    from emopipe import (
        AudioVisualCNN,
        FaceTexture,
        MiniXceptionFeatures,
        SegmentAttentionNetwork,
        ShortTermStatistics,
        TemporalAggregation,
        VGG19Features,
        VGGFaceFeatures,
        VoiceFunctionals,
    )
    from emopipe.evaluation.recordings import _recipe
    from emopipe.face.copies import copies_recipe
    from emopipe.models.recordings import RECIPE

    vggface, vgg19 = VGGFaceFeatures(weights="random"), VGG19Features(weights="random")
    estimators = [
        ShortTermStatistics(), VoiceFunctionals(), FaceTexture(), MiniXceptionFeatures(), vggface,
        AudioVisualCNN(), TemporalAggregation(), SegmentAttentionNetwork(vgg19=vgg19),
    ]  # fmt: skip
    made = [recipe for estimator in estimators for recipe in estimator.recipes()]
    made += [copies_recipe(vggface, transforms=t) for t in (None, "thesis")]
    return [*made, _recipe(), RECIPE]


def test_names_of_the_package_mean_one_pair_of_functions_each():
    functions = {}
    for made in package_recipes():
        assert made.owner == "emopipe" and "emopipe." not in made.parameters, made.name
        pair = made.prepare, made.finish, made.places.get("form")
        assert functions.setdefault((made.name, made.version), pair) == pair, made.name
    assert len(functions) == len(package_recipes())
