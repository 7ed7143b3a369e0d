"""Decision-level fusion: scores of several modalities become one, weighted per emotion."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Bunch, get_tags, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from emopipe.fusion.calibration import (
    calibrate,
    calibrate_across,
    calibration_of,
    check_calibration,
    gives_decision_values,
    scale_for,
)
from emopipe.fusion.folds import inner_folds, subjects_of
from emopipe.fusion.memory import MEMORY
from emopipe.fusion.modality import check_names, fit_modalities, pairs_of
from emopipe.fusion.rows import check_labels
from emopipe.fusion.scores import decide, normalised, score_matrix
from emopipe.fusion.search import check_scoring, search_weights
from emopipe.fusion.weights import (
    columns_to_one,
    fuse,
    recall_weights,
    recalls,
    weights_by_name,
)


def _recall(scores, y, **_):
    return recall_weights(recalls(scores, y))


# How weights are learned from out-of-fold scores.
RULES = {"recall": _recall, "search": search_weights}


class EmotionWeightedFusion(ClassifierMixin, BaseEstimator):
    """Weighted sum of the scores of several modalities, a weight per modality and emotion.

    Each modality is a classifier, as a rule a whole pipeline from clips to scores. Weights are
    learned on out-of-fold scores: no classifier that takes part in learning them was fitted on the
    clip or on its subject. A clip that lacks a modality (scores of NaN, see `WhereFinite`) is
    decided by the others.

    Parameters
    ----------
    estimators : list of (str, classifier)
        The modalities by name. Of a classifier with probabilities these are fused, otherwise its
        decision values, calibrated.
    weights : "equal", "recall", "search", array, DataFrame or dict
        "equal": one by the number of modalities (thesis, experiment 7). "recall": a modality's
        share of the recalls of an emotion (experiments 8 and 9, table 3); columns sum to one.
        "search": the weights that recognise most, see `emopipe.fusion.search_weights`.
        Otherwise weights (modalities, emotions), emotions in alphabetical order; of a DataFrame or
        {modality: {emotion: weight}} by name.
    preferred : str, optional
        Name of a modality: the weights used for a clip are those of the emotion that it alone
        would pick. The thesis prefers the video in experiment 8 and the audio in 9 without saying
        how; this is our reading.
    cv : None, int, splitter or iterable of (train, test)
        Folds for out-of-fold scores. None: by subject, as many folds as there are subjects, but at
        most 5. A number: so many, by subject. A splitter that takes no groups, as
        StratifiedKFold(5), says that mixed subjects are meant.
    sum_to_one : bool
        Make every emotion's weights sum to one. It costs accuracy: the scale between emotions
        matters (.734 against .702 on the votes of CREMA-D).
    scoring : "accuracy" or "uar"
        What the search maximises.
    calibration : "auto", "sigmoid", "isotonic", "temperature" or None
        How scores become probabilities, learned on the out-of-fold scores, so grouped by subject;
        weights are learned on scores whose calibration was learned on the other folds. "auto": of
        classifiers without probabilities, such as an SVC, the decision values by "sigmoid";
        probabilities enter as they are. A calibration by name: of every modality, the decision
        values where it has them, otherwise the probabilities. None: raw, probabilities or the
        softmax of decision values. Of an SVC that softmax is a rank: about the same numbers in
        the order of the emotions, however sure the SVC is (`notices` says so).
    remember : bool
        Take fits of the same estimator on the same data from this process's memory (at most 512
        MB, see `emopipe.fusion.memory`), so that a grid over weights fits no modality twice.

    Attributes
    ----------
    classes_ : ndarray of shape (n_emotions,)
    weights_ : DataFrame (modalities x emotions)
    estimators_ : list of classifiers
        Fitted on all clips.
    named_estimators_ : Bunch
    calibrations_ : list
        One per modality, None where it has none; empty where no modality has any.
    prior_ : ndarray of shape (n_emotions,)
        Share of each emotion in the training clips. The most frequent one is the prediction for a
        clip without any modality.
    oof_scores_ : ndarray of shape (n_modalities, n_clips, n_emotions), or None
        The out-of-fold scores, where weights or calibrations were learned on them.
    n_features_in_, feature_names_in_
        Of the first modality, where it has them.

    See Also
    --------
    emopipe.fusion.weights : the rules as functions on arrays.

    Examples
    --------
    >>> from emopipe.fusion import ScoreColumns
    >>> clips = pd.DataFrame({
    ...     "subject": ["a", "a", "b", "b"], "emotion": ["fear", "joy"] * 2,
    ...     "heard_fear": [3, 1, 5, 2], "heard_joy": [2, 4, 1, 2],
    ...     "seen_fear": [1, 0, 2, 3], "seen_joy": [2, 6, 4, 5]})
    >>> fusion = EmotionWeightedFusion(
    ...     [("voice", ScoreColumns(prefix="heard_")), ("face", ScoreColumns(prefix="seen_"))],
    ...     weights="recall",
    ... ).fit(clips, clips["emotion"])
    >>> fusion.weights_.round(2)
              fear   joy
    modality
    voice      1.0  0.33
    face       0.0  0.67
    >>> fusion.predict(clips).tolist()
    ['fear', 'joy', 'fear', 'joy']
    """

    # So that groups reach fit through Pipeline, GridSearchCV and cross_validate.
    __metadata_request__fit = {"groups": True}  # noqa: RUF012

    def __init__(
        self,
        estimators,
        *,
        weights="equal",
        preferred=None,
        cv=None,
        sum_to_one=False,
        scoring="accuracy",
        calibration="auto",
        remember=True,
    ):
        self.estimators = estimators
        self.weights = weights
        self.preferred = preferred
        self.cv = cv
        self.sum_to_one = sum_to_one
        self.scoring = scoring
        self.calibration = calibration
        self.remember = remember

    def fit(self, X, y, groups=None, **params):
        """Fit every modality, and learn the weights on out-of-fold scores.

        Parameters
        ----------
        X : DataFrame, array or list
            The clips, as the modalities take them: the clip table, paths or numbers. Of a clip
            table's rows that are `train_only`, no weight is learned.
        y : array, shape (n_clips,)
            Emotions.
        groups : array, shape (n_clips,), optional
            Subjects; by default the column `subject` where X is a clip table. Modalities which ask
            for groups are given them too.
        **params
            Further ones that modalities requested, such as sample_weight.

        Raises
        ------
        ValueError
            If weights or a calibration are to be learned and subjects are unknown or too few, or
            a parameter is not as described.
        """
        names = self._check()
        (X,) = indexable(X)
        y = check_labels(y, X)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.prior_ = np.bincount(codes) / len(codes)
        weights = self._known_weights(names)
        subjects = subjects_of(X, groups)
        check_consistent_length(X, subjects)
        params = self._routed(subjects, params)
        folds = self._folds(X, y, subjects)
        self.estimators_, scores = fit_modalities(
            self.estimators, X, y, params, folds,
            classes=self.classes_, scales=self._scales(),
            memory=MEMORY if self.remember else None,
        )  # fmt: skip
        self.named_estimators_ = Bunch(**dict(zip(names, self.estimators_, strict=True)))
        self.calibrations_, self.oof_scores_ = self._calibrated(scores, codes, folds)
        if weights is None:
            weights = RULES[self.weights](self.oof_scores_, codes, **self._search_options())
        self.weights_ = pd.DataFrame(
            columns_to_one(weights) if self.sum_to_one else weights,
            index=pd.Index(names, name="modality"),
            columns=self.classes_,
        )
        return self

    def _check(self):
        """Return the modalities' names after a look at the parameters."""
        names = check_names(self.estimators, list(super().get_params(deep=False)))
        if self.preferred is not None and self.preferred not in names:
            raise ValueError(f"preferred={self.preferred!r} is unknown; allowed: None, {names}")
        if isinstance(self.weights, str) and self.weights not in ("equal", *RULES):
            raise ValueError(
                f"weights={self.weights!r} is unknown; allowed: equal, {', '.join(RULES)}, or an "
                "array (modalities x emotions)"
            )
        check_scoring(self.scoring)
        check_calibration(self.calibration)
        return names

    def _known_weights(self, names):
        """Return weights that need no learning, None otherwise."""
        if not isinstance(self.weights, str):
            return weights_by_name(self.weights, names, self.classes_.tolist())
        if self.weights == "equal":
            return np.full((len(names), len(self.classes_)), 1 / len(names))
        return None

    def _routed(self, subjects, params):
        """Return the fit parameters of each modality by name."""
        if subjects is not None:
            params = {"groups": subjects, **params}
        router = self.get_metadata_routing()
        router.validate_metadata(method="fit", params=params)
        return {k: v["fit"] for k, v in router.route_params(caller="fit", params=params).items()}

    def learns_on_folds(self):
        """Return whether anything is learned on inner folds, made by `cv` and grouped."""
        learned = isinstance(self.weights, str) and self.weights in RULES
        return learned or any(self._calibration_names())

    def _calibration_names(self):
        """Return each modality's calibration, None for none."""
        return [calibration_of(self.calibration, e) for _, e in pairs_of(self.estimators)]

    def _scales(self):
        return [scale_for(name) for name in self._calibration_names()]

    def _folds(self, X, y, subjects):
        """Return the inner folds, none where nothing is learned on them."""
        if not self.learns_on_folds():
            return []
        train_only = None
        if isinstance(X, pd.DataFrame) and "train_only" in X.columns:
            train_only = X["train_only"].to_numpy(dtype=bool)
        folds = inner_folds(self.cv, y, subjects, train_only)
        if any(self._calibration_names()) and len(folds) < 2:
            raise ValueError(f"calibration needs at least 2 inner folds, cv={self.cv!r} makes one")
        return folds

    def _calibrated(self, scores, codes, folds):
        """Return calibrations, and out-of-fold scores after them."""
        names = self._calibration_names()
        if not any(names):
            return [], scores
        tests = [test for _, test in folds]
        pairs = list(zip(names, scores, strict=True))
        across = [calibrate_across(name, s, codes, tests) if name else s for name, s in pairs]
        return [calibrate(name, s, codes) if name else None for name, s in pairs], np.stack(across)

    def _search_options(self):
        return {
            "scoring": self.scoring,
            "sum_to_one": self.sum_to_one,
            "preferred": self._preferred_row(),
        }

    def _preferred_row(self):
        names = [name for name, _ in self.estimators]
        return None if self.preferred is None else names.index(self.preferred)

    def modality_scores(self, X):
        """Return each modality's scores, float64 (n_modalities, n_clips, n_emotions).

        NaN where a modality is missing; with calibration, after it.
        """
        check_is_fitted(self)
        found = []
        calibrations = self.calibrations_ or [None] * len(self.estimators_)
        for estimator, scale, calibration in zip(
            self.estimators_, self._scales(), calibrations, strict=True
        ):
            scores = score_matrix(estimator, X, self.classes_, scale)
            found.append(scores if calibration is None else calibration.probabilities(scores))
        return np.stack(found)

    def notices(self):
        """Return what a reader must know of the scores, a list of str."""
        raw = [n for n, e in pairs_of(self.estimators) if gives_decision_values(e)]
        if self.calibration is not None or not raw:
            return []
        return [
            f"calibration=None: {', '.join(raw)} enters the fusion as the softmax of decision "
            "values, which ranks the emotions and says nothing about how sure it is."
        ]

    def _fused(self, X):
        scores = self.modality_scores(X)
        return fuse(scores, self.weights_.to_numpy(), self._preferred_row())

    def predict_proba(self, X):
        """Return fused scores that sum to one, (n_clips, n_emotions).

        NaN for a clip without any modality.
        """
        return normalised(self._fused(X))

    def predict(self, X):
        """Return emotions (n_clips,).

        The most frequent emotion of the training clips for a clip without any modality.
        """
        scores = self._fused(X)
        return self.classes_[decide(scores, self.prior_.argmax())]

    def get_params(self, deep=True):
        """Return parameters, with deep=True also the modalities and theirs (`voice__svc__C`)."""
        params = super().get_params(deep=False)
        for name, estimator in pairs_of(self.estimators) if deep else ():
            params[name] = estimator
            for key, value in estimator.get_params(deep=True).items():
                params[f"{name}__{key}"] = value
        return params

    def set_params(self, **params):
        """Set parameters, modalities by name, or theirs (`voice__svc__C=10`)."""
        if "estimators" in params:
            self.estimators = params.pop("estimators")
        pairs = dict(pairs_of(self.estimators))
        swapped = {name: params.pop(name) for name in list(params) if name in pairs}
        if swapped:
            self.estimators = list((pairs | swapped).items())
        super().set_params(**params)
        return self

    def get_metadata_routing(self):
        """Return who asks for what: groups for the folds, and the modalities' own requests."""
        mapping = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=type(self).__name__).add_self_request(self)
        return router.add(**dict(pairs_of(self.estimators)), method_mapping=mapping)

    @property
    def n_features_in_(self):
        """Number of features of the first modality; not there for paths."""
        check_is_fitted(self)
        return self.estimators_[0].n_features_in_

    @property
    def feature_names_in_(self):
        """Names of features of the first modality, where X was a table."""
        check_is_fitted(self)
        return self.estimators_[0].feature_names_in_

    def __sklearn_is_fitted__(self):
        return hasattr(self, "weights_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        own, inner = tags.input_tags, [get_tags(e).input_tags for _, e in pairs_of(self.estimators)]
        for flag in ("one_d_array", "two_d_array", "sparse", "string", "allow_nan"):
            setattr(own, flag, all(getattr(t, flag) for t in inner))
        own.positive_only = any(t.positive_only for t in inner)
        return tags
