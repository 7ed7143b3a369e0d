"""The error and the warning of saving and loading models."""


class ModelError(ValueError):
    """A model that cannot be saved, or a folder that is not loaded; the message says why."""


class ModelWarning(UserWarning):
    """A model that is loaded although something differs from when it was saved."""
