"""Check the shapes of the learned arrays in a model, estimator by estimator.

F stands for `n_features_in_`, C for the number of classes, R for the rows of a linear classifier (1
for two classes, else C). A small letter is the same number wherever it stands in one estimator.
"""

_LINEAR = {"coef_": "RF", "intercept_": "R"}
_SELECTION = {"scores_": "F", "pvalues_": "F"}
_COMPONENTS = {"components_": "kF", "mean_": "F", "explained_variance_": "k"}
_DISCRIMINANT = {"means_": "CF", "priors_": "C"}

# Full name of a class -> {attribute: one letter per dimension}.
SHAPES = {
    # classifiers
    "sklearn.calibration.CalibratedClassifierCV": {},
    "sklearn.discriminant_analysis.LinearDiscriminantAnalysis":
        _LINEAR | _DISCRIMINANT | {"xbar_": "F", "scalings_": "Fk"},
    "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis": _DISCRIMINANT,
    "sklearn.dummy.DummyClassifier": {"class_prior_": "C"},
    "sklearn.ensemble._bagging.BaggingClassifier": {},
    "sklearn.ensemble._forest.ExtraTreesClassifier": {},
    "sklearn.ensemble._forest.RandomForestClassifier": {},
    "sklearn.ensemble._gb.GradientBoostingClassifier": {"estimators_": "nR"},
    "sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoostingClassifier":
        {"_baseline_prediction": "1R"},
    "sklearn.ensemble._stacking.StackingClassifier": {},
    "sklearn.ensemble._voting.VotingClassifier": {},
    "sklearn.ensemble._weight_boosting.AdaBoostClassifier": {},
    "sklearn.frozen._frozen.FrozenEstimator": {},
    "sklearn.linear_model._logistic.LogisticRegression": _LINEAR,
    "sklearn.linear_model._logistic.LogisticRegressionCV": _LINEAR,
    "sklearn.linear_model._ridge.RidgeClassifier": _LINEAR,
    "sklearn.linear_model._ridge.RidgeClassifierCV": _LINEAR,
    "sklearn.linear_model._stochastic_gradient.SGDClassifier": _LINEAR,
    "sklearn.multiclass.OneVsOneClassifier": {},
    "sklearn.multiclass.OneVsRestClassifier": {},
    "sklearn.naive_bayes.GaussianNB": {"theta_": "CF", "var_": "CF", "class_prior_": "C"},
    "sklearn.neighbors._classification.KNeighborsClassifier": {"_fit_X": "nF", "_y": "n"},
    "sklearn.neighbors._nearest_centroid.NearestCentroid": {"centroids_": "CF"},
    "sklearn.neural_network._multilayer_perceptron.MLPClassifier": {},
    "sklearn.svm._classes.LinearSVC": _LINEAR,
    "sklearn.svm._classes.NuSVC": {"support_": "n", "support_vectors_": "nF"},
    "sklearn.svm._classes.SVC": {"support_": "n", "support_vectors_": "nF"},
    "sklearn.tree._classes.DecisionTreeClassifier": {},
    "sklearn.tree._classes.DecisionTreeRegressor": {},
    "sklearn.tree._classes.ExtraTreeClassifier": {},
    # what stands around and before them
    "sklearn.compose._column_transformer.ColumnTransformer": {},
    "sklearn.decomposition._fastica.FastICA": {"components_": "kF", "mean_": "F"},
    "sklearn.decomposition._incremental_pca.IncrementalPCA": _COMPONENTS,
    "sklearn.decomposition._kernel_pca.KernelPCA": {"X_fit_": "nF", "eigenvectors_": "nk",
                                                    "eigenvalues_": "k"},
    "sklearn.decomposition._pca.PCA": _COMPONENTS,
    "sklearn.decomposition._truncated_svd.TruncatedSVD": {"components_": "kF"},
    "sklearn.feature_selection._from_model.SelectFromModel": {},
    "sklearn.feature_selection._rfe.RFE": {"support_": "F", "ranking_": "F"},
    "sklearn.feature_selection._rfe.RFECV": {"support_": "F", "ranking_": "F"},
    "sklearn.feature_selection._univariate_selection.SelectFdr": _SELECTION,
    "sklearn.feature_selection._univariate_selection.SelectFpr": _SELECTION,
    "sklearn.feature_selection._univariate_selection.SelectFwe": _SELECTION,
    "sklearn.feature_selection._univariate_selection.SelectKBest": _SELECTION,
    "sklearn.feature_selection._univariate_selection.SelectPercentile": _SELECTION,
    "sklearn.feature_selection._variance_threshold.VarianceThreshold": {"variances_": "F"},
    "sklearn.impute._base.MissingIndicator": {"features_": "k"},
    "sklearn.impute._base.SimpleImputer": {"statistics_": "F"},
    "sklearn.impute._knn.KNNImputer": {"_fit_X": "nF", "_mask_fit_X": "nF", "_valid_mask": "F"},
    "sklearn.isotonic.IsotonicRegression": {"X_thresholds_": "n", "y_thresholds_": "n"},
    "sklearn.kernel_approximation.Nystroem": {"components_": "kF", "normalization_": "kk"},
    "sklearn.kernel_approximation.RBFSampler": {"random_weights_": "Fk", "random_offset_": "k"},
    "sklearn.linear_model._linear.LinearRegression": {},
    # of diagonal covariances, as emopipe.FisherVectors has it; those of other kinds do not fit
    "sklearn.mixture._gaussian_mixture.GaussianMixture":
        {"weights_": "k", "means_": "kF", "covariances_": "kF", "precisions_cholesky_": "kF"},
    "sklearn.pipeline.FeatureUnion": {},
    "sklearn.pipeline.Pipeline": {},
    "sklearn.preprocessing._data.KernelCenterer": {"K_fit_rows_": "n"},
    "sklearn.preprocessing._data.MaxAbsScaler": {"scale_": "F"},
    "sklearn.preprocessing._data.MinMaxScaler": {"scale_": "F", "min_": "F"},
    "sklearn.preprocessing._data.Normalizer": {},
    "sklearn.preprocessing._data.PowerTransformer": {"lambdas_": "F"},
    "sklearn.preprocessing._data.QuantileTransformer": {"quantiles_": "qF", "references_": "q"},
    "sklearn.preprocessing._data.RobustScaler": {"center_": "F", "scale_": "F"},
    "sklearn.preprocessing._data.StandardScaler": {"mean_": "F", "scale_": "F", "var_": "F"},
    "sklearn.preprocessing._discretization.KBinsDiscretizer": {"bin_edges_": "F", "n_bins_": "F"},
    "sklearn.preprocessing._encoders.OneHotEncoder": {},
    "sklearn.preprocessing._encoders.OrdinalEncoder": {},
    "sklearn.preprocessing._function_transformer.FunctionTransformer": {},
    "sklearn.preprocessing._label.LabelBinarizer": {},
    "sklearn.preprocessing._label.LabelEncoder": {},
}  # fmt: skip


def n_classes(estimator) -> int | None:
    """Return the number of classes of a fitted estimator, None where it has none."""
    classes = getattr(estimator, "classes_", None)
    return None if classes is None else len(classes)


def sizes_fit(estimator, shapes) -> bool:
    """Return whether the arrays of an estimator have the sizes that its table names.

    Parameters
    ----------
    estimator : object
        Fitted; attributes that it lacks, and plain numbers, are left alone.
    shapes : dict
        {attribute: letters}, see the module.

    Examples
    --------
    >>> from sklearn.preprocessing import StandardScaler
    >>> scaler = StandardScaler().fit([[0.0, 1.0]])
    >>> shapes = SHAPES["sklearn.preprocessing._data.StandardScaler"]
    >>> sizes_fit(scaler, shapes)
    True
    >>> scaler.mean_ = scaler.mean_[:1]
    >>> sizes_fit(scaler, shapes)
    False
    """
    import numpy as np

    classes = n_classes(estimator)
    sizes = {"F": vars(estimator).get("n_features_in_"), "C": classes, "1": 1}
    sizes["R"] = 1 if classes == 2 else classes
    for name, letters in shapes.items():
        array = vars(estimator).get(name)
        if array is None or np.ndim(array) == 0:
            continue
        if not isinstance(array, np.ndarray) or array.ndim != len(letters):
            return False
        for letter, size in zip(letters, array.shape, strict=True):
            if sizes.get(letter) is None:
                sizes[letter] = size
            if sizes[letter] != size:
                return False
    return True
