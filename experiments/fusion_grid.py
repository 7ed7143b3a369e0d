"""Which weights, how many PCA components and which C: one grid over a fusion of voice and face.

Voice: the thesis' 68 statistics and an SVM. Face: VGG-Face's fc7, a PCA and an SVM (with --set
face_features=FILE.csv a table of facial features of the takes in place of VGG-Face, with a column
`file` of RAVDESS names). GridSearchCV with GroupKFold tries rules that learn weights per emotion
(recall, search), equal weights, and matrices that share one weight between voice and face in
steps; it does so inside each training fold, so that the figures are of people who had no say in
the choice. The chart shows the scores of the grid on the inner folds.
"""

from collections import Counter

import numpy as np
import pandas as pd
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import (
    Chart,
    EmotionWeightedFusion,
    Experiment,
    FaceCrops,
    FeatureTable,
    ShortTermStatistics,
    VGGFaceFeatures,
    describe_weights,
    differences,
    evaluate,
    load_corpus,
    make_clip_pipeline,
    run_script,
    weight_grid,
)

TAKE = r"\d\d-([\d-]+)\.\w+$"  # a RAVDESS file name without its modality field
# On drawn people: nothing is downloaded, and it takes minutes.
SYNTHETIC = {"weights": "random", "n_frames": 1, "n_components": (5, 10), "C": (1, 10), "steps": 2}


def experiment(
    ravdess, *, face_features=None, weights="vggface", n_frames=5, n_components=(20, 68),
    C=(0.1, 1, 10), rules=("equal", "recall", "search"), steps=4, n_folds: int | str = 4,
    inner_folds=3,
):  # fmt: skip
    """Return equal weights without a search, and the whole grid.

    Parameters
    ----------
    n_components : tuple of int
        Components of the face's PCA, to try.
    C : tuple of float
        Of both SVMs, to try, each on its own.
    rules : tuple of str
        How weights are learned: equal, recall, search.
    steps : int
        Of the weight that all emotions share, from none to all for the voice.
    """
    clips = load_corpus("ravdess", ravdess, modality="audio" if face_features else "best")
    if face_features:
        there = set(pd.read_csv(face_features)["file"].str.extract(TAKE)[0])
        clips["train_only"] = ~clips["take"].isin(there)
        face_values = FeatureTable(face_features, key="file", pattern=TAKE)
    else:
        face_values = VGGFaceFeatures(
            weights=weights, faces=FaceCrops(n_frames=n_frames), progress=True
        )
    voice = make_clip_pipeline(ShortTermStatistics(progress=True), StandardScaler(), SVC(C=10))
    face = make_clip_pipeline(
        face_values, StandardScaler(), PCA(n_components[0], random_state=0), SVC(C=10)
    )
    fusion = EmotionWeightedFusion([("voice", voice), ("face", face)], weights="equal")
    matrices = weight_grid(["voice", "face"], sorted(clips["emotion"].unique()), steps=steps)
    grid = {
        "weights": [*rules, *matrices],
        "voice__svc__C": list(C),
        "face__svc__C": list(C),
        "face__pca__n_components": list(n_components),
    }
    search = GridSearchCV(fusion, grid, cv=GroupKFold(inner_folds))
    results = {
        "equal weights, no search": evaluate(fusion, clips, cv=n_folds),
        "grid": evaluate(search, clips, cv=n_folds),
    }
    return Experiment(
        name="fusion_grid",
        title="RAVDESS: weights, PCA components and C in one grid",
        question="Does a grid over weights, components and C recognise more than equal weights?",
        results=results,
        references=["equal weights, no search"],
        answer=[choices(results["grid"])],
        comparisons=differences(results, ["equal weights, no search"]),
        charts=[chart(results["grid"].searches[0], rules)],
    )


def choices(result):
    """Return in a sentence what the search chose in the outer folds."""
    chosen = pd.DataFrame([fold["best_params"] for fold in result.folds])
    parts = []
    for name in chosen:
        counts = Counter(describe_weights(value) for value in chosen[name])
        parts.append(f"{name} " + ", ".join(f"{v} ({n})" for v, n in counts.most_common()))
    return f"Chosen in {len(chosen)} folds: {'; '.join(parts)}."


def chart(search, rules):
    """Return the scores on inner folds against the voice's share, the best of C and components."""
    scores = np.array(search["mean"], dtype=float).mean(axis=0)
    table = pd.DataFrame(search["params"]).assign(score=scores)
    n = table["face__pca__n_components"]
    lines = {}
    for components in sorted(set(n)):
        rows = table[n == components]
        shares = rows["weights"].map(_share_of_voice)
        best = rows["score"].groupby(shares).max()
        lines[f"{components} components"] = {"x": best.index.tolist(), "y": best.tolist()}
        for rule in rules:
            score = float(rows["score"][rows["weights"].map(lambda w, r=rule: w == r)].max())
            lines[f"{components} components, {rule}"] = {"x": [0, 1], "y": [score, score]}
    return Chart(
        "The grid, best C of each point", "share of the voice's weight",
        f"{search['scoring']} on inner folds", lines,
    )  # fmt: skip


def _share_of_voice(weights):
    return None if isinstance(weights, str) else next(iter(weights["voice"].values()))


if __name__ == "__main__":
    run_script(experiment)
