"""Save the outcomes of folds, so that a killed evaluation resumes."""

import hashlib
import json
import warnings

from emopipe.checkpoints import CheckpointWarning, load_checkpoint
from emopipe.files import expand_user, write_atomic

# Bytes of a fold's file: more than a million clips need.
_LARGEST = 2**30


def _list_unfinished(folder):
    """Return the folders of evaluations in `folder` that have some of their folds, not all."""
    folders = []
    for candidate in sorted(folder.iterdir()) if folder.is_dir() else []:
        names = [path.stem for path in candidate.glob("fold-*-of-*.json")]
        if names and len(names) < int(names[0].rpartition("-")[2]):
            folders.append(candidate)
    return folders


class FoldCheckpoints:
    """Outcomes of folds in a folder, one JSON file each, so that a killed run goes on.

    Parameters
    ----------
    folder : str, Path or None
        None keeps nothing. One folder may serve several evaluations: each has a folder of its
        own inside, named by what its outcomes depend on (estimator, rows, labels, folds).
    key : str
        From `emopipe.keys.evaluation_key`.
    n_folds : int
    """

    def __init__(self, folder, key, n_folds):
        self.folder, self.key, self.n_folds = None, key, n_folds
        if folder is None:
            return
        folder = expand_user(folder)
        self.folder = folder / key[:20]
        unusable = _list_unfinished(folder)
        if unusable and not self.folder.is_dir():
            warnings.warn(
                f"{folder} holds an unfinished evaluation ({unusable[0].name}) with another "
                "estimator, other clips, labels or folds: it cannot be used, this one starts at "
                "fold 0",
                CheckpointWarning,
                stacklevel=4,
            )

    def _path(self, number):
        return self.folder / f"fold-{number}-of-{self.n_folds}.json"

    def _seal(self, number, outcome):
        """Return the SHA-256 over an outcome and what it is the outcome of."""
        content = json.dumps([self.key, number, self.n_folds, outcome], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()

    def load(self, number):
        """Return a fold's outcome, or None where there is none that is whole.

        What is damaged, changed or of another fold is set aside, with a warning.
        """
        if self.folder is None:
            return None
        consequence = f"fold {number} is computed again"
        return load_checkpoint(self._path(number), lambda: self._outcome(number), consequence)

    def _outcome(self, number):
        path = self._path(number)
        if path.stat().st_size > _LARGEST:
            raise ValueError(f"it is larger than {_LARGEST} bytes")
        sealed = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(sealed, dict) or set(sealed) != {"outcome", "sha256"}:
            raise ValueError("it is no outcome of a fold")
        if sealed["sha256"] != self._seal(number, sealed["outcome"]):
            raise ValueError("its checksum differs: it was changed or belongs to another fold")
        return sealed["outcome"]

    def save(self, number, outcome):
        """Keep a fold's outcome."""
        if self.folder is not None:
            outcome = json.loads(json.dumps(outcome, allow_nan=False))
            sealed = {"outcome": outcome, "sha256": self._seal(number, outcome)}
            write_atomic(self._path(number), json.dumps(sealed))
