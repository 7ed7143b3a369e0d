"""scikit-learn's own checks of the fusion's classifiers, on numbers; none is expected to fail."""

from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import parametrize_with_checks

from emopipe.fusion import EmotionWeightedFusion, ScoreColumns, StackedFusion, WhereFinite

MACHINE = make_pipeline(StandardScaler(), SVC())
# The checks' labels are numbers, or "one" and "two"; they know of no subjects.
COLUMNS = {-1: 0, 0: 0, 1: 1, 2: 0, "one": 0, "two": 1}


@parametrize_with_checks(
    [
        EmotionWeightedFusion([("linear", LogisticRegression()), ("bayes", GaussianNB())]),
        EmotionWeightedFusion(
            [("machine", MACHINE), ("bayes", WhereFinite(GaussianNB()))],
            weights="recall", calibration="sigmoid", cv=StratifiedKFold(2),
        ),
        StackedFusion(
            [("linear", LogisticRegression()), ("bayes", GaussianNB())], cv=StratifiedKFold(2)
        ),
        WhereFinite(MACHINE),
        ScoreColumns(columns=COLUMNS),
    ]
)  # fmt: skip
def test_scikit_learn(estimator, check):
    check(estimator)
