"""Differences between results on the same clips: intervals, tests over subjects, effect sizes.

People are what is drawn and what is tested, since clips of one person are not independent.
"""

from itertools import combinations, product

import numpy as np

from emopipe.metrics import FIGURES, count_confusions, resample, units_of, with_interval

TESTED = ("accuracy", "uar")
# Up to so many people who differ, all swaps of signs are tried; for more, so many random ones.
_EXACT = 14
_N_FLIPS = 20_000


def _pair(a, b, common):
    """Return the predictions of both results, joined by clip, after checking that they pair."""
    for side in (a, b):
        if not hasattr(side, "predictions"):
            raise TypeError(f"compare was given a {type(side).__name__}: give two Results")
    keys = ["clip", "emotion"]
    pairs = a.predictions.merge(b.predictions, on=keys, suffixes=("_a", "_b"), validate="1:1")
    n_a, n_b = len(a.predictions), len(b.predictions)
    if not len(pairs) or (not common and not len(pairs) == n_a == n_b):
        raise ValueError(
            f"{a.title!r} and {b.title!r} share {len(pairs)} clips with the same emotion of {n_a} "
            f"and {n_b}: compare results on the same clips, or pass common=True to compare on the "
            "shared ones"
        )
    return pairs


def sign_flip_p(differences, random_state=0):
    """Return how often swapping the two sides by chance gives a sum as far from 0, two-sided.

    Under the null hypothesis each person's difference is as likely as its opposite [1]_. Exact
    for up to 14 people who differ, otherwise 20,000 random swaps, of which the one that was
    measured counts as one.

    Parameters
    ----------
    differences : array-like of float, shape (n_subjects,)
    random_state : int

    Returns
    -------
    float
        In (0, 1]; 1 where nobody differs.

    References
    ----------
    .. [1] Fisher: The design of experiments (1935), section 21.

    Examples
    --------
    >>> sign_flip_p([1, 2, 3, 4])  # all higher: 2 of 16 swaps are as extreme
    0.125
    """
    values = np.asarray(differences, dtype=np.float64)
    values = values[values != 0]
    if not len(values):
        return 1.0
    observed = abs(values.sum()) * (1 - 1e-9)
    if len(values) <= _EXACT:
        signs = np.array(list(product((-1, 1), repeat=len(values))))
        return float((abs(signs @ values) >= observed).mean())
    rng = np.random.default_rng(random_state)
    extreme = 0
    for _ in range(0, _N_FLIPS, 1000):
        signs = rng.integers(0, 2, size=(1000, len(values)), dtype=np.int8) * 2 - 1
        extreme += int((abs(signs @ values) >= observed).sum())
    return (extreme + 1) / (_N_FLIPS + 1)


def holm(p_values):
    """Return p values adjusted for their number: Holm's step-down method [1]_.

    Parameters
    ----------
    p_values : array-like of float, shape (n_tests,)

    Returns
    -------
    float64 array, shape (n_tests,)

    References
    ----------
    .. [1] Holm: A simple sequentially rejective multiple test procedure. Scand. J. Statist. 6
       (1979).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1)
    return adjusted


def _contributions(both, name):
    """Return by how much each unit changes a figure, shape (n_units,): they sum to the difference.

    Accuracy and UAR are sums over people, as both results have the same clips.
    """
    diagonals = np.diagonal(both[..., :-1], axis1=-2, axis2=-1).astype(np.float64)
    gains = diagonals[:, 1] - diagonals[:, 0]
    support = both[:, 0].sum((0, 2)).astype(np.float64)
    there = support > 0
    if name == "accuracy":
        return gains.sum(1) / support.sum()
    return (gains[:, there] / support[there]).mean(1)


def _test(both, name, random_state):
    """Return p, effect (mean over standard deviation, dz) and how many units are better or worse.

    The effect is of the units' own differences: right answers as a share of their clips for
    accuracy, mean of their recalls for UAR.
    """
    figures = FIGURES[name](both)
    gains = figures[:, 1] - figures[:, 0]
    spread = gains.std(ddof=1) if len(gains) > 1 else np.nan
    p = sign_flip_p(_contributions(both, name), random_state) if len(gains) > 1 else 1.0
    return {
        "p": p,
        "adjusted": p,
        "effect": round(float(gains.mean() / spread), 6) if spread > 1e-12 else None,
        "units": len(gains),
        "better": int((gains > 1e-12).sum()),
        "worse": int((gains < -1e-12).sum()),
    }


def compare(a, b, *, label=None, common=False, n_bootstrap=2000, random_state=0):
    """Return by how much result `b` is better than `a` on the same clips, with intervals.

    Both are resampled together: a draw takes the same subjects for both, so what makes a subject
    easy or hard for both cancels out. So does the test swap both results of a person.

    Parameters
    ----------
    a, b : Result
        Evaluations whose predictions cover the same clips.
    label : str or None
        What is compared, in words.
    common : bool
        Compare on the clips that both cover instead of refusing when they differ.
    n_bootstrap : int
    random_state : int

    Returns
    -------
    dict
        label ("b minus a", of their titles), n (clips), units (subjects, or clips where subjects
        are unknown), same_folds, and accuracy, uar, macro_f1, each {value, low, high}: b minus a.
        test: for accuracy and uar, p of a two-sided sign-flip test over units, adjusted (equal to
        p for a single comparison), effect (mean over standard deviation of the units' differences),
        units, better and worse (how many units are).

    Raises
    ------
    ValueError
        When the clips differ and `common` is false, or nothing is shared.

    See Also
    --------
    differences : many results at once, adjusted for their number.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from emopipe import compare, evaluate
    >>> emotion = np.tile(["anger", "sadness"], 12)
    >>> clips = pd.DataFrame({"clip": [f"{n}.wav" for n in range(24)], "emotion": emotion,
    ...     "subject": np.repeat(list("abcd"), 6), "energy": 1.0 * (emotion == "anger")})
    >>> clips["energy"] += np.linspace(0, 0.9, 24)
    >>> chance = evaluate(DummyClassifier(), clips, cv=4, features=["energy"], n_bootstrap=200)
    >>> bayes = evaluate(GaussianNB(), clips, cv=4, features=["energy"], n_bootstrap=200)
    >>> difference = compare(chance, bayes)
    >>> round(difference["accuracy"]["value"], 3), difference["test"]["accuracy"]["p"]
    (0.417, 0.125)
    """
    pairs = _pair(a, b, common)
    classes = sorted({*a.classes, *b.classes})
    units = units_of(pairs["subject_a"], pairs["clip"])
    counts = [
        count_confusions(pairs["emotion"], pairs[f"predicted_{side}"], units, classes)[0]
        for side in "ab"
    ]
    both = np.stack(counts, axis=1)
    draws = resample(both, n_bootstrap, random_state) if len(both) > 1 and n_bootstrap else None

    def difference(figure, matrices):
        values = figure(matrices)
        return values[..., 1] - values[..., 0]

    figures = {
        name: with_interval(
            difference(figure, both.sum(0)), None if draws is None else difference(figure, draws)
        )
        for name, figure in FIGURES.items()
    }
    return {
        "label": label or f"{b.title} minus {a.title}",
        "n": len(pairs),
        "units": len(both),
        "same_folds": bool(a.fingerprint == b.fingerprint),
        "test": {name: _test(both, name, random_state) for name in TESTED},
        **figures,
    }


def differences(results, references=None, *, n_bootstrap=2000, random_state=0):
    """Return by how much every other result is better than each reference, on the same clips.

    Parameters
    ----------
    results : dict
        {label: Result}.
    references : list of str or None
        Labels in `results`. None: every pair, the later minus the earlier one.
    n_bootstrap : int
    random_state : int

    Returns
    -------
    list of dict
        What `compare` returns, labelled "other − reference", and the labels as a (the reference)
        and b. The p values are adjusted for the number of comparisons [1]_.

    Raises
    ------
    ValueError
        When the results are not on the same clips, or a reference is none of them.

    See Also
    --------
    compare : two results.

    References
    ----------
    .. [1] Holm: A simple sequentially rejective multiple test procedure. Scand. J. Statist. 6
       (1979).

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from emopipe import differences, evaluate
    >>> emotion = np.tile(["anger", "sadness"], 12)
    >>> clips = pd.DataFrame({"clip": [f"{n}.wav" for n in range(24)], "emotion": emotion,
    ...     "subject": np.repeat(list("abcd"), 6), "energy": 1.0 * (emotion == "anger")})
    >>> clips["energy"] += np.linspace(0, 0.9, 24)
    >>> results = {name: evaluate(model, clips, cv=4, features=["energy"], n_bootstrap=200)
    ...     for name, model in [("chance", DummyClassifier()), ("bayes", GaussianNB())]}
    >>> [(d["label"], round(d["uar"]["value"], 3)) for d in differences(results, ["chance"])]
    [('bayes − chance', 0.417)]
    """
    if not isinstance(results, dict):
        raise TypeError(
            f"results is a {type(results).__name__}: give {{label: Result}}, as in "
            "{'voice': evaluate(...)}"
        )
    unknown = [label for label in references or () if label not in results]
    if unknown or isinstance(references, str):
        raise ValueError(f"references={references!r}: give a list of labels out of {list(results)}")
    if references is None:
        pairs = list(combinations(results, 2))
    else:
        others = [label for label in results if label not in references]
        pairs = [(a, b) for a in references for b in others]
    return compare_pairs(results, pairs, n_bootstrap=n_bootstrap, random_state=random_state)


def compare_pairs(results, pairs, *, n_bootstrap=2000, random_state=0):
    """Return the differences of pairs of labels, adjusted for their number; see `differences`.

    Parameters
    ----------
    results : dict
        {label: Result}.
    pairs : list of (str, str)
        Labels (a, b): b minus a.
    n_bootstrap, random_state : int

    Returns
    -------
    list of dict
        What `compare` returns for each pair, with the labels a and b.

    Raises
    ------
    ValueError
        When the results of a pair are not on the same clips.

    See Also
    --------
    differences : every result against references, or all pairs.

    Examples
    --------
    >>> from emopipe import compare_pairs
    >>> compare_pairs({}, [])
    []
    """
    options = {"n_bootstrap": n_bootstrap, "random_state": random_state}
    rows = [
        compare(results[a], results[b], label=f"{b} − {a}", **options) | {"a": a, "b": b}
        for a, b in pairs
    ]
    for name in TESTED if rows else ():
        adjusted = holm([row["test"][name]["p"] for row in rows])
        for row, p in zip(rows, adjusted.tolist(), strict=True):
            row["test"][name]["adjusted"] = p
    return rows
