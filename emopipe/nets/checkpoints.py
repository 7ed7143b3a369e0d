"""A fit that is interrupted goes on at the epoch where it stopped."""

import hashlib
import json
import warnings
import zipfile
from pathlib import Path

import numpy as np

from emopipe.files import atomic_file


class FitCheckpoint:
    """State of one fit after its last whole epoch, in one file of plain arrays.

    Parameters
    ----------
    folder : str, Path or None
        Where files of unfinished fits lie; many fits may share it. None keeps nothing.
    identity : str
        All that the fit depends on, in words; it names the file.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> checkpoint = FitCheckpoint(mkdtemp(), "a fit")
    >>> checkpoint.save({"epoch": 3}, {"state": [np.zeros(2)]})
    >>> checkpoint.load()
    ({'epoch': 3}, {'state': [array([0., 0.])]})
    >>> checkpoint.remove()
    >>> print(checkpoint.load())
    None
    """

    def __init__(self, folder, identity: str):
        name = hashlib.sha256(identity.encode()).hexdigest()[:24]
        self.path = None if folder is None else Path(folder).expanduser() / f"fit-{name}.npz"

    def save(self, head: dict, lists: dict) -> None:
        """Keep JSON-able values and lists of arrays; whoever reads sees all of it or the old."""
        if self.path is None:
            return
        arrays = {f"{name}/{i}": a for name, some in lists.items() for i, a in enumerate(some)}
        counts = {name: len(some) for name, some in lists.items()}
        with atomic_file(self.path) as file:
            np.savez(file, head=np.array(json.dumps([head, counts])), **arrays)

    def load(self) -> tuple[dict, dict] | None:
        """Return what was saved, or None; a damaged file is told of and not used."""
        if self.path is None or not self.path.is_file():
            return None
        try:
            with np.load(self.path, allow_pickle=False) as file:
                head, counts = json.loads(str(file["head"]))
                return head, {k: [file[f"{k}/{i}"] for i in range(n)] for k, n in counts.items()}
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            warnings.warn(
                f"the checkpoint {self.path} is damaged ({error}): this fit starts at epoch 0",
                stacklevel=2,
            )
            return None

    def remove(self) -> None:
        """Forget the state: the fit is done."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
