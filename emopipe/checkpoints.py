"""Checkpoints: files from which an interrupted run goes on; damaged ones are set aside."""

import os
import warnings

from emopipe.files import check_writable, expand_user, set_aside


class CheckpointWarning(UserWarning):
    """A checkpoint cannot be used; what it would have saved is computed again."""


def check_checkpoint(folder) -> None:
    """Make the folder of checkpoints; None: there is none.

    Raises
    ------
    OSError
        If nothing can be written there: said before hours of work, not after them.
    """
    if folder is not None:
        check_writable(expand_user(folder), f"checkpoint={str(folder)!r}")


def load_checkpoint(path, read, consequence):
    """Return what a checkpoint holds, or None where there is none that can be used.

    Parameters
    ----------
    path : Path
        The file. Where it cannot be used it is renamed, with a `CheckpointWarning`.
    read : callable
        Returns its content, or raises: damage has many faces.
    consequence : str
        What happens without it, for the warning.

    Examples
    --------
    >>> from pathlib import Path
    >>> print(load_checkpoint(Path("missing.json"), dict, "the fit starts again"))
    None
    """
    if not os.path.lexists(path):
        return None
    try:
        return read()
    except Exception as error:
        aside = set_aside(path)
        warnings.warn(
            f"the checkpoint {path} cannot be used ({type(error).__name__}: {error}): it is now "
            f"{aside.name}, and {consequence}",
            CheckpointWarning,
            stacklevel=4,
        )
        return None
