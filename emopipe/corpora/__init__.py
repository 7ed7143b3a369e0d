"""Corpora of emotional speech and faces: from a folder on disk to a table of clips.

`load_corpus` reads the folders of known corpora, `load_table` any other collection that a
CSV file describes; both return a clip table (`emopipe.corpora.clip_table` tells its columns).
"""

import inspect
from difflib import get_close_matches

import pandas as pd

from emopipe.corpora import (
    afew,
    cremad,
    emodb,
    enterface,
    jaffe,
    london_faces,
    rafd,
    ravdess,
    rml,
    savee,
)
from emopipe.corpora.clip_table import (
    EMOTIONS,
    canonical,
    combine,
    sample_per_emotion,
    usable,
    with_notices,
)
from emopipe.corpora.counts import describe_counts
from emopipe.corpora.folder import CorpusError, CorpusWarning
from emopipe.corpora.loading import Description
from emopipe.corpora.own_clips import OwnClips, is_table, load_folder
from emopipe.corpora.table_file import load_table

__all__ = [
    "EMOTIONS", "CorpusError", "CorpusWarning", "Description", "canonical", "combine",
    "corpus_names", "describe_corpus", "describe_counts", "load_corpus", "load_folder",
    "load_table", "sample_per_emotion", "usable",
]  # fmt: skip

_CORPORA = {
    "afew": (afew.AFEW, afew.load_afew),
    "cremad": (cremad.CREMAD, cremad.load),
    "emodb": (emodb.EMODB, emodb.load),
    "enterface": (enterface.ENTERFACE, enterface.load),
    "jaffe": (jaffe.JAFFE, jaffe.load),
    "london_faces": (london_faces.LONDON_FACES, london_faces.load),
    "rafd": (rafd.RAFD, rafd.load),
    "ravdess": (ravdess.RAVDESS, ravdess.load),
    "rml": (rml.RML, rml.load),
    "savee": (savee.SAVEE, savee.load),
    "sfew": (afew.SFEW, afew.load_sfew),
}


def corpus_names() -> tuple[str, ...]:
    """Return the names that `load_corpus` knows.

    Returns
    -------
    tuple of str
        In alphabetical order.

    See Also
    --------
    describe_corpus : Layout and terms of a corpus.
    load_corpus : A known corpus.

    Examples
    --------
    >>> from emopipe import corpus_names
    >>> corpus_names()[:3]
    ('afew', 'cremad', 'emodb')
    """
    return tuple(_CORPORA)


def describe_corpus(name: str) -> Description:
    """Return what a corpus is called, how its folder looks, where to get it and its terms.

    Parameters
    ----------
    name : str
        One of `corpus_names()`.

    Returns
    -------
    Description
        Named tuple of title, layout, request, licence, paper; all str.

    Raises
    ------
    ValueError
        The name is not known; the message lists the names.

    See Also
    --------
    corpus_names : The known corpora.
    load_corpus : A known corpus.

    Examples
    --------
    >>> from emopipe import describe_corpus
    >>> describe_corpus("savee").title
    'SAVEE, Surrey Audio-Visual Expressed Emotion'
    """
    corpus, _ = _entry(name)
    return corpus.about


def load_corpus(name: str, root, **options) -> pd.DataFrame:
    """Return the clip table of a corpus on disk, without opening a recording.

    Parameters
    ----------
    name : str
        One of `corpus_names()`, or a name for clips of one's own.
    root : str, Path or OwnClips
        The corpus' folder (see `describe_corpus(name).layout`), or one around it; or a table of
        clips under that name (`load_table`). Of another name: a table, or a folder per emotion
        (`load_folder`).
    **options
        cremad: label="intended" | "voice" | "face" | "both", files=True | False
        (`emopipe.corpora.cremad.load`); ravdess: channel="speech" | "song" | "both",
        modality="best" | "audio-visual" | "video" | "audio" | "all"
        (`emopipe.corpora.ravdess.load`). The other corpora have none. Of a table under a corpus'
        name, options that choose among the corpus' files mean nothing.

    Returns
    -------
    DataFrame
        A clip table (`emopipe.corpora.clip_table`). Clips that are known to be bad or cannot
        be recordings (Git LFS pointers, empty files) stay in it with a reason in `excluded`;
        `usable` drops them. Its ``attrs["corpora"]`` say for the corpus how many clips the
        complete one has (None where that is not known), how many of them are missing and how
        many damaged, and what was warned of.

    Raises
    ------
    ValueError
        An option or its value is not known.
    FileNotFoundError, NotADirectoryError
        `root` is not there, or is a file.
    CorpusError
        No clip of this corpus lies below `root`, all are Git LFS pointers, or the name is not
        known and the folder is no collection of one's own.

    Warns
    -----
    CorpusWarning
        The folder is not the complete corpus: missing clips or subjects, foreign names,
        files that are no recordings, copies.

    See Also
    --------
    load_folder : A folder of your own clips.
    load_table : A table of your own clips.
    combine : Several tables as one.
    make_synthetic_corpus : An invented corpus.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from emopipe import load_corpus
    >>> root = Path(tempfile.mkdtemp())
    >>> _ = (root / "03a01Wa.wav").write_bytes(b"RIFF")
    >>> _ = (root / "SYNTHETIC.json").write_text("{}")  # an invented corpus may be incomplete
    >>> load_corpus("emodb", root)[["clip", "subject", "emotion", "sex", "age"]]
              clip subject emotion   sex  age
    0  03a01Wa.wav      03   anger  male   31
    """
    if not isinstance(root, OwnClips) and (name not in _CORPORA or is_table(root)):
        root = OwnClips(root)
    if isinstance(root, OwnClips):
        return _load_table(name, root, options)
    _, load = _entry(name)
    legal = [option for option in inspect.signature(load).parameters if option != "root"]
    for option in options:
        if option not in legal:
            raise ValueError(
                f"corpus {name!r} has no option {option!r}; it has {', '.join(legal) or 'none'}"
            )
    return with_notices(lambda: load(root, **options))


def _load_table(name: str, clips: OwnClips, options: dict) -> pd.DataFrame:
    further = sorted(set(options) - {"channel", "modality"})
    if further:
        raise ValueError(
            f"{name!r} is read from {clips.root}, which has no option {', '.join(further)}"
        )
    try:
        return clips.load(name)
    except CorpusError as error:
        if name in _CORPORA or is_table(clips.root) or clips.pattern:
            raise
        raise CorpusError(f"{_unknown(name)}\nAs clips of your own: {error}") from None


def _unknown(name: str) -> str:
    alike = get_close_matches(str(name).lower().replace("-", ""), _CORPORA, n=1)
    hint = f" (did you mean {alike[0]!r}?)" if alike else ""
    return f"no corpus named {name!r}{hint}; there are {', '.join(_CORPORA)}"


def _entry(name: str):
    if name not in _CORPORA:
        raise ValueError(f"{_unknown(name)}, and load_table reads any other from a CSV file")
    return _CORPORA[name]
