"""What the templates show, taken from an Experiment: plain values, no HTML."""

from collections import Counter

from emopipe.experiment import Experiment
from emopipe.html_repr import percent
from emopipe.report import answer, prose
from emopipe.report.attachments import attachment, experiment_files, fold_files
from emopipe.report.bibliography import bibtex
from emopipe.report.charts import METRICS, line_chart
from emopipe.report.hardest import hardest_clips
from emopipe.report.pairs import all_pairs
from emopipe.report.published import published_view
from emopipe.report.reforms import checklist
from emopipe.report.result_view import result_view

# Bytes of all files of the results: the page stays below 2 MB. `result.json` has every prediction.
LARGEST_FILES = 1_000_000


def experiment_view(experiment) -> dict:
    """Return the variables of ``report.html``."""
    results, best = experiment.results, answer.best(experiment)
    sources = distinct(item.source for item in experiment.published if item.source)
    pairs = all_pairs(experiment)
    above = best is not None and not answer.not_above(experiment, best, pairs)
    rows = [
        result_view(number, label, result) | {"badge": checks_badge(result)}
        for number, (label, result) in enumerate(results.items(), start=1)
    ]
    return {
        "experiment": experiment,
        "metrics": METRICS,
        "corpora": distinct(c for r in results.values() for c in r.corpora),
        "banners": _banners(results),
        "notices": _notices(experiment),
        "remarks": [n["text"] for n in experiment.notices if n["severity"] == "information"],
        "answer": answer.answer(experiment, pairs),
        "best": best if above else None,
        "results": _small_enough(rows),
        "pairs": pairs,
        "baselines": _baselines(results),
        "variants": _variants(results),
        "charts_": [line_chart(chart) for chart in experiment.charts],
        "published": [published_view(experiment, item, sources) for item in experiment.published],
        "sources": sources,
        "hardest": hardest_clips(results),
        "run": _run(results),
        **(_paper(experiment, sources, pairs) if results else {}),
    }


def _small_enough(rows):
    """Return results with less files where the page would be too large: predictions go first."""
    if sum(len(file["href"]) for row in rows for file in row["files"]) <= LARGEST_FILES:
        return rows
    return [
        row | {"files": [f for f in row["files"] if "-predictions.csv" not in f["name"]]}
        for row in rows
    ]


def _paper(experiment, sources, pairs) -> dict:
    """Return what an author pastes or hands on: paragraphs, a checklist, references, tables."""
    results = experiment.results
    references = bibtex(experiment, sources)
    figures = [
        {"title": label, "n": len(result.predictions), **result.metrics}
        for label, result in results.items()
    ]
    files = experiment_files(figures + _baselines(results), pairs)
    return {
        "methods": " ".join(prose.methods(experiment)),
        "ethics": " ".join(prose.ethics(experiment)),
        "checklist": checklist(experiment),
        "bibtex": references,
        "files": [*files, attachment("references.bib", references, "application/x-bibtex")],
        "fold_files": fold_files(results),
    }


def _variants(results) -> list[dict]:
    """Return rows of the same estimators under other protocols: seeds together, then each."""
    rows = []
    for label, result in results.items():
        seeds = [row for row in result.variants if row["id"].startswith("seed-")]
        if seeds:
            first = {"title": "the seed of the estimator", **result.metrics}
            rows.append({"label": label, "row": _mean_over_seeds([first, *seeds])})
        rows += [{"label": label, "row": row} for row in result.variants]
        uar = result.metrics["uar"]["value"]
        for entry in rows[len(rows) - len(result.variants) - bool(seeds) :]:
            entry["difference"] = entry["row"]["uar"]["value"] - uar
    return rows


def _mean_over_seeds(rows):
    """Return the mean over seeds, and the least and greatest, as a row."""
    figures = {}
    for name in ("accuracy", "uar"):
        values = [row[name]["value"] for row in rows]
        figures[name] = {"value": sum(values) / len(values), "low": min(values),
                         "high": max(values)}  # fmt: skip
    title = f"mean over {len(rows)} seeds, lowest to highest"
    return {"id": "seeds", "title": title, "note": "", "n": len(rows), **figures}


def _run(results) -> dict:
    """Return how long all results took, on what, when: of the first result, times of all."""
    first = next(iter(results.values())).run if results else {}
    seconds = [result.run.get("seconds", {}) for result in results.values()]
    busy = sum(s.get("cpu") or 0.0 for s in seconds)
    wall = sum((s.get(name) or 0.0) for s in seconds for name in ("extraction", "fit", "score"))
    machine = first.get("machine", {})
    memory = f", {machine['memory_gb']} GB memory" if machine.get("memory_gb") else ""
    gpus = f", {', '.join(machine['gpus'])}" if machine.get("gpus") else ""
    hardware = f"{machine.get('processor')}, {machine.get('cpus')} CPUs{memory}{gpus}"
    return {
        "versions": first.get("versions", {}),
        "hardware": hardware if machine else "",
        "date": first.get("date", ""),
        "commit": first.get("commit", ""),
        "core_hours": busy / 3600 if busy else None,
        "hours": wall / 3600,
    }


def _notices(experiment) -> list[dict]:
    """Return every notice once; one that some results have and others not says whose it is.

    What the experiment only remarks (information) stands in a list of its own.
    """
    results = experiment.results
    labels = {}
    for label, result in results.items():
        for notice in result.notices:
            labels.setdefault((notice["text"], notice["severity"]), []).append(label)
    notices = [n for n in experiment.notices if n["severity"] != "information"]
    for (text, severity), whose in labels.items():
        if {"text": text, "severity": severity} not in experiment.notices:
            named = text if len(whose) == len(results) else f"{_quote(whose)}: {text}"
            notices.append({"text": named, "severity": severity})
    return notices


def checks_badge(result) -> dict:
    """Return how many checks have which status, in words, and how alarming that is."""
    counts = result.check_counts
    unsure = counts["warning"] + counts["cannot tell"] + counts["ignored"]
    level = "fail" if counts["failed"] else "warn" if unsure else ""
    names = {"warning": "warnings"} if counts["warning"] > 1 else {}
    text = ", ".join(f"{n} {names.get(status, status)}" for status, n in counts.items() if n)
    return {"text": text or "none made", "level": level if text else "warn"}


def index_row(folder) -> dict:
    """Return what the index shows of one folder of reports; a broken one is listed as such."""
    row = {"folder": folder.name, "error": None}
    try:
        return row | _index_figures(Experiment.load(folder))
    except Exception as error:  # whatever a file holds, its neighbours are listed
        reason = str(error) or type(error).__name__
        return row | {"error": reason if len(reason) < 300 else reason[:300] + "…"}


def _index_figures(experiment):
    label = answer.best(experiment)
    result = experiment.results.get(label)
    figures = {}
    if result is not None:
        figures = {
            "clips": len(result.predictions),
            "tested_on": answer.tested_on(result),
            "accuracy": percent(result.metrics["accuracy"]["value"]),
            "uar": percent(result.metrics["uar"]["value"]),
            "interval": answer.interval(result.metrics["uar"]) or "–",
            "badge": _worst_badge(experiment.results.values()),
        }
    results = experiment.results.values()
    corpora = distinct(c["name"] for r in results for c in r.corpora)
    return {
        "title": experiment.title,
        "question": experiment.question,
        "label": label or "",
        "corpora": ", ".join(corpora),
        "date": max((r.run.get("date", "")[:10] for r in results), default=""),
        "alarm": ("", "warn", "fail").index(figures["badge"]["level"]) if figures else 0,
        "result": figures,
        "synthetic": experiment.synthetic,
        "partial": any(r.partial for r in experiment.results.values()),
        "notices": len(experiment.notices),
    }


def _worst_badge(results):
    badges = [checks_badge(result) for result in results]
    return max(badges, key=lambda badge: ["", "warn", "fail"].index(badge["level"]))


def _banners(results) -> list[dict]:
    """Return what must be read before any figure: head and text."""
    partial, mixed, banners = {}, [], []
    for label, result in results.items():
        if result.partial:
            expected, answered = result.coverage["asked"], result.coverage["answered"]
            reasons = "; ".join(result.coverage.get("reasons", []))
            partial.setdefault((answered, expected, reasons), []).append(label)
        if result.protocol.get("subject_dependent"):
            mixed.append(label)
        for check in result.checks:
            if check["status"] == "failed":
                text = f"{_quote([label])}: {check['title']}. {check['reason']}"
                banners.append({"head": f"Check {check['id']} failed", "text": text})
    for (answered, expected, reasons), labels in partial.items():
        names = _quote(labels) if len(labels) < len(results) else "every result"
        text = f"so many are answered in {names}" + (f": {reasons}." if reasons else ".")
        banners.append({"head": f"Incomplete: {answered} of {expected} clips", "text": text})
    if mixed:
        text = (
            f"the folds of {_quote(mixed)} mix subjects, so that the recogniser was tested on "
            "people it was trained on. Its figures say little about new people."
        )
        banners.append({"head": "Subject-dependent", "text": text})
    return banners


def _quote(labels) -> str:
    return ", ".join(f"“{label}”" for label in labels)


def _baselines(results) -> list[dict]:
    """Return rows that a recogniser must beat: chance, and what needs no voice and no face."""
    rows, labels = [], []
    for label, result in results.items():
        chance = result.chance
        rows.append(
            {
                "title": "guessing: always the most frequent emotion",
                "n": len(result.predictions),
                "accuracy": {"value": chance["accuracy"], "low": None, "high": None},
                "uar": {"value": chance["uar"], "low": None, "high": None},
                "note": "accuracy: the share of the largest class; UAR: 1 / number of emotions",
            }
        )
        rows += result.baselines
        labels += [label] * (len(rows) - len(labels))
    different = distinct(rows)
    titles = Counter(row["title"] for row in different)
    # Of results on different clips or features: say whose.
    return [
        row | {"title": f"{row['title']} ({labels[rows.index(row)]})"}
        if titles[row["title"]] > 1
        else row
        for row in different
    ]


def distinct(items) -> list:
    """Return each item once, in the order of the first ones; they need not be hashable."""
    different = []
    for item in items:
        if item not in different:
            different.append(item)
    return different
