"""How much each clip counts in training, and which parts of an estimator use that."""

import numpy as np
import pandas as pd
from sklearn.base import clone, is_classifier
from sklearn.metrics import get_scorer
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

from emopipe.inspection import parts


def request_weights(estimator):
    """Return a copy in which every classifier whose `fit` takes sample_weight requests it.

    Other parts, such as a scaler, and the scores of a search do without. What was set by
    ``set_fit_request`` stays. Metadata routing must be on.

    Parameters
    ----------
    estimator : classifier
        A search or a pipeline may stand around it.

    Examples
    --------
    >>> import sklearn
    >>> from sklearn.svm import SVC
    >>> with sklearn.config_context(enable_metadata_routing=True):
    ...     request_weights(SVC()).get_metadata_routing().fit.requests
    {'sample_weight': True}
    """
    estimator = clone(estimator)
    for _, part in parts(estimator):
        requests = getattr(get_routing_for_object(part), "fit", None)
        if requests is not None and requests.requests.get("sample_weight", False) is None:
            part.set_fit_request(sample_weight=is_classifier(part))
        if hasattr(part, "set_score_request"):
            part.set_score_request(sample_weight=False)
        if isinstance(getattr(part, "scoring", None), str):
            scorer = get_scorer(part.scoring)
            part.set_params(scoring=scorer.set_score_request(sample_weight=False))
    return estimator


def check_takes_weights(estimator) -> None:
    """Raise ValueError where `fit` has no use for weights, itself or in anything inside it.

    Examples
    --------
    >>> import sklearn
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> with sklearn.config_context(enable_metadata_routing=True):
    ...     check_takes_weights(KNeighborsClassifier())
    Traceback (most recent call last):
        ...
    ValueError: sample_weight: nothing in KNeighborsClassifier weighs clips: leave it out, or ...
    """
    try:
        routing = get_routing_for_object(request_weights(estimator))
        is_consumed = routing.consumes("fit", {"sample_weight"})
    except NotImplementedError:  # some of scikit-learn's meta-estimators cannot route anything
        is_consumed = has_fit_parameter(estimator, "sample_weight")
    if not is_consumed:
        raise ValueError(
            f"sample_weight: nothing in {type(estimator).__name__} weighs clips: leave it out, or "
            "take a classifier whose fit has that parameter, such as SVC"
        )


def clip_weights(table, column) -> np.ndarray:
    """Return how much each clip counts, float64 (n_clips,).

    Raises
    ------
    ValueError
        If a clip's weight is no finite number from 0.

    Examples
    --------
    >>> clip_weights(pd.DataFrame({"clip": ["a", "b"], "weight": [1, 0.5]}), "weight")
    array([1. , 0.5])
    """
    weights = pd.to_numeric(table[column], errors="coerce").to_numpy(np.float64)
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights >= 0)))
    if len(wrong):
        raise ValueError(
            f"sample_weight={column!r}: clip {table['clip'].iloc[wrong[0]]!r} has "
            f"{table[column].tolist()[wrong[0]]!r}; give a finite number from 0 for every clip"
        )
    return weights
