"""Networks from files, run by a library in a process of its own."""

from pathlib import Path

from emopipe.backbones.weights import WeightsError
from emopipe.containment import Broken, Contained, Refused

# Bytes of such a process beside four times the file's; s to an answer.
_MEMORY, _PATIENCE = 4 * 2**30, 300.0


class ContainedNetwork:
    """A network in a process of its own: a file that breaks its library costs nothing else.

    Parameters
    ----------
    path : str or Path
        The file.
    answer : str
        Function that answers there, "module:name".
    runtime : str
        Name of the library, for errors.
    install : str
        The extra of emopipe that installs it.
    """

    def __init__(self, path, answer, *, runtime, install):
        self.path, self.runtime, self.install = path, runtime, install
        memory = _MEMORY + 4 * Path(path).stat().st_size
        self._process = Contained(answer, memory=memory, patience=_PATIENCE)

    def ask(self, head, rows=None):
        """Return the answer to a question: a dict and an array or None.

        Raises
        ------
        ImportError
            If the library is not installed.
        WeightsError
            If the file is refused, or breaks the process.
        """
        try:
            return self._process.ask({"path": self.path} | head, rows)
        except Refused as error:
            if error.kind in ("ImportError", "ModuleNotFoundError"):
                raise ImportError(
                    f"{self.runtime} is not installed: pip install 'emopipe[{self.install}]'."
                ) from None
            if error.kind == "WeightsError":
                raise WeightsError(str(error)) from None
            raise WeightsError(f"{self.path}: {self.runtime} cannot run it ({error}).") from None
        except Broken as error:
            raise WeightsError(f"{self.path}: {self.runtime} cannot run it: {error}.") from None
