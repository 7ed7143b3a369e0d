"""The base of network estimators: build the network when it is needed, never pickle it."""

import numpy as np

from emopipe.backbones.runtimes import check_not_forked
from emopipe.extraction import copy_objects
from emopipe.inspection import SelfDescribing


def check_shapes(expected, weights) -> None:
    """Raise ValueError where parameters ask for other layers than those that were trained.

    Parameters
    ----------
    expected : list of tuple
        Shapes by the parameters.
    weights : list of ndarray
        What was learned.
    """
    if expected != [np.shape(array) for array in weights]:
        raise ValueError(
            "the network's parameters were changed after fit, so that it has other layers than "
            "those that were trained: fit it again, or set the parameters back"
        )


class FittedNetwork(SelfDescribing):
    """Mixin of estimators that have ``_build(n_classes)``, `classes_` and `network_weights_`."""

    def uses_keras(self) -> bool:
        """Return True."""
        return True

    def _network(self):
        """Return the Keras model with the learned weights, built anew where there is none."""
        check_not_forked()
        if getattr(self, "_model", None) is None:
            model = self._build(len(self.classes_))
            check_shapes(
                [tuple(variable.shape) for variable in model.weights], self.network_weights_
            )
            model.set_weights(self.network_weights_)
            self._model = model
        return self._model

    def set_params(self, **params):
        """Set parameters; the network is built from them when it is next asked."""
        self.__dict__.pop("_model", None)
        copy_objects(self, params)
        return super().set_params(**params)

    def __getstate__(self):
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_model"}
