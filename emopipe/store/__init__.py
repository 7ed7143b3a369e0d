"""What was computed from clips, kept in one SQLite file: (content of the clip, recipe) -> array."""

from emopipe.store.contents import hash_files
from emopipe.store.database import StoreError
from emopipe.store.records import Entry
from emopipe.store.store import Store, default_path, open_store

__all__ = ["Entry", "Store", "StoreError", "default_path", "hash_files", "open_store"]
