"""The 32 items of the REFORMS checklist, filled from an experiment where its data can.

Kapoor et al. (2024), see `emopipe.literature.KAPOOR`; the items are in our own words.
"""

from emopipe.corpora import corpus_names, describe_corpus

_ITEMS = (
    ("1a", "People or situations that the claim is about"),
    ("1b", "Why these people or situations"),
    ("1c", "Why machine learning"),
    ("2a", "Data set, with a link or DOI"),
    ("2b", "Code, with its version"),
    ("2c", "Computing infrastructure"),
    ("2d", "Instructions (README)"),
    ("2e", "Script that makes all results"),
    ("3a", "Sources of the data, and how labels were made"),
    ("3b", "Sampling frame: whom the data were drawn from"),
    ("3c", "Why the data suit the task"),
    ("3d", "Outcome variable and its distribution"),
    ("3e", "Sample size, and clips of each outcome"),
    ("3f", "Missing data"),
    ("3g", "Why the data represent those whom the claim is about"),
    ("4a", "Clips that were left out, and why"),
    ("4b", "Impossible or corrupt clips"),
    ("4c", "Transformations of the data"),
    ("5a", "Models in detail"),
    ("5b", "Why these models"),
    ("5c", "How models were evaluated"),
    ("5d", "How the reported model was selected"),
    ("5e", "Hyperparameters"),
    ("5f", "Baselines"),
    ("6a", "Training and test apart through preprocessing and fitting"),
    ("6b", "Dependencies and duplicates between training and test"),
    ("6c", "Features that are legitimate for the task"),
    ("7a", "Metrics, and why"),
    ("7b", "Uncertainty of the figures"),
    ("7c", "Statistical tests"),
    ("8a", "Evidence of external validity"),
    ("8b", "Where the findings are not expected to hold"),
)


def checklist(experiment):
    """Return the items of the checklist.

    Returns
    -------
    list of dict
        id, item, text (what the data say) or None: to be written by the authors.
    """
    result = next(iter(experiment.results.values()))
    filled = _reproducibility(experiment, result) | _data(result) | _modelling(experiment, result)
    filled |= _leakage(result) | _figures(experiment, result)
    return [{"id": id, "item": item, "text": filled.get(id)} for id, item in _ITEMS]


# A synthetic corpus has the name of the one whose layout it has, not its recordings.
_DRAWN = "synthetic, faces are drawn and voices synthesised by emopipe"


def _names_of_recordings(result):
    """Return the names of the corpora of real recordings that emopipe knows."""
    names = [corpus["name"] for corpus in result.corpora if not corpus["synthetic"]]
    return [name for name in names if name in corpus_names()]


def _reproducibility(experiment, result):
    links = [f"{c['name']}: {_DRAWN}" for c in result.corpora if c["synthetic"]]
    links += [f"{n}: {describe_corpus(n).request}" for n in _names_of_recordings(result)]
    versions, machine = result.run.get("versions", {}), result.run.get("machine", {})
    commit = result.run.get("commit")
    items = {
        "2a": "; ".join(links) or None,
        "2d": "README of emopipe; this page, “How to reproduce”.",
    }
    if versions:
        at = f", commit {commit}" if commit else ""
        items["2b"] = f"emopipe {versions.get('emopipe', '')}{at}."
        items["2c"] = (
            f"{machine.get('processor', 'processor unknown')}, {machine.get('cpus', '?')} CPUs, "
            f"Python {versions.get('python', '?')}, {versions.get('platform', '')}."
        )
    call = experiment.reproduce or result.protocol.get("call")
    return items | ({"2e": call} if call else {})


def _data(result):
    papers = [f"{c['name']}: {_DRAWN}" for c in result.corpora if c["synthetic"]]
    papers += [f"{n}: {describe_corpus(n).paper}" for n in _names_of_recordings(result)]
    counts = result.per_emotion
    support = zip(counts["emotion"], counts["support"], strict=True)
    listed = ", ".join(f"{emotion} {n}" for emotion, n in support)
    excluded = [f"{n} {reason}" for c in result.corpora for reason, n in c["excluded"].items()]
    coverage, people = result.coverage, len(result.per_subject)
    tally = [
        f"{name}: {', '.join(f'{status} {n}' for status, n in statuses.items())}"
        for name, statuses in coverage.get("statuses", {}).items()
    ]
    items = {
        "3b": _frame(result),
        "3d": f"{result.protocol['label']}: {listed}.",
        "3e": f"{len(result.predictions)} clips" + (f" of {people} subjects" if people else ""),
        "4a": "; ".join(excluded) or "None was left out.",
    }
    if papers:
        label = result.protocol["label"]
        items["3a"] = f"{'; '.join(papers)}. Label: the column {label} of the corpus."
    if coverage:
        reasons = "; ".join(coverage["reasons"]) or "none is missing"
        items["3f"] = f"{coverage['answered']} of {coverage['asked']} clips answered: {reasons}."
    if tally:
        items["4b"] = "; ".join(tally) + "."
    return items


def _frame(result):
    """Return who was recorded as far as tables say, or None."""
    table, parts = result.predictions, []
    if "sex" in table:
        counts = table.groupby("sex")["subject"].nunique()
        parts.append(", ".join(f"{n} {sex}" for sex, n in counts.items()))
    if "age" in table and table["age"].notna().any():
        parts.append(f"{table['age'].min():.0f} to {table['age'].max():.0f} years")
    if not parts:
        return None
    names = " and ".join(
        corpus["name"] + (" (drawn)" if corpus["synthetic"] else "") for corpus in result.corpora
    )
    return f"Subjects of {names}: {'; '.join(parts)}."


def _modelling(experiment, result):
    protocol, n = result.protocol, len(experiment.results)
    searched = [s for r in experiment.results.values() for s in r.searches]
    grids = "; ".join(
        f"{s['name']}: {len(s['params'])} settings by {s['scoring']}" for s in searched
    )
    baselines = [row["title"] for row in result.baselines]
    return {
        "4c": "The estimator as printed under each result (features, scaling, selection).",
        "5a": "The estimator as printed under each result, with all parameters.",
        "5c": f"{protocol['splitter']}, {protocol['n_folds']} folds.",
        "5d": (
            f"All {n} results are reported; the highest is the highest on the test clips."
            if n > 1
            else "One result was planned and is reported."
        ),
        "5e": grids or protocol["nested"] or "Fixed in advance.",
        "5f": "Guessing" + "".join(f", {title}" for title in baselines) + ".",
    }


def _leakage(result):
    checks = {check["id"]: check for check in result.checks}

    def statuses(words):
        rows = [c for c in checks.values() if any(w in c["title"].lower() for w in words)]
        return "; ".join(f"{c['title']}: {c['status']}" for c in rows) or None

    return {
        "6a": statuses(("fitted on other rows", "chosen on", "beforehand")),
        "6b": statuses(("subject", "recording", "sentence")),
        "6c": statuses(("column", "names of files")),
    }


def _figures(experiment, result):
    protocol = result.protocol
    several = len(result.corpora) > 1
    n = len(experiment.results)
    items = {
        "7a": "Accuracy, UAR (every emotion counts alike) and macro F1.",
        "8a": (
            f"Tested on {len(result.corpora)} corpora; figures by corpus are in the tables."
            if several
            else "None: one corpus."
        ),
    }
    if protocol["n_bootstrap"]:
        items["7b"] = (
            f"{100 * protocol['confidence']:.0f} % intervals, bootstrap over "
            f"{protocol['bootstrap_over']}."
        )
    if n > 1:
        families = "comparisons with a reference, and all others, apart"
        items["7c"] = (
            "Two-sided sign-flip tests over subjects, adjusted by Holm's method: "
            f"{families if experiment.references else 'all pairs'}."
        )
    return items
