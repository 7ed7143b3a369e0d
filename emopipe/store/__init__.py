"""The store of computed features, one SQLite file: (content of the clip, recipe) -> array."""

from emopipe.store.contents import clip_checksum
from emopipe.store.records import Entry
from emopipe.store.schema import StoreError, StoreWarning
from emopipe.store.store import Store, default_path, open_store, use_store

__all__ = [
    "Entry",
    "Store",
    "StoreError",
    "StoreWarning",
    "clip_checksum",
    "default_path",
    "open_store",
    "use_store",
]
