import runpy
from pathlib import Path

import pytest

from emopipe.report.view import experiment_view
from emopipe.synthetic import make_synthetic_corpus

SCRIPTS = Path(__file__).parents[1] / "experiments"


@pytest.mark.parametrize("corpus", ["rml", "enterface"])
def test_strangers_and_acquaintances(corpus, tmp_path):
    root = make_synthetic_corpus(
        tmp_path / corpus, layout=corpus, subjects=2, emotions=["anger", "sadness"],
        clips_per_emotion=2, duration=0.8, size=(96, 128), oddities=False,
    )  # fmt: skip
    experiment = runpy.run_path(str(SCRIPTS / f"{corpus}_attention.py"))["experiment"]
    found = experiment(
        root, weights="random", vgg19_width=1 / 64, vgg19_size=32, units=4, n_folds=2, epochs=1
    )
    alone, mixed = found.results["leave one subject out"], found.results["subjects mixed"]
    assert not alone.protocol["subject_dependent"] and alone.passed
    assert mixed.protocol["subject_dependent"]
    assert len(alone.predictions) == len(mixed.predictions) == 8
    assert alone.predictions["predicted"].notna().all()
    assert any("random weights" in notice["text"] for notice in alone.notices)
    assert {"loss", "val_loss", "audio_loss", "video_loss"} <= set(alone.history[0])
    assert any("same people" in notice["text"] for notice in found.notices)
    rows = experiment_view(found)["published"]
    assert len(rows) == 6 and all(row["ours"] is not None for row in rows)
    assert {p.value for p in found.published} >= (
        {0.7613, 0.9870} if corpus == "rml" else {0.7849, 0.9775}
    )
