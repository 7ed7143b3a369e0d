"""How quickly are weights of a fusion searched, and is anything computed twice on the way?

First, the scale of CREMA-D: 7442 clips x 2 modalities x 6 emotions, 5 inner folds by actor. One fit
of a fusion gives the out-of-fold scores of every modality (its classifiers' fits are counted); on
them 10,000 weightings are judged at once, by `score_weights`, and for comparison one by one: by
predict() of the fitted fusion, and by bare numpy (a weighted sum, argmax, mean). The loops are
timed on some of the weightings and extrapolated. With --cremad FOLDER the scores are shares of
CREMA-D's voters, otherwise random ones. The weightings are a grid of step 0.1 around what
weights="search" finds.

Second, a GridSearchCV over C x PCA x weights on clips: extractions and fits that were done twice
for the same data and parameters are counted.

  python experiments/bench/search.py --quick
  python experiments/bench/search.py --cremad CREMA-D --out reports/bench_search.json
"""

import tempfile
import wave
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

import joblib
import numpy as np
import pandas as pd
from command import new_parser, write_figures
from sklearn import config_context
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import (
    EmotionWeightedFusion,
    ScoreColumns,
    ShortTermStatistics,
    score_weights,
    search_weights,
)
from emopipe.extraction import COUNTERS

EMOTIONS = ("anger", "disgust", "fear", "happiness", "neutral", "sadness")
FOLDS = 5
GOALS = {"ratio": 20.0}


def score_table(cremad, n):
    """Return clips with scores: CREMA-D's votes, or random ones."""
    if cremad is not None:
        from emopipe import load_corpus, usable

        clips = usable(load_corpus("cremad", cremad, files=False))
        return clips.sample(min(n, len(clips)), random_state=0).reset_index(drop=True)
    rng = np.random.default_rng(0)
    truth = rng.integers(0, len(EMOTIONS), n)
    clips = pd.DataFrame({"emotion": np.array(EMOTIONS)[truth]})
    clips["subject"] = [f"{1001 + i % 91}" for i in range(n)]
    for modality, strength in (("voice", 1.0), ("face", 1.6)):
        scores = rng.random((n, len(EMOTIONS)))
        scores[np.arange(n), truth] += strength * rng.random(n)
        for emotion, column in zip(EMOTIONS, scores.T, strict=True):
            clips[f"votes_{modality}_{emotion}"] = column
    return clips


@contextmanager
def count_fits(*classes):
    """Count the fits of classes, by class, parameters and data."""
    fits, originals = Counter(), {cls: cls.fit for cls in classes}

    def counting(cls):
        def fit(self, X, y=None, **params):
            fits[cls.__name__, str(self.get_params()), joblib.hash((X, y))] += 1
            return originals[cls](self, X, y, **params)

        return fit

    for cls in classes:
        cls.fit = counting(cls)
    try:
        yield fits
    finally:
        for cls, original in originals.items():
            cls.fit = original


def tally(counts):
    """Return the fits per class, and those of the same parameters on the same data."""
    fits = Counter()
    for (name, *_), n in counts.items():
        fits[name] += n
    return dict(fits), sum(n - 1 for n in counts.values())


def around(weights, n):
    """Return n weightings: a grid of step 0.1 around weights, nearest points first."""
    rng = np.random.default_rng(0)
    singles = np.concatenate([np.eye(weights.size), -np.eye(weights.size)])
    pairs = (singles[:, None] + singles[None]).reshape(-1, weights.size)
    further = rng.integers(-3, 4, (n, weights.size))
    steps = np.concatenate([np.zeros((1, weights.size)), singles, pairs, further])[:n]
    return np.maximum(weights + 0.1 * steps.reshape(-1, *weights.shape), 0)


def time_per_item(function, items):
    """Return the seconds per item."""
    began = perf_counter()
    for item in items:
        function(item)
    return (perf_counter() - began) / len(items)


def judge(fusion, clips, codes, weightings, n_looped, rounds):
    """Return the scores of weightings, and the seconds of a scan and of two loops, per round."""
    scores, rows = fusion.oof_scores_, []
    index, columns = fusion.weights_.index, fusion.weights_.columns

    def predict(weights):
        fusion.weights_ = pd.DataFrame(weights, index=index, columns=columns)
        return np.mean(fusion.predict(clips) == clips["emotion"])

    def bare(weights):
        return np.mean(np.einsum("mce,me->ce", scores, weights).argmax(axis=1) == codes)

    for i in range(rounds):
        began = perf_counter()
        judged = score_weights(scores, codes, weightings)
        row = {"scan": perf_counter() - began}
        looped = weightings[i :: max(1, len(weightings) // n_looped)][:n_looped]
        row["predict"] = time_per_item(predict, looped) * len(weightings)
        row["bare"] = time_per_item(bare, looped) * len(weightings)
        rows.append(row)
    return judged, rows


def scan(clips, n, n_looped, rounds):
    """Return the figures of the scan, of both loops and of the search."""
    modalities = [(name, ScoreColumns(prefix=f"votes_{name}_")) for name in ("voice", "face")]
    fusion = EmotionWeightedFusion(modalities, weights="search", cv=FOLDS, remember=False)
    with count_fits(ScoreColumns) as fits:
        fusion.fit(clips, clips["emotion"])
    codes = np.searchsorted(fusion.classes_, clips["emotion"])
    scores = fusion.oof_scores_
    began = perf_counter()
    best = search_weights(scores, codes)
    searched = perf_counter() - began
    weightings = around(best, n)
    judged, timings = judge(fusion, clips, codes, weightings, n_looped, rounds)
    return {
        "clips": len(clips),
        "weightings": len(weightings),
        "looped": n_looped,
        "fits": tally(fits)[0]["ScoreColumns"],
        "modalities": len(modalities),
        "rounds": timings,
        "search_seconds": searched,
        "searched": float(score_weights(scores, codes, best[None])[0]),
        "best_of_grid": float(judged.max()),
    }


def write_voices(folder, subjects, each):
    """Write a second of sound per clip, and return the clip table."""
    rng, rows = np.random.default_rng(0), []
    for subject in range(subjects):
        for i in range(each * 2):
            emotion, path = ("anger", "sadness")[i % 2], folder / f"{subject}_{i}.wav"
            tone = np.sin(np.arange(16000) * (0.05 + 0.05 * (i % 2) + 0.01 * rng.random()))
            samples = (8000 * (tone + 0.3 * rng.standard_normal(16000))).clip(-32000, 32000)
            with wave.open(str(path), "wb") as file:
                file.setparams((1, 2, 16000, 0, "NONE", ""))
                file.writeframes(samples.astype(np.int16).tobytes())
            rows.append({"path": str(path), "subject": f"s{subject}", "emotion": emotion})
    return pd.DataFrame(rows)


def voices(store):
    """Return two modalities: pipelines from sound to scores."""
    modalities = []
    for name, window in (("short", 0.05), ("long", 0.5)):
        voice = ShortTermStatistics(window=window, step=0.025, store=str(store))
        modalities.append((name, make_pipeline(voice, StandardScaler(), PCA(), SVC())))
    return modalities


def grid(folder, subjects, each, *, C, n_components, weights):
    """Return what a grid search over a whole fusion extracted and fitted."""
    clips, modalities = write_voices(folder, subjects, each), voices(folder / "store.sqlite")
    parameters = {"weights": weights}
    for name, _ in modalities:
        parameters[f"{name}__svc__C"] = C
        parameters[f"{name}__pca__n_components"] = n_components
    fusion = EmotionWeightedFusion(modalities, cv=3)
    before, began = COUNTERS["prepared"], perf_counter()
    with (
        config_context(enable_metadata_routing=True),
        count_fits(StandardScaler, PCA, SVC) as counts,
    ):
        search = GridSearchCV(fusion, parameters, cv=GroupKFold(3), error_score="raise")
        search.fit(clips, clips["emotion"], groups=clips["subject"])
    fits, twice = tally(counts)
    points = len(search.cv_results_["params"])
    # Every point is fitted in 3 folds; learned weights take 3 inner folds and all clips each time.
    each_time = [1 if rule == "equal" else 4 for rule in weights]
    naive = len(modalities) * 3 * points * sum(each_time) // len(each_time)
    return {
        "seconds": perf_counter() - began,
        "points": points,
        "clips_x_recipes": len(clips) * len(modalities),
        "extracted": COUNTERS["prepared"] - before,
        "extracted_twice": COUNTERS["prepared"] - before - len(clips) * len(modalities),
        "fits": fits,
        "fitted_twice": twice,
        "fits_without_memory": naive,
    }


def show(scanned, gridded):
    """Print the tables, return whether every goal was met."""
    rounds = scanned["rounds"]
    n, looped = scanned["weightings"], scanned["looped"]
    due = scanned["modalities"] * (FOLDS + 1)
    ratios = {loop: median(r[loop] / r["scan"] for r in rounds) for loop in ("predict", "bare")}
    extrapolated = f"(extrapolated from {looped})"
    rows = [
        ("fits of base classifiers", scanned["fits"], f"= {due}", scanned["fits"] == due),
        (f"scan of {n} weightings, s", median(r["scan"] for r in rounds), "", None),
        (f"loop of predict(), s {extrapolated}", median(r["predict"] for r in rounds), "", None),
        ("loop of predict() / scan", ratios["predict"], ">= 20", ratios["predict"] >= 20),
        (f"loop of bare numpy / scan {extrapolated}", ratios["bare"], "", None),
        ('weights="search", s', scanned["search_seconds"], "", None),
        ("accuracy of the best of the grid", scanned["best_of_grid"], "", None),
        ('accuracy of weights="search"', scanned["searched"], ">= best of grid",
         scanned["searched"] >= scanned["best_of_grid"] - 1e-12),
        (f"GridSearchCV, {gridded['points']} points: clips extracted twice",
         gridded["extracted_twice"], "= 0", gridded["extracted_twice"] == 0),
        ("scaler, PCA, SVM fitted twice", gridded["fitted_twice"], "= 0",
         gridded["fitted_twice"] == 0),
        *[(f"fits of {name} (without memory {gridded['fits_without_memory']})", count, "", None)
          for name, count in gridded["fits"].items()],
    ]  # fmt: skip
    for what, figure, goal, met in rows:
        verdict = "" if met is None else f"goal {goal}: {'yes' if met else 'NO'}"
        print(f"{what:58} {figure:10.6g}  {verdict}")
    return rows


def main():
    """Measure, print, write."""
    parser = new_parser(__doc__, "fewer clips, weightings and rounds")
    parser.add_argument("--cremad", type=Path, help="CREMA-D's folder, for its vote tables")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    clips = score_table(args.cremad, 1000 if args.quick else 7442)
    if args.quick:
        scanned = scan(clips, 1000, 10, 2)
    else:
        scanned = scan(clips, 10_000, 100, args.rounds)
    with tempfile.TemporaryDirectory() as folder:
        points = {"C": [1.0, 10.0], "n_components": [2] if args.quick else [2, 4]}
        rules = ["equal", "recall", "search"]
        gridded = grid(Path(folder), 6, 2 if args.quick else 5, weights=rules, **points)
    rows = show(scanned, gridded)
    table = [row[:2] for row in rows]
    result = {"scan": scanned, "grid": gridded, "table": table}
    write_figures(args.out, result)


if __name__ == "__main__":
    main()
