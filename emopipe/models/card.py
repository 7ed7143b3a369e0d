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


def _figure(figure):
    if figure is None or figure["value"] is None:
        return "-"
    if figure["low"] is None:
        return f"{figure['value']:.3f}"
    return f"{figure['value']:.3f} ({figure['low']:.3f}-{figure['high']:.3f})"


def _tally(counts):
    return ", ".join(f"{key} {n}" for key, n in counts.items()) or "not known"


def _cell(value):
    return str(value).replace("|", "\\|")


def _group_row(entry):
    figures = [entry["too_few"], ""]
    if not entry["too_few"]:
        figures = [_figure(entry["accuracy"]), _figure(entry["uar"])]
    return entry["trait"], entry["group"], entry["subjects"], entry["clips"], *figures


def _tables(card) -> dict:
    """Return the rows of a card's tables: figures, recalls and groups."""
    evaluation = card["evaluation"] or {"metrics": {}, "per_emotion": ()}
    return {
        "figures": [(name, _figure(figure)) for name, figure in evaluation["metrics"].items()],
        "recalls": [
            (row["emotion"], row["support"], _figure(row | {"value": row["recall"]}))
            for row in evaluation["per_emotion"]
        ],
        "groups": [_group_row(entry) for entry in card["groups"] or ()],
    }


def card_text(fields) -> str:
    """Return the card of a manifest's fields as Markdown."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("emopipe.models"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"cell": _cell, "tally": _tally}
    template = environment.get_template("model_card.md")
    return template.render(fields, manifest=FILE, **_tables(fields["card"]))
