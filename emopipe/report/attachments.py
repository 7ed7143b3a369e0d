"""Tables of an experiment as files inside the page: links that download CSV, without a script."""

import base64
import gzip

import pandas as pd

from emopipe.text import csv_text, slug

# Longer tables are packed; pandas and spreadsheets open .csv.gz, too.
_PACKED_FROM = 20_000


def attachment(name, text, kind="text/csv"):
    """Return a file as a link: name, href (a data: address) and size in words.

    Examples
    --------
    >>> attachment("a.csv", "x\\n1\\n")
    {'name': 'a.csv', 'href': 'data:text/csv;base64,eAoxCg==', 'size': '1 kB'}
    """
    data = text.encode("utf-8")
    if len(data) >= _PACKED_FROM:
        data, name, kind = gzip.compress(data, 9, mtime=0), f"{name}.gz", "application/gzip"
    href = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    return {"name": name, "href": href, "size": f"{max(1, round(len(data) / 1000))} kB"}


def fold_files(results):
    """Return one file per different split: clip, subject, fold; and whose split it is."""
    files = {}
    for label, result in results.items():
        files.setdefault(result.fingerprint, (result, []))[1].append(label)
    return [
        {"labels": labels,
         "file": attachment(f"folds-{key[:8]}.csv", csv_text(result.fold_table()))}
        for key, (result, labels) in files.items()
    ]  # fmt: skip


def result_files(label, result, groups):
    """Return the tables of a result as files."""
    tables = result.tables()
    confusion = tables["confusion"].rename_axis("true").reset_index()
    chosen = {
        "predictions": _short(tables["predictions"], result.classes),
        "emotions": tables["per_emotion"],
        "subjects": tables["per_subject"],
        "confusion": confusion,
        "groups": _flat(groups),
        "weights": tables["weights"],
        "grids": tables["searches"],
    }
    return [
        attachment(f"{slug(label, 'result')}-{name}.csv", csv_text(table))
        for name, table in chosen.items()
        if len(table)
    ]


def experiment_files(rows, pairs):
    """Return the summary and the differences as files."""
    figures = pd.DataFrame(
        [
            {"result": row["title"], "clips": row["n"]}
            | {f"{key}_{part}".removesuffix("_value"): row[key][part]
               for key in ("accuracy", "uar") for part in ("value", "low", "high")}
            for row in rows
        ]
    )  # fmt: skip
    files = [attachment("summary.csv", csv_text(figures))]
    if pairs:
        files.append(attachment("differences.csv", csv_text(_flat(pairs))))
    return files


def _flat(rows):
    return pd.json_normalize(rows, sep="_") if rows else pd.DataFrame()


def _short(predictions, classes):
    """Return predictions with the score of the answer alone: result.json has all."""
    scores = [f"score_{name}" for name in classes if f"score_{name}" in predictions]
    if len(scores) < len(classes):
        return predictions
    number = predictions["predicted"].map({name: n for n, name in enumerate(classes)})
    values = predictions[scores].to_numpy()
    answered = number.notna().to_numpy()
    score = pd.Series(pd.NA, predictions.index, dtype="Float64")
    score[answered] = values[answered, number[answered].astype(int)].round(3)
    return predictions.drop(columns=[*scores, "corpus"]).assign(score=score)
