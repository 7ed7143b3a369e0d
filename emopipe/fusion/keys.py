"""Keys by content: what an estimator, a table of clips or an array is, for remembering fits."""

import hashlib
import io
import os
import pickle
from types import FunctionType

import joblib
import numpy as np
import pandas as pd
from sklearn import get_config

# What pandas finds in columns of objects whose cells it hashes in full.
_HASHABLE = ("string", "boolean", "integer", "floating", "mixed-integer-float", "empty")


class _Globals(pickle.Pickler):
    """Collects the classes and functions that a pickle names."""

    def __init__(self, file):
        super().__init__(file)
        self.found = []

    def reducer_override(self, obj):
        """Note classes and functions, and change nothing."""
        if isinstance(obj, type | FunctionType):
            self.found.append(obj)
        return NotImplemented


def estimator_key(estimator):
    """Return a key for an estimator by class, parameters and state; None if it cannot be pickled.

    Classes and functions are part of the key as themselves: one that was defined anew in a
    notebook has the same name, and is another one.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> estimator_key(SVC(C=2)) == estimator_key(SVC(C=2)) != estimator_key(SVC(C=3))
    True
    >>> estimator_key(SVC(kernel=lambda a, b: a @ b.T)) is None
    True
    """
    pickler = _Globals(io.BytesIO())
    try:
        pickler.dump(estimator)
        return joblib.hash(estimator), *pickler.found
    except Exception:  # whatever a stranger's __reduce__ raises: then it has no key
        return None


def _stamp(path):
    """Return size and time of a file: an estimator on paths reads what is there now."""
    if not isinstance(path, str | os.PathLike):
        return None
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_size, found.st_mtime_ns


def content_key(X):
    """Return a key for the contents of a table, an array or a list, and of the files it names.

    Examples
    --------
    >>> content_key(np.zeros(3)) == content_key(np.zeros(3)) != content_key(np.ones(3))
    True
    """
    if isinstance(X, pd.DataFrame):
        return _table_key(X)
    if not isinstance(X, list | tuple | pd.Series) and np.asarray(X).dtype.kind in "biufc":
        return joblib.hash(X, hash_name="sha1")
    values = list(X) if isinstance(X, list | tuple | pd.Series | np.ndarray) else X
    stamps = [_stamp(value) for value in values] if isinstance(values, list) else None
    return joblib.hash((values, stamps))


def _table_key(table):
    files = [table[column] for column in ("path", "audio") if column in table.columns]
    stamps = [[_stamp(path) for path in column] for column in files]
    objects = [table[name] for name in table if table[name].dtype.kind == "O"]
    if any(pd.api.types.infer_dtype(column, skipna=True) not in _HASHABLE for column in objects):
        return joblib.hash((table, stamps))
    rows = pd.util.hash_pandas_object(table, index=False).to_numpy()
    return joblib.hash((rows, list(table.columns), [str(t) for t in table.dtypes], stamps))


def data_key(X, y, params):
    """Return a key for what an estimator is fitted on, and how scikit-learn is configured."""
    config = tuple(sorted((name, str(value)) for name, value in get_config().items()))
    further = {name: np.asarray(value) for name, value in params.items()}
    return content_key(X), joblib.hash((np.asarray(y), further)), config


def rows_key(rows):
    """Return a key for row numbers."""
    return hashlib.sha1(np.ascontiguousarray(rows, dtype=np.int64)).hexdigest()
