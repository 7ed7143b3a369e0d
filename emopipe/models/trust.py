"""Check a model's schema against a closed list of types, before anything is built.

Everything else is refused: what skops or scikit-learn trust by themselves does not count. Being on
the list means that building an object of that type runs no code of the file's choosing, and that
`emopipe.models.soundness` knows what its learned arrays must look like.
"""

import numpy as np

from emopipe.models.errors import ModelError
from emopipe.models.shapes import SHAPES

# Functions that are parameters of scikit-learn's own estimators.
FUNCTIONS = frozenset(
    f"sklearn.feature_selection._univariate_selection.{name}"
    for name in ("f_classif", "chi2", "f_regression")
)
_PLAIN = {
    "DictNode": {"builtins.dict", "sklearn.utils._bunch.Bunch"},
    "DTypeNode": {"numpy.dtype"},
    "FunctionNode": FUNCTIONS,
    "JsonNode": {"builtins.str"},
    "ListNode": {"builtins.list"},
    "LossNode": {
        "sklearn._loss._loss.CyHalfBinomialLoss",
        "sklearn._loss._loss.CyHalfMultinomialLoss",
    },
    "SetNode": {"builtins.set"},
    "SliceNode": {"builtins.slice"},
    "TreeNode": {"sklearn.tree._tree.Tree"},
    "TupleNode": {"builtins.tuple"},
    "TypeNode": {f"builtins.{name}" for name in ("bool", "float", "int", "str")},
}  # fmt: skip
# Parts of scikit-learn's estimators that are no estimators themselves.
_PARTS = {
    "sklearn._loss.link.HalfLogitLink",
    "sklearn._loss.link.Interval",
    "sklearn._loss.link.LogitLink",
    "sklearn._loss.link.MultinomialLogit",
    "sklearn._loss.loss.HalfBinomialLoss",
    "sklearn._loss.loss.HalfMultinomialLoss",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.ensemble._hist_gradient_boosting.binning._BinMapper",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.model_selection._split.GroupKFold",
    "sklearn.model_selection._split.GroupShuffleSplit",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.LeaveOneGroupOut",
    "sklearn.model_selection._split.StratifiedGroupKFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
}
OBJECTS = frozenset(SHAPES) | _PARTS
# References to a part that stands elsewhere; its own node is looked at there.
_REFERENCE = "CachedNode"
_DEEPEST = 200


def _is_array_type(name) -> bool:
    """Return whether a name of NumPy's is that of its arrays or of the numbers in them."""
    kind = vars(np).get(name)
    return kind is np.ndarray or (isinstance(kind, type) and issubclass(kind, np.generic))


def _is_trusted(loader, name) -> bool:
    if loader in ("NdArrayNode", "TypeNode") and name.startswith("numpy."):
        return _is_array_type(name.removeprefix("numpy."))
    if name.startswith("emopipe."):  # resolved from the package's own list of names
        return loader in ("ObjectNode", "TupleNode")
    return name in (OBJECTS if loader == "ObjectNode" else _PLAIN.get(loader, ()))


def foreign_types(schema, name) -> list[str]:
    """Return the types in a skops schema that are not on the list, sorted.

    Parameters
    ----------
    schema : dict
        Of a skops file, parsed.
    name : str or Path
        The file, for errors.

    Raises
    ------
    ModelError
        If it nests too deeply.

    Examples
    --------
    >>> node = {"__class__": "system", "__module__": "posix", "__loader__": "TypeNode"}
    >>> foreign_types(node, "model.skops")
    ['posix.system']
    """
    foreign, stack = set(), [(schema, 0)]
    while stack:
        node, depth = stack.pop()
        if depth > _DEEPEST:
            raise ModelError(f"{name} nests deeper than {_DEEPEST}: emopipe wrote no such file")
        if isinstance(node, dict):
            if {"__class__", "__loader__", "__module__"} & set(node):
                loader = node.get("__loader__")
                full = f"{node.get('__module__')}.{node.get('__class__')}"
                if loader != _REFERENCE and not _is_trusted(loader, full):
                    foreign.add(full)
            stack.extend((part, depth + 1) for part in node.values())
        elif isinstance(node, list):
            stack.extend((part, depth + 1) for part in node)
    return sorted(foreign)


def check_types(schema, name) -> None:
    """Raise ModelError if a schema names a type that is not on the list."""
    foreign = foreign_types(schema, name)
    if foreign:
        raise ModelError(
            f"{name} holds types that are not trusted: {', '.join(foreign)}. Nothing was loaded. "
            "It was not written by this version of emopipe, or was changed"
        )


def is_listed(kind) -> bool:
    """Return whether a class of estimators may be part of a model.

    Examples
    --------
    >>> from sklearn.svm import SVC, SVR
    >>> is_listed(SVC), is_listed(SVR)
    (True, False)
    """
    from emopipe.models.names import is_model_class

    return f"{kind.__module__}.{kind.__name__}" in OBJECTS or is_model_class(kind)
