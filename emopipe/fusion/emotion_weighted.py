"""EmotionWeightedFusion: a weight for every modality and emotion, in a linear or a log pool."""

import numpy as np
import pandas as pd
from scipy.special import softmax

from emopipe.fusion.log_pool import FLOOR, choose_floors, likelihood_weights, log_scores
from emopipe.fusion.score_fusion import ScoreFusion
from emopipe.fusion.scores import normalise
from emopipe.fusion.search import Objective, check_scoring, search_weights
from emopipe.fusion.weights import (
    columns_to_one,
    fuse,
    recall_weights,
    recalls,
    shrink_weights,
    weights_by_name,
)
from emopipe.parameters import check_number, check_one_of


def _recall(scores, y, **_):
    return recall_weights(recalls(scores, y))


# How weights are learned from out-of-fold scores, in either pool; the log pool has a third rule.
RULES = {"recall": _recall, "search": search_weights}
POOLS = ("linear", "log")


class EmotionWeightedFusion(ScoreFusion):
    """Weighted sum of the scores of several modalities, a weight per modality and emotion.

    Each modality is a classifier, as a rule a whole pipeline from clips to scores. Weights are
    learned on out-of-fold scores: no classifier that takes part in learning them was fitted on the
    clip or on its subject. A clip that lacks a modality (scores of NaN, see `ClipPipeline`) is
    decided by the others. `docs/fusion.md` says which rule suits which scores.

    Parameters
    ----------
    estimators : list of (str, classifier)
        The modalities by name. Of a classifier with probabilities these are fused, otherwise its
        decision values, calibrated.
    pool : "linear" or "log"
        "linear": probabilities are summed, as in the thesis. "log": their logarithms, mixed with
        as much chance as suits each modality, see `emopipe.fusion.log_pool`. A score near zero
        then is a veto, which is right for good and independent modalities.
    weights : None, "equal", "mean", "recall", "search", "likelihood", array, DataFrame or dict
        "equal": all alike (thesis, experiment 7); in the log pool this is the product rule.
        "mean": all alike, with a sum of one; in the log pool this is the geometric mean, which
        chooses what the product does and is no surer than its members.
        "recall": a modality's share of the recalls of an emotion (experiments 8 and 9, table 3).
        "search": the weights that recognise most, see `emopipe.search_weights`. "likelihood", in
        the log pool alone: the most likely weights and biases. None: "equal" in the linear pool,
        "likelihood" in the log pool. Otherwise weights (modalities, emotions), emotions in
        alphabetical order; of a DataFrame or {modality: {emotion: weight}} by name.
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
    clips_per_weight : float
        The weights of "recall" and "search" are drawn towards equal ones, which count as many
        clips as this for every weight. 0 leaves them as they are (the thesis). "likelihood" is
        drawn towards equal weights by its prior.
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
    biases_ : Series (emotions)
        Added to the log pool's sums of clips with every modality; 0 where none is learned.
    floors_ : ndarray of shape (n_modalities,), or None in the linear pool
        The share of chance in each modality's scores before logarithms are taken.
    inner_scores_ : dict of str to float
        Accuracy or UAR (`scoring`) of equal weights, of the recall rule and of the learned weights
        on the out-of-fold scores, which they were learned on; of "recall" and "search" only.
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

    Raises
    ------
    ValueError
        In `fit`, for an unknown pool, rule or modality, and for a rule that the pool does
        not have.

    See Also
    --------
    StackedFusion : weights for every pair of emotions.
    emopipe.fusion.weights, emopipe.fusion.log_pool : the rules as functions on arrays.

    Examples
    --------
    >>> import pandas as pd
    >>> from emopipe import EmotionWeightedFusion, ScoreColumns
    >>> clips = pd.DataFrame({
    ...     "subject": ["a", "a", "b", "b"], "emotion": ["fear", "joy"] * 2,
    ...     "heard_fear": [3, 1, 5, 2], "heard_joy": [2, 4, 1, 2],
    ...     "seen_fear": [1, 0, 2, 3], "seen_joy": [2, 6, 4, 5]})
    >>> fusion = EmotionWeightedFusion(
    ...     [("voice", ScoreColumns(prefix="heard_")), ("face", ScoreColumns(prefix="seen_"))],
    ...     weights="recall", clips_per_weight=0,
    ... ).fit(clips, clips["emotion"])
    >>> fusion.weights_.round(2)
              fear   joy
    modality
    voice      1.0  0.33
    face       0.0  0.67
    >>> fusion.predict(clips).tolist()
    ['fear', 'joy', 'fear', 'joy']
    """

    # Of a fusion that was saved before there were pools and shrinkage: it answers as it did.
    pool, clips_per_weight = "linear", 0

    def __init__(
        self,
        estimators,
        *,
        pool="linear",
        weights=None,
        preferred=None,
        cv=None,
        sum_to_one=False,
        scoring="accuracy",
        clips_per_weight=10,
        calibration="auto",
        remember=True,
    ):
        self.estimators = estimators
        self.pool = pool
        self.weights = weights
        self.preferred = preferred
        self.cv = cv
        self.sum_to_one = sum_to_one
        self.scoring = scoring
        self.clips_per_weight = clips_per_weight
        self.calibration = calibration
        self.remember = remember

    def _rule(self):
        """Return the name of the rule, or None where weights are given."""
        if self.weights is None:
            return "likelihood" if self.pool == "log" else "equal"
        return self.weights if isinstance(self.weights, str) else None

    def _check_rule(self, names):
        advice = " (pool='log' with weights='equal' is the product rule; StackedFusion stacks)"
        check_one_of("pool", self.pool, POOLS, advice=advice)
        check_one_of("preferred", self.preferred, (None, *names))
        rule = self._rule()
        rules = (None, "equal", "mean", *RULES, "likelihood")
        check_one_of("weights", rule, rules, advice=", or an array (modalities x emotions)")
        if rule == "likelihood" and self.pool != "log":
            raise ValueError("weights='likelihood' is a rule of the log pool: say pool='log', too")
        if rule == "likelihood" and (self.preferred is not None or self.sum_to_one):
            raise ValueError(
                "weights='likelihood' gives every clip and emotion its own weight: leave out "
                "preferred and sum_to_one, or use weights='recall' or 'search'"
            )
        check_number("clips_per_weight", self.clips_per_weight, low=0)
        check_scoring(self.scoring)

    def _learns_rule(self):
        return self._rule() == "likelihood" or self._rule() in RULES

    def _learn_rule(self, names, codes, units):
        weights, biases = self._weights(names, codes, units)
        self.weights_ = pd.DataFrame(
            columns_to_one(weights) if self.sum_to_one else weights,
            index=pd.Index(names, name="modality"), columns=self.classes_,
        )  # fmt: skip
        self.biases_ = pd.Series(biases, index=self.classes_)

    def _weights(self, names, codes, units):
        """Return weights (modalities, emotions) and biases (emotions,)."""
        rule, shape = self._rule(), (len(names), len(self.classes_))
        scores = self._pool_scores(codes)
        if rule == "likelihood":
            return likelihood_weights(scores, codes, units)
        if rule is None:
            weights = weights_by_name(self.weights, names, self.classes_.tolist())
        elif rule in ("equal", "mean"):
            product = rule == "equal" and self.pool == "log"
            weights = np.full(shape, 1.0 if product else 1 / len(names))
        else:
            weights = RULES[rule](
                scores, codes, scoring=self.scoring, sum_to_one=self.sum_to_one,
                preferred=self._preferred_row(),
            )  # fmt: skip
            n_clips = np.isfinite(scores).all(axis=(0, 2)).sum()
            weights = shrink_weights(weights, n_clips, self.clips_per_weight)
            self.inner_scores_ = self._inner_scores(scores, codes, {rule: weights})
        return weights, np.zeros(shape[1])

    def _inner_scores(self, scores, codes, learned):
        """Return {rule: accuracy or UAR of its weights} on the out-of-fold scores."""
        objective = Objective(scores, codes, self.scoring, self._preferred_row())
        weights = {"equal": np.full((len(scores), len(self.classes_)), 1 / len(scores))}
        weights |= {"recall": _recall(scores, codes)}
        return {rule: float(objective(table)) for rule, table in (weights | learned).items()}

    def _pool_scores(self, codes):
        """Return out-of-fold scores as the pool takes them, and learn the floors of logarithms."""
        self.floors_ = None
        if self.pool == "linear":
            return self.oof_scores_
        if self.oof_scores_ is None:
            self.floors_ = np.full(len(self.estimators), FLOOR)
            return None
        self.floors_ = choose_floors(self.oof_scores_, codes)
        return log_scores(self.oof_scores_, self.floors_)

    def _preferred_row(self):
        names = [name for name, _ in self.estimators]
        return None if self.preferred is None else names.index(self.preferred)

    def _fuse(self, scores):
        """Return fused scores that sum to one, (n_clips, n_emotions)."""
        weights = self.weights_.to_numpy()
        if self.pool == "linear":
            return normalise(fuse(scores, weights, self._preferred_row()))
        logs = log_scores(scores, self.floors_)
        logits = fuse(logs, weights, self._preferred_row())
        logits[np.isfinite(logs).all(axis=(0, 2))] += self.biases_.to_numpy()
        return softmax(logits, axis=1)
