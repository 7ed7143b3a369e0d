"""Write and read a model's skops archive, and check it before its content is used."""

import io
import json
import zipfile

import numpy as np

from emopipe.models.errors import ModelError
from emopipe.models.names import find_modules, name_by_class
from emopipe.models.packing import pack, unpack
from emopipe.models.soundness import check_sound
from emopipe.models.trust import check_types, foreign_types

LARGEST = 2**31
_MOST_MEMBERS = 100_000
_LARGEST_SCHEMA = 2**25
_SCHEMA = "schema.json"
# Older ones let a file choose between readings of the same node.
_OLDEST_PROTOCOL = 2


def to_bytes(estimator) -> bytes:
    """Return a fitted estimator as the bytes of a skops file.

    Raises
    ------
    ModelError
        If it holds something that could not be loaded again.
    """
    import skops.io
    from skops.io.exceptions import UnsupportedTypeException

    name = type(estimator).__name__
    try:
        members = _members(skops.io.dumps(pack(estimator)))
    except (UnsupportedTypeException, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"{name} cannot be saved: it holds an object that is neither numbers, text nor an "
            f"estimator ({error})"
        ) from error
    schema = json.loads(members[_SCHEMA])
    foreign = foreign_types(schema, name)
    if foreign:
        raise ModelError(
            f"{name} cannot be saved: it holds {', '.join(foreign)}, which `load` would refuse. "
            "Models are made of the estimators that `emopipe.models.shapes` lists, numbers "
            "and text; replace that part"
        )
    name_by_class(schema)
    data = _zip(members | {_SCHEMA: json.dumps(schema).encode()})
    if len(data) > LARGEST:
        raise ModelError(f"{name} has {len(data)} bytes; models of at most {LARGEST} are saved")
    return data


def _members(data) -> dict:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zip(members) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            # A date would make the same model another file tomorrow.
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def read(data: bytes, name):
    """Return the estimator in the bytes of a skops file.

    Nothing is built before the archive, the header of every array and every type were checked.

    Parameters
    ----------
    data : bytes
        As `to_bytes` gives them.
    name : str or Path
        The file, for errors.

    Raises
    ------
    ModelError
        If the archive claims more than it holds, or holds types that are not trusted.
    """
    import skops.io

    schema = _check_schema(data, name)
    check_types(schema, name)
    find_modules(schema)
    data = _zip(_members(data) | {_SCHEMA: json.dumps(schema).encode()})
    try:
        types = skops.io.get_untrusted_types(data=data)
        estimator = skops.io.loads(data, trusted=types)
        check_sound(estimator)
        return unpack(estimator)
    except ModelError:
        raise
    except Exception as error:  # a state that a type does not accept
        raise ModelError(
            f"{name} holds what its types do not accept ({type(error).__name__}: {error}); it was "
            "written by other versions of its packages, or was changed"
        ) from error


def _check_schema(data, name) -> dict:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_members(members, len(data), name)
            for member in members:
                if member.filename != _SCHEMA:
                    _check_array(archive, member, name)
            schema = json.loads(archive.read(_SCHEMA))
    except (zipfile.BadZipFile, KeyError, EOFError, OSError, ValueError, RuntimeError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(f"{name} is not a whole skops file: {error}") from error
    if not isinstance(schema, dict):
        raise ModelError(f"{name} is not a skops file: its schema is no object")
    protocol = schema.get("protocol")
    if not isinstance(protocol, int) or protocol < _OLDEST_PROTOCOL:
        raise ModelError(f"{name} has protocol {protocol!r}; {_OLDEST_PROTOCOL} or newer is read")
    return schema


def _check_members(members, size, name):
    names = [member.filename for member in members]
    packed_ones = [m.filename for m in members if m.compress_type != zipfile.ZIP_STORED]
    problem = None
    if len(members) > _MOST_MEMBERS:
        problem = f"{len(members)} members, more than {_MOST_MEMBERS}"
    elif len(set(names)) < len(names):
        problem = "two members of the same name"
    elif any(name != _SCHEMA and not name.endswith(".npy") for name in names):
        problem = "members that are neither arrays nor the schema"
    elif packed_ones:
        problem = f"compressed members ({packed_ones[0]}), which a model never has"
    elif sum(member.file_size for member in members) > size:
        problem = f"members that claim more than the file's own {size} bytes"
    elif any(m.filename == _SCHEMA and m.file_size > _LARGEST_SCHEMA for m in members):
        problem = f"a schema of more than {_LARGEST_SCHEMA} bytes"
    if problem:
        raise ModelError(f"{name} has {problem}: it was not written by emopipe")


def _check_array(archive, member, name):
    with archive.open(member) as file:
        try:
            major, _ = np.lib.format.read_magic(file)
            reader = {1: np.lib.format.read_array_header_1_0,
                      2: np.lib.format.read_array_header_2_0}[major]  # fmt: skip
            shape, _, dtype = reader(file)
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{name}: {member.filename} is no array ({error})") from error
        size = member.file_size - file.tell()
    if dtype.hasobject:
        raise ModelError(f"{name}: {member.filename} holds pickled objects, which are never read")
    claimed = dtype.itemsize
    for side in shape:
        claimed *= int(side)
    if claimed != size or min(shape, default=0) < 0:
        raise ModelError(
            f"{name}: {member.filename} claims shape {shape} of {dtype}, {claimed} bytes, and "
            f"holds {size}"
        )
