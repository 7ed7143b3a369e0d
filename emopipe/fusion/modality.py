"""Modalities: fitted classifiers, their names, and their scores out of fold."""

from contextlib import nullcontext

import numpy as np
from sklearn import config_context
from sklearn.base import clone
from sklearn.utils import get_tags

from emopipe.fusion.clip_pipeline import ClipPipeline, explain_features
from emopipe.fusion.memory import FitMemory, Fitter, extend, fits_by_steps
from emopipe.fusion.rows import take, take_params
from emopipe.fusion.scores import score_matrix
from emopipe.keys import data_key, estimator_key, rows_key


def pairs_of(estimators):
    """Return modalities as a list of (name, estimator), empty where they are not such pairs."""
    pairs = _two_each(estimators)
    return pairs if all(_is_estimator(estimator) for _, estimator in pairs) else []


def _two_each(estimators):
    """Return a list or tuple of pairs as a list of tuples; empty where it is none."""
    pairs = list(estimators) if isinstance(estimators, list | tuple) else []
    paired = all(isinstance(pair, list | tuple) and len(pair) == 2 for pair in pairs)
    return [tuple(pair) for pair in pairs] if paired else []


def _is_estimator(value):
    return hasattr(value, "fit") and not isinstance(value, type)


def check_names(estimators, reserved):
    """Return the names of modalities.

    Raises
    ------
    ValueError
        If they are no pairs of a name and a classifier, or a name is not a string of its own, has
        "__" or is reserved.
    """
    pairs = _two_each(estimators)
    names = [name for name, _ in pairs]
    if not names:
        raise ValueError(
            "estimators must be a list of (name, classifier), such as [('voice', voice), "
            f"('face', face)], found {estimators!r}"
        )
    for name, estimator in pairs:
        if _is_estimator(name):
            raise ValueError(
                f"estimators holds ({type(name).__name__}, {estimator!r}): the name comes first, "
                f"as in ('voice', {type(name).__name__}())"
            )
        if not _is_estimator(estimator):
            raise ValueError(
                f"{name!r} in estimators is {estimator!r}: give a classifier that is made already, "
                f"such as ({name!r}, SVC())"
            )
        if not hasattr(estimator, "predict"):
            raise TypeError(
                f"{name!r} in estimators is {estimator!r}, which is no classifier: add one, such "
                f"as make_clip_pipeline({type(estimator).__name__}(...), SVC())"
            )
    unfit = [n for n in names if not isinstance(n, str) or "__" in n or n in reserved]
    if unfit or len(set(names)) < len(names):
        raise ValueError(
            f"the names of estimators must be different strings without '__' and none of "
            f"{', '.join(reserved)}, found {names}"
        )
    return names


def _n_extractors(estimator):
    """Return how many first steps of a pipeline turn paths into numbers and learn nothing."""
    if not fits_by_steps(estimator):
        return 0
    n_steps = 0
    for _, step in estimator.steps[:-1]:
        if step is None or isinstance(step, str):
            break
        tags = get_tags(step)
        if tags.requires_fit or not tags.input_tags.string:
            break
        n_steps += 1
    return n_steps


def _one_emotion(y) -> str:
    """Return in words that training clips have one emotion alone; "" where they have several."""
    first, *others = np.unique(y)
    return "" if others else f", whose training clips all have the emotion {str(first)!r}"


class Modality:
    """One modality's estimator on the training clips: fitted on all, and scores out of fold.

    Features are extracted once for all clips (an extractor treats every clip alone), and the rest
    of the pipeline is fitted on rows of them.

    Parameters
    ----------
    estimator : classifier
        Not fitted; it is cloned.
    X, y, params
        What it is fitted on.
    memory : FitMemory or None
        None fits everything anew.
    """

    def __init__(self, estimator, X, y, params, memory):
        self._body, self._steps, self._outer = clone(estimator), [], None
        if isinstance(self._body, ClipPipeline):
            self._outer, self._body = self._body, self._body.in_two_steps()
        n_steps = _n_extractors(self._body)
        for name, step in self._body.steps[:n_steps] if n_steps else ():
            X = step.fit(X, y).transform(X)
            self._steps.append((name, step))
        if n_steps:
            self._body = self._body[n_steps:]
        self.X, self.y, self.params = X, y, params
        self._memory = memory or FitMemory(max_bytes=0)
        self._key = None if memory is None else data_key(X, y, params)

    def fit(self):
        """Return the estimator fitted on all clips."""
        body = Fitter(self._memory).fit(clone(self._body), self.X, self.y, self.params, self._key)
        if self._steps:
            body.set_params(steps=[*self._steps, *body.steps])
        return body if self._outer is None else clone(self._outer).adopt(body)

    def out_of_fold(self, folds, classes, scale):
        """Return scores (clips, emotions) of the folds' test rows, NaN elsewhere."""
        fitter = Fitter(self._memory)

        def compute():
            scores = np.full((len(self.y), len(classes)), np.nan)
            for number, fold in enumerate(folds):
                try:
                    scores[fold[1]] = self._test(fitter, fold, classes, scale)
                except Exception as error:
                    alone = _one_emotion(self.y[fold[0]])
                    error.add_note(f"in inner fold {number} of {len(folds)}{alone}")
                    raise
            return scores, fitter.lasting

        described = estimator_key(self._body)
        sides = tuple(rows_key(side) for fold in folds for side in fold)
        return fitter.memory.recall(extend(self._key, described, sides, scale), compute)

    def _test(self, fitter, fold, classes, scale):
        train, test = fold
        params = take_params(self.params, train, len(self.y))
        X, y = take(self.X, train), self.y[train]
        # By content: an inner fold of all clips can be an outer fold of a grid search.
        key = None if self._key is None else data_key(X, y, params)
        body = fitter.fit(clone(self._body), X, y, params, key)
        return score_matrix(body, take(self.X, test), classes, scale)


def fit_modalities(estimators, X, y, params, folds, *, classes, scales, memory):
    """Fit every modality on all clips, and ask it for out-of-fold scores.

    Parameters
    ----------
    estimators : list of (str, classifier)
    X, y
        All clips, as the modalities take them.
    params : dict of dict
        Further parameters of each modality's fit, by name.
    folds : list of (train, test)
        May be empty.
    classes : array, shape (emotions,)
        As in `score_matrix`.
    scales : list of str
        One per modality, as in `score_matrix`.
    memory : FitMemory or None

    Returns
    -------
    fitted : list of classifiers
    scores : float64 array, shape (modalities, clips, emotions), or None without folds
    """
    fitted, scores = [], []
    for (name, estimator), scale in zip(estimators, scales, strict=True):
        modality_params = params[name]
        routed = config_context(enable_metadata_routing=True) if modality_params else nullcontext()
        try:
            with explain_features(), routed:
                modality = Modality(estimator, X, y, modality_params, memory)
                scores += [modality.out_of_fold(folds, classes, scale)] if folds else []
                fitted.append(modality.fit())
        except Exception as error:
            error.add_note(f"in modality {name!r} of the fusion{_one_emotion(y)}")
            raise
    return fitted, np.stack(scores) if folds else None
