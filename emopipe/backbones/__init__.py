"""Face networks: graphs in code, weights from checked files, runtimes."""

import numpy as np

# The largest number in half precision.
_MOST = 65504.0


def half(values) -> np.ndarray:
    """Return values in half precision, float16: three digits, up to 65504.

    Examples
    --------
    >>> half(np.array([1e6, -0.5]))
    array([ 6.55e+04, -5.00e-01], dtype=float16)
    """
    return np.clip(values, -_MOST, _MOST).astype(np.float16)
