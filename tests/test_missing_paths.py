"""A clip that lacks the recording of one modality: its row is NaN, the other modality decides."""

import numpy as np
import pandas as pd
import pytest
from clips import write_sound
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from emopipe.evaluation import evaluate
from emopipe.extraction import ClipTransformer, ClipWarning, paths_of
from emopipe.extraction.recipe import Recipe, loudness
from emopipe.fusion import EmotionWeightedFusion, WhereFinite
from emopipe.media import ClipError


class Loudness(ClipTransformer):
    """Loudness of the sound."""

    _absent = "no_audio"

    def _recipe(self):
        return Recipe("loudness", 1, loudness, pooling="mean_std")

    def _feature_names(self):
        return ["mean", "std"]


@pytest.fixture
def clips(tmp_path):
    """Return twelve clips of four people; three lack the recording in column "audio"."""
    rng = np.random.default_rng(0)
    rows = []
    for n in range(12):
        path = str(tmp_path / f"{n}.wav")
        noise = (1000 + 5000 * (n % 2)) * rng.standard_normal((1, 8000))
        write_sound(path, noise.clip(-32768, 32767).astype(np.int16))
        rows.append((f"{n}.wav", path, path, f"p{n // 3}", ("fear", "anger")[n % 2]))
    table = pd.DataFrame(rows, columns=["clip", "path", "audio", "subject", "emotion"])
    table["audio"] = table["audio"].astype(object)
    table.loc[[1, 4, 7], "audio"] = [None, np.nan, pd.NA]
    return table


@pytest.mark.parametrize("missing", [None, float("nan"), np.nan, pd.NA])
def test_whatever_stands_for_missing_is_no_path(missing):
    assert paths_of(["a.wav", missing]) == ["a.wav", None]
    assert paths_of(pd.Series(["a.wav", missing], dtype=object)) == ["a.wav", None]
    assert paths_of(pd.Series(["a.wav", missing], dtype="string")) == ["a.wav", None]


def test_a_missing_path_is_a_row_without_features(clips, tmp_path):
    features = Loudness(column="audio", store=str(tmp_path / "s"), n_jobs=1)
    with pytest.warns(ClipWarning, match=r"3 of 12 clips.*no_audio 3.*first row 1: The table has"):
        values = features.fit_transform(clips)
    assert np.flatnonzero(np.isnan(values).any(axis=1)).tolist() == [1, 4, 7]
    statuses = features.statuses(clips)
    assert statuses["status"].value_counts().to_dict() == {"ok": 9, "no_audio": 3}
    lazy = features.extract(clips, lazy=True)
    assert [value is None for value in lazy.values[:]] == np.isnan(values).any(axis=1).tolist()
    with pytest.raises(ClipError, match=r"row 1: no sound stream \(no_audio\)"):
        Loudness(column="audio", store=None, n_jobs=1, on_error="raise").transform(clips)
    with pytest.raises(ValueError, match="none of 3 clips has a path in column 'audio'"):
        features.fit(clips.iloc[[1, 4, 7]])


@pytest.mark.filterwarnings("ignore::emopipe.extraction.ClipWarning")
def test_the_other_modality_decides(clips, tmp_path):
    def modality(column):
        features = Loudness(column=column, store=str(tmp_path / "s"), n_jobs=1)
        return make_pipeline(features, WhereFinite(LogisticRegression(C=1000)))

    fusion = EmotionWeightedFusion([("voice", modality("audio")), ("face", modality("path"))])
    result = evaluate(fusion, clips, cv=4, n_bootstrap=10)
    assert result.metrics["accuracy"]["value"] == 1
    assert result.predictions["predicted"].notna().all()
