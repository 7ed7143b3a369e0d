"""Dense layers and a softmax on feature vectors: a network as a scikit-learn classifier.

Emotion recognisers that end in a fully connected layer and a softmax (the thesis' experiment 10)
use it after a scaler or a PCA, exactly where an SVM would stand.
"""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from emopipe.backbones.runtimes import check_not_forked
from emopipe.networks.dense import check_dense, dense_network
from emopipe.splits import validation_rows
from emopipe.training.loop import predict, train
from emopipe.training.network_estimator import FittedNetwork
from emopipe.training.parameters import Training


class SoftmaxClassifier(FittedNetwork, ClassifierMixin, BaseEstimator):
    """Fully connected layers and a softmax, trained with Adam and cross-entropy.

    Put a scaler before it: features enter as they are.

    Parameters
    ----------
    hidden_units : tuple of int
        Units of the hidden layers, from the input on; () for softmax regression. The thesis'
        experiment 10 has one layer of 14.
    activation : str
        Of the hidden layers, by its Keras name.
    dropout : float
        Part of the hidden units that is dropped in training.
    epochs, batch_size, learning_rate, weight_decay, patience
        See `emopipe.training.parameters.Training`.
    validation_share : float
        Part of the training subjects (of the rows, where there are no groups) on which it is judged
        when to stop; 0 trains all epochs on all rows.
    class_weight : None, "balanced" or dict {label: weight}
    random_state : int or None
        An int repeats a fit bit for bit on one CPU.
    progress : bool
        Show a bar per epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    network_weights_ : list of float32 ndarray
        Kernel and bias of each layer.
    history_ : dict of str to list of float
        Per epoch: loss, accuracy, val_loss, val_accuracy.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X was a table.

    Raises
    ------
    ValueError
        In `fit`, for a parameter that is not allowed, or a single class.

    See Also
    --------
    VGGFaceClassifier : VGG-Face, retrained for emotions.
    AudioVisualCNN : System A, one network for face and voice.

    References
    ----------
    Thesis, section 4, experiment 10. Adam: Kingma, Ba (2015).

    Examples
    --------
    >>> import numpy as np
    >>> from emopipe import SoftmaxClassifier
    >>> X = np.random.default_rng(0).normal(size=(60, 4))
    >>> y = np.where(X[:, 0] > 0, "anger", "fear")
    >>> model = SoftmaxClassifier(epochs=40, learning_rate=0.05).fit(X, y)
    >>> model.predict_proba(X[:2]).shape
    (2, 2)
    """

    MACHINE_PARAMETERS = frozenset({"progress"})

    # So that groups reach fit through Pipeline, GridSearchCV and cross_validate.
    __metadata_request__fit = {"groups": True}  # noqa: RUF012

    def __init__(
        self,
        hidden_units=(14,),
        *,
        activation="relu",
        dropout=0.0,
        epochs=200,
        batch_size=32,
        learning_rate=1e-3,
        weight_decay=0.0,
        patience=20,
        validation_share=0.1,
        class_weight=None,
        random_state=0,
        progress=False,
    ):
        self.hidden_units = hidden_units
        self.activation = activation
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.patience = patience
        self.validation_share = validation_share
        self.class_weight = class_weight
        self.random_state = random_state
        self.progress = progress

    def fit(self, X, y, groups=None, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : float array, shape (n_samples, n_features)
        y : array, shape (n_samples,)
            Labels.
        groups : array, shape (n_samples,), optional
            Subjects, of whom some are held out to judge when to stop.
        sample_weight : array, shape (n_samples,), optional

        Raises
        ------
        ValueError
            If a parameter or an array is not as described, or there is only one class.
        """
        check_not_forked()
        check_dense(self.hidden_units, self.dropout)
        X, y = validate_data(self, X, y, dtype=np.float32)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"SoftmaxClassifier tells classes apart, and y has one class ({self.classes_[0]!r})"
            )
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, copy=True)
        weights *= compute_sample_weight(self.class_weight, y)
        if groups is not None:
            check_consistent_length(X, groups)
        validation = validation_rows(
            codes, groups, share=self.validation_share, random_state=self._seed()
        )
        self._model = self._build(len(self.classes_))
        self.network_weights_, self.history_ = train(
            self._model,
            lambda rows, rng, training: X[rows],
            codes,
            rows=np.flatnonzero(~validation & (weights > 0)),
            validation=np.flatnonzero(validation & (weights > 0)),
            weights=weights,
            plan=self._plan(),
            progress=self.progress,
        )
        return self

    def predict_proba(self, X):
        """Return probabilities, float64 (n_samples, n_classes)."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, reset=False)
        scores = predict(
            self._network(), lambda rows, rng, training: X[rows], np.arange(len(X)), batch_size=256
        ).astype(np.float64)
        return scores / scores.sum(axis=1, keepdims=True)

    def predict(self, X):
        """Return the most probable label of each row, (n_samples,)."""
        scores = self.predict_proba(X)
        return self.classes_[scores.argmax(axis=1)]

    def _seed(self):
        """Return random_state as an int or None: what the training loop understands."""
        if isinstance(self.random_state, np.random.RandomState):
            return int(self.random_state.randint(2**31 - 1))
        return self.random_state

    def _plan(self):
        return Training(
            epochs=self.epochs,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            patience=self.patience,
            random_state=self._seed(),
            workers=1,
        )

    def _build(self, n_classes):
        return dense_network(
            self.n_features_in_, self.hidden_units, n_classes,
            activation=self.activation, dropout=self.dropout,
        )  # fmt: skip

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.non_deterministic = self.random_state is None
        return tags
