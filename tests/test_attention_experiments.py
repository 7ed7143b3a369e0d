"""System C's experiment on both corpora; one network is trained, guesses stand for the others."""

import runpy
from pathlib import Path

import pytest
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import StratifiedShuffleSplit

from emopipe import SegmentAttentionNetwork, evaluate
from emopipe.report.view import experiment_view
from emopipe.synthetic import make_synthetic_corpus

SCRIPT = Path(__file__).parents[1] / "experiments" / "segment_attention.py"
TINY = {"weights": "random", "vgg19_width": 1 / 64, "vgg19_size": 32, "units": 64, "epochs": 1}


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    return {
        layout: make_synthetic_corpus(
            tmp_path_factory.mktemp(layout), layout=layout, subjects=2,
            emotions=["anger", "sadness"], clips_per_emotion=2, duration=0.8, size=(96, 128),
            oddities=False,
        )
        for layout in ("rml", "enterface")
    }  # fmt: skip


def with_guesses(networks):
    """Return `evaluate` that trains the sixth network, on one fold, and guesses for the others."""

    def evaluates(network, clips, **how):
        networks.append(network.get_params())
        del how["checkpoint"], how["progress"]
        if len(networks) < 6:
            return evaluate(DummyClassifier(), clips, **how)
        how["cv"] = StratifiedShuffleSplit(1, test_size=4, random_state=0)
        return evaluate(network, clips, **how, n_bootstrap=0, ignore=["EMO09", "EMO10"])

    return evaluates


def test_strangers_untrimmed_clips_and_acquaintances_of_both_corpora(roots, monkeypatch):
    experiment = runpy.run_path(str(SCRIPT))["experiment"]
    networks = []
    monkeypatch.setitem(experiment.__globals__, "evaluate", with_guesses(networks))
    compared = experiment(
        **roots, **TINY, n_folds=2, threshold=0.5, after=0.1, picture="mfcc", detect_every=4
    )
    assert list(compared.results) == [
        f"{corpus}, {protocol}"
        for corpus in ("RML", "eNTERFACE'05")
        for protocol in (
            "leave one subject out", "leave one subject out, whole clips", "subjects mixed",
        )
    ]  # fmt: skip
    trims = [
        parameters["speech"] and (parameters["speech"].threshold, parameters["speech"].after)
        for parameters in networks
    ]
    assert trims == [(0.5, 0.1), None, (0.5, 0.1)] * 2
    assert {parameters["picture"] for parameters in networks} == {"mfcc"}
    assert {
        (parameters["vgg19"].fine_tune, parameters["audio_dense"]) for parameters in networks
    } == {(1, False)}
    assert not compared.results["RML, leave one subject out"].protocol["subject_dependent"]
    mixed = compared.results["eNTERFACE'05, subjects mixed"]
    assert mixed.protocol["subject_dependent"] and mixed.predictions["predicted"].notna().all()
    [curves] = mixed.folds[0]["history"]
    assert {"loss", "val_loss", "audio_loss", "tuned_video_loss"} <= set(curves)
    texts = [notice["text"] for notice in compared.notices]
    for corpus, n in {"RML": 500, "eNTERFACE'05": 1166}.items():
        assert f"{corpus}: 8 clips, {n} in the paper: anger 4, sadness 4." in texts
    assert any("same people" in text for text in texts)
    assert any(text.startswith("The paper gives neither the band") for text in texts)
    rows = experiment_view(compared)["published"]
    assert len(rows) == 12 and all(row["ours"] is not None for row in rows)
    assert {0.7613, 0.9870, 0.7849, 0.9775} <= {p.value for p in compared.published}


def test_clips_with_few_faces_are_removed_and_counted(roots, monkeypatch):
    script = runpy.run_path(str(SCRIPT))
    clips = script["load_corpus"]("rml", roots["rml"])
    network = SegmentAttentionNetwork(least_faces=0.5)
    statuses = clips[["path"]].assign(status=["few_faces", "ok", "no_face"] + ["ok"] * 5)
    monkeypatch.setattr(SegmentAttentionNetwork, "statuses", lambda self, X: statuses)
    left, n_few = script["without_few_faces"](clips, network)
    assert left["excluded"].tolist() == ["few_faces"] + [""] * 7
    text = script["counts"]("rml", left, n_few)["text"]
    assert text.startswith("RML (1 clips with too few faces removed): 7 clips, 500 in the paper")
