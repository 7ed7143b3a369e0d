"""FisherVectors: how the cepstra of frames differ from a mixture of all training frames."""

import time

import numpy as np
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from emopipe.extraction import Block, ClipTransformer, Prepared, Recipe
from emopipe.voice.descriptors import (
    HOP,
    N_CEPSTRA,
    deltas,
    describe_spectra,
)
from emopipe.voice.functional_sets import SPOKEN
from emopipe.voice.functionals import read_samples


def fisher_vector(frames, mixture):
    """Return the improved Fisher vector of frames under a mixture of normal distributions.

    The gradients of the mean log likelihood by means and standard deviations, each divided by the
    square root of its approximate Fisher information; then the signed square root of every value,
    and length 1 [1]_.

    Parameters
    ----------
    frames : float ndarray of shape (frames, n)
    mixture : fitted GaussianMixture
        Of diagonal covariances, K components.

    Returns
    -------
    float64 ndarray of shape (2 * K * n,)
        Component by component for the means, then for the standard deviations.

    References
    ----------
    .. [1] F. Perronnin, J. Sanchez, T. Mensink, "Improving the Fisher kernel for large-scale image
       classification", ECCV 2010, equations 7, 8 and sections 3.1, 3.2.

    Examples
    --------
    >>> frames = np.array([[0.0], [1.0], [4.0], [5.0]])
    >>> mixture = GaussianMixture(2, covariance_type="diag", random_state=0).fit(frames)
    >>> fisher_vector(frames, mixture).shape
    (4,)
    """
    share = mixture.predict_proba(frames)
    mean, deviation = mixture.means_, np.sqrt(mixture.covariances_)
    weight = np.sqrt(mixture.weights_)[:, np.newaxis]
    count = share.sum(axis=0)[:, np.newaxis]
    first, second = share.T @ frames, share.T @ frames**2
    by_mean = (first - mean * count) / deviation / weight
    squares = second - 2 * mean * first + mean**2 * count
    by_deviation = (squares / deviation**2 - count) / (weight * np.sqrt(2))
    vector = np.concatenate([by_mean.ravel(), by_deviation.ravel()]) / len(frames)
    vector = np.sign(vector) * np.sqrt(np.abs(vector))
    return vector / max(np.linalg.norm(vector), 1e-12)


def cepstral_frames(path):
    """Yield 20 cepstra and their slopes of a clip's spoken frames, float32 (frames, 40).

    Raises
    ------
    FileNotFoundError, ClipError
        As `read_samples`.
    """
    began = time.perf_counter()
    samples, status = read_samples(path)
    decoded = time.perf_counter()
    _, cepstra, level, *_ = describe_spectra(samples - samples.mean(dtype=np.float64))
    spoken = level > level.max() - SPOKEN
    yield Block(np.hstack([cepstra, deltas(cepstra)])[spoken].astype(np.float32))
    seconds = {"decode": decoded - began, "features": time.perf_counter() - decoded}
    return Prepared(status, {"windows": len(samples) // HOP}, seconds)


class FisherVectors(ClipTransformer):
    """Improved Fisher vectors of the mel cepstra of a voice's frames, and of their slopes.

    `fit` fits a mixture of normal distributions to frames of the training clips, so inside a
    pipeline no clip that is tested has a part in it. A linear classifier suits the vectors.

    Parameters
    ----------
    n_components : int
        Normal distributions in the mixture.
    n_frames : int
        So many frames, drawn from all training clips, fit the mixture.
    random_state : int, RandomState or None
        Draws frames, and starts the mixture.
    column, store, n_jobs, on_error, progress
        See `emopipe.extraction.ClipTransformer`.

    Attributes
    ----------
    scaler_ : StandardScaler
        Of frames.
    mixture_ : GaussianMixture
    n_features_out_ : int
        80 for each component: 40 gradients by means, 40 by standard deviations.

    Raises
    ------
    ValueError
        In `fit`, if all clips together have no more spoken frames than `n_components`.

    See Also
    --------
    VoiceFunctionals : statistics of frames.

    References
    ----------
    F. Perronnin, J. Sanchez, T. Mensink, "Improving the Fisher kernel for large-scale image
    classification", ECCV 2010.

    Examples
    --------
    >>> import numpy as np
    >>> import tempfile
    >>> from scipy.io import wavfile
    >>> from emopipe import FisherVectors
    >>> noise = np.random.default_rng(0).normal(0, 3000, 16000).astype(np.int16)
    >>> vectors = FisherVectors(n_components=2, store=None, n_jobs=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     wavfile.write(f"{folder}/a.wav", 16000, noise)
    ...     vectors.fit_transform([f"{folder}/a.wav"]).shape
    (1, 160)
    """

    _absent = "no_audio"

    def __init__(
        self,
        *,
        n_components=16,
        n_frames=20000,
        random_state=0,
        column="path",
        store="default",
        n_jobs=-1,
        on_error="nan",
        progress=False,
    ):
        super().__init__(
            column=column, store=store, n_jobs=n_jobs, on_error=on_error, progress=progress
        )
        self.n_components = n_components
        self.n_frames = n_frames
        self.random_state = random_state

    def fit(self, X, y=None):
        """Fit the mixture to frames of the clips; ValueError where they have too few."""
        super().fit(X)
        values = [value for value in self.extract(X).values if value is not None]
        frames = np.concatenate(values) if values else np.empty((0, 2 * N_CEPSTRA))
        if len(frames) <= self.n_components:
            raise ValueError(
                f"{len(values)} clips have {len(frames)} frames of speech: a mixture of "
                f"n_components={self.n_components} needs more; give more clips or a smaller number"
            )
        rng = check_random_state(self.random_state)
        # Rows in the order of their values: the order of clips then draws no other frames.
        frames = frames[np.lexsort(frames.T)]
        drawn = rng.choice(len(frames), min(len(frames), self.n_frames), replace=False)
        self.scaler_ = StandardScaler().fit(frames)
        self.mixture_ = GaussianMixture(
            self.n_components, covariance_type="diag", reg_covar=1e-3, max_iter=50,
            random_state=rng.randint(2**31),
        )  # fmt: skip
        self.mixture_.fit(self.scaler_.transform(frames[np.sort(drawn)]).astype(np.float64))
        return self

    def transform(self, X):
        """Return the vectors of clips (n_clips, 80 * n_components), NaN where a clip gave none."""
        check_is_fitted(self, "mixture_")
        return super().transform(X)

    def _row(self, value):
        frames = self.scaler_.transform(value.astype(np.float64))
        return fisher_vector(frames, self.mixture_)

    def _recipe(self):
        return Recipe("voice_cepstra", 1, cepstral_frames, pooling="stack", owner="emopipe")

    def _feature_names(self):
        names = [f"{kind}_{n}" for kind in ("mfcc", "mfcc_delta") for n in range(N_CEPSTRA)]
        return [
            f"{by}_{component}_{name}"
            for by in ("mean", "deviation")
            for component in range(self.n_components)
            for name in names
        ]

    def __sklearn_is_fitted__(self):
        return hasattr(self, "mixture_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.requires_fit = True
        return tags
