"""r_ and c_ of traced values."""

import numpy as np
import pytest

from autodiff_trace import TracedValueError, grad, jit, jvp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

X = np.array([1.0, 2.0, 3.0])
A = np.arange(6.0).reshape(2, 3) / 3

JOINED = [
    lambda np, x, a: np.r_[x, 0.5, x[0], [x[1], 2.0]],
    lambda np, x, a: np.r_[1, x, 4:7, 0:1:3j],
    lambda np, x, a: np.r_[x[0] : x[1] : 4j],
    lambda np, x, a: np.r_[x],
    lambda np, x, a: np.r_["-1", a, a],
    lambda np, x, a: np.r_["0,2", x, a, [4, 5, x[1]]],
    lambda np, x, a: np.r_["1,2,0", x, x, 0:3],
    lambda np, x, a: np.r_["0,3,1", x, x],
    lambda np, x, a: np.r_["0,3,-1", x, x],
    lambda np, x, a: np.r_["1,3,-2", x, x],
    lambda np, x, a: np.c_[x, x, 0:3],
    lambda np, x, a: np.c_[a, x[:2]],
    lambda np, x, a: np.c_[x[0], 2, a[:1]],
    lambda np, x, a: np.c_[[[x[0], 1.0]]],
]


@pytest.mark.parametrize("f", JOINED)
def test_joined_as_numpy_does(f):
    expected = f(np, X, A)

    def traced(x, a):
        return f(anp, x, a)

    assert type(anp.r_) is not type(np.r_)
    value, _ = jvp(traced, (X, A), (X, A))
    np.testing.assert_array_equal(value, expected)
    assert value.dtype == expected.dtype
    np.testing.assert_array_equal(vmap(traced)(np.stack([X, X]), np.stack([A, A])), [expected, expected])
    compiled = jit(traced)
    for factor in (1.0, 2.0):
        np.testing.assert_allclose(compiled(factor * X, A), f(np, factor * X, A))
    check_grads(traced, X, A, order=2)


def test_single_precision_stays():
    x = X.astype(np.float32)
    assert grad(lambda x: anp.sum(anp.r_[x, 1.0, 2] * anp.c_[x[0], 1, 2.0, x[1], 3]))(x).dtype == np.float32


def test_plain_items_are_numpys():
    np.testing.assert_array_equal(anp.r_["0,2", [1, 2], 3:5], np.r_["0,2", [1, 2], 3:5])
    np.testing.assert_array_equal(anp.c_[[1, 2], [3, 4]], np.c_[[1, 2], [3, 4]])
    assert len(anp.r_) == 0


def test_refused():
    with pytest.raises(TracedValueError, match=r"matrix.*test_concatenators\.py"):
        grad(lambda x: anp.sum(anp.r_["r", x]))(X)
    for directive in ("x", "1,2,3,4", "0,y"):
        with pytest.raises(ValueError, match="directive"):
            grad(lambda x: anp.sum(anp.r_[directive, x]))(X)
    with pytest.raises(ValueError, match="first"):
        grad(lambda x: anp.sum(anp.r_[x, "0"]))(X)
