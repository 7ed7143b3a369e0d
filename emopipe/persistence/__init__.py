"""Fitted recognisers as folders that can be kept, sent and loaded without running foreign code.

A folder holds ``model.skops`` (parameters and learned arrays, never pickles), ``model.json`` (the
manifest: versions, labels, features, figures, a checksum of every file) and ``model_card.md``.
An estimator takes part without doing anything when what it keeps in its attributes is plain values,
numpy arrays, number tables and other estimators; classes of this package are trusted as they are.
"""

from emopipe.persistence.errors import ModelError, ModelWarning
from emopipe.persistence.loading import load, read_manifest
from emopipe.persistence.saving import allowed, save

__all__ = ["ModelError", "ModelWarning", "allowed", "load", "read_manifest", "save"]
