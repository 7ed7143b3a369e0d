"""The benchmarks' parts work on tiny inputs, and what they count comes out; nothing is timed."""

import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from emopipe.corpora import load_corpus
from emopipe.media import frames, probe
from emopipe.synthetic import make_synthetic_corpus

BENCHMARKS = Path(__file__).parent.parent / "experiments" / "bench"
sys.path.append(str(BENCHMARKS))  # as Python does for a script
NEW = [
    "device",
    "extract",
    "frames",
    "memory",
    "search",
    "store",
]


def bench(name):
    return SimpleNamespace(**runpy.run_path(str(BENCHMARKS / f"{name}.py"), run_name=name))


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    root = make_synthetic_corpus(
        tmp_path_factory.mktemp("films") / "ravdess", layout="ravdess", subjects=1,
        emotions=["anger", "fear"], oddities=False, duration=1.1,
    )  # fmt: skip
    table = load_corpus("ravdess", root, modality="audio-visual")
    return table.loc[table["media"] == "video", "path"].tolist()


@pytest.mark.parametrize("name", NEW)
def test_help_tells_what_is_measured(name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [name, "--help"])
    with pytest.raises(SystemExit) as left:
        bench(name).main()
    assert left.value.code == 0
    assert {"--quick", "--out"} <= set(capsys.readouterr().out.replace("[", " ").split())


def test_weightings_are_judged_on_scores_of_as_many_fits_as_folds_and_one():
    search = bench("search")
    actual = search.scan(search.score_table(None, 300), 60, 3, 1)
    assert actual["fits"] == 2 * (search.FOLDS + 1)
    assert actual["searched"] >= actual["best_of_grid"] - 1e-12
    assert np.isfinite(list(actual["rounds"][0].values())).all()


def test_a_grid_over_a_fusion_extracts_and_fits_nothing_twice(tmp_path, capsys):
    search = bench("search")
    actual = search.grid(tmp_path, 6, 2, C=[1.0, 10.0], n_components=[2], weights=["recall"])
    assert actual["extracted"] == actual["clips_x_recipes"]
    assert actual["extracted_twice"] == actual["fitted_twice"] == 0
    assert actual["fits"]["SVC"] < actual["fits_without_memory"]
    scanned = search.scan(search.score_table(None, 100), 9, 2, 1)
    search.show(scanned, actual)
    assert "goal = 0: yes" in capsys.readouterr().out


def test_stores_of_any_size_are_written_and_read(tmp_path, capsys):
    store = bench("store")
    chosen, filled = store.growth(tmp_path, [50, 400], 1)
    assert [row["entries"] for row in chosen] == [50, 400] and set(filled) == {50, 400}
    warm = {"voice": store.warm_read(tmp_path, "voice", 30, 1)}
    naming = {when: {"seconds": 0.1, "read": 0} for when in ("first", "later")}
    store.show({"clips": 30, "sizes": [50, 400], "warm": warm, "growth": chosen,
                "filled": filled, "naming": naming})  # fmt: skip
    assert "voice: 30 x 68 read warm" in capsys.readouterr().out


def test_a_film_is_repeated_to_any_length(clips, tmp_path):
    memory = bench("memory")
    path = memory.long_film(clips[0], tmp_path / "long.mp4", 0.1)
    info = probe(path)
    assert 6 <= info.duration < 8 and info.has_video and info.has_audio
    times = [time for time, _ in frames(path, fps=2.0)]
    assert len(times) >= 12 and np.all(np.diff(times) > 0.4)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_is_that_of_a_fresh_process(tmp_path, capsys):
    memory = bench("memory")
    row = memory.measure("voice", memory.tiny_clips(tmp_path / "clips", 4))
    assert row["prepared"] == 4 and len(row["base_MB"]) == 2
    assert row["results_MB"] == pytest.approx(4 * 68 * 8 / 1e6)
    rows = [row | {"clips": 0, "results_MB": 0.0}, row | {"clips": 4}]
    videos = [row | {"minutes": i + 1, "sum_MB": 100.0 + i} for i, row in enumerate(rows)]
    memory.show({"voice": videos}, {"as they are": rows})
    output = capsys.readouterr().out
    assert "60.0 MB per hour" in output and "of them results 544" in output


def test_the_loop_looks_at_the_frames_it_is_asked_for(clips):
    extract, faces = bench("extract"), []
    arguments = {"detector": None, "size": [8, 8], "margin": 0.0}
    recipe = SimpleNamespace(prepare_args=arguments, places={"model": None})
    face = SimpleNamespace(_recipe=lambda: recipe)

    def call(crops):
        faces.append(crops)
        return crops.reshape(1, -1).astype(float)

    for fps, n in ((5.0, 6), (None, 28)):
        faces.clear()
        _, (mean,) = extract.loop(clips[:1], extract.engines_crop(face), call, fps)
        assert abs(len(faces) - n) <= 1 and mean.shape == (192,)


def test_networks_are_compared_with_a_product_of_matrices(monkeypatch, capsys):
    pytest.importorskip("openvino", reason="pip install openvino")
    monkeypatch.syspath_prepend(BENCHMARKS)
    face = bench("face")
    assert face.product_rate("float32", 2, side=64) > 0
    rows = [{"network": "openvino float32", "batch": 16, "faces_per_second": 2.0},
            {"network": "keras float32", "batch": 16, "faces_per_second": 2.0}]  # fmt: skip
    (share,) = face.limits(rows, 2).items()
    assert share[0] == "float32, batch 16" and share[1] > 0
    assert "of a product's rate" in capsys.readouterr().out


def test_stages_and_loops_become_ratios(capsys):
    extract = bench("extract")
    row = {"decode": 1.0, "detect": 4.0, "network": 2.0, "whole": 5.0, "following": 2.5}
    loops = {"loop, eager": 20.0, "loop, compiled": 10.0, "loop, every": 50.0}
    table = extract.judge({"rounds": [row | loops, row | loops]}, 10, 5)
    extract.show("network", table)
    figures = {what: figure for what, figure, _ in table}
    assert figures["whole way / slowest stage alone (detect)"] == 0.8
    assert figures["over loop, eager, same frames"] == 4
    assert figures["detect_every=5: over loop, eager, same frames"] == 8
    assert not any("DeepFace" in what for what in figures)
    installed = extract.judge({"rounds": [row | loops | {"loop, DeepFace": 15.0}]}, 10, 5)
    assert ("over loop, DeepFace's own detection, same frames", 3.0, 3.0) in installed
    assert "goal >= 0.8: yes" in capsys.readouterr().out


def test_following_is_compared_with_detecting_each(clips, tmp_path, capsys):
    looked = bench("frames")
    rows = looked.following(clips[:1], None, {"detector": "haar", "model": None})
    looked.show_following(rows)
    assert [row["every"] for row in rows] == list(looked.EVERY)
    assert all(row["detections"] < row["of"] and row["iou_lowest"] > 0.5 for row in rows)
    spent = looked.sparse(looked.long_video(tmp_path / "long.mp4", 4))
    assert sorted(spent) == [3, 10, 100]
