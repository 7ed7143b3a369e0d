"""Networks as scikit-learn classifiers: one folder per system, one file per simple classifier."""
