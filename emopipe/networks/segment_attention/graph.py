"""System C's networks as Keras graphs: one per modality, and the one that fuses them.

In short::

    graphs = attention_graphs(6, n_features=4096)
    graphs.audio, graphs.video      # features -> softmax, trained first
    graphs.tokens                   # features -> what the two have learned, 2 x 4096 values
    graphs.fusion                   # tokens -> softmax, trained then
    graphs.whole                    # features -> probabilities and attention weights

All share their layers, so that `whole` holds what the others learned.
"""

from typing import NamedTuple


class Graphs(NamedTuple):
    """The networks; see above."""

    audio: object
    video: object
    tokens: object
    fusion: object
    whole: object


class _Fusion:
    """The layers between the two tokens and the answer (equations 5 to 7)."""

    def __init__(self, n_classes, attention_units, dtype):
        from keras import layers

        self.hidden = layers.Dense(
            attention_units, activation="tanh", dtype=dtype, name="attention_hidden"
        )
        self.context = layers.Dense(1, use_bias=False, dtype="float32", name="attention_context")
        self.answer = layers.Dense(
            n_classes, activation="softmax", dtype="float32", name="fusion_softmax"
        )

    def __call__(self, tokens):
        """Return probabilities and attention weights of tokens (n, 2, units)."""
        from keras import ops

        scores = self.context(ops.abs(self.hidden(tokens)))
        beta = ops.softmax(scores, axis=1)
        return self.answer(ops.sum(beta * ops.cast(tokens, "float32"), axis=1)), beta[..., 0]


def _scale(features, name):
    """Standardise features; means and variances are set before training and stay."""
    from keras import layers

    layer = layers.BatchNormalization(
        epsilon=1e-6, center=False, scale=False, trainable=False, dtype="float32", name=name
    )
    return layer(features, training=False)


def _model(inputs, outputs, name):
    import keras

    return keras.Model(inputs, outputs, name=name)


def attention_graphs(
    n_classes, *, n_features=4096, n_frames=20, units=4096, attention_units=512, audio_dense=True,
    dtype="float32",
) -> Graphs:  # fmt: skip
    """Return the networks, with whatever weights Keras gives them.

    Parameters
    ----------
    n_classes : int
    n_features : int
        Values of fc7.
    n_frames : int
        Faces of a segment.
    units : int
        Values of each modality's token: of the LSTM, and of the voice's dense layer.
    attention_units : int
        Rows of W in equation 5.
    audio_dense : bool
        Whether a dense layer makes the voice's token; otherwise it is fc7 itself, standardised,
        and `units` is `n_features`.
    dtype : str
        Keras' policy, see `emopipe.training.compiling.dtype_policy`.

    Returns
    -------
    Graphs
        Inputs are named "audio" (n_features,), "video" (n_frames, n_features) and "tokens"
        (2 * units,), all float32. `whole` gives n_classes probabilities and the attention weights
        of voice and face, one behind the other.

    Examples
    --------
    >>> attention_graphs(6).whole.count_params()  # doctest: +SKIP
    153154566
    """
    import keras
    from keras import layers

    voice = keras.Input((n_features,), name="audio")
    face = keras.Input((n_frames, n_features), name="video")
    voice_features = _scale(voice, "audio_scaling")
    if audio_dense:
        voice_features = layers.Dense(units, activation="tanh", dtype=dtype, name="audio_dense")(
            voice_features
        )
    face_features = layers.LSTM(units, dtype=dtype, name="video_lstm")(
        _scale(face, "video_scaling")
    )
    alone = {
        name: layers.Dense(n_classes, activation="softmax", dtype="float32", name=f"{name}_softmax")
        for name in ("audio", "video")
    }
    merge, pair = layers.Concatenate(dtype="float32"), layers.Reshape((2, units), dtype="float32")
    fusion = _Fusion(n_classes, attention_units, dtype)
    both, tokens = {"audio": voice, "video": face}, keras.Input((2 * units,), name="tokens")
    merged = merge([voice_features, face_features])
    return Graphs(
        audio=_model({"audio": voice}, alone["audio"](voice_features), "audio"),
        video=_model({"video": face}, alone["video"](face_features), "video"),
        tokens=_model(both, merged, "tokens"),
        fusion=_model({"tokens": tokens}, fusion(pair(tokens))[0], "fusion"),
        whole=_model(both, layers.Concatenate(dtype="float32")(fusion(pair(merged))), "whole"),
    )


class TunedGraphs(NamedTuple):
    """Networks with VGG19's last blocks in front: one per modality, and the whole."""

    audio: object
    video: object
    whole: object


def tuned_graphs(graphs, tails, *, n_frames) -> TunedGraphs:
    """Return the networks on what VGG19 makes of pictures before its last blocks.

    Parameters
    ----------
    graphs : Graphs
        On fc7; layers are shared.
    tails : dict of keras.Model
        "audio" and "video": VGG19's last blocks, from a pooling to fc7.
    n_frames : int
        Faces of a segment.

    Returns
    -------
    TunedGraphs
        Inputs "audio" (values of the pooling,) and "video" (n_frames, values), outputs as in
        `Graphs`.
    """
    import keras
    from keras import ops

    # Parts of a network need names of their own.
    last, head = (
        {name: _model(part.input, part.output, f"{name}_{kind}") for name, part in parts.items()}
        for kind, parts in (("vgg19", tails), ("head", graphs._asdict()))
    )
    n_values = tails["video"].input.shape[-1]
    voice = keras.Input((n_values,), name="audio")
    face = keras.Input((n_frames, n_values), name="video")
    rows = last["video"](ops.reshape(face, (-1, n_values)))
    face_features = ops.reshape(rows, (-1, n_frames, rows.shape[-1]))
    voice_features = last["audio"](voice)
    both, passed = (
        {"audio": voice, "video": face},
        {"audio": voice_features, "video": face_features},
    )
    return TunedGraphs(
        audio=_model({"audio": voice}, head["audio"]({"audio": voice_features}), "tuned_audio"),
        video=_model({"video": face}, head["video"]({"video": face_features}), "tuned_video"),
        whole=_model(both, head["whole"](passed), "tuned"),
    )
