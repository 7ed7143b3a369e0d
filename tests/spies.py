"""Small clip tables, and classifiers that remember whom they were fitted on."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin

EMOTIONS = ("anger", "happiness", "sadness")
# What spies saw: one entry per fit, (subjects, groups or None); per predict, subjects.
FITTED, ASKED = [], []


def clip_table(subjects="abcdef", n_each=2, *, seed=0, strength=1.0, **columns):
    """Return a table of `n_each` clips per subject and emotion; column `cue` tells the emotion."""
    rows = [
        {"clip": f"{s}/{e}{n}.wav", "subject": s, "emotion": e, "corpus": "toy", "kind": k}
        for s in subjects
        for k, e in enumerate(EMOTIONS)
        for n in range(n_each)
    ]
    table = pd.DataFrame(rows).assign(train_only=False, excluded="", synthetic=False, split=None)
    noise = np.random.default_rng(seed).normal(size=(len(table), 2))
    table["cue"] = strength * table["kind"] + 0.3 * noise[:, 0]
    table["voiceprint"] = table["subject"].map(ord) + 0.01 * noise[:, 1]
    return table.drop(columns="kind").assign(**columns)


class Spy(ClassifierMixin, BaseEstimator):
    """Answers by the nearest class mean of `cue`, and tells whom it saw."""

    def __init__(self, *, column="cue", offset=0.0):
        self.column = column
        self.offset = offset

    def fit(self, X, y):
        return self._fit(X, y, None)

    def _fit(self, X, y, groups):
        FITTED.append((sorted(set(X["subject"].dropna())), groups, X))
        self.classes_ = np.unique(y)
        cue = X[self.column].to_numpy()
        self.means_ = np.array([cue[y == name].mean() for name in self.classes_])
        return self

    def predict_proba(self, X):
        ASKED.append((sorted(set(X["subject"].dropna())), X))
        distance = np.abs(X[self.column].to_numpy()[:, None] + self.offset - self.means_)
        scores = np.exp(-distance)
        return scores / scores.sum(1, keepdims=True)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(1)]


class GroupSpy(Spy):
    """Asks for groups."""

    __metadata_request__fit = {"groups": True}  # noqa: RUF012

    def fit(self, X, y, groups=None):
        return self._fit(X, y, groups)
