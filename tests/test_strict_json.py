from pathlib import Path

import numpy as np
import pandas as pd

from emopipe.strict_json import dumps, plain


def test_numpy_and_pandas_become_plain():
    content = {
        "array": np.array([[1, 2]], dtype=np.int8),
        "float32": np.float32(0.1),
        "table": pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": ["x", None]}),
        "path": Path("a") / "b",
        3: (True, np.inf),
    }
    expected = {
        "array": [[1, 2]],
        "float32": float(np.float32(0.1)),
        "table": {"a": [1, None], "b": ["x", None]},
        "path": "a/b",
        "3": [True, None],
    }
    assert plain(content, "given") == expected


def test_every_field_is_a_line():
    assert dumps({"a": [1, 2], "b": {"c": "é"}}) == '{\n"a": [1, 2],\n"b": {"c": "é"}\n}\n'
