"""System C: VGG19, an LSTM over faces, and attention over voice and face."""

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from emopipe.backbones.vgg19 import PUBLISHED, architecture, tail
from emopipe.backbones.vgg_graph import BEGINNINGS, check_fine_tuning
from emopipe.backbones.weights import identify, weight_notices
from emopipe.extraction import index_of
from emopipe.face import FaceCrops, network_crops
from emopipe.networks.segment_attention.graph import attention_graphs, tuned_graphs
from emopipe.networks.segment_attention.recipes import segment_recipe
from emopipe.networks.segment_attention.segment_table import SegmentTable
from emopipe.networks.segment_attention.voting import vote
from emopipe.training.checkpoints import FitCheckpoint
from emopipe.training.clip_network import ClipNetwork
from emopipe.training.compiling import dtype_policy
from emopipe.training.epochs import add_prefix
from emopipe.training.loop import train
from emopipe.training.parameters import SpeechTrim, Training, VGG19Features
from emopipe.voice.mel_images import LENGTH

MODALITIES = ("audio", "video")
_VGG19, _SPEECH, _TRAINING = VGG19Features(), SpeechTrim(), Training(learning_rate=1e-4)
_FACES = FaceCrops()


def _plain_rule(band, threshold, floor, before, after) -> dict:
    return {
        "band": [float(f) for f in band],
        "threshold": float(threshold),
        "floor": None if floor is None else float(floor),
        "before": float(before),
        "after": float(after),
    }


class SegmentAttentionNetwork(ClipNetwork):
    """Classifier of clips by attention over voice and face in segments of speech (paper C).

    A clip's idle ends are cut off; each segment of 655 ms (one every 300 ms) is a picture of the
    voice and 20 faces. VGG19 [1]_ describes the picture and every face; an LSTM makes one vector of
    the faces, a dense layer one of the voice. First both are trained, each with a softmax of its
    own; then, with these vectors fixed, attention weighs the two, and a softmax answers for the
    segment. The clip's answer is the majority's.

    Parameters
    ----------
    vgg19 : VGG19Features
        Which VGG19 describes voice and faces, and whether its last blocks are trained with them
        (``vgg19__fine_tune``).
    faces : FaceCrops
        Crops, brought to VGG19's size afterwards, and how many make a segment. The paper takes a
        single-shot detector (detector="ssd" is its like, and is fetched); ours needs no download.
    speech : SpeechTrim or None
        Which idle ends are cut off; None cuts nothing.
    picture : "log-mel" or "mfcc"
        Of the voice: levels of 64 mel bands, or the 64 coefficients of their cosine transform (the
        paper says both).
    least_faces : float
        Share of the frames while somebody speaks that must have a face; a clip with fewer is left
        out of fit and has NaN for probabilities. The paper removed clips in which "frontal face
        cannot be detected in many successive frames", and gives no number.
    audio_dense : bool
        Whether a dense layer makes the voice's vector. The paper takes VGG19's fc7 itself: False;
        then `units` is VGG19's number, 4096.
    units : int
        Values of the vector of each modality.
    attention_units : int
        Rows of W in equation 5; the paper does not say how many.
    training : Training
        Of each of the three trainings; a batch is of segments. The paper gives none of it.
    column, store, n_jobs, on_error, progress
        See `emopipe.training.clip_network.ClipNetwork`.

    Attributes
    ----------
    classes_, network_weights_, fallback_
        See `emopipe.training.clip_network.ClipNetwork`.
    history_ : dict of str to list of float
        loss, accuracy, val_loss, val_accuracy per epoch of the fusion, and with ``audio_`` or
        ``video_`` before them of the two networks (val_audio_loss, ...), and ``tuned_audio_`` or
        ``tuned_video_`` of the epochs that train VGG19's last blocks. Rows are segments.

    Raises
    ------
    ValueError
        In `fit`, for a parameter that is not allowed, fewer than two emotions, or no usable
        clip.

    See Also
    --------
    AudioVisualCNN : System A, one network for face and voice.
    TemporalAggregation : System B, several segments of a clip.
    VGG19Features : The features of system C.
    SpeechTrim : Cuts silent ends.

    Notes
    -----
    In the paper the audio and visual networks are trained first, VGG19 in them, and the voice's fc7
    is its vector: ``vgg19__fine_tune=1, audio_dense=False``. By default VGG19 stays as it is, so
    that no clip goes through it twice; a dense layer (tanh, as many units as the LSTM) is trained
    in its place, and gives the voice's vector the range of the face's. Features are standardised by
    the training segments. The text leaves open whether abs(h) in equation 6 is a magnitude or a
    transposed h; we take the magnitude.

    A clip needs sound and a face: one without either, a silent one, or one shorter than a segment
    trains nothing and has NaN for probabilities. Where the speech is shorter than a segment, what
    lies around it fills up. In a film of one frame that is the face throughout.

    References
    ----------
    .. [1] Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition.
       ICLR (2015).

    Examples
    --------
    >>> from emopipe import SegmentAttentionNetwork, VGG19Features
    >>> network = SegmentAttentionNetwork(vgg19=VGG19Features(weights="random"))
    >>> network.notices()[0]
    'VGG19 has random weights (seed 0): its features know nothing of faces or voices.'
    >>> network.fit(clips, clips["emotion"]).predict(clips)  # doctest: +SKIP
    """

    def __init__(
        self, *, vgg19=_VGG19, faces=_FACES, speech=_SPEECH, picture="log-mel", least_faces=0.0,
        audio_dense=True, units=4096, attention_units=512, training=_TRAINING, column="path",
        store="default", n_jobs=-1, on_error="nan", progress=False,
    ):  # fmt: skip
        super().__init__(
            training=training, column=column, store=store, n_jobs=n_jobs, on_error=on_error,
            progress=progress,
        )  # fmt: skip
        self.vgg19 = vgg19
        self.faces = faces
        self.speech = speech
        self.picture = picture
        self.least_faces = least_faces
        self.audio_dense = audio_dense
        self.units = units
        self.attention_units = attention_units

    def _crops(self):
        return network_crops(self.faces, n_frames=20, size=(227, 227), margin=0.2)

    def _recipe_of(self, modality):
        rule = None if self.speech is None else _plain_rule(**self.speech.get_params())
        faces, network = self._crops(), self.vgg19.get_params()
        del network["fine_tune"], network["fine_tune_rate"]
        return segment_recipe(
            modality,
            rule=rule,
            picture=self.picture,
            layer=BEGINNINGS.get(self.vgg19.fine_tune, "fc7"),
            detector=faces["detector"],
            model=faces["detector_model"],
            margin=faces["margin"],
            detect_every=faces["detect_every"],
            face_size=faces["size"],
            **network,
        )

    def recipes(self):
        """Return the recipes of the voice and of the face."""
        return [self._recipe_of(modality) for modality in MODALITIES]

    def _tensors(self, X):
        self._check_parameters()
        paths = self._clip_paths(X)
        tensors = {name: self._read(paths, self._recipe_of(name)) for name in MODALITIES}
        return tensors | {"video": tensors["video"].with_faces(self.least_faces)}

    def _n_features(self):
        return architecture(self.vgg19.width, self.vgg19.size).units[1]

    def _check_parameters(self):
        check_fine_tuning(self.vgg19.fine_tune, self.vgg19.fine_tune_rate, "vgg19.")
        if not 0 <= self.least_faces <= 1:
            raise ValueError(f"least_faces={self.least_faces!r} is a share: it lies within 0 and 1")
        if not self.audio_dense and self.units != self._n_features():
            raise ValueError(
                f"units={self.units!r}: with audio_dense=False the voice's vector is VGG19's fc7, "
                f"and the face's is as long: set units={self._n_features()}"
            )

    def _build(self, n_classes):
        graphs = self._graphs(n_classes)
        return self._tune(graphs, self._tails()).whole if self.vgg19.fine_tune else graphs.whole

    def _tails(self, weights=None):
        """Return VGG19's last blocks by modality, with zeros for weights unless they are named."""
        parts = self.vgg19
        after = BEGINNINGS[parts.fine_tune]
        how = {"width": parts.width, "size": parts.size, "precision": parts.precision}
        return {name: tail(weights, after, **how) for name in MODALITIES}

    def _tune(self, graphs, tails):
        return tuned_graphs(graphs, tails, n_frames=self._crops()["n_frames"])

    def _graphs(self, n_classes):
        return attention_graphs(
            n_classes,
            audio_dense=self.audio_dense,
            n_features=self._n_features(),
            n_frames=self._crops()["n_frames"],
            units=self.units,
            attention_units=self.attention_units,
            dtype=dtype_policy(self.training.precision),
        )

    def _learn(self, tensors, y, rows, validation_rows, *, weights, identity):
        """Train the two modalities' networks, then the fusion of what they have learned."""
        table = SegmentTable(
            tensors, np.concatenate([rows, validation_rows]), self._crops()["n_frames"]
        )
        graphs = self._graphs(len(self.classes_))
        sides = {
            "rows": np.flatnonzero(np.isin(table.clips, rows)),
            "validation": np.flatnonzero(np.isin(table.clips, validation_rows)),
        }
        common = sides | {"weights": weights[table.clips], "plan": self._plan()}
        common |= {"y": y[table.clips], "progress": self.progress}
        steps = _Steps(self.training.checkpoint, identity, common)
        deep, tuned = table, None
        if self.vgg19.fine_tune:
            tails = self._tails(self._weights_name())
            tuned, table = self._tune(graphs, tails), deep.through(_callers(tails))
        for name in MODALITIES:
            graph = getattr(graphs, name)
            graph.get_layer(f"{name}_scaling").set_weights(table.scales(name, sides["rows"]))
            steps.train(name, graph, table.batch(name))
        if tuned is not None:
            plan = self._plan().set_params(learning_rate=self.vgg19.fine_tune_rate)
            for name in MODALITIES:
                network = getattr(tuned, name)
                steps.train(f"tuned_{name}", network, deep.batch(name), plan=plan, keep=True)
            table = deep.through(_callers(tails))
        everything = np.arange(len(table))
        tokens = self._ask(graphs.tokens, table.batch(*MODALITIES), everything)
        fused = train(
            graphs.fusion,
            lambda rows, rng, training: {"tokens": tokens[rows]},
            identity=f"{identity} fusion",
            **common,
        )
        steps.remove()
        self._model = graphs.whole if tuned is None else tuned.whole
        return self._model.get_weights(), fused.history | steps.history

    def _answers(self, tensors, rows):
        """Return the segments of clips, their probabilities and their attention weights."""
        table = SegmentTable(tensors, rows, self._crops()["n_frames"])
        outputs = self._ask(self._network(), table.batch(*MODALITIES), np.arange(len(table)))
        n_classes = len(self.classes_)
        return table, outputs[:, :n_classes], outputs[:, n_classes:]

    def _scores(self, tensors, rows):
        table, probabilities, _ = self._answers(tensors, rows)
        return vote(probabilities, table.clips, rows)

    def segments(self, X) -> pd.DataFrame:
        """Return what was made of every segment of clips.

        Parameters
        ----------
        X : list, array or Series of paths, or DataFrame
            The clips.

        Returns
        -------
        DataFrame
            A row per segment: clip (place in X), path, start and stop in seconds, attention_audio
            and attention_video (they add up to 1), and a column of probabilities per emotion.
        """
        check_is_fitted(self)
        tensors, there = self._complete_tensors(X)
        rows, paths = np.flatnonzero(there), np.asarray(self._clip_paths(X), dtype=object)
        columns = ["clip", "path", "start", "stop", *(f"attention_{m}" for m in MODALITIES)]
        if not len(rows):
            return pd.DataFrame(columns=[*columns, *self.classes_])
        table, probabilities, attention = self._answers(tensors, rows)
        values = [
            table.clips,
            paths[table.clips],
            table.starts,
            table.starts + LENGTH,
            *attention.T,
        ]
        segments = pd.DataFrame(dict(zip(columns, values, strict=True)))
        return segments.join(pd.DataFrame(probabilities, columns=self.classes_))

    def attention_weights(self, X) -> pd.DataFrame:
        """Return how much each modality counted, as the mean over a clip's segments.

        Parameters
        ----------
        X : list, array or Series of paths, or DataFrame
            The clips.

        Returns
        -------
        DataFrame
            Columns audio and video, rows as in X, adding up to 1; NaN where a clip cannot be shown.
        """
        table = self.segments(X)
        means = table.groupby("clip")[[f"attention_{m}" for m in MODALITIES]].mean()
        means = means.astype(float).reindex(range(len(X))).set_axis(list(MODALITIES), axis=1)
        return means.set_axis(index_of(X))

    def predict_proba(self, X):
        """Return scores by majority vote, float64 (n_clips, n_classes).

        They are shares of votes, where the mean of the segments' probabilities is one vote more;
        `predict` returns the emotion with the largest one
        (`emopipe.networks.segment_attention.voting.vote`). NaN where the network cannot see a clip.
        """
        return super().predict_proba(X)

    def notices(self) -> list[str]:
        """Return what a reader of the results must know about the weights."""
        return weight_notices(self._weights_name(), PUBLISHED, "faces or voices")

    def _weights_name(self):
        return identify(self.vgg19.weights, PUBLISHED, self.vgg19.seed)


class _Steps:
    """Trainings that follow one another; what an interrupted fit has left of them is taken."""

    def __init__(self, folder, identity, common):
        self.folder, self.identity, self.common = folder, identity, common
        self.history, self.checkpoints = {}, []

    def train(self, name, graph, batch, **changed):
        """Train a network, or give it the weights that were saved."""
        checkpoint = FitCheckpoint(self.folder, f"{self.identity} whole {name}")
        self.checkpoints.append(checkpoint)
        saved = checkpoint.load()
        if saved is None:
            how = self.common | changed
            state = train(graph, batch, how.pop("y"), identity=f"{self.identity} {name}", **how)
            checkpoint.save(state.history, {"weights": state.weights})
        else:
            graph.set_weights(saved[1]["weights"])
        self.history |= add_prefix(state.history if saved is None else saved[0], name)

    def remove(self):
        """Remove what was saved: the fit is state."""
        for checkpoint in self.checkpoints:
            checkpoint.remove()


def _callers(tails):
    """Return networks as functions of arrays."""
    return {
        name: lambda rows, tail=tail: tail(rows, training=False) for name, tail in tails.items()
    }
