"""A result counted on the clips that got an answer, beside that on all of them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

from emopipe import Result, WhereFinite, drop_unanswered, evaluate


@pytest.fixture(scope="module")
def result():
    """AFEW's validation set as the thesis had it: 328 of 383 clips have a face."""
    counts = {"anger": (64, 55), "disgust": (40, 35), "fear": (46, 38), "happiness": (63, 56),
              "neutral": (63, 57), "sadness": (61, 47), "surprise": (46, 40)}  # fmt: skip
    rng, rows = np.random.default_rng(0), []
    for n, (emotion, (there, answered)) in enumerate(counts.items()):
        for split, total in (("val", there), ("train", 10)):
            for number in range(total):
                is_answered = split == "train" or number < answered
                rows.append({"clip": f"{split}-{emotion}-{number}", "emotion": emotion,
                             "split": split, "x": rng.normal(n, 3) if is_answered else np.nan,
                             "subject": None})  # fmt: skip
    return evaluate(
        WhereFinite(GaussianNB()), pd.DataFrame(rows), cv="official-val", features=["x"],
        n_bootstrap=50, ignore=["EMO02", "EMO09", "EMO10"],
    )  # fmt: skip


def test_the_same_right_answers_are_counted_of_fewer_clips(result):
    answered = drop_unanswered(result)
    assert (len(result.predictions), len(answered.predictions)) == (383, 328)
    right = [r.metrics["accuracy"]["value"] * len(r.predictions) for r in (result, answered)]
    assert right[0] == pytest.approx(right[1]) and right[0] > 40
    assert answered.per_emotion["support"].tolist() == [55, 35, 38, 56, 57, 47, 40]
    assert np.array_equal(answered.confusion, result.confusion)
    assert answered.folds[0]["n_test"] == 328 and answered.folds[0]["n_unanswered"] == 0
    assert answered.folds[0]["accuracy"] == pytest.approx(answered.metrics["accuracy"]["value"])
    assert not answered.partial and answered.coverage["statuses"] == result.coverage["statuses"]
    assert "55 of 383 clips got no answer" in answered.notices[-1]["text"]
    assert result.notices == answered.notices[:-1] and answered.fingerprint != result.fingerprint
    assert Result.from_json(answered.to_json()) == answered


def test_a_fold_without_any_answer_has_no_figures(result):
    answers = result.predictions.assign(fold=np.repeat([0, 1], [100, 283]))
    answers.loc[:99, "predicted"] = None
    folds = [result.folds[0], result.folds[0] | {"fold": 1}]
    answered = drop_unanswered(Result(**vars(result) | {"predictions": answers, "folds": folds}))
    assert [fold["accuracy"] is None for fold in answered.folds] == [True, False]
    with pytest.raises(ValueError, match="none of 383 clips got an answer"):
        unanswered = result.predictions.assign(predicted=None)
        drop_unanswered(Result(**vars(result) | {"predictions": unanswered}))
