"""System B's network as a Keras graph: system A's core per segment, softmax rows averaged."""

from emopipe.networks.audio_visual_cnn.graph import audio_visual_graph


def _rename_network(core, name):
    """Give a network a name of its own, which Keras asks of parts of another."""
    import keras

    return keras.Model(core.input, core.output, name=name)


def _merge_segments(picture, shape):
    """Let the segments of all clips follow one another, as if each were a clip."""
    from keras import ops

    return ops.reshape(picture, (-1, *shape))


def temporal_graph(
    n_classes, *, n_segments, share_weights=False, face_size=(224, 224),
    spectrogram_size=(192, 120), **core,
):  # fmt: skip
    """Return the network, with whatever weights Keras gives it.

    Its inputs are "video", uint8 (n_segments, rows, columns, 3), and "audio", uint8 (n_segments,
    bins, columns). The layer "segments" gives probabilities (n_segments, n_classes), the output is
    their mean, which is the paper's sum divided by the number of segments.

    Parameters
    ----------
    n_classes, n_segments : int
    share_weights : bool
        One network for all segments instead of one for each.
    face_size, spectrogram_size : tuple of int
    **core
        Further parameters of `emopipe.networks.audio_visual_cnn.graph.audio_visual_graph`.

    Returns
    -------
    keras.Model

    Examples
    --------
    >>> temporal_graph(6, n_segments=10).count_params()  # doctest: +SKIP
    99375900
    """
    import keras
    from keras import layers, ops

    face, sound = (*map(int, face_size), 3), tuple(map(int, spectrogram_size))

    def network(name):
        return _rename_network(audio_visual_graph(n_classes, video=face, audio=sound, **core), name)

    video = keras.Input((n_segments, *face), dtype="uint8", name="video")
    audio = keras.Input((n_segments, *sound), dtype="uint8", name="audio")
    if share_weights:
        merged = {"video": _merge_segments(video, face), "audio": _merge_segments(audio, sound)}
        rows = ops.reshape(network("segment")(merged), (-1, n_segments, n_classes))
    else:
        answers = [
            network(f"segment_{s}")({"video": video[:, s], "audio": audio[:, s]})
            for s in range(n_segments)
        ]
        rows = ops.stack(answers, axis=1)
    rows = layers.Identity(name="segments", dtype="float32")(rows)
    return keras.Model({"video": video, "audio": audio}, ops.mean(rows, axis=1), name="temporal")


def segment_model(model):
    """Return the part of a `temporal_graph` that answers for each segment; weights are shared."""
    import keras

    return keras.Model(model.input, model.get_layer("segments").output)
