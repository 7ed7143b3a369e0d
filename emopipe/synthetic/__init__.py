"""Invented corpora: drawn faces and synthesised voices in the files and names of real corpora.

They serve tests and demonstrations: what decoding, face detection, features and classifiers do
with them is real, while the recordings are nobody's and the accuracies mean nothing. Which
modality carries the emotion is known, because it was put there.
"""

from emopipe.synthetic.making import make_synthetic_corpus

__all__ = ["make_synthetic_corpus"]
