"""What of an estimator goes into a file: a copy of it without code, tables and this machine.

The copy is made attribute by attribute, so that an error can name the place. Functions are refused:
they are code, and only their names could be written. Tables of numbers become plain arrays, a
fitted search becomes its best estimator, parameters that belong to the machine (the store,
processes, progress bars, pipeline caches) go back to their defaults, and a path becomes the file's
name. What only `fit` needs (random generators, optimisers) is left out, and so are search trees
over neighbours, which are built again from the vectors.
"""

from pathlib import PurePath
from types import BuiltinFunctionType, FunctionType, MethodType

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.model_selection._search import BaseSearchCV
from sklearn.neighbors import BallTree, KDTree, KNeighborsClassifier
from sklearn.utils import Bunch

from emopipe.models.errors import ModelError
from emopipe.models.trust import FUNCTIONS

# Parameters of our estimators that say how this machine works, and what they become.
MACHINE = {"store": "default", "n_jobs": -1, "progress": False, "checkpoint": None}
# Parameters that name a file, and the values that name a published one or none.
FILE_PARAMETERS = {
    "csv": (),
    "detector_model": (None,),
    "model": (None,),
    "weights": (None, "default", "imagenet", "random", "vggface"),
}
# Attributes that serve while fitting and never afterwards; out-of-fold scores are single clips'
# and become None, which a fusion that learned nothing has, too.
_FIT_ONLY = ("_loss_function_", "_optimizer")
_OF_SINGLE_CLIPS = ("oof_scores_",)
_GENERATORS = (np.random.RandomState, np.random.Generator)
_TREES = {"kd_tree": KDTree, "ball_tree": BallTree}
_CODE = (FunctionType, BuiltinFunctionType, MethodType, np.ufunc)


class Table:
    """A table of numbers taken apart: `values`, and the labels and names of rows and columns.

    A series is a table of one column.
    """

    def __init__(self, table):
        self.series = isinstance(table, pd.Series)
        table = table.to_frame() if self.series else table
        self.values = table.to_numpy()
        self.index, self.index_name = table.index.tolist(), table.index.name
        self.columns, self.columns_name = table.columns.tolist(), table.columns.name

    def rebuilt(self) -> pd.DataFrame | pd.Series:
        """Return the table."""
        table = pd.DataFrame(
            self.values,
            index=pd.Index(self.index, name=self.index_name),
            columns=pd.Index(self.columns, name=self.columns_name),
        )
        return table.iloc[:, 0] if getattr(self, "series", False) else table


def clean(estimator):
    """Set the parameters of an estimator that belong to a machine to their defaults, in place."""
    defaults = MACHINE if is_own(estimator) else {"memory": None, "n_jobs": None, "verbose": 0}
    for name, value in defaults.items():
        if name in vars(estimator):
            setattr(estimator, name, value)


def is_own(estimator) -> bool:
    """Return whether an estimator is one of this package."""
    return type(estimator).__module__.partition(".")[0] == "emopipe"


def names_a_file(part, parameter, value) -> bool:
    """Return whether a parameter of an estimator of this package names a file of the user.

    Examples
    --------
    >>> from emopipe import MiniXceptionFeatures
    >>> faces = MiniXceptionFeatures()
    >>> names_a_file(faces, "weights", "default"), names_a_file(faces, "weights", "/data/x.hdf5")
    (False, True)
    """
    # Of a fusion, `weights` are numbers or the name of a rule.
    return (
        is_own(part)
        and not hasattr(part, "estimators")
        and isinstance(value, str | PurePath)
        and parameter in FILE_PARAMETERS
        and value not in FILE_PARAMETERS[parameter]
    )


def packed(value, where="model", seen=None):
    """Return a copy of an estimator, or of what one holds, that skops can write.

    Parameters
    ----------
    value : object
        Left as it is.
    where : str
        What it is called in errors.
    seen : dict, optional
        Copies made so far, so that what is shared stays shared.

    Raises
    ------
    ModelError
        For functions, for tables that are not numbers, and for searches without a best estimator.

    Examples
    --------
    >>> packed({"weights": [1, np.arange(2)], "file": PurePath("a.h5")})
    {'weights': [1, array([0, 1])], 'file': 'a.h5'}
    >>> packed({"kernel": lambda x: x})
    Traceback (most recent call last):
        ...
    emopipe.models.errors.ModelError: model.kernel is the function <lambda>: a saved model
    holds numbers and names, not code. ...
    """
    seen = {} if seen is None else seen
    if id(value) not in seen:
        # The original is kept beside its copy, so that no other object gets its id meanwhile.
        seen[id(value)] = value, _copy(value, where, seen)
    return seen[id(value)][1]


def _copy(value, where, seen):
    if isinstance(value, _CODE):
        return _allowed(value, where)
    if isinstance(value, pd.DataFrame | pd.Series | pd.Index):
        return _table(value, where)
    if isinstance(value, PurePath):
        return value.name
    if isinstance(value, _GENERATORS):
        return None
    if isinstance(value, BaseSearchCV) and hasattr(value, "cv_results_"):
        if not hasattr(value, "best_estimator_"):
            raise ModelError(f"{where} is a search without best_estimator_: fit it with refit=True")
        return packed(value.best_estimator_, where, seen)
    if isinstance(value, BaseEstimator) and not isinstance(value, type):
        return _estimator(value, where, seen)
    if type(value) in (dict, Bunch):
        pairs = {key: packed(item, f"{where}.{key}", seen) for key, item in value.items()}
        return type(value)(pairs) if type(value) is dict else Bunch(**pairs)
    if isinstance(value, np.ndarray) and value.dtype == object:
        items = [packed(item, f"{where}[{n}]", seen) for n, item in enumerate(value.flat)]
        copy = np.empty(value.size, dtype=object)
        copy[:] = items
        return copy.reshape(value.shape)
    if type(value) in (list, tuple):
        items = [packed(item, _place(where, n, value), seen) for n, item in enumerate(value)]
        return type(value)(items)
    return value


def _is_named(item):
    return isinstance(item, tuple) and len(item) > 1 and isinstance(item[0], str)


def _place(where, number, value):
    """Name an item of a list; steps of pipelines and modalities by their own names."""
    if _is_named(value):
        return where
    item = value[number]
    return f"{where}.{item[0]}" if _is_named(item) else f"{where}[{number}]"


def _allowed(function, where):
    name = getattr(function, "__qualname__", getattr(function, "__name__", repr(function)))
    if f"{getattr(function, '__module__', '')}.{name}" in FUNCTIONS:
        return function
    raise ModelError(
        f"{where} is the function {name}: a saved model holds numbers and names, not code. Make it "
        "a parameter of an estimator class, or apply it before the pipeline"
    )


def _table(table, where):
    numbers = not isinstance(table, pd.Index) and table.to_numpy().dtype.kind in "fiub"
    if numbers and table.index.nlevels == getattr(table, "columns", table.index).nlevels == 1:
        return Table(table)
    raise ModelError(
        f"{where} is a {type(table).__name__} that is no table of numbers: keep it as numpy arrays "
        "and lists"
    )


def _estimator(estimator, where, seen):
    # What __getstate__ leaves out (a network that is rebuilt when needed) is not looked into.
    kept = estimator.__getstate__()
    twin = object.__new__(type(estimator))
    seen[id(estimator)] = estimator, twin
    for name, item in vars(estimator).items():
        if name in _FIT_ONLY:
            continue
        if name in _OF_SINGLE_CLIPS:
            item = None
        if names_a_file(estimator, name, item):
            item = PurePath(item)
        vars(twin)[name] = packed(item, f"{where}.{name}", seen) if name in kept else item
    if isinstance(twin, KNeighborsClassifier):
        vars(twin)["_tree"] = None
    clean(twin)
    return twin


def _build_search_tree(model):
    """Give a nearest-neighbour classifier the search tree over its vectors again."""
    tree = _TREES.get(getattr(model, "_fit_method", None))
    if tree is not None:
        options = model.effective_metric_params_ or {}
        model._tree = tree(model._fit_X, model.leaf_size, metric=model.effective_metric_, **options)


def unpacked(value, seen=None):
    """Give an estimator that was just loaded its tables back, in place, and return it."""
    seen = {} if seen is None else seen
    if id(value) in seen:
        return seen[id(value)]
    if isinstance(value, Table):
        seen[id(value)] = value.rebuilt()
        return seen[id(value)]
    seen[id(value)] = value
    if isinstance(value, BaseEstimator):
        clean(value)
        for name, item in list(vars(value).items()):
            vars(value)[name] = unpacked(item, seen)
        if isinstance(value, KNeighborsClassifier):
            _build_search_tree(value)
    elif isinstance(value, dict):
        for key, item in list(value.items()):
            value[key] = unpacked(item, seen)
    elif isinstance(value, np.ndarray) and value.dtype == object:
        for n, item in enumerate(value.flat):
            value.flat[n] = unpacked(item, seen)
    elif isinstance(value, list):
        value[:] = [unpacked(item, seen) for item in value]
    elif type(value) is tuple:
        seen[id(value)] = tuple(unpacked(item, seen) for item in value)
        return seen[id(value)]
    return value
