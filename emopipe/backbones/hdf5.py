"""Read HDF5 weight files as plain arrays.

A file never says what is built: the network is built by our code, which asks a file for arrays of
the shapes that it knows. Nothing else in the file is looked at.
"""

import os
from contextlib import contextmanager
from functools import lru_cache
from math import prod
from pathlib import Path

import numpy as np

from emopipe.backbones.weights import WeightsError
from emopipe.containment import Broken, Contained, Refused
from emopipe.files import file_stamp

# What reading a whole file of VGG-Face's size takes, with room to spare.
_MEMORY, _PATIENCE = 4 * 2**30, 120.0
# Filters of HDF5 that need no plugin: deflate, shuffle, fletcher32.
_FILTERS = {1, 2, 3}


def _hard_link(group, name, path):
    import h5py

    for part in name.strip("/").split("/"):
        link = group.get(part, getlink=True)
        if not isinstance(link, h5py.HardLink):
            kind = "missing" if link is None else f"a {type(link).__name__}"
            raise WeightsError(
                f"{path}: {group.name}/{part} is {kind}, where a weight file holds its own arrays. "
                "Links out of the file are not followed."
            )
        group = group[part]
    return group


def _check_dataset(dataset, path):
    import h5py

    def refuse(problem):
        raise WeightsError(
            f"{path}: {getattr(dataset, 'name', dataset)} {problem}. A weight file holds plain "
            "floating-point arrays inside itself; get it from its publisher."
        )

    if not isinstance(dataset, h5py.Dataset):
        refuse("is no array")
    if dataset.is_virtual or dataset.external is not None:
        refuse("takes its numbers from other files")
    if dataset.dtype.kind != "f" or not dataset.shape:
        refuse(f"has type {dataset.dtype} and shape {dataset.shape}")
    plist = dataset.id.get_create_plist()
    used = {plist.get_filter(i)[0] for i in range(plist.get_nfilters())}
    if not used <= _FILTERS or (dataset.chunks and prod(dataset.chunks) > 2 * dataset.size + 2**20):
        refuse("is packed in a way that is not expected")
    return dataset


def _names(holder, attribute, path):
    if attribute not in holder.attrs:
        raise WeightsError(
            f"{path}: {holder.name} has no {attribute!r}: it was not written by Keras 2."
        )
    listed = holder.attrs.get_id(attribute)
    if prod(listed.shape) * listed.dtype.itemsize > 2**20:
        raise WeightsError(f"{path}: the list {attribute!r} of {holder.name} is over 1 MB.")
    names = np.atleast_1d(holder.attrs[attribute]).tolist()
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]


@contextmanager
def _name_damage(path):
    """Turn what HDF5 raises over a damaged file into an error that names it."""
    try:
        yield
    except WeightsError:
        raise
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, UnicodeError) as error:
        raise WeightsError(f"{path}: damaged ({error}); get it again.") from error


def _layers(file, path):
    root = _hard_link(file, "model_weights", path) if "model_weights" in file else file
    layers = {}
    for layer in _names(root, "layer_names", path):
        group = _hard_link(root, layer, path)
        arrays = [_hard_link(group, n, path) for n in _names(group, "weight_names", path)]
        if arrays:
            layers[layer] = [_check_dataset(array, path) for array in arrays]
    return layers


def read_whole(question, _):
    """Read every array of the file that a question names; a damaged one may never end."""
    with _open_file(question["path"]) as layers:
        for arrays in layers.values():
            for array in arrays:
                with _name_damage(question["path"]):
                    array.read_direct(np.empty(array.shape, array.dtype))
    return {}, None


@lru_cache(maxsize=64)
def _try_apart(path, stamp):
    """Read a file once in a process of its own: the HDF5 library loops for ever over some."""
    name = f"{__name__}:{read_whole.__name__}"
    try:
        with Contained(name, memory=_MEMORY, patience=_PATIENCE) as process:
            process.ask({"path": str(path)})
    except Refused as error:
        raise WeightsError(str(error)) from error
    except Broken as error:
        raise WeightsError(f"{path}: cannot be read: {error}. Get it again.") from error


@contextmanager
def open_layers(path):
    """Open a Keras 2 weight file as layers of unread arrays.

    External links, external storage, virtual datasets and object types are refused
    (CVE-2026-1669); no configuration in the file is read.

    Parameters
    ----------
    path : str or Path
        An .h5 or .hdf5 file of `save` or `save_weights`.

    Yields
    ------
    dict of str to list of h5py.Dataset
        Layers with weights, in the order of the file; arrays are read by `read_array`.

    Raises
    ------
    WeightsError
        If the file is no such file, or asks for something unsafe.

    Examples
    --------
    >>> with open_layers(__file__) as layers:  # doctest: +IGNORE_EXCEPTION_DETAIL
    ...     pass
    Traceback (most recent call last):
        ...
    WeightsError: ...weights.py: not an HDF5 file.
    """
    if Path(path).is_file():
        _try_apart(os.path.abspath(path), file_stamp(path))
    with _open_file(path) as layers:
        yield layers


@contextmanager
def _open_file(path):
    import h5py

    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise WeightsError(f"{path}: not an HDF5 file ({error}).") from error
    with file:
        with _name_damage(path):
            layers = _layers(file, path)
        yield layers


def check_shape(dataset, shape, path) -> None:
    """Raise WeightsError if an array has not the shape that the network needs.

    Parameters
    ----------
    dataset : h5py.Dataset
        As `open_layers` yields it; it is not read.
    shape : tuple of int
        The only shape that is allowed.
    path : str or Path
        The file, for the error.

    Examples
    --------
    >>> class Stored:
    ...     name, shape = "conv1_1/kernel", (3, 3, 3, 8)
    >>> check_shape(Stored, (3, 3, 3, 64), "face.h5")
    Traceback (most recent call last):
        ...
    emopipe.backbones.weights.WeightsError: face.h5: conv1_1/kernel has shape (3, 3, 3, 8), not
    (3, 3, 3, 64): these are the weights of another network.
    """
    if tuple(dataset.shape) != tuple(shape):
        raise WeightsError(
            f"{path}: {dataset.name} has shape {tuple(dataset.shape)}, not {tuple(shape)}: these "
            "are the weights of another network."
        )


def read_array(dataset, shape, path) -> np.ndarray:
    """Read one array, after its shape was found right.

    Parameters
    ----------
    dataset : h5py.Dataset
        As `open_layers` yields it.
    shape : tuple of int
        The only shape that is allowed.
    path : str or Path
        The file, for the error.

    Returns
    -------
    float32 ndarray

    Raises
    ------
    WeightsError
        If the shape differs or a value is not finite.

    Examples
    --------
    >>> class Stored:
    ...     name, shape = "fc7/bias", (2048,)
    >>> read_array(Stored, (4096,), "face.h5")
    Traceback (most recent call last):
        ...
    emopipe.backbones.weights.WeightsError: face.h5: fc7/bias has shape (2048,), not (4096,):
    these are the weights of another network.
    """
    check_shape(dataset, shape, path)
    array = np.empty(shape, np.float32)
    with _name_damage(path):
        dataset.read_direct(array)
    if not np.isfinite(array).all():
        raise WeightsError(f"{path}: {dataset.name} holds values that are not finite.")
    return array


def load_by_name(model, path) -> None:
    """Give every variable of a model the array of the same layer and name.

    Parameters
    ----------
    model : keras.Model
        Its layers are named as in the file.
    path : str or Path
        A weight file, see `open_layers`.

    Raises
    ------
    WeightsError
        If a layer or an array is missing or has another shape; then nothing was changed.
    """
    with open_layers(path) as layers:
        plan = []
        for layer in model.layers:
            stored = {d.name.rsplit("/", 1)[1].split(":")[0]: d for d in layers.get(layer.name, [])}
            for variable in layer.weights:
                if variable.name not in stored:
                    raise WeightsError(f"{path}: has no {variable.name} for layer {layer.name}.")
                plan.append((variable, stored[variable.name]))
        for variable, dataset in plan:
            check_shape(dataset, variable.shape, path)
        for variable, dataset in plan:
            variable.assign(read_array(dataset, variable.shape, path))
