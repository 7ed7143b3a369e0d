"""Which of pyAudioAnalysis' classifiers suits the thesis' voice features best?

SVM, k-nearest neighbours, random forest, extra trees and gradient boosting on the
same 68 voice statistics and the same folds by subject; the one parameter that
pyAudioAnalysis tunes for each is chosen by an inner search grouped by subject.
"""

from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import (
    Experiment,
    ShortTermStatistics,
    differences,
    evaluate,
    load_corpus,
    make_clip_pipeline,
    run_script,
)

# label -> (classifier, its parameter, the values tried)
CLASSIFIERS = {
    "SVM": (SVC(class_weight="balanced"), "C", [1, 10, 100]),
    "k-nearest neighbours": (KNeighborsClassifier(), "n_neighbors", [3, 7, 15]),
    "random forest": (RandomForestClassifier(random_state=0), "n_estimators", [100, 300]),
    "extra trees": (ExtraTreesClassifier(random_state=0), "n_estimators", [100, 300]),
    "gradient boosting": (
        GradientBoostingClassifier(random_state=0, max_features="sqrt"),
        "n_estimators",
        [50, 100],
    ),
}

# On drawn people: nothing is downloaded, and it takes minutes.
SYNTHETIC = {"n_folds": 2, "inner_folds": 2}


def experiment(ravdess, *, n_folds: int | str = 4, inner_folds=3, engine="emopipe"):
    """Return one result for each classifier."""
    clips = load_corpus("ravdess", ravdess, modality="audio")
    results = {}
    for label, (classifier, parameter, values) in CLASSIFIERS.items():
        pipeline = make_clip_pipeline(
            ShortTermStatistics(engine=engine, progress=True), StandardScaler(), classifier
        )
        name = f"{type(classifier).__name__.lower()}__{parameter}"
        search = GridSearchCV(
            pipeline, {name: values}, cv=GroupKFold(inner_folds), scoring="balanced_accuracy"
        )
        results[label] = evaluate(search, clips, cv=n_folds)
    return Experiment(
        name="voice_classifiers",
        title="Five classifiers on the same voice statistics",
        question="Which of pyAudioAnalysis' classifiers suits the thesis' voice features best?",
        results=results,
        references=["SVM"],
        comparisons=differences(results, ["SVM"]),
    )


if __name__ == "__main__":
    run_script(experiment)
