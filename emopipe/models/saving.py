"""Save a fitted recogniser in a folder."""

import shutil
import tempfile
import warnings
from datetime import UTC, datetime
from pathlib import Path

from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils.validation import check_is_fitted

from emopipe.files import expand_user
from emopipe.inspection import best_estimator, parts, versions
from emopipe.models.archive import read, to_bytes
from emopipe.models.card import card_fields, card_text
from emopipe.models.errors import ModelError
from emopipe.models.manifest import ARRAYS, CARD, FILE, open_folder, seal_manifest
from emopipe.models.packing import pack
from emopipe.models.provenance import (
    networks,
    parameter_values,
    recipes,
    set_parameters,
    user_files,
)
from emopipe.models.trust import is_listed


def save(
    estimator, folder, *, result=None, clips=None, title=None, notes=(), training=None,
    overwrite=False,
) -> Path:  # fmt: skip
    """Save a fitted classifier, with a manifest and a model card, into a folder.

    The folder holds model.skops, model.json and model_card.md; see `emopipe.models`. A fitted
    search is saved as its best estimator. Parameters that belong to this machine (store, n_jobs,
    progress) are not kept. Weights of published networks are not copied: the manifest names them by
    checksum, and so it does with files that parameters name; of a path only the file's name is
    kept: tell `load` where the file is.

    Parameters
    ----------
    estimator : fitted classifier
        Of scikit-learn's and this package's classes.
    folder : str or Path
        Made with its parents; must not exist, or be a model and `overwrite` True.
    result : Result, optional
        What `evaluate` found for the same unfitted estimator: the card's figures.
    clips : DataFrame, optional
        The clip table that it was fitted on: who it was trained on, and the groups of subjects
        (sex, age, ethnicity) by which the card splits the result.
    title : str, optional
        What it is, in words; the result's title by default.
    notes : str or sequence of str
        Further limits that users must know.
    training : TrainingRows, optional
        How long the rows were that it was fitted on, how many frames they hold, and marks of their
        recordings (`emopipe.models.training_rows`): what `predict` needs to choose windows, and
        to say whether a clip was among them.
    overwrite : bool
        Replace a model that is there.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    ModelError
        If the estimator is not fitted, or holds what could not be loaded: functions, objects of
        other classes; if the folder is something else.

    See Also
    --------
    load : Reads a model's folder.
    check_savable : Whether a model can be saved.

    Examples
    --------
    >>> import tempfile
    >>> from sklearn.linear_model import LogisticRegression
    >>> from emopipe import load, save
    >>> model = LogisticRegression().fit([[0.0], [1.0]], ["fear", "joy"])
    >>> folder = save(model, tempfile.mkdtemp() + "/model")
    >>> sorted(path.name for path in folder.iterdir())
    ['model.json', 'model.skops', 'model_card.md']
    >>> load(folder).predict([[0.9]]).tolist()
    ['joy']

    With what `evaluate` found, the card says how good it is, and for whom::

        result = evaluate(fusion, clips, cv=10)
        fusion.fit(clips, clips["emotion"])
        save(fusion, "models/cremad", result=result, clips=clips)
    """
    from emopipe.result import Result

    _check(estimator)
    if result is not None and not isinstance(result, Result):
        raise TypeError(f"result is a {type(result).__name__}: give the Result of evaluate(...)")
    folder = expand_user(folder)
    check_model_folder(folder, overwrite)
    data = to_bytes(estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        copy = read(data, ARRAYS)  # what cannot be read back is not written
    notes = [notes] if isinstance(notes, str) else list(notes)
    check_classifier(copy, type(copy).__name__)
    fields = _fields(estimator, copy, result, clips, title, notes)
    fields["training"] = {} if training is None else training.to_dict()
    card = card_text(fields).encode()
    files = {ARRAYS: data, CARD: card}
    _write(folder, files | {FILE: seal_manifest(fields, files).encode()})
    return folder


def check_savable(estimator) -> bool:
    """Return True where an estimator can be saved once it is fitted; raise where it cannot.

    Parameters
    ----------
    estimator : estimator
        Fitted or not; nothing is fitted.

    Returns
    -------
    bool
        Always True.

    Raises
    ------
    ModelError
        Names the step that a saved model may not hold, and why.

    See Also
    --------
    save : Writes a model's folder.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import FunctionTransformer, StandardScaler
    >>> from sklearn.svm import SVC
    >>> from emopipe import check_savable
    >>> check_savable(make_pipeline(StandardScaler(), SVC()))
    True
    >>> check_savable(make_pipeline(FunctionTransformer(abs), SVC()))
    Traceback (most recent call last):
        ...
    emopipe.models.errors.ModelError: model.steps.functiontransformer.func is the function ...
    """
    for name, part in parts(estimator, descriptions=True):
        listed = is_listed(type(part)) or isinstance(part, BaseSearchCV)
        if not listed:
            raise ModelError(
                f"the step {name or 'model'!r} is a {type(part).__module__}.{type(part).__name__}, "
                "which cannot be saved: models are made of the estimators that "
                "`emopipe.models.shapes` lists; replace that step"
            )
        for parameter in ("kernel", "metric"):
            if getattr(part, parameter, None) == "precomputed":
                raise ModelError(
                    f"the step {name or 'model'!r} has {parameter}='precomputed', which names rows "
                    "of the training clips: a saved model cannot use it"
                )
    pack(estimator)
    return True


def check_classifier(estimator, name):
    """Raise ModelError where something is no classifier with the classes that it tells apart."""
    classes = getattr(estimator, "classes_", None)
    if isinstance(estimator, type) or not is_classifier(estimator) or classes is None:
        raise ModelError(f"{name} is no fitted classifier, which alone is saved and loaded")


def _check(estimator):
    if isinstance(estimator, type) or not is_classifier(estimator):
        raise ModelError(f"{estimator!r} is no classifier: only fitted classifiers are saved")
    try:
        check_is_fitted(estimator)
    except NotFittedError:
        raise ModelError(
            f"this {type(estimator).__name__} is not fitted: call fit(clips, clips['emotion']) "
            "first (evaluate fits copies only)"
        ) from None


def check_model_folder(folder, overwrite, remedy="pass overwrite=True to replace it"):
    """Raise ModelError where `save` would not write: something else is there, or a model.

    `remedy` tells the caller how to replace a model.
    """
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    if not folder.is_dir() or not (folder / FILE).is_file():
        raise ModelError(f"{folder} is there and is no saved model: choose another folder")
    if not overwrite:
        raise ModelError(f"{folder} holds a model already: {remedy}")


def _fields(estimator, copy, result, clips, title, notes):
    from emopipe.strict_json import plain

    fitted = best_estimator(estimator)
    text, files = copy.__repr__(N_CHAR_MAX=5000), user_files(fitted)
    set_parameters(copy, {name: parameter_values(fitted)[name] for name in files})
    feature_recipes = recipes(copy)
    fields = {
        "title": title or getattr(result, "title", None) or type(copy).__name__,
        "saved": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "labels": [str(label) for label in copy.classes_],
        "best_params": {k: repr(v) for k, v in getattr(estimator, "best_params_", {}).items()},
        "estimator": text,
        "recipes": feature_recipes,
        "networks": networks(feature_recipes),
        "user_files": files,
    }
    return plain(fields | {"card": card_fields(copy, result, clips, notes)}, "manifest")


def _write(folder, files):
    """Write beside the folder first, so that nobody ever sees half a model."""
    try:
        _write_beside(folder, files)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(
            error.errno, f"the model cannot be written ({reason})", str(folder)
        ) from error


def _write_beside(folder, files):
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, data in files.items():
            (fresh / name).write_bytes(data)
        open_folder(fresh)
        fresh.chmod(0o755)
        if folder.exists():
            for name in (FILE, *files):
                (folder / name).unlink(missing_ok=True)
            for name in files:
                (fresh / name).replace(folder / name)
        else:
            fresh.replace(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
