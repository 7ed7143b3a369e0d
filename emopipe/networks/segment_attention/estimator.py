"""System C: VGG19, an LSTM over faces, and attention over voice and face."""

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from emopipe.backbones.vgg19 import PUBLISHED, architecture, name_weights
from emopipe.face import FaceCrops, network_crops
from emopipe.networks.segment_attention.graph import attention_graphs
from emopipe.networks.segment_attention.recipes import segment_recipe
from emopipe.networks.segment_attention.segment_table import SegmentTable
from emopipe.networks.segment_attention.voting import vote
from emopipe.training.checkpoints import FitCheckpoint
from emopipe.training.clip_network import ClipNetwork
from emopipe.training.epochs import prefixed
from emopipe.training.loop import Training, policy, predict, train
from emopipe.training.parameters import SpeechTrim, VGG19Features
from emopipe.training.tensors import clip_tensors
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
    voice and 20 faces. VGG19 [1]_, which stays as it is, describes the picture and every face; an
    LSTM makes one vector of the faces, a dense layer one of the voice. First both are trained, each
    with a softmax of its own; then, with these vectors fixed, attention weighs the two, and a
    softmax answers for the segment. The clip's answer is the majority's.

    Parameters
    ----------
    vgg19 : VGG19Features
        Which VGG19 describes voice and faces.
    faces : FaceCrops
        Crops, brought to VGG19's size afterwards, and how many make a segment. The paper takes a
        single-shot detector (detector="ssd" is its like, and is fetched); ours needs no download.
    speech : SpeechTrim or None
        Which idle ends are cut off; None cuts nothing.
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
        ``video_`` before them of the two networks (val_audio_loss, ...). Rows are segments.

    Notes
    -----
    The paper uses VGG19's fc7 of the voice directly, but also says that the audio network is
    trained first. VGG19 is not trained here, so that no clip goes through it twice; the dense layer
    (tanh, as many units as the LSTM) is what is trained in its place, and gives the voice's vector
    the range of the face's. Features are standardised by the training segments. Whether abs(h) in
    equation 6 is a magnitude or a transposed h cannot be told from the text; we take the magnitude.

    A clip needs sound and a face: one without either, a silent one, or one shorter than a segment
    trains nothing and has NaN for probabilities. Where the speech is shorter than a segment, what
    lies around it fills up. In a film of one frame that is the face throughout.

    References
    ----------
    .. [1] Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition.
       ICLR (2015).

    Examples
    --------
    >>> network = SegmentAttentionNetwork(vgg19=VGG19Features(weights="random"))
    >>> network.notices()[0]
    'VGG19 has random weights (seed 0): its features know nothing of faces or voices.'
    >>> network.fit(clips, clips["emotion"]).predict(clips)  # doctest: +SKIP
    """

    def __init__(
        self, *, vgg19=_VGG19, faces=_FACES, speech=_SPEECH, units=4096, attention_units=512,
        training=_TRAINING, column="path", store="default", n_jobs=-1, on_error="nan",
        progress=False,
    ):  # fmt: skip
        super().__init__(
            training=training, column=column, store=store, n_jobs=n_jobs, on_error=on_error,
            progress=progress,
        )  # fmt: skip
        self.vgg19 = vgg19
        self.faces = faces
        self.speech = speech
        self.units = units
        self.attention_units = attention_units

    def _crops(self):
        return network_crops(self.faces, n_frames=20, size=(227, 227), margin=0.2)

    def _recipe(self, modality):
        rule = None if self.speech is None else _plain_rule(**self.speech.get_params())
        faces = self._crops()
        return segment_recipe(
            modality,
            rule=rule,
            detector=faces["detector"],
            model=faces["detector_model"],
            margin=faces["margin"],
            detect_every=faces["detect_every"],
            face_size=faces["size"],
            **self.vgg19.get_params(),
        )

    def _recipes(self):
        return [self._recipe(modality) for modality in MODALITIES]

    def _tensors(self, X):
        shared = {"store": self.store, "n_jobs": self.n_jobs, "progress": self.progress}
        paths = self._clip_paths(X)
        return {
            name: clip_tensors(paths, recipe, **shared)
            for name, recipe in zip(MODALITIES, self._recipes(), strict=True)
        }

    def _build(self, n_classes):
        return self._graphs(n_classes).whole

    def _graphs(self, n_classes):
        return attention_graphs(
            n_classes,
            n_features=architecture(self.vgg19.width, self.vgg19.size).units[1],
            n_frames=self._crops()["n_frames"],
            units=self.units,
            attention_units=self.attention_units,
            dtype=policy(self.training.precision),
        )

    def _learn(self, tensors, y, rows, held, *, weights, identity):
        """Train the two modalities' networks, then the fusion of what they have learned."""
        table = SegmentTable(tensors, np.concatenate([rows, held]), self._crops()["n_frames"])
        graphs = self._graphs(len(self.classes_))
        sides = {
            "rows": np.flatnonzero(np.isin(table.clips, rows)),
            "validation": np.flatnonzero(np.isin(table.clips, held)),
        }
        common = sides | {"weights": weights[table.clips], "plan": self._plan()}
        common["progress"] = self.progress
        labels, history, kept = y[table.clips], {}, []
        for name in MODALITIES:
            graph = getattr(graphs, name)
            graph.get_layer(f"{name}_scaling").set_weights(table.scales(name, sides["rows"]))
            kept.append(FitCheckpoint(self.training.checkpoint, f"{identity} whole {name}"))
            done = _once(kept[-1], graph, name, table.batch(name), labels, common, identity)
            history |= prefixed(done, name)
        everything = np.arange(len(table))
        shown = predict(graphs.tokens, table.batch(*MODALITIES), everything, **self._reading())
        fused = train(
            graphs.fusion,
            lambda rows, rng, training: {"tokens": shown[rows]},
            labels,
            identity=f"{identity} fusion",
            **common,
        )
        for checkpoint in kept:
            checkpoint.remove()
        self._model = graphs.whole
        return self._model.get_weights(), fused.history | history

    def _reading(self):
        return {"batch_size": self.training.batch_size, "workers": self.training.workers}

    def _answers(self, tensors, rows):
        """Return the segments of clips, their probabilities and their attention weights."""
        table = SegmentTable(tensors, rows, self._crops()["n_frames"])
        found = predict(
            self._network(), table.batch(*MODALITIES), np.arange(len(table)), **self._reading()
        )
        n_classes = len(self.classes_)
        return table, found[:, :n_classes], found[:, n_classes:]

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
        tensors, there = self._seen(X)
        rows, paths = np.flatnonzero(there), np.asarray(self._clip_paths(X), dtype=object)
        columns = ["clip", "path", "start", "stop", *(f"attention_{m}" for m in MODALITIES)]
        if not len(rows):
            return pd.DataFrame(columns=[*columns, *self.classes_])
        table, probabilities, attention = self._answers(tensors, rows)
        told = [table.clips, paths[table.clips], table.starts, table.starts + LENGTH, *attention.T]
        found = pd.DataFrame(dict(zip(columns, told, strict=True)))
        return found.join(pd.DataFrame(probabilities, columns=self.classes_))

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
        found = self.segments(X)
        means = found.groupby("clip")[[f"attention_{m}" for m in MODALITIES]].mean()
        means = means.astype(float).reindex(range(len(X))).set_axis(list(MODALITIES), axis=1)
        return means.set_axis(X.index if hasattr(X, "iloc") else pd.RangeIndex(len(X)))

    def predict_proba(self, X):
        """Return scores by majority vote, float64 (n_clips, n_classes).

        They are shares of votes, where the mean of the segments' probabilities is one vote more;
        `predict` returns the emotion with the largest one
        (`emopipe.networks.segment_attention.voting.vote`). NaN where the network cannot see a clip.
        """
        return super().predict_proba(X)

    def notices(self) -> list[str]:
        """Return what a reader of the results must know about the weights."""
        name = name_weights(self.vgg19.weights, self.vgg19.seed)
        if name == PUBLISHED.sha256:
            return []
        if name.startswith("random"):
            return [
                f"VGG19 has random weights (seed {self.vgg19.seed}): its features know nothing of "
                "faces or voices."
            ]
        return [f"VGG19 has weights from a file of the user's (SHA-256 {name[:12]}...)."]


def _once(checkpoint, graph, name, batch, labels, common, identity):
    """Train a network, or take what an interrupted fit has left of it; return its history."""
    saved = checkpoint.load()
    if saved is not None:
        graph.set_weights(saved[1]["weights"])
        return saved[0]
    done = train(graph, batch, labels, identity=f"{identity} {name}", **common)
    checkpoint.save(done.history, {"weights": done.weights})
    return done.history
