"""A small face network in an ONNX file."""

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def mlp(path, shape=("n", 3, 8, 6), *, units=300, kind=TensorProto.FLOAT, batch="n", tweak=None):
    """Flatten, then two matrices with ReLU between."""
    rng = np.random.default_rng(0)
    size = int(np.prod(shape[1:]))
    first = rng.normal(0, 0.1, (size, units)).astype(np.float32)
    second = rng.normal(0, 0.1, (units, 5)).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["crops"], ["real"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["real"], ["flat"]),
        helper.make_node("MatMul", ["flat", "first"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["positive"]),
        helper.make_node("MatMul", ["positive", "second"], ["embedding"]),
    ]
    graph = helper.make_graph(
        nodes,
        "face",
        [helper.make_tensor_value_info("crops", kind, shape)],
        [
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, (batch, 5)),
            helper.make_tensor_value_info("positive", TensorProto.FLOAT, (batch, units)),
        ],
        [numpy_helper.from_array(first, "first"), numpy_helper.from_array(second, "second")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if tweak:
        tweak(model)
    path.write_bytes(model.SerializeToString())
    return path, first, second
