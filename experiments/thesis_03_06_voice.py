"""Experiments 3-6 of the thesis: which training corpus suits the voice on AFEW's test set?

SAVEE alone (30 clips per emotion), AFEW alone (104), both balanced (134), both
unbalanced; 68 voice statistics and a linear SVM whose C is chosen by 100 random
shuffles (90 % train, 10 % test) of the training set, as pyAudioAnalysis does; ours
keep a subject's clips together. AFEW's test set is all that is ever tested on; who does not have
its emotions tests on the validation set (--set cv=official-val).
"""

from sklearn.model_selection import GridSearchCV, GroupShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe import (
    Experiment,
    ShortTermStatistics,
    WhereFinite,
    combine,
    differences,
    evaluate,
    load_corpus,
    run_script,
    sample_per_emotion,
)

# section 4, experiment 6: clips per emotion of both corpora together
UNBALANCED = {
    "anger": 193, "disgust": 134, "fear": 141, "happiness": 210, "neutral": 263, "sadness": 177,
    "surprise": 134,
}  # fmt: skip

# On drawn people: nothing is downloaded, and it takes minutes.
SYNTHETIC = {"n_shuffles": 3, "savee_clips": 2, "afew_clips": 2}


def experiment(afew, savee, *, n_shuffles=100, savee_clips=30, afew_clips=104, cv="official"):
    """Return the four training sets' results on AFEW's test clips.

    Parameters
    ----------
    n_shuffles : int
        Random 90/10 shuffles of the training set for each C.
    savee_clips, afew_clips : int
        Clips per emotion of experiments 3 to 5.
    """
    afew = load_corpus("afew", afew)
    savee = load_corpus("savee", savee).assign(train_only=True)
    tested = "val" if cv == "official-val" else "test"
    test = afew[afew["split"] == tested]
    train = afew[~afew["split"].isin([tested, "test"])]
    savee_30 = sample_per_emotion(savee, savee_clips)
    afew_104 = sample_per_emotion(train, afew_clips)
    training_sets = {
        "3: SAVEE": [savee_30],
        "4: AFEW": [afew_104],
        "5: AFEW + SAVEE, balanced": [afew_104, savee_30],
        "6: AFEW + SAVEE, unbalanced": [
            sample_per_emotion(combine(train, savee), UNBALANCED, random_state=0)
        ],
    }
    voice = make_pipeline(
        ShortTermStatistics(progress=True),
        WhereFinite(make_pipeline(StandardScaler(), SVC(kernel="linear"))),
    )
    search = GridSearchCV(
        voice,
        {"wherefinite__estimator__svc__C": [0.01, 0.1, 1, 10]},
        cv=GroupShuffleSplit(n_shuffles, test_size=0.1, random_state=0),
    )
    results = {
        label: evaluate(search, combine(*tables, test), cv=cv)
        for label, tables in training_sets.items()
    }
    return Experiment(
        name="thesis_03_06_voice",
        title="Thesis, experiments 3-6: voice",
        question="Which training corpus suits the voice on AFEW's test set?",
        results=results,
        references=["4: AFEW"],
        comparisons=differences(results, ["4: AFEW"]),
        notices=[
            "The thesis shows the accuracies of experiments 3-6 only as a plot (figure 20); "
            "the balanced mixture of both corpora was its best."
        ],
    )


if __name__ == "__main__":
    run_script(experiment)
