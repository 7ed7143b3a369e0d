"""The store looked after: what it holds, what is damaged, what may go."""

import time

from emopipe.store.database import Database
from emopipe.store.records import COLUMNS, from_row


def listed(database: Database):
    """Return a DataFrame with a row per recipe: name, entries, bytes, last_used, parameters."""
    import pandas as pd

    with database.transaction() as sql:
        rows = sql(
            "SELECT name, count(*), sum(bytes), max(used), parameters FROM entries "
            "JOIN recipes ON recipes.id = recipe GROUP BY recipe ORDER BY sum(bytes) DESC, name"
        ).fetchall()
    table = pd.DataFrame(rows, columns=["name", "entries", "bytes", "last_used", "parameters"])
    table["last_used"] = pd.to_datetime(table["last_used"], unit="s")
    return table


def damaged(database: Database) -> list[bytes]:
    """Read every value and return the keys of those whose checksum disagrees."""
    keys, last = [], 0
    query = f"SELECT id, key, {','.join(COLUMNS)} FROM entries WHERE id > ? ORDER BY id LIMIT 9"
    while True:
        with database.transaction() as sql:
            rows = sql(query, (last,)).fetchall()
        if not rows:
            return keys
        keys += [key for _, key, *row in rows if from_row(*row) is None]
        last = rows[-1][0]


def forget(database: Database, *, max_bytes, older_than, recipe) -> int:
    """Delete entries as `Store.gc` describes, and return how many."""
    chosen = "SELECT id FROM recipes" + ("" if recipe is None else " WHERE name=:recipe")
    query = (
        "DELETE FROM entries WHERE id IN (SELECT id FROM (SELECT id, used, "
        "sum(bytes) OVER (ORDER BY used DESC, id DESC) AS total FROM entries "
        f"WHERE recipe IN ({chosen})) WHERE used < :before OR total > :most)"
    )
    if max_bytes is None and older_than is None and recipe is not None:
        query = f"DELETE FROM entries WHERE recipe IN ({chosen})"
    values = {
        "recipe": recipe,
        "before": -1 if older_than is None else time.time() - older_than,
        "most": 2**62 if max_bytes is None else max_bytes,
    }
    with database.transaction(write=True) as sql:
        forgotten = sql(query, values).rowcount
        sql("DELETE FROM recipes WHERE id NOT IN (SELECT recipe FROM entries)")
    database.shrink()
    return forgotten
