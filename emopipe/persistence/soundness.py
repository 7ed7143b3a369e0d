"""Learned arrays that compiled code walks through without looking where it steps.

A file may claim that a tree's left child is node 10 ** 9. scikit-learn would read there, so what it
trusts is looked at once, after loading.
"""

import numpy as np
from sklearn.neighbors import BallTree, KDTree
from sklearn.svm import SVC, NuSVC
from sklearn.tree._tree import Tree

from emopipe.persistence.errors import ModelError


def _tree_is_sound(tree) -> bool:
    nodes = np.arange(tree.node_count)
    inner = tree.children_left != -1
    children = np.stack([tree.children_left, tree.children_right])
    # Every child comes after its parent, so that a walk ends.
    forward = (children[:, inner] > nodes[inner]) & (children[:, inner] < tree.node_count)
    known = (tree.feature[inner] >= 0) & (tree.feature[inner] < tree.n_features)
    return bool(
        tree.node_count > 0
        and (children[1, ~inner] == -1).all()
        and forward.all()
        and known.all()
        and tree.value.shape[0] == tree.node_count
    )


def _neighbours_are_sound(tree) -> bool:
    data, places, nodes, bounds = (np.asarray(part) for part in tree.get_arrays())
    n = len(data)
    starts, ends = nodes["idx_start"], nodes["idx_end"]
    return bool(
        len(places) == n
        and ((places >= 0) & (places < n)).all()
        and ((starts >= 0) & (starts <= ends) & (ends <= n)).all()
        and bounds.shape[1] == len(nodes)
    )


def _vectors_are_sound(machine) -> bool:
    n_vectors, n_classes = len(machine.support_vectors_), len(machine.classes_)
    pairs = n_classes * (n_classes - 1) // 2
    counts = np.asarray(machine._n_support)
    sparse = getattr(machine, "_sparse", False)
    return bool(
        not sparse
        and counts.shape == (n_classes,)
        and (counts >= 0).all()
        and counts.sum() == n_vectors == len(machine.support_)
        and machine._dual_coef_.shape == (n_classes - 1, n_vectors)
        and np.shape(machine._intercept_) == (pairs,)
        and machine.support_vectors_.shape[1] == machine.n_features_in_
        and (len(machine._probA) == len(machine._probB)) and len(machine._probA) in (0, pairs)
    )  # fmt: skip


CHECKS = {
    Tree: _tree_is_sound,
    KDTree: _neighbours_are_sound,
    BallTree: _neighbours_are_sound,
    SVC: _vectors_are_sound,
    NuSVC: _vectors_are_sound,
}


def check_sound(value, where="model", seen=None) -> None:
    """Raise ModelError if anything in an estimator holds places outside its own arrays.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> machine = SVC().fit([[0.0], [1.0]], ["fear", "joy"])
    >>> check_sound(machine)
    >>> machine._dual_coef_ = machine._dual_coef_[:, :1]
    >>> check_sound(machine)
    Traceback (most recent call last):
        ...
    emopipe.persistence.errors.ModelError: model, a SVC, holds arrays that do not fit together: ...
    """
    seen = set() if seen is None else seen
    if id(value) in seen:
        return
    seen.add(id(value))
    check = CHECKS.get(type(value))
    if check is not None and (check is not _vectors_are_sound or hasattr(value, "support_")):
        _verdict(check, value, where)
    if isinstance(value, dict):
        parts = value
    elif isinstance(value, list | tuple | np.ndarray):
        plain = isinstance(value, np.ndarray) and value.dtype != object
        parts = {} if plain else {str(n): item for n, item in enumerate(np.ravel(value) if
                 isinstance(value, np.ndarray) else value)}  # fmt: skip
    else:
        parts = getattr(value, "__dict__", {})
    for name, part in parts.items():
        check_sound(part, f"{where}.{name}", seen)


def _verdict(check, value, where):
    try:
        sound = check(value)
    except Exception:  # whatever a malformed state trips over
        sound = False
    if not sound:
        raise ModelError(
            f"{where}, a {type(value).__name__}, holds arrays that do not fit together: the model "
            "was damaged or made by hand; get it again from where it came"
        )
