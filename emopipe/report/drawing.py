"""The protocol as a picture: which subject is tested in which fold."""


def protocol_view(result):
    """Return subjects x folds for the page, None where nobody is named.

    Returns
    -------
    dict or None
        subjects (names, in order of their fold), n_folds, tested (SVG path of the cells in which a
        subject is tested, in units of one subject and one fold), trained (bool: whether everybody
        else trains), words (alternative text).
    """
    folds = result.folds
    subjects = list(dict.fromkeys(name for fold in folds for name in fold["test_subjects"]))
    if not subjects or not result.protocol["subjects_named"]:
        return None
    column = {name: n for n, name in enumerate(subjects)}
    cells = [(column[name], row) for row, fold in enumerate(folds)
             for name in fold["test_subjects"]]  # fmt: skip
    mixed = result.protocol["subject_dependent"]
    others = [f["train_subjects"] == len(subjects) - len(f["test_subjects"]) for f in folds]
    sizes = sorted({len(fold["test_subjects"]) for fold in folds})
    each = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    people = "all others train" if all(others) else "the others do not all train"
    people = "they train in the same fold, too" if mixed else people
    return {
        "subjects": subjects,
        "n_folds": len(folds),
        "tested": "".join(f"M{x} {y}h1v1h-1z" for x, y in cells),
        "trained": all(others) or mixed,
        "mixed": mixed,
        "words": (
            f"{len(subjects)} subjects by {len(folds)} folds: each fold tests {each} of them, "
            f"{people}. The table of folds names them."
        ),
    }


def knowledge(result):
    """Return in three steps what the estimator may know, and of whom: (head, text) each."""
    protocol = result.protocol
    n_train = sorted({fold["n_train"] for fold in result.folds})
    span = " to ".join(dict.fromkeys(map(str, n_train[:1] + n_train[-1:]))) or "No"
    mixed = protocol["subject_dependent"]
    unknown = not protocol["subjects_named"]
    who = "everybody, tested people too" if mixed else "other people"
    who = "people who are not named" if unknown else who
    test_person = protocol.get("test_person", "nothing")
    words = {
        "nothing": "Nothing: no clip of theirs, labelled or not, before they are asked for.",
        "all unlabelled clips": "All their clips, without labels (adaptation to the person).",
    }.get(test_person, f"{test_person.capitalize()} of theirs (enrolment), without labels.")
    if mixed:
        words = "Labelled clips of theirs: they are trained on."
    choices = protocol["nested"] or "Parameters were fixed in advance."
    return [
        ("Fit", f"{span} clips with labels, of {who}."),
        ("Chosen", f"{choices[0].upper()}{choices[1:]}{'' if choices.endswith('.') else '.'}"),
        ("Known of whom is tested", words),
        ("Tested", f"{len(result.predictions)} clips, each once."),
    ]
