"""Find the Dask cluster in use: the one that joblib uses.

``joblib.parallel_config("dask")`` and `on_cluster` say so, and then grid searches, folds and the
extraction of the features that they need all go to the same place.
"""

import math
import os
import re
import sys
import time
from contextlib import contextmanager, suppress

import joblib
from joblib.parallel import get_active_backend

from emopipe import __version__
from emopipe.extraction.dask.broadcast import clear_away

# Seconds that a cluster may be without any worker, as one that grows with its work is at first.
PATIENCE = 120.0
# Seconds between looks at how many threads the cluster has.
_LOOK = 5.0
_ADDRESS = re.compile(
    r"(?:(?:tcp|tls|ws|wss|ucx|ucxx)://)?(?:[\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}/?"
)


def inside_task() -> bool:
    """Say whether this code is part of a task of Dask, in one of its workers.

    Examples
    --------
    >>> inside_task()
    False
    """
    distributed = sys.modules.get("distributed")
    try:
        return distributed is not None and distributed.get_worker() is not None
    except ValueError:
        return False


def client_in_use():
    """Return the client of joblib's Dask backend where that is in force, or None.

    Inside a task of Dask it is None: a task does its own work.

    Examples
    --------
    >>> print(client_in_use())
    None
    """
    backend = get_active_backend()[0]
    if type(backend).__name__ != "DaskDistributedBackend" or inside_task():
        return None
    return backend.client


def _client_of(address, timeout):
    """Return a client of the scheduler at an address, or named by a scheduler file."""
    address = str(address)
    kind = {"address": address}
    if address.endswith(".json"):
        if not os.path.isfile(address):
            raise FileNotFoundError(f"no scheduler file {address}: `dask scheduler` writes it")
        kind = {"scheduler_file": address}
    elif not _ADDRESS.fullmatch(address):
        raise ValueError(
            f"{address!r} is no address of a Dask scheduler: write tcp://HOST:8786, HOST:8786, or "
            "the path of the .json file that `dask scheduler --scheduler-file FILE.json` writes"
        )
    try:
        from distributed import Client
    except ImportError:
        raise ImportError(
            "a cluster needs Dask: pip install 'dask[distributed]' here and on every worker"
        ) from None
    try:
        return Client(**kind, timeout=timeout)
    except (OSError, TimeoutError) as error:
        raise ConnectionError(
            f"no Dask scheduler answers at {address} within {timeout:g} s ({error}). Start one "
            "with `dask scheduler`, workers with `dask worker HOST:8786`, and pass the address "
            "that the scheduler prints."
        ) from None


def _check_workers(client):
    """Raise where the scheduler or a worker has another emopipe, or none."""
    from importlib.metadata import PackageNotFoundError, version

    versions = {
        f"worker {name}": theirs
        for name, theirs in sorted(client.run(version, "emopipe", on_error="return").items())
    }
    with suppress(PackageNotFoundError):
        versions["scheduler"] = None
        versions["scheduler"] = client.run_on_scheduler(version, "emopipe")
    for name, theirs in versions.items():
        if theirs is None or isinstance(theirs, Exception):
            raise ImportError(
                f"the Dask {name} has no emopipe: install this machine's version ({__version__}) "
                "there, and dask[distributed]"
            )
        check_version(theirs, version("emopipe"), name)


class Threads:
    """How many threads a cluster has, looked at every few seconds.

    Parameters
    ----------
    client : distributed.Client
    """

    def __init__(self, client):
        self.client = client
        self.n, self._looked, self._last_present = 0, -math.inf, time.monotonic()

    def look(self) -> int:
        """Return how many there are.

        Raises
        ------
        ConnectionError
            If there have been none for too long.
        """
        now = time.monotonic()
        if now - self._looked < _LOOK and self.n:
            return self.n
        self.n, self._looked = sum(self.client.ncores().values()), now
        if self.n:
            self._last_present = now
        elif now - self._last_present > PATIENCE:
            address = self.client.scheduler.address
            raise ConnectionError(
                f"the cluster at {address} has had no worker for {PATIENCE:g} s. Start some with "
                f"`dask worker {address}` and run this again: it goes on where it was."
            )
        return self.n


def check_version(theirs, ours, machine) -> None:
    """Raise ImportError where a worker or the scheduler has another emopipe."""
    if theirs != ours:
        raise ImportError(
            f"the Dask {machine} has emopipe {theirs}, this machine {ours}: features would "
            "not be sure to be the same. Install one version everywhere and start the workers anew."
        )


@contextmanager
def on_cluster(address, *, timeout=10.0):
    """Send what happens inside to a Dask cluster: extraction, grid searches, folds.

    Parameters
    ----------
    address : str or Path
        Of the scheduler, such as "tcp://10.0.0.5:8786", or its scheduler file (.json).
    timeout : float
        Seconds that it may take to answer.

    Yields
    ------
    distributed.Client

    Raises
    ------
    ImportError
        If Dask is not installed here, or a worker has another emopipe, or none.
    ValueError
        If the address is none.
    ConnectionError
        If nobody answers there.

    See Also
    --------
    evaluate : Makes a Result.

    Examples
    --------
    >>> from emopipe import on_cluster
    >>> with on_cluster("localhost"):
    ...     pass
    Traceback (most recent call last):
        ...
    ValueError: 'localhost' is no address of a Dask scheduler: write tcp://HOST:8786, HOST:8786, ...
    """
    with _client_of(address, timeout) as client:
        _check_workers(client)
        try:
            with joblib.parallel_config("dask", client=client, wait_for_workers_timeout=PATIENCE):
                yield client
        finally:
            clear_away(client)
