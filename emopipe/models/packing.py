"""Copy an estimator for saving, without code, tables and settings of this machine.

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

from emopipe.fusion.score_fusion import ScoreFusion
from emopipe.inspection import reset_machine
from emopipe.models.errors import ModelError
from emopipe.models.trust import FUNCTIONS

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


def is_of_emopipe(estimator) -> bool:
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
        is_of_emopipe(part)
        and not isinstance(part, ScoreFusion)
        and isinstance(value, str | PurePath)
        and parameter in FILE_PARAMETERS
        and value not in FILE_PARAMETERS[parameter]
    )


def pack(value, where="model", copies=None):
    """Return a copy of an estimator, or of what one holds, that skops can write.

    Parameters
    ----------
    value : object
        Left as it is.
    where : str
        What it is called in errors.
    copies : dict, optional
        Copies made so far, so that what is shared stays shared.

    Raises
    ------
    ModelError
        For functions, for tables that are not numbers, and for searches without a best estimator.

    Examples
    --------
    >>> pack({"weights": [1, np.arange(2)], "file": PurePath("a.h5")})
    {'weights': [1, array([0, 1])], 'file': 'a.h5'}
    >>> pack({"kernel": lambda x: x})
    Traceback (most recent call last):
        ...
    emopipe.models.errors.ModelError: model.kernel is the function <lambda>: a saved model
    holds numbers and names, not code. ...
    """
    copies = {} if copies is None else copies
    if id(value) not in copies:
        # The original is kept beside its copy, so that no other object gets its id meanwhile.
        copies[id(value)] = value, _copy(value, where, copies)
    return copies[id(value)][1]


def _copy(value, where, copies):
    if isinstance(value, _CODE):
        return _check_function(value, where)
    if isinstance(value, pd.DataFrame | pd.Series | pd.Index):
        return _table(value, where)
    if isinstance(value, PurePath):
        return value.name
    if isinstance(value, _GENERATORS):
        return None
    if isinstance(value, BaseSearchCV) and "cv_results_" in vars(value):
        if "best_estimator_" not in vars(value):
            raise ModelError(f"{where} is a search without best_estimator_: fit it with refit=True")
        return pack(value.best_estimator_, where, copies)
    if isinstance(value, BaseEstimator) and not isinstance(value, type):
        return _estimator(value, where, copies)
    if type(value) in (dict, Bunch):
        pairs = {key: pack(item, f"{where}.{key}", copies) for key, item in value.items()}
        return type(value)(pairs) if type(value) is dict else Bunch(**pairs)
    if isinstance(value, np.ndarray) and value.dtype == object:
        items = [pack(item, f"{where}[{n}]", copies) for n, item in enumerate(value.flat)]
        copy = np.empty(value.size, dtype=object)
        copy[:] = items
        return copy.reshape(value.shape)
    if type(value) in (list, tuple):
        items = [pack(item, _item_name(where, n, value), copies) for n, item in enumerate(value)]
        return type(value)(items)
    return value


def _is_named(item):
    return isinstance(item, tuple) and len(item) > 1 and isinstance(item[0], str)


def _item_name(where, number, value):
    """Name an item of a list; steps of pipelines and modalities by their own names."""
    if _is_named(value):
        return where
    item = value[number]
    return f"{where}.{item[0]}" if _is_named(item) else f"{where}[{number}]"


def _check_function(function, where):
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


def _estimator(estimator, where, copies):
    # What __getstate__ leaves out (a network that is rebuilt when needed) is not looked into.
    state = estimator.__getstate__()
    twin = object.__new__(type(estimator))
    copies[id(estimator)] = estimator, twin
    for name, item in vars(estimator).items():
        if name in _FIT_ONLY:
            continue
        if name in _OF_SINGLE_CLIPS:
            item = None
        if names_a_file(estimator, name, item):
            item = PurePath(item)
        vars(twin)[name] = pack(item, f"{where}.{name}", copies) if name in state else item
    if isinstance(twin, KNeighborsClassifier):
        vars(twin)["_tree"] = None
    reset_machine(twin)
    return twin


def _build_search_tree(model):
    """Give a nearest-neighbour classifier the search tree over its vectors again."""
    tree = _TREES.get(getattr(model, "_fit_method", None))
    if tree is not None:
        options = model.effective_metric_params_ or {}
        model._tree = tree(model._fit_X, model.leaf_size, metric=model.effective_metric_, **options)


def unpack(value, restored=None):
    """Give an estimator that was just loaded its tables back, in place, and return it."""
    restored = {} if restored is None else restored
    if id(value) in restored:
        return restored[id(value)]
    if isinstance(value, Table):
        restored[id(value)] = value.rebuilt()
        return restored[id(value)]
    restored[id(value)] = value
    if isinstance(value, BaseEstimator):
        reset_machine(value)
        for name, item in list(vars(value).items()):
            vars(value)[name] = unpack(item, restored)
        if isinstance(value, KNeighborsClassifier):
            _build_search_tree(value)
    elif isinstance(value, dict):
        for key, item in list(value.items()):
            value[key] = unpack(item, restored)
    elif isinstance(value, np.ndarray) and value.dtype == object:
        for n, item in enumerate(value.flat):
            value.flat[n] = unpack(item, restored)
    elif isinstance(value, list):
        value[:] = [unpack(item, restored) for item in value]
    elif type(value) is tuple:
        restored[id(value)] = tuple(unpack(item, restored) for item in value)
        return restored[id(value)]
    return value
