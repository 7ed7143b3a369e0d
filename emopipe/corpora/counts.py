"""Clips per emotion in words, beside those that a publication had."""

from emopipe.corpora.clip_table import usable


def describe_counts(what, clips, published=None, *, source="") -> dict:
    """Return a notice of how many usable clips of each emotion there are.

    Parameters
    ----------
    what : str
        What the clips are, such as "AFEW, validation set".
    clips : DataFrame
        A clip table.
    published : dict of str to int, or int, optional
        Clips per emotion of a publication, or all of them together.
    source : str
        Whose they are, such as "the thesis".

    Returns
    -------
    dict
        text and severity: "information", or "warning" where the publication had other clips.

    See Also
    --------
    load_corpus : A known corpus.
    sample_per_emotion : A balanced sample.

    Examples
    --------
    >>> import pandas as pd
    >>> from emopipe import describe_counts
    >>> clips = pd.DataFrame({"clip": range(3), "emotion": ["fear", "joy", "joy"], "excluded": ""})
    >>> describe_counts("Test", clips, {"fear": 1, "joy": 3}, source="the paper")["text"]
    'Test: 3 clips, 4 in the paper: fear 1 (1), joy 2 (3).'
    """
    counts = usable(clips)["emotion"].value_counts().to_dict()
    theirs = published if isinstance(published, dict) else {}
    total = published if isinstance(published, int) else sum(theirs.values())
    beside = f", {total} in {source}" if published is not None else ""
    listed = ", ".join(
        f"{emotion} {counts.get(emotion, 0)}" + (f" ({theirs.get(emotion, 0)})" if theirs else "")
        for emotion in sorted({*counts, *theirs})
    )
    same = counts == theirs if theirs else published in (None, sum(counts.values()))
    text = f"{what}: {sum(counts.values())} clips{beside}: {listed or 'none'}."
    return {"text": text, "severity": "information" if same else "warning"}
