"""The base of all fusions: modalities fitted on all clips, scored out of fold by subject."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import VotingClassifier
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
from emopipe.fusion.memory import MEMORY
from emopipe.fusion.modality import check_names, fit_modalities, pairs_of
from emopipe.fusion.rows import check_labels
from emopipe.fusion.scores import decide, score_matrix
from emopipe.fusion.weights import columns_to_one
from emopipe.html_repr import to_html
from emopipe.inspection import SelfDescribing
from emopipe.splits import inner_folds, subjects_of


class ScoreFusion(SelfDescribing, ClassifierMixin, BaseEstimator):
    """Base of fusions: a subclass says what is learned on out-of-fold scores, and fuses scores.

    It has the parameters estimators, cv, calibration and remember, and the methods `_check_rule`,
    `_learns_rule`, `_learn_rule` and `_fuse`.
    """

    MACHINE_PARAMETERS = frozenset({"remember"})

    # So that groups reach fit through Pipeline, GridSearchCV and cross_validate.
    __metadata_request__fit = {"groups": True}  # noqa: RUF012

    def fit(self, X, y, groups=None, **params):
        """Fit every modality, and learn how to fuse them on out-of-fold scores.

        Parameters
        ----------
        X : DataFrame, array or list
            The clips, as the modalities take them: the clip table, paths or numbers. From a clip
            table's rows that are `train_only`, nothing is learned about the fusion.
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
            If something is to be learned on inner folds and subjects are unknown or too few, or
            a parameter is not as described.
        """
        names = check_names(self.estimators, list(super().get_params(deep=False)))
        check_calibration(self.calibration)
        self._check_rule(names)
        (X,) = indexable(X)
        y = check_labels(y, X)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.prior_ = np.bincount(codes) / len(codes)
        subjects = subjects_of(X, groups)
        check_consistent_length(X, subjects)
        params = self._route_params(subjects, params)
        folds = self._folds(X, y, subjects)
        self.estimators_, scores = fit_modalities(
            self.estimators, X, y, params, folds,
            classes=self.classes_, scales=self._scales(),
            memory=MEMORY if self.remember else None,
        )  # fmt: skip
        self.named_estimators_ = Bunch(**dict(zip(names, self.estimators_, strict=True)))
        self.calibrations_, self.oof_scores_ = self._calibrate(scores, codes, folds)
        self._learn_rule(names, codes, _units(subjects, folds, len(y)))
        return self

    def learns_on_folds(self):
        """Return whether anything is learned on inner folds, made by `cv` and grouped."""
        return self._learns_rule() or any(self._calibration_names())

    def _route_params(self, subjects, params):
        """Return the fit parameters of each modality by name."""
        if subjects is not None:
            params = {"groups": subjects, **params}
        router = self.get_metadata_routing()
        router.validate_metadata(method="fit", params=params)
        return {k: v["fit"] for k, v in router.route_params(caller="fit", params=params).items()}

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

    def _calibrate(self, scores, codes, folds):
        """Return calibrations, and out-of-fold scores after them."""
        names = self._calibration_names()
        if not any(names):
            return [], scores
        tests = [test for _, test in folds]
        pairs = list(zip(names, scores, strict=True))
        across = [calibrate_across(name, s, codes, tests) if name else s for name, s in pairs]
        return [calibrate(name, s, codes) if name else None for name, s in pairs], np.stack(across)

    def modality_scores(self, X):
        """Return each modality's scores, float64 (n_modalities, n_clips, n_emotions).

        NaN where a modality is missing; with calibration, after it.
        """
        check_is_fitted(self)
        score_list = []
        calibrations = self.calibrations_ or [None] * len(self.estimators_)
        for estimator, scale, calibration in zip(
            self.estimators_, self._scales(), calibrations, strict=True
        ):
            scores = score_matrix(estimator, X, self.classes_, scale)
            score_list.append(scores if calibration is None else calibration.probabilities(scores))
        return np.stack(score_list)

    def modality_predictions(self, X):
        """Return what each modality alone would answer, {name: emotions (n_clips,)}.

        The most frequent emotion of the training clips where it is missing.
        """
        scores = zip(self.named_estimators_, self.modality_scores(X), strict=True)
        return {name: self.classes_[decide(s, self.prior_.argmax())] for name, s in scores}

    def ablation(self, X):
        """Return what each modality alone answers, and the fusion without each.

        Returns
        -------
        dict of str to array of emotions, shape (n_clips,)
            alone_<modality> and, of two or more modalities, without_<modality>.
        """
        scores, usual = self.modality_scores(X), self.prior_.argmax()
        answers = {}
        for number, name in enumerate(self.named_estimators_):
            answers[f"alone_{name}"] = self.classes_[decide(scores[number], usual)]
        for number, name in enumerate(self.named_estimators_ if len(scores) > 1 else ()):
            others = scores.copy()
            others[number] = np.nan
            answers[f"without_{name}"] = self.classes_[decide(self._fuse(others), usual)]
        return answers

    def notices(self):
        """Return what a reader must know of the scores, a list of str."""
        raw = [n for n, e in pairs_of(self.estimators) if gives_decision_values(e)]
        if self.calibration is not None or not raw:
            return []
        return [
            f"calibration=None: {', '.join(raw)} enters the fusion as the softmax of decision "
            "values, which ranks the emotions and says nothing about how sure it is."
        ]

    def predict_proba(self, X):
        """Return fused scores that sum to one, (n_clips, n_emotions).

        NaN for a clip without any modality.
        """
        check_is_fitted(self)
        return self._fuse(self.modality_scores(X))

    def predict(self, X):
        """Return emotions (n_clips,).

        The most frequent emotion of the training clips for a clip without any modality.
        """
        scores = self.predict_proba(X)
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

    def _sk_visual_block_(self):
        """Return scikit-learn's picture of parallel branches, one per modality."""
        return VotingClassifier(pairs_of(self.estimators))._sk_visual_block_()

    @property
    def _repr_html_(self):
        """What a notebook shows: scikit-learn's diagram, and below it the weights once fitted."""
        diagram = super()._repr_html_
        return lambda: diagram() + self._weights_html()

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        if "text/html" in bundle:
            bundle["text/html"] += self._weights_html()
        return bundle

    def _weights_html(self):
        """Return the weights by modality and emotion as HTML; nothing where there are none."""
        weights = getattr(self, "weights_", None)
        if not isinstance(weights, pd.DataFrame):
            return ""
        shares = columns_to_one(weights.to_numpy(dtype=float)).tolist()
        return to_html("weights.html", modalities=list(weights.index),
                       emotions=list(weights.columns), shares=shares)  # fmt: skip

    def __sklearn_is_fitted__(self):
        return hasattr(self, "oof_scores_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        flags, inner = (
            tags.input_tags,
            [get_tags(e).input_tags for _, e in pairs_of(self.estimators)],
        )
        for flag in ("one_d_array", "two_d_array", "sparse", "string", "allow_nan"):
            setattr(flags, flag, all(getattr(t, flag) for t in inner))
        flags.positive_only = any(t.positive_only for t in inner)
        return tags


def _units(subjects, folds, n_clips):
    """Return what is left out as a whole when a rule is judged: subjects, or else folds."""
    if subjects is not None and not pd.isna(subjects).any():
        return subjects.astype(str)
    units = np.zeros(n_clips, dtype=int)
    for number, (_, test) in enumerate(folds):
        units[test] = number
    return units
