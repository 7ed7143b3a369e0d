"""ClipPipeline: from clips to emotions, where some clips have no features."""

import re
from contextlib import contextmanager

from sklearn.metrics import accuracy_score
from sklearn.pipeline import Pipeline, make_pipeline

from emopipe.fusion.complete_rows import CompleteRows, complete_rows
from emopipe.fusion.where_finite import WhereFinite
from emopipe.inspection import SelfDescribing


class ClipPipeline(CompleteRows, SelfDescribing, Pipeline):
    """A pipeline that begins with clips and leaves out those without features.

    A clip that cannot be read, or shows no face, has NaN for features. Such rows do not train the
    steps after the first, and have NaN for scores: a fusion decides them by its other modalities.
    Everything else is as in scikit-learn's Pipeline, and so are the names of parameters:
    ``svc__C``, in a fusion ``voice__svc__C``.

    Parameters
    ----------
    steps : list of (str, estimator)
        First a transformer from clips to features, such as `ShortTermStatistics`; last a
        classifier.
    transform_input, memory, verbose
        As in scikit-learn's Pipeline.

    Attributes
    ----------
    named_steps : Bunch
        The steps by name.
    classes_ : ndarray of shape (n_classes,)
        The emotions of the clips with features.
    fallback_ : scalar
        The most frequent of them: the prediction for a clip without features.

    See Also
    --------
    make_clip_pipeline : the same without names for the steps.
    WhereFinite : for classifiers of numbers, some of which are missing.

    Examples
    --------
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from emopipe import ClipPipeline, ShortTermStatistics
    >>> voice = ClipPipeline([("features", ShortTermStatistics()), ("bayes", GaussianNB())])
    >>> voice.set_params(features__window=0.5)["features"].window
    0.5
    """

    def fit(self, X, y, **params):
        """Fit the first step on all clips, the others on the clips with features.

        Parameters
        ----------
        X : DataFrame, list or array
            The clips, as the first step takes them.
        y : array, shape (n_clips,)
            Emotions.
        **params
            What steps requested, such as groups; without metadata routing, ``step__parameter``.

        Raises
        ------
        ValueError
            If there is no step after the first, or no clip has features.

        Warns
        -----
        UserWarning
            If no clip of an emotion has features: it will never be predicted.
        """
        return self.adopt(self.in_two_steps().fit(X, y, **self._params_in_two_steps(params)))

    def in_two_steps(self) -> Pipeline:
        """Return scikit-learn's pipeline of the first step, and all others in a `WhereFinite`."""
        if len(self.steps) < 2:
            raise ValueError(
                "a ClipPipeline needs two steps or more: features of clips, then a classifier; "
                f"found {[name for name, _ in self.steps]}"
            )
        last = self.steps[-1][1]
        if not hasattr(last, "predict"):
            raise TypeError(f"a ClipPipeline ends with a classifier, such as SVC(), found {last!r}")
        rest = WhereFinite(self[1:])
        return Pipeline([self.steps[0], (self._rest_name(), rest)], memory=self.memory)

    def _rest_name(self):
        return f"after_{self.steps[0][0]}"

    def _params_in_two_steps(self, params):
        """Return fit parameters that are written ``step__parameter`` by their names in there."""
        later = {name for name, _ in self.steps[1:]}
        return {
            f"{self._rest_name()}__{key}" if "__" in key and key.split("__")[0] in later else key: v
            for key, v in params.items()
        }

    def adopt(self, fitted: Pipeline):
        """Take over the steps of a pipeline that `in_two_steps` made and that was fitted since."""
        first, (_, rest) = fitted.steps
        self.steps = [first, *rest.estimator_.steps]
        self.fallback_ = rest.fallback_
        return self

    def __getitem__(self, index):
        """Return a step by number or name; of a slice, scikit-learn's pipeline of these steps."""
        if isinstance(index, slice):
            return Pipeline(self.steps[index], memory=self.memory, verbose=self.verbose)
        return super().__getitem__(index)

    def _classifier(self):
        return self[1:]

    def _features(self, X):
        # Asked directly: a user's extractor that learns nothing does not look fitted.
        first = self.steps[0][1]
        features = X if first in (None, "passthrough") else first.transform(X)
        return features, complete_rows(features)

    def score(self, X, y, sample_weight=None):
        """Return the share of clips that are recognised; those without features count, too.

        Parameters
        ----------
        X : DataFrame, list or array
            The clips.
        y : array, shape (n_clips,)
            Emotions.
        sample_weight : array, shape (n_clips,), optional
        """
        return accuracy_score(y, self.predict(X), sample_weight=sample_weight)

    def __sklearn_is_fitted__(self):
        return "fallback_" in vars(self)


def make_clip_pipeline(*steps, memory=None, verbose=False) -> ClipPipeline:
    """Return a `ClipPipeline` whose steps have the names of their classes in small letters.

    Parameters
    ----------
    *steps : estimators
        First a transformer from clips to features, last a classifier.
    memory, verbose
        As in scikit-learn's Pipeline.

    Returns
    -------
    ClipPipeline

    See Also
    --------
    ClipPipeline : steps with names of one's own.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn.svm import SVC
    >>> from emopipe import EmotionWeightedFusion, ShortTermStatistics, make_clip_pipeline
    >>> voice = make_clip_pipeline(ShortTermStatistics(), StandardScaler(), SVC())
    >>> fusion = EmotionWeightedFusion([("voice", voice)])
    >>> fusion.set_params(voice__svc__C=10).estimators[0][1]["svc"]
    SVC(C=10)
    """
    return ClipPipeline(make_pipeline(*steps).steps, memory=memory, verbose=verbose)


@contextmanager
def explain_features():
    """Add to errors about NaN, and about clips in place of numbers, where features come from.

    That of a search whose fits all failed becomes one line: what the first failed with.
    """
    try:
        yield
    except ValueError as error:
        search = re.match(r"\s*(All the \d+ fits failed)", str(error))
        causes = re.findall(r"^[\w.]*?(\w+(?:Error|Exception): .+)", str(error), re.MULTILINE)
        if search and causes:
            error.args = (f"{search[1]}, the first with {causes[0]}",)
            error.add_note("error_score='raise' of the search shows where")
        if "could not convert string to float" in str(error):
            error.add_note(
                "This estimator takes numbers, not clips: put an extractor in front, as in "
                "make_clip_pipeline(ShortTermStatistics(), StandardScaler(), SVC()), or name "
                "columns of numbers with evaluate(features=[...])"
            )
        if "contains NaN" in str(error):
            error.add_note(
                "A clip without features has NaN: emopipe.make_clip_pipeline(...), in place of "
                "scikit-learn's make_pipeline, leaves it out of what follows"
            )
        raise
