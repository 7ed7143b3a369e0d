"""The manifest: a JSON file that names, counts and seals all other files of a model."""

import hashlib
import json

from emopipe.files import expand_user
from emopipe.inspection import versions
from emopipe.models.archive import LARGEST
from emopipe.models.errors import ModelError

FORMAT = 1
FILE, ARRAYS, CARD = "model.json", "model.skops", "model_card.md"
# Bytes above which a file is not read at all.
_LARGEST = {FILE: 2**23, CARD: 2**21, ARRAYS: LARGEST}


_FIELDS = {"files": dict, "labels": list, "networks": list, "recipes": dict, "title": str,
           "user_files": dict, "versions": dict, "card": dict}  # fmt: skip


def sha256(data: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _seal(fields) -> str:
    return sha256(json.dumps(fields, sort_keys=True, ensure_ascii=False).encode())


def seal_manifest(fields, files) -> str:
    """Return a manifest's text: fields, sizes and checksums of files, and a seal over it all.

    Parameters
    ----------
    fields : dict
        What strict JSON can hold.
    files : dict of str to bytes
        The other files of the folder.
    """
    from emopipe.strict_json import dumps

    listed = {
        name: {"bytes": len(data), "sha256": sha256(data)} for name, data in sorted(files.items())
    }
    fields = {"kind": "emopipe model", "format": FORMAT} | fields | {"files": listed}
    return dumps(fields | {"seal": _seal(fields)})


def _bytes(path, largest) -> bytes:
    if not path.is_file():
        raise ModelError(f"{path}: missing; the folder is not a whole model. Copy it again")
    size = path.stat().st_size
    if size > largest:
        raise ModelError(f"{path} has {size} bytes; more than {largest} are not read")
    return path.read_bytes()


def open_folder(folder) -> tuple[dict, dict[str, bytes]]:
    """Return the manifest of a model's folder and the bytes of its files, all checksums verified.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ModelError
        If it is no model, was written by a newer emopipe, or anything in it was changed.
    """
    folder = expand_user(folder)
    if not folder.exists():
        raise FileNotFoundError(f"{folder}: no such folder")
    if not folder.is_dir() or not (folder / FILE).is_file():
        raise ModelError(
            f"{folder} is no saved model: a model is a folder with {FILE}, {ARRAYS} and {CARD}"
        )
    text = _bytes(folder / FILE, _LARGEST[FILE])
    fields = _parse(text, folder / FILE)
    return fields, {name: _verify(folder / name, fields["files"]) for name in (ARRAYS, CARD)}


def _parse(text, path) -> dict:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: it is no JSON any more ({error})") from error
    if not isinstance(fields, dict) or fields.get("kind") != "emopipe model":
        raise ModelError(f"{path} is not the manifest of a model saved by emopipe")
    if fields.get("format") != FORMAT:
        raise ModelError(
            f"{path} has format {str(fields.get('format'))[:40]}; this emopipe "
            f"{versions().get('emopipe', '')} reads format {FORMAT}: update emopipe to load it"
        )
    seal = fields.pop("seal", None)
    if seal != _seal(fields):
        raise ModelError(_changed_message(path))
    for name, kind in _FIELDS.items():
        if not isinstance(fields.get(name), kind):
            raise ModelError(
                f"{path}: {name} is no {kind.__name__}; emopipe wrote no such manifest"
            )
    return fields


def _verify(path, files) -> bytes:
    listed = files.get(path.name)
    if not isinstance(listed, dict) or not isinstance(listed.get("bytes"), int):
        raise ModelError(f"the manifest beside {path} does not say how large it is")
    data = _bytes(path, min(_LARGEST[path.name], listed["bytes"]))
    if len(data) != listed["bytes"] or sha256(data) != listed.get("sha256"):
        raise ModelError(_changed_message(path))
    return data


def _changed_message(path):
    return (
        f"{path} was changed after the model was saved (its checksum differs), so nothing is "
        "loaded. Copy the folder again from where it came"
    )
