"""The base class of all classifiers that are networks on clips.

A subclass repeats the parameters below in its own ``__init__`` (keyword only) and defines::

    _tensors(X)            dict of ClipTensors by input: what the network sees of the clips
    _build(n_classes)      the Keras model, from parameters alone, with inputs of those names
    _batch(tensors)        the function batch(rows, rng, training) of `emopipe.training.loop`; by
                           default it reads {name: tensors[name].take(rows)}
    _plan()                a Training, by default the parameter `training`
    _n_copies()            augmented copies of every clip in an epoch, 0 by default; row
                           ``clip + n_clips * copy`` is a copy, copies count from 1
    _learn(...), _scores(...)  where training takes several steps, or rows are no clips
"""

import hashlib
import json
import warnings
from collections import Counter

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import column_or_1d
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from emopipe.backbones.runtimes import check_not_forked
from emopipe.extraction import ClipWarning, clip_tags, index_of, paths_of
from emopipe.inspection import ClipEstimator, machine_defaults, parts
from emopipe.media import ClipError
from emopipe.parameters import check_one_of
from emopipe.splits import subjects_of, validation_rows
from emopipe.training.loop import predict, train
from emopipe.training.network_estimator import FittedNetwork
from emopipe.training.tensors import clip_tensors


class ClipNetwork(FittedNetwork, ClipEstimator, ClassifierMixin, BaseEstimator):
    """Base of the classifiers that train a network on clips.

    Parameters
    ----------
    training : Training
        How it is trained.
    column, audio_column : str, str or None
        Columns of a clip table: the clip, and where its sound lies in another file, that file
        (where a row has none, the clip).
    store, n_jobs
        See `emopipe.extraction.extract`.
    on_error : "nan" or "raise"
        What happens with clips that the network cannot be shown: they are left out of fit, and have
        NaN for probabilities, with a `ClipWarning`; or `ClipError` names the first.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    network_weights_ : list of float32 ndarray
    history_ : dict of str to list of float
        Per epoch: loss, accuracy, val_loss, val_accuracy.
    random_state_ : int
        That of `training`, or what was drawn in its place.
    fallback_ : str
        The most frequent emotion of the training clips, predicted where there are no probabilities.
    """

    MACHINE_PARAMETERS = frozenset({"n_jobs", "progress", "store"})

    audio_column = None  # of those that look for no sound elsewhere

    # So that groups reach fit through Pipeline, GridSearchCV and cross_validate.
    __metadata_request__fit = {"groups": True}  # noqa: RUF012

    def __init__(
        self, *, training, column="path", audio_column=None, store="default", n_jobs=-1,
        on_error="nan", progress=False,
    ):  # fmt: skip
        self.training = training
        self.column = column
        self.audio_column = audio_column
        self.store = store
        self.n_jobs = n_jobs
        self.on_error = on_error
        self.progress = progress

    def _tensors(self, X):
        raise NotImplementedError

    def _build(self, n_classes):
        raise NotImplementedError

    def _batch(self, tensors):
        def batch(rows, rng, training):
            return {name: values.take(rows) for name, values in tensors.items()}

        return batch

    def _n_copies(self):
        return 0

    def _plan(self):
        return clone(self.training).set_params(random_state=self._seed())

    def _seed(self):
        """Return what decides all draws, of the last fit if there was one."""
        return getattr(self, "random_state_", self.training.random_state or 0)

    def path_columns(self) -> list[str]:
        """Return the columns of a clip table in which it looks for files."""
        return [name for name in (self.column, self.audio_column) if name is not None]

    def _clip_paths(self, X):
        return paths_of(X, self.column)

    def _sound_paths(self, X):
        paths = paths_of(X, self.column)
        if self.audio_column is None:
            return paths
        if not hasattr(X, "columns") or self.audio_column not in X.columns:
            raise ValueError(
                f"audio_column={self.audio_column!r}: X is no table with such a column; set "
                "audio_column=None where the sound lies in the clip itself"
            )
        sounds = X[self.audio_column]
        return [
            path if pd.isna(sound) else str(sound)
            for path, sound in zip(paths, sounds, strict=True)
        ]

    def _read(self, paths, recipe):
        """Return what a recipe makes of clips, one array per clip."""
        how = {"store": self.store, "n_jobs": self.n_jobs, "progress": self.progress}
        return clip_tensors(paths, recipe, **how)

    def _complete_tensors(self, X):
        """Return the tensors of clips, and which clips have all of them."""
        check_not_forked()  # before clips are decoded
        check_one_of("on_error", self.on_error, ("nan", "raise"))
        tensors = self._tensors(X)
        there = np.all([values.there for values in tensors.values()], axis=0)
        if not there.all():
            self._complain(X, tensors, np.flatnonzero(~there))
        return tensors, there

    def _complain(self, X, tensors, lacking):
        table = _statuses(self._clip_paths(X), tensors)
        first = table.iloc[lacking[0]]
        if self.on_error == "raise":
            raise ClipError(first["path"], first["status"], first["detail"])
        tally = Counter(table["status"].iloc[lacking]).most_common()
        words = ", ".join(f"{status} {n}" for status, n in tally)
        warnings.warn(
            f"{len(lacking)} of {len(table)} clips cannot be shown to {type(self).__name__} "
            f"({words}): first {first['path']}: {first['detail']} They train nothing and have NaN "
            "for probabilities; set on_error='raise' to stop at them.",
            ClipWarning,
            stacklevel=4,
        )

    def fit(self, X, y, groups=None, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : list, array or Series of paths, or DataFrame
            The clips.
        y : array, shape (n_clips,)
            Emotions.
        groups : array, shape (n_clips,), optional
            Subjects, of whom some are held out to judge when to stop; by default the column
            `subject` of a clip table. Without them, clips are held out.
        sample_weight : array, shape (n_clips,), optional

        Raises
        ------
        ValueError
            If no clip can be shown to the network, fewer than two emotions are left, or a
            parameter is not as described.
        """
        y, groups = _check_targets(X, y, groups, self._clip_paths(X))
        drawn = np.random.SeedSequence().entropy % 2**31
        state = self.training.random_state
        self.random_state_ = drawn if state is None else state
        self.training.check()  # before clips are decoded
        tensors, there = self._complete_tensors(X)
        self._check_labels(y, there)
        self.classes_, codes = np.unique(y[there], return_inverse=True)
        self.fallback_ = self.classes_[np.bincount(codes).argmax()]
        y_codes = np.zeros(len(y), int)
        y_codes[there] = codes
        usable = np.flatnonzero(there)
        validation = validation_rows(
            codes, None if groups is None else groups[usable],
            share=self.training.validation_share, random_state=self.random_state_,
        )  # fmt: skip
        self._model = self._build(len(self.classes_))
        self.network_weights_, self.history_ = self._learn(
            tensors, y_codes, usable[~validation], usable[validation],
            weights=self._row_weights(y, there, sample_weight),
            identity=self._identity(tensors, y, validation),
        )  # fmt: skip
        self._model = None  # it holds the optimizer's memory, too
        return self

    def _learn(self, tensors, y, rows, validation_rows, *, weights, identity):
        """Train the model on some clips, judged on others; return its weights and history."""
        n_copies = self._n_copies()
        steps = np.arange(n_copies + 1) * len(y)
        return train(
            self._model,
            self._batch(tensors),
            np.tile(y, n_copies + 1),
            rows=np.add.outer(steps, rows).ravel(),
            validation=validation_rows,
            weights=np.tile(weights, n_copies + 1),
            plan=self._plan(),
            identity=identity,
            progress=self.progress,
        )

    def _check_labels(self, y, there):
        left = set(y[there].tolist())
        if len(left) < 2:
            raise ValueError(
                f"{there.sum()} of {len(y)} clips can be shown to the network, of "
                f"{len(left)} emotions: two or more are needed. See statuses(X) for the reasons"
            )
        lost = sorted(set(y.tolist()) - left)
        if lost:
            warnings.warn(
                f"no clip of {', '.join(map(str, lost))} can be shown to the network: it will "
                "never predict that",
                stacklevel=3,
            )

    def _row_weights(self, y, there, sample_weight):
        weights = np.zeros(len(y))
        weights[there] = compute_sample_weight(self.training.class_weight, y[there])
        if sample_weight is not None:
            check_consistent_length(y, sample_weight)
            weights *= np.asarray(sample_weight, dtype=np.float64)
        return weights

    def _identity(self, tensors, y, validation_rows):
        parameters = {
            f"{path}.{name}": repr(value)
            for path, part in parts(self, descriptions=True)
            for name, value in part.get_params(deep=False).items()
            if name not in machine_defaults(part) and not isinstance(value, BaseEstimator)
        }
        names = {name: values.names for name, values in tensors.items()}
        content = [type(self).__name__, parameters, names, y.tolist(), validation_rows.tolist()]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def predict_proba(self, X):
        """Return probabilities, float64 (n_clips, n_classes); NaN where a clip cannot be shown."""
        check_is_fitted(self)
        return self._fill(X, (len(self.classes_),), self._scores)

    def _fill(self, X, shape, answer):
        """Return `answer(tensors, rows)` of clips, float64 (n_clips, *shape), NaN without one."""
        tensors, there = self._complete_tensors(X)
        values, rows = np.full((len(there), *shape), np.nan), np.flatnonzero(there)
        if len(rows):
            values[rows] = answer(tensors, rows)
        return values

    def _scores(self, tensors, rows):
        return self._ask(self._network(), self._batch(tensors), rows)

    def _ask(self, network, batch, rows):
        """Return what a network answers for rows, see `emopipe.training.loop.predict`."""
        how = {"batch_size": self.training.batch_size, "workers": self.training.workers}
        return predict(network, batch, rows, **how)

    def predict(self, X):
        """Return emotions (n_clips,); `fallback_` where a clip cannot be shown."""
        scores = self.predict_proba(X)
        answers = self.classes_[np.nan_to_num(scores).argmax(axis=1)]
        return np.where(np.isnan(scores).any(axis=1), self.fallback_, answers)

    def statuses(self, X):
        """Return a DataFrame with path, status, detail and counts of every clip.

        The status is that of the first modality which a clip lacks, else "partial" if one is.
        """
        return _statuses(self._clip_paths(X), self._tensors(X)).set_axis(index_of(X))

    def __sklearn_tags__(self):
        tags = clip_tags(super().__sklearn_tags__())
        tags.non_deterministic = self.training.random_state is None
        return tags


def _check_targets(X, y, groups, paths):
    """Return labels and groups as arrays of the same length as X."""
    y = column_or_1d(y, warn=True)
    check_consistent_length(paths, y)
    missing = pd.isna(y)
    if missing.any():
        raise ValueError(
            f"{missing.sum()} of {len(y)} clips have no emotion (row {missing.argmax()} first): "
            "leave them out, for example with corpora.usable(clips)"
        )
    groups = subjects_of(X, groups)
    if groups is not None:
        groups = groups.astype(object)
        check_consistent_length(groups, y)
    return y, groups


_WORST_LAST = {"ok": 0, "partial": 1}


def _statuses(paths, tensors):
    """Return the table of statuses over all inputs of a network."""
    rows = []
    for clip, path in enumerate(paths):
        outcomes = [(values.statuses[clip], values.details[clip]) for values in tensors.values()]
        status, detail = max(outcomes, key=lambda outcome: _WORST_LAST.get(outcome[0], 2))
        counts = {k: n for values in tensors.values() for k, n in values.counts[clip].items()}
        rows.append({"path": path, "status": status, "detail": detail} | counts)
    return pd.DataFrame(rows, columns=None if rows else ["path", "status", "detail"])
