"""Do voice and face together recognise more than either, when many takes lack a face?

Voice: the thesis' 68 statistics of every RAVDESS speech recording. Face: a table of
facial features per take, which covers only some takes; the other recordings train the
voice alone and are never tested on (--set face_features=FILE.csv, with a column `file` of
RAVDESS names and one column per feature). Their scores are fused with equal weights, with
weights by the thesis' recall rule or searched, in a log pool and by stacking, all learned on inner
folds by actor.
"""

import pandas as pd
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import (
    EmotionWeightedFusion,
    Experiment,
    FeatureTable,
    ShortTermStatistics,
    StackedFusion,
    differences,
    evaluate,
    load_corpus,
    make_clip_pipeline,
    run_script,
)

TAKE = r"\d\d-([\d-]+)\.\w+$"  # a RAVDESS file name without its modality field


def experiment(ravdess, *, face_features, n_folds: int | str = 4, engine="emopipe"):
    """Return voice, face and their fusions on the takes which have both."""
    clips = load_corpus("ravdess", ravdess, modality="audio")
    face_rows = set(pd.read_csv(face_features)["file"].str.extract(TAKE)[0])
    clips["train_only"] = ~clips["take"].isin(face_rows)

    statistics = ShortTermStatistics(engine=engine, progress=True)
    units = FeatureTable(face_features, key="file", pattern=TAKE)
    voice = make_clip_pipeline(statistics, StandardScaler(), SVC(C=10))
    face = make_clip_pipeline(units, StandardScaler(), SVC(C=10))
    both = [("voice", voice), ("face", face)]
    estimators = {
        "voice": voice,
        "face": face,
        "equal weights": EmotionWeightedFusion(both),
        "recall rule": EmotionWeightedFusion(both, weights="recall"),
        "searched weights": EmotionWeightedFusion(both, weights="search"),
        "log pool": EmotionWeightedFusion(both, pool="log"),
        "stacking": StackedFusion(both),
    }
    results = {label: evaluate(e, clips, cv=n_folds) for label, e in estimators.items()}
    return Experiment(
        name="ravdess_voice_face",
        title="RAVDESS: voice statistics and facial features, fused",
        question="Do voice and face together recognise more than either alone?",
        results=results,
        references=["voice", "face"],
        comparisons=differences(results, ["voice", "face"]),
    )


if __name__ == "__main__":
    run_script(experiment)
