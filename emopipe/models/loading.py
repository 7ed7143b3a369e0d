"""Load a recogniser from a folder."""

import warnings
from pathlib import Path

from emopipe.inspection import versions
from emopipe.models.archive import read
from emopipe.models.errors import ModelError, ModelWarning
from emopipe.models.manifest import ARRAYS, open_folder
from emopipe.models.provenance import check_files, differences, recipes, set_parameters
from emopipe.models.saving import check_classifier

# Other versions of these may compute other numbers from the same arrays.
_DECISIVE = ("emopipe", "scikit-learn")


def read_manifest(folder) -> dict:
    """Return the manifest of a saved model: labels, versions, features, training, card.

    Parameters
    ----------
    folder : str or Path
        As `save` wrote it.

    Returns
    -------
    dict
        The content of the file model.json.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ModelError
        If it is no model, or anything in it was changed.

    See Also
    --------
    load : Reads a model's folder.

    Examples
    --------
    >>> from emopipe import read_manifest
    >>> read_manifest("no/such/model")
    Traceback (most recent call last):
        ...
    FileNotFoundError: no/such/model: no such folder
    """
    return open_folder(folder)[0]


def load(folder, *, parameters=None):
    """Return the fitted classifier saved in a folder.

    Nothing in the folder is run: all checksums are verified, the archive's sizes are checked
    against what is there, every type must be on a closed list, and the learned arrays must have the
    shapes, and name the places, that their types allow. No file that the model names is opened.
    Then the recipes of the features must be the same as when the model was saved.

    Parameters
    ----------
    folder : str or Path
        As `save` wrote it.
    parameters : dict, optional
        Parameters to set by their full names, such as
        ``{"face__vggfacefeatures__weights": "/data/vgg.h5"}``: where the files lie that it needs.

    Returns
    -------
    classifier
        Gives the same probabilities as the one that was saved, bit by bit with the same versions.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    ModelError
        If it is no classifier, was changed by one byte, holds types that are not on the list or
        arrays that do not fit together, or if network weights or a file that it needs were not
        named or are not those that it was fitted with.

    Warns
    -----
    ModelWarning
        If it was saved with other versions, or features are computed differently now.

    See Also
    --------
    save : Writes a model's folder.
    predict : Emotions of new clips.
    read_manifest : What a folder holds, without loading it.

    Examples
    --------
    >>> from emopipe import load
    >>> load("no/such/model")
    Traceback (most recent call last):
        ...
    FileNotFoundError: no/such/model: no such folder
    """
    fields, files = open_folder(folder)
    _tell_versions(fields, folder)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Trying to unpickle estimator")
        estimator = read(files[ARRAYS], Path(folder) / ARRAYS)
    check_classifier(estimator, folder)
    set_parameters(estimator, parameters or {})
    check_files(estimator, fields["user_files"], parameters or {})
    _check_recipes(estimator, fields, folder)
    return estimator


def _tell_versions(fields, folder):
    now = versions()
    changed = [
        f"{name} {fields['versions'].get(name)} (now {now.get(name)})"
        for name in _DECISIVE
        if fields["versions"].get(name) != now.get(name)
    ]
    if changed:
        warnings.warn(
            f"{folder} was saved with {' and '.join(changed)}: its answers may differ; compare "
            "some, or fit it again",
            ModelWarning,
            stacklevel=3,
        )


def _check_recipes(estimator, fields, folder):
    current = recipes(estimator)
    now = {name: current[name] for name in current if name in fields["recipes"]}
    files, other = differences(fields["recipes"], now)
    if files:
        raise ModelError(
            f"{folder} was fitted with other network weights than are named here: "
            f"{'; '.join(files)}. Unset the environment variable that names them, or say where "
            "the right ones are with load(folder, parameters=...)"
        )
    if other:
        warnings.warn(
            f"{folder}: features are computed differently than when it was saved, so its answers "
            f"will differ: {'; '.join(other)}. Fit it again",
            ModelWarning,
            stacklevel=3,
        )
