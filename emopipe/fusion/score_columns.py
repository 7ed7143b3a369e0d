"""ScoreColumns: a classifier that reads its scores from columns of the clip table."""

import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from emopipe.fusion.rows import check_labels
from emopipe.fusion.scores import decide, normalise


class ScoreColumns(ClassifierMixin, BaseEstimator):
    """A classifier whose scores are columns of the clip table already: votes, another system's.

    Nothing is learned but which emotions there are; a clip's scores are divided by their sum.

    Parameters
    ----------
    columns : dict of emotion to column, optional
        Columns by name, or by position where X is an array.
    prefix : str, optional
        Instead of columns: every column whose name starts so, the rest of its name being the
        emotion. `prefix="votes_voice_"` reads votes_voice_anger, votes_voice_disgust, ...

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The emotions of y; one without a column always has score zero.
    columns_ : dict
        Emotion to column, of the emotions in `classes_`.
    prior_ : ndarray of shape (n_classes,)
        How often each emotion occurs in y; the most frequent one is predicted where scores are
        missing.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X is a table.

    Raises
    ------
    ValueError
        In `fit`, without columns for the emotions; in `predict`, for negative scores.

    See Also
    --------
    FeatureTable : Features that other programs computed.
    EmotionWeightedFusion : A weight per modality and emotion.

    Examples
    --------
    >>> import pandas as pd
    >>> from emopipe import ScoreColumns
    >>> clips = pd.DataFrame({"votes_fear": [3, 0, 0], "votes_joy": [1, 5, 0]})
    >>> model = ScoreColumns(prefix="votes_").fit(clips, ["fear", "joy", "joy"])
    >>> model.predict_proba(clips).tolist()
    [[0.75, 0.25], [0.0, 1.0], [nan, nan]]
    """

    def __init__(self, *, columns=None, prefix=None):
        self.columns = columns
        self.prefix = prefix

    def fit(self, X, y):
        """Find the columns.

        Parameters
        ----------
        X : DataFrame or array, shape (n_clips, n_columns)
        y : array, shape (n_clips,)
            Emotions.

        Raises
        ------
        ValueError
            If X has no such columns.

        Warns
        -----
        UserWarning
            If an emotion has no column.
        """
        y = check_labels(y, X)
        X = self._check_X(X, reset=True)
        self.classes_, codes = np.unique(y, return_inverse=True)
        columns = self._columns(X)
        self.columns_ = {c: columns[c] for c in self.classes_.tolist() if c in columns}
        lacking = [str(c) for c in self.classes_.tolist() if c not in columns]
        if not self.columns_:
            raise ValueError(
                f"no column for any of {', '.join(lacking)}; columns are named for "
                f"{', '.join(map(str, columns)) or 'nothing'}. Check {self._column_names()}"
            )
        if lacking:
            warnings.warn(f"no column for {', '.join(lacking)}: always score 0", stacklevel=2)
        self.prior_ = np.bincount(codes) / len(codes)
        self._values(X)
        return self

    def _check_X(self, X, reset=False):
        """Return X as table or array; of a table, columns that are not scores may hold anything."""
        if hasattr(X, "iloc"):
            if reset:
                validate_data(self, X, skip_check_array=True)
            return X
        return validate_data(self, X, reset=reset, ensure_all_finite="allow-nan")

    def _column_names(self):
        return f"columns={self.columns!r}, prefix={self.prefix!r}"

    def _columns(self, X):
        if (self.columns is None) == (self.prefix is None):
            raise ValueError(f"give either columns or prefix, found {self._column_names()}")
        if self.columns is not None:
            return dict(self.columns)
        if not hasattr(X, "columns"):
            raise ValueError(f"prefix={self.prefix!r} needs a table; of an array, give columns")
        names = [name for name in X.columns if str(name).startswith(self.prefix)]
        return {name[len(self.prefix) :]: name for name in names}

    def _values(self, X):
        """Return the scores of `classes_`, float64 (n_clips, n_classes)."""
        values = np.zeros((len(X), len(self.classes_)))
        for emotion, column in self.columns_.items():
            index = np.flatnonzero(self.classes_ == emotion)[0]
            try:
                values[:, index] = X[column] if hasattr(X, "columns") else X[:, column]
            except (KeyError, IndexError):
                raise ValueError(
                    f"no column {column!r} for {emotion} in X with n_features = {X.shape[1]}; "
                    f"check {self._column_names()}"
                ) from None
        if (values < 0).any():
            raise ValueError(
                f"Negative values in data passed to ScoreColumns({self._column_names()})"
            )
        return values

    def predict_proba(self, X):
        """Return scores that sum to one, (n_clips, n_classes); NaN if one is NaN or all are 0."""
        check_is_fitted(self)
        values = self._values(self._check_X(X))
        values[values.sum(axis=1) == 0] = np.nan
        return normalise(values)

    def predict(self, X):
        """Return the emotion with the highest score; the most frequent if scores are missing."""
        scores = self.predict_proba(X)
        return self.classes_[decide(scores, self.prior_.argmax())]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.positive_only = True
        tags.classifier_tags.poor_score = True
        return tags
