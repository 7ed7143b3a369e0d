"""Does a recogniser of voices know emotions, or the corpus that it was trained on?

Every corpus that is named trains a recogniser which is tested on every other one, with the emotions
that both have; the rows "A on A" are folds by subject of one corpus with the same emotions. Another
corpus has other people, sentences, rooms, microphones and, often, another language.

  emopipe run cross_corpus --corpus ravdess=FOLDER --corpus emodb=FOLDER --corpus mine=clips.csv
"""

from itertools import permutations

from emopipe import (
    Experiment,
    combine,
    evaluate,
    load_corpus,
    run_script,
    usable,
    voice_ensemble,
)

SYNTHETIC = {"n_folds": 2}


def common_emotions(clips, other):
    """Return the clips of both corpora whose emotions both have."""
    both = set(clips["emotion"]) & set(other["emotion"])
    return [table[table["emotion"].isin(both)] for table in (clips, other)]


def experiment(
    ravdess=None, cremad=None, savee=None, emodb=None, enterface=None, rml=None, mine=None, *,
    unlabelled_clips=0, sets=None, n_folds: int | str = 4,
):  # fmt: skip
    """Return one result for each ordered pair of corpora, and one for each corpus in a pair."""
    folders = {
        "ravdess": ravdess, "cremad": cremad, "savee": savee, "emodb": emodb,
        "enterface": enterface, "rml": rml, "mine": mine,
    }  # fmt: skip
    options = {"ravdess": {"modality": "audio"}}
    tables = {
        name: usable(load_corpus(name, folder, **options.get(name, {})))
        for name, folder in folders.items()
        if folder is not None
    }
    if len(tables) < 2:
        raise ValueError(f"name two corpora or more, with --corpus; {len(tables)} is named")
    how = {"unlabelled_clips": unlabelled_clips, "progress": True}
    recogniser = voice_ensemble(**how) if sets is None else voice_ensemble(sets=sets, **how)
    results = {}
    for name, other in permutations(tables, 2):
        same, strange = common_emotions(tables[name], tables[other])
        if same["emotion"].nunique() < 2:
            continue
        results[f"{name} on {name}, emotions of {other}"] = evaluate(recogniser, same, cv=n_folds)
        pair = combine(same.assign(split="train"), strange.assign(split="test"))
        results[f"{name} on {other}"] = evaluate(recogniser, pair, cv="official")
    if not results:
        raise ValueError(f"no two of {', '.join(tables)} have two emotions in common")
    return Experiment(
        name="cross_corpus",
        title="Train on one corpus, test on another",
        question="Does a recogniser of voices know emotions, or the corpus that it was trained on?",
        results=results,
        references=[label for label in results if "emotions of" in label],
    )


if __name__ == "__main__":
    run_script(experiment)
