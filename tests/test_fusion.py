"""EmotionWeightedFusion: what weights are learned on, whom they serve, and how often it fits."""

import pickle
import threading
from collections import Counter

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from emopipe.corpora import load_corpus, usable
from emopipe.fusion import (
    EmotionWeightedFusion,
    ScoreColumns,
    StackedFusion,
    WhereFinite,
    fuse,
    recall_weights,
    recalls,
    score_weights,
    search_weights,
    shrink_weights,
)
from emopipe.fusion.memory import MEMORY

EMOTIONS = np.array(["anger", "fear", "joy"])


@pytest.fixture(autouse=True)
def fresh_memory():
    MEMORY.clear()
    Spy.fits.clear()
    Spy.calls.clear()
    Reader.calls.clear()


def columns(values, start, stop):
    return values[:, start:stop]


def part(start, stop, *steps):
    select = FunctionTransformer(columns, kw_args={"start": start, "stop": stop})
    return make_pipeline(select, *steps)


VOICE = part(0, 2, StandardScaler(), SVC())
FACE = part(2, 4, StandardScaler(), GaussianNB())
BOTH = [("voice", VOICE), ("face", FACE)]


def clips(n_subjects=8, n_each=9, seed=0):
    """Four columns, of which voice (0, 1) knows anger and face (2, 3) joy; emotions; subjects."""
    rng = np.random.default_rng(seed)
    codes = np.tile(np.arange(n_each) % 3, n_subjects)
    X = rng.normal(0, 1, (len(codes), 4))
    X[codes == 0, :2] += 2
    X[codes == 2, 2:] += 2
    return X, EMOTIONS[codes], np.repeat([f"s{i}" for i in range(n_subjects)], n_each)


class Spy(ClassifierMixin, BaseEstimator):
    """Knows which rows (column 0) it was fitted on, and notes which it is asked for."""

    fits = Counter()  # noqa: RUF012
    calls = []  # noqa: RUF012

    def __init__(self, name="spy"):
        self.name = name

    def fit(self, X, y):
        self.classes_, self.rows_ = np.unique(y), X[:, 0].astype(int)
        self.fits[self.name] += 1
        return self

    def predict_proba(self, X):
        rows = X[:, 0].astype(int)
        self.calls.append((self.rows_, rows))
        return np.random.default_rng(rows[0]).dirichlet(np.ones(len(self.classes_)), len(rows))

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


SPIES = [("voice", Spy("voice")), ("face", Spy("face"))]


@pytest.mark.parametrize("weights", ["recall", "search"])
def test_no_weight_is_learned_from_a_subject_that_was_fitted_on(weights):
    _, y, subjects = clips()
    X = np.arange(len(y), dtype=float)[:, None]
    fusion = EmotionWeightedFusion(SPIES, weights=weights, remember=False)
    fusion.fit(X, y, groups=subjects)
    assert len(Spy.calls) == 2 * 5
    for fitted, answered in Spy.calls:
        assert not set(subjects[fitted]) & set(subjects[answered])
    for modality in (Spy.calls[:5], Spy.calls[5:]):
        assert sorted(np.concatenate([answered for _, answered in modality])) == list(range(len(y)))
    assert all(len(estimator.rows_) == len(y) for estimator in fusion.estimators_)


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        ({}, 1),
        ({"weights": np.ones((2, 3))}, 1),
        ({"weights": "recall"}, 6),
        ({"weights": "search", "cv": 3}, 4),
        ({"calibration": "temperature"}, 6),
    ],
)
def test_modalities_are_fitted_as_often_as_there_are_folds_and_once_on_all(options, fits):
    _, y, subjects = clips()
    X = np.arange(len(y), dtype=float)[:, None]
    EmotionWeightedFusion(SPIES, **options).fit(X, y, groups=subjects)
    assert Spy.fits == {"voice": fits, "face": fits}


def test_a_grid_over_weights_fits_no_modality_twice():
    _, y, subjects = clips()
    X = np.arange(len(y), dtype=float)[:, None]
    tables = list(np.random.default_rng(0).random((15, 2, 3)))
    with config_context(enable_metadata_routing=True):
        GridSearchCV(
            EmotionWeightedFusion(SPIES),
            {"weights": ["equal", *tables], "preferred": [None, "voice"]},
            cv=GroupKFold(4),
        ).fit(X, y, groups=subjects)
        assert Spy.fits == {"voice": 4 + 1, "face": 4 + 1}
        GridSearchCV(
            EmotionWeightedFusion(SPIES), {"weights": ["recall", "search"]}, cv=GroupKFold(4)
        ).fit(X, y, groups=subjects)
    assert Spy.fits == {"voice": (4 + 1) * 6, "face": (4 + 1) * 6}


def test_a_grid_over_weights_and_modalities_fits_every_step_once():
    X, y, subjects = clips()
    voice = part(0, 2, StandardScaler(), PCA(), SVC())
    face = part(2, 4, StandardScaler(), GaussianNB())
    grid = {
        "voice__svc__C": [1, 10],
        "voice__pca__n_components": [1, 2],
        "weights": ["equal", "recall", np.ones((2, 3))],
    }
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(
            EmotionWeightedFusion([("voice", voice), ("face", face)]),
            grid, cv=GroupKFold(3), refit=False, error_score="raise",
        )  # fmt: skip
        search.fit(X, y, groups=subjects)
    selections, scalers, pcas, svms, bayes = 2, 2, 2, 4, 1
    assert MEMORY.counts["fitted"] == 3 * 6 * (selections + scalers + pcas + svms + bayes)
    assert len(search.cv_results_["params"]) == 12


def test_remembered_or_not_the_outcome_is_the_same():
    X, y, subjects = clips()
    actual = []
    for remember in (True, True, False):
        fusion = EmotionWeightedFusion(BOTH, weights="search", remember=remember)
        actual.append(fusion.fit(X, y, groups=subjects).predict_proba(X))
        if remember:
            counts = dict(MEMORY.counts)
    assert MEMORY.counts == counts
    for other in actual[1:]:
        np.testing.assert_array_equal(actual[0], other)


def test_chance_is_drawn_anew_for_every_fit():
    X, y, subjects = clips()
    fusion = EmotionWeightedFusion([("forest", RandomForestClassifier(3))], weights="recall")
    first, second = (clone(fusion).fit(X, y, groups=subjects) for _ in range(2))
    assert not np.array_equal(first.oof_scores_, second.oof_scores_)


def test_weights_are_the_rules_on_the_out_of_fold_scores():
    X, y, subjects = clips()
    codes = np.searchsorted(EMOTIONS, y)
    voice = cross_val_predict(
        VOICE, X, y, cv=GroupKFold(5), groups=subjects, method="decision_function"
    )
    face = cross_val_predict(FACE, X, y, cv=GroupKFold(5), groups=subjects, method="predict_proba")
    exp = np.exp(voice)
    scores = np.stack([exp / exp.sum(axis=1, keepdims=True), face])
    expected = {
        "equal": np.full((2, 3), 0.5),
        "recall": shrink_weights(recall_weights(recalls(scores, codes)), len(y)),
        "search": shrink_weights(search_weights(scores, codes), len(y)),
    }
    for rule, weights in expected.items():
        fusion = EmotionWeightedFusion(BOTH, weights=rule, calibration=None)
        fusion.fit(X, y, groups=subjects)
        np.testing.assert_allclose(fusion.weights_, weights)
        assert fusion.weights_.index.tolist() == ["voice", "face"]
        assert fusion.weights_.columns.tolist() == EMOTIONS.tolist()
        if rule != "equal":
            np.testing.assert_allclose(fusion.oof_scores_, scores)
    recall = EmotionWeightedFusion(BOTH, weights="recall").fit(X, y, groups=subjects).weights_
    assert recall.loc["voice", "anger"] > 0.5 > recall.loc["voice", "joy"]


@pytest.mark.parametrize("preferred", [None, "voice", "face"])
def test_predictions_are_the_fused_scores(preferred):
    X, y, subjects = clips()
    fusion = EmotionWeightedFusion(BOTH, weights="recall", preferred=preferred)
    fusion.fit(X, y, groups=subjects)
    row = {None: None, "voice": 0, "face": 1}[preferred]
    fused = fuse(fusion.modality_scores(X), fusion.weights_, row)
    proba = fusion.predict_proba(X)
    np.testing.assert_allclose(proba, fused / fused.sum(axis=1, keepdims=True))
    np.testing.assert_array_equal(fusion.predict(X), EMOTIONS[fused.argmax(axis=1)])


def test_weights_may_be_given_in_many_ways():
    X, y, subjects = clips()
    table = pd.DataFrame([[1, 2, 3], [4, 5, 6]], index=["face", "voice"], columns=EMOTIONS[::-1])
    for weights in (table, table.to_dict("index"), [[6, 5, 4], [3, 2, 1]]):
        fusion = EmotionWeightedFusion(BOTH, weights=weights).fit(X, y, groups=subjects)
        assert fusion.weights_.to_numpy().tolist() == [[6, 5, 4], [3, 2, 1]]
    alone = EmotionWeightedFusion(BOTH, weights=[[1, 1, 1], [0, 0, 0]], calibration=None)
    alone.fit(X, y)
    expected = clone(VOICE).fit(X, y)
    assert (alone.predict(X) == expected.predict(X)).mean() > 0.97
    shares = EmotionWeightedFusion(BOTH, weights=table, sum_to_one=True)
    shares = shares.fit(X, y, groups=subjects).weights_
    np.testing.assert_allclose(shares.sum(), 1)


@pytest.mark.parametrize("options", [{"sum_to_one": True}, {"scoring": "uar"}])
def test_options_of_the_search_are_passed_on(options):
    X, y, subjects = clips(seed=2)
    fusion = EmotionWeightedFusion(BOTH, weights="search", clips_per_weight=0, **options)
    fusion.fit(X, y, groups=subjects)
    codes = np.searchsorted(EMOTIONS, y)
    np.testing.assert_allclose(
        fusion.weights_, search_weights(fusion.oof_scores_, codes, **options)
    )


def test_of_a_clip_table_the_subjects_are_known():
    X, y, subjects = clips()
    table = pd.DataFrame(X, columns=list("abcd")).assign(subject=subjects)
    voice = make_pipeline(FunctionTransformer(_voice_columns), GaussianNB())
    fusion = EmotionWeightedFusion([("voice", voice)], weights="recall", cv=8).fit(table, y)
    expected = cross_val_predict(
        GaussianNB(), X[:, :2], y, groups=subjects, cv=GroupKFold(8), method="predict_proba"
    )
    np.testing.assert_allclose(fusion.oof_scores_[0], expected)


def _voice_columns(table):
    return table[["a", "b"]].to_numpy()


def test_without_subjects_weights_are_only_learned_when_it_is_meant():
    X, y, _ = clips()
    for options in ({"weights": "search"}, {"weights": "recall"}, {}):
        with pytest.raises(ValueError, match=r"no subjects are known: pass groups"):
            EmotionWeightedFusion(BOTH, **options).fit(X, y)
        EmotionWeightedFusion(BOTH, cv=StratifiedKFold(3), **options).fit(X, y)
    EmotionWeightedFusion(BOTH, calibration=None).fit(X, y)
    EmotionWeightedFusion([("face", FACE)]).fit(X, y)


def test_groups_must_be_as_many_as_clips():
    X, y, subjects = clips()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        EmotionWeightedFusion(BOTH).fit(X, y, groups=subjects[:-1])


def test_rows_that_only_train_teach_no_weight():
    X, y, subjects = clips()
    train_only = np.arange(len(y)) % 4 == 0
    table = pd.DataFrame(X, columns=list("abcd")).assign(subject=subjects, train_only=train_only)
    voice = make_pipeline(FunctionTransformer(_voice_columns), GaussianNB())
    fusion = EmotionWeightedFusion([("voice", voice)], weights="search").fit(table, y)
    assert np.isnan(fusion.oof_scores_[0, train_only]).all()
    assert np.isfinite(fusion.oof_scores_[0, ~train_only]).all()
    assert fusion.estimators_[0][-1].class_count_.sum() == len(y)


def make_gaps(X, voiceless=(), faceless=()):
    X = X.copy()
    X[list(voiceless), :2] = np.nan
    X[list(faceless), 2:] = np.nan
    return X


WHOLE = [
    ("voice", part(0, 2, WhereFinite(make_pipeline(StandardScaler(), SVC())))),
    ("face", part(2, 4, WhereFinite(GaussianNB()))),
]


@pytest.mark.parametrize(
    "fusion",
    [
        *[
            EmotionWeightedFusion(WHOLE, weights=weights, preferred=preferred)
            for weights in ("equal", "recall", "search")
            for preferred in (None, "voice")
        ],
        EmotionWeightedFusion(WHOLE, pool="log"),
        EmotionWeightedFusion(WHOLE, pool="log", weights="equal"),
        EmotionWeightedFusion(WHOLE, pool="log", weights="recall"),
        StackedFusion(WHOLE),
    ],
    # The same names in every process: a repr holds addresses.
    ids=lambda fusion: (
        f"{type(fusion).__name__}-{getattr(fusion, 'pool', '')}-{fusion.weights}-{fusion.preferred}"
        if hasattr(fusion, "weights")
        else type(fusion).__name__
    ),
)
def test_a_clip_that_lacks_a_modality_is_decided_by_the_other(fusion):
    X, y, subjects = clips()
    training = make_gaps(X, voiceless=range(0, 9, 2), faceless=range(1, 20, 3))
    fusion = clone(fusion).fit(training, y, groups=subjects)
    incomplete = make_gaps(X, voiceless=[0, 2], faceless=[1, 2])
    voice, face = fusion.modality_scores(X)
    proba = fusion.predict_proba(incomplete)
    if getattr(fusion, "pool", "log") == "linear":
        np.testing.assert_allclose(proba[0], face[0])
        np.testing.assert_allclose(proba[1], voice[1])
    assert np.isnan(proba[2]).all() and np.isfinite(proba[3:]).all()
    np.testing.assert_allclose(proba[[0, 1]].sum(axis=1), 1)
    predicted = fusion.predict(incomplete)
    assert predicted[0] == EMOTIONS[face[0].argmax()]
    assert predicted[1] == EMOTIONS[voice[1].argmax()]
    alone = fusion.modality_predictions(X)
    assert [answers[3] for answers in alone.values()] == [
        EMOTIONS[voice[3].argmax()], EMOTIONS[face[3].argmax()],
    ]  # fmt: skip


def test_a_clip_without_any_modality_gets_the_most_frequent_emotion():
    X, y, subjects = clips()
    keep = np.flatnonzero((y != "anger") | (np.arange(len(y)) % 2 == 0))[1:]
    keep = keep[:-1] if (y[keep] == "fear").sum() == (y[keep] == "joy").sum() else keep
    fusion = EmotionWeightedFusion(WHOLE).fit(X[keep], y[keep], groups=subjects[keep])
    names, counts = np.unique(y[keep], return_counts=True)
    assert fusion.prior_.sum() == pytest.approx(1)
    assert fusion.predict(np.full((1, 4), np.nan)).tolist() == [names[counts.argmax()]]


def test_weights_are_learned_where_scores_are():
    X, y, subjects = clips()
    training = make_gaps(X, faceless=range(30, 60))
    fusion = EmotionWeightedFusion(WHOLE, weights="search").fit(training, y, groups=subjects)
    assert np.isnan(fusion.oof_scores_[1, 30:60]).all()
    assert np.isfinite(fusion.oof_scores_[0]).all()


def test_an_emotion_that_a_fold_lacks_scores_nothing_there():
    X, y, subjects = clips()
    keep = (y != "joy") | (subjects == "s0")  # only one subject shows it
    fusion = EmotionWeightedFusion(BOTH, weights="recall").fit(
        X[keep], y[keep], groups=subjects[keep]
    )
    unseen = subjects[keep] == "s0"
    joy = fusion.oof_scores_[:, unseen, 2]
    assert (joy == 0).all() and fusion.weights_["joy"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("calibration", ["sigmoid", "isotonic", "temperature"])
def test_calibration_is_learned_out_of_fold(calibration):
    X, y, subjects = clips(n_subjects=12)
    fusion = EmotionWeightedFusion(BOTH, weights="recall", calibration=calibration)
    fusion.fit(X, y, groups=subjects)
    scores = fusion.modality_scores(X)
    for probabilities in (scores, fusion.oof_scores_):
        np.testing.assert_allclose(probabilities.sum(axis=2), 1)
    raw = clone(fusion).set_params(calibration=None).fit(X, y, groups=subjects)
    assert not np.allclose(raw.oof_scores_[0], fusion.oof_scores_[0])
    assert (fusion.predict(X) == y).mean() > 0.6
    with pytest.raises(ValueError, match="calibration needs at least 2 inner folds"):
        single_fold = [(np.arange(50), np.arange(50, len(y)))]
        clone(fusion).set_params(cv=single_fold).fit(X, y)


def test_decision_values_are_calibrated_by_default_and_probabilities_are_not():
    X, y, subjects = clips(n_subjects=12)
    fusion = EmotionWeightedFusion(BOTH).fit(X, y, groups=subjects)
    assert [type(c).__name__ for c in fusion.calibrations_] == ["SigmoidCalibration", "NoneType"]
    assert fusion.learns_on_folds() and not fusion.notices()
    sigmoid = EmotionWeightedFusion(BOTH, calibration="sigmoid").fit(X, y, groups=subjects)
    voice, face = fusion.modality_scores(X)
    np.testing.assert_array_equal(voice, sigmoid.modality_scores(X)[0])
    np.testing.assert_allclose(face, clone(FACE).fit(X, y).predict_proba(X))
    raw = EmotionWeightedFusion(BOTH, calibration=None).fit(X, y)
    assert raw.calibrations_ == [] and not raw.learns_on_folds()
    assert "voice enters the fusion as the softmax of decision values" in raw.notices()[0]


def test_scores_of_an_svc_say_how_sure_it_is():
    # The softmax of an SVC's votes is nearly the same ladder for a sure clip and an unsure one.
    rng = np.random.default_rng(2)
    centres, codes, unseen = rng.normal(0, 1.2, (6, 4)), np.tile(np.arange(6), 60), np.arange(6000)
    X, Z = (centres[c % 6] + rng.normal(0, 1, (len(c), 4)) for c in (codes, unseen))
    machine = make_pipeline(StandardScaler(), SVC(C=10))
    lead = {}
    for calibration in (None, "auto"):
        fusion = EmotionWeightedFusion([("voice", machine)], calibration=calibration)
        fusion.fit(X, np.array(list("abcdef"))[codes], groups=np.repeat(np.arange(20), 18))
        (scores,) = fusion.modality_scores(Z)
        right = scores.argmax(axis=1) == unseen % 6
        lead[calibration] = scores.max(axis=1)[right].mean() - scores.max(axis=1)[~right].mean()
    assert lead["auto"] > 2 * lead[None]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"estimators": []}, "must be a list of"),
        ({"estimators": VOICE}, "must be a list of"),
        ({"estimators": [("voice", VOICE), ("voice", FACE)]}, "different strings"),
        ({"estimators": [("my__voice", VOICE)]}, "without '__'"),
        ({"estimators": [("weights", VOICE)]}, "none of .*weights"),
        ({"preferred": "audio"}, "preferred='audio' is unknown; allowed: None"),
        ({"weights": "best"}, "weights='best' is unknown; allowed: None, 'equal', 'mean', 'recall"),
        ({"pool": "product"}, "pool='log' with weights='equal' is the product rule"),
        ({"weights": "likelihood"}, "say pool='log', too"),
        ({"pool": "log", "preferred": "voice"}, "leave out preferred"),
        ({"clips_per_weight": -1}, "a number from 0 on"),
        ({"weights": np.ones((3, 2))}, "2 modalities and 3 emotions need"),
        ({"weights": {"voice": {"joy": 1}}}, "say nothing about face, anger, fear"),
        ({"calibration": "platt"}, "calibration='platt' is unknown"),
        ({"weights": "search", "scoring": "f1"}, "scoring='f1' is unknown"),
        ({"weights": "search", "cv": 20}, "need 20 subjects or more, found 8"),
    ],
)
def test_wrong_parameters_are_told(options, message):
    X, y, subjects = clips()
    with pytest.raises(ValueError, match=message):
        EmotionWeightedFusion(**{"estimators": BOTH, **options}).fit(X, y, groups=subjects)


def test_an_error_says_in_which_modality_and_fold():
    X, y, subjects = clips()
    broken = X.copy()
    broken[0, 2] = np.nan
    with pytest.raises(ValueError, match="NaN") as error:
        EmotionWeightedFusion(BOTH, weights="recall").fit(broken, y, groups=subjects)
    assert any("modality 'face'" in note for note in error.value.__notes__)
    assert any("inner fold" in note for note in error.value.__notes__)


class Reader(TransformerMixin, BaseEstimator):
    """Stands for an extractor: paths to numbers, without learning."""

    calls = []  # noqa: RUF012

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        self.calls.append(len(X))
        return np.array([[float(number) for number in path.split("/")] for path in X])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = tags.input_tags.one_d_array = True
        tags.requires_fit = False
        return tags


def test_clips_are_extracted_once_for_all_folds():
    X, y, subjects = clips()
    paths = ["/".join(map(str, row)) for row in X]
    voice = make_pipeline(Reader(), *(step for _, step in VOICE.steps))
    face = make_pipeline(Reader(), GaussianNB())
    fusion = EmotionWeightedFusion([("voice", voice), ("face", face)], weights="search")
    fusion.fit(paths, y, groups=subjects)
    assert Reader.calls == [len(paths)] * 2
    on_numbers = [("voice", VOICE), ("face", GaussianNB())]
    expected = EmotionWeightedFusion(on_numbers, weights="search").fit(X, y, groups=subjects)
    np.testing.assert_array_equal(fusion.predict_proba(paths[:5]), expected.predict_proba(X[:5]))
    assert fusion.named_estimators_.voice.steps[0][0] == "reader"
    fits = MEMORY.counts["fitted"]
    clone(fusion).set_params(weights="recall").fit(pd.Series(paths), y, groups=subjects)
    assert MEMORY.counts["fitted"] == fits


def test_groups_reach_the_folds_through_pipelines_and_searches():
    X, y, subjects = clips()
    fusion = EmotionWeightedFusion(BOTH, weights="recall", cv=2)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), fusion),
        {"emotionweightedfusion__weights": ["recall", "equal"],
         "emotionweightedfusion__voice__svc__C": [1, 10]},
        cv=GroupKFold(2), error_score="raise",
    )  # fmt: skip
    with config_context(enable_metadata_routing=True):
        validated = cross_validate(
            search, X, y, cv=GroupKFold(2), params={"groups": subjects}, error_score="raise"
        )
    assert validated["test_score"].mean() > 0.5
    with config_context(enable_metadata_routing=False):
        raw = clone(fusion).set_params(calibration=None)  # a search passes no groups on
        GridSearchCV(raw, {"weights": ["equal"]}, cv=GroupKFold(2)).fit(X, y, groups=subjects)
        fusion.fit(X, y, groups=subjects)


class Grouped(GaussianNB):
    """A classifier that asks for groups."""

    __metadata_request__fit = {"groups": True}  # noqa: RUF012
    group_counts = []  # noqa: RUF012

    def fit(self, X, y, groups=None):
        self.group_counts.append(None if groups is None else len(groups))
        assert groups is None or len(groups) == len(X)
        return super().fit(X, y)


@pytest.mark.parametrize("routing", [False, True])
def test_modalities_that_ask_for_groups_are_given_them(routing):
    X, y, subjects = clips()
    Grouped.group_counts.clear()
    nested = EmotionWeightedFusion(BOTH, weights="recall", cv=2)
    search = GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9, 1]}, cv=GroupKFold(2))
    estimators = [
        ("asking", Grouped()),
        ("nested", nested),
        ("search", part(0, 4, search)),
        ("holed", WhereFinite(clone(search))),
    ]
    with config_context(enable_metadata_routing=routing):
        fusion = EmotionWeightedFusion(estimators, weights="search", cv=2)
        fusion.fit(X, y, groups=subjects)
    assert Grouped.group_counts == [36, 36, 72]
    assert fusion.weights_.shape == (4, 3)


def test_further_parameters_reach_those_who_requested_them():
    X, y, subjects = clips()
    weight = 1.0 + 50 * (y == "fear")
    with config_context(enable_metadata_routing=True):
        asking = LogisticRegression().set_fit_request(sample_weight=True)
        declining = GaussianNB().set_fit_request(sample_weight=False)
        modalities = [("asking", asking), ("declining", declining)]
        fusion = EmotionWeightedFusion(modalities, weights="recall")
        fusion.fit(X, y, groups=subjects, sample_weight=weight)
        expected = LogisticRegression().fit(X, y, sample_weight=weight)
        np.testing.assert_allclose(fusion.estimators_[0].coef_, expected.coef_)
        assert fusion.estimators_[1].class_count_.tolist() == [24, 24, 24]
    with pytest.raises(TypeError, match="case_weight"):
        EmotionWeightedFusion(BOTH).fit(X, y, case_weight=weight)


def test_parameters_of_modalities_can_be_set_and_whole_modalities_swapped():
    fusion = EmotionWeightedFusion(BOTH)
    copy = clone(fusion).set_params(voice__svc__C=7, face=GaussianNB(), weights="recall", cv=3)
    assert copy.get_params()["voice__svc__C"] == 7
    assert copy.estimators[1] == ("face", copy.get_params()["face"])
    assert isinstance(copy.get_params()["face"], GaussianNB)
    assert fusion.get_params()["voice__svc__C"] == 1 and VOICE[-1].C == 1
    assert isinstance(fusion.estimators[1][1], type(FACE))
    swapped = copy.set_params(estimators=SPIES)
    assert "voice__name" in swapped.get_params() and "voice" not in swapped.get_params(deep=False)
    with pytest.raises(ValueError, match="Invalid parameter 'sound'"):
        copy.set_params(sound=1)


def test_a_pickle_predicts_the_same():
    X, y, subjects = clips()
    fusion = EmotionWeightedFusion(BOTH, weights="search", calibration="sigmoid")
    fusion.fit(X, y, groups=subjects)
    again = pickle.loads(pickle.dumps(fusion))
    np.testing.assert_array_equal(again.predict_proba(X), fusion.predict_proba(X))
    pd.testing.assert_frame_equal(again.weights_, fusion.weights_)


def test_a_fusion_saved_before_there_were_pools_answers_as_it_did():
    X, y, subjects = clips()
    fusion = EmotionWeightedFusion(BOTH, weights="search", clips_per_weight=0, calibration=None)
    fusion.fit(X, y, groups=subjects)
    expected = fusion.predict_proba(X)
    for name in ("pool", "clips_per_weight", "biases_", "floors_"):
        delattr(fusion, name)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fusion)).predict_proba(X), expected)
    assert fusion.get_params()["pool"] == "linear" and "weights='search'" in repr(fusion)


def test_attributes_of_the_first_modality():
    X, y, _ = clips()
    table = pd.DataFrame(X, columns=list("abcd"))
    fusion = EmotionWeightedFusion([("a", GaussianNB()), ("b", GaussianNB())]).fit(table, y)
    assert fusion.n_features_in_ == 4 and fusion.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(AttributeError):
        EmotionWeightedFusion(BOTH).n_features_in_  # noqa: B018


def test_threads_share_fits():
    X, y, subjects = clips()
    barrier, results = threading.Barrier(3), []

    def work():
        barrier.wait()
        fusion = EmotionWeightedFusion([("face", FACE)], weights="recall")
        results.append(fusion.fit(X, y, groups=subjects).predict_proba(X))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert MEMORY.counts["fitted"] == 3 * 6  # selection, scaler, Bayes in five folds and on all
    assert all(np.array_equal(results[0], other) for other in results[1:])


def test_permuted_clips_permute_the_answers():
    X, y, subjects = clips()
    fusion = EmotionWeightedFusion(BOTH, weights="search").fit(X, y, groups=subjects)
    order = np.random.default_rng(0).permutation(len(y))
    np.testing.assert_allclose(fusion.predict_proba(X[order]), fusion.predict_proba(X)[order])


@pytest.fixture(scope="module")
def voters(shared_data):
    table = load_corpus("cremad", shared_data / "cremad", files=False)
    return usable(table).sort_values("clip", ignore_index=True)


VOTERS = [
    ("voice", ScoreColumns(prefix="votes_voice_")),
    ("face", ScoreColumns(prefix="votes_face_")),
]


@pytest.mark.shared
@pytest.mark.parametrize(
    ("options", "least"),
    [
        ({}, 0.655),
        ({"weights": "recall"}, 0.67),
        ({"weights": "search", "sum_to_one": True}, 0.70),
        ({"weights": "search"}, 0.73),
    ],
    ids=str,
)
def test_cremads_voters_of_voice_and_face_fused(voters, options, least):
    assert len(voters) == 7442 and voters["subject"].nunique() == 91
    fusion = EmotionWeightedFusion(VOTERS, **options)
    with config_context(enable_metadata_routing=True):
        predicted = cross_val_predict(
            fusion, voters, voters["emotion"], cv=GroupKFold(10),
            params={"groups": voters["subject"]},
        )  # fmt: skip
    assert (predicted == voters["emotion"]).mean() >= least


@pytest.mark.shared
def test_ten_thousand_weightings_of_cremad_need_no_further_fit(voters):
    fusion = EmotionWeightedFusion(VOTERS, weights="search").fit(voters, voters["emotion"])
    assert MEMORY.counts["fitted"] == 2 * (5 + 1)
    codes = np.searchsorted(fusion.classes_, voters["emotion"])
    steps = np.random.default_rng(1).integers(-1, 2, (10_000, 2, 6)) * 0.1
    around = np.maximum(fusion.weights_.to_numpy() + steps, 0)
    scores = score_weights(fusion.oof_scores_, codes, around)
    (figure,) = score_weights(fusion.oof_scores_, codes, [fusion.weights_])
    assert figure >= scores.max()
    assert MEMORY.counts["fitted"] == 2 * (5 + 1)
