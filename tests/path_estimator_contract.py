"""What every transformer from clips to features must do, checked on real instances."""

import pickle
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags

from emopipe.extraction import COUNTERS, ClipTransformer, ClipWarning
from emopipe.media import STATUSES, ClipError

COMMON = {"column": "path", "store": "default", "n_jobs": -1, "on_error": "nan", "progress": False}


def check_path_transformer(estimator, clips):
    """Check a transformer on at least three different clips that all give features.

    Parameters
    ----------
    estimator : ClipTransformer
        Any parameters; store, n_jobs, on_error and batch_size are set here.
    clips : list of str or Path
        Real files.
    """
    paths = [str(clip) for clip in clips]
    assert len(set(paths)) >= 3, "the contract needs three different clips"
    with tempfile.TemporaryDirectory(prefix="emopipe-contract-") as folder:
        estimator = clone(estimator).set_params(
            store=str(Path(folder) / "store.sqlite"), n_jobs=1, on_error="nan"
        )
        expected = estimator.fit(paths).transform(paths)
        _check_shape(estimator, paths, expected)
        _check_parameters(estimator)
        _check_stored(estimator, paths, expected)
        _check_inputs(estimator, paths, expected)
        _check_output(estimator, paths, expected)
        _check_invariance(estimator, paths, expected, folder)
        _check_failure(estimator, paths, expected, folder)


def _check_shape(estimator, paths, expected):
    names = estimator.get_feature_names_out()
    assert expected.shape == (len(paths), len(names))
    assert expected.dtype in (np.float32, np.float64)
    assert np.isfinite(expected).all(), "the contract needs clips that all give features"
    assert names.dtype == object and len(set(names)) == len(names)
    assert estimator.n_features_out_ == len(names)
    assert set(estimator.statuses(paths)["status"]) <= set(STATUSES)


def _values(estimator):
    """Return the parameters, those of objects inside it by their own names."""
    params = estimator.get_params().items()
    return {name: value for name, value in params if not isinstance(value, BaseEstimator)}


def _check_parameters(estimator):
    assert isinstance(estimator, ClipTransformer)
    defaults = type(estimator)._get_param_names()
    assert set(COMMON) <= set(defaults), "the common parameters must be repeated in __init__"
    copied = clone(estimator)
    assert _values(copied) == _values(estimator)
    learned = {name for name in vars(copied) if name not in copied.get_params()}
    assert not [name for name in learned if not name.startswith("_sklearn")]
    assert len(pickle.dumps(estimator)) < 20_000, "networks and arrays are no attributes"
    tags = get_tags(estimator)
    assert tags.input_tags.string and tags.input_tags.one_d_array and tags.no_validation
    with pytest.raises(ValueError, match="on_error"):
        clone(estimator).set_params(on_error="ignore").fit([__file__])


def _check_stored(estimator, paths, expected):
    """A second run, a refit, a clone and a pickled copy decode nothing and give the same bytes."""
    before = COUNTERS.copy()
    for again in (
        estimator,
        estimator.fit(paths[::-1]),
        clone(estimator),
        pickle.loads(pickle.dumps(estimator)),
    ):
        assert again.transform(paths).tobytes() == expected.tobytes()
    assert before == COUNTERS


def _check_inputs(estimator, paths, expected):
    table = pd.DataFrame({"clip": "?", "path": paths}, index=range(7, 7 + len(paths)))
    column = clone(estimator).set_params(column="file")
    alike = {
        "Path": estimator.transform([Path(path) for path in paths]),
        "tuple": estimator.transform(tuple(paths)),
        "str array": estimator.transform(np.array(paths)),
        "object array": estimator.transform(np.array(paths, object)),
        "Series": estimator.transform(table["path"]),
        "DataFrame": estimator.transform(table),
        "column": column.transform(table.rename(columns={"path": "file"})),
    }
    for kind, actual in alike.items():
        assert actual.tobytes() == expected.tobytes(), kind
    assert estimator.transform([]).shape == (0, expected.shape[1])
    order = [*range(len(paths))[::-1], 0, 0]
    mixed = estimator.transform([paths[i] for i in order])
    assert mixed.tobytes() == expected[order].tobytes()
    with pytest.raises(TypeError, match="one path"):
        estimator.transform(paths[0])
    with pytest.raises(ValueError, match="column"):
        estimator.transform(table[["clip"]])


def _check_output(estimator, paths, expected):
    table = pd.DataFrame({"path": paths}, index=[f"row {i}" for i in range(len(paths))])
    features = clone(estimator).set_output(transform="pandas").fit_transform(table)
    assert list(features.columns) == list(estimator.get_feature_names_out())
    assert list(features.index) == list(table.index)
    assert features.to_numpy().tobytes() == expected.tobytes()


def _check_invariance(estimator, paths, expected, folder):
    """Computed anew in another order, with other processes and batches: the same bytes."""
    other = clone(estimator).set_params(store=str(Path(folder) / "other.sqlite"), n_jobs=2)
    if "batch_size" in other.get_params():
        other.set_params(batch_size=estimator.batch_size + 1)
    order = [*range(len(paths))[::-1], 1]
    before = COUNTERS["prepared"]
    features = other.transform([paths[i] for i in order])
    assert COUNTERS["prepared"] - before == len(set(paths)), "each clip is prepared once"
    assert features.tobytes() == expected[order].tobytes()


def _check_failure(estimator, paths, expected, folder):
    bad = Path(folder) / f"bad{Path(paths[0]).suffix}"
    bad.write_bytes(b"")
    mixed = [paths[0], str(bad), paths[1]]
    with pytest.warns(ClipWarning, match=r"1 of 3 clips gave no features .*make_clip_pipeline"):
        features = estimator.transform(mixed)
    assert np.isnan(features[1]).all()
    assert features[[0, 2]].tobytes() == expected[:2].tobytes()
    statuses = estimator.statuses(mixed)
    assert statuses["path"].tolist() == mixed
    assert statuses["status"].iloc[1] not in ("ok", "partial") and statuses["detail"].iloc[1]
    with pytest.raises(ClipError, match=r"bad\."):
        clone(estimator).set_params(on_error="raise").transform(mixed)
    with pytest.raises(FileNotFoundError, match="missing"), warnings.catch_warnings():
        warnings.simplefilter("error")
        estimator.transform([paths[0], str(Path(folder) / "missing.mp4")])
