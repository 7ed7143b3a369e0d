"""Parameters of networks that belong together, as plain objects without fit.

They are parameters of an estimator like any other: `clone`, `repr` and nested `set_params` work,
and a grid tries ``layers__dense``. `emopipe.face.FaceCrops` is another.
"""

import numbers

from sklearn.base import BaseEstimator

from emopipe.inspection import SelfDescribing
from emopipe.parameters import check_number, check_one_of
from emopipe.training.compiling import OPTIMIZERS, dtype_policy


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


class Training(SelfDescribing, BaseEstimator):
    """How a network is trained: parameters that belong together, without fit.

    A parameter ``training`` of a network like any other: `clone`, `repr` and nested `set_params`
    work, and a grid tries ``training__epochs``.

    Parameters
    ----------
    epochs : int
        Passes over the training rows, at most.
    batch_size : int
        Rows per step.
    optimizer : "adam" or "sgd"
        Adam at its authors' parameters [1]_, or stochastic gradient descent with `momentum`.
    learning_rate : float
        Of the first epoch.
    momentum : float
        Of "sgd".
    decay, decay_every : float, int or None
        The learning rate is multiplied by `decay` every so many epochs; None leaves it alone.
    weight_decay : float
        So much of every weight is added to its gradient (L2, as PyTorch's optimizers do it).
    patience : int or None
        Training ends after so many epochs without a smaller validation loss, and the weights of
        the best epoch stay. None, or no validation rows: all epochs, last weights.
    validation_share : float
        Part of the training subjects (of the rows, where there are no groups) on which it is judged
        when to stop; 0 for none.
    class_weight : None, "balanced" or dict {emotion: weight}
    precision : "float32" or "bfloat16"
        Of the arithmetic; weights are float32.
    random_state : int or None
        Of initial weights, order, dropout, held-out rows, and what batches draw. An int repeats a
        fit bit for bit on one machine.
    workers : int
        Threads that make batches.
    checkpoint : str, Path or None
        Folder in which the state after every epoch lies until the fit is done: a killed fit that
        is asked for again goes on where it stopped, to the same end.

    Raises
    ------
    ValueError
        In `fit` of a network, for a parameter that is not allowed.

    See Also
    --------
    AudioVisualCNN, TemporalAggregation, SegmentAttentionNetwork : Networks on clips.

    References
    ----------
    .. [1] Kingma, Ba: Adam: A method for stochastic optimization. ICLR (2015).

    Examples
    --------
    >>> from emopipe import Training
    >>> Training(epochs=3).set_params(batch_size=16)
    Training(batch_size=16, epochs=3)
    """

    MACHINE_PARAMETERS = frozenset({"checkpoint", "workers"})

    def __init__(
        self, *, epochs=100, batch_size=32, optimizer="adam", learning_rate=1e-3, momentum=0.9,
        decay=0.1, decay_every=None, weight_decay=0.0, patience=4, validation_share=0.1,
        class_weight=None, precision="float32", random_state=0, workers=2, checkpoint=None,
    ):  # fmt: skip
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.decay = decay
        self.decay_every = decay_every
        self.weight_decay = weight_decay
        self.patience = patience
        self.validation_share = validation_share
        self.class_weight = class_weight
        self.precision = precision
        self.random_state = random_state
        self.workers = workers
        self.checkpoint = checkpoint

    def check(self) -> None:
        """Raise ValueError where a parameter is not as described."""
        for name in ("epochs", "batch_size", "workers", "patience"):
            value = getattr(self, name)
            if value is None and name == "patience":
                continue
            if not isinstance(value, numbers.Integral) or value < 1:
                raise ValueError(f"{name}={value!r} must be a whole number of at least 1")
        check_one_of("optimizer", self.optimizer, OPTIMIZERS)
        check_number("learning_rate", self.learning_rate, low=0, above=True)
        check_number("weight_decay", self.weight_decay, low=0)
        dtype_policy(self.precision)
