"""Keys by content: same estimator, same data, in this process or in any other."""

import hashlib
import inspect
import io
import json
import os
import pickle
import re
from importlib.metadata import version
from types import FunctionType

import joblib
import numpy as np
import pandas as pd
from sklearn import get_config
from sklearn.base import BaseEstimator, clone

from emopipe.files import file_stamp
from emopipe.inspection import machine_defaults, parts, reset_machine

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


def _table_stamps(table):
    return [stamps(table[column]) for column in ("path", "audio") if column in table.columns]


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
    stamped = _table_stamps(table)
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


def without_addresses(text):
    """Return a repr without the places in memory, which differ from run to run."""
    return re.sub(r" at 0x[0-9a-fA-F]+", "", text)


def estimator_text(estimator):
    """Return the repr of an estimator, without what changes nothing but its speed.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> estimator_text(KNeighborsClassifier(3, n_jobs=2))
    'KNeighborsClassifier(n_neighbors=3)'
    """
    copy = clone(estimator)
    for _, part in parts(copy, descriptions=True):
        reset_machine(part)
    return without_addresses(copy.__repr__(N_CHAR_MAX=5000))


def _code(function):
    code = function.__code__
    return without_addresses(repr((code.co_code, code.co_consts, code.co_names)))


def parameter_content(value):
    """Return JSON-able content of a parameter: equal parameters give equal content in any process.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> a, b = KNeighborsClassifier(3), KNeighborsClassifier(3, n_jobs=2)
    >>> parameter_content(a) == parameter_content(b)
    True
    >>> parameter_content(a) == parameter_content(KNeighborsClassifier(4))
    False
    """
    if isinstance(value, BaseEstimator):
        params, machine = value.get_params(deep=False), machine_defaults(value)
        content = {
            key: parameter_content(params[key]) for key in sorted(params) if key not in machine
        }
        return [f"{type(value).__module__}.{type(value).__qualname__}", content]
    if isinstance(value, dict):
        return {repr(key): parameter_content(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [parameter_content(item) for item in value]
    if isinstance(value, pd.DataFrame | pd.Series):
        return ["table", parameter_content(value.to_numpy()), repr(list(value.axes[-1]))]
    if isinstance(value, np.ndarray):
        content = repr(value.tolist()) if value.dtype == object else value.tobytes()
        content = content.encode() if isinstance(content, str) else content
        return ["array", str(value.dtype), value.shape, hashlib.sha256(content).hexdigest()]
    if inspect.isfunction(value):
        return [f"{value.__module__}.{value.__qualname__}", _code(value)]
    if isinstance(value, str | os.PathLike) and os.path.isfile(value):
        return [repr(value), stamps([value]).tolist()]
    if value is None or isinstance(value, bool | int | float | str | type):
        return repr(value)
    try:
        return [type(value).__qualname__, joblib.hash(value)]
    except (AttributeError, TypeError, pickle.PicklingError):
        return without_addresses(repr(value))


def evaluation_key(X, *content):
    """Return the SHA-256 over a table and the files it names, JSON-able content, and versions."""
    rows = pd.util.hash_pandas_object(X.astype("string"), index=False).to_numpy()
    versions = [f"{name} {version(name)}" for name in ("emopipe", "scikit-learn")]
    digest = hashlib.sha256(rows.tobytes())
    for column_stamps in _table_stamps(X):
        digest.update(column_stamps.tobytes())
    digest.update(json.dumps([list(X.columns), versions, *content]).encode())
    return digest.hexdigest()
