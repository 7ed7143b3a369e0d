"""The checks of an evaluation: what each looks for, why, what helps, and how it is muted.

They run in `emopipe.evaluation`; a Result keeps what they say, and a report shows it.
"""

from dataclasses import dataclass, replace

# What a check may say: "failed" is a leak, "warning" a reason to read figures with care.
STATUSES = ("passed", "failed", "warning", "cannot tell", "not needed", "ignored")


@dataclass(frozen=True)
class Check:
    """A check.

    Parameters
    ----------
    id : str
        "EMO" and two digits; it never changes its meaning.
    title : str
        What holds where the check passes.
    why : str
        What goes wrong where it does not.
    remedy : str
        What to do then.
    """

    id: str
    title: str
    why: str
    remedy: str


_LIST = (
    Check(
        "EMO01", "No subject is trained on and tested in the same fold",
        "A recogniser that has met a person recognises the person; figures for people never met "
        "are lower.",
        "Use folds by subject: cv=5, GroupKFold, LeaveOneGroupOut.",
    ),
    Check(
        "EMO02", "No recording is on both sides of a fold",
        "A copy of a recording, or the other modality of the same take, is recognised by memory.",
        "Drop the copies, or give both the same subject.",
    ),
    Check(
        "EMO03", "No sentence is trained on and tested in the same fold",
        "Acted corpora have few sentences; how one is said with an emotion is learned with its "
        "words, and figures for other sentences are lower.",
        "Test unseen sentences, too: groups=['subject', 'statement'].",
    ),
    Check(
        "EMO04", "Every clip is tested at most once, and none that is only for training",
        "A clip that is tested twice counts twice.",
        "Use a splitter whose test sides do not overlap.",
    ),
    Check(
        "EMO05", "Every copy of the estimator was fitted on other rows than it answered",
        "Whoever is asked what it was taught answers from memory.",
        "Report this: emopipe makes the copies itself.",
    ),
    Check(
        "EMO06", "Parameters, weights and calibration are chosen on folds grouped by subject",
        "Choices made on people that were trained on favour whatever remembers people.",
        "Give the search or the fusion a grouped splitter: cv=GroupKFold(5).",
    ),
    Check(
        "EMO07", "Nothing in the estimator was fitted or chosen beforehand",
        "What was fitted or chosen on the tested clips has seen the answers.",
        "Evaluate an unfitted estimator that chooses inside its folds.",
    ),
    Check(
        "EMO08", "No column that the estimator sees gives the emotion away",
        "A column such as a file's number may tell the label without any recognition.",
        "Drop the column, or list the columns to read in features=[...].",
    ),
    Check(
        "EMO09", "Answers are the same under other names of files",
        "Corpora write the emotion into the names of their files.",
        "Read what is in the recordings, not what they are called.",
    ),
    Check(
        "EMO10", "The answer to a clip needs no other clip of the test person",
        "Standardising over the test clips uses what is not there when a first clip arrives.",
        "Learn statistics in fit; or say with the figure how many clips of a person are needed.",
    ),
    Check(
        "EMO11", "The result that answers was not chosen on the test clips",
        "The highest of several results on the same clips is too high, the more so the more there "
        "are.",
        "Choose inside the folds (GridSearchCV with GroupKFold), or name the references.",
    ),
    Check(
        "EMO12", "Every fold trains on the corpora that it tests",
        "Folds that coincide with corpora measure the step from one corpus to another, not the "
        "step to new people.",
        "Mix the corpora in the folds, or call the figure cross-corpus.",
    ),
    Check(
        "EMO13", "Corpora do not tell the emotion",
        "Where corpora hold different emotions, room and microphone tell the label.",
        "Use the emotions that all corpora have, in similar shares.",
    ),
    Check(
        "EMO14", "No chosen parameter is at the edge of its grid",
        "Beyond the edge there may be something better: the figure is that of a grid cut short.",
        "Widen the grid on that side.",
    ),
    Check(
        "EMO15", "The figure is above every baseline",
        "What lengths, sentences or guessing give alone is no recognition of emotion.",
        "Do not quote the figure as recognition; look for the cause.",
    ),
    Check(
        "EMO16", "Folds are alike",
        "The mean over unequal folds is ruled by the smallest, and its spread says little.",
        "Use fewer folds, or StratifiedGroupKFold.",
    ),
    Check(
        "EMO17", "Every emotion is shown often, and by several people",
        "The recall of a rare emotion is one person's, and UAR counts it like the others.",
        "Leave the emotion out, collect more, or quote it with its interval.",
    ),
)  # fmt: skip

# Id -> check, in the order in which reports show them.
CHECKS = {check.id: check for check in _LIST}


def check_entry(id, status, reason) -> dict:
    """Return what a Result keeps of a check: id, title, status, reason.

    Examples
    --------
    >>> check_entry("EMO16", "passed", "5 folds of 48 clips.")["title"]
    'Folds are alike'
    """
    return {"id": id, "title": CHECKS[id].title, "status": status, "reason": reason}


def ignored_checks(ignore) -> dict[str, str]:
    """Return {id: reason} of the checks that are muted, "" where no reason is there.

    Parameters
    ----------
    ignore : dict of str to str, or list of str
        {id: reason}, or texts "EMO03" or "EMO03=reason".

    Raises
    ------
    ValueError
        If an id is unknown.
    TypeError
        If `ignore` is neither.

    Examples
    --------
    >>> ignored_checks(["EMO03=all clips say the same", "EMO17"])
    {'EMO03': 'all clips say the same', 'EMO17': ''}
    """
    if not isinstance(ignore, str | dict | list | tuple | set):
        raise TypeError(
            f"ignore={ignore!r}: give ['EMO03'] or {{'EMO03': 'why it does not matter here'}}"
        )
    if isinstance(ignore, dict):
        reasons = {str(id): str(reason) for id, reason in ignore.items()}
    else:
        texts = [ignore] if isinstance(ignore, str) else list(ignore)
        reasons = dict(str(text).partition("=")[::2] for text in texts)
    reasons = {id.strip(): reason.strip() for id, reason in reasons.items()}
    unknown = [id for id in reasons if id not in CHECKS]
    if unknown:
        raise ValueError(
            f"ignore names {', '.join(unknown)}, which is no check; there are {', '.join(CHECKS)} "
            "(docs/checks.md): give ['EMO03'] or {'EMO03': 'why it does not matter here'}"
        )
    return reasons


def mute(entries, ignore) -> list[dict]:
    """Return checks with those that `ignore` names muted; what they would say stays readable.

    Examples
    --------
    >>> entries = [check_entry("EMO17", "warning", "fear has 4 clips.")]
    >>> mute(entries, {"EMO17": "a pilot study"})[0]["reason"]
    'a pilot study. Without that: warning. fear has 4 clips.'
    """
    reasons = ignored_checks(ignore)
    return [_mute_entry(e, reasons[e["id"]]) if e["id"] in reasons else e for e in entries]


def _mute_entry(entry, reason):
    if entry["status"] == "ignored":
        return entry
    words = f"{reason.rstrip('.') or 'No reason is given'}. Without that: {entry['status']}."
    return entry | {"status": "ignored", "reason": f"{words} {entry['reason']}"}


def mute_experiment(experiment, ignore):
    """Return an Experiment whose results, and whose own checks, have these checks muted."""
    results = {
        label: replace(result, checks=mute(result.checks, ignore))
        for label, result in experiment.results.items()
    }
    reasons = ignored_checks(experiment.ignore) | ignored_checks(ignore)
    return replace(experiment, results=results, ignore=reasons)
