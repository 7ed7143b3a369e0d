"""System A: a small convolutional network on the face's frames and the voice's spectrogram."""

from emopipe.networks.audio_visual_cnn.estimator import AudioVisualCNN

__all__ = ["AudioVisualCNN"]
