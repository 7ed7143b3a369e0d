"""A face network retrained for emotions: frozen convolutions, new fully connected layers.

What the frozen base sees never changes, so its activations (of a clip's faces and of their
augmented copies) go through the extraction engine into the store, in half precision. A fit reads
them from there, some clips at a time, into a file of its own, of which the operating system keeps
in memory what fits: training the new layers takes seconds, and memory does not grow with the data.

Fine-tuning is the same with a base that ends earlier: the convolution blocks after it begin with
the base's own weights, and are trained together with the new layers once these have learned.
"""

from functools import partial
from itertools import pairwise
from operator import attrgetter

import numpy as np
import pandas as pd
from sklearn.base import TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from emopipe.backbones import half, vggface
from emopipe.backbones.vgg_graph import BEGINNINGS, check_fine_tuning
from emopipe.face import FaceCrops, VGGFaceFeatures
from emopipe.face.augmentation import named_transforms
from emopipe.face.copies import base_name, copies_recipe
from emopipe.networks.dense import check_dense, dense_answers, dense_network
from emopipe.parameters import check_one_of
from emopipe.training.clip_network import ClipNetwork
from emopipe.training.epochs import add_prefix
from emopipe.training.loop import predict, train
from emopipe.training.network_estimator import check_shapes
from emopipe.training.parameters import Training
from emopipe.training.rows_on_disk import in_slices, keep, map_rows, moments
from emopipe.training.tensors import join_tensors

# Faces that go through the fine-tuned blocks at once.
_FACES = 16

MEDIA = (None, "image", "video")
_FEATURES, _TRAINING = VGGFaceFeatures(layer="fc6"), Training(patience=10)


class VGGFaceClassifier(TransformerMixin, ClipNetwork):
    """VGG-Face with its last fully connected layers trained anew for emotions (the thesis' CNN).

    A clip's face is found in every sampled frame, cropped, and sent through VGG-Face up to
    ``features.layer``, which stays as it is; fully connected layers and a softmax on top are
    trained on single faces with Adam and cross-entropy. A clip's scores are the mean of its faces'
    softmax.
    `transform` gives the mean activations of the last hidden layer, for feature-level fusion.

    Experiment 1 of the thesis keeps fc6 and trains 256 units: the defaults. Experiment 2 trains
    both: ``VGGFaceClassifier((512, 256), features=VGGFaceFeatures(layer="pool5"))``.

    Parameters
    ----------
    hidden_units : tuple of int
        Units of the new layers (ReLU), from the base on.
    features : VGGFaceFeatures or MiniXceptionFeatures
        The base: its `layer` ("fc6", "pool5" or "fc7"; "pooled" for the far smaller mini-XCEPTION)
        is the last one that is kept; faces are found, and the base runs, as its parameters say,
        which also name column, store, processes and what happens with clips without a face. Every
        face counts on its own, whatever its `pooling`.
    faces_by_corpus : None or dict of str to FaceCrops
        How the faces of some corpora are found instead, by the column `corpus` of a clip table:
        ``{"sfew": FaceCrops(detector=None)}`` where SFEW's pictures were cropped by hand. Clips of
        other corpora, and those of no table, are as ``features.faces`` says.
    augmentation : None, "thesis" or list of FaceTransform
        Copies of training faces, see `emopipe.face.augmentation`; the faces as they are train, too.
    copies : int or None
        Copies per training face, drawn from the transforms by what the face shows; None makes one
        by every transform (191 in "thesis").
    predict_copies : int
        0: faces are judged as they are. Otherwise so many augmented copies are judged instead of
        each: with 1, accuracy on augmented pictures, as the thesis gives it.
    rescale : (int, int) or None
        Rows and columns to which landscape frames are brought before faces are looked for. The
        thesis has AFEW and SFEW at (576, 1020), which undoes their 720 narrow columns; portrait
        and square pictures (RaFD, JAFFE) are left alone.
    fine_tune : 0, 1 or 2
        So many of VGG-Face's last convolution blocks (and what follows them up to
        ``features.layer``) are trained as well, once the new layers have been: beyond the thesis,
        which keeps them all.
    fine_tune_rate : float
        Learning rate of that; the published weights are good, and a large one spoils them. What
        the new layers alone have reached stays, where no epoch is better on held-out people.
    train_on : None, "image" or "video"
        Which rows of a clip table train, by its column `media`; None: all.
    dropout : float
        Part of the hidden units that is dropped in training; VGG-Face's own is 0.5.
    training : Training
        A row of a batch is a face; all faces of a clip together count as much as those of any
        other. The precision is that of `features`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    network_weights_ : list of float32 ndarray
        Kernel and bias of each layer that was trained, fine-tuned ones first.
    base_mean_, base_scale_ : float32 ndarray of shape (n_activations,), float
        Mean and common standard deviation of the base's activations over the training faces. They
        are taken out first, which a first layer could do by itself, but not with Adam's steps.
    history_ : dict of str to list of float
        Per epoch: loss, accuracy, val_loss, val_accuracy; of the epochs that fine-tune,
        fine_tuned_loss and so on.
    fallback_ : str
        Predicted where no face is found.

    Raises
    ------
    ValueError
        In `fit`, for a parameter that is not allowed.

    See Also
    --------
    VGGFaceFeatures : Activations of VGG-Face.
    SoftmaxClassifier : Dense layers on feature vectors.
    Training : How a network is trained.

    Notes
    -----
    Activations are kept in half precision: 8 kB per face for fc6, 50 kB for pool5; 1000 pictures
    with 8 copies take 0.45 GB of the store for pool5. For fine-tuning they are 200 kB (one block)
    or 400 kB (two); epochs and patience then count for each of the two trainings. With
    layer "fc6" its 100 million weights are trained, too, which takes 1.6 GB of memory and
    makes a saved model 0.4 GB larger: "pool5" is the smaller choice.

    References
    ----------
    Thesis, sections 3.2 and 4.1. Parkhi, Vedaldi and Zisserman, "Deep face recognition", BMVC 2015.

    Examples
    --------
    >>> from emopipe import VGGFaceClassifier
    >>> face = VGGFaceClassifier(augmentation="thesis", rescale=(576, 1020))
    >>> face.fit(clips, clips["emotion"]).predict_proba(clips)  # doctest: +SKIP
    """

    # What `features` extracts is part of this estimator, no step of its own.
    DESCRIPTIONS = frozenset({"features"})

    def __init__(
        self, hidden_units=(256,), *, features=_FEATURES, faces_by_corpus=None, augmentation=None,
        copies=8, predict_copies=0, rescale=None, fine_tune=0, fine_tune_rate=1e-5,
        train_on=None, dropout=0.5, training=_TRAINING,
    ):  # fmt: skip
        self.hidden_units = hidden_units
        self.features = features
        self.faces_by_corpus = faces_by_corpus
        self.augmentation = augmentation
        self.copies = copies
        self.predict_copies = predict_copies
        self.rescale = rescale
        self.fine_tune = fine_tune
        self.fine_tune_rate = fine_tune_rate
        self.train_on = train_on
        self.dropout = dropout
        self.training = training

    column, store, n_jobs, on_error, progress = (
        property(attrgetter(f"features.{name}"))
        for name in ("column", "store", "n_jobs", "on_error", "progress")
    )

    def fit(self, X, y, groups=None, sample_weight=None):
        """Train the new layers; see `ClipNetwork.fit`.

        Raises
        ------
        ValueError
            If a parameter is not as described, or no face of two emotions is left.
        """
        self._check()
        if self.faces_by_corpus and "corpus" not in getattr(X, "columns", ()):
            raise ValueError("faces_by_corpus needs a clip table with a column corpus")
        if self.train_on is None:
            return super().fit(X, y, groups, sample_weight)
        if not hasattr(X, "columns") or "media" not in X.columns:
            raise ValueError(f"train_on={self.train_on!r} needs a clip table with a column media")
        chosen = (X["media"] == self.train_on).to_numpy()
        if not chosen.any():
            raise ValueError(f"train_on={self.train_on!r}: no row of the table is of that medium")
        rows = np.flatnonzero(chosen)
        y, groups, sample_weight = (
            None if values is None else np.asarray(values)[rows]
            for values in (y, groups, sample_weight)
        )
        return super().fit(X.iloc[rows], y, groups, sample_weight)

    def _check(self):
        whole = (int, np.integer)
        check_dense(self.hidden_units, self.dropout)
        if not self.hidden_units:
            raise ValueError("hidden_units=() leaves nothing for transform: give one layer or more")
        for name, faces in (self.faces_by_corpus or {}).items():
            if not isinstance(faces, FaceCrops):
                raise TypeError(f"faces_by_corpus[{name!r}]={faces!r} must be FaceCrops(...)")
        check_one_of("train_on", self.train_on, MEDIA)
        check_fine_tuning(self.fine_tune, self.fine_tune_rate)
        if base_name(self.features) != "vggface" and self.fine_tune:
            raise ValueError(f"fine_tune={self.fine_tune} is for VGGFaceFeatures alone")
        if self.training.precision != "float32":
            raise ValueError(
                f"training__precision={self.training.precision!r}: set features__precision, of the "
                "base and the blocks that are fine-tuned; new layers are float32"
            )
        if self.copies is not None and (not isinstance(self.copies, whole) or self.copies < 1):
            raise ValueError(f"copies={self.copies!r} must be a whole number from 1, or None")
        if not isinstance(self.predict_copies, whole) or self.predict_copies < 0:
            raise ValueError(f"predict_copies={self.predict_copies!r} must be a number from 0")
        if self.predict_copies and not named_transforms(self.augmentation):
            raise ValueError("predict_copies needs an augmentation to draw copies from")
        self.recipes()

    def _base(self, corpus=None):
        """Return the transformer of the base, as far as it stays as it is, for a corpus' clips."""
        layer = BEGINNINGS.get(self.fine_tune, self.features.layer)
        faces = (self.faces_by_corpus or {}).get(corpus, self.features.faces)
        return clone(self.features).set_params(layer=layer, faces=faces)

    def _recipe_of(self, corpus, n_copies):
        """Return the recipe of a corpus' clips: n_copies of each face, or with 0 itself."""
        how = {"transforms": self.augmentation, "n": n_copies} if n_copies != 0 else {}
        return copies_recipe(self._base(corpus), rescale=self.rescale, **how)

    def recipes(self):
        """Return what decides the features: of faces, of training copies, of predicted copies."""
        n_copies = [0]
        if named_transforms(self.augmentation):
            n_copies.append(self.copies)
        if self.predict_copies:
            n_copies.append(self.predict_copies)
        corpora = [None, *(self.faces_by_corpus or {})]
        return [self._recipe_of(corpus, n) for n in n_copies for corpus in corpora]

    def _through(self, paths, corpora, n_copies=0):
        """Return the activations of clips' faces, or of copies, each clip by its corpus' recipe."""
        kinds = [name if name in (self.faces_by_corpus or {}) else None for name in corpora]
        parts = []
        for kind in dict.fromkeys(kinds or [None]):
            rows = [row for row, name in enumerate(kinds) if name == kind]
            recipe = self._recipe_of(kind, n_copies)
            parts.append((rows, self._read([paths[row] for row in rows], recipe)))
        return join_tensors(parts, corpora)

    def _copies_of(self, faces, rows, n_copies):
        """Return the activations of n_copies of the faces of some clips."""
        corpora = [faces.corpora[row] for row in rows]
        return self._through([faces.paths[row] for row in rows], corpora, n_copies)

    def _tensors(self, X):
        paths = self._clip_paths(X)
        named = "corpus" in getattr(X, "columns", ())
        return {"face": self._through(paths, list(X["corpus"]) if named else [None] * len(paths))}

    def _build(self, n_classes):
        n_features = len(clone(self.features).set_params(pooling="mean")._feature_names())
        return dense_network(n_features, self.hidden_units, n_classes, dropout=self.dropout)

    def _n_new(self):
        """Return how many arrays the new layers have."""
        return 2 * (len(self.hidden_units) + 1)

    def _tail(self, weights=None):
        """Return the blocks of the base that are fine-tuned, with its own weights or given ones."""
        if weights is None:
            weights = self._base()._recipe().finish_args["weights"]
        return vggface.tail(
            weights, BEGINNINGS[self.fine_tune], self.features.layer, self.features.precision
        )

    def _network(self):
        """Return the fine-tuned blocks, built anew where there are none."""
        if getattr(self, "_model", None) is None:
            self._model = self._tail(self.network_weights_[: -self._n_new()])
        return self._model

    def _keep_rows(self, faces, rows, validation_rows):
        """Write the faces of clips, and copies of those that train, into one file."""
        every = np.concatenate([rows, validation_rows])
        sources = [(faces, every, every)]
        if named_transforms(self.augmentation):
            copies = self._copies_of(faces, rows, self.copies)
            sources.append((copies, np.arange(len(rows)), rows))
        return keep(sources)

    def _learn(self, tensors, y, rows, validation_rows, *, weights, identity):
        """Train the new layers, then the last blocks of the base where they are fine-tuned."""
        stored = self._keep_rows(tensors["face"], rows, validation_rows)
        judged = np.isin(stored.clips, validation_rows)
        share = weights / np.maximum(np.bincount(stored.clips, minlength=len(y)), 1)
        counts = (share > 0)[stored.clips]
        how = {
            "y": y[stored.clips],
            "rows": np.flatnonzero(~judged & counts),
            "validation": np.flatnonzero(judged & counts),
            "weights": share[stored.clips],
            "progress": self.progress,
        }
        values, tail = stored.rows, self._tail() if self.fine_tune else None
        if tail is not None:
            values = map_rows(stored.rows, lambda rows: half(_activations(tail, rows)))
        first = np.flatnonzero(~judged & (stored.parts == 0))
        self.base_mean_, self.base_scale_ = moments(values, first)
        state = train(
            self._model,
            lambda rows, rng, training: self._centre(values[rows]),
            plan=self._plan(),
            identity=identity,
            **how,
        )
        return state if tail is None else self._fine_tune(tail, stored.rows, state, identity, how)

    def _fine_tune(self, tail, values, state, identity, how):
        """Train the blocks of the base with the trained layers on top."""
        import keras

        tuned = train(
            keras.Model(tail.input, self._model(self._centre(tail.output))),
            lambda rows, rng, training: values[rows].astype(np.float32),
            plan=self._plan().set_params(learning_rate=self.fine_tune_rate),
            identity=f"{identity} fine-tuning",
            keep=True,
            **how,
        )
        return tuned.weights, state.history | add_prefix(tuned.history, "fine_tuned")

    def _centre(self, activations):
        return (activations - self.base_mean_) / np.float32(self.base_scale_)

    def _layers(self, activations, *, hidden=False) -> np.ndarray:
        """Return the softmax of faces, or what the last hidden layer says."""
        new = self.network_weights_[-self._n_new() :]
        widths = [len(self.base_mean_), *self.hidden_units, len(self.classes_)]
        check_shapes([shape for n, m in pairwise(widths) for shape in ((n, m), (m,))], new)
        if self.fine_tune:
            activations = _activations(self._network(), activations.astype(np.float32))
        return dense_answers(new, self._centre(activations), hidden=hidden)

    def _of_faces(self, tensors, rows, **what):
        """Yield (index in rows, float32 (n_faces, outputs)) of `_layers`."""
        faces = tensors["face"]
        if self.predict_copies:
            faces = self._copies_of(faces, rows, self.predict_copies)
            rows = np.arange(len(rows))
        for index, value in in_slices(faces, rows):
            yield index, self._layers(value, **what)

    def _means(self, tensors, rows, **what):
        """Return the mean over faces, float64 (len(rows), outputs), of `_layers`."""
        width = len(self.network_weights_[-2 if what.get("hidden") else -1])
        means = np.full((len(rows), width), np.nan)
        for index, value in self._of_faces(tensors, rows, **what):
            means[index] = value.mean(axis=0)
        return means

    def _scores(self, tensors, rows):
        return self._means(tensors, rows)

    def frame_scores(self, X):
        """Return the softmax of every single face, of which a clip's scores are the mean.

        Parameters
        ----------
        X : list, array or Series of paths, or DataFrame
            The clips.

        Returns
        -------
        DataFrame
            A row per face: row (of X, from 0), face (in the order of time, from 0; frames without
            a face are not there), and a column per emotion.
        """
        check_is_fitted(self)
        tensors, there = self._complete_tensors(X)
        rows = np.flatnonzero(there)
        tables = [
            pd.DataFrame(value, columns=self.classes_).assign(
                row=rows[index], face=range(len(value))
            )
            for index, value in (self._of_faces(tensors, rows) if len(rows) else ())
        ]
        columns = ["row", "face", *self.classes_]
        return (
            pd.concat(tables, ignore_index=True)[columns]
            if tables
            else pd.DataFrame([], columns=columns)
        )

    def transform(self, X):
        """Return mean activations of the last hidden layer over each clip's faces.

        Parameters
        ----------
        X : list, array or Series of paths, or DataFrame
            The clips.

        Returns
        -------
        float64 ndarray of shape (n_clips, hidden_units[-1])
            With rows of NaN where no face was found.
        """
        check_is_fitted(self)
        return self._fill(X, (self.hidden_units[-1],), partial(self._means, hidden=True))

    def get_feature_names_out(self, input_features=None):
        """Return the names of what `transform` gives, an object ndarray of str."""
        return np.array([f"face_{i}" for i in range(self.hidden_units[-1])], dtype=object)

    def notices(self) -> list[str]:
        """Return what a reader of the results must know about the weights of the base."""
        texts = self._base().notices()
        base = base_name(self.features)
        if base != "vggface":
            texts.append(f"The face network is built on {base}, not on VGG-Face.")
        if self.predict_copies:
            texts.append(
                f"Faces are judged by {self.predict_copies} augmented copies of each, not as they "
                "are."
            )
        return texts


def _activations(tail, values) -> np.ndarray:
    return predict(
        tail, lambda rows, rng, training: values[rows], np.arange(len(values)), batch_size=_FACES
    )
