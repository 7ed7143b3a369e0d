"""Results of an older schema, brought into the present one when a file is read."""

from emopipe.result_schema import check_moved
from emopipe.search_grids import group_grids
from emopipe.strict_json import SCHEMA


def upgrade(fields):
    """Return the fields of a parsed result as schema 3 has them.

    Schema 2 stored what follows from the predictions, and kept grids and learning curves apart
    from the folds.
    """
    if fields.get("schema") == SCHEMA:
        return fields
    check_moved(fields)
    return fields | {
        "schema": SCHEMA,
        "protocol": fields["protocol"] | {"call": fields["reproduce"]},
        "coverage": fields["coverage"] | {"statuses": fields.get("statuses", {})},
        "folds": [fold | {"history": _curves(fields["history"], fold)} for fold in fields["folds"]],
        "searches": group_grids(fields["searches"]),
        "variants": _random_folds(fields["optimism_gap"], len(fields["predictions"]["clip"])),
    }


def _curves(history, fold):
    return [
        {key: value for key, value in curves.items() if key != "fold"}
        for curves in history or []
        if curves["fold"] == fold["fold"]
    ]


def _random_folds(gap, n):
    if not gap:
        return []
    figures = {
        name: {"value": gap["random"][name], "low": None, "high": None}
        for name in ("accuracy", "uar")
    }
    return [{"id": "random-folds", "title": "random folds", "n": n, "note": gap["note"], **figures}]
