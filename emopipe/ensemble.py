"""voice_ensemble and face_ensemble: the recommended recognisers, of many sets of features."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from emopipe.fusion import EmotionWeightedFusion, make_clip_pipeline
from emopipe.subject_scaler import SubjectScaler
from emopipe.voice import FisherVectors, SpeedCopies, VoiceFunctionals

SETS = (
    "mfcc", "mel", "prosody", "modulation", "spectrum", "vowels", "contour",
    "mfcc_covariance", "mel_covariance", "prosody_covariance", "spectrum_covariance",
)  # fmt: skip
# Sets of up to so many values have a member with a radial kernel, too, where wanted.
_FEW = 300


def _linear():
    """Return a linear classifier for many values: its shrinkage needs no search."""
    return LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")


def voice_ensemble(
    *, unlabelled_clips=0, sets=SETS, speeds=(), fisher_vectors=False, kernels=False,
    weights="mean", **extraction,
):  # fmt: skip
    """Return an unfitted fusion of classifiers, one or more for each set of voice features.

    Every set has a linear discriminant analysis whose covariance is shrunk by the rule of Ledoit
    and Wolf: it has no parameter to search for. The answer is the geometric mean of the members'
    probabilities: it chooses what their product does, and is about as sure as one member, so that
    the ensemble can be a modality of a fusion.

    Parameters
    ----------
    unlabelled_clips : int or "all"
        What may be known of whom is tested: 0, nothing. A number from 2, or "all": features are
        standardised by subject with so many of the subject's clips, without their labels; the clip
        table then needs the column `subject`.
    sets : str or sequence of str
        Of `emopipe.VoiceFunctionals`.
    speeds : sequence of float
        Members on sets also train on copies at these speeds, such as (0.92, 1.09), see
        `emopipe.SpeedCopies`: every copy takes as long as its clip, the first time.
    fisher_vectors : bool
        Also a member on `emopipe.FisherVectors`.
    kernels : bool
        Also a member with a radial kernel (SVC) on every set of up to 300 values. Its decision
        values are calibrated on inner folds by subject, which takes six times as long.
    weights : str, array or dict
        Of the log pool, as in `emopipe.EmotionWeightedFusion`: "mean", or None for the most
        likely ones, learned on inner folds by subject.
    **extraction
        column, store, n_jobs, on_error, progress of the extractors.

    Returns
    -------
    EmotionWeightedFusion
        The members are named after their sets.

    Raises
    ------
    ValueError
        If unlabelled_clips is neither, or there is no set.

    See Also
    --------
    face_ensemble : the same for faces.
    SubjectScaler : how features are standardised by subject.

    References
    ----------
    O. Ledoit, M. Wolf, "Honey, I shrunk the sample covariance matrix", Journal of Portfolio
    Management 30(4), 2004.

    Examples
    --------
    >>> from emopipe import voice_ensemble
    >>> members = voice_ensemble(unlabelled_clips=8).estimators
    >>> len(members), members[0][0], members[-1][0]
    (11, 'mfcc', 'spectrum_covariance')
    """
    _check_number(unlabelled_clips)
    sets = [sets] if isinstance(sets, str) else list(sets)
    speeds = tuple(np.atleast_1d(speeds).tolist())
    if not sets and not fisher_vectors:
        raise ValueError(f"sets is empty: name at least one, such as {SETS[0]!r}")

    def member(extractor, classifier):
        return _member(extractor, classifier, unlabelled_clips)

    def with_copies(pipeline):
        return SpeedCopies(pipeline, speeds=speeds) if speeds else pipeline

    members = []
    for name in sets:
        extractor = VoiceFunctionals(sets=[name], **extraction)
        members.append((name, with_copies(member(extractor, _linear()))))
        if kernels and len(extractor.get_feature_names_out()) <= _FEW:
            members.append((f"{name}_kernel", with_copies(member(extractor, SVC(C=3.0)))))
    if fisher_vectors:
        members.append(("fisher_vectors", member(FisherVectors(**extraction), _linear())))
    return EmotionWeightedFusion(members, pool="log", weights=weights)


def face_ensemble(extractors, *, unlabelled_clips=0):
    """Return an unfitted fusion of two classifiers for each set of features of faces.

    Every set has a linear discriminant analysis, as in `voice_ensemble`, and extremely randomised
    trees, which see what two features say together: they err differently, and neither has a
    parameter to search for. The answer is the geometric mean of the members' probabilities.

    Parameters
    ----------
    extractors : dict of str to transformer
        From the clip table to features, by name, such as `emopipe.BlendshapeFeatures`,
        or `emopipe.FeatureTable` with action units.
    unlabelled_clips : int or "all"
        What may be known of whom is tested, as in `voice_ensemble`.

    Returns
    -------
    EmotionWeightedFusion
        The members are named after their sets, those of trees with `_trees` behind.

    Raises
    ------
    TypeError
        If extractors is no dict, such as one extractor without a name.
    ValueError
        If unlabelled_clips is neither, or there is no set.

    See Also
    --------
    voice_ensemble : the same for voices.
    SubjectScaler : how features are standardised by subject.

    References
    ----------
    P. Geurts, D. Ernst, L. Wehenkel, "Extremely randomized trees", Machine Learning 63, 2006.

    Examples
    --------
    >>> from emopipe import EmotionWeightedFusion, FaceTexture, face_ensemble, voice_ensemble
    >>> face = face_ensemble({"gradients": FaceTexture()})
    >>> [name for name, _ in face.estimators]
    ['gradients', 'gradients_trees']
    >>> both = [("voice", voice_ensemble()), ("face", face)]
    >>> fusion = EmotionWeightedFusion(both, pool="log", weights="equal")
    """
    _check_number(unlabelled_clips)
    if not isinstance(extractors, (Mapping, list)):
        raise TypeError(
            f"extractors is {type(extractors).__name__}: give sets of features by name, such as "
            "{'gradients': FaceTexture()}"
        )
    if not extractors:
        raise ValueError(
            "extractors is empty: give at least one set of features by name, such as "
            "{'gradients': FaceTexture()}"
        )
    members = []
    for name, extractor in dict(extractors).items():
        trees = ExtraTreesClassifier(random_state=0)
        members.append((name, _member(extractor, _linear(), unlabelled_clips)))
        members.append((f"{name}_trees", _member(extractor, trees, unlabelled_clips)))
    return EmotionWeightedFusion(members, pool="log", weights="mean")


def _member(extractor, classifier, unlabelled_clips):
    """Return a pipeline whose features are standardised by subject as far as clips are known."""
    if unlabelled_clips:
        n_clips = None if unlabelled_clips == "all" else int(unlabelled_clips)
        extractor = SubjectScaler(extractor, n_clips=n_clips)
    return make_clip_pipeline(extractor, StandardScaler(), classifier)


def _check_number(clips):
    number = isinstance(clips, Integral) and not isinstance(clips, bool)
    if clips != "all" and not (number and (clips == 0 or clips > 1)):
        raise ValueError(
            f"unlabelled_clips={clips!r}: 0 (nothing is known of whom is tested), a number of "
            "clips from 2, or 'all'"
        )
