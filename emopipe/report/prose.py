"""Paragraphs to paste: methods and a draft of ethics, made of what the results say."""

from emopipe.text import pluralise


def methods(experiment):
    """Return the methods paragraph of an experiment, a list of sentences."""
    result = next(iter(experiment.results.values()))
    protocol = result.protocol
    sentences = [_data(result), _split(protocol), _knowledge(protocol), _choice(experiment)]
    sentences.append(
        "Figures are accuracy (share of clips, weighted accuracy), unweighted average recall (UAR, "
        f"mean of the {len(result.classes)} emotions' recalls) and macro F1."
    )
    if protocol["n_bootstrap"]:
        sentences.append(
            f"Intervals are {100 * protocol['confidence']:.0f} % percentile intervals of "
            f"{protocol['n_bootstrap']} bootstrap samples of {protocol['bootstrap_over']} (Field "
            "and Welsh 2007)."
        )
    if len(experiment.results) > 1:
        sentences.append(
            f"Results on the same clips were compared by two-sided sign-flip tests "
            f"over {protocol['bootstrap_over']}, adjusted for their number by Holm's method."
        )
    if result.coverage.get("asked"):
        n, expected = result.coverage["answered"], result.coverage["asked"]
        sentences.append(
            f"{n} of {expected} clips were answered; those without an answer are wrong."
        )
    return [*sentences, *_seeds(experiment), _software(result)]


def _seeds(experiment):
    """Return how often random training was repeated, where something learns in epochs."""
    trained = [r for r in experiment.results.values() if any(f["history"] for f in r.folds)]
    seeds = [sum(row["id"].startswith("seed-") for row in r.variants) for r in trained]
    if not seeds:
        return []
    if not max(seeds):
        return ["Networks were trained once; how far other seeds differ was not measured."]
    return [f"Training was repeated with {max(seeds) + 1} seeds."]


def _data(result):
    parts = []
    for corpus in result.corpora:
        drawn = " (synthetic: people who do not exist)" if corpus["synthetic"] else ""
        people = f" of {corpus['subjects']} subjects" if corpus["subjects"] else ""
        out = sum(corpus["excluded"].values())
        left = f", {out} left out" if out else ""
        parts.append(f"{corpus['clips']} clips{people} from {corpus['name']}{drawn}{left}")
    return (
        f"We used {' and '.join(parts)}; the label was {result.protocol['label']}, with "
        f"{len(result.classes)} classes: {', '.join(result.classes)}."
    )


def _split(protocol):
    if protocol["grouped_by"]:
        apart = " and no ".join(protocol["grouped_by"])
        side = f"no {apart} was trained on and tested in the same fold"
    else:
        side = "folds did not keep subjects apart"
    folds = pluralise(protocol["n_folds"], "fold")
    return f"Evaluation: {protocol['splitter']}, {folds}; {side}."


def _knowledge(protocol):
    enrolment = protocol.get("test_person", "nothing")
    if protocol["subject_dependent"]:
        return "Tested people were trained on, so the figures say little about new people."
    return f"Before it was tested, the recogniser knew {enrolment} of the person."


def _choice(experiment):
    protocols = [result.protocol for result in experiment.results.values()]
    chosen = [p for p in protocols if p["nested"]]
    if not chosen:
        return "No parameter was chosen on data."
    scoring = chosen[0]["scoring"]
    by = f", by {scoring}" if scoring else ""
    whose = "" if len(chosen) == len(protocols) else f" ({len(chosen)} of {len(protocols)} results)"
    return f"Parameters were chosen {chosen[0]['nested']}{by}{whose}."


def _software(result):
    names = ("emopipe", "scikit-learn", "numpy", "tensorflow", "pyAudioAnalysis")
    versions = result.run.get("versions", {})
    listed = ", ".join(f"{name} {versions[name]}" for name in names if name in versions)
    return f"Software: Python {versions.get('python', '(unknown)')}, {listed}."


def ethics(experiment):
    """Return a draft of an ethics statement, a list of sentences; blanks are in brackets."""
    result = next(iter(experiment.results.values()))
    real = [c["name"] for c in result.corpora if not c["synthetic"]]
    sentences = []
    if real:
        sentences.append(
            f"The recordings of {', '.join(real)} were used under their licences; [consent of the "
            "people recorded and approval by an ethics board: as the corpus' authors report]."
        )
    else:
        sentences.append("No person was recorded: faces are drawn and voices synthesised.")
    sentences += [
        "Labels are emotions that were acted, or perceived by others; they are not what a person "
        "felt, and the recogniser must not be read as if they were.",
        *_groups(result),
        "It must not be used to decide about people (hiring, education, policing, health) or to "
        "watch them without their consent; in the European Union emotion recognition at work and "
        "in education is prohibited (Regulation 2024/1689, article 5).",
        "Features of faces and voices may identify people: [how they are stored, who has access, "
        "when they are deleted].",
        "[Who benefits, who may be harmed, and what was done about it.]",
    ]
    return sentences


def _groups(result):
    table = result.predictions
    traits = [name for name in ("sex", "age", "ethnicity") if name in table]
    if not traits:
        return ["Sex, age and ethnicity of the people are not known here: whether figures differ "
                "between groups was not looked at."]  # fmt: skip
    parts = []
    if "sex" in table:
        share = table.groupby("sex")["subject"].nunique()
        parts.append(", ".join(f"{n} {sex}" for sex, n in share.items()))
    if "age" in table and table["age"].notna().any():
        parts.append(f"aged {table['age'].min():.0f} to {table['age'].max():.0f}")
    people = f" ({'; '.join(parts)})" if parts else ""
    return [
        f"Figures by {', '.join(traits)}{people} are in the tables; groups that are not there were "
        "not tested."
    ]
