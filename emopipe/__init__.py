"""scikit-learn pipelines for audio-visual emotion recognition.

Everything public is imported from here, and loaded on first use::

    from emopipe import EmotionWeightedFusion, ShortTermStatistics, evaluate, load_corpus

The modules behind these names are the package's own and may move.
"""

import os as _os
from importlib import import_module as _import_module

__version__ = "0.2.0"

# TensorFlow writes a page of notes on every start, unless it is told before its import.
_os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# Public name -> the module that defines it: the one list of what users may rely on.
_PUBLIC = {
    # corpora
    "CorpusError": "corpora",
    "CorpusWarning": "corpora",
    "combine": "corpora",
    "corpus_names": "corpora",
    "describe_corpus": "corpora",
    "describe_counts": "corpora",
    "load_corpus": "corpora",
    "load_folder": "corpora",
    "load_table": "corpora",
    "sample_per_emotion": "corpora",
    "usable": "corpora",
    # features
    "BlendshapeFeatures": "face",
    "FaceCrops": "face",
    "FaceTexture": "face",
    "FeatureTable": "feature_table",
    "FisherVectors": "voice",
    "MiniXceptionFeatures": "face",
    "ONNXFaceFeatures": "face",
    "ShortTermStatistics": "voice",
    "VGGFaceFeatures": "face",
    "VoiceFunctionals": "voice",
    "draw_spectrograms": "voice.spectrograms",
    "short_term_features": "voice",
    # recognisers and fusion
    "ClipPipeline": "fusion",
    "AudioVisualCNN": "networks.audio_visual_cnn",
    "CNNLayers": "training.parameters",
    "EmotionWeightedFusion": "fusion",
    "ScoreColumns": "fusion",
    "SegmentAttentionNetwork": "networks.segment_attention",
    "SoftmaxClassifier": "networks.softmax",
    "SpeechTrim": "training.parameters",
    "SpeedCopies": "voice",
    "StackedFusion": "fusion",
    "SubjectScaler": "subject_scaler",
    "TemporalAggregation": "networks.temporal_aggregation",
    "Training": "training.parameters",
    "VGG19Features": "training.parameters",
    "VGGFaceClassifier": "networks.vggface_classifier",
    "WhereFinite": "fusion",
    "fuse": "fusion",
    "make_clip_pipeline": "fusion",
    "score_weights": "fusion",
    "search_weights": "fusion",
    "face_ensemble": "ensemble",
    "voice_ensemble": "ensemble",
    "weight_grid": "fusion.grid",
    "describe_weights": "fusion.grid",
    # evaluation and reports
    "Chart": "experiment",
    "Experiment": "experiment",
    "Published": "literature",
    "Result": "result",
    "Source": "literature",
    "compare": "comparison",
    "compare_pairs": "comparison",
    "differences": "comparison",
    "DistinctGroupShuffleSplit": "splits",
    "drop_unanswered": "evaluation.unanswered",
    "evaluate": "evaluation",
    "write_index": "report",
    "write_report": "report",
    # pictures
    "ConfusionDisplay": "displays",
    "LearningCurvesDisplay": "displays",
    "ReliabilityDisplay": "displays",
    "SubjectsDisplay": "displays",
    "TimelineDisplay": "displays",
    "WeightGridDisplay": "displays",
    "WeightsDisplay": "displays",
    # saved recognisers
    "check_savable": "models",
    "ModelError": "models",
    "ModelWarning": "models",
    "load": "models",
    "predict": "models",
    "read_manifest": "models",
    "recordings": "models",
    "save": "models",
    "training_rows": "models",
    "window_table": "models",
    # experiments
    "make_synthetic_corpus": "synthetic",
    "run_script": "cli",
    # many machines
    "find_people": "face.people",
    "on_cluster": "extraction",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name):
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_import_module(f"{__name__}.{_PUBLIC[name]}"), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*_PUBLIC, *(name for name in globals() if name.startswith("_"))})
