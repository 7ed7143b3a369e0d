"""Values that stay in the store until they are asked for."""

from collections.abc import Sequence

from emopipe.store import StoreError


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
        found = {key: entry.value for key, entry in self.store.get(keys.values()).items()}
        gone = [row for row, key in keys.items() if key not in found]
        if gone:
            found |= dict(zip([keys[row] for row in gone], self.recompute(gone), strict=True))
        lost = [row for row, key in keys.items() if found[key] is None]
        if lost:
            raise StoreError(
                f"the store {self.store.path}: {len(lost)} values have gone since they were "
                f"extracted and cannot be computed again (row {lost[0]} first)"
            )
        return [found[keys[row]] if row in keys else None for row in rows]
