"""Synthetic corpora: real files, real names, a known truth, and the same again every time."""

import json
import os
import warnings
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe.corpora import load_corpus, usable
from emopipe.synthetic import make_synthetic_corpus
from emopipe.synthetic.clip import Clip
from emopipe.synthetic.drawn_face import DrawnFace, animate, portrait
from emopipe.synthetic.drawn_voice import SAMPLE_RATE, speak
from emopipe.synthetic.expressions import EXPRESSIONS
from emopipe.synthetic.layouts import LAYOUTS
from emopipe.synthetic.people import draw_person
from emopipe.synthetic.performances import choose_clips, choose_performance

SIX = ["anger", "disgust", "fear", "happiness", "neutral", "sadness"]
TINY = {"size": (64, 80), "duration": 0.3, "frame_rate": 10}


def load(name, root, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return load_corpus(name, root, **options)


def streams(path):
    """Return frames (n, rows, columns, 3), samples (channels, n) and the sample rate of a file."""
    import av

    frames, samples, rate = [], [], None
    with av.open(str(path)) as container:
        for frame in container.decode():
            if isinstance(frame, av.VideoFrame):
                frames.append(frame.to_ndarray(format="rgb24"))
            else:
                rate, channels = frame.sample_rate, frame.layout.nb_channels
                data = frame.to_ndarray()
                packed = data.shape[0] == 1
                samples.append(data.reshape(-1, channels).T if packed else data)
    sound = np.concatenate(samples, axis=1) if samples else None
    return np.array(frames), sound, rate


def bytes_of(root):
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def cremad(tmp_path_factory):
    root = tmp_path_factory.mktemp("cremad")
    return make_synthetic_corpus(root, layout="cremad", subjects=2, **TINY)


@pytest.fixture(scope="module")
def faces():
    sexes = ["female", "male"]
    people = [draw_person(f"face {k}", seed=1, sex=sexes[k % 2]) for k in range(8)]
    return [DrawnFace(person) for person in people]


# ------------------------------------------------------------------ names and tables


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_loader_reads_every_layout(layout, tmp_path):
    emotions = list(LAYOUTS[layout].codes)[:2]
    make_synthetic_corpus(tmp_path, layout=layout, subjects=2, emotions=emotions, **TINY)
    clips = usable(load(layout, tmp_path))
    assert Counter(clips["emotion"]) == dict.fromkeys(emotions, 2)
    assert clips["synthetic"].all() and clips["clip"].is_unique
    if layout not in ("afew", "sfew"):
        assert clips["subject"].nunique() == 2
    modalities = {"face"} if clips["media"][0] != "audio" else set()
    assert modalities <= set(LAYOUTS[layout].modalities)


@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_names_are_unique_and_oddities_keep_their_number(layout):
    plan = LAYOUTS[layout]
    people = plan.first_subjects(min(6, len(plan.subjects)), True)
    odd, plain = (
        choose_clips(plan, people, tuple(plan.codes), 3, oddities=oddities)
        for oddities in (True, False)
    )
    names = [name for clip in odd + plan.extras(people) for name in clip.files]
    assert len(set(names)) == len(names)
    assert [(c.subject, c.emotion) for c in odd] == [(c.subject, c.emotion) for c in plain]
    assert set(plan.odd) <= set(people)


def test_documented_oddities_of_cremad(cremad):
    clips = load("cremad", cremad).set_index("take")
    assert clips.loc["1040_ITH_SAD_XX", "clip"].endswith("1040_ITH_SAD_X.flv")
    excluded = clips[clips["excluded"] != ""]
    bad = {"1076_MTI_SAD_XX", "1076_MTI_NEU_XX", "1064_TIE_SAD_XX", "1064_IEO_DIS_MD"}
    assert bad | {"1001_WSI_SAD_XX"} == set(excluded.index)
    assert "Git LFS pointer" in excluded.loc["1001_WSI_SAD_XX", "excluded"]
    assert os.path.getsize(excluded.loc["1001_WSI_SAD_XX", "path"]) < 200
    frames, sound, _ = streams(excluded.loc["1076_MTI_SAD_XX", "path"])
    assert np.ptp(frames[0].mean(axis=2)) < 80 and not np.abs(sound).max() > 1e-3
    assert len(streams(excluded.loc["1064_IEO_DIS_MD", "path"])[0]) == 6


def test_odd_names_of_enterface(tmp_path):
    plan = LAYOUTS["enterface"]
    people = plan.first_subjects(4, True)
    assert people == ("1", "3", "11", "16")
    clips = choose_clips(plan, people, tuple(plan.codes), 1, oddities=True)
    files = {clip.files[0] for clip in clips}
    assert "subject 11/fear/sentence 1/s12_fe_1.avi" in files
    assert "subject 3/fear/sentence 1/s_3_fe_1.avi" in files
    assert "subject 16/surprise/sentence 3/s16_su_3avi.avi" in files
    assert len(plan.takes("23", "surprise", True)) == 2


def test_ravdess_song_stereo_and_sex(tmp_path):
    options = {"subjects": 2, "emotions": ["calm", "disgust"], "song": True}
    make_synthetic_corpus(tmp_path, layout="ravdess", **options, **TINY)
    clips = load("ravdess", tmp_path, channel="both")
    assert Counter(clips["channel"]) == {"speech": 4, "song": 2}
    assert dict(zip(clips["subject"], clips["sex"], strict=True)) == {"01": "male", "02": "female"}
    channels = {path: streams(path)[1].shape[0] for path in clips["audio"]}
    assert set(channels.values()) == {1, 2}


def test_jaffe_is_grey_but_for_copies_in_colour(tmp_path):
    import cv2

    make_synthetic_corpus(tmp_path, layout="jaffe", subjects=2, emotions=["fear"], **TINY)
    depth = {p.name[:2]: cv2.imread(str(p), -1).ndim for p in tmp_path.glob("*.tiff")}
    assert depth == {"KA": 2, "KL": 3}


def test_nobody_is_in_two_official_parts():
    plan = LAYOUTS["afew"]
    parts = {s: {c.files[0].split("/")[0] for e in plan.codes for c in plan.takes(s, e, False)}
             for s in plan.subjects[:10]}  # fmt: skip
    assert all(len(part) == 1 for part in parts.values())
    assert Counter(part for (part,) in parts.values()) == {"Train": 6, "Val": 2, "Test": 2}


def test_neutral_has_fewer_clips_where_the_corpus_has():
    clips = choose_clips(LAYOUTS["ravdess"], ("01",), ("neutral", "fear"), 8)
    assert Counter(clip.emotion for clip in clips) == {"neutral": 4, "fear": 8}


@pytest.mark.parametrize("label", ["voice", "face", "both"])
def test_voters_agree_mostly_and_tie_sometimes(cremad, label):
    votes = load("cremad", cremad, label=label, files=False)
    tied = votes["excluded"].str.startswith("voters tied")
    assert tied.any() and not tied.all()
    answered = votes[~tied & votes["excluded"].eq("")]
    assert (answered["emotion"] == answered["intended"]).mean() > 0.5


def test_demographics_match_the_people(cremad):
    clips = load("cremad", cremad)
    assert clips["sex"].isin(["male", "female"]).all()
    assert clips["age"].between(20, 74).all()


# ------------------------------------------------------------------ files


def test_films_and_sounds_are_what_was_asked_for(cremad):
    clips = usable(load("cremad", cremad))
    film, sound = clips["path"][0], clips["audio"][0]
    frames, sound_, rate = streams(film)
    assert film.endswith(".flv") and frames.shape == (3, 64, 80, 3) and rate == 44100
    assert sound_.shape[1] / rate == pytest.approx(0.3, abs=0.1)
    frames, sound_, rate = streams(sound)
    assert sound.endswith(".wav") and rate == 16000 and sound_.shape == (1, 4800)
    assert len(list(cremad.glob("AudioMP3/*.mp3"))) == len(list(cremad.glob("AudioWAV/*.wav")))


def test_durations_are_drawn_between_limits(tmp_path):
    options = {"subjects": 3, "emotions": ["anger", "fear"]}
    make_synthetic_corpus(tmp_path, layout="emodb", duration=(0.3, 0.9), **options)
    seconds = [streams(path)[1].shape[1] / 16000 for path in tmp_path.rglob("*.wav")]
    assert len(set(seconds)) > 2 and min(seconds) >= 0.26 and max(seconds) <= 0.94


def test_same_arguments_same_bytes(tmp_path):
    options = {"layout": "ravdess", "subjects": 1, "emotions": ["fear"], **TINY}
    first, second = (make_synthetic_corpus(tmp_path / name, **options) for name in "ab")
    assert bytes_of(first) == bytes_of(second)
    third = make_synthetic_corpus(tmp_path / "c", **options, seed=1)
    assert bytes_of(first).keys() == bytes_of(third).keys()
    assert not any(
        bytes_of(first)[name] == data for name, data in bytes_of(third).items() if "-" in name
    )


def test_a_clip_is_the_same_in_a_larger_corpus(tmp_path):
    options = {"layout": "emodb", "duration": 0.3, "informative": "face"}
    small = make_synthetic_corpus(tmp_path / "a", subjects=1, **options)
    large = make_synthetic_corpus(tmp_path / "b", subjects=2, clips_per_emotion=2, **options)
    sounds, more = bytes_of(small), bytes_of(large)
    assert all(more[name] == sounds[name] for name in sounds if name.endswith(".wav"))


def test_marker_says_what_the_corpus_is(cremad):
    marker = json.loads((cremad / "SYNTHETIC.json").read_text())
    assert marker["synthetic"] and marker["complete"] and "synthetic" in marker["note"]
    assert marker["parameters"]["seed"] == 0 and marker["parameters"]["layout"] == "cremad"
    assert all((cremad / name).stat().st_size == n for name, n in marker["files"].items())


# ------------------------------------------------------------------ reuse


@pytest.fixture
def emodb(tmp_path):
    def make(**options):
        options = {"layout": "emodb", "subjects": 1, "duration": 0.3, "emotions": SIX} | options
        return make_synthetic_corpus(tmp_path / "corpus", **options)

    return make


def test_complete_corpus_is_left_alone(emodb):
    root = emodb()
    before = {path: path.stat().st_mtime_ns for path in root.rglob("*")}
    assert emodb() == root
    assert {path: path.stat().st_mtime_ns for path in root.rglob("*")} == before


@pytest.mark.parametrize("harm", ["interrupted", "deleted", "truncated", "broken marker"])
def test_incomplete_corpus_is_redone(emodb, harm):
    root = emodb()
    whole = bytes_of(root)
    marker, sound = root / "SYNTHETIC.json", sorted(root.rglob("*.wav"))[0]
    if harm == "interrupted":
        marker.write_text(marker.read_text().replace('"complete": true', '"complete": false'))
    elif harm == "deleted":
        sound.unlink()
    elif harm == "truncated":
        sound.write_bytes(b"RIFF")
    else:
        marker.write_text("{")
    assert bytes_of(emodb()) == whole


def test_interruption_leaves_a_marker_of_an_incomplete_corpus(emodb, monkeypatch, tmp_path):
    from emopipe.synthetic import recorder

    def stop(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(recorder, "speak", stop)
        with pytest.raises(KeyboardInterrupt):
            emodb()
    marker = json.loads((tmp_path / "corpus" / "SYNTHETIC.json").read_text())
    assert not marker["complete"]
    assert len(list(emodb().rglob("*.wav"))) == 6


def test_other_parameters_replace_the_corpus(emodb):
    emodb(emotions=["anger"])
    (emodb(emotions=["anger"]) / "notes.txt").write_text("mine")
    root = emodb(emotions=["fear"])
    assert [path.name for path in root.rglob("*.wav")] == ["03a01Aa.wav"]
    assert (root / "notes.txt").read_text() == "mine"


def test_foreign_folder_is_refused(emodb, tmp_path):
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="not a synthetic corpus"):
        emodb()
    assert [path.name for path in (tmp_path / "corpus").iterdir()] == ["thesis.txt"]


def test_marker_cannot_delete_outside_its_folder(emodb, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    root = emodb()
    marker = json.loads((root / "SYNTHETIC.json").read_text())
    marker["files"]["../thesis.txt"] = 1
    (root / "SYNTHETIC.json").write_text(json.dumps(marker))
    emodb(seed=1)
    assert (tmp_path / "thesis.txt").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "iemocap"}, "layout='iemocap' is unknown; allowed: 'afew', 'cremad'"),
        ({"subjects": 0}, "subjects=0: layout 'cremad' has 1 to 91 subjects"),
        ({"subjects": ["1001", "9"]}, "names from '1001' to '1091'"),
        ({"emotions": ["surprise"]}, "layout 'cremad' takes one or more of anger, disgust"),
        ({"emotions": ["fear", "fear"]}, "each once"),
        ({"clips_per_emotion": 15}, "names for 1 to 14 clips"),
        ({"informative": "smell"}, "informative='smell' is not known"),
        ({"informative": "split", "emotions": SIX[:3]}, "four emotions"),
        ({"informative": "split", "layout": "jaffe"}, "voices and faces"),
        ({"duration": 0.01}, "duration=0.01: seconds"),
        ({"duration": (2, 1)}, "shortest, longest"),
        ({"size": (241, 320)}, "even numbers of 64 or more"),
        ({"frame_rate": 0}, "frames per second between 1 and 240"),
        ({"song": True}, "only 'ravdess' has"),
    ],
)
def test_errors_say_what_is_allowed(options, message, tmp_path):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        make_synthetic_corpus(tmp_path / "new", **options)
    assert not (tmp_path / "new").exists()


# ------------------------------------------------------------------ what is put where


def performances(informative, emotions, subjects=12, seed=0):
    return [
        choose_performance(
            Clip((f"{subject}{emotion}.wav",), str(subject), emotion), informative, emotions, seed
        )
        for subject in range(subjects)
        for emotion in emotions
    ]


@given(n=st.integers(3, 6), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_uninformative_modality_agrees_exactly_by_chance(n, seed):
    for informative, field in ((("voice",), "face"), (("face",), "voice"), ((), "voice")):
        people = performances(informative, SIX[:n], seed=seed)
        agree = [getattr(p, field) == p.clip.emotion for p in people]
        assert np.mean(agree) == pytest.approx(1 / n)
        assert Counter(getattr(p, field) for p in people) == dict.fromkeys(SIX[:n], 12)


@given(seed=st.integers(0, 99))
@settings(max_examples=20, deadline=None)
def test_informative_modality_always_agrees(seed):
    for informative in (("voice",), ("face",), ("voice", "face")):
        for p in performances(informative, SIX, seed=seed):
            by_modality = {"voice": p.voice, "face": p.face}
            assert all(by_modality[modality] == p.clip.emotion for modality in informative)


@given(n=st.integers(4, 6), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_split_needs_both_modalities(n, seed):
    emotions, middle = SIX[:n], (n + 1) // 2
    by_voice, by_face = set(emotions[:middle]), set(emotions[middle:])
    people = performances(("split",), emotions, subjects=30, seed=seed)
    pairs = {}
    for p in people:
        acted = p.clip.emotion
        assert (p.voice if acted in by_voice else p.face) == acted
        assert {p.voice, p.face} <= (by_voice if acted in by_voice else by_face)
        pairs.setdefault((p.voice, p.face), set()).add(acted)
    assert all(len(labels) == 1 for labels in pairs.values())
    for emotion in by_face:
        assert {p.clip.emotion for p in people if p.voice == emotion} == by_face
    for emotion in by_voice:
        assert {p.clip.emotion for p in people if p.face == emotion} == by_voice


# ------------------------------------------------------------------ faces


def test_haar_cascade_finds_the_drawn_faces(faces):
    import cv2

    path = cv2.data.haarcascades + "haarcascade_frontalface_default.xml"
    cascade, hits = cv2.CascadeClassifier(path), []
    for k, face in enumerate(faces[:4]):
        for j, emotion in enumerate(EXPRESSIONS):
            rng = np.random.default_rng([k, j])
            for image in list(animate(face, emotion, 3, 2.0, rng))[1:]:
                grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
                boxes = cascade.detectMultiScale(grey, 1.1, 5, minSize=(40, 40))
                middles = [(x + w / 2, y + h / 2) for x, y, w, h in boxes]
                hits.append(any(abs(x - 160) < 30 and abs(y - 120) < 40 for x, y in middles))
    assert np.mean(hits) >= 0.95


@pytest.mark.shared
def test_yunet_finds_the_drawn_faces(shared_data, faces):
    import cv2

    model = shared_data / "models" / "face_detection_yunet_2026may.onnx"
    detector = cv2.FaceDetectorYN.create(str(model), "", (320, 240), 0.8)
    rng = np.random.default_rng(0)
    images = [portrait(face, emotion, rng) for face in faces for emotion in EXPRESSIONS]
    hits = [detector.detect(image[..., ::-1].copy())[1] is not None for image in images]
    assert np.mean(hits) >= 0.95


def test_still_layers_are_not_painted_over(faces):
    before = faces[0].head.skin.copy()
    picture = faces[0].head.picture.copy()
    faces[0].draw(EXPRESSIONS["surprise"].values())
    assert np.array_equal(faces[0].head.skin, before)
    assert np.array_equal(faces[0].head.picture, picture)


def test_expression_changes_the_face_and_nothing_else(faces):
    face = faces[1]
    neutral, happy = (face.draw(EXPRESSIONS[e].values()) for e in ("neutral", "happiness"))
    changed = np.abs(neutral.astype(int) - happy).max(axis=2) > 40
    rows, columns = np.nonzero(changed)
    assert changed.sum() > 300
    assert rows.min() > 40 and rows.max() < 215 and columns.min() > 90 and columns.max() < 230


def test_emotion_grows_from_onset_to_apex(faces):
    film = list(animate(faces[0], "surprise", 10, 10.0, np.random.default_rng(3)))
    mouths = [image[150:190, 140:180].astype(int) for image in film]
    moved = [np.abs(mouth - mouths[-1]).mean() for mouth in mouths]
    assert moved[0] > 2 * max(moved[6:])


@pytest.mark.parametrize("yaw", [-90, -45, 45, 90])
def test_turned_heads_keep_their_outline(faces, yaw):
    values = EXPRESSIONS["neutral"].values()
    frontal, turned = faces[0].draw(values), faces[0].draw(values, yaw=yaw)
    assert turned.shape == frontal.shape
    assert np.array_equal(frontal[:, :80], turned[:, :80])
    assert np.abs(frontal.astype(int) - turned).max() > 60


def test_faces_of_unseen_people_are_told_apart(faces):
    import cv2

    rng = np.random.default_rng(0)
    rows, labels, groups = [], [], []
    for k, face in enumerate(faces):
        for emotion in SIX * 2:
            image = cv2.cvtColor(portrait(face, emotion, rng), cv2.COLOR_RGB2GRAY)
            parts = [cv2.resize(image[a:b, 110:210], (25, 10)) for a, b in ((85, 130), (145, 190))]
            parts = [(part - part.mean()) / part.std() for part in parts]
            rows.append(np.concatenate(parts, axis=None))
            labels.append(emotion)
            groups.append(k)
    model = make_pipeline(PCA(20, random_state=0), SVC(C=10))
    answer = cross_val_predict(model, np.array(rows), labels, groups=groups, cv=GroupKFold(4))
    assert np.mean(answer == np.array(labels)) >= 0.85


# ------------------------------------------------------------------ voices


def test_voice_is_framed_by_near_silence():
    person = draw_person("a", seed=0)
    for emotion in ("anger", "sadness"):
        voice = speak(person, emotion, 1.5, np.random.default_rng(0))
        assert voice.dtype == np.float32 and len(voice) == round(1.5 * SAMPLE_RATE)
        edge = round(0.1 * SAMPLE_RATE)
        speech = np.abs(voice[edge * 2 : -edge * 3])
        assert np.abs(voice).max() <= 1
        for quiet in (voice[:edge], voice[-edge:]):
            assert np.sqrt(np.mean(quiet**2)) < 0.05 * np.sqrt(np.mean(speech**2))


def test_anger_is_louder_and_higher_than_sadness():
    person, rng = draw_person("a", seed=0), np.random.default_rng(0)
    angry, sad = (speak(person, emotion, 1.5, rng) for emotion in ("anger", "sadness"))

    def centre(voice):
        power = np.abs(np.fft.rfft(voice)) ** 2
        return (power * np.arange(len(power))).sum() / power.sum()

    assert np.abs(angry).max() > 2 * np.abs(sad).max() and centre(angry) > 2 * centre(sad)


def test_no_strength_is_neutral_speech():
    person = draw_person("a", seed=0)
    fear, neutral = (
        speak(person, emotion, 0.5, np.random.default_rng(0), strength=0)
        for emotion in ("fear", "neutral")
    )
    assert np.array_equal(fear, neutral)


def test_voices_of_unseen_people_are_told_apart():
    from pyAudioAnalysis.ShortTermFeatures import feature_extraction

    rows, labels, groups = [], [], []
    for k in range(6):
        person = draw_person(f"voice {k}", seed=0, sex=["female", "male"][k % 2])
        for emotion in SIX:
            voice = speak(person, emotion, 1.5, np.random.default_rng([k, SIX.index(emotion)]))
            short, _ = feature_extraction(voice * 32767, SAMPLE_RATE, 800, 400, deltas=False)
            rows.append(np.concatenate([short.mean(axis=1), short.std(axis=1)]))
            labels.append(emotion)
            groups.append(k)
    model = make_pipeline(StandardScaler(), SVC(C=10))
    answer = cross_val_predict(model, np.array(rows), labels, groups=groups, cv=GroupKFold(3))
    assert np.mean(answer == np.array(labels)) >= 0.9
