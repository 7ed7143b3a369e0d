"""The base class of all transformers from clips to features."""

import os
import warnings
from collections import Counter
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone

from emopipe.extraction.dask import broadcast
from emopipe.extraction.dask.client import client_in_use
from emopipe.extraction.engine import Extraction, extract
from emopipe.extraction.recipe import Recipe
from emopipe.inspection import ClipEstimator
from emopipe.media import ClipError
from emopipe.parameters import check_one_of
from emopipe.store import Entry


class ClipWarning(UserWarning):
    """Some clips gave no features; the message tells how many and why."""


def paths_of(X, column="path") -> list[str | None]:
    """Return the paths in a list, an array, a Series or the clip table; None where one is missing.

    Parameters
    ----------
    X : list, tuple, array or Series of str or Path, or DataFrame
        One path per clip; None, NaN or pd.NA where a clip lacks this recording.
    column : str
        Which column of a table holds the paths.

    Raises
    ------
    TypeError
        If X is a single path, or holds something else.
    ValueError
        If the table has no such column.

    Examples
    --------
    >>> paths_of(["a.wav", float("nan"), "b.wav"])
    ['a.wav', None, 'b.wav']
    """
    if isinstance(X, str | bytes | os.PathLike):
        raise TypeError(f"X is one path, {X!r}: pass a list of paths.")
    if hasattr(X, "columns"):
        if column not in X.columns:
            raise ValueError(
                f"the table has no column {column!r}, only {list(X.columns)}: choose one with "
                "column=..."
            )
        X = X[column]
    if not hasattr(X, "__len__"):
        raise TypeError(f"X is {X!r}, a {type(X).__name__}: pass a list of paths or a clip table.")
    items = list(X.tolist() if hasattr(X, "tolist") else X)
    for row, item in enumerate(items):
        if isinstance(item, list | tuple) and len(item) == 1:
            items[row] = item = item[0]
        if is_missing(item):
            items[row] = None
        elif not isinstance(item, str | os.PathLike):
            raise TypeError(f"X[{row}] is {item!r}, a {type(item).__name__}; paths are wanted.")
    return [None if item is None else os.fspath(item) for item in items]


def index_of(X):
    """Return the index of a table or Series; row numbers of anything else."""
    import pandas as pd

    return X.index if hasattr(X, "iloc") else pd.RangeIndex(len(X))


def is_missing(item) -> bool:
    """Say whether a cell is empty: None, NaN or pd.NA.

    Examples
    --------
    >>> import pandas as pd
    >>> [is_missing(item) for item in (None, float("nan"), pd.NA, "", [])]
    [True, True, True, False, False]
    """
    return item is None or type(item).__name__ == "NAType" or item != item


def check_any_path(paths, column):
    """Raise ValueError where not a single clip has a path."""
    if paths and all(path is None for path in paths):
        raise ValueError(
            f"none of {len(paths)} clips has a path in column {column!r}: name the column with "
            "column=..., or leave this modality out"
        )


def copy_objects(estimator, params) -> None:
    """Give an estimator copies of the objects inside of which parameters will be set.

    A default such as ``faces=FaceCrops()`` is one object for all estimators.

    Parameters
    ----------
    estimator : estimator
    params : iterable of str
        Names as for `set_params`.
    """
    for name in {key.partition("__")[0] for key in params if "__" in key}:
        if isinstance(getattr(estimator, name, None), BaseEstimator):
            setattr(estimator, name, clone(getattr(estimator, name)))


class ClipTransformer(ClipEstimator, TransformerMixin, BaseEstimator):
    """Base of every transformer from clips to features.

    A subclass defines `_recipe()` and `_feature_names()`, and repeats the parameters below in its
    own ``__init__``.

    Parameters
    ----------
    column : str
        Which column of a clip table holds the paths.
    store : "default", None, str, Path or Store
        Where features are kept; None keeps nothing.
    n_jobs : int
        Processes that decode clips; -1 uses all processors.
    on_error : "nan" or "raise"
        What happens with clips that give nothing: a row of NaN and a `ClipWarning`, or `ClipError`
        after all others were computed and stored.
    progress : bool
        Show a progress bar.

    Examples
    --------
    >>> from emopipe.extraction import loudness
    >>> class Loudness(ClipTransformer):
    ...     def _recipe(self):
    ...         return Recipe("loudness", 1, loudness, pooling="mean_std")
    ...
    ...     def _feature_names(self):
    ...         return ["mean", "std"]
    >>> Loudness().get_feature_names_out()
    array(['mean', 'std'], dtype=object)
    """

    MACHINE_PARAMETERS = frozenset({"batch_size", "n_jobs", "progress", "store"})

    def __init__(
        self, *, column="path", store="default", n_jobs=-1, on_error="nan", progress=False
    ):
        self.column = column
        self.store = store
        self.n_jobs = n_jobs
        self.on_error = on_error
        self.progress = progress

    # Status of a clip whose table has no path of the recording that is needed.
    _absent = "no_video"

    def _recipe(self) -> Recipe:
        raise NotImplementedError

    def _feature_names(self) -> list[str]:
        raise NotImplementedError

    def _row(self, value):
        """Return the features that a clip's value holds."""
        return value

    def recipes(self) -> list[Recipe]:
        """Return the recipe of the features, in a list."""
        return [self._recipe()]

    def set_params(self, **params):
        """Set parameters; ``faces__detector`` is that of a copy of `faces`, so defaults stay."""
        copy_objects(self, params)
        return super().set_params(**params)

    def fit(self, X, y=None):
        """Check the parameters and the paths; nothing is learned or decoded."""
        self._check()
        check_any_path(paths_of(X, self.column), self.column)
        self.n_features_out_ = len(self._feature_names())
        return self

    def _check(self):
        check_one_of("on_error", self.on_error, ("nan", "raise"))
        if self.n_jobs is not None and (not isinstance(self.n_jobs, Integral) or not self.n_jobs):
            raise ValueError(f"n_jobs={self.n_jobs!r} must be a whole number other than 0, or None")
        return self._recipe()

    def extract(self, X, *, lazy=False) -> Extraction:
        """Return values, statuses and times of the clips, see `extract`."""
        return extract(
            paths_of(X, self.column),
            self._check(),
            store=self.store,
            n_jobs=self.n_jobs,
            progress=self.progress,
            lazy=lazy,
            absent=self._absent,
        )

    def _extract_and_share(self, X) -> Extraction:
        """Extract, and let the tasks of a cluster know what was found."""
        extraction = self.extract(X)
        client = client_in_use()
        if client is not None:
            entries = map(
                Entry, extraction.values, extraction.statuses, extraction.details, extraction.counts
            )
            broadcast.send(client, self._recipe(), paths_of(X, self.column), list(entries))
        return extraction

    def transform(self, X):
        """Return the features of the clips.

        Parameters
        ----------
        X : list, array or Series of paths, or DataFrame
            The clips.

        Returns
        -------
        float ndarray of shape (n_clips, n_features)
            With rows of NaN where a clip gave nothing.

        Raises
        ------
        ClipError
            With on_error="raise", for the first clip that gave nothing.
        """
        paths = paths_of(X, self.column)
        extraction = self._extract_and_share(X)
        failed = [i for i, value in enumerate(extraction.values) if value is None]
        if failed and self.on_error == "raise":
            i = failed[0]
            raise ClipError(_clip_name(paths, i), extraction.statuses[i], extraction.details[i])
        if failed:
            warnings.warn(_warning_text(paths, extraction, failed), ClipWarning, stacklevel=2)
        values = [None if value is None else self._row(value) for value in extraction.values]
        dtype = np.result_type(*{v.dtype for v in values if v is not None} or {np.float64})
        features = np.empty((len(paths), len(self._feature_names())), dtype)
        for row, value in zip(features, values, strict=True):
            if value is not None and value.shape != row.shape:
                raise ValueError(
                    f"{type(self).__name__} names {len(row)} features, but its recipe gives values "
                    f"of shape {value.shape}"
                )
            row[:] = np.nan if value is None else value
        return features

    def statuses(self, X):
        """Return a DataFrame with path, status, detail and counts of every clip."""
        import pandas as pd

        extraction = self._extract_and_share(X)
        table = pd.DataFrame(
            {
                "path": paths_of(X, self.column),
                "status": extraction.statuses,
                "detail": extraction.details,
            },
            index=index_of(X),
        )
        counts = pd.DataFrame(extraction.counts, index=table.index)
        return pd.concat([table, counts], axis=1)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the features, an object ndarray of str."""
        return np.asarray(self._feature_names(), dtype=object)

    def __sklearn_is_fitted__(self):
        return True

    def __sklearn_tags__(self):
        tags = clip_tags(super().__sklearn_tags__())
        tags.requires_fit = False
        return tags


def clip_tags(tags):
    """Return scikit-learn's tags of an estimator, changed to those of one that takes clips."""
    tags.input_tags.string = True
    tags.input_tags.one_d_array = True
    tags.input_tags.two_d_array = False
    tags.no_validation = True
    return tags


def _clip_name(paths, row) -> str:
    return f"row {row}" if paths[row] is None else paths[row]


def _warning_text(paths, extraction, failed) -> str:
    tally = Counter(extraction.statuses[i] for i in failed)
    words = ", ".join(f"{status} {n}" for status, n in tally.most_common())
    reason = extraction.details[failed[0]].strip().rstrip(".").rpartition("\n")[2]
    reason = f": {reason}" if reason else ""
    return (
        f"{len(failed)} of {len(paths)} clips gave no features ({words}): first "
        f"{_clip_name(paths, failed[0])}{reason}; their rows are NaN. make_clip_pipeline leaves "
        "them out of what follows; on_error='raise' stops at them."
    )
