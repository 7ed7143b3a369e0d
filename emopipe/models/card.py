"""The model card: training data, figures for each group of people, limits."""

import numpy as np

from emopipe import inspection
from emopipe.groups import group_figures
from emopipe.models.manifest import FILE

LIMITS = (
    "It recognises what people show or act, not what they feel; who was recorded acted, was asked "
    "or was labelled by others.",
    "It knows only the emotions listed, and always names one of them.",
    "Scores rank emotions; unless it was calibrated they are no probabilities that can be relied "
    "on.",
    "Other languages, cultures, ages, cameras, microphones and spontaneous speech were not tested "
    "unless a figure here says so.",
    "It must not decide about people: employment, education, credit, health, law.",
)


def _counts(column):
    return {str(key): int(n) for key, n in column.value_counts().sort_index().items()}


def _licence(name):
    from emopipe.corpora import corpus_names, describe_corpus

    return describe_corpus(name).licence if name in corpus_names() else "not known"


def training_corpora(clips) -> list[dict]:
    """Return for each corpus of a clip table what of it a model was fitted on."""
    usable = clips[clips["excluded"].fillna("") == ""] if "excluded" in clips else clips
    entries = []
    for name, rows in usable.groupby("corpus") if "corpus" in usable else [("clips", usable)]:
        people = rows.drop_duplicates("subject") if "subject" in rows else rows.iloc[:0]
        entry = {
            "corpus": str(name),
            "licence": _licence(name),
            "synthetic": bool(rows["synthetic"].any()) if "synthetic" in rows else False,
            "clips": len(rows),
            "subjects": int(people["subject"].notna().sum()) if len(people) else 0,
            "emotions": _counts(rows["emotion"]) if "emotion" in rows else {},
        }
        for trait in ("sex", "ethnicity"):
            if trait in people and people[trait].notna().any():
                entry[trait] = _counts(people[trait])
        if "age" in people and people["age"].notna().any():
            entry["age"] = [float(people["age"].min()), float(people["age"].max())]
        entries.append(entry)
    return entries


# Attributes that hold feature vectors of single training clips, and what they are called.
_VECTORS = {
    "support_vectors_": "support vectors",
    "_fit_X": "neighbours",
    "X_fit_": "kernel rows",
}
# Classes that hold them in an attribute that means other things elsewhere.
_VECTORS_OF = {"Nystroem": ("components_", "landmarks")}


def stored_vectors(estimator) -> list[dict]:
    """Return which parts of a model hold feature vectors of people who were recorded, as they are.

    Returns
    -------
    list of dict
        step, kind ("support vectors", ...), rows and values (per row).

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> stored_vectors(SVC().fit([[0.0], [1.0]], ["fear", "joy"]))
    [{'step': 'SVC', 'kind': 'support vectors', 'rows': 2, 'values': 1}]
    """
    vectors = []
    for name, part in inspection.parts(estimator):
        for attribute, kind in [*_VECTORS.items(), *_further(part)]:
            rows = vars(part).get(attribute)
            if np.ndim(rows) == 2:
                step = name or type(part).__name__
                vectors.append({"step": step, "kind": kind, "rows": len(rows),
                             "values": rows.shape[1]})  # fmt: skip
    return vectors


def _further(part) -> list[tuple[str, str]]:
    name = type(part).__name__
    return [_VECTORS_OF[name]] if name in _VECTORS_OF else []


def card_fields(estimator, result, clips, notes) -> dict:
    """Return what a card says, as plain values: training, evaluation, groups, limits."""
    notices = [n["text"] for n in getattr(result, "notices", [])] + inspection.notices(estimator)
    return {
        "trained_on": None if clips is None else training_corpora(clips),
        "evaluation": None if result is None else _evaluation(result),
        "groups": None if result is None else group_figures(result, clips),
        "vectors": stored_vectors(estimator),
        "notices": list(dict.fromkeys(notices)),
        "limits": [*notes, *LIMITS],
    }


def _evaluation(result):
    shares = ("splitter", "n_folds", "grouped_by", "nested", "subject_dependent", "test_person",
              "confidence")  # fmt: skip
    return {
        "title": result.title,
        "protocol": {key: result.protocol.get(key) for key in shares},
        "statements": result.protocol.get("statements", []),
        "corpora": result.corpora,
        "clips": len(result.predictions),
        "metrics": result.metrics,
        "per_emotion": result.per_emotion.to_dict("records"),
        "audit": [check["title"] for check in result.checks if check["status"] == "failed"],
        "passed": result.passed,
        "optimism_gap": result.optimism_gap,
        "fingerprint": result.fingerprint,
        "reproduce": result.protocol.get("call", ""),
    }


def _row(*cells):
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def _table(head, rows):
    return ["", _row(*head), _row(*["---"] * len(head)), *(_row(*row) for row in rows), ""]


def _figure(figure):
    if figure is None or figure["value"] is None:
        return "-"
    if figure["low"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.3f}-{figure['high']:.3f})"


def _tally(counts):
    return ", ".join(f"{key} {n}" for key, n in counts.items()) or "not known"


def _training_lines(entries):
    if entries is None:
        return ["Not recorded: pass `clips` to `save`."]
    lines = []
    for entry in entries:
        made = " **Synthetic: nobody was recorded.**" if entry["synthetic"] else ""
        lines.append(
            f"- {entry['corpus']}: {entry['clips']} clips of {entry['subjects']} subjects.{made}"
        )
        lines.append(f"  - emotions: {_tally(entry['emotions'])}")
        if "age" in entry:
            lines.append(f"  - age: {entry['age'][0]:.0f} to {entry['age'][1]:.0f} years")
        lines += [f"  - {t}: {_tally(entry[t])}" for t in ("sex", "ethnicity") if t in entry]
        lines.append(f"  - licence of the corpus: {entry['licence']}")
    return lines


def _row_lines(training):
    """Return what rows the model was fitted on: whole clips, or windows of them."""
    lines = []
    if training.get("window"):
        lines.append(f"- rows: windows of {training['window']:g} s, side by side")
    elif training.get("seconds"):
        lines.append(f"- rows: whole clips of {training['seconds']:.3g} s (median)")
    lines += [
        f"- frames: {name} finds {n} or more in 95 % of the rows"
        for name, n in training.get("frames", {}).items()
    ]
    if training.get("recordings"):
        lines.append(
            f"- {FILE} holds 64 bits of the SHA-256 of each of {len(training['recordings'])} "
            "recordings: who has a recording can find out whether it is among them"
        )
    return lines


def _evaluation_lines(evaluation, training):
    if evaluation is None:
        return ["Not evaluated: pass the `Result` of `evaluate` to `save`."]
    protocol, figures = evaluation["protocol"], evaluation["metrics"]
    grouped = " and ".join(protocol["grouped_by"]) or "nothing"
    noun = f"windows of {training['window']:g} s" if training.get("window") else "clips"
    lines = [
        f"{evaluation['clips']} {noun}, {protocol['splitter']}, {protocol['n_folds']} folds, "
        f"grouped by {grouped}. The figures are those of copies fitted in the "
        "folds; the saved model was fitted on all training clips.",
    ]
    if protocol["subject_dependent"]:
        lines.append("**Subject-dependent: too high for people never met.**")
    if (protocol.get("test_person") or "nothing") != "nothing":
        lines.append(
            f"Of each person who was tested it knew {protocol['test_person']}: `emopipe predict "
            "--enroll` takes such clips of a new person; without them it is right less often."
        )
    audit = "passed" if evaluation["passed"] else "FAILED: " + "; ".join(evaluation["audit"])
    lines += [f"Leakage audit: {audit}.", *evaluation["statements"]]
    rows = [(name, _figure(value)) for name, value in figures.items()]
    lines += _table(("figure", "value (95 % interval over subjects)"), rows)
    rows = [
        (e["emotion"], e["support"],
         _figure({"value": e["recall"], "low": e["low"], "high": e["high"]}))
        for e in evaluation["per_emotion"]
    ]  # fmt: skip
    lines += _table(("emotion", noun, "recall"), rows)
    return [*lines, f"Reproduce: `{evaluation['reproduce']}`"]


def _group_lines(groups):
    if not groups:
        return ["Nobody was tested whose sex, age or ethnicity is recorded."]
    rows = []
    for entry in groups:
        too_few = entry["too_few"] or ""
        figures = [too_few, ""] if too_few else [_figure(entry["accuracy"]), _figure(entry["uar"])]
        rows.append((entry["trait"], entry["group"], entry["subjects"], entry["clips"], *figures))
    head = ("trait", "group", "subjects", "clips", "accuracy", "UAR")
    note = "Differences within the intervals say nothing; groups that are not listed were not met."
    return [*_table(head, rows), note]


def _network_lines(fields):
    lines = [
        f"- {network['name']}: {network['licence']} (SHA-256 {network['sha256'][:16]}...) "
        f"{network['url']}".rstrip()
        for network in fields["networks"]
    ]
    lines += [
        f"- {name}: features {recipe['name']}, version {recipe['version']}"
        for name, recipe in fields["recipes"].items()
    ]
    return lines or ["None: it works on numbers."]


def _privacy_lines(vectors):
    if not vectors:
        return ["It holds no feature vector of a single clip; what it learned are sums over many."]
    return [
        "**It holds measurements of people who were recorded, one row per clip, as they were: "
        "hand it on only to whom you may hand on the features of these clips.**",
        *(f"- {entry['step']}: {entry['rows']} {entry['kind']} of {entry['values']} values"
          for entry in vectors),
    ]  # fmt: skip


def card_text(fields) -> str:
    """Return the card of a manifest's fields as Markdown."""
    card, versions, training = fields["card"], fields["versions"], fields["training"]
    sections = {
        "Emotions": [", ".join(fields["labels"])],
        "Read first": [f"- {notice}" for notice in card["notices"]],
        "Trained on": _training_lines(card["trained_on"]) + _row_lines(training),
        "Measured on people it was not fitted on": _evaluation_lines(card["evaluation"], training),
        "For whom": _group_lines(card["groups"]),
        "Networks and features, licences of weights": _network_lines(fields),
        "What it keeps of people": _privacy_lines(card["vectors"]),
        "Known limits": [f"- {limit}" for limit in card["limits"]],
        "Estimator": ["```", fields["estimator"], "```"],
        "Made with": [f"{', '.join(f'{k} {v}' for k, v in versions.items())}; {fields['saved']}"],
    }
    lines = [f"# {fields['title']}"]
    for heading, body in sections.items():
        if body:
            lines += ["", f"## {heading}", "", *body]
    return "\n".join(lines) + "\n"
