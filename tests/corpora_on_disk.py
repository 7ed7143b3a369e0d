"""Corpora of a few tiny files, for tests of their loaders."""

import warnings

from emopipe.corpora import CorpusWarning, load_corpus


def lay(root, *names, content=b"RIFF recording"):
    """Write files with these names below root."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def load(name, root, **options):
    """Load without minding that the corpus is incomplete."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CorpusWarning)
        return load_corpus(name, root, **options)


def load_warnings(name, root, **options):
    """Return all warnings of loading in one string."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load_corpus(name, root, **options)
    assert all(issubclass(warning.category, CorpusWarning) for warning in caught)
    return "\n".join(str(warning.message) for warning in caught)
