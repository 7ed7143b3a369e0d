"""The publications that this package rebuilds or measures against, with their figures.

Docstrings that say "the thesis" and "system A", "B" or "C" mean those of `SOURCES`.
"""

import math
import re
import unicodedata
from dataclasses import dataclass

from emopipe.parameters import check_one_of

METRICS = ("accuracy", "uar", "macro_f1")
MEANS = ("clips", "subjects", "folds")


def tex(text):
    """Return a text in which nothing is a command of TeX.

    >>> tex("R&D, 5 %")
    'R\\\\&D, 5 \\\\%'
    """
    return re.sub(r"([&%$#_{}])", r"\\\1", text.replace("\\", "/"))


@dataclass(frozen=True)
class Source:
    """A publication.

    Parameters
    ----------
    authors, title : str
    year : int or None
        None where it is unknown, which citations then say.
    place : str
        Journal, conference or university.
    cited_as : str
        How tables cite it; by default by the first author's surname and the year.

    Raises
    ------
    ValueError
        If a field is empty, or the year is no number.

    See Also
    --------
    Published : A figure from a publication.

    Examples
    --------
    >>> from emopipe import Source
    >>> Source('Ada Byron, Charles Babbage', 'Notes', 1843, 'Memoirs').short
    'Byron and Babbage 1843'
    """

    authors: str
    title: str
    year: int | None
    place: str
    cited_as: str = ""

    def __post_init__(self):
        for name in ("authors", "title", "place"):
            if not getattr(self, name).strip():
                raise ValueError(f"a source needs {name}: {self!r}")
        if self.year is not None and (type(self.year) is not int or not 0 < self.year < 3000):
            raise ValueError(f"the year of a source is a number, or None where unknown: {self!r}")

    @property
    def short(self):
        """How a table cites it."""
        if self.cited_as:
            return self.cited_as
        names = [name.rpartition(" ")[2] for name in self.authors.split(", ")]
        who = names[0] + (" et al." if len(names) > 2 else "")
        who = " and ".join(names) if len(names) == 2 else who
        return f"{who} {self.year or '(year unknown)'}"

    @property
    def key(self):
        """Its key in a BibTeX file: surname and year, in ASCII letters."""
        name = self.authors.split(", ")[0].rpartition(" ")[2]
        name = self.cited_as.rpartition(" ")[2] if self.cited_as else name
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
        return f"{plain or 'source'}{self.year or ''}"

    def bibtex(self):
        """Return the entry of a BibTeX file, in UTF-8.

        >>> print(HOLM.bibtex())
        @misc{holm1979,
          author = {Sture Holm},
          title = {{A simple sequentially rejective multiple test procedure}},
          year = {1979},
          howpublished = {Scandinavian Journal of Statistics 6(2)},
        }
        """
        fields = {
            "author": self.authors.replace(", ", " and "),
            "title": f"{{{tex(self.title)}}}",
            "year": self.year,
            "howpublished": tex(self.place),
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@misc{{{self.key},", *lines, "}"])

    def __str__(self):
        return f"{self.authors} ({self.year or 'year unknown'}). {self.title}. {self.place}."


THESIS = Source(
    "Author unknown to us",
    "[Emotions from speech and video, with VGG-Face, pyAudioAnalysis and SVMs]",
    None,
    "Bachelor's thesis, ETSETB, Universitat Politècnica de Catalunya; our copy has no title page, "
    "so that author, title and year are missing here",
    "the thesis",
)
RISTEA = Source(
    "Nicolae-Cătălin Ristea, Liviu Cristian Duțu, Anamaria Radoi",
    "Emotion recognition system from speech and visual information based on convolutional neural "
    "networks",
    2019,
    "Conference on Speech Technology and Human-Computer Dialogue (SpeD)",
)
BIRHALA = Source(
    "Andreea Birhala, Catalin Nicolae Ristea, Anamaria Radoi, Liviu Cristian Dutu",
    "Temporal aggregation of audio-visual modalities for emotion recognition",
    2020,
    "Conference on Telecommunications and Signal Processing (TSP); arXiv 2007.04364",
)
PRIYASAD = Source(
    "Darshana Priyasad, Tharindu Fernando, Simon Denman, Sridha Sridharan, Clinton Fookes",
    "Learning salient features for multimodal emotion recognition with recurrent neural networks "
    "and attention based fusion",
    2019,
    "Conference on Auditory-Visual Speech Processing (AVSP), doi 10.21437/AVSP.2019-5",
)
CAO = Source(
    "Houwei Cao, David G. Cooper, Michael K. Keutmann, Ruben C. Gur, Ani Nenkova, Ragini Verma",
    "CREMA-D: crowd-sourced emotional multimodal actors dataset",
    2014,
    "IEEE Transactions on Affective Computing 5(4)",
)
GIANNAKOPOULOS = Source(
    "Theodoros Giannakopoulos",
    "pyAudioAnalysis: an open-source Python library for audio signal analysis",
    2015,
    "PLoS ONE 10(12), doi 10.1371/journal.pone.0144610",
)
PARKHI = Source(
    "Omkar M. Parkhi, Andrea Vedaldi, Andrew Zisserman",
    "Deep face recognition",
    2015,
    "British Machine Vision Conference (BMVC)",
)
ARRIAGA = Source(
    "Octavio Arriaga, Matias Valdenegro-Toro, Paul Plöger",
    "Real-time convolutional neural networks for emotion and gender classification",
    2017,
    "arXiv 1710.07557",
)
SIMONYAN = Source(
    "Karen Simonyan, Andrew Zisserman",
    "Very deep convolutional networks for large-scale image recognition",
    2015,
    "International Conference on Learning Representations (ICLR); arXiv 1409.1556",
)
PEDREGOSA = Source(
    "Fabian Pedregosa, Gaël Varoquaux, Alexandre Gramfort, Vincent Michel, Bertrand Thirion, "
    "Olivier Grisel, Mathieu Blondel, Peter Prettenhofer, Ron Weiss, Vincent Dubourg, Jake "
    "Vanderplas, Alexandre Passos, David Cournapeau, Matthieu Brucher, Matthieu Perrot, Édouard "
    "Duchesnay",
    "Scikit-learn: machine learning in Python",
    2011,
    "Journal of Machine Learning Research 12",
)
FIELD = Source(
    "C. A. Field, A. H. Welsh",
    "Bootstrapping clustered data",
    2007,
    "Journal of the Royal Statistical Society B 69(3)",
)
HOLM = Source(
    "Sture Holm",
    "A simple sequentially rejective multiple test procedure",
    1979,
    "Scandinavian Journal of Statistics 6(2)",
)
KAPOOR = Source(
    "Sayash Kapoor, Emily M. Cantrell, Kenny Peng, Thanh Hien Pham, Christopher A. Bail, Odd Erik "
    "Gundersen, Jake M. Hofman, Jessica Hullman, Michael A. Lones, Momin M. Malik, others",
    "REFORMS: consensus-based recommendations for machine-learning-based science",
    2024,
    "Science Advances 10(18), doi 10.1126/sciadv.adk3452",
)
# Class name in an estimator -> what to cite for it, its pretrained weights too.
CITED_FOR = {
    "ShortTermStatistics": (GIANNAKOPOULOS,),
    "VGGFaceFeatures": (PARKHI,),
    "VGGFaceClassifier": (PARKHI,),
    "MiniXceptionFeatures": (ARRIAGA,),
    "AudioVisualCNN": (RISTEA,),
    "TemporalAggregation": (BIRHALA,),
    "SegmentAttentionNetwork": (PRIYASAD, SIMONYAN),
}
# Name in docstrings and experiments -> publication.
SOURCES = {"thesis": THESIS, "A": RISTEA, "B": BIRHALA, "C": PRIYASAD, "CREMA-D": CAO}


@dataclass(frozen=True, kw_only=True)
class Published:
    """A figure from a publication, or measured elsewhere, to stand beside a result.

    Parameters
    ----------
    label : str
        What was measured, such as "voice and face, equal weights".
    metric : str
        "accuracy", "uar" or "macro_f1".
    value : float
        A fraction (0.2896, not 28.96 %).
    source : Source, str or None
        "thesis", "A", "B", "C" and "CREMA-D" name those that emopipe cites. None: measured by the
        authors of the experiment, as `note` says.
    where : str
        The table or section.
    beside : str or None
        Label of the result that it stands beside.
    spread : float or None
        Standard deviation over what `mean_over` names, a fraction.
    mean_over : str
        What the value is a mean over: "clips", "subjects" or "folds". Ours is the same mean.
    protocol : str
        Corpus, split and clips, in words.
    confusion : dict or None
        classes (emotions) and shares (list of lists: rows are true emotions, fractions of each).
    weights : dict or None
        Fusion weights: {modality: {emotion: weight}}.
    note : str
        What makes it comparable, or not.

    Raises
    ------
    ValueError
        A figure is no fraction, or a name is unknown.

    See Also
    --------
    Source : A publication.
    Experiment : Results with a question.

    Examples
    --------
    >>> from emopipe import Published
    >>> Published(label="face", value=0.2774, source="thesis", where="section 4.2").source.short
    'the thesis'
    """

    label: str
    metric: str = "accuracy"
    value: float
    source: Source | str | None
    where: str = ""
    beside: str | None = None
    spread: float | None = None
    mean_over: str = "clips"
    protocol: str = ""
    confusion: dict | None = None
    weights: dict | None = None
    note: str = ""

    def __post_init__(self):
        if isinstance(self.source, str):
            check_one_of(f"published {self.label!r}: source", self.source, SOURCES)
            object.__setattr__(self, "source", SOURCES[self.source])
        _check_figures(self)
        _check_confusion(self)

    @classmethod
    def from_dict(cls, fields):
        """Return the Published whose fields, as plain data, are given."""
        source = fields.get("source")
        return cls(**fields | {"source": Source(**source) if source else None})


def _check_figures(figure):
    for name in ("value", "spread"):
        number = getattr(figure, name)
        if isinstance(number, str):
            raise ValueError(
                f"published {name} of {figure.label!r} is the text {number!r}: give a number, a "
                "fraction in [0, 1]"
            )
        if number is not None and not (math.isfinite(number) and 0 <= number <= 1):
            raise ValueError(
                f"published {name} of {figure.label!r} is {number}: give a fraction in [0, 1]"
            )
    for name, legal in {"metric": METRICS, "mean_over": MEANS}.items():
        check_one_of(f"published {figure.label!r}: {name}", getattr(figure, name), legal)
    if figure.source is None and not figure.note:
        raise ValueError(
            f"published {figure.label!r} has no source: name one, or say in note how it was "
            "measured"
        )


def _check_confusion(figure):
    if figure.confusion is None:
        return
    classes, shares = figure.confusion["classes"], figure.confusion["shares"]
    if len(shares) != len(classes) or any(len(row) != len(classes) for row in shares):
        raise ValueError(f"published {figure.label!r}: confusion needs a row per emotion")
    # Printed tables are rounded.
    if any(abs(sum(row) - 1) > 0.02 for row in shares):
        raise ValueError(
            f"published {figure.label!r}: the rows of confusion are true emotions, shares that sum "
            "to 1 (turn a table whose columns are the truth)"
        )
