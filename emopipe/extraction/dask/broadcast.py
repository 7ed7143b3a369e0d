"""Send features that a Dask client has to the workers, for the tasks of a search.

A task of a grid search may run on a machine that has neither the client's store nor, for that
matter, the clips. What `ClipTransformer.transform` or `statuses` gave at the client is sent to
every worker, and to those that join or come back later, in pieces. Path, size and time of change
identify a clip, so that nothing is hashed again. What is missing there a task computes itself.
"""

import hashlib
from contextlib import suppress
from weakref import WeakKeyDictionary

from emopipe.extraction.recipe import Recipe
from emopipe.files import file_stamp
from emopipe.media.excerpts import parse
from emopipe.store import Entry

# Bytes of values in one piece, and of one recipe altogether: beyond, tasks use stores.
_PIECE = 16 * 2**20
MOST = 2 * 2**30


class _Broadcast:
    """What a client has sent of one recipe: names of plugins, marks of clips, bytes."""

    def __init__(self):
        self.names, self.marks, self.bytes = [], {}, 0


# At the client: {client: {recipe key: what was sent}}; at a worker: {recipe key: {path: ...}}.
_broadcasts: WeakKeyDictionary = WeakKeyDictionary()
_there: dict[str, dict] = {}


def _mark(path):
    """Return size and time of change of a clip's file; None where it is not to be seen."""
    try:
        stamp = file_stamp(parse(path).path)
    except (OSError, ValueError):
        return None
    return stamp.size, stamp.changed  # the inode may be another one on another machine


def _n_bytes(entry) -> int:
    return 0 if entry.value is None else entry.value.nbytes


def _pieces(clips):
    """Cut {path: (mark, entry)} into dicts of some megabytes."""
    piece, n_bytes = {}, 0
    for path, (mark, entry) in clips.items():
        piece[path] = mark, entry
        n_bytes += _n_bytes(entry)
        if n_bytes > _PIECE:
            yield piece
            piece, n_bytes = {}, 0
    if piece:
        yield piece


def _plugin(key, piece):
    from distributed import WorkerPlugin

    class Features(WorkerPlugin):
        """Gives features to a worker when it registers, and again when it restarts."""

        def setup(self, worker):
            take(key, piece)

        def teardown(self, worker):
            drop(key, piece)

    content = repr((key, [(path, mark) for path, (mark, _) in piece.items()]))
    return Features(), f"emopipe-{hashlib.sha256(content.encode()).hexdigest()}"


def take(key, piece) -> None:
    """Remember the features of some clips in this worker."""
    for _, entry in piece.values():
        if entry.value is not None:
            entry.value.flags.writeable = False
    _there.setdefault(key, {}).update(piece)


def drop(key, piece) -> None:
    """Forget them."""
    clips = _there.get(key, {})
    for path in piece:
        clips.pop(path, None)


def send(client, recipe: Recipe, paths, entries) -> None:
    """Send what is known of some clips to the workers of a cluster, once.

    Parameters
    ----------
    client : distributed.Client
    recipe : Recipe
    paths : list of str
    entries : list of Entry
        Of each path.
    """
    broadcast = _broadcasts.setdefault(client, {}).setdefault(recipe.key, _Broadcast())
    clips_by_path = {
        path: (_mark(path), entry)
        for path, entry in zip(paths, entries, strict=True)
        if path is not None
    }
    new = {
        path: clip
        for path, clip in clips_by_path.items()
        if broadcast.marks.get(path, ()) != clip[0]
    }
    broadcast.bytes += sum(_n_bytes(entry) for _, entry in new.values())
    if broadcast.bytes > MOST:
        return
    for piece in _pieces(new):
        plugin, name = _plugin(recipe.key, piece)
        client.register_plugin(plugin, name=name)
        broadcast.names.append(name)
    broadcast.marks.update((path, mark) for path, (mark, _) in new.items())


def clear_away(client) -> None:
    """Let the workers forget what a client sent."""
    names = [name for broadcast in _broadcasts.pop(client, {}).values() for name in broadcast.names]
    with suppress(OSError):  # a scheduler that has gone took them along
        for name in names if client.status == "running" else ():
            client.unregister_worker_plugin(name)


def lookup(recipe: Recipe, paths) -> dict[str, Entry]:
    """Return the features of some clips that a client sent; called in a task of Dask.

    A clip whose file is another one now is left out; one that this machine does not see at all is
    taken at its word.
    """
    entries, clips = {}, _there.get(recipe.key, {})
    for path in dict.fromkeys(paths):
        mark, entry = clips.get(path, (None, None))
        if entry is not None and _mark(path) in (mark, None):
            entries[path] = entry
    return entries
