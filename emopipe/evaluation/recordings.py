"""Find clips of one recording: by name, by take, by decoded sound and pictures.

Files are decoded by `emopipe.extraction`, in contained workers and through the store: once per
clip.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np

from emopipe.extraction import Block, Prepared, Recipe, extract
from emopipe.files import file_stamp
from emopipe.media.excerpts import parse

_RATE = 16000
_PICTURES = 4
_BYTES = 32
# Steps of 16-bit samples, and of grey values: less is silence, and a picture of nothing.
_SILENT, _BLANK = 2, 1.0


def digest_recording(path):
    """Yield the SHA-256 of a clip's decoded sound and of its pictures, and its length.

    Containers, headers and lossless coding make no difference. Silence and pictures of one colour
    have no digest, for they say nothing of where they come from.

    Yields
    ------
    Block
        One row of 65 float64 numbers: 32 bytes of the sound (16-bit mono, 16 kHz), 32 bytes of four
        pictures, all 0 where there is none, and seconds of sound (0 without sound).

    Raises
    ------
    ClipError
        If it has neither sound nor pictures.
    """
    from emopipe.media import ClipError

    row, errors = np.zeros(2 * _BYTES + 1), []
    for part, digest in ((0, _digest_sound), (_BYTES, _digest_pictures)):
        try:
            content, seconds = digest(path)
        except ClipError as error:
            errors.append(error)
            continue
        row[part : part + _BYTES] = 0 if content is None else np.frombuffer(content, np.uint8)
        row[-1] = row[-1] if seconds is None else seconds
    if len(errors) == 2:
        raise errors[0]
    yield Block(row[None])
    return Prepared("partial" if errors else "ok")


def _digest_sound(path):
    from emopipe.media import signal_blocks

    digest, n, low, high = hashlib.sha256(), 0, 0, 0
    for block in signal_blocks(path, sample_rate=_RATE):
        samples = np.clip(np.rint(block * 2.0**15), -(2**15), 2**15 - 1).astype("<i2")
        digest.update(samples.tobytes())
        n, low, high = n + len(samples), min(low, int(samples.min())), max(high, int(samples.max()))
    return digest.digest() if high - low > _SILENT else None, n / _RATE


def _digest_pictures(path):
    from emopipe.media import frames

    digest, spread = hashlib.sha256(), 0.0
    for _, picture in frames(path, n_frames=_PICTURES):
        digest.update(repr(picture.shape).encode() + picture.tobytes())
        spread = max(spread, float(picture.std()))
    return digest.digest() if spread > _BLANK else None, None


def _recipe():
    return Recipe("recording digest", 1, digest_recording, owner="emopipe")


@lru_cache(maxsize=8)
def _digests(paths, stamps, store, n_jobs):
    """Return (sound, pictures, seconds) of every path, None where there is none."""
    digests = {}
    for path, value in zip(
        paths, extract(paths, _recipe(), store=store, n_jobs=n_jobs).values, strict=True
    ):
        if value is not None:
            parts = [bytes(value[n : n + _BYTES].astype(np.uint8)) for n in (0, _BYTES)]
            digests[path] = (
                *(part.hex() if any(part) else None for part in parts),
                value[-1] or np.nan,
            )
    return digests


def _stamp(path):
    """Return the stamp of a regular file, None where there is none."""
    try:
        file = parse(path).path
        return tuple(file_stamp(file)) if Path(file).is_file() else None
    except (OSError, TypeError, ValueError):
        return None


def _files_of(table):
    """Return the files that a table names, each once, as the keys of a dict."""
    named = [table[column].dropna() for column in ("path", "audio") if column in table]
    return dict.fromkeys(path for column in named for path in column)


def digests(table, *, store=None, n_jobs=-1):
    """Return {path: (sound, pictures, seconds)} of the files of a table that can be decoded.

    Parameters
    ----------
    table : DataFrame
        Columns path and audio, where it has them.
    store, n_jobs
        As in `emopipe.extraction.extract`.
    """
    paths = [path for path in _files_of(table) if isinstance(path, str)]
    stamps = {path: _stamp(path) for path in paths}
    there = tuple(path for path, stamp in stamps.items() if stamp is not None)
    return _digests(there, tuple(stamps[p] for p in there), store, n_jobs) if there else {}


def n_files(table):
    """Return how many files a table names."""
    return len(_files_of(table))


def recordings(table, decoded):
    """Return what identifies a recording: {"clip" | "path" | "take" | "decoded sound" ...: names}.

    Each value is an object array over the table's rows, None where unknown: two rows with the
    same name are the same recording, and so are takes that exist in several modalities.
    """
    named = {"clip": table["clip"].to_numpy(dtype=object)}
    for column in ("path", "audio"):
        if column in table:
            named[column] = table[column].astype(object).where(table[column].notna(), None)
            named[column] = named[column].to_numpy(dtype=object)
    for number, kind in enumerate(("decoded sound", "decoded pictures")):
        values = np.full(len(table), None, dtype=object)
        for column in ("path", "audio"):  # the sound of its own file, where a clip has one
            for row, path in enumerate(named.get(column, ())):
                values[row] = decoded.get(path, (None, None))[number] or values[row]
        named[kind] = values
    if "take" in table:
        take = table["corpus"].astype(str) + "/" + table["take"].astype(str)
        named["take"] = take.astype(object).where(table["take"].notna(), None).to_numpy()
    return {kind: names for kind, names in named.items() if any(name is not None for name in names)}


def durations(table, decoded):
    """Return the seconds of sound of every clip, float array of shape (n_clips,), NaN if none."""
    seconds = np.full(len(table), np.nan)
    for column in ("path", "audio"):
        for row, path in enumerate(table.get(column, ())):
            if isinstance(path, str) and path in decoded:
                seconds_decoded = decoded[path][2]
                seconds[row] = (
                    seconds_decoded if seconds_decoded == seconds_decoded else seconds[row]
                )
    return seconds


def copies(table, named):
    """Return a notice about clips that are copies of others, or None."""
    texts = {}
    for kind in ("decoded sound", "decoded pictures"):
        names = named.get(kind)
        if names is None:
            continue
        groups = {}
        for row, name in enumerate(names):
            if name is not None:
                groups.setdefault(name, []).append(row)
        twins = [rows for rows in groups.values() if len(rows) > 1]
        if twins:
            clips = table["clip"].to_numpy()
            n = sum(len(rows) - 1 for rows in twins)
            texts[kind] = (
                f"{n} with the {kind} of another, such as {clips[twins[0][0]]} and "
                + str(clips[twins[0][1]])
            )
    return f"Copies among the clips: {'; '.join(texts.values())}." if texts else None
