"""Which types a model may be made of: an explicit list, and the estimators of this package.

scikit-learn's public estimators, numpy's types and plain values are trusted by skops itself.
Trusted means that building an object of that type from a file runs no code of the file's choosing;
what is *in* the trees and support vectors that compiled code walks through is checked by
`emopipe.persistence.soundness`.
"""

import importlib
import re

# Functions that are parameters of scikit-learn's own estimators.
FUNCTIONS = frozenset(
    f"sklearn.feature_selection._univariate_selection.{name}"
    for name in ("f_classif", "chi2", "f_regression")
)
TYPES = FUNCTIONS | {
    "emopipe.augmentation.FaceTransform",
    "emopipe.persistence.packing.Table",
    "sklearn.utils._bunch.Bunch",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.model_selection._split.GroupKFold",
    "sklearn.model_selection._split.GroupShuffleSplit",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.LeaveOneGroupOut",
    "sklearn.model_selection._split.StratifiedGroupKFold",
    "sklearn.model_selection._split.StratifiedKFold",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
}


def _is_own_estimator(name) -> bool:
    from sklearn.base import BaseEstimator

    # No dunder: emopipe.cli.__main__ would run on import.
    if not re.fullmatch(r"emopipe(\.[A-Za-z0-9_]+)+", name) or "__" in name:
        return False
    module, _, kind = name.rpartition(".")
    try:
        found = getattr(importlib.import_module(module), kind, None)
    except ImportError:
        return False
    own = getattr(found, "__module__", None) == module
    return own and isinstance(found, type) and issubclass(found, BaseEstimator)


def untrusted(names) -> list[str]:
    """Return those of skops' type names that a model may not hold, sorted.

    Examples
    --------
    >>> untrusted(["emopipe.fusion.where_finite.WhereFinite", "posix.system", "mine.Model"])
    ['mine.Model', 'posix.system']
    """
    return sorted(name for name in names if name not in TYPES and not _is_own_estimator(name))
