"""Outcomes of folds that outlive a killed run, and what they depend on."""

import hashlib
import inspect
import json
import os
import pickle
import re
import warnings
from importlib.metadata import version
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from emopipe.checkpoints import CheckpointWarning, load_checkpoint
from emopipe.files import write_atomic
from emopipe.fusion.keys import stamps
from emopipe.inspection import machine_defaults, parts, reset_machine

# Bytes of a fold's file: more than a million clips need.
_LARGEST = 2**30


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


def described(value):
    """Return JSON-able content of a parameter: equal parameters give equal content in any process.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> a, b = KNeighborsClassifier(3), KNeighborsClassifier(3, n_jobs=2)
    >>> described(a) == described(b), described(a) == described(KNeighborsClassifier(4))
    (True, False)
    """
    if isinstance(value, BaseEstimator):
        params, machine = value.get_params(deep=False), machine_defaults(value)
        kept = {key: described(params[key]) for key in sorted(params) if key not in machine}
        return [f"{type(value).__module__}.{type(value).__qualname__}", kept]
    if isinstance(value, dict):
        return {repr(key): described(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [described(item) for item in value]
    if isinstance(value, pd.DataFrame | pd.Series):
        return ["table", described(value.to_numpy()), repr(list(value.axes[-1]))]
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


def content_key(X, *parts):
    """Return the SHA-256 over a table and the files it names, JSON-able parts, and versions."""
    rows = pd.util.hash_pandas_object(X.astype("string"), index=False).to_numpy()
    versions = [f"{name} {version(name)}" for name in ("emopipe", "scikit-learn")]
    digest = hashlib.sha256(rows.tobytes())
    for column in [name for name in ("path", "audio") if name in X]:
        digest.update(stamps(X[column]).tobytes())
    digest.update(json.dumps([list(X.columns), versions, *parts]).encode())
    return digest.hexdigest()


def _unfinished(folder):
    """Return the folders of evaluations in `folder` that have some of their folds, not all."""
    found = []
    for one in sorted(folder.iterdir()) if folder.is_dir() else []:
        names = [path.stem for path in one.glob("fold-*-of-*.json")]
        if names and len(names) < int(names[0].rpartition("-")[2]):
            found.append(one)
    return found


class FoldCheckpoints:
    """Outcomes of folds in a folder, one JSON file each, so that a killed run goes on.

    Parameters
    ----------
    folder : str, Path or None
        None keeps nothing. One folder may serve several evaluations: each has a folder of its
        own inside, named by what its outcomes depend on (estimator, rows, labels, folds).
    key : str
        From `content_key`.
    n_folds : int
    """

    def __init__(self, folder, key, n_folds):
        self.folder, self.key, self.n_folds = None, key, n_folds
        if folder is None:
            return
        self.folder = Path(folder) / key[:20]
        unusable = _unfinished(Path(folder))
        if unusable and not self.folder.is_dir():
            warnings.warn(
                f"{folder} holds an unfinished evaluation ({unusable[0].name}) with another "
                "estimator, other clips, labels or folds: it cannot be used, this one starts at "
                "fold 0",
                CheckpointWarning,
                stacklevel=4,
            )

    def _path(self, number):
        return self.folder / f"fold-{number}-of-{self.n_folds}.json"

    def _seal(self, number, outcome):
        """Return the SHA-256 over an outcome and what it is the outcome of."""
        content = json.dumps([self.key, number, self.n_folds, outcome], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def load(self, number):
        """Return a fold's outcome, or None where there is none that is whole.

        What is damaged, changed or of another fold is set aside, with a warning.
        """
        if self.folder is None:
            return None
        consequence = f"fold {number} is computed again"
        return load_checkpoint(self._path(number), lambda: self._outcome(number), consequence)

    def _outcome(self, number):
        path = self._path(number)
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST} bytes")
        sealed = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(sealed, dict) or set(sealed) != {"outcome", "sha256"}:
            raise ValueError("it is no outcome of a fold")
        if sealed["sha256"] != self._seal(number, sealed["outcome"]):
            raise ValueError("its checksum differs: it was changed or belongs to another fold")
        return sealed["outcome"]

    def save(self, number, outcome):
        """Keep a fold's outcome."""
        if self.folder is not None:
            outcome = json.loads(json.dumps(outcome, allow_nan=False))
            sealed = {"outcome": outcome, "sha256": self._seal(number, outcome)}
            write_atomic(self._path(number), json.dumps(sealed))
