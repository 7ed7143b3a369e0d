"""What a model needs besides its arrays: recipes of features, networks, files of the user."""

import json
import os

from emopipe import inspection
from emopipe.backbones import mini_xception, vgg19, vgg_weights
from emopipe.face import model_digest
from emopipe.models.errors import ModelError
from emopipe.models.packing import names_a_file

# Networks whose weights are named, never copied; further ones are found by their checksum here.
NETWORKS = (mini_xception.PUBLISHED, vgg_weights.PUBLISHED, vgg19.PUBLISHED)
_DETECTORS = "https://github.com/opencv"


def recipes(estimator) -> dict[str, dict]:
    """Return {name of the part: what decides its features}, of every part with a recipe.

    Checksums of network weights are among it; nothing is downloaded or decoded.
    """
    named = inspection.recipes(estimator)
    return {name: _placeless(json.loads(recipe.parameters)) for name, recipe in named.items()}


def _placeless(value):
    """Leave out where a detector's model lies: the checksum beside it decides."""
    if not isinstance(value, dict):
        return value
    dropped = {"model"} if value.get("detector_digest") else ()
    return {key: _placeless(item) for key, item in value.items() if key not in dropped}


def _leaves(value, path=()):
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*path, str(key)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _leaves(item, (*path, str(number)))
    else:
        yield ".".join(path), value


def networks(recipes) -> list[dict]:
    """Return the networks that recipes name by checksum: name, sha256, licence, url.

    Examples
    --------
    >>> [n["name"] for n in networks({"face": {"weights": mini_xception.PUBLISHED.sha256}})]
    ['mini-XCEPTION']
    """
    published = {n.sha256: (n.name, n.licence, n.url) for n in NETWORKS}
    for name in ("yunet", "ssd"):
        published[model_digest(name)] = f"face detector {name}", "see there", _DETECTORS
    used = dict.fromkeys(value for _, value in _leaves(recipes) if _is_checksum(value))
    keys, unknown = ("name", "licence", "url"), ("a file of the user", "not known", "")
    return [
        {"sha256": digest, **dict(zip(keys, published.get(digest, unknown), strict=True))}
        for digest in used
    ]


def _is_checksum(value):
    return isinstance(value, str) and len(value) == 64 and set(value) <= set("0123456789abcdef")


def differences(saved, now) -> tuple[list[str], list[str]]:
    """Return what of the recipes differs: checksums of files, and anything else, in words.

    Examples
    --------
    >>> differences({"voice": {"window": 1.0}}, {"voice": {"window": 0.5}})
    ([], ['voice.window was 1.0, is 0.5'])
    """
    before, after = dict(_leaves(saved)), dict(_leaves(now))
    files, other = [], []
    for path in [*before, *(path for path in after if path not in before)]:
        was, is_now = before.get(path), after.get(path)
        if was != is_now:
            kind = files if _is_checksum(was) else other
            kind.append(f"{path} was {was!r}, is {is_now!r}")
    return files, other


def parameters_of(estimator):
    """Yield (full name, part, parameter, value) of the parameters of all parts."""
    for name, part in inspection.parts(estimator, descriptions=True):
        for parameter, value in part.get_params(deep=False).items():
            yield f"{name}__{parameter}" if name else parameter, part, parameter, value


def parameter_values(estimator) -> dict:
    """Return {full name: value} of the parameters of all parts.

    Examples
    --------
    >>> from sklearn.svm import SVC
    >>> parameter_values(SVC(C=2))["C"]
    2
    """
    return {full: value for full, _, _, value in parameters_of(estimator)}


def user_files(estimator) -> dict[str, dict]:
    """Return {parameter: name and sha256} of the parameters that name a file of the user.

    A table of features has no sha256: new clips have another table.
    """
    from emopipe.files import checksum

    files = {}
    for full, part, parameter, value in parameters_of(estimator):
        if names_a_file(part, parameter, value):
            learned = parameter != "csv" and os.path.isfile(value)
            digest = checksum(value) if learned else None
            files[full] = {"name": os.path.basename(value), "sha256": digest}
    return files


def set_parameters(estimator, parameters) -> None:
    """Set parameters of a fitted estimator and of its fitted copies, by their full names.

    Raises
    ------
    ModelError
        If a name is unknown; the message lists those that there are.
    """
    owners = {}
    for full, part, parameter, _ in parameters_of(estimator):
        owners.setdefault(full, []).append((part, parameter))
    for full, value in parameters.items():
        if full not in owners:
            raise ModelError(f"no parameter {full!r} in this model; it has {', '.join(owners)}")
        for part, parameter in owners[full]:
            setattr(part, parameter, value)


def check_files(estimator, saved, parameters) -> None:
    """Raise ModelError where a file that a model needs was not named, or is another one.

    Only files that the caller names are opened: a model says which it needs, never where one lies.

    Parameters
    ----------
    estimator : fitted estimator
        With `parameters` set.
    saved : dict
        What `user_files` found when it was saved.
    parameters : dict
        What the caller has set, by full names.
    """
    from emopipe.files import checksum

    strange = set(saved) - {full for full, *_ in parameters_of(estimator)}
    if strange or not all(isinstance(file, dict) for file in saved.values()):
        raise ModelError(
            f"the manifest's user_files name {', '.join(sorted(strange)) or 'no files'}, which the "
            "model does not have: it was made by hand"
        )
    for full, part, parameter, value in parameters_of(estimator):
        if not names_a_file(part, parameter, value):
            continue
        digest = saved.get(full, {}).get("sha256")
        meant = f" of SHA-256 {digest}" if digest else ""
        if full not in parameters:
            problem = f"needs the file {os.path.basename(str(value))}{meant}"
        elif not os.path.exists(value):
            problem = f"names {value}, which is not there; the model needs a file{meant}"
        elif digest and checksum(value) != digest:
            problem = (
                f"names {value}, another file than the one{meant} that the model was fitted with"
            )
        else:
            continue
        raise ModelError(
            f"the parameter {full} {problem}. Say where it is: load(folder, parameters={{{full!r}: "
            f"PATH}}), on the command line --set {full}=PATH"
        )
