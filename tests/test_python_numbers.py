"""Numbers of Python's that ``jit`` traces have no influence on the dtype, as outside it."""

import numpy as np
import pytest

from autodiff_trace import jit, numpy as anp

MIXED = {
    "result_type": lambda x, n: np.zeros(1, anp.result_type(x, n)),
    "result_type of NumPy": lambda x, n: np.zeros(1, np.result_type(n, np.float32)),
    "select": lambda x, n: anp.select([x > 1, x < 0], [x, n], 7),
    "select, number first": lambda x, n: anp.select([x > 1], [n], x),
    "choose": lambda x, n: anp.choose([0, 1, 0], [x, n]),
    "r_": lambda x, n: anp.r_[x, n],
    "casting": lambda x, n: anp.multiply(x, n, casting="unsafe"),
    "where and out": lambda x, n: anp.multiply(x, n, out=anp.zeros(3, np.result_type(x.dtype, float)), where=x > 0),
    "dtype": lambda x, n: anp.add(x, n, dtype=complex),
    "outer": lambda x, n: anp.multiply.outer(x, n),
    "average": lambda x, n: anp.average(x, weights=x + n),
    "average, weights of small integers": lambda x, n: anp.average(x, weights=np.array([100, 90, 3], np.int8)),
}


@pytest.mark.parametrize("dtype", (np.int8, np.int64, np.float32, np.float64, np.complex64))
@pytest.mark.parametrize("name", MIXED)
def test_dtype_beside_a_number_of_pythons(name, dtype):
    function = MIXED[name]
    compiled = jit(function)
    for n in (2, 3, 2.5, 3.5):
        for x in (np.array([1, 2, 100], dtype), np.array([120, 0, 3], dtype)):
            expected = function(x, n)
            actual = compiled(x, n)
            assert actual.dtype == expected.dtype
            np.testing.assert_allclose(actual, expected, rtol=1e-6)


def test_mask_is_for_numbers_of_pythons_too():
    def function(x, n):
        return anp.divide(x, n, out=anp.zeros(2), where=n != 0)

    compiled = jit(function)
    for n in (2.0, 0.0, 3.0, 0.0):
        np.testing.assert_array_equal(compiled(np.ones(2), n), function(np.ones(2), n))  # and no warning
