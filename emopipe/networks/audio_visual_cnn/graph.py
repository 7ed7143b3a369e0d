"""The audio-visual convolutional network that systems A and B share, as a Keras graph.

In short::

    model = audio_visual_graph(6, video=(98, 80, 20), audio=(192, 120))   # system A
    model = audio_visual_graph(6, video=(224, 224, 3), audio=(192, 120), batch_norm=True)    # B

Inputs are named "video" and "audio", uint8; the output are probabilities in float32.
"""

from emopipe.parameters import check_size


def check_depth(parameter, size, n_layers) -> None:
    """Raise ValueError where a size is none, or so many pooling layers leave nothing of it.

    Examples
    --------
    >>> check_depth("face_size", (98, 80), 5)
    >>> check_depth("face_size", (98, 16), 5)
    Traceback (most recent call last):
        ...
    ValueError: face_size=(98, 16) is too small for 5 layers, each of which halves it: ...
    """
    check_size(parameter, size)
    if min(size) < 2**n_layers:
        raise ValueError(
            f"{parameter}={tuple(size)} is too small for {n_layers} layers, each of which halves "
            f"it: give at least {2**n_layers} rows and columns, or fewer layers"
        )


def _convolutions(x, widths, *, batch_norm, dtype):
    """3x3 convolutions with ReLU, each followed by 2x2 max pooling (floor)."""
    from keras import layers

    for width in widths:
        x = layers.Conv2D(width, 3, padding="same", use_bias=not batch_norm, dtype=dtype)(x)
        if batch_norm:
            x = layers.BatchNormalization(momentum=0.9, dtype=dtype)(x)
        x = layers.ReLU(dtype=dtype)(x)
        x = layers.MaxPooling2D(2, dtype=dtype)(x)
    return x


def _branch(picture, widths, features, *, batch_norm, dropout, dtype):
    """Convolutions and a dense layer on pictures (rows, columns, channels) of 0 to 255."""
    from keras import layers

    x = layers.Rescaling(1 / 127.5, offset=-1.0, dtype=dtype)(picture)
    x = _convolutions(x, widths, batch_norm=batch_norm, dtype=dtype)
    x = layers.Flatten(dtype=dtype)(x)
    x = layers.Dropout(dropout, seed=0, dtype=dtype)(x) if dropout else x
    return layers.Dense(features, activation="relu", dtype=dtype)(x)


def branch_size(shape, widths, features, *, batch_norm=False) -> int:
    """Return how many weights a branch has: convolutions and the dense layer after them.

    Parameters
    ----------
    shape : (int, int, int)
        Rows, columns and channels of its picture.
    widths : tuple of int
        Filters of each convolution.
    features : int
        Width of the dense layer.
    batch_norm : bool
        Four numbers per filter instead of a bias.

    Examples
    --------
    >>> branch_size((192, 120, 1), (16, 32, 64), 128)
    2972544
    """
    rows, columns, before = shape
    n_weights = 0
    for width in widths:
        n_weights += 9 * before * width + (4 if batch_norm else 1) * width
        rows, columns, before = rows // 2, columns // 2, width
    return n_weights + (rows * columns * before + 1) * features


def audio_visual_graph(
    n_classes, *, video=None, audio=None, visual_widths=(32, 64, 128, 128, 256),
    audio_widths=(16, 32, 64), visual_features=512, audio_features=128, dense=(128,),
    batch_norm=False, dropout=0.0, dtype="float32",
):  # fmt: skip
    """Return the network, with whatever weights Keras gives it.

    Each modality has its own convolutions and one dense layer; the features are concatenated and
    go through dense layers to a softmax (paper A, figure 2).

    Parameters
    ----------
    n_classes : int
    video : tuple of int, optional
        Rows, columns and channels of the pictures; None for a network without them.
    audio : tuple of int, optional
        Rows and columns of the spectrogram.
    visual_widths, audio_widths : tuple of int
        Filters of each convolution.
    visual_features, audio_features : int
        Width of each modality's dense layer; 4:1 in the paper.
    dense : tuple of int
        Widths of the dense layers between the features and the softmax.
    batch_norm : bool
        Normalise after each convolution.
    dropout : float
        Share of the values that are dropped before each dense layer in training.
    dtype : str
        Keras' policy, see `emopipe.training.compiling.dtype_policy`.

    Returns
    -------
    keras.Model

    Examples
    --------
    >>> audio_visual_graph(6, video=(98, 80, 20), audio=(192, 120)).count_params()  # doctest: +SKIP
    4383206
    """
    import keras
    from keras import layers

    common = {"batch_norm": batch_norm, "dropout": dropout, "dtype": dtype}
    inputs, features = {}, []
    if video is not None:
        check_depth("face_size", video[:2], len(visual_widths))
        inputs["video"] = keras.Input(video, dtype="uint8", name="video")
        features.append(_branch(inputs["video"], visual_widths, visual_features, **common))
    if audio is not None:
        check_depth("spectrogram_size", audio, len(audio_widths))
        inputs["audio"] = keras.Input(audio, dtype="uint8", name="audio")
        picture = layers.Reshape((*audio, 1))(inputs["audio"])
        features.append(_branch(picture, audio_widths, audio_features, **common))
    x = features[0] if len(features) == 1 else layers.Concatenate(dtype=dtype)(features)
    for width in dense:
        x = layers.Dropout(dropout, seed=0, dtype=dtype)(x) if dropout else x
        x = layers.Dense(width, activation="relu", dtype=dtype)(x)
    answer = layers.Dense(n_classes, activation="softmax", dtype="float32")(x)
    return keras.Model(inputs, answer, name="audio_visual_cnn")
