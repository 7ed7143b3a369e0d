"""The zip that skops writes, looked at before anything in it is believed."""

import io
import json
import zipfile

import numpy as np

from emopipe.persistence.errors import ModelError
from emopipe.persistence.packing import packed, unpacked
from emopipe.persistence.soundness import check_sound
from emopipe.persistence.trust import untrusted

MAX_MEMBERS = 100_000
_MAX_SCHEMA = 2**28


def written(estimator) -> bytes:
    """Return a fitted estimator as the bytes of a skops file.

    Raises
    ------
    ModelError
        If it holds something that could not be loaded again.
    """
    import skops.io
    from skops.io.exceptions import UnsupportedTypeException

    try:
        data = skops.io.dumps(packed(estimator))
        foreign = untrusted(skops.io.get_untrusted_types(data=data))
    except (UnsupportedTypeException, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(
            f"{type(estimator).__name__} cannot be saved: it holds an object that is neither "
            f"numbers, text nor an estimator ({error})"
        ) from error
    if foreign:
        raise ModelError(
            f"{type(estimator).__name__} cannot be saved: it holds {', '.join(foreign)}, which "
            "`load` would refuse. Models are made of scikit-learn's and emopipe's estimators, "
            "numbers and text; replace that part"
        )
    return data


def read(data: bytes, name):
    """Return the estimator in the bytes of a skops file.

    Nothing is built before the archive, the header of every array and every type were checked.

    Parameters
    ----------
    data : bytes
        As `written` gives them.
    name : str or Path
        The file, for errors.

    Raises
    ------
    ModelError
        If the archive claims more than it holds, or holds types that are not trusted.
    """
    import skops.io

    _check_archive(data, name)
    try:
        types = skops.io.get_untrusted_types(data=data)
    except (ValueError, TypeError, KeyError, AttributeError, ImportError, RecursionError) as error:
        raise ModelError(f"{name} is not a model that skops can read: {error}") from error
    foreign = untrusted(types)
    if foreign:
        raise ModelError(
            f"{name} holds types that are not trusted: {', '.join(foreign)}. Nothing was loaded. "
            "It was not written by this version of emopipe, or was changed"
        )
    try:
        estimator = unpacked(skops.io.loads(data, trusted=types))
    except Exception as error:  # a state that a type does not accept
        raise ModelError(
            f"{name} holds what its types do not accept ({type(error).__name__}: {error}); it was "
            "written by other versions of its packages, or was changed"
        ) from error
    check_sound(estimator)
    return estimator


def _check_archive(data, name):
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_members(members, len(data), name)
            for member in members:
                if member.filename.endswith(".npy"):
                    _check_array(archive, member, name)
            schema = json.loads(archive.read("schema.json"))
    except (zipfile.BadZipFile, KeyError, EOFError, OSError, json.JSONDecodeError,
            RecursionError, NotImplementedError) as error:  # fmt: skip
        raise ModelError(f"{name} is not a whole skops file: {error}") from error
    if not isinstance(schema, dict):
        raise ModelError(f"{name} is not a skops file: its schema is no object")


def _check_members(members, size, name):
    names = [member.filename for member in members]
    packed_ones = [m.filename for m in members if m.compress_type != zipfile.ZIP_STORED]
    said = None
    if len(members) > MAX_MEMBERS:
        said = f"{len(members)} members, more than {MAX_MEMBERS}"
    elif len(set(names)) < len(names):
        said = "two members of the same name"
    elif packed_ones:
        said = f"compressed members ({packed_ones[0]}), which a model never has"
    elif sum(member.file_size for member in members) > size:
        said = f"members that claim more than the file's own {size} bytes"
    elif any(m.filename == "schema.json" and m.file_size > _MAX_SCHEMA for m in members):
        said = f"a schema of more than {_MAX_SCHEMA} bytes"
    if said:
        raise ModelError(f"{name} has {said}: it was not written by emopipe")


def _check_array(archive, member, name):
    with archive.open(member) as file:
        try:
            major, _ = np.lib.format.read_magic(file)
            reader = {1: np.lib.format.read_array_header_1_0,
                      2: np.lib.format.read_array_header_2_0}[major]  # fmt: skip
            shape, _, dtype = reader(file)
        except (ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{name}: {member.filename} is no array ({error})") from error
        held = member.file_size - file.tell()
    if dtype.hasobject:
        raise ModelError(f"{name}: {member.filename} holds pickled objects, which are never read")
    claimed = dtype.itemsize
    for side in shape:
        claimed *= int(side)
    if claimed != held or min(shape, default=0) < 0:
        raise ModelError(
            f"{name}: {member.filename} claims shape {shape} of {dtype}, {claimed} bytes, and "
            f"holds {held}"
        )
