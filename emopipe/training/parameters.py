"""Parameters of networks that belong together, as plain objects without fit.

They are parameters of an estimator like any other: `clone`, `repr` and nested `set_params` work,
and a grid tries ``layers__dense``. `emopipe.face.FaceCrops` is another.
"""

from sklearn.base import BaseEstimator

from emopipe.inspection import SelfDescribing


class CNNLayers(BaseEstimator):
    """The layers of an audio-visual convolutional network.

    Parameters
    ----------
    visual_widths, audio_widths : tuple of int
        Filters of the convolutions.
    visual_features, audio_features : int
        Widths of the modalities' dense layers.
    dense : tuple of int
        Widths of the dense layers between features and softmax.
    batch_norm : bool
        Normalise after each convolution.
    dropout : float
        Share of values dropped before each dense layer.

    See Also
    --------
    AudioVisualCNN, TemporalAggregation : The networks.

    Examples
    --------
    >>> from emopipe import CNNLayers
    >>> CNNLayers(dense=(64, 32)).audio_widths
    (16, 32, 64)
    """

    def __init__(
        self, *, visual_widths=(32, 64, 128, 128, 256), audio_widths=(16, 32, 64),
        visual_features=512, audio_features=128, dense=(128,), batch_norm=False, dropout=0.0,
    ):  # fmt: skip
        self.visual_widths = visual_widths
        self.audio_widths = audio_widths
        self.visual_features = visual_features
        self.audio_features = audio_features
        self.dense = dense
        self.batch_norm = batch_norm
        self.dropout = dropout


class VGG19Features(SelfDescribing, BaseEstimator):
    """How VGG19 describes pictures of voices and faces.

    Parameters
    ----------
    weights : "imagenet", "random", str or Path
        As published with keras.applications (575 MB, fetched when needed), seeded random numbers,
        or a weight file of keras.applications.
    seed : int
        Of weights="random".
    width, size : float, int
        Narrower networks on smaller pictures, for trying things out with random weights; see
        `emopipe.backbones.vgg19.architecture`.
    batch_size : int
        Pictures per call.
    runtime, precision : str
        See `emopipe.backbones.vggface.activations`.
    fine_tune : 0, 1 or 2
        So many of its last convolution blocks, and fc6 and fc7 after them, are trained as well,
        for the voice and for the face apart, once what stands on them has been. What stays fixed is
        kept in half precision: 200 kB per picture and face with one block, 400 kB with two.
    fine_tune_rate : float
        Learning rate of that; the published weights are good, and a large one spoils them.

    See Also
    --------
    SegmentAttentionNetwork : The network that is built on them.

    Examples
    --------
    >>> from emopipe import VGG19Features
    >>> VGG19Features(weights="random").size
    224
    """

    MACHINE_PARAMETERS = frozenset({"batch_size"})

    def __init__(
        self, *, weights="imagenet", seed=0, width=1.0, size=224, batch_size=16, runtime="keras",
        precision="float32", fine_tune=0, fine_tune_rate=1e-5,
    ):  # fmt: skip
        self.weights = weights
        self.seed = seed
        self.width = width
        self.size = size
        self.batch_size = batch_size
        self.runtime = runtime
        self.precision = precision
        self.fine_tune = fine_tune
        self.fine_tune_rate = fine_tune_rate


class SpeechTrim(BaseEstimator):
    """Which ends of a recording are idle and cut off, see `emopipe.voice.activity.trim`.

    Parameters
    ----------
    band : tuple of float
        Hz from and to which there is speech.
    threshold : float
        Share of the energy that lies in the band where somebody speaks.
    floor : float or None
        Decibels under the loudest window below which nobody speaks.
    before, after : float
        Seconds that are left around the speech.

    See Also
    --------
    SegmentAttentionNetwork : The network that listens to the rest.

    Examples
    --------
    >>> from emopipe import SpeechTrim
    >>> SpeechTrim(threshold=0.5).band
    (300.0, 3000.0)
    """

    def __init__(self, *, band=(300.0, 3000.0), threshold=0.6, floor=40.0, before=0.2, after=0.2):
        self.band = band
        self.threshold = threshold
        self.floor = floor
        self.before = before
        self.after = after
