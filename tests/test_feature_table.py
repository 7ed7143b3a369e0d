"""Tables of other programs, joined by clip."""

import os
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from emopipe.extraction import ClipWarning
from emopipe.feature_table import FeatureTable

OPENFACE = """frame, face_id, timestamp, confidence, success, gaze_0_x, AU12_r, AU12_c
1, 0, 0.000, 0.98, 1, 0.5, 1.00, 0.00
2, 0, 0.033, 0.98, 1, 0.7, 2.00, 1.00
3, 0, 0.066, 0.02, 0, 9.9, 9.00, 1.00
"""
OPENSMILE = """name;frameTime;F0_mean;jitter
'a.wav';0.0;220.5;0.01
'b.wav';0.0;110.5;0.02
"""
LABELLED = """file,AU12,AU04,actor,emotion
01-01-03.mp4,0.5,1.5,1,happy
01-01-05.mp4,0.25,2.5,1,angry
02-01-07.mp4,0.75,,2,happy
"""
TAKE = r"\d\d-([\d-]+)\.\w+$"


@pytest.fixture
def table(tmp_path):
    def write(text, name="table.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


# Which row belongs to a clip


def test_the_stem_joins(table):
    features = FeatureTable(table(LABELLED), key="file", columns=["AU12"])
    clips = ["/x/01-01-05.wav", "01-01-03", r"C:\clips\01-01-03.avi"]
    assert features.fit_transform(clips).ravel().tolist() == [0.25, 0.5, 0.5]


def test_a_pattern_joins_both_sides(table):
    features = FeatureTable(table(LABELLED), key="file", pattern=TAKE, columns=["AU12"])
    clips = pd.DataFrame({"path": ["/a/03-01-07.wav", "/a/03-01-03.wav"]}, index=[5, 3])
    assert features.fit_transform(clips).ravel().tolist() == [0.75, 0.5]


@given(st.permutations(range(6)), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_order_and_frames_do_not_matter(tmp_path_factory, order, n_frames):
    folder = tmp_path_factory.mktemp("table")
    values = np.arange(6) * 1.5
    rows = pd.DataFrame({"clip": [f"{i}.mp4" for i in range(6)], "x": values})
    frames = pd.concat([rows.assign(x=rows["x"] + k) for k in range(n_frames)])
    frames.sample(frac=1, random_state=0).to_csv(folder / "t.csv", index=False)
    features = FeatureTable(folder / "t.csv", key="clip").transform([f"{i}.wav" for i in order])
    np.testing.assert_allclose(features.ravel(), values[list(order)] + (n_frames - 1) / 2)


def test_missing_clips_are_nan_and_told(table):
    features = FeatureTable(table(LABELLED), key="file")
    with pytest.warns(ClipWarning, match=r"2 of 3 clips .* first x/none.mp4: there is no 'none'"):
        actual = features.transform(["x/none.mp4", "01-01-03.mp4", "also.mp4"])
    assert np.isnan(actual[[0, 2]]).all() and actual[1].tolist() == [0.5, 1.5]
    statuses = features.statuses(["x/none.mp4", "01-01-03.mp4", "02-01-07.mp4"])
    assert statuses["status"].tolist() == ["missing", "ok", "partial"]
    assert "1 features have no value" in statuses["detail"].iloc[2]


def test_a_clip_without_the_pattern_is_missing(table):
    features = FeatureTable(table(LABELLED), key="file", pattern=TAKE)
    with pytest.warns(ClipWarning, match="is not found in its name"):
        assert np.isnan(features.transform(["a.wav"])).all()


def test_recordings_that_share_a_key_are_told(table):
    text = LABELLED + "02-01-03.mp4,1.5,0.5,1,happy\n"
    with pytest.warns(ClipWarning, match=r"1 join keys .*'01-01-03.mp4', '02-01-03.mp4'"):
        features = FeatureTable(table(text), key="file", pattern=TAKE).fit(["03-01-03.wav"])
    assert features.transform(["03-01-03.wav"]).tolist() == [[1.0, 1.0]]


# Which columns are features


def test_labels_and_words_are_no_features(table):
    features = FeatureTable(table(LABELLED), key="file")
    assert features.get_feature_names_out().tolist() == ["AU12", "AU04"]


def test_columns_are_chosen_by_name_or_expression(table):
    path = table(LABELLED)
    names = {
        "one": FeatureTable(path, key="file", columns=["actor"]),
        "two": FeatureTable(path, key="file", columns="^A"),
        "all": FeatureTable(path, key="file", columns="."),
    }
    actual = {k: v.get_feature_names_out().tolist() for k, v in names.items()}
    assert actual == {"one": ["actor"], "two": ["AU12", "AU04"], "all": ["AU12", "AU04", "actor"]}


def test_openface_writes_a_file_per_video(tmp_path):
    folder = tmp_path / "processed"
    folder.mkdir()
    (folder / "a.csv").write_text(OPENFACE)
    (folder / "b.csv").write_text(OPENFACE.replace(", 1,", ", 0,"))
    features = FeatureTable(folder, key=None)
    assert features.get_feature_names_out().tolist() == ["gaze_0_x", "AU12_r", "AU12_c"]
    with pytest.warns(ClipWarning, match="no frame of 'b' was successful"):
        actual = features.transform(["a.mp4", "b.mp4"])
    np.testing.assert_allclose(actual[0], [0.6, 1.5, 0.5])
    assert np.isnan(actual[1]).all()


PYFEAT = """FaceRectX,FaceScore,x_0,AU01,AU12,happiness,input,frame,approx_time,FrameHeight
10.0,0.99,101.5,0.2,0.9,0.8,/videos/a.mp4,0,00:00,360.0
11.0,0.98,102.5,0.4,0.7,0.6,/videos/a.mp4,24,00:01,360.0
,,,,,,/videos/b.mp4,0,00:00,360.0
9.0,0.97,99.0,0.1,0.1,0.2,/videos/b.mp4,24,00:01,360.0
"""


def test_py_feat_names_the_video_in_its_rows(table):
    features = FeatureTable(table(PYFEAT), key="input", columns=r"^AU|happiness")
    assert features.get_feature_names_out().tolist() == ["AU01", "AU12", "happiness"]
    actual = features.transform(["b.mp4", "clips/a.mp4"])
    np.testing.assert_allclose(actual, [[0.1, 0.1, 0.2], [0.3, 0.8, 0.7]])
    every = FeatureTable(table(PYFEAT), key="input").get_feature_names_out().tolist()
    assert every == ["FaceRectX", "x_0", "AU01", "AU12", "happiness"]


def test_several_faces_in_a_frame_are_said(tmp_path):
    rows = "1, {}, 0.033, 0.9, 1, 0.{}, 1.0, 0.0\n"
    head = "frame, face_id, timestamp, confidence, success, gaze_0_x, AU12_r, AU12_c\n"
    (tmp_path / "a.csv").write_text(head + rows.format(0, 1) + rows.format(1, 3))
    (tmp_path / "b.csv").write_text(head + rows.format(0, 1))
    with pytest.warns(ClipWarning, match="1 recordings .* several faces in one frame.*'a'"):
        FeatureTable(tmp_path, key=None).fit(["a.mp4"])


def test_opensmile_separates_by_semicolons_and_quotes(table):
    features = FeatureTable(table(OPENSMILE), key="name")
    assert features.get_feature_names_out().tolist() == ["F0_mean", "jitter"]
    assert features.transform(["b.wav", "a.wav"]).tolist() == [[110.5, 0.02], [220.5, 0.01]]


# As a transformer


def test_clone_pickle_and_output(table):
    features = FeatureTable(table(LABELLED), key="file", columns=["AU12", "AU04"])
    clips = pd.DataFrame({"file": ["01-01-03.wav", "01-01-05.wav"]}, index=["x", "y"])
    features.set_params(column="file")
    expected = features.transform(clips)
    for again in (clone(features), pickle.loads(pickle.dumps(features)), features.fit(clips)):
        assert np.array_equal(again.transform(clips), expected)
    frame = clone(features).set_output(transform="pandas").fit_transform(clips)
    assert frame.columns.tolist() == ["AU12", "AU04"] and frame.index.tolist() == ["x", "y"]
    assert features.statuses(clips).index.tolist() == ["x", "y"]
    assert features.n_features_out_ == 2
    assert len(pickle.dumps(features)) < 2000
    scaled = make_pipeline(features, StandardScaler()).fit_transform(clips)
    np.testing.assert_allclose(np.abs(scaled), 1)


def test_a_changed_file_is_read_again(table):
    path = table(LABELLED)
    features = FeatureTable(path, key="file", columns=["AU12"])
    assert features.transform(["01-01-03"]) == 0.5
    path.write_text(LABELLED.replace("0.5", "0.7"))
    os.utime(path, ns=(1, 1))
    assert features.transform(["01-01-03"]) == 0.7


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"csv": "nowhere.csv"}, FileNotFoundError, "nowhere.csv"),
        ({"key": "clip"}, ValueError, "key='clip' is no column of .*'file', 'AU12'"),
        ({"columns": ["AU1"]}, ValueError, "'AU1' not in .*'AU12'"),
        ({"columns": ["emotion"]}, ValueError, "'emotion' of .* hold words"),
        ({"columns": "^Z"}, ValueError, "has no features"),
        ({"columns": []}, ValueError, "has no features"),
        ({"pattern": r"\d+"}, ValueError, "needs a group"),
        ({"pattern": r"take(\d+)"}, ValueError, "found in no 'file'.*'01-01-03.mp4'"),
    ],
)
def test_what_is_wrong_is_said(table, parameters, error, message):
    arguments = {"csv": table(LABELLED), "key": "file", **parameters}
    with pytest.raises(error, match=message):
        FeatureTable(**arguments).fit(["01-01-03.wav"])


def test_an_empty_folder_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="csv file in this folder"):
        FeatureTable(tmp_path, key=None).fit(["a.wav"])


@pytest.mark.shared
def test_faces_of_the_takes_that_were_spoken(shared_data):
    csv = shared_data / "ravdess_face_features" / "video_summary.csv"
    voices = sorted(str(path) for path in shared_data.glob("ravdess/Actor_13/*.wav"))
    features = FeatureTable(csv, key="file", pattern=TAKE)
    with pytest.warns(ClipWarning, match="45 of 60 clips have no row"):
        actual = features.fit_transform(voices)
    assert actual.shape == (60, 56) and np.isfinite(actual).all(1).sum() == 15
    raw = pd.read_csv(csv).set_index("file").loc["01-01-08-01-01-01-13.mp4"]
    position = [i for i, path in enumerate(voices) if path.endswith("03-01-08-01-01-01-13.wav")]
    expected = raw[list(features.get_feature_names_out())].to_numpy(float)
    assert actual[position[0]].tolist() == expected.tolist()
