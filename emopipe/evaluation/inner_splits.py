"""List the estimators inside an estimator, and check the folds on which they make choices."""

from typing import NamedTuple

from sklearn.utils.metadata_routing import get_routing_for_object

from emopipe.fusion.score_fusion import ScoreFusion
from emopipe.inspection import parts
from emopipe.splits import describe_splitter, takes_groups


class InnerSplit(NamedTuple):
    """A splitter inside an estimator: where, in words, whether grouped, and its folds if known."""

    name: str
    owner: str
    splitter: str
    grouped: bool
    n_splits: int | None


def _asks_for_groups(estimator):
    """Return whether a class declares `__metadata_request__fit` with groups for itself.

    What it routes to others does not count. Python prefixes the attribute with the class' name.
    """
    attributes = [item for base in type(estimator).__mro__ for item in vars(base).items()]
    return any(
        name.endswith("__metadata_request__fit") and value.get("groups")
        for name, value in attributes
    )


def _inner_split(name, owner, cv):
    kind = type(owner).__name__
    if cv is None or isinstance(cv, int):
        # An estimator of ours that asks for groups makes its own grouped folds of a number.
        grouped = _asks_for_groups(owner)
        words = f"{cv or 'its own'} folds by group" if grouped else f"cv={cv}"
        return InnerSplit(name, kind, words, grouped, cv if grouped else None)
    if not hasattr(cv, "split"):
        return InnerSplit(name, kind, "cv=a list of row numbers", False, None)
    n_splits = getattr(cv, "n_splits", None)
    shuffled = "Shuffle" in type(cv).__name__
    return InnerSplit(
        name, kind, describe_splitter(cv), takes_groups(cv), None if shuffled else n_splits
    )


def _searched_names(part):
    """Return the names of parameters, without those of their owners, that a search tries."""
    grids = getattr(part, "param_grid", getattr(part, "param_distributions", ()))
    grids = [grids] if isinstance(grids, dict) else grids
    return {key.rpartition("__")[2] for grid in grids for key in grid}


def _makes_folds(estimator, tried):
    if not hasattr(estimator, "cv") or isinstance(estimator.cv, str):
        return False
    if not isinstance(estimator, ScoreFusion) or tried & {"weights", "pool", "calibration"}:
        return True
    # A fusion of probabilities whose weights are given learns nothing on its inner folds.
    return estimator.learns_on_folds()


def inner_splits(estimator):
    """Return an InnerSplit for every nested estimator that makes folds by its parameter `cv`."""
    inside = parts(estimator)
    tried = set().union(*(_searched_names(part) for _, part in inside))
    return [_inner_split(n, owner, owner.cv) for n, owner in inside if _makes_folds(owner, tried)]


def mixed_holdouts(estimator):
    """Return a notice for every nested estimator that holds out rows of its own at random."""
    texts = []
    for _, part in parts(estimator):
        for parameter in ("probability", "early_stopping"):
            if getattr(part, parameter, False) is True and type(part).__module__.startswith(
                "sklearn."
            ):
                texts.append(
                    f"{type(part).__name__}({parameter}=True) holds out training clips at random, "
                    "which mixes training subjects; test subjects stay unseen."
                )
    return list(dict.fromkeys(texts))


def wants_groups(estimator):
    """Return whether `fit` takes groups, for itself or for something inside it."""
    try:
        return bool(get_routing_for_object(estimator).consumes("fit", {"groups"}))
    except NotImplementedError:
        # Some of scikit-learn's meta-estimators cannot route anything.
        return False


def check_inner_splits(estimator, folds, subjects):
    """Raise ValueError when choices inside the estimator would be made on folds mixing subjects.

    Parameters
    ----------
    estimator : estimator
    folds : list of Fold
    subjects : object array, shape (n_clips,)
        None where unknown. Without any subject, every inner split is allowed.
    """
    splits = inner_splits(estimator)
    if not any(subject is not None for subject in subjects):
        return splits
    for split in splits:
        if not split.grouped:
            named = f" {split.name!r}" if split.name else ""
            raise ValueError(
                f"{split.owner}{named} splits by {split.splitter}, which puts clips of one "
                "subject on both sides: give it a grouped splitter, as in "
                f"{split.owner}(..., cv=GroupKFold(5)), or, if mixed subjects are meant, "
                "evaluate(..., subject_dependent=True)"
            )
    if splits and not wants_groups(estimator):
        raise ValueError(
            f"{type(estimator).__name__} cannot pass groups on to {splits[0].owner} "
            f"{splits[0].name!r}, whose folds need them: put the search outermost, or use a "
            "meta-estimator that supports scikit-learn's metadata routing"
        )
    for number, fold in enumerate(folds):
        n_subjects = len(set(subjects[fold.train]) - {None}) + sum(
            s is None for s in subjects[fold.train]
        )
        for level, split in enumerate(splits):
            left = _least_left(n_subjects, split, splits[:level])
            if split.n_splits is not None and split.n_splits > left:
                inside = (
                    "" if left == n_subjects else f", {left} of them inside the folds around it"
                )
                raise ValueError(
                    f"fold {number} trains on {n_subjects} subjects{inside}, fewer than the "
                    f"{split.n_splits} folds that {split.owner} makes of them ({split.splitter}): "
                    "use fewer, or leave more people to train on"
                )
    return splits


def _least_left(n_subjects, split, before):
    """Return how many subjects an inner split has, within those that enclose it."""
    for outer in before:
        encloses = f"{split.name}__".startswith(f"{outer.name}__" if outer.name else "")
        if encloses and outer.n_splits:
            n_subjects -= -(-n_subjects // outer.n_splits)
    return n_subjects
