"""Write and read plain data as strict JSON, with clear errors."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pandas as pd

from emopipe.text import printable

SCHEMA = 3
# The oldest that is still read: see `emopipe.result_upgrade`.
OLDEST_SCHEMA = 2
# What is larger or deeper is no result: a million clips take 200 MB, and 12 levels.
LARGEST = 2**30
DEEPEST = 32


def plain(value, where):
    """Return `value` as what strict JSON can hold; what is not finite or missing becomes None.

    Text becomes printable, line ends apart: not every name of a file is Unicode.
    `where` names the value in the TypeError that is raised for what JSON cannot hold.

    >>> plain({"C": float("nan"), "range": (1, 2)}, "parameters")
    {'C': None, 'range': [1, 2]}
    """
    if isinstance(value, dict):
        return {_text(key): plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, pd.DataFrame):
        return {_text(name): plain(value[name].tolist(), f"{where}.{name}") for name in value}
    if isinstance(value, np.ndarray):
        return plain(value.tolist(), where)
    if isinstance(value, list | tuple):
        return [plain(item, where) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Path):
        return _text(value.as_posix())
    raise TypeError(
        f"{where} holds a {type(value).__name__}, which JSON cannot: use text, numbers, lists, "
        "dicts, numpy arrays or pandas tables"
    )


def _text(value):
    return printable(value, multiline=True)


def dumps(fields):
    """Return a dict as strict JSON with one line per field, so that changes can be compared."""
    lines = (
        f"{json.dumps(key)}: {json.dumps(item, allow_nan=False, ensure_ascii=False)}"
        for key, item in fields.items()
    )
    return "{\n" + ",\n".join(lines) + "\n}\n"


def check_kind(fields, kind, source):
    """Return the parsed dict when this version of emopipe can read it."""
    if not isinstance(fields, dict) or fields.get("kind") != kind:
        raise ValueError(f"{source} is not {kind!r} data written by emopipe")
    schema = fields.get("schema")
    read = range(OLDEST_SCHEMA, SCHEMA + 1)
    if isinstance(schema, bool) or not isinstance(schema, int) or schema not in read:
        newer = isinstance(schema, int) and schema > SCHEMA
        raise ValueError(
            f"{source} has schema {schema!r}, written by {'a newer' if newer else 'an older'} "
            f"emopipe; this one reads schema {OLDEST_SCHEMA} to {SCHEMA}: "
            + ("update emopipe to read it" if newer else "run the experiment again")
        )
    return fields


def read_text(path):
    """Return the UTF-8 text of a file of at most `LARGEST` bytes; ValueError names the file."""
    if path.stat().st_size > LARGEST:
        raise ValueError(f"{path} is larger than {LARGEST} bytes: this is no file of emopipe's")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not JSON: it is no UTF-8 ({error.reason})") from None


def _no_constant(name):
    raise ValueError(f"{name} is no JSON number")


def _too_deep(value):
    """Return whether lists and dicts stand deeper in one another than `DEEPEST`."""
    level = [value]
    for _ in range(DEEPEST):
        nested = [v for v in level if isinstance(v, list | dict)]
        level = [i for v in nested for i in (v.values() if isinstance(v, dict) else v)]
        if not level:
            return False
    return True


def parse(text, kind, source):
    """Return the dict in a JSON text; ValueError says what is wrong with it."""
    try:
        fields = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError(f"{source} is nested deeper than {DEEPEST} levels") from None
    except ValueError as error:
        raise ValueError(f"{source} is not JSON: {error}") from None
    if _too_deep(fields):
        raise ValueError(f"{source} is nested deeper than {DEEPEST} levels")
    return check_kind(fields, kind, source)


def fields_of(cls, fields):
    """Return the entries of `fields` that are fields of `cls`; a missing one is said in words."""
    names = {item.name: item for item in dataclasses.fields(cls)}
    required = [
        name
        for name, item in names.items()
        if item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING
    ]
    missing = [name for name in required if name not in fields]
    if missing:
        raise ValueError(f"{cls.__name__} data lack {', '.join(missing)}")
    return {name: fields[name] for name in names if name in fields}
