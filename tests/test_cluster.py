"""A Dask cluster computes what one machine does: same bytes, each clip once, no clip lost."""

import os
import pickle
import signal
import sys
import threading
from collections import Counter
from pathlib import Path

import cluster_recipes
import joblib
import numpy as np
import pandas as pd
import pytest
import recipes
from recipes import RowMeans, write_clips
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from voices import write_voices
from weight_files import mini_xception_arrays, write

from emopipe import __version__
from emopipe.cli import main
from emopipe.evaluation import evaluate
from emopipe.extraction import Recipe, engine, extract, on_cluster
from emopipe.extraction.dask import client as client_module
from emopipe.extraction.dask.run import SLICE, prepare_slice, read_at_workers
from emopipe.face import FaceCrops, MiniXceptionFeatures
from emopipe.files import checksum, file_stamp
from emopipe.fusion import make_clip_pipeline
from emopipe.networks.audio_visual_cnn.estimator import AudioVisualCNN
from emopipe.store import Store
from emopipe.training.parameters import CNNLayers, Training
from emopipe.voice import ShortTermStatistics

distributed = pytest.importorskip(
    "distributed", reason="needs Dask: pip install 'dask[distributed]'"
)

LIMITS = {"timeout": 60.0, "memory_limit": None}
TABLES = [[[i, i + 0.5], [0.1 * i, -i]] for i in range(40)]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    import dask

    settings = {
        "distributed.scheduler.allowed-failures": 1,
        # A local cluster would end whatever worker takes longer than this to come back.
        "distributed.deploy.lost-worker-timeout": "1h",
        "temporary-directory": str(tmp_path_factory.mktemp("dask")),
    }
    with (
        dask.config.set(settings),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=50
        ) as address_,
    ):
        yield address_.scheduler_address


@pytest.fixture
def client(address):
    with on_cluster(address) as client:
        client.wait_for_workers(2)
        yield client


def recipe(prepare=recipes.rows, /, name="rows", **parameters):
    return Recipe(name, 1, prepare, **parameters)


def same(actual, expected):
    assert actual.statuses == expected.statuses
    assert actual.counts == expected.counts
    for first, other in zip(actual.values, expected.values, strict=True):
        assert (first is None) == (other is None)
        if first is not None:
            assert (first.dtype, first.shape) == (other.dtype, other.shape)
            assert first.tobytes() == other.tobytes()


def lines(path):
    return Path(path).read_text().splitlines() if Path(path).exists() else []


# Extraction


def test_voice_statistics_are_the_same_bytes_and_failures_keep_their_status(client, tmp_path):
    paths = list(write_voices(tmp_path, subjects="ab")["path"])
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF, but nothing more")
    paths = [*paths, str(broken), paths[0]]
    voice = ShortTermStatistics(window=0.03, step=0.01)._recipe()
    with Store(tmp_path / "store.sqlite") as store:
        extraction = extract(paths, voice, store=store)
        assert (extraction.prepared, extraction.workers) == (len(paths) - 1, 2)
        assert extract(paths, voice, store=store).prepared == 0
    assert (
        extraction.statuses[-2] == "corrupt"
        and extraction.values[-2] is None
        and extraction.details[-2]
    )
    assert not extraction.values[0].flags.writeable
    assert {"decode", "features", "store", "wall"} <= set(extraction.seconds)
    with joblib.parallel_config("loky"):
        same(extraction, extract(paths, voice, store=None, n_jobs=1))


def test_a_network_is_loaded_once_per_worker_and_finds_its_file(client, tmp_path):
    import cv2

    paths = [str(tmp_path / f"{i}.png") for i in range(40)]
    pictures = np.random.default_rng(0).integers(0, 256, (40, 48, 48, 3), dtype=np.uint8)
    for path, picture in zip(paths, pictures, strict=True):
        cv2.imwrite(path, picture)
    weights = write(tmp_path / "mini.hdf5", mini_xception_arrays(), root="model_weights")
    face = MiniXceptionFeatures(
        weights=weights, faces=FaceCrops(detector=None, n_frames=1), layer="pooled", batch_size=4,
        store=None,
    )  # fmt: skip
    extraction = face.extract(paths)
    loads = client.run(_loads)
    assert extraction.finished == 40 and set(loads.values()) == {1}
    with joblib.parallel_config("loky"):
        same(extraction, face.set_params(n_jobs=1).extract(paths))


def _loads():
    from emopipe.backbones import mini_xception

    return mini_xception._network.cache_info().misses


def test_only_paths_and_the_recipe_travel(tmp_path):
    paths = write_clips(tmp_path, [[[i, i]] for i in range(SLICE)])
    voice = ShortTermStatistics()._recipe()
    for subset in (paths[:1], paths):
        task = pickle.dumps((prepare_slice, voice, subset, LIMITS, __version__))
        assert len(task) / len(subset) < 2000


def test_workers_read_the_files_and_the_client_remembers(client, tmp_path):
    paths = write_clips(tmp_path, [*TABLES, TABLES[0]])
    for path in paths:
        os.utime(path, (1e9, 1e9))
    expected = [checksum(path) for path in paths]
    contents = list(read_at_workers(client, recipe(), paths, LIMITS))
    assert sorted(contents) == sorted((p, e, None) for p, e in zip(paths, expected, strict=True))
    with Store(tmp_path / "store.sqlite") as store:
        extraction = extract(paths, recipe(), store=store)
        stamps = {path: file_stamp(path) for path in paths}
        assert store.contents(stamps) == dict(zip(paths, expected, strict=True))
        assert extraction.prepared == 40
    with pytest.raises(FileNotFoundError, match=r"worker tcp://\S+ does not see /elsewhere/a.wav"):
        list(read_at_workers(client, recipe(), ["/elsewhere/a.wav"], LIMITS))


def test_a_cluster_that_is_lost_over_checksums_is_told(client, tmp_path):
    (path,) = write_clips(tmp_path, TABLES[:1])
    contents = read_at_workers(client, recipe(), [path] * 1000, LIMITS)
    next(contents)
    client.cancel([distributed.Future(key, client) for key in client.futures])
    with pytest.raises(ConnectionError, match="Run this again to go on"):
        list(contents)


def test_a_worker_that_is_killed_costs_only_the_clips_it_held(client, tmp_path):
    paths = write_clips(tmp_path, TABLES)
    trace, gate = tmp_path / "trace", tmp_path / "gate"
    gated = recipe(
        cluster_recipes.wait_at_gate, prepare_args={"trace": str(trace), "gate": str(gate)}
    )

    def kill():
        while len(lines(trace)) < 2:
            threading.Event().wait(0.01)
        os.kill(int(lines(trace)[0].split()[1]), signal.SIGKILL)
        gate.touch()

    killer = threading.Thread(target=kill)
    killer.start()
    with Store(tmp_path / "store.sqlite") as store:
        extraction = extract(paths, gated, store=store)
        killer.join()
        assert extract(paths, gated, store=store).prepared == 0
    prepared = Counter(line.split()[0] for line in lines(trace))
    assert set(prepared) == {Path(path).name for path in paths}
    assert prepared.total() <= len(paths) + SLICE
    same(extraction, extract(paths, recipe(), store=None, n_jobs=1))


def _allow(failures, dask_scheduler):
    dask_scheduler.allowed_failures = failures


def test_a_clip_that_kills_every_worker_is_crashed_and_costs_nothing_else(client, tmp_path):
    paths = write_clips(tmp_path, TABLES)
    client.run_on_scheduler(_allow, 0)
    arguments = {"trace": str(tmp_path / "trace"), "victim": Path(paths[3]).name}
    extraction = extract(paths, recipe(cluster_recipes.deadly, prepare_args=arguments), store=None)
    assert extraction.statuses == ["ok"] * 3 + ["crashed"] + ["ok"] * 36
    client.run_on_scheduler(_allow, 1)
    assert (
        "every Dask worker that worked on it ended (1), the last one tcp" in extraction.details[3]
    )


def test_a_crash_in_prepare_stays_in_its_own_process(client, tmp_path):
    paths = write_clips(tmp_path, [[[1.0]], "segfault", "no_face", [[2.0]]])
    before = client.run(os.getpid)
    extraction = extract(paths, recipe(), store=None)
    assert extraction.statuses == ["ok", "crashed", "no_face", "ok"]
    assert client.run(os.getpid) == before


def test_threads_of_a_worker_share_one_network(tmp_path):
    paths = write_clips(tmp_path, TABLES)
    shared = recipe(
        finish=cluster_recipes.network, finish_args={"trace": str(tmp_path / "t")}, batch_size=4
    )
    parts = [paths[i : i + 5] for i in range(0, 40, 5)]
    with joblib.parallel_config("threading", n_jobs=4):
        joblib.Parallel()(joblib.delayed(extract)(p, shared, store=None) for p in parts)
    assert len(lines(tmp_path / "t")) == 1


def test_what_a_recipe_lacks_on_a_worker_is_said_with_the_worker(client, tmp_path):
    paths = write_clips(tmp_path, ["module"])
    with pytest.raises(ImportError, match="pip install moonshine") as error:
        extract(paths, recipe(), store=None)
    assert "on the Dask worker tcp://" in error.value.__notes__[0]


def test_a_clip_that_a_worker_does_not_see_is_named_with_the_worker(client):
    task = client.submit(prepare_slice, recipe(), ["/elsewhere/a.wav"], LIMITS, __version__)
    with pytest.raises(FileNotFoundError, match=r"worker tcp://\S+ does not see /elsewhere/a.wav"):
        task.result()


def test_another_version_on_a_worker_is_refused(client):
    task = client.submit(prepare_slice, recipe(), [], LIMITS, "0.0")
    with pytest.raises(ImportError, match="Install one version everywhere"):
        task.result()


def test_a_connected_client_alone_changes_nothing(address, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "ClusterRun", None)
    paths = write_clips(tmp_path, TABLES[:3])
    with distributed.Client(address) as client:
        assert extract(paths, recipe(), store=None).statuses == ["ok"] * 3
        with joblib.parallel_config("dask", client=client):
            assert extract(paths, recipe(), store=None, n_jobs=1).statuses == ["ok"] * 3


def test_a_plain_joblib_configuration_is_enough(address, tmp_path):
    paths = write_clips(tmp_path, TABLES)
    with distributed.Client(address) as client, joblib.parallel_config("dask"):
        client.wait_for_workers(2)
        extraction = extract(paths, recipe(), store=None)
    assert extraction.workers == 2
    same(extraction, extract(paths, recipe(), store=None, n_jobs=1))


def test_inside_a_task_a_clip_is_prepared_by_one_process_there(client, tmp_path):
    paths = write_clips(tmp_path, TABLES[:3])
    assert client.submit(engine._n_processes, -1, 100).result() == 1
    assert client.submit(extract, paths, recipe(), store=None).result().statuses == ["ok"] * 3
    nested = joblib.Parallel()(joblib.delayed(extract)([p], recipe(), store=None) for p in paths)
    assert [extraction.statuses for extraction in nested] == [["ok"]] * 3


def test_a_cluster_without_workers_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(client_module, "PATIENCE", 0.0)
    paths = write_clips(tmp_path, TABLES[:1])
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0") as empty,
        on_cluster(empty.scheduler_address),
        pytest.raises(ConnectionError, match="has had no worker"),
    ):
        extract(paths, recipe(), store=None)


# Searches


@pytest.fixture
def clips(tmp_path):
    """Return a table of clips whose rows tell the emotion, and are read through a trace."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"subject": np.repeat(list("abcdef"), 8)})
    table["emotion"] = np.tile(["anger", "sadness"], 24)
    means = np.where(table["emotion"] == "anger", 0.0, 1.0)[:, None]
    contents = (means + rng.normal(size=(48, 2)))[:, None, :].tolist()
    contents[5] = "no_face"
    table["path"] = write_clips(tmp_path, contents)
    table["clip"] = table["path"].map(os.path.basename)
    return table.assign(corpus="toy", excluded="", train_only=False, synthetic=False)


class Traced(RowMeans):
    """Means of rows, telling which clips were read."""

    def __init__(self, *, trace=None, column="path", store="default", n_jobs=-1, on_error="nan",
                 progress=False):  # fmt: skip
        super().__init__(
            column=column, store=store, n_jobs=n_jobs, on_error=on_error, progress=progress
        )
        self.trace = trace

    def _recipe(self):
        return recipe(prepare_args={"trace": self.trace}, name="traced")


def search(trace):
    model = make_clip_pipeline(Traced(trace=str(trace), store=None), StandardScaler(), SVC())
    grid = {"svc__C": [0.1, 1.0, 10.0]}
    return GridSearchCV(model, grid, cv=GroupKFold(3))


@pytest.mark.filterwarnings("ignore::emopipe.extraction.ClipWarning")
def test_a_grid_search_gives_the_same_and_extracts_nothing_again(client, clips, tmp_path):
    y, groups = clips["emotion"].to_numpy(), clips["subject"].to_numpy()
    trace = tmp_path / "trace"
    searched = search(trace)
    searched.estimator[0].transform(clips)
    assert len(lines(trace)) == len(clips)
    searched.fit(clips, y, groups=groups)
    refit = len(clips)  # the best one is fitted by the client, which keeps nothing here
    assert len(lines(trace)) == len(clips) + refit
    with joblib.parallel_config("loky"):
        alone = search(tmp_path / "other").set_params(estimator__traced__n_jobs=1, n_jobs=1)
        alone.fit(clips, y, groups=groups)
    for name in ("mean_test_score", "split0_test_score", "std_test_score", "rank_test_score"):
        assert searched.cv_results_[name].tobytes() == alone.cv_results_[name].tobytes()
    assert searched.predict(clips).tolist() == alone.predict(clips).tolist()


def test_an_evaluation_with_a_search_inside_gives_the_same(client, clips, tmp_path):
    trace = tmp_path / "trace"
    result = evaluate(search(trace), clips, cv=3, n_bootstrap=20)
    assert len(lines(trace)) == len(clips)
    with joblib.parallel_config("loky"):
        alone = search(tmp_path / "other").set_params(estimator__traced__n_jobs=1, n_jobs=1)
        alone = evaluate(alone, clips, cv=3, n_bootstrap=20)
    pd.testing.assert_frame_equal(result.predictions, alone.predictions, check_exact=True)
    assert result.metrics == alone.metrics and result.coverage == alone.coverage
    chosen = [[fold["best_params"] for fold in each.folds] for each in (result, alone)]
    assert chosen[0] == chosen[1]


def test_folds_of_a_network_give_the_same(client, tmp_path):
    network = AudioVisualCNN(
        modalities=("audio",), spectrogram_size=(32, 8), store=tmp_path / "store.sqlite",
        layers=CNNLayers(audio_widths=(4,), audio_features=8, dense=()),
        training=Training(epochs=2, patience=None),
    )  # fmt: skip
    clips = write_voices(tmp_path)
    result = evaluate(network, clips, cv=2, n_bootstrap=0)
    with joblib.parallel_config("loky"):
        alone = evaluate(network.set_params(n_jobs=1), clips, cv=2, n_bootstrap=0)
    pd.testing.assert_frame_equal(result.predictions, alone.predictions, check_exact=True)


# The command line and its errors


def test_the_command_extracts_on_the_cluster(address, tmp_path, capsys):
    folder = tmp_path / "clips"
    folder.mkdir()
    write_voices(folder, subjects="a")
    tables = {}
    for name, more in {"here": [], "there": ["--scheduler", address]}.items():
        out = tmp_path / f"{name}.csv"
        arguments = ["extract", str(folder), "--store", str(tmp_path / name), "--out", str(out)]
        assert main([*arguments, "--set", "window=0.03", "--set", "step=0.01", *more]) == 0
        tables[name] = out.read_bytes()
    assert tables["here"] == tables["there"]
    captured = capsys.readouterr()
    assert "workers: 2, threads: 2" in captured.err and "6 clips: ok 6" in captured.out
    assert "over 2 threads of the cluster and this process" in captured.out


@pytest.mark.parametrize("wrong", ["localhost", "http://host:8786", "tcp://host", "a b:1", ""])
def test_what_is_no_address_is_said_with_what_is_one(wrong):
    with pytest.raises(ValueError, match="write tcp://HOST:8786, HOST:8786"), on_cluster(wrong):
        pass


def test_the_command_says_what_is_wrong_with_a_scheduler(tmp_path, capsys):
    clip = write_clips(tmp_path, [[[1.0]]], suffix=".wav")[0]
    assert main(["extract", clip, "--scheduler", "nowhere"]) == 1
    assert "no address of a Dask scheduler" in capsys.readouterr().err
    assert main(["extract", clip, "--scheduler", str(tmp_path / "s.json")]) == 1
    assert "no scheduler file" in capsys.readouterr().err
    assert main(["extract", clip, "--scheduler", "h:1", "--jobs", "2"]) == 1
    assert "--jobs is for this machine" in capsys.readouterr().err


def test_a_scheduler_that_does_not_answer_is_named():
    with (
        pytest.raises(ConnectionError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9"),
        on_cluster("tcp://127.0.0.1:9", timeout=0.2),
    ):
        pass


def test_without_dask_the_command_to_install_it_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ImportError, match="pip install 'dask\\[distributed\\]'"), on_cluster("h:1"):
        pass
