"""What estimators of this package declare of themselves, and what is inside an estimator.

This module alone walks through the parts of an estimator, a pipeline, a fusion or a search; all
others ask it. Every estimator that takes clips is a `ClipEstimator`.
"""

import inspect
import platform
from collections import Counter, deque
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version

from sklearn.base import BaseEstimator

# Parameters of scikit-learn's estimators that change how long a fit takes or what it prints.
_MACHINE_PARAMETERS = frozenset({"cache_size", "memory", "n_jobs", "pre_dispatch", "verbose"})
_PACKAGES = (
    "emopipe", "scikit-learn", "numpy", "scipy", "pandas", "keras", "tensorflow", "opencv-python",
    "opencv-python-headless", "av", "pyAudioAnalysis", "skops",
)  # fmt: skip


class SelfDescribing:
    """What an estimator or object of parameters declares of itself; by default nothing.

    Attributes
    ----------
    MACHINE_PARAMETERS : frozenset of str
        Parameters that say how this machine works, never what comes out: no key depends on them,
        and a saved model has their defaults.
    DESCRIPTIONS : frozenset of str
        Parameters that hold an extractor which describes what this estimator is built on, and is
        no step of its own.
    """

    MACHINE_PARAMETERS = frozenset()
    DESCRIPTIONS = frozenset()

    def notices(self) -> list[str]:
        """Return what a reader of the results must know."""
        return []

    def test_person(self) -> int | str:
        """Return how many unlabelled clips of a test person it uses, or "all unlabelled clips"."""
        return 0

    def uses_keras(self) -> bool:
        """Return whether answers need a backend of Keras."""
        return False


class ClipEstimator(SelfDescribing):
    """Base of every estimator that takes clips: extractors of features, and networks.

    A subclass has a parameter `column`, and defines `statuses` and, where it computes something
    from clips, `recipes`.

    See Also
    --------
    emopipe.extraction.ClipTransformer : The base of extractors.

    Examples
    --------
    >>> from emopipe import ShortTermStatistics
    >>> voice = ShortTermStatistics()
    >>> [recipe.name for recipe in voice.recipes()], voice.path_columns()
    (['short_term_statistics'], ['path'])
    """

    def recipes(self) -> list:
        """Return the recipes of what this estimator computes from clips."""
        return []

    def statuses(self, X):
        """Return a DataFrame with path, status and detail of every clip."""
        raise NotImplementedError

    def path_columns(self) -> list[str]:
        """Return the columns of a clip table in which it looks for files."""
        return [self.column]

    def frame_scores(self, X):
        """Return a DataFrame of scores of single faces; None of estimators that give none."""
        return None


def _descriptions(owner):
    return owner.DESCRIPTIONS if isinstance(owner, SelfDescribing) else ()


def _is_named(owner, name, value):
    """Return whether a part is named by its parameter: objects of parameters, descriptions."""
    plain = isinstance(value, BaseEstimator) and not hasattr(value, "fit")
    return plain or name in _descriptions(owner)


def _children(value, path, descriptions):
    """Return (path, value) of what a container or an estimator holds; names come from pairs."""
    if isinstance(value, BaseEstimator):
        inside = dict(vars(value))
        if not descriptions:
            inside = {k: v for k, v in inside.items() if k not in _descriptions(value)}
        if "named_estimators_" in inside:  # the same ones, by name
            inside.pop("estimators_", None)
        return [
            ((*path, name) if _is_named(value, name, item) else path, item)
            for name, item in inside.items()
        ]
    if isinstance(value, dict):
        return [((*path, str(key)), item) for key, item in value.items()]
    if isinstance(value, tuple) and len(value) > 1 and isinstance(value[0], str):
        return [((*path, value[0]), item) for item in value[1:]]
    if isinstance(value, list | tuple):
        return [(path, item) for item in value]
    if type(value).__name__ == "_CalibratedClassifier":  # no estimator, but it holds fitted ones
        return [(path, item) for item in vars(value).values()]
    return []


def parts(estimator, *, descriptions=False) -> list[tuple[str, BaseEstimator]]:
    """Return (name, estimator) of an estimator and all inside it, outermost first.

    Parameters
    ----------
    estimator : estimator
        A fitted one has its fitted copies beside the unfitted ones.
    descriptions : bool
        Also extractors that describe what a network is built on (its `DESCRIPTIONS`).

    Returns
    -------
    list of (str, estimator)
        Names are those of pipeline steps, modalities and objects of parameters
        (``face__faces``), joined by "__"; the outermost has none.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn.svm import SVC
    >>> [name for name, _ in parts(make_pipeline(StandardScaler(), SVC()))]
    ['', 'standardscaler', 'svc']
    """
    nested, visited, queue = [], set(), deque([((), estimator)])
    while queue:
        path, value = queue.popleft()
        if isinstance(value, type) or id(value) in visited:
            continue
        if isinstance(value, BaseEstimator):
            visited.add(id(value))
            nested.append(("__".join(path), value))
        queue.extend(_children(value, path, descriptions))
    return nested


def _find_declared(estimator, kind=SelfDescribing, **options):
    return [part for _, part in parts(estimator, **options) if isinstance(part, kind)]


def clip_estimators(estimator) -> dict[str, ClipEstimator]:
    """Return {name: estimator that takes clips} of an estimator and all inside it, each once.

    The name is that of the modality, or of the pipeline's step; the full one where two share it.
    Of a fitted estimator these are the fitted ones.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from emopipe import ShortTermStatistics
    >>> list(clip_estimators(make_pipeline(ShortTermStatistics())))
    ['shorttermstatistics']
    """
    estimators = {
        name or type(part).__name__: part
        for name, part in parts(estimator)
        if isinstance(part, ClipEstimator)
    }
    first = {name: name.partition("__")[0] for name in estimators}
    times = Counter(first.values())
    return {first[n] if times[first[n]] == 1 else n: part for n, part in estimators.items()}


def recipes(estimator) -> dict[str, object]:
    """Return {name of the part: Recipe}, numbered where a part has several.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from emopipe import ShortTermStatistics
    >>> list(recipes(make_pipeline(ShortTermStatistics())))
    ['shorttermstatistics']
    """
    by_label = {}
    for name, part in parts(estimator):
        for number, recipe in enumerate(part.recipes() if isinstance(part, ClipEstimator) else ()):
            label = name or type(part).__name__
            by_label[f"{label}[{number}]" if number else label] = recipe
    return by_label


def notices(estimator) -> list[str]:
    """Return what an estimator and all inside it want a reader to know, each once."""
    texts = [str(notice) for part in _find_declared(estimator) for notice in part.notices()]
    return list(dict.fromkeys(texts))


def unlabelled_clips(estimator) -> int | str:
    """Return how many unlabelled clips of a test person are used; what uses most counts.

    Returns
    -------
    int or str
        0: nothing is known of a test person; or "all unlabelled clips".
    """
    used = [part.test_person() for part in _find_declared(estimator)]
    return "all unlabelled clips" if "all unlabelled clips" in used else max(used, default=0)


def uses_keras(estimator) -> bool:
    """Return whether an estimator, or something inside it, needs a backend of Keras."""
    return any(part.uses_keras() for part in _find_declared(estimator))


def path_columns(estimator) -> list[str]:
    """Return the columns of a clip table in which an estimator looks for files, sorted."""
    columns = [part.path_columns() for part in _find_declared(estimator, ClipEstimator)]
    return sorted({name for names in columns for name in names})


def reading(estimator) -> dict[str, object]:
    """Return {"store": ..., "n_jobs": ...}: how an estimator reads clips; {} where it reads none.

    Examples
    --------
    >>> from emopipe import ShortTermStatistics
    >>> reading(ShortTermStatistics(store=None, n_jobs=2))
    {'store': None, 'n_jobs': 2}
    """
    for _, part in parts(estimator, descriptions=True):
        if isinstance(part, SelfDescribing) and {"store", "n_jobs"} <= part.MACHINE_PARAMETERS:
            return {"store": part.store, "n_jobs": part.n_jobs}
    return {}


@contextmanager
def temporary_parameters(changes):
    """Let parts have other values of parameters for a while.

    Parameters
    ----------
    changes : list of (estimator, str, object)
        Part, name of the parameter, value.

    Examples
    --------
    >>> from emopipe import ShortTermStatistics
    >>> voice = ShortTermStatistics()
    >>> with temporary_parameters([(voice, "window", 0.05)]):
    ...     voice.window
    0.05
    >>> voice.window
    1.0
    """
    before = [(part, name, getattr(part, name)) for part, name, _ in changes]
    try:
        for part, name, value in changes:
            setattr(part, name, value)
        yield
    finally:
        for part, name, value in before:
            setattr(part, name, value)


def read_with(estimator, **options):
    """Let all that reads clips use a store and processes (`store`, `n_jobs`) for a while."""
    return temporary_parameters(
        [
            (part, name, options[name])
            for part in _find_declared(estimator, descriptions=True)
            for name in set(options) & part.MACHINE_PARAMETERS & set(vars(part))
        ]
    )


def machine_defaults(part) -> dict[str, object]:
    """Return {parameter: default} of what says how the machine works, and nothing else.

    Examples
    --------
    >>> from emopipe import ShortTermStatistics
    >>> machine_defaults(ShortTermStatistics(n_jobs=2))
    {'store': 'default', 'n_jobs': -1, 'progress': False}
    """
    declared = part.MACHINE_PARAMETERS if isinstance(part, SelfDescribing) else frozenset()
    parameters = inspect.signature(type(part).__init__).parameters
    return {
        name: parameter.default
        for name, parameter in parameters.items()
        if name in _MACHINE_PARAMETERS | declared and parameter.default is not parameter.empty
    }


def reset_machine(part) -> None:
    """Set the parameters of one part that belong to a machine to their defaults, in place."""
    for name, default in machine_defaults(part).items():
        if name in vars(part):
            setattr(part, name, default)


def best_estimator(estimator):
    """Return the best estimator of a fitted search, any other estimator as it is."""
    return vars(estimator).get("best_estimator_", estimator)


def title(estimator) -> str:
    """Return the names of the classes that do the work, in the order of a pipeline.

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sklearn.svm import SVC
    >>> title(make_pipeline(StandardScaler(), SVC()))
    'StandardScaler, SVC'
    """
    if hasattr(estimator, "steps"):
        return ", ".join(title(step) for _, step in estimator.steps if step != "passthrough")
    kind, inner = type(estimator).__name__, getattr(estimator, "estimator", None)
    return f"{kind}({title(inner)})" if hasattr(inner, "fit") else kind


def versions() -> dict[str, str]:
    """Return the versions of Python, of the packages that are there, and the platform."""
    packages = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            packages[package] = version(package)
        except PackageNotFoundError:
            continue
    return packages | {"platform": platform.platform()}
