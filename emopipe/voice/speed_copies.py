"""SpeedCopies: a classifier of voices that is trained on faster and slower copies, too."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from emopipe.extraction import clip_tags
from emopipe.parameters import check_number
from emopipe.voice.functionals import SPEED


def _inner_has(method):
    return lambda self: hasattr(getattr(self, "estimator_", self.estimator), method)


class SpeedCopies(ClassifierMixin, BaseEstimator):
    """Train a classifier of clips on copies at other speeds, too; what it answers is not altered.

    A copy that is slower is also lower and has the formants of a longer vocal tract: it sounds like
    another person in the same emotion [1]_. It counts as a subject of its own. Only
    `emopipe.VoiceFunctionals` makes copies: it reads the column `playback_speed`.

    Parameters
    ----------
    estimator : classifier
        Of the clip table, such as a pipeline that begins with `VoiceFunctionals`.
    speeds : sequence of float
        Of the copies, .5 to 2; 1 is the clip itself, which always trains.

    Attributes
    ----------
    estimator_ : classifier
        Fitted on clips and copies.
    classes_ : ndarray of shape (n_emotions,)

    See Also
    --------
    VoiceFunctionals : Statistics of voice descriptors, in named sets.

    References
    ----------
    .. [1] T. Ko, V. Peddinti, D. Povey, S. Khudanpur, "Audio augmentation for speech recognition",
       Interspeech 2015.

    Examples
    --------
    >>> from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    >>> from emopipe import SpeedCopies, VoiceFunctionals, make_clip_pipeline
    >>> voice = make_clip_pipeline(VoiceFunctionals(), LinearDiscriminantAnalysis())
    >>> SpeedCopies(voice, speeds=(0.9, 1.1)).speeds
    (0.9, 1.1)
    """

    def __init__(self, estimator, *, speeds=(0.92, 1.09)):
        self.estimator = estimator
        self.speeds = speeds

    def fit(self, X, y, **params):
        """Fit the classifier on clips and copies.

        Parameters
        ----------
        X : DataFrame or sequence of paths
            The clip table, or paths.
        y : array of shape (n_clips,)
            Emotions.
        **params
            Such as groups and sample_weight, one value per clip: a copy gets its clip's.

        Raises
        ------
        ValueError
            If a speed is outside .5 to 2.
        """
        for speed in self.speeds:
            check_number("speeds", speed, low=0.5, high=2)
        table = X if hasattr(X, "columns") else pd.DataFrame({"path": list(X)})
        copies = [table, *(self._copy(table, speed) for speed in self.speeds)]
        n = len(copies)
        each = {
            name: value if value is None else np.tile(np.asarray(value), n)
            for name, value in params.items()
        }
        self.estimator_ = clone(self.estimator)
        self.estimator_.fit(pd.concat(copies, ignore_index=True), np.tile(np.asarray(y), n), **each)
        self.classes_ = self.estimator_.classes_
        return self

    def _copy(self, table, speed):
        copy = table.assign(**{SPEED: float(speed)})
        if "subject" in table:
            subjects = table["subject"]
            named = subjects.astype(str) + f" at {speed:g}"
            copy["subject"] = named.where(subjects.notna(), None)
        return copy

    @available_if(_inner_has("predict_proba"))
    def predict_proba(self, X):
        """Return probabilities (n_clips, n_emotions)."""
        return self._check_fitted().predict_proba(X)

    @available_if(_inner_has("decision_function"))
    def decision_function(self, X):
        """Return decision values as the classifier gives them."""
        return self._check_fitted().decision_function(X)

    def predict(self, X):
        """Return emotions (n_clips,)."""
        return self._check_fitted().predict(X)

    def _check_fitted(self):
        check_is_fitted(self)
        return self.estimator_

    def get_metadata_routing(self):
        """Return what is passed on: everything goes to the classifier."""
        mapping = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        return router.add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_tags__(self):
        return clip_tags(super().__sklearn_tags__())
