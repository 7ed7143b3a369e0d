"""Mini-XCEPTION's emotion probabilities as features of clips."""

from emopipe.backbones.mini_xception import EMOTIONS, LAYERS, PUBLISHED, outputs
from emopipe.backbones.weights import identify, weight_notices
from emopipe.extraction import ClipTransformer
from emopipe.face.crop_recipe import features_recipe, pooled_names
from emopipe.face.parameters import FaceCrops
from emopipe.parameters import check_one_of

# FER2013's own: the network's training images were enlarged from it.
_SIZE = 48

_FACES = FaceCrops()


class MiniXceptionFeatures(ClipTransformer):
    """Seven emotion probabilities of mini-XCEPTION, pooled over a clip's trusted faces.

    A network of 58,000 weights trained on FER2013: hundreds of faces a second on one core, and
    features that have names.

    Parameters
    ----------
    weights : "default", str or Path
        "default": oarriaga/face_classification's fer2013_mini_XCEPTION.102-0.66.hdf5 (0.9 MB, MIT),
        downloaded and checked at first use, or the file that EMOPIPE_MINI_XCEPTION_WEIGHTS names. A
        path: this or another file of the same network.
    layer : "probabilities", "log_probabilities" or "pooled"
        The probabilities of anger, disgust, fear, happiness, sadness, surprise and neutral; their
        natural logarithms, better for a support vector machine, to which .99 and .9999 look alike;
        or the 128 values of the last block.
    faces : FaceCrops
        Which crops of a clip; by default five frames per second with a margin of 0.03. The
        network's authors cut out the box of OpenCV's cascade frontalface_default as it is; ours
        ("haar") draws boxes 6 % smaller on photographs, which 0.03 makes up for.
    pooling : "mean", "max", "mean_std" or "temporal"
        Over the clip's frames; "temporal" gives mean, standard deviation, range, peak and mean
        absolute change from face to face.
    batch_size : int
        Faces per call of the network; changes no value.
    column, store, n_jobs, on_error, progress
        See `emopipe.extraction.ClipTransformer`.

    Attributes
    ----------
    n_features_out_ : int
        7, or 128.

    Raises
    ------
    ValueError
        When clips are read, for a parameter that is not allowed.
    WeightsError
        If the weight file cannot be found, downloaded or read.

    See Also
    --------
    VGGFaceFeatures : Activations of VGG-Face.
    ONNXFaceFeatures : Any face network in an ONNX file.
    FaceTexture : Gradients and binary patterns, no network.
    FaceCrops : How faces are cropped.

    References
    ----------
    Arriaga, Valdenegro-Toro and Plöger, "Real-time convolutional neural networks for emotion and
    gender classification", 2017.

    Examples
    --------
    >>> from emopipe import MiniXceptionFeatures
    >>> MiniXceptionFeatures().get_feature_names_out().tolist()
    ['anger', 'disgust', 'fear', 'happiness', 'sadness', 'surprise', 'neutral']
    """

    def __init__(
        self,
        *,
        weights="default",
        layer="probabilities",
        faces=_FACES,
        pooling="mean",
        batch_size=64,
        column="path",
        store="default",
        n_jobs=-1,
        on_error="nan",
        progress=False,
    ):
        super().__init__(
            column=column, store=store, n_jobs=n_jobs, on_error=on_error, progress=progress
        )
        self.weights = weights
        self.layer = layer
        self.faces = faces
        self.pooling = pooling
        self.batch_size = batch_size

    def _recipe(self):
        check_one_of("layer", self.layer, LAYERS)
        digest = identify(self.weights, PUBLISHED)
        return features_recipe(
            self, "mini_xception", outputs, side=_SIZE, margin=0.03,
            finish_args={"weights": digest, "layer": self.layer}, digest=digest,
        )  # fmt: skip

    def _feature_names(self):
        names = {
            "probabilities": EMOTIONS,
            "log_probabilities": [f"log_{emotion}" for emotion in EMOTIONS],
            "pooled": [f"pooled_{i}" for i in range(LAYERS["pooled"])],
        }
        return pooled_names(names[self.layer], self.pooling)

    def uses_keras(self) -> bool:
        """Return True."""
        return True

    def notices(self) -> list[str]:
        """Return what a reader of the results must know about the weights."""
        return weight_notices(identify(self.weights, PUBLISHED), PUBLISHED)
