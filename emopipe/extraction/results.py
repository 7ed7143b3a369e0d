"""Results of an extraction: values, statuses, counts, and where the time went."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from emopipe.store import StoreError
from emopipe.text import pluralise

# Stages whose names alone would not say what they are.
_STAGES = {"start": "starting workers", "lost": "lost in crashes and time-outs"}


@dataclass(frozen=True)
class Extraction:
    """What `extract` found, in the order of the paths.

    Parameters
    ----------
    values : list of (ndarray or None), or StoredValues
        Read-only arrays; None where a clip gave nothing.
    statuses : list of str
        Each one of `emopipe.media.STATUSES`.
    details : list of str
        In words, what was found.
    counts : list of dict
        What was counted on the way, per clip.
    seconds : dict of str to float
        Where the time went. In workers, added up: "decode", "faces", "features" and what else a
        recipe names, "prepare" (the rest of it), "checksum" (of files), "start" (of workers)
        and "lost" (crashed, timed out). Here: "network" (and loading it), "store". "wall" is what
        passed on the clock.
    prepared, finished : int
        Clips that were prepared and rows that went through the network in this call.
    workers : int
        Processes that prepared clips; threads of the cluster.
    stored : int
        Clips whose result was known.
    cluster : bool
        Whether a cluster computed.

    Examples
    --------
    >>> seconds = {"decode": 1.0, "faces": 2.0, "network": 1.0, "wall": 2.1}
    >>> print(Extraction([], ["ok"] * 3, [], [], seconds, workers=2, stored=1).summary())
    3 clips: ok 3; computed 2, from the store 1
    2.1 s on the clock; 4.0 s added up over 2 workers and this process: faces 2.0 s (50 %),
    decode 1.0 s (25 %), network 1.0 s (25 %)
    """

    values: list
    statuses: list
    details: list
    counts: list
    seconds: dict = field(default_factory=dict)
    prepared: int = 0
    finished: int = 0
    workers: int = 0
    stored: int = 0
    cluster: bool = False

    def summary(self) -> str:
        """Return the tally of statuses, and where the time went with shares, in two lines.

        Processes work at the same time: shares are of their seconds added up, not of the clock's.
        The largest comes first; what took less than a twentieth of a second is left out.
        """
        tally = ", ".join(f"{s} {n}" for s, n in Counter(self.statuses).most_common())
        n = len(self.statuses)
        sources = f"computed {n - self.stored}, from the store {self.stored}"
        spent = {name: s for name, s in self.seconds.items() if name != "wall"}
        total = sum(spent.values())
        parts = [
            f"{_STAGES.get(name, name)} {s:.1f} s ({s / total:.0%}".replace("%", " %)")
            for name, s in sorted(spent.items(), key=lambda item: -item[1])
            if s >= 0.05
        ]
        return (
            f"{pluralise(n, 'clip')}: {tally or 'none'}; {sources}\n"
            f"{self.seconds.get('wall', 0.0):.1f} s on the clock; {total:.1f} s {self._crew()}"
            + (": " + ", ".join(parts) if parts else "")
        )

    def _crew(self) -> str:
        """Say whose seconds were added up."""
        if not self.workers:
            return "in this process"
        kind = "thread" if self.cluster else "worker"
        crew = pluralise(self.workers, kind)
        return f"added up over {crew}{' of the cluster' * self.cluster} and this process"


class StoredValues(Sequence):
    """The values of an extraction, read from the store when they are asked for.

    Parameters
    ----------
    keys : list of str or None
        Key of each value; None where a clip gave nothing.
    store : Store
    recompute : callable
        ``recompute(rows)`` returns the values of rows that are no longer there.

    Examples
    --------
    >>> import hashlib, os, tempfile
    >>> import numpy as np
    >>> from emopipe.store import Entry, Store
    >>> store = Store(os.path.join(tempfile.mkdtemp(), "store.sqlite"))
    >>> key = hashlib.sha256(b"clip and recipe").hexdigest()
    >>> store.put({key: Entry(np.arange(3))})
    >>> values = StoredValues([key, None], store, recompute=None)
    >>> values[0], values[1]
    (array([0, 1, 2]), None)
    """

    def __init__(self, keys, store, recompute):
        self.keys, self.store, self.recompute = keys, store, recompute

    def __len__(self):
        return len(self.keys)

    def __getitem__(self, rows):
        """Return the value of a row, or a list of those of a slice."""
        if isinstance(rows, slice):
            return self.take(range(*rows.indices(len(self))))
        return self.take([rows])[0]

    def take(self, rows) -> list:
        """Return the values of some rows at once, repeated or not: read-only arrays or None.

        What was removed from the store meanwhile, or is damaged, is computed again.

        Raises
        ------
        StoreError
            If it cannot be.
        """
        keys = {row: self.keys[row] for row in rows if self.keys[row] is not None}
        values = {key: entry.value for key, entry in self.store.get(keys.values()).items()}
        gone = [row for row, key in keys.items() if key not in values]
        if gone:
            values |= dict(zip([keys[row] for row in gone], self.recompute(gone), strict=True))
        lost = [row for row, key in keys.items() if values[key] is None]
        if lost:
            raise StoreError(
                f"the store {self.store.path}: {len(lost)} values have gone since they were "
                f"extracted and cannot be computed again (row {lost[0]} first)"
            )
        return [values[keys[row]] if row in keys else None for row in rows]
