"""From how many people must a recogniser of voices learn?

The same clips are tested as with all training people, by recognisers that saw fewer of them: the
curve says whether more people would help.

  emopipe run voice_people --corpus ravdess=FOLDER
"""

import numpy as np
from sklearn.model_selection import GroupKFold

from emopipe import Chart, Experiment, evaluate, load_corpus, run_script, usable, voice_ensemble

SYNTHETIC = {"people": (2, 3), "n_folds": 2, "speeds": (), "sets": ("mfcc",)}


class FewerPeople(GroupKFold):
    """Folds by subject, of whose training people only `people` are left, drawn anew in each fold.

    The first so many of one drawn order: whoever trains among four trains among six, too.
    """

    def __init__(self, n_splits=5, *, people):
        super().__init__(n_splits)
        self.people = people

    def split(self, X, y=None, groups=None):
        """Yield rows that train and rows that are tested."""
        groups = np.asarray(groups)
        for fold, (train, test) in enumerate(super().split(X, y, groups)):
            order = np.random.default_rng(fold).permutation(np.unique(groups[train]))
            yield train[np.isin(groups[train], order[: self.people])], test


def experiment(
    ravdess=None, mine=None, *, people=(4, 6, 9, 12), unlabelled=(0, "all"), sets=None,
    speeds=(0.92, 1.09), n_folds=4, checkpoint=None,
):  # fmt: skip
    """Return one result for each number of training people.

    Parameters
    ----------
    people
        numbers of training people, of which each fold must have as many
    unlabelled
        clips known of whom is tested, without their emotions; 'all': all of them
    speeds
        of copies that the voice ensemble trains on; (): none
    """
    results, lines = {}, {}
    corpora = {
        "RAVDESS": ("ravdess", ravdess, {"modality": "audio"}),
        "own clips": ("mine", mine, {}),
    }
    chosen = {} if sets is None else {"sets": sets}
    for title, (name, folder, options) in corpora.items():
        if folder is None:
            continue
        clips = usable(load_corpus(name, folder, **options))
        for how_much in unlabelled:
            terms = "nothing known" if not how_much else f"{how_much} unlabelled clips"
            voice = voice_ensemble(
                unlabelled_clips=how_much, speeds=speeds, progress=True, **chosen
            )
            line = lines[f"{title}; {terms}"] = {"x": [], "y": [], "low": [], "high": []}
            for number in people:
                folds = FewerPeople(n_folds, people=number)
                result = evaluate(voice, clips, cv=folds, checkpoint=checkpoint)
                results[f"{title}: {number} people; {terms}"] = result
                line["x"].append(number)
                for end, key in (("y", "value"), ("low", "low"), ("high", "high")):
                    line[end].append(result.metrics["accuracy"][key])
    if not results:
        raise ValueError("name a corpus: --corpus ravdess=FOLDER or mine=FOLDER")
    chart = Chart("Training people", "people that train", "accuracy", lines)
    return Experiment(
        name="voice_people",
        title="From how many people a recogniser of voices learns",
        question="Would more training people help?",
        results=results,
        charts=[chart],
    )


if __name__ == "__main__":
    run_script(experiment)
