"""Any face network in an ONNX file as features of clips."""

from pathlib import Path

import numpy as np

from emopipe.backbones.onnx_file import CHANNELS, embeddings, network_input
from emopipe.backbones.weights import checksum
from emopipe.extraction import ClipTransformer
from emopipe.face.crop_recipe import features_recipe, pooled_names
from emopipe.face.parameters import FaceCrops
from emopipe.parameters import check_one_of

_FACES = FaceCrops()


class ONNXFaceFeatures(ClipTransformer):
    """Output of a face network in an ONNX file, pooled over a clip's trusted faces.

    Needs the extra ``onnx`` (ONNX Runtime). The network takes one batch of pictures, channels first
    or last; what it gives per picture, whatever its shape, becomes one row.

    Parameters
    ----------
    model : str or Path
        The file. Models that keep tensors in other files are refused.
    input_size : (int, int), optional
        Rows and columns of the crops; read from the file unless it leaves them open.
    channels : "RGB", "BGR" or "grey", optional
        What the network was trained on; "RGB", or "grey" where it takes one channel.
    mean, scale : float or list of three floats
        The network sees (pixel - mean) * scale, pixels being 0-255. The default, -1..1, is that of
        ArcFace, FaceNet and their kin. Networks differ and their files do not tell: ask where the
        model comes from.
    output : str, optional
        Name of an output, or of any tensor inside the graph (the layer before the last, say); the
        first output by default.
    faces : FaceCrops
        Which crops of a clip; by default five frames per second with a margin of 0.1.
    pooling : "mean", "max", "mean_std" or "temporal"
        Over the clip's frames; "temporal" gives mean, standard deviation, range, peak and mean
        absolute change from face to face.
    batch_size : int
        Faces per call of the network; changes no value on a CPU.
    column, store, n_jobs, on_error, progress
        See `emopipe.extraction.ClipTransformer`.

    Attributes
    ----------
    n_features_out_ : int
        Values per clip.

    Raises
    ------
    ValueError
        When clips are read, for a parameter that the network does not allow.
    WeightsError
        If the file cannot be read.

    See Also
    --------
    VGGFaceFeatures : Activations of VGG-Face.
    MiniXceptionFeatures : Seven probabilities of a small network.
    FaceTexture : Gradients and binary patterns, no network.
    FaceCrops : How faces are cropped.

    Examples
    --------
    The expression network of OpenCV Zoo (mobilefacenet, seven emotions), on aligned faces:

    >>> from emopipe import FaceCrops, ONNXFaceFeatures
    >>> expressions = ONNXFaceFeatures(
    ...     model="facial_expression_recognition_mobilefacenet_2022july.onnx",
    ...     faces=FaceCrops(detector="yunet", align="landmarks"),
    ...     pooling="temporal",
    ... )

    A file that is not there is named:

    >>> face = ONNXFaceFeatures(model="missing.onnx")
    >>> face.get_feature_names_out()
    Traceback (most recent call last):
        ...
    emopipe.backbones.weights.WeightsError: missing.onnx: no such file. Give the path of a
    weight file.
    """

    def __init__(
        self,
        *,
        model,
        input_size=None,
        channels=None,
        mean=127.5,
        scale=1 / 127.5,
        output=None,
        faces=_FACES,
        pooling="mean",
        batch_size=16,
        column="path",
        store="default",
        n_jobs=-1,
        on_error="nan",
        progress=False,
    ):
        super().__init__(
            column=column, store=store, n_jobs=n_jobs, on_error=on_error, progress=progress
        )
        self.model = model
        self.input_size = input_size
        self.channels = channels
        self.mean = mean
        self.scale = scale
        self.output = output
        self.faces = faces
        self.pooling = pooling
        self.batch_size = batch_size

    def _network_arguments(self):
        """Return rows, columns and what the network is asked, from parameters and the file."""
        digest = checksum(self.model)
        expected = network_input(digest)
        channels = self.channels or ("grey" if expected.channels == 1 else "RGB")
        check_one_of("channels", channels, CHANNELS)
        if (channels == "grey") != (expected.channels == 1):
            raise ValueError(
                f"channels={channels!r}, but {self.model} takes {expected.channels} channels."
            )
        mean, scale = (
            [float(number) for number in np.atleast_1d(value)] for value in (self.mean, self.scale)
        )
        if {len(mean), len(scale)} - {1, expected.channels}:
            raise ValueError(
                f"mean={self.mean!r} and scale={self.scale!r} must be one number each, or one per "
                f"channel ({expected.channels})."
            )
        arguments = {"channels": channels, "mean": mean, "scale": scale, "output": self.output}
        return self._size(expected), {"model": digest} | arguments

    def _size(self, expected):
        fixed = (expected.rows, expected.columns)
        size = fixed if self.input_size is None else tuple(self.input_size)
        if None in size or len(size) != 2:
            raise ValueError(
                f"{self.model} leaves open how large its pictures are: pass input_size=(rows, "
                "columns), as it was trained."
            )
        if any(have not in (None, side) for have, side in zip(fixed, size, strict=True)):
            raise ValueError(f"input_size={size}, but {self.model} takes {fixed}.")
        return size

    def _recipe(self):
        size, arguments = self._network_arguments()
        return features_recipe(
            self, "onnx_face", embeddings, side=size, margin=0.1, finish_args=arguments,
            digest=arguments["model"],
        )  # fmt: skip

    def _feature_names(self):
        size, arguments = self._network_arguments()
        n = embeddings(np.zeros((1, *size, 3), np.uint8), **arguments).shape[1]
        return pooled_names([f"{Path(self.model).stem}_{i}" for i in range(n)], self.pooling)

    def notices(self) -> list[str]:
        """Return what a reader of the results must know about the network."""
        return [
            f"Face features come from {Path(self.model).name} (SHA-256 "
            f"{checksum(self.model)[:12]}...), which emopipe knows nothing about."
        ]
