"""System C: with invented features learning is seen in seconds; with drawn clips, the whole way."""

import pickle

import numpy as np
import pandas as pd
import pytest
from clips import write_video
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from emopipe.corpora import load_corpus
from emopipe.extraction import COUNTERS, ClipWarning, Extraction
from emopipe.face import FaceCrops
from emopipe.media import ClipError
from emopipe.models import ModelError, load, save
from emopipe.models.soundness import check_sound
from emopipe.networks.segment_attention import estimator
from emopipe.networks.segment_attention.estimator import SegmentAttentionNetwork
from emopipe.networks.segment_attention.segment_table import SegmentTable
from emopipe.networks.segment_attention.voting import vote
from emopipe.synthetic import make_synthetic_corpus
from emopipe.training.parameters import Training, VGG19Features
from emopipe.training.tensors import ClipTensors

N_FEATURES = 64
SMALL = {
    "vgg19__weights": "random",
    "vgg19__width": 1 / 64,
    "vgg19__size": 32,
    "units": 8,
    "attention_units": 8,
    "training__learning_rate": 2e-2,
    "training__validation_share": 0.25,
    "training__epochs": 15,
    "faces__n_frames": 4,
    "store": None,
}
EMOTIONS = ["anger", "fear", "sadness"]


def invent(table, informative, seed=0):
    """Features of clips whose voice, face, or both say their emotion, faces by their order."""
    rng = np.random.default_rng(seed)
    features = {"audio": [], "video": []}
    directions = {"audio": rng.normal(size=(3, N_FEATURES)), "video": rng.normal(size=N_FEATURES)}
    for emotion in table["emotion"]:
        code, n = EMOTIONS.index(emotion), int(rng.integers(2, 5))
        starts = 0.5 + 0.3 * np.arange(n)
        times = np.arange(starts[0], starts[-1] + 0.655, 1 / 30)
        voice, face = rng.normal(size=(n, N_FEATURES)), rng.normal(size=(len(times), N_FEATURES))
        if "audio" in informative:
            voice += directions["audio"][code]
        if "video" in informative:
            curve = [times * 0 + 1, times * 0 - 1, 1 - 2 * ((times - 0.5) % 0.3) / 0.3][code]
            face += 1.5 * curve[:, None] * directions["video"]
        features["audio"].append(np.column_stack([starts, voice]))
        features["video"].append(np.column_stack([times, face]))
    return dict(
        zip(table["path"], zip(features["audio"], features["video"], strict=True), strict=True)
    )


def clip_table(n_subjects=12, per_emotion=3):
    rows = [
        {"subject": f"s{s:02}", "emotion": e, "path": f"s{s:02}/{e}{i}.avi"}
        for s in range(n_subjects)
        for e in EMOTIONS
        for i in range(per_emotion)
    ]
    return pd.DataFrame(rows)


class Invented(SegmentAttentionNetwork):
    """The network without clips: `features` maps paths to values, or to a status."""

    features = {}  # noqa: RUF012

    def _tensors(self, X):
        paths = self._clip_paths(X)
        return {name: self._tensors_of(paths, i) for i, name in enumerate(("audio", "video"))}

    def _tensors_of(self, paths, i):
        outcomes = [self.features[path] for path in paths]
        values = [None if isinstance(f, str) else f[i] for f in outcomes]
        statuses = [f if isinstance(f, str) else "ok" for f in outcomes]
        details = [f if isinstance(f, str) else "" for f in outcomes]
        return ClipTensors(Extraction(values, statuses, details, [{}] * len(outcomes)), paths)


def learn(monkeypatch, informative, **changed):
    table = clip_table()
    monkeypatch.setattr(Invented, "features", invent(table, informative))
    unseen = table["subject"] >= "s08"
    network = Invented().set_params(**SMALL | changed)
    network.fit(table[~unseen], table["emotion"][~unseen])
    accuracy = (network.predict(table[unseen]) == table["emotion"][unseen]).mean()
    return network, table, accuracy, network.attention_weights(table[unseen]).mean()


@pytest.fixture(scope="module")
def both():
    """A network that has heard voices and seen faces for three epochs, and its clips."""
    with pytest.MonkeyPatch.context() as patch:
        network, table, _, _ = learn(patch, ["audio", "video"], training__epochs=3)
        yield network, table


@pytest.fixture
def stand_in(both, monkeypatch):
    network, table = both
    monkeypatch.setattr(Invented, "features", invent(table, ["audio", "video"]))
    return network, table


def test_attention_goes_to_the_voice_that_knows(monkeypatch):
    _, _, accuracy, attention_weights = learn(monkeypatch, ["audio"])
    assert accuracy >= 0.9 and attention_weights["audio"] > 0.6


def test_attention_goes_to_the_face_that_knows(monkeypatch):
    _, _, accuracy, attention_weights = learn(monkeypatch, ["video"])
    assert accuracy >= 0.9 and attention_weights["video"] > 0.6


def test_what_is_learned_is_plain_arrays_that_answer_again(stand_in):
    network, table = stand_in
    assert all(type(w) is np.ndarray for w in network.network_weights_)
    kinds = {f"{v}{m}{k}" for v in ("", "val_") for m in ("", "audio_", "video_")
             for k in ("loss", "accuracy")}  # fmt: skip
    assert set(network.history_) == kinds
    scores = network.predict_proba(table)
    assert np.allclose(scores.sum(axis=1), 1) and scores.dtype == np.float64
    copy = pickle.loads(pickle.dumps(network))
    assert "_model" not in vars(copy)
    assert copy.predict_proba(table).tobytes() == scores.tobytes()
    order = np.random.default_rng(0).permutation(len(table))
    assert np.allclose(network.predict_proba(table.iloc[order]), scores[order], atol=1e-6)


def test_segments_tell_how_a_clip_was_decided(stand_in):
    network, table = stand_in
    subset = table.iloc[[40, 3, 3]]
    segments = network.segments(subset)
    assert set(segments["clip"]) == {0, 1, 2} and (segments["stop"] > segments["start"]).all()
    assert np.allclose(segments[["attention_audio", "attention_video"]].sum(axis=1), 1, atol=1e-5)
    scores = vote(segments[list(network.classes_)].to_numpy(), segments["clip"], range(3))
    assert np.allclose(scores, network.predict_proba(subset), atol=1e-6)
    weights = network.attention_weights(subset)
    assert list(weights.index) == list(subset.index) and list(weights) == ["audio", "video"]
    alone = segments.loc[segments["clip"] == 0, "attention_audio"].mean()
    assert weights["audio"].iloc[0] == pytest.approx(alone, abs=1e-6)


def test_clips_that_cannot_be_shown(stand_in, monkeypatch):
    network, table = stand_in
    features = dict(Invented.features)
    for path, status in zip(table["path"][::7], ["no_face", "silent", "too_short"], strict=False):
        features[path] = status
    bad = np.array([isinstance(features[path], str) for path in table["path"]])
    monkeypatch.setattr(Invented, "features", features)
    with pytest.warns(ClipWarning, match="3 of 108 clips cannot be shown"):
        scores = network.predict_proba(table)
    assert np.array_equal(np.isnan(scores).all(axis=1), bad)
    with pytest.warns(ClipWarning):
        assert np.array_equal(network.attention_weights(table).isna().all(axis=1), bad)
    with pytest.warns(ClipWarning):
        assert network.predict(table[bad]).tolist() == [network.fallback_] * 3
    with pytest.warns(ClipWarning):
        assert network.segments(table[bad]).empty
    assert np.array_equal(network.statuses(table)["status"] != "ok", bad)
    with pytest.raises(ClipError, match="no_face"):
        clone(network).set_params(on_error="raise").fit(table, table["emotion"])


def test_an_interrupted_fit_goes_on_where_it_stopped_to_the_same_end(
    stand_in, monkeypatch, tmp_path
):
    expected, table = stand_in
    old = table[table["subject"] < "s08"]
    network, trained = clone(expected).set_params(training__checkpoint=str(tmp_path)), []

    def count_calls(model, *args, **kwargs):
        if model.name == "fusion" and "fusion" not in trained:
            trained.append(model.name)
            raise KeyboardInterrupt
        trained.append(model.name)
        return train(model, *args, **kwargs)

    train = estimator.train
    monkeypatch.setattr(estimator, "train", count_calls)
    with pytest.raises(KeyboardInterrupt):
        network.fit(old, old["emotion"])
    network.fit(old, old["emotion"])
    assert trained == ["audio", "video", "fusion", "fusion"]
    assert not list(tmp_path.iterdir())
    assert network.history_ == expected.history_
    for first, other in zip(network.network_weights_, expected.network_weights_, strict=True):
        assert np.array_equal(first, other)


@settings(max_examples=80, deadline=None)
@given(seed=st.integers(0, 1000), n=st.integers(1, 9), n_classes=st.integers(2, 4))
def test_the_largest_score_is_the_majority(seed, n, n_classes):
    probabilities = np.random.default_rng(seed).dirichlet(np.full(n_classes, 0.5), n)
    [scores] = vote(probabilities, np.zeros(n, int), [0])
    votes = np.bincount(probabilities.argmax(axis=1), minlength=n_classes)
    most = np.flatnonzero(votes == votes.max())
    assert scores.argmax() == most[probabilities.sum(axis=0)[most].argmax()]
    assert scores.sum() == pytest.approx(1)


def test_a_table_of_segments_reads_what_the_clips_hold():
    table = clip_table(2, 1)
    features = invent(table, ["video"])
    pairs = [features[path] for path in table["path"]]
    tensors = {
        name: ClipTensors(Extraction([p[i] for p in pairs], ["ok"] * 6, [""] * 6, [{}] * 6),
                          list(table["path"]))
        for i, name in enumerate(("audio", "video"))
    }  # fmt: skip
    segments = SegmentTable(tensors, np.array([4, 1]), 20)
    assert segments.clips.tolist() == [4] * len(pairs[4][0]) + [1] * len(pairs[1][0])
    last = segments.batch("audio", "video")(np.array([len(segments) - 1]), None, False)
    assert np.allclose(last["audio"][0], pairs[1][0][-1, 1:])
    assert last["video"].shape == (1, 20, N_FEATURES)
    start = pairs[1][0][-1, 0]
    times = pairs[1][1][:, 0]
    inside = pairs[1][1][(times >= start - 1e-6) & (times < start + 0.655)]
    assert {tuple(row) for row in last["video"][0]} <= {
        tuple(row) for row in inside[:, 1:].astype(np.float32)
    }
    mean, variance = segments.scales("audio", np.arange(len(segments)))
    everything = np.concatenate([pairs[4][0], pairs[1][0]])[:, 1:]
    assert np.allclose(mean, everything.mean(axis=0), atol=1e-5)
    assert np.allclose(variance, everything.var(axis=0), rtol=1e-4)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    root = make_synthetic_corpus(
        tmp_path_factory.mktemp("enterface"), layout="enterface", subjects=6,
        emotions=["anger", "sadness"], clips_per_emotion=1, duration=0.9, informative="voice",
        size=(96, 128), oddities=False,
    )  # fmt: skip
    return load_corpus("enterface", root)


def _film(path, n_frames, n_samples):
    wall, sound = np.full((96, 128, 3), 99, np.uint8), np.sin(np.arange(n_samples) * 0.3) / 2
    return str(write_video(path, [wall] * n_frames, sound=sound))


def test_the_whole_way_from_clips(drawn, tmp_path):
    """Drawn clips and spoilt ones, through engine and store; voices of strangers are understood."""
    network = SegmentAttentionNetwork(
        vgg19=VGG19Features(weights="random", width=1 / 8, size=64),
        faces=FaceCrops(size=(64, 64), detect_every=8),
        units=16, attention_units=8, n_jobs=1, store=str(tmp_path / "store.sqlite"),
        training=Training(
            learning_rate=1e-2, epochs=25, batch_size=8, validation_share=0, patience=None
        ),
    )  # fmt: skip
    unseen = drawn["subject"].isin(["5", "6", "7"])
    network.fit(drawn[~unseen], drawn["emotion"][~unseen])
    assert (network.predict(drawn) == drawn["emotion"])[unseen].mean() >= 0.75
    before = COUNTERS.copy()
    clone(network).set_params(training__random_state=1).statuses(drawn)
    assert before == COUNTERS, "what the store knows is not computed again"
    wall, short = _film(tmp_path / "wall.mp4", 20, 16000), _film(tmp_path / "s.mp4", 5, 3000)
    with pytest.warns(ClipWarning, match="no_face"):
        scores = network.predict_proba([wall, drawn["path"].iloc[0], short])
    assert np.isnan(scores[[0, 2]]).all() and np.isfinite(scores[1]).all()
    statuses = network.statuses([wall, short])
    assert statuses["status"].tolist() == ["no_face", "too_short"]
    assert "random weights" in network.notices()[0]
    save(network, tmp_path / "model")
    again = load(tmp_path / "model").set_params(store=network.store)
    subset = drawn.iloc[:3]
    assert np.array_equal(again.predict_proba(subset), network.predict_proba(subset))


def test_the_last_blocks_of_vgg19_are_trained_on_pictures_that_went_through_the_others_once(
    drawn, tmp_path
):
    """As in the paper: fc7 itself is the voice's vector, VGG19 is trained with the networks."""
    network = SegmentAttentionNetwork(
        vgg19=VGG19Features(
            weights="random", width=1 / 64, size=32, fine_tune=1, fine_tune_rate=1e-2
        ),
        faces=FaceCrops(size=(32, 32), detect_every=8, n_frames=4),
        picture="mfcc", audio_dense=False, units=64, attention_units=4, n_jobs=1,
        store=str(tmp_path / "store.sqlite"),
        training=Training(epochs=1, batch_size=16, validation_share=0, patience=None),
    )  # fmt: skip
    subset = drawn[:8]
    tensors = network._tensors(subset)
    plain = clone(network).set_params(vgg19__fine_tune=0)._tensors(subset)
    deep, fc7 = (SegmentTable(values, np.arange(8), 4) for values in (tensors, plain))
    assert deep.audio.dtype == np.float16 and deep.audio.shape[1] == 2 * 2 * 8
    assert np.allclose(deep.starts, fc7.starts) and np.array_equal(deep.index, fc7.index)
    through = deep.through(estimator._callers(network._tails("random:0")))
    scale = np.abs(fc7.audio).max()
    assert np.allclose(through.audio, fc7.audio, atol=2e-3 * scale)
    assert np.allclose(through.faces, fc7.faces, atol=2e-3 * np.abs(fc7.faces).max())
    network.fit(subset, subset["emotion"])
    kinds = {"loss", "audio_loss", "video_loss", "tuned_audio_loss", "tuned_video_loss"}
    assert kinds <= set(network.history_)
    untouched = network._tails("random:0")["audio"].get_weights()
    tuned = network.network_weights_[: len(untouched)]
    assert all(a.shape == b.shape for a, b in zip(tuned, untouched, strict=True))
    assert all(np.abs(a - b).max() > 1e-4 for a, b in zip(tuned[::2], untouched[::2], strict=True))
    save(network, tmp_path / "model")
    again = load(tmp_path / "model").set_params(store=network.store)
    assert np.array_equal(again.predict_proba(subset), network.predict_proba(subset))


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"audio_dense": False}, r"units=8: .*set units=64"),
        ({"vgg19__fine_tune": 3}, "vgg19.fine_tune=3 must be 0, 1 or 2"),
        ({"vgg19__fine_tune_rate": 0}, "must be above 0"),
        ({"least_faces": 2}, "least_faces=2 is a share"),
        ({"picture": "mel"}, "picture='mel'"),
    ],
)
def test_parameters_are_checked(parameters, words):
    network = SegmentAttentionNetwork().set_params(**SMALL | parameters)
    with pytest.raises(ValueError, match=words):
        network.fit(["never read"] * 4, ["anger", "fear"] * 2)


def test_a_clip_with_faces_in_too_few_frames_is_left_out():
    extraction = Extraction([np.zeros(1)] * 3, ["ok", "partial", "partial"], [""] * 3,
                       [{"frames": 10, "faces": n} for n in (10, 5, 4)])  # fmt: skip
    tensors = ClipTensors(extraction, list("abc")).with_faces(0.5)
    assert tensors.statuses == ["ok", "partial", "few_faces"]
    assert tensors.there.tolist() == [True, True, False]
    assert tensors.details[2] == "4 of 10 frames have faces; 0.5 of them must."
    assert ClipTensors(extraction, list("abc")).with_faces(0).there.all()


def test_networks_that_were_saved_before_they_had_all_parameters_are_as_they_were():
    network = SegmentAttentionNetwork(vgg19=VGG19Features(weights="random"))
    for part, names in ((network, ("picture", "audio_dense")), (network.vgg19, ("fine_tune",))):
        for name in names:
            del vars(part)[name]
    check_sound(network)
    assert (network.picture, network.audio_dense, network.vgg19.fine_tune) == ("log-mel", True, 0)
    del vars(network.vgg19)["weights"]
    with pytest.raises(ModelError, match="VGG19Features, has no weights"):
        check_sound(network)
