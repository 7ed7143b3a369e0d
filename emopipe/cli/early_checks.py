"""Checks before a command works, and messages that name its flags."""

import os
import re

from emopipe.files import check_writable


def check_output(path, flag: str, endings=()) -> None:
    """Make the folder of a file that a command will write; None: there is no such file.

    Parameters
    ----------
    path : Path or None
    flag : str
    endings : tuple of str
        That its name may have, besides none, such as ".csv".

    Raises
    ------
    OSError
        If nothing can be written there; the message names the flag.
    ValueError
        If its ending promises another kind of file.
    """
    if path is None:
        return
    if endings and path.suffix and path.suffix.lower() not in endings:
        raise ValueError(f"{flag} {path}: name a file that ends in {' or '.join(endings)}")
    if path.is_dir():
        raise IsADirectoryError(f"{flag} {path} is a folder: name a file in it")
    if path.exists() and not os.access(path, os.W_OK):
        raise PermissionError(f"{flag} {path} cannot be written: choose another file")
    if path.is_file() or not path.exists():  # no pipe or device, which are written to directly
        check_writable(path.parent, f"{flag} {path}", "choose another file")


def check_folder(folder, flag: str = "") -> None:
    """Make the folder that holds a folder which a command will write.

    Raises
    ------
    OSError
        If nothing can be written there; the message names the flag.
    """
    holder = folder if folder.exists() else folder.parent
    check_writable(holder, f"{flag} {folder}".lstrip(), "choose another folder")


def check_store(store) -> None:
    """Open the store of --store, before anything is computed for it.

    Raises
    ------
    StoreError
        If it cannot be used.
    """
    from emopipe.store import open_store

    open_store(store)


def check_window_flags(window, step=None) -> None:
    """Raise ValueError where --window and --step make no sense, see `check_windows`."""
    from emopipe.models import check_windows

    try:
        check_windows(window, step)
    except ValueError as error:
        raise ValueError(re.sub(r"\b(window|step)=", r"--\1 ", str(error))) from None


def with_flags(error, command) -> str:
    """Return the message of an error, with flags in place of parameters in Python.

    Parameters
    ----------
    error : Exception
    command : str or None
        The command that raised it; None: a script that runs itself.
    """
    from emopipe.store.database import ELSEWHERE

    nothing = "" if command in ("store", "doctor") else ", or --store none to keep nothing"
    message = (str(error) or type(error).__name__).replace(
        ELSEWHERE, f"Name another file with --store{nothing}."
    )
    return re.sub(r"\bperson='?(\w+)'?", r"--person \1", message)
