"""Check learned arrays before compiled code reads them.

A file may claim that a tree's left child is node 10 ** 9, or that a support vector is row 2 ** 30.
scikit-learn would read there, so every part of a model is held against what its type allows: sizes
by `emopipe.models.shapes`, columns by the functions here.
"""

import itertools

import numpy as np

from emopipe.models.errors import ModelError
from emopipe.models.names import LATER_PARAMETERS
from emopipe.models.shapes import SHAPES, sizes_fit

_MOST_FEATURES = 10**7
_MOST_CLASSES = 1000
# Parameters of networks that say how wide layers are, and the widest by default.
_WIDTHS = (
    "attention_units", "audio_features", "audio_widths", "dense", "units", "visual_features",
    "visual_widths",
)  # fmt: skip
_WIDEST = 4096
_KERNELS = ("linear", "poly", "rbf", "sigmoid")
_METRICS = ("chebyshev", "cityblock", "cosine", "euclidean", "l1", "l2", "manhattan", "minkowski")


def _grows_forward(left, right, inner) -> bool:
    """Return whether every child comes after its parent and lies inside, so that a walk ends."""
    nodes = np.arange(len(inner))[inner]
    children = np.stack([left[inner], right[inner]]).astype(np.int64)
    return bool(((children > nodes) & (children < len(inner))).all())


def _tree_is_sound(owner) -> bool:
    tree = owner.tree_
    inner = tree.children_left != -1
    features = tree.feature[inner]
    n_classes = len(owner.classes_) if hasattr(owner, "classes_") else 1
    return bool(
        tree.node_count > 0
        and tree.n_features == owner.n_features_in_
        and tree.n_outputs == owner.n_outputs_ == 1
        and (tree.children_right[~inner] == -1).all()
        and _grows_forward(tree.children_left, tree.children_right, inner)
        and ((features >= 0) & (features < tree.n_features)).all()
        and tree.value.shape == (tree.node_count, 1, n_classes)
    )


def _forest_is_sound(forest) -> bool:
    trees = list(np.ravel(np.array(forest.estimators_, dtype=object)))
    same = {tree.n_features_in_ for tree in trees} == {forest.n_features_in_}
    # The trees of a forest number the classes, those of boosting have none.
    counts = {len(tree.classes_) for tree in trees if hasattr(tree, "classes_")}
    return bool(
        same
        and counts <= {len(forest.classes_)}
        and getattr(forest, "n_classes_", len(forest.classes_)) == len(forest.classes_)
        and getattr(forest, "n_outputs_", 1) == 1
    )


def _boosting_is_sound(boosting) -> bool:
    from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE

    trees = [tree for stage in boosting._predictors for tree in stage]
    n_scores = 1 if len(boosting.classes_) == 2 else len(boosting.classes_)
    if getattr(boosting, "_in_fit", False) or boosting._preprocessor is not None:
        return False
    if boosting.n_trees_per_iteration_ != n_scores or np.any(boosting._bin_mapper.is_categorical_):
        return False
    if any(len(stage) != n_scores for stage in boosting._predictors):
        return False
    for tree in trees:
        nodes = tree.nodes
        if nodes.dtype != PREDICTOR_RECORD_DTYPE or nodes.ndim != 1 or not len(nodes):
            return False
        inner = nodes["is_leaf"] == 0
        features = nodes["feature_idx"][inner]
        if not (
            _grows_forward(nodes["left"], nodes["right"], inner)
            and ((features >= 0) & (features < boosting.n_features_in_)).all()
            and not nodes["is_categorical"].any()
            and boosting._bin_mapper.n_bins_non_missing_.shape == (boosting.n_features_in_,)
        ):
            return False
    return True


def _vectors_are_sound(machine) -> bool:
    if not hasattr(machine, "support_"):
        return True
    n_vectors, n_classes = len(machine.support_vectors_), len(machine.classes_)
    pairs = n_classes * (n_classes - 1) // 2
    counts = np.asarray(machine._n_support)
    implementation = {"SVC": "c_svc", "NuSVC": "nu_svc"}[type(machine).__name__]
    return bool(
        machine._impl == implementation
        and machine.kernel in _KERNELS
        and isinstance(machine.degree, int | np.integer) and 0 <= machine.degree <= 100
        and np.isfinite([machine._gamma, machine.coef0]).all()
        and not machine._sparse
        and counts.shape == (n_classes,)
        and (counts >= 0).all()
        and counts.sum() == n_vectors == len(machine.support_)
        and machine._dual_coef_.shape == (n_classes - 1, n_vectors)
        and np.shape(machine._intercept_) == (pairs,)
        and (len(machine._probA) == len(machine._probB)) and len(machine._probA) in (0, pairs)
    )  # fmt: skip


def _neighbours_are_sound(model) -> bool:
    columns = model._y
    return bool(
        model.metric in _METRICS
        and model.effective_metric_ in _METRICS
        and model._fit_X.dtype.kind == "f"
        and columns.dtype.kind == "i"
        and ((columns >= 0) & (columns < len(model.classes_))).all()
        and not model.outputs_2d_
    )


def _layers_are_sound(network) -> bool:
    widths = [network.n_features_in_, *(len(bias) for bias in network.intercepts_)]
    n_scores = 1 if len(network.classes_) == 2 else len(network.classes_)
    shapes = [weights.shape for weights in network.coefs_]
    return widths[-1] == n_scores and shapes == list(itertools.pairwise(widths))


def _bags_are_sound(bags) -> bool:
    return all(
        features.dtype.kind == "i"
        and ((features >= 0) & (features < bags.n_features_in_)).all()
        and member.n_features_in_ == len(features)
        for features, member in zip(bags.estimators_features_, bags.estimators_, strict=True)
    )


def _bins_are_sound(bins) -> bool:
    return all(
        np.ndim(edges) == 1 and len(edges) == n + 1
        for edges, n in zip(bins.bin_edges_, bins.n_bins_, strict=True)
    )


def _kernel_is_sound(part) -> bool:
    return part.kernel in (*_KERNELS, "cosine")


def _network_is_sound(network) -> bool:
    """Return whether layers named by parameters are as wide as those that were trained."""
    widths = {size for weight in network.network_weights_ for size in np.shape(weight)}
    parameters = network.get_params()
    hidden = parameters.get("hidden_units", ())
    # A modality that is not used has no weights, but its layers are no wider than the usual ones.
    named = [np.ravel(v) for name, v in parameters.items() if name.rpartition("__")[2] in _WIDTHS]
    return all(width in widths for width in np.atleast_1d(hidden)) and all(
        0 < width <= max(_WIDEST, *widths) for width in np.concatenate([[1], *named])
    )


_PLACES = {
    "BaggingClassifier": _bags_are_sound,
    "DecisionTreeClassifier": _tree_is_sound,
    "DecisionTreeRegressor": _tree_is_sound,
    "ExtraTreeClassifier": _tree_is_sound,
    "ExtraTreesClassifier": _forest_is_sound,
    "GradientBoostingClassifier": _forest_is_sound,
    "HistGradientBoostingClassifier": _boosting_is_sound,
    "KBinsDiscretizer": _bins_are_sound,
    "KNeighborsClassifier": _neighbours_are_sound,
    "KernelPCA": _kernel_is_sound,
    "MLPClassifier": _layers_are_sound,
    "NuSVC": _vectors_are_sound,
    "Nystroem": _kernel_is_sound,
    "RandomForestClassifier": _forest_is_sound,
    "SVC": _vectors_are_sound,
}


def _is_sound(part) -> bool:
    """Return whether one part of a model, without the parts inside it, is what its type allows."""
    kind = type(part)
    if any(callable(getattr(kind, name, None)) for name in vars(part)):
        return False  # an attribute that hides a method
    n_features = vars(part).get("n_features_in_", 0)
    classes = vars(part).get("classes_")
    if not isinstance(n_features, int | np.integer) or not 0 <= n_features <= _MOST_FEATURES:
        return False
    if classes is not None and (np.ndim(classes) != 1 or not 1 <= len(classes) <= _MOST_CLASSES):
        return False
    if not sizes_fit(part, SHAPES.get(f"{kind.__module__}.{kind.__name__}", {})):
        return False
    if "network_weights_" in vars(part) and not _network_is_sound(part):
        return False
    fitted = any(name.endswith("_") for name in vars(part))
    return not fitted or _PLACES.get(kind.__name__, lambda part: True)(part)


def check_sound(value, where="model", checked_ids=None) -> None:
    """Raise ModelError if anything in an estimator names columns outside its own arrays.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> machine = SVC().fit([[0.0], [1.0]], ["fear", "joy"])
    >>> check_sound(machine)
    >>> machine._dual_coef_ = machine._dual_coef_[:, :1]
    >>> check_sound(machine)
    Traceback (most recent call last):
        ...
    emopipe.models.errors.ModelError: model, a SVC, holds arrays that do not fit together: ...
    """
    checked_ids = set() if checked_ids is None else checked_ids
    if id(value) in checked_ids:
        return
    checked_ids.add(id(value))
    if hasattr(value, "get_params") and not isinstance(value, type):
        _verdict(value, where)
    if isinstance(value, dict):
        parts = value
    elif isinstance(value, list | tuple):
        parts = {str(n): item for n, item in enumerate(value)}
    elif isinstance(value, np.ndarray):
        parts = {str(n): item for n, item in enumerate(value.flat)} if value.dtype == object else {}
    else:
        parts = getattr(value, "__dict__", {})
    for name, part in parts.items():
        check_sound(part, f"{where}.{name}", checked_ids)


def _check_parameters(value, where):
    """Raise ModelError where an estimator of this package has not the parameters of its class.

    Parameters that the class got later take the value that changes nothing.
    """
    kind = type(value)
    if kind.__module__.startswith("emopipe.") and hasattr(kind, "_get_param_names"):
        for name, default in LATER_PARAMETERS.get(kind.__name__, {}).items():
            vars(value).setdefault(name, default)
        lacking = [name for name in kind._get_param_names() if name not in vars(value)]
        if lacking:
            raise ModelError(
                f"{where}, a {kind.__name__}, has no {', '.join(lacking)}: it was saved by another "
                "version of emopipe, in which its parameters were others. Load it with that "
                "version, or fit it again"
            )
        for name in kind._get_param_names():  # get_params asks these for theirs, too
            _check_parameters(vars(value)[name], f"{where}.{name}")


def _verdict(value, where):
    _check_parameters(value, where)
    try:
        sound = _is_sound(value)
    except Exception:  # whatever a malformed state trips over
        sound = False
    if not sound:
        raise ModelError(
            f"{where}, a {type(value).__name__}, holds arrays that do not fit together: the model "
            "was damaged or made by hand; get it again from where it came"
        )
