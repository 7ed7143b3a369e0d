"""The clips that most results have wrong."""

from collections import Counter

_MOST = 15


def hardest_clips(results):
    """Return the clips that most results have wrong, the hardest first.

    Parameters
    ----------
    results : dict of str to Result

    Returns
    -------
    list of dict
        clip, subject, emotion, wrong and n (results that answered it wrongly, and that tested it),
        answers (wrong answers in words, the commonest first). Clips that all have right are none.
    """
    about, answers = {}, {}
    for result in results.values():
        table = result.predictions
        columns = (table[name] for name in ("clip", "subject", "emotion", "predicted"))
        for clip, subject, emotion, predicted in zip(*columns, strict=True):
            about[clip] = (subject if isinstance(subject, str) else None, emotion)
            answers.setdefault(clip, []).append(predicted)
    rows = [_row(clip, *about[clip], answered) for clip, answered in answers.items()]
    rows = [row for row in rows if row["wrong"]]
    rows.sort(key=lambda row: (-row["wrong"] / row["n"], -row["agreeing"], row["clip"]))
    return rows[:_MOST]


def _row(clip, subject, emotion, answers):
    wrong = Counter(
        answer if isinstance(answer, str) else "no answer"
        for answer in answers
        if answer != emotion
    )
    ranked = sorted(wrong.items(), key=lambda item: (-item[1], item[0]))
    return {
        "clip": clip,
        "subject": subject,
        "emotion": emotion,
        "wrong": wrong.total(),
        "n": len(answers),
        "agreeing": ranked[0][1] if ranked else 0,
        "answers": ", ".join(f"{name} ×{n}" if n > 1 else name for name, n in ranked),
    }
