"""Resume an interrupted fit at the epoch where it stopped."""

import hashlib
import json

import numpy as np

from emopipe.checkpoints import check_checkpoint, load_checkpoint
from emopipe.files import atomic_file, expand_user


def _digest(identity, text, arrays) -> str:
    """Return the SHA-256 over what a fit depends on, a text, and arrays by name."""
    digest = hashlib.sha256(json.dumps([identity, text]).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"\n{name} {array.dtype.str} {array.shape} ".encode())
        digest.update(array.data)
    return digest.hexdigest()


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
        check_checkpoint(folder)
        self.identity = identity
        name = hashlib.sha256(identity.encode()).hexdigest()[:24]
        self.path = None if folder is None else expand_user(folder) / f"fit-{name}.npz"

    def save(self, head: dict, lists: dict) -> None:
        """Write JSON-able values and lists of arrays; a reader sees all of it or the old file.

        Raises
        ------
        OSError
            If it cannot be written; the message names the file.
        """
        if self.path is None:
            return
        arrays = {
            f"{name}/{i}": a
            for name, arrays_of_name in lists.items()
            for i, a in enumerate(arrays_of_name)
        }
        counts = {name: len(arrays_of_name) for name, arrays_of_name in lists.items()}
        text = json.dumps([head, counts])
        with atomic_file(self.path) as file:
            np.savez(
                file, head=np.array(text), digest=_digest(self.identity, text, arrays), **arrays
            )

    def load(self) -> tuple[dict, dict] | None:
        """Return what was saved, or None; a file that is not as it was written is set aside."""
        if self.path is None:
            return None
        return load_checkpoint(self.path, self._content, "this fit starts at epoch 0")

    def _content(self):
        with np.load(self.path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        text, digest = str(arrays.pop("head")), str(arrays.pop("digest"))
        if _digest(self.identity, text, arrays) != digest:
            raise ValueError("its checksum differs: it was changed, or belongs to another fit")
        head, counts = json.loads(text)
        return head, {name: [arrays[f"{name}/{i}"] for i in range(n)] for name, n in counts.items()}

    def remove(self) -> None:
        """Remove the file: the fit is done."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
