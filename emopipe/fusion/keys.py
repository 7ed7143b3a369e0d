"""Keys by content of estimators, clip tables and arrays, by which fits are remembered."""

import hashlib
import io
import os
import pickle
from types import FunctionType

import joblib
import numpy as np
import pandas as pd
from sklearn import get_config

from emopipe.files import file_stamp

# What pandas finds in columns of objects whose cells it hashes in full.
_HASHABLE = ("string", "boolean", "integer", "floating", "mixed-integer-float", "empty")


class _Globals(pickle.Pickler):
    """Collects the classes and functions that a pickle names."""

    def __init__(self, file):
        super().__init__(file)
        self.parts = []

    def reducer_override(self, obj):
        """Note classes and functions, and change nothing."""
        if isinstance(obj, type | FunctionType):
            self.parts.append(obj)
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
        return joblib.hash(estimator), *pickler.parts
    except Exception:  # whatever a stranger's __reduce__ raises: then it has no key
        return None


def stamps(paths):
    """Return the stamps of files: an estimator on paths reads what is there now."""
    return np.array([_stamp(path) for path in paths], dtype=np.int64)


def _stamp(path):
    if not isinstance(path, str | os.PathLike):
        return -1, -1, -1
    try:
        return file_stamp(path)
    except (OSError, ValueError):
        return -1, -1, -1


def _hashable(values):
    return pd.api.types.infer_dtype(values, skipna=True) in _HASHABLE


def content_key(X):
    """Return a key for the contents of a table, an array or a list, and of the files it names.

    Examples
    --------
    >>> content_key(np.zeros(3)) == content_key(np.zeros(3)) != content_key(np.ones(3))
    True
    """
    if isinstance(X, pd.DataFrame):
        return _table_key(X)
    if isinstance(X, pd.Series) or (isinstance(X, list | tuple) and np.ndim(X[:1]) == 1):
        X = np.array(X, dtype=object)
    if isinstance(X, np.ndarray) and X.ndim == 1 and X.dtype.kind in "OU":
        return _labels_key(X), joblib.hash(stamps(X))
    return joblib.hash(X, hash_name="sha1")


def _labels_key(values):
    """Return a key for a 1-D array of strings or other objects."""
    if not _hashable(values):
        return joblib.hash(values)
    return joblib.hash(pd.util.hash_array(values.astype(object))), str(values.dtype)


def _table_key(table):
    stamped = [stamps(table[column]) for column in ("path", "audio") if column in table.columns]
    objects = [table[name] for name in table if table[name].dtype.kind == "O"]
    if not all(_hashable(column) for column in objects):
        return joblib.hash((table, stamped))
    rows = pd.util.hash_pandas_object(table, index=False).to_numpy()
    return joblib.hash((rows, list(table.columns), [str(t) for t in table.dtypes], stamped))


def data_key(X, y, params):
    """Return a key for what an estimator is fitted on, and how scikit-learn is configured."""
    config = tuple(sorted((name, str(value)) for name, value in get_config().items()))
    further = tuple(sorted((name, content_key(np.asarray(v))) for name, v in params.items()))
    return content_key(X), content_key(np.asarray(y)), further, config


def rows_key(rows):
    """Return a key for row numbers."""
    return hashlib.sha1(np.ascontiguousarray(rows, dtype=np.int64)).hexdigest()
