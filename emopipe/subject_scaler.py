"""SubjectScaler: standardise the features of each subject, as far as its clips allow."""

from copy import copy
from hashlib import sha256

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from emopipe.extraction import clip_tags
from emopipe.inspection import SelfDescribing
from emopipe.subjects import subject_names


class SubjectScaler(SelfDescribing, TransformerMixin, BaseEstimator):
    """Standardise what an extractor gives by subject, shrunk towards the training people.

    The mean and variance of a subject with n clips are mixed with those of the training people,
    the subject's own with weight n / (n + k0). k0 comes from variance components of the training
    people: for means, the variance within a subject over that between subjects; for variances
    likewise. Only clips of the same call count, never labels. Where nobody is named, the training
    people's statistics count alone, or those of the person whose clips `enroll` took.

    Parameters
    ----------
    extractor : transformer
        From the clip table to features.
    subject : str
        Which column names the subjects.
    n_clips : int or None
        So many clips of each subject estimate the statistics, drawn by a hash of the clip's name
        (names may be in the order of emotions); None takes all. They are scaled and answered for as
        the subject's other clips are.

    Attributes
    ----------
    extractor_ : transformer
    mean_, variance_ : float64 ndarrays of shape (n_features,)
        Of the training people: mean of their means; mean variance within one.
    mean_clips_, variance_clips_ : float
        k0 of means and of variances: at so many clips a subject's own weighs one half.

    Raises
    ------
    ValueError
        In `fit` and `transform`, for rows without subjects, or a parameter that is not
        allowed.

    See Also
    --------
    WhereFinite : Skips rows without features.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from emopipe import SubjectScaler
    >>> table = pd.DataFrame({"subject": list("aabb"), "x": [1.0, 3.0, 11.0, 13.0]})
    >>> scaler = SubjectScaler(FunctionTransformer(lambda X: X[["x"]].to_numpy()))
    >>> scaler.fit_transform(table).round(2).ravel().tolist()
    [-0.78, 0.64, -0.64, 0.78]
    """

    def __init__(self, extractor, *, subject="subject", n_clips=None):
        self.extractor = extractor
        self.subject = subject
        self.n_clips = n_clips

    def test_person(self):
        """Return what is known of whom is tested: a number of clips, or "all unlabelled clips"."""
        return self.n_clips or "all unlabelled clips"

    def fit(self, X, y=None):
        """Learn how much the training people differ."""
        self._components(*self._read(X, y))
        return self

    def fit_transform(self, X, y=None):
        """Fit, and scale the training people as new ones will be."""
        values, people = self._read(X, y)
        self._components(values, people)
        return self._scale(X, values, people)

    def transform(self, X):
        """Return features (n_clips, n_features) scaled by subject, NaN where a clip gave none."""
        check_is_fitted(self)
        return self._scale(X, np.asarray(self.extractor_.transform(X)), self._people(X))

    def enroll(self, X):
        """Return a copy that scales clips of nobody named as those of one new person.

        Parameters
        ----------
        X : DataFrame, list or array
            Clips of that person, as the extractor takes them, without labels. All that give
            features count, whatever `n_clips` is.

        Raises
        ------
        ValueError
            If none gives features.
        """
        check_is_fitted(self)
        values = np.asarray(self.extractor_.transform(X), np.float64)
        values = values[np.isfinite(values).all(axis=1)]
        if not len(values):
            raise ValueError(f"none of {len(X)} clips to enroll gives features: name others")
        enrolled = copy(self)
        enrolled.enrolled_ = self._statistics(values)
        return enrolled

    def _read(self, X, y):
        people = self._people(X)
        self.extractor_ = clone(self.extractor)
        return np.asarray(self.extractor_.fit_transform(X, y), np.float64), people

    def _people(self, X):
        if self.n_clips is not None and (self.n_clips < 2 or self.n_clips != int(self.n_clips)):
            raise ValueError(f"n_clips={self.n_clips!r} must be None or a whole number from 2")
        if self.subject not in getattr(X, "columns", ()):
            raise ValueError(
                f"SubjectScaler needs a clip table with the column {self.subject!r}: name it with "
                "subject=..., or leave the scaler out"
            )
        return subject_names(X[self.subject])

    def _components(self, values, people):
        complete = np.isfinite(values).all(axis=1)
        rows = [np.flatnonzero(complete & (people == name)) for name in set(people) - {None}]
        rows = sorted(list(r) for r in rows if len(r) > 1)
        if len(rows) < 2:
            raise ValueError(
                f"{len(rows)} subject has two clips or more with features: SubjectScaler needs two"
            )
        n = np.array([len(r) for r in rows])
        means = np.array([values[r].mean(axis=0) for r in rows])
        variances = np.array([values[r].var(axis=0, ddof=1) for r in rows])
        self.mean_, self.variance_ = means.mean(axis=0), variances.mean(axis=0)
        within = np.where(self.variance_ > 0, self.variance_, 1.0)
        between = np.maximum(means.var(axis=0, ddof=1) - self.variance_ * (1 / n).mean(), 0)
        share = between / (within + between)
        self.mean_clips_ = float((1 - share).mean() / max(share.mean(), 1e-6))
        # A variance of n normal values has a sampling variance of 2 / (n - 1) of its square.
        spread = (variances / within).var(axis=0, ddof=1) - 2 * (1 / (n - 1)).mean()
        self.variance_clips_ = float(2 / max(np.maximum(spread, 0).mean(), 1e-6))

    def _draw(self, X, rows):
        """Return the rows of a subject that estimate its statistics."""
        if self.n_clips is None or len(rows) <= self.n_clips:
            return rows
        names = np.asarray(X.get("clip", X.index))[rows]
        keys = [sha256(str(name).encode()).digest() for name in names]
        return rows[sorted(range(len(rows)), key=keys.__getitem__)[: self.n_clips]]

    def _scale(self, X, values, people):
        values = np.asarray(values, np.float64)
        complete, scaled = np.isfinite(values).all(axis=1), np.full(values.shape, np.nan)
        for name in set(people):
            rows = np.flatnonzero(complete & (people == name))
            if name is None:
                mean, variance = vars(self).get("enrolled_", (self.mean_, self.variance_))
            else:
                mean, variance = self._statistics(values[self._draw(X, rows)])
            scaled[rows] = (values[rows] - mean) / np.sqrt(np.where(variance > 0, variance, 1.0))
        return scaled

    def _statistics(self, sample):
        """Return mean and variance of a subject's values, mixed with the training people's."""
        n, mean, variance = len(sample), self.mean_, self.variance_
        if n:
            share = n / (n + self.mean_clips_)
            mean = share * sample.mean(axis=0) + (1 - share) * mean
        if n > 1:
            share = n / (n + self.variance_clips_)
            variance = share * sample.var(axis=0, ddof=1) + (1 - share) * variance
        return mean, variance

    def get_feature_names_out(self, input_features=None):
        """Return the extractor's names."""
        return self.extractor_.get_feature_names_out(input_features)

    def __sklearn_tags__(self):
        return clip_tags(super().__sklearn_tags__())
