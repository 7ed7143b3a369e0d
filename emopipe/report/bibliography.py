"""BibTeX of what an experiment rests on: papers, corpora, pretrained weights, methods."""

import re

from emopipe.corpora import corpus_names, describe_corpus
from emopipe.literature import CITED_FOR, FIELD, HOLM, KAPOOR, PEDREGOSA, tex
from emopipe.text import slug


def bibtex(experiment, sources):
    """Return the text of a BibTeX file.

    Parameters
    ----------
    experiment : Experiment
    sources : list of Source
        Publications whose figures stand in the report.
    """
    estimators = " ".join(r.protocol["estimator"] for r in experiment.results.values())
    used = [cited for name, cited in CITED_FOR.items() if re.search(rf"\b{name}\(", estimators)]
    cited = [*sources, *(source for group in used for source in group), PEDREGOSA]
    if any(result.metrics["uar"]["low"] is not None for result in experiment.results.values()):
        cited.append(FIELD)
    cited += [HOLM] if len(experiment.results) > 1 else []
    entries = {source.key: source.bibtex() for source in [*cited, KAPOOR]}
    corpora = {c["name"]: c for r in experiment.results.values() for c in r.corpora}
    entries |= {f"corpus-{slug(name, 'corpus')}": _corpus(name, c) for name, c in corpora.items()}
    return "\n\n".join(entries.values()) + "\n"


def _corpus(name, corpus):
    fields = {"title": f"{{{tex(name)}}}"}
    if corpus["synthetic"]:
        fields["note"] = "Synthetic: drawn faces and synthesised voices of people who do not exist"
    elif name in corpus_names():
        about = describe_corpus(name)
        fields = {
            "title": f"{{{tex(about.title)}}}",
            "note": tex(f"{about.paper}. Licence: {about.licence}"),
            "howpublished": tex(about.request),
        }
    else:
        fields["note"] = "A collection of our own: authors, year and licence are to be written"
    lines = [f"  {key} = {{{' '.join(value.split())}}}," for key, value in fields.items()]
    return "\n".join([f"@misc{{corpus-{slug(name, 'corpus')},", *lines, "}"])
