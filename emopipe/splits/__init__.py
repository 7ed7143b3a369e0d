"""Who stands on which side: test folds, inner folds, and who is held out of training.

Subjects stand on one side of every split, unless somebody says that mixed subjects are meant.
"""

from emopipe.splits.folds import NAMED, check_subjects, make_folds
from emopipe.splits.inner import inner_folds
from emopipe.splits.shuffles import DistinctGroupShuffleSplit
from emopipe.splits.sides import (
    Fold,
    describe_splitter,
    shared_subjects,
    subjects_of,
    takes_groups,
)
from emopipe.splits.validation import validation_rows

__all__ = [
    "NAMED",
    "DistinctGroupShuffleSplit",
    "Fold",
    "check_subjects",
    "describe_splitter",
    "inner_folds",
    "make_folds",
    "shared_subjects",
    "subjects_of",
    "takes_groups",
    "validation_rows",
]
