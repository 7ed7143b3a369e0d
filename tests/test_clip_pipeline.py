"""ClipPipeline: scikit-learn's pipeline, but rows without features train nothing and have NaN."""

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC

from emopipe import (
    ClipPipeline,
    EmotionWeightedFusion,
    ShortTermStatistics,
    WhereFinite,
    evaluate,
    load,
    make_clip_pipeline,
    save,
)
from emopipe.fusion.memory import FitMemory
from emopipe.fusion.modality import Modality

SUBJECTS = np.repeat(list("abcdefgh"), 5)
Y = np.array(["fear", "joy", "rage"])[np.arange(40) % 3]


def make_gaps(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(0, 1, (40, 4)) + (Y == "joy")[:, None] - (Y == "rage")[:, None]
    gaps = rng.random(40) < 0.2
    X[gaps, rng.integers(0, 4, 40)[gaps]] = np.nan
    return X, gaps


@pytest.mark.parametrize(
    "rest",
    [[SVC()], [StandardScaler(), PCA(2), LogisticRegression()], ["passthrough", SVC()],
     [StandardScaler(), LinearDiscriminantAnalysis()]],
    ids=["svm", "pca", "passthrough", "lda"],
)  # fmt: skip
@pytest.mark.parametrize("as_table", [False, True])
def test_it_answers_as_the_classifier_of_complete_rows_does(rest, as_table):
    X, gaps = make_gaps()
    table = pd.DataFrame(X, columns=list("abcd"), index=range(7, 47)) if as_table else X
    model = clone(make_clip_pipeline(FunctionTransformer(), *rest)).fit(table, Y)
    alone = clone(make_pipeline(*rest)).fit(X[~gaps], Y[~gaps])
    method = "predict_proba" if hasattr(alone, "predict_proba") else "decision_function"
    scores = getattr(model, method)(table)
    np.testing.assert_allclose(scores[~gaps], getattr(alone, method)(X[~gaps]), rtol=1e-9)
    assert gaps.any() and np.isnan(scores[gaps]).all()
    assert hasattr(model, "predict_proba") == hasattr(alone, "predict_proba")
    labels, counts = np.unique(Y[~gaps], return_counts=True)
    assert set(model.predict(table)[gaps]) == {labels[counts.argmax()]} == {model.fallback_}
    np.testing.assert_array_equal(model.predict(table)[~gaps], alone.predict(X[~gaps]))
    assert model.score(table, Y) == (model.predict(table) == Y).mean()


def test_parameters_have_the_names_of_steps():
    voice = make_clip_pipeline(ShortTermStatistics(), StandardScaler(), SVC())
    fusion = EmotionWeightedFusion([("voice", voice), ("face", clone(voice))])
    names = fusion.get_params()
    assert {"voice__svc__C", "face__standardscaler", "voice__shorttermstatistics__window"} <= {
        *names
    }
    fusion = clone(fusion).set_params(voice__svc__C=7, voice__shorttermstatistics__step=0.1)
    assert fusion.estimators[0][1]["svc"].C == 7 and voice["svc"].C == 1
    assert isinstance(fusion.estimators[0][1], ClipPipeline)
    assert "ClipPipeline" in repr(fusion) and "SVC" in fusion._repr_html_()


def test_a_grid_in_a_fusion_says_voice_svc_c():
    X, _ = make_gaps()
    parts = [(n, make_clip_pipeline(FunctionTransformer(), SVC())) for n in ("voice", "face")]
    search = GridSearchCV(
        EmotionWeightedFusion(parts, cv=2), {"voice__svc__C": [1e-4, 1.0]}, cv=GroupKFold(2)
    )
    with config_context(enable_metadata_routing=True):
        search.fit(X, Y, groups=SUBJECTS)
    assert search.best_params_ == {"voice__svc__C": 1.0}
    assert np.isfinite(search.predict_proba(X[~np.isnan(X).any(axis=1)])).all()


def test_a_fusion_fits_its_steps_and_remembers_them_like_those_of_other_pipelines():
    X, _ = make_gaps()
    rest = [StandardScaler(), PCA(2), SVC()]
    memory, fitted = FitMemory(), []
    for C in (1, 10):
        flat = clone(make_clip_pipeline(FunctionTransformer(), *rest)).set_params(svc__C=C)
        fitted.append(Modality(flat, X, Y, {}, memory).fit())
    assert memory.counts["fitted"] == 1 + 1 + 1 + 2
    assert [type(f) for f in fitted] == [ClipPipeline] * 2 and fitted[1]["svc"].C == 10
    expected = make_pipeline(FunctionTransformer(), WhereFinite(make_pipeline(*rest))).fit(X, Y)
    np.testing.assert_allclose(
        fitted[0].decision_function(X), expected.decision_function(X), rtol=1e-9
    )


class Noting(ClassifierMixin, BaseEstimator):
    """Notes what fit is given."""

    def fit(self, X, y, sample_weight=None, groups=None):
        self.classes_, self.passed_ = np.unique(y), {"w": sample_weight, "g": groups, "n": len(X)}
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))


@pytest.mark.parametrize("routing", [False, True])
def test_what_steps_are_given_is_cut_to_the_rows_that_they_get(routing):
    X, gaps = make_gaps()
    weights = np.arange(40.0)
    with config_context(enable_metadata_routing=routing):
        last = Noting()
        params = {"noting__sample_weight": weights, "noting__groups": SUBJECTS}
        if routing:
            last.set_fit_request(sample_weight=True, groups=True)
            params = {"sample_weight": weights, "groups": SUBJECTS}
        model = make_clip_pipeline(FunctionTransformer(), last).fit(X, Y, **params)
    passed = model["noting"].passed_
    assert passed["n"] == (~gaps).sum() and passed["w"].tolist() == weights[~gaps].tolist()
    assert passed["g"].tolist() == SUBJECTS[~gaps].tolist()


def test_the_first_step_may_join_several_and_a_row_must_be_whole():
    X, gaps = make_gaps()
    both = FeatureUnion([("a", FunctionTransformer()), ("b", FunctionTransformer(np.square))])
    model = make_clip_pipeline(both, StandardScaler(), SVC()).fit(X, Y)
    assert np.array_equal(np.isnan(model.decision_function(X)).all(axis=1), gaps)


def test_parts_are_reached_as_in_scikit_learn_and_a_slice_is_a_plain_pipeline():
    model = make_clip_pipeline(FunctionTransformer(), StandardScaler(), SVC(C=2))
    assert model[-1].C == model["svc"].C == model.named_steps["svc"].C == 2 and len(model) == 3
    assert type(model[1:]) is type(model[:-1]) is Pipeline


class FirstTwo(TransformerMixin, BaseEstimator):
    """An extractor as a user writes it: nothing of emopipe, nothing that `fit` leaves behind."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.asarray(X, dtype=float)[:, :2]


@pytest.mark.parametrize("first", [FirstTwo(), "passthrough"])
def test_an_extractor_of_ones_own_derives_from_nothing_of_ours(first):
    X, _ = make_gaps()
    model = ClipPipeline([("first", first), ("lr", LogisticRegression())]).fit(X, Y)
    fusion = EmotionWeightedFusion([("own", clone(model))], weights="equal")
    scores = fusion.fit(X, Y, groups=SUBJECTS).predict_proba(X)
    whole = np.isfinite(model.predict_proba(X)).all(axis=1)
    assert whole.any() and np.allclose(scores[whole], model.predict_proba(X)[whole])


@pytest.mark.parametrize("steps", [[FunctionTransformer()], []])
def test_features_need_a_classifier_after_them(steps):
    with pytest.raises(ValueError, match="needs two steps or more"):
        ClipPipeline([(str(n), step) for n, step in enumerate(steps)]).fit([[0.0]], ["joy"])


@pytest.mark.parametrize("last", [StandardScaler(), "passthrough"])
def test_the_last_step_is_a_classifier(last):
    with pytest.raises(TypeError, match="ends with a classifier, such as SVC"):
        ClipPipeline([("features", FunctionTransformer()), ("last", last)]).fit([[0.0]], ["joy"])


@pytest.mark.parametrize("classes", [2, 3])
def test_decisions_have_one_shape_whether_any_clip_has_features(classes):
    X, _ = make_gaps()
    model = make_clip_pipeline(FunctionTransformer(), SVC()).fit(X, np.arange(40) % classes)
    subset, none = model.decision_function(X), model.decision_function(np.full((40, 4), np.nan))
    assert none.shape == subset.shape and np.isnan(none).all()


def test_clips_without_any_features_fit_nothing():
    with pytest.raises(ValueError, match="none of 2 rows is complete"):
        make_clip_pipeline(FunctionTransformer(), SVC()).fit(np.full((2, 1), np.nan), Y[:2])


def test_whoever_takes_the_usual_pipeline_is_told_of_this_one():
    X, _ = make_gaps()
    usual = make_pipeline(FunctionTransformer(), SVC())
    fusion = EmotionWeightedFusion([("voice", usual)])
    for fit in (
        lambda: evaluate(usual, X, Y, groups=SUBJECTS, cv=2),
        lambda: fusion.fit(X, Y, groups=SUBJECTS),
    ):
        with pytest.raises(ValueError, match="NaN") as caught:
            fit()
        assert any("make_clip_pipeline" in note for note in caught.value.__notes__)


def test_it_is_evaluated_and_saved(tmp_path):
    X, gaps = make_gaps()
    model = make_clip_pipeline(FunctionTransformer(), StandardScaler(), LogisticRegression())
    result = evaluate(model, X, Y, groups=SUBJECTS, cv=2, n_bootstrap=50)
    assert result.coverage["answered"] == (~gaps).sum() and result.title == (
        "FunctionTransformer, StandardScaler, LogisticRegression")  # fmt: skip
    loaded = load(save(model.fit(X, Y), tmp_path / "model"))
    assert type(loaded) is ClipPipeline and loaded.get_params()["logisticregression__C"] == 1
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
