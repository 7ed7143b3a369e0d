"""System B: one audio-visual network per segment of a clip, their answers added up."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from emopipe.extraction import Recipe
from emopipe.face import FaceCrops, network_crops
from emopipe.face.crop_forms import times_and_crops
from emopipe.face.crop_recipe import crops_recipe
from emopipe.networks.audio_visual_cnn.graph import check_depth
from emopipe.networks.temporal_aggregation.graph import segment_model, temporal_graph
from emopipe.networks.temporal_aggregation.recipes import FULL_SCALE, whole_sound
from emopipe.networks.temporal_aggregation.windows import (
    chosen_frames,
    pictures,
    sound_windows,
    window_starts,
)
from emopipe.training.clip_network import ClipNetwork
from emopipe.training.compiling import dtype_policy
from emopipe.training.parameters import CNNLayers, Training

SAMPLE_RATE = 16000
_DRAWS = 21
_CROPS = {"n_frames": 30, "size": (224, 224), "margin": 0.2}
_FACES = FaceCrops()
_LAYERS = CNNLayers(dense=(), batch_norm=True)
_TRAINING = Training(optimizer="sgd", batch_size=16, decay_every=50, patience=20)


class TemporalAggregation(ClipNetwork):
    """Temporal aggregation of asynchronous voice and face (paper B [1]_).

    A clip is cut into segments of equal length. In each, one frame of the face and the spectrogram
    of a window of sound around it go through a network of the segment's own: system A's core with
    batch normalisation. The clip's score is the sum of the segments' softmax rows, divided by their
    number. Every epoch draws the frames anew, and moves the sound a little against them; prediction
    takes the middle frame and the sound centred on it, or averages several draws.

    Drawing decodes nothing. `n_frames` candidates per clip, equally spaced whatever the number of
    segments, and the clip's sound are kept in the store: at 224x224, 4.5 MB per clip for 30 frames
    (34 GB for CREMA-D) and 32 kB per second of sound. Networks of any number of segments share
    them. A batch is read when it is due, clip by clip: memory holds a few batches (each n_segments
    faces per clip, 24 MB for 16 clips and 10 segments), however many clips there are.

    A clip needs a face and sound: without one of them, or silent, it is left out of fit and has NaN
    for probabilities. Where a frame has no trusted face, the nearest in time stands in. A film of
    one frame is that face throughout. Beyond a clip's ends there is silence, so that no clip is too
    short for a window; where there are fewer frames than candidates, they repeat.

    Where the paper is silent or contradicts itself: what the loss is taken of is not said, we take
    the cross-entropy of the averaged rows, so that the networks of all segments are trained
    together; the rate falls "every 50 training steps for each epoch", we take every 50 epochs; when
    training ends is not said, we stop 20 epochs after the smallest loss on held-out training
    subjects, after 100 at the latest; the layers' widths are system A's, and the one dense layer is
    the softmax's own (`dense` adds others). Faces were found by MTCNN; the default, Haar cascades,
    needs no extra package (detector="mtcnn" is the paper's). Rates much above the paper's 1e-3 can
    leave dense units dead: on drawn faces, 3e-3 learned in 30 epochs what 2e-2 never did.

    Parameters
    ----------
    n_segments : int
        3 to 10 in the paper; time and memory grow linearly.
    window : float
        Seconds of sound around a frame.
    offset : float
        Seconds by which its centre may differ from the frame's time, in training.
    share_weights : bool
        One network for all segments instead of one for each.
    draws : int
        Random draws that prediction averages; 0 takes the middle frame, with the sound centred on
        it. The same draws are made for every clip, so scores depend on nothing but the clip.
    faces : FaceCrops
        `n_frames` candidate frames per clip, at least `n_segments`; odd multiples of `n_segments`
        have a candidate just in the middle of every segment.
    spectrogram_size : tuple of int
        Bins and columns.
    layers : CNNLayers
        Of the network of a segment.
    training : Training
        By default the paper's: stochastic gradient descent in batches of 16, the rate divided by
        10 every 50 epochs. ``set_params(training__epochs=30)`` changes one of them.
    column, audio_column, store, n_jobs, on_error, progress
        See `emopipe.training.clip_network.ClipNetwork`.

    Attributes
    ----------
    classes_, network_weights_, history_, random_state_, fallback_
        See `emopipe.training.clip_network.ClipNetwork`.

    Raises
    ------
    ValueError
        In `fit`, for a parameter that is not allowed, fewer than two emotions, or no usable
        clip.

    See Also
    --------
    AudioVisualCNN : System A, one network for face and voice.
    SegmentAttentionNetwork : System C, attention over segments of speech.
    Training : How a network is trained.

    References
    ----------
    .. [1] Temporal aggregation of audio-visual modalities for emotion recognition, sections II and
       IV; after Wang et al.: Temporal segment networks. ECCV (2016).

    Examples
    --------
    >>> from emopipe import TemporalAggregation
    >>> network = TemporalAggregation(n_segments=3).set_params(training__epochs=30)
    >>> network.fit(clips, clips["emotion"]).predict(clips)  # doctest: +SKIP
    array(['anger', ...
    """

    def __init__(
        self, *, n_segments=10, window=1.28, offset=0.01, share_weights=False, draws=0,
        faces=_FACES, spectrogram_size=(192, 120), layers=_LAYERS, training=_TRAINING,
        column="path", audio_column=None, store="default", n_jobs=-1, on_error="nan",
        progress=False,
    ):  # fmt: skip
        super().__init__(
            training=training, column=column, audio_column=audio_column, store=store,
            n_jobs=n_jobs, on_error=on_error, progress=progress,
        )  # fmt: skip
        self.n_segments = n_segments
        self.window = window
        self.offset = offset
        self.share_weights = share_weights
        self.draws = draws
        self.faces = faces
        self.spectrogram_size = spectrogram_size
        self.layers = layers

    def _crops(self):
        return network_crops(self.faces, **_CROPS)

    def _check_parameters(self):
        faces = self._crops()
        for name, value, least in (
            ("n_segments", self.n_segments, 1),
            ("faces.n_frames", faces["n_frames"], self.n_segments),
            ("draws", self.draws, 0),
        ):
            if value != int(value) or value < least:
                why = " (n_segments)" if name == "faces.n_frames" else ""
                raise ValueError(f"{name}={value!r} must be a whole number from {least}{why}")
        if not self.offset >= 0:
            raise ValueError(f"offset={self.offset!r} must be at least 0 seconds")
        least = (2 * self.spectrogram_size[0] - 2) / SAMPLE_RATE
        if not self.window >= least:
            raise ValueError(
                f"window={self.window!r} must be at least {least:.4f} seconds: a spectrogram of "
                f"{self.spectrogram_size[0]} bins takes as much for one column"
            )

        check_depth("faces.size", faces["size"], len(self.layers.visual_widths))
        check_depth("spectrogram_size", self.spectrogram_size, len(self.layers.audio_widths))

    def recipes(self):
        """Return the recipes of faces and of the sound."""
        crops = crops_recipe(self.faces, form="timed", **_CROPS)
        faces = Recipe("timed_faces", 1, pooling="stack", **crops)
        return [faces, whole_sound(sample_rate=SAMPLE_RATE)]

    def _tensors(self, X):
        self._check_parameters()
        faces, sound = self.recipes()
        return {
            "video": self._read(self._clip_paths(X), faces),
            "audio": self._read(self._sound_paths(X), sound),
        }

    def _build(self, n_classes):
        return temporal_graph(
            n_classes,
            n_segments=int(self.n_segments),
            share_weights=self.share_weights,
            face_size=self._crops()["size"],
            spectrogram_size=self.spectrogram_size,
            **self.layers.get_params(),
            dtype=dtype_policy(self.training.precision),
        )

    def _inputs(self, tensors, clip, u):
        """Return what the network sees of a clip, by draws (2, n_segments) of frame and sound."""
        [value] = tensors["video"].take([clip])
        times, crops = times_and_crops(value, tuple(map(int, self._crops()["size"])))
        chosen = chosen_frames(len(crops), int(self.n_segments), u[0])
        starts = window_starts(
            times[chosen], u[1],
            window=self.window, offset=self.offset, sample_rate=SAMPLE_RATE,
        )  # fmt: skip
        [samples] = tensors["audio"].take([clip])
        cut = sound_windows(samples, starts, round(self.window * SAMPLE_RATE))
        spectrograms = pictures(
            cut.astype(np.float32) / FULL_SCALE, size=tuple(self.spectrogram_size)
        )
        return crops[chosen], spectrograms

    def _fixed_draws(self):
        """Return the draws of prediction, (draws, 2, n_segments)."""
        if not self.draws:
            return np.full((1, 2, int(self.n_segments)), 0.5)
        rng = np.random.default_rng([self._seed(), _DRAWS])
        return rng.random((int(self.draws), 2, int(self.n_segments)))

    def _batch(self, tensors):
        n_clips, fixed = len(tensors["video"]), self._fixed_draws()

        def batch(rows, rng, training):
            draws, clips = np.divmod(rows, n_clips)
            u = rng.random((len(rows), *fixed.shape[1:])) if training else fixed[draws]
            inputs = [
                self._inputs(tensors, clip, draw) for clip, draw in zip(clips, u, strict=True)
            ]
            faces, sounds = zip(*inputs, strict=True)
            return {"video": np.stack(faces), "audio": np.stack(sounds)}

        return batch

    def _answers(self, model, tensors, rows):
        """Return what a network answers for clips, averaged over the draws."""
        n_draws = len(self._fixed_draws())
        every = np.add.outer(np.arange(n_draws) * len(tensors["video"]), rows).ravel()
        answers = self._ask(model, self._batch(tensors), every)
        return answers.reshape(n_draws, len(rows), *answers.shape[1:]).mean(axis=0)

    def _scores(self, tensors, rows):
        return self._answers(self._network(), tensors, rows)

    def segment_scores(self, X) -> np.ndarray:
        """Return what the network of each segment answers.

        Parameters
        ----------
        X : list, array or Series of paths, or DataFrame
            The clips.

        Returns
        -------
        float64 ndarray of shape (n_clips, n_segments, n_classes)
            Probabilities, whose mean over segments is `predict_proba`; NaN where a clip cannot be
            shown.
        """
        check_is_fitted(self)
        model = segment_model(self._network())
        shape = int(self.n_segments), len(self.classes_)
        return self._fill(X, shape, lambda tensors, rows: self._answers(model, tensors, rows))
