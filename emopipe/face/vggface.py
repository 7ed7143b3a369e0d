"""VGG-Face's activations as features of clips."""

from emopipe.backbones import vggface
from emopipe.backbones.runtimes import PRECISIONS
from emopipe.backbones.vgg_graph import LAYERS, PREPROCESSINGS
from emopipe.backbones.vgg_weights import PUBLISHED
from emopipe.backbones.weights import identify, weight_notices
from emopipe.extraction import ClipTransformer
from emopipe.face.crop_recipe import features_recipe, pooled_names
from emopipe.face.parameters import FaceCrops
from emopipe.parameters import check_one_of

_FACES = FaceCrops()


class VGGFaceFeatures(ClipTransformer):
    """Activations of VGG-Face, pooled over a clip's trusted faces.

    Every clip's frames are sampled, its face is found and followed, cropped to 224x224 and sent
    through the network (in batches shared by many clips); the rows of one layer are averaged over
    the clip. The network is built by our code; only its weights come from a file.

    Parameters
    ----------
    weights : "vggface", "random", str or Path
        "vggface": the published weights (DeepFace's file, 580 MB, for research and non-commercial
        use), downloaded and checked at first use, or the file that the environment variable
        EMOPIPE_VGGFACE_WEIGHTS names. A path: DeepFace's vgg_face_weights.h5, keras-vggface's
        rcmalli_vggface_tf_vgg16.h5 or any file of the same shapes. "random": He-normal numbers
        drawn from `seed`, which know nothing of faces and are announced in every report.
    layer : "fc7", "fc6", "fc8", "pool5", "pool4" or "pool3"
        fc6 and fc7 (4096 values) after ReLU, the 2622 identities before the softmax, or the 25088,
        100352 or 200704 values of one of the last convolution blocks.
    preprocessing : "vggface" or "deepface"
        What the network sees: blue, green, red in 0-255 minus the training mean, its own; or
        divided by 255, as DeepFace does.
    faces : FaceCrops
        Which crops of a clip; by default five frames per second, which meet every expression of
        more than 0.2 s (the thesis takes every frame, at five times the cost), with a margin of
        0.2.
    pooling : "mean", "max", "mean_std" or "temporal"
        Over the clip's frames; the thesis takes the mean. "temporal" gives mean, standard
        deviation, range, peak and mean absolute change from face to face.
    batch_size : int
        Faces per call of the network; changes no value.
    runtime : "keras" or "openvino"
        Keras' backend on whatever device it finds, or OpenVINO on the CPU (extra ``openvino``):
        about twice as fast with bfloat16, half the memory, no TensorFlow.
    precision : "float32" or "bfloat16"
        Of the arithmetic; see `emopipe.face.precision_drift`.
    seed : int
        Of weights="random".
    column, store, n_jobs, on_error, progress
        See `emopipe.extraction.ClipTransformer`.

    Attributes
    ----------
    n_features_out_ : int
        4096 for fc7.

    Raises
    ------
    ValueError
        When clips are read, for a parameter that is not allowed.
    WeightsError
        If the weight file cannot be found or read.

    See Also
    --------
    VGGFaceClassifier : VGG-Face, retrained for emotions.
    MiniXceptionFeatures : Seven probabilities of a small network.
    ONNXFaceFeatures : Any face network in an ONNX file.
    FaceCrops : How faces are cropped.

    Notes
    -----
    On a CPU the same clip gives the same bytes whatever the batch, the order or the number of
    processes. Where a face lies in the 224x224 pixels is the detector's and `margin`'s doing;
    neither the network's authors' crops nor DeepFace's letterboxing are imitated.

    References
    ----------
    Parkhi, Vedaldi and Zisserman, "Deep face recognition", BMVC 2015.

    Examples
    --------
    >>> from emopipe import VGGFaceFeatures
    >>> face = VGGFaceFeatures(weights="random", layer="fc6")
    >>> face.get_feature_names_out()[:2]
    array(['fc6_0', 'fc6_1'], dtype=object)
    >>> face.notices()[0]
    'VGG-Face has random weights (seed 0): its features know nothing of faces.'
    """

    def __init__(
        self,
        *,
        weights="vggface",
        layer="fc7",
        preprocessing="vggface",
        faces=_FACES,
        pooling="mean",
        batch_size=16,
        runtime="keras",
        precision="float32",
        seed=0,
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
        self.preprocessing = preprocessing
        self.faces = faces
        self.pooling = pooling
        self.batch_size = batch_size
        self.runtime = runtime
        self.precision = precision
        self.seed = seed

    def _recipe(self):
        check_one_of("layer", self.layer, LAYERS)
        check_one_of("preprocessing", self.preprocessing, PREPROCESSINGS)
        check_one_of("runtime", self.runtime, vggface.RUNTIMES)
        check_one_of("precision", self.precision, PRECISIONS)
        weights = identify(self.weights, PUBLISHED, self.seed)
        named = ("layer", "preprocessing", "runtime", "precision")
        return features_recipe(
            self, "vggface", vggface.activations, side=vggface.ARCHITECTURE.size, margin=0.2,
            finish_args={"weights": weights} | {name: getattr(self, name) for name in named},
            digest=weights,
        )  # fmt: skip

    def _feature_names(self):
        n = vggface.ARCHITECTURE.features(self.layer)
        return pooled_names([f"{self.layer}_{i}" for i in range(n)], self.pooling)

    def uses_keras(self) -> bool:
        """Return whether the network runs on a backend of Keras."""
        return self.runtime == "keras"

    def notices(self) -> list[str]:
        """Return what a reader of the results must know about the weights."""
        return weight_notices(identify(self.weights, PUBLISHED, self.seed), PUBLISHED)
