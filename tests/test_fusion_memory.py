"""Remembered fits: nothing is fitted twice, and nothing is shared that should not be."""

import pickle
import re
import threading

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler, TargetEncoder
from sklearn.svm import SVC

from emopipe.fusion import WhereFinite
from emopipe.fusion.memory import FitMemory, Fitter, fits_by_steps
from emopipe.keys import content_key, data_key, estimator_key, rows_key

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 5))
Y = np.arange(60) % 3


def fit(memory, estimator, data=X, y=Y, **params):
    fitter = Fitter(memory)
    return fitter.fit(clone(estimator), data, y, params, data_key(data, y, params))


def fits(estimator, *again, memory=None):
    """How many fits an estimator and others after it take."""
    memory = memory or FitMemory()
    for estimator_ in (estimator, *again):
        fit(memory, estimator_)
    return memory.counts["fitted"]


def double(values):
    return 2 * values


def test_the_same_fit_is_found_again_and_is_nobody_elses():
    memory = FitMemory()
    first, second = fit(memory, GaussianNB()), fit(memory, GaussianNB())
    assert memory.counts == {"fitted": 1, "remembered": 1}
    np.testing.assert_array_equal(first.theta_, second.theta_)
    first.theta_[:] = 0
    assert second.theta_.any() and fit(memory, GaussianNB()).theta_.any()


@pytest.mark.parametrize(
    "other",
    [
        lambda memory: fit(memory, GaussianNB(var_smoothing=1e-3)),
        lambda memory: fit(memory, GaussianNB(), X + 1e-12),
        lambda memory: fit(memory, GaussianNB(), X, 1 - Y),
        lambda memory: fit(memory, GaussianNB(), X.astype(np.float32)),
        lambda memory: fit(memory, GaussianNB(), sample_weight=np.ones(60)),
        lambda memory: fit(memory, GaussianNB().set_params(priors=[0.2, 0.3, 0.5])),
    ],
)
def test_what_differs_is_fitted(other):
    memory = FitMemory()
    fit(memory, GaussianNB())
    other(memory)
    assert memory.counts == {"fitted": 2}


def test_a_grid_over_one_step_fits_those_before_it_once():
    grid = [make_pipeline(StandardScaler(), PCA(n), SVC(C=C)) for n in (2, 3) for C in (1, 10, 100)]
    memory = FitMemory()
    fits(*grid, memory=memory)
    assert memory.counts["fitted"] == 1 + 2 + 6
    fits(*grid, memory=memory)
    assert memory.counts["fitted"] == 9


def test_the_steps_inside_where_finite_are_remembered_too():
    machines = [WhereFinite(make_pipeline(StandardScaler(), SVC(C=C))) for C in (1, 10)]
    grid = [make_pipeline(FunctionTransformer(double), machine) for machine in machines]
    assert fits(*grid, *grid) == 1 + 1 + 2
    alone = make_pipeline(StandardScaler(), SVC(C=1))
    memory = FitMemory()
    holed = X.copy()
    holed[0, 0] = np.nan
    inner = fit(memory, WhereFinite(alone), holed).estimator_
    expected = clone(alone).fit(holed[1:], Y[1:])
    np.testing.assert_array_equal(inner.decision_function(X), expected.decision_function(X))


def test_by_steps_or_whole_the_outcome_is_the_same():
    pipeline = make_pipeline(StandardScaler(), "passthrough", PCA(3), SVC())
    actual = fit(FitMemory(), pipeline)
    expected = clone(pipeline).fit(X, Y)
    np.testing.assert_allclose(actual.decision_function(X), expected.decision_function(X))
    assert [name for name, _ in actual.steps] == [name for name, _ in expected.steps]


@pytest.mark.parametrize(
    "pipeline",
    [
        make_pipeline(TargetEncoder(), GaussianNB()),  # its fit_transform is another thing
        make_pipeline(make_pipeline(StandardScaler(), PCA(2)), GaussianNB()),
    ],
)
def test_other_pipelines_are_fitted_whole(pipeline, tmp_path):
    assert not fits_by_steps(pipeline)
    assert fits(pipeline, pipeline) == 1
    cached = make_pipeline(StandardScaler(), GaussianNB(), memory=str(tmp_path))
    assert not fits_by_steps(cached)


class Stranger(ClassifierMixin, BaseEstimator):
    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.draw_ = np.random.default_rng(self.random_state).random()
        return self


@pytest.mark.parametrize(
    ("estimator", "remembered"),
    [
        (SVC(), True),  # draws a seed that only probabilities would use
        (PCA(3), True),
        (PCA(3, svd_solver="randomized"), False),
        (RandomForestClassifier(3), False),
        (RandomForestClassifier(3, random_state=0), True),
        (RandomForestClassifier(3, random_state=np.random.RandomState(0)), True),
        (GridSearchCV(SVC(), {"C": [1, 2]}, cv=KFold(3)), True),
        (GridSearchCV(SVC(), {"C": [1, 2]}, cv=KFold(3, shuffle=True)), False),
        (GridSearchCV(RandomForestClassifier(2), {"max_depth": [2]}, cv=3), False),
        (Stranger(), False),
        (Stranger(random_state=1), True),
        (make_pipeline(FunctionTransformer(lambda values: values), GaussianNB()), False),
        (make_pipeline(FunctionTransformer(double), GaussianNB()), True),
    ],
    ids=lambda value: re.sub(r" at 0x\w+", "", str(value)),  # the same name in every process
)
def test_only_what_is_sure_to_come_out_the_same_is_remembered(estimator, remembered):
    memory = FitMemory()
    once = fits(estimator, memory=memory)
    assert (fits(estimator, memory=memory) == once) == remembered


def test_what_follows_a_chance_is_fitted_with_it():
    pipeline = make_pipeline(PCA(2, svd_solver="randomized"), StandardScaler(), GaussianNB())
    assert fits(pipeline, pipeline) == 6


def test_a_class_or_function_defined_anew_is_another_one():
    keys, actual = [], []
    for factor in (2, 3):
        namespace = {"__name__": __name__}
        exec(f"def double(values):\n    return {factor} * values", namespace)
        globals()["double"] = namespace["double"]  # as running a notebook's cell again does
        actual.append(estimator_key(FunctionTransformer(double)))
        keys.append(actual[-1][0])
    assert keys[0] == keys[1] and actual[0] != actual[1]


def test_the_oldest_make_room_and_giants_are_not_kept():
    memory = FitMemory(max_bytes=40_000)
    for number in range(100):
        memory.recall(number, lambda: (np.zeros(1000), True))
    assert 8_000 < memory.n_bytes <= 40_000
    memory.recall("giant", lambda: (np.zeros(2000), True))
    memory.recall(99, lambda: pytest.fail("the newest is there"))
    assert memory.recall("giant", lambda: ("again", True)) == "again"
    assert memory.recall(0, lambda: ("again", True)) == "again"
    memory.clear()
    assert memory.n_bytes == 0 and not memory.counts


def test_what_cannot_be_pickled_is_returned_and_not_kept():
    memory = FitMemory()
    assert [memory.recall("a", lambda: (lambda: 5, True))() for _ in range(2)] == [5, 5]
    assert memory.n_bytes == 0


def test_threads_compute_a_result_once():
    memory, gate, calls = FitMemory(), threading.Barrier(4), []

    def compute():
        calls.append(1)
        return 7, True

    def work(results):
        gate.wait()
        results.append(memory.recall("key", compute))

    results = []
    threads = [threading.Thread(target=work, args=(results,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [7] * 4 and len(calls) == 1 and not memory._claims


def test_an_error_leaves_nothing_behind():
    memory = FitMemory()
    with pytest.raises(ZeroDivisionError):
        memory.recall("key", lambda: 1 / 0)
    assert memory.recall("key", lambda: (3, True)) == 3 and not memory._claims


def test_contents_tell_tables_apart():
    table = pd.DataFrame({"path": ["a", "b"], "n": [1, 2], "note": ["x", None]})
    same = content_key(table.copy())
    assert content_key(table) == same
    for other in (
        table.assign(n=[1, 3]),
        table.assign(n=[1.0, 2.0]),
        table.rename(columns={"n": "m"}),
        table.assign(note=["x", "y"]),
        table[["n", "path", "note"]],
        table.iloc[::-1],
        table.assign(note=[[1], [2]]),
    ):
        assert content_key(other) != same
    long = [np.zeros(5000), np.zeros(5000)]
    changed = [np.zeros(5000), np.eye(1, 5000, 2500)[0]]
    assert content_key(table.assign(n=long)) != content_key(table.assign(n=changed))


def test_contents_tell_lists_and_arrays_apart():
    for first, other in (
        (["a", "b"], ["a", "c"]),
        ([[1.0, 2.0]], [[1.0, 3.0]]),
        (np.array(["a", "b"], dtype=object), np.array(["b", "a"], dtype=object)),
        (pd.Series(["a"]), pd.Series(["b"])),
    ):
        assert content_key(first) == content_key(pickle.loads(pickle.dumps(first)))
        assert content_key(first) != content_key(other)
    assert rows_key([1, 2]) != rows_key([2, 1])


def test_a_file_that_changed_is_other_data(tmp_path):
    clip = tmp_path / "clip.wav"
    clip.write_bytes(b"one")
    tables = [[str(clip)], [clip], np.array([str(clip)], dtype=object),
              pd.Series([str(clip)]), pd.DataFrame({"path": [str(clip)]})]  # fmt: skip
    before = [content_key(table) for table in tables]
    clip.write_bytes(b"another")
    after = [content_key(table) for table in tables]
    assert not any(a == b for a, b in zip(before, after, strict=True))


class Halving(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None, groups=None):
        self.groups_ = groups
        return self

    def transform(self, X):
        return X / 2


def test_parameters_for_a_transformer_have_the_pipeline_fitted_whole():
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(Halving().set_fit_request(groups=True), GaussianNB())
        actual = fit(FitMemory(), pipeline, groups=np.arange(60))
    assert actual[0].groups_ is not None


def test_a_grouped_search_at_the_end_of_a_pipeline_gets_its_groups():
    search = GridSearchCV(SVC(), {"C": [1, 2]}, cv=GroupKFold(3))
    memory = FitMemory()
    with config_context(enable_metadata_routing=True):
        for _ in range(2):
            fit(memory, make_pipeline(StandardScaler(), search), groups=np.arange(60) // 6)
    assert memory.counts["fitted"] == 2
