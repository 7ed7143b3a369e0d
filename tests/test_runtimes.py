import numpy as np
import pytest

from emopipe.backbones.runtimes import keras_call, openvino_call

CROPS = np.random.default_rng(0).integers(0, 256, (9, 4, 4, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def counting():
    """Return a model that sums a crop's pixels, and the shapes with which Python ran it."""
    import keras

    shapes = []

    class Sum(keras.layers.Layer):
        def call(self, crops):
            shapes.append(crops.shape)
            return keras.ops.sum(keras.ops.cast(crops, "float32"), axis=(1, 2), keepdims=True)

    crops = keras.Input((4, 4, 3), dtype="uint8")
    model = keras.Model(crops, Sum()(crops))
    shapes.clear()
    return model, shapes


def test_one_trace_serves_every_batch(counting):
    model, shapes = counting
    call = keras_call(model)
    for size in (1, 2, 5, 9, 1):
        rows = call(CROPS[:size])
        assert rows.dtype == np.float32 and rows.shape == (size, 3)
        assert np.array_equal(rows, CROPS[:size].sum(axis=(1, 2)))
    assert len(shapes) == 1


def test_few_crops_are_filled_up(counting, monkeypatch):
    from emopipe.backbones import runtimes

    sizes = []

    def spy(model):
        return lambda crops: sizes.append(len(crops)) or crops.reshape(len(crops), -1)

    monkeypatch.setitem(runtimes._BACKENDS, "tensorflow", spy)
    call = keras_call(counting[0], least=4)
    assert np.array_equal(call(CROPS[:3]), CROPS[:3].reshape(3, -1))
    assert call(CROPS).shape == (9, 48) and sizes == [4, 9]


def test_crops_need_not_lie_in_one_piece(counting):
    call = keras_call(counting[0])
    assert np.array_equal(call(CROPS[::-2]), CROPS[::-2].sum(axis=(1, 2)))


def test_openvino_takes_turns_between_threads():
    openvino = pytest.importorskip("openvino")
    from concurrent.futures import ThreadPoolExecutor

    from openvino import opset13 as ops

    crops = ops.parameter([-1, 4, 4, 3], np.uint8)
    graph = openvino.Model([ops.reduce_sum(ops.convert(crops, "f32"), [1, 2])], [crops])
    call = openvino_call(graph)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(call, [CROPS[: 1 + i % 9] for i in range(40)]))
    for i, rows in enumerate(answers):
        assert np.array_equal(rows, CROPS[: 1 + i % 9].sum(axis=(1, 2)))
