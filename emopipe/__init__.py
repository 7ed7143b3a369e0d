"""scikit-learn pipelines for audio-visual emotion recognition.

The rooms of the package are its modules; import from them directly::

    from emopipe.corpora import load_corpus
    from emopipe.voice import ShortTermStatistics
    from emopipe.fusion import EmotionWeightedFusion
"""

__version__ = "0.1.0"
