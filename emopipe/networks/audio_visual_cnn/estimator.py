"""System A: a small convolutional network on the face's frames and the voice's spectrogram."""

import numpy as np
import pandas as pd

from emopipe.extraction import Recipe
from emopipe.face import FaceCrops, network_crops
from emopipe.face.augmentation import apply_transform, draw_transforms
from emopipe.face.augmentation_sheets import draw_clip_sheet
from emopipe.face.crop_recipe import crops_recipe
from emopipe.media import ClipError
from emopipe.networks.audio_visual_cnn.graph import (
    audio_visual_graph,
    branch_size,
    check_depth,
)
from emopipe.training.clip_network import ClipNetwork
from emopipe.training.compiling import dtype_policy
from emopipe.training.parameters import CNNLayers, Training
from emopipe.training.tensors import clip_tensors, spectrogram
from emopipe.voice.augmentation import apply_sound_transform, draw_sound_transforms
from emopipe.voice.transforms import OCTAVES

MODALITIES = ("video", "audio")
_COPIES, _SOUND_COPIES = 20, 21
_CROPS = {"n_frames": 20, "size": (98, 80), "margin": 0.0}
_FACES, _LAYERS, _TRAINING = FaceCrops(), CNNLayers(), Training(weight_decay=5e-5)


class AudioVisualCNN(ClipNetwork):
    """Audio-visual CNN (paper A [1]_): equally spaced face crops are channels of one picture.

    Face crops in grey go through five convolutions, the spectrogram through three; their features,
    4:1, through two dense layers to a softmax. Every training clip is seen with 30 augmented
    copies of its face per epoch, each copy transformed in its own way, all its frames alike.

    A clip that lacks one of the `modalities` (no face found, no sound, silent, ...) is left out of
    fit and gets NaN for probabilities, so that `EmotionWeightedFusion` decides it by others. For
    clips which have one modality only, fit a network with that one alone and fuse the two.

    Where the paper is silent or contradicts itself: widths are only in a figure, ours are 32-64-
    128-128-256 and 16-32-64 filters of 3x3, max pooling by 2 after each, 512 and 128 features,
    dense 128; the learning rate is both 1e-4 and 1e-3 in its text, we take 1e-3; who is held out to
    stop early ("after four epochs in average") is not said, we hold out training subjects; an epoch
    holds every clip and all of its copies, as where copies are made beforehand. With three layers
    the branch that hears has 2.97 million weights, the one that sees 1.33 million, though the paper
    argues for the smaller ear: ``layers__audio_widths=(16, 32, 64, 64)`` gives it 0.75 million.

    Parameters
    ----------
    modalities : tuple of str
        ("video", "audio"), or one of them.
    faces : FaceCrops
        Which crops of a clip, and how large (20 of 98x80 in the paper; faces are portrait).
    spectrogram_size : tuple of int
        Bins and columns.
    transform : "fourier", "wavelet" or "wigner-ville"
        What the picture of the sound shows, see `draw_spectrograms`: the paper takes the first, and
        leaves the others to the future. The wavelets need PyWavelets (extra ``wavelet``).
    n_copies : int
        Augmented copies of every clip per epoch, see `copies`; the face has them, and the sound
        with `augment_sound`.
    augment_sound : bool
        The copies' sound differs, too, in speed, onset, pitch and loudness (not in the paper).
    layers : CNNLayers
        Batch normalisation and dropout are not in the paper.
    training : Training
        By default with the paper's weight decay, 5e-5.
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
    TemporalAggregation : System B, several segments of a clip.
    SegmentAttentionNetwork : System C, attention over segments of speech.
    Training : How a network is trained.
    CNNLayers : The layers of systems A and B.

    References
    ----------
    .. [1] Ristea, Dutu, Radoi: Emotion recognition system from speech and visual information based
       on convolutional neural networks. SpeD (2019).

    Examples
    --------
    >>> from emopipe import AudioVisualCNN
    >>> network = AudioVisualCNN(modalities=("audio",)).set_params(training__epochs=10)
    >>> network.fit(clips, clips["emotion"]).predict(clips)  # doctest: +SKIP
    array(['anger', ...
    """

    def __init__(
        self, *, modalities=("video", "audio"), faces=_FACES, spectrogram_size=(192, 120),
        transform="fourier", n_copies=30, augment_sound=False, layers=_LAYERS, training=_TRAINING,
        column="path", audio_column=None, store="default", n_jobs=-1, on_error="nan",
        progress=False,
    ):  # fmt: skip
        super().__init__(
            training=training, column=column, audio_column=audio_column, store=store,
            n_jobs=n_jobs, on_error=on_error, progress=progress,
        )  # fmt: skip
        self.modalities = modalities
        self.faces = faces
        self.spectrogram_size = spectrogram_size
        self.transform = transform
        self.n_copies = n_copies
        self.augment_sound = augment_sound
        self.layers = layers

    def _check_parameters(self):
        chosen = () if isinstance(self.modalities, str) else tuple(self.modalities)
        if not chosen or set(chosen) - set(MODALITIES) or len(set(chosen)) < len(chosen):
            raise ValueError(
                f"modalities={self.modalities!r} must be a tuple of one or both of "
                f"{', '.join(map(repr, MODALITIES))}"
            )
        if self.n_copies != int(self.n_copies) or self.n_copies < 0:
            raise ValueError(f"n_copies={self.n_copies!r} must be a whole number from 0")
        check_depth("faces.size", self._crops()["size"], len(self.layers.visual_widths))
        check_depth("spectrogram_size", self.spectrogram_size, len(self.layers.audio_widths))

    def _crops(self):
        return network_crops(self.faces, **_CROPS)

    def _face_recipe(self):
        crops = crops_recipe(self.faces, form="stack", grey=True, **_CROPS)
        return Recipe("face_stack", 1, pooling="stack", **crops)

    def _recipe_of_each(self):
        """Return {modality: recipe} of those that are used."""
        recipes = {}
        if "video" in self.modalities:
            recipes["video"] = self._face_recipe()
        if "audio" in self.modalities:
            recipes["audio"] = spectrogram(size=self.spectrogram_size, transform=self.transform)
        return recipes

    def recipes(self):
        """Return the recipes of the modalities that are used, the face's first."""
        return list(self._recipe_of_each().values())

    def _tensors(self, X):
        self._check_parameters()
        paths = {"video": self._clip_paths, "audio": self._sound_paths}
        recipes = self._recipe_of_each().items()
        return {name: self._read(paths[name](X), recipe) for name, recipe in recipes}

    def _build(self, n_classes):
        faces = self._crops()
        return audio_visual_graph(
            n_classes,
            video=(*faces["size"], faces["n_frames"]) if "video" in self.modalities else None,
            audio=tuple(self.spectrogram_size) if "audio" in self.modalities else None,
            **self.layers.get_params(),
            dtype=dtype_policy(self.training.precision),
        )

    def _n_copies(self):
        differ = "video" in self.modalities or self.augment_sound
        return int(self.n_copies) if differ else 0

    def _transforms(self, row):
        rng = np.random.default_rng([self._seed(), _COPIES, row])
        return draw_transforms(int(self.n_copies), rng)

    def _sound_transforms(self, row):
        rng = np.random.default_rng([self._seed(), _SOUND_COPIES, row])
        return draw_sound_transforms(int(self.n_copies), rng)

    def _batch(self, tensors):
        n_clips = len(next(iter(tensors.values())))

        def batch(rows, rng, training):
            copies, clips = np.divmod(rows, n_clips)
            inputs = {name: values.take(clips) for name, values in tensors.items()}
            if "video" in inputs:
                pictures = np.ascontiguousarray(np.moveaxis(inputs["video"], 1, -1))
                inputs["video"] = pictures
                for index in np.flatnonzero(copies):
                    transform = self._transforms(clips[index])[copies[index] - 1]
                    pictures[index] = apply_transform(pictures[index], transform)
            if "audio" in inputs and self.augment_sound:
                for index in np.flatnonzero(copies):
                    transform = self._sound_transforms(clips[index])[copies[index] - 1]
                    inputs["audio"][index] = apply_sound_transform(
                        inputs["audio"][index], transform, octaves=OCTAVES.get(self.transform)
                    )
            return inputs

        return batch

    def branch_weights(self) -> dict:
        """Return how many weights each modality's branch has, its dense layer included.

        Returns
        -------
        dict of str to int
            Modality -> weights.

        Examples
        --------
        >>> AudioVisualCNN().branch_weights()
        {'video': 1327840, 'audio': 2972544}
        >>> layers = CNNLayers(audio_widths=(16, 32, 64, 64))
        >>> AudioVisualCNN(layers=layers).branch_weights()["audio"]
        748480
        """
        faces, layers = self._crops(), self.layers
        norm = {"batch_norm": layers.batch_norm}
        counts = {
            "video": branch_size(
                (*faces["size"], faces["n_frames"]), layers.visual_widths, layers.visual_features,
                **norm,
            ),
            "audio": branch_size(
                (*self.spectrogram_size, 1), layers.audio_widths, layers.audio_features, **norm
            ),
        }  # fmt: skip
        return {name: counts[name] for name in MODALITIES if name in self.modalities}

    def notices(self) -> list[str]:
        """Return what a reader must know: whether the branch that hears is the larger one."""
        counts = self.branch_weights()
        if len(counts) < 2 or counts["audio"] <= counts["video"]:
            return []
        ear, eye = (counts[name] / 1e6 for name in ("audio", "video"))
        return [
            f"System A's branch that hears has {ear:.2f} million weights, the one that sees "
            f"{eye:.2f} million; the paper argues for a smaller one that hears. A fourth layer "
            "makes it so: audio_widths=(16, 32, 64, 64)."
        ]

    def copies(self, row=0) -> pd.DataFrame:
        """Return the transforms of the augmented copies of a training clip, one per row.

        Parameters
        ----------
        row : int
            Which row of the X that is given to fit.

        Returns
        -------
        DataFrame
            See `emopipe.face.augmentation` for the columns: those of `ClipTransform`, then,
            with `augment_sound`, of `SoundTransform`.
        """
        kinds = [self._transforms(row)] + [self._sound_transforms(row)] * bool(self.augment_sound)
        index = pd.RangeIndex(1, self.n_copies + 1, name="copy")
        return pd.concat([pd.DataFrame(kind, index=index) for kind in kinds], axis=1)

    def draw_copies(self, X, row=0, *, n_frames=5) -> np.ndarray:
        """Draw a clip and its augmented copies, as training sees them.

        Parameters
        ----------
        X : list, array or Series of paths, or DataFrame
            The clips that are given to fit.
        row : int
            Which of them.
        n_frames : int
            Frames per copy.

        Returns
        -------
        uint8 ndarray
            A picture in grey: a row of crops of the clip, then one per copy.

        Raises
        ------
        ClipError
            If no face is found in the clip.
        """
        path = self._clip_paths(X)[row]
        tensors = clip_tensors([path], self._face_recipe(), store=self.store, n_jobs=1)
        if not tensors.there[0]:
            raise ClipError(path, tensors.statuses[0], tensors.details[0])
        return draw_clip_sheet(
            np.moveaxis(tensors.take([0])[0], 0, -1), self._transforms(row), n_frames=n_frames
        )
