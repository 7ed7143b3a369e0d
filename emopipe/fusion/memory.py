"""Remember fits in this process, so that a search over fusions fits nothing twice.

A fit is remembered by what it depends on: class, parameters and state of the unfitted estimator,
the contents of X, y and the fit parameters, and scikit-learn's configuration. Entries are pickles,
so that nobody shares a fitted estimator with anybody else, and those unused for longest make room
when the limit in bytes is reached. Every process has its own memory: a grid search with workers
fits once in each.

Only what is sure to come out the same is remembered. An estimator is fitted every time if it cannot
be pickled, or if random_state=None leaves it to chance: one of scikit-learn's that drew from a
global generator in its fit (an SVC without probabilities draws a seed that it never uses, and is
remembered), and any other that has such a parameter. What follows it in a pipeline is fitted every
time too.

Why not scikit-learn's `memory=`: a grid over three rules for weights and two values of C (5
folds, 5 inner folds, 1500 clips, SVMs on 136 values of the voice and 1024 of the face) took 28 s
of processor time with this memory, 96 s without, and 57 s with `memory=` in both pipelines, which
remembers their transformers alone and left 165 MB of files. joblib.Memory around whole modalities
took 29 s; it needs a folder, and leaves pickles of people's features there.
"""

import pickle
import random
import threading
from collections import Counter, OrderedDict
from contextlib import contextmanager

import numpy as np
from sklearn.base import TransformerMixin
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC, NuSVC

from emopipe.fusion.where_finite import WhereFinite
from emopipe.keys import estimator_key

# Their fit_transform(X) is fit(X).transform(X) up to the last bits.
_PLAIN = (PCA,)


class FitMemory:
    """Results by key, kept as pickles within a limit; threads never compute the same one twice.

    Parameters
    ----------
    max_bytes : int
        How much is kept; a result larger than a quarter of it is not kept at all.

    Attributes
    ----------
    counts : Counter
        fitted: estimators that were fitted, counted step by step of a pipeline; remembered:
        results that were found instead.
    n_bytes : int
        What is kept now.

    Examples
    --------
    >>> memory = FitMemory()
    >>> [memory.recall("sum", lambda: (1 + 1, True)) for _ in range(2)], memory.counts["remembered"]
    ([2, 2], 1)
    """

    def __init__(self, max_bytes=512 * 2**20):
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._claims = {}
        self.clear()

    def clear(self):
        """Forget everything."""
        with self._lock:
            self.counts = Counter()
            self.n_bytes = 0
            self._entries = OrderedDict()

    def count(self, event):
        """Add one to a counter."""
        with self._lock:
            self.counts[event] += 1

    @contextmanager
    def _claim(self, key):
        """Let one thread at a time work on a key."""
        with self._lock:
            claim, waiting = self._claims.get(key, (threading.RLock(), 0))
            self._claims[key] = claim, waiting + 1
        try:
            with claim:
                yield
        finally:
            with self._lock:
                claim, waiting = self._claims.pop(key)
                if waiting > 1:
                    self._claims[key] = claim, waiting - 1

    def recall(self, key, compute):
        """Return the result of `compute`, from memory if it is there.

        Parameters
        ----------
        key : hashable or None
            None is never remembered.
        compute : callable
            Returns (result, whether it may be remembered).
        """
        if key is None:
            return compute()[0]
        with self._claim(key):
            entry = self._find(key)
            if entry is not None:
                return pickle.loads(entry)
            result, lasting = compute()
            if lasting:
                self._keep(key, result)
            return result

    def _find(self, key):
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            self.counts["remembered"] += 1
            return self._entries[key]

    def _keep(self, key, result):
        try:
            entry = pickle.dumps(result, protocol=pickle.HIGHEST_PROTOCOL)
        except Exception:  # whatever a stranger's __reduce__ raises: then it is not kept
            return
        if len(entry) > self.max_bytes // 4:
            return
        with self._lock:
            self.n_bytes += len(entry) - len(self._entries.pop(key, b""))
            self._entries[key] = entry
            while self.n_bytes > self.max_bytes:
                self.n_bytes -= len(self._entries.popitem(last=False)[1])


MEMORY = FitMemory()


def _vain(value):
    """Return whether an object with random_state=None never uses it."""
    if not hasattr(value, "get_params"):
        return not getattr(value, "shuffle", True)
    return type(value) in (SVC, NuSVC) and value.probability is not True


def _chances(estimator):
    """Return what has a random_state in an estimator, and those left to chance by None."""
    values = [estimator, *estimator.get_params(deep=True).values()]
    random_ones = [value for value in values if hasattr(value, "random_state")]
    return random_ones, [v for v in random_ones if v.random_state is None and not _vain(v)]


def _generators():
    name, keys, position, *rest = np.random.get_state()  # noqa: NPY002 - only looked at
    return name, keys.tobytes(), position, *rest, random.getstate()


def _fit_lastingly(estimator, X, y, params):
    """Fit an estimator, and return whether a second fit would give the same."""
    random_ones, chances = _chances(estimator)
    before = _generators()
    estimator.fit(X, y, **params)
    drew = _generators() != before
    if any(not type(chance).__module__.startswith("sklearn.") for chance in chances):
        return False
    return not drew or (bool(random_ones) and not chances)


def fits_by_steps(estimator):
    """Return whether a pipeline may be fitted step by step with the same outcome."""
    return (
        type(estimator) is Pipeline
        and estimator.memory is None
        and getattr(estimator, "transform_input", None) is None
        and all(_plain(step) for _, step in estimator.steps[:-1])
    )


def _plain(step):
    if step is None or isinstance(step, str):
        return step in (None, "passthrough")
    method = getattr(type(step), "fit_transform", None)
    return method is TransformerMixin.fit_transform or type(step) in _PLAIN


def extend(key, *further):
    """Return a key made longer; None stays None, and makes None."""
    return None if key is None or None in further else (key, *further)


class Fitter:
    """Fits estimators through a memory.

    Pipelines are fitted step by step, so that a grid over the parameters of one step fits those
    before it once; a `WhereFinite` has its inner one fitted so.

    Parameters
    ----------
    memory : FitMemory

    Attributes
    ----------
    lasting : bool
        False once a fit was left to chance; from then on nothing is remembered.
    """

    def __init__(self, memory):
        self.memory = memory
        self.lasting = True

    def fit(self, estimator, X, y, params, key):
        """Fit an estimator that is new (a clone) and return it, or its like from memory.

        Parameters
        ----------
        estimator : estimator
        X, y
            As it takes them.
        params : dict
            Further parameters of its fit, such as groups.
        key : hashable or None
            Key of X, y and params; None remembers nothing.
        """
        if fits_by_steps(estimator):
            router = estimator.get_metadata_routing()
            routed = router.route_params(caller="fit", params=params)
            last, *others = (routed.get(name, {}) for name, _ in reversed(estimator.steps))
            if not any(part for step in others for part in step.values()):
                return self._fit_steps(estimator, X, y, last["fit"], key)
        if isinstance(estimator, WhereFinite):
            inner_key = extend(key, type(estimator))

            def fit(inner, X, y, **params):
                return self.fit(inner, X, y, params, inner_key)

            return estimator.fit_with(fit, X, y, params)
        return self._fit_whole(estimator, X, y, params, key)

    def _fit_steps(self, pipeline, X, y, params, key):
        fitted = []
        for name, step in pipeline.steps[:-1]:
            if step not in (None, "passthrough"):
                next_key = extend(key, estimator_key(step))
                step = self._fit_whole(step, X, y, {}, key)
                X = step.transform(X)
                key = next_key if self.lasting else None
            fitted.append((name, step))
        name, last = pipeline.steps[-1]
        pipeline.steps = [*fitted, (name, self.fit(last, X, y, params, key))]
        return pipeline

    def _fit_whole(self, estimator, X, y, params, key):
        def compute():
            lasting = _fit_lastingly(estimator, X, y, params)
            self.memory.count("fitted")
            self.lasting &= lasting
            return estimator, lasting

        return self.memory.recall(extend(key, estimator_key(estimator)), compute)
