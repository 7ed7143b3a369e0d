import functools

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from spies import FITTED, Spy, clip_table

from emopipe import FaceCrops, MiniXceptionFeatures, evaluate
from emopipe.keys import estimator_text, evaluation_key, parameter_content
from emopipe.training.checkpoints import FitCheckpoint


def double(x):
    return 2 * x


def triple(x):
    return 3 * x


DISTINCT = [
    SVC(),
    SVC(C=2),
    SVC(C=2.5),
    make_pipeline(StandardScaler(), SVC()),
    GridSearchCV(SVC(), {"C": [1]}, cv=GroupKFold(2)),
    GridSearchCV(SVC(), {"C": [1]}, cv=GroupKFold(3)),
    GridSearchCV(SVC(), {"C": np.array([1, 2])}, cv=GroupKFold(3)),
    GridSearchCV(SVC(), {"C": np.array([1, 3])}, cv=GroupKFold(3)),
    FunctionTransformer(double),
    FunctionTransformer(triple),
    FunctionTransformer(lambda x: x + 1),
    FunctionTransformer(lambda x: x + 2),
    FunctionTransformer(functools.partial(np.add, 1)),
    FunctionTransformer(functools.partial(np.add, 2)),
    FunctionTransformer(kw_args={"table": pd.DataFrame({"a": [1]})}),
    FunctionTransformer(kw_args={"table": pd.DataFrame({"b": [1]})}),
    FunctionTransformer(kw_args={"names": np.array(["a"], dtype=object)}),
]


def test_different_parameters_are_described_differently():
    assert len({repr(parameter_content(estimator)) for estimator in DISTINCT}) == len(DISTINCT)


@pytest.mark.parametrize("estimator", DISTINCT, ids=range(len(DISTINCT)))
def test_equal_parameters_are_described_equally(estimator):
    from sklearn.base import clone

    assert parameter_content(estimator) == parameter_content(clone(estimator))
    assert " at 0x" not in repr(parameter_content(estimator))


def test_what_changes_no_outcome_is_no_part_of_it():
    loud = GridSearchCV(SVC(verbose=True, cache_size=9), {"C": [1]}, cv=GroupKFold(2), n_jobs=2)
    assert parameter_content(loud) == parameter_content(DISTINCT[4])


def test_descriptions_are_the_same_in_another_process():
    import os
    import subprocess
    import sys
    from pathlib import Path

    code = "import test_checkpoints as t; print([t.parameter_content(e) for e in t.DISTINCT])"
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(Path(__file__).parent)}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    here = repr([parameter_content(e) for e in DISTINCT])
    assert run.stdout.strip().replace("test_checkpoints", __name__) == here


def test_a_changed_file_is_another_parameter_and_another_clip(tmp_path):
    file = tmp_path / "units.csv"
    file.write_text("file,AU12\na.mp4,1\n")
    reader = FunctionTransformer(kw_args={"csv": str(file)})
    clips = pd.DataFrame({"clip": ["a.mp4"], "path": [str(file)]})
    before = parameter_content(reader), evaluation_key(clips)
    assert before == (parameter_content(reader), evaluation_key(clips))
    file.write_text("file,AU12\na.mp4,1.5\n")
    assert parameter_content(reader) != before[0] and evaluation_key(clips) != before[1]


def test_the_text_of_an_estimator_leaves_out_what_belongs_to_the_machine():
    faces = FaceCrops(detector="yunet")
    plain = make_pipeline(MiniXceptionFeatures(faces=faces), SVC(C=2))
    tuned = make_pipeline(
        MiniXceptionFeatures(faces=faces, batch_size=3, n_jobs=2, store=None, progress=True),
        SVC(C=2, cache_size=9, verbose=True),
    )
    assert estimator_text(tuned) == estimator_text(plain)
    assert "yunet" in estimator_text(plain) and "C=2" in estimator_text(plain)


def test_a_folder_that_cannot_be_written_is_said_before_any_fit(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "file").touch()
    FITTED.clear()
    for folder in ("~/file", "~/file/below", "/proc/emopipe"):
        with pytest.raises(OSError, match=r"^checkpoint='.*' cannot be written .* choose another"):
            evaluate(Spy(), clip_table("ab"), cv=2, checkpoint=folder)
        with pytest.raises(OSError, match=r"^checkpoint='.*' cannot be written"):
            FitCheckpoint(folder, "a fit")
    assert FITTED == []
