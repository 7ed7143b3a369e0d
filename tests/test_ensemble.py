"""The ensembles of voices and faces: members, what is known of whom is tested, figures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from clips import write_sound
from sklearn.linear_model import LogisticRegression

from emopipe import (
    FeatureTable,
    SubjectScaler,
    VoiceFunctionals,
    evaluate,
    face_ensemble,
    load,
    make_clip_pipeline,
    predict,
    save,
    voice_ensemble,
)
from emopipe.cli import main
from emopipe.corpora import load_table
from emopipe.report import answer

RATE = 16000


def members(**parameters):
    return [name for name, _ in voice_ensemble(**parameters).estimators]


def test_members_by_name():
    assert members(sets=["mfcc", "spectrum"]) == ["mfcc", "spectrum"]
    assert members(sets=["mfcc", "spectrum"], kernels=True, fisher_vectors=True) == [
        "mfcc", "mfcc_kernel", "spectrum", "fisher_vectors",
    ]  # fmt: skip


@pytest.mark.parametrize("number", [1, -1, 2.5, True, "some", None])
def test_what_may_be_known_is_checked(number):
    with pytest.raises(ValueError, match="unlabelled_clips="):
        voice_ensemble(unlabelled_clips=number)


def test_numbers_of_numpy_and_single_values_are_taken():
    [(name, model)] = voice_ensemble(
        sets="mfcc", speeds=0.9, unlabelled_clips=np.int64(8)
    ).estimators
    assert name == "mfcc" and model.speeds == (0.9,)
    assert type(model.estimator[0].n_clips) is int


def test_no_sets_and_sets_without_names_are_refused(faces):
    with pytest.raises(ValueError, match="sets is empty"):
        voice_ensemble(sets=[])
    assert members(sets=[], fisher_vectors=True) == ["fisher_vectors"]
    with pytest.raises(TypeError, match="extractors is FeatureTable: give sets of features by"):
        face_ensemble(faces[1])


def test_every_member_is_scaled_by_subject():
    ensemble = voice_ensemble(unlabelled_clips=8, fisher_vectors=True)
    scalers = [model[0] for _, model in ensemble.estimators]
    assert all(isinstance(scaler, SubjectScaler) and scaler.n_clips == 8 for scaler in scalers)


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    """Return a table of six people whose anger is higher and louder than their sadness."""
    folder, lines = tmp_path_factory.mktemp("voices"), ["path,subject,emotion"]
    time = np.arange(RATE // 2) / RATE
    for person in range(6):
        for take in range(8):
            rng = np.random.default_rng([person, take])
            angry = take % 2
            hertz = (110 + 25 * person) * (1.25 if angry else 1) * rng.uniform(0.97, 1.03)
            sound = sum(np.sin(2 * np.pi * n * hertz * time) / n for n in range(1, 6))
            sound *= 0.1 * (1 + 0.5 * angry) * (1 + 0.5 * np.sin(2 * np.pi * 4 * time))
            sound += 0.002 * rng.standard_normal(len(time))
            write_sound(folder / f"{person}-{take}.wav", (sound[None] * 32767).astype(np.int16))
            lines.append(f"{person}-{take}.wav,p{person},{'anger' if angry else 'sadness'}")
    (folder / "clips.csv").write_text("\n".join(lines) + "\n")
    return load_table(folder / "clips.csv"), str(folder / "store.sqlite")


def test_people_never_met_and_the_saved_model(voices, tmp_path):
    clips, store = voices
    ensemble = voice_ensemble(unlabelled_clips=4, sets=["contour", "mfcc"], store=store, n_jobs=1)
    result = evaluate(ensemble, clips, cv=2, n_bootstrap=20, ignore=["EMO02", "EMO09"])
    assert result.protocol["test_person"] == "4 unlabelled clips"
    assert result.metrics["accuracy"]["value"] > 0.8
    assert answer.tested_on(result) == "people never trained on, 4 unlabelled clips of each known"
    fitted = ensemble.fit(clips, clips["emotion"])
    save(fitted, tmp_path / "model", result=result, clips=clips)
    np.testing.assert_array_equal(
        load(tmp_path / "model").predict_proba(clips), fitted.predict_proba(clips)
    )
    card = (tmp_path / "model" / "model_card.md").read_text()
    assert "Of each person who was tested it knew 4 unlabelled clips" in card


def test_an_ensemble_is_no_surer_than_its_members(voices):
    clips, store = voices
    ensemble = voice_ensemble(sets=["contour", "mfcc"], store=store, n_jobs=1)
    ensemble.fit(clips, clips["emotion"])
    answers, members = ensemble.predict_proba(clips), ensemble.modality_scores(clips)
    assert (answers.max(axis=1) <= members.max(axis=(0, 2)) + 1e-9).all()


@pytest.fixture
def faces(tmp_path):
    """Return a table of clips, and features where only two values together tell the emotion."""
    rng = np.random.default_rng(0)
    values = rng.choice([-1.0, 1.0], (160, 2)) + 0.1 * rng.standard_normal((160, 2))
    joy = values[:, 0] * values[:, 1] > 0
    people = np.arange(160) // 20
    clips = pd.DataFrame({"clip": [f"{n}.png" for n in range(160)], "subject": people.astype(str)})
    clips["emotion"] = np.where(joy, "joy", "anger")
    table = pd.DataFrame(values + 5 * people[:, None], columns=["lips", "brows"])
    table.assign(clip=clips["clip"]).to_csv(tmp_path / "units.csv", index=False)
    return clips, FeatureTable(tmp_path / "units.csv", key="clip", column="clip")


def test_trees_recognise_faces_that_no_linear_classifier_does(faces, tmp_path):
    clips, units = faces
    ensemble = face_ensemble({"units": units}, unlabelled_clips="all")
    ensemble.set_params(units_trees__extratreesclassifier__n_estimators=20)  # quick to save
    assert [name for name, _ in ensemble.estimators] == ["units", "units_trees"]
    train, test = clips[:80], clips[80:]
    ensemble.fit(train, train["emotion"])
    right = {
        name: np.mean(answer == test["emotion"])
        for name, answer in ensemble.modality_predictions(test).items()
    }
    assert right["units"] < 0.8 < ensemble.score(test, test["emotion"])
    save(ensemble, tmp_path / "model", clips=train)
    csv = {f"{name}__subjectscaler__csv": units.csv for name in ("units", "units_trees")}
    loaded = load(tmp_path / "model", parameters=csv)
    np.testing.assert_array_equal(loaded.predict_proba(test), ensemble.predict_proba(test))


def test_faces_of_whom_nothing_is_known_are_not_scaled_by_subject(faces):
    _, units = faces
    assert all(model[0] is units for _, model in face_ensemble({"units": units}).estimators)
    with pytest.raises(ValueError, match="unlabelled_clips="):
        face_ensemble({"units": units}, unlabelled_clips=1)
    with pytest.raises(ValueError, match="extractors is empty"):
        face_ensemble({})


@pytest.fixture(scope="module")
def stranger(voices, tmp_path_factory):
    """Return the folder of a model of five people, and clips of the sixth."""
    clips, store = voices
    others = clips[clips["subject"] != "p5"].reset_index(drop=True)
    voice = VoiceFunctionals(sets=["contour"], store=store, n_jobs=1)
    unsure = make_clip_pipeline(SubjectScaler(voice), LogisticRegression(C=1e-4))
    folder = tmp_path_factory.mktemp("models") / "model"
    save(unsure.fit(others, others["emotion"]), folder, clips=others)
    return folder, clips[clips["subject"] == "p5"].reset_index(drop=True)


def test_who_is_enrolled_is_scaled_as_a_subject_by_name(voices, stranger, tmp_path):
    model, clips = load(stranger[0]), stranger[1]
    options = {"store": voices[1], "n_jobs": 1}
    paths = clips["path"].tolist()
    (tmp_path / "empty.wav").write_bytes(b"")
    enroll = [*paths, tmp_path / "empty.wav"]
    prediction = predict(model, paths, enroll=enroll, **options)
    enrolled = [list(clip.whole.scores.values()) for clip in prediction.clips]
    np.testing.assert_allclose(enrolled, model.predict_proba(clips), atol=1e-9)
    assert "9 clips were enrolled" in prediction.notices[0]
    alone = predict(model, paths, **options)
    assert "Nobody is enrolled" in alone.notices[0]
    plain = [list(clip.whole.scores.values()) for clip in alone.clips]
    assert np.abs(np.subtract(plain, enrolled)).max() > 0.01
    np.testing.assert_allclose(plain, model.predict_proba(clips.assign(subject=None)), atol=1e-9)
    with pytest.raises(ValueError, match="none of 1 clips to enroll gives features"):
        predict(model, paths[:1], enroll=[tmp_path / "empty.wav"], **options)


def test_the_command_enrolls(voices, stranger, capsys):
    folder, clips = stranger
    paths = clips["path"].tolist()
    line = ["predict", str(folder), paths[0], "--store", voices[1], "--jobs", "1"]
    assert main([*line, "--enroll", *paths[1:5]]) == 0
    assert "NOTE: 4 clips were enrolled, without labels" in capsys.readouterr().out


def test_train_makes_models_that_enroll(voices, tmp_path, capsys):
    clips, store = voices
    corpus = Path(clips["path"].iloc[0]).parent / "clips.csv"
    line = ["train", str(tmp_path / "model"), "--corpus", f"mine={corpus}", "--folds", "2"]
    line += ["--store", store, "--jobs", "1", "--unlabelled-clips"]
    assert main([*line, "4"]) == 0
    card = (tmp_path / "model" / "model_card.md").read_text()
    assert "it knew 4 unlabelled clips" in card and "--enroll" in card
    assert "--unlabelled-clips 4" in (tmp_path / "model-report" / "result.json").read_text()
    path = clips["path"].iloc[0]
    line = ["predict", str(tmp_path / "model"), path, "--enroll", path, "--store", store]
    assert main([*line, "--jobs", "1"]) == 0
    assert "NOTE: 1 clip was enrolled" in capsys.readouterr().out


@pytest.mark.parametrize("number", ["1", "some", "-3"])
def test_train_refuses_other_numbers_of_clips(number, capsys):
    with pytest.raises(SystemExit):
        main(["train", "model", "--corpus", "ravdess=x", f"--unlabelled-clips={number}"])
    assert "a number of clips from 2, or all" in capsys.readouterr().err


def test_a_model_that_learns_nothing_of_a_person_says_so(voices):
    clips, store = voices
    ensemble = voice_ensemble(sets=["contour"], store=store, n_jobs=1)
    fitted = ensemble.fit(clips, clips["emotion"])
    paths = clips["path"].tolist()[:2]
    with pytest.raises(ValueError, match=r"learns nothing of a person .*--enroll"):
        predict(fitted, paths, enroll=paths, store=store, n_jobs=1)


def test_copies_and_fisher_vectors_in_a_saved_model(voices, tmp_path):
    clips, store = voices
    ensemble = voice_ensemble(
        sets=["contour"], speeds=[0.9], fisher_vectors=True, store=store, n_jobs=1
    )
    ensemble.set_params(fisher_vectors__fishervectors__n_components=2)
    fitted = ensemble.fit(clips, clips["emotion"])
    save(fitted, tmp_path / "model", clips=clips)
    np.testing.assert_array_equal(
        load(tmp_path / "model").predict_proba(clips), fitted.predict_proba(clips)
    )
