"""Makes small experiments out of random scores, for the tests of reports and commands."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, GroupKFold

from emopipe.evaluation import evaluate
from emopipe.experiment import Chart, Experiment
from emopipe.fusion import EmotionWeightedFusion, ScoreColumns
from emopipe.literature import Published, Source

EMOTIONS = ("anger", "fear", "happiness", "neutral")


class NoisyLabels(ClassifierMixin, BaseEstimator):
    """Answer with the column `hint`, which a table may have right or wrong."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.history_ = {"loss": [1.4, 1.1, 0.9], "val_loss": [1.5, 1.3, 1.3]}
        return self

    def predict(self, X):
        return X["hint"].to_numpy()

    def predict_proba(self, X):
        return (X["hint"].to_numpy()[:, None] == self.classes_).astype(float)


def clip_table(*, subjects=8, skill=0.6, seed=0, emotions=EMOTIONS):
    """Return a clip table without files whose `hint` is right in a share `skill` of the rows."""
    rng = np.random.default_rng(seed)
    rows = [
        {"clip": f"{s}/{e}/{k}", "subject": f"s{s:02d}", "emotion": e}
        for s in range(subjects)
        for e in emotions
        for k in range(3)
    ]
    table = pd.DataFrame(rows).assign(
        path=None, corpus="invented", split=None, media="video", train_only=False, excluded="",
        synthetic=True,
    )  # fmt: skip
    guesses = rng.choice(emotions, len(table))
    table["hint"] = np.where(rng.random(len(table)) < skill, table["emotion"], guesses)
    return table


def experiment(*, name="invented", skills=(0.4, 0.8), **fields):
    """Return an experiment with one result per skill."""
    results = {
        f"skill {skill}": evaluate(
            NoisyLabels(), clip_table(skill=skill), cv=4, n_bootstrap=50, title=f"skill {skill}"
        )
        for skill in skills
    }
    defaults = {
        "title": "An invented experiment",
        "question": "Can the report be read?",
        "published": [
            Published(
                label="somebody's",
                value=0.5,
                source=Source("A. Nobody", "On guesses", 1900, "Rome"),
                beside=None if not skills else f"skill {skills[0]}",
            )
        ],
        "charts": [Chart("A curve", "x (s)", "y", {"a": {"x": [0, 1], "y": [0.2, 0.4]}})],
        "reproduce": "emopipe run nothing",
    }
    return Experiment(name=name, results=results, **(defaults | fields))


def fused_clips(subjects=6):
    """Return a clip table whose voters of the voice tell two emotions, of the face the others."""
    clips = clip_table(subjects=subjects)
    for name, emotions in (("voice", EMOTIONS[:2]), ("face", EMOTIONS[2:])):
        for emotion in EMOTIONS:
            right = clips["emotion"].isin(emotions) & (clips["emotion"] == emotion)
            clips[f"votes_{name}_{emotion}"] = np.where(right, 9, 1) + (emotion == emotions[0])
    clips["sex"] = np.where(clips["subject"] < "s03", "female", "male")
    return clips.assign(age=25 + 3 * (clips.index % 4), intensity="low")


def fusion(**options):
    """Return an unfitted fusion of the voters in `fused_clips`."""
    parts = [(name, ScoreColumns(prefix=f"votes_{name}_")) for name in ("voice", "face")]
    return EmotionWeightedFusion(parts, **options)


def full_experiment():
    """Return an experiment that fills every part of a report."""
    grid = {"weights": ["equal", "recall"], "clips_per_weight": [0, 10, 100]}
    search = GridSearchCV(fusion(), grid, cv=GroupKFold(2))
    results = {
        "fusion": evaluate(search, fused_clips(), cv=3, n_bootstrap=50),
        "guesses": evaluate(NoisyLabels(), fused_clips(), cv=3, n_bootstrap=50, optimism_gap=True),
    }
    results["fusion"].run["commit"] = "0123456789" * 4
    return Experiment(
        name="full", title="All parts", question="Is every part there?", results=results,
        references=["guesses"], reproduce="emopipe run full",
    )  # fmt: skip
