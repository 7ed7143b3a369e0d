"""The logarithmic pool, stacking and shrinkage: optima, limits, and what few clips can do."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn import config_context
from sklearn.model_selection import GroupKFold, cross_val_predict

from emopipe.corpora import load_corpus, usable
from emopipe.evaluation import evaluate
from emopipe.fusion import (
    EmotionWeightedFusion,
    ScoreColumns,
    StackedFusion,
    choose_floors,
    likelihood_weights,
    log_scores,
    shrink_weights,
    stacking_coefficients,
    stacking_floors,
)
from emopipe.fusion.multinomial import left_out_loss, most_likely


def draw_scores(n_clips, weights, seed=0, n_people=10):
    """Scores (modalities, clips, emotions) whose log pool with `weights` is the truth; emotions."""
    rng = np.random.default_rng(seed)
    weights = np.asarray(weights, dtype=float)
    logs = rng.normal(0, 1.5, (len(weights), n_clips, weights.shape[1]))
    logs -= logs.mean(axis=2, keepdims=True)
    truth = softmax((weights[:, None] * logs).sum(axis=0), axis=1).cumsum(axis=1)
    y = np.minimum((truth < rng.random((n_clips, 1))).sum(axis=1), weights.shape[1] - 1)
    return softmax(logs, axis=2), y, rng.integers(0, n_people, n_clips)


def test_newton_finds_the_optimum_that_a_general_optimiser_finds():
    rng = np.random.default_rng(0)
    features, y = rng.normal(size=(4, 60, 3)), rng.integers(0, 4, 60)
    mean, root = rng.normal(size=12), rng.normal(size=(12, 12))
    precision = root @ root.T + np.eye(12)

    def loss(theta):
        logits = np.einsum("enk,ek->ne", features, theta.reshape(4, 3))
        away = theta - mean
        return away @ precision @ away / 2 - log_softmax(logits, axis=1)[np.arange(60), y].sum()

    theta = most_likely(features, y, mean, precision)
    np.testing.assert_allclose(theta, minimize(loss, mean).x, atol=1e-3)
    far = most_likely(features, y, mean, precision, start=mean + 20)
    np.testing.assert_allclose(theta, far, atol=1e-5)


def test_a_person_is_left_out_as_if_all_were_learned_anew():
    rng = np.random.default_rng(1)
    features, y = rng.normal(size=(3, 200, 2)), rng.integers(0, 3, 200)
    units, precision = np.repeat(np.arange(20), 10), np.eye(6)
    theta = most_likely(features, y, np.zeros(6), precision)
    loss = 0.0
    for unit in range(20):
        r = units == unit
        without = most_likely(features[:, ~r], y[~r], np.zeros(6), precision)
        logits = np.einsum("enk,ek->ne", features[:, r], without.reshape(3, 2))
        loss -= log_softmax(logits, axis=1)[np.arange(r.sum()), y[r]].sum() / 200
    actual = left_out_loss(features, y, units, theta, precision)
    in_sample = left_out_loss(features, y, np.arange(200) // 200, theta, np.eye(6) * 1e9)
    assert abs(actual - loss) < 0.1 * abs(loss - in_sample)


def test_many_clips_find_the_true_weights_and_few_stay_with_equal_ones():
    true = np.array([[1.5, 0.5, 1.0], [0.2, 1.0, 0.6]])
    scores, y, people = draw_scores(20_000, true)
    weights, biases = likelihood_weights(log_scores(scores, [1e-9, 1e-9]), y, people)
    np.testing.assert_allclose(weights, true, atol=0.08)
    np.testing.assert_allclose(biases - biases.mean(), 0, atol=0.08)

    def spread(n_clips):
        spreads = []
        for seed in range(5):
            scores, y, people = draw_scores(n_clips, np.ones((2, 3)), seed)
            weights, _ = likelihood_weights(log_scores(scores, [1e-9, 1e-9]), y, people)
            spreads.append(weights.std() / weights.mean())
        return np.mean(spreads)

    assert spread(20) < 0.25 and spread(5000) < 0.06


def test_stacking_hears_what_one_emotions_score_says_of_another():
    # The second modality confuses the first two emotions, always: its scores are exchanged.
    scores, y, people = draw_scores(4000, np.ones((2, 3)))
    scores[1] = scores[1][:, [1, 0, 2]]
    logs = log_scores(scores, [1e-9, 1e-9])
    coefficients, biases = stacking_coefficients(logs, y, people)
    stacked = np.einsum("mne,mef->nf", logs, coefficients) + biases
    weights, biases = likelihood_weights(logs, y, people)
    pooled = np.einsum("mne,me->ne", logs, weights) + biases
    right = [(z.argmax(axis=1) == y).mean() for z in (stacked, pooled)]
    assert right[0] > right[1] + 0.05
    few = stacking_coefficients(logs[:, :12], y[:12], people[:12])[0]
    assert abs(few[:, 0, 1]).max() < 0.5 * few[:, 0, 0].min()


def test_floors_believe_scores_near_zero_of_the_modality_that_deserves_it():
    scores, y, _ = draw_scores(500, [[3.0, 3.0, 3.0]])
    lapses = scores.copy()
    lapses[0, ::10] = lapses[0, ::10][:, [1, 2, 0]]  # now and then sure of what is wrong
    sure, unsure = choose_floors(np.concatenate([scores, lapses]) ** 3, y)
    assert sure < unsure


def test_floors_of_stacking_suit_voters_who_shy_away_from_an_answer():
    # Ten people vote on each clip; the less clear it is, the more say that it is neutral (2).
    rng = np.random.default_rng(0)
    y, unclear = rng.integers(0, 3, 1200), rng.random((1200, 1))
    chances = 0.97 * ((1 - unclear) * np.eye(3)[y] + unclear * np.eye(3)[2]) + 0.01
    scores = np.array([rng.multinomial(10, chance) for chance in chances])[None] / 10
    people = np.arange(1200) // 60
    (alone,), (stacked,) = choose_floors(scores, y), stacking_floors(scores, y, people)
    losses = {}
    for floor in (alone, stacked):
        logs = log_scores(scores, [floor])
        coefficients, biases = stacking_coefficients(logs[:, :600], y[:600], people[:600])
        logits = np.einsum("mne,mef->nf", logs[:, 600:], coefficients) + biases
        losses[floor] = -log_softmax(logits, axis=1)[np.arange(600), y[600:]].mean()
    assert alone < stacked and losses[stacked] < losses[alone]


@pytest.mark.parametrize("floor", [0.001, 0.5, 0.9])
def test_log_scores_keep_the_order_and_sum_to_zero(floor):
    scores = np.random.default_rng(0).dirichlet(np.ones(5), (2, 30))
    logs = log_scores(scores, [floor, floor])
    np.testing.assert_allclose(logs.sum(axis=2), 0, atol=1e-12)
    np.testing.assert_array_equal(logs.argsort(axis=2), scores.argsort(axis=2))


def test_learned_weights_are_drawn_towards_equal_ones_by_the_amount_of_data():
    weights = np.array([[1.0, 0.2], [0.0, 0.8]])
    assert shrink_weights(weights, 0).tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert shrink_weights(weights, 100, 0).tolist() == weights.tolist()
    away = [abs(shrink_weights(weights, n) - 0.5).max() for n in (1, 10, 100, 1000, 10**6)]
    assert away == sorted(away) and away[0] < 0.02 and away[-1] > 0.499
    np.testing.assert_allclose(shrink_weights(weights, 50).sum(axis=0), 1)


TABLE = [("voice", ScoreColumns(prefix="heard_")), ("face", ScoreColumns(prefix="seen_"))]


def votes(n_clips=200, seed=0):
    scores, y, people = draw_scores(n_clips, [[1.0, 0.4, 1.0], [0.5, 1.2, 0.5]], seed)
    columns = {
        f"{prefix}_{emotion}": scores[m][:, e]
        for m, prefix in enumerate(("heard", "seen"))
        for e, emotion in enumerate(("anger", "fear", "joy"))
    }
    subjects = np.array([f"s{p}" for p in people])
    emotions = np.array(["anger", "fear", "joy"])[y]
    return pd.DataFrame(columns).assign(subject=subjects, emotion=emotions), scores, y


def test_equal_weights_in_the_log_pool_are_the_product_rule():
    table, scores, _ = votes()
    fusion = EmotionWeightedFusion(TABLE, pool="log", weights="equal").fit(table, table["emotion"])
    product = scores.prod(axis=0)
    assert (fusion.predict(table) == fusion.classes_[product.argmax(axis=1)]).mean() > 0.99
    assert not fusion.learns_on_folds()


def test_the_geometric_mean_chooses_as_the_product_and_is_as_sure_as_its_members():
    table, scores, _ = votes(2000)
    alike = [(name, ScoreColumns(prefix="heard_")) for name in "abcdefg"]
    fusions = [EmotionWeightedFusion(alike, pool="log", weights=w) for w in ("mean", "equal")]
    mean, product = (f.fit(table, table["emotion"]).predict_proba(table) for f in fusions)
    np.testing.assert_array_equal(mean.argmax(axis=1), product.argmax(axis=1))
    np.testing.assert_allclose(mean, scores[0], atol=0.001)
    assert product.max(axis=1).mean() > mean.max(axis=1).mean() + 0.2
    linear = EmotionWeightedFusion(TABLE, weights="mean").fit(table, table["emotion"])
    np.testing.assert_allclose(linear.predict_proba(table), scores.mean(axis=0))


def test_the_log_pool_names_its_weights_and_probabilities_are_true():
    table, _, _ = votes(2000)
    fusion = EmotionWeightedFusion(TABLE, pool="log").fit(table, table["emotion"])
    assert fusion.weights_.loc["voice", "anger"] > fusion.weights_.loc["voice", "fear"]
    assert fusion.weights_.loc["face", "fear"] > fusion.weights_.loc["face", "joy"]
    fresh, _, _ = votes(2000, seed=1)
    top = fusion.predict_proba(fresh).max(axis=1)
    right = fusion.predict(fresh) == fresh["emotion"]
    assert abs(top.mean() - right.mean()) < 0.03


def cross_validated(fusion, table, cv):
    with config_context(enable_metadata_routing=True):
        answers = cross_val_predict(
            fusion, table, table["emotion"], cv=cv, params={"groups": table["subject"]}
        )
    return (answers == table["emotion"]).mean()


@pytest.mark.shared
def test_published_scores_fused_are_better_than_any_alone(shared_data):
    table = pd.read_csv(
        shared_data / "ravdess_published_scores" / "scores.csv", dtype={"subject": str}
    )
    names = ("voice_xlsr", "face_mlp", "face_lstm")
    systems = [(name, ScoreColumns(prefix=f"{name}_")) for name in names]
    assert len(table) == 960
    alone = max(cross_validated(part, table, GroupKFold(4)) for _, part in systems)
    fusions = {
        "log": (EmotionWeightedFusion(systems, pool="log"), 0.875),
        "product": (EmotionWeightedFusion(systems, pool="log", weights="equal"), 0.85),
        "stacking": (StackedFusion(systems), 0.875),
    }
    for fusion, least in fusions.values():
        assert cross_validated(fusion, table, GroupKFold(4)) >= max(least, alone)


@pytest.mark.shared
def test_cremads_voters_by_the_log_pool_and_stacking(shared_data):
    table = usable(load_corpus("cremad", shared_data / "cremad", files=False))
    voters = [(v, ScoreColumns(prefix=f"votes_{v}_")) for v in ("voice", "face")]
    log = EmotionWeightedFusion(voters, pool="log")
    assert cross_validated(log, table, GroupKFold(10)) >= 0.745
    assert cross_validated(StackedFusion(voters), table, GroupKFold(10)) >= 0.775


def test_a_fusion_below_its_best_modality_is_said_by_the_result():
    table, _, y = votes()
    names = np.array(["anger", "fear", "joy"])
    table = table.assign(clip=[f"{n}.wav" for n in range(len(table))])
    wrong = table.assign(**{f"seen_{e}": y == (i + 1) % 3 for i, e in enumerate(names)})
    result = evaluate(EmotionWeightedFusion(TABLE), wrong, cv=3, n_bootstrap=0)
    (text,) = [n["text"] for n in result.notices if "below its best modality" in n["text"]]
    assert "voice alone 0." in text
    better = table.assign(**{f"seen_{e}": y == i for i, e in enumerate(names)})
    result = evaluate(EmotionWeightedFusion(TABLE), better, cv=3, n_bootstrap=0)
    assert not [n for n in result.notices if "below its best" in n["text"]]


@pytest.mark.parametrize("rule", [{"weights": "recall"}, {"pool": "log"}, None])
def test_where_one_modality_is_never_there_the_advice_works(rule):
    table, _, y = votes()
    y = np.array(["anger", "fear", "joy"])[y]
    lost = table.assign(**{f"seen_{e}": np.nan for e in ("anger", "fear", "joy")})
    fusion = StackedFusion(TABLE) if rule is None else EmotionWeightedFusion(TABLE, **rule)
    with pytest.raises(ValueError, match=r"use .*weights='equal'\)?$"):
        fusion.fit(lost, y)
    equal = EmotionWeightedFusion(TABLE, weights="equal").fit(lost, y)
    assert np.isfinite(equal.predict_proba(lost)).all()


def test_the_diagram_shows_the_branches():
    page = EmotionWeightedFusion(TABLE)._repr_html_()
    assert page.count("<label>voice</label>") == page.count("<label>face</label>") == 1
    assert 'class="sk-parallel"' in page
