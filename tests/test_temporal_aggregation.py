"""System B: invented faces and sounds for what must hold, drawn clips for the whole way."""

import pickle

import numpy as np
import pandas as pd
import pytest
from clips import write_video
from sklearn.base import clone

from emopipe.corpora import load_corpus
from emopipe.extraction import COUNTERS, ClipWarning, Extraction
from emopipe.face.crop_forms import with_times
from emopipe.media import ClipError
from emopipe.networks.temporal_aggregation.estimator import TemporalAggregation
from emopipe.synthetic import make_synthetic_corpus
from emopipe.training.tensors import ClipTensors

EMOTIONS = ["anger", "fear", "sadness"]
N_FRAMES, SIZE, SECONDS = 9, (16, 16), 1.0
TINY = {
    "faces__n_frames": N_FRAMES,
    "n_segments": 3,
    "faces__size": SIZE,
    "spectrogram_size": (16, 8),
    "window": 0.2,
    "layers__visual_widths": (4, 8),
    "layers__audio_widths": (4, 8),
    "layers__visual_features": 16,
    "layers__audio_features": 16,
    "training__learning_rate": 3e-3,
    "training__epochs": 10,
    "training__batch_size": 8,
    "training__validation_share": 0.2,
    "store": None,
    "n_jobs": 1,
}


def clip_table(n_subjects=9, per_emotion=2):
    rows = [
        {"subject": f"s{s}", "emotion": e, "path": f"s{s}/{e}{i}.mp4"}
        for s in range(n_subjects)
        for e in EMOTIONS
        for i in range(per_emotion)
    ]
    return pd.DataFrame(rows)


def invent(table, informative, seed=0):
    """Faces with a bright third, tones of a pitch; drawn at random where they say nothing."""
    rng = np.random.default_rng(seed)
    times, values = (np.arange(N_FRAMES) + 0.5) / N_FRAMES * SECONDS, {}
    for row in table.itertuples():
        code = {
            name: EMOTIONS.index(row.emotion) if name in informative else rng.integers(3)
            for name in ("face", "voice")
        }
        faces = rng.integers(0, 100, (N_FRAMES, *SIZE, 3), np.uint8)
        faces[:, 5 * code["face"] : 5 * code["face"] + 5] += 100
        tone = np.sin(np.arange(int(16000 * SECONDS)) * (0.4 + 0.8 * code["voice"]))
        sound = (tone * 8000 + rng.normal(0, 200, len(tone))).astype(np.int16)
        values[row.path] = with_times(times, faces), sound
    return values


class Invented(TemporalAggregation):
    """The network without clips: `clips` maps paths to values, or to a status."""

    clips = {}  # noqa: RUF012

    def _tensors(self, X):
        self._check_parameters()
        paths = self._clip_paths(X)
        values = [self.clips[path] for path in paths]
        bad = [f if isinstance(f, str) else "" for f in values]
        return {
            name: ClipTensors(
                Extraction(
                    [None if b else f[i] for f, b in zip(values, bad, strict=True)],
                    [b or "ok" for b in bad], bad, [{}] * len(bad),
                ),
                paths,
            )
            for i, name in enumerate(("video", "audio"))
        }  # fmt: skip


def learn(monkeypatch, informative, **changed):
    table = clip_table()
    monkeypatch.setattr(Invented, "clips", invent(table, informative))
    unseen = table["subject"] >= "s6"
    network = Invented().set_params(**TINY | changed).fit(table[~unseen], table["emotion"][~unseen])
    return network, (network.predict(table[unseen]) == table["emotion"][unseen]).mean()


@pytest.fixture(scope="module")
def both():
    with pytest.MonkeyPatch.context() as patch:
        yield learn(patch, ["face", "voice"], training__epochs=2)[0]


@pytest.fixture
def stand_in(both, monkeypatch):
    table = clip_table()
    monkeypatch.setattr(Invented, "clips", invent(table, ["face", "voice"]))
    return both, table


@pytest.mark.parametrize(("informative", "share"), [(["face"], False), (["voice"], True)])
def test_strangers_are_understood_by_what_knows(informative, share, monkeypatch):
    how = {"share_weights": share, "n_segments": 3 if share else 2}
    assert learn(monkeypatch, informative, **how)[1] >= 0.9


def test_chance_where_nobody_knows(monkeypatch):
    assert learn(monkeypatch, [], training__epochs=4, share_weights=True)[1] < 0.65


def test_scores_are_the_mean_of_the_segments(stand_in):
    network, table = stand_in
    scores, segments = network.predict_proba(table), network.segment_scores(table)
    assert segments.shape == (len(table), 3, 3)
    assert np.allclose(segments.sum(axis=2), 1, atol=1e-5)
    assert np.allclose(segments.mean(axis=1), scores, atol=1e-6)
    assert np.abs(segments - segments[:, :1]).max() > 1e-4, "networks of their own"


def test_a_segment_sees_its_own_part_of_the_clip(stand_in):
    network, table = stand_in
    before = network.segment_scores(table[:1])[0]
    value, sound = Invented.clips[table["path"][0]]
    value, sound = value.copy(), sound.copy()
    value[3:6, 8:] = 255 - value[3:6, 8:]
    sound[16000 // 3 + 1700 : 2 * 16000 // 3 - 1700] = 0
    Invented.clips[table["path"][0]] = value, sound
    after = network.segment_scores(table[:1])[0]
    assert np.array_equal(before[[0, 2]], after[[0, 2]])
    assert np.abs(before[1] - after[1]).max() > 1e-4


def test_what_is_learned_is_plain_arrays_and_repeats(stand_in):
    network, table = stand_in
    assert all(type(w) is np.ndarray for w in network.network_weights_)
    assert set(network.history_) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    scores = network.predict_proba(table)
    copy = pickle.loads(pickle.dumps(network))
    assert "_model" not in vars(copy)
    assert copy.predict_proba(table).tobytes() == scores.tobytes()
    old = table["subject"] < "s6"
    again = clone(network).fit(table[old], table["emotion"][old])
    for first, other in zip(again.network_weights_, network.network_weights_, strict=True):
        assert np.array_equal(first, other)


@pytest.mark.parametrize("draws", [0, 3])
def test_a_clip_does_not_depend_on_its_company(stand_in, draws):
    network, table = stand_in
    network = pickle.loads(pickle.dumps(network)).set_params(draws=draws)
    scores = network.predict_proba(table)
    order = np.random.default_rng(0).permutation(len(table))[:11]
    assert np.allclose(network.predict_proba(table.iloc[order]), scores[order], atol=1e-6)
    assert np.allclose(scores.sum(axis=1), 1, atol=1e-5)


def test_draws_are_averaged_and_seeded(stand_in):
    network, table = stand_in
    network = pickle.loads(pickle.dumps(network))
    middle = network.predict_proba(table[:6])
    drawn = network.set_params(draws=2).segment_scores(table[:6])
    assert np.array_equal(drawn, network.segment_scores(table[:6]))
    assert np.allclose(drawn.mean(axis=1), network.predict_proba(table[:6]), atol=1e-6)
    assert not np.allclose(drawn.mean(axis=1), middle)
    network.random_state_ = 5
    assert not np.allclose(network.predict_proba(table[:6]), drawn.mean(axis=1))


def test_training_draws_frames_and_the_sound_around_them(monkeypatch):
    """Frame k is grey level k; the sound's level rises from frame to frame."""
    times = (np.arange(N_FRAMES) + 0.5) / N_FRAMES * SECONDS
    levels = np.arange(N_FRAMES, dtype=np.uint8)
    faces = np.broadcast_to(levels[:, None, None, None], (N_FRAMES, *SIZE, 3))
    sound = np.zeros(16000, np.int16)
    rng = np.random.default_rng(0)
    for k, time in enumerate(times):
        part = slice(round((time - 0.05) * 16000), round((time + 0.05) * 16000))
        sound[part] = rng.normal(0, 10 * 2**k, part.stop - part.start)
    monkeypatch.setattr(Invented, "clips", {"a": (with_times(times, faces), sound)})
    network = Invented().set_params(**TINY | {"window": 0.06, "offset": 0.01})
    batch = network._batch(network._tensors(["a"]))
    inputs = batch(np.zeros(40, int), np.random.default_rng(0), True)
    drawn = inputs["video"][:, :, 0, 0, 0]
    assert inputs["video"].shape == (40, 3, *SIZE, 3) and inputs["audio"].shape == (40, 3, 16, 8)
    for segment in range(3):
        assert set(drawn[:, segment]) == set(range(3 * segment, 3 * segment + 3))
    loudness = inputs["audio"].mean(axis=(2, 3))
    expected = [loudness[drawn == k].mean() for k in range(N_FRAMES)]
    assert (np.diff(expected) > 3).all()
    for k in range(N_FRAMES):
        assert np.ptp(loudness[drawn == k]) < min(np.diff(expected))
    still = batch(np.zeros(2, int), np.random.default_rng(1), False)
    assert still["video"][:, :, 0, 0, 0].tolist() == [[1, 4, 7]] * 2
    assert np.array_equal(still["audio"][0], still["audio"][1])


def test_size_grows_with_the_segments_unless_they_share():
    def n_weights(**changed):
        return TemporalAggregation().set_params(**TINY | changed)._build(3).count_params()

    single, two, four = (n_weights(n_segments=n) for n in (1, 2, 4))
    assert four == 2 * two == 4 * single
    assert n_weights(n_segments=4, share_weights=True) == single


def test_clips_that_cannot_be_shown(stand_in, monkeypatch):
    network, table = stand_in
    clips = dict(Invented.clips)
    clips[table["path"][1]], clips[table["path"][4]] = "no_face", "silent"
    monkeypatch.setattr(Invented, "clips", clips)
    bad = np.isin(np.arange(len(table)), [1, 4])
    with pytest.warns(ClipWarning, match="2 of 54 clips cannot be shown"):
        scores = network.predict_proba(table)
    with pytest.warns(ClipWarning):
        segments = network.segment_scores(table)
    assert np.array_equal(np.isnan(scores).all(axis=1), bad)
    assert np.array_equal(np.isnan(segments).all(axis=(1, 2)), bad)
    with pytest.warns(ClipWarning):
        assert (network.predict(table[bad]) == network.fallback_).all()
    with pytest.raises(ClipError, match="no_face"):
        clone(network).set_params(on_error="raise").fit(table, table["emotion"])


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"n_segments": 0}, "n_segments=0 must be a whole number from 1"),
        (
            {"n_segments": 10, "faces__n_frames": 9},
            "faces.n_frames=9 must be a whole number from 10",
        ),
        ({"draws": -1}, "draws=-1 must be a whole number from 0"),
        ({"offset": -0.1}, "offset=-0.1 must be at least 0"),
        ({"window": 0.001}, "window=0.001 must be at least"),
        ({"faces__size": (16, 3)}, "faces.size=.* is too small"),
        ({"faces__detector": "hare"}, "detector='hare' is unknown"),
    ],
)
def test_parameters_are_checked(parameters, words):
    network = TemporalAggregation().set_params(**TINY | parameters)
    with pytest.raises(ValueError, match=words):
        network.fit(["never read"] * 4, ["anger", "fear"] * 2)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    root = make_synthetic_corpus(
        tmp_path_factory.mktemp("cremad"), subjects=5, emotions=["anger", "sadness"],
        clips_per_emotion=2, duration=0.8, size=(96, 128), oddities=False,
    )  # fmt: skip
    return load_corpus("cremad", root)


def test_the_whole_way_from_clips(drawn, tmp_path):
    """Drawn clips and spoilt ones, through engine and store; strangers are understood."""
    network = TemporalAggregation().set_params(
        **TINY
        | {"window": 0.4, "spectrogram_size": (48, 30), "faces__size": (32, 32)}
        | {"store": str(tmp_path / "store.sqlite"), "faces__detect_every": 4, "n_segments": 2}
        | {"training__epochs": 20, "training__validation_share": 0}
    )
    unseen = drawn["subject"].isin(sorted(drawn["subject"].unique())[-2:])
    network.fit(drawn[~unseen], drawn["emotion"][~unseen])
    assert (network.predict(drawn) == drawn["emotion"])[unseen].mean() >= 0.75
    before = COUNTERS.copy()
    clone(network).set_params(training__random_state=1, n_segments=7, window=0.3).statuses(drawn)
    assert before == COUNTERS, "what the store knows is not computed again"
    names = {"wall": (20, 16000), "mute": (20, None), "hush": (20, 16000)}
    tone = np.sin(np.arange(16000) * 0.3) / 2
    for name, (n_frames, n_samples) in names.items():
        sound = None if n_samples is None else tone[:n_samples] * (name != "hush")
        names[name] = str(
            write_video(
                tmp_path / f"{name}.mp4", [np.full((96, 128, 3), 99, np.uint8)] * n_frames,
                sound=sound,
            )
        )  # fmt: skip
    statuses = network.statuses([*names.values(), drawn["path"][0]])
    assert statuses["status"].tolist() == ["no_face", "no_face", "no_face", "ok"]
    whole = clone(network).set_params(faces__detector=None)
    assert whole.statuses(list(names.values()))["status"].tolist() == ["ok", "no_audio", "silent"]


def test_a_clip_of_one_frame_or_a_blink_of_sound_is_a_clip(tmp_path):
    """Frames repeat, and silence lies around the sound."""
    wall = np.full((96, 128, 3), 99, np.uint8)
    film = str(write_video(tmp_path / "one.mp4", [wall], sound=np.ones(600) / 2))
    network = TemporalAggregation().set_params(**TINY | {"faces__detector": None})
    tensors = network._tensors([film])
    assert tensors["video"].there.all() and tensors["audio"].there.all()
    inputs = network._batch(tensors)(np.array([0]), None, False)
    assert (np.abs(inputs["video"].astype(int) - 99) < 8).all()
    assert inputs["audio"].shape == (1, 3, 16, 8) and inputs["audio"].any()
