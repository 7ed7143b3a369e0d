import numpy as np
import pytest

from emopipe.backbones import contained
from emopipe.backbones.onnx_file import embeddings, network_input, read_model
from emopipe.backbones.weights import WeightsError, checksum

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from onnx import TensorProto, helper  # noqa: E402
from onnx_models import mlp  # noqa: E402

CROPS = np.random.default_rng(0).integers(0, 256, (7, 8, 6, 3), dtype=np.uint8)


def embed(path, crops=CROPS, **arguments):
    query = {"channels": "RGB", "mean": 127.5, "scale": 1 / 127.5} | arguments
    return embeddings(crops, model=checksum(path), **query)


def expect(x, first, second):
    return np.maximum(x.reshape(len(x), -1) @ first, 0) @ second


def test_channels_first_and_last(tmp_path):
    x = (CROPS - 127.5) / 127.5
    path, *arrays = mlp(tmp_path / "first.onnx")
    actual = embed(path)
    assert actual.dtype == np.float32 and actual.shape == (7, 5)
    assert np.allclose(actual, expect(x.transpose(0, 3, 1, 2), *arrays), atol=1e-4)
    path, *arrays = mlp(tmp_path / "last.onnx", ("n", 8, 6, 3))
    assert np.allclose(embed(path), expect(x, *arrays), atol=1e-4)


def test_channel_orders_mean_and_scale(tmp_path):
    path, *arrays = mlp(tmp_path / "a.onnx", ("n", 8, 6, 3))
    mean, scale = [100, 110, 120], [0.1, 0.2, 0.3]
    x = (CROPS[..., ::-1] - np.array(mean)) * np.array(scale)
    actual = embed(path, channels="BGR", mean=mean, scale=scale)
    assert np.allclose(actual, expect(x, *arrays), rtol=1e-4, atol=1e-3)
    path, *arrays = mlp(tmp_path / "grey.onnx", ("n", 1, 8, 6))
    x = CROPS @ np.array([0.299, 0.587, 0.114])
    actual = embed(path, channels="grey", mean=0, scale=1)
    assert np.allclose(actual, expect(x, *arrays), rtol=1e-4, atol=1e-2)


def test_networks_on_bytes(tmp_path):
    path, *arrays = mlp(tmp_path / "a.onnx", ("n", 8, 6, 3), kind=TensorProto.UINT8)
    actual = embed(path, mean=0, scale=1)
    assert np.allclose(actual, expect(CROPS.astype(float), *arrays), rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("batch", ["n", 1, 4])
def test_a_row_has_the_same_bytes_in_every_batch(tmp_path, batch):
    path, *_ = mlp(tmp_path / "a.onnx", (batch, 3, 8, 6), batch=batch)
    whole = embed(path)
    for size in (1, 2, 3):
        parts = [embed(path, CROPS[i : i + size]) for i in range(0, 7, size)]
        assert np.concatenate(parts).tobytes() == whole.tobytes()
    assert embed(path, CROPS[::-1]).tobytes() == whole[::-1].tobytes()


def test_other_outputs_by_name(tmp_path):
    path, *_ = mlp(tmp_path / "a.onnx")
    assert embed(path, output="positive").shape == (7, 300)
    inner = embed(path, output="hidden")
    np.testing.assert_array_equal(np.maximum(inner, 0), embed(path, output="positive"))
    assert (inner < 0).any()
    with pytest.raises(ValueError, match=r"output='x': .* no such tensor.*'embedding', 'positive'"):
        embed(path, output="x")
    long = "x" * 300
    with pytest.raises(ValueError, match="no such tensor"):
        embed(path, output=long)
    assert embed(path).shape == (7, 5)


def test_the_input_is_read_from_the_file(tmp_path):
    path, *_ = mlp(tmp_path / "a.onnx")
    actual = network_input(checksum(path))
    assert actual[1:6] == (None, 8, 6, 3, False)
    path, *_ = mlp(tmp_path / "b.onnx", ("n", 5, 8, 6))
    with pytest.raises(WeightsError, match="with 1 or 3 channels"):
        network_input(checksum(path))


def external(tensor):
    tensor.data_location = TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"


def in_an_attribute(model):
    constant = helper.make_node("Constant", [], ["c"], value=TensorProto(dims=[1], data_type=1))
    external(constant.attribute[0].t)
    model.graph.node.insert(0, constant)


def in_a_branch(model):
    inner = helper.make_graph([], "inner", [], [], [TensorProto(name="w", dims=[1], data_type=1)])
    external(inner.initializer[0])
    branch = helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)
    model.graph.node.insert(0, branch)


def in_a_sparse_tensor(model):
    sparse = model.graph.sparse_initializer.add(dims=[4])
    sparse.values.CopyFrom(TensorProto(name="w", dims=[1], data_type=1))
    external(sparse.values)


def in_a_function(model):
    constant = helper.make_node("Constant", [], ["c"], value=TensorProto(dims=[1], data_type=1))
    external(constant.attribute[0].t)
    model.functions.append(helper.make_function("own", "F", [], ["c"], [constant], []))


def in_training(model):
    model.training_info.add().algorithm.initializer.add(name="w", dims=[1], data_type=1)
    external(model.training_info[0].algorithm.initializer[0])


@pytest.mark.parametrize(
    "tweak",
    [
        lambda model: external(model.graph.initializer[0]),
        in_an_attribute,
        in_a_branch,
        in_a_sparse_tensor,
        in_a_function,
        in_training,
    ],
)
def test_external_data_is_refused(tmp_path, tweak):
    path, *_ = mlp(tmp_path / "a.onnx", tweak=tweak)
    with pytest.raises(WeightsError, match="keeps tensors in other files"):
        read_model(path)


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"version https://git-lfs", b"\x3a\xff\xff\x03", bytes(100)]
)
def test_other_files_are_refused(tmp_path, content):
    path = tmp_path / "a.onnx"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="not an ONNX file"):
        read_model(path)


def test_files_that_cannot_be_run_are_said(tmp_path):
    path, *_ = mlp(tmp_path / "a.onnx")
    path.write_bytes(path.read_bytes().replace(b"MatMul", b"MadMul"))
    with pytest.raises(WeightsError, match="ONNX Runtime cannot run it"):
        network_input(checksum(path))


def fill(shape):
    """Return a tweak that adds a constant of this shape to the input."""

    def tweak(model):
        nodes = [
            helper.make_node("Constant", [], ["shape"], value_ints=shape),
            helper.make_node("ConstantOfShape", ["shape"], ["large"]),
            helper.make_node("ReduceSum", ["large"], ["sum"], keepdims=0),
            helper.make_node("Add", ["real", "sum"], ["more"]),
        ]
        model.graph.node[1].input[0] = "more"
        for node in nodes:
            model.graph.node.insert(1 + nodes.index(node), node)

    return tweak


def endless(model):
    """Loop for ever before the first matrix."""
    values = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["going"], ["on"]),
            helper.make_node("Sin", ["state"], ["next"]),
        ],
        "body",
        [
            values("i", TensorProto.INT64, []),
            values("going", TensorProto.BOOL, []),
            values("state", TensorProto.FLOAT, None),
        ],
        [values("on", TensorProto.BOOL, []), values("next", TensorProto.FLOAT, None)],
    )
    most = helper.make_tensor("most", TensorProto.INT64, [], [2**62])
    nodes = [
        helper.make_node("Constant", [], ["times"], value=most),
        helper.make_node("Loop", ["times", "", "real"], ["looped"], body=body),
    ]
    model.graph.node[1].input[0] = "looped"
    for node in reversed(nodes):
        model.graph.node.insert(1, node)


def test_a_network_that_fills_the_memory_is_refused(tmp_path):
    path, *_ = mlp(tmp_path / "a.onnx", tweak=fill([2**31]))  # 8 GiB
    with pytest.raises(WeightsError, match=r"a\.onnx: ONNX Runtime cannot run it"):
        embed(path)
    path, *arrays = mlp(tmp_path / "b.onnx", tweak=fill([2**20]))
    x = ((CROPS - 127.5) / 127.5).transpose(0, 3, 1, 2)
    assert np.allclose(embed(path), expect(x, *arrays), atol=1e-4)


def test_a_network_without_an_end_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(contained, "_PATIENCE", 3.0)
    path, *_ = mlp(tmp_path / "a.onnx", tweak=endless)
    for _ in range(2):
        with pytest.raises(WeightsError, match="it gave no answer for 3 s"):
            embed(path)


@pytest.mark.parametrize(
    ("shape", "batch"), [(("n", 3, 100000, 100000), "n"), ((1000000, 3, 8, 6), 1000000)]
)
def test_pictures_that_no_network_takes_are_refused(tmp_path, shape, batch):
    def pool(model):
        del model.graph.node[1:], model.graph.initializer[:], model.graph.output[1:]
        model.graph.node.append(helper.make_node("ReduceMean", ["real"], ["embedding"]))

    path, *_ = mlp(tmp_path / "a.onnx", ("n", 3, 8, 6), tweak=pool)
    model = onnx.load(path)
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("crops", TensorProto.FLOAT, shape))
    onnx.save(model, path)
    with pytest.raises(WeightsError, match="at most 1024 of 2048 x 2048"):
        network_input(checksum(path))
