"""WhereFinite: a classifier that uses complete rows and answers NaN for the others."""

import warnings

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import validate_data

from emopipe.fusion.complete_rows import CompleteRows
from emopipe.fusion.rows import check_labels, take, take_params


class WhereFinite(CompleteRows, ClassifierMixin, BaseEstimator):
    """A classifier that works on complete rows and answers NaN for the others.

    Parameters
    ----------
    estimator : classifier
        What is fitted on the rows without NaN or infinity; a Pipeline as a rule.

    Attributes
    ----------
    estimator_ : classifier
        The fitted one.
    classes_ : ndarray of shape (n_classes,)
        The emotions that it saw in complete rows.
    fallback_ : scalar
        The most frequent of them among the complete rows: the prediction for incomplete rows.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X is a table.

    Raises
    ------
    ValueError
        In `fit`, if no row is complete.

    See Also
    --------
    ClipPipeline : the same for a pipeline that begins with clips.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from emopipe import WhereFinite
    >>> X = [[0.0], [1.0], [5.0], [6.0], [np.nan]]
    >>> model = WhereFinite(GaussianNB()).fit(X, ["fear", "fear", "joy", "joy", "joy"])
    >>> model.predict_proba([[0.5], [np.nan]]).round(2).tolist()
    [[1.0, 0.0], [nan, nan]]
    """

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y, **params):
        """Fit the classifier on complete rows.

        Parameters
        ----------
        X : numeric array or DataFrame, shape (n_clips, n_features)
        y : array, shape (n_clips,)
            Emotions.
        **params
            Such as groups and sample_weight, for the classifier; cut to the complete rows.

        Raises
        ------
        ValueError
            If no row is complete.

        Warns
        -----
        UserWarning
            If an emotion has no complete row: it will never be predicted.
        """
        return self.fit_with(
            lambda inner, *data, **params: inner.fit(*data, **params), X, y, params
        )

    def fit_with(self, fit, X, y, params):
        """Fit as `fit` does, by calling fit(estimator, X, y, **params) for the classifier."""
        y = check_labels(y, X)
        rows = self._complete(X, reset=True)
        self._check_rows(y, rows)
        if get_config()["enable_metadata_routing"]:
            routed = self.get_metadata_routing().route_params(caller="fit", params=params)
            params = routed["estimator"]["fit"]
        self.estimator_ = fit(
            clone(self.estimator), take(X, rows), y[rows],
            **take_params(params, rows, len(y)),
        )  # fmt: skip
        self.classes_ = self.estimator_.classes_
        labels, counts = np.unique(y[rows], return_counts=True)
        self.fallback_ = labels[counts.argmax()]
        return self

    def _complete(self, X, reset=False):
        """Return which rows are complete, bool (n_clips,)."""
        values = validate_data(self, X, reset=reset, ensure_all_finite=False)
        return np.isfinite(values).all(axis=1)

    @staticmethod
    def _check_rows(y, rows):
        if not rows.any():
            raise ValueError(
                f"none of {len(y)} rows is complete: every one has NaN or infinity, so there is "
                "nothing to fit. See the statuses of the feature extractor for the reason"
            )
        lost = sorted(set(y.tolist()) - set(y[rows].tolist()))
        if lost:
            warnings.warn(
                f"{(~rows).sum()} of {len(y)} rows are incomplete, among them all of "
                f"{', '.join(map(str, lost))}: this classifier will never predict that",
                stacklevel=4,
            )

    def _classifier(self):
        return getattr(self, "estimator_", self.estimator)

    def _features(self, X):
        return X, self._complete(X)

    def get_metadata_routing(self):
        """Return what is passed on: everything goes to the classifier."""
        mapping = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        return router.add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.classifier_tags = inner.classifier_tags
        tags.non_deterministic = inner.non_deterministic
        tags.input_tags.allow_nan = True
        return tags
